"""A rule and its versions: a version is composed on one page, read back in sentences, and moved by its buttons."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext, gettext_lazy as _

from commissions.forms import ApprovalForm, Composer, RuleForm
from commissions.models import Rule, RuleVersion
from commissions.queries.rewarding import committed_of
from commissions.queries.rules import (
    diff_of,
    digest_of,
    doubts_about,
    doubts_about_promises,
    programmes_paid_by,
    rule_in_words,
)
from commissions.queries.trials import may_try, try_version
from commissions.services import rules as services
from commissions.states import VersionStatus
from foundation.lifecycle import NotAllowed
from foundation.money import ZERO, format_money
from foundation.now import now, today
from foundation.people.admin import DivisionScopedAdmin
from foundation.people.http import code_wanted
from foundation.people.models import UserRequest
from foundation.people.queries import can
from foundation.people.states import Permission

NEXT_STEP = {"review": services.send_to_review}
"""What is done with a draft once it is kept, by the button that was pressed."""


@admin.register(Rule)
class RuleAdmin(DivisionScopedAdmin):
    """A rule: what it is called and where it holds, with its versions below."""

    form = RuleForm
    shows_inherited = True
    change_form_template = "commissions/rule_change_form.html"
    list_display = ("__str__", "code", "division", "programme", "priority", "says")
    list_filter = ("division",)
    list_select_related = ("division", "programme")
    search_fields = ("code", "names")
    fieldsets = (
        (None, {"fields": ("names", "code")}),
        (_("Where it holds"), {"fields": ("division", "programme", "priority")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Read the versions with the rules."""
        return super().get_queryset(request).prefetch_related("versions")

    @admin.display(description=_("in force"))
    def says(self, rule: Rule) -> str:
        """Name the version that is in force, and the one that is being worked on."""
        versions = {version.status: version for version in reversed(rule.versions.all())}
        shown = [VersionStatus.IN_FORCE, VersionStatus.APPROVED, VersionStatus.IN_REVIEW, VersionStatus.DRAFT]
        found = [versions[status] for status in shown if status in versions]
        return ", ".join(
            gettext("version %(number)d: %(status)s")
            % {"number": version.number, "status": version.get_status_display()}
            for version in found
        ) or gettext("nothing yet")

    def get_readonly_fields(self, request: HttpRequest, obj: Rule | None = None) -> tuple[str, ...]:
        """Leave a rule where it is once a version of it was sent to review: past orders were decided by it."""
        del request
        if obj is None:
            return ()
        return ("code",) if obj.may_be_moved else ("code", "division", "programme", "priority")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001  # Django's signature
        """Keep a rule's name and place by the service, which holds it and keeps who moved it."""
        if not change:
            obj.placed_by = _user(request)
            super().save_model(request, obj, form, change)
            return
        kept = {"names": obj.names, "division": obj.division, "programme": obj.programme, "priority": obj.priority}
        try:
            services.change_rule(obj.pk, **kept, by=_user(request))
        except NotAllowed as refusal:  # it was sent to review meanwhile
            messages.error(request, refusal.message)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes a rule: its versions are withdrawn or ended."""
        del request, obj
        return False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the versions below the rule's own fields."""
        rule = self.get_object(request, unquote(object_id))
        own = rule is not None and self.may(request, self.permission, *self.viewers, row=rule)
        shown = {} if own else {"status": VersionStatus.IN_FORCE}  # what else those above have written is theirs
        versions = list(rule.versions.filter(**shown).select_related("author", "approver")) if rule else []
        return super().change_view(
            request, object_id, form_url, {**(extra_context or {}), "versions": versions, "may_open_versions": own}
        )

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        """Go on with the first version at once."""
        del post_url_continue
        version = services.start_version(obj.pk, by=_user(request))
        messages.success(request, gettext("The rule is there. It pays nothing until a version of it is in force."))
        return redirect("admin:commissions_ruleversion_change", version.pk)

    def get_urls(self) -> list[URLPattern]:
        start = self.admin_site.admin_view(self.start_view)
        return [path("<path:object_id>/start/", start, name="commissions_rule_start"), *super().get_urls()]

    def start_view(self, request: UserRequest, object_id: str) -> HttpResponse:
        """Start a version that says what the newest one says, and open it."""
        rule = self.row_posted_at(request, object_id, self.has_change_permission)
        try:
            version = services.start_version(rule.pk, by=request.user)
        except NotAllowed as refusal:
            messages.error(request, refusal.message)
            return redirect("admin:commissions_rule_change", rule.pk)
        return redirect("admin:commissions_ruleversion_change", version.pk)


@admin.register(RuleVersion)
class RuleVersionAdmin(DivisionScopedAdmin):
    """One version: a draft is composed here, any other is read here; each move is a button of its own."""

    division_path = "rule__division"
    viewers = (Permission.AUDIT, Permission.APPROVE_RULES)
    list_display = ("__str__", "status", "in_force_from", "in_force_until", "author", "approver")
    list_filter = ("status", "rule__division")
    list_select_related = ("rule__division", "author", "approver")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Read what a version says with it."""
        related = ("rule__division", "rule__programme", "author", "approver")
        return super().get_queryset(request).select_related(*related).prefetch_related("terms")

    @admin.display(description=_("in force from"), ordering="effective_from")
    def in_force_from(self, version: RuleVersion) -> str:
        """Say it in the market's zone."""
        return _in_the_zone(version.effective_from, version)

    @admin.display(description=_("in force until"), ordering="effective_until")
    def in_force_until(self, version: RuleVersion) -> str:
        """Say it in the market's zone."""
        return _in_the_zone(version.effective_until, version)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A version is started from its rule."""
        del request
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes a version: it is withdrawn."""
        del request, obj
        return False

    def get_urls(self) -> list[URLPattern]:
        moves = {
            "review": self._mover(services.send_to_review, self._may_write),
            "return": self._mover(services.return_version, self._may_write),
            "withdraw": self._mover(services.withdraw_version, self._may_write),
            "approve": self.approve_view,
            "end": self.end_view,
        }
        return [
            *(
                path(
                    f"<path:object_id>/{name}/",
                    self.admin_site.admin_view(view),
                    name=f"commissions_ruleversion_{name}",
                )
                for name, view in moves.items()
            ),
            *super().get_urls(),
        ]

    # The page.

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Compose a draft, or show what a version says."""
        del form_url, extra_context
        version = self._version(request, object_id)
        is_written = version.status == VersionStatus.DRAFT and self.has_change_permission(request, version)
        if not is_written:
            return self._page(request, version)
        if request.method != "POST":
            return self._page(request, version, Composer.of(version))
        return self._keep(request, version)

    def _keep(self, request: HttpRequest, version: RuleVersion) -> HttpResponse:
        """Keep what was composed, and go where the button leads."""
        composer = Composer.of(version, request.POST)
        if not composer.is_valid():
            return self._page(request, self._version(request, str(version.pk)), composer)
        try:
            services.write_version(version.pk, composer.wording(), by=_user(request))
        except NotAllowed as refusal:
            composer.add_refusal(refusal)
            return self._page(request, self._version(request, str(version.pk)), composer)
        self.log_change(request, version, gettext("Written."))
        try:
            for name, move in NEXT_STEP.items():
                if name in request.POST:
                    move(version.pk, by=_user(request))
        except NotAllowed as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(request, gettext("Kept. Below is what the version says now."))
        query = "?try=1#trial" if "try" in request.POST else ""
        return redirect(reverse("admin:commissions_ruleversion_change", args=[version.pk]) + query)

    def _page(
        self,
        request: HttpRequest,
        version: RuleVersion,
        composer: Composer | None = None,
        approval: ApprovalForm | None = None,
    ) -> HttpResponse:
        former, shown = _in_force(version), digest_of(version)
        promised = programmes_paid_by(version.rule, now())
        may_approve = self._may_approve(request, version)
        if approval is None and may_approve:
            approval = ApprovalForm(initial={"shown": shown}, division=version.rule.division)
        context = {
            **self.admin_site.each_context(request),
            "title": str(version),
            "opts": self.opts,
            "version": version,
            "rule": version.rule,
            "division": version.rule.division,
            "composer": composer,
            "sentences": rule_in_words(version),
            "doubts": [*doubts_about(version), *doubts_about_promises(version, promised)],
            "granted": _granted(version),
            "promised": promised,
            "former": former,
            "differences": diff_of(version, former) if former else [],
            **self._trial(request, version),
            "approval": approval,
            "shown": shown,
            "why_not_approve": _why_not_approve(version, _user(request)),
            "may_write": self._may_write(request, version),
            "may_approve": may_approve,
        }
        return TemplateResponse(request, "commissions/rule_version.html", context)

    def _trial(self, request: HttpRequest, version: RuleVersion) -> dict[str, Any]:
        """Return the trial that is asked for, or why the person cannot have it."""
        if "try" not in request.GET:
            return {}
        if may_try(_user(request), version):
            return {"trial": try_version(version)}
        return {
            "why_no_trial": gettext(
                "This trial would show what products cost us: it is for those who configure every market whose costs count in it."
            )
        }

    def _version(self, request: HttpRequest, object_id: str) -> RuleVersion:
        version: RuleVersion = self.row_at(request, object_id, self.has_view_permission)
        return version

    # The moves.

    def _may_write(self, request: HttpRequest, version: RuleVersion) -> bool:
        return self.has_change_permission(request, version)

    def _may_approve(self, request: HttpRequest, version: RuleVersion) -> bool:
        return can(_user(request), Permission.APPROVE_RULES, version.rule.division)

    def _mover(
        self, move: Callable[..., RuleVersion], may: Callable[[HttpRequest, RuleVersion], bool]
    ) -> Callable[[UserRequest, str], HttpResponse]:
        """Build the view of a move that needs nothing but to be confirmed by its button."""

        def moving(request: UserRequest, object_id: str) -> HttpResponse:
            version = self._version(request, object_id)
            if request.method != "POST" or not may(request, version):
                raise Http404
            try:
                move(version.pk, by=request.user)
            except NotAllowed as refusal:
                messages.error(request, refusal.message)
            return redirect("admin:commissions_ruleversion_change", version.pk)

        return moving

    def approve_view(self, request: UserRequest, object_id: str) -> HttpResponse:
        """Agree to what somebody else has written, at once or from a moment on."""
        version = self._version(request, object_id)
        if request.method != "POST" or not self._may_approve(request, version):
            raise Http404
        form = ApprovalForm(request.POST, division=version.rule.division)
        form.full_clean()
        if wanted := code_wanted(request, back=_page_of(version)):
            form.add_error(None, wanted)
        if not form.is_valid():
            return self._page(request, version, approval=form)
        try:
            approved = services.approve_version(version.pk, **form.cleaned_data, by=request.user)
        except NotAllowed as refusal:
            messages.error(request, refusal.message)
        else:
            self.log_change(request, version, gettext("Approved."))
            said = (
                gettext("It is in force.") if approved.status == VersionStatus.IN_FORCE else gettext("It is approved.")
            )
            messages.success(request, said)
        return redirect("admin:commissions_ruleversion_change", version.pk)

    def end_view(self, request: UserRequest, object_id: str) -> HttpResponse:
        """Let a rule pay nothing for new orders, by the version that the person saw."""
        version = self._version(request, object_id)
        if request.method != "POST" or not self._may_approve(request, version):
            raise Http404
        if wanted := code_wanted(request, back=_page_of(version)):
            messages.error(request, wanted)
            return redirect(_page_of(version))
        try:
            services.end_version(version.pk, shown=request.POST.get("shown", ""), by=request.user)
        except NotAllowed as refusal:
            messages.error(request, refusal.message)
        return redirect("admin:commissions_ruleversion_change", version.pk)


def _page_of(version: RuleVersion) -> str:
    return reverse("admin:commissions_ruleversion_change", args=[version.pk])


def _in_the_zone(moment: datetime | None, version: RuleVersion) -> str:
    """Write a moment as the clocks of a version's market show it, with the zone."""
    if moment is None:
        return ""
    local = moment.astimezone(version.rule.division.zone)
    return f"{date_format(local, 'DATETIME_FORMAT')} {local:%Z}"


def _granted(version: RuleVersion) -> str:
    """Say what a version's budget counts already, and what is left of it; nothing where there is none."""
    if version.budget is None:
        return ""
    division, language = version.rule.division, get_language() or "en"
    granted = committed_of(version.rule_id, today(division))
    said = {
        "granted": format_money(granted, version.currency, language),
        "left": format_money(max(version.budget - granted, ZERO), version.currency, language),
    }
    return (
        gettext("Given so far under this rule, by all its versions: %(granted)s. Left of the budget: %(left)s.") % said
    )


def _in_force(version: RuleVersion) -> RuleVersion | None:
    """Return the version of the same rule that is in force, if it is another one."""
    others = RuleVersion.objects.filter(rule=version.rule_id, status=VersionStatus.IN_FORCE).exclude(pk=version.pk)
    former = others.select_related("rule__division").prefetch_related("terms").first()
    return former if former and version.number > former.number else None


def _why_not_approve(version: RuleVersion, user: Any) -> str:
    """Say why a person who may approve rules cannot approve this one; empty if they can."""
    if user.pk in version.writers or user.pk == version.author_id:
        return gettext("You have written in this version yourself: another person must approve it.")
    return ""


def _user(request: HttpRequest) -> Any:
    return request.user

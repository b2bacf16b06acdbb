"""Referral programmes as operators run them, and what came of them to look at and to decide about."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp_replace
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils import translation
from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy as _, gettext_noop
from django.views.decorators.clickjacking import xframe_options_sameorigin

from foundation.divisions.queries import site_of
from foundation.lifecycle import NotAllowed
from foundation.now import now, today
from foundation.people.admin import DivisionScopedAdmin, ReadOnlyAdmin
from foundation.people.models import UserRequest
from foundation.people.states import Permission
from referrals import services
from referrals.forms import DecisionForm, ProgrammeForm, ReasonForm, TestLetterForm
from referrals.models import Invitation, Programme, Referral, Referrer, Signal
from referrals.queries import invitation_letter, precedence_table, resolved_touches_of
from referrals.queries.landing import promise_of
from referrals.states import LIVE_INVITATIONS, InvitationStatus, ProgrammeStatus, ReferralStatus, SignalStatus

EXAMPLE_NAME = "Robin"
EXAMPLE_NOTE = gettext_noop("You asked me about the Internet here. This is what we have.")
LATE_AFTER = timedelta(days=1)
STUCK_AFTER = timedelta(days=30)
"""An order that waits for longer than this to be installed is worth a look."""
LIKE_A_MAIL_READER: dict[str, list[str]] = {
    "default-src": [NONE],
    "style-src": [UNSAFE_INLINE],
    "img-src": ["data:"],
    "form-action": [NONE],
    "frame-ancestors": [SELF],
    "sandbox": [],
}
"""A letter may colour itself, and nothing else."""
WITHIN_OUR_PAGES: dict[str, list[str]] = {"frame-ancestors": [SELF]}


def framed(view: Any, policy: dict[str, list[str]]) -> Any:
    """Let our own pages show an address in a frame, under a content policy of its own."""
    return csp_replace(policy)(xframe_options_sameorigin(view))


class _HasMoves(DivisionScopedAdmin):
    """A table whose rows have moves: each a page, or a button, of its own that asks the permission and one service."""

    def row(self, request: UserRequest, object_id: str) -> Any:
        """Return the row that a move is about, for who may move it."""
        return self.row_at(request, object_id, self.may_work_on)

    def moved(
        self, request: UserRequest, object_id: str, move: Callable[..., Any], means: Callable[[Any], str]
    ) -> HttpResponse:
        """
        Make a move that needs no more words, go back to the row, and say what holds from now on.

        :param means: what it means, in sentences, of the row as it was moved
        """
        row = self.row(request, object_id)
        if request.method != "POST":
            raise Http404
        if wanted := self.code_wanted(request):
            messages.error(request, wanted)
            return self.back_to(row)
        try:
            moved = move(row.pk, by=request.user)
        except NotAllowed as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(request, means(moved))
        return self.back_to(row)

    def back_to(self, row: Any) -> HttpResponse:
        """Return to a row's own page."""
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", row.pk)

    def asked(
        self, request: UserRequest, row: Any, form: forms.Form, move: Callable[[dict[str, Any]], object], **texts: str
    ) -> HttpResponse:
        """
        Ask what a move needs to know, make it, and go back to the row.

        :param texts: `title` (also the button), `explanation`, `done`
        """
        if request.method == "POST" and form.is_valid():
            try:
                move(form.cleaned_data)
            except NotAllowed as refusal:
                form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
            else:
                messages.success(request, texts["done"])
                return self.back_to(row)
        context = {**self.admin_site.each_context(request), **texts, "form": form, "row": row, "opts": self.opts}
        return render(request, "referrals/move.html", context)


@admin.register(Programme)
class ProgrammeAdmin(_HasMoves):
    """A programme: what is said, who is credited, how many may be invited; started, paused and ended by its buttons."""

    form = ProgrammeForm
    asks_who_it_is = True
    shows_inherited = True
    list_display = ("__str__", "code", "division", "status", "starts_on", "ends_on")
    list_filter = ("status", "division")
    list_select_related = ("division",)
    search_fields = ("code", "names")
    change_form_template = "referrals/programme_change_form.html"
    change_list_template = "referrals/programme_change_list.html"
    actions = None
    fieldsets = (
        (None, {"fields": ("names", "code", "division", "status", ("starts_on", "ends_on"))}),
        (
            _("What is promised"),
            {
                "description": _(
                    "In words, as customers read it. What is really paid is decided by the commission rules: keep both in "
                    "step."
                ),
                "fields": ("rewards_in_words", "friend_rewards_in_words", "terms_version", "terms_texts"),
            },
        ),
        (
            _("The invitation"),
            {
                "description": _("The e-mail to a friend. Look at it and send it to yourself before you start."),
                "fields": ("subjects", "invitation_texts"),
            },
        ),
        (
            _("The page on which a friend lands"),
            {
                "description": _("Above the box that checks an address."),
                "fields": ("headlines", "landing_texts"),
            },
        ),
        (
            _("Who is credited"),
            {
                "description": _(
                    "Decided once, when the friend orders. The whole table is printed under “Who is credited”."
                ),
                "fields": ("window_days", "preference", "new_after_months"),
            },
        ),
        (
            _("How many may be invited"),
            {
                "description": _("By one referrer. More is refused row by row, with the reason."),
                "fields": (("most_per_form", "most_per_day", "most_ever"),),
            },
        ),
        (
            _("What is written to who earns a reward"),
            {
                "description": _("Of the friend, nothing but the name by which the referrer knows them."),
                "fields": ("tells_when_earned",),
            },
        ),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Programme | None = None) -> tuple[str, ...]:
        """Keep the code of what is there, the status for its moves, and the market once anybody could refer there."""
        del request
        if obj is None:
            return ("status",)
        return ("status", "code") if obj.status == ProgrammeStatus.DRAFT else ("status", "code", "division")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keep what customers were promised: a programme is ended."""
        del request, obj
        return False

    def get_urls(self) -> list[URLPattern]:
        """Add the moves, the previews and the table of who is credited."""
        views: dict[str, Any] = {
            "start": self.start_view,
            "pause": self.pause_view,
            "end": self.end_view,
            "preview": self.preview_view,
            "letter": framed(self.letter_view, LIKE_A_MAIL_READER),
            "landing": framed(self.landing_view, WITHIN_OUR_PAGES),
            "test": self.test_view,
        }
        moves = [
            path(f"<path:object_id>/{name}/", self.admin_site.admin_view(view), name=f"referrals_programme_{name}")
            for name, view in views.items()
        ]
        credited = self.admin_site.admin_view(self.credited_view)
        return [path("who-is-credited/", credited, name="referrals_programme_credited"), *moves, *super().get_urls()]

    def start_view(self, request: UserRequest, object_id: str) -> HttpResponse:
        """Let customers refer."""
        return self.moved(request, object_id, services.start_programme, _says_started)

    def pause_view(self, request: UserRequest, object_id: str) -> HttpResponse:
        """Take no new referrals for a while."""
        return self.moved(request, object_id, services.pause_programme, _says_paused)

    def end_view(self, request: UserRequest, object_id: str) -> HttpResponse:
        """Take no new referrals any more."""
        return self.moved(request, object_id, services.end_programme, _says_ended)

    def _seen(self, request: HttpRequest, object_id: str) -> Programme:
        programme: Programme = self.row_at(request, object_id, self.has_view_permission)
        return programme

    def preview_view(self, request: UserRequest, object_id: str) -> HttpResponse:
        """Show the invitation and the page on which a friend lands, in the language that is asked for."""
        programme = self._seen(request, object_id)
        language = _language(request)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("As a friend sees it"),
            "row": programme,
            "opts": self.opts,
            "languages": settings.LANGUAGES,
            "language": language,
            "letter": invitation_letter(programme, language=language, note=gettext(EXAMPLE_NOTE)),
            "may_test": self.may(request, self.permission, row=programme),
        }
        return render(request, "referrals/preview.html", context)

    def letter_view(self, request: UserRequest, object_id: str) -> HttpResponse:
        """Give the invitation's HTML for the frame in which it is shown."""
        programme = self._seen(request, object_id)
        return HttpResponse(invitation_letter(programme, language=_language(request), note=gettext(EXAMPLE_NOTE)).html)

    def landing_view(self, request: UserRequest, object_id: str) -> HttpResponse:
        """Give the page on which a friend lands, for the frame in which it is shown."""
        programme = self._seen(request, object_id)
        site = site_of(programme.division)
        with translation.override(_language(request)):
            context = {
                "welcome": promise_of(programme, EXAMPLE_NAME, programme.division),
                "site": site,
                "brand": site.brand if site else None,
                "user": AnonymousUser(),
            }
            return render(request, "storefront/refer_welcome.html", context)

    def test_view(self, request: UserRequest, object_id: str) -> HttpResponse:
        """Send an invitation to an address, to look at it in a mail program."""
        programme = self.row(request, object_id)
        form = TestLetterForm(request.POST or None, initial={"to": request.user.email, "language": _language(request)})

        def send(answers: dict[str, Any]) -> object:
            return services.send_test_invitation(programme.pk, answers["to"], answers["language"], by=request.user)

        return self.asked(
            request,
            programme,
            form,
            send,
            title=gettext("Send a test"),
            explanation=gettext("The invitation as it is saved, with made-up names. Its links lead nowhere."),
            done=gettext("The test is on its way."),
        )

    def credited_view(self, request: UserRequest) -> HttpResponse:
        """Print who is credited for an order when several touches brought the customer."""
        if not self.has_view_permission(request):
            raise Http404
        rows = precedence_table()
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Who is credited"),
            "opts": self.opts,
            "kinds": [row for row in rows if row.rank],
            "rules": [row for row in rows if not row.rank],
        }
        return render(request, "referrals/who_is_credited.html", context)


def _says_started(programme: Programme) -> str:
    """Say what holds from now on, with the days on which it runs."""
    since = max(programme.starts_on, today(programme.division))
    said = {"from": date_format(since), "until": date_format(programme.ends_on) if programme.ends_on else ""}
    if programme.ends_on and programme.ends_on < since:
        return (
            gettext("Started, but its last day, %(until)s, is over: it runs again when you give it a later one.") % said
        )
    runs = (
        gettext("It runs from %(from)s until %(until)s.") if programme.ends_on else gettext("It runs from %(from)s on.")
    )
    means = gettext(
        "While it runs, customers can take part and invite friends, and orders that come by its links and codes count. Orders "
        "from before, also from a pause, are not counted afterwards."
    )
    return f"{runs % said} {means}"


def _says_paused(_programme: Programme) -> str:
    return gettext(
        "Paused. From now on nobody can take part in it or invite friends; its links and codes still land, and orders earn "
        "nothing, even if the friend was invited before. Rewards for friends who have ordered already go on as promised. Go on "
        "with it, and links and codes count again for orders from then on."
    )


def _says_ended(_programme: Programme) -> str:
    return gettext(
        "Ended for good. Nobody can take part in it or invite friends any more; its links and codes still land, and earn "
        "nothing. Rewards for friends who have ordered already go on as promised, and what was earned is paid."
    )


def _language(request: HttpRequest) -> str:
    """Return the language that a preview is asked for in, else the reader's own."""
    asked = request.GET.get("language", "")
    return asked if asked in dict(settings.LANGUAGES) else translation.get_language() or settings.LANGUAGE_CODE


class _ToBeWorkedOn(ReadOnlyAdmin, _HasMoves):
    """Rows that nobody writes by hand; who works on referrals has their moves."""

    permission = Permission.WORK_REFERRALS
    show_full_result_count = False
    actions = None


@admin.register(Referrer)
class ReferrerAdmin(_ToBeWorkedOn):
    """Who brings friends; suspended and taken back with a reason."""

    list_display = ("code", "customer", "programme", "division", "status", "enrolled_at", "friends")
    list_filter = ("status", "programme", "division")
    list_select_related = ("customer", "programme", "division")
    search_fields = ("=code", "customer__name", "=account__number")
    date_hierarchy = "enrolled_at"
    change_form_template = "referrals/referrer_change_form.html"
    fields = (
        "code", "customer", "account", "programme", "division", "status", "status_reason", "enrolled_at", "terms_version",
        "terms_accepted_at", "terms_text",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Count the friends who have ordered in the same query."""
        rows: QuerySet[Any] = super().get_queryset(request).annotate(friends=Count("referrals"))
        return rows

    @admin.display(description=_("friends who ordered"), ordering="friends")
    def friends(self, referrer: Any) -> int:
        """Return how many friends have ordered."""
        return int(referrer.friends)

    def get_urls(self) -> list[URLPattern]:
        """Add the two moves."""
        suspend, return_ = (self.admin_site.admin_view(view) for view in (self.suspend_view, self.return_view))
        return [
            path("<path:object_id>/suspend/", suspend, name="referrals_referrer_suspend"),
            path("<path:object_id>/return/", return_, name="referrals_referrer_return"),
            *super().get_urls(),
        ]

    def suspend_view(self, request: UserRequest, object_id: str) -> HttpResponse:
        """Let somebody bring no more friends for now."""
        referrer = self.row(request, object_id)
        return self.asked(
            request,
            referrer,
            ReasonForm(request.POST or None),
            lambda answers: services.suspend_referrer(referrer.pk, answers["reason"], by=request.user),
            title=gettext("Suspend"),
            explanation=gettext("Their links still land and earn nothing. What was earned stays earned."),
            done=gettext(
                "Suspended. From now on their links and code earn nothing, and letters that were not sent yet are "
                "withdrawn. Rewards for friends who have ordered already go on as promised."
            ),
        )

    def return_view(self, request: UserRequest, object_id: str) -> HttpResponse:
        """Let somebody bring friends again."""
        referrer = self.row(request, object_id)
        return self.asked(
            request,
            referrer,
            ReasonForm(request.POST or None),
            lambda answers: services.return_referrer(referrer.pk, answers["reason"], by=request.user),
            title=gettext("Let them take part again"),
            explanation=gettext("Their links count again from now on."),
            done=gettext("They take part again. Their links and code count for orders from now on."),
        )


class StageFilter(admin.SimpleListFilter):
    """Invitations by what has to be done about them."""

    title = _("stage")
    parameter_name = "stage"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        del request, model_admin
        return [
            ("live", _("May still lead to an order")),
            ("unopened", _("Sent, never opened")),
            ("late", _("Not sent after a day")),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        del request
        narrowed: dict[str | None, dict[str, Any]] = {
            "live": {"status__in": LIVE_INVITATIONS},
            "unopened": {"status": InvitationStatus.SENT},
            "late": {"status": InvitationStatus.QUEUED, "created_at__lt": now() - LATE_AFTER},
        }
        return queryset.filter(**narrowed[self.value()]) if self.value() in narrowed else queryset


@admin.register(Invitation)
class InvitationAdmin(_ToBeWorkedOn):
    """What was written to whom in whose name; withdrawn by its button."""

    list_display = ("friend_name", "email", "referrer", "division", "status", "created_at", "sent_at", "clicked_at")
    list_filter = (StageFilter, "status", "division")
    list_select_related = ("referrer__customer", "division")
    search_fields = ("friend_name", "=email", "=referrer__code")
    date_hierarchy = "created_at"
    change_form_template = "referrals/invitation_change_form.html"
    fields = (
        "friend_name", "email", "note", "language", "referrer", "division", "status", "created_at", "sent_at", "clicked_at",
        "ended_at", "qualification", "corrects",
    )  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        """Add the move."""
        withdraw = self.admin_site.admin_view(self.withdraw_view)
        return [path("<path:object_id>/withdraw/", withdraw, name="referrals_invitation_withdraw"), *super().get_urls()]

    def withdraw_view(self, request: UserRequest, object_id: str) -> HttpResponse:
        """Take an invitation back in its referrer's place."""
        return self.moved(
            request,
            object_id,
            services.withdraw_invitation,
            lambda _invitation: gettext("The invitation is withdrawn."),
        )


class StuckFilter(admin.SimpleListFilter):
    """Referrals that wait for longer than is usual."""

    title = _("stuck")
    parameter_name = "stuck"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        del request, model_admin
        return [
            ("install", _("Ordered %(days)s days ago, not installed") % {"days": STUCK_AFTER.days}),
            ("signal", _("Something to be looked at")),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        del request
        if self.value() == "install":
            return queryset.filter(status=ReferralStatus.ORDERED, ordered_at__lt=now() - STUCK_AFTER)
        if self.value() == "signal":
            return queryset.filter(pk__in=Signal.objects.filter(status=SignalStatus.OPEN).values("referral"))
        return queryset


@admin.register(Referral)
class ReferralAdmin(_ToBeWorkedOn):
    """Orders that a referrer is credited for, by stage and age."""

    list_display = (
        "__str__",
        "order",
        "referrer",
        "programme",
        "division",
        "status",
        "ordered_at",
        "installed_on",
        "age",
    )
    list_filter = (StuckFilter, "status", "programme", "division")
    list_select_related = ("order", "referrer__customer", "programme", "division")
    search_fields = ("=order__number", "=referrer__code")
    date_hierarchy = "ordered_at"
    fields = (
        "order", "referrer", "programme", "division", "friend_label", "invitation", "status", "reason", "ordered_at",
        "installed_on", "ended_at", "credited",
    )  # fmt: skip
    readonly_fields = ("credited",)

    @admin.display(description=_("age in days"), ordering="-ordered_at")
    def age(self, referral: Referral) -> int:
        """Return for how many days it has been going on, or went on."""
        return ((referral.ended_at or now()) - referral.ordered_at).days

    @admin.display(description=_("who is credited, and why"))
    def credited(self, referral: Referral) -> SafeString:
        """List every touch that brought the friend, the one that won first."""
        lines = (
            (one.rank, one.touch.get_kind_display(), one.touch.referrer, one.get_outcome_display())
            for one in resolved_touches_of(referral.order)
        )
        return format_html_join("", "<div>{}. {}, {}: <strong>{}</strong></div>", lines)


@admin.register(Signal)
class SignalAdmin(_ToBeWorkedOn):
    """What looks odd, to be decided by a person with a note."""

    division_path = "referral__division"
    list_display = ("__str__", "kind", "status", "raised_at", "decided_by", "decided_at")
    list_filter = ("status", "kind")
    list_select_related = ("referral", "decided_by")
    change_form_template = "referrals/signal_change_form.html"
    fields = ("referral", "kind", "detail", "status", "raised_at", "decided_by", "decided_at", "decision_note")

    def get_urls(self) -> list[URLPattern]:
        """Add the move."""
        decide = self.admin_site.admin_view(self.decide_view)
        return [path("<path:object_id>/decide/", decide, name="referrals_signal_decide"), *super().get_urls()]

    def decide_view(self, request: UserRequest, object_id: str) -> HttpResponse:
        """Say whether a referral that looked odd is genuine."""
        signal = self.row(request, object_id)

        def decide(answers: dict[str, Any]) -> object:
            is_genuine = answers["verdict"] == "genuine"
            return services.decide_signal(signal.pk, is_genuine=is_genuine, note=answers["note"], by=request.user)

        return self.asked(
            request,
            signal,
            DecisionForm(request.POST or None),
            decide,
            title=gettext("Decide"),
            explanation=gettext(
                "Until you do, what is earned for this referral is held. Each signal is decided by itself."
            ),
            done=gettext("Decided."),
        )

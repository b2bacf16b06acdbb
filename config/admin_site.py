"""The operator's admin: Django's own, grouped by task, entered by the one sign-in with its second factor."""

from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Group:
    """A task of operators: the apps whose tables belong to it, what it is for, and what a change in it does."""

    name: Promise
    app_labels: tuple[str, ...]
    purpose: Promise
    what_if: Promise


GROUPS = (
    Group(
        _("Markets"),
        ("divisions", "territory"),
        _("Where you sell, under which name, and which addresses can have what."),
        _(
            "you change a setting here? It holds for that division and all below it that do not set their own, from the next page on."
        ),
    ),
    Group(
        _("Catalogue"),
        ("catalog",),
        _("What you sell, at what price, to whom."),
        _(
            "you change a price? New orders see it from its first day. Orders that were submitted keep what the customer was shown."
        ),
    ),
    Group(
        _("Referral programs"),
        ("referrals",),
        _("What customers are promised for bringing friends, in words, and who came of it."),
        _(
            "you end a program? Its links and codes still land, and earn nothing new. What was earned until then is paid."
        ),
    ),
    Group(
        _("Commission rules"),
        ("commissions",),
        _("What is paid for a friend, under which conditions and when. A second person approves every change."),
        _(
            "you change a rule? A new version is written, approved by somebody else, and counts for orders from then on. No reward of an earlier order changes."
        ),
    ),
    Group(
        _("Orders and leads"),
        ("orders", "leads", "accounts"),
        _("Terms, appointments, and records to look at. Work on orders happens at the desk."),
        _("you take capacity from a slot? Visits that are booked stay booked; no new one is taken beyond it."),
    ),
    Group(
        _("Service desk"),
        ("tickets", "worklist", "clocks"),
        _(
            "Tickets to look at, and how work on them is shared, when your people work. Work on tickets happens at the desk."
        ),
        _("you take a person out of a team? They are given no new work from then on; what they have stays with them."),
    ),
    Group(
        _("Integrations"),
        ("billing",),
        _("The billing systems that receive work orders."),
        _("you switch a billing system off? Nothing is sent or lost: requests wait, and go out when it is on again."),
    ),
    Group(
        _("People"),
        ("people",),
        _("Who signs in, in which role and where."),
        _("you take a role away? It counts from the person’s next page. What they did stays under their name."),
    ),
    Group(
        _("Running it"),
        ("events", "jobs", "correspondence", "django_celery_beat"),
        _("What is owed, what was sent, and when things run by themselves."),
        _("you retry a delivery? Its listener hears the fact once more; what was done already is not done twice."),
    ),
)
"""The start page, in this order."""

NOT_HERE = frozenset({"account", "auth", "mfa", "usersessions"})
"""Apps whose tables the admin leaves out: seeds and sessions, and permissions that the matrix of roles decides."""

NO_PAGES = frozenset({"password_change_done", "view_on_site"})
"""Django's pages that are left out."""


class OperatorSite(admin.AdminSite):
    """The admin of operators who are no programmers."""

    site_header = _("Set-up")
    site_title = _("Set-up")
    index_title = _("What would you like to set up?")
    enable_nav_sidebar = False

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Take in what the apps declare, but for the apps in `NOT_HERE`."""
        models: list[Any] = [model_or_iterable] if isinstance(model_or_iterable, type) else list(model_or_iterable)
        super().register([model for model in models if model._meta.app_label not in NOT_HERE], admin_class, **options)

    def get_urls(self) -> list[Any]:
        """Leave out the way from a row to its page on the site: no row has one."""
        return [pattern for pattern in super().get_urls() if getattr(pattern, "name", "") not in NO_PAGES]

    def password_change(  # type: ignore[override]  # leads on where Django shows a page
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Change a password where everybody does, with its second factor and its message."""
        del request, extra_context
        return redirect("account_change_password")

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Group the tables by task rather than by program."""
        by_label = {app["app_label"]: app for app in super().get_app_list(request, app_label)}
        if app_label:
            return list(by_label.values())
        grouped = []
        for group in GROUPS:
            members = [by_label[label] for label in group.app_labels if label in by_label]
            if models := [model for app in members for model in app["models"]]:
                texts = {"name": group.name, "purpose": group.purpose, "what_if": group.what_if}
                grouped.append({**members[0], **texts, "models": models})
        return grouped


class AdminConfig(DjangoAdminConfig):
    """Put our site in the place of Django's."""

    default_site = "config.admin_site.OperatorSite"

    def ready(self) -> None:
        """Register what the apps declare, and let nobody in but by the one sign-in."""
        from allauth.account.decorators import secure_admin_login  # noqa: PLC0415  # needs every app loaded

        super().ready()
        admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


__all__ = ["GROUPS", "AdminConfig", "Group", "OperatorSite"]

"""The operator's admin: Django's own, grouped by task, entered by the one sign-in with its second factor."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

GROUPS = (
    (_("Markets"), ("divisions", "territory")),
    (_("Catalogue"), ("catalog",)),
    (_("Orders and leads"), ("orders", "leads", "accounts")),
    (_("Integrations"), ("billing",)),
    (_("People"), ("people",)),
    (_("Running it"), ("events", "jobs", "correspondence", "django_celery_beat")),
)
"""The start page's groups by task, each with the apps whose tables belong to it."""


NOT_HERE = frozenset({"account", "auth", "mfa", "usersessions"})
"""Apps whose tables the admin leaves out: seeds and sessions, and permissions that the matrix of roles decides."""


class OperatorSite(admin.AdminSite):
    """The admin of operators who are no programmers."""

    site_header = _("Set-up")
    site_title = _("Set-up")
    index_title = _("What would you like to set up?")
    enable_nav_sidebar = False

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Take in what the apps declare, but for the apps in `NOT_HERE`."""
        models = [model_or_iterable] if isinstance(model_or_iterable, type) else model_or_iterable
        super().register([model for model in models if model._meta.app_label not in NOT_HERE], admin_class, **options)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Group the tables by task rather than by program."""
        by_label = {app["app_label"]: app for app in super().get_app_list(request, app_label)}
        if app_label:
            return list(by_label.values())
        grouped = []
        for name, labels in GROUPS:
            members = [by_label[label] for label in labels if label in by_label]
            if models := [model for app in members for model in app["models"]]:
                grouped.append({**members[0], "name": name, "models": models})
        return grouped


class AdminConfig(DjangoAdminConfig):
    """Put our site in the place of Django's."""

    default_site = "config.admin_site.OperatorSite"

    def ready(self) -> None:
        """Register what the apps declare, and let nobody in but by the one sign-in."""
        from allauth.account.decorators import secure_admin_login  # noqa: PLC0415  # needs every app loaded

        super().ready()
        admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


__all__ = ["GROUPS", "AdminConfig", "OperatorSite"]

"""What lies outside the house and is opened with secrets of the environment: set up here, and tried by a button."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path

from foundation.lifecycle import NotAllowed
from foundation.people.admin.scoped import DivisionScopedAdmin
from foundation.people.models import User, UserRequest


class ConnectionAdmin(DivisionScopedAdmin):
    """A table of such things, each with a code that names its secrets."""

    asks_who_it_is = True
    change_form_template = "admin/connection_change_form.html"

    def tried(self, connection: Any, *, by: User) -> str:
        """
        Try a connection, and say that it is well.

        :raises NotAllowed: if it is not
        """
        raise NotImplementedError

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Keep the code of what exists: the environment is named after it."""
        del request
        return ("code",) if obj else ()

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_check"
        return [
            path("<path:object_id>/check/", self.admin_site.admin_view(self.check_view), name=name),
            *super().get_urls(),
        ]

    def check_view(self, request: UserRequest, object_id: str) -> HttpResponse:
        """Try the connection, and say what came of it."""
        connection = self.row_posted_at(request, object_id, self.has_change_permission)
        try:
            messages.success(request, self.tried(connection, by=request.user))
        except NotAllowed as refusal:
            messages.error(request, refusal.message)
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", connection.pk)

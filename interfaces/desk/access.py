"""Who may open a page of the desk."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from foundation.people.models import UserRequest
from foundation.people.queries import can, is_staff_member
from foundation.people.states import Permission

View = Callable[..., HttpResponse]


def staff_page(permission: Permission | None = None) -> Callable[[View], View]:
    """
    Let in who holds a staff role, and of them those who have a permission somewhere.

    Who has not signed in is asked to; to everybody else the desk does not exist. Which rows a person sees is the
    business of the queries, what they may do to one that of the services.
    """

    def guarding(view: View) -> View:
        @login_required
        @never_cache
        @wraps(view)
        def guarded(request: UserRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            _let_pass(request, permission)
            return view(request, *args, **kwargs)

        return guarded

    return guarding


def _let_pass(request: HttpRequest, permission: Permission | None) -> None:
    if not is_staff_member(request.user):
        raise Http404
    if permission and not can(request.user, permission):
        raise PermissionDenied(_("Your role does not let you %(what)s.") % {"what": Permission(permission).label})

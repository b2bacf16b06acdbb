"""
Session limits and the second factor.

A request without a session cookie passes through both without a question to the database.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, cast

from allauth.account.authentication import get_authentication_records
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import Resolver404, resolve, reverse
from django.utils.cache import patch_cache_control
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from foundation.now import now
from foundation.people.models import User
from foundation.people.queries import has_authenticator_app, is_staff_member

Answer = Callable[[HttpRequest], HttpResponse]

BEGAN = "people.began_at"
SEEN = "people.seen_at"
GRAIN = timedelta(minutes=1)
"""How exactly the last visit is kept: a click within it writes nothing."""

OPEN_WITHOUT_SECOND_FACTOR = frozenset(
    {
        "account_change_password",
        "account_email_verification_sent",
        "account_inactive",
        "account_login",
        "account_logout",
        "account_reauthenticate",
        "account_reset_password",
        "account_reset_password_done",
        "account_reset_password_from_key",
        "account_reset_password_from_key_done",
        "mfa_activate_totp",
        "mfa_index",
        "mfa_reauthenticate",
    }
)
"""The only pages (names of URLs) for staff who have not yet given a second factor in this session."""


class SessionLimitsMiddleware:
    """End sessions that were idle or open for too long, and let no browser keep the pages of a signed-in person."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or not request.user.is_authenticated:
            return self.get_response(request)
        if _is_over(request, now()):
            logout(request)
            messages.info(request, _("You were signed out because a session lasts only so long. Sign in again."))
        response = self.get_response(request)
        patch_cache_control(response, no_store=True, private=True)
        if not request.user.is_authenticated:
            response.headers["Clear-Site-Data"] = '"cache", "storage"'
        return response


def _is_over(request: HttpRequest, at: datetime) -> bool:
    """Tell whether a session has outlived its limits; if not, note that its person was here."""
    session = request.session
    began = datetime.fromisoformat(session.get(BEGAN, at.isoformat()))
    seen = datetime.fromisoformat(session.get(SEEN, at.isoformat()))
    idle, whole = session_limits(cast("User", request.user))
    if at - seen > idle or at - began > whole:
        return True
    if SEEN not in session or at - seen > GRAIN:
        session[BEGAN], session[SEEN] = began.isoformat(), at.isoformat()
    return False


def session_limits(user: User) -> tuple[timedelta, timedelta]:
    """Return for how long a person's session may be idle, and how long it may last at all."""
    if is_staff_member(user):
        return timedelta(minutes=settings.STAFF_IDLE_MINUTES), timedelta(hours=settings.STAFF_SESSION_HOURS)
    return timedelta(days=settings.CUSTOMER_IDLE_DAYS), timedelta(days=settings.CUSTOMER_SESSION_DAYS)


class SecondFactorMiddleware:
    """Let staff go nowhere before they have given a second factor in this very session."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or not request.user.is_authenticated:
            return self.get_response(request)
        user = request.user
        had_factor = has_given_second_factor(request)
        if is_staff_member(user) and not had_factor and not _is_open(request):
            return _ask_for_second_factor(request, user)
        response = self.get_response(request)
        if not had_factor and request.user == user and has_given_second_factor(request):
            _renew_session_key(request)
        return response


def has_given_second_factor(request: HttpRequest) -> bool:
    """Tell whether a second factor was given in this session, not merely set up."""
    records: list[dict[str, Any]] = get_authentication_records(request, request.user)
    return any(record["method"] == "mfa" for record in records)


def _is_open(request: HttpRequest) -> bool:
    try:
        return resolve(request.path_info).view_name in OPEN_WITHOUT_SECOND_FACTOR
    except Resolver404:
        return True


def _ask_for_second_factor(request: HttpRequest, user: User) -> HttpResponse:
    if not has_authenticator_app(user):
        return HttpResponseRedirect(reverse("mfa_activate_totp"))
    back = {REDIRECT_FIELD_NAME: request.get_full_path()} if request.method == "GET" else {}
    return HttpResponseRedirect(f"{reverse('mfa_reauthenticate')}?{urlencode(back)}")


def _renew_session_key(request: HttpRequest) -> None:
    """Give the session that gained rights a new key: an old one that somebody may know opens nothing more."""
    request.session.cycle_key()
    UserSession.objects.create_from_request(request)

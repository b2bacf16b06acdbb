"""What pages everywhere need to know of who is at the other end."""

import math
import time
from datetime import timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address

from allauth.account import app_settings as account_settings
from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from foundation.people.models import User, UserRequest
from foundation.people.queries import has_authenticator_app

HOUSEHOLD = 64
"""Bits of an IPv6 address that one household shares (RFC 6177): the rest its owner changes at will."""


def client_address(request: HttpRequest) -> str:
    """
    Return the IP address of the client.

    Of `X-Forwarded-For` only what our own proxies have added counts: the entry that the outermost of `TRUSTED_PROXIES`
    wrote. Anything to the left of it is the client's own invention.
    """
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    trusted: int = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    written = forwarded[-trusted] if 0 < trusted <= len(forwarded) else str(request.META.get("REMOTE_ADDR", ""))
    try:
        return str(ip_address(written))
    except ValueError:
        return "0.0.0.0"  # noqa: S104  # a name for "unknown" (a unix socket has no address), nothing is bound to it


def household_of(address: str) -> str:
    """Return what all addresses of one household have in common: an IPv4 address itself, an IPv6 network."""
    if isinstance(ip_address(address), IPv6Address):
        return str(IPv6Network((address, HOUSEHOLD), strict=False))
    return address


def too_many_requests(request: HttpRequest, wait: timedelta) -> HttpResponse:
    """Answer 429 with the site's own page, which says when to come back."""
    seconds = max(1, math.ceil(wait.total_seconds()))
    response = render(request, "429.html", status=429)
    response.headers["Retry-After"] = str(seconds)
    return response


FORM_TIME = timedelta(minutes=15)
"""How long somebody may take over a form that was shown to them because they had just proved who they are."""
STAFF_PROOF = timedelta(minutes=15)
"""For how long a second factor of staff counts for what must not be done from a desk that was left open."""
SHOWN = "shown_to"
"""The hidden field that says when, on which page and in which session a form was shown."""


def ask_who_it_is(request: UserRequest) -> HttpResponse | None:
    """
    Send a signed-in person to prove anew who they are, before what a stolen session must not do.

    They give their second factor where they have one, else their password. The page is shown where that was given a few
    minutes ago; what is sent is taken where it carries what the page was shown with (`shown_to`), and nothing else is,
    however fresh the proof. What was typed is not kept meanwhile.

    :return: None where nothing needs to be asked
    """
    if request.method == "POST":
        is_known = _was_shown(request, request.POST.get(SHOWN, ""))
    else:
        is_known = has_proved(request, within=timedelta(seconds=account_settings.REAUTHENTICATION_TIMEOUT))
    return None if is_known else HttpResponseRedirect(proof_page(request, back=request.get_full_path()))


def shown_to(request: UserRequest) -> str:
    """Return what a form carries that is shown to somebody who has just proved who they are; sent back, the same."""
    return request.POST.get(SHOWN) or _signer(request).sign("shown")


def _was_shown(request: UserRequest, mark: str) -> bool:
    try:
        _signer(request).unsign(mark, max_age=FORM_TIME)
    except BadSignature:
        return False
    return True


def _signer(request: UserRequest) -> TimestampSigner:
    """Return who signs for this page in this session alone, of which nothing can be read in what is signed."""
    return TimestampSigner(salt=f"people.shown:{request.session.session_key}:{request.path}")


def has_proved(request: UserRequest, *, within: timedelta) -> bool:
    """Tell whether a person gave lately what they prove themselves with: a second factor where they have one."""
    records = get_authentication_records(request, request.user)
    method = _factor(request.user)
    latest = max((record["at"] for record in records if record["method"] == method), default=0.0)
    return time.time() - latest < within.total_seconds()  # noqa: TID251  # allauth's own stamps


def proof_page(request: UserRequest, *, back: str) -> str:
    """Return the address at which a person proves anew who they are, and goes on to another."""
    factor = _factor(request.user)
    if factor == "password" and not request.user.has_usable_password():
        return reverse("account_set_password")
    page = reverse("mfa_reauthenticate" if factor == "mfa" else "account_reauthenticate")
    return f"{page}?{urlencode({REDIRECT_FIELD_NAME: back})}"


def code_wanted(request: UserRequest, *, back: str) -> SafeString | None:
    """
    Return what asks staff for their code before a grave act, with the way there; None where they gave it lately.

    They give it in another window, so that what was typed stays in this one.
    """
    if has_proved(request, within=STAFF_PROOF):
        return None
    text = _("Nothing was done yet: your last code is too long ago. {link}, then do it here again.")
    link = format_html(
        '<a href="{}" target="_blank" rel="noopener">{}</a>',
        proof_page(request, back=back),
        _("Give your code in another window"),
    )
    return format_html(text, link=link)


def _factor(user: User) -> str:
    return "mfa" if has_authenticator_app(user) else "password"

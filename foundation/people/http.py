"""What pages everywhere need to know of who is at the other end."""

import math
from datetime import timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

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

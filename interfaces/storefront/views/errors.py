"""Pages for what went wrong. They cause no query: the database may be what is wrong."""

import sys

from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from interfaces.storefront.context import site

RETRY_AFTER_SECONDS = 30


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001  # as Django calls it
    """Say that the request cannot be read."""
    return _page(request, 400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001  # as Django calls it
    """Say that this page is not for this person."""
    return _page(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001  # as Django calls it
    """Say that there is no such page."""
    return _page(request, 404)


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001  # as Django calls it
    """Say that a form is too old to be trusted (no valid CSRF token), and how to send it again."""
    return _page(request, 403, template="403_csrf.html")


def used_form(request: HttpRequest, reason: str, *, onwards: str) -> HttpResponse:
    """Say that a form was submitted before with other content; what it submitted then stands."""
    return _page(request, 422, reason=reason, onwards=onwards)


def too_many(request: HttpRequest, retry_after_seconds: int = RETRY_AFTER_SECONDS) -> HttpResponse:
    """Say that somebody asks faster than a person can."""
    response = _page(request, 429)
    response.headers["Retry-After"] = str(retry_after_seconds)
    return response


def broken(request: HttpRequest) -> HttpResponse:
    """Say that we made a mistake, or, where the database is away, that it will be back soon."""
    if _means_database_away(sys.exc_info()[1]):
        response = _page(request, 503)
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return response
    return _page(request, 500)


def _means_database_away(error: BaseException | None) -> bool:
    """Tell it from our own mistakes: psycopg has no better name than the bare class for a connection that breaks off."""
    return isinstance(error, OperationalError | InterfaceError) or type(error) is DatabaseError


def _page(request: HttpRequest, status: int, *, template: str = "", **more: str) -> HttpResponse:
    context = {**site(request), "request_path": request.path, **more}
    return HttpResponse(render_to_string(template or f"{status}.html", context), status=status)

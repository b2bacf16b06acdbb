"""Find out in which market a visitor stands, before anything else happens."""

from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import get_script_prefix, set_script_prefix
from django.utils import translation
from django.utils.translation import get_supported_language_variant
from django.utils.translation.trans_real import parse_accept_lang_header

from foundation.divisions.models import Site
from foundation.divisions.queries import one_configuration_version, site_at

LANGUAGE_COOKIE_AGE = 365 * 24 * 3600


class SiteMiddleware:
    """
    Put the site on the request, take its path prefix off, and speak its language.

    Runs without a site too (`request.site` is None): staff pages and the admin belong to no market.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(settings.UNSCOPED_PATHS):
            request.site = None  # type: ignore[assignment]  # ours, not django.contrib.sites'
            return self.get_response(request)
        above = get_script_prefix()
        try:
            return self._answer(request)
        finally:
            set_script_prefix(above)  # it belongs to the thread, and so would to the next request's addresses

    def _answer(self, request: HttpRequest) -> HttpResponse:
        with one_configuration_version():
            site = site_at(request.get_host().rsplit(":", 1)[0], request.path_info)
            request.site = site  # type: ignore[assignment]
            _take_off_prefix(request, site)
            language = language_for(request, site)
            with translation.override(language):
                request.LANGUAGE_CODE = language
                response = self.get_response(request)
                response.headers.setdefault("Content-Language", language)
                return response


class ReadableMiddleware:
    """Answer 400 to a NUL in an address, a cookie or a form: no keyboard types it, and Postgres cannot keep it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        _refuse_nul(request.path_info, *_texts_of(request.GET), *request.COOKIES.values())
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., HttpResponse], *_arguments: Any) -> None:
        """Look into the form, unless the view reads the body itself, as those that need no token do."""
        if request.method == "POST" and not getattr(view, "csrf_exempt", False):
            _refuse_nul(*_texts_of(request.POST))


def _texts_of(sent: QueryDict) -> Iterator[str]:
    for name, values in sent.lists():
        yield name
        yield from map(str, values)


def _refuse_nul(*texts: str) -> None:
    if any("\0" in text for text in texts):
        raise BadRequest("There is a NUL in the request.")


def _take_off_prefix(request: HttpRequest, site: Site | None) -> None:
    if site and site.path_prefix:
        request.path_info = request.path_info.removeprefix(site.path_prefix) or "/"
        set_script_prefix(f"{get_script_prefix().rstrip('/')}{site.path_prefix}/")


def language_for(request: HttpRequest, site: Site | None) -> str:
    """Choose the language: what the visitor picked, else what the browser asks for, else the site's own."""
    offered = site.languages if site else [code for code, _name in settings.LANGUAGES]
    picked = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    wanted = [picked, *(code for code, _weight in parse_accept_lang_header(request.headers.get("Accept-Language", "")))]
    for code in wanted:
        try:
            variant = get_supported_language_variant(code) if code and code != "*" else ""
        except LookupError:
            continue
        if variant in offered:
            return variant
    return site.default_language if site else settings.LANGUAGE_CODE

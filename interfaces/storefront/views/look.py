"""What a visitor chooses about the pages themselves, and the brand that colours them."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language
from django.views.decorators.http import require_POST, require_safe

from foundation.divisions.middleware import LANGUAGE_COOKIE_AGE
from foundation.divisions.models import Brand
from interfaces.storefront.context import THEME_COOKIE, THEMES

FOR_EVER = "public, max-age=31536000, immutable"
PICTURE_ALONE = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""What a logo may do, opened on its own: show itself. An SVG is a document, which could run scripts otherwise."""


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Keep the language that the visitor picked in a cookie, and go back to where they were."""
    response = _back(request)
    language = request.POST.get("language", "")
    if check_for_language(language):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=LANGUAGE_COOKIE_AGE,
            secure=settings.LANGUAGE_COOKIE_SECURE,
            httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
            samesite="Lax",
        )
    return response


@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Keep light or dark in a cookie; anything else means: as the device has it."""
    response = _back(request)
    theme = request.POST.get("theme", "")
    if theme in THEMES:
        response.set_cookie(
            THEME_COOKIE, theme, max_age=LANGUAGE_COOKIE_AGE, secure=settings.IS_SECURE, httponly=True, samesite="Lax"
        )
    else:
        response.delete_cookie(THEME_COOKIE, samesite="Lax")
    return response


def _back(request: HttpRequest) -> HttpResponseRedirect:
    target = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return HttpResponseRedirect(target if is_ours else reverse("storefront:home"))


@require_safe
def brand_css(_request: HttpRequest, code: str, version: int) -> HttpResponse:
    """Give the brand's two colours as the only custom properties that differ from site to site."""
    brand = get_object_or_404(Brand, code=code)
    css = f":root{{--brand-on-light:{brand.primary};--brand-on-dark:{brand.primary_dark}}}\n"
    return _kept(HttpResponse(css, content_type="text/css"), brand, version)


@require_safe
def brand_logo(_request: HttpRequest, code: str, version: int) -> HttpResponse:
    """Give the brand's logo."""
    brand = get_object_or_404(Brand, code=code)
    if not brand.logo_type:
        raise Http404
    response = HttpResponse(bytes(brand.logo), content_type=brand.logo_type)
    response.headers["Content-Security-Policy"] = PICTURE_ALONE
    return _kept(response, brand, version)


def _kept(response: HttpResponse, brand: Brand, version: int) -> HttpResponse:
    """Let browsers keep what stands under its true version for ever, and anything else not at all."""
    response.headers["Cache-Control"] = FOR_EVER if str(version) == brand.version else "no-cache"
    return response

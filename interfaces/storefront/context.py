"""What every page needs to know of where it stands."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language_info

THEME_COOKIE = f"{settings.COOKIE_PREFIX}theme"
THEMES = ("light", "dark")


def site(request: HttpRequest) -> dict[str, Any]:
    """Give every template the site, its brand, the languages that it speaks, and the theme that the visitor chose."""
    found = getattr(request, "site", None)
    codes = found.languages if found else [code for code, _name in settings.LANGUAGES]
    theme = request.COOKIES.get(THEME_COOKIE)
    return {
        "site": found,
        "brand": found.brand if found else None,
        "site_languages": [get_language_info(code) for code in codes],
        "theme": theme if theme in THEMES else "",
    }

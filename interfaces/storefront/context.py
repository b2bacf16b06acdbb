"""What every page needs to know of where it stands."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language_info

from foundation.now import today
from referrals.queries import programme_for

THEME_COOKIE = f"{settings.COOKIE_PREFIX}theme"
THEMES = ("light", "dark")


def site(request: HttpRequest) -> dict[str, Any]:
    """
    Give every template the site, its brand, the languages that it speaks, and the theme that the visitor chose.

    Whether customers can bring friends is looked up only where a template asks: a page for errors asks nothing.
    """
    found = getattr(request, "site", None)
    codes = found.languages if found else [code for code, _name in settings.LANGUAGES]
    theme = request.COOKIES.get(THEME_COOKIE)
    return {
        "site": found,
        "brand": found.brand if found else None,
        "site_languages": [get_language_info(code) for code in codes],
        "theme": theme if theme in THEMES else "",
        "is_referring": lambda: found is not None and programme_for(found.division, today(found.division)) is not None,
    }

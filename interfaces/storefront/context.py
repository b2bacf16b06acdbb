"""What every page needs to know of where it stands."""

from typing import Any

from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    """Give every template the site, and through it the brand."""
    found = getattr(request, "site", None)
    return {"site": found, "brand": found.brand if found else None}

"""From the desk to the public pages, which belong to a market's own site."""

from django.urls import get_script_prefix, reverse

from foundation.divisions.models import Division
from foundation.divisions.queries import site_of


def public_address(division: Division, name: str, *args: object) -> str:
    """
    Return the address of a public page as the customers of a division reach it.

    With a host name where the market's site has one of its own, below the site's path where it has one.
    """
    path = reverse(name, args=args).removeprefix(get_script_prefix().rstrip("/"))
    site = site_of(division)
    if site is None:
        return path
    host = "" if site.host == "*" else f"//{site.host}"
    return f"{host}{site.path_prefix}{path}"

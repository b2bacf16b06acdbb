"""Make divisions, brands and sites for tests."""

from itertools import count
from typing import Any

from foundation.divisions.models import Brand, Division, DivisionSetting, Site
from foundation.divisions.settings import Setting

_numbers = count(1)


def make_division(name: str = "", *, code: str = "", parent: Division | None = None) -> Division:
    """Make a division at the top of the tree or below another."""
    number = next(_numbers)
    return Division.objects.create(name=name or f"Division {number}", code=code or f"division-{number}", parent=parent)


def put_value(division: Division, setting: Setting, value: Any) -> None:
    """Give a division another value whatever has happened there, as somebody would who corrects it in the database."""
    DivisionSetting.objects.update_or_create(division=division, name=setting.name, defaults={"value": value})


def make_site(
    division: Division | None = None,
    *,
    code: str = "",
    host: str = "*",
    path_prefix: str = "",
    languages: tuple[str, ...] = ("en", "es"),
) -> Site:
    """Make a site with a brand of its own, for a division or for a new one."""
    number = next(_numbers)
    division = division or make_division()
    brand = Brand.objects.create(division=division, code=f"brand-{number}", name=f"Brand {number}")
    return Site.objects.create(
        code=code or f"site-{number}",
        host=host,
        path_prefix=path_prefix,
        division=division,
        brand=brand,
        languages=list(languages),
    )

"""What a division inherits, and which site a visitor stands in."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.apps import apps
from django.conf import settings
from django.db.models import QuerySet

from foundation.divisions.models import Brand, Configuration, Division, DivisionSetting, Site
from foundation.divisions.settings import SETTINGS, Setting
from foundation.now import today

Args = ParamSpec("Args")
Result = TypeVar("Result")

_version_of_request: ContextVar[int | None] = ContextVar("_version_of_request", default=None)


def configuration_version() -> int:
    """Return the version of the whole configuration: read once in a request, at every call outside of one."""
    known = _version_of_request.get()
    return _read_version() if known is None else known


def _read_version() -> int:
    return Configuration.objects.values_list("version", flat=True).first() or 0


@contextmanager
def one_configuration_version() -> Iterator[None]:
    """Read the version once, unless that is done, and let all within see the configuration as of then."""
    token = _version_of_request.set(configuration_version())
    try:
        yield
    finally:
        _version_of_request.reset(token)


def by_configuration(function: Callable[Args, Result]) -> Callable[Args, Result]:
    """
    Remember a function's results in this process until any configuration changes.

    The arguments must be hashable, and the function must read nothing but configuration.
    """
    remembered: dict[Any, Result] = {}

    @wraps(function)
    def remembering(*args: Args.args, **kwargs: Args.kwargs) -> Result:
        version = configuration_version()
        key = (version, args, tuple(sorted(kwargs.items())))
        try:
            return remembered[key]
        except KeyError:
            result = function(*args, **kwargs)
        for other in [known for known in list(remembered) if known[0] != version]:
            remembered.pop(other, None)  # another thread may have been quicker
        remembered[key] = result
        return result

    return remembering


@dataclass(frozen=True)
class Effective:
    """A setting's value at a division, and the division that it comes from (none: the built-in default)."""

    value: Any
    source: Division | None


@by_configuration
def _values() -> dict[tuple[int, str], Any]:
    rows = DivisionSetting.objects.values_list("division_id", "name", "value")
    return {(division_id, name): SETTINGS[name].parse(value) for division_id, name, value in rows if name in SETTINGS}


def effective(division: Division, setting: Setting) -> Any:
    """Return the value of a setting at a division: its own, else its nearest ancestor's, else the default."""
    return _nearest(division, setting)[0]


def explain(division: Division, setting: Setting) -> Effective:
    """Return the effective value together with the division that sets it."""
    value, source_id = _nearest(division, setting)
    return Effective(value, Division.objects.get(pk=source_id) if source_id else None)


def _nearest(division: Division, setting: Setting) -> tuple[Any, int | None]:
    values = _values()
    for ancestor in reversed(division.lineage):
        if (ancestor, setting.name) in values:
            return values[ancestor, setting.name], ancestor
    return setting.default, None


def has_history(divisions: QuerySet[Division]) -> bool:
    """
    Tell whether anything has happened in some divisions.

    From then on they stay where they lie, and keep their currency and their clocks: by what they inherited, orders and
    rewards were decided and months closed.
    """
    events: Any = apps.get_model("events.Event")  # a floor above this one
    return bool(events.objects.filter(division__in=divisions.order_by().values("pk")).exists())


def inheriting(division: Division, setting: Setting) -> QuerySet[Division]:
    """Return the divisions for which a value counts that a division is given: itself, and all below up to their own."""
    below = Division.objects.filter(lineage__contains=[division.pk])
    own = DivisionSetting.objects.filter(name=setting.name, division__in=below).exclude(division=division)
    return below.exclude(lineage__overlap=list(own.values_list("division", flat=True)))


def dates_in(divisions: Iterable[Division]) -> dict[int, date]:
    """Return the date that it is now in each of some divisions, by their ids."""
    each = {division.pk: division for division in divisions}
    with one_configuration_version():
        return {pk: today(division) for pk, division in each.items()}


@by_configuration
def division_by_id(division_id: int) -> Division:
    """Return a division as it is configured now."""
    return Division.objects.get(pk=division_id)


@by_configuration
def _sites() -> tuple[Site, ...]:
    """Return the active sites, the most particular first: named hosts before `*`, long paths before short."""
    sites = Site.objects.filter(is_active=True).select_related("division", "brand")
    return tuple(sorted(sites, key=lambda site: (site.host == "*", -len(site.path_prefix), site.code)))


def site_at(host: str, path: str) -> Site | None:
    """Return the site that answers at a host name (without port) and path, the most particular one."""
    for site in _sites():
        if site.host in (host, "*") and (path == site.path_prefix or path.startswith(f"{site.path_prefix}/")):
            return site
    return None


def site_by_code(code: str) -> Site | None:
    """Return an active site by its code."""
    return next((site for site in _sites() if site.code == code), None)


def site_of(division: Division) -> Site | None:
    """Return the site under which a division meets the public: its own, else its nearest ancestor's."""
    by_division: dict[int, Site] = {}
    for site in reversed(_sites()):
        by_division[site.division_id] = site
    return next((by_division[ancestor] for ancestor in reversed(division.lineage) if ancestor in by_division), None)


def root_of(division: Division) -> str:
    """Return where the pages of a division's site begin, as letters name it; a path may follow."""
    site = site_of(division)
    return f"{settings.SITE_URL}{site.path_prefix if site else ''}"


def brand_of(division: Division) -> Brand | None:
    """Return the brand under which a division's messages go out."""
    site = site_of(division)
    return site.brand if site else None

"""How a setting that markets inherit is declared, and the ones that the tree itself needs."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from foundation.divisions.models import Division

SETTINGS: dict[str, "Setting"] = {}
"""Every declared setting by its name."""

Holder = Callable[["Division"], "Division | None"]
"""The division in whose whole a setting counts: what lies below goes with it. None: nobody's yet."""
Choices = Callable[["Division"], Iterable[tuple[str, str]]]
"""What a division may choose from: its own and what it inherits, never what belongs to another market."""
Check = Callable[[Any], None]
"""What refuses a value that is of the right kind and cannot be right."""


@dataclass(frozen=True)
class Setting:
    """A value that a division inherits from its nearest ancestor that sets it."""

    name: str
    kind: type
    default: Any
    label: str | Promise
    help: str | Promise
    choices: Choices | None = None
    minimum: int | None = None
    maximum: int | None = None
    holder: Holder | None = None
    check: Check | None = None
    is_fixed_by_history: bool = False

    def parse(self, value: Any) -> Any:
        """
        Turn what was stored or typed into a value of this setting's kind.

        :raises ValidationError: if it cannot be read as one
        """
        try:
            return value if isinstance(value, self.kind) else self._read(value)
        except (ValueError, ArithmeticError, TypeError):
            raise ValidationError(_("“%s” cannot be read as a value of this setting.") % value) from None

    def choose(self, value: Any, division: "Division") -> Any:
        """
        Turn what was typed into a value that a division may set.

        :raises ValidationError: if it cannot be read as one, is not among the division's choices or out of bounds, or
            if the division goes with another one here
        """
        holder = self.holder(division) if self.holder else None
        if holder and holder != division:
            raise ValidationError(_("This counts for the whole of %s, and is set there.") % holder)
        parsed = self.parse(value)
        if self.minimum is not None and parsed < self.minimum:
            raise ValidationError(_("At least %s.") % self.minimum)
        if self.maximum is not None and parsed > self.maximum:
            raise ValidationError(_("At most %s.") % self.maximum)
        if self.check:
            self.check(parsed)
        if self.choices and parsed not in dict(self.choices(division)):
            raise ValidationError(_("“%s” is not one of the choices.") % value)
        return parsed

    def _read(self, value: Any) -> Any:
        if self.kind is bool:
            return {"true": True, "false": False}[str(value).lower()]
        if self.kind is list:
            return [part.strip() for part in str(value).split(",") if part.strip()]
        return self.kind(value)

    def stored(self, value: Any) -> Any:
        """Return a value in the form in which JSON keeps it."""
        return str(value) if isinstance(value, Decimal) else value


def declare(  # noqa: PLR0913  # a declaration: every part is named where it is used
    name: str,
    *,
    kind: type,
    default: Any,
    label: str | Promise,
    help: str | Promise,  # noqa: A002  # what operators read
    choices: Choices | None = None,
    minimum: int | None = None,
    maximum: int | None = None,
    holder: Holder | None = None,
    check: Check | None = None,
    is_fixed_by_history: bool = False,
) -> Setting:
    """
    Declare an inherited setting, once, in the `settings.py` of the app that reads it.

    :param name: app and setting, such as `catalog.default_campaign`; stored, so kept for ever
    :param minimum: the least that may be set; every number has bounds, or one market's slip would stop a sweep of all
    :param holder: of a division, whose value is read for it; below that one the setting cannot be set
    :param check: raises a ValidationError for a value that cannot be right
    :param is_fixed_by_history: what has happened is reckoned by it, so it stays once anything has
    """
    if name in SETTINGS:
        raise ValueError(f"The setting {name} is declared twice.")
    if kind in (int, Decimal) and (minimum is None or maximum is None):
        raise ValueError(f"The setting {name} is a number without bounds.")
    SETTINGS[name] = Setting(
        name, kind, default, label, help, choices, minimum, maximum, holder, check, is_fixed_by_history
    )
    return SETTINGS[name]


TIME_ZONE = declare(
    "divisions.time_zone",
    kind=str,
    default="America/New_York",
    label=_("Time zone"),
    help=_(
        "The zone in which this market's dates and appointments are meant. It stays once anything has happened here."
    ),
    is_fixed_by_history=True,
    choices=lambda _division: ((zone, zone) for zone in sorted(available_timezones())),
)
CURRENCY = declare(
    "divisions.currency",
    kind=str,
    default="USD",
    label=_("Currency"),
    help=_("The ISO 4217 code of the money that this market sells in. It stays once anything has happened here."),
    is_fixed_by_history=True,
    choices=lambda _division: ((code, code) for code in ("USD", "CAD", "EUR", "GBP", "MXN")),
)


def _refuse_unknown_languages(codes: list[str]) -> None:
    known = [code for code, _name in settings.LANGUAGES]
    if not codes or not set(codes) <= set(known):
        raise ValidationError(_("At least one of these codes, and no other: %s.") % ", ".join(known))


LANGUAGES = declare(
    "divisions.languages",
    kind=list,
    default=["en"],
    label=_("Languages"),
    check=_refuse_unknown_languages,
    help=_(
        "Language codes in which this market serves its customers, separated by commas. "
        "In the first one it works itself: billing systems are sent product names in it."
    ),
)

"""
What we ask of a system that reads customers' equipment, whichever vendor made it.

An adapter in `integrations/` implements `DiagnosticsPort`; tests/contract/test_diagnostics.py holds for each of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Protocol

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tickets.states import Finding


@dataclass(frozen=True)
class Limits:
    """Between which values a level is good, in which unit."""

    label: str | Promise
    unit: str
    lowest: Decimal
    highest: Decimal


LEVELS: Mapping[str, Limits] = MappingProxyType(
    {
        "downstream_power": Limits(_("Downstream power"), "dBmV", Decimal(-10), Decimal(10)),
        "downstream_snr": Limits(_("Downstream signal to noise"), "dB", Decimal(33), Decimal(60)),
        "upstream_power": Limits(_("Upstream power"), "dBmV", Decimal(30), Decimal(50)),
        "optical_power": Limits(_("Optical power"), "dBm", Decimal(-27), Decimal(-8)),
    }
)
"""
The levels that we understand. Cable: what plant is aligned to, within the -15 to +15 dBmV that DOCSIS receivers must take;
fibre: what a class B+ receiver takes (ITU-T G.984.2, amendment 1).
"""


@dataclass(frozen=True, kw_only=True)
class Level:
    """One measured signal level: a name of `LEVELS`, and the value in its unit."""

    name: str
    value: Decimal

    @property
    def limits(self) -> Limits:
        """Return between which values it should be."""
        return LEVELS[self.name]

    @property
    def is_good(self) -> bool:
        """Whether it lies between them."""
        return self.limits.lowest <= self.value <= self.limits.highest


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a device says of itself."""

    serial: str
    is_online: bool
    last_seen_at: datetime | None = None
    firmware: str = ""
    levels: tuple[Level, ...] = ()

    @property
    def finding(self) -> Finding:
        """Return what it comes to."""
        if not self.is_online:
            return Finding.OFFLINE
        return Finding.GOOD if all(level.is_good for level in self.levels) else Finding.WEAK

    def as_json(self) -> dict[str, Any]:
        """Return it in JSON primitives: values as decimal text, the moment as ISO 8601."""
        return {
            "serial": self.serial,
            "is_online": self.is_online,
            "last_seen_at": self.last_seen_at.isoformat() if self.last_seen_at else None,
            "firmware": self.firmware,
            "levels": {level.name: str(level.value) for level in self.levels},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Reading":
        """Read what `as_json` wrote; a level that is not known any more is left out."""
        seen = data["last_seen_at"]
        levels = ((name, Decimal(value)) for name, value in data["levels"].items() if name in LEVELS)
        return cls(
            serial=data["serial"],
            is_online=data["is_online"],
            last_seen_at=datetime.fromisoformat(seen) if seen else None,
            firmware=data["firmware"],
            levels=tuple(Level(name=name, value=value) for name, value in levels),
        )


class Unavailable(Exception):  # noqa: N818  # it reads as the answer that it is
    """The system could not be asked, or its answer is none."""


class UnknownDevice(Exception):  # noqa: N818
    """The system knows no device of that serial number."""


@dataclass(frozen=True, kw_only=True)
class Connection:
    """How a system that reads equipment is reached."""

    base_url: str
    token: str


class DiagnosticsPort(Protocol):
    """A system that reads equipment. Nothing here is called inside a transaction, and every call ends within 8 seconds."""

    def read(self, serial: str) -> Reading:
        """
        Ask a device how it is, by its serial number.

        :raises UnknownDevice: if the system does not know it
        :raises Unavailable: if it cannot be asked, does not answer in time, or says nothing that we can read
        """

"""What can be told about those who share work."""

from dataclasses import dataclass

from foundation.events.facts import Fact


@dataclass(frozen=True, kw_only=True)
class AbsenceNoted(Fact, name="worklist.absence_noted"):
    """Somebody does not work for a time."""

    absence_id: int
    user_id: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class AbsenceEnded(Fact, name="worklist.absence_ended"):
    """Somebody works again."""

    absence_id: int
    user_id: int

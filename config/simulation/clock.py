"""The hand that moves the clock which all processes of the data folder share."""

import json
from datetime import UTC, date, datetime, time
from pathlib import Path

FIRST_DAY = date(2026, 3, 2)
"""Where time begins on a fresh data folder: a Monday, whatever day it really is."""
DAYTIME = time(16)
"""UTC, when things happen: the same date in every market of the demonstration."""
EVENING = time(3, 30)
"""UTC, of the day after: late in the evening in every market, and still the same date there."""


class SharedClock:
    """The file `{"offset_seconds": n}` that foundation.now and the vendors read on every call."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @property
    def is_set(self) -> bool:
        """Whether somebody has moved it."""
        return self._file.exists()

    def set_to(self, moment: datetime) -> None:
        """Let it be this moment, from which time goes on; no reader sees the file half written."""
        offset = (moment - datetime.now(UTC)).total_seconds()  # noqa: TID251  # the machine's own clock
        unfinished = self._file.with_suffix(".new")
        unfinished.write_text(json.dumps({"offset_seconds": offset}), encoding="utf-8")
        unfinished.replace(self._file)


def daytime_of(day: date) -> datetime:
    """Return when a day's business is done."""
    return datetime.combine(day, DAYTIME, tzinfo=UTC)

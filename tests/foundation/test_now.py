"""The only clock."""

import json
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import time_machine

from foundation.now import now, today

MIDNIGHT_IN_LONDON = datetime(2026, 7, 1, 23, 0, tzinfo=UTC)


class TestNow:
    def test_is_the_time_in_utc(self, settings):
        settings.CLOCK_FILE = ""
        with time_machine.travel(MIDNIGHT_IN_LONDON, tick=False):
            assert now() == MIDNIGHT_IN_LONDON

    def test_is_ahead_by_what_the_shared_file_says(self, settings, tmp_path):
        settings.CLOCK_FILE = str(tmp_path / "clock.json")
        with time_machine.travel(MIDNIGHT_IN_LONDON, tick=False):
            assert now() == MIDNIGHT_IN_LONDON
            (tmp_path / "clock.json").write_text(json.dumps({"offset_seconds": 86400}))
            assert now() == datetime(2026, 7, 2, 23, 0, tzinfo=UTC)

    def test_is_another_day_elsewhere(self, settings):
        settings.CLOCK_FILE = ""
        with time_machine.travel(MIDNIGHT_IN_LONDON, tick=False):
            assert today(ZoneInfo("Europe/London")) == date(2026, 7, 2)
            assert today(ZoneInfo("America/Phoenix")) == date(2026, 7, 1)

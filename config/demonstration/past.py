"""Let a part of the demonstration have happened some time ago."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings

from config.simulation.clock import SharedClock
from foundation.now import now


@contextmanager
def ago(**span: float) -> Iterator[None]:
    """
    Let it be so much earlier within this process; the clock that all processes share stays where it is.

    :param span: as `timedelta` takes it: `days=2`, `hours=3.5`
    """
    shared = settings.CLOCK_FILE
    with TemporaryDirectory() as folder:
        own = Path(folder) / "clock.json"
        SharedClock(own).set_to(now() - timedelta(**span))
        settings.CLOCK_FILE = str(own)
        try:
            yield
        finally:
            settings.CLOCK_FILE = shared

"""Let several threads do something at the same moment, each on its own connection."""

import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import connection

from foundation.lifecycle import NotAllowed


def together(*acts: Callable[[], Any]) -> list[Any]:
    """Run acts at once and return what each returned, or the refusal that it met."""
    start = threading.Barrier(len(acts))
    outcomes: list[Any] = [None] * len(acts)

    def run(place: int, act: Callable[[], Any]) -> None:
        start.wait(timeout=20)
        try:
            outcomes[place] = act()
        except NotAllowed as refusal:
            outcomes[place] = refusal
        except Exception as error:  # noqa: BLE001  # the test sees what it was
            outcomes[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place, act)) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return outcomes


class Meanwhile:
    """
    An act in another thread that has come as far as it gets while we hold what we hold: it waits for us, or is over.

    Of two who take locks in opposite orders, one is refused as soon as we ask for what it holds.
    """

    def __init__(self, act: Callable[[], Any]) -> None:
        self._act = act
        self._outcome: Any = None
        self._pid = 0
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        deadline = time.monotonic() + 20
        while self._thread.is_alive() and not self._waits():
            assert time.monotonic() < deadline, "It neither waits nor ends."
            time.sleep(0.01)

    def outcome(self) -> Any:
        """Return what the act returned, or the error that it met; called when our own transaction has ended."""
        self._thread.join(timeout=30)
        return self._outcome

    def _run(self) -> None:
        try:
            connection.ensure_connection()
            self._pid = connection.connection.info.backend_pid
            self._outcome = self._act()
        except Exception as error:  # noqa: BLE001  # the test sees what it was
            self._outcome = error
        finally:
            connection.close()

    def _waits(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM pg_locks WHERE pid = %s AND NOT granted", [self._pid])
            return cursor.fetchone() is not None

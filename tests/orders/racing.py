"""Let several threads do something at the same moment, each on its own connection."""

import threading
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

"""Beat's two sweeps, more often than beat runs them, because the clock is moved in seconds."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from billing.tasks import look_up_unknown
from config.celery import app
from foundation.events.tasks import deliver_due


@contextmanager
def swept(redis_url: str, *, every: float = 0.5) -> Iterator[None]:
    """Have the workers behind a Redis deliver what is due and look up what is in doubt, every so many seconds."""
    over = threading.Event()

    def sweep() -> None:
        with app.connection_for_write(redis_url) as broker:
            while not over.wait(every):
                if broker.default_channel.client.llen("celery") == 0:
                    deliver_due.apply_async(connection=broker)
                    look_up_unknown.apply_async(connection=broker)

    sweeper = threading.Thread(target=sweep)
    sweeper.start()
    try:
        yield
    finally:
        over.set()
        sweeper.join()

"""Orders placed one after the other by a few visitors, while something happens to a server at set places."""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.faults.shop import Visitor

PATIENCE = 180.0
"""Seconds that one order may take, whatever happens meanwhile."""


class Queue:
    """The carts that are still to be ordered, and the places in it where something happens."""

    def __init__(self, tokens: Sequence[str], places: Sequence[int]) -> None:
        self._tokens, self._places = list(tokens), list(places)
        self._taken, self._moved = 0, threading.Condition()

    def take(self) -> str:
        """Take the next cart, once what is to happen before it has begun; nothing where all are taken."""
        with self._moved:
            if self._taken == len(self._tokens):
                return ""
            token, number = self._tokens[self._taken], self._taken
            self._taken += 1
            self._moved.notify_all()
            self._moved.wait_for(lambda: not self._places or self._places[0] > number, timeout=PATIENCE)
            return token

    def wait_for_place(self) -> None:
        """Return when visitors have come to the next place, and let them go on."""
        with self._moved:
            assert self._moved.wait_for(lambda: self._taken > self._places[0], timeout=PATIENCE)
            self._places.pop(0)
            self._moved.notify_all()


def place_all(
    tokens: Sequence[str],
    visitors: Sequence[Visitor],
    order: Callable[[Visitor, str], None],
    *,
    meanwhile: Mapping[int, Callable[[], None]],
) -> None:
    """
    Let visitors order until every cart is taken.

    :param meanwhile: what is done, in this thread (servers end with the thread that started them), by the number of
        carts taken before; visitors go on during it
    """
    queue = Queue(tokens, sorted(meanwhile))

    def go_on(visitor: Visitor) -> None:
        while token := queue.take():
            order(visitor, token)

    with ThreadPoolExecutor(len(visitors)) as threads:
        walks = [threads.submit(go_on, visitor) for visitor in visitors]
        for _place, act in sorted(meanwhile.items()):
            queue.wait_for_place()
            act()
        for walk in walks:
            walk.result()


def evenly(count: int, times: int, *acts: Callable[[int], None]) -> dict[int, Callable[[], None]]:
    """Spread `times` rounds of acts over `count` orders: each act is told the number of its round."""
    step = count / (times * len(acts))
    planned = [(act, turn) for turn in range(times) for act in acts]
    return {
        int(step * (place + 0.5)): lambda act=act, turn=turn: act(turn) for place, (act, turn) in enumerate(planned)
    }

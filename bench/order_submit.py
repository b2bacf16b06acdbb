"""
A whole order over HTTP under gunicorn with two clients: fifteen requests, from the typed address to the confirmation.

The floor (`bench._order_floor`) is a plain flow of as many GETs and POSTs, behind the same middleware, with pages of the
same size, that inserts the same rows into the same tables. Both sides are walked by the same visitor.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from bench.harness import Web, bench_database, closed_loop, compare, set_up_django, web

CLIENTS = 2
ORDERS = 6
"""Orders that one measurement consists of."""
PAIRS = 5
WARM_UP = 1
ADDRESSES = 2 * (PAIRS + WARM_UP + 2) * ORDERS + 10
PACKAGE = "triple-play"
OPTIONS = {"choice-tv": "tv-choice", "choice-modem": "wifi-gateway", "choice-installation": "pro-install"}
HIDDEN = re.compile(r'type="hidden" name="([^"]+)" value="([^"]*)"')


@dataclass(frozen=True)
class Buyer:
    """Somebody at an address of their own, and when the technician may come."""

    address: str
    email: str
    slot: int

    @property
    def answers(self) -> dict[str, dict[str, Any]]:
        """What they answer to each question of an order."""
        return {
            "options": {**OPTIONS, "addon-tv-box": 2},
            "details": {"name": "Casey Customer", "email": self.email, "phone": "602 555 0123", "note": "Ring twice."},
            "appointment": {"slot": self.slot},
            "terms": {"agree": "on"},
            "review": {},
        }


def main() -> None:
    """Measure, and print the line."""
    with bench_database("order_submit"):
        set_up_django()
        buyers = make_buyers(ADDRESSES)
        os.environ["THROTTLE_FACTOR"] = "1000000"
        with web(workers=CLIENTS) as ours:
            os.environ["BENCH_PAGE_SIZES"] = json.dumps(order_once(ours, "", next(buyers)))
            os.environ["BENCH_EXAMPLE"] = newest_order()
            with web("bench._order_floor_wsgi", workers=CLIENTS) as floor:
                order_once(floor, "/bare", next(buyers))
                written, written_by_floor = (
                    rows_of(lambda: order_once(ours, "", next(buyers))),
                    rows_of(lambda: order_once(floor, "/bare", next(buyers))),
                )
                assert written == written_by_floor, (written, written_by_floor)
                for site, prefix in ((ours, ""), (floor, "/bare")):
                    order_many(site, prefix, buyers)  # each process has read the configuration: orders are counted
                found = compare(
                    "order_submit",
                    lambda: order_many(ours, "", buyers),
                    lambda: order_many(floor, "/bare", buyers),
                    pairs=PAIRS,
                    warm_up=WARM_UP,
                    queries=ours.statements_of(lambda: order_many(ours, "", buyers)) / ORDERS,
                    rows=sum(written.values()),
                    rows_by_floor=sum(written_by_floor.values()),
                    floor_queries=floor.statements_of(lambda: order_many(floor, "/bare", buyers)) / ORDERS,
                    requests=15,
                    orders=ORDERS,
                    clients=CLIENTS,
                )
        print(found.as_json())


def order_many(site: Web, prefix: str, buyers: Iterator[Buyer]) -> None:
    """Let two visitors at a time order."""
    closed_loop(lambda client: order(client, prefix, next(buyers)), base_url=site.url, clients=CLIENTS, visits=ORDERS)


def order_once(site: Web, prefix: str, buyer: Buyer) -> dict[str, int]:
    """Order, and return how many letters each page had."""
    with httpx.Client(base_url=site.url, timeout=60) as client:
        return order(client, prefix, buyer)


def order(client: httpx.Client, prefix: str, buyer: Buyer) -> dict[str, int]:
    """Go the whole way, by the forms that the pages carry."""
    pages = {"home": get(client, f"{prefix}/")}
    outcome = post(client, f"{prefix}/check/", pages["home"], {"address": buyer.address})
    pages["address"] = get(client, outcome)
    question = post(client, f"{outcome}order/", pages["address"], {"package": PACKAGE})
    for name, answer in buyer.answers.items():
        assert question.endswith(f"/{name}/"), (name, question)
        pages[name] = get(client, question)
        question = post(client, question, pages[name], answer)
    assert question.endswith("/confirmation/"), question
    pages["confirmation"] = get(client, question)
    return {name: len(page) for name, page in pages.items()}


def get(client: httpx.Client, address: str) -> str:
    """Open a page that must be there."""
    answer = client.get(address)
    assert answer.status_code == httpx.codes.OK, (address, answer.status_code)
    return answer.text


def post(client: httpx.Client, address: str, page: str, answer: dict[str, Any]) -> str:
    """Send a page's form, and return where it leads."""
    begin = page.index("<main")
    marks = dict(HIDDEN.findall(page, begin, page.index("</main>", begin)))
    response = client.post(address, data={**marks, **answer})
    assert response.is_redirect, (address, response.status_code, response.text)
    return response.headers["Location"]


def rows_of(work: Callable[[], object]) -> Counter[str]:
    """Return how many rows a piece of work adds, table by table, over all tables."""
    before = all_rows()
    work()
    return all_rows() - before


def all_rows() -> Counter[str]:
    """Count the rows of every table."""
    from django.apps import apps

    return Counter({model._meta.label: model._default_manager.count() for model in apps.get_models()})  # noqa: SLF001


def newest_order() -> str:
    """Return the secret of the order that was submitted last."""
    from orders.models import Order

    return Order.objects.exclude(submitted_at=None).latest("pk").token


def make_buyers(number: int) -> Iterator[Buyer]:
    """Load the demonstration's markets and catalogue, and houses in one of them that can have everything."""
    from config.demonstration.catalogue import load_catalogue
    from config.demonstration.operator import load_markets, load_sites
    from foundation.divisions.models import Division
    from orders.testing import make_slots, make_terms
    from territory.testing import make_available, make_premises

    root = load_markets()
    load_sites()
    load_catalogue(root)
    make_terms(root)
    market = Division.objects.get(code="riverbend")
    slots = make_slots(market, capacity=10 * number)
    houses = [make_premises(market) for _house in range(number)]
    for house in houses:
        make_available(house)
    return iter(
        [
            Buyer(house.label, f"buyer-{number}@people.example", slots[number % len(slots)].pk)
            for number, house in enumerate(houses)
        ]
    )


if __name__ == "__main__":
    main()

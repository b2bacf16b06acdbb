"""
The packages for one address, over HTTP under gunicorn.

The floor is a bare view of as many bytes with one query, behind the same middleware. Both only read: no row is written.
"""

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx

from bench.harness import bench_database, compare, set_up_django, web

VISITS = 60
"""Requests that one measurement consists of."""
WARM_UP = 20


def main() -> None:
    """Measure, and print the line."""
    with bench_database("offers_page"):
        set_up_django()
        key = make_checked_address()
        with web() as ours:
            page = httpx.get(f"{ours.url}/address/{key}/", timeout=60)
            assert page.text.count('class="card') >= 0
            assert page.status_code == httpx.codes.OK, page.text
            assert "Triple Play Gig" in page.text, page.text
            os.environ["BENCH_PAGE_SIZE"] = str(len(page.content))
            with web("bench._offers_floor_wsgi") as floor, httpx.Client(timeout=60) as client:
                visit = visiting(client, f"{ours.url}/address/{key}/")
                visit_floor = visiting(client, f"{floor.url}/bare/{key}/")
                for _time in range(WARM_UP):
                    visit()
                    visit_floor()
                rows = [rows_after(work) for work in (visit, visit_floor)]
                assert rows[0] == rows[1]
                found = compare(
                    "offers_page",
                    lambda: [visit() for _time in range(VISITS)],
                    lambda: [visit_floor() for _time in range(VISITS)],
                    pairs=7,
                    queries=ours.statements_of(visit),
                    rows=rows[0],
                    floor_queries=floor.statements_of(visit_floor),
                    bytes=len(page.content),
                    visits=VISITS,
                )
        print(found.as_json())


def visiting(client: httpx.Client, address: str) -> Callable[[], httpx.Response]:
    """Return a visit to a page that must answer."""

    def visit() -> httpx.Response:
        return client.get(address).raise_for_status()

    return visit


def rows_after(work: Callable[[], Any]) -> int:
    """Return how many rows checks, searches and sessions have after a piece of work."""
    from django.contrib.sessions.models import Session

    from territory.models import AddressLookup, Qualification

    work()
    return sum(model.objects.count() for model in (Qualification, AddressLookup, Session))


def make_checked_address() -> str:
    """Load the demonstration's markets and catalogue, check an address that can have everything, return its key."""
    from config.demonstration.catalogue import load_catalogue
    from config.demonstration.operator import load_markets, load_sites
    from foundation.now import now
    from territory.models import FamilyResult, Qualification
    from territory.states import NETWORK_FAMILIES, Outcome, Technology

    root = load_markets()
    load_sites()
    load_catalogue(root)
    results = tuple(
        FamilyResult(family, Outcome.QUALIFIED, Technology.FIBRE, 2000, 2000) for family in NETWORK_FAMILIES
    )
    answer = Qualification.objects.create(
        division=root,
        typed="1 Larkspur Plaza",
        channel="web",
        outcome=Outcome.QUALIFIED,
        results=Qualification.stored(results),
        expires_at=now() + timedelta(days=1),
    )
    return answer.key


if __name__ == "__main__":
    main()

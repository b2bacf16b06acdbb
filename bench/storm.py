"""
A storm of calls: twenty people at the desk take 500 calls at once over HTTP under gunicorn, most of them about one outage.

Ours is the storm of `tests.journeys.storm`: each call looks at all that is known of the caller and is attached to the
outage, or opens a ticket; twenty call again about a fault of their own. The floor has as many requests for each call, to a
bare page that writes a ticket, its first words, a fact and a debt (`bench._storm_floor`). What follows the calls, notices
above all, is not measured: workers do that.

    python -m bench.storm [calls] [pairs]
"""

import os
import sys
from collections.abc import Callable
from dataclasses import replace

from bench.harness import bench_database, compare, set_up_django, web

WORKERS = 3
EMPTIED = "TRUNCATE tickets_ticket, tickets_outage, events_event CASCADE"


def main(calls: int = 500, pairs: int = 5) -> None:
    """Measure and print, also in how many seconds all calls were taken."""
    with bench_database("storm"):
        set_up_django()
        from django.db import connection

        from accounts.models import Account
        from orders.testing import make_market
        from tests.journeys.storm import SECOND_FAULTS, Seat, make_callers, make_storm, sitting, take_all
        from tickets.models import Outage, Ticket

        market = make_market(capacity=50)
        callers = make_callers(market, calls)
        os.environ["ALLOWED_HOSTS"] = market.site.host

        def empty() -> None:
            with connection.cursor() as cursor:
                cursor.execute("SET session_replication_role = replica")  # what is never emptied is, here
                cursor.execute(EMPTIED)
                cursor.execute("SET session_replication_role = origin")
                cursor.execute("CHECKPOINT")

        def bare(account: Account, requests: int) -> Callable[[Seat], str]:
            def take(seat: Seat) -> str:
                path, typed = f"/bare/{account.pk}/", {"text": "Nothing works."}
                seat.http.get(path).raise_for_status()
                for _press in range(requests - 1):
                    seat.http.post(path, data={**typed, "do": "type"}).raise_for_status()
                return seat.http.post(path, data={**typed, "do": "open"}).headers["Location"]

            return take

        with (
            web(workers=WORKERS) as ours,
            web("bench._storm_floor_wsgi", workers=WORKERS) as floor,
            sitting(ours.url, market) as sit,
            sitting(floor.url, market) as sit_bare,
        ):
            storm = make_storm(market, callers, sit)
            bare_seats = make_storm(market, callers, sit_bare).seats
            again = [bare(account, 3) for account in callers[-SECOND_FAULTS:]]
            bare_calls = [bare(account, 1 + number % 2) for number, account in enumerate(callers)] + again
            storm.take()
            if (Ticket.objects.count(), Outage.objects.count()) != (calls + SECOND_FAULTS, 1):
                raise SystemExit(f"There are {Ticket.objects.count()} tickets, {Outage.objects.count()} outages.")
            empty()
            statements = ours.statements_of(storm.take) / (calls + SECOND_FAULTS)
            measured = compare(
                "storm",
                storm.take,
                lambda: take_all(bare_seats, bare_calls),
                pairs=pairs,
                warm_up=0,
                between=empty,
                queries=round(statements, 1),
                rows=calls + SECOND_FAULTS,
            )
        seconds = measured.ours_ms / 1000
        pace = {"seconds": round(seconds, 1), "calls_per_second": round((calls + SECOND_FAULTS) / seconds, 2)}
        print(replace(measured, more=pace).as_json())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

"""
A storm: twenty people at the desk take a hundred calls over HTTP, while an outage is declared in the midst of them.

`STORM_CALLS=500` is the whole storm; `python -m bench.storm` measures it.
"""

import os
from collections import Counter

import pytest

from orders.testing import make_market
from tests.journeys.storm import SECOND_FAULTS, deliver, make_callers, make_storm, sitting
from tests.stack import Stack
from tickets.models import Outage, OutageNotice, Ticket
from tickets.states import TicketStatus

pytestmark = pytest.mark.django_db(transaction=True)

CALLS = int(os.environ.get("STORM_CALLS", "100"))


def test_a_storm_of_calls_is_one_outage_and_a_second_fault_keeps_its_own(stack: Stack):
    market = make_market(capacity=50)
    callers = make_callers(market, CALLS)
    with (
        stack.web(workers=3, threads=4, ALLOWED_HOSTS=market.site.host) as web,
        sitting(web.url, market) as sit,
    ):
        own = make_storm(market, callers, sit).take()
        deliver()

    outage = Outage.objects.get()
    assert Ticket.objects.count() == CALLS + SECOND_FAULTS
    assert outage.tickets.filter(status=TicketStatus.HELD).count() == CALLS
    assert Counter(outage.tickets.values_list("account", flat=True)).most_common(1)[0][1] == 1
    assert set(Ticket.objects.filter(outage=None).values_list("number", flat=True)) == {*own}
    notices = OutageNotice.objects.filter(update__outage=outage)
    assert (notices.count(), notices.values("address").distinct().count()) == (CALLS, CALLS)
    assert notices.filter(message=None).count() == 0

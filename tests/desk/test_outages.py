"""What the desk says while a billing system is away."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing.models import BillingSystem, Polling, Submission
from billing.services import poll_billing_system
from foundation.divisions.testing import make_division
from foundation.events.services import deliver_next
from foundation.people.states import Role
from interfaces.desk.words import trouble_in_words
from orders.states import OrderStatus
from orders.testing import make_order

NOON = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)


def poll(market) -> Polling:
    system = BillingSystem.objects.get(division=market.division)
    poll_billing_system(system.pk)
    return Polling.objects.get(billing_system=system)


@pytest.fixture(autouse=True)
def nobody_listens(market, elsewhere, monkeypatch):
    for system in BillingSystem.objects.all():
        monkeypatch.setenv(f"BILLING_{system.code.upper()}_URL", system.base_url)
        monkeypatch.setenv(f"BILLING_{system.code.upper()}_TOKEN", "a-token")


class TestHome:
    def test_says_that_a_billing_system_is_away_and_what_happens_meanwhile(self, market, csr):
        polling = poll(market)

        page = csr.get(reverse("desk:home")).content.decode()

        assert f"{polling.billing_system} is away" in page
        assert "The billing system cannot be reached." in page
        assert "goes out by itself" in page

    def test_says_nothing_of_a_system_that_answers_or_serves_others(self, market, elsewhere, csr):
        poll(elsewhere)
        away = poll(market)
        Polling.objects.filter(pk=away.pk).update(error="")

        assert "is away" not in csr.get(reverse("desk:home")).content.decode()

    def test_tells_a_market_that_uses_the_system_of_the_market_above(self, market, signed_in):
        below = make_division(parent=market.division)
        poll(market)

        assert "is away" in signed_in(Role.CSR, below).get(reverse("desk:home")).content.decode()


class TestOrderPage:
    def test_says_in_words_what_keeps_a_work_order_and_when_it_is_tried_next(self, market, csr):
        with time_machine.travel(NOON, tick=False):
            order = make_order(OrderStatus.PENDING, market)
            while deliver_next():
                pass
            asked = Submission.objects.get(subject_id=order.pk)
            assert asked.last_error.startswith("No connection")

            page = csr.get(reverse("desk:order", args=[order.pk]))
            own = csr.get(reverse("desk:submission", args=[asked.pk]))

        ((_submission, next_try),) = page.context["submissions"]
        assert next_try > NOON
        assert "The billing system cannot be reached. Next try:" in page.content.decode()
        assert "Next try" in own.content.decode()

    def test_asks_as_many_statements_for_many_requests(self, csr, market):
        counts = []
        for changes in (0, 3):
            order = make_order(OrderStatus.PENDING, market)
            while deliver_next():
                pass
            asked = Submission.objects.get(subject_id=order.pk)
            for number in range(changes):
                asked.pk, asked.request_id = None, f"{order.number}-more-{number}"
                asked.save(force_insert=True)
            csr.get(reverse("desk:order", args=[order.pk]))
            with CaptureQueriesContext(connection) as statements:
                csr.get(reverse("desk:order", args=[order.pk]))
            counts.append(len(statements))

        assert counts[0] == counts[1]


class TestWords:
    @pytest.mark.parametrize(
        ("noted", "said"),
        [
            ("HTTP 503", "out of service"),
            ("BILLING_VENDOR_TOKEN is not set.", "not set up"),
            ("HTTP 401", "does not let us in"),
            ("No answer: ReadTimeout()", "did not answer in time"),
            ("No such product: X", "No such product: X"),
        ],
    )
    def test_stand_for_what_adapters_note(self, noted, said):
        assert said in trouble_in_words(noted)

"""Nothing on a page of the desk is said in one language only."""

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import BillingSystem
from foundation.divisions.models import Brand
from foundation.jobs.models import JobError
from foundation.people.models import User
from orders.models import AppointmentSlot, Order, TermsVersion
from orders.states import OrderStatus
from orders.testing import Market, make_order
from territory.models import Premises
from tests.desk.test_pages import LISTS, action_addresses, addresses_of, make_rows
from tests.pseudo_locale import SAME_EVERYWHERE, operators_texts, speak_in_brackets, stored_in, untranslated

SAME_AT_THE_DESK = {"Ctrl", "Enter", "EST", "EDT", "PDF"}
NO_PAGES = {"message_html", "document", "job_errors"}
STATES = (
    OrderStatus.HELD, OrderStatus.PARTIAL, OrderStatus.COMPLETED, OrderStatus.FAILED, OrderStatus.CANCELLED,
    OrderStatus.ASSESSING_CANCELLATION,
)  # fmt: skip


@pytest.fixture(autouse=True)
def pseudo_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    speak_in_brackets(monkeypatch)


def data_of(market: Market) -> set[str]:
    """Return what the operator, the customers and the vendor have typed."""
    models = (User, Order, Premises, BillingSystem, Brand, AppointmentSlot, TermsVersion, JobError)
    rows = [row for model in models for row in model._default_manager.all()]
    data = (
        SAME_EVERYWHERE | SAME_AT_THE_DESK | operators_texts(market.division) | stored_in(rows) | {market.division.name}
    )
    for order in Order.objects.all():
        data |= {str(value) for value in order.contact.values()}
    return data


def left_out(client: Client, pages: dict[str, str], data: set[str]) -> dict[str, list[str]]:
    """Return the words of each page that are not translated."""
    said = {name: sorted(untranslated(client.get(page).content.decode(), data)) for name, page in pages.items()}
    return {name: words for name, words in said.items() if words}


class TestEveryPage:
    def test_is_translated(self, market: Market, supervisor: Client):
        rows = make_rows(market)
        pages = {name: reverse(f"desk:{name}") for name in ("home", "search", "keys", "new_order", *LISTS)}
        pages |= {name: page for name, page in addresses_of(rows).items() if name not in NO_PAGES}
        data = data_of(market) | stored_in(rows)

        assert left_out(supervisor, pages, data) == {}

    def test_of_an_action_is_translated(self, market: Market, supervisor: Client):
        rows = make_rows(market)

        assert left_out(supervisor, action_addresses(rows), data_of(market) | stored_in(rows)) == {}

    def test_of_an_order_is_translated_in_any_state(self, market: Market, supervisor: Client):
        orders = {status: make_order(status, market) for status in STATES}
        pages = {status: reverse("desk:order", args=[order.pk]) for status, order in orders.items()}

        assert left_out(supervisor, pages, data_of(market)) == {}

"""Who sees which orders, and how staff find one."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from accounts.queries import customers_visible_to
from accounts.testing import make_details, make_partner
from foundation.divisions.services import set_value
from foundation.divisions.testing import make_division
from foundation.now import now
from foundation.people.states import Role
from foundation.people.testing import make_person
from orders.models import Appointment
from orders.queries import (
    OrderFilter,
    moment_in_words,
    orders_matching,
    orders_visible_to,
    progress_of,
    services_visible_to,
)
from orders.queries.progress import StepState, zone_name
from orders.settings import NO_VISIT_PRODUCTS
from orders.states import OrderStatus
from orders.testing import make_market, make_order


@pytest.fixture
def market(db):
    return make_market()


class TestOrdersVisibleTo:
    def test_staff_are_those_of_their_divisions(self, market):
        order = make_order(market=market)
        make_order()

        assert list(orders_visible_to(make_person(Role.CSR, market.division))) == [order]

    def test_a_customer_are_their_own(self, market):
        person = make_person()
        order = make_order(OrderStatus.COMPLETED, market, by=person)
        make_order(market=market)

        assert list(orders_visible_to(person)) == [order]
        assert list(customers_visible_to(person)) == [order.customer]
        assert services_visible_to(person).count() == 4

    def test_a_partner_are_those_sold_for_them(self, market):
        partner = make_partner(market.division, user=make_person())
        order = make_order(market=market, by=partner.user, sold_for=partner)
        make_order(market=market)

        assert list(orders_visible_to(partner.user)) == [order]
        assert not customers_visible_to(partner.user).exists()

    def test_nobody_are_none(self, market):
        make_order(market=market)

        assert not orders_visible_to(AnonymousUser()).exists()
        assert not orders_visible_to(make_person()).exists()


class TestOrdersMatching:
    def found(self, market, **wanted):
        return list(orders_matching(make_person(Role.CSR, market.division), OrderFilter(**wanted)))

    def test_leave_drafts_out_unless_asked_for(self, market):
        draft, order = make_order(OrderStatus.DRAFT, market), make_order(market=market)

        assert self.found(market) == [order]
        assert self.found(market, statuses=[OrderStatus.DRAFT]) == [draft]

    @pytest.mark.parametrize(
        "text", ["{number}", "okafor", "MORGAN.OKAFOR@people.example", "(202) 555-0147", "+12025550147"]
    )
    def test_are_found_by_what_people_say(self, market, text):
        details = make_details(name="Morgan Okafor", email="morgan.okafor@people.example", phone="202-555-0147")
        order = make_order(market=market, details=details)
        make_order(market=market)

        assert self.found(market, text=text.format(number=order.number)) == [order]

    def test_are_found_by_age_and_division(self, market):
        old = make_order(market=market)
        with time_machine.travel(now() + timedelta(hours=5)):
            make_order(market=market)

            assert self.found(market, older_than=timedelta(hours=4)) == [old]
        assert self.found(market, division=make_division(parent=market.division)) == []

    @pytest.mark.parametrize("count", [1, 6])
    def test_take_the_same_statements_for_any_number(self, market, count):
        for _each in range(count):
            make_order(market=market)
        csr = make_person(Role.CSR, market.division)

        with CaptureQueriesContext(connection) as statements:
            shown = [
                (order.number, order.customer.name, order.division.name, order.appointment.slot.starts_at)
                for order in orders_matching(csr, OrderFilter())
            ]

        assert (len(shown), len(statements)) == (count, 1)


class TestProgressOf:
    @pytest.mark.parametrize(
        ("status", "states"),
        [
            (OrderStatus.ACKNOWLEDGED, "done current ahead ahead"),
            (OrderStatus.PENDING, "done done current ahead"),
            (OrderStatus.IN_PROGRESS, "done done done current"),
            (OrderStatus.COMPLETED, "done done done done"),
            (OrderStatus.HELD, "done trouble ahead ahead"),
        ],
    )
    def test_says_what_is_done(self, market, status, states):
        progress = progress_of(make_order(status, market))

        assert [step.state for step in progress.steps] == [StepState(state) for state in states.split()]

    def test_says_when_the_technician_comes(self, market):
        order = make_order(OrderStatus.IN_PROGRESS, market)

        start = order.appointment.slot.starts_at.astimezone(market.division.zone)
        when = f"{start:%A, %B} {start.day}, 8:00 AM to 10:00 AM {start:%Z}"
        assert progress_of(order).sentence == f"The technician comes on {when}."

    @pytest.mark.parametrize(
        ("language", "day", "sentence"),
        [("en", "Saturday", "The technician comes on Saturday, "), ("es", "sábado", "El técnico viene el sábado, ")],
    )
    def test_writes_a_weekday_in_mid_sentence_as_its_language_does(self, market, language, day, sentence):
        order = make_order(OrderStatus.IN_PROGRESS, market)
        zone, hour = market.division.zone, timedelta(hours=1)
        saturday = datetime(2026, 11, 28, 8, tzinfo=zone)
        Appointment.objects.filter(order=order).update(
            given_starts_at=saturday, given_ends_at=saturday + hour, given_at=now()
        )
        order = type(order).objects.get(pk=order.pk)

        with override(language):
            assert progress_of(order).sentence.startswith(sentence)
            assert moment_in_words(saturday, zone).startswith(f"{day}, ")

    @pytest.mark.parametrize(
        ("zone", "name"),
        [("America/Phoenix", "MST"), ("America/New_York", "EDT"), ("America/Sao_Paulo", "UTC-03")],
    )
    def test_names_the_zone_as_it_is_called_on_that_day(self, zone, name):
        assert zone_name(datetime(2026, 7, 1, 8, tzinfo=ZoneInfo(zone))) == name

    def test_arranges_no_installation_where_nobody_comes(self, market):
        order = make_order(OrderStatus.PENDING, market)
        set_value(market.division, NO_VISIT_PRODUCTS, [order.quoted.lines[0].code])

        progress = progress_of(order)

        assert progress.sentence == "Your order is accepted. We are preparing it."
        assert [step.label for step in progress.steps] == ["Ordered", "Accepted", "Prepared", "Ready to use"]

    @pytest.mark.parametrize("status", [status for status in OrderStatus if status != OrderStatus.DRAFT])
    def test_has_a_sentence_for_every_status(self, market, status):
        assert progress_of(make_order(status, market)).sentence

"""Submitting an order: once, and all or nothing."""

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, Consent, Contact, Customer
from accounts.states import AccountStatus, ConsentKind
from accounts.testing import make_details
from catalog.models import Campaign, Package, Product
from catalog.services import deactivate_campaign, set_price
from catalog.states import PriceKind
from catalog.testing import make_campaign
from foundation.divisions.queries import one_configuration_version
from foundation.divisions.services import set_value
from foundation.events.testing import published
from foundation.lifecycle import LockingQuerySet, NotAllowed
from foundation.now import now, today
from foundation.people.testing import make_person
from orders import services
from orders.events import OrderSubmitted
from orders.models import AppointmentSlot, Order, OrderLine
from orders.queries import details_of, open_slots, shown_mark
from orders.services import submission
from orders.settings import EARLIEST_DAYS, LATEST_DAYS
from orders.states import AppointmentStatus, CancelReason, DraftStep, LineStatus, OrderStatus
from orders.testing import agree, make_cart, make_draft, make_market, make_terms, submit
from territory.states import AvailabilityStatus, ProductFamily
from territory.testing import make_available
from tests.orders.racing import together

FOR_NOBODY = [{"name": "Nobody", "criteria": [{"fact": "state", "comparison": "in", "values": ["QQ"]}]}]
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


@pytest.fixture
def market(db):
    return make_market()


@pytest.fixture
def draft(market):
    return make_draft(market)


class TestSubmitOrder:
    def test_makes_the_customer_with_account_contact_and_consents(self, market):
        order = submit(make_draft(market, details=make_details(name="Robin Resident", email="Robin@People.Example")))

        customer = Customer.objects.get()
        contact, account = Contact.objects.get(), Account.objects.get()
        assert (order.customer, order.account) == (customer, account)
        assert (customer.name, contact.email) == ("Robin Resident", "robin@people.example")
        assert (account.status, account.premises) == (AccountStatus.PENDING, order.premises)
        assert account.service_address == order.premises.label
        assert [(consent.kind, consent.text_version) for consent in Consent.objects.all()] == [
            (ConsentKind.TERMS, order.terms.version)
        ]

    def test_records_when_and_tells_the_others(self, market):
        with time_machine.travel(NOON, tick=False):
            order = submit(make_draft(market))

        order.refresh_from_db()
        assert (order.status, order.submitted_at) == (OrderStatus.ACKNOWLEDGED, NOON)
        assert order.number == str(1_000_000 + order.pk)
        assert published(OrderSubmitted) == [OrderSubmitted(order_id=order.pk)]

    def test_books_the_slot_that_was_kept(self, draft):
        order = submit(draft)

        order.appointment.refresh_from_db()
        assert order.appointment.status == AppointmentStatus.BOOKED
        assert order.appointment.slot.booked == 1

    def test_makes_a_line_of_each_product_as_quoted(self, draft):
        order = submit(draft)

        quote = order.quoted
        lines = list(OrderLine.objects.order_by("position"))
        assert [(line.product_id, line.recurring, line.one_time, line.relies_on) for line in lines] == [
            (line.code, line.recurring, line.one_time, line.relies_on) for line in quote.lines
        ]
        assert {line.status for line in lines} == {LineStatus.ACKNOWLEDGED}

    def test_keeps_the_totals_that_were_shown(self, draft):
        order = submit(draft)

        quote = order.quoted
        taxes = sum(tax.monthly for tax in quote.taxes)
        assert order.monthly == sum(line.recurring for line in order.lines.all()) + taxes
        assert order.due_today == Decimal("82.50")
        assert (order.monthly, order.monthly_after) == (quote.monthly, quote.monthly_after)

    def test_takes_the_slot_again_when_its_time_ran_out(self, draft):
        with time_machine.travel(now() + timedelta(minutes=30)):
            services.release_expired_holds()
            order = submit(draft)

        slot = AppointmentSlot.objects.get(pk=draft.appointment.slot_id)
        assert order.status == OrderStatus.ACKNOWLEDGED
        assert slot.booked == 1

    def test_belongs_to_the_customer_who_is_signed_in(self, market):
        person = make_person()
        first = submit(make_draft(market, by=person, details=make_details(email=person.email)))

        second = submit(make_draft(market, by=person, details=make_details(email=person.email)))

        assert first.customer == second.customer
        assert first.customer.user == person
        assert first.account != second.account

    def test_stays_within_thirty_statements(self, draft):
        shown = shown_mark(draft)
        with one_configuration_version(), CaptureQueriesContext(connection) as statements:
            services.submit_order(draft.pk, idempotency_key="key", shown=shown, by=None)

        counted = [one["sql"] for one in statements if "SAVEPOINT" not in one["sql"]]
        assert len(counted) <= 30, "\n".join(counted)


class TestSubmitOrderAgain:
    def test_with_the_same_key_returns_the_same_order(self, draft):
        first = submit(draft, key="once")

        second = submit(draft, key="once")

        assert second.pk == first.pk
        assert (Customer.objects.count(), OrderLine.objects.count()) == (1, 4)
        assert len(published(OrderSubmitted)) == 1

    def test_with_the_same_key_and_another_total_is_refused(self, draft):
        submit(draft, key="once")

        with pytest.raises(NotAllowed) as refusal:
            services.submit_order(draft.pk, idempotency_key="once", shown="1/2/3/USD", by=None)

        assert refusal.value.code == "key_reused"

    def test_with_the_key_of_another_order_is_refused(self, market, draft):
        submit(draft, key="once")
        other = make_draft(market)

        with pytest.raises(NotAllowed) as refusal:
            submit(other, key="once")

        assert refusal.value.code == "key_reused"
        other.refresh_from_db()
        assert other.status == OrderStatus.DRAFT

    def test_under_another_key_is_refused(self, draft):
        submit(draft, key="one tab")

        with pytest.raises(NotAllowed) as refusal:
            submit(draft, key="another tab")

        assert refusal.value.code == "already_submitted"

    @pytest.mark.django_db(transaction=True)
    def test_fifty_times_at_once_makes_one_order(self):
        draft = make_draft()

        outcomes = together(*[lambda: submit(draft, key="once").number] * 50)

        assert set(outcomes) == {Order.objects.get().number}
        assert (Customer.objects.count(), Account.objects.count(), OrderLine.objects.count()) == (1, 1, 4)
        assert AppointmentSlot.objects.get(pk=draft.appointment.slot_id).booked == 1
        assert len(published(OrderSubmitted)) == 1

    @pytest.mark.django_db(transaction=True)
    def test_without_the_lock_some_would_be_told_that_it_failed(self, monkeypatch):
        draft = make_draft()
        both_have_looked = threading.Barrier(2)
        requalify = submission.requalify

        def slow_check(qualification_id):
            both_have_looked.wait(timeout=20)
            return requalify(qualification_id)

        monkeypatch.setattr(LockingQuerySet, "locked", lambda rows: rows)
        monkeypatch.setattr(submission, "requalify", slow_check)

        outcomes = together(*[lambda: submit(draft, key="once").number] * 2)

        assert len([one for one in outcomes if isinstance(one, Exception)]) == 1


class TestSubmitOrderRefuses:
    def refused(self, order, *, shown=None):
        with pytest.raises(NotAllowed) as refusal:
            shown = shown or shown_mark(order)
            services.submit_order(order.pk, idempotency_key="key", shown=shown, by=None)
        order = Order.objects.get(pk=order.pk)
        assert order.status == OrderStatus.DRAFT
        assert Customer.objects.filter(orders=None).count() == 0
        return refusal.value

    @pytest.mark.parametrize("step", [step for step in DraftStep if step != DraftStep.REVIEW])
    def test_what_is_not_complete(self, market, step):
        order = make_cart(market)
        ways = {
            DraftStep.CONTACT: lambda: services.choose_package(order.pk, market.package),
            DraftStep.APPOINTMENT: lambda: services.identify(order.pk, make_details()),
            DraftStep.TERMS: lambda: services.hold_slot(order.pk, AppointmentSlot.objects.first().pk),
        }
        for reached, way in ways.items():
            if list(DraftStep).index(reached) <= list(DraftStep).index(step):
                way()

        refusal = self.refused(Order.objects.get(pk=order.pk))

        assert (refusal.code, refusal.field) == ("incomplete", step)

    def test_terms_that_hold_no_more(self, market, draft):
        new = make_terms(market.division)

        refusal = self.refused(draft)

        assert (refusal.code, refusal.field) == ("terms_changed", DraftStep.TERMS)
        assert submit(agree(draft), key="key").terms == new

    @pytest.mark.parametrize(
        "change",
        [
            lambda campaign: deactivate_campaign(campaign.pk, by=None),
            lambda campaign: Campaign.objects.filter(pk=campaign.pk).update(ends_on=date(2026, 11, 1)),
            lambda campaign: campaign.entries.all().delete(),
            lambda campaign: make_campaign(
                campaign.division, campaign.code, packages=[Package.objects.get().code], eligibility=FOR_NOBODY
            ),
        ],
    )
    def test_what_is_no_longer_offered_though_its_price_is_the_same(self, market, draft, change):
        change(Campaign.objects.get(code=draft.campaign))

        refusal = self.refused(draft)
        refreshed = services.refresh_draft(draft.pk)

        assert refusal.code == "qualification_changed"
        assert (refreshed.is_possible, refreshed.order.quote) == (False, None)

    def test_a_price_that_has_changed_since_and_says_which_line(self, market, draft):
        internet = draft.quoted.lines[0]
        set_price(
            Product.objects.get(code=internet.code).pk, division=market.division, kind=PriceKind.RECURRING, amount=Decimal("70.00"),
            starts_on=today(market.division), by=None,
        )  # fmt: skip

        refusal = self.refused(draft)

        assert refusal.code == "price_changed"
        assert f"{internet.name}, each month after promotions: $60.00 → $70.00" in refusal.message
        assert "Each month: $122.72 → " in refusal.message

    @pytest.mark.parametrize(
        "change",
        [
            lambda order, market: services.choose_options(order.pk, choices={}, add_ons={market.add_on: 1}),
            lambda order, _market: services.identify(
                order.pk, replace(details_of(order), billing_address="Elsewhere 1")
            ),
            lambda order, _market: services.identify(order.pk, details_of(order), note="The key is under the mat."),
            lambda order, market: services.hold_slot(order.pk, open_slots(market.division)[3].pk),
            lambda _order, market: make_terms(market.division),
        ],
    )
    def test_a_cart_that_is_not_what_was_shown_though_the_customer_agreed(self, market, draft, change):
        Product.objects.filter(code=market.add_on).get().prices.update(amount="0.00")
        shown = shown_mark(draft)
        change(draft, market)
        agree(draft)

        assert self.refused(draft, shown=shown).code == "cart_changed"

    def test_an_address_that_cannot_be_served_any_more(self, draft):
        make_available(draft.premises, ProductFamily.VIDEO, status=AvailabilityStatus.UNSERVICEABLE)

        assert self.refused(draft).code == "qualification_changed"

    def test_an_address_where_somebody_else_has_service_by_now(self, market, draft):
        other = make_draft(market, premises=draft.premises)
        order = submit(other)
        services.check_order(order.pk)
        services.request_work_order(order.pk, by=None)
        services.record_work_order_confirmed(order.work_order_request_id, work_order_id="WO-1")
        every = [line.line_id for line in order.lines.all()]
        services.record_install(order.work_order_request_id, lines=every, installed_on=today(market.division))

        assert self.refused(draft).code == "qualification_changed"

    def test_a_slot_on_a_day_that_is_no_longer_offered(self, draft):
        set_value(draft.division, EARLIEST_DAYS, 30)
        set_value(draft.division, LATEST_DAYS, 60)

        with pytest.raises(NotAllowed) as refusal:
            submit(draft)

        assert (refusal.value.code, refusal.value.field) == ("slot_taken", "slot")
        assert Order.objects.get(pk=draft.pk).status == OrderStatus.DRAFT

    def test_a_slot_that_others_took_when_its_time_ran_out(self, db):
        market = make_market(capacity=1)
        order = make_draft(market)
        with time_machine.travel(now() + timedelta(minutes=30)):
            services.release_expired_holds()
            make_draft(market, slot=order.appointment.slot)

            refusal = self.refused(order)

        assert (refusal.code, refusal.field) == ("slot_taken", "slot")

    def test_the_same_person_at_the_same_address_again(self, market):
        details = make_details()
        submit(make_draft(market, details=details))
        again = make_draft(market, details=details, premises=Order.objects.get().premises)

        assert self.refused(again).code == "duplicate_account"

    def test_nobody_who_orders_again_after_cancelling(self, market):
        details = make_details()
        first = submit(make_draft(market, details=details))
        services.cancel_order(first.pk, CancelReason.MISTAKE, by=None)

        again = submit(make_draft(market, details=details, premises=first.premises), key="again")

        assert again.status == OrderStatus.ACKNOWLEDGED

    @pytest.mark.django_db(transaction=True)
    def test_one_of_two_orders_of_the_same_person_at_once(self):
        market, details = make_market(), make_details()
        one = make_draft(market, details=details)
        other = make_draft(market, details=details, premises=one.premises)

        outcomes = together(lambda: submit(one).pk, lambda: submit(other).pk)

        refusals = [outcome for outcome in outcomes if isinstance(outcome, NotAllowed)]
        assert [refusal.code for refusal in refusals] == ["duplicate_account"]
        assert Account.objects.count() == Customer.objects.count() == 1

    def test_what_has_expired(self, draft):
        with time_machine.travel(now() + timedelta(days=100)):
            services.expire_old_drafts()

        with pytest.raises(NotAllowed) as refusal:
            submit(draft)

        assert refusal.value.code == "not_a_draft"

"""A cart, step by step."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import ContactDetails
from accounts.testing import make_details, make_partner
from catalog.models import Price, Product
from catalog.services import set_price
from catalog.states import PriceKind
from foundation.divisions.queries import one_configuration_version
from foundation.divisions.services import set_value
from foundation.divisions.testing import make_division
from foundation.lifecycle import NotAllowed
from foundation.now import now, today
from foundation.people.states import Role
from foundation.people.testing import make_person
from orders import services
from orders.models import Order
from orders.queries import current_terms, details_of, needs_appointment, next_step, open_slots, order_by_token
from orders.settings import NO_VISIT_PRODUCTS
from orders.states import Channel, DraftStep, OrderStatus
from orders.testing import agree, make_cart, make_draft, make_market, make_order, make_terms, submit
from territory.states import AvailabilityStatus, ProductFamily
from territory.testing import make_available, make_qualification


@pytest.fixture
def market(db):
    return make_market()


def start(market, qualification, *, key="form", division=None, by=None, sold_for=None, brought_by=()):
    return services.start_order(
        qualification.pk, division=division or market.division, site_code="", channel=Channel.WEB, language="en",
        key=key, by=by, sold_for=sold_for, attribution=brought_by,
    )  # fmt: skip


def accept(order, terms_id, *, shown=""):
    return services.accept_terms(order.pk, terms_id, shown=shown or order.content_digest, evidence={}, by=None)


def dearer(order, market):
    """Quote again what costs more by now."""
    internet = Product.objects.get(code=order.quoted.lines[0].code)
    values = {"kind": PriceKind.RECURRING, "amount": Decimal("70.00"), "starts_on": today(market.division)}
    set_price(internet.pk, division=market.division, by=None, **values)
    services.refresh_draft(order.pk)


class TestStartOrder:
    def test_belongs_to_the_division_of_the_address(self, market):
        below = make_division(parent=market.division)

        order = start(market, make_qualification(below))

        assert order.division == below

    def test_with_the_same_key_starts_one(self, market):
        qualification = make_qualification(market.division)

        assert start(market, qualification).pk == start(market, qualification).pk

    @pytest.mark.parametrize("elsewhere", [False, True])
    def test_gives_nobody_the_cart_of_another_who_guesses_its_key(self, market, elsewhere):
        qualification, csr = make_qualification(market.division), make_person(Role.CSR, market.division)
        of_staff = start(market, qualification, key="lead-1", by=csr)
        of_visitor = start(market, qualification, key="1")
        there = make_qualification(market.division) if elsewhere else qualification

        guessed = start(market, there, key="lead-1")

        assert guessed.pk not in {of_staff.pk, of_visitor.pk}
        assert (guessed.sold_by, guessed.qualification) == (None, there)
        assert start(market, there, key="1", by=csr).pk not in {of_staff.pk, of_visitor.pk, guessed.pk}

    def test_is_refused_where_nothing_can_be_had(self, market):
        nothing = make_qualification(market.division, status=AvailabilityStatus.UNSERVICEABLE)

        with pytest.raises(NotAllowed) as refusal:
            start(market, nothing)

        assert refusal.value.code == "not_orderable"

    def test_is_refused_in_another_market(self, market):
        with pytest.raises(NotAllowed) as refusal:
            start(market, make_qualification(market.division), division=make_division())

        assert refusal.value.code == "other_market"

    def test_counts_as_sold_by_staff_or_for_a_partner(self, market):
        csr, partner = make_person(Role.CSR, market.division), make_partner(market.division, user=make_person())

        by_staff = start(market, make_qualification(market.division), key="1", by=csr)
        by_partner = start(market, make_qualification(market.division), key="2", by=partner.user, sold_for=partner)
        by_customer = start(market, make_qualification(market.division), key="3", by=make_person())

        assert (by_staff.sold_by, by_staff.user) == (csr, None)
        assert (by_partner.sold_by, by_partner.sold_for) == (partner.user, partner)
        assert by_customer.sold_by is None

    def test_counts_as_sold_for_the_partner_whose_link_was_followed(self, market):
        partner, customer = make_partner(market.division, code="Corner-Shop"), make_person()
        below = make_division(parent=market.division)

        order = start(market, make_qualification(below), by=customer, brought_by=["partner:corner-SHOP", "touch:abc"])

        assert (order.sold_for, order.sold_by, order.user) == (partner, None, customer)
        assert order.attribution == ["partner:corner-SHOP", "touch:abc"]

    @pytest.mark.parametrize("code", ["nobody", "", "former", "elsewhere"])
    def test_keeps_a_code_under_which_nobody_sells_here_today(self, market, code):
        yesterday = today(market.division) - timedelta(days=1)
        make_partner(market.division, code="former", active_from=yesterday, active_until=yesterday)
        make_partner(make_division(), code="elsewhere")

        order = start(market, make_qualification(market.division), brought_by=[f"partner:{code}"])

        assert (order.sold_for, order.attribution) == (None, [f"partner:{code}"])

    def test_is_reached_by_a_secret(self, market):
        order = make_cart(market)

        assert order_by_token(order.token) == order
        assert order_by_token("x") is None
        assert len(order.token) == 32


class TestNextStep:
    def test_goes_through_all_in_order(self, market):
        order = make_cart(market)
        steps = []
        ways = [
            lambda: services.choose_package(order.pk, market.package),
            lambda: services.identify(order.pk, make_details()),
            lambda: services.hold_slot(order.pk, open_slots(market.division)[0].pk),
            lambda: agree(order),
        ]
        for way in ways:
            steps.append(next_step(Order.objects.get(pk=order.pk)))
            way()

        assert [*steps, next_step(Order.objects.get(pk=order.pk))] == list(DraftStep)

    def test_needs_no_appointment_for_what_the_customer_installs(self, market):
        order = make_draft(market)
        assert needs_appointment(order)

        set_value(market.division, NO_VISIT_PRODUCTS, [order.quoted.lines[3].code])

        assert not needs_appointment(order)


class TestChoosing:
    def test_a_package_that_the_address_cannot_have_is_refused_with_the_reason(self, market):
        order = make_cart(market)
        make_available(order.premises, ProductFamily.VIDEO, status=AvailabilityStatus.UNSERVICEABLE)
        services.refresh_draft(order.pk)

        with pytest.raises(NotAllowed) as refusal:
            services.choose_package(order.pk, market.package)

        assert refusal.value.code == "not_offered"

    def test_a_package_that_is_not_sold_is_refused(self, market):
        with pytest.raises(NotAllowed, match="not sold here"):
            services.choose_package(make_cart(market).pk, "no-such-package")

    def test_options_before_a_package_is_refused(self, market):
        with pytest.raises(NotAllowed) as refusal:
            services.choose_options(make_cart(market).pk, choices={}, add_ons={})

        assert refusal.value.code == "no_package"

    def test_too_many_of_an_add_on_is_refused_and_changes_nothing(self, market):
        order = make_draft(market, modems=1)

        with pytest.raises(NotAllowed):
            services.choose_options(order.pk, choices={}, add_ons={market.add_on: 4})

        assert Order.objects.get(pk=order.pk).quote == order.quote

    @pytest.mark.parametrize(
        ("step", "most"),
        [
            (lambda order, market: services.choose_package(order.pk, market.package), 3),
            (lambda order, market: services.choose_options(order.pk, choices={}, add_ons={market.add_on: 1}), 3),
            (lambda order, _market: services.identify(order.pk, make_details()), 2),
            (lambda order, market: services.hold_slot(order.pk, market.slot), 5),
            (lambda order, market: accept(order, market.terms), 2),
        ],
    )
    def test_takes_few_statements(self, market, step, most):
        order = make_draft(market)
        object.__setattr__(market, "slot", order.appointment.slot_id)
        object.__setattr__(market, "terms", order.terms_id)
        step(order, market)

        with one_configuration_version(), CaptureQueriesContext(connection) as statements:
            step(order, market)

        counted = [one["sql"] for one in statements if "SAVEPOINT" not in one["sql"]]
        assert len(counted) <= most, "\n".join(counted)

    @pytest.mark.parametrize(
        "step",
        [
            lambda order, market: services.choose_package(order.pk, market.package),
            lambda order, _market: services.choose_options(order.pk, choices={}, add_ons={}),
            lambda order, _market: services.identify(order.pk, make_details()),
            lambda order, _market: accept(order, order.terms_id),
            lambda order, _market: services.refresh_draft(order.pk),
        ],
    )
    def test_is_refused_once_submitted(self, market, step):
        order = make_order(market=market)

        with pytest.raises(NotAllowed) as refusal:
            step(order, market)

        assert refusal.value.code == "not_a_draft"


class TestAcceptTerms:
    def test_is_refused_when_new_ones_hold(self, market):
        order, old = make_draft(market), current_terms(market.division)
        make_terms(market.division)

        with pytest.raises(NotAllowed) as refusal:
            accept(order, old.pk)

        assert refusal.value.code == "terms_changed"

    def test_is_refused_to_who_sells_and_to_every_colleague(self, market):
        csr, partner = make_person(Role.CSR, market.division), make_partner(market.division, user=make_person())
        colleague = make_person(Role.AUDITOR, make_division())
        of_staff = make_cart(market, by=csr)
        of_partner = make_cart(market, by=partner.user, sold_for=partner)

        for order, by in (
            (of_staff, csr), (of_staff, colleague), (make_cart(market), colleague), (of_partner, partner.user),
        ):  # fmt: skip
            with pytest.raises(NotAllowed) as refusal:
                agree(order, by=by)
            assert refusal.value.code == "not_for_the_seller"

    def test_is_refused_for_what_the_customer_did_not_see(self, market):
        order = make_draft(market)
        seen = order.content_digest
        services.choose_options(order.pk, choices={}, add_ons={market.add_on: 1})

        with pytest.raises(NotAllowed) as refusal:
            accept(order, current_terms(market.division).pk, shown=seen)

        assert refusal.value.code == "cart_changed"

    def test_may_come_from_the_customer_of_an_order_that_staff_submits(self, market):
        csr = make_person(Role.CSR, market.division)

        order = submit(make_draft(market, by=csr), by=csr)

        assert (order.status, order.sold_by) == (OrderStatus.ACKNOWLEDGED, csr)


class TestAnAgreement:
    @pytest.mark.parametrize(
        "change",
        [
            lambda order, market: services.choose_options(order.pk, choices={}, add_ons={market.add_on: 2}),
            lambda order, _market: services.identify(order.pk, make_details(email="another@people.example")),
            lambda order, _market: services.identify(
                order.pk, replace(details_of(order), billing_address="1 Other Street")
            ),
            dearer,
        ],
    )
    def test_ends_when_what_was_agreed_to_changes(self, market, change):
        order = make_draft(market)

        change(order, market)

        order = Order.objects.get(pk=order.pk)
        assert (order.terms, order.terms_accepted_at, order.terms_evidence, order.is_agreed) == (None, None, {}, False)
        with pytest.raises(NotAllowed) as refusal:
            submit(order)
        assert (refusal.value.code, refusal.value.field) == ("incomplete", DraftStep.TERMS)

    @pytest.mark.parametrize(
        "step",
        [
            lambda order, market: services.choose_package(order.pk, market.package),
            lambda order, _market: services.choose_options(order.pk, choices={}, add_ons={}),
            lambda order, _market: services.identify(order.pk, details_of(order), note="Ring thrice."),
            lambda order, _market: services.refresh_draft(order.pk),
            lambda order, market: services.hold_slot(order.pk, open_slots(market.division)[1].pk),
        ],
    )
    def test_stays_when_the_same_is_answered_again(self, market, step):
        order = make_draft(market)

        step(order, market)

        assert Order.objects.get(pk=order.pk).is_agreed

    def test_to_what_the_database_was_made_to_hold_otherwise_counts_for_nothing(self, market):
        order = make_draft(market)
        Order.objects.filter(pk=order.pk).update(contact={**order.contact, "billing_address": "1 Other Street"})

        with pytest.raises(NotAllowed) as refusal:
            submit(Order.objects.get(pk=order.pk))

        assert (refusal.value.code, refusal.value.field) == ("incomplete", DraftStep.TERMS)


class TestCurrentTerms:
    def test_are_the_nearest_divisions_newest(self, market):
        below = make_division(parent=market.division)
        inherited = current_terms(below)
        own = make_terms(below)

        assert inherited == current_terms(market.division)
        assert current_terms(below) == own


class TestRefreshDraft:
    def test_says_every_change_and_keeps_what_was_typed(self, market):
        order = make_draft(market)
        Price.objects.filter(product_id__code=order.quoted.lines[0].code).update(amount="65.00")

        with time_machine.travel(now() + timedelta(days=40)):
            refreshed = services.refresh_draft(order.pk)

            assert not refreshed.order.qualification.is_expired(now())
        assert refreshed.is_possible
        assert any("$60.00 → $65.00" in change for change in refreshed.changes)
        assert refreshed.order.contact == order.contact

    def test_says_nothing_when_nothing_has_changed(self, market):
        assert services.refresh_draft(make_draft(market).pk).changes == ()

    def test_empties_the_cart_when_it_cannot_be_had(self, market):
        order = make_draft(market)
        make_available(order.premises, ProductFamily.INTERNET, status=AvailabilityStatus.BLOCKED)

        refreshed = services.refresh_draft(order.pk)

        assert not refreshed.is_possible
        assert next_step(Order.objects.get(pk=order.pk)) == DraftStep.PACKAGE


class TestContactDetails:
    def test_are_kept_in_one_spelling(self):
        details = ContactDetails.typed(
            name="  Robin   Resident ", email=" Robin@People.Example ", phone="(202) 555-0143"
        )

        assert (details.name, details.email, details.phone) == (
            "Robin Resident",
            "robin@people.example",
            "+12025550143",
        )
        assert ContactDetails.from_json(details.as_json()) == details

    @pytest.mark.parametrize(
        ("typed", "field"), [({"name": " "}, "name"), ({"email": "robin"}, "email"), ({"phone": "555"}, "phone")]
    )
    def test_that_cannot_be_read_are_refused(self, typed, field):
        with pytest.raises(NotAllowed) as refusal:
            make_details(**typed)

        assert refusal.value.field == field

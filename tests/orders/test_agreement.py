"""The customer of an order that somebody sells agrees by a secret that only their mailbox gets to see."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.testing import make_details, make_partner
from foundation.correspondence.models import Message
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from orders import services
from orders.models import Order
from orders.queries import agreement_proof, current_terms, details_of, doubts_about_agreement
from orders.states import CancelReason, DraftStep, OrderStatus
from orders.testing import agree, bring_to, fill_in, make_cart, make_market, make_order, submit


@pytest.fixture
def market(db):
    return make_market()


@pytest.fixture
def csr(market):
    return make_person(Role.CSR, market.division)


@pytest.fixture
def sold(market, csr):
    """A cart that a CSR has filled in, and to which the customer has not agreed."""
    return fill_in(make_cart(market, by=csr), market)


def accept(order: Order, proof: str) -> Order:
    """Agree as nobody in particular."""
    terms = current_terms(order.division)
    return services.accept_terms(order.pk, terms.pk, shown=order.content_digest, evidence={}, by=None, proof=proof)


def refused(order: Order, *, by=None) -> NotAllowed:
    """Return why the link is not sent."""
    with pytest.raises(NotAllowed) as refusal:
        services.send_agreement_link(order.pk, by=by)
    assert not Message.objects.exists()
    return refusal.value


class TestAcceptTermsOfWhatIsSold:
    def test_needs_the_secret_of_the_customers_letter(self, sold, csr):
        message = services.send_agreement_link(sold.pk, by=csr)
        proof = re.search(r"by_letter=(\S+)", message.text)[1]

        order = submit(accept(sold, proof), by=csr)

        assert message.to == details_of(sold).email
        assert (order.status, order.terms_evidence) == (
            OrderStatus.ACKNOWLEDGED,
            {"agreed_by": "the link that was mailed"},
        )

    def test_is_refused_without_it_whoever_sold_it(self, market, sold):
        partner = make_partner(market.division, user=make_person())
        of_partner = fill_in(make_cart(market, by=partner.user, sold_for=partner), market)

        for order in (sold, of_partner):
            for proof in ("", "nonsense", agreement_proof(order) + "x"):
                with pytest.raises(NotAllowed) as refusal:
                    accept(order, proof)
                assert refusal.value.code == "not_for_the_seller"

    def test_is_refused_with_that_of_another_order(self, market, csr, sold):
        other = fill_in(make_cart(market, by=csr), market, details=details_of(sold))

        with pytest.raises(NotAllowed):
            accept(sold, agreement_proof(other))

    def test_is_refused_with_that_of_another_address(self, sold):
        """Who sells mails it to a mailbox of their own, and enters the customer's address then."""
        proof = agreement_proof(sold)
        order = services.identify(sold.pk, replace(details_of(sold), email="customer@people.example"))

        with pytest.raises(NotAllowed):
            accept(order, proof)

    def test_is_refused_after_two_weeks(self, sold):
        proof = agreement_proof(sold)

        with time_machine.travel(now() + timedelta(days=14, minutes=1)), pytest.raises(NotAllowed):
            accept(sold, proof)

    def test_is_refused_to_staff_even_with_it(self, sold, csr):
        with pytest.raises(NotAllowed):
            agree(sold, by=csr)


@pytest.fixture
def partner(market):
    return make_partner(market.division, user=make_person(email="pat@dealer.example"))


def sell(market, partner, email):
    """Fill a cart in as a partner, for a customer at an address."""
    cart = make_cart(market, by=partner.user, sold_for=partner)
    return fill_in(cart, market, details=make_details(email=email))


class TestMailboxOfWhatAPartnerSells:
    @pytest.mark.parametrize("email", ["pat+new@dealer.example", "rival@elsewhere.example", "home@people.example"])
    def test_is_not_one_that_belongs_to_somebody_who_sells(self, market, partner, email):
        make_partner(market.division, user=make_person(email="rival@elsewhere.example"))
        own = make_order(market=market, details=make_details(email="home@people.example"))
        own.customer.user = partner.user
        own.customer.save()

        assert refused(sell(market, partner, email), by=partner.user).code == "own_address"

    def test_agrees_to_one_order_at_a_time(self, market, partner):
        first, second, third = (sell(market, partner, f"casey{tag}@people.example") for tag in ("", "+2", "+3"))
        agreed = agree(second)  # while nothing is under way
        placed = submit(agree(first))

        with pytest.raises(NotAllowed) as refusal:
            submit(agreed)

        assert refusal.value.code == "mailbox_used"
        assert refused(third, by=partner.user).code == "mailbox_used"
        services.cancel_order(placed.pk, CancelReason.MISTAKE, by=None)
        assert submit(agreed).submitted_at

    def test_agrees_to_another_once_its_customer_is_served_and_to_what_others_sell(self, market, partner):
        rival = make_partner(market.division, user=make_person())
        bring_to(agree(sell(market, partner, "served@people.example")), OrderStatus.COMPLETED)
        orders = [
            sell(market, partner, "served@people.example"),
            sell(market, partner, "served@people.example"),
            sell(market, partner, "other@people.example"),
            sell(market, rival, "other@people.example"),
        ]

        assert all(submit(agree(order)).submitted_at for order in orders)

    def test_is_doubted_before_staff_at_the_partners_domain_or_in_other_orders(self, market, partner, csr):
        plain = sell(market, partner, "customer@people.example")
        first = submit(agree(sell(market, partner, "sam@dealer.example")))
        services.cancel_order(first.pk, CancelReason.MISTAKE, by=None)
        second = agree(sell(market, partner, "sam+2@dealer.example"))

        assert doubts_about_agreement(plain) == []
        domain, others = doubts_about_agreement(second)
        assert "partner's own domain" in domain
        assert others == "The same mailbox stands in 1 other order of this partner."
        page = sign_in(Client(), csr).get(reverse("desk:order", args=[second.pk])).content.decode()
        assert "sam+2@dealer.example is at the partner" in page


class TestSendAgreementLink:
    def test_says_what_was_filled_in(self, sold, csr):
        message = services.send_agreement_link(sold.pk, by=csr)

        for text in (message.text, message.html):
            assert sold.address in text
            assert sold.quoted.package_name in text
            assert "Read the terms and agree" in text
            assert f"/order/{sold.token}/?by_letter=" in text

    def test_shows_the_link_to_nobody_else(self, sold, csr):
        message = services.send_agreement_link(sold.pk, by=csr)

        for shown in (message.shown_text, message.shown_html):
            assert sold.address in shown
            assert sold.token not in shown
            assert "by_letter" not in shown

    def test_goes_out_once_in_ten_minutes_unless_the_cart_changes(self, market, sold, csr):
        with time_machine.travel(now().replace(minute=20, second=0), tick=False) as clock:
            first = services.send_agreement_link(sold.pk, by=csr)
            again = services.send_agreement_link(sold.pk, by=csr)
            services.choose_options(sold.pk, choices={}, add_ons={market.add_on: 1})
            changed = services.send_agreement_link(sold.pk, by=csr)
            clock.shift(timedelta(minutes=10))
            later = services.send_agreement_link(sold.pk, by=csr)

        assert first == again
        assert len({first.pk, changed.pk, later.pk}) == 3

    def test_is_refused_where_the_customer_orders_themselves(self, market):
        assert refused(fill_in(make_cart(market), market)).code == "not_sold"

    def test_is_refused_while_something_is_missing(self, market, csr):
        refusal = refused(make_cart(market, by=csr))

        assert (refusal.code, refusal.field) == ("incomplete", DraftStep.PACKAGE)

    def test_is_refused_once_the_customer_has_agreed(self, sold):
        assert refused(agree(sold)).code == "agreed"

    def test_is_refused_to_an_address_of_who_sells(self, market, sold, csr):
        name, domain = csr.email.split("@")
        colleague = make_person(Role.AUDITOR, market.division)

        for email in (csr.email.upper(), f"{name}+customer@{domain}", colleague.email):
            order = services.identify(sold.pk, make_details(email=email))
            assert refused(order).code == "own_address"

    def test_is_refused_to_staff_who_may_not_work_on_orders(self, market, sold):
        assert refused(sold, by=make_person(Role.AUDITOR, market.division)).code == "not_permitted"

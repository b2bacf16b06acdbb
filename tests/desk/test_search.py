"""One box finds everything, however it is typed, and reads no table from end to end."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Customer
from accounts.queries import customers_meant
from accounts.testing import make_details
from commissions.testing import make_programme, make_referrer
from foundation.people.states import Role
from leads.models import Lead
from leads.testing import make_lead
from orders.models import Order
from orders.states import OrderStatus
from orders.testing import Market, make_order
from referrals.queries import shown_code
from territory.models import Premises


def found(client, text: str) -> dict[str, list[str]]:
    groups = client.get(reverse("desk:search"), {"q": text}).context["groups"]
    return {group.label: [one.url for one in group.found] for group in groups}


def page_of(order: Order) -> str:
    return reverse("desk:order", args=[order.pk])


@pytest.fixture
def order(market: Market) -> Order:
    details = make_details(name="José O’Brien-Muñoz", email="pepe.brien@people.example", phone="+1 607 555 0142")
    return make_order(OrderStatus.IN_PROGRESS, market, details=details)


class TestSearch:
    @pytest.mark.parametrize(
        "text",
        ["jose", "José", "MUNOZ", "O'Brien", "o’brien", "obrien", "Brien Muñoz", "jose o'brien"],
    )
    def test_reads_names_without_accents_and_signs(self, text, order, csr):
        assert page_of(order) in found(csr, text)["Orders"]
        assert found(csr, text)["Customers"] == [reverse("desk:customer", args=[order.customer_id])]

    @pytest.mark.parametrize("text", ["Obrein", "jsoe", "Munos", "Jose Munnoz", "obrian munoz"])
    def test_forgives_a_wrong_letter_in_a_name(self, text, order, csr):
        assert page_of(order) in found(csr, text)["Orders"]
        assert found(csr, text)["Customers"] == [reverse("desk:customer", args=[order.customer_id])]

    def test_takes_a_name_as_it_is_typed_before_one_that_is_like_it(self, order, market, csr):
        brian = make_order(OrderStatus.IN_PROGRESS, market, details=make_details(name="Ann Obrian"))

        assert found(csr, "obrian")["Customers"] == [reverse("desk:customer", args=[brian.customer_id])]

    @pytest.mark.parametrize(
        "text", ["555-0142", "0142", "(607) 555", "607.555.01", "pepe.bri", "brien@people", "PEPE"]
    )
    def test_finds_a_part_of_a_phone_number_or_an_e_mail_address(self, text, order, csr):
        assert found(csr, text)["Customers"] == [reverse("desk:customer", args=[order.customer_id])]

    def test_finds_the_work_order_of_the_vendor(self, order, csr):
        Order.objects.filter(pk=order.pk).update(work_order_id="WO-77123")

        assert found(csr, "wo-77123")["Orders"] == [page_of(order)]

    def test_finds_a_street_without_a_house_number(self, order, csr):
        house = Premises.objects.get(pk=order.premises_id)
        street = house.street_line.split(" ", 1)[1]

        groups = found(csr, street)

        assert page_of(order) in groups["Orders"]
        assert reverse("desk:customer", args=[order.customer_id]) in groups["Customers"]
        assert f"premises={house.pk}" in " ".join(groups["Addresses"])

    @pytest.mark.parametrize("text", ["Réné", "rene", "Rne Dubois", "Larkspur Lane 7", "larkspur"])
    def test_finds_a_lead_in_the_same_way(self, text, market, csr):
        lead = make_lead(market.division)
        Lead.objects.filter(pk=lead.pk).update(name="René Dubois", address="Larkspur Lane 7, Rutland")

        assert found(csr, text)["Leads"] == [reverse("desk:lead", args=[lead.pk])]

    @pytest.mark.parametrize("shown", [shown_code, str.upper, str.lower])
    def test_finds_whose_code_was_said(self, shown, market, csr, elsewhere):
        mine, theirs = (make_referrer(make_programme(place.division)) for place in (market, elsewhere))

        url = reverse("desk:customer", args=[mine.customer_id])
        assert found(csr, shown(mine.code))["Referral codes"] == [url]
        assert "Referral codes" not in found(csr, shown(theirs.code))

    def test_asks_as_many_statements_with_many_as_with_one(self, order, market, csr):
        counts = []
        for _round in range(2):
            found(csr, "jose")  # what is remembered of the configuration is read
            with CaptureQueriesContext(connection) as asked:
                assert found(csr, "jose")
            counts.append(len(asked))
            for number in range(3):
                details = make_details(name="Jose Twin", email=f"twin{number}@people.example")
                make_order(OrderStatus.IN_PROGRESS, market, details=details)

        assert counts[0] == counts[1]

    def test_shows_no_neighbour_in_a_market_of_others(self, elsewhere, csr):
        order = make_order(market=elsewhere, details=make_details(name="Grace Hopper"))
        street = Premises.objects.get(pk=order.premises_id).street_line.split(" ", 1)[1]

        urls = {url for urls in found(csr, street).values() for url in urls}

        assert page_of(order) not in urls
        assert found(csr, "Grase Hopper") == {}

    @pytest.mark.parametrize("text", ["jose", "jsoe", "0142", "pepe.b@", "1000001"])
    def test_reads_no_table_from_end_to_end(self, text, order, signed_in, market):
        person = signed_in(Role.CSR, market.division).person
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            with CaptureQueriesContext(connection) as asked:
                list(customers_meant(text, among=Customer.objects.filter(division__in=[market.division.pk])))
            for statement in asked:
                cursor.execute(f"EXPLAIN {statement['sql']}")
                plan = "\n".join(row[0] for row in cursor.fetchall())
                assert "Seq Scan on accounts" not in plan, (person, plan)

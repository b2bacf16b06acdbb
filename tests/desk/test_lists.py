"""Lists: filtered by the address, sorted, paged without counting everything, exported as seen, saved by people."""

import csv
import io
import re
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.http import QueryDict
from django.template import Context, Template
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation
from pytest_django.asserts import assertHTMLEqual

from accounts.testing import make_details
from commissions.models import LedgerEntry
from foundation.now import now
from foundation.people.states import Role
from interfaces.desk import paging
from interfaces.desk.models import SavedFilter
from interfaces.desk.paging import Order as SortOrder, count_of, page_of
from interfaces.desk.queries import stuck
from interfaces.desk.templatetags.desk import control, named
from leads.testing import make_lead
from orders.models import Order
from orders.queries import orders_visible_to
from orders.services import record_window, record_work_order_unknown
from orders.states import OrderStatus
from orders.testing import fail_the_rest, make_cart, make_order

ORDERS = "desk:orders"


def listed(client, **query):
    return list(client.get(reverse(ORDERS), query).context["page"].rows)


class TestFilters:
    def test_leave_carts_out_unless_asked_for(self, market, csr):
        cart, order = make_cart(market), make_order(market=market)

        assert listed(csr) == [order]
        assert listed(csr, status="draft") == [cart]

    def test_find_by_number_name_phone_and_email(self, market, csr):
        order = make_order(market=market, details=make_details(name="Ada Lovelace", email="ada@people.example"))
        make_order(market=market)

        phone = str(order.customer.contacts.get().phone)
        for text in (order.number, "lovelace", "ADA@people.example"):
            assert listed(csr, text=text) == [order]
        assert order in listed(csr, text=phone)

    @pytest.mark.parametrize("code", ["held", "reminder", "unknown", "to_decide", "partly_failed"])
    def test_find_what_is_stuck(self, code, market, csr):
        rows = {
            "held": make_order(OrderStatus.HELD, market),
            "unknown": make_order(OrderStatus.PENDING, market),
            "to_decide": make_order(OrderStatus.ASSESSING_CANCELLATION, market),
            "partly_failed": make_order(OrderStatus.PARTIAL, market),
            "fine": make_order(OrderStatus.COMPLETED, market),
            "on its way": make_order(OrderStatus.PARTIAL, market),
        }
        fail_the_rest(rows["partly_failed"])
        rows["reminder"] = rows["held"]
        record_work_order_unknown(rows["unknown"].work_order_request_id)

        assert listed(csr, stuck=code) == [rows[code]]

    def test_find_what_should_have_happened(self, market, csr):
        order, done = make_order(OrderStatus.IN_PROGRESS, market), make_order(OrderStatus.COMPLETED, market)

        before = list(stuck(orders_visible_to(csr.person), "overdue"))
        with time_machine.travel(order.appointment.ends_at + timedelta(minutes=5), tick=False):
            after = list(stuck(orders_visible_to(csr.person), "overdue"))

        assert done.appointment.ends_at == order.appointment.ends_at
        assert (before, after) == ([], [order])

    def test_find_no_visit_overdue_that_the_billing_system_has_named_later(self, market, csr):
        order = make_order(OrderStatus.IN_PROGRESS, market)
        booked = order.appointment.ends_at
        given = {"starts_at": booked + timedelta(hours=4), "ends_at": booked + timedelta(hours=6)}
        record_window(order.work_order_request_id, **given)

        with time_machine.travel(booked + timedelta(hours=5), tick=False):
            before = list(stuck(orders_visible_to(csr.person), "overdue"))
        with time_machine.travel(booked + timedelta(hours=7), tick=False):
            after = list(stuck(orders_visible_to(csr.person), "overdue"))

        assert (before, after) == ([], [order])

    def test_find_by_age(self, market, csr):
        order = make_order(market=market)

        assert listed(csr, age="3") == []
        Order.objects.filter(pk=order.pk).update(submitted_at=now() - timedelta(days=4))
        assert listed(csr, age="3") == [order]
        assert listed(csr, age="7") == []

    def test_say_what_is_wrong_and_show_everything(self, market, csr):
        order = make_order(market=market)

        page = csr.get(reverse(ORDERS), {"status": "nonsense"})

        assert page.status_code == 200
        assert list(page.context["page"].rows) == [order]
        assert "nonsense" in page.content.decode()

    def test_are_shown_as_chips_that_can_be_taken_away(self, market, csr):
        page = csr.get(reverse(ORDERS), {"status": "held", "age": "7", "after": "1,1"}).context["page"]

        assert [(chip.label, chip.value, chip.query) for chip in page.chips] == [
            ("State", "On hold", "age=7"),
            ("Age", "Older than a week", "status=held"),
        ]

    def test_are_folded_behind_the_first_and_say_how_many_are_in_force(self, market, csr):
        def folded(**query):
            page = csr.get(reverse(ORDERS), query)
            [details] = re.findall(
                r"<details class=\"desk-filter-more\".*?</details>", page.content.decode(), re.DOTALL
            )
            return details

        assert [name in folded() for name in ('name="text"', 'name="status"', 'name="division"')] == [False, True, True]
        assert ("Filters (" in folded(), "Filters (" in folded(text="Grace")) == (False, False)
        assert "Filters (2)" in folded(text="Grace", status="held", age="7")

    def test_are_unfolded_where_one_of_them_is_wrong(self, market, csr):
        opened = [
            '<details class="desk-filter-more" open>' in csr.get(reverse(ORDERS), query).content.decode()
            for query in ({"status": "held"}, {"status": "nonsense"})
        ]

        assert opened == [False, True]

    @pytest.mark.parametrize("name", ["jobs", "programmes"])
    def test_are_all_folded_where_none_of_several_is_typed(self, market, csr, name):
        [folded] = re.findall(
            r"<details class=\"desk-filter-more\".*?</details>",
            csr.get(reverse(f"desk:{name}")).content.decode(),
            re.DOTALL,
        )

        assert [f'name="{field}"' in folded for field in ("status", "division")] == [True, True]

    @pytest.mark.parametrize("query", [{}, {"status": "held"}, {"status": "nonsense"}])
    def test_are_written_as_django_writes_them(self, query, market, csr):
        form = csr.get(reverse(ORDERS), query).context["page"].form

        for field in form:
            attrs = {"class": re.search('class="([^"]*)"', control(field))[1]}
            assertHTMLEqual(control(field), field.as_widget(attrs=attrs))

    def test_offer_only_divisions_that_the_person_sees(self, market, elsewhere, csr):
        field = csr.get(reverse(ORDERS)).context["page"].form.fields["division"]

        assert list(field.queryset) == [market.division]


class TestWords:
    def test_of_a_state_are_those_of_its_field_in_the_language_of_the_page(self, market):
        order = make_order(OrderStatus.HELD, market)

        for language in ("en", "es", "en"):
            with translation.override(language):
                assert named(order, "status") == order.get_status_display()
        assert named(Order(status="unheard-of"), "status") == "unheard-of"

    def test_of_a_template_are_in_the_language_of_each_page(self):
        page = Template('{% load i18n components %}{% translate "Filter" %} {% translate "Back" as back %}{{ back }}')

        said = []
        for language in ("en", "es", "en"):
            with translation.override(language):
                said.append(page.render(Context()))

        assert said == ["Filter Back", "Filtrar Atrás", "Filter Back"]


class TestPaging:
    @pytest.fixture
    def leads(self, market):
        return [make_lead(market.division) for _ in range(7)]

    def rows_of(self, leads, order, **place):
        query = QueryDict(mutable=True)
        query.update(place)
        return page_of(type(leads[0]).objects.all(), order=order, place=query, size=3)

    @pytest.mark.parametrize("order", [SortOrder("pk"), SortOrder("pk", is_descending=True), SortOrder("address"),
                                       SortOrder("division__name", is_descending=True), SortOrder("captured_at")])  # fmt: skip
    def test_leads_through_every_row_once_and_back_again(self, leads, order):
        pages = [self.rows_of(leads, order)]
        while pages[-1].after:
            pages.append(self.rows_of(leads, order, after=pages[-1].after))
        forwards = [row for page in pages for row in page.rows]

        assert len(forwards) == len(set(forwards)) == len(leads)
        assert forwards == list(type(leads[0]).objects.order_by(*order.terms))

        back = self.rows_of(leads, order, before=pages[-1].before)
        assert back.rows == pages[-2].rows
        assert self.rows_of(leads, order, before=back.before).rows == pages[0].rows

    def test_has_no_way_back_from_the_beginning_and_none_on_from_the_end(self, leads):
        first = self.rows_of(leads, SortOrder("pk"))
        last = self.rows_of(leads, SortOrder("pk"), after=f"{leads[3].pk},{leads[3].pk}")

        assert (first.before, last.after) == ("", "")
        assert first.after
        assert last.before

    @pytest.mark.parametrize(
        "mark",
        [
            "",
            "nonsense",
            "x,y",
            ",",
            "2026-99-99,1",
            "\0,1",
            "0001-01-01T00:00:00+23:59,1",
            "2026-01-01,9223372036854775808",
        ],
    )
    def test_begins_at_the_beginning_where_the_place_is_nonsense(self, leads, mark):
        assert self.rows_of(leads, SortOrder("captured_at"), after=mark).rows == leads[:3]

    @pytest.mark.parametrize("mark", ["1e999999,5", "NaN,5", f"1,{'1' * 5000}", "1,9223372036854775808"])
    def test_begins_at_the_beginning_where_no_column_could_hold_the_place(self, mark, db):
        place = QueryDict(mutable=True)
        place["after"] = mark

        page = page_of(LedgerEntry.objects.all(), order=SortOrder("amount", is_descending=True), place=place)

        assert page.rows == []
        assert page.before == ""

    def test_counts_no_further_than_it_has_to(self, leads, monkeypatch):
        monkeypatch.setattr(paging, "COUNT_UP_TO", 5)
        rows = type(leads[0]).objects.all()

        assert str(count_of(rows)) == "5+"
        assert str(count_of(rows.filter(pk__lte=leads[4].pk))) == "5"

    @pytest.mark.parametrize("name", ["orders", "leads", "submissions", "messages", "jobs"])
    def test_asks_as_many_statements_for_fifty_rows_as_for_one(self, name, market, csr):
        def statements():
            csr.get(address)  # the first request after a change of configuration reads it again
            with CaptureQueriesContext(connection) as captured:
                csr.get(address)
            return len(captured)

        address = reverse(f"desk:{name}")
        make_lead(market.division)
        make_order(OrderStatus.IN_PROGRESS, market)
        for_one = statements()

        for _ in range(49):
            make_lead(market.division)
        for _ in range(12):
            make_order(OrderStatus.IN_PROGRESS, market)

        assert statements() == for_one <= 12


class TestExport:
    def test_holds_what_the_list_shows(self, market, csr):
        held = make_order(OrderStatus.HELD, market, details=make_details(name="=HYPERLINK(1)"))
        make_order(OrderStatus.COMPLETED, market)

        answer = csr.get(reverse(ORDERS), {"status": "held", "export": "csv"})

        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
        assert lines[0][0] == "Order"
        assert [line[:2] for line in lines[1:]] == [[held.number, "'=HYPERLINK(1)"]]

    def test_says_where_it_ends(self, market, csr, monkeypatch):
        monkeypatch.setattr("interfaces.desk.lists.MOST_ROWS", 1)
        make_order(market=market)
        make_order(market=market)

        content = csr.get(reverse(ORDERS), {"export": "csv"}).content.decode("utf-8-sig")

        assert len(content.splitlines()) == 3
        assert "The file ends here, after 1 rows" in content


class TestSavedFilters:
    def test_are_kept_by_the_person_without_the_place(self, market, csr, supervisor):
        saving = {"list": "orders", "name": "My holds", "query": "status=held&after=1,1&age="}

        answer = csr.post(reverse("desk:save_filter"), saving)

        assert answer.url == f"{reverse(ORDERS)}?status=held"
        assert [view.name for view in csr.get(answer.url).context["page"].views if view.is_current] == [
            "On hold",
            "My holds",
        ]
        assert "My holds" not in supervisor.get(reverse(ORDERS)).content.decode()

    def test_replace_those_of_the_same_name(self, market, csr):
        for query in ("status=held", "status=open"):
            csr.post(reverse("desk:save_filter"), {"list": "orders", "name": "Mine", "query": query})

        assert list(SavedFilter.objects.values_list("query", flat=True)) == ["status=open"]

    def test_are_forgotten_by_their_owner_alone(self, market, csr, supervisor):
        csr.post(reverse("desk:save_filter"), {"list": "orders", "name": "Mine", "query": "status=held"})
        address = reverse("desk:forget_filter", args=[SavedFilter.objects.get().pk])

        assert supervisor.post(address).status_code == 404
        assert SavedFilter.objects.exists()
        csr.post(address)
        assert not SavedFilter.objects.exists()

    def test_need_a_name(self, market, csr):
        csr.post(reverse("desk:save_filter"), {"list": "orders", "name": "", "query": "status=held"})

        assert not SavedFilter.objects.exists()

    def test_lead_to_no_list_that_is_not_one(self, market, csr):
        csr.post(reverse("desk:save_filter"), {"list": "home", "name": "x", "query": "a=b"})

        assert not SavedFilter.objects.exists()


class TestSearch:
    def found(self, client, text):
        groups = client.get(reverse("desk:search"), {"q": text}).context["groups"]
        return {group.label: [one.url for one in group.found] for group in groups}

    def test_finds_an_order_by_all_that_a_caller_may_say(self, market, csr):
        order = make_order(market=market, details=make_details(name="Grace Hopper", email="grace@people.example"))
        address = reverse("desk:order", args=[order.pk])
        customer = reverse("desk:customer", args=[order.customer_id])

        for text in (order.number, "grace hop", "GRACE@people.example", order.address):
            assert address in self.found(csr, text)["Orders"]
        for text in (
            order.account.number,
            order.customer.number.lower(),
            "hopper",
            str(order.customer.contacts.get().phone),
        ):
            assert customer in self.found(csr, text)["Customers"]

    def test_finds_a_lead(self, market, csr):
        lead = make_lead(market.division, email="wants@people.example")

        assert self.found(csr, "wants@people.example") == {"Leads": [reverse("desk:lead", args=[lead.pk])]}

    def test_finds_nothing_of_another_market(self, elsewhere, csr):
        order = make_order(market=elsewhere, details=make_details(name="Grace Hopper"))
        lead = make_lead(elsewhere.division)

        for text in (order.number, "Grace Hopper", order.address, order.account.number, lead.email, lead.name):
            assert self.found(csr, text) == {}

    def test_leads_from_nothing_to_the_address_check_with_what_was_typed(self, market, csr):
        page = csr.get(reverse("desk:search"), {"q": "77 Nowhere Lane"}).content.decode()

        assert f"{reverse('desk:new_order')}?address=77+Nowhere+Lane" in page

    def test_shows_a_role_only_what_it_may_see(self, market, signed_in):
        lead = make_lead(market.division)
        agent = signed_in(Role.FIELD_AGENT, market.division)

        assert "Leads" not in self.found(agent, lead.email)

    @pytest.mark.parametrize("text", ["", " ", "%", "_", "'", "a" * 5000, "1" * 40])
    def test_takes_whatever_is_typed(self, text, market, csr):
        assert csr.get(reverse("desk:search"), {"q": text}).status_code == 200

    def test_refuses_what_nobody_types(self, market, csr):
        assert csr.get(reverse("desk:search"), {"q": "\0"}).status_code == 400

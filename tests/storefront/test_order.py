"""The order, one question a page: each page, each refusal, and nothing lost or twice."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.conf import LazySettings
from django.http import HttpResponse
from django.test import Client
from django.utils.translation import override

from catalog.models import Product
from catalog.services import set_price
from catalog.states import PriceKind
from foundation.correspondence.models import Message
from foundation.divisions.services import set_value
from foundation.now import now, today
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from interfaces.storefront.attribution import CameBy
from interfaces.storefront.steps import summary_of
from orders import services
from orders.models import AppointmentSlot, Order
from orders.queries import current_terms, day_in_words, details_of, open_slots, visit_hours
from orders.settings import NO_VISIT_PRODUCTS
from orders.states import OrderStatus
from orders.testing import Market, fill_in, make_cart, make_draft, make_market, make_terms, submit
from territory.models import Qualification
from territory.services import override_availability
from tests.storefront.conftest import Visitor, statements_of

DETAILS = {"name": "Jo Sample", "email": "jo@example.com", "phone": "602 555 0123"}
QUESTIONS = ("package", "options", "details", "appointment", "terms", "review")


def text(response: HttpResponse) -> str:
    return response.content.decode()


def hidden(page: str, name: str) -> str:
    """Return the value of a hidden field as the page sends it."""
    return page.split(f'name="{name}" value="', 1)[1].split('"', 1)[0]


def fill(visitor: Visitor, order: Order, question: str, **form: object) -> HttpResponse:
    """Open a question's page and send its form with the marks that it carries."""
    address = f"/order/{order.token}/{question}/"
    page = text(visitor.get(address))
    marks = {name: hidden(page, name) for name in ("seen", "key", "shown", "terms") if f'name="{name}" value="' in page}
    return visitor.post(address, {**marks, **form})


def slot_of(market: Market) -> AppointmentSlot:
    return open_slots(market.division)[0]


def whole_order(visitor: Visitor) -> Order:
    """Go the whole way, as a browser without JavaScript does."""
    order = visitor.begin()
    fill(visitor, order, "options")
    fill(visitor, order, "details", **DETAILS)
    fill(visitor, order, "appointment", slot=slot_of(visitor.market).pk)
    fill(visitor, order, "terms", agree="on")
    response = fill(visitor, order, "review")
    assert response["Location"] == f"/order/{order.token}/confirmation/"
    order.refresh_from_db()
    return order


class TestTheWholeOrder:
    def test_is_submitted_as_it_was_shown(self, visitor: Visitor):
        order = whole_order(visitor)

        page = text(visitor.get(f"/order/{order.token}/confirmation/"))

        assert order.status == OrderStatus.ACKNOWLEDGED
        assert "Thank you, Jo Sample" in page
        assert f"Order {order.number}" in page
        assert f"${order.monthly}" in page

    def test_takes_at_most_eighty_statements_in_fifteen_requests(self, visitor: Visitor):
        premises = visitor.qualified().premises
        whole_order(visitor)  # the catalogue is known from here on
        total = 0

        def ask(work):
            nonlocal total
            asked, response = statements_of(work)
            total += asked
            return response

        home = ask(lambda: visitor.get("/"))
        found = ask(lambda: visitor.check(address=premises.label))
        page = text(ask(lambda: visitor.get(found["Location"])))
        form = {"package": visitor.market.package, "key": hidden(page, "key")}
        token = ask(lambda: visitor.post(f"{found['Location']}order/", form))["Location"].split("/")[2]
        answers = {
            "options": {}, "details": {**DETAILS, "email": "other@example.com"},
            "appointment": {"slot": slot_of(visitor.market).pk}, "terms": {"agree": "on"}, "review": {},
        }  # fmt: skip
        for question, answer in answers.items():
            address = f"/order/{token}/{question}/"
            page = text(ask(lambda address=address: visitor.get(address)))
            marks = {
                name: hidden(page, name)
                for name in ("seen", "key", "shown", "terms")
                if f'name="{name}" value="' in page
            }
            ask(lambda address=address, form={**marks, **answer}: visitor.post(address, form))
        ask(lambda: visitor.get(f"/order/{token}/confirmation/"))

        assert home.status_code == 200
        assert Order.objects.get(token=token).status == OrderStatus.ACKNOWLEDGED
        assert total <= 80

    @pytest.mark.parametrize("question", QUESTIONS)
    def test_reads_each_page_with_few_statements_and_no_session(self, visitor: Visitor, question: str):
        order = make_draft(visitor.market)
        address = f"/order/{order.token}/{question}/"
        visitor.get(address)

        asked, response = statements_of(lambda: visitor.get(address))

        assert response.status_code == 200
        assert asked <= 3
        assert "session" not in response.cookies

    def test_shows_the_money_beside_every_question(self, visitor: Visitor):
        order = make_draft(visitor.market)

        for question in QUESTIONS[1:]:
            page = text(visitor.get(f"/order/{order.token}/{question}/"))
            assert page.count(f"${order.monthly}") >= 2, question
            assert f"${order.due_today}" in page
            assert f"${order.monthly_after}" in page

    def test_carries_the_partner_and_the_touches_that_led_here(self, visitor: Visitor):
        visitor.get(CameBy("SHOP-7").with_touch("abc").added_to("/"))

        order = visitor.begin()

        assert order.attribution == ["partner:SHOP-7", "touch:abc"]

    def test_drops_marks_that_are_none_of_ours(self, visitor: Visitor):
        visitor.get("/?partner=<script>&touch=a b&touch=abc&touch=abc.1abcde.forged")

        assert visitor.begin().attribution == []


class TestSkipping:
    @pytest.mark.parametrize("question", QUESTIONS[3:])
    def test_leads_to_the_first_question_without_an_answer(self, visitor: Visitor, question: str):
        order = visitor.begin()

        for response in (
            visitor.get(f"/order/{order.token}/{question}/"),
            visitor.post(f"/order/{order.token}/{question}/", {"key": "x", "agree": "on", "slot": "1"}),
        ):
            assert response["Location"] == f"/order/{order.token}/details/"

    def test_goes_nowhere_without_a_package(self, visitor: Visitor):
        order = make_cart(visitor.market)

        assert visitor.get(f"/order/{order.token}/options/")["Location"] == f"/order/{order.token}/package/"

    def test_takes_a_cart_up_where_it_was_left(self, visitor: Visitor):
        order = visitor.begin()

        assert visitor.get(f"/order/{order.token}/")["Location"] == f"/order/{order.token}/details/"

    def test_leaves_out_the_appointment_where_nobody_has_to_come(self, visitor: Visitor):
        product = Product.objects.filter(division=visitor.market.division, family="internet").first()
        set_value(visitor.market.division, NO_VISIT_PRODUCTS, [product.code])
        order = visitor.begin()

        response = fill(visitor, order, "details", **DETAILS)

        assert response["Location"] == f"/order/{order.token}/terms/"

    def test_keeps_strangers_out(self, visitor: Visitor, elsewhere: Market):
        order = make_draft(elsewhere)

        for question in ("", *(f"{question}/" for question in QUESTIONS), "confirmation/", "confirmation.pdf"):
            assert visitor.get(f"/order/{order.token}/{question}").status_code == 404
        assert visitor.get("/order/no-such-token/").status_code == 404


class TestOptions:
    def test_keeps_what_was_added(self, visitor: Visitor):
        order = visitor.begin()

        fill(visitor, order, "options", **{f"addon-{visitor.market.add_on}": "2"})

        order.refresh_from_db()
        assert order.chosen.add_ons == {visitor.market.add_on: 2}

    def test_refuses_more_than_there_may_be_and_keeps_the_form(self, visitor: Visitor):
        order = visitor.begin()

        page = text(fill(visitor, order, "options", **{f"addon-{visitor.market.add_on}": "9"}))

        assert "data-focus" in page
        assert 'value="9"' in page
        order.refresh_from_db()
        assert order.chosen.add_ons == {}

    def test_prices_what_is_ticked_without_keeping_it(self, visitor: Visitor):
        order = visitor.begin()

        page = text(visitor.get(f"/order/{order.token}/options/price/", {f"addon-{visitor.market.add_on}": "1"}))

        before = order.monthly
        order.refresh_from_db()
        assert order.monthly == before
        assert f"${before}" not in page
        assert "order-summary" in page
        assert "<html" not in page


class TestDetails:
    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ({"name": ""}, "Enter your name."),
            ({"email": "jo@"}, "Enter an e-mail address."),
            ({"phone": "12"}, "Enter a phone number with area code."),
        ],
    )
    def test_says_what_is_wrong_and_keeps_what_was_typed(self, visitor: Visitor, change: dict[str, str], says: str):
        order = visitor.begin()

        page = text(fill(visitor, order, "details", **{**DETAILS, "note": "Ring twice", **change}))

        assert says in page
        assert "Ring twice" in page
        assert "data-focus" in page

    def test_keeps_each_consent_with_its_words(self, visitor: Visitor):
        order = visitor.begin()

        fill(visitor, order, "details", **DETAILS, marketing_text="on")

        order.refresh_from_db()
        (agreed,) = order.contact["agreed"]
        assert agreed["kind"] == "marketing_text"
        assert "no condition of buying" in agreed["text"]

    def test_shows_again_what_was_typed(self, visitor: Visitor):
        order = visitor.begin()
        fill(visitor, order, "details", **DETAILS, marketing_email="on")

        page = text(visitor.get(f"/order/{order.token}/details/"))

        assert 'value="Jo Sample"' in page
        assert 'name="marketing_email" checked' in page
        assert 'name="marketing_text">' in page


class TestAppointment:
    def test_offers_others_where_one_was_taken_meanwhile(self, visitor: Visitor):
        market = make_market(capacity=1)
        visitor = Visitor(market)
        wanted = slot_of(market)
        order = visitor.begin()
        fill(visitor, order, "details", **DETAILS)
        other = make_draft(market, slot=wanted)

        page = text(visitor.post(f"/order/{order.token}/appointment/", {"slot": wanted.pk}))

        assert other.appointment.slot == wanted
        assert "data-focus" in page
        assert f'value="{wanted.pk}"' not in page
        assert 'name="slot"' in page

    def test_asks_to_choose(self, visitor: Visitor):
        order = visitor.begin()
        fill(visitor, order, "details", **DETAILS)

        assert "Choose a time." in text(fill(visitor, order, "appointment"))

    def test_pages_through_the_days(self, visitor: Visitor):
        order = make_draft(visitor.market)
        page = text(visitor.get(f"/order/{order.token}/appointment/"))
        later = page.split("?from=")[1].split('"')[0]

        second = text(visitor.get(f"/order/{order.token}/appointment/?from={later}"))

        assert "Earlier days" not in page
        assert "Earlier days" in second
        assert text(visitor.get(f"/order/{order.token}/appointment/?from=nonsense")).count("<fieldset") == 7

    def test_is_said_in_the_order_of_the_language_and_alike_on_every_page(self, visitor: Visitor):
        order = make_draft(visitor.market)
        slot = order.appointment.slot
        with override("es"):
            said = visit_hours(slot.starts_at, slot.ends_at, order.division.zone)
            day = day_in_words(slot.starts_at.astimezone(order.division.zone))
        spanish = {"HTTP_ACCEPT_LANGUAGE": "es"}

        picker = text(visitor.get(f"/order/{order.token}/appointment/", **spanish))
        review = text(visitor.get(f"/order/{order.token}/review/", **spanish))

        zone = f"{slot.starts_at.astimezone(order.division.zone):%Z}"
        assert f"<span>{said}" in picker
        assert f"<span>{day} · {zone}</span>" in picker
        assert f"{day}, " in review
        assert " de " in day
        assert [*said.split()[-2:], zone] == review.split(f"{day}, ")[1].split("<")[0].split()[-3:]


class TestTerms:
    def test_needs_a_tick(self, visitor: Visitor):
        order = make_draft(visitor.market)

        assert "Tick that you agree" in text(fill(visitor, order, "terms"))

    def test_keeps_which_version_was_agreed_to_and_from_where(self, visitor: Visitor):
        order = visitor.begin()
        fill(visitor, order, "details", **DETAILS)
        fill(visitor, order, "appointment", slot=slot_of(visitor.market).pk)

        fill(visitor, order, "terms", agree="on")

        order.refresh_from_db()
        assert order.terms == current_terms(visitor.market.division)
        assert order.terms_evidence["address"] == "127.0.0.1"

    def test_keeps_the_address_that_our_proxy_saw(self, visitor: Visitor, settings: LazySettings):
        settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
        order = make_draft(visitor.market)
        address = f"/order/{order.token}/terms/"
        form = {"terms": order.terms_id, "shown": order.content_digest, "agree": "on"}

        visitor.post(address, form, headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.7"})

        order.refresh_from_db()
        assert order.terms_evidence["address"] == "198.51.100.7"

    def test_are_agreed_to_again_where_new_ones_hold(self, visitor: Visitor):
        order = make_draft(visitor.market)
        page = text(visitor.get(f"/order/{order.token}/review/"))
        make_terms(visitor.market.division)

        form = {"key": hidden(page, "key"), "shown": hidden(page, "shown")}
        response = visitor.post(f"/order/{order.token}/review/", form, follow=True)

        assert response.redirect_chain[-1][0] == f"/order/{order.token}/terms/"
        assert "The terms have changed since you agreed" in text(response)
        assert "checked>" not in text(response).split('id="id_agree"')[1].split("</label>")[0]

    def test_says_so_when_somebody_changed_the_order_meanwhile(self, visitor: Visitor):
        order = make_draft(visitor.market)
        page = text(visitor.get(f"/order/{order.token}/terms/"))
        services.choose_options(order.pk, choices={}, add_ons={visitor.market.add_on: 2})

        form = {"terms": hidden(page, "terms"), "shown": hidden(page, "shown"), "agree": "on"}
        response = visitor.post(f"/order/{order.token}/terms/", form, follow=True)

        order.refresh_from_db()
        assert not order.is_agreed
        assert "changed in another window" in text(response)
        assert response.redirect_chain[-1][0] == f"/order/{order.token}/terms/"

    def test_of_what_is_sold_are_agreed_to_by_the_customers_letter_alone(self, visitor: Visitor):
        csr = make_person(Role.CSR, visitor.market.division)
        order = fill_in(make_cart(visitor.market, by=csr), visitor.market)
        address = f"/order/{order.token}/terms/"

        page = text(sign_in(Visitor(visitor.market), csr).get(address))
        form = {"terms": current_terms(order.division).pk, "shown": order.content_digest, "agree": "on"}
        visitor.post(f"{address}?by_letter=forged", form)

        assert 'name="agree"' not in page
        assert "The customer agrees, not who sells" in page
        order.refresh_from_db()
        assert not order.is_agreed

    def test_of_what_is_sold_are_mailed_and_seen_by_nobody_else(self, visitor: Visitor):
        csr = make_person(Role.CSR, visitor.market.division)
        order = fill_in(make_cart(visitor.market, by=csr), visitor.market)
        seller = sign_in(Visitor(visitor.market), csr)

        sent = seller.post(f"/order/{order.token}/terms/", {"send_link": "1"}, follow=True)
        link = urlsplit(re.search(r"https?://\S+by_letter=\S+", Message.objects.get().text)[0])
        opened = visitor.get(f"/order/{order.token}/?{link.query}", follow=True)
        marks = {name: hidden(text(opened), name) for name in ("terms", "shown")}
        agreed = visitor.post(opened.redirect_chain[-1][0], {**marks, "agree": "on"})

        assert f"The link is on its way to {details_of(order).email}" in text(sent)
        assert parse_qs(link.query)["by_letter"][0] not in text(sent)
        assert agreed["Location"] == f"/order/{order.token}/review/"
        assert "The customer has agreed." in text(seller.get(f"/order/{order.token}/terms/"))
        assert fill(seller, order, "review")["Location"] == f"/order/{order.token}/confirmation/"


class TestStaff:
    """Who may look at orders and not work on them changes none by its public address, which the desk knows."""

    @pytest.mark.parametrize("question", QUESTIONS)
    def test_who_may_only_look_is_refused(self, visitor: Visitor, question: str):
        order = make_draft(visitor.market)
        auditor = sign_in(Visitor(visitor.market), make_person(Role.AUDITOR, visitor.market.division))

        assert auditor.get(f"/order/{order.token}/{question}/").status_code == 403
        assert auditor.post(f"/order/{order.token}/{question}/", {"agree": "on", **DETAILS}).status_code == 403

    def test_nor_can_they_start_one_or_check_again(self, visitor: Visitor):
        checked = visitor.qualified()
        order = make_draft(visitor.market)
        of_another_market = make_person(Role.CSR, make_market().division)
        auditor = make_person(Role.AUDITOR, visitor.market.division)

        for person in (of_another_market, auditor):
            client = sign_in(Visitor(visitor.market), person)
            form = {"package": visitor.market.package, "key": "k"}
            assert client.post(f"/address/{checked.key}/order/", form).status_code == 403
            assert client.post(f"/order/{order.token}/check-again/").status_code == 403

    def test_who_works_on_orders_there_goes_on(self, visitor: Visitor):
        order = make_draft(visitor.market)
        csr = sign_in(Visitor(visitor.market), make_person(Role.CSR, visitor.market.division))

        assert csr.get(f"/order/{order.token}/details/").status_code == 200


class TestSubmitting:
    def test_twice_is_once(self, visitor: Visitor):
        order = make_draft(visitor.market)
        address = f"/order/{order.token}/review/"
        page = text(visitor.get(address))
        form = {"key": hidden(page, "key"), "shown": hidden(page, "shown")}

        first, second = visitor.post(address, form), visitor.post(address, form)

        assert first["Location"] == f"/order/{order.token}/confirmation/"
        assert second["Location"] == first["Location"]
        order.refresh_from_db()
        assert order.lines.count() == 4

    def test_twice_with_other_content_is_refused(self, visitor: Visitor):
        order = make_draft(visitor.market)
        address = f"/order/{order.token}/review/"
        page = text(visitor.get(address))
        form = {"key": hidden(page, "key"), "shown": hidden(page, "shown")}
        visitor.post(address, form)

        again = visitor.post(address, {**form, "shown": "0.00/0.00/0.00/USD"})

        assert again.status_code == 422
        assert f'href="/order/{order.token}/"' in text(again)

    def test_needs_its_key(self, visitor: Visitor):
        order = make_draft(visitor.market)

        response = visitor.post(f"/order/{order.token}/review/", {"shown": "1"})

        assert response["Location"] == f"/order/{order.token}/review/"
        order.refresh_from_db()
        assert order.status == OrderStatus.DRAFT

    def test_says_every_price_that_changed(self, visitor: Visitor):
        order = make_draft(visitor.market)
        page = text(visitor.get(f"/order/{order.token}/review/"))
        product = Product.objects.filter(division=visitor.market.division, family="voice").get()
        set_price(
            product.pk, division=visitor.market.division, kind=PriceKind.RECURRING, amount=product.prices.get().amount + 5,
            starts_on=today(visitor.market.division), by=None,
        )  # fmt: skip

        form = {"key": hidden(page, "key"), "shown": hidden(page, "shown")}
        response = visitor.post(f"/order/{order.token}/review/", form, follow=True)

        order.refresh_from_db()
        assert order.status == OrderStatus.DRAFT
        assert response.redirect_chain[-1][0] == f"/order/{order.token}/terms/"
        assert "Something has changed" in text(response)
        assert "Each month: " in text(response)

    def test_leads_back_to_the_packages_where_nothing_fits_any_more(self, visitor: Visitor, django_user_model):
        order = make_draft(visitor.market)
        page = text(visitor.get(f"/order/{order.token}/review/"))
        boss = django_user_model.objects.create_superuser("boss@example.com", "x")
        override_availability(
            order.premises_id, status="blocked", note="A dispute", by=boss,
        )  # fmt: skip

        form = {"key": hidden(page, "key"), "shown": hidden(page, "shown")}
        response = visitor.post(f"/order/{order.token}/review/", form, follow=True)

        assert response.redirect_chain[-1][0] == f"/order/{order.token}/package/"
        assert "can no longer be had" in text(response)

    def test_refuses_who_has_an_account_there_already(self, visitor: Visitor):
        first = make_draft(visitor.market)
        submit(first)
        again = make_draft(visitor.market, premises=first.premises, details=details_of(first))
        page = text(visitor.get(f"/order/{again.token}/review/"))

        form = {"key": hidden(page, "key"), "shown": hidden(page, "shown")}
        response = visitor.post(f"/order/{again.token}/review/", form, follow=True)

        assert response.redirect_chain[-1][0] == f"/order/{again.token}/review/"
        again.refresh_from_db()
        assert again.status == OrderStatus.DRAFT

    def test_leads_on_from_every_page_once_it_is_submitted(self, visitor: Visitor):
        order = make_draft(visitor.market)
        submit(order)

        for question in QUESTIONS:
            assert visitor.get(f"/order/{order.token}/{question}/")["Location"] == f"/order/{order.token}/"


class TestTheSummary:
    def test_its_visible_lines_add_up_to_each_total(self, visitor: Visitor):
        order = make_draft(visitor.market)
        quote, summary = order.quoted, summary_of(order)

        page = text(visitor.get(f"/order/{order.token}/review/"))

        once, monthly = quote.one_time_before_taxes, quote.monthly_before_taxes
        assert once + summary.taxes_today == quote.due_today
        assert monthly + summary.taxes_monthly == quote.monthly
        assert quote.monthly_after_before_taxes + summary.taxes_monthly_after == quote.monthly_after
        assert f"and ${summary.taxes_today} once" in page.split("Estimated taxes and fees")[1].split("</summary>")[0]
        assert "on your first bill" in page


class TestTwoWindows:
    def test_pressing_start_twice_starts_one_order(self, visitor: Visitor):
        answer = visitor.qualified()

        assert visitor.begin(answer) == visitor.begin(answer)

    def test_a_stale_form_changes_nothing_and_says_what_the_order_holds(self, visitor: Visitor):
        order = visitor.begin()
        stale = text(visitor.get(f"/order/{order.token}/options/"))
        fill(visitor, order, "options", **{f"addon-{visitor.market.add_on}": "2"})

        form = {"seen": hidden(stale, "seen"), f"addon-{visitor.market.add_on}": "1"}
        response = visitor.post(f"/order/{order.token}/options/", form, follow=True)

        order.refresh_from_db()
        assert order.chosen.add_ons == {visitor.market.add_on: 2}
        assert "changed in another window" in text(response)
        assert order.quoted.package_name in text(response)

    def test_an_order_that_cost_something_else_says_what_the_other_window_changed(self, visitor: Visitor):
        order = make_draft(visitor.market)
        page = text(visitor.get(f"/order/{order.token}/review/"))
        fill(visitor, order, "options", **{f"addon-{visitor.market.add_on}": "2"})

        form = {"key": hidden(page, "key"), "shown": hidden(page, "shown")}
        response = text(visitor.post(f"/order/{order.token}/review/", form, follow=True))

        order.refresh_from_db()
        added = next(line for line in order.quoted.lines if line.code == visitor.market.add_on)
        assert order.status == OrderStatus.DRAFT
        assert f"It has {order.quoted.package_name} + 2 × {added.name}, with a visit on" in response
        assert f"→ ${order.quoted.monthly}" in response
        assert "nothing has changed" not in response

    @pytest.mark.parametrize("change", ["visit", "note"])
    def test_an_order_that_was_changed_where_it_costs_nothing_is_looked_over_again(self, visitor: Visitor, change: str):
        order = make_draft(visitor.market)
        page = text(visitor.get(f"/order/{order.token}/review/"))
        if change == "visit":
            fill(visitor, order, "appointment", slot=open_slots(visitor.market.division)[2].pk)
        else:
            services.identify(order.pk, details_of(order), note="Leave it at the gate.")

        form = {"key": hidden(page, "key"), "shown": hidden(page, "shown")}
        response = visitor.post(f"/order/{order.token}/review/", form, follow=True)

        order.refresh_from_db()
        assert order.status == OrderStatus.DRAFT
        assert response.redirect_chain[-1][0] == f"/order/{order.token}/review/"
        assert "changed in another window" in text(response)

    def test_the_same_answer_twice_is_a_double_click(self, visitor: Visitor):
        order = visitor.begin()
        page = text(visitor.get(f"/order/{order.token}/options/"))
        form = {"seen": hidden(page, "seen"), f"addon-{visitor.market.add_on}": "2"}

        answers = [visitor.post(f"/order/{order.token}/options/", form)["Location"] for _press in range(2)]

        assert answers == [f"/order/{order.token}/details/"] * 2


class TestAfterAWhile:
    def test_an_expired_check_is_made_again_and_said_out_loud(self, visitor: Visitor):
        order = make_draft(visitor.market)
        with time_machine.travel(order.qualification.expires_at + timedelta(minutes=1), tick=False):
            welcome = visitor.get(f"/order/{order.token}/review/", follow=True)
            response = visitor.post(f"/order/{order.token}/check-again/", follow=True)

        assert "Welcome back" in text(welcome)
        assert "checked your address and the prices again" in text(response)
        order.refresh_from_db()
        assert order.contact["name"]
        assert Qualification.objects.filter(pk=order.qualification_id, expires_at__gt=now()).exists()

    def test_another_browser_goes_on_with_the_address_alone(self, visitor: Visitor):
        order = visitor.begin()
        fill(visitor, order, "details", **DETAILS)

        page = text(Visitor(visitor.market).get(f"/order/{order.token}/", follow=True))

        assert "When may we come?" in page


class TestAfterTheOrder:
    def test_says_where_it_stands(self, visitor: Visitor):
        order = submit(make_draft(visitor.market))
        services.check_order(order.pk)

        page = text(visitor.get(f"/order/{order.token}/"))

        assert "Your order is accepted." in page
        assert 'aria-current="step"' in page

    def test_says_that_the_pdf_is_still_being_made(self, visitor: Visitor):
        order = submit(make_draft(visitor.market))

        response = visitor.get(f"/order/{order.token}/confirmation.pdf")

        assert (response.status_code, response["Retry-After"]) == (503, "60")
        assert "still being made" in text(response)

    def test_gives_the_pdf_as_it_was_sent(self, visitor: Visitor):
        order = submit(make_draft(visitor.market))
        services.send_confirmation(order.pk)

        response = visitor.get(f"/order/{order.token}/confirmation.pdf")

        assert response["Content-Type"] == "application/pdf"
        assert response.content.startswith(b"%PDF")

    @pytest.mark.parametrize("page", ["", "confirmation/"])
    def test_says_that_the_visit_was_changed_since(self, visitor: Visitor, page: str):
        order = submit(make_draft(visitor.market))
        before = text(visitor.get(f"/order/{order.token}/{page}"))

        services.reschedule_order(order.pk, open_slots(visitor.market.division)[3].pk, by=None)

        after = text(visitor.get(f"/order/{order.token}/{page}"))
        assert ["The appointment was changed since" in said for said in (before, after)] == [False, True]

    def test_gives_the_renewed_confirmation_and_keeps_the_first(self, visitor: Visitor):
        order = submit(make_draft(visitor.market))
        services.send_confirmation(order.pk)
        first = visitor.get(f"/order/{order.token}/confirmation.pdf").content

        services.reschedule_order(order.pk, open_slots(visitor.market.division)[3].pk, by=None)
        services.send_new_appointment(order.pk, change="1")

        page = text(visitor.get(f"/order/{order.token}/"))
        assert f"/order/{order.token}/first-confirmation.pdf" in page
        assert visitor.get(f"/order/{order.token}/confirmation.pdf").content != first
        assert visitor.get(f"/order/{order.token}/first-confirmation.pdf").content == first


def test_forms_need_their_token(market: Market):
    visitor = Client(enforce_csrf_checks=True, headers={"host": market.site.host, "accept-language": "en"})

    response = visitor.post("/check/", {"address": "1 Main Street"})

    assert response.status_code == 403
    assert "open for too long" in text(response)

"""What the customer is sent: the amounts that they were shown, and nothing twice."""

import io
import re
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from pypdf import PdfReader

from billing.models import Submission
from billing.ports import WorkOrder, thawed
from catalog.models import Price, Promotion
from foundation.correspondence.models import Document, Message
from foundation.correspondence.services import PdfUnavailableError
from foundation.divisions.settings import TIME_ZONE
from foundation.divisions.testing import put_value
from foundation.events import facts
from foundation.events.testing import drain
from foundation.lifecycle import NotAllowed
from foundation.money import format_money
from foundation.people.states import Role
from foundation.people.testing import make_person
from orders import services
from orders.events import OrderSubmitted
from orders.models import Order
from orders.queries import appointment_window, lines_of, open_slots
from orders.services import letters
from orders.states import CancelReason, OrderStatus
from orders.testing import fail_the_rest, make_draft, make_market, make_order, submit


@pytest.fixture
def market(db):
    return make_market()


def text_of(document):
    pages = PdfReader(io.BytesIO(bytes(document.content))).pages
    return "\n".join(page.extract_text() for page in pages)


def words_of(text):
    return " ".join(text.split())


def amounts_in(text):
    return sorted(re.findall(r"\$[\d,]+\.\d\d", text))


class TestSendConfirmation:
    def test_says_what_was_ordered_to_the_cent(self, market):
        order = submit(make_draft(market, modems=2))

        services.send_confirmation(order.pk)

        message, quote = Message.objects.get(), order.quoted
        for amount in (quote.due_today, quote.monthly, quote.monthly_after):
            assert format_money(amount, "USD", "en") in message.text
            assert format_money(amount, "USD", "en") in message.html
        assert message.subject_line == f"Your order {order.number}"
        assert f"/order/{order.token}/" in message.text
        assert order.account.number in message.text
        assert "The technician comes on" in message.text

    def test_carries_the_same_as_a_pdf(self, market):
        order = submit(make_draft(market, modems=2))

        services.send_confirmation(order.pk)

        document = Document.objects.get()
        assert document.filename == f"order-{order.number}.pdf"
        assert list(Message.objects.get().documents.all()) == [document]
        assert amounts_in(text_of(document)) == amounts_in(Message.objects.get().text)

    def test_names_the_zone_of_the_visit_in_the_mail_and_on_paper(self, market):
        put_value(market.division, TIME_ZONE, "America/Phoenix")
        order = submit(make_draft(market))

        services.send_confirmation(order.pk)

        message = Message.objects.get()
        for said in (message.text, message.html, text_of(Document.objects.get())):
            assert re.search(r"\d:\d\d [AP]M to \d+:\d\d [AP]M MST", " ".join(said.split()))

    def test_asks_in_the_customers_language(self, market):
        order = make_order(market=market)
        Order.objects.filter(pk=order.pk).update(language="es")

        services.send_confirmation(order.pk)

        assert "Condiciones del servicio" in Message.objects.get().text

    def test_goes_without_the_pdf_where_none_can_be_made(self, market, monkeypatch):
        def no_pango(*_args, **_kwargs):
            raise PdfUnavailableError

        monkeypatch.setattr(letters, "keep_document", no_pango)
        order = make_order(market=market)

        services.send_confirmation(order.pk)

        message = Message.objects.get()
        assert message.documents.count() == 0
        assert f"/order/{order.token}/" in message.text

    def test_twice_is_sent_once(self, market):
        order = make_order(market=market)
        services.send_confirmation(order.pk)

        services.send_confirmation(order.pk)

        assert (Message.objects.count(), Document.objects.count()) == (1, 1)

    def test_is_refused_for_a_cart(self, market):
        with pytest.raises(NotAllowed):
            services.send_confirmation(make_draft(market).pk)

    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        internet=st.decimals(0, 200, places=2),
        off=st.decimals(0, 40, places=2),
        modems=st.integers(0, 3),
    )
    def test_agrees_with_an_independent_count_of_any_cart(self, market, internet, off, modems):
        del market
        fresh = make_market()
        _reprice(fresh, internet, off)
        order = make_draft(fresh, modems=modems)

        order = submit(order)
        services.check_order(order.pk)
        services.request_work_order(order.pk, by=None)
        services.send_confirmation(order.pk)

        today, monthly, after = _recount(internet, off, modems)
        asked = thawed(WorkOrder, Submission.objects.get(subject_id=order.pk).payload).amounts
        assert (order.due_today, order.monthly, order.monthly_after) == (today, monthly, after)
        assert (asked.due_today, asked.monthly, asked.monthly_after) == (today, monthly, after)
        text = text_of(Document.objects.get(subject_id=order.pk))
        message = Message.objects.get(subject_id=order.pk)
        for amount in (today, monthly, after):
            shown = f"${amount:,.2f}"
            assert shown in message.text
            assert shown in message.html
            assert shown in text


def _reprice(market, internet, off):
    Price.objects.filter(product__code__startswith="internet-", division=market.division).update(amount=internet)
    Promotion.objects.filter(package__code=market.package).update(amount=off)


def _recount(internet, off, modems):
    """Reckon the totals of `make_market`'s package by hand: cents, half up."""

    def cents(amount):
        return int((amount * 100 + Decimal("0.5")).__floor__())

    def with_tax(monthly):
        return Decimal(cents(monthly) + cents(monthly * Decimal("0.0625"))) / 100

    full = internet + Decimal("65.50") + modems * Decimal(10)
    off = min(off, internet + Decimal("65.50"))
    return Decimal("82.50"), with_tax(full - off), with_tax(full)


class TestOtherLetters:
    def test_tell_of_a_new_appointment_once_for_each(self, market):
        order = make_order(market=market)
        csr = make_person(Role.CSR, market.division)
        for count, slot in enumerate(open_slots(market.division)[2:4], start=1):
            services.reschedule_order(order.pk, slot.pk, by=csr)
            for _twice in range(2):
                services.send_new_appointment(order.pk, change=str(count))

        messages = Message.objects.filter(kind="orders.rescheduled").order_by("pk")
        assert [list(message.documents.values_list("kind", flat=True)) for message in messages] == [
            ["orders.confirmation:1"],
            ["orders.confirmation:2"],
        ]

    def test_tell_of_a_new_appointment_with_all_that_was_ordered(self, market):
        order = make_order(market=market)
        services.send_confirmation(order.pk)
        services.reschedule_order(order.pk, open_slots(market.division)[3].pk, by=None)

        services.send_new_appointment(order.pk, change="1")

        first, renewed = Document.objects.order_by("pk")
        message, order = Message.objects.get(kind="orders.rescheduled"), Order.objects.get(pk=order.pk)
        appointment = order.appointment
        visit = appointment_window(appointment.starts_at, appointment.ends_at, market.division.zone)
        assert visit in message.text
        assert order.account.number in message.text
        assert amounts_in(message.text) == amounts_in(text_of(renewed)) == amounts_in(text_of(first))
        assert [words_of(visit) in words_of(text_of(document)) for document in (first, renewed)] == [False, True]
        assert ["Changed since you ordered" in text_of(document) for document in (first, renewed)] == [False, True]

    def test_tell_what_was_closed_without_being_installed(self, market):
        order = make_order(OrderStatus.PARTIAL, market)
        fail_the_rest(order)
        services.close_remainder(order.pk, CancelReason.NOT_INSTALLED, by=make_person(Role.CSR, market.division))

        services.send_completion(order.pk)

        message = Message.objects.get()
        for said in ("What could be installed is ready to use.", *(str(line.names) for line in lines_of(order)[1:])):
            assert said in message.text
            assert said in message.html
        assert f"Not installed: {lines_of(order)[1].names}" in message.text

    @pytest.mark.parametrize(
        ("status", "send", "said"),
        [
            (OrderStatus.CANCELLED, services.send_cancellation, "is cancelled"),
            (OrderStatus.COMPLETED, services.send_completion, "ready to use"),
            (OrderStatus.FAILED, services.send_failure, "We will call you"),
        ],
    )
    def test_tell_how_it_ended_once(self, market, status, send, said):
        order = make_order(status, market)
        for _twice in range(2):
            send(order.pk)

        assert said in Message.objects.get().text


@pytest.fixture
def only_orders_listen(monkeypatch):
    for name, listeners in list(facts.HANDLERS.items()):
        ours = {label: one for label, one in listeners.items() if label.startswith("orders.")}
        monkeypatch.setitem(facts.HANDLERS, name, ours)


@pytest.mark.usefixtures("only_orders_listen")
class TestOrderFailed:
    def test_leads_to_one_letter_however_often_it_is_reported(self, market):
        order = make_order(OrderStatus.FAILED, market)
        lines = [line.line_id for line in lines_of(order)]
        services.record_failure(order.work_order_request_id, lines=lines, reason="Still nobody at home.")

        drain()

        message = Message.objects.get(kind="orders.failed")
        assert message.subject_line == f"We could not install order {order.number}"
        assert f"/order/{order.token}/" in message.html
        assert message.to == order.customer.contacts.get().email


@pytest.mark.usefixtures("only_orders_listen")
class TestOrderSubmitted:
    def test_leads_to_a_letter_and_a_work_order(self, market):
        order = make_order(market=market)

        drain()

        assert Order.objects.get(pk=order.pk).status == OrderStatus.PENDING
        assert Message.objects.get().kind == "orders.confirmation"
        assert Submission.objects.get().request_id == order.work_order_request_id
        assert OrderSubmitted.name == "orders.submitted"

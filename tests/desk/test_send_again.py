"""What was sent is sent again: at a button, or because an e-mail address was mistyped."""

import pytest
from django.urls import reverse

from accounts.queries import primary_contact
from foundation.correspondence.models import Message
from foundation.correspondence.services import send_again
from foundation.correspondence.states import MessageStatus, Purpose
from foundation.events.testing import drain
from foundation.lifecycle import NotAllowed
from foundation.people.states import Role
from orders.services import send_agreement_link, send_confirmation
from orders.states import OrderStatus
from orders.testing import fill_in, make_cart, make_order


@pytest.fixture
def order(market):
    order = make_order(OrderStatus.HELD, market)
    send_confirmation(order.pk)
    Message.objects.update(status=MessageStatus.SENT)
    return order


def correct(client, order, **answers):
    contact = primary_contact(order.customer)
    typed = {"name": contact.name, "email": contact.email, "phone": str(contact.phone), "preferred_channel": "email"}
    return client.post(reverse("desk:order_correct", args=[order.pk]), {**typed, "note": "", **answers})


class TestMessagePage:
    def test_sends_the_message_again_with_what_was_attached(self, order, csr, mailoutbox):
        sent = Message.objects.get()
        page = csr.get(reverse("desk:message", args=[sent.pk])).content.decode()
        assert reverse("desk:message_again", args=[sent.pk]) in page

        answer = csr.post(reverse("desk:message_again", args=[sent.pk]), {"to": sent.to})

        copy = Message.objects.exclude(pk=sent.pk).get()
        assert answer.url == reverse("desk:order", args=[order.pk])
        assert (copy.to, copy.subject_line, copy.text) == (sent.to, sent.subject_line, sent.text)
        assert list(copy.documents.all()) == list(sent.documents.all())
        drain()
        copy.refresh_from_db()
        assert copy.status == MessageStatus.SENT

    def test_offers_how_the_customer_is_reached_now_first(self, order, csr):
        sent = Message.objects.get()
        correct(csr, order, email="right@people.example")

        form = csr.get(reverse("desk:message_again", args=[sent.pk])).context["form"]

        assert [value for value, _label in form.fields["to"].choices] == ["right@people.example", sent.to]

    def test_sends_to_nobody_else(self, order, csr):
        sent = Message.objects.get()

        assert csr.post(reverse("desk:message_again", args=[sent.pk]), {"to": "x@other.example"}).status_code == 422
        assert Message.objects.count() == 1

    def test_offers_nothing_to_who_may_only_look(self, order, market, signed_in):
        sent = Message.objects.get()
        page = signed_in(Role.AUDITOR, market.division).get(reverse("desk:message", args=[sent.pk])).content.decode()

        assert reverse("desk:message_again", args=[sent.pk]) not in page


class TestSendAgain:
    def test_is_refused_while_it_is_on_its_way(self, order, csr):
        sent = Message.objects.get()
        send_again(sent.pk, by=csr.person)

        with pytest.raises(NotAllowed, match="on its way"):
            send_again(sent.pk, by=csr.person)

    def test_is_refused_for_advertising(self, order, csr):
        Message.objects.update(purpose=Purpose.MARKETING)

        with pytest.raises(NotAllowed, match="Advertising"):
            send_again(Message.objects.get().pk, by=csr.person)

    def test_is_refused_to_who_may_only_look(self, order, market, signed_in):
        with pytest.raises(NotAllowed):
            send_again(Message.objects.get().pk, by=signed_in(Role.AUDITOR, market.division).person)

    def test_gives_a_link_that_is_for_one_mailbox_to_no_other(self, market, csr):
        cart = fill_in(make_cart(market, by=csr.person), market)
        link = send_agreement_link(cart.pk, by=csr.person)
        Message.objects.update(status=MessageStatus.SENT)

        with pytest.raises(NotAllowed, match=r"for .* alone"):
            send_again(link.pk, to="other@people.example", by=csr.person)
        assert send_again(link.pk, by=csr.person).to == link.to


class TestCorrectedAddress:
    def test_gets_the_confirmation_where_the_person_wants_it(self, order, csr):
        page = csr.get(reverse("desk:order_correct", args=[order.pk])).content.decode()
        assert "send the confirmation there as well" in page

        correct(csr, order, email="right@people.example", resend="on")

        assert Message.objects.get(to="right@people.example").kind == "orders.confirmation"

    @pytest.mark.parametrize("answers", [{"email": "right@people.example"}, {"name": "Ada", "resend": "on"}])
    def test_gets_nothing_where_nobody_wants_it_or_it_is_the_same(self, answers, order, csr):
        correct(csr, order, **answers)

        assert Message.objects.count() == 1

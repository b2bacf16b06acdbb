"""What staff do: each action changes what it says, is refused in words at the form, and loses nothing that was typed."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AgreedText
from accounts.queries import primary_contact
from accounts.services import keep_consents
from accounts.states import AccountStatus, ConsentKind
from billing.models import Submission
from billing.states import SubmissionStatus
from foundation.correspondence.models import Message
from foundation.events.models import Event
from foundation.now import now, today
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from interfaces.desk.words import say
from leads.models import Lead
from leads.states import LeadStatus
from leads.testing import make_lead
from orders.models import Order
from orders.queries import lines_of, open_slots
from orders.services import record_install
from orders.states import OrderStatus
from orders.testing import fail_the_rest, fill_in, make_cart, make_draft, make_order
from territory.testing import make_qualification


def act(client, name, row, /, **answers):
    return client.post(reverse(f"desk:{name}", args=[row.pk]), answers)


def fresh(order):
    return Order.objects.select_related("appointment__slot", "customer", "hold_owner").get(pk=order.pk)


class TestReschedule:
    def test_moves_the_appointment_and_asks_the_billing_system_to(self, market, csr):
        order = make_order(OrderStatus.IN_PROGRESS, market)
        slot = open_slots(market.division)[3]

        answer = act(csr, "order_reschedule", order, slot=slot.pk)

        assert answer.url == reverse("desk:order", args=[order.pk])
        assert fresh(order).appointment.slot == slot
        assert (
            Submission.objects.filter(kind="work_order_change", subject_id=order.pk, requested_by=csr.person).count()
            == 1
        )

    def test_says_when_the_slot_has_just_been_taken(self, market, csr):
        order = make_order(OrderStatus.IN_PROGRESS, market)
        had, slot = order.appointment.slot, open_slots(market.division)[3]
        page = csr.get(reverse("desk:order_reschedule", args=[order.pk]))
        zone = f"{slot.starts_at.astimezone(market.division.zone):%Z}"
        assert re.search(rf'value="{slot.pk}">[^<]+ {zone}<', page.content.decode())
        slot.capacity = slot.booked = 0
        slot.save()

        answer = act(csr, "order_reschedule", order, slot=slot.pk)

        assert answer.status_code == 422
        assert fresh(order).appointment.slot == had

    def test_says_when_the_technician_is_on_the_way(self, market, csr):
        order = make_order(OrderStatus.ASSESSING_CANCELLATION, market)

        answer = act(csr, "order_reschedule", order, slot=open_slots(market.division)[3].pk)

        assert answer.status_code == 422
        assert "This order can no longer be changed." in answer.content.decode()


class TestCorrect:
    def test_tells_how_the_customer_is_reached_from_now_on(self, market, csr):
        order = make_order(OrderStatus.IN_PROGRESS, market)
        typed = {
            "name": "Ada Lovelace",
            "email": "Ada@People.example",
            "phone": "617 555 0123",
            "preferred_channel": "phone",
        }

        act(csr, "order_correct", order, **typed, note="Blue door.")

        contact = primary_contact(order.customer)
        assert (contact.name, contact.email, str(contact.phone)) == (
            "Ada Lovelace",
            "ada@people.example",
            "+16175550123",
        )
        assert fresh(order).note == "Blue door."

    def test_keeps_what_was_typed_beside_the_refusal(self, market, csr):
        order = make_order(OrderStatus.IN_PROGRESS, market)
        typed = {"name": "Ada Lovelace", "email": "ada@people.example", "phone": "12", "preferred_channel": "phone"}

        answer = act(csr, "order_correct", order, **typed, note="Blue door.")

        page = answer.content.decode()
        assert answer.status_code == 422
        assert "Enter a phone number with area code." in page
        assert "Ada Lovelace" in page
        assert "Blue door." in page
        assert primary_contact(order.customer).name != "Ada Lovelace"


class TestHoldAndRelease:
    def test_stops_an_order_until_it_is_released(self, market, csr, supervisor):
        order = make_order(OrderStatus.IN_PROGRESS, market)
        day = today(market.division) + timedelta(days=2)
        answers = {
            "reason": "to_clarify",
            "note": "A dog?",
            "remind_on": day.isoformat(),
            "owner": supervisor.person.pk,
        }

        act(csr, "order_hold", order, **answers)

        held = fresh(order)
        assert (held.status, held.hold_reason, held.hold_note, held.hold_owner) == (
            "held",
            "to_clarify",
            "A dog?",
            supervisor.person,
        )
        local = held.hold_reminder_at.astimezone(market.division.zone)
        assert (local.date(), local.hour) == (day, 9)
        assert order.number in supervisor.get(reverse("desk:home")).content.decode()

        act(csr, "order_release", order)
        assert fresh(order).status == OrderStatus.IN_PROGRESS

    @pytest.mark.parametrize(
        ("status", "says"),
        [
            (OrderStatus.ACKNOWLEDGED, "Nothing goes on until somebody releases it."),
            (OrderStatus.IN_PROGRESS, "The work order stays with the billing system, which is not told"),
        ],
    )
    def test_says_what_it_stops(self, status, says, market, csr):
        order = make_order(status, market)

        assert says in csr.get(reverse("desk:order_hold", args=[order.pk])).content.decode()

    def test_reminds_nobody_yesterday(self, market, csr):
        order = make_order(OrderStatus.IN_PROGRESS, market)
        day = today(market.division) - timedelta(days=1)
        answers = {"reason": "to_clarify", "note": "A dog?", "remind_on": day.isoformat(), "owner": csr.person.pk}

        answer = act(csr, "order_hold", order, **answers)

        assert answer.status_code == 422
        assert "Choose today or a later day." in answer.content.decode()
        assert fresh(order).status == OrderStatus.IN_PROGRESS

    def test_gives_no_order_to_a_person_of_another_market(self, market, elsewhere, csr):
        order = make_order(OrderStatus.IN_PROGRESS, market)
        stranger = make_person(Role.CSR, elsewhere.division)
        answers = {
            "reason": "to_clarify",
            "note": "x",
            "remind_on": today(market.division).isoformat(),
            "owner": stranger.pk,
        }

        assert act(csr, "order_hold", order, **answers).status_code == 422
        assert fresh(order).status == OrderStatus.IN_PROGRESS

    def test_rejects_what_was_never_accepted(self, market, csr):
        order = make_order(OrderStatus.HELD, market)

        act(csr, "order_reject", order, reason="Outside our territory.")

        assert (fresh(order).status, fresh(order).cancel_note) == ("rejected", "Outside our territory.")


class TestCancel:
    def test_needs_a_reason_and_the_number_of_the_order(self, market, csr):
        order = make_order(OrderStatus.IN_PROGRESS, market)

        for answers in (
            {},
            {"reason": "moved"},
            {"confirmation": order.number},
            {"reason": "moved", "confirmation": "1"},
        ):
            assert act(csr, "order_cancel", order, **answers).status_code == 422
            assert fresh(order).status == OrderStatus.IN_PROGRESS

    def test_asks_the_billing_system_to_cancel(self, market, csr):
        order = make_order(OrderStatus.IN_PROGRESS, market)

        act(csr, "order_cancel", order, reason="moved", note="To Ohio.", confirmation=f" {order.number} ")

        cancelled = fresh(order)
        assert (cancelled.status, cancelled.cancel_reason, cancelled.cancel_note) == (
            "pending_cancellation",
            "moved",
            "To Ohio.",
        )

    def test_says_when_it_is_too_late(self, market, csr):
        order = make_order(OrderStatus.PARTIAL, market)

        answer = act(csr, "order_cancel", order, reason="moved", note="To Ohio.", confirmation=order.number)

        page = answer.content.decode()
        assert answer.status_code == 422
        assert "Part of this order is installed already." in page
        assert "To Ohio." in page

    @pytest.mark.parametrize(
        ("name", "answers", "status"),
        [
            ("order_approve_cancellation", {}, OrderStatus.PENDING_CANCELLATION),
            ("order_refuse_cancellation", {"reason": "They want it after all."}, OrderStatus.IN_PROGRESS),
        ],
    )
    def test_is_decided_where_a_technician_is_on_the_way(self, name, answers, status, market, csr):
        order = make_order(OrderStatus.ASSESSING_CANCELLATION, market)

        act(csr, name, order, **answers)

        assert fresh(order).status == status


class TestFailedInstallation:
    def test_is_counted_on_the_first_page_and_listed(self, market, csr):
        order = make_order(OrderStatus.FAILED, market)
        make_order(OrderStatus.IN_PROGRESS, market)

        figures = csr.get(reverse("desk:home")).context["figures"]

        figure = next(figure for figure in figures if str(figure.label) == "Installation failed")
        assert figure.count.number == 1
        assert [row.pk for row in csr.get(figure.url).context["page"].rows] == [order.pk]

    def test_is_closed_with_a_reason_and_the_number_of_the_order(self, market, csr):
        order = make_order(OrderStatus.FAILED, market)
        address = reverse("desk:order_close", args=[order.pk])
        assert address in csr.get(reverse("desk:order", args=[order.pk])).content.decode()
        assert act(csr, "order_close", order, reason="not_installed", confirmation="1").status_code == 422

        act(csr, "order_close", order, reason="not_installed", note="No line.", confirmation=order.number)

        closed = fresh(order)
        assert (closed.status, closed.cancel_reason, closed.cancel_note) == ("cancelled", "not_installed", "No line.")
        assert closed.account.status == AccountStatus.CLOSED
        assert address not in csr.get(reverse("desk:order", args=[order.pk])).content.decode()


class TestConsents:
    def test_are_taken_back_but_for_the_terms(self, market, csr):
        customer = make_order(market=market).customer
        offers = AgreedText(kind=ConsentKind.MARKETING_EMAIL, text_version="1", text="Send me offers.")
        keep_consents(customer, [offers], language="en", channel="web", evidence={})
        terms, given = (customer.consents.get(kind=kind) for kind in (ConsentKind.TERMS, ConsentKind.MARKETING_EMAIL))
        page = reverse("desk:customer", args=[customer.pk])
        of_terms, of_offers = (
            reverse("desk:consent_withdraw", args=[customer.pk, consent.pk]) for consent in (terms, given)
        )
        shown = csr.get(page).content.decode()
        assert (of_terms in shown, of_offers in shown) == (False, True)

        answers = [csr.post(address).status_code for address in (of_terms, of_offers)]

        assert answers == [422, 302]
        assert of_offers not in csr.get(page).content.decode()
        assert [bool(one.withdrawn_at) for one in customer.consents.order_by("pk")] == [False, True]


class TestPartlyFailedInstallation:
    def test_is_closed_with_a_reason_and_its_history_says_by_whom(self, market, csr):
        order = make_order(OrderStatus.PARTIAL, market)
        fail_the_rest(order)
        address = reverse("desk:order_close_remainder", args=[order.pk])
        page = csr.get(reverse("desk:order", args=[order.pk])).content.decode()
        assert address in page
        assert reverse("desk:order_cancel", args=[order.pk]) not in page
        assert lines_of(order)[1].names.in_language("en") in csr.get(address).content.decode()
        assert act(csr, "order_close_remainder", order).status_code == 422
        ticked = csr.get(address).context["form"]["lines"].initial

        act(csr, "order_close_remainder", order, lines=ticked, reason="not_installed")

        page = csr.get(reverse("desk:order", args=[order.pk])).content.decode()
        assert fresh(order).status == OrderStatus.COMPLETED
        assert address not in page
        assert "Closed without being installed" in page
        event = Event.objects.get(name="orders.remainder_closed")
        assert (event.actor, say(event).endswith(". Could not be installed")) == (csr.person, True)

    def test_that_is_on_its_way_is_closed_and_what_the_vendor_does_all_the_same_waits_for_somebody(self, market, csr):
        order = make_order(OrderStatus.PARTIAL, market)
        first, *rest = lines_of(order)
        page = csr.get(reverse("desk:order_close_remainder", args=[order.pk]))
        assert (first.line_id in page.content.decode(), page.context["form"]["lines"].initial) == (False, [])
        act(csr, "order_close_remainder", order, lines=[line.line_id for line in rest], reason="too_late")
        record_install(order.work_order_request_id, lines=[rest[0].line_id], installed_on=today(market.division))
        label = "Closed here, not at the billing system"

        figures = csr.get(reverse("desk:home")).context["figures"]
        (figure,) = [one for one in figures if str(one.label) == label]
        assert [row.pk for row in csr.get(figure.url).context["page"].rows] == [order.pk]

        act(csr, "order_settle", order, reason="They took it out again.")

        assert fresh(order).contested_at is None
        assert list(csr.get(figure.url).context["page"].rows) == []
        page = csr.get(reverse("desk:order", args=[order.pk])).content.decode()
        assert "They took it out again." in page
        assert reverse("desk:order_settle", args=[order.pk]) not in page


@pytest.fixture
def unknown(market):
    """Make a work order of which nobody knows whether the vendor has it."""
    order = make_order(OrderStatus.PENDING, market)
    submission = Submission.objects.get(subject_id=order.pk)
    submission.claim_for_sending(at=now())
    submission.leave_unknown("The connection was cut.", at=now())
    submission.save()
    return submission


class TestSettle:
    def test_needs_the_vendors_id_where_it_is_there(self, unknown, supervisor):
        answer = act(supervisor, "submission_settle", unknown, outcome="confirmed", reason="I called them.")

        assert answer.status_code == 422
        assert "I called them." in answer.content.decode()
        unknown.refresh_from_db()
        assert unknown.status == SubmissionStatus.UNKNOWN

    @pytest.mark.parametrize(("outcome", "external_id"), [("confirmed", "WO-77"), ("refused", "")])
    def test_counts_as_the_vendors_answer(self, outcome, external_id, unknown, supervisor):
        act(supervisor, "submission_settle", unknown, outcome=outcome, external_id=external_id, reason="I called them.")

        unknown.refresh_from_db()
        assert (unknown.status, unknown.external_id, unknown.settled_by) == (outcome, external_id, supervisor.person)
        assert unknown.settled_reason == "I called them."

    def test_is_refused_once_the_outcome_is_known(self, unknown, supervisor):
        act(supervisor, "submission_settle", unknown, outcome="confirmed", external_id="WO-77", reason="I called them.")

        answer = act(supervisor, "submission_settle", unknown, outcome="refused", reason="Really not.")

        assert answer.status_code == 422
        unknown.refresh_from_db()
        assert unknown.status == SubmissionStatus.CONFIRMED

    def test_is_offered_to_a_supervisor_and_not_to_a_csr(self, unknown, supervisor, csr):
        for client, is_offered in ((supervisor, True), (csr, False)):
            for address in (
                reverse("desk:submission", args=[unknown.pk]),
                reverse("desk:order", args=[unknown.subject_id]),
            ):
                page = client.get(address).content.decode()
                assert (reverse("desk:submission_settle", args=[unknown.pk]) in page) is is_offered


class TestResend:
    def test_looks_an_unknown_up_at_once(self, unknown, supervisor):
        Submission.objects.filter(pk=unknown.pk).update(due_at=now() + timedelta(hours=1))

        act(supervisor, "submission_resend", unknown, reason="They are back.")

        unknown.refresh_from_db()
        assert unknown.due_at <= now()
        assert unknown.status == SubmissionStatus.UNKNOWN

    def test_is_refused_for_what_is_confirmed(self, unknown, supervisor):
        unknown.confirm("WO-1", at=now())
        unknown.save()

        answer = act(supervisor, "submission_resend", unknown, reason="Once more.")

        assert answer.status_code == 422
        assert "Once more." in answer.content.decode()


class TestLead:
    def test_is_assigned_noted_and_closed(self, market, supervisor, csr):
        lead = make_lead(market.division)

        act(supervisor, "lead_assign", lead, to=csr.person.pk)
        act(csr, "lead_note", lead, text="Moves in May.", was_reached="on")
        contacted = Lead.objects.get(pk=lead.pk)
        act(csr, "lead_close", lead, reason="not_interested")

        assert (contacted.status, contacted.assigned_to) == (LeadStatus.CONTACTED, csr.person)
        assert Lead.objects.get(pk=lead.pk).close_reason == "not_interested"
        page = csr.get(reverse("desk:lead", args=[lead.pk])).content.decode()
        for expected in ("Moves in May.", "Chris CSR", "No longer interested", "A note was written"):
            assert expected in page

    def test_is_given_to_another_by_a_supervisor_only(self, market, supervisor, csr):
        lead = make_lead(market.division)

        answer = act(csr, "lead_assign", lead, to=supervisor.person.pk)

        assert answer.status_code == 422
        assert Lead.objects.get(pk=lead.pk).status == LeadStatus.NEW

    def test_is_offered_to_nobody_to_whom_it_may_not_be_given(self, market, supervisor, csr):
        lead = make_lead(market.division)
        address = reverse("desk:lead_assign", args=[lead.pk])

        offered = {
            person.person: set(person.get(address).context["form"].fields["to"].queryset)
            for person in (csr, supervisor)
        }

        assert offered == {csr.person: {csr.person}, supervisor.person: {csr.person, supervisor.person}}
        assert "Take it" in csr.get(reverse("desk:lead", args=[lead.pk])).content.decode()

    def test_becomes_an_order_where_something_can_be_ordered(self, market, csr):
        lead = make_lead(market.division, qualification=make_qualification(market.division))

        act(csr, "lead_convert", lead)

        lead.refresh_from_db()
        assert (lead.status, lead.order.sold_by, lead.order.status) == (
            LeadStatus.CONVERTED,
            csr.person,
            OrderStatus.DRAFT,
        )

    def test_stays_a_lead_where_nothing_can_be_ordered(self, market, csr):
        lead = make_lead(market.division)

        answer = act(csr, "lead_convert", lead)

        assert answer.status_code == 422
        assert Lead.objects.get(pk=lead.pk).status == LeadStatus.NEW


class TestAskingToAgree:
    def test_mails_the_customer_a_link_that_staff_never_see(self, market, csr):
        order = fill_in(make_cart(market, by=csr.person), market)
        page = csr.get(reverse("desk:order", args=[order.pk])).content.decode()

        act(csr, "order_ask_to_agree", order)

        message = Message.objects.get()
        proof = re.search(r"by_letter=(\S+)", message.text)[1]
        assert reverse("desk:order_ask_to_agree", args=[order.pk]) in page
        assert order.token in page
        for name in ("desk:message", "desk:message_html"):
            shown = csr.get(reverse(name, args=[message.pk])).content.decode()
            assert order.address in shown
            assert proof not in shown
            assert order.token not in shown

    def test_is_not_offered_where_the_customer_orders_or_has_agreed(self, market, csr):
        for order in (fill_in(make_cart(market), market), make_draft(market, by=csr.person)):
            page = csr.get(reverse("desk:order", args=[order.pk])).content.decode()
            assert reverse("desk:order_ask_to_agree", args=[order.pk]) not in page

    def test_who_may_only_look_gets_no_link_to_a_cart(self, market):
        auditor = sign_in(Client(), make_person(Role.AUDITOR, market.division))
        order = make_draft(market)

        page = auditor.get(reverse("desk:order", args=[order.pk]))

        assert page.status_code == 200
        assert order.token not in page.content.decode()


class TestNewOrder:
    def test_begins_at_an_address_and_goes_on_in_the_pages_of_the_market(self, market, csr):
        premises = make_qualification(market.division).premises
        page = csr.get(reverse("desk:new_order"), {"address": premises.label})
        assert f'value="{premises.pk}"' in page.content.decode()

        answer = csr.post(reverse("desk:new_order"), {"premises": premises.pk, "key": "pressed-once"})
        again = csr.post(reverse("desk:new_order"), {"premises": premises.pk, "key": "pressed-once"})

        order = Order.objects.get()
        assert (order.channel, order.sold_by, order.premises) == ("phone", csr.person, premises)
        address = f"//{market.site.host}{reverse('storefront:order', args=[order.token])}"
        assert answer.url == again.url == address

    def test_leads_to_the_answer_where_nothing_can_be_ordered(self, market, csr):
        answer = csr.post(reverse("desk:new_order"), {"address": "1 Nowhere Road", "key": "k"})

        assert f"//{market.site.host}/address/" in answer.url
        assert not Order.objects.exists()

    def test_finds_no_address_of_another_market(self, elsewhere, csr):
        premises = make_qualification(elsewhere.division).premises

        page = csr.get(reverse("desk:new_order"), {"address": premises.label})
        csr.post(reverse("desk:new_order"), {"premises": premises.pk, "key": "k"})

        assert f'value="{premises.pk}"' not in page.content.decode()
        assert not Order.objects.filter(premises=premises).exists()

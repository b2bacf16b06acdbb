"""Outages: whom they affect, which tickets they explain, who is told, and what is credited (X28 to X32)."""

import re
from collections import defaultdict
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from itertools import permutations
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, InternalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings, strategies as st

from accounts.models import Account, Contact, Customer
from billing.models import BillingSystem, Submission
from config.local.sign_ins import totp
from foundation.correspondence.models import Message
from foundation.divisions.services import set_value
from foundation.divisions.settings import TIME_ZONE
from foundation.divisions.testing import make_division
from foundation.events.models import Delivery
from foundation.events.services import deliver_next
from foundation.events.testing import drain, published
from foundation.jobs.models import Job
from foundation.jobs.services import work_one_chunk
from foundation.lifecycle import NotAllowed
from foundation.money import format_money, round_money
from foundation.now import now
from foundation.people.services import confirm_person, invite_person
from foundation.people.states import Role
from foundation.people.testing import TOTP_SECRET, make_person, sign_in
from interfaces.desk.outage_forms import shown_in
from interfaces.desk.queries import timeline_of
from interfaces.desk.words import say
from orders.models import InstalledService
from orders.testing import make_market
from territory.models import Premises
from tests.billing.asking import go_on
from tests.commissions.vendor import forget_what_was_owed, running_vendor
from tests.orders.racing import together
from tickets import services
from tickets.events import TicketAttached, TicketDetached, TicketReopened, TicketResolved
from tickets.models import AffectedService, Outage, OutageCredit, OutageNotice, Ticket, WaitingTicket
from tickets.queries import caller_by_places
from tickets.queries.outages import Affected, Scope
from tickets.services import outages
from tickets.services.outages.reckoning import minutes_of, without, worth_of
from tickets.services.outages.telling import write_chunk
from tickets.states import (
    ClockKind,
    CreditRunStatus,
    CreditStatus,
    DetachReason,
    HoldReason,
    OutageKind,
    OutageStatus,
    ResolutionCode,
    RoutingCause,
    TicketStatus,
    TicketType,
    UpdateStage,
)
from tickets.testing import (
    let_leave,
    make_affected,
    make_declaration,
    make_outage,
    make_policy,
    make_symptom,
    make_ticket,
)

LONG_AGO, FAR = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
JUNE = datetime(2026, 6, 10, 12, tzinfo=UTC)


@pytest.fixture
def division(db):
    return make_division()


@pytest.fixture
def market(division):
    return make_market(division, capacity=50)


@pytest.fixture
def supervisor(division):
    return make_person(Role.SUPERVISOR, division)


@pytest.fixture
def csr(division):
    return make_person(Role.CSR, division)


def drain_all_but_billing():
    """Deliver what is due, but nothing to billing systems that nobody runs here."""
    while True:
        Delivery.objects.filter(handler__startswith="billing.").delete()
        if not deliver_next(10):
            break
    drain()


def work():
    """Deliver what is due, and do the long work that follows from it."""
    drain_all_but_billing()
    let_leave()
    drain_all_but_billing()
    while work_one_chunk():
        drain_all_but_billing()


def told(stage):
    """Return to whom letters of a stage went."""
    return sorted(OutageNotice.objects.filter(update__stage=stage).values_list("message__to", flat=True))


def mails(account):
    """Return the subjects of what an account's main contact was sent about outages, the oldest first."""
    contact = account.customer.contacts.get()
    letters = Message.objects.filter(to=contact.email, kind__in=["tickets.outage", "tickets.resolved"]).order_by("pk")
    return [letter.subject_line for letter in letters]


class TestX28DeclareWithAffectedCount:
    def test_counts_by_node_area_product_or_list_before_anything_is_written(self, division, market, supervisor):
        on_node = make_affected(division, market=market, node="N-1")
        other = make_affected(division, market=market, node="N-2")
        product = InstalledService.objects.filter(account=other, line__family="internet").get().product_id

        def count(**scope):
            return outages.preview_outage(make_declaration(scope=Scope(**scope)), division, by=supervisor)

        assert count(nodes=("N-1",)) == Affected(customers=1, services=3)
        assert count(zip_codes=("05701",)) == Affected(customers=2, services=6)
        assert count(streets=(on_node.premises.street_id,)) == Affected(customers=2, services=6)
        assert count(accounts=(other.pk,)) == Affected(customers=1, services=3)
        assert count(premises=(other.premises_id,), nodes=("N-1",)) == Affected(customers=2, services=6)
        assert count(products=(product,)) == Affected(customers=2, services=2)
        assert count(products=(product,), nodes=("N-2",)) == Affected(customers=1, services=1)
        assert count(families=("video",), zip_codes=("05701",)) == Affected(customers=2, services=2)
        assert not Outage.objects.exists()

    def test_tells_businesses_apart_and_who_is_affected_elsewhere_already(self, division, market, supervisor):
        account = make_affected(division, market=market)
        account.customer.kind = "business"
        account.customer.save()
        make_outage(division, by=supervisor)

        affected = outages.preview_outage(make_declaration(scope=Scope(zip_codes=("05701",))), division, by=supervisor)

        assert affected == Affected(customers=1, business=1, services=3, known=1)

    def test_goes_no_further_than_the_divisions_of_whoever_declares(self, division, market, supervisor):
        mine = make_affected(division, market=market)
        neighbour = make_division()
        theirs = make_affected(neighbour)

        affected = outages.preview_outage(make_declaration(scope=Scope(nodes=("N-1",))), division, by=supervisor)
        outage = make_outage(division, by=supervisor)

        assert affected.customers == 1
        assert set(outage.affected.values_list("account", flat=True)) == {mine.pk}
        with pytest.raises(NotAllowed):
            outages.preview_outage(make_declaration(scope=Scope(accounts=(theirs.pk,))), neighbour, by=supervisor)

    def test_refuses_who_may_not_and_what_affects_nobody(self, division, market, supervisor, csr):
        make_affected(division, market=market)

        for said, by in [({}, csr), ({"scope": Scope()}, supervisor), ({"scope": Scope(nodes=("N-9",))}, supervisor)]:
            with pytest.raises(NotAllowed):
                make_outage(division, by=by, **said)

        assert not Outage.objects.exists()

    def test_takes_in_more_when_it_is_widened(self, division, market, supervisor):
        make_affected(division, market=market)
        more = make_affected(division, market=market, node="N-2")
        ticket = make_ticket(division, account=more)
        outage = make_outage(division, by=supervisor, starts_at=now() - timedelta(hours=1))
        work()

        outages.widen_outage(outage.pk, Scope(nodes=("N-2",)), by=supervisor)
        work()

        ticket.refresh_from_db()
        assert (ticket.outage, ticket.reason) == (outage, HoldReason.OUTAGE)
        assert len(told(UpdateStage.STARTED)) == 2
        assert len(mails(more)) == 1

    def test_its_numbers_of_statements_do_not_grow(self, division, market, supervisor, django_assert_max_num_queries):
        for _one in range(4):
            make_ticket(division, account=make_affected(division, market=market))

        with django_assert_max_num_queries(22):
            make_outage(division, by=supervisor)

        assert Ticket.objects.filter(status=TicketStatus.HELD).count() == 4


class TestX29AttachAndDetach:
    def test_holds_the_tickets_of_affected_customers_since_it_began(self, division, market, supervisor):
        account = make_affected(division, market=market)
        ticket = make_ticket(division, account=account)
        elsewhere = make_ticket(division, account=make_affected(division, market=market, node="N-2"))
        bill = make_ticket(division, TicketType.BILLING, account=account)

        outage = make_outage(division, by=supervisor)

        for one in (ticket, elsewhere, bill):
            one.refresh_from_db()
        assert (ticket.outage, ticket.status, ticket.reason) == (outage, TicketStatus.HELD, HoldReason.OUTAGE)
        assert (elsewhere.outage, bill.outage) == (None, None)
        assert published(TicketAttached) == [TicketAttached(ticket_id=ticket.pk, outage_id=outage.pk)]

    def test_leaves_what_was_reported_before_it_began(self, division, market, supervisor):
        ticket = make_ticket(division, account=make_affected(division, market=market))

        make_outage(division, by=supervisor, starts_at=now())

        ticket.refresh_from_db()
        assert ticket.outage is None

    def test_attaches_late_callers_also_those_who_came_after_it_was_declared(self, division, market, supervisor):
        early = make_affected(division, market=market)
        outage = make_outage(division, by=supervisor)
        late = make_affected(division, market=market)
        work()
        tickets = [make_ticket(division, account=account) for account in (early, late)]

        work()

        assert set(Ticket.objects.filter(outage=outage)) == set(tickets)
        assert outage.affected.filter(account=late).count() == 3
        assert len(mails(late)) == 1

    def test_a_second_fault_of_a_caller_keeps_its_own_ticket(self, division, market, supervisor):
        account = make_affected(division, market=market)
        first, second = (make_ticket(division, account=account) for _one in range(2))
        make_outage(division, by=supervisor)
        third = make_ticket(division, account=account)
        work()

        for one in (first, second, third):
            one.refresh_from_db()
        assert first.outage is not None
        assert (second.outage, third.outage) == (None, None)
        assert third.status == TicketStatus.ACKNOWLEDGED

    def test_a_ticket_about_a_service_that_works_keeps_its_own(self, division, market, supervisor):
        account = make_affected(division, market=market)
        phone = InstalledService.objects.get(account=account, line__family="voice")
        outage = make_outage(division, by=supervisor, scope=Scope(nodes=("N-1",), families=("video",)))
        ticket = make_ticket(division, account=account, service=phone)
        work()

        ticket.refresh_from_db()
        assert ticket.outage is None
        assert not outages.outages_at(account.premises, service=phone).exists()
        assert list(outages.outages_at(account.premises)) == [outage]

    @pytest.mark.parametrize(
        ("speaks_of", "attached"), [("video", False), ("internet", True), ("nothing", False), ("family", False)]
    )
    def test_a_ticket_about_what_works_keeps_its_own_and_shows_the_outage(  # noqa: PLR0917  # fixtures
        self, division, market, supervisor, csr, client, speaks_of, attached
    ):
        """An outage of the internet does not explain that there is no picture; staff see it, and attach if it does."""
        account = make_affected(division, market=market)
        said = {"symptom": make_symptom(division, family=speaks_of).code} if speaks_of in ("video", "internet") else {}
        said |= {"answers": {"family": "video"}} if speaks_of == "family" else {}
        early = make_ticket(division, account=account, **said)
        outage = make_outage(division, by=supervisor, scope=Scope(nodes=("N-1",), families=("internet",)))
        late = make_affected(division, market=market)
        called = make_ticket(division, account=late, **said)
        work()

        for ticket in (early, called):
            ticket.refresh_from_db()
        assert {ticket.outage for ticket in (early, called)} == ({outage} if attached else {None})
        page = sign_in(client, csr).get(reverse("desk:ticket", args=[called.number])).content.decode()
        link = f"{reverse('desk:outage_attach', args=[outage.pk])}?ticket={called.number}"
        assert (link in page) is not attached
        if not attached:
            form = client.get(link).context["form"]
            client.post(link, {"ticket": form["ticket"].value()})
            called.refresh_from_db()
            assert called.outage == outage

    def test_a_ticket_of_another_type_shows_the_outage_and_is_not_attached(
        self, division, market, supervisor, csr, client
    ):
        bill = make_ticket(division, TicketType.BILLING, account=make_affected(division, market=market))
        outage = make_outage(division, by=supervisor)

        page = sign_in(client, csr).get(reverse("desk:ticket", args=[bill.number])).content.decode()

        assert reverse("desk:outage", args=[outage.pk]) in page
        assert "attach the ticket" not in page

    def test_what_works_is_known_by_the_date_where_it_is(self, division, supervisor):
        """A phone that is off from the second on is off where that has begun, whatever the date elsewhere."""
        with time_machine.travel(datetime(2026, 12, 1, 12, tzinfo=UTC), tick=False):
            far = make_division(parent=division)
            set_value(far, TIME_ZONE, "Pacific/Auckland")
            here, there = make_affected(division), make_affected(far)
            Account.objects.filter(pk=there.pk).update(customer=here.customer)
            InstalledService.objects.filter(line__family="voice").update(until=date(2026, 12, 2))
            tickets = [make_ticket(account.division, account=account) for account in (here, there)]

            phones = outages.preview_outage(
                make_declaration(scope=Scope(nodes=("N-1",), families=("voice",))), division, by=supervisor
            )
            shown = caller_by_places(here.customer, seen_by=supervisor).accounts
            outage = make_outage(
                division, by=supervisor, scope=Scope(nodes=("N-1",), families=("internet", "video"))
            )  # all that works there, and not here

        assert phones.services == 1
        assert {view.account: "voice" in {one.line.family for one in view.services} for view in shown} == {
            here: True, there: False,
        }  # fmt: skip
        assert [Ticket.objects.get(pk=ticket.pk).outage for ticket in tickets] == [None, outage]

    def test_what_is_detached_stays_theirs_and_is_not_attached_again(self, division, market, supervisor, csr):
        ticket = make_ticket(division, account=make_affected(division, market=market))
        outage = make_outage(division, by=supervisor)

        services.outages.detach_ticket(ticket.pk, by=csr)
        outages.update_outage(outage.pk, status=OutageStatus.IDENTIFIED, by=supervisor)
        outages.attach_late_caller(ticket.pk)
        outages.restore_outage(outage.pk, by=supervisor)
        outages.reopen_outage(outage.pk, by=supervisor)

        ticket.refresh_from_db()
        assert (ticket.outage, ticket.status) == (None, TicketStatus.IN_PROGRESS)
        [fact] = published(TicketDetached)
        assert fact == TicketDetached(ticket_id=ticket.pk, outage_id=outage.pk, reason=DetachReason.OTHER_FAULT)

    def test_a_caller_is_attached_in_one_step_at_intake(self, division, market, supervisor, csr):
        account = make_affected(division, market=market)
        outage = make_outage(division, by=supervisor)
        [offered] = outages.outages_at(account.premises, account=account)
        report = services.Report(
            type=TicketType.TROUBLE, subject="No TV", text="Black.", requester=services.Requester.of(account.customer),
            customer=account.customer, account=account,
        )  # fmt: skip

        tickets = [
            outages.attach_caller(offered.pk, report, key="form-1", division=division, channel="phone", by=csr)
            for _pressed in range(2)
        ]
        work()

        assert offered == outage
        assert tickets[0] == tickets[1]
        assert Ticket.objects.get() == tickets[0]
        assert Ticket.objects.get().outage == outage
        receipt = Message.objects.get(kind="tickets.opened").text
        assert "A cable was cut." in receipt
        assert "Somebody will look at it" not in receipt

    def test_who_speaks_of_something_else_at_intake_is_not_attached(self, division, market, supervisor, csr):
        account = make_affected(division, market=market)
        outage = make_outage(division, by=supervisor)
        ticket = make_ticket(division, account=account)

        outages.keep_apart(outage.pk, ticket.pk, by=csr)
        work()

        ticket.refresh_from_db()
        assert ticket.outage is None

    def test_an_outage_that_never_was_lets_them_go(self, division, market, supervisor):
        ticket = make_ticket(division, account=make_affected(division, market=market))
        outage = make_outage(division, by=supervisor)

        outages.withdraw_outage(outage.pk, by=supervisor)

        ticket.refresh_from_db()
        assert (ticket.outage, ticket.status) == (None, TicketStatus.IN_PROGRESS)
        assert not outages.outages_at(ticket.premises).exists()


class TestX29OnThePages:
    def test_a_late_caller_is_attached_by_themselves_and_detached_where_it_is_wrong(
        self, division, market, supervisor, csr, client
    ):
        account = make_affected(division, market=market)
        Customer.objects.filter(pk=account.customer_id).update(user=make_person(Role.CUSTOMER, division))
        account.customer.refresh_from_db()
        outage = make_outage(division, by=supervisor)
        said = {"key": "k", "account": account.pk, "type": "trouble", "family": "internet", "symptom": "none"}

        sign_in(client, account.customer.user)
        client.post(reverse("selfcare:ticket_new"), {**said, "text": "Nothing works.", "do": "send"})
        ticket = Ticket.objects.get()
        work()

        address = reverse("selfcare:ticket", args=[ticket.number])
        assert "There is an outage where you live." in client.get(address).content.decode()
        sign_in(client, csr)
        assert ticket.number in client.get(reverse("desk:outage", args=[outage.pk])).content.decode()
        client.post(reverse("desk:outage_detach", args=[ticket.number]))
        sign_in(client, supervisor)  # who widens it, so that it takes in whom it stops
        more = make_affected(division, market=market, node="N-2")
        client.post(reverse("desk:outage_widen", args=[outage.pk]), {"by": "list", "listed": more.number})
        work()
        assert AffectedService.objects.filter(outage=outage, account=more).exists()
        assert ticket.number not in client.get(reverse("desk:outage", args=[outage.pk])).content.decode()
        sign_in(client, account.customer.user)
        assert "We are working on it." in client.get(address).content.decode()


@pytest.mark.django_db(transaction=True)
class TestX29TwoAtOnce:
    def test_of_two_tickets_of_one_account_one_is_attached(self):
        division = make_division()
        supervisor = make_person(Role.SUPERVISOR, division)
        account = make_affected(division)
        outage = make_outage(division, by=supervisor)
        tickets = [make_ticket(division, account=account) for _one in range(2)]

        together(*(lambda pk=ticket.pk: outages.attach_late_caller(pk) for ticket in tickets))

        assert Ticket.objects.filter(outage=outage).count() == 1

    def test_two_who_declare_the_same_form_declare_one_outage(self):
        division = make_division()
        supervisor = make_person(Role.SUPERVISOR, division)
        ticket = make_ticket(division, account=make_affected(division))
        said = outages.Declaration(
            kind=OutageKind.FAULT, title="N-1", scope=Scope(nodes=("N-1",)), starts_at=now() - timedelta(hours=1)
        )

        declared = together(
            *(lambda: outages.declare_outage(said, division=division, key="form", by=supervisor) for _one in range(2))
        )

        assert declared[0] == declared[1] == Outage.objects.get()
        assert published(TicketAttached) == [TicketAttached(ticket_id=ticket.pk, outage_id=declared[0].pk)]


class TestX30OneNoticePerPersonAndStage:
    def test_tells_each_person_once_a_stage(self, division, market, supervisor):
        account = make_affected(division, market=market)
        other = make_affected(division, market=market)
        outage = make_outage(division, by=supervisor)
        work()
        outages.tell_customers(outage.updates.get().pk)
        outages.update_outage(
            outage.pk, words={"en": "Spliced."}, expected_at=now() + timedelta(hours=2), by=supervisor
        )
        outages.update_outage(outage.pk, is_told=False, by=supervisor)
        work()
        outages.restore_outage(outage.pk, by=supervisor)
        work()

        begun, news, over = (
            "There is an outage at your address",
            "News of the outage at your address",
            "The outage at your address is over",
        )
        assert mails(account) == mails(other) == [begun, news, over]
        letters = Message.objects.filter(kind="tickets.outage", subject_line=news)
        assert all("Spliced." in letter.text and "We expect it to work again by" in letter.text for letter in letters)

    def test_tells_a_person_with_two_accounts_once(self, division, market, supervisor):
        accounts = [make_affected(division, market=market) for _two in range(2)]
        Contact.objects.filter(customer=accounts[0].customer).update(email=accounts[1].customer.contacts.get().email)

        make_outage(division, by=supervisor)
        work()

        assert mails(accounts[0]) == mails(accounts[1]) == ["There is an outage at your address"]

    def test_goes_on_where_it_was_killed(self, division, market, supervisor):
        make_affected(division, market=market)
        outage = make_outage(division, by=supervisor)
        drain_all_but_billing()
        update = outage.updates.get()
        job = Job.objects.get(kind="tickets.tell_of_outage")

        chunk = job.chunks.get()
        for _taken_again in range(2):
            write_chunk(job, chunk)

        notice = update.notices.get()
        assert Message.objects.filter(kind="tickets.outage").count() == 1
        assert notice.message == Message.objects.get(kind="tickets.outage")

    def test_a_second_notice_of_a_stage_is_refused_by_the_database(self, division, market, supervisor):
        make_affected(division, market=market)
        outage = make_outage(division, by=supervisor)
        work()
        notice = OutageNotice.objects.get()

        notice.pk = None

        with pytest.raises(IntegrityError), transaction.atomic():
            notice.save(force_insert=True)
        assert outage.updates.get().notices.count() == 1

    def test_leaves_in_peace_who_wants_none_and_whose_fault_is_another(self, division, market, supervisor, csr, client):
        quiet, theirs, told_ = (make_affected(division, market=market) for _one in range(3))
        person = make_person(Role.CUSTOMER, division)
        quiet.customer.user = person
        quiet.customer.save()
        sign_in(client, person).post(reverse("selfcare:outage_notices"), {"wants": "no"})
        ticket = make_ticket(division, account=theirs)
        outage = make_outage(division, by=supervisor)
        outages.detach_ticket(ticket.pk, by=csr)
        work()
        outages.restore_outage(outage.pk, by=supervisor)
        work()

        assert mails(quiet) == []
        assert mails(theirs) == []
        assert len(mails(told_)) == 2

    def test_says_nothing_of_a_beginning_that_is_over(self, division, market, supervisor):
        account = make_affected(division, market=market)
        outage = make_outage(division, by=supervisor)
        outages.restore_outage(outage.pk, by=supervisor)

        work()

        assert mails(account) == ["The outage at your address is over"]

    def test_writes_in_the_language_of_each(self, division, market, supervisor):
        account = make_affected(division, market=market)
        Customer.objects.filter(pk=account.customer_id).update(language="es")
        make_outage(division, by=supervisor)

        work()

        letter = Message.objects.get(kind="tickets.outage")
        assert letter.language == "es"
        assert "Se cortó un cable." in letter.text
        assert "A cable was cut." not in letter.text

    def test_planned_maintenance_announces_itself_before(self, division, market, supervisor):
        account = make_affected(division, market=market)
        begins = now() + timedelta(days=10)
        outage = make_outage(division, by=supervisor, kind=OutageKind.MAINTENANCE, starts_at=begins)
        work()
        assert mails(account) == []

        with time_machine.travel(begins - timedelta(days=2), tick=False):
            outages.announce_maintenance()
            outages.announce_maintenance()
            work()
        assert [subject.partition(":")[0] for subject in mails(account)] == ["Planned work at your address"]
        assert not outages.outages_at(account.premises).exists()

        with time_machine.travel(begins + timedelta(minutes=1), tick=False):
            outages.announce_maintenance()
            ticket = make_ticket(division, account=account)
            work()
            ticket.refresh_from_db()
            assert (ticket.outage, outage.updates.filter(is_told=True).count()) == (outage, 1)


def make_outage_with_merged(division, market, node, *, by):
    """Make an outage of a node that took in a ticket, which then went on as another of its account."""
    account = make_affected(division, market=market, node=node)
    ticket, other = (make_ticket(division, account=account) for _one in range(2))
    make_outage(division, by=by, scope=Scope(nodes=(node,)))
    services.merge_ticket(ticket.pk, other.pk, by=by)
    ticket.refresh_from_db()
    return ticket


def _stands(ticket):
    """Return where a ticket stands, for which outage, and whether it waits for somebody to take it."""
    ticket.refresh_from_db()
    waits = WaitingTicket.objects.filter(ticket=ticket).exists()
    return ticket.status, ticket.reason, ticket.outage, waits


class TestX31RestoreAsksWhetherItIsFixed:
    def test_resolves_attached_tickets_in_the_words_for_customers(self, division, market, supervisor):
        account = make_affected(division, market=market)
        ticket, bill = (
            make_ticket(division, account=account),
            make_ticket(division, TicketType.BILLING, account=account),
        )
        outage = make_outage(division, by=supervisor)

        outages.restore_outage(outage.pk, words={"en": "The cable is spliced."}, by=supervisor)

        ticket.refresh_from_db()
        bill.refresh_from_db()
        assert (ticket.status, ticket.resolution) == (TicketStatus.RESOLVED, ResolutionCode.OUTAGE_ENDED)
        assert ticket.resolution_text == "The cable is spliced."
        assert bill.status == TicketStatus.ACKNOWLEDGED
        assert published(TicketResolved) == [TicketResolved(ticket_id=ticket.pk, code="outage_ended")]

    def test_who_called_is_asked_instead_of_told(self, division, market, supervisor):
        caller, other = (make_affected(division, market=market) for _one in range(2))
        make_ticket(division, account=caller)
        outage = make_outage(division, by=supervisor)
        work()
        outages.restore_outage(outage.pk, by=supervisor)
        work()

        assert "The outage at your address is over" not in mails(caller)
        assert "The outage at your address is over" in mails(other)

    @pytest.mark.parametrize(("pressed", "status"), [("reopen", "in_progress"), ("fixed", "closed"), ("", "closed")])
    def test_the_letter_asks_it_and_one_tap_answers_and_silence_closes(  # noqa: PLR0917  # fixtures
        self, division, market, supervisor, client, pressed, status
    ):
        ticket = make_ticket(division, account=make_affected(division, market=market))
        outage = make_outage(division, by=supervisor)
        work()
        outages.restore_outage(outage.pk, by=supervisor)
        work()
        letter = Message.objects.get(kind="tickets.resolved", to=ticket.requester_email)
        yes, no = (re.search(rf"https?://[^/]+(/\S+fixed={answer}\S*)", letter.text)[1] for answer in ("yes", "no"))

        asked = client.get(no if pressed == "reopen" else yes).content.decode()
        if pressed:
            client.post(no if pressed == "reopen" else yes, {"do": pressed})
        with time_machine.travel(now() + timedelta(days=6), tick=False):
            services.close_silent_tickets()

        assert "Is it fixed?" in letter.text
        assert "Is it fixed?" in asked
        assert "score=" not in letter.text  # of the many of an outage nobody is asked how theirs was handled
        ticket.refresh_from_db()
        assert ticket.status == status

    def test_what_is_still_down_goes_on_by_itself(self, division, market, supervisor):
        ticket = make_ticket(division, account=make_affected(division, market=market))
        outage = make_outage(division, by=supervisor)
        outages.restore_outage(outage.pk, by=supervisor)

        services.reopen_ticket(ticket.pk, by=None)
        work()

        ticket.refresh_from_db()
        assert (ticket.status, ticket.outage) == (TicketStatus.IN_PROGRESS, None)
        assert ticket.assignments.filter(cause=RoutingCause.REOPENED).count() == 1
        told = [say(event) for event in timeline_of(ticket)]
        assert "Detached from the outage: it does not work, though the outage is over" in told

    def test_is_held_again_when_the_outage_is_reopened(self, division, market, supervisor):
        accounts = [make_affected(division, market=market) for _one in range(2)]
        silent, complained = (make_ticket(division, account=account) for account in accounts)
        outage = make_outage(division, by=supervisor)
        outages.restore_outage(outage.pk, by=supervisor)
        services.reopen_ticket(complained.pk, by=None)
        work()

        outages.reopen_outage(outage.pk, by=supervisor)
        work()

        for ticket in (silent, complained):
            ticket.refresh_from_db()
            assert (ticket.status, ticket.reason, ticket.outage) == (TicketStatus.HELD, HoldReason.OUTAGE, outage)
        assert published(TicketReopened)[-1] == TicketReopened(ticket_id=silent.pk, times=1)

    def test_was_never_resolved_where_nobody_had_heard_that_it_was(self, division, market, supervisor):
        make_policy(division, {ClockKind.RESTORE: 8})
        ticket = make_ticket(division, account=make_affected(division, market=market))
        outage = make_outage(division, by=supervisor)
        work()
        [clock] = ticket.clocks.all()
        outages.restore_outage(outage.pk, by=supervisor)
        drain_all_but_billing()

        outages.reopen_outage(outage.pk, by=supervisor)
        drain_all_but_billing()

        assert _stands(ticket) == (TicketStatus.HELD, HoldReason.OUTAGE, outage, False)
        assert (ticket.reopened_count, ticket.reopened_at, ticket.first_resolved_at) == (0, None, None)
        assert not published(TicketReopened)
        clock.refresh_from_db()
        assert (clock.status, clock.met_at) == ("running", None)
        let_leave()
        assert not Message.objects.filter(kind="tickets.resolved").exists()
        outages.restore_outage(outage.pk, by=supervisor)
        work()
        assert Message.objects.filter(kind="tickets.resolved").count() == 1

    def test_holds_again_what_was_attached_by_hand(self, division, market, supervisor, csr):
        """Of before it was said to have begun, and a second one of an account: it would take neither by itself."""
        account = make_affected(division, market=market)
        with time_machine.travel(now() - timedelta(hours=2)):
            early = make_ticket(division, account=account)
        taken, second = (make_ticket(division, account=account) for _one in range(2))
        outage = make_outage(division, by=supervisor)
        for ticket in (early, second):
            outages.attach_ticket(outage.pk, ticket.pk, by=csr)
        outages.restore_outage(outage.pk, by=supervisor)
        let_leave()

        outages.reopen_outage(outage.pk, by=supervisor)
        work()

        for ticket in (early, taken, second):
            ticket.refresh_from_db()
            assert (ticket.status, ticket.reason, ticket.outage) == (TicketStatus.HELD, HoldReason.OUTAGE, outage)
            assert ticket.reopened_count == 1
            assert not WaitingTicket.objects.filter(ticket=ticket).exists()

    def test_a_resolution_that_is_taken_back_waits_for_what_is_under_way_alone(self, division, market, supervisor, csr):
        by_hand, ended = (
            make_ticket(division, account=make_affected(division, market=market, node=node)) for node in ("N-1", "N-2")
        )
        under_way = make_outage(division, by=supervisor)
        over = make_outage(division, by=supervisor, scope=Scope(nodes=("N-2",)))
        services.resolve_ticket(by_hand.pk, ResolutionCode.RESTORED, "", by=csr)
        outages.restore_outage(over.pk, by=supervisor)
        drain_all_but_billing()

        for ticket in (by_hand, ended):
            services.take_back_resolution(ticket.pk, by=csr)
        work()

        assert _stands(by_hand) == (TicketStatus.HELD, HoldReason.OUTAGE, under_way, False)
        assert _stands(ended) == (TicketStatus.IN_PROGRESS, "", None, True)
        assert published(TicketDetached) == [TicketDetached(ticket_id=ended.pk, outage_id=over.pk)]

    def test_what_is_parted_waits_for_what_is_under_way_alone(self, division, market, supervisor, csr):
        still, over = (make_outage_with_merged(division, market, node, by=supervisor) for node in ("N-1", "N-2"))
        outages.restore_outage(over.outage_id, by=supervisor)

        for ticket in (still, over):
            services.unmerge_ticket(ticket.pk, by=csr)
        work()

        assert _stands(still) == (TicketStatus.HELD, HoldReason.OUTAGE, still.outage, False)
        assert _stands(over) == (TicketStatus.IN_PROGRESS, "", None, True)

    @pytest.mark.parametrize("was_told", [False, True])
    def test_what_is_parted_is_taken_up_if_its_outage_is_under_way_again(
        self, division, market, supervisor, csr, was_told
    ):
        account = make_affected(division, market=market)
        ticket, other = (make_ticket(division, account=account) for _one in range(2))
        outage = make_outage(division, by=supervisor)
        outages.restore_outage(outage.pk, by=supervisor)
        if was_told:
            let_leave()
        services.merge_ticket(ticket.pk, other.pk, by=csr)
        outages.reopen_outage(outage.pk, by=supervisor)

        parted = services.unmerge_ticket(ticket.pk, by=csr)
        work()

        assert (parted.status, parted.reopened_count) == (TicketStatus.HELD, was_told)
        assert _stands(ticket) == (TicketStatus.HELD, HoldReason.OUTAGE, outage, False)

    def test_closes_by_itself_after_the_days_of_the_division(self, division, market, supervisor):
        ticket = make_ticket(division, account=make_affected(division, market=market))
        outage = make_outage(division, by=supervisor)
        outages.restore_outage(outage.pk, by=supervisor)

        with time_machine.travel(now() + timedelta(days=6), tick=False):
            services.close_silent_tickets()

        ticket.refresh_from_db()
        assert ticket.status == TicketStatus.CLOSED


ZONE = ZoneInfo("America/New_York")
MOMENTS = st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2027, 12, 31)).map(
    lambda at: at.replace(tzinfo=UTC, microsecond=0)
)
SPANS = st.lists(st.tuples(MOMENTS, st.integers(1, 90 * 24 * 3600)), max_size=4).map(
    lambda pairs: [(at, at + timedelta(seconds=length)) for at, length in pairs]
)
PRICES = st.decimals("0.01", "500.00", places=2)


class TestX32MinutesToMoney:
    @given(spans=SPANS, price=PRICES, cut=MOMENTS)
    def test_the_parts_are_the_whole(self, spans, price, cut):
        whole = without(spans, [])
        before, after = without(whole, [(cut, FAR)]), without(whole, [(LONG_AGO, cut)])

        parts = worth_of(price, before, ZONE) + worth_of(price, after, ZONE)

        assert round_money(abs(parts - worth_of(price, whole, ZONE))) == 0
        assert minutes_of(whole) * 60 <= sum((end - begin).total_seconds() for begin, end in spans)

    @given(spans=SPANS, price=PRICES)
    def test_a_month_brings_no_more_than_its_price(self, spans, price):
        whole = without(spans, [])
        months = {(at.year, at.month) for begin, end in whole for at in _days(begin, end)}

        assert worth_of(price, whole, ZONE) <= price * len(months) + Decimal("0.000001")

    @pytest.mark.parametrize("first", [datetime(2026, 2, 1), datetime(2026, 3, 1), datetime(2026, 11, 1)])
    def test_a_whole_month_brings_its_price_also_where_clocks_change(self, first):
        begin = first.replace(tzinfo=ZONE)
        end = first.replace(month=first.month + 1).replace(tzinfo=ZONE)

        assert worth_of(Decimal("60.00"), [(begin, end)], ZONE) == 60

    def test_by_hand(self):
        begin = datetime(2026, 6, 30, 12, tzinfo=ZONE)  # June has 720 hours, July 744
        worth = worth_of(Decimal("60.00"), [(begin, begin + timedelta(hours=24))], ZONE)

        assert round_money(worth) == round_money(Decimal(60) * 12 / 720 + Decimal(60) * 12 / 744) == Decimal("1.97")


def _days(begin, end):
    while begin < end:
        yield begin.astimezone(ZONE)
        begin += timedelta(hours=6)
    yield end.astimezone(ZONE)


class TestX32OutageCredits:
    @pytest.fixture
    def approver(self, division):
        return make_person(Role.OPERATOR, division)

    @pytest.fixture
    def market(self, division):
        with time_machine.travel(JUNE - timedelta(days=21), tick=False):
            return make_market(division, capacity=50)

    @pytest.fixture
    def installed(self, division, market):
        with time_machine.travel(JUNE - timedelta(days=20), tick=False):
            return make_affected(division, market=market)

    @pytest.fixture
    def outage(self, division, installed, supervisor):
        """An outage of ten hours in June."""
        with time_machine.travel(JUNE, tick=False):
            outage = make_outage(division, by=supervisor, starts_at=JUNE - timedelta(minutes=1))
        return self._restore(outage, JUNE + timedelta(hours=10), by=supervisor)

    @staticmethod
    def _restore(outage, at, *, by):
        with time_machine.travel(at, tick=False):
            return outages.restore_outage(outage.pk, by=by)

    @staticmethod
    def _post(run, approver):
        """Approve a run, and let billing confirm what it asks for."""
        outages.approve_credits(run.pk, by=approver)
        work()
        for credit in run.credits.all():
            outages.record_credit_confirmed(credit.request_id, f"CR-{credit.pk}")
        run.refresh_from_db()
        return run

    def test_are_seen_asked_for_approved_by_another_and_posted_once(self, outage, installed, supervisor, approver):
        monthly = sum(
            (service.monthly_on(JUNE.date()) for service in InstalledService.objects.filter(
                account=installed, line__family__in=["internet", "video", "voice"]
            )), Decimal(0),
        )  # fmt: skip
        expected = round_money(monthly * 601 / (30 * 24 * 60))

        preview = outages.preview_credits(outage)
        run = outages.request_credits(outage.pk, by=supervisor)
        outages.approve_credits(run.pk, shown=preview.total, by=approver)
        work()
        work()
        with pytest.raises(NotAllowed) as late:
            outages.approve_credits(run.pk, shown=preview.total, by=approver)

        assert late.value.code != "tampered"  # they are on their way, as they were asked for
        credit = OutageCredit.objects.get()
        submission = Submission.objects.get(kind="credit")
        assert (preview.accounts, preview.total, preview.minutes) == (1, expected, 601)
        assert (credit.amount, credit.minutes, credit.request_id) == (
            expected,
            601,
            f"outage-{outage.pk}-{installed.pk}-1",
        )
        assert submission.request_id == credit.request_id
        assert submission.payload["amount"] == str(expected)
        assert submission.payload["account_number"] == installed.number
        assert credit.status == CreditStatus.SENT

    def test_go_to_whoever_was_affected_also_when_their_ticket_is_detached_before_they_are_approved(
        self, division, installed, supervisor, approver, csr
    ):
        """Being affected comes from the address and the service; a ticket says only what somebody reported."""
        with time_machine.travel(JUNE, tick=False):
            ticket = make_ticket(division, account=installed)
            outage = make_outage(division, by=supervisor, starts_at=JUNE - timedelta(minutes=1))
            work()
        self._restore(outage, JUNE + timedelta(hours=10), by=supervisor)
        run = outages.request_credits(outage.pk, by=supervisor)
        ticket.refresh_from_db()
        assert ticket.outage == outage

        outages.detach_ticket(ticket.pk, by=csr)
        self._post(run, approver)

        assert run.status == CreditRunStatus.CONFIRMED
        assert [(one.account, one.minutes, one.status) for one in run.credits.all()] == [
            (installed, 601, CreditStatus.CONFIRMED)
        ]

    def test_nobody_approves_their_own_also_not_in_the_database(self, outage, approver):
        run = outages.request_credits(outage.pk, by=approver)

        with pytest.raises(NotAllowed):
            outages.approve_credits(run.pk, by=approver)
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "UPDATE tickets_creditrun SET status = 'approved', approved_by_id = %s, approved_at = now() WHERE id = %s",
                [approver.pk, run.pk],
            )

    def test_are_not_approved_by_who_may_be_the_one_who_asked_for_them(self, division, outage, approver):
        """Whom one person alone has let in is perhaps the same person: ADR 13."""
        run = outages.request_credits(outage.pk, by=approver)
        puppet = invite_person("puppet@people.example", role=Role.OPERATOR, division=division, by=approver)

        with pytest.raises(NotAllowed) as refusal:
            outages.approve_credits(run.pk, by=puppet)
        assert refusal.value.code == "unconfirmed"

        confirm_person(puppet, by=make_person(Role.OPERATOR, division))
        assert outages.approve_credits(run.pk, by=puppet).status == CreditRunStatus.APPROVED

    def test_a_csr_neither_asks_nor_approves(self, outage, supervisor, csr):
        with pytest.raises(NotAllowed):
            outages.request_credits(outage.pk, by=csr)
        run = outages.request_credits(outage.pk, by=supervisor)
        with pytest.raises(NotAllowed):
            outages.approve_credits(run.pk, by=csr)

    def test_what_was_asked_for_does_not_change(self, outage, supervisor):
        run = outages.request_credits(outage.pk, by=supervisor)

        for statement in (
            "UPDATE tickets_outagecredit SET amount = 100, due = 100 WHERE run_id = %s",
            "DELETE FROM tickets_outagecredit WHERE run_id = %s",
            "UPDATE tickets_creditrun SET counted_until = now() WHERE id = %s",
        ):
            with pytest.raises(InternalError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement, [run.pk])

    def test_are_not_asked_for_twice(self, outage, supervisor, approver):
        run = outages.request_credits(outage.pk, by=supervisor)
        with pytest.raises(NotAllowed):
            outages.request_credits(outage.pk, by=supervisor)

        run = self._post(run, approver)

        assert run.status == CreditRunStatus.CONFIRMED
        assert outages.preview_credits(outage).accounts == 0
        with pytest.raises(NotAllowed):
            outages.request_credits(outage.pk, by=supervisor)

    def test_what_goes_on_pays_only_the_rest(self, outage, supervisor, approver):
        first = self._post(outages.request_credits(outage.pk, by=supervisor), approver)
        again = JUNE + timedelta(hours=12)
        with time_machine.travel(again, tick=False):
            outages.reopen_outage(outage.pk, by=supervisor)
        self._restore(outage, again + timedelta(hours=5), by=supervisor)

        second = self._post(outages.request_credits(outage.pk, by=supervisor), approver)

        last = second.credits.get()
        assert (last.minutes, last.credited_before) == (901, first.total)
        assert first.total + second.total == last.due
        assert last.request_id.endswith("-2")

    def test_what_billing_refused_is_sent_again_under_its_own_id_not_a_second_time(self, outage, supervisor, approver):
        run = outages.request_credits(outage.pk, by=supervisor)
        outages.approve_credits(run.pk, by=approver)
        work()
        credit = run.credits.get()
        outages.record_credit_refused(credit.request_id, "No such account")
        run.refresh_from_db()
        assert (run.status, outages.preview_credits(outage).accounts) == (CreditRunStatus.PARTLY_RETURNED, 0)

        outages.record_credit_confirmed(credit.request_id, "CR-1")

        run.refresh_from_db()
        assert run.status == CreditRunStatus.CONFIRMED

    def test_what_is_discarded_is_asked_for_anew(self, outage, supervisor, approver):
        run = outages.request_credits(outage.pk, by=supervisor)
        outages.discard_credits(run.pk, by=approver)

        again = outages.request_credits(outage.pk, by=supervisor)

        assert again.total == run.total
        assert {credit.status for credit in run.credits.all()} == {CreditStatus.DISCARDED}

    def test_a_short_outage_brings_none(self, division, installed, supervisor):
        with time_machine.travel(JUNE, tick=False):
            outage = make_outage(division, by=supervisor)
        outage = self._restore(outage, JUNE + timedelta(hours=2, minutes=59), by=supervisor)

        preview = outages.preview_credits(outage)

        assert (preview.accounts, preview.total) == (0, 0)
        assert preview.refusal == "It lasted 239 minutes: this market credits from 240."

    def test_a_start_is_not_corrected_where_those_that_wait_cannot_be_counted_anew(
        self, division, outage, installed, supervisor
    ):
        asked = outages.request_credits(outage.pk, by=supervisor)
        credited = make_person(Role.SUPERVISOR, division)
        Customer.objects.filter(accounts=installed).update(user=credited)
        long, short = JUNE - HOUR, JUNE + timedelta(hours=9)

        def correct(starts_at, *, by):
            return outages.correct_start(outage.pk, starts_at, "As the node says", by=by)

        with pytest.raises(NotAllowed, match=r"discard them first\. You are credited in it"):
            correct(long, by=credited)
        outages.reopen_outage(outage.pk, by=supervisor)
        with pytest.raises(NotAllowed, match=r"discard them first\. It is not over"):
            correct(long, by=supervisor)
        outage.refresh_from_db()
        asked.refresh_from_db()
        assert (asked.status, outage.starts_at) == (CreditRunStatus.REQUESTED, JUNE - timedelta(minutes=1))
        outages.restore_outage(outage.pk, by=supervisor)
        correct(short, by=supervisor)

        assert {run.status for run in outage.credit_runs.all()} == {CreditRunStatus.DISCARDED}

    @pytest.fixture
    def overlapping(self, division, outage, supervisor):
        """An outage declared after the other: ten hours, of which the other had five."""
        start = JUNE + timedelta(hours=5) - timedelta(seconds=1)
        with time_machine.travel(JUNE + timedelta(hours=5), tick=False):
            overlapping = make_outage(division, by=supervisor, scope=Scope(zip_codes=("05701",)), starts_at=start)
        return self._restore(overlapping, JUNE + timedelta(hours=15), by=supervisor)

    def test_are_counted_again_before_they_are_approved(  # noqa: PLR0917  # fixtures
        self, outage, overlapping, installed, supervisor, approver, client
    ):
        other, run = (outages.request_credits(one.pk, by=supervisor) for one in (outage, overlapping))
        outages.discard_credits(other.pk, by=approver)  # it was asked for first, and had the minutes of both

        sign_in(client, approver)
        page = client.post(reverse("desk:outage_credits_approve", args=[run.pk]), {"shown": run.total})

        text = page.content.decode()
        run.refresh_from_db()
        assert page.status_code == 422
        assert f"1 account is due something else by now: {installed.number} " in text
        assert run.status == CreditRunStatus.REQUESTED
        outages.discard_credits(run.pk, by=approver)
        again = outages.request_credits(overlapping.pk, by=supervisor)
        outages.approve_credits(again.pk, by=approver)
        assert (run.credits.get().minutes, again.credits.get().minutes) == (300, 600)

    def test_are_approved_by_who_gave_their_code_lately(self, outage, supervisor, approver, client):
        run = outages.request_credits(outage.pk, by=supervisor)
        address = reverse("desk:outage_credits_approve", args=[run.pk])
        sign_in(client, approver)

        with time_machine.travel(now() + timedelta(minutes=16), tick=False):
            asked = client.post(address, {"shown": run.total})
            run.refresh_from_db()
            assert (asked.status_code, run.status) == (422, CreditRunStatus.REQUESTED)
            code = totp(TOTP_SECRET, now().timestamp())
            client.post(reverse("mfa_reauthenticate"), {"code": code, "next": "/"})
            client.post(address, {"shown": run.total})

        run.refresh_from_db()
        assert run.status == CreditRunStatus.APPROVED

    @pytest.mark.parametrize("asked", [*permutations(range(3))])
    def test_each_minute_is_credited_once_in_whatever_order_they_are_asked_for_and_approved(
        self, division, installed, supervisor, approver, asked
    ):
        found = []
        for begin in (0, 6, 12):
            start = JUNE + timedelta(hours=begin)
            with time_machine.travel(start, tick=False):
                declared = make_outage(division, by=supervisor, starts_at=start - timedelta(minutes=1))
            found.append(self._restore(declared, start + timedelta(hours=8), by=supervisor))
        runs = [outages.request_credits(found[place].pk, by=supervisor) for place in asked]

        for order in permutations(runs):
            with transaction.atomic():
                for run in order:
                    outages.approve_credits(run.pk, by=approver)
                transaction.set_rollback(True)

        credits_ = OutageCredit.objects.all()
        worth = credits_[0].monthly * (20 * 60 + 1) / (30 * 24 * 60)
        assert sum(credit.minutes for credit in credits_) == 20 * 60 + 1
        assert abs(sum(credit.amount for credit in credits_) - worth) <= Decimal("0.015")  # each is rounded

    @given(
        st.lists(st.tuples(st.integers(0, 1200), st.integers(200, 1500)), min_size=2, max_size=3),
        st.lists(
            st.tuples(st.sampled_from(["ask", "ask", "approve", "discard", "earlier", "later", "longer"]), st.integers(0, 2)),
            min_size=2, max_size=9,
        ),
    )  # fmt: skip
    @settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
    def test_no_minute_is_credited_twice_and_what_is_made_is_what_was_seen(  # noqa: PLR0917  # fixtures
        self, division, installed, supervisor, approver, times, acts
    ):
        """Outages that overlap as they like; what is asked for, discarded, corrected and reopened in any order."""
        with transaction.atomic():
            found = []
            for begin, minutes in times:
                start = JUNE + timedelta(minutes=begin)
                with time_machine.travel(start + timedelta(minutes=1), tick=False):
                    declared = make_outage(division, by=supervisor, starts_at=start)
                found.append(self._restore(declared, start + timedelta(minutes=minutes), by=supervisor))
            for number, (act, place) in enumerate(acts):
                at = JUNE + timedelta(days=3, hours=20 * number)
                with time_machine.travel(at, tick=False):
                    self._act(act, found[place % len(found)], at, supervisor, approver)
                self._assert_none_is_credited_twice()
            transaction.set_rollback(True)

    def _act(self, act, outage, at, asks, approves):  # who does what to what, and when
        outage.refresh_from_db()
        waiting = outage.credit_runs.filter(status=CreditRunStatus.REQUESTED).first()
        match act:
            case "ask":
                self._ask_for_what_is_seen(outage, by=asks)
            case "approve" if waiting:
                with suppress(NotAllowed):  # other credits are due by now
                    outages.approve_credits(waiting.pk, shown=waiting.total, by=approves)
                    work()
            case "discard" if waiting:
                outages.discard_credits(waiting.pk, by=approves)
            case "earlier" | "later":
                other = outage.starts_at + (HOUR if act == "later" else -HOUR)
                outages.correct_start(outage.pk, other, "As the node says", by=asks)
            case "longer":
                outages.reopen_outage(outage.pk, by=asks)
                self._restore(outage, at + 5 * HOUR, by=asks)

    @staticmethod
    def _ask_for_what_is_seen(outage, *, by):
        seen = outages.preview_credits(outage)
        made, refusal = (0, Decimal(0)), ""
        try:
            run = outages.request_credits(outage.pk, shown=seen.total, by=by)
            made = (run.count, run.total)
        except NotAllowed as refused:
            refusal = refused.message
        assert (seen.accounts, seen.total, seen.refusal) == (*made, refusal)

    @staticmethod
    def _assert_none_is_credited_twice():
        """Of each service, no time stands in the credits of two outages, and no account gets more than it was without."""
        times = defaultdict(dict)
        for credit in OutageCredit.objects.exclude(status=CreditStatus.DISCARDED):
            for service, spans in credit.spans.items():
                of_outage = times[service].setdefault(credit.outage_id, [])
                of_outage += [tuple(map(datetime.fromisoformat, span)) for span in spans]
        for by_outage in times.values():
            each = [without(spans, []) for spans in by_outage.values()]
            together_ = without([span for spans in each for span in spans], [])
            assert sum(map(minutes_of, each)) <= minutes_of(together_) + len(each)  # each is rounded down

    def test_another_sum_than_was_seen_is_not_asked_for(self, outage, overlapping, supervisor, client):
        page = reverse("desk:outage_credits", args=[overlapping.pk])
        seen = outages.preview_credits(overlapping)
        assert format_money(seen.total, "USD", "en") in sign_in(client, supervisor).get(page).content.decode()
        outages.request_credits(outage.pk, by=supervisor)
        left = outages.preview_credits(overlapping)

        answer_ = client.post(page, {"shown": seen.total})

        text = answer_.content.decode()
        assert answer_.status_code == 422
        assert "The sum has changed since you saw it" in text
        assert "1 account had another outage at the same time" in text
        assert format_money(left.total, "USD", "en") in text
        assert f'value="{left.total}"' in text
        assert not overlapping.credit_runs.exists()
        client.post(page, {"shown": left.total})
        assert overlapping.credit_runs.get().total == left.total < seen.total

    def test_of_nothing_that_nobody_may_ask_for_a_sum_is_shown(self, outage, supervisor):
        outages.request_credits(outage.pk, by=supervisor)
        outages.reopen_outage(outage.pk, by=supervisor)
        outage.refresh_from_db()
        assert outages.preview_credits(outage).refusal == "It is not over."
        outage = self._restore(outage, now(), by=supervisor)

        preview = outages.preview_credits(outage)

        assert (preview.accounts, preview.total) == (0, 0)
        assert preview.refusal == "Credits for it wait for approval already."

    def test_whoever_comes_too_late_reads_what_became_of_them(self, outage, supervisor, approver, client):
        other = make_person(Role.OPERATOR, outage.division)
        run = outages.request_credits(outage.pk, by=supervisor)
        outages.approve_credits(run.pk, by=approver)

        def try_to(doing):
            return sign_in(client, other).post(
                reverse(f"desk:outage_credits_{doing}", args=[run.pk]), {"shown": run.total}
            )

        for doing in ("approve", "discard"):
            text = try_to(doing).content.decode()
            assert f"{approver} has approved them: they go out." in text
            assert "→" not in text
        work()
        assert f"{approver} has approved them: billing is asked for them." in try_to("discard").content.decode()
        outages.record_credit_refused(run.credits.get().request_id, "No such account")
        assert f"{approver} has approved them, and billing has refused some." in try_to("approve").content.decode()

    def test_nor_is_what_was_discarded_approved(self, outage, supervisor, approver, client):
        run = outages.request_credits(outage.pk, by=supervisor)
        outages.discard_credits(run.pk, by=supervisor)

        answer_ = sign_in(client, approver).post(
            reverse("desk:outage_credits_approve", args=[run.pk]), {"shown": run.total}
        )

        assert "They were discarded: nobody is credited by them." in answer_.content.decode()
        assert answer_.status_code == 422

    def test_what_was_left_to_another_is_not_lost_when_that_is_asked_for_anew(
        self, outage, overlapping, supervisor, approver
    ):
        first, second = (outages.request_credits(one.pk, by=supervisor) for one in (outage, overlapping))
        outages.approve_credits(second.pk, by=approver)
        outages.discard_credits(first.pk, by=approver)

        again = outages.request_credits(outage.pk, by=supervisor)
        outages.approve_credits(again.pk, by=approver)

        assert (again.credits.get().minutes, second.credits.get().minutes) == (601, 300)

    def test_those_of_another_stay_as_they_are_when_a_start_is_corrected(
        self, outage, overlapping, supervisor, approver
    ):
        outages.request_credits(outage.pk, by=supervisor)
        second = outages.request_credits(overlapping.pk, by=supervisor)
        outages.correct_start(outage.pk, JUNE - HOUR, "As the node says", by=supervisor)

        for run in (outage.credit_runs.first(), second):
            outages.approve_credits(run.pk, by=approver)

        assert [run.credits.get().minutes for run in (outage.credit_runs.first(), second)] == [660, 300]

    def test_what_went_on_after_another_was_credited_pays_the_rest(self, outage, overlapping, supervisor, approver):
        runs = [outages.request_credits(one.pk, by=supervisor) for one in (outage, overlapping)]
        for run in runs:
            outages.approve_credits(run.pk, by=approver)
        work()
        again = JUNE + timedelta(hours=12)
        with time_machine.travel(again, tick=False):
            outages.reopen_outage(outage.pk, by=supervisor)
        self._restore(outage, JUNE + timedelta(hours=20), by=supervisor)

        rest = outages.request_credits(outage.pk, by=supervisor).credits.get()

        assert rest.amount == round_money(rest.monthly * (601 + 300) / (30 * 24 * 60)) - runs[0].total

    def test_a_minute_in_two_outages_is_paid_once(self, outage, overlapping, supervisor):
        runs = [outages.request_credits(one.pk, by=supervisor) for one in (overlapping, outage)]

        assert [run.credits.get().minutes for run in runs] == [600, 300]

    def test_one_from_before_its_times_were_noted_takes_those_of_its_outage(self, outage, overlapping, supervisor):
        run = outages.request_credits(outage.pk, by=supervisor)
        noted = run.credits.get().spans
        backfill = import_module("tickets.migrations.0006_times_of_credits").BACKFILL
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE tickets_outagecredit DISABLE TRIGGER USER")
            cursor.execute("UPDATE tickets_outagecredit SET spans = '{}'")
            cursor.execute(backfill)
            cursor.execute("ALTER TABLE tickets_outagecredit ENABLE TRIGGER USER")

        assert noted
        assert run.credits.get().spans == noted
        assert outages.request_credits(overlapping.pk, by=supervisor).credits.get().minutes == 300


class TestX32AtTheBillingSystem:
    @pytest.fixture
    def vendor(self, tmp_path):
        with running_vendor(tmp_path) as vendor:
            yield vendor

    @pytest.mark.parametrize("faults", [{}, {"fail_after_commit": 1}])
    def test_what_one_asked_for_and_another_approved_is_there_once(  # noqa: PLR0917  # fixtures
        self, division, supervisor, client, vendor, monkeypatch, faults
    ):
        """Also where the vendor credits it and then does not answer."""
        with time_machine.travel(now() - timedelta(days=4)):
            market = make_market(division, base_url=vendor.url)
        prefix = f"BILLING_{BillingSystem.objects.get(division=division).code.upper()}"
        for name, value in (("URL", vendor.url), ("TOKEN", vendor.token), ("WEBHOOK_SECRET", vendor.secret)):
            monkeypatch.setenv(f"{prefix}_{name}", value)
        with time_machine.travel(now() - timedelta(days=3)):
            account = make_affected(division, market=market)
        outage = make_outage(division, by=supervisor, starts_at=now() - timedelta(days=2))
        outages.restore_outage(outage.pk, by=supervisor)
        forget_what_was_owed()
        asking, approving = reverse("desk:outage_credits", args=[outage.pk]), "desk:outage_credits_approve"
        sign_in(client, make_person(Role.OPERATOR, division))
        total = Decimal(client.get(asking).context["form"]["shown"].value())
        client.post(asking, {"shown": total})
        run = outage.credit_runs.get()
        client.post(reverse(approving, args=[run.pk]), {"shown": total})
        vendor.faults(**faults)
        credit = run.credits.get()
        assert vendor.made_under(credit.request_id, "credit") == []

        sign_in(client, make_person(Role.OPERATOR, division))
        for _twice in range(2):
            client.post(reverse(approving, args=[run.pk]), {"shown": total})
        with time_machine.travel(now(), tick=False) as clock:
            for _turn in range(4):
                drain()
                while work_one_chunk():
                    drain()
                go_on(clock, 30)

        [made] = vendor.made_under(credit.request_id, "credit")
        assert Decimal(made["amount"]["value"]) == total > 0
        assert made["billingAccount"]["id"] == account.number
        run.refresh_from_db()
        assert run.status == CreditRunStatus.CONFIRMED


class TestOutagePages:
    def test_a_supervisor_sees_the_count_before_it_is_declared(self, division, market, supervisor, client):
        make_affected(division, market=market)
        sign_in(client, supervisor)
        typed = {
            "key": "form", "division": division.pk, "kind": "fault", "title": "N-1 is dark", "by": "node", "nodes": "n-1",
            "starts_at": timezone.localtime(now() - timedelta(hours=1), division.zone).strftime("%Y-%m-%dT%H:%M"),
            "words_en": "We are on it.",
        }  # fmt: skip

        counted = client.post(reverse("desk:outage_new"), typed)
        assert not Outage.objects.exists()
        assert "1 customer is affected" in counted.content.decode()
        client.post(reverse("desk:outage_new"), {**typed, "shown": "9:9"})
        assert not Outage.objects.exists()
        client.post(reverse("desk:outage_new"), {**typed, "shown": "1:3"})

        outage = Outage.objects.get()
        assert (outage.title, outage.affected.count()) == ("N-1 is dark", 3)
        page = client.get(reverse("desk:outage", args=[outage.pk])).content.decode()
        assert "We are on it." in page

    @pytest.mark.parametrize(
        ("way", "customers", "services_"),
        [("node", 1, 3), ("area", 2, 6), ("street", 3, 9), ("list", 1, 3), ("product", 3, 3), ("families", 1, 1)],
    )
    def test_x28_by_each_way_it_counts_whom_it_affects_before_it_is_declared(  # noqa: PLR0917  # fixtures
        self, division, market, supervisor, client, way, customers, services_
    ):
        on_node, beside, in_town = (make_affected(division, market=market, node=node) for node in ("N-1", "N-2", "N-3"))
        Premises.objects.filter(pk=in_town.premises_id).update(zip_code="05777")
        product = InstalledService.objects.filter(account=on_node, line__family="internet").get().product
        said = {
            "node": {"by": "node", "nodes": "N-1"},
            "area": {"by": "area", "zip_codes": on_node.premises.zip_code},
            "street": {"by": "area", "streets": str(on_node.premises.street)},
            "list": {"by": "list", "listed": beside.number},
            "product": {"by": "product", "products": [product.code]},
            "families": {"by": "node", "nodes": "N-1", "families": ["video"]},
        }[way]
        typed = {"key": "form", "division": division.pk, "kind": "fault", "title": "Dark", **said}
        sign_in(client, supervisor)

        counted = client.post(reverse("desk:outage_new"), typed)
        assert not Outage.objects.exists()
        client.post(reverse("desk:outage_new"), {**typed, "shown": f"{customers}:{services_}"})

        noun = "customer is" if customers == 1 else "customers are"
        assert f"{customers} {noun} affected" in counted.content.decode()
        assert Outage.objects.get().affected.values("customer").distinct().count() == customers
        assert Outage.objects.get().affected.count() == services_

    def test_since_is_in_the_clocks_of_the_division_that_is_chosen_and_now_where_nobody_says(
        self, division, supervisor, client
    ):
        west = make_division(parent=division)
        set_value(west, TIME_ZONE, "America/Los_Angeles")
        account = make_affected(west)
        product = InstalledService.objects.filter(account=account, line__family="internet").get().product
        sign_in(client, supervisor)
        blank = client.get(reverse("desk:outage_new")).context["form"]
        page = {"key": blank["key"].value(), "division": west.pk, "title": "Dark"}
        form = {name: blank[name].value() or "" for name in ("kind", "starts_at")} | page
        chosen = {**form, "by": "product", "products": [product.code]}

        def sent(**more):
            return client.post(reverse("desk:outage_new"), {**chosen, **more})

        assert f"{product} ({product.code})" in dict(blank.fields["products"].choices).values()
        assert list(sent(products=["none-such"]).context["form"].errors) == ["products"]
        assert list(sent(starts_at=shown_in(now() + timedelta(minutes=9), west)).context["form"].errors) == [
            "starts_at"
        ]
        assert list(sent(kind="maintenance").context["form"].errors) == ["starts_at"]
        assert "1 customer is affected" in sent().content.decode()
        sent(shown="1:1")
        outage = Outage.objects.get()
        assert now() - timedelta(minutes=1) < outage.starts_at <= now()
        assert outage.scopes.get().code == product.code

    def test_a_list_is_pasted_and_what_is_unknown_is_named(self, division, market, supervisor, client):
        account = make_affected(division, market=market)
        sign_in(client, supervisor)
        typed = {
            "key": "form", "division": division.pk, "kind": "fault", "title": "List", "by": "list",
        }  # fmt: skip

        unknown = client.post(reverse("desk:outage_new"), {**typed, "listed": f"{account.number}\nNOBODY"})
        file = SimpleUploadedFile("list.csv", account.number.encode())
        sent = client.post(reverse("desk:outage_new"), {**typed, "file": file})

        assert unknown.status_code == 422
        assert "Not known there: NOBODY." in unknown.content.decode()
        assert "1 customer is affected" in sent.content.decode()
        assert f">\n{account.number}</textarea>" in sent.content.decode()

    @pytest.mark.parametrize("page", ["declare", "widen"])
    def test_a_list_that_came_as_a_file_is_kept_while_something_else_is_wrong(
        self, division, market, supervisor, client, page
    ):
        account, other = make_affected(division, market=market), make_affected(division, market=market)
        sign_in(client, supervisor)
        address = reverse("desk:outage_new")
        if page == "widen":
            outage = make_outage(division, by=supervisor, scope=Scope(accounts=(other.pk,)))
            address = reverse("desk:outage_widen", args=[outage.pk])
        typed = {"key": "form", "division": division.pk, "kind": "fault", "by": "list"}
        wrong = {"title": ""} if page == "declare" else {"listed": "NOBODY"}

        file = SimpleUploadedFile("list.csv", b"\xef\xbb\xbf" + account.number.encode())
        refused = client.post(address, {**typed, **wrong, "file": file})
        kept = refused.context["form"]["listed"].value()
        sent = client.post(address, {**typed, "listed": kept.removeprefix("NOBODY\n"), "title": "List"})

        assert refused.status_code == 422
        assert kept.endswith(account.number)
        assert "\ufeff" not in kept
        if page == "declare":
            assert "1 customer is affected" in sent.content.decode()
        else:
            assert AffectedService.objects.filter(outage=outage, customer=account.customer).exists()

    @pytest.mark.parametrize(
        ("content", "why"), [(b"\xff\xfe\x00", "no text in UTF-8"), (b"1" * 2_000_001, "This file is too long.")]
    )
    def test_what_is_no_list_is_refused_and_not_pasted(self, division, supervisor, client, content, why):
        sign_in(client, supervisor)
        typed = {"key": "form", "division": division.pk, "kind": "fault", "by": "list", "title": "List"}

        refused = client.post(
            reverse("desk:outage_new"), {**typed, "listed": "A-1", "file": SimpleUploadedFile("list.csv", content)}
        )

        assert why in refused.content.decode()
        assert refused.context["form"]["listed"].value() == "A-1"

    def test_one_way_of_saying_where_is_chosen_and_asks_for_its_own(self, division, market, supervisor, client):
        make_affected(division, market=market)
        make_affected(division, market=market, node="N-2")
        sign_in(client, supervisor)
        typed = {
            "key": "form", "division": division.pk, "kind": "fault", "title": "Dark", "nodes": "N-1",
            "starts_at": shown_in(now() - timedelta(hours=1), division),
        }  # fmt: skip

        def errors(**more):
            return client.post(reverse("desk:outage_new"), {**typed, **more}).context["form"].errors

        assert errors() == {"by": ["This field is required."]}
        assert errors(by="area") == {"zip_codes": ["Name at least one."]}
        assert errors(by="area", zip_codes="99999") == {}
        assert errors(by="area", streets="Nowhere Lane") == {"streets": ["Not known there: Nowhere Lane."]}
        assert errors(by="product") == {"products": ["Name at least one."]}
        assert errors(by="list", streets="Nowhere Lane") == {"listed": ["Name at least one."]}
        whole = client.post(reverse("desk:outage_new"), {**typed, "by": "whole"}).content.decode()
        assert "2 customers are affected" in whole
        client.post(reverse("desk:outage_new"), {**typed, "by": "whole", "shown": "2:6"})
        outage = Outage.objects.get()
        assert (outage.affected.count(), outage.scopes.count()) == (6, 0)
        assert "the whole division" in client.get(reverse("desk:outage", args=[outage.pk])).content.decode()
        nobody = client.post(reverse("desk:outage_widen", args=[outage.pk]), {"by": "area", "zip_codes": "99999"})
        assert list(nobody.context["form"].errors) == ["zip_codes"]

    @pytest.mark.parametrize(
        ("more", "opened"),
        [
            ({}, ""),
            ({"cause": "A digger"}, " open"),
            ({"words_es": "Un cable"}, " open"),
            ({"families": "rocket"}, " open"),
            ({"expected_at": "tomorrow"}, " open"),
        ],
    )
    def test_what_can_wait_is_folded_unless_something_stands_in_it_or_is_wrong(
        self, division, supervisor, client, more, opened
    ):
        sign_in(client, supervisor)

        blank = client.get(reverse("desk:outage_new")).content.decode()
        page = client.post(reverse("desk:outage_new"), {"by": "whole", **more}).content.decode()

        assert '<details class="fields-more">' in blank
        assert f'<details class="fields-more"{opened}>' in page

    def test_a_start_is_corrected_and_credits_that_wait_are_counted_anew(self, division, supervisor, client):
        with time_machine.travel(now() - timedelta(days=3)):
            make_affected(division, market=make_market(division))
        with time_machine.travel(now() - timedelta(days=1)):
            outage = make_outage(division, by=supervisor)
        outages.restore_outage(outage.pk, at=now() - timedelta(hours=10), by=supervisor)
        asked = outages.request_credits(outage.pk, by=supervisor)
        sign_in(client, supervisor)
        page = reverse("desk:outage_correct", args=[outage.pk])

        def typed(**ago):
            return timezone.localtime(now() - timedelta(**ago), division.zone).strftime("%Y-%m-%dT%H:%M")

        unsaid = client.post(page, {"starts_at": typed(hours=40), "reason": ""})
        too_late = client.post(page, {"starts_at": typed(hours=9), "reason": "The log"})
        assert list(unsaid.context["form"].errors) == ["reason"]
        assert list(too_late.context["form"].errors) == ["starts_at"]
        a_slip = client.post(page, {"starts_at": typed(days=33), "reason": "The log"})
        assert a_slip.context["form"].errors["starts_at"] == ["That is more than 31 days before it was declared."]
        answer = client.post(page, {"starts_at": typed(hours=40), "reason": "The log of the node"})

        assert answer.status_code == 302
        outage.refresh_from_db()
        asked.refresh_from_db()
        again = outage.credit_runs.get(status=CreditRunStatus.REQUESTED)
        assert asked.status == CreditRunStatus.DISCARDED
        assert again.total > asked.total
        assert again.credits.get().minutes in {30 * 60, 30 * 60 + 1}
        assert outage.spells.get().began_at == outage.starts_at
        assert "The log of the node" in client.get(reverse("desk:outage", args=[outage.pk])).content.decode()

    def test_a_start_that_lies_earlier_attaches_who_called_then(self, division, market, supervisor):
        account = make_affected(division, market=market)
        with time_machine.travel(now() - timedelta(hours=2)):
            early = make_ticket(division, account=account)
        outage = make_outage(division, by=supervisor)

        outages.correct_start(outage.pk, now() - timedelta(hours=3), "The log", by=supervisor)

        early.refresh_from_db()
        assert early.outage == outage

    def test_nobody_corrects_an_outage_that_was_called_off(self, division, market, supervisor, csr):
        make_affected(division, market=market)
        outage = make_outage(division, by=supervisor)

        with pytest.raises(NotAllowed):
            outages.correct_start(outage.pk, now() - timedelta(hours=3), "The log", by=csr)
        outages.withdraw_outage(outage.pk, by=supervisor)
        with pytest.raises(NotAllowed, match="called off"):
            outages.correct_start(outage.pk, now() - timedelta(hours=3), "The log", by=supervisor)

    def test_a_credit_that_billing_refused_is_sent_again_from_its_page(self, division, supervisor, client):
        with time_machine.travel(now() - timedelta(days=3)):
            make_affected(division, market=make_market(division))
        with time_machine.travel(now() - timedelta(days=1)):
            outage = make_outage(division, by=supervisor)
        outages.restore_outage(outage.pk, by=supervisor)
        run = outages.request_credits(outage.pk, by=supervisor)
        outages.approve_credits(run.pk, by=make_person(Role.OPERATOR, division))
        work()
        credit = run.credits.get()
        submission = Submission.objects.get(pk=credit.submission_id)
        submission.refuse("No such account", at=now())
        submission.save()
        outages.record_credit_refused(credit.request_id, "No such account")
        sign_in(client, supervisor)
        page = reverse("desk:outage_credit_resend", args=[credit.pk])
        assert page in client.get(reverse("desk:outage", args=[outage.pk])).content.decode()

        client.post(page)

        credit.refresh_from_db()
        assert credit.submission.is_open
        assert credit.submission.request_id == f"{credit.request_id}-2"
        assert credit.submission.payload == submission.payload
        shown = client.get(reverse("desk:outage", args=[outage.pk])).content.decode()
        assert "sent again" in shown
        assert page not in shown
        with pytest.raises(NotAllowed):
            outages.resend_credit(credit.pk, by=supervisor)
        outages.record_credit_confirmed(credit.submission.request_id, "CR-1")
        run.refresh_from_db()
        assert run.status == CreditRunStatus.CONFIRMED
        assert outages.preview_credits(outage).accounts == 0

    def test_a_page_of_one_that_is_over_reckons_no_credits(self, division, market, supervisor, client):
        """It costs the same however many accounts were affected: they are counted when somebody asks for it."""
        make_affected(division, market=market)
        outage = make_outage(division, by=supervisor, starts_at=now() - timedelta(hours=9))
        outages.restore_outage(outage.pk, by=supervisor)
        sign_in(client, supervisor)
        client.get(reverse("desk:outage", args=[outage.pk]))

        with CaptureQueriesContext(connection) as asked:
            client.get(reverse("desk:outage", args=[outage.pk]))

        priced = [query["sql"] for query in asked.captured_queries if "orders_order" in query["sql"]]
        assert priced == []

    def test_a_supervisor_restores_and_asks_for_credits_and_an_operator_approves(
        self, division, supervisor, csr, client
    ):
        with time_machine.travel(now() - timedelta(days=3)):
            account = make_affected(division)
        outage = make_outage(division, by=supervisor, starts_at=now() - timedelta(days=2))
        ticket = make_ticket(division, account=account)
        sign_in(client, csr).post(reverse("desk:outage_attach", args=[outage.pk]), {"ticket": ticket.number})
        ticket.refresh_from_db()
        assert ticket.outage == outage
        client.post(reverse("desk:outage_detach", args=[ticket.number]), {})
        ticket.refresh_from_db()
        assert ticket.outage is None
        sign_in(client, supervisor)
        at = timezone.localtime(now(), division.zone).strftime("%Y-%m-%dT%H:%M")
        client.post(reverse("desk:outage_restore", args=[outage.pk]), {"at": at, "cause": "", "words_en": "Fixed."})
        outage.refresh_from_db()
        assert outage.status == OutageStatus.RESTORED
        page = client.get(reverse("desk:outage", args=[outage.pk])).content.decode()
        assert "Count what is due, and ask for it" in page
        assert "1 account is credited" in client.get(reverse("desk:outage_credits", args=[outage.pk])).content.decode()

        shown = outages.preview_credits(outage).total
        client.post(reverse("desk:outage_credits", args=[outage.pk]), {"shown": shown})
        run = outage.credit_runs.get()
        sign_in(client, make_person(Role.OPERATOR, division))
        client.post(reverse("desk:outage_credits_approve", args=[run.pk]), {"shown": run.total})

        run.refresh_from_db()
        assert run.status == CreditRunStatus.APPROVED

    def test_the_customer_sees_it_on_their_own_page(self, division, market, supervisor, client):
        account = make_affected(division, market=market)
        person = make_person(Role.CUSTOMER, division)
        Customer.objects.filter(pk=account.customer_id).update(user=person)
        sign_in(client, person)
        assert "There is an outage" not in client.get(reverse("selfcare:start")).content.decode()

        make_outage(division, by=supervisor, expected_at=now() + timedelta(hours=3))

        page = client.get(reverse("selfcare:start")).content.decode()
        assert "There is an outage" in page
        assert "We expect it to work again by" in page
        assert "A cable was cut." in page

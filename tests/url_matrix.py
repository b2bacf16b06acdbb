"""
Every address of the site, and who may open it. A new address that is not named here fails `tests/test_visibility.py`.

One line per address: its name, who may open it (roles; `ANONYMOUS` for visitors), and how to name a real row of a
`World`. The admin needs no lines: its classes say it themselves (`permission`, `viewers`, `division_path`); a new model
there needs one row in `World`.

    "desk:order": Page(holders(Permission.SEE_ORDERS), lambda world: {"pk": world.order.pk}),
    "desk:order_hold": Page(holders(Permission.WORK_ORDERS), lambda world: {"pk": world.order.pk}, answer=POST_ONLY),
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.models import Delegate
from accounts.testing import make_details, make_partner
from billing.models import BillingSystem, InboundFact, Submission
from billing.states import BillingKind, FactOutcome, ServiceStatus
from billing.testing import make_report, tell, tell_balance, tell_status
from catalog.models import EligibilityCriterion, EligibilityGroup, Price
from catalog.services import set_cost
from catalog.states import Comparison, PriceKind
from catalog.testing import make_package
from commissions.models import (
    BankAccount,
    BankChange,
    BankFile,
    BankReturn,
    BatchLine,
    ClosedPeriod,
    PeriodRun,
    ReturnFile,
    Reward,
)
from commissions.models.bank import written_together
from commissions.services.accrual import accrue_rewards
from commissions.services.batches import build_batch, freeze_batch
from commissions.services.cases import pay
from commissions.services.claims import ask_to_end_claim
from commissions.services.disputes import raise_dispute
from commissions.services.endings import locked_reward, take_back
from commissions.services.evidence import hear_payee, want_evidence
from commissions.services.holds import hold_reward
from commissions.services.qualification import reconsider
from commissions.services.rules import TermDescription
from commissions.states import (
    BankAccountKind,
    BankFileStatus,
    Basis,
    Channel,
    ClaimWay,
    EntryKind,
    HoldReason,
    LineStatus,
    ReasonCode,
    ReturnOutcome,
    RunKind,
    Side,
    WaitUnit,
)
from commissions.testing import (
    make_draft_version,
    make_referral as make_installed_referral,
    make_rule,
    make_version,
)
from foundation.clocks.models import SpecialDay
from foundation.clocks.testing import make_calendar
from foundation.correspondence.models import Document, InboundMail, Message
from foundation.correspondence.services import Letter, queue_message, receive_mail, set_aside_mail
from foundation.correspondence.testing import make_mailbox
from foundation.divisions.models import Brand, Division, Site
from foundation.divisions.testing import make_division
from foundation.events.models import Delivery
from foundation.jobs.models import Job, JobError
from foundation.now import now, today
from foundation.people.encryption import digest_of, encrypt
from foundation.people.models import User
from foundation.people.queries import roles_granting
from foundation.people.states import ROLE_PERMISSIONS, SETUP_PERMISSIONS, STAFF_ROLES, Permission, Role
from foundation.people.testing import make_person
from foundation.worklist.services import note_absence
from foundation.worklist.states import AbsenceReason
from foundation.worklist.testing import make_member, make_skill, make_team
from interfaces.desk.models import SavedFilter
from interfaces.storefront.views.status import CONFIRMATION
from leads.models import LeadNote
from leads.testing import make_lead
from orders.models import Order
from orders.states import OrderStatus
from orders.testing import Market, make_market, make_order
from referrals.models import Invitation, InvitationBlock, Signal
from referrals.states import InvitationStatus, SignalKind
from referrals.testing import make_invitation, make_programme, make_referral, make_referrer
from territory.models import AddressLookup, ImportFile, Premises, Qualification
from territory.services import override_availability
from territory.states import AvailabilityStatus, LookupResult
from territory.testing import make_premises, make_qualification
from tests.commissions.cashing import return_file
from tests.planting import plant
from tickets.models import (
    Alert,
    ArticleMail,
    Assignment,
    Attachment,
    CannedReply,
    CreditRun,
    Equipment,
    LateDowngrade,
    Macro,
    OutageCredit,
    OutageNotice,
    Presence,
    ReassignedTicket,
    Reassignment,
    Ticket,
    WaitingTicket,
)
from tickets.services import (
    Upload,
    add_participant,
    answer_ticket,
    arrive,
    hold_files,
    note_ticket,
    outages,
    pend_ticket,
    rate_ticket,
    resolve_ticket,
    swap_device,
    take_reading,
    use_macro,
)
from tickets.states import PendingReason, Priority, ResolutionCode, RoutingCause, Score, Told, Unplaced
from tickets.testing import (
    Asked,
    add_step,
    make_equipment,
    make_outage,
    make_policy,
    make_routing,
    make_symptom,
    make_task,
    make_ticket,
    make_visit,
)

ANONYMOUS = "anonymous"
SIGNED_IN = frozenset(Role)
STAFF = frozenset(STAFF_ROLES)
ANYONE = frozenset({ANONYMOUS, *Role})
NOBODY: frozenset[str] = frozenset()

COST = Decimal("13.37")
"""What every product of a World costs."""
TELLS_COST = re.compile(r"(?<![\d:])(?:13\.37|40\.11|75\.39|61\.63)(?!\d)")
"""
It, what an order's three products cost each month, and what is left of its $115.50 a month and its $75 once; the seconds of
a moment, which may be any, are not meant.
"""
BANK_NUMBER = "400777009133"
"""The number of everybody's bank account, which nobody is to read anywhere."""
SHOWS, LEADS_ON = 200, 302


def holders(permission: Permission) -> frozenset[str]:
    """Return the roles that have a permission."""
    return frozenset(roles_granting(permission))


class World:
    """A market with a row of everything, in whose every text stands its marker."""

    def __init__(self, marker: str, top: Division) -> None:
        self.marker = marker
        code = marker.lower()
        self.division = make_division(f"{marker} market", code=code, parent=top)
        self.people = {
            role: make_person(role, self.division, email=f"{role}@{code}.example", name=f"{marker} {role}")
            for role in Role
        }
        self.market = self._make_market()
        self.partner = make_partner(self.division, user=self.people[Role.PARTNER], code=f"{code}-partner")
        self.order = self._make_order(OrderStatus.IN_PROGRESS)
        self.held = self._make_order(OrderStatus.HELD)
        self.assessed = self._make_order(OrderStatus.ASSESSING_CANCELLATION)
        self.completed = self._make_order(OrderStatus.COMPLETED)
        self.draft = self._make_order(OrderStatus.DRAFT)
        self.stale = self._make_order(OrderStatus.DRAFT)
        long_ago = now() - timedelta(days=365)
        Qualification.objects.filter(pk=self.stale.qualification_id).update(checked_at=long_ago, expires_at=long_ago)
        self.qualification = make_qualification(self.division)
        self.unserved = make_qualification(self.division, status=AvailabilityStatus.UNSERVICEABLE)
        self.lead = make_lead(self.division, email=f"lead@{code}.example")
        mailbox = make_mailbox(self.division, code=f"{code}_mail", address=f"support@{code}.example")
        self.mail = receive_mail(mailbox.pk, f"From: who@{code}.example\nSubject: {marker}\n\n{marker}".encode())
        set_aside_mail(self.mail.pk, "unknown_sender")
        InboundMail.objects.filter(pk=self.mail.pk).update(subject_line=marker, sender=f"who@{code}.example")
        self.ticket = self._make_ticket()
        self.macro = Macro.objects.create(division=self.division, name=f"{self.marker} macro")
        use_macro(
            self.ticket.pk, self.macro.pk, text="", seen=self.ticket.version, key=f"{self.marker} macro",
            by=self.people[Role.CSR],
        )  # fmt: skip
        CannedReply.objects.create(division=self.division, name="canned", language="en", text=self.marker)
        self._make_outage()
        self.message = self._make_message()
        self.document = self._make_document()
        LeadNote.objects.create(lead=self.lead, text=f"{marker} note", by=self.people[Role.CSR])
        self.job = Job.objects.create(
            kind="test", title=f"{marker} import", division=self.division, by=self.people[Role.OPERATOR], total=1
        )
        JobError.objects.create(job=self.job, row=1, message=f"{marker} is no town", raw=marker)
        for role in STAFF:
            SavedFilter.objects.create(owner=self.people[role], list="orders", name=f"{marker} {role}", query="")
        self.submission = self._make_submission()
        self._make_referrals()
        self.rule = make_rule(self.division, code=f"{code}-rule", by=self.people[Role.OPERATOR])
        make_draft_version(self.rule, by=self.people[Role.OPERATOR])
        self._make_payouts()
        self._make_team()
        self._make_territory()
        self._make_calendar()
        Delivery.objects.filter(event__division=self.division).update(failed_at=now())
        plant(marker, self.division)

    def _make_market(self) -> Market:
        """Make what is sold, marked before anybody orders it: an order keeps what it was shown."""
        code = self.marker.lower()
        market = make_market(self.division)
        for price in Price.objects.filter(division=self.division):
            self._say_cost(price)
        self.group = EligibilityGroup.objects.create(package=make_package(self.division), name="everybody")
        criterion = {"fact": "answers.town", "comparison": Comparison.IN, "values": [self.marker]}
        EligibilityCriterion.objects.create(group=self.group, **criterion)
        Brand.objects.filter(division=self.division).update(
            email=f"hello@{code}.example", logo=f"<svg>{self.marker}</svg>".encode(), logo_type="image/svg+xml"
        )
        plant(self.marker, self.division)
        site = Site.objects.select_related("brand").get(pk=market.site.pk)
        return replace(market, site=site, package=f"{market.package}-{code}", add_on=f"{market.add_on}-{code}")

    def _say_cost(self, price: Price) -> None:
        """Say what a product costs: less than anybody but those who configure is to read."""
        values = {"division": self.division, "amount": COST, "starts_on": price.starts_on, "by": None}
        set_cost(price.product_id, kind=PriceKind(price.kind), **values)

    def _make_ticket(self) -> Ticket:
        """Make a ticket of the customer who signs in, with an answer, a note and a file."""
        csr = self.people[Role.CSR]
        policy = make_policy(self.division, code=f"{self.marker.lower()}-promises")
        step = add_step(policy, 100, Told.SUPERVISOR)
        ticket = make_ticket(self.division, account=self.completed.account)
        answer_ticket(ticket.pk, self.marker, key=f"{self.marker} answer", by=csr)
        upload = Upload(name=f"{self.marker}.txt", media_type="text/plain", content=self.marker.encode())
        note_ticket(ticket.pk, self.marker, by=csr, key=f"{self.marker} note", uploads=[upload])
        Presence.objects.create(ticket=ticket, user=csr)
        hold_files([SimpleUploadedFile("lights.txt", b"Two are red.")], key="a call", by=csr)
        clock = ticket.clocks.get()
        Alert.objects.create(
            clock=clock, ticket=ticket, user=csr, channel=step.channel, share=100, moment=now(), leaves_at=now()
        )
        LateDowngrade.objects.create(
            ticket=ticket, before=Priority.P2, after=Priority.P3, percent=95, reason=self.marker, by=csr
        )
        resolved = make_ticket(self.division, account=self.completed.account)
        pend_ticket(resolved.pk, PendingReason.PARTS, by=csr)
        resolve_ticket(resolved.pk, ResolutionCode.RESTORED, self.marker, by=csr)
        rate_ticket(resolved.pk, Score.GOOD, self.marker)
        participant = add_participant(
            ticket.pk, email=f"copied@{self.marker.lower()}.example", name=self.marker, by=csr
        )
        ArticleMail.objects.create(article=ticket.articles.first(), mail=self.mail, rest=f"> {participant.name}")
        Delegate.objects.create(customer=self.order.customer, user=self.people[Role.PARTNER])
        make_symptom(self.division, f"{self.marker.lower()}-symptom", Asked("lights", {"off": "visit"}))
        device = make_equipment(self.completed.account)
        take_reading(device.pk, intake_key="call", key=f"{self.marker} press", by=csr)
        self._make_visits(ticket, device)
        return ticket

    def _make_visits(self, ticket: Ticket, device: Equipment) -> None:
        """Let a field agent be at the customer's and have changed a device, and a CSR have something to do."""
        agent = self.people[Role.FIELD_AGENT]
        make_task(ticket, self.people[Role.CSR], text=self.marker)
        self.visit = make_visit(ticket, agent, begins_in=0, note=self.marker, waits=False)
        arrive(self.visit.pk, key="arrive", by=agent)
        swap_device(self.visit.pk, old=device, serial=f"{self.marker}-2", key="swap", by=agent)

    def _make_outage(self) -> None:
        """Declare an outage at the customer's address, to which a ticket is attached and for which credits are asked."""
        account, supervisor = self.completed.account, self.people[Role.SUPERVISOR]
        Premises.objects.filter(pk=account.premises_id).update(node="N-1")
        self.outage = make_outage(self.division, by=supervisor, title=self.marker, cause=self.marker)
        self.attached = make_ticket(self.division, account=account)
        outages.attach_ticket(self.outage.pk, self.attached.pk, by=self.people[Role.CSR])
        outages.keep_apart(self.outage.pk, self.ticket.pk, by=self.people[Role.CSR])
        update, address = self.outage.updates.get(), account.customer.contacts.get().email
        OutageNotice.objects.create(
            update=update, customer=account.customer, channel="email", address=address, language="en"
        )
        self.credit_run = CreditRun.objects.create(
            outage=self.outage, division=self.division, counted_until=now(), currency="USD", requested_by=supervisor
        )
        amounts = {"minutes": 300, "monthly": 50, "due": 1, "credited_before": 0, "amount": 1, "currency": "USD"}
        self.outage_credit = OutageCredit.objects.create(
            run=self.credit_run, outage=self.outage, account=account, division=self.division,
            request_id=f"outage-{self.outage.pk}-{account.pk}-1", **amounts,
        )  # fmt: skip

    def _make_order(self, status: OrderStatus) -> Order:
        customer: User = self.people[Role.CUSTOMER]
        details = make_details(name=f"{self.marker} Resident", email=f"{status}@{self.marker.lower()}.example")
        order = make_order(status, self.market, details=details, by=customer, sold_for=self.partner)
        if order.customer:
            order.customer.user = customer
            order.customer.save(update_fields=["user"])
        return order

    def _make_message(self) -> Message:
        letter = Letter(f"{self.marker} subject", f"{self.marker} text", f"<p>{self.marker}</p>")
        to = f"resident@{self.marker.lower()}.example"
        return queue_message(
            letter,
            key=f"test:{self.marker}",
            kind="test",
            to=to,
            language="en",
            division=self.division,
            subject=self.order,
        )

    def _make_document(self) -> Document:
        return Document.objects.create(
            subject_type="orders.order",
            subject_id=self.order.pk,
            kind=CONFIRMATION,
            division=self.division,
            language="en",
            filename=f"{self.marker}.pdf",
            content=f"%PDF {self.marker}".encode(),
        )

    def _make_team(self) -> None:
        """Let a CSR work in a team, and be ill."""
        csr = self.people[Role.CSR]
        self.team = make_team(self.division, name=f"{self.marker} desk")
        skill = make_skill(f"{self.marker.lower()}-skill", division=self.division)
        self.member = make_member(self.team, csr, skills=[skill])
        self.absence = note_absence(csr, self.team, reason=AbsenceReason.SICK, until=None, by=csr)
        self.routing = make_routing(self.division, {"team": self.team, "name": self.marker}, is_draft=True)
        row = self.routing.rows.get()
        Assignment.objects.create(ticket=self.ticket, cause=RoutingCause.BY_HAND, row=row, team=self.team)
        WaitingTicket.objects.create(ticket=self.ticket, row=row, why=Unplaced.NOBODY, supervised_at=now())
        supervisor = self.people[Role.SUPERVISOR]
        self.reassignment = Reassignment.objects.create(division=self.division, user=csr, by=supervisor)
        ReassignedTicket.objects.create(reassignment=self.reassignment, ticket=self.ticket, team=self.team)

    def _make_territory(self) -> None:
        operator, text = self.people[Role.OPERATOR], f"12 {self.marker} Street"
        premises = make_premises(self.division, text)
        in_both = make_premises(self.division, f"{self.division.pk} Juniper Lane")
        Premises.objects.filter(pk=in_both.pk).update(house_number="7")  # known before anybody asked whose it is
        override_availability(premises.pk, status=AvailabilityStatus.BLOCKED, note=self.marker, by=operator)
        AddressLookup.objects.create(division=self.division, typed=text, result=LookupResult.values[0])
        ImportFile.objects.create(
            division=self.division, name=f"{self.marker}.csv", digest=self.marker, delimiter=",", job=self.job
        )

    def _make_calendar(self) -> None:
        calendar = make_calendar(self.division, code=f"{self.marker.lower()}-hours")
        SpecialDay.objects.create(calendar=calendar, day=today(self.division), note=self.marker)

    def _make_submission(self) -> Submission:
        system = BillingSystem.objects.get(division=self.division)
        InboundFact.objects.create(
            billing_system=system,
            event_id=f"fact-{self.marker}",
            kind="test",
            payload={"who": self.marker},
            outcome=FactOutcome.values[0],
            occurred_at=now(),
        )
        account = self.order.account.number
        for kind in (BillingKind.INVOICE, BillingKind.CREDIT):
            tell(system, make_report(kind, account))
        tell(system, make_report(BillingKind.RECEIPT_ALLOCATION, account, invoice_id="B", source_id="R"))
        tell_status(system, account, ServiceStatus.ACTIVE)
        tell_balance(system, account)
        return Submission.objects.filter(division=self.division).first()

    def _make_referrals(self) -> None:
        """Let a customer bring a friend, invite another, and be looked at for it."""
        self.programme = make_programme(self.division, code=f"friends-{self.marker.lower()}")
        self.referrer = make_referrer(self.market, programme=self.programme, order=self.completed)
        self.referral = make_referral(self.referrer, self.market)
        self.signal = Signal.objects.create(referral=self.referral, kind=SignalKind.SAME_SURNAME, detail=self.marker)
        self.invitation = make_invitation(self.referrer)
        self.bounced = make_invitation(self.referrer)
        Invitation.objects.filter(pk=self.bounced.pk).update(status=InvitationStatus.BOUNCED)
        InvitationBlock.objects.create(referrer=self.referrer, email_key=f"blocked@{self.marker.lower()}.example")

    def _make_payouts(self) -> None:
        """Let what friends have brought be earned: one reward lies in a batch to be audited, another one is held."""
        operator, supervisor = self.people[Role.OPERATOR], self.people[Role.SUPERVISOR]
        rule = make_rule(self.division, programme=self.programme, code=f"{self.marker.lower()}-pays", by=operator)
        half = TermDescription(side=Side.REFERRER, basis=Basis.MARGIN_MONTHLY, percent=Decimal(50))
        make_version(rule, terms=[half], reason=self.marker, wait_count=0, wait_unit=WaitUnit.DAYS, bills_needed=0)
        self.reward, self.held_reward = (self._make_earned() for _one in range(2))
        hold_reward(self.held_reward.pk, HoldReason.CREDIT_REFUSED, by=None)
        self.payee = self.reward.payee
        self.payee_line, disputed = (
            reward.entries.get(kind=EntryKind.RELEASE) for reward in (self.reward, self.held_reward)
        )
        self.bank_account = BankAccount.objects.create(
            payee=self.payee, routing_number="021000021", sealed_number=encrypt(BANK_NUMBER), ending=BANK_NUMBER[-4:],
            digest=digest_of(written_together("021000021", BANK_NUMBER)), kind=BankAccountKind.CHECKING,
            holder=self.marker, added_by=self.people[Role.CUSTOMER], usable_from=today(self.division),
        )  # fmt: skip
        upload = Upload(name=f"{self.marker} shows.txt", media_type="text/plain", content=self.marker.encode())
        payee, says = self.people[Role.CUSTOMER], f"{self.marker} says no"
        self.dispute = raise_dispute(disputed.pk, says, uploads=[upload], by=payee)
        want_evidence(self.dispute.pk, f"{self.marker} asks", key=f"{self.marker} asks", by=supervisor)
        hear_payee(self.dispute.pk, f"{self.marker} shows", key=f"{self.marker} shows", by=payee)
        self.batch = freeze_batch(build_batch(self.division.pk, by=supervisor).pk, by=supervisor)
        self.line = self.batch.lines.get()
        self._make_bank_files()
        claimed = self._make_earned()
        pay(claimed.pk, today(self.division))
        take_back(locked_reward(claimed.pk), claimed.owed, ReasonCode.LEFT_EARLY, today(self.division), by=None)
        self.claim_end = ask_to_end_claim(self.payee.pk, ClaimWay.WRITE_OFF, claimed.owed, self.marker, by=supervisor)
        long_ago = today(self.division).replace(day=1) - timedelta(days=365)
        ClosedPeriod.objects.create(division=self.division, period=long_ago.replace(day=1))
        PeriodRun.objects.create(kind=RunKind.QUALIFY, division=self.division, period=long_ago)

    def _make_bank_files(self) -> None:
        """Let a file be paid in part, and one that the bank has sent wait to be taken: rows alone."""
        on = today(self.division)
        self.bank_file = BankFile.objects.create(
            batch=self.batch, division=self.division, originator=f"{self.division.pk:010}", made_on=on, modifier="A",
            effective_on=on, count=1, total=Decimal("25.00"), checksum=hashlib.sha256(b"0").hexdigest(),
            content=encrypt("0"), status=BankFileStatus.PARTLY_PAID,
        )  # fmt: skip
        self.awaited = BatchLine.objects.create(
            batch=self.batch, reward=self.line.reward, dispute=self.dispute, payee=self.line.payee, division=self.division,
            channel=Channel.TRANSFER, bank_account=self.bank_account, amount=Decimal("25.00"), currency="USD",
            request_id=f"awaited-{self.division.pk}", status=LineStatus.SENT, trace_number=f"{self.division.pk:015}",
            sent_at=now(), missed_at=now(),
        )  # fmt: skip
        sent = SimpleNamespace(trace_number=f"{self.division.pk:015}", amount=Decimal("25.00"), reward_id=1)
        self.return_file = ReturnFile.objects.create(
            division=self.division, checksum=f"{self.division.pk:064}", content=encrypt(return_file((sent, "R03"))),
            uploaded_by=self.people[Role.AUDITOR],
        )  # fmt: skip
        self.bank_return = BankReturn.objects.create(
            file=self.return_file, outcome=ReturnOutcome.UNMATCHED, original_trace=sent.trace_number, trace="0",
            code="R03", amount=sent.amount, taken_by=self.people[Role.AUDITOR],
        )  # fmt: skip
        self.bank_change = BankChange.objects.create(
            file=self.return_file, code="C01", corrected=encrypt("0"), original_trace=sent.trace_number, trace="0",
            heard_by=self.people[Role.AUDITOR],
        )  # fmt: skip

    def _make_earned(self) -> Reward:
        referral = make_installed_referral(self.referrer, market=self.market)
        (reward,) = accrue_rewards(referral.pk)
        reconsider(reward.friend_account_id)
        reward.refresh_from_db()
        return reward

    def pk_of(self, model: Any, path: str | None) -> int:
        """Return the key of a row of this market, of any where the table belongs to no market, 0 where there is none."""
        if path is None:
            return getattr(model._default_manager.first(), "pk", 0)
        row = self._row_of(model, path)
        assert row, f"A World has no {model.__name__}: give it one in tests/url_matrix.py"
        return row.pk

    def _row_of(self, model: Any, path: str) -> Any:
        if model in (User, EligibilityGroup):
            return self.people[Role.CSR] if model is User else self.group
        place = self.division.pk if path == "pk" else self.division
        return model._default_manager.filter(**{path: place}).first()


@dataclass(frozen=True)
class Page:
    """Who may open an address, on which row, and what exactly it answers them."""

    who: frozenset[str]
    row: Callable[[World], dict[str, Any]] | None = None
    answer: int = SHOWS
    query: str = ""
    method: str = "get"
    is_for_all: bool = False
    """It shows the same on every market's site, whatever row is named: look of a brand, words of a machine."""
    about_oneself: bool = False
    """It shows nothing but the visitor's own session, and sends on whomever it is not for."""


def pk_of(name: str) -> Callable[[World], dict[str, Any]]:
    """Name a row of the world by its primary key."""
    return lambda world: {"pk": getattr(world, name).pk}


def ticket_of(world: World) -> dict[str, Any]:
    """Name the world's ticket by its number."""
    return {"number": world.ticket.number}


def token_of(name: str) -> Callable[[World], dict[str, Any]]:
    """Name an order of the world by its secret."""
    return lambda world: {"token": getattr(world, name).token}


def device_of(world: World) -> dict[str, Any]:
    """Name the device of the world."""
    return {"pk": world.completed.account.equipment.get(until=None).pk}


def brand_of(world: World) -> dict[str, Any]:
    """Name the world's brand."""
    return {"code": world.market.site.brand.code, "version": int(world.market.site.brand.version)}


def doing(who: frozenset[str], row: Callable[[World], dict[str, Any]] | None = None) -> Page:
    """Return the rules of an address that is sent a form, and leads on from it."""
    return Page(who, row, LEADS_ON, method="post")


def own(who: frozenset[str], answer: int = SHOWS) -> Page:
    """Return the rules of a page about the visitor's own session."""
    return Page(who, answer=answer, about_oneself=True)


KNOW_COSTS = holders(Permission.CONFIGURE)
SETTING_UP = frozenset(role for role, granted in ROLE_PERMISSIONS.items() if granted & SETUP_PERMISSIONS)
"""Who gets into the admin at all."""
VISITORS = frozenset({ANONYMOUS})
WITHOUT_FACTOR = SIGNED_IN - STAFF
SEE, WORK = holders(Permission.SEE_ORDERS), holders(Permission.WORK_ORDERS)
FILL_IN = ANYONE - (STAFF - WORK)
"""Who may fill an order in: visitors, and of those who work here whoever may work on orders."""
SEE_LEADS, WORK_LEADS = holders(Permission.SEE_LEADS), holders(Permission.WORK_LEADS)
SEE_TICKETS, WORK_TICKETS = holders(Permission.SEE_TICKETS), holders(Permission.WORK_TICKETS)
VISIT = holders(Permission.MAKE_VISITS)
SEE_REFERRALS, SEE_LEDGER = holders(Permission.SEE_REFERRALS), holders(Permission.SEE_LEDGER)
SEE_TICKETS, WORK_TICKETS = holders(Permission.SEE_TICKETS), holders(Permission.WORK_TICKETS)
DECLARE = holders(Permission.DECLARE_OUTAGES)
SETTLE, IMPORT = holders(Permission.SETTLE_SUBMISSIONS), holders(Permission.IMPORT)

MATRIX: dict[str, Page] = {
    # One's own account.
    "account_login": own(VISITORS),
    "account_logout": own(SIGNED_IN),
    "account_inactive": own(ANYONE),
    "account_signup": own(VISITORS),
    "account_reauthenticate": own(SIGNED_IN),
    "account_email": own(SIGNED_IN),
    "account_email_verification_sent": own(NOBODY),
    "account_change_password": own(SIGNED_IN),
    "account_set_password": own(NOBODY),
    "account_reset_password": own(ANYONE),
    "account_reset_password_done": own(ANYONE),
    "account_reset_password_from_key_done": own(ANYONE),
    "account_confirm_login_code": own(NOBODY),
    "account_reset_password_from_key": Page(ANYONE, lambda _world: {"uidb36": "1", "key": "unknown"}, is_for_all=True),
    "mfa_index": own(SIGNED_IN),
    "mfa_authenticate": own(NOBODY),
    "mfa_reauthenticate": own(STAFF),
    "mfa_activate_totp": own(WITHOUT_FACTOR),
    "mfa_deactivate_totp": own(STAFF),
    "mfa_view_recovery_codes": own(NOBODY),
    "mfa_generate_recovery_codes": own(SIGNED_IN),
    "mfa_download_recovery_codes": own(NOBODY),
    "usersessions_list": own(SIGNED_IN),
    "people:end_session": Page(NOBODY, lambda _world: {"pk": 0}),  # one's own: tests/people/test_sign_in.py
    # The signed-in customer and partner.
    "selfcare:start": Page(SIGNED_IN),
    "selfcare:order": Page(frozenset({Role.CUSTOMER}), pk_of("order")),
    "selfcare:outage_notices": doing(SIGNED_IN),
    "selfcare:security": own(SIGNED_IN),
    "selfcare:sales": Page(frozenset({Role.PARTNER})),
    "selfcare:referrals": Page(SIGNED_IN),
    "selfcare:referral_enrol": doing(SIGNED_IN),
    "selfcare:referral_invite": Page(frozenset({Role.CUSTOMER})),
    "selfcare:referral_leave": Page(frozenset({Role.CUSTOMER}), pk_of("referrer")),
    "selfcare:referral_withdraw": Page(frozenset({Role.CUSTOMER}), pk_of("invitation")),
    "selfcare:referral_correct": Page(frozenset({Role.CUSTOMER}), pk_of("bounced")),
    "selfcare:tickets": Page(SIGNED_IN),
    "selfcare:ticket_new": Page(frozenset({Role.CUSTOMER, Role.PARTNER})),  # the partner speaks for a customer
    "selfcare:ticket": Page(frozenset({Role.CUSTOMER}), ticket_of),
    "selfcare:ticket_fixed": doing(frozenset({Role.CUSTOMER}), ticket_of),
    "selfcare:ticket_rate": doing(frozenset({Role.CUSTOMER}), ticket_of),
    "selfcare:ticket_reopen": doing(frozenset({Role.CUSTOMER}), ticket_of),
    "selfcare:ticket_call_off": doing(frozenset({Role.CUSTOMER}), ticket_of),
    "selfcare:ticket_file": Page(NOBODY, lambda world: {"pk": Attachment.objects.get(article__ticket=world.ticket).pk}),
    "selfcare:ticket_by_letter": Page(NOBODY),  # by what the letter proves: tests/tickets/test_selfcare.py
    "selfcare:statements": Page(SIGNED_IN),
    "selfcare:statement": Page(frozenset({Role.CUSTOMER}), pk_of("payee")),
    "selfcare:statement_pdf": Page(frozenset({Role.CUSTOMER}), pk_of("payee")),
    "selfcare:statement_csv": Page(frozenset({Role.CUSTOMER}), pk_of("payee")),
    "selfcare:bank": Page(frozenset({Role.CUSTOMER}), pk_of("payee")),
    "selfcare:bank_withdraw": Page(frozenset({Role.CUSTOMER}), pk_of("payee")),
    "selfcare:dispute_raise": Page(frozenset({Role.CUSTOMER}), lambda world: {"pk": world.payee_line.pk}),
    "selfcare:dispute": Page(frozenset({Role.CUSTOMER}), pk_of("dispute")),
    "selfcare:dispute_file": Page(frozenset({Role.CUSTOMER}), lambda world: {"pk": world.dispute.evidence.get().pk}),
    "selfcare:reward_missing": Page(frozenset({Role.CUSTOMER})),
    # The desk.
    "desk:home": Page(STAFF),
    "desk:search": Page(STAFF, query="q=Resident"),
    "desk:keys": Page(STAFF),
    "desk:save_filter": doing(STAFF),
    "desk:forget_filter": Page(NOBODY, lambda _world: {"pk": 0}),
    "desk:orders": Page(SEE),
    "desk:order": Page(SEE, pk_of("order")),
    "desk:order_offers": Page(SEE, pk_of("order")),
    "desk:new_order": Page(WORK),
    "desk:order_reschedule": Page(WORK, pk_of("order")),
    "desk:order_correct": Page(WORK, pk_of("order")),
    "desk:order_ask_to_agree": Page(WORK, pk_of("order")),
    "desk:order_hold": Page(WORK, pk_of("order")),
    "desk:order_release": Page(WORK, pk_of("held")),
    "desk:order_reject": Page(WORK, pk_of("held")),
    "desk:order_cancel": Page(WORK, pk_of("order")),
    "desk:order_close": Page(WORK, pk_of("order")),
    "desk:order_settle": Page(WORK, pk_of("order")),
    "desk:order_close_remainder": Page(WORK, pk_of("order")),
    "desk:order_approve_cancellation": Page(WORK, pk_of("assessed")),
    "desk:order_refuse_cancellation": Page(WORK, pk_of("assessed")),
    "desk:customer": Page(SEE, lambda world: {"pk": world.order.customer_id}),
    "desk:device_put_in": Page(WORK_TICKETS, lambda world: {"account": world.completed.account_id}),
    "desk:device_swap": Page(WORK_TICKETS, device_of),
    "desk:device_take_out": Page(WORK_TICKETS, device_of),
    "desk:consent_withdraw": Page(
        WORK, lambda world: {"pk": world.order.customer_id, "consent": world.order.customer.consents.get().pk}
    ),
    "desk:submissions": Page(SEE),
    "desk:submission": Page(SEE, pk_of("submission")),
    "desk:submission_resend": Page(SETTLE, pk_of("submission")),
    "desk:submission_settle": Page(SETTLE, pk_of("submission")),
    "desk:letterbox": Page(WORK_TICKETS),
    "desk:letter": Page(WORK_TICKETS, pk_of("mail")),
    "desk:letter_open": Page(WORK_TICKETS, pk_of("mail")),
    "desk:letter_add": Page(WORK_TICKETS, pk_of("mail")),
    "desk:letter_dismiss": Page(WORK_TICKETS, pk_of("mail")),
    "desk:tickets": Page(STAFF),
    "desk:ticket_alerts": Page(STAFF),
    "desk:ticket_pauses": Page(holders(Permission.ASSIGN_WORK)),
    "desk:ticket_figures": Page(holders(Permission.ASSIGN_WORK)),
    "desk:figure_tickets": Page(holders(Permission.ASSIGN_WORK)),
    "desk:new_ticket": Page(WORK_TICKETS, query="nobody"),
    "desk:ticket": Page(SEE_TICKETS, ticket_of),
    "desk:ticket_answer": Page(WORK_TICKETS, ticket_of),
    "desk:ticket_history": Page(SEE_TICKETS, ticket_of),
    "desk:ticket_take_back": doing(
        WORK_TICKETS, lambda world: {**ticket_of(world), "pk": world.ticket.articles.get(kind="answer").pk}
    ),
    "desk:ticket_unresolve": doing(WORK_TICKETS, ticket_of),
    "desk:ticket_task_end": doing(
        WORK_TICKETS, lambda world: {**ticket_of(world), "pk": world.ticket.tasks.get().pk, "to": "done"}
    ),
    "desk:visits": Page(VISIT),
    "desk:visit": Page(frozenset({Role.FIELD_AGENT}), pk_of("visit")),
    "desk:ticket_do": Page(WORK_TICKETS, lambda world: {**ticket_of(world), "doing": "note"}),
    "desk:ticket_presence": Page(SEE_TICKETS, ticket_of, method="post"),
    "desk:ticket_customer": Page(WORK_TICKETS, ticket_of),
    "desk:ticket_macro": Page(WORK_TICKETS, lambda world: {**ticket_of(world), "pk": world.macro.pk}),
    "desk:ticket_split": Page(
        WORK_TICKETS, lambda world: {**ticket_of(world), "pk": world.ticket.articles.get(kind="note").pk}
    ),
    "desk:ticket_file": Page(
        SEE_TICKETS, lambda world: {"pk": Attachment.objects.get(article__ticket=world.ticket).pk}
    ),
    "desk:leads": Page(SEE_LEADS),
    "desk:lead": Page(SEE_LEADS, pk_of("lead")),
    "desk:lead_assign": Page(WORK_LEADS, pk_of("lead")),
    "desk:lead_note": Page(WORK_LEADS, pk_of("lead")),
    "desk:lead_close": Page(WORK_LEADS, pk_of("lead")),
    "desk:lead_convert": Page(WORK_LEADS, pk_of("lead")),
    "desk:referrals": Page(SEE_REFERRALS),
    "desk:programmes": Page(SEE_REFERRALS),
    "desk:referral": Page(SEE_REFERRALS, pk_of("referral")),
    "desk:signal_decide": Page(holders(Permission.WORK_REFERRALS), pk_of("signal")),
    "desk:rewards": Page(SEE_REFERRALS),
    "desk:reward": Page(SEE_REFERRALS, pk_of("reward")),
    "desk:reward_release": Page(holders(Permission.SEE_LEDGER), pk_of("held_reward")),
    "desk:outages": Page(SEE_TICKETS),
    "desk:outage_new": Page(DECLARE),
    "desk:outage": Page(SEE_TICKETS, pk_of("outage")),
    "desk:outage_update": Page(DECLARE, pk_of("outage")),
    "desk:outage_widen": Page(DECLARE, pk_of("outage")),
    "desk:outage_restore": Page(DECLARE, pk_of("outage")),
    "desk:outage_correct": Page(DECLARE, pk_of("outage")),
    "desk:outage_reopen": Page(DECLARE, pk_of("outage")),
    "desk:outage_withdraw": Page(DECLARE, pk_of("outage")),
    "desk:outage_attach": Page(WORK_TICKETS, pk_of("outage")),
    "desk:outage_detach": Page(WORK_TICKETS, lambda world: {"number": world.attached.number}),
    "desk:outage_credits": Page(DECLARE, pk_of("outage")),
    "desk:outage_credits_approve": Page(holders(Permission.APPROVE_OUTAGE_CREDITS), pk_of("credit_run")),
    "desk:outage_credits_discard": Page(SEE_TICKETS, pk_of("credit_run")),
    "desk:outage_credit_resend": Page(holders(Permission.SETTLE_SUBMISSIONS), pk_of("outage_credit")),
    "desk:payouts": Page(SEE_LEDGER),
    "desk:payout_build": Page(holders(Permission.BUILD_BATCHES)),
    "desk:payout": Page(SEE_LEDGER, pk_of("batch")),
    "desk:payout_freeze": Page(holders(Permission.BUILD_BATCHES), pk_of("batch")),
    "desk:payout_approve": Page(holders(Permission.APPROVE_BATCHES), pk_of("batch")),
    "desk:payout_discard": Page(holders(Permission.BUILD_BATCHES), pk_of("batch")),
    "desk:bank_file_download": Page(holders(Permission.APPROVE_BATCHES), pk_of("bank_file"), method="post"),
    "desk:bank_file_hand_over": Page(holders(Permission.APPROVE_BATCHES), pk_of("bank_file")),
    "desk:bank_file_paid": Page(holders(Permission.APPROVE_BATCHES), pk_of("bank_file")),
    "desk:bank_file_refused": Page(holders(Permission.APPROVE_BATCHES), pk_of("bank_file")),
    "desk:transfer_give_back": Page(holders(Permission.APPROVE_BATCHES), pk_of("awaited")),
    "desk:bank_change_accept": Page(holders(Permission.APPROVE_BATCHES), pk_of("bank_change")),
    "desk:bank_change_dismiss": Page(holders(Permission.APPROVE_BATCHES), pk_of("bank_change")),
    "desk:bank_returns": Page(holders(Permission.APPROVE_BATCHES)),
    "desk:bank_return_look": Page(holders(Permission.APPROVE_BATCHES), pk_of("bank_return")),
    "desk:return_file": Page(holders(Permission.APPROVE_BATCHES), pk_of("return_file")),
    "desk:payout_line": Page(SEE_LEDGER, pk_of("line")),
    "desk:payout_line_remove": Page(holders(Permission.BUILD_BATCHES), pk_of("line")),
    "desk:ledger": Page(SEE_LEDGER),
    "desk:ledger_close": Page(holders(Permission.CLOSE_MONTHS)),
    "desk:claims": Page(SEE_LEDGER),
    "desk:claim_ask": Page(holders(Permission.BUILD_BATCHES), pk_of("payee")),
    "desk:claim_decide": Page(holders(Permission.APPROVE_BATCHES), pk_of("claim_end")),
    "desk:bank_end": Page(holders(Permission.BUILD_BATCHES), pk_of("bank_account")),
    "desk:disputes": Page(SEE_LEDGER),
    "desk:dispute": Page(SEE_LEDGER, pk_of("dispute")),
    "desk:dispute_take": doing(holders(Permission.ANSWER_DISPUTES), pk_of("dispute")),
    "desk:dispute_give_back": doing(holders(Permission.ANSWER_DISPUTES), pk_of("dispute")),
    "desk:dispute_hand_over": Page(holders(Permission.ANSWER_DISPUTES), pk_of("dispute")),
    "desk:dispute_ask": Page(holders(Permission.ANSWER_DISPUTES), pk_of("dispute")),
    "desk:dispute_add": Page(holders(Permission.ANSWER_DISPUTES), pk_of("dispute")),
    "desk:dispute_decide_again": doing(holders(Permission.ANSWER_DISPUTES), pk_of("dispute")),
    "desk:dispute_answer": Page(holders(Permission.ANSWER_DISPUTES), pk_of("dispute")),
    "desk:dispute_file": Page(SEE_LEDGER, lambda world: {"pk": world.dispute.evidence.get().pk}),
    "desk:statement": Page(SEE_LEDGER, pk_of("payee")),
    "desk:statement_pdf": Page(SEE_LEDGER, pk_of("payee")),
    "desk:statement_csv": Page(SEE_LEDGER, pk_of("payee")),
    "desk:who_works": Page(holders(Permission.SEE_TICKETS)),
    "desk:member_absent": Page(holders(Permission.ASSIGN_WORK), pk_of("member")),
    "desk:reassign": Page(holders(Permission.ASSIGN_WORK), pk_of("member")),
    "desk:absence_end": doing(holders(Permission.ASSIGN_WORK), pk_of("absence")),
    "desk:reassignment": Page(holders(Permission.ASSIGN_WORK), pk_of("reassignment")),
    "desk:reassignment_undo": doing(holders(Permission.ASSIGN_WORK), pk_of("reassignment")),
    "desk:ticket_routing": Page(holders(Permission.SEE_TICKETS), lambda world: {"number": world.ticket.number}),
    "desk:ticket_find": doing(holders(Permission.ASSIGN_WORK), lambda world: {"number": world.ticket.number}),
    "desk:ticket_give": Page(holders(Permission.ASSIGN_WORK), lambda world: {"number": world.ticket.number}),
    "desk:messages": Page(SEE),
    "desk:message": Page(SEE, pk_of("message")),
    "desk:message_html": Page(SEE, pk_of("message")),
    "desk:message_again": Page(WORK, pk_of("message")),
    "desk:document": Page(SEE, pk_of("document")),
    "desk:jobs": Page(STAFF),
    "desk:job": Page(STAFF, pk_of("job")),
    "desk:job_errors": Page(STAFF, pk_of("job")),
    "desk:job_cancel": doing(IMPORT, pk_of("job")),
    "desk:job_resume": doing(IMPORT, pk_of("job")),
    # The public site.
    "storefront:home": Page(ANYONE),
    "storefront:check": Page(ANYONE, query="address=7+Juniper+Lane+Rutland"),
    "storefront:suggest": Page(ANYONE, query="address=7+Juniper+Lane+Rutland"),
    "storefront:tell_me": Page(ANYONE, lambda world: {"key": world.qualification.key}, method="post"),
    "storefront:told": Page(ANYONE, lambda world: {"key": world.qualification.key}),
    "storefront:embedded_box": Page(ANYONE, answer=404),  # 404 where no host may embed it
    "storefront:outcome": Page(ANYONE, lambda world: {"key": world.qualification.key}),
    "storefront:check_again": doing(ANYONE, lambda world: {"key": world.qualification.key}),
    "storefront:start_order": doing(FILL_IN, lambda world: {"key": world.qualification.key}),
    "storefront:order": Page(ANYONE, token_of("order")),
    "storefront:order_package": Page(FILL_IN, token_of("draft")),
    "storefront:order_options": Page(FILL_IN, token_of("draft")),
    "storefront:order_reprice": Page(ANYONE, token_of("draft")),
    "storefront:order_details": Page(FILL_IN, token_of("draft")),
    "storefront:order_appointment": Page(FILL_IN, token_of("draft")),
    "storefront:order_terms": Page(FILL_IN, token_of("draft")),
    "storefront:order_review": Page(FILL_IN, token_of("draft")),
    "storefront:order_recheck": Page(FILL_IN, token_of("stale")),
    "storefront:order_confirmation": Page(ANYONE, token_of("order")),
    "storefront:order_pdf": Page(ANYONE, token_of("order")),
    "storefront:order_first_pdf": Page(ANYONE, token_of("order")),
    "storefront:refer": Page(ANYONE),
    "storefront:refer_welcome": Page(ANYONE),
    "storefront:refer_house_number": Page(ANYONE, answer=LEADS_ON, method="post"),
    "storefront:refer_yours": Page(ANYONE, lambda world: {"code": world.referrer.code}),
    "storefront:referral_link": Page(ANYONE, lambda world: {"code": world.referrer.code}, LEADS_ON, is_for_all=True),
    "storefront:invitation": Page(ANYONE, lambda world: {"token": world.invitation.token}, LEADS_ON, is_for_all=True),
    "storefront:stop_invitations": Page(
        ANYONE,
        lambda world: {"token": world.invitation.token},
        is_for_all=True,  # whoever has the secret may stop it
    ),
    "storefront:invitations_stopped": Page(ANYONE),
    "storefront:styleguide": Page(STAFF),
    "storefront:choose_language": doing(ANYONE),
    "storefront:choose_theme": doing(ANYONE),
    "storefront:brand_css": Page(ANYONE, brand_of, is_for_all=True),
    "storefront:brand_logo": Page(ANYONE, brand_of, is_for_all=True),
    # Machines.
    "live": own(ANYONE),
    "ready": own(ANYONE),
    "metrics": own(NOBODY),  # who sees the whole house: tests/test_attacks.py; a token: tests/local/test_health.py
    "tmf_billing:webhook": Page(NOBODY, lambda _world: {"code": "unknown"}, is_for_all=True),  # signed: tests/billing
    # Mail servers that prove themselves by a signature: tests/correspondence/test_inbound_receiving.py
    "correspondence:incoming": Page(NOBODY, lambda _world: {"code": "unknown"}, is_for_all=True),
    # Whoever holds the secret of a message, and their mail program: tests/foundation/test_correspondence.py
    "correspondence:unsubscribe": Page(NOBODY, lambda _world: {"token": "unknown"}, is_for_all=True),
    # The admin's own frame; its tables say themselves who may open them.
    "admin:index": Page(SETTING_UP),
    "admin:login": own(NOBODY),
    "admin:logout": own(NOBODY),
    "admin:password_change": own(SETTING_UP, LEADS_ON),
    "admin:jsi18n": own(SETTING_UP),
    "admin:autocomplete": Page(SETTING_UP, query="app_label=catalog&model_name=price&field_name=product&term="),
    "admin:app_list": Page(SETTING_UP, lambda _world: {"app_label": "divisions"}, is_for_all=True),
}

NOT_BY_HAND = {
    "admin:catalog_cost_delete",
    "admin:catalog_eligibilitygroup_add",
    "admin:commissions_rule_delete",
    "admin:commissions_ruleversion_add",
    "admin:commissions_ruleversion_delete",
    "admin:divisions_division_delete",
    "admin:divisions_site_add",  # at the top of the tree alone
    "admin:orders_termsversion_delete",
    "admin:people_user_delete",
    "admin:referrals_programme_delete",
    "admin:territory_premises_add",
    "admin:tickets_step_add",
    "admin:territory_premises_delete",
    "admin:worklist_team_delete",
}
"""What nobody of a market does in the admin."""

DOINGS = {
    "admin:tickets_routingversion_put_in_force": "post",
    "admin:tickets_routingversion_start": "post",
    "admin:billing_billingsystem_check": "post",
    "admin:billing_submission_resend": "get",
    "admin:billing_submission_settle": "get",
    "admin:catalog_campaign_activate": "post",
    "admin:catalog_campaign_deactivate": "post",
    "admin:catalog_cost_load": "get",
    "admin:catalog_product_new_price": "get",
    "admin:catalog_product_withdraw_price": "post",
    "admin:commissions_rule_start": "post",
    "admin:commissions_ruleversion_return": "post",
    "admin:commissions_ruleversion_review": "post",
    "admin:commissions_ruleversion_withdraw": "post",
    "admin:correspondence_inboundmail_again": "post",
    "admin:correspondence_mailbox_check": "post",
    "admin:referrals_invitation_withdraw": "post",
    "admin:referrals_programme_end": "post",
    "admin:referrals_programme_pause": "post",
    "admin:referrals_programme_start": "post",
    "admin:referrals_programme_test": "get",
    "admin:referrals_referrer_return": "get",
    "admin:referrals_referrer_suspend": "get",
    "admin:referrals_signal_decide": "get",
    "admin:territory_importfile_load": "get",
    "admin:territory_premises_override": "get",
}
"""The admin's pages besides Django's, for those who may change the table: how each is asked."""

APPROVALS = {
    "admin:commissions_ruleversion_approve": Permission.APPROVE_RULES,
    "admin:commissions_ruleversion_end": Permission.APPROVE_RULES,
}
"""Those of them that are posted by others than who may change the table: by whom."""

UNSEEN_TABLES = {"jobs.JobChunk", "territory.ImportBlock"}
"""Tables that no page shows."""


@dataclass(frozen=True)
class Listing:
    """A list with a query, who asks it, and what of their own market stands in the answer, `{}` being its marker."""

    name: str
    query: str
    own: str
    role: str = Role.OPERATOR

    def __str__(self) -> str:
        return f"{self.name}?{self.query}"

    def of(self, _world: World) -> str:
        """Return the address with the query."""
        return f"{reverse(self.name)}?{self.query}"

    def sign(self, marker: str) -> str:
        """Return what a market's own row says."""
        return self.own.format(marker)


LISTS = [
    Listing("desk:search", "q=Resident", "{} Resident"),
    Listing("desk:orders", "export=csv", "{} Resident"),
    Listing("desk:orders", "", "{} Resident"),
    Listing("desk:leads", "export=csv", "Lee Lead"),
    Listing("desk:submissions", "export=csv", "{}"),
    Listing("desk:messages", "export=csv", "{} subject"),
    Listing("desk:jobs", "", "{} import"),
    Listing("desk:referrals", "export=csv", "{} market"),
    Listing("desk:rewards", "export=csv", "{} market"),
    Listing("desk:payouts", "export=csv", "{} market"),
    Listing("desk:claims", "export=csv", "{} market"),
    Listing("desk:disputes", "export=csv", "{} market"),
    Listing("desk:ledger", "export=csv", "{} market"),
    Listing("storefront:suggest", "address=7+Juniper+Lane+Rutland", "{}", ANONYMOUS),
]

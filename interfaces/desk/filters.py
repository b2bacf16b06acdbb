"""By what the lists of the desk are filtered; everything stands in the address."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet
from django.forms import DateInput, Form, TextInput
from django.utils.functional import cached_property
from django.utils.timezone import get_default_timezone
from django.utils.translation import gettext_lazy as _
from django_filters import CharFilter, ChoiceFilter, DateFilter, FilterSet, ModelChoiceFilter

from accounts.models import Customer
from accounts.queries import called
from billing.models import Submission, SubmissionQuerySet
from billing.states import SubmissionKind, SubmissionStatus
from commissions.models import Batch, BatchLine, Dispute, LedgerEntry, Payee, Reward
from commissions.queries.batches import UNREAD, needing_a_person, waiting_for_bank_details
from commissions.queries.disputes import overdue
from commissions.states import (
    OPEN_DISPUTES,
    TO_BE_ANSWERED,
    BatchStatus,
    ClaimStatus,
    DisputeStatus,
    EntryKind,
    HoldReason,
    LedgerAccount,
    LineFlag,
    LineStatus,
    RewardStatus,
    Side,
    Verdict,
)
from foundation.correspondence.models import InboundMail, Message
from foundation.correspondence.states import MailKind, MessageStatus
from foundation.divisions.models import Division
from foundation.jobs.models import Job
from foundation.jobs.states import JobStatus
from foundation.now import now, today
from foundation.people.models import UserRequest
from foundation.people.queries import divisions_visible_to, divisions_where, divisions_within_sight
from foundation.people.states import Permission
from foundation.worklist.models import Team
from interfaces.desk import following
from interfaces.desk.queries import TROUBLES, stuck
from leads.models import Lead
from leads.queries import LeadFilter, leads_matching
from leads.states import OPEN as OPEN_LEADS, LeadStatus
from orders.models import Order
from orders.queries import OrderFilter, orders_matching
from orders.states import OPEN, OrderStatus
from referrals.models import Programme, Referral
from referrals.queries import normalised_code, programmes_visible_to
from referrals.states import ProgrammeStatus
from territory.states import Outcome
from tickets.models import Outage, Ticket
from tickets.queries import TicketFilter, tickets_matching
from tickets.queries.figures import OF_FIGURE, FiguresWanted, tickets_put_right
from tickets.states import UNDER_WAY, Figure, OutageKind, OutageStatus, Priority, TicketStatus, TicketType

ANY = _("Any")
ANY_STATUS = "any"


def _as_date() -> DateInput:
    return DateInput(format="%Y-%m-%d", attrs={"type": "date"})


def _divisions(request: UserRequest) -> QuerySet[Division]:
    return divisions_visible_to(request.user)


class WithDivision(FilterSet):
    """A list whose rows belong to divisions: one of them stands for all that lies below it."""

    division = ModelChoiceFilter(label=_("Division"), empty_label=ANY, queryset=_divisions, method="filter_division")

    def filter_division(self, rows: QuerySet[Any], _name: str, division: Division) -> QuerySet[Any]:
        """Keep the rows of a division and of all below it."""
        return rows.filter(division__in=Division.objects.under(division))


class JobFilters(WithDivision):
    """Long work by what has become of it."""

    status = ChoiceFilter(label=_("State"), empty_label=ANY, choices=JobStatus.choices)

    class Meta:
        model = Job
        fields = ("status", "division")


class LetterboxFilters(WithDivision):
    """Messages that came in by sender or subject, and by what wrote them."""

    text = CharFilter(label=_("From or subject"), method="filter_text")
    kind = ChoiceFilter(label=_("Written by"), empty_label=ANY, choices=MailKind.choices)

    class Meta:
        model = InboundMail
        fields = ("text", "kind", "division")

    def filter_text(self, rows: QuerySet[InboundMail], _name: str, text: str) -> QuerySet[InboundMail]:
        """Keep the messages of a sender, or with these words in their subject."""
        return rows.filter(Q(sender__icontains=text.strip()) | Q(subject_line__icontains=text.strip()))


class MessageFilters(WithDivision):
    """Messages by what has become of them and by recipient."""

    to = CharFilter(label=_("Recipient or subject"), method="filter_text")
    status = ChoiceFilter(label=_("State"), empty_label=ANY, choices=MessageStatus.choices)

    class Meta:
        model = Message
        fields = ("to", "status", "division")

    def filter_text(self, rows: QuerySet[Message], _name: str, text: str) -> QuerySet[Message]:
        """Keep the messages to somebody, or with a subject."""
        return rows.filter(Q(to__icontains=text) | Q(subject_line__icontains=text))


class SubmissionFilters(WithDivision):
    """What was asked of billing systems, by what has become of it and by its ids."""

    text = CharFilter(label=_("Request or vendor’s id"), method="filter_text")
    status = ChoiceFilter(label=_("State"), empty_label=ANY, choices=SubmissionStatus.choices)
    kind = ChoiceFilter(label=_("What is asked"), empty_label=ANY, choices=SubmissionKind.choices)
    waits = ChoiceFilter(
        label=_("Waits for"), empty_label=ANY, choices=[("person", _("A person"))], method="filter_waits"
    )

    class Meta:
        model = Submission
        fields = ("text", "status", "kind", "waits", "division")

    def filter_text(self, rows: QuerySet[Submission], _name: str, text: str) -> QuerySet[Submission]:
        """Keep what was asked under an id, or is known to the vendor by one."""
        return rows.filter(Q(request_id__startswith=text.strip()) | Q(external_id=text.strip()))

    def filter_waits(self, rows: SubmissionQuerySet, _name: str, _value: str) -> SubmissionQuerySet:
        """Keep what goes on only when somebody decides."""
        return rows.needing_a_person()


OPEN_CHOICE = "open"
AGES = (
    ("1", _("Older than a day")),
    ("3", _("Older than 3 days")),
    ("7", _("Older than a week")),
    ("30", _("Older than 30 days")),
)


class OrderFilters(WithDivision):
    """Orders by state, trouble, age and division, and by whatever a caller says of them."""

    text = CharFilter(label=_("Number, name, phone or e-mail"))
    status = ChoiceFilter(
        label=_("State"), empty_label=_("All but carts"), choices=[(OPEN_CHOICE, _("Open")), *OrderStatus.choices]
    )
    stuck = ChoiceFilter(label=_("Stuck"), empty_label=ANY, choices=[(one.code, one.label) for one in TROUBLES])
    age = ChoiceFilter(label=_("Age"), empty_label=ANY, choices=AGES)

    class Meta:
        model = Order
        fields = ("text", "status", "stuck", "age", "division")

    def filter_queryset(self, _rows: QuerySet[Order]) -> QuerySet[Order]:
        """Ask the orders themselves, who know how to find one."""
        asked: dict[str, Any] = self.form.cleaned_data
        status, age = asked.get("status"), asked.get("age")
        wanted = OrderFilter(
            statuses=sorted(OPEN) if status == OPEN_CHOICE else [status] if status else (),
            division=asked.get("division"),
            older_than=timedelta(days=int(age)) if age else None,
            text=asked.get("text") or "",
        )
        found = orders_matching(self.request.user, wanted)
        return stuck(found, asked["stuck"]) if asked.get("stuck") else found


class LeadFilters(WithDivision):
    """Leads by state, by what the check of their address found, and by who looks after them."""

    text = CharFilter(label=_("Name, address, phone or e-mail"))
    status = ChoiceFilter(label=_("State"), empty_label=_("Open"), choices=LeadStatus.choices)
    outcome = ChoiceFilter(label=_("What the check found"), empty_label=ANY, choices=Outcome.choices)
    mine = ChoiceFilter(label=_("Assigned to"), empty_label=_("Anybody"), choices=[("yes", _("Me"))])

    class Meta:
        model = Lead
        fields = ("text", "status", "outcome", "mine", "division")

    def filter_queryset(self, _rows: QuerySet[Lead]) -> QuerySet[Lead]:
        """Ask the leads themselves, who know how to find one."""
        asked: dict[str, Any] = self.form.cleaned_data
        wanted = LeadFilter(
            statuses=[asked["status"]] if asked.get("status") else sorted(OPEN_LEADS),
            division=asked.get("division"),
            assigned_to=self.request.user if asked.get("mine") else None,
            outcome=asked.get("outcome") or "",
            text=asked.get("text") or "",
        )
        return leads_matching(self.request.user, wanted)


def _teams(request: UserRequest) -> QuerySet[Team]:
    return Team.objects.filter(division__in=divisions_within_sight(request.user, Permission.SEE_TICKETS))


class TicketFilters(WithDivision):
    """Tickets by state, type, priority, team and owner, and by whatever somebody says of them."""

    text = CharFilter(label=_("Number, words, name, phone or e-mail"))
    status = ChoiceFilter(
        label=_("State"),
        empty_label=_("Open"),
        choices=[*TicketStatus.choices, (ANY_STATUS, _("All"))],
    )
    type = ChoiceFilter(label=_("Type"), empty_label=ANY, choices=TicketType.choices)
    priority = ChoiceFilter(
        label=_("Priority"), empty_label=ANY, choices=[(one.value, one.value.upper()) for one in Priority]
    )
    team = ModelChoiceFilter(label=_("Team"), empty_label=ANY, queryset=_teams)
    owner = ChoiceFilter(
        label=_("Owner"), empty_label=_("Anybody"), choices=[("mine", _("Me")), ("nobody", _("Nobody"))]
    )
    overdue = ChoiceFilter(label=_("Due"), empty_label=ANY, choices=[("yes", _("Overdue"))])
    visit = ChoiceFilter(label=_("Visit"), empty_label=ANY, choices=[("missed", _("Missed"))])

    class Meta:
        model = Ticket
        fields = ("text", "status", "type", "priority", "team", "owner", "overdue", "visit", "division")

    def filter_queryset(self, _rows: QuerySet[Ticket]) -> QuerySet[Ticket]:
        """Ask the tickets themselves, who know how to find one."""
        asked: dict[str, Any] = self.form.cleaned_data
        status, owner = asked.get("status"), asked.get("owner")
        wanted = TicketFilter(
            statuses=TicketStatus.values if status == ANY_STATUS else [status] if status else (),
            type=asked.get("type") or "",
            priority=asked.get("priority") or "",
            team=asked.get("team"),
            division=asked.get("division"),
            owner=self.request.user if owner == "mine" else None,
            is_unowned=owner == "nobody",
            is_overdue=bool(asked.get("overdue")),
            was_visit_missed=bool(asked.get("visit")),
            text=asked.get("text") or "",
        )
        return tickets_matching(self.request.user, wanted)


FIGURES_DAYS = 30
"""Of figures, where nobody says from when to when: to today."""
MOST_FIGURES_DAYS = 366


class FiguresForm(Form):
    """From when to when figures are counted."""

    def clean(self) -> dict[str, Any]:
        """Refuse days that end before they begin, and more of them than a year."""
        said: dict[str, Any] = super().clean() or {}
        since, until = said.get("since"), said.get("until")
        if since and until and until < since:
            self.add_error("until", _("Choose a day on or after the first one."))
        elif since and until and (until - since).days >= MOST_FIGURES_DAYS:
            self.add_error("until", _("Choose a year at most."))
        return said


class FigureFilters(WithDivision):
    """Tickets that were put right from one day to another, and which figure they are behind."""

    since = DateFilter(label=_("Put right from"), widget=_as_date())
    until = DateFilter(label=_("to"), widget=_as_date())
    type = ChoiceFilter(label=_("Type"), empty_label=ANY, choices=TicketType.choices)
    priority = ChoiceFilter(
        label=_("Priority"), empty_label=ANY, choices=[(one.value, one.value.upper()) for one in Priority]
    )
    of = ModelChoiceFilter(label=_("Division itself"), empty_label=ANY, queryset=_divisions)
    figure = ChoiceFilter(label=_("Figure"), empty_label=None, choices=Figure.choices)

    class Meta:
        model = Ticket
        form = FiguresForm
        fields = ("since", "until", "type", "priority", "division", "of", "figure")

    def filter_queryset(self, _rows: QuerySet[Ticket]) -> QuerySet[Ticket]:
        """Ask for the tickets behind one figure."""
        figure = Figure(self.form.cleaned_data.get("figure") or Figure.PUT_RIGHT)
        rows = tickets_put_right(self.request.user, self.wanted).filter(OF_FIGURE[figure])
        return rows.select_related("division", "customer", "owner").defer("search")

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last day that are counted, where the division asked for is, else where we are."""
        asked = self.form.cleaned_data if self.form.is_valid() else {}
        until = asked.get("until") or max(today(self._zone), asked.get("since") or date.min)
        return asked.get("since") or until - timedelta(days=FIGURES_DAYS - 1), until

    @property
    def wanted(self) -> FiguresWanted:
        """What is asked; fields with a mistake are left out of it."""
        since, until = self.days
        asked = self.form.cleaned_data
        return FiguresWanted(
            since=datetime.combine(since, time.min, self._zone),
            until=datetime.combine(until + timedelta(days=1), time.min, self._zone),
            type=asked.get("type") or "",
            priority=asked.get("priority") or "",
            division=asked.get("division"),
            of=asked.get("of"),
        )

    @cached_property
    def _zone(self) -> ZoneInfo:
        """That of the division that is asked for, else of the first one that whoever asks leads."""
        asked = self.form.cleaned_data if self.form.is_valid() else {}
        division = asked.get("of") or asked.get("division")
        division = division or divisions_where(self.request.user, Permission.ASSIGN_WORK).order_by("pk").first()
        return division.zone if division else get_default_timezone()


# Referrals and money.


def _programmes(request: UserRequest) -> QuerySet[Programme]:
    return programmes_visible_to(request.user)


class ProgrammeFilters(WithDivision):
    """Programmes by whether they run."""

    status = ChoiceFilter(label=_("Status"), empty_label=ANY, choices=ProgrammeStatus.choices)

    class Meta:
        model = Programme
        fields = ("status", "division")


class ReferralFilters(WithDivision):
    """Referrals by programme, stage, age and what is stuck."""

    text = CharFilter(label=_("Code, order, or name"), method="filter_text")
    programme = ModelChoiceFilter(label=_("Program"), empty_label=ANY, queryset=_programmes)
    stage = ChoiceFilter(
        label=_("Stage"),
        empty_label=ANY,
        choices=[(code, label) for code, label, _condition in following.STAGES],
        method="filter_stage",
    )
    stuck = ChoiceFilter(
        label=_("Stuck"),
        empty_label=ANY,
        choices=[(trouble.code, trouble.label) for trouble in following.TROUBLES],
        method="filter_stuck",
    )
    age = ChoiceFilter(label=_("Age"), empty_label=ANY, choices=AGES, method="filter_age")

    class Meta:
        model = Referral
        fields = ("text", "programme", "stage", "stuck", "age", "division")

    def filter_text(self, rows: QuerySet[Referral], _name: str, text: str) -> QuerySet[Referral]:
        """Keep the referrals of a code, of an order, or whose referrer or friend is called so."""
        text = text.strip()
        called_so = called(text, Customer.objects.all()).values("pk")
        named = Q(referrer__customer__in=called_so) | Q(friend__in=called_so)
        return rows.filter(named | Q(referrer__code=normalised_code(text)) | Q(order__number__iexact=text))

    def filter_stage(self, rows: QuerySet[Referral], _name: str, stage: str) -> QuerySet[Referral]:
        """Keep the referrals at one stage."""
        return following.at_stage(rows, stage)

    def filter_stuck(self, rows: QuerySet[Referral], _name: str, code: str) -> QuerySet[Referral]:
        """Keep the referrals that are stuck in one way."""
        return following.stuck(rows, code)

    def filter_age(self, rows: QuerySet[Referral], _name: str, days: str) -> QuerySet[Referral]:
        """Keep the referrals whose friend ordered so long ago."""
        return rows.filter(ordered_at__lt=now() - timedelta(days=int(days)))


def _of_payee(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    text = text.strip()
    named = Q(payee__account__customer__in=called(text, Customer.objects.all()).values("pk"))
    return rows.filter(named | Q(payee__account__number__iexact=text))


class RewardFilters(WithDivision):
    """Rewards by payee, state and what holds them."""

    text = CharFilter(label=_("Payee’s account or name"), method="filter_text")
    status = ChoiceFilter(label=_("State"), empty_label=ANY, choices=RewardStatus.choices, method="filter_status")
    hold = ChoiceFilter(label=_("Held because"), empty_label=ANY, choices=HoldReason.choices, method="filter_hold")
    side = ChoiceFilter(label=_("For the"), empty_label=ANY, choices=Side.choices)
    bank = ChoiceFilter(
        label=_("Bank account"),
        empty_label=ANY,
        choices=[("missing", _("Waits for bank details"))],
        method="filter_bank",
    )

    class Meta:
        model = Reward
        fields = ("text", "status", "hold", "side", "bank", "division")

    def filter_text(self, rows: QuerySet[Reward], _name: str, text: str) -> QuerySet[Reward]:
        """Keep the rewards of an account, or of somebody called so."""
        return _of_payee(rows, text)

    def filter_status(self, rows: QuerySet[Reward], _name: str, status: str) -> QuerySet[Reward]:
        """Keep what stands there; what was taken back is found also where it was only a part."""
        stands = Q(status=status)
        return rows.filter(stands | Q(clawed_back__gt=0) if status == RewardStatus.REVERSED else stands)

    def filter_hold(self, rows: QuerySet[Reward], _name: str, reason: str) -> QuerySet[Reward]:
        """Keep what is held for a reason."""
        return rows.filter(holds__contains=[reason])

    def filter_bank(self, rows: QuerySet[Reward], _name: str, _value: str) -> QuerySet[Reward]:
        """Keep cash that is earned, and of whose payee no bank account can be paid to today."""
        return waiting_for_bank_details(rows)


class BatchFilters(WithDivision):
    """Payout batches by state."""

    status = ChoiceFilter(label=_("State"), empty_label=ANY, choices=BatchStatus.choices)
    waits = ChoiceFilter(
        label=_("Waits for"), empty_label=ANY, choices=[("person", _("A person"))], method="filter_waits"
    )

    class Meta:
        model = Batch
        fields = ("status", "waits", "division")

    def filter_waits(self, rows: QuerySet[Batch], _name: str, _value: str) -> QuerySet[Batch]:
        """Keep the batches in which something differs, is missing or in doubt."""
        return rows.filter(pk__in=needing_a_person(BatchLine.objects.all()).values("batch"))


AUDITS = (
    ("unread", _("To be read")),
    ("sampled", _("In the sample")),
    ("flagged", _("Flagged")),
    (Verdict.CORRECT, _("Found correct")),
    (Verdict.WRONG, _("Found wrong")),
)


TO_ANSWER = "to_answer"
"""Of the choices of a state: those in which we owe an answer."""


class DisputeFilters(WithDivision):
    """Disputes by payee, state, owner, clock and what they are about."""

    text = CharFilter(label=_("Payee’s account or name"), method="filter_text")
    status = ChoiceFilter(
        label=_("State"),
        empty_label=ANY,
        choices=[(OPEN_CHOICE, _("Open")), (TO_ANSWER, _("To be answered")), *DisputeStatus.choices],
        method="filter_status",
    )
    owner = ChoiceFilter(
        label=_("Owner"),
        empty_label=_("Anybody"),
        choices=[("mine", _("Me")), ("nobody", _("Nobody"))],
        method="filter_owner",
    )
    clock = ChoiceFilter(label=_("Clock"), empty_label=ANY, choices=[("overdue", _("Overdue"))], method="filter_clock")
    about = ChoiceFilter(
        label=_("About"),
        empty_label=ANY,
        choices=[("line", _("A line")), ("reward", _("A missing reward")), ("friend", _("A missing friend"))],
        method="filter_about",
    )

    class Meta:
        model = Dispute
        fields = ("text", "status", "owner", "clock", "about", "division")

    def filter_status(self, rows: QuerySet[Dispute], _name: str, status: str) -> QuerySet[Dispute]:
        """Keep what stands there."""
        several = {OPEN_CHOICE: OPEN_DISPUTES, TO_ANSWER: TO_BE_ANSWERED}
        return rows.filter(status__in=sorted(several.get(status, {status})))

    def filter_owner(self, rows: QuerySet[Dispute], _name: str, owner: str) -> QuerySet[Dispute]:
        """Keep what the person has, or what nobody has and somebody should."""
        return rows.filter(owner=self.request.user) if owner == "mine" else rows.filter(status=DisputeStatus.RAISED)

    def filter_about(self, rows: QuerySet[Dispute], _name: str, about: str) -> QuerySet[Dispute]:
        """Keep those about a line, about a friend without one, or about somebody who is not there at all."""
        if about == "line":
            return rows.exclude(entry=None)
        return rows.filter(entry=None, referral__isnull=about == "friend")

    def filter_text(self, rows: QuerySet[Dispute], _name: str, text: str) -> QuerySet[Dispute]:
        """Keep the disputes of an account, or of somebody called so."""
        return _of_payee(rows, text)

    def filter_clock(self, rows: QuerySet[Dispute], _name: str, _value: str) -> QuerySet[Dispute]:
        """Keep what should have been answered by now."""
        return overdue(rows)


YES = (("yes", _("Yes")),)


class ClaimFilters(WithDivision):
    """Payees of whom something is claimed."""

    text = CharFilter(label=_("Payee’s account or name"), method="filter_text")
    asked = ChoiceFilter(label=_("Waits for another person"), empty_label=ANY, choices=YES, method="filter_asked")
    closed = ChoiceFilter(label=_("Account closed"), empty_label=ANY, choices=YES, method="filter_closed")

    class Meta:
        model = Payee
        fields = ("text", "asked", "closed", "division")

    def filter_text(self, rows: QuerySet[Payee], _name: str, text: str) -> QuerySet[Payee]:
        """Keep an account, or those of somebody called so."""
        named = Q(account__customer__in=called(text.strip(), Customer.objects.all()).values("pk"))
        return rows.filter(named | Q(account__number__iexact=text.strip()))

    def filter_asked(self, rows: QuerySet[Payee], _name: str, _value: str) -> QuerySet[Payee]:
        """Keep those about whom something is asked."""
        return rows.filter(claim_ends__status=ClaimStatus.ASKED)

    def filter_closed(self, rows: QuerySet[Payee], _name: str, _value: str) -> QuerySet[Payee]:
        """Keep those who will earn nothing any more."""
        return rows.exclude(account__closed_at=None)


class OutageFilters(WithDivision):
    """Outages by words, kind and state."""

    text = CharFilter(label=_("What and where"), field_name="title", lookup_expr="icontains")
    state = ChoiceFilter(
        label=_("State"), empty_label=ANY, method="filter_state",
        choices=[("under_way", _("Under way")), *OutageStatus.choices],
    )  # fmt: skip
    kind = ChoiceFilter(label=_("Kind"), empty_label=ANY, choices=OutageKind.choices)

    class Meta:
        model = Outage
        fields = ("text", "state", "kind", "division")

    def filter_state(self, rows: QuerySet[Outage], _name: str, value: str) -> QuerySet[Outage]:
        """Keep the outages in a state, or all that are under way."""
        return rows.filter(status__in=sorted(UNDER_WAY) if value == "under_way" else [value])


class OutageTicketFilters(FilterSet):
    """The tickets of an outage by state."""

    status = ChoiceFilter(label=_("State"), empty_label=ANY, choices=TicketStatus.choices)

    class Meta:
        model = Ticket
        fields = ("status",)


class LineFilters(FilterSet):
    """The payments of a batch by payee, state, audit and reconciliation."""

    text = CharFilter(label=_("Payee’s account or name"), method="filter_text")
    status = ChoiceFilter(label=_("State"), empty_label=ANY, choices=LineStatus.choices)
    audit = ChoiceFilter(label=_("Audit"), empty_label=ANY, choices=AUDITS, method="filter_audit")
    flag = ChoiceFilter(label=_("Flagged because"), empty_label=ANY, choices=LineFlag.choices, method="filter_flag")
    waits = ChoiceFilter(
        label=_("Waits for"), empty_label=ANY, choices=[("person", _("A person"))], method="filter_waits"
    )

    class Meta:
        model = BatchLine
        fields = ("text", "status", "audit", "flag", "waits")

    def filter_text(self, rows: QuerySet[BatchLine], _name: str, text: str) -> QuerySet[BatchLine]:
        """Keep the payments to an account, or to somebody called so."""
        return _of_payee(rows, text)

    def filter_audit(self, rows: QuerySet[BatchLine], _name: str, kind: str) -> QuerySet[BatchLine]:
        """Keep what an auditor has to read, or found so."""
        conditions = {"unread": UNREAD, "sampled": Q(is_sampled=True), "flagged": ~Q(flags=[])}
        return rows.filter(conditions.get(kind, Q(verdict=kind)))

    def filter_flag(self, rows: QuerySet[BatchLine], _name: str, flag: str) -> QuerySet[BatchLine]:
        """Keep what is flagged for a reason."""
        return rows.filter(flags__contains=[flag])

    def filter_waits(self, rows: QuerySet[BatchLine], _name: str, _value: str) -> QuerySet[BatchLine]:
        """Keep what differs, is missing or in doubt."""
        return needing_a_person(rows)


class EntryFilters(WithDivision):
    """Entries of the ledger by payee, kind, account and month, as of a day."""

    text = CharFilter(label=_("Payee’s account or name"), method="filter_text")
    kind = ChoiceFilter(label=_("Kind"), empty_label=ANY, choices=EntryKind.choices)
    account = ChoiceFilter(label=_("Account"), empty_label=ANY, choices=LedgerAccount.choices, method="filter_account")
    month = CharFilter(
        label=_("Booked in"), method="filter_month", widget=TextInput(attrs={"type": "month", "placeholder": "2026-12"})
    )
    on = DateFilter(label=_("True by the end of"), field_name="effective_on", lookup_expr="lte", widget=_as_date())

    class Meta:
        model = LedgerEntry
        fields = ("text", "kind", "account", "month", "on", "division")

    def filter_text(self, rows: QuerySet[LedgerEntry], _name: str, text: str) -> QuerySet[LedgerEntry]:
        """Keep the entries of an account, or of somebody called so."""
        return _of_payee(rows, text)

    def filter_account(self, rows: QuerySet[LedgerEntry], _name: str, account: str) -> QuerySet[LedgerEntry]:
        """Keep the entries that move an account of the ledger."""
        return rows.filter(Q(debit=account) | Q(credit=account))

    def filter_month(self, rows: QuerySet[LedgerEntry], _name: str, text: str) -> QuerySet[LedgerEntry]:
        """Keep the entries of a month, written as 2026-12; what cannot be read finds nothing."""
        try:
            return rows.filter(period=date.fromisoformat(f"{text.strip()}-01"))
        except ValueError:
            return rows.none()

    def in_view(self, rows: QuerySet[LedgerEntry]) -> QuerySet[LedgerEntry]:
        """Keep whose balances are asked for: of a division, of a payee."""
        asked: dict[str, Any] = self.form.cleaned_data if self.form.is_valid() else {}
        if asked.get("division"):
            rows = self.filter_division(rows, "division", asked["division"])
        return _of_payee(rows, asked["text"]) if asked.get("text") else rows

    @property
    def as_of(self) -> date | None:
        """The day at whose end the balances are asked for; None: with everything."""
        return self.form.cleaned_data.get("on") if self.form.is_valid() else None

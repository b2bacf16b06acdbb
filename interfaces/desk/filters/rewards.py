"""Filters of rewards, how they are paid, and what is said about them."""

from datetime import date
from typing import Any

from django.db.models import Q, QuerySet
from django.forms import TextInput
from django.utils.translation import gettext_lazy as _
from django_filters import CharFilter, ChoiceFilter, DateFilter, FilterSet

from accounts.models import Customer
from accounts.queries import called
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
from interfaces.desk.filters.divisions import ANY, WithDivision, as_date
from interfaces.desk.filters.orders import OPEN_CHOICE


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
    on = DateFilter(label=_("True by the end of"), field_name="effective_on", lookup_expr="lte", widget=as_date())

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

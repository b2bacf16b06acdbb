"""What may be read of disputes: which lines can be disputed, whose disputes are whose, and how far a correction is."""

from datetime import date

from django.db.models import Q, QuerySet

from commissions.models import BatchLine, Dispute, LedgerEntry
from commissions.queries.statements import TOUCHES_EARNED, payees_of
from commissions.states import DisputeStatus, EntryKind, LedgerAccount, LineStatus, Verdict
from foundation.now import now
from foundation.people.models import User
from foundation.people.queries import Person, divisions_where
from foundation.people.states import Permission

ON_THEIR_WAY = Q(kind=EntryKind.SEND) | Q(kind=EntryKind.RETURN, debit=LedgerAccount.IN_TRANSIT)
"""What is posted and is no line of a statement."""


def disputes_visible_to(user: Person) -> QuerySet[Dispute]:
    """Return the disputes of the divisions where a member of staff may see the ledger."""
    return Dispute.objects.filter(division__in=divisions_where(user, Permission.SEE_LEDGER))


def own_lines(user_id: int) -> QuerySet[LedgerEntry]:
    """Return the entries that a customer reads as lines of their statements."""
    told = LedgerEntry.objects.filter(TOUCHES_EARNED, payee__in=payees_of(user_id).order_by())
    return told.exclude(ON_THEIR_WAY)


def own_disputes(user_id: int) -> QuerySet[Dispute]:
    """Return what a customer has disputed, the latest first."""
    return Dispute.objects.filter(payee__in=payees_of(user_id).order_by()).order_by("-pk")


def overdue(disputes: QuerySet[Dispute]) -> QuerySet[Dispute]:
    """Keep those that wait longer than their payees were told; a market's midnight may be some hours off."""
    return disputes.filter(status=DisputeStatus.RAISED, due_on__lt=now().date())


def had_a_hand_in(person: User, entry: LedgerEntry) -> bool:
    """Tell whether a person approved, or found correct, a payment of an entry's reward, or took back what corrected it."""
    of_reward = BatchLine.objects.filter(reward=entry.reward_id)
    paid = ~Q(status=LineStatus.REMOVED) & (Q(batch__approved_by=person) | Q(read_by=person))
    has_taken_back = Q(dispute__isnull=False, verdict=Verdict.WRONG, read_by=person)
    return of_reward.filter(paid | has_taken_back).exists()


def correction_paid_on(dispute: Dispute) -> date | None:
    """Return the division's day on which a correction was credited or set off; None: it was not yet."""
    line = dispute.lines.filter(status=LineStatus.CONFIRMED).first()
    return line.confirmed_at.astimezone(dispute.division.zone).date() if line and line.confirmed_at else None


def correction_taken_back(dispute: Dispute) -> BatchLine | None:
    """Return the payment of a correction that an auditor has found wrong, and taken back thereby; None: it stands."""
    return dispute.lines.filter(verdict=Verdict.WRONG).select_related("read_by").first()

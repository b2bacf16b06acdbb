"""What may be read of payouts: who sees which, how far one is, what still has to be read or waits for a person."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from billing.models import PostedCredit
from billing.states import SubmissionStatus
from commissions.models import Batch, BatchLine, Dispute, Reward, RewardQuerySet
from commissions.queries.bank import usable_bank_accounts
from commissions.states import DisputeStatus, LineStatus, Reconciliation, RewardForm, RewardStatus, Verdict
from foundation.divisions.models import Division
from foundation.divisions.queries import dates_in
from foundation.money import ZERO
from foundation.now import now
from foundation.people.queries import Person, divisions_where
from foundation.people.states import Permission
from referrals.models import Signal
from referrals.states import ReferralStatus, SignalStatus

MISSING_AFTER = timedelta(days=1)
"""How long the billing system may take to show a credit that it has confirmed."""

IS_CASH = Q(term__form=RewardForm.CASH)
EARNED = Q(status__in=[RewardStatus.HELD, RewardStatus.PAYABLE])
TO_BE_READ = Q(is_sampled=True) | ~Q(flags=[])
UNREAD = TO_BE_READ & Q(status=LineStatus.PENDING, verdict=Verdict.UNREAD)
NOT_SEEN = Q(status=LineStatus.CONFIRMED, reconciliation=Reconciliation.OPEN)
IN_DOUBT = Q(status=LineStatus.SENT) & (
    Q(submission__status=SubmissionStatus.UNKNOWN) | Q(submission__set_aside_at__isnull=False)
)


def batches_visible_to(user: Person) -> QuerySet[Batch]:
    """Return the batches of the divisions where a member of staff may see payouts."""
    return Batch.objects.filter(division__in=divisions_where(user, Permission.SEE_LEDGER))


def lines_visible_to(user: Person) -> QuerySet[BatchLine]:
    """Return the payments of the batches that a member of staff may see."""
    return BatchLine.objects.filter(batch__in=batches_visible_to(user))


def due_within(divisions: QuerySet[Division]) -> RewardQuerySet:
    """
    Return what may be paid by a batch of some divisions: what is earned there, by payees who are paid there.

    A reward whose payee is a customer of another division waits for a batch of one above both, so that nobody pays out
    of the house of another. What the billing system shows as credited before is not paid again. Cash waits until its
    payee has told a bank account.
    """
    earned = Reward.objects.payable().filter(division__in=divisions, payee__division__in=divisions)
    ways = earned.exclude(IS_CASH & ~_has_bank_details("payee"))
    return ways.exclude(Exists(credited_after_all(BatchLine.objects.filter(reward=OuterRef("pk"), dispute=None))))


def waiting_for_bank_details(rewards: QuerySet[Reward]) -> QuerySet[Reward]:
    """
    Keep the rewards of which something is to be paid in cash to payees of whom no bank account can be paid to today.

    That is what is earned, and what was added after a dispute, in place of a reward that was not earned too.
    """
    is_corrected = Exists(_unpaid_corrections().filter(correction__reward=OuterRef("pk")).order_by())
    return rewards.filter(IS_CASH, EARNED | Q(is_corrected)).exclude(_has_bank_details("payee"))


def _has_bank_details(payee: str) -> Q:
    """
    Return the condition that a payee has told a bank account, and that it may be paid to by now.

    :param payee: how the rows name their payee
    """
    return Q(**{f"{payee}__in": usable_bank_accounts(_first_today()).order_by().values("payee")})


def _first_today() -> date:
    """Return the day that it is where it is earliest: nothing is sent to a bank account before its own day has begun."""
    days = dates_in(Division.objects.all()).values()
    return min(days, default=now().date())


def corrections_due_within(divisions: QuerySet[Division]) -> QuerySet[Dispute]:
    """
    Return the disputes whose correction may be paid by a batch of some divisions, to accounts that are open or to banks.

    What is in a batch, was paid or found wrong is left out, and what the billing system shows as credited though it was
    returned.
    """
    unpaid = _unpaid_corrections().filter(division__in=divisions, payee__division__in=divisions)
    is_cash = Q(correction__reward__term__form=RewardForm.CASH)
    return unpaid.filter(is_cash & _has_bank_details("payee") | ~is_cash & Q(payee__account__closed_at=None))


def _unpaid_corrections() -> QuerySet[Dispute]:
    """Return the disputes whose correction is owed, and is in no batch."""
    lines = BatchLine.objects.filter(dispute=OuterRef("pk"))
    in_hand = lines.filter(
        Q(status__in=[LineStatus.PENDING, LineStatus.SENT, LineStatus.CONFIRMED]) | Q(verdict=Verdict.WRONG)
    )
    upheld = Dispute.objects.filter(status=DisputeStatus.UPHELD)
    return upheld.exclude(Exists(in_hand)).exclude(Exists(credited_after_all(lines)))


def credited_after_all(lines: QuerySet[BatchLine]) -> QuerySet[BatchLine]:
    """Keep the payments that were returned to us, and that the billing system shows as credited all the same."""
    shown = PostedCredit.objects.filter(
        request_id=OuterRef("request_id"), billing_system=OuterRef("submission__billing_system")
    )
    return lines.filter(Exists(shown), status=LineStatus.RETURNED)


def lines_in_question(lines: QuerySet[BatchLine]) -> QuerySet[BatchLine]:
    """Keep the payments of referrals that were disqualified, or about which something odd is being looked at."""
    is_open = Exists(Signal.objects.filter(referral=OuterRef("reward__referral"), status=SignalStatus.OPEN))
    return lines.filter(Q(reward__referral__status=ReferralStatus.DISQUALIFIED) | is_open, status=LineStatus.PENDING)


def unread_lines(batch: Batch) -> QuerySet[BatchLine]:
    """Return what still has to be read of a batch before it can be approved."""
    return batch.lines.filter(UNREAD)


def missing(lines: QuerySet[BatchLine]) -> QuerySet[BatchLine]:
    """Keep the payments that were confirmed a day ago, and that the billing system does not show."""
    return lines.filter(NOT_SEEN, confirmed_at__lt=now() - MISSING_AFTER)


def needing_a_person(lines: QuerySet[BatchLine]) -> QuerySet[BatchLine]:
    """Keep the payments that are shown otherwise than we sent them, or are not shown, or of which nobody can tell."""
    is_missing = NOT_SEEN & Q(confirmed_at__lt=now() - MISSING_AFTER)
    return lines.filter(Q(reconciliation=Reconciliation.DIFFERS) | is_missing | IN_DOUBT)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How far a batch is, counted and added up over its payments."""

    payments: int
    """Without what was taken out."""
    total: Decimal
    set_off: Decimal
    removed: int
    wrong: int
    """Of those taken out: by an auditor."""
    sampled: int
    flagged: int
    to_read: int
    unread: int
    pending: int
    sent: int
    in_doubt: int
    confirmed: int
    confirmed_total: Decimal
    returned: int
    returned_total: Decimal
    matched: int
    differing: int
    missing: int

    @property
    def read(self) -> int:
        """How many of those that have to be read have been."""
        return self.to_read - self.unread

    @property
    def answered(self) -> int:
        """Of how many payments the outcome is known."""
        return self.confirmed + self.returned


def standing_of(batch: Batch) -> Standing:
    """Count a batch, in one query."""
    kept = ~Q(status=LineStatus.REMOVED)
    is_confirmed, is_returned = Q(status=LineStatus.CONFIRMED), Q(status=LineStatus.RETURNED)
    is_missing = NOT_SEEN & Q(confirmed_at__lt=now() - MISSING_AFTER)
    is_wrong = Q(verdict=Verdict.WRONG)
    counted = batch.lines.aggregate(
        payments=Count("pk", filter=kept),
        total=_sum("amount", kept),
        set_off=_sum("set_off", kept),
        removed=Count("pk", filter=~kept),
        wrong=Count("pk", filter=is_wrong),
        sampled=Count("pk", filter=Q(is_sampled=True)),
        flagged=Count("pk", filter=~Q(flags=[])),
        to_read=Count("pk", filter=TO_BE_READ & (kept | is_wrong)),
        unread=Count("pk", filter=UNREAD),
        pending=Count("pk", filter=Q(status=LineStatus.PENDING)),
        sent=Count("pk", filter=Q(status=LineStatus.SENT)),
        in_doubt=Count("pk", filter=IN_DOUBT),
        confirmed=Count("pk", filter=is_confirmed),
        confirmed_total=_sum("amount", is_confirmed),
        returned=Count("pk", filter=is_returned),
        returned_total=_sum("amount", is_returned),
        matched=Count("pk", filter=Q(reconciliation=Reconciliation.MATCHED)),
        differing=Count("pk", filter=Q(reconciliation=Reconciliation.DIFFERS)),
        missing=Count("pk", filter=is_missing),
    )
    return Standing(**counted)


def _sum(field: str, condition: Q) -> Coalesce:
    return Coalesce(Sum(field, filter=condition), ZERO)

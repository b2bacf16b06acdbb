"""What commissions does about facts, its own and those from below: one service call each."""

from billing.events import CreditConfirmed, CreditRefused
from commissions.events import BatchMoved
from commissions.services import accrual, batches
from commissions.states import BatchStatus
from foundation.events.facts import subscribe
from foundation.events.models import Event
from referrals.events import ReferralInstalled

# Rewards.


@subscribe(ReferralInstalled)
def accrue_rewards(fact: ReferralInstalled, _event: Event) -> None:
    """Let begin to qualify what the rule promises."""
    accrual.accrue_rewards(fact.referral_id)


# Payouts.


@subscribe(BatchMoved)
def post_approved_batch(fact: BatchMoved, _event: Event) -> None:
    """Send what was approved."""
    if fact.status == BatchStatus.APPROVED:
        batches.post_batch(fact.batch_id)


@subscribe(CreditConfirmed)
def record_credit_confirmed(fact: CreditConfirmed, _event: Event) -> None:
    """A payment was credited."""
    batches.record_credit_confirmed(fact.request_id, fact.credit_id)


@subscribe(CreditRefused)
def record_credit_refused(fact: CreditRefused, _event: Event) -> None:
    """A payment was refused."""
    batches.record_credit_refused(fact.request_id, fact.reason)

"""How a reward ends: sent, credited or returned; forfeited, or taken back."""

from datetime import date
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from commissions.events import (
    CorrectionPaid,
    CorrectionTakenBack,
    RewardClawedBack,
    RewardForfeited,
    RewardHeld,
    RewardReleased,
    RewardSettled,
)
from commissions.models import LedgerEntry, Reward
from commissions.services.ledger import post
from commissions.states import (
    MAY_BE_TAKEN_BACK,
    QUALIFYING,
    EntryKind,
    HoldReason,
    LedgerAccount,
    ReasonCode,
    RewardStatus,
)
from foundation.events.facts import Fact
from foundation.events.services import publish
from foundation.lifecycle import NotAllowed
from foundation.money import ZERO
from foundation.now import today
from foundation.people.models import User
from referrals.models import Referral
from referrals.states import DisqualifyReason, ReferralStatus

FINAL_REASONS = frozenset({ReasonCode.DISQUALIFIED, ReasonCode.FRAUD})
"""Why a reward is forfeited for good, whatever bills say."""
STANDS_IN = {
    RewardStatus.HELD: LedgerAccount.HELD,
    RewardStatus.PAYABLE: LedgerAccount.PAYABLE,
    RewardStatus.SETTLED: LedgerAccount.RECEIVABLE,
}
"""The account from which a reward is taken back: where it stands, or what is claimed for it."""


def locked_reward(reward_id: int) -> Reward:
    """Hold one reward for a move, with what its facts are about."""
    related = ("division", "term", "referral__order", "payee__account__customer")
    return Reward.objects.locked().select_related(*related).get(pk=reward_id)


def tell(reward: Reward, fact: Fact, *, by: User | None) -> None:
    """Publish a fact about a reward, on the timelines of the referral, its order and the payee's account."""
    about = [reward.referral, reward.referral.order, reward.payee.account]
    publish(fact, subject=reward, about=about, division=reward.division, by=by)


# Being paid. ------------------------------------------------------------------------------------------------------


@transaction.atomic
def send_reward(reward_id: int, amount: Decimal, *, on: date) -> Reward:
    """
    Note that the credit for a reward in a batch goes out.

    :param amount: the credit, without what is set off; nothing is posted where all of it is set off
    :raises NotAllowed: if it is in no batch, or is more than is owed
    """
    reward = locked_reward(reward_id)
    _refuse_unless_batched(reward)
    if amount > reward.owed:
        raise NotAllowed(_("More would be paid than is owed."), code="too_much")
    if amount:
        post(reward, EntryKind.SEND, amount, effective_on=on)
    return reward


@transaction.atomic
def settle_reward(  # noqa: PLR0913  # how it was paid
    reward_id: int, amount: Decimal, *, set_off: Decimal = ZERO, on: date, credit_id: str = "", by: User | None = None
) -> Reward:
    """
    Note that a reward was credited, and what of it was set off against what the payee owes.

    :param amount: the credit that was sent
    :raises NotAllowed: if it is in no batch, or the two do not add up to what is owed
    """
    reward = locked_reward(reward_id)
    if amount + set_off != reward.owed:
        raise NotAllowed(_("What was paid is not what is owed."), code="other_amount")
    reward.settle(on)
    reward.save(update_fields=["status", "settled_on"])
    if amount:
        post(reward, EntryKind.SETTLE, amount, effective_on=on)
    if set_off:
        post(reward, EntryKind.RECOVER, set_off, effective_on=on)
    tell(reward, RewardSettled(reward_id=reward.pk, credit_id=credit_id), by=by)
    return reward


@transaction.atomic
def return_reward(
    reward_id: int, amount: Decimal = ZERO, *, hold: HoldReason | None = None, on: date, by: User | None = None
) -> Reward:
    """
    Note that a reward is not paid in this batch: it is owed again, and waits for another or is held.

    :param amount: what had been sent of it
    :raises NotAllowed: if it is in no batch
    """
    reward = locked_reward(reward_id)
    reward.take_out_of_batch(hold)
    reward.save(update_fields=["status", "holds"])
    if amount:
        post(reward, EntryKind.RETURN, amount, effective_on=on, debit=LedgerAccount.IN_TRANSIT)
    if hold:
        post(reward, EntryKind.HOLD, reward.owed, effective_on=on, inputs={"hold": hold.value})
        tell(reward, RewardHeld(reward_id=reward.pk, reasons=reward.holds), by=by)
    else:
        tell(reward, RewardReleased(reward_id=reward.pk), by=by)
    return reward


def send_correction(reward_id: int, amount: Decimal, *, on: date) -> None:
    """Note that the credit that corrects a reward goes out; nothing is posted where all of it is set off."""
    if amount:
        post(locked_reward(reward_id), EntryKind.SEND, amount, effective_on=on)


def settle_correction(dispute_id: int, amount: Decimal, *, set_off: Decimal, on: date, credit_id: str) -> None:
    """
    Note that what corrects a reward was credited, and what of it was set off against what the payee owes.

    :param amount: the credit that was sent
    """
    correction = _correction_of(dispute_id)
    reward = locked_reward(correction.reward_id)
    if amount:
        post(reward, EntryKind.SETTLE, amount, effective_on=on)
    if set_off:
        post(reward, EntryKind.RECOVER, set_off, effective_on=on)
    tell(reward, CorrectionPaid(dispute_id=dispute_id, reward_id=reward.pk, credit_id=credit_id), by=None)


def return_correction(reward_id: int, amount: Decimal, *, on: date) -> None:
    """Note that what corrects a reward came back: it goes into the next batch, where an auditor reads it again."""
    if amount:
        post(locked_reward(reward_id), EntryKind.RETURN, amount, effective_on=on, debit=LedgerAccount.IN_TRANSIT)


@transaction.atomic
def bring_back(  # noqa: PLR0913  # what was paid, and of what
    reward_id: int, amount: Decimal, *, set_off: Decimal, is_correction: bool, on: date, by: User | None = None
) -> Reward:
    """
    Undo what a transfer has settled that a bank sent back late: it is owed again, and a reward is held.

    What was set off is claimed again. What was taken back of the reward since is claimed no longer: the payee has not got
    it; whoever asks has seen to it that so much is claimed.

    :param amount: the transfer
    :raises NotAllowed: if the reward was not paid
    """
    reward = locked_reward(reward_id)
    post(reward, EntryKind.RETURN, amount, effective_on=on, debit=LedgerAccount.PAID)
    if set_off:
        post(reward, EntryKind.RETURN, set_off, effective_on=on, debit=LedgerAccount.RECEIVABLE)
    if is_correction:
        return reward
    if taken_back := amount + set_off - reward.owed:
        post(reward, EntryKind.RECOVER, taken_back, effective_on=on)
    if reward.status != RewardStatus.REVERSED:
        reward.come_back()
        reward.save(update_fields=["status", "holds", "settled_on"])
        post(reward, EntryKind.HOLD, reward.owed, effective_on=on, inputs={"hold": HoldReason.BANK_RETURNED.value})
        tell(reward, RewardHeld(reward_id=reward.pk, reasons=reward.holds), by=by)
    return reward


def take_back_correction(dispute_id: int, *, by: User) -> None:
    """Post what undoes a correction that an auditor has found wrong before it was paid, and tell it."""
    correction = _correction_of(dispute_id)
    reward, amount = locked_reward(correction.reward_id), correction.amount
    undone = {"undoes": correction.key}
    on = today(reward.division)
    post(reward, EntryKind.CLAWBACK, amount, effective_on=on, debit=LedgerAccount.PAYABLE, inputs=undone)
    fact = CorrectionTakenBack(
        dispute_id=dispute_id, reward_id=reward.pk, amount=str(amount), currency=correction.currency
    )
    tell(reward, fact, by=by)


def _correction_of(dispute_id: int) -> LedgerEntry:
    return LedgerEntry.objects.get(corrects=dispute_id)


def _refuse_unless_batched(reward: Reward) -> None:
    if reward.status != RewardStatus.BATCHED:
        raise NotAllowed(_("This reward is in no batch."), code="wrong_status")


# Not being owed. --------------------------------------------------------------------------------------------------


@transaction.atomic
def end_rewards_of(referral_id: int, *, by: User | None) -> list[Reward]:
    """
    Forfeit or take back what a disqualified referral has earned or might earn.

    What is being paid waits for its outcome; once it is known, `commissions.handlers` asks again. Done again, it
    changes nothing, and so for a referral that is not disqualified, or no longer.
    """
    referral = Referral.objects.locked().get(pk=referral_id)
    if referral.status != ReferralStatus.DISQUALIFIED:
        return []
    reason = ReasonCode.FRAUD if referral.reason == DisqualifyReason.FRAUD else ReasonCode.DISQUALIFIED
    ids = referral.rewards.order_by("pk").values_list("pk", flat=True)
    return [_end(locked_reward(pk), reason, by=by) for pk in ids]


def _end(reward: Reward, reason: ReasonCode, *, by: User | None) -> Reward:
    on = today(reward.division)
    if reward.status in MAY_BE_TAKEN_BACK:
        take_back(reward, reward.owed, reason, on, by=by)
    elif reward.status in QUALIFYING and reward.reason not in FINAL_REASONS:
        forfeit(reward, reason, on, by=by)
    return reward


def forfeit(reward: Reward, reason: ReasonCode, on: date, *, by: User | None) -> None:
    """
    Forfeit a reward that is locked, with its entry and its fact.

    :raises NotAllowed: if it can be paid, is being paid or was paid
    """
    was_open = reward.status != RewardStatus.FORFEITED  # else the money has gone back already
    reward.forfeit(reason, on)
    reward.save(update_fields=["status", "reason", "reason_on", "holds"])
    if was_open and reward.owed:
        post(reward, EntryKind.FORFEIT, reward.owed, effective_on=on)
    tell(reward, RewardForfeited(reward_id=reward.pk, reason=reason.value, since=on.isoformat()), by=by)


def take_back(reward: Reward, amount: Decimal, reason: ReasonCode, on: date, *, by: User | None) -> None:
    """
    Take back a reward that is locked, or a part of it, with its entry and its fact.

    :raises NotAllowed: see `Reward.take_back`
    """
    debit = STANDS_IN.get(RewardStatus(reward.status))
    reward.take_back(amount, reason, on)
    reward.save(update_fields=["status", "clawed_back", "reason", "reason_on", "holds"])
    post(reward, EntryKind.CLAWBACK, amount, effective_on=on, debit=debit)
    fact = RewardClawedBack(
        reward_id=reward.pk,
        amount=str(amount),
        currency=reward.currency,
        reason=reason.value,
        is_receivable=debit == LedgerAccount.RECEIVABLE,
    )
    tell(reward, fact, by=by)

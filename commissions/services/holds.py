"""Holds: an earned reward waits for as long as there is a reason, and is released when none is left."""

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.queries import is_own
from commissions.events import RewardHeld, RewardReleased
from commissions.models import BatchLine, Payee, Reward
from commissions.queries.bank import is_paid_elsewhere_now
from commissions.queries.batches import credited_after_all
from commissions.queries.transfers import has_taken_back
from commissions.services.endings import locked_reward, tell
from commissions.services.ledger import post
from commissions.states import Channel, EntryKind, HoldReason, LineStatus, RewardStatus
from foundation.lifecycle import NotAllowed
from foundation.now import today
from foundation.people.models import User
from foundation.people.services import require
from foundation.people.states import Permission
from referrals.models import Signal
from referrals.states import SignalStatus


def released_with(reason: HoldReason) -> Permission:
    """Return what it takes to release what is held for a reason: who builds does not overrule who audits."""
    return Permission.APPROVE_BATCHES if reason == HoldReason.AUDIT else Permission.BUILD_BATCHES


@transaction.atomic
def hold_reward(reward_id: int, reason: HoldReason, *, by: User | None) -> Reward:
    """
    Let an earned reward wait; held for this reason already, it stays as it is.

    :raises NotAllowed: if it is not earned, is being paid or was paid
    """
    reward = locked_reward(reward_id)
    if reason in reward.holds:
        return reward
    was_free = reward.status == RewardStatus.PAYABLE
    reward.hold(reason)
    reward.save(update_fields=["status", "holds"])
    if was_free:
        post(reward, EntryKind.HOLD, reward.owed, effective_on=today(reward.division))
    tell(reward, RewardHeld(reward_id=reward.pk, reasons=reward.holds), by=by)
    return reward


@transaction.atomic
def release_reward(reward_id: int, reason: HoldReason, *, by: User | None) -> Reward:
    """
    Take one reason to wait from a reward; with the last one it can be paid.

    :param by: None for the machinery
    :raises NotAllowed: if it is not held for this reason, the person may not release it, is its payee or has taken what
        came back of its bank file, or the billing system shows that it was credited before
    """
    reward = locked_reward(reward_id)
    if by:
        require(by, released_with(reason), reward.division)
        if is_own(by, reward.payee.account.customer):
            raise NotAllowed(_("This is your own reward: somebody else has to release it."), code="own_reward")
        if reason == HoldReason.BANK_RETURNED and has_taken_back(by, _last_batch_of(reward)):
            message = _("You have taken what came back of its bank file: somebody else has to release it.")
            raise NotAllowed(message, code="own_word")
    if shown := credited_after_all(reward.lines.all()).first():
        message = _("The billing system shows a credit under %(request_id)s: this reward was paid.")
        raise NotAllowed(message % {"request_id": shown.request_id}, code="credited")
    return _release(reward, reason, by=by)


def _release(reward: Reward, reason: HoldReason, *, by: User | None) -> Reward:
    reward.release(reason)
    reward.save(update_fields=["status", "holds"])
    if reward.status == RewardStatus.PAYABLE:
        post(reward, EntryKind.RELEASE, reward.owed, effective_on=today(reward.division))
        tell(reward, RewardReleased(reward_id=reward.pk), by=by)
    return reward


@transaction.atomic
def hold_for_signal(referral_id: int) -> list[Reward]:
    """Let what a referral has earned wait while a signal about it is open; what is not earned yet waits anyway."""
    if not _open_signals(referral_id):
        return []
    earned = Reward.objects.filter(referral_id=referral_id, status__in=[RewardStatus.PAYABLE, RewardStatus.HELD])
    ids = earned.order_by("pk").values_list("pk", flat=True)
    return [hold_reward(pk, HoldReason.SIGNAL, by=None) for pk in ids]


@transaction.atomic
def follow_signals(referral_id: int, *, by: User | None) -> list[Reward]:
    """Release what was held for a referral's signals, once none of them is open and none was confirmed."""
    if _open_signals(referral_id):
        return []
    if Signal.objects.filter(referral_id=referral_id, status=SignalStatus.CONFIRMED).exists():
        return []  # the referral is disqualified, which ends its rewards
    held = Reward.objects.filter(referral_id=referral_id, status=RewardStatus.HELD, holds__contains=[HoldReason.SIGNAL])
    ids = held.order_by("pk").values_list("pk", flat=True)
    return [_release(locked_reward(pk), HoldReason.SIGNAL, by=by) for pk in ids]


@transaction.atomic
def release_for_bank_details(payee_id: int, *, reward_id: int | None = None) -> list[Reward]:
    """
    Release what came back from another bank account than the payee's present one; the next batch pays it there.

    What came back from the one that they have now, or have named again, waits for a person.

    :param reward_id: this reward alone
    """
    Payee.objects.locked().get(pk=payee_id)
    held = Reward.objects.filter(payee=payee_id, status=RewardStatus.HELD, holds__contains=[HoldReason.BANK_RETURNED])
    ids = (held if reward_id is None else held.filter(pk=reward_id)).order_by("pk").values_list("pk", flat=True)
    rewards = [locked_reward(pk) for pk in ids]
    return [_release(reward, HoldReason.BANK_RETURNED, by=None) for reward in rewards if _may_go_elsewhere(reward)]


def release_returned(line_id: int) -> list[Reward]:
    """Release what a transfer has come back of, if the payee has named another bank account meanwhile."""
    line = BatchLine.objects.get(pk=line_id)
    return release_for_bank_details(line.payee_id, reward_id=line.reward_id)


def _may_go_elsewhere(reward: Reward) -> bool:
    line = _came_back_of(reward).select_related("payee", "bank_account").order_by("-pk").first()
    return HoldReason.BANK_RETURNED in reward.holds and line is not None and is_paid_elsewhere_now(line)


def _came_back_of(reward: Reward) -> QuerySet[BatchLine]:
    return reward.lines.filter(status=LineStatus.RETURNED, dispute=None, channel=Channel.TRANSFER)


def _last_batch_of(reward: Reward) -> list[int]:
    """Return the batch by which it was sent before it came back; none where it never did."""
    return list(_came_back_of(reward).order_by("-pk").values_list("batch", flat=True)[:1])


def _open_signals(referral_id: int) -> bool:
    return Signal.objects.filter(referral_id=referral_id, status=SignalStatus.OPEN).exists()

"""
Freeze a batch, read what has to be read of it, approve it.

Nobody chooses what an auditor sees: the sample is the payments whose request ids have the smallest HMAC under the
house's secret key. Who builds a batch cannot reckon it beforehand, and a payment's lot is the same in whatever company
it comes, so that neither discarding a batch nor taking others out of it draws better lots.
"""

import hashlib
import heapq
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from decimal import Decimal
from functools import reduce
from operator import or_

from django.db import models, transaction
from django.db.models import Exists, F, Func, OuterRef, Q, QuerySet, Sum, Value
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _, ngettext

from accounts.queries import is_own, of_own
from commissions.models import Batch, BatchLine
from commissions.queries.bank import sharing_bank_account
from commissions.queries.batches import lines_in_question, unread_lines
from commissions.queries.owing import rewards_no_longer_owed
from commissions.queries.transfers import obstacle_to_transfers, originator_of
from commissions.services.batches.building import (
    announce,
    locked_batch,
    locked_batch_of,
    set_off_elsewhere,
)
from commissions.services.endings import return_reward, take_back_correction
from commissions.settings import FLAG_ABOVE, FLAGS_FIRST_REWARDS
from commissions.states import BatchStatus, Channel, HoldReason, LineFlag, LineStatus, Verdict
from foundation.divisions.models import Division
from foundation.divisions.queries import effective
from foundation.lifecycle import NotAllowed
from foundation.money import ZERO
from foundation.now import now, today
from foundation.people.models import User
from foundation.people.services import require, require_second_person
from foundation.people.states import Permission
from referrals.models import Signal

LEAST_SAMPLE = 30
SAMPLE_SHARE = Decimal("0.05")
"""The sample is the larger of the two, and no larger than the batch."""
NAMED = 20
"""Rewards in a message: nobody reads more at once."""
SAMPLE_SALT = "commissions.sample"
FROZEN_LINES = ~Q(status=LineStatus.REMOVED) | Q(verdict=Verdict.WRONG)
"""What a batch was frozen with: also what an auditor took out of it since."""


@transaction.atomic
def freeze_batch(batch_id: int, *, by: User) -> Batch:
    """
    Let a batch take no more changes: count it, add it up, seal it, and draw what an auditor has to read.

    :raises NotAllowed: if it is not being built, is empty, or the person may not build batches there
    """
    batch = locked_batch(batch_id)
    require(by, Permission.BUILD_BATCHES, batch.division)
    frozen = list(_frozen_lines(batch))
    total = sum((line.amount for line in frozen), ZERO)
    batch.freeze(count=len(frozen), total=total, checksum=checksum_of(frozen), by=by, at=now())
    if not frozen:
        raise NotAllowed(_("There is no payment in it: discard it."), code="empty")
    batch.save(update_fields=["status", "count", "total", "checksum", "frozen_by", "frozen_at"])
    drawn = sample_of(frozen)
    batch.lines.filter(pk__in=[line.pk for line in drawn]).update(is_sampled=True)
    _flag(batch)
    return announce(batch, by=by)


def _frozen_lines(batch: Batch) -> Iterator[BatchLine]:
    return batch.lines.filter(FROZEN_LINES).order_by("pk").iterator()


def checksum_of(lines: Iterable[BatchLine]) -> str:
    """Return the SHA-256 over payments in the order of their keys: whom, for which reward, how much, where to, under which id."""
    seal = hashlib.sha256()
    for line in lines:
        parts = [line.payee_id, line.reward_id, f"{line.amount:.2f}", f"{line.set_off:.2f}", line.currency]
        if line.channel == Channel.TRANSFER:
            parts.append(f"to {line.bank_account_id}")
        seal.update(f"{':'.join(map(str, parts))}:{line.request_id}\n".encode())
    return seal.hexdigest()


def sample_of(lines: list[BatchLine]) -> list[BatchLine]:
    """Draw the payments that an auditor has to read, the same ones whenever it is drawn again."""
    size = max(LEAST_SAMPLE, math.ceil(len(lines) * SAMPLE_SHARE))

    def lot(line: BatchLine) -> str:
        return salted_hmac(SAMPLE_SALT, line.request_id, algorithm="sha256").hexdigest()

    return heapq.nsmallest(size, lines, key=lot)


def _flag(batch: Batch) -> None:
    """Mark the payments that are read whether they were drawn or not, with every reason."""
    lines = batch.lines.filter(status=LineStatus.PENDING)
    for flag, condition in _reasons(batch):
        appended = Func(F("flags"), Value(flag.value), function="array_append", output_field=models.JSONField())
        lines.filter(condition).update(flags=appended)


def _reasons(batch: Batch) -> Iterator[tuple[LineFlag, Q | Exists]]:
    of_payee = BatchLine.objects.filter(payee=OuterRef("payee"))
    is_earlier = Q(status=LineStatus.CONFIRMED) | Q(
        batch=batch, status=LineStatus.PENDING, reward__lt=OuterRef("reward")
    )
    of_reward = BatchLine.objects.filter(reward=OuterRef("reward"))
    markets = list(Division.objects.filter(pk__in=batch.lines.order_by().values("division")))
    yield LineFlag.SIGNAL, Exists(Signal.objects.filter(referral=OuterRef("reward__referral")))
    yield LineFlag.OTHER_CURRENCY, Q(division__in=[one for one in markets if one.currency != batch.currency])
    yield LineFlag.LARGE, _is_large(batch, markets)
    first_read = [market for market in markets if effective(market, FLAGS_FIRST_REWARDS)]
    yield LineFlag.FIRST, Q(division__in=first_read) & ~Q(Exists(of_payee.filter(is_earlier)))
    yield LineFlag.SAME_ADDRESS, Q(reward__friend_account__premises=F("reward__referral__referrer__account__premises"))
    yield LineFlag.SAME_BANK, Q(payee__in=sharing_bank_account(batch.lines.values_list("payee", flat=True)))
    yield LineFlag.CORRECTION, Q(dispute__isnull=False)
    paid_there = BatchLine.objects.filter(bank_account=OuterRef("bank_account"), status=LineStatus.CONFIRMED)
    yield LineFlag.NEW_BANK_DETAILS, Q(channel=Channel.TRANSFER) & ~Q(Exists(paid_there))
    yield LineFlag.RETURNED, Exists(of_reward.filter(status=LineStatus.RETURNED))
    yield LineFlag.FOUND_WRONG, Exists(of_reward.filter(verdict=Verdict.WRONG))


def _is_large(batch: Batch, markets: Iterable[Division]) -> Q:
    """Return what is above its market's limit, which is in the market's currency and says nothing about another."""
    limits: dict[Decimal, list[Division]] = defaultdict(list)
    for market in markets:
        if market.currency == batch.currency:
            limits[effective(market, FLAG_ABOVE)].append(market)
    above = (Q(division__in=those, amount__gt=limit - F("set_off")) for limit, those in limits.items())
    return reduce(or_, above, Q(pk__in=[]))


@transaction.atomic
def read_line(line_id: int, verdict: Verdict, note: str, *, by: User) -> BatchLine:
    """
    Note what an auditor found of a payment. What is wrong is taken out, and its reward is held.

    What a wrong payment would have set off is set off against the payee's other ones of the batch, which is sealed anew.
    What corrects a reward, and is found wrong, is taken back by a further entry, and its payee is told. What was found
    correct can be found wrong once its referral is in question, or it is no longer owed.

    :raises NotAllowed: if the batch is not frozen, the payment was read before, is the person's own or is called correct
        though its referral is in question or it is no longer owed, or the person had a hand in the batch, has granted
        the correction that it pays, may not audit there, or says nothing about what is wrong
    """
    batch = locked_batch_of(line_id)
    _require_auditor(by, batch)
    related = ("reward__division", "payee__account__customer")
    line = BatchLine.objects.locked().select_related(*related).get(pk=line_id)
    if is_own(by, line.payee.account.customer):
        raise NotAllowed(_("This is paid to you: somebody else has to read it."), code="own_payment")
    this = BatchLine.objects.filter(pk=line_id)
    _refuse_own_corrections(this, by)
    is_in_question = lines_in_question(this).exists()
    if is_in_question and verdict == Verdict.CORRECT:
        message = _(
            "Its referral is not genuine or is being looked at. Decide about it first, or take the payment out."
        )
        raise NotAllowed(message, code="in_question", field="verdict")
    is_not_owed = bool(rewards_no_longer_owed(this))
    if is_not_owed and verdict == Verdict.CORRECT:
        message = _("By what has become known since, it is no longer owed, or not all of it. Take the payment out.")
        raise NotAllowed(message, code="not_owed", field="verdict")
    line.read(verdict, note.strip(), by=by, at=now(), may_read_again=is_in_question or is_not_owed)
    line.save(update_fields=["status", "verdict", "note", "read_by", "read_at"])
    if verdict == Verdict.WRONG and line.set_off:
        _set_off_elsewhere(batch, line)
    if verdict == Verdict.WRONG and line.dispute_id:
        take_back_correction(line.dispute_id, by=by)
    elif verdict == Verdict.WRONG:
        return_reward(line.reward_id, hold=HoldReason.AUDIT, on=today(line.reward.division), by=by)
    return line


def _set_off_elsewhere(batch: Batch, removed: BatchLine) -> None:
    """Move what a payment would have set off to the payee's others, and seal anew what was sealed until now."""
    _require_sealed(batch)
    set_off_elsewhere(removed)
    _count, batch.total, batch.checksum = _seal_of(batch)
    batch.save(update_fields=["total", "checksum"])


def _require_auditor(by: User, batch: Batch) -> None:
    require(by, Permission.APPROVE_BATCHES, batch.division)
    if batch.was_made_by(by):
        raise NotAllowed(
            _("You built or froze this batch: somebody else has to read and approve it."), code="own_batch"
        )
    require_second_person(by, batch.makers)
    if batch.status != BatchStatus.FROZEN:
        raise NotAllowed(_("Only a frozen batch is read and approved."), code="not_frozen")


@transaction.atomic
def approve_batch(batch_id: int, *, shown: Decimal | None = None, by: User) -> Batch:
    """
    Answer for a batch that others built and froze: what is in it will be paid.

    :param shown: the sum that the approving person saw, where they saw one
    :raises NotAllowed: if the person had a hand in it, is paid in it, has granted a correction that it pays or may not
        approve there, if it is not known who sends its transfers, if something that has to be read was not, if a referral is in question or a reward no longer owed,
        if its payments are not those that were frozen, if none is left, or if its sum is not the one that was seen
    """
    batch = locked_batch(batch_id)
    _require_approvable(batch, by)
    _verify(batch, shown)
    batch.approve(by=by, at=now())
    if batch.lines.filter(status=LineStatus.PENDING, channel=Channel.TRANSFER).exists():
        batch.originator = asdict(originator_of(batch.division))
    batch.save(update_fields=["status", "approved_by", "approved_at", "originator"])
    return announce(batch, by=by)


def obstacle_to_approval(batch: Batch, *, by: User) -> str:
    """Say what keeps a person from approving a batch as it stands; empty: nothing that can be seen without a count."""
    try:
        _require_approvable(batch, by)
    except NotAllowed as refusal:
        return refusal.message
    return ""


def _require_approvable(batch: Batch, by: User) -> None:
    _require_auditor(by, batch)
    if unread := unread_lines(batch).count():
        raise NotAllowed(
            ngettext(
                "%(count)d payment that is in the sample or flagged has not been read.",
                "%(count)d payments that are in the sample or flagged have not been read.",
                unread,
            )
            % {"count": unread},
            code="unread",
        )
    if obstacle := obstacle_to_transfers(batch):
        raise NotAllowed(obstacle, code="no_transfers")
    _refuse_what_may_not_be_paid(batch, by)


def _refuse_what_may_not_be_paid(batch: Batch, by: User) -> None:
    if batch.lines.filter(of_own(by, "payee__account__customer"), status=LineStatus.PENDING).exists():
        raise NotAllowed(_("You are paid in this batch: somebody else has to approve it."), code="own_payment")
    _refuse_own_corrections(batch.lines.all(), by)
    if questioned := list(
        lines_in_question(batch.lines.all()).order_by("reward_id").values_list("reward_id", flat=True)
    ):
        message = _(
            "Referrals are not genuine or are being looked at, of rewards: %(rewards)s. Decide about them, or take their "
            "payments out."
        )
        raise NotAllowed(message % {"rewards": ", ".join(map(str, questioned[:NAMED]))}, code="in_question")
    if not_owed := rewards_no_longer_owed(batch.lines.all()):
        message = _(
            "By what has become known since, these rewards are no longer owed, or not all of them: %(rewards)s. Take their "
            "payments out."
        )
        raise NotAllowed(message % {"rewards": ", ".join(map(str, not_owed[:NAMED]))}, code="not_owed")


def _refuse_own_corrections(lines: QuerySet[BatchLine], by: User) -> None:
    """
    Let nobody read or approve a correction that they have granted themselves; both are confirmed.

    :raises NotAllowed: if one of the payments pays such a correction
    """
    pending = lines.filter(status=LineStatus.PENDING, dispute__isnull=False).order_by()
    granters = set(pending.values_list("dispute__answered_by", flat=True).distinct())
    if by.pk in granters:
        message = _("You have granted a correction that is paid here: somebody else has to.")
        raise NotAllowed(message, code="own_correction")
    require_second_person(by, granters)


def is_sealed(batch: Batch) -> bool:
    """Tell whether the payments of a batch are those that it was frozen with: their count, total and checksum."""
    return _seal_of(batch) == (batch.count, batch.total, batch.checksum)


def _require_sealed(batch: Batch) -> None:
    if not is_sealed(batch):
        raise NotAllowed(
            _("The payments are not those that were frozen: count, total or checksum differ. Discard the batch."),
            code="tampered",
        )


def _seal_of(batch: Batch) -> tuple[int, Decimal, str]:
    frozen = list(_frozen_lines(batch))
    return len(frozen), sum((line.amount for line in frozen), ZERO), checksum_of(frozen)


def _verify(batch: Batch, shown: Decimal | None) -> None:
    """
    Count a frozen batch once more.

    :raises NotAllowed: if its payments are not those that were frozen, none is left, or another sum was seen
    """
    _require_sealed(batch)
    left = batch.lines.filter(status=LineStatus.PENDING).aggregate(count=models.Count("pk"), total=Sum("amount"))
    if not left["count"]:
        raise NotAllowed(_("There is no payment left in it: discard it."), code="empty")
    if shown is not None and shown != left["total"]:
        raise NotAllowed(_("The sum has changed since you saw it. Look at it again."), code="other_sum")

"""
How far a referral is, as the referrer reads it; how far a reward is, as its payee does.

A referrer learns that a friend has ordered and is installed, and how the own reward stands; never the friend's
address, products, bills or arrears. What the friend does or fails to do while a reward qualifies shows nowhere: a
reward that is forfeited for it goes on as "not yet qualified" until the last day is over, just like one that waits.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import QuerySet
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext as _, gettext_lazy, ngettext

from commissions.models import BankAccount, Reward
from commissions.queries.bank import named_bank_accounts
from commissions.queries.batches import waiting_for_bank_details
from commissions.queries.ledger import next_month
from commissions.queries.transfers import files_of_rewards, takes_effect_on
from commissions.settings import PAYOUT_DAY, paying_division
from commissions.states import HoldReason, ProgressStage, ReasonCode, RewardStatus, Side
from foundation.divisions.models import Division
from foundation.divisions.queries import effective
from foundation.money import format_money
from foundation.now import today
from foundation.people.models import User
from orders.models import Appointment
from orders.states import AppointmentStatus
from referrals.models import Invitation, Referral
from referrals.states import InvitationStatus, ReferralStatus

UNSPOKEN = frozenset({ReasonCode.PAID_LATE, ReasonCode.LEFT_EARLY, ReasonCode.TOO_FEW_BILLS, ReasonCode.NO_CASH})
"""Reasons that would tell of the friend's bills or service."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a referral or an invitation is."""

    stage: ProgressStage
    sentence: str
    """Where it stands."""
    detail: str = ""
    """What comes next, or why nothing does."""
    since: date | None = None
    expected_on: date | None = None
    """When the payment is expected at the earliest; None where nobody can say, or nothing more comes."""
    amount: Decimal | None = None
    """In `currency`; None where it is not known yet."""
    currency: str = ""
    is_cash: bool = False
    """Whether the payment goes to the payee's bank."""
    is_over: bool = False
    """Whether nothing more will happen."""


def own_rewards(user: User) -> QuerySet[Reward]:
    """Return the rewards that are owed to a signed-in customer, on either side of a referral."""
    return Reward.objects.filter(payee__account__customer__user=user)


def progress_of(subject: Referral | Invitation) -> Progress:
    """Tell how far a referral is, or an invitation; one that has led to an order is told by its referral."""
    if isinstance(subject, Invitation):
        referral = subject.referrals.select_related("division").order_by("pk").last()
        return progress_of(referral) if referral else invitation_progress(subject)
    return progress_for([subject])[subject.pk]


def progress_for(referrals: Iterable[Referral]) -> dict[int, Progress]:
    """
    Tell how far referrals are, by their ids, in the same number of queries for one and for many.

    :param referrals: with their divisions
    """
    rows = {referral.pk: referral for referral in referrals}
    referrers = Reward.objects.filter(referral__in=rows, side=Side.REFERRER).select_related("division", "term")
    rewards = {reward.referral_id: reward for reward in referrers}
    booked = Appointment.objects.filter(
        order__in=[referral.order_id for referral in rows.values()], status=AppointmentStatus.BOOKED
    )
    with_visit = set(booked.values_list("order_id", flat=True))
    calendars = _Calendars(rewards.values())
    return {
        pk: _reward(rewards[pk], calendars)
        if pk in rewards
        else _referral(referral, is_booked=referral.order_id in with_visit)
        for pk, referral in rows.items()
    }


def own_progress(rewards: Iterable[Reward]) -> dict[int, Progress]:
    """
    Tell payees how far rewards are, by the rewards' ids; a friend reads of the own one what a referrer would.

    :param rewards: with their divisions and terms
    """
    rewards = list(rewards)
    calendars = _Calendars(rewards)
    return {reward.pk: _reward(reward, calendars) for reward in rewards}


def invitation_progress(invitation: Invitation) -> Progress:
    """Tell how far an invitation is that nobody has ordered by."""
    day = _day(invitation.created_at, invitation.division)
    match InvitationStatus(invitation.status):
        case InvitationStatus.CLICKED:
            return Progress(stage=ProgressStage.OPENED, sentence=_("Your friend has opened the link."), since=day)
        case InvitationStatus.ORDERED:
            return Progress(stage=ProgressStage.ORDERED, sentence=_("Your friend has ordered."), since=day)
        case InvitationStatus.QUEUED | InvitationStatus.SENT:
            return Progress(stage=ProgressStage.INVITED, sentence=_("Invited."), since=day)
        case InvitationStatus.BOUNCED:
            sentence = _("The e-mail did not reach your friend.")
        case InvitationStatus.WITHDRAWN:
            sentence = _("You have withdrawn this invitation.")
        case _:
            sentence = _("This invitation has ended.")
    return Progress(stage=ProgressStage.ENDED, sentence=sentence, since=day, is_over=True)


def _day(moment: datetime, division: Division) -> date:
    return moment.astimezone(division.zone).date()


class _Calendars:
    """Today and the payout day of each division, where cash goes or what it waits for, and its file; read once."""

    def __init__(self, rewards: Iterable[Reward]) -> None:
        self._known: dict[int, tuple[date, int]] = {}
        in_cash = [one for one in rewards if one.is_cash]
        earned = [one for one in in_cash if one.status in {RewardStatus.HELD, RewardStatus.PAYABLE}]
        waiting = waiting_for_bank_details(Reward.objects.filter(pk__in=[one.pk for one in earned]))
        self.without_bank = set(waiting.values_list("pk", flat=True)) if earned else set()
        waits_for_days = [one.payee_id for one in earned if one.pk in self.without_bank]
        self.named = named_bank_accounts(waits_for_days) if waits_for_days else {}
        being_paid = [one.pk for one in in_cash if one.status == RewardStatus.BATCHED]
        self._files = files_of_rewards(being_paid) if being_paid else {}

    def of(self, division: Division) -> tuple[date, int]:
        if division.pk not in self._known:
            payer = paying_division(division) or division
            self._known[division.pk] = (today(division), effective(payer, PAYOUT_DAY))
        return self._known[division.pk]

    def arrives_on(self, reward: Reward) -> date | None:
        """Return the day on which a transfer is to be in the payee's bank; None while no file is written, or it is late."""
        file = self._files.get(reward.pk)
        return None if file is None or file.is_late else takes_effect_on(file)

    def payout_after(self, division: Division, day: date) -> date:
        """Return the first payout day on or after a day."""
        payout_day = self.of(division)[1]
        month = next_month(day) if day.day > payout_day else day
        return month.replace(day=payout_day)


def _referral(referral: Referral, *, is_booked: bool) -> Progress:
    """Tell of a referral without a reward of the referrer's."""
    ordered_on = _day(referral.ordered_at, referral.division)
    if referral.status == ReferralStatus.DISQUALIFIED:
        ended = _day(referral.ended_at or referral.ordered_at, referral.division)
        return _not_eligible(_("Nothing came of this order."), ended)
    if referral.status == ReferralStatus.INSTALLED:
        return Progress(
            stage=ProgressStage.INSTALLED, sentence=_("Your friend is installed."), since=referral.installed_on
        )
    if is_booked:
        return Progress(
            stage=ProgressStage.BOOKED,
            sentence=_("Your friend has ordered, and the installation is booked."),
            since=ordered_on,
        )
    return Progress(stage=ProgressStage.ORDERED, sentence=_("Your friend has ordered."), since=ordered_on)


def _not_eligible(detail: str, since: date | None) -> Progress:
    return Progress(
        stage=ProgressStage.NOT_ELIGIBLE, sentence=_("Not eligible."), detail=detail, since=since, is_over=True
    )


def _reward(reward: Reward, calendars: _Calendars) -> Progress:
    """Tell of a reward, of either side."""
    match RewardStatus(reward.status):
        case RewardStatus.ACCRUED:
            return _qualifying(reward, calendars)
        case RewardStatus.FORFEITED:
            return _forfeited(reward, calendars)
        case RewardStatus.HELD | RewardStatus.PAYABLE | RewardStatus.BATCHED:
            return _earned(reward, calendars)
        case RewardStatus.SETTLED:
            return Progress(
                stage=ProgressStage.CREDITED,
                sentence=_("Paid to your bank account.") if reward.is_cash else _("Credited on your bill."),
                detail=_taken_back_of(reward),
                since=reward.settled_on,
                amount=reward.amount,
                currency=reward.currency,
                is_over=True,
            )
        case RewardStatus.CAP_LIMITED:
            return Progress(
                stage=ProgressStage.LIMITED,
                sentence=_("Nothing is earned for this friend: a limit was reached.")
                if reward.side == Side.REFERRER
                else _("Nothing is earned: a limit was reached."),
                since=reward.installed_on,
                is_over=True,
            )
        case RewardStatus.REVERSED:
            return Progress(
                stage=ProgressStage.TAKEN_BACK,
                sentence=_("Taken back."),
                detail=_("The conditions of the program no longer hold."),
                since=reward.reason_on,
                amount=reward.clawed_back,
                currency=reward.currency,
                is_over=True,
            )


def _taken_back_of(reward: Reward) -> str:
    """Say how much of an amount was taken back; nothing where all of it stands."""
    if not reward.clawed_back:
        return ""
    taken_back = format_money(reward.clawed_back, reward.currency, get_language() or "en")
    return _("Of this, %(amount)s was taken back: the conditions of the program no longer hold.") % {
        "amount": taken_back
    }


def _qualifying(reward: Reward, calendars: _Calendars) -> Progress:
    days = (reward.earliest_on - reward.installed_on).days
    number = (calendars.of(reward.division)[0] - reward.installed_on).days
    detail = (
        _("It is paid once the conditions of the program are met.")
        if reward.is_cash
        else _("It is credited once the conditions of the program are met.")
    )
    if number >= days:
        sentence, expected_on = _("Not yet qualified."), None
        open_until = _("It is open until %(date)s.") % {"date": date_format(reward.latest_on)}
        detail = f"{detail} {open_until}"
    else:
        counted = {"number": max(number, 0), "days": days}
        sentence = (
            ngettext("Qualifying: day %(number)d of %(days)d.", "Qualifying: day %(number)d of %(days)d.", days)
            % counted
        )
        expected_on = calendars.payout_after(reward.division, reward.earliest_on)
    return Progress(
        stage=ProgressStage.QUALIFYING,
        sentence=sentence,
        detail=detail,
        since=reward.installed_on,
        expected_on=expected_on,
        amount=reward.amount,
        currency=reward.currency,
        is_cash=reward.is_cash,
    )


def _forfeited(reward: Reward, calendars: _Calendars) -> Progress:
    if reward.reason not in UNSPOKEN:
        return _not_eligible(str(ReasonCode(reward.reason).label), reward.reason_on)
    if calendars.of(reward.division)[0] <= reward.latest_on:
        return _qualifying(reward, calendars)
    return _not_eligible(_("The conditions of the program were not met in time."), reward.latest_on)


DETAILS = {
    RewardStatus.HELD: gettext_lazy("We are looking at it before it is credited."),
    RewardStatus.PAYABLE: gettext_lazy("It will be credited on your bill."),
    RewardStatus.BATCHED: gettext_lazy("It is on its way to your bill."),
}
"""What comes next of what is earned and credited on a bill."""


def _details_of_cash(reward: Reward, named: BankAccount | None, *, is_without_bank: bool) -> dict[RewardStatus, str]:
    """
    Say what comes next of cash.

    :param named: the bank account that is named and not paid to yet
    """
    is_to_be_named = is_without_bank and named is None
    came_back = HoldReason.BANK_RETURNED in reward.holds
    return {
        RewardStatus.HELD: _("Your bank sent the transfer back. Tell us where to pay it.")
        if came_back and is_to_be_named
        else _("Your bank sent the transfer back. We are looking at it.")
        if came_back
        else _("We are looking at it before it is paid."),
        RewardStatus.PAYABLE: _("Tell us where to pay it: we know no bank account of yours that it can go to yet.")
        if is_to_be_named
        else _waits_in_words(named)
        if named
        else _("It will be paid to your bank account."),
        RewardStatus.BATCHED: _("It is on its way to your bank account."),
    }


def _waits_in_words(named: BankAccount) -> str:
    """Say of a bank account that nothing is sent to yet what it waits for."""
    if named.usable_from <= today(named.payee.division):
        return _("Your bank has told us other details: look at how you are paid before we send anything.")
    return _("It will be paid to your bank account ending in %(ending)s.") % {"ending": named.ending}


def _earned(reward: Reward, calendars: _Calendars) -> Progress:
    is_without_bank = reward.pk in calendars.without_bank
    named = calendars.named.get(reward.payee_id) if is_without_bank else None
    details = _details_of_cash(reward, named, is_without_bank=is_without_bank) if reward.is_cash else DETAILS
    return Progress(
        stage=ProgressStage.EARNED,
        sentence=_("Earned."),
        detail=" ".join(filter(None, (str(details[RewardStatus(reward.status)]), _taken_back_of(reward)))),
        since=reward.qualified_on,
        expected_on=_expected_on(reward, calendars, named, is_without_bank=is_without_bank),
        amount=reward.amount,
        currency=reward.currency,
        is_cash=reward.is_cash,
    )


def _expected_on(
    reward: Reward, calendars: _Calendars, named: BankAccount | None, *, is_without_bank: bool
) -> date | None:
    day = calendars.of(reward.division)[0]
    if reward.is_cash and reward.status == RewardStatus.BATCHED:
        return calendars.arrives_on(reward)
    if reward.status in {RewardStatus.HELD, RewardStatus.BATCHED} or (
        is_without_bank and (named is None or named.usable_from <= day)
    ):
        return None
    return calendars.payout_after(reward.division, max(day, named.usable_from) if named else day)

"""Turns the facts that were published since it last looked into lines of the story."""

from collections.abc import Callable, Mapping

from commissions.models import BankFile, Batch, BatchLine, Reward
from commissions.states import BatchStatus, Channel, LineStatus, Side
from config.simulation.story import in_words
from config.simulation.world import World
from foundation.ach import return_in_words
from foundation.events.models import Event
from orders.models import Order
from referrals.models import Referral


class Narrator:
    """Tells what has happened, a line for each fact that is worth one."""

    def __init__(self, world: World) -> None:
        """Begin with what happens from now on."""
        self._world = world
        self._last = Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0

    def tell(self) -> None:
        """Tell what is new."""
        for event in Event.objects.filter(pk__gt=self._last, name__in=LINES).order_by("pk"):
            self._last = event.pk
            if line := LINES[event.name](event):
                self._world.say(line)


def _ordered(event: Event) -> str:
    order = Order.objects.select_related("customer").get(pk=event.payload["order_id"])
    return f"{order.customer.name} orders ({order.number})." if order.customer else ""


def _completed(event: Event) -> str:
    order = Order.objects.select_related("customer").get(pk=event.payload["order_id"])
    if order.customer is None or Referral.objects.filter(order=order).exists():
        return ""
    return f"{order.customer.name} is installed."


def _made(event: Event) -> str:
    referral = _referral(event)
    return f"{_referrer(referral)} is credited for the order of {_friend(referral)} and told so by mail."


def _disqualified(event: Event) -> str:
    referral = _referral(event)
    return f"{_referrer(referral)}'s referral of {_friend(referral)} comes to nothing: {referral.get_reason_display()}."


def _accrued(event: Event) -> str:
    reward = _reward(event)
    if reward.side != Side.REFERRER:
        return ""
    friend = _friend(reward.referral)
    when = f"{in_words(reward.earliest_on)} at the earliest"
    return f"{_payee(reward)}'s friend {friend} is installed; the reward of {_amount(reward)} is earned on {when}."


def _limited(event: Event) -> str:
    return f"{_payee(_reward(event))} has reached a limit: this friend earns nothing more."


def _qualified(event: Event) -> str:
    reward = _reward(event)
    return f"{_payee(reward)} has earned {_amount(reward)}{_what_for(reward)}."


def _forfeited(event: Event) -> str:
    reward = _reward(event)
    return f"{_payee(reward)}'s reward{_what_for(reward)} is forfeited: {reward.get_reason_display()}."


def _reinstated(event: Event) -> str:
    reward = _reward(event)
    return f"{_payee(reward)}'s reward{_what_for(reward)} qualifies again."


def _taken_back(event: Event) -> str:
    reward, payload = _reward(event), event.payload
    how = "to be set off against the next rewards" if payload["is_receivable"] else "before it was paid"
    said = f"${payload['amount']} of {_payee(reward)}'s reward{_what_for(reward)} is taken back, {how}"
    return f"{said}: {reward.get_reason_display()}."


def _settled(event: Event) -> str:
    reward = _reward(event)
    line = BatchLine.objects.filter(reward=reward, status=LineStatus.CONFIRMED).order_by("-pk").first()
    if line is None:
        return ""
    set_off = f"; ${line.set_off} is set off against what was taken back" if line.set_off else ""
    how = "paid by bank transfer" if line.channel == Channel.TRANSFER else "credited"
    return f"{_payee(reward)} is {how} ${line.amount}{_what_for(reward)}{set_off}."


def _returned(event: Event) -> str:
    line = BatchLine.objects.select_related("payee__account__customer").get(pk=event.payload["line_id"])
    return f"The billing system refuses a credit of {_first(line.payee.account.customer.name)}: it is owed again, and held."


def _transfer_returned(event: Event) -> str:
    reward, payload = _reward(event), event.payload
    why = f"{payload['code']}, {return_in_words(payload['code'])}" if payload["code"] else "the bank account had ended"
    return f"The bank returns ${payload['amount']} to {_payee(reward)}: {why}. It is owed again."


def _bank_file(event: Event) -> str:
    file = BankFile.objects.get(pk=event.payload["bank_file_id"])
    return f"{file.name} is written for the bank: {in_words(file.effective_on)} is when payees are to have their money."


def _batch(event: Event) -> str:
    batch, status = Batch.objects.get(pk=event.payload["batch_id"]), event.payload["status"]
    if status == BatchStatus.BUILDING:
        return f"The schedule builds batch {batch.pk}."
    if status in {BatchStatus.CONFIRMED, BatchStatus.PARTLY_RETURNED, BatchStatus.RETURNED}:
        return f"Batch {batch.pk} is read back from the billing system: {batch.get_status_display()}."
    return ""


def _referral(event: Event) -> Referral:
    return Referral.objects.select_related("referrer__customer", "friend").get(pk=event.payload["referral_id"])


def _reward(event: Event) -> Reward:
    related = ("referral__referrer__customer", "referral__friend", "payee__account__customer")
    return Reward.objects.select_related(*related).get(pk=event.payload["reward_id"])


def _referrer(referral: Referral) -> str:
    return _first(referral.referrer.customer.name)


def _friend(referral: Referral) -> str:
    return _first(referral.friend.name)


def _payee(reward: Reward) -> str:
    return _first(reward.payee.account.customer.name)


def _what_for(reward: Reward) -> str:
    """Say what a reward is for: the friend, or having come on somebody's word."""
    if reward.side == Side.FRIEND:
        return f" for coming on {_referrer(reward.referral)}'s word"
    return f" for {_friend(reward.referral)}"


def _first(name: str) -> str:
    return name.partition(" ")[0]


def _amount(reward: Reward) -> str:
    return f"${reward.amount}" if reward.amount is not None else f"{reward.rate or 0:.4g} % of what is paid"


LINES: Mapping[str, Callable[[Event], str]] = {
    "orders.submitted": _ordered,
    "orders.completed": _completed,
    "referrals.made": _made,
    "referrals.disqualified": _disqualified,
    "commissions.reward_accrued": _accrued,
    "commissions.reward_cap_limited": _limited,
    "commissions.reward_qualified": _qualified,
    "commissions.reward_forfeited": _forfeited,
    "commissions.reward_reinstated": _reinstated,
    "commissions.reward_clawed_back": _taken_back,
    "commissions.reward_settled": _settled,
    "commissions.credit_returned": _returned,
    "commissions.batch_moved": _batch,
    "commissions.bank_file_made": _bank_file,
    "commissions.transfer_returned": _transfer_returned,
}

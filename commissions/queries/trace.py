"""
Why a reward stands where it stands, in words, for those who answer for it.

The decision is the nightly run's own: the same statement, for one reward, as of any day. What is said here names the
friend's bills; a referrer reads `commissions.queries.progress` instead.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import prefetch_related_objects
from django.utils import formats
from django.utils.translation import get_language, gettext as _, ngettext

from commissions.models import LedgerEntry, Reward
from commissions.queries.judging import CASH_OF_BILLS, JUDGING, params_of
from commissions.states import Basis, HoldReason, ReasonCode, RewardStatus
from foundation.money import ZERO, format_money, round_money
from foundation.now import today

EACH = """
SELECT decided.id, to_jsonb(decided) - 'inputs', coalesce((
    SELECT jsonb_agg(judged ORDER BY judged.due_on, judged.issued_on, judged.invoice_id)
    FROM judged WHERE judged.reward_id = decided.id
), '[]')
FROM decided
"""

BEHIND = f"""
SELECT judged.invoice_id, judged.issued_on, sum(allocation.amount),
    sum(allocation.amount * (judged.amount - judged.tax) / judged.amount)
{CASH_OF_BILLS}
GROUP BY judged.invoice_id, judged.issued_on, judged.due_on
ORDER BY judged.due_on, judged.issued_on, judged.invoice_id
"""


@dataclass(frozen=True)
class Step:
    """One step of a decision: what was found, and whether it speaks for the reward (None: not yet known)."""

    sentence: str
    is_met: bool | None = None


@dataclass(frozen=True)
class BillStep:
    """A bill of the friend, as it counts."""

    number: int
    invoice_id: str
    issued_on: date
    due_on: date
    counted_due_on: date
    """The Monday after, where the rule moves a weekend's due date."""
    amount: Decimal
    paid: Decimal
    paid_on: date | None
    too_late_on: date | None
    """The first day on which it is too late."""
    is_late: bool
    sentence: str

    @property
    def is_met(self) -> bool | None:
        """Whether it was paid in time; None while it still may be."""
        return False if self.is_late else True if self.paid_on else None


@dataclass(frozen=True)
class PaidBill:
    """A bill of whose cash a reward is a percentage, with what was paid on it until the reward was earned."""

    invoice_id: str
    issued_on: date
    paid: Decimal
    before_taxes: Decimal
    """Of what was paid; not rounded."""


@dataclass(frozen=True)
class Trace:
    """What was decided about a reward as of a day, and every step that led there."""

    reward: Reward
    on: date
    decision: str
    """The engine's word: qualifying, earned, kept, or a `ReasonCode`."""
    since: date | None
    sentence: str
    day: int
    days: int
    """Day so many of so many, of the wait after installation."""
    bills_needed: int
    bills_paid: int
    bills: tuple[BillStep, ...]
    steps: tuple[Step, ...]
    entries: tuple[LedgerEntry, ...]

    def lines(self) -> Iterator[str]:
        """Yield the whole of it as lines of text."""
        for step in self.steps:
            mark = {True: "+", False: "-", None: "·"}[step.is_met]
            yield f"{mark} {step.sentence}"
        yield f"= {self.sentence}"
        for entry in self.entries:
            yield f"  {entry.key} {entry.kind} {entry.amount} {entry.currency} {entry.effective_on:%Y-%m-%d}"


def trace_of(reward: Reward, on: date | None = None) -> Trace:
    """
    Explain a reward as of a day: of today in its division's zone, unless told otherwise.

    A reward that was earned by then is explained as one that may be taken back; before, as one that qualifies. Of one that
    is a percentage of what was paid, the bills are named that it was paid on.
    """
    return _traces([reward], on, {reward.pk: _cash_behind(reward, on)})[reward.pk]


def traces_of(rewards: Sequence[Reward], on: date | None = None) -> dict[int, Trace]:
    """Explain rewards by their ids, as `trace_of` does, without the bills of percentages: as many queries for any number."""
    return _traces(rewards, on, {}) if rewards else {}


def _cash_behind(reward: Reward, on: date | None) -> tuple[PaidBill, ...]:
    """Return the bills that a percentage of cash was reckoned from, as they stood on the day on which it was earned."""
    earned_on = reward.qualified_on
    is_of_cash = reward.rate is not None and reward.term.basis == Basis.PERCENT_CASH
    if not is_of_cash or earned_on is None or (on and on < earned_on):
        return ()
    params = params_of([{"division_id": reward.division_id, "as_of": earned_on, "seen_until": None}])
    with connection.cursor() as cursor:
        cursor.execute(
            JUDGING.format(scope="reward.id = ANY(%(rewards)s)") + BEHIND, {**params, "rewards": [reward.pk]}
        )
        return tuple(PaidBill(*row) for row in cursor.fetchall())


def _traces(rewards: Sequence[Reward], on: date | None, cash: Mapping[int, tuple[PaidBill, ...]]) -> dict[int, Trace]:
    prefetch_related_objects(list(rewards), "entries")
    days = {reward.division_id: on or today(reward.division) for reward in rewards}
    judged = _judged(rewards, days)
    return {
        reward.pk: _trace(reward, days[reward.division_id], *judged[reward.pk], cash.get(reward.pk, ()), on=on)
        for reward in rewards
    }


def _trace(  # noqa: PLR0913  # all that is known of it
    reward: Reward, day: date, found: dict[str, Any], bills: list[dict[str, Any]], cash: tuple[PaidBill, ...],
    *, on: date | None,
) -> Trace:  # fmt: skip
    bill_steps = tuple(_bill(number, bill, found) for number, bill in enumerate(bills, 1))
    entries = [entry for entry in reward.entries.all() if on is None or entry.effective_on <= day]
    return Trace(
        reward=reward,
        on=day,
        decision=found["decision"],
        since=_date(found["since"]),
        sentence=_sentence(reward, found),
        day=max(0, min((day - reward.installed_on).days, _wait(reward))),
        days=_wait(reward),
        bills_needed=found["bills_needed"],
        bills_paid=found["bills_paid"],
        bills=bill_steps,
        steps=tuple(_steps(reward, day, found, bill_steps, cash)),
        entries=tuple(entries),
    )


def _judged(
    rewards: Sequence[Reward], days: Mapping[int, date]
) -> dict[int, tuple[dict[str, Any], list[dict[str, Any]]]]:
    params = params_of({"division_id": pk, "as_of": day, "seen_until": None} for pk, day in days.items())
    with connection.cursor() as cursor:
        cursor.execute(
            JUDGING.format(scope="reward.id = ANY(%(rewards)s)") + EACH,
            {**params, "rewards": [reward.pk for reward in rewards]},
        )
        return {
            pk: (json.loads(found, parse_float=Decimal), json.loads(bills, parse_float=Decimal))
            for pk, found, bills in cursor.fetchall()
        }


def _wait(reward: Reward) -> int:
    return (reward.earliest_on - reward.installed_on).days


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _day(day: date) -> str:
    """Write a day with its weekday, short."""
    return formats.date_format(day, "D j M Y")


def _money(amount: Decimal, currency: str) -> str:
    return format_money(amount, currency, get_language() or "en")


# Bills.


def _bill(number: int, bill: dict[str, Any], found: dict[str, Any]) -> BillStep:
    due_on, counted = date.fromisoformat(bill["due_on"]), date.fromisoformat(bill["due"])
    paid_on, too_late_on = _date(bill["paid_on"]), _date(bill["too_late_on"])
    amount, paid = Decimal(bill["amount"]), Decimal(bill["paid"])
    said_due = _day(due_on)
    if counted != due_on:
        said_due = _("%(due)s, counted as %(monday)s") % {"due": said_due, "monday": _day(counted)}
    name = _("Bill %(number)d (due %(due)s)") % {"number": number, "due": said_due}
    allowed = found["days_late_allowed"]
    if paid_on:
        sentence = f"{name} {_how_it_was_paid(paid_on, counted, allowed)}"
        if not bill["counted_on"]:
            sentence = _("%(bill)s, by credit notes alone: it does not count") % {"bill": sentence}
    else:
        state = _how_much_is_paid(paid, amount, found["currency"])
        sentence = f"{name} {_how_it_is_unpaid(state, date.fromisoformat(bill['day']), counted, allowed)}"
    return BillStep(
        number=number,
        invoice_id=bill["invoice_id"],
        issued_on=date.fromisoformat(bill["issued_on"]),
        due_on=due_on,
        counted_due_on=counted,
        amount=amount,
        paid=paid,
        paid_on=paid_on,
        too_late_on=too_late_on,
        is_late=bill["violated_on"] is not None,
        sentence=sentence,
    )


def _how_it_was_paid(paid_on: date, due: date, allowed: int | None) -> str:
    late = (paid_on - due).days
    if late <= 0:
        return _("paid on time, on %(day)s") % {"day": _day(paid_on)}
    if allowed is None:
        return ngettext(
            "paid %(late)d day late, however late is allowed", "paid %(late)d days late, however late is allowed", late
        ) % {"late": late}
    return ngettext(
        "paid %(late)d day late, %(allowed)d allowed", "paid %(late)d days late, %(allowed)d allowed", late
    ) % {"late": late, "allowed": allowed}


def _how_much_is_paid(paid: Decimal, amount: Decimal, currency: str) -> str:
    if paid <= 0:
        return _("not paid")
    part = {"paid": _money(paid, currency), "amount": _money(amount, currency)}
    return _("paid in part: %(paid)s of %(amount)s") % part


def _how_it_is_unpaid(state: str, day: date, due: date, allowed: int | None) -> str:
    if allowed is None:
        return state
    last = due + timedelta(days=allowed)
    if day > last:
        return _("%(state)s, too late since %(day)s") % {"state": state, "day": _day(last + timedelta(days=1))}
    return _("%(state)s, in time until %(day)s") % {"state": state, "day": _day(last)}


# Steps.


def _steps(
    reward: Reward, day: date, found: dict[str, Any], bills: tuple[BillStep, ...], cash: tuple[PaidBill, ...]
) -> Iterator[Step]:
    yield Step(_("%(rule)s") % {"rule": reward.version})
    yield Step(_("Installed on %(day)s") % {"day": _day(reward.installed_on)}, is_met=True)
    yield _waiting(reward, day)
    for bill in bills:
        yield Step(bill.sentence, is_met=bill.is_met)
    yield _counting(found)
    if found["must_be_active"]:
        yield _being_served(found)
    yield Step(_("To be earned by %(day)s") % {"day": _day(reward.latest_on)})
    yield from _taking_back(found)
    yield from _paid_for_it(reward, cash)
    if reward.calculation:
        yield Step(reward.calculation)
    for reason in reward.holds:
        yield Step(_("Held: %(reason)s") % {"reason": HoldReason(reason).label}, is_met=False)


def _paid_for_it(reward: Reward, cash: tuple[PaidBill, ...]) -> Iterator[Step]:
    """Name the bills that a percentage was reckoned from; what came to be known since may have changed them."""
    for bill in cash:
        said = {
            "number": bill.invoice_id,
            "day": _day(bill.issued_on),
            "paid": _money(bill.paid, reward.currency),
            "base": _money(round_money(bill.before_taxes, reward.currency), reward.currency),
        }
        yield Step(_("Bill %(number)s of %(day)s: %(paid)s paid until then, %(base)s of it before taxes") % said)
    sum_now = round_money(sum((bill.before_taxes for bill in cash), ZERO), reward.currency)
    reckoned = Decimal(reward.inputs.get("base", sum_now)) if cash else sum_now
    if sum_now != reckoned:
        amounts = {"now": _money(sum_now, reward.currency), "then": _money(reckoned, reward.currency)}
        text = _("By what is known now that is %(now)s together; it was reckoned from %(then)s")
        yield Step(text % amounts, is_met=False)


def _waiting(reward: Reward, day: date) -> Step:
    days = _wait(reward)
    number = (day - reward.installed_on).days
    if number >= days:
        over = {"days": days, "day": _day(reward.earliest_on)}
        return Step(_("The wait of %(days)d days ended on %(day)s") % over, is_met=True)
    going_on = {"number": max(number, 0), "days": days, "day": _day(reward.earliest_on)}
    return Step(_("Day %(number)d of %(days)d, earliest on %(day)s") % going_on)


def _counting(found: dict[str, Any]) -> Step:
    needed, paid = found["bills_needed"], found["bills_paid"]
    if not needed:
        return Step(_("Needs no paid bills"), is_met=True)
    needs = ngettext("Needs %(needed)d bill", "Needs %(needed)d bills", needed) % {"needed": needed}
    has = ngettext("%(paid)d is paid", "%(paid)d are paid", paid) % {"paid": paid}
    return Step(f"{needs}, {has}", is_met=True if paid >= needed else None)


def _being_served(found: dict[str, Any]) -> Step:
    if ended_on := _date(found["ended_on"]):
        return Step(_("Service ended on %(day)s") % {"day": _day(ended_on)}, is_met=False)
    return Step(_("Served"), is_met=True)


def _taking_back(found: dict[str, Any]) -> Iterator[Step]:
    if not found["is_earned"]:
        return
    if left_on := _date(found["left_on"]):
        left = {"day": _day(left_on), "number": found["days_served"]}
        yield Step(_("Service ended on %(day)s, day %(number)d") % left, is_met=False)
    full, none = found["clawback_full_days"], found["clawback_none_days"]
    if none:
        schedule = {"full": full, "none": none}
        yield Step(_("Taken back whole until day %(full)d, then less each day, nothing from day %(none)d") % schedule)


def _sentence(reward: Reward, found: dict[str, Any]) -> str:
    """Say what was decided."""
    decision, since = found["decision"], _date(found["since"])
    said = {"day": _day(since) if since else "", "earliest": _day(reward.earliest_on)}
    if reward.status == RewardStatus.CAP_LIMITED:
        return _("Nothing is earned: %(reason)s") % {"reason": reward.calculation}
    if not found["is_earned"] and decision in ReasonCode.values:
        return _("Not eligible since %(day)s: %(reason)s") % {**said, "reason": ReasonCode(decision).label}
    if decision == "qualifying":
        return _qualifying(found, said)
    if decision == "earned":
        return _("Earned on %(day)s") % said
    return _earned(reward, decision, said)


def _qualifying(found: dict[str, Any], said: dict[str, str]) -> str:
    ripe_on = _date(found["ripe_on"])
    if ripe_on:
        return _("Qualifying: earned on %(day)s if nothing changes") % {"day": _day(ripe_on)}
    return _("Qualifying: on %(earliest)s at the earliest, once enough bills are paid") % said


def _earned(reward: Reward, decision: str, said: dict[str, str]) -> str:
    earned = _("Earned on %(day)s") % {"day": _day(reward.qualified_on) if reward.qualified_on else ""}
    if decision == "kept":
        return earned
    reason = ReasonCode(decision.removesuffix("_in_part")).label
    taken = _("taken back since %(day)s: %(reason)s") % {**said, "reason": reason}
    return f"{earned}, {taken}"

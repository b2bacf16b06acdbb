"""Bills, and what becomes of them: paid in time, late, in parts, taken back, never."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from config.simulation.memory import Act, Household, Manner, What
from config.simulation.people import draw
from config.simulation.story import in_words
from config.simulation.vendor import Document, money
from config.simulation.world import World

DUE_DAYS = 20
FIRST_BILL_DAYS = 4
RETURNED_LATE_DAYS = 119
"""After the first bill was paid: by then a reward that waits three months has been paid out."""
FOUND_DAYS = 45
"""After a bill was due: by then its reward is forfeited, another month has begun, and the wait is over."""
CENT = Decimal("0.01")

MANNERS = {
    Manner.PROMPT: 46,
    Manner.ON_THE_LAST_DAY: 10,
    Manner.IN_PARTS: 9,
    Manner.WITH_A_CREDIT_NOTE: 7,
    Manner.LATE_ONCE: 8,
    Manner.FOUND_LATER: 2,
    Manner.RETURNED_AND_PAID_AGAIN: 5,
    Manner.RETURNED_AFTER_PAYOUT: 5,
    Manner.LEAVES_EARLY: 4,
    Manner.LEAVES_AFTER_PAYOUT: 3,
    Manner.STOPS_PAYING: 3,
}
"""How households pay and how long they stay, and how many of a hundred."""


def draw_manner(world: World) -> Manner:
    """Draw how somebody pays."""
    return draw(world.chance, MANNERS)


def begin_billing(world: World, household: Household) -> None:
    """Let the vendor bill somebody from their installation on, and plan how their service ends, if it does."""
    installed_on = date.fromisoformat(household.installed_on)
    world.memory.plan(installed_on + timedelta(days=FIRST_BILL_DAYS), What.BILL, household.key)
    if household.manner == Manner.LEAVES_EARLY:
        world.memory.plan(installed_on + timedelta(days=world.chance.randrange(35, 80)), What.DISCONNECT, household.key)
    elif household.manner == Manner.LEAVES_AFTER_PAYOUT:
        world.memory.plan(
            installed_on + timedelta(days=world.chance.randrange(130, 150)), What.DISCONNECT, household.key
        )


def bill(world: World, household: Household) -> None:
    """Issue a month's bill, and plan how it is paid."""
    if household.has_left:
        return
    vendor, number = world.vendor_of(household), household.account_number
    total, tax = Decimal(household.monthly), Decimal(household.tax)
    due_on = world.today + timedelta(days=DUE_DAYS)
    invoice = vendor.issue("invoice", number, amount=money(total), taxAmount=money(tax), dueDate=due_on.isoformat())
    household.bills += 1
    _plan_payment(world, household, invoice["id"], total, due_on)
    world.memory.plan(after_months(world.today, 1), What.BILL, household.key)


def month_of(work_order: Document) -> tuple[Decimal, Decimal]:
    """Return what a month costs by a work order, taxes included, and how much of it is taxes."""
    prices = [one for one in work_order["orderTotalPrice"] if one["priceType"] == "recurring"]
    tax = sum((Decimal(one["price"]["value"]) for one in prices if one.get("isTax")), Decimal(0))
    return Decimal(next(one["price"]["value"] for one in prices if one.get("name") == "monthly")), tax


def after_months(day: date, months: int) -> date:
    """Return the same day so many months later, the 28th at the latest: a day that every month has."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, 28))


def _plan_payment(world: World, household: Household, invoice: str, total: Decimal, due_on: date) -> None:
    """Plan how a bill is paid, as it is somebody's manner; whoever has none about this bill pays it soon."""
    soon = world.today + timedelta(days=world.chance.randrange(3, 15))

    def pays(day: date, amount: Decimal, what: What = What.PAY, **more: Any) -> None:
        world.memory.plan(day, what, household.key, invoice=invoice, amount=str(amount), **more)

    plan = PLANS.get((household.manner, household.bills)) or PLANS.get((household.manner, ANY))
    if plan:
        plan(_Bill(world, household, total, due_on, soon), pays)
    else:
        pays(soon, total)


Pays = Callable[..., None]


@dataclass(frozen=True)
class _Bill:
    """A bill that is to be paid somehow."""

    world: World
    household: Household
    total: Decimal
    due_on: date
    soon: date

    def share(self, percent: int) -> Decimal:
        return (self.total * percent / 100).quantize(CENT, ROUND_HALF_UP)


def _on_the_last_day(bill: _Bill, pays: Pays) -> None:
    pays(bill.due_on + timedelta(days=bill.world.chance.randrange(4)), bill.total, What.PAY_IN_THE_EVENING)


def _in_parts(bill: _Bill, pays: Pays) -> None:
    part = bill.share(bill.world.chance.randrange(20, 80))
    pays(bill.soon, part)
    pays(bill.due_on, bill.total - part)


def _with_a_credit_note(bill: _Bill, pays: Pays) -> None:
    part = bill.share(30)
    pays(bill.soon, part, What.CREDIT_NOTE)
    pays(bill.soon + timedelta(days=1), bill.total - part)


def _too_late(bill: _Bill, pays: Pays) -> None:
    pays(bill.due_on + timedelta(days=bill.world.chance.randrange(9, 16)), bill.total)


def _returned_and_paid_again(bill: _Bill, pays: Pays) -> None:
    pays(bill.soon, bill.total, What.PAY_TO_BE_RETURNED, days=4)
    pays(bill.due_on, bill.total)


def _returned_after_payout(bill: _Bill, pays: Pays) -> None:
    pays(bill.world.today + timedelta(days=3), bill.total, What.PAY_TO_BE_RETURNED, days=RETURNED_LATE_DAYS)


def _found_later(bill: _Bill, pays: Pays) -> None:
    pays(bill.due_on + timedelta(days=FOUND_DAYS), bill.total, effective=bill.soon.isoformat())


def _not_at_all(bill: _Bill, _pays: Pays) -> None:
    if bill.household.bills == 2:
        bill.world.memory.plan(bill.due_on + timedelta(days=25), What.SUSPEND, bill.household.key)
        bill.world.memory.plan(bill.due_on + timedelta(days=60), What.DISCONNECT, bill.household.key)


ANY = 0
PLANS: Mapping[tuple[Manner, int], Callable[[_Bill, Pays], None]] = {
    (Manner.ON_THE_LAST_DAY, ANY): _on_the_last_day,
    (Manner.IN_PARTS, ANY): _in_parts,
    (Manner.WITH_A_CREDIT_NOTE, 2): _with_a_credit_note,
    (Manner.LATE_ONCE, 2): _too_late,
    (Manner.FOUND_LATER, 2): _found_later,
    (Manner.RETURNED_AND_PAID_AGAIN, 1): _returned_and_paid_again,
    (Manner.RETURNED_AFTER_PAYOUT, 1): _returned_after_payout,
    (Manner.STOPS_PAYING, 1): lambda bill, pays: pays(bill.soon, bill.total),
    (Manner.STOPS_PAYING, ANY): _not_at_all,
}
"""What is special about somebody's bills, by their manner and which bill it is."""


def pay(world: World, household: Household, act: Act) -> None:
    """Take in what pays a bill, or a part of it."""
    invoice, effective = act.more["invoice"], act.more.get("effective", "")
    allocation = world.vendor_of(household).take_in(invoice, Decimal(act.more["amount"]), effective=effective)
    if effective:
        paid_on = in_words(date.fromisoformat(effective))
        world.say(f"The bank finds what {household.first_name} paid on {paid_on}: {invoice} was never late.")
    if act.what == What.PAY_TO_BE_RETURNED:
        back_on = world.today + timedelta(days=act.more["days"])
        world.memory.plan(back_on, What.RETURN, household.key, invoice=act.more["invoice"], allocation=allocation["id"])


def take_back(world: World, household: Household, act: Act) -> None:
    """Let the bank return a payment: it pays its bill no longer."""
    world.vendor_of(household).return_payment(act.more["allocation"])
    world.say(f"The bank has returned a payment of {household.first_name}: {act.more['invoice']} is open again.")


def note_credit(world: World, household: Household, act: Act) -> None:
    """Pay a part of a bill by a credit note: no cash came in."""
    world.vendor_of(household).note_credit(act.more["invoice"], Decimal(act.more["amount"]))
    world.say(f"{household.first_name} was without service for a week: a credit note pays ${act.more['amount']}.")


def suspend(world: World, household: Household) -> None:
    """Suspend somebody who does not pay."""
    world.vendor_of(household).issue("serviceStatus", household.account_number, status="suspended")
    world.say(f"{household.first_name} is suspended for bills that nobody pays.")


def disconnect(world: World, household: Household) -> None:
    """End somebody's service."""
    vendor, number = world.vendor_of(household), household.account_number
    vendor.issue("serviceStatus", number, status="disconnected")
    household.has_left = True
    days = (world.today - date.fromisoformat(household.installed_on)).days
    world.say(f"{household.first_name} has left, {days} days after the installation.")

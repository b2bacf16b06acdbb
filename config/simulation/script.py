"""Who comes when, and the scenes that every simulation has, whatever chance brings."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta

from config.demonstration.operator import FRANCHISE
from config.demonstration.orders import BUYERS
from config.simulation import cash, desk, outage, rewards
from config.simulation.memory import Fate, Household, Manner, What
from config.simulation.ordering import make_household
from config.simulation.paying import draw_manner
from config.simulation.referring import make_friend
from config.simulation.world import World
from orders.models import Order
from orders.states import OPEN, OrderStatus

DAYS_OF_FIRST_ORDERS = 24
SHARE_OF_FIRST = 0.35
"""Of all households that come by themselves; the others are their friends."""
CAST = (
    Manner.RETURNED_AFTER_PAYOUT, Manner.LATE_ONCE, Manner.LEAVES_AFTER_PAYOUT, Manner.PROMPT, Manner.FOUND_LATER, Manner.LEAVES_EARLY,
    Manner.IN_PARTS, Manner.WITH_A_CREDIT_NOTE, Manner.RETURNED_AND_PAID_AGAIN,
)  # fmt: skip
"""How the first friends pay, so that no simulation lacks one of these."""
FEWEST_FIRST = 4
BILLING_AWAY = {12: 2, 86: 5}
"""After how many days the operator's billing system is away for how many; the second time over the end of May."""
DESK_CLEARED_AFTER_DAYS = 3
SCENES_OF_RULES = {What.RULE_BY_MARGIN: 10, What.COSTS_RISE: 12, What.RULE_CHANGES: 70}
"""After how many days somebody changes what orders from then on bring."""


def write(world: World, first: date, last: date, *, customers: int) -> None:
    """
    Plan who comes by themselves, how many friends they have, and the scenes.

    The scenes of the desk are planned anew where an earlier play was stopped between them; the first ends what was left open.
    """
    count = max(FEWEST_FIRST, round(customers * SHARE_OF_FIRST))
    known = _take_in_the_demonstration(world, first)
    for number in range(known, count):
        manner = Manner.PROMPT if number < count - 1 else Manner.STOPS_PAYING
        household = make_household(world, manner=manner)
        day = first + timedelta(days=world.chance.randrange(DAYS_OF_FIRST_ORDERS))
        world.memory.plan(day, What.ORDER, household.key)
    world.friends_left = max(0, customers - count)
    world.cast = [*CAST]
    world.last_day = last
    cash.plan_cast(world, first)
    cash.plan_last_batch(world)
    for after, days in BILLING_AWAY.items():
        world.memory.plan(first + timedelta(days=after), What.BILLING_GOES_AWAY)
        world.memory.plan(first + timedelta(days=after + days), What.BILLING_COMES_BACK)
    for scene, days in SCENES_OF_RULES.items():
        world.memory.plan(first + timedelta(days=days), scene)
    world.kills_next_worker = True
    world.memory.plan(first + timedelta(days=DESK_CLEARED_AFTER_DAYS), What.DESK_IS_CLEARED)
    world.memory.drop([what for what, _do in outage.SCENES.values()])
    for days, (what, _do) in outage.SCENES.items():
        world.memory.plan(first + timedelta(days=days), what)


def _take_in_the_demonstration(world: World, first: date) -> int:
    """Let those whom the demonstration has ordering, and signing in, be installed first; return how many are new."""
    known = {household.email for household in world.memory.households.values()}
    new = 0
    for buyer in BUYERS:
        order = Order.objects.filter(contact__email=buyer.email, status__in=OPEN - {OrderStatus.HELD}).first()
        if buyer.email not in known and order:
            customer, account = order.parties()
            household = Household(
                f"h{len(world.memory.households) + 1}",
                customer.name,
                buyer.email,
                buyer.phone,
                buyer.division,
                manner=Manner.IN_CASH if buyer.division == FRANCHISE else Manner.PROMPT,
                order_id=order.pk,
                order_number=order.number,
                account_id=account.pk,
                account_number=account.number,
            )
            world.memory.add(household)
            new += 1
            world.memory.plan(first + timedelta(days=new), What.INSTALL, household.key)
    return new


def plan_enrolment(world: World, household: Household) -> None:
    """Let somebody who is installed take part a few days later, as long as there are friends to be told."""
    if cash.is_paid_in_cash(household):
        world.memory.plan(world.today + timedelta(days=2), What.ENROL, household.key)
    elif household.manner == Manner.PROMPT and world.friends_left and not household.referrer:
        world.memory.plan(world.today + timedelta(days=world.chance.randrange(2, 9)), What.ENROL, household.key)


def plan_friends(world: World, referrer: Household) -> None:
    """Plan whom a customer who has just enrolled tells, and when: most of them soon."""
    if not referrer.referrer_id:
        return
    if cash.is_paid_in_cash(referrer):
        cash.plan_neighbors(world, referrer)
        return
    several = min(world.friends_left, world.chance.randrange(2, 5))
    world.friends_left -= several
    for _number in range(several):
        manner = world.cast.pop(0) if world.cast else None
        friend = make_friend(world, referrer, manner=manner or draw_manner(world))
        days_left = (world.last_day - world.today).days
        latest = 6 if manner else 12 if world.chance.random() < 0.6 else max(13, days_left)
        day = world.today + timedelta(days=world.chance.randrange(1, latest))
        fate = {"fate": Fate.ORDERS} if manner else {}
        world.memory.plan(day, What.REFER, friend.key, **fate)


def take_billing_away(world: World) -> None:
    """Let the operator's own billing system be away until it comes back."""
    world.vendors["main"].misbehave(away_seconds=max(BILLING_AWAY.values()) * 24 * 3600)
    world.say("Larkspur billing is away for maintenance: work orders wait, and nothing is lost.")


def bring_billing_back(world: World) -> None:
    """Let it come back."""
    world.vendors["main"].behave()
    world.say("Larkspur billing is back: what waited is sent, and what happened meanwhile is heard.")


SCENES: Mapping[What, Callable[[World], None]] = {
    What.BILLING_GOES_AWAY: take_billing_away,
    What.BILLING_COMES_BACK: bring_billing_back,
    What.RULE_BY_MARGIN: rewards.share_margin,
    What.COSTS_RISE: rewards.raise_costs,
    What.RULE_CHANGES: rewards.change_rule,
    What.DESK_IS_CLEARED: desk.clear_the_desk,
    What.CASH_IS_PAID_BY_HAND: cash.build_by_hand,
    **dict(outage.SCENES.values()),
}

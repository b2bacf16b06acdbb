"""Customers who tell their friends, and friends who open a link, give a code, or do not."""

from datetime import timedelta

from config.simulation.memory import Act, Fate, Household, Manner, What
from config.simulation.ordering import fill_cart, free_address, make_household, submit_cart
from config.simulation.paying import draw_manner
from config.simulation.people import draw
from config.simulation.world import World, person
from foundation.correspondence.services import suppress_address
from foundation.lifecycle import NotAllowed
from orders.services import CODE_MARK, add_attribution
from referrals import services
from referrals.models import Invitation, Referrer, Signal
from referrals.states import SignalStatus

WAYS = {"mail": 50, "link": 18, "code": 20, "address": 12}
"""How a friend comes: opens the letter, a link, gives a code, or orders with the invited address; of a hundred."""
FATES = {
    Fate.ORDERS: 74,
    Fate.LOOKS: 8,
    Fate.LEAVES_A_CART: 6,
    Fate.NEVER_OPENS: 6,
    Fate.IS_SUPPRESSED: 3,
    Fate.IS_WITHDRAWN: 3,
}
"""What becomes of an invitation, of a hundred."""


def enrol(world: World, household: Household) -> None:
    """Let a customer take part in the programme of their market."""
    try:
        referrer = services.enrol(
            account_number=household.account_number,
            verifier=household.email,
            division=world.division(household.division),
            accepted_terms=True,
            language="en",
            evidence={"address": "192.0.2.1"},
            by=None,
        )
    except NotAllowed as refusal:
        world.say(f"{household.first_name} cannot refer: {refusal}")
        return
    household.referrer_id = referrer.pk
    world.say(f"{household.name} takes part in the referral program; the code is {referrer.code}.")


def make_friend(world: World, referrer: Household, *, manner: Manner | None = None, way: str = "") -> Household:
    """Make a friend of a referrer, who lives in the same market."""
    return make_household(
        world,
        referrer.division,
        manner=manner or draw_manner(world),
        referrer=referrer.key,
        way=way or draw(world.chance, WAYS),
    )


def refer(world: World, friend: Household, act: Act) -> None:
    """Let a referrer tell a friend, and plan what the friend makes of it."""
    referrer = world.household(friend.referrer)
    if not referrer.referrer_id or referrer.has_left:
        return
    fate = Fate(act.more.get("fate") or draw(world.chance, FATES))
    if friend.way in {"mail", "address"}:
        _invite(world, referrer, friend, fate)
    if fate == Fate.ORDERS:
        plan_visit(world, friend)
    elif fate in {Fate.LOOKS, Fate.LEAVES_A_CART} and friend.way != "address":
        world.memory.plan(world.today + timedelta(days=2), What.VISIT, friend.key, fate=fate)


def plan_visit(world: World, friend: Household) -> None:
    """Let a friend come within a few days."""
    world.memory.plan(
        world.today + timedelta(days=world.chance.randrange(1, 5)), What.VISIT, friend.key, fate=Fate.ORDERS
    )


def _invite(world: World, referrer: Household, friend: Household, fate: Fate) -> None:
    division = world.division(friend.division)
    if fate == Fate.IS_SUPPRESSED:
        suppress_address(friend.email, "unsubscribed")
    checked = free_address(world, division)
    row = services.FriendRow(
        name=friend.first_name, email=friend.email, address=checked.typed, premises_id=checked.premises_id, note=""
    )
    outcomes = services.invite_friends(
        referrer.referrer_id, [row], form_key=f"form-{friend.key}", language="en", by=None
    )
    world.say(f"{referrer.first_name} invites {friend.first_name}: {outcomes[0].message}")
    invitation = Invitation.objects.filter(email=friend.email).first()
    if invitation is None:
        return
    friend.token = invitation.token
    if fate == Fate.IS_WITHDRAWN:
        services.withdraw_invitation(invitation.pk, by=None)
        world.say(
            f"{referrer.first_name} has thought better of it: the invitation to {friend.first_name} is withdrawn."
        )


def visit(world: World, friend: Household, act: Act) -> None:
    """Let a friend come by the way they were told, look, and perhaps order."""
    division = world.division(friend.division)
    fate, click = Fate(act.more["fate"]), None
    code = Referrer.objects.get(pk=world.household(friend.referrer).referrer_id).code
    if friend.way == "mail" and friend.token:
        click = services.open_invitation(friend.token, division=division)
    elif friend.way == "link":
        click = services.record_click(code, division=division)
    if fate == Fate.LOOKS:
        world.say(f"{friend.first_name} has opened the link of {world.household(friend.referrer).first_name}.")
        return
    attribution = [f"{services.TOUCH_MARK}{click.touch_token}"] if click and click.touch_token else []
    order = fill_cart(world, friend, attribution)
    if friend.way == "code":
        add_attribution(order.pk, f"{CODE_MARK}{code}")
    if fate == Fate.ORDERS:
        submit_cart(world, friend, order.pk)


def look_at_signals(world: World) -> None:
    """Let a CSR look at what seems odd, and find nothing wrong with it."""
    for signal in Signal.objects.filter(status=SignalStatus.OPEN).select_related("referral__referrer__customer"):
        services.decide_signal(
            signal.pk, is_genuine=True, note="Called both: they are neighbours.", by=person("csr@larkspur.example")
        )
        world.say(f"A CSR has looked at {signal}: nothing is wrong with it.")

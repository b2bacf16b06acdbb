"""Play the months, day by day, in the environment that `config.simulation` makes."""

import os
import random
import time
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path

from django.conf import settings

from config.demonstration.orders import make_coming_slots
from config.simulation import cash, desk, ending, ordering, paying, referring, rewards, script
from config.simulation.clock import SharedClock, daytime_of
from config.simulation.memory import Act, Household, Memory, What
from config.simulation.narrator import Narrator
from config.simulation.people import People
from config.simulation.story import Story, in_words
from config.simulation.vendor import houses
from config.simulation.world import World
from foundation.divisions.queries import one_configuration_version
from foundation.now import now
from orders.services import expire_old_drafts, release_expired_holds
from referrals.services import expire_invitations

SUNDAY = 6


def main() -> int:
    """Play so many months, and tell whether the recount agrees."""
    seed, months = int(os.environ["SIMULATION_SEED"]), int(os.environ["SIMULATION_MONTHS"])
    customers = int(os.environ["SIMULATION_CUSTOMERS"])
    data = Path(settings.DATA_DIR)
    memory_file = data / "simulation.json"
    memory = Memory.load(memory_file)
    first = next_day()
    last = paying.after_months(first, months) - timedelta(days=1)
    world = World(
        clock=SharedClock(Path(settings.CLOCK_FILE)),
        chance=random.Random(f"{seed}:{memory.runs}"),  # noqa: S311  # a play, the same each time
        moods=random.Random(f"{seed}:{memory.runs}:desk"),  # noqa: S311
        memory=memory,
        people=People(random.Random(f"{seed}:{memory.runs}:people"), after=len(memory.households)),  # noqa: S311
        vendors=houses(),
        story=Story(first, last),
        today=first,
    )
    started = time.monotonic()
    memory.runs += 1
    length = "1 month" if months == 1 else f"{months} months"
    world.story.note(f"It is {in_words(first)} {first.year}; what follows is {length} with seed {seed}.")
    memory.drop_what_was_missed(first)
    script.write(world, first, last, customers=customers)
    narrator = Narrator(world)
    for vendor in world.vendors.values():
        vendor.forget_webhooks()
        vendor.behave()
    for number in range((last - first).days + 1):
        play_day(world, narrator, first + timedelta(days=number), memory_file)
    ending.leave_everything_in_some_state(world, narrator)
    memory.save(memory_file)
    world.story.end()
    world.story.note(f"Played in {time.monotonic() - started:.0f} seconds.")
    return ending.check(world, data)


def next_day() -> date:
    """Return the first day whose daytime is still to come: the clock never goes back."""
    today = now().date()
    return today if now() < daytime_of(today) else today + timedelta(days=1)


def play_day(world: World, narrator: Narrator, day: date, memory_file: Path) -> None:
    """
    Play one day: what was planned for it, what the house does about it, and its night.

    What was planned is struck off before it is done, so that a play which is stopped repeats nothing when it goes on.
    """
    world.turn_to(day)
    acts = world.memory.take_due(day)
    world.memory.last_day = day.isoformat()
    world.memory.save(memory_file)
    for act in acts:
        if not act.who:
            script.SCENES[act.what](world)
    with one_configuration_version():  # as in a request: nobody configures anything for the rest of the day
        if day.weekday() == SUNDAY or not world.slots_made:
            keep_house(world)
        evening = [act for act in acts if act.what == What.PAY_IN_THE_EVENING]
        for act in acts:
            if act.who and act not in evening:
                carry_out(world, act, world.household(act.who))
        world.listen()
        rewards.pay_out(world)
        narrator.tell()
        cash.meet_the_bank(world)
        referring.look_at_signals(world)
        narrator.tell()
        world.turn_to_evening()
        for act in evening:
            carry_out(world, act, world.household(act.who))
        if evening:
            world.listen()
        desk.keep_promises()
        rewards.judge(world)
        release_expired_holds()
        narrator.tell()


def keep_house(world: World) -> None:
    """Do what is done once a week: appointments for the coming weeks, carts and invitations that are too old, ageing."""
    make_coming_slots()
    expire_old_drafts()
    expire_invitations(now())
    for vendor in world.vendors.values():
        vendor.age()
    world.slots_made = True


def carry_out(world: World, act: Act, household: Household) -> None:
    """Do one thing that was planned for a household."""
    ACTS[act.what](world, household, act)


def order(world: World, household: Household, _act: Act) -> None:
    """Let somebody fill a cart and submit it."""
    cart = ordering.fill_cart(world, household)
    ordering.submit_cart(world, household, cart.pk)


def install(world: World, household: Household, _act: Act) -> None:
    """Let the technician come; with the service begin its bills, and perhaps a part in the programme and a report."""
    if ordering.install(world, household):
        paying.begin_billing(world, household)
        script.plan_enrolment(world, household)
        desk.plan_report(world, household)


def enrol(world: World, household: Household, _act: Act) -> None:
    """Let a customer take part in the programme, and tell their friends."""
    referring.enrol(world, household)
    script.plan_friends(world, household)


Doing = Callable[[World, Household, Act], None]
ACTS: Mapping[What, Doing] = {
    What.ORDER: order,
    What.INSTALL: install,
    What.ENROL: enrol,
    What.REFER: referring.refer,
    What.VISIT: referring.visit,
    What.NAME_BANK_ACCOUNT: cash.name_bank_account,
    What.CANCEL: lambda world, household, _act: ordering.cancel(world, household),
    What.BILL: lambda world, household, _act: paying.bill(world, household),
    What.PAY: paying.pay,
    What.PAY_IN_THE_EVENING: paying.pay,
    What.PAY_TO_BE_RETURNED: paying.pay,
    What.RETURN: paying.take_back,
    What.CREDIT_NOTE: paying.note_credit,
    What.SUSPEND: lambda world, household, _act: paying.suspend(world, household),
    What.REPORT: desk.report,
    What.DESK_ANSWERS: desk.answer,
    What.CUSTOMER_REPLIES: desk.reply,
    What.DESK_RESOLVES: desk.resolve,
    What.SAY_WHETHER_FIXED: desk.say_whether_it_is_fixed,
    What.DISCONNECT: lambda world, household, _act: paying.disconnect(world, household),
}

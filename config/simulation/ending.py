"""The last day: orders are left in every state, and everything is counted once more by somebody else."""

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from django.core.management import call_command

from commissions.queries.ledger import ledger_hash
from config.local.parts import VENDORS
from config.simulation import cash, counting, ordering
from config.simulation.memory import Household, Manner
from config.simulation.narrator import Narrator
from config.simulation.world import World
from foundation.events.models import Delivery
from foundation.jobs.models import Job
from foundation.jobs.states import JobStatus


def leave_everything_in_some_state(world: World, narrator: Narrator) -> None:
    """Let some orders stop at every station, for whoever clicks through the system afterwards."""
    household = ordering.make_household(world, manner=Manner.PROMPT)
    ordering.fill_cart(world, household)
    world.say(f"{household.first_name} leaves a cart behind.")
    for at_once in AT_ONCE:
        at_once(world, _who_ordered(world))
    waiting = [(later, _who_ordered(world)) for later in LATER]
    world.listen()
    for later, household in waiting:
        later(world, household)
    world.listen()
    narrator.tell()


def _who_ordered(world: World) -> Household:
    household = ordering.make_household(world, manner=Manner.PROMPT)
    order = ordering.fill_cart(world, household)
    ordering.submit_cart(world, household, order.pk)
    return household


def _cancel_too_late(world: World, household: Household) -> None:
    ordering.dispatch(world, household)
    world.listen()
    ordering.cancel(world, household)


Station = Callable[[World, Household], None]
AT_ONCE: tuple[Station, ...] = (ordering.hold, ordering.reject, ordering.cancel)
LATER: tuple[Station, ...] = (ordering.fail, ordering.dispatch, ordering.install_a_part, _cancel_too_late)
"""What happens to the last orders: before anything else has, and once the vendors have their work orders."""


def check(world: World, data: Path) -> int:
    """Tell what was not delivered or not done, count everything once more, and tell the ledger's hash."""
    left = what_is_left()
    for what in left:
        world.story.note(what)
    export = data / "commissions.json"
    call_command("export_commissions", str(export), stdout=io.StringIO())
    folders = [str(data / "billing" / vendor) for vendor in VENDORS]
    command = [sys.executable, "-m", "sandbox.recount", str(export), *folders]
    if (bank := data / cash.BANK).exists():
        command += ["--bank", str(bank)]
    recount = subprocess.run(command, check=False)  # noqa: S603  # our own program
    differences = counting.count_the_desk(world)
    for difference in differences:
        world.story.note(f"Difference: {difference}")
    world.story.note(f"Ledger hash: {ledger_hash()}")
    return 1 if left or differences else recount.returncode


def what_is_left() -> list[str]:
    """Return what is owed to listeners, and what long work failed or has not come to its end, each with the reason."""
    owed = Delivery.objects.filter(done_at=None).order_by("pk").values_list("handler", "error")
    last_words = {handler: error.strip().splitlines()[-1] if error.strip() else "not tried" for handler, error in owed}
    undone = Job.objects.filter(status__in=[JobStatus.RUNNING, JobStatus.FAILED]).order_by("pk")
    return [
        *(f"Not delivered: {handler}: {words}" for handler, words in last_words.items()),
        *(f"Not done: {job.title}: {job.problem or job.get_status_display()}" for job in undone),
    ]

"""The last day: orders are left in every state, and everything is counted once more by somebody else."""

import subprocess
import sys
from pathlib import Path

from django.core.management import call_command

from commissions.queries.ledger import ledger_hash
from config.local.parts import VENDORS
from config.simulation import ordering
from config.simulation.memory import Household
from config.simulation.narrator import Narrator
from config.simulation.world import World


def leave_everything_in_some_state(world: World, narrator: Narrator) -> None:
    """Let some orders stop at every station, for whoever clicks through the system afterwards."""
    _cart(world)
    for what in ("hold", "reject", "cancel", "fail", "dispatch", "install a part", "cancel too late"):
        household = ordering.make_household(world, manner="prompt")
        order = ordering.fill_cart(world, household)
        ordering.submit_cart(world, household, order.pk)
        if what == "hold":
            ordering.hold(household)
        elif what == "reject":
            ordering.reject(household)
        elif what == "cancel":
            ordering.cancel(world, household)
        else:
            _go_on(world, household, what)
    world.listen()
    narrator.tell()


def _cart(world: World) -> None:
    household = ordering.make_household(world, manner="prompt")
    ordering.fill_cart(world, household)
    world.say(f"{household.first_name} leaves a cart behind.")


def _go_on(world: World, household: Household, what: str) -> None:
    world.listen()
    if what == "fail":
        ordering.fail(world, household)
        return
    if what == "install a part":
        ordering.install_a_part(world, household)
        return
    ordering.dispatch(world, household)
    world.listen()
    if what == "cancel too late":
        ordering.cancel(world, household)


def check(world: World, data: Path) -> int:
    """Export, count everything once more, and tell the ledger's hash."""
    export = data / "commissions.json"
    call_command("export_commissions", str(export), verbosity=0)
    folders = [str(data / "billing" / vendor) for vendor in VENDORS]
    command = [sys.executable, "-m", "sandbox.recount", str(export), *folders]
    done = subprocess.run(command, check=False)  # noqa: S603  # our own program
    world.story.note(f"Ledger hash: {ledger_hash()}")
    return done.returncode

"""What the simulated months plan: each kind is done by something, and is the same after a stop."""

from datetime import date

from config.simulation.memory import Household, Manner, Memory, What
from config.simulation.paying import MANNERS
from config.simulation.play import ACTS
from config.simulation.script import SCENES

DAY = date(2026, 3, 2)


def test_whatever_can_be_planned_is_done_by_one_function():
    assert {*ACTS} | {*SCENES} == {*What}
    assert not {*ACTS} & {*SCENES}


def test_every_manner_of_paying_is_drawn_or_given_to_who_is_paid_in_cash():
    assert {*Manner} - {*MANNERS} == {Manner.IN_CASH, Manner.MISTYPED, Manner.SILENT}


def test_an_agenda_is_read_as_it_was_kept(tmp_path):
    memory = Memory()
    memory.add(Household("h1", "Casey", "casey@people.example", "202-555-0100", "larkspur", manner=Manner.LATE_ONCE))
    memory.plan(DAY, What.PAY_IN_THE_EVENING, "h1", amount="9.00")
    memory.save(tmp_path / "simulation.json")

    kept = Memory.load(tmp_path / "simulation.json")

    assert kept == memory
    assert kept.take_due(DAY)[0].what is What.PAY_IN_THE_EVENING
    assert kept.households["h1"].manner is Manner.LATE_ONCE


def test_what_is_planned_anew_is_taken_off_the_agenda_first():
    memory = Memory()
    for what in (What.NODE_FAILS, What.PAY_IN_THE_EVENING, What.NODE_WORKS_AGAIN):
        memory.plan(DAY, what)

    memory.drop([What.NODE_FAILS, What.NODE_WORKS_AGAIN])

    assert [act.what for act in memory.take_due(DAY)] == [What.PAY_IN_THE_EVENING]

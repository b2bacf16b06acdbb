"""What every part of the play has in hand: the clock, chance, the vendors, the people of the house, the story."""

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from billing.models import BillingSystem
from billing.services import poll_billing_system
from config.simulation.clock import EVENING, SharedClock, daytime_of
from config.simulation.memory import Household, Manner, Memory
from config.simulation.people import People
from config.simulation.story import Story
from config.simulation.vendor import VendorHouse
from foundation.divisions.models import Division
from foundation.events.services import deliver_next
from foundation.jobs.services import work_one_chunk
from foundation.now import now
from foundation.people.models import User


@dataclass
class World:
    """The simulated months, as far as they have been played."""

    clock: SharedClock
    chance: random.Random
    moods: random.Random
    """Chance of its own for the desk: what happens there draws nothing from what orders and bills draw."""
    memory: Memory
    people: People
    vendors: dict[str, VendorHouse]
    story: Story
    today: date
    divisions: dict[str, Division] = field(default_factory=dict)
    slots_made: bool = False
    friends_left: int = 0
    """How many friends are still to be told."""
    cast: list[Manner] = field(default_factory=list)
    """The manners that the next friends have."""
    last_day: date = date.max
    kills_next_worker: bool = False
    """Whether the next batch is posted by a worker that is killed in the middle of it."""

    def turn_to(self, day: date) -> None:
        """Let it be the daytime of a day."""
        self.today = day
        self.clock.set_to(daytime_of(day))
        self.story.turn_to(day)

    def turn_to_evening(self) -> None:
        """Let it be late in the evening of the same day, in every market."""
        self.clock.set_to(datetime.combine(self.today + timedelta(days=1), EVENING, tzinfo=UTC))

    def wait(self, minutes: int) -> None:
        """Let some minutes pass."""
        self.clock.set_to(now() + timedelta(minutes=minutes))

    def say(self, what: str) -> None:
        """Tell what happened today."""
        self.story.say(what)

    def household(self, key: str) -> Household:
        """Return somebody by their key."""
        return self.memory.households[key]

    def vendor_of(self, household: Household) -> VendorHouse:
        """Return the people of the billing system that bills somebody."""
        return self.vendors["franchise" if household.division == "juniper-hollow" else "main"]

    def division(self, code: str) -> Division:
        """Return a market by its code."""
        if code not in self.divisions:
            self.divisions[code] = Division.objects.get(code=code)
        return self.divisions[code]

    # What the workers and the beat of a running system do, here one after the other.

    def listen(self) -> None:
        """Deliver what is owed, hear what the vendors tell, deliver what follows. Where nobody did anything, nobody asks."""
        if not settle() and not any(vendor.has_news for vendor in self.vendors.values()):
            return
        for system in BillingSystem.objects.filter(code__in=self.vendors, is_active=True).order_by("pk"):
            poll_billing_system(system.pk)
            self.vendors[system.code].has_news = False
        settle()


def person(email: str) -> User:
    """Return somebody of the house."""
    return User.objects.get(email=email)


def settle() -> int:
    """
    Deliver what is due and do the long work that it begins, until neither is left; return how much that was.

    Work that waited for a later day would find another world: of an outage that is over, nobody is told that it began.
    """
    done = 0
    while step := deliver_all() + work_on_jobs():
        done += step
    return done


def deliver_all() -> int:
    """Deliver until nothing is due; return how many deliveries that were."""
    delivered = 0
    while deliver_next():
        delivered += 1
    return delivered


def work_on_jobs() -> int:
    """Take chunks of long work until none waits; return how many those were."""
    worked = 0
    while work_one_chunk():
        worked += 1
    return worked

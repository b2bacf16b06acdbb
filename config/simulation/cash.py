"""Rewards in cash: the franchise's neighbors who are paid by bank transfer, the bank, and who hands it the files."""

import json
import subprocess
import sys
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings

from accounts.services import claim_customers
from commissions.models import BankFile, BatchLine, Payee
from commissions.queries.bank import may_be_paid_in_cash
from commissions.queries.transfers import may_be_paid_from
from commissions.services.bank import BankDetails, give_bank_details
from commissions.services.batches import (
    build_batch,
    confirm_bank_file,
    download_bank_file,
    hand_over_bank_file,
    keep_return_file,
    start_taking,
)
from commissions.states import BankAccountKind, BankFileStatus, LineStatus
from config.demonstration.operator import FRANCHISE
from config.simulation.memory import Act, Fate, Household, Manner, What
from config.simulation.ordering import make_household
from config.simulation.referring import make_friend
from config.simulation.world import World, deliver_all, person, work_on_jobs
from foundation.lifecycle import NotAllowed
from foundation.people.models import User

SUPERVISOR, AUDITOR, OPERATOR = "supervisor@larkspur.example", "auditor@larkspur.example", "operator@larkspur.example"
BANK = "bank"
"""The folder of the stand-in bank, in the data folder."""
ROUTING = "110000000"
"""A number that banks keep for trials."""
PAID_IN_CASH = frozenset({Manner.IN_CASH, Manner.MISTYPED, Manner.SILENT})
"""The manners of neighbors who are paid in cash; all pay their own bills soon."""
NUMBERS = {Manner.IN_CASH: "000111222", Manner.MISTYPED: "9903111222"}
"""What they type: at an account whose number begins with 9903 the stand-in bank knows nobody (R03)."""
CORRECTED = "000333444"
LEFT_OPEN_DAYS, EARNED_AFTER_DAYS = 12, 70
"""Before the last day: the last file is made, and left to be confirmed; how long a friend's reward takes at the most."""
TRY_AGAIN_DAYS = 7


def plan_cast(world: World, first: date) -> None:
    """Let two more neighbors come: one who mistypes the account number, and one who never names a bank account."""
    for days, manner in enumerate((Manner.MISTYPED, Manner.SILENT), start=1):
        household = make_household(world, FRANCHISE, manner=manner)
        world.memory.plan(first + timedelta(days=days), What.ORDER, household.key)


def is_paid_in_cash(household: Household) -> bool:
    """Tell whether somebody is one of these."""
    return household.manner in PAID_IN_CASH


def plan_neighbors(world: World, referrer: Household) -> None:
    """
    Let who has enrolled tell one neighbor at once, and one of them two more late.

    Of these, one is earned in time for the file that is left to be confirmed, and one after it, to be paid by hand.
    """
    days = [world.today + timedelta(days=2)]
    if referrer.manner == Manner.IN_CASH:
        last = world.last_day - timedelta(days=EARNED_AFTER_DAYS)
        days += [day for day in (last - timedelta(days=LEFT_OPEN_DAYS + 1), last) if day > days[0]]
    for day in days:
        friend = make_friend(world, referrer, manner=Manner.PROMPT, way="code")
        world.memory.plan(day, What.VISIT, friend.key, fate=Fate.ORDERS)
    if referrer.manner in NUMBERS:
        number = NUMBERS[referrer.manner]
        world.memory.plan(world.today + timedelta(weeks=3), What.NAME_BANK_ACCOUNT, referrer.key, number=number)


def plan_last_batch(world: World) -> None:
    """Let a batch be built by hand shortly before the end, whose file is left to be confirmed."""
    world.memory.plan(world.last_day - timedelta(days=LEFT_OPEN_DAYS), What.CASH_IS_PAID_BY_HAND)


def name_bank_account(world: World, household: Household, act: Act) -> None:
    """Let a payee sign in and say where to be paid; before something of theirs is paid in cash nobody is asked."""
    payee = Payee.objects.filter(account=household.account_id).first()
    if payee is None or not may_be_paid_in_cash(payee):
        if not household.has_left:
            world.memory.plan(world.today + timedelta(days=TRY_AGAIN_DAYS), act.what, household.key, **act.more)
        return
    details = BankDetails(
        routing_number=ROUTING,
        account_number=act.more["number"],
        kind=BankAccountKind.CHECKING,
        holder=household.name,
    )
    given = give_bank_details(payee.pk, details, by=_signed_in(payee, household))
    world.say(f"{household.name} names a bank account that ends in {given.ending}: it is paid to after a week.")


def _signed_in(payee: Payee, household: Household) -> User:
    """Return who signs in for a payee; as with everybody, what they ordered becomes theirs when they first do."""
    user = payee.account.customer.user
    if user is None:
        user = User.objects.create_user(household.email, name=household.name)
        claim_customers(by=user)
    return user


def build_by_hand(world: World) -> None:
    """Let Sam pay what the franchise's neighbors have earned, without waiting for the month's batch."""
    try:
        batch = build_batch(world.division(FRANCHISE).pk, by=person(SUPERVISOR))
    except NotAllowed as refusal:
        world.say(f"Sam looks for what can be paid in {FRANCHISE}: {refusal.message}")
        return
    world.say(f"Sam builds batch {batch.pk} by hand, for Juniper Hollow alone.")


def meet_the_bank(world: World) -> None:
    """Hand the bank what was made for it, take what it sends back, and confirm what its statement shows."""
    _hand_over(world)
    _take_returns(world)
    _confirm(world)


def _hand_over(world: World) -> None:
    auditor = person(AUDITOR)
    for made in BankFile.objects.filter(status=BankFileStatus.MADE).order_by("pk"):
        file = download_bank_file(made.pk, by=auditor)
        copy = Path(settings.DATA_DIR) / file.name
        copy.write_text(file.text, encoding="ascii")
        count = _bank("take", str(copy), world.today.isoformat())
        copy.unlink()
        hand_over_bank_file(file.pk, by=auditor)
        transfers = "1 transfer" if count == 1 else f"{count} transfers"
        world.say(f"Avery hands {file.name} to the bank: {transfers}, ${file.total} in all.")


def _take_returns(world: World) -> None:
    returned = _bank("settle", world.today.isoformat())
    if returned is None:
        return
    kept = keep_return_file(Path(returned).read_text(encoding="ascii"), by=person(AUDITOR))
    start_taking(kept.pk, by=person(OPERATOR))
    work_on_jobs()
    lines = BatchLine.objects.filter(bank_returns__file=kept, status=LineStatus.RETURNED)
    for account_id in sorted({*lines.values_list("payee__account", flat=True)}):
        household = next(one for one in world.memory.households.values() if one.account_id == account_id)
        world.memory.plan(world.today + timedelta(days=2), What.NAME_BANK_ACCOUNT, household.key, number=CORRECTED)
    deliver_all()


def _confirm(world: World) -> None:
    for file in BankFile.objects.filter(status=BankFileStatus.HANDED_OVER).select_related("division").order_by("pk"):
        is_left_open = (world.last_day - file.made_on).days <= LEFT_OPEN_DAYS
        if is_left_open or world.today < may_be_paid_from(file):
            continue
        count, cents = _bank("paid", file.name)
        confirm_bank_file(file.pk, count=count, total=Decimal(cents).scaleb(-2), by=person(AUDITOR))
        work_on_jobs()
        deliver_all()
        world.say(f"The bank's statement shows {file.name} as paid: {count} of {file.count}. Avery confirms it.")


def _bank(*arguments: str) -> Any:
    """Ask the stand-in bank, which is a program of its own."""
    command = [sys.executable, "-m", "sandbox.bank", str(Path(settings.DATA_DIR) / BANK), *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603  # our own program
    return json.loads(done.stdout)

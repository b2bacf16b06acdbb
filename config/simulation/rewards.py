"""What the house does about rewards: judges them every night, pays them every month, changes a rule."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import timedelta
from decimal import Decimal

from billing.models import Submission
from billing.services import look_up_unknown
from billing.states import OPEN, SubmissionKind, SubmissionStatus
from catalog.models import Cost
from catalog.services import CostDescription, set_costs
from catalog.states import PriceKind
from commissions.models import Batch, PeriodRun, RewardTerm, Rule
from commissions.queries.batches import unread_lines
from commissions.queries.rules import digest_of
from commissions.services.batches import approve_batch, freeze_batch, read_line, reconcile_batches
from commissions.services.rules import (
    TermDescription,
    Wording,
    approve_version,
    send_to_review,
    start_version,
    write_version,
)
from commissions.services.schedule import run_due
from commissions.states import Basis, BatchStatus, RewardForm, RunKind, Side, Verdict
from config.local.processes import start
from config.simulation.world import World, deliver_all, person, work_on_jobs
from foundation.money import percent_of
from foundation.now import now

SUPERVISOR, AUDITOR, OPERATOR = "supervisor@larkspur.example", "auditor@larkspur.example", "operator@larkspur.example"
SLOW_ANSWER = 10.0
"""Seconds that the vendor lets the courier wait, who is killed meanwhile; nobody else waits for it."""
PATIENCE = 120.0
"""Seconds that a courier may take to start on a busy machine."""
RULED = "larkspur"
"""The division whose rule is changed, and whose costs."""
MORE = Decimal("5.00")
SHARE, DEARER = Decimal(60), Decimal(112)
"""Percent: of a margin that a friend is given, and of a cost that it is from some day on."""


def judge(world: World) -> None:
    """Do what the schedule says of this hour, as beat does: judge the rewards, then build the month's batch."""
    run_due(now())
    work_on_jobs()
    month = world.today.replace(day=1)
    if not PeriodRun.objects.filter(kind=RunKind.BUILD_BATCH, period=month).exists():
        run_due(now())  # a batch is built once the night's judgement is through
        work_on_jobs()
    deliver_all()


def pay_out(world: World) -> None:
    """Freeze what was built, read and approve what was frozen, and compare what was posted."""
    for batch in Batch.objects.filter(status=BatchStatus.FROZEN, frozen_at__lt=now() - timedelta(hours=12)):
        _audit(world, batch)
    for batch in Batch.objects.filter(status=BatchStatus.BUILDING):
        frozen = freeze_batch(batch.pk, by=person(SUPERVISOR))
        world.say(f"Sam freezes batch {frozen.pk}: {_payments(frozen.count)}, ${frozen.total} in all.")
    if Batch.objects.filter(status=BatchStatus.SUBMITTED).exists():
        reconcile_batches()
        deliver_all()


def _payments(count: int) -> str:
    return "1 payment" if count == 1 else f"{count} payments"


def _audit(world: World, batch: Batch) -> None:
    """Let the auditor read what has to be read, and approve."""
    auditor = person(AUDITOR)
    unread = [*unread_lines(batch).order_by("pk")]
    for line in unread:
        read_line(line.pk, Verdict.CORRECT, "", by=auditor)
    approve_batch(batch.pk, by=auditor)
    world.say(f"Avery has read {_payments(len(unread))} of batch {batch.pk} and approves it.")
    deliver_all()  # the work of posting begins
    work_on_jobs()
    if world.kills_next_worker:
        world.kills_next_worker = not _kill_a_courier(world)
    deliver_all()


def _kill_a_courier(world: World) -> bool:
    """Let a worker be killed after the vendor has a credit and before it says so; tell whether that came about."""
    waiting = Submission.objects.filter(kind=SubmissionKind.CREDIT, status=SubmissionStatus.PENDING)
    first = waiting.select_related("billing_system").order_by("pk").first()
    if first is None:
        return False
    vendor = world.vendors[first.billing_system.code]
    before = vendor.newest_credit()
    vendor.misbehave(slow_answer_seconds=SLOW_ANSWER)
    courier = start(
        [sys.executable, "-m", "config.simulation.courier"], output=subprocess.DEVNULL, environment=os.environ
    )
    deadline = time.monotonic() + PATIENCE
    while vendor.newest_credit() == before and time.monotonic() < deadline and courier.poll() is None:
        time.sleep(0.05)
    os.killpg(courier.pid, signal.SIGKILL)
    courier.wait()
    vendor.behave()
    unclear = Submission.objects.filter(kind=SubmissionKind.CREDIT, status=SubmissionStatus.SENDING).count()
    world.say(
        f"A worker is killed while it posts: {_payments(unclear)} may or may not have been made. Nothing is sent again."
    )
    world.wait(minutes=3)
    look_up_unknown()
    deliver_all()
    still = Submission.objects.filter(kind=SubmissionKind.CREDIT, status__in=OPEN).count()
    world.say(f"Looked up at the vendor: what was there is confirmed, what was not is sent; {still} are still open.")
    return True


def change_rule(world: World) -> None:
    """Let the referrer's reward be raised, and the friend's be a free month, as it was at first."""

    def raised(term: TermDescription) -> TermDescription:
        if term.side == Side.FRIEND:
            return TermDescription(side=Side.FRIEND, form=RewardForm.FREE_MONTH)
        return replace(term, amount=term.amount + MORE) if term.amount else term

    if _reword("A spring campaign.", raised):
        world.say(f"Olly raises the referrer's reward by ${MORE}, Avery approves it: for whoever orders from now on.")


def share_margin(world: World) -> None:
    """Let the friend's reward be a share of what is left of their order after its costs."""

    def shared(term: TermDescription) -> TermDescription:
        is_friends = term.side == Side.FRIEND
        return TermDescription(side=Side.FRIEND, basis=Basis.MARGIN_MONTHLY, percent=SHARE) if is_friends else term

    if _reword("What an order brings differs.", shared):
        world.say("Olly lets the friend's reward be a share of the monthly margin, and Avery approves it.")


def raise_costs(world: World) -> None:
    """Let everything that costs the operator something each month cost more from today on."""
    operator, division = person(OPERATOR), world.division(RULED)
    costs = Cost.objects.filter(division=division, kind=PriceKind.RECURRING, ends_on=None).order_by("pk")
    dearer = [
        CostDescription(
            product_id=cost.product_id, kind=PriceKind.RECURRING, starts_on=world.today,
            amount=percent_of(DEARER, cost.amount),
        )
        for cost in costs
    ]  # fmt: skip
    count = set_costs(dearer, division=division, by=operator)
    world.say(f"{count} products cost Larkspur {DEARER - 100} % more from today on: what was ordered keeps its margin.")


def _reword(reason: str, wording: Callable[[TermDescription], TermDescription]) -> bool:
    """
    Let one operator write a new version of the rule and another person approve it: no past reward changes.

    :return: whether there is a rule
    """
    rule = Rule.objects.filter(division__code=RULED).order_by("priority", "pk").first()
    if rule is None:
        return False
    operator = person(OPERATOR)
    version = start_version(rule.pk, by=operator)
    terms = tuple(wording(_description(term)) for term in version.terms.all())
    write_version(version.pk, Wording(values={"reason": reason}, terms=terms), by=operator)
    version = send_to_review(version.pk, by=operator)
    approve_version(version.pk, shown=digest_of(version), by=person(AUDITOR))
    return True


def _description(term: RewardTerm) -> TermDescription:
    """Describe a term as it is, so that it can be written again."""
    kept = {field.name: getattr(term, field.name) for field in fields(TermDescription)}
    tiers = tuple((first, Decimal(value)) for first, value in term.tiers)
    return TermDescription(**kept | {"tiers": tiers, "families": tuple(term.families)})

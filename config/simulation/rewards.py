"""What the house does about rewards: judges them every night, pays them every month, changes a rule."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import fields, replace
from datetime import timedelta
from decimal import Decimal

from billing.models import Submission
from billing.services import look_up_unknown
from billing.states import OPEN, SubmissionKind, SubmissionStatus
from commissions.models import Batch, PeriodRun, RewardTerm, Rule
from commissions.queries.batches import unread_lines
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
from commissions.states import BatchStatus, RunKind, Side, Verdict
from config.local.processes import start
from config.simulation.world import World, deliver_all, person, work_on_jobs
from foundation.now import now

SUPERVISOR, AUDITOR, OPERATOR = "supervisor@larkspur.example", "auditor@larkspur.example", "operator@larkspur.example"
SLOW_ANSWER = 10.0
"""Seconds that the vendor lets the courier wait, who is killed meanwhile; nobody else waits for it."""
PATIENCE = 120.0
"""Seconds that a courier may take to start on a busy machine."""
MORE = Decimal("5.00")


def judge(world: World) -> None:
    """Do what the schedule says of this hour, as beat does: judge the rewards, then build the month's batch."""
    run_due(now())
    work_on_jobs()
    month = world.today.replace(day=1)
    if not PeriodRun.objects.filter(kind=RunKind.BUILD_BATCH, period=month).exists():
        run_due(now())  # a batch is built once the night's judgement is through
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
    """Let one operator write a new version of the rule and another person approve it: no past reward changes."""
    rule = Rule.objects.filter(division__code="larkspur").order_by("priority", "pk").first()
    if rule is None:
        return
    operator = person(OPERATOR)
    version = start_version(rule.pk, by=operator)
    terms = [_description(term) for term in version.terms.all()]
    raised = [
        replace(one, amount=one.amount + MORE) if one.amount and one.side == Side.REFERRER else one for one in terms
    ]
    write_version(version.pk, Wording(values={"reason": "A spring campaign."}, terms=tuple(raised)), by=operator)
    send_to_review(version.pk, by=operator)
    approve_version(version.pk, by=person(AUDITOR))
    world.say(f"Olly raises the referrer's reward by ${MORE}, Avery approves it: for whoever orders from now on.")


def _description(term: RewardTerm) -> TermDescription:
    """Describe a term as it is, so that it can be written again."""
    kept = {field.name: getattr(term, field.name) for field in fields(TermDescription)}
    tiers = tuple((first, Decimal(value)) for first, value in term.tiers)
    return TermDescription(**kept | {"tiers": tiers, "families": tuple(term.families)})

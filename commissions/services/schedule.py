"""
What is done once in each period: rewards are judged every night, payout batches are built once a month.

It is done for every division that has a rule, unless one above it has one too: what lies below is judged and paid with
it, by its hour, its day and its zone. Whoever writes the row of a period does its work, so that two schedulers at once,
or one that runs every minute, do it once. Both are long work: what fails is shown to operators with the rest that has failed, and
taken up by them again. A night that nobody was there for is made good by the next one: the days of
facts decide about a reward, not the day on which it is looked at.
"""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from commissions.models import PeriodRun, Rule
from commissions.queries.batches import corrections_due_within, due_within
from commissions.queries.ledger import next_month
from commissions.services.batches import NOTHING_TO_PAY, build_batch
from commissions.services.qualification import start_qualification
from commissions.services.rules import put_due_versions_in_force
from commissions.settings import PAYOUT_DAY, PAYOUT_IS_AUTOMATIC, QUALIFICATION_HOUR
from commissions.states import RunKind
from foundation.divisions.models import Division
from foundation.divisions.queries import effective
from foundation.jobs.models import Job, JobChunk
from foundation.jobs.services import ChunkResult, start_job
from foundation.jobs.states import JobStatus
from foundation.lifecycle import NotAllowed

BUILDING = "commissions.build_payouts"

Step = Callable[[date], date]
"""From one period to the next."""


def run_due(at: datetime) -> list[PeriodRun]:
    """Start everything whose time has come at a moment, and return what this call has started."""
    put_due_versions_in_force(at)
    started = []
    for division in scheduled_divisions():
        started += [*_judge_rewards(division, at), *_build_payouts(division, at)]
    return started


def scheduled_divisions() -> list[Division]:
    """Return the divisions that have a rule, without those that lie below another one of them."""
    holders = {division.pk: division for division in Division.objects.filter(pk__in=Rule.objects.values("division"))}
    return [division for division in holders.values() if not any(above in holders for above in division.lineage[:-1])]


def _judge_rewards(division: Division, at: datetime) -> list[PeriodRun]:
    night = _night(division, at)
    if _is_done(RunKind.QUALIFY, division, night):
        return []
    with transaction.atomic():
        runs = _claim(RunKind.QUALIFY, division, night, step=_next_day)
        if runs:
            job = start_qualification(division, by=None)
            PeriodRun.objects.filter(pk__in=[run.pk for run in runs]).update(job=job)
        return runs


def _build_payouts(division: Division, at: datetime) -> list[PeriodRun]:
    """Build the month's batches, one a currency, once the night's judgement is through."""
    night = _night(division, at)
    month = night.replace(day=1)
    is_time = effective(division, PAYOUT_IS_AUTOMATIC) and night.day >= effective(division, PAYOUT_DAY)
    if not is_time or _is_done(RunKind.BUILD_BATCH, division, month) or not _is_judged(division, night):
        return []
    with transaction.atomic():
        runs = _claim(RunKind.BUILD_BATCH, division, month, step=next_month)
        currencies = _currencies_due(division) if runs else []
        if currencies:
            job = start_job(
                BUILDING,
                title=_("Payouts of %(month)s: %(division)s")
                % {"month": date_format(month, "YEAR_MONTH_FORMAT"), "division": division},
                division=division,
                total=len(currencies),
                chunk_size=1,
                params={"currencies": currencies},
                by=None,
            )
            PeriodRun.objects.filter(pk__in=[run.pk for run in runs]).update(job=job)
        return runs


def build_chunk(job: Job, chunk: JobChunk) -> ChunkResult:
    """
    Build the month's batch of each currency of a chunk.

    :raises NotAllowed: if one cannot be built; where nothing is to be paid after all, none is
    """
    currencies = job.params["currencies"][chunk.first - 1 : chunk.last]
    for currency in currencies:
        try:
            build_batch(job.division_id, currency=currency, by=None)
        except NotAllowed as refusal:
            if refusal.code != NOTHING_TO_PAY:  # every account that it would be credited to is closed: all is held
                raise
    return ChunkResult(done=len(currencies))


def _night(division: Division, at: datetime) -> date:
    """Return the newest night whose hour has come, by its date in the division's zone."""
    local = at.astimezone(division.zone)
    is_early = local.hour < effective(division, QUALIFICATION_HOUR)
    return local.date() - timedelta(days=1) if is_early else local.date()


def _is_done(kind: RunKind, division: Division, period: date) -> bool:
    return PeriodRun.objects.filter(kind=kind, division=division, period__gte=period).exists()


def _is_judged(division: Division, night: date) -> bool:
    runs = PeriodRun.objects.filter(kind=RunKind.QUALIFY, division=division, period=night)
    return runs.filter(job__status=JobStatus.DONE).exists()


def _claim(kind: RunKind, division: Division, period: date, *, step: Step) -> list[PeriodRun]:
    """
    Take a period, and those that were missed before it; none if somebody else has taken it.

    Whoever comes second waits here for the first to commit, and finds the row.
    """
    run, is_new = PeriodRun.objects.get_or_create(kind=kind, division=division, period=period)
    if not is_new:
        return []
    missed = [PeriodRun(kind=kind, division=division, period=day) for day in _missed(kind, division, period, step)]
    return [*PeriodRun.objects.bulk_create(missed), run]


def _missed(kind: RunKind, division: Division, period: date, step: Step) -> Iterator[date]:
    before = PeriodRun.objects.filter(kind=kind, division=division, period__lt=period).order_by("-period").first()
    day = step(before.period) if before else period
    while day < period:
        yield day
        day = step(day)


def _next_day(day: date) -> date:
    return day + timedelta(days=1)


def _currencies_due(division: Division) -> list[str]:
    """Return the currencies in which a reward is due, or what corrects one."""
    within = Division.objects.under(division)
    rewards = due_within(within).values_list("currency", flat=True)
    corrections = corrections_due_within(within).values_list("correction__currency", flat=True)
    return sorted({*rewards.order_by().distinct(), *corrections.order_by().distinct()})

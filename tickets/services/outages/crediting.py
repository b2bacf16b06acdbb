"""
Credits for outages: by the time that a service did not work and its price, asked for by one, approved by another.

Time is counted in seconds: each is worth its part of the seconds of the month that it lies in, in the division's zone. A
whole month is the month's price, which is so the most that a month can bring. Minutes are for people to read, and for the
least length that is credited. Amounts are added up exactly and rounded once an account
(`foundation.money`). What was credited for the same outage before is taken off: an outage that goes on, or is reopened,
brings the rest alone. Time for which a service was down in two outages counts once: in the one whose credits are
asked for first, while they wait and after. Each credit keeps the times that it is for, and no other takes them.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import Q, QuerySet, Sum
from django.utils import translation
from django.utils.translation import gettext as _, ngettext

from accounts.models import Account
from accounts.states import AccountStatus
from billing.models import Submission
from billing.ports import Credit
from billing.queries import submissions_for
from billing.services import grant_credit
from foundation.divisions.queries import effective
from foundation.events.services import publish
from foundation.jobs.models import Job, JobChunk
from foundation.jobs.services import ChunkResult, start_job
from foundation.lifecycle import NotAllowed
from foundation.money import ZERO, format_money, round_money
from foundation.now import months_after, now
from foundation.people.models import User
from foundation.people.services import require, require_second_person
from foundation.people.states import Permission
from orders.models import InstalledService
from tickets.events import CreditRunMoved
from tickets.models import AffectedService, CreditRun, Outage, OutageCredit
from tickets.services.outages.extent import locked_outage
from tickets.settings import CREDIT_AFTER, CREDITS_MAINTENANCE
from tickets.states import CREDITS_THAT_COUNT, CreditRunStatus, CreditStatus, OutageKind, OutageStatus

POSTING = "tickets.post_outage_credits"
"""The kind of long work that sends approved credits."""
CHUNK = 50
"""Credits in one transaction."""
AT_ONCE = 1000
"""Accounts that are reckoned at once."""
NAMED = 3
"""Accounts that a refusal names."""
NOTHING_DUE = frozenset({"none", "maintenance", "short", "nothing"})
"""Codes of refusals that say that nothing is to be credited."""

Span = tuple[datetime, datetime]


# The reckoning: pure.


def without(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """Return what is left of some spans of time where others are taken out; in order, none overlapping another."""
    left = _joined(spans)
    for begin, end in others:
        left = [
            part
            for start, stop in left
            for part in ((start, min(stop, begin)), (max(start, end), stop))
            if part[0] < part[1]
        ]
    return sorted(left)


def _joined(spans: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        elif begin < end:
            joined.append((begin, end))
    return joined


def worth_of(monthly: Decimal, spans: Iterable[Span], zone: ZoneInfo) -> Decimal:
    """
    Return what service is worth during some spans that do not overlap, not rounded.

    :param monthly: its price a month
    :param zone: in which months begin
    """
    return sum(
        (
            monthly * Decimal(_seconds(span)) / Decimal(length)
            for begin_end in spans
            for span, length in _by_month(begin_end, zone)
        ),
        Decimal(0),
    )


def _by_month(span: Span, zone: ZoneInfo) -> Iterator[tuple[Span, int]]:
    """Cut a span where months begin; with each piece, the seconds of its month."""
    begin, end = span
    while begin < end:
        first = begin.astimezone(zone).date().replace(day=1)
        month = tuple(datetime.combine(day, time(), zone) for day in (first, months_after(first, 1)))
        until = min(end, month[1])
        yield (begin, until), _seconds((month[0], month[1]))
        begin = until


def _seconds(span: Span) -> int:
    return int(span[1].timestamp()) - int(span[0].timestamp())


def minutes_of(spans: Iterable[Span]) -> int:
    """Return how many whole minutes some spans that do not overlap are."""
    return sum(map(_seconds, spans)) // 60


# What is due.


@dataclass(frozen=True, kw_only=True)
class Due:
    """What an account is to be credited for an outage now."""

    account: Account
    minutes: int
    """Of the service that did not work longest."""
    monthly: Decimal
    """Of all that did not work."""
    due: Decimal
    """For the whole outage."""
    before: Decimal
    """Of it, what was credited or may be."""
    currency: str
    spans: dict[int, list[Span]]
    """The times that it is for, by service; none of them is credited in another outage."""
    is_shared: bool
    """Whether further times of it are credited in another outage."""

    @property
    def amount(self) -> Decimal:
        """The rest."""
        return self.due - self.before


@dataclass(frozen=True, kw_only=True)
class CreditOutlook:
    """Whether credits of an outage can be asked for, as far as that is known without reckoning them."""

    minutes: int
    """Of the outage so far."""
    refusal: str = ""
    """Why not, in words."""


def outlook_on_credits(outage: Outage) -> CreditOutlook:
    """Tell, in a few statements however many an outage affects, whether there may be anything to be credited."""
    minutes = minutes_of(_spans_of(outage, now()))
    try:
        _refuse_what_is_not_credited(outage, minutes)
    except NotAllowed as refusal:
        return CreditOutlook(minutes=minutes, refusal=refusal.message)
    return CreditOutlook(
        minutes=minutes, refusal=_("Credits for it wait for approval already.") if _waits(outage) else ""
    )


def _waits(outage: Outage) -> bool:
    return outage.credit_runs.filter(status__in=[CreditRunStatus.REQUESTED, CreditRunStatus.APPROVED]).exists()


@dataclass(frozen=True, kw_only=True)
class CreditPreview:
    """What a run of credits would be."""

    accounts: int
    total: Decimal
    currency: str
    minutes: int
    """Of the outage so far."""
    shared: int
    """Of the accounts, those that had another outage at the same time, in which a part of it is credited."""
    closed: int
    """Accounts that nothing can be credited to any more."""
    refusal: str = ""
    """Why there is nothing to be credited, in words."""


def preview_credits(outage: Outage) -> CreditPreview:
    """Reckon what `request_credits` would ask for now, by the same count; nothing is written."""
    until = now()
    found, refusal = [], ""
    try:
        found = _counted(outage, until)
    except NotAllowed as refused:
        refusal = refused.message
    return CreditPreview(
        accounts=len(found),
        total=sum((due.amount for due in found), ZERO),
        currency=found[0].currency if found else outage.division.currency,
        minutes=minutes_of(_spans_of(outage, until)),
        shared=sum(due.is_shared for due in found),
        closed=_accounts_of(outage).filter(status=AccountStatus.CLOSED).count(),
        refusal=refusal,
    )


def _counted(outage: Outage, until: datetime) -> list[Due]:
    """
    Return what is to be asked for.

    :raises NotAllowed: if nothing can be
    """
    if outage.is_open:
        raise NotAllowed(_("It is not over."), code="not_over")
    if _waits(outage):
        raise NotAllowed(_("Credits for it wait for approval already."), code="waits")
    _refuse_what_is_not_credited(outage, minutes_of(_spans_of(outage, until)))
    found = list(what_is_due(outage, until))
    if not found:
        raise NotAllowed(_("Everything was credited."), code="nothing")
    if any(due.currency != found[0].currency for due in found):
        raise NotAllowed(_("These accounts are billed in more than one currency."), code="currencies")
    return found


def _refuse_what_is_not_credited(outage: Outage, minutes: int) -> None:
    if outage.status == OutageStatus.WITHDRAWN or not minutes:
        raise NotAllowed(_("There was no outage to be credited."), code="none")
    if outage.kind == OutageKind.MAINTENANCE and not effective(outage.division, CREDITS_MAINTENANCE):
        raise NotAllowed(_("This market does not credit planned maintenance."), code="maintenance")
    least = effective(outage.division, CREDIT_AFTER)
    if minutes < least:
        message = _("It lasted %(minutes)d minutes: this market credits from %(least)d.")
        raise NotAllowed(message % {"minutes": minutes, "least": least}, code="short")


def _spans_of(outage: Outage, until: datetime) -> list[Span]:
    spells = outage.spells.all()
    return _joined((spell.began_at, min(spell.ended_at or until, until)) for spell in spells)


def _accounts_of(outage: Outage) -> QuerySet[Account]:
    return Account.objects.filter(pk__in=AffectedService.objects.filter(outage=outage).values("account"))


def what_is_due(outage: Outage, until: datetime, *, beside: CreditRun | None = None) -> Iterator[Due]:
    """
    Yield what each account is to be credited for an outage until a moment; those alone that something is due to.

    :param beside: a run whose own credits do not count as credited
    """
    ids = list(_accounts_of(outage).exclude(status=AccountStatus.CLOSED).order_by("pk").values_list("pk", flat=True))
    spans = _spans_of(outage, until)
    for first in range(0, len(ids), AT_ONCE):
        yield from _due_among(outage, ids[first : first + AT_ONCE], spans, beside)


def _due_among(outage: Outage, ids: Sequence[int], spans: list[Span], beside: CreditRun | None) -> Iterator[Due]:
    zone = outage.division.zone
    on = outage.starts_at.astimezone(zone).date()
    affected = AffectedService.objects.filter(outage=outage, account__in=ids).select_related(
        "service__line__order", "account__customer", "account__division"
    )
    elsewhere = _credited_elsewhere(outage, ids)
    before = _credited_before(outage, ids, beside)
    of_account: dict[Account, dict[int, tuple[Decimal, list[Span]]]] = defaultdict(dict)
    currency: dict[Account, str] = {}
    shared = set()
    for row in affected.order_by("account_id", "service_id"):
        service = row.service
        whole = _joined(_within(service, spans, zone))
        own = without(whole, elsewhere.get(service.pk, []))
        if own != whole:
            shared.add(row.account)
        of_account[row.account][service.pk] = (service.monthly_on(max(on, service.since)), own)
        currency[row.account] = service.line.order.currency or outage.division.currency
    for account, services in of_account.items():
        exact = sum((worth_of(monthly, own, zone) for monthly, own in services.values()), Decimal(0))
        due = Due(
            account=account,
            minutes=max(minutes_of(own) for _monthly, own in services.values()),
            monthly=sum((monthly for monthly, own in services.values() if own), ZERO),
            due=round_money(exact, currency[account]),
            before=before.get(account.pk, ZERO),
            currency=currency[account],
            spans={service_id: own for service_id, (_monthly, own) in services.items() if own},
            is_shared=account in shared,
        )
        if due.amount > 0:
            yield due


def _within(service: InstalledService, spans: list[Span], zone: ZoneInfo) -> list[Span]:
    """Cut spans to the days on which a service was there."""
    since = datetime.combine(service.since, time(), zone)
    until = datetime.combine(service.until, time(), zone) if service.until else None
    cut = ((max(begin, since), min(end, until) if until else end) for begin, end in spans)
    return [(begin, end) for begin, end in cut if begin < end]


def _credited_elsewhere(outage: Outage, ids: Collection[int]) -> dict[int, list[Span]]:
    """
    Return for which times services are credited in other outages, or may be, by service.

    Each credit says so itself: what was corrected, reopened or asked for since changes nothing about it. So the sum is the
    same in whatever order credits are asked for and approved.
    """
    elsewhere: dict[int, list[Span]] = defaultdict(list)
    for spans in _credits_that_count(ids).exclude(outage=outage).values_list("spans", flat=True):
        for service_id, pairs in spans.items():
            elsewhere[int(service_id)] += [
                (datetime.fromisoformat(begin), datetime.fromisoformat(end)) for begin, end in pairs
            ]
    return elsewhere


def _credits_that_count(ids: Collection[int]) -> QuerySet[OutageCredit]:
    return OutageCredit.objects.filter(account__in=ids, status__in=sorted(CREDITS_THAT_COUNT)).order_by()


def _credited_before(outage: Outage, ids: Collection[int], beside: CreditRun | None) -> dict[int, Decimal]:
    counted = _credits_that_count(ids).filter(outage=outage).exclude(run=beside)
    return dict(counted.values_list("account").annotate(total=Sum("amount")))


# Asked for by one, approved by another.


@transaction.atomic
def request_credits(outage_id: int, *, shown: Decimal | None = None, by: User) -> CreditRun:
    """
    Ask for the credits of an outage: they are counted now, and wait for somebody else's approval.

    :param shown: the sum that the asking person saw, where they saw one: credits of another outage that were asked for
        since may have taken time
    :raises NotAllowed: if the person may not, the outage is not over or is not credited, credits for it wait for
        approval already, everything was credited, the accounts are billed in more than one currency, one of them is
        the person's own, or another sum is due by now
    """
    outage = locked_outage(outage_id, by)
    hold_counting()
    until = now()
    found = _counted(outage, until)
    total = sum((due.amount for due in found), ZERO)
    if shown not in (None, total):
        raise NotAllowed(_("The sum has changed since you saw it. Look at it again."), code="other_sum")
    run = CreditRun.objects.create(
        outage=outage, division=outage.division, counted_until=until, currency=found[0].currency, requested_by=by
    )
    attempts = _attempts(outage)
    credits_ = [_credit(run, due, attempts.get(due.account.pk, 0) + 1) for due in found]
    OutageCredit.objects.bulk_create(credits_, batch_size=5000)
    if _is_credited_in(run, by):
        raise NotAllowed(_("You are credited in it: somebody else has to ask for it."), code="own_credit")
    run.count, run.total = len(credits_), total
    run.checksum = checksum_of(credits_)
    run.save(update_fields=["count", "total", "checksum"])
    return _announce(run, by=by)


def hold_counting() -> None:
    """
    Let credits be counted for one outage after another: each must see what the others credit.

    It is called before a run is held.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('tickets.outage_credits'))")


def _attempts(outage: Outage) -> dict[int, int]:
    counts: dict[int, int] = defaultdict(int)
    for account_id in OutageCredit.objects.filter(outage=outage).order_by().values_list("account_id", flat=True):
        counts[account_id] += 1
    return counts


def _credit(run: CreditRun, due: Due, attempt: int) -> OutageCredit:
    return OutageCredit(
        run=run, outage=run.outage, account=due.account, division=due.account.division, minutes=due.minutes,
        monthly=due.monthly, due=due.due, credited_before=due.before, amount=due.amount, currency=due.currency,
        spans={service_id: [[at.isoformat() for at in span] for span in spans] for service_id, spans in due.spans.items()},
        request_id=f"outage-{run.outage_id}-{due.account.pk}-{attempt}",
    )  # fmt: skip


def checksum_of(credits_: Iterable[OutageCredit]) -> str:
    """Return the SHA-256 over credits in the order of their request ids: to whom, how much, under which id."""
    seal = hashlib.sha256()
    for credit in sorted(credits_, key=lambda one: one.request_id):
        seal.update(f"{credit.account_id}:{credit.amount:.2f}:{credit.currency}:{credit.request_id}\n".encode())
    return seal.hexdigest()


def _announce(run: CreditRun, *, by: User | None) -> CreditRun:
    fact = CreditRunMoved(run_id=run.pk, outage_id=run.outage_id, status=run.status)
    publish(fact, subject=run, about=[run.outage], division=run.division, by=by)
    return run


def _locked_run(run_id: int) -> CreditRun:
    return CreditRun.objects.locked().select_related("division", "outage").get(pk=run_id)


@transaction.atomic
def approve_credits(run_id: int, *, shown: Decimal | None = None, by: User) -> CreditRun:
    """
    Answer for credits that somebody else has asked for: they are sent to billing.

    :param shown: the sum that the approving person saw, where they saw one
    :raises NotAllowed: if the person asked for them, they or who did are not confirmed, is credited in it or may not approve
        there, they were approved or discarded before, or are not those that were asked for or seen; with code
        `changed`, if other credits would be due now, with the first that differ
    """
    hold_counting()
    run = _locked_run(run_id)
    require(by, Permission.APPROVE_OUTAGE_CREDITS, run.division)
    require_second_person(by, [run.requested_by_id])
    if _is_credited_in(run, by):
        raise NotAllowed(_("You are credited in it: somebody else has to approve it."), code="own_credit")
    run.approve(by=by, at=now())
    credits_ = list(run.credits.filter(status=CreditStatus.PENDING).select_related("account"))
    total = sum((credit.amount for credit in credits_), ZERO)
    if (len(credits_), total, checksum_of(credits_)) != (run.count, run.total, run.checksum):
        raise NotAllowed(_("The credits are not those that were asked for. Discard them."), code="tampered")
    if shown is not None and shown != run.total:
        raise NotAllowed(_("The sum has changed since you saw it. Look at it again."), code="other_sum")
    _refuse_what_has_changed(run, credits_)
    run.save(update_fields=["status", "approved_by", "approved_at"])
    return _announce(run, by=by)


def _refuse_what_has_changed(run: CreditRun, credits_: Iterable[OutageCredit]) -> None:
    """
    Count once more: since they were asked for, a service may have ended, or those of another outage been discarded.

    Credits of others that were asked for meanwhile are none of that: they have left these their time.
    """
    asked = {credit.account: credit.amount for credit in credits_}
    due = {one.account: one.amount for one in what_is_due(run.outage, run.counted_until, beside=run)}
    differing = [account for account in {**asked, **due} if asked.get(account, ZERO) != due.get(account, ZERO)]
    if not differing:
        return

    def money(amount: Decimal) -> str:
        return format_money(amount, run.currency, translation.get_language() or "en")

    said = ngettext(
        "%(count)d account is due something else by now: %(which)s. Discard these credits and ask for them again.",
        "%(count)d accounts are due something else by now: %(which)s. Discard these credits and ask for them again.",
        len(differing),
    )
    which = [
        _("%(account)s %(now)s instead of %(then)s")
        % {"account": one.number, "now": money(due.get(one, ZERO)), "then": money(asked.get(one, ZERO))}
        for one in sorted(differing, key=lambda one: one.number)[:NAMED]
    ]
    raise NotAllowed(said % {"count": len(differing), "which": ", ".join(which)}, code="changed")


def _is_credited_in(run: CreditRun, person: User) -> bool:
    """Tell whether somebody signs in for one of those who are credited."""
    theirs = Q(account__customer__user=person) | Q(account__customer__delegates__user=person)
    return run.credits.filter(theirs).exists()


@transaction.atomic
def discard_credits(run_id: int, *, by: User) -> CreditRun:
    """
    Credit nothing of a run that waits for approval.

    :raises NotAllowed: if the person may neither declare outages nor approve credits there, or it was approved
    """
    run = _locked_run(run_id)
    _require_either(by, run)
    run.discard()
    run.save(update_fields=["status"])
    waiting = list(run.credits.locked().filter(status=CreditStatus.PENDING))
    for credit in waiting:
        credit.discard()
    OutageCredit.objects.bulk_update(waiting, ["status"], batch_size=1000)
    return _announce(run, by=by)


def count_anew(outage: Outage, *, by: User) -> None:
    """
    Discard the credits of a locked outage that wait for approval, and ask for those that are due now, if any are.

    :raises NotAllowed: if the person may not, or credits are due that they cannot ask for now
    """
    hold_counting()
    for run in outage.credit_runs.filter(status=CreditRunStatus.REQUESTED):
        discard_credits(run.pk, by=by)
        try:
            request_credits(outage.pk, by=by)
        except NotAllowed as refusal:
            if refusal.code not in NOTHING_DUE:
                message = _("Credits for it wait for approval, and cannot be counted anew: discard them first. %(why)s")
                raise NotAllowed(message % {"why": refusal.message}, code=refusal.code) from refusal


def _require_either(by: User, run: CreditRun) -> None:
    try:
        require(by, Permission.APPROVE_OUTAGE_CREDITS, run.division)
    except NotAllowed:
        require(by, Permission.DECLARE_OUTAGES, run.division)


# Posted, and answered.


@transaction.atomic
def post_credits(run_id: int) -> Job:
    """
    Let the workers send approved credits to billing.

    :raises NotAllowed: if they are not approved, or were sent before
    """
    run = _locked_run(run_id)
    job = start_job(
        POSTING,
        title=_("Credits: %(outage)s") % {"outage": run.outage},
        division=run.division,
        total=run.count,
        chunk_size=CHUNK,
        params={"run": run.pk},
        by=run.approved_by,
    )
    run.submit(job)
    run.save(update_fields=["status", "job"])
    _announce(run, by=None)
    return job


def post_chunk(job: Job, chunk: JobChunk) -> ChunkResult:
    """Ask billing for the credits of a chunk: of the run's, which no longer change, its first to its last."""
    ids = list(
        OutageCredit.objects.filter(run=job.params["run"])
        .order_by("pk")
        .values_list("pk", flat=True)[chunk.first - 1 : chunk.last]
    )
    related = ("account__customer", "division", "outage", "run")
    for credit in OutageCredit.objects.locked().filter(pk__in=ids).select_related(*related).order_by("pk"):
        if credit.status == CreditStatus.PENDING:
            credit.send(_ask_for(credit, credit.request_id, by=None), at=now())
            credit.save(update_fields=["status", "submission", "sent_at"])
    return ChunkResult(done=len(ids))


def _ask_for(credit: OutageCredit, request_id: str, *, by: User | None) -> Submission:
    account = credit.account
    with translation.override(account.customer.language):
        reason = _("Outage %(number)d, %(minutes)d minutes") % {
            "number": credit.outage_id,
            "minutes": credit.minutes,
        }
    return grant_credit(
        request_id=request_id,
        division=credit.division,
        credit=Credit(account_number=account.number, amount=credit.amount, currency=credit.currency, reason=reason),
        subject=credit,
        about=[credit.outage, account],
        by=by,
    )


@transaction.atomic
def resend_credit(credit_id: int, *, by: User) -> OutageCredit:
    """
    Ask billing once more for a credit that it refused, under another request id: to the first it has said no.

    :raises NotAllowed: if the person may not, it was not refused, or is on its way
    """
    related = ("account__customer", "division", "outage")  # another's submission may be asked for while this one waits
    credit = OutageCredit.objects.locked().select_related(*related).get(pk=credit_id)
    require(by, Permission.SETTLE_SUBMISSIONS, credit.division)
    if not credit.may_be_sent_again:
        raise NotAllowed(_("It was not refused, or is on its way."), code="not_refused")
    asked = submissions_for(credit).count()
    credit.submission = _ask_for(credit, f"{credit.request_id}-{asked + 1}", by=by)
    credit.save(update_fields=["submission"])
    return credit


@transaction.atomic
def record_credit_confirmed(request_id: str, credit_id: str) -> None:
    """
    Note that billing has credited an account for an outage. Credits of others are not ours to note.

    :raises NotAllowed: if that was known
    """
    if credit := _asked_under(request_id):
        credit.confirm(credit_id, at=now())
        credit.save(update_fields=["status", "credit_id", "confirmed_at", "problem"])
        _conclude(credit.run_id)


@transaction.atomic
def record_credit_refused(request_id: str, reason: str) -> None:
    """
    Note that billing will not credit an account: a person sends it again, or leaves it.

    :raises NotAllowed: if that was known, or it was credited
    """
    if credit := _asked_under(request_id):
        credit.return_(reason)
        credit.save(update_fields=["status", "problem"])
        _conclude(credit.run_id)


def _asked_under(request_id: str) -> OutageCredit | None:
    asked = Q(request_id=request_id) | Q(submission__request_id=request_id)
    return OutageCredit.objects.locked().filter(asked).first()


def _conclude(run_id: int) -> None:
    """End a run when every credit has its answer."""
    run = _locked_run(run_id)
    open_ = run.credits.filter(status__in=[CreditStatus.PENDING, CreditStatus.SENT])
    if run.status not in (CreditRunStatus.POSTED, CreditRunStatus.PARTLY_RETURNED) or open_.exists():
        return
    is_whole = not run.credits.filter(status=CreditStatus.RETURNED).exists()
    if run.status == CreditRunStatus.PARTLY_RETURNED and not is_whole:
        return
    run.conclude(is_whole=is_whole, at=now())
    run.save(update_fields=["status", "concluded_at"])
    _announce(run, by=None)

"""Credits for outages: asked for by one, who sees the sum, and approved by another, for whom they are counted once more."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection, transaction
from django.utils import translation
from django.utils.translation import gettext as _, ngettext

from accounts.queries import of_own
from accounts.states import AccountStatus
from foundation.divisions.queries import effective
from foundation.events.services import publish
from foundation.lifecycle import NotAllowed
from foundation.money import ZERO, format_money
from foundation.now import now
from foundation.people.models import User
from foundation.people.services import require, require_second_person
from foundation.people.states import Permission
from tickets.events import CreditRunMoved
from tickets.models import CreditRun, Outage, OutageCredit
from tickets.services.outages.extent import locked_outage
from tickets.services.outages.reckoning import Due, accounts_of, minutes_of, spans_of, what_is_due
from tickets.settings import CREDIT_AFTER, CREDITS_MAINTENANCE
from tickets.states import CreditRunStatus, CreditStatus, OutageKind, OutageStatus

NAMED = 3
"""Accounts that a refusal names."""
NOTHING_DUE = frozenset({"none", "maintenance", "short", "nothing"})
"""Codes of refusals that say that nothing is to be credited."""


@dataclass(frozen=True, kw_only=True)
class CreditOutlook:
    """Whether credits of an outage can be asked for, as far as that is known without reckoning them."""

    minutes: int
    """Of the outage so far."""
    refusal: str = ""
    """Why not, in words."""


def outlook_on_credits(outage: Outage) -> CreditOutlook:
    """Tell, in a few statements however many an outage affects, whether there may be anything to be credited."""
    minutes = minutes_of(spans_of(outage, now()))
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
        minutes=minutes_of(spans_of(outage, until)),
        shared=sum(due.is_shared for due in found),
        closed=accounts_of(outage).filter(status=AccountStatus.CLOSED).count(),
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
    _refuse_what_is_not_credited(outage, minutes_of(spans_of(outage, until)))
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
    return announce(run, by=by)


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


def announce(run: CreditRun, *, by: User | None) -> CreditRun:
    """Tell that a run has moved."""
    fact = CreditRunMoved(run_id=run.pk, outage_id=run.outage_id, status=run.status)
    publish(fact, subject=run, about=[run.outage], division=run.division, by=by)
    return run


def locked_run(run_id: int) -> CreditRun:
    """Hold a run of credits."""
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
    run = locked_run(run_id)
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
    return announce(run, by=by)


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
    return run.credits.filter(of_own(person, "account__customer")).exists()


@transaction.atomic
def discard_credits(run_id: int, *, by: User) -> CreditRun:
    """
    Credit nothing of a run that waits for approval.

    :raises NotAllowed: if the person may neither declare outages nor approve credits there, or it was approved
    """
    run = locked_run(run_id)
    _require_either(by, run)
    run.discard()
    run.save(update_fields=["status"])
    waiting = list(run.credits.locked().filter(status=CreditStatus.PENDING))
    for credit in waiting:
        credit.discard()
    OutageCredit.objects.bulk_update(waiting, ["status"], batch_size=1000)
    return announce(run, by=by)


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

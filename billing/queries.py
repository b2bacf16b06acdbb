"""What may be read of submissions, and of what billing systems say of accounts."""

from collections.abc import Iterable
from datetime import date, datetime

from django.db import models
from django.db.models import Min, Q, QuerySet

from accounts.models import Account
from billing.events import SubmissionRequested
from billing.models import (
    AgedBalance,
    BillingSystem,
    Invoice,
    Polling,
    ServiceStatusReport,
    Submission,
    SubmissionQuerySet,
)
from billing.states import SubmissionStatus
from foundation.events.models import Delivery
from foundation.people.queries import Person, divisions_visible_to


def submissions_visible_to(user: Person) -> SubmissionQuerySet:
    """Return the submissions of the divisions that a member of staff may see."""
    return Submission.objects.filter(division__in=divisions_visible_to(user))


def submissions_for(subject: models.Model) -> SubmissionQuerySet:
    """Return what was asked for a row, such as an order: its work order first, then what was asked about it."""
    label = subject._meta.label_lower
    return Submission.objects.filter(subject_type=label, subject_id=subject.pk).order_by("pk")


def next_tries(submissions: Iterable[Submission]) -> dict[int, datetime]:
    """Return when those of some submissions that go on by themselves are tried next, by their ids, in one statement."""
    going_on = [one for one in submissions if one.is_open and one.set_aside_at is None and one.last_error]
    in_doubt = {one.pk: one.due_at for one in going_on if one.status != SubmissionStatus.PENDING}
    waiting = [one.pk for one in going_on if one.pk not in in_doubt]
    if not waiting:
        return in_doubt
    owed = Delivery.objects.outstanding().filter(
        event__name=SubmissionRequested.name,
        event__subject_type=Submission._meta.label_lower,
        event__subject_id__in=waiting,
    )
    tries = owed.values_list("event__subject_id").annotate(Min("due_at"))
    return {**in_doubt, **dict(tries)}


def systems_away(user: Person, codes: Iterable[str]) -> QuerySet[Polling]:
    """
    Return what was last heard of the billing systems that could not be read the last time they were asked.

    :param codes: those that count beside the ones that are run by a person's own divisions
    """
    concerned = Q(billing_system__division__in=divisions_visible_to(user)) | Q(billing_system__code__in=list(codes))
    away = Polling.objects.filter(concerned, billing_system__is_active=True).exclude(error="")
    return away.select_related("billing_system__division").order_by("billing_system__code")


def ids_due_for_look_up(at: datetime, *, limit: int) -> list[int]:
    """Return the submissions whose outcome is in doubt and whose time to be looked up has come, oldest first."""
    return list(Submission.objects.due_for_look_up(at).order_by("due_at").values_list("pk", flat=True)[:limit])


def ids_of_active_systems() -> list[int]:
    """Return the billing systems that are polled."""
    return list(BillingSystem.objects.filter(is_active=True).values_list("pk", flat=True))


# What is known of accounts.


def invoices_of(account: Account) -> QuerySet[Invoice]:
    """Return an account's bills, the newest first."""
    return Invoice.objects.filter(account=account).order_by("-issued_on", "-pk")


def service_statuses_of(account_id: int, on: date) -> QuerySet[ServiceStatusReport]:
    """Return what was said of an account's service up to a day, the latest first; of one day, the last said."""
    reports = ServiceStatusReport.objects.filter(account=account_id, effective_on__lte=on)
    return reports.order_by("-effective_on", "-occurred_at", "-event_id")


def accounts_with_news_of_service(first: date, last: date) -> list[int]:
    """Return the accounts of whose service something was said that counts from one of these days on."""
    reports = ServiceStatusReport.objects.filter(effective_on__range=(first, last), account__isnull=False)
    return list(reports.order_by("account").values_list("account_id", flat=True).distinct())


def overdue_balances(before: date) -> QuerySet[AgedBalance]:
    """Return the aged balances with an unpaid bill that was due before a day."""
    return AgedBalance.objects.filter(past_due__gt=0, oldest_due_on__lt=before)

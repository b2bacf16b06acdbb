"""What may be read of submissions, of the facts that billing systems told, and of what they say of accounts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar

from django.db import connection, models
from django.db.models import Min, Q, QuerySet

from accounts.models import Account
from billing.events import SubmissionRequested
from billing.models import (
    AgedBalance,
    Allocation,
    BillingSystem,
    InboundFact,
    Invoice,
    Polling,
    PostedCredit,
    ServiceStatusReport,
    Submission,
    SubmissionQuerySet,
)
from billing.states import BillStatus, SubmissionStatus
from foundation.events.models import Delivery
from foundation.now import today
from foundation.people.models import User
from foundation.people.queries import Person, divisions_visible_to, divisions_where
from foundation.people.states import Permission

AccountRow = TypeVar("AccountRow", Invoice, Allocation, ServiceStatusReport, AgedBalance, PostedCredit)


def submissions_visible_to(user: Person) -> SubmissionQuerySet:
    """Return the submissions of the divisions that a member of staff may see."""
    return Submission.objects.filter(division__in=divisions_visible_to(user))


def inbound_facts_visible_to(user: Person) -> models.QuerySet[InboundFact]:
    """Return what the billing systems told that are run by divisions that a member of staff may see."""
    return InboundFact.objects.filter(billing_system__division__in=divisions_visible_to(user))


def billing_systems_visible_to(user: Person) -> models.QuerySet[BillingSystem]:
    """Return the billing systems run by divisions that a member of staff may see."""
    return BillingSystem.objects.filter(division__in=divisions_visible_to(user))


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


# What is known of accounts. Staff see it where they see orders; customers see their own, and nobody else's.


def invoices_visible_to(user: Person) -> QuerySet[Invoice]:
    """Return the bills that a person may see."""
    return _visible(Invoice.objects.all(), user)


def allocations_visible_to(user: Person) -> QuerySet[Allocation]:
    """Return what pays the bills that a person may see."""
    return _visible(Allocation.objects.all(), user)


def service_statuses_visible_to(user: Person) -> QuerySet[ServiceStatusReport]:
    """Return what billing systems said of the service of accounts that a person may see."""
    return _visible(ServiceStatusReport.objects.all(), user)


def aged_balances_visible_to(user: Person) -> QuerySet[AgedBalance]:
    """Return what the accounts owe past its due date that a person may see."""
    return _visible(AgedBalance.objects.all(), user)


def posted_credits_visible_to(user: Person) -> QuerySet[PostedCredit]:
    """Return the credits on accounts that a person may see."""
    return _visible(PostedCredit.objects.all(), user)


def _visible(rows: QuerySet[AccountRow], user: Person) -> QuerySet[AccountRow]:
    visible = Q(division__in=divisions_where(user, Permission.SEE_ORDERS))
    if isinstance(user, User):
        visible |= Q(account__customer__user=user)
    return rows.filter(visible)


def invoices_of(account: Account) -> QuerySet[Invoice]:
    """Return an account's bills, the newest first."""
    return Invoice.objects.filter(account=account).order_by("-issued_on", "-pk")


def payments_of(account: Account) -> QuerySet[Allocation]:
    """Return what pays, or no longer pays, an account's bills, the newest first."""
    return Allocation.objects.filter(account=account).order_by("-effective_on", "-pk")


def credits_of(account: Account) -> QuerySet[PostedCredit]:
    """Return the credits on an account, the newest first."""
    return PostedCredit.objects.filter(account=account).order_by("-posted_on", "-pk")


def aged_balances_of(account: Account) -> QuerySet[AgedBalance]:
    """Return what an account owes past its due date, by billing system."""
    return AgedBalance.objects.filter(account=account)


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


@dataclass(frozen=True, kw_only=True)
class BillLine:
    """A bill as it stands on a day. `amount` includes `tax`; `paid` is what pays it then, less what was taken back."""

    invoice_id: str
    issued_on: date
    due_on: date
    amount: Decimal
    tax: Decimal
    currency: str
    paid: Decimal
    paid_on: date | None
    """The day from which it was paid and stayed so; none where it is not paid."""
    status: BillStatus

    @property
    def is_late(self) -> bool:
        """Whether it was paid after its due date, or is due and not paid."""
        return self.status in {BillStatus.OVERDUE, BillStatus.PAID_LATE}


_BILLS = """
SELECT bill.invoice_id, bill.issued_on, bill.due_on, bill.amount, bill.tax, bill.currency,
       coalesce(payment.total, 0), payment.paid_on
FROM billing_invoice bill
CROSS JOIN LATERAL (
    WITH days AS (
        SELECT effective_on, sum(sum(amount)) OVER (ORDER BY effective_on) AS total
        FROM billing_allocation
        WHERE invoice_id = bill.invoice_id AND billing_system_id = bill.billing_system_id AND effective_on <= %(on)s
        GROUP BY effective_on
    )
    SELECT (SELECT total FROM days ORDER BY effective_on DESC LIMIT 1) AS total,
           (SELECT min(effective_on) FROM days WHERE effective_on > coalesce(
               (SELECT max(effective_on) FROM days WHERE total < bill.amount), '-infinity')) AS paid_on
) payment
WHERE bill.account_id = %(account)s AND bill.issued_on <= %(on)s
ORDER BY bill.issued_on DESC, bill.id DESC
"""
"""A bill is paid on the first day from which the running sum of what pays it stays at its amount or above."""


def account_bills(account: Account, on: date | None = None) -> list[BillLine]:
    """
    Return an account's bills as they stand on a day, the newest first, in one query.

    :param on: a day in the division's zone; today by default. What counts from a later day is not known yet.
    """
    on = on or today(account.division)
    with connection.cursor() as cursor:
        cursor.execute(_BILLS, {"account": account.pk, "on": on})
        return [_bill_line(row, on) for row in cursor.fetchall()]


def _bill_line(row: tuple[str, date, date, Decimal, Decimal, str, Decimal, date | None], on: date) -> BillLine:
    invoice_id, issued_on, due_on, amount, tax, currency, paid, paid_on = row
    if (paid_on or on) > due_on:
        status = BillStatus.PAID_LATE if paid_on else BillStatus.OVERDUE
    else:
        status = BillStatus.PAID if paid_on else BillStatus.OPEN
    return BillLine(
        invoice_id=invoice_id,
        issued_on=issued_on,
        due_on=due_on,
        amount=amount,
        tax=tax,
        currency=currency,
        paid=paid,
        paid_on=paid_on,
        status=status,
    )

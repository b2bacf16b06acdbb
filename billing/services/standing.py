"""Whether an account's bills are overdue, as its billing systems say."""

from collections.abc import Iterator
from datetime import date, timedelta

from django.db import transaction

from accounts.models import Account
from accounts.services import set_standing
from accounts.states import Standing
from billing.models import AgedBalance
from billing.queries import overdue_balances
from billing.settings import DELINQUENT_AFTER_DAYS
from foundation.divisions.models import Division
from foundation.divisions.queries import effective
from foundation.now import today


@transaction.atomic
def judge_standing(account_id: int) -> None:
    """
    Set an account's standing by its aged balances: overdue where one is older than its market allows, else good.

    The account is held before its balances are read, so that of two facts at once the later judge sees both.
    """
    account = Account.objects.locked().select_related("division").get(pk=account_id)
    is_overdue = overdue_balances(_overdue_before(account.division)).filter(account=account).exists()
    set_standing(account.pk, Standing.DELINQUENT if is_overdue else Standing.GOOD, by=None)


def review_standings() -> int:
    """Judge again the accounts that time, or another setting, has brought into another standing; return how many."""
    changed = list(_out_of_date())
    for account_id in changed:
        judge_standing(account_id)
    return len(changed)


def _out_of_date() -> Iterator[int]:
    concerned = AgedBalance.objects.exclude(account=None)
    for division in Division.objects.filter(pk__in=concerned.values("division")):
        overdue = overdue_balances(_overdue_before(division)).filter(division=division)
        newly = overdue.filter(account__standing=Standing.GOOD).values_list("account_id", flat=True).distinct()
        yield from newly.iterator()
        delinquent = Account.objects.filter(standing=Standing.DELINQUENT, division=division)
        no_longer = delinquent.filter(pk__in=concerned.values("account")).exclude(pk__in=overdue.values("account"))
        yield from no_longer.values_list("pk", flat=True).iterator()


def _overdue_before(division: Division) -> date:
    """Return the day before which a bill must have been due for its account to count as overdue."""
    return today(division) - timedelta(days=effective(division, DELINQUENT_AFTER_DAYS))

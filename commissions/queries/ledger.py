"""What the ledger says: balances at any date, and one mark for all of it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from django.db import connection
from django.db.models import Max, OuterRef, QuerySet, Subquery, Sum

from commissions.models import ClosedPeriod, LedgerEntry
from commissions.states import LedgerAccount
from foundation.divisions.models import Division
from foundation.money import ZERO
from foundation.now import today

DEBIT_ACCOUNTS = frozenset({LedgerAccount.EXPENSE, LedgerAccount.RECEIVABLE})
"""The accounts that grow by a debit: what rewards have cost, and what payees owe us."""
OWED = (LedgerAccount.HELD, LedgerAccount.PAYABLE, LedgerAccount.IN_TRANSIT)


@dataclass(frozen=True)
class Balance:
    """The balances of all accounts in one currency, each above zero on its own side."""

    currency: str
    accounts: Mapping[LedgerAccount, Decimal] = field(default_factory=dict)

    def __getitem__(self, account: LedgerAccount) -> Decimal:
        return self.accounts.get(account, ZERO)

    @property
    def owed(self) -> Decimal:
        """What we owe: held, payable and in transit."""
        return sum((self[account] for account in OWED), ZERO)

    @property
    def difference(self) -> Decimal:
        """What both sides differ by: zero, by construction."""
        return sum((self[account] * (1 if account in DEBIT_ACCOUNTS else -1) for account in LedgerAccount), ZERO)


def balances(entries: QuerySet[LedgerEntry], on: date | None = None) -> dict[str, Balance]:
    """
    Return the balances of some entries by currency, in one query.

    :param entries: of a payee, a division, or all that somebody may see
    :param on: as of the end of which day, by what was true then; None: with everything
    """
    if on:
        entries = entries.filter(effective_on__lte=on)
    sums = entries.order_by().values("currency", "debit", "credit").annotate(moved=Sum("amount"))
    found: dict[str, dict[LedgerAccount, Decimal]] = defaultdict(lambda: defaultdict(lambda: ZERO))
    for row in sums:
        for code, is_debit in ((row["debit"], True), (row["credit"], False)):
            account = LedgerAccount(code)
            moved = row["moved"] if is_debit == (account in DEBIT_ACCOUNTS) else -row["moved"]
            found[row["currency"]][account] += moved
    return {currency: Balance(currency, dict(accounts)) for currency, accounts in found.items()}


def months_to_close(divisions: Iterable[Division]) -> list[tuple[Division, date]]:
    """
    Return the months that may be closed, the earliest first in each division: all that are over since the last closed.

    Where nothing was closed yet, they begin with the first month in which something was posted there or below.
    """
    closed: dict[int, date] = dict(ClosedPeriod.objects.order_by().values_list("division").annotate(Max("period")))
    posted: dict[int, date] = {}
    first = LedgerEntry.objects.filter(division=OuterRef("pk")).order_by("period").values("period")[:1]
    for lineage, period in (
        Division.objects.annotate(first=Subquery(first)).exclude(first=None).values_list("lineage", "first")
    ):
        for division_id in lineage:
            posted[division_id] = min(period, posted.get(division_id, period))
    return [
        (division, month)
        for division in divisions
        if division.pk in posted
        for month in _months(_first_open(division, closed) or posted[division.pk], before=today(division))
    ]


def _first_open(division: Division, closed: Mapping[int, date]) -> date | None:
    last = max((closed[pk] for pk in division.lineage if pk in closed), default=None)
    return next_month(last) if last else None


def next_month(period: date) -> date:
    """Return the first day of the month after a day's."""
    return (period.replace(day=1) + timedelta(days=32)).replace(day=1)


def _months(first: date, *, before: date) -> Iterator[date]:
    while first < before.replace(day=1):
        yield first
        first = next_month(first)


def ledger_hash() -> str:
    """
    Return a mark of all that the ledger says: SHA-256 over payees, amounts, rule versions, kinds and dates.

    The same business gives the same mark, whatever the ids, and whenever and in whatever order it was posted.
    """
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT encode(sha256(convert_to(coalesce(string_agg(line, E'\\n' ORDER BY line COLLATE "C"), ''), 'UTF8')), 'hex')
            FROM (
                SELECT concat_ws('|', account.number, entry.amount, entry.currency, rule.code, version.number, entry.kind,
                    entry.effective_on) AS line
                FROM commissions_ledgerentry entry
                JOIN commissions_payee payee ON payee.id = entry.payee_id
                JOIN accounts_account account ON account.id = payee.account_id
                JOIN commissions_ruleversion version ON version.id = entry.version_id
                JOIN commissions_rule rule ON rule.id = version.rule_id
            ) lines
        """)
        return str(cursor.fetchone()[0])

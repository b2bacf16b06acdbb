"""
A payee's statement of a month: what was owed at its beginning, everything that moved, what was owed at its end.

Staff read all of it. What the payee reads begins where something is earned: the entries of what still qualifies would
tell on which day a friend was late with a bill. What was earned and is on hold, because a bank has sent it back or somebody
looks at it, tells nothing of a friend: it is owed, and stands there. For the same reason a payee reads of each movement the
day on which it was booked, not the one on which it became true: the day on which a friend left.

A month is that in which entries are booked, so that the statement of a closed month never changes, and each one begins
with what the one before ended with.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from django.db.models import OuterRef, Prefetch, Q, QuerySet, Subquery, Sum
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from commissions.models import ClosedPeriod, Dispute, LedgerEntry, Payee, Reward
from commissions.states import EntryKind, HoldReason, LedgerAccount, Side
from foundation.cells import Cell
from foundation.moments import YEARS
from foundation.money import ZERO
from foundation.now import today

ROWS: tuple[tuple[EntryKind, str | Promise], ...] = (
    (EntryKind.ACCRUAL, _("Promised: begun to qualify")),
    (EntryKind.REINSTATE, _("Qualifying again")),
    (EntryKind.FORFEIT, _("Not eligible after all")),
    (EntryKind.RELEASE, _("Earned, or released from hold")),
    (EntryKind.HOLD, _("Put on hold, or came back from the bank")),
    (EntryKind.CLAWBACK, _("Taken back")),
    (EntryKind.CORRECT, _("Corrected in your favor")),
    (EntryKind.RECOVER, _("Set off against what was taken back")),
    (EntryKind.WRITE_OFF, _("Claim given up")),
    (EntryKind.CHARGE, _("Claim charged on the bill")),
    (EntryKind.SETTLE, _("Paid: credited, or transferred")),
    (EntryKind.RETURN, _("Paid, and sent back by the bank")),
)
"""The lines of a statement. What is sent, and returned before it was paid, moves within what can be paid: it is not told."""
ACCOUNTS_OF_EARNED = (LedgerAccount.PAYABLE, LedgerAccount.IN_TRANSIT, LedgerAccount.RECEIVABLE)
TOUCHES_EARNED = Q(debit__in=ACCOUNTS_OF_EARNED) | Q(credit__in=ACCOUNTS_OF_EARNED)
OF_WHAT_IS_ON_HOLD = Q(held_by=EntryKind.HOLD) & (Q(debit=LedgerAccount.HELD) | Q(credit=LedgerAccount.HELD))
"""What moves earned money that is on hold, among entries that `told_of` has looked at."""


@dataclass(frozen=True)
class Position:
    """What is held, what can be paid (or is on its way), what is claimed back, and what is owed on the whole."""

    held: Decimal = ZERO
    """To the payee: of what was earned alone, and is on hold."""
    payable: Decimal = ZERO
    receivable: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """What we owe the payee, less what they owe us."""
        return self.held + self.payable - self.receivable

    @property
    def is_nothing(self) -> bool:
        """Whether nothing stands anywhere."""
        return not (self.held or self.payable or self.receivable)

    def __add__(self, other: "Position") -> "Position":
        return Position(self.held + other.held, self.payable + other.payable, self.receivable + other.receivable)


@dataclass(frozen=True)
class StatementRow:
    """All movements of one kind."""

    kind: EntryKind
    label: str | Promise
    moved: Position


@dataclass(frozen=True)
class StatementLine:
    """One movement: the entry, with its reward and referral read, and what it changed."""

    entry: LedgerEntry
    moved: Position
    is_own: bool = False
    """Whether it is as the payee reads it."""

    @property
    def amount(self) -> Decimal:
        """How much the whole has changed, or what was moved within it."""
        return self.moved.total or self.entry.amount

    @property
    def what(self) -> str:
        """What has happened, in words: of a transfer that came back, that it did; to the payee, what was released after that."""
        entry = self.entry
        if entry.kind == EntryKind.HOLD and entry.inputs.get("hold") == HoldReason.BANK_RETURNED:
            return str(_("Put on hold: the transfer came back"))
        if self.is_own and entry.kind == EntryKind.RELEASE and self.moved.held:
            return str(_("Released from hold"))
        if self.is_own and entry.kind == EntryKind.CORRECT:
            return str(_("Corrected in your favor"))
        return str(entry.get_kind_display())

    @property
    def booked_on(self) -> date:
        """The day of its market on which it was booked: what a payee reads, to whom a friend's own days are not told."""
        return self.entry.posted_at.astimezone(self.entry.division.zone).date()

    @property
    def dispute(self) -> Dispute | None:
        """What the payee said last is wrong with it, if anything."""
        return max(self.entry.disputes.all(), key=lambda dispute: dispute.pk, default=None)

    @property
    def is_for_a_friend(self) -> bool:
        """Whether it is for a friend whom the payee has brought; else for the payee's own order."""
        return self.entry.reward.side == Side.REFERRER

    @property
    def what_for(self) -> str:
        """What the payee calls the friend; to the friend, whom that was not said to, what the reward is and its order."""
        reward = self.entry.reward
        return reward.referral.friend_label if self.is_for_a_friend else own_reward_in_words(reward)


@dataclass(frozen=True)
class Statement:
    """What a payee was owed, earned and paid in a month; the rows lead from the opening to the closing."""

    payee: Payee
    period: date
    opening: Position
    rows: tuple[StatementRow, ...]
    closing: Position
    lines: tuple[StatementLine, ...]
    is_final: bool
    """Whether the month is closed: nothing will be added to it."""
    is_own: bool = False
    """Whether it is as the payee may read it: of what is held, without what is not earned yet."""

    @property
    def shows_held(self) -> bool:
        """Whether something is held, or was in this month: to a payee, on hold, which is rare."""
        held = (self.opening.held, *(row.moved.held for row in self.rows))
        return not self.is_own or any(held)

    @property
    def currency(self) -> str:
        """The currency of every amount in it."""
        return self.payee.currency


def own_reward_in_words(reward: Reward) -> str:
    """Say what somebody gets for an order of their own."""
    said = {"what": reward.term.get_form_display(), "number": reward.referral.order.number}
    return str(_("%(what)s for order %(number)s") % said)


def statement_of(payee: Payee, period: date) -> Statement:
    """Return the statement of a month, whole, in a number of queries that does not grow with its lines."""
    return _statement(payee, period, payee.entries.all(), is_own=False)


def own_statement_of(payee: Payee, period: date) -> Statement:
    """Return the statement of a month as the payee may read it: what was earned, put on hold, paid and claimed back."""
    return _statement(payee, period, told_of(payee.entries.all()), is_own=True)


def told_of(entries: QuerySet[LedgerEntry]) -> QuerySet[LedgerEntry]:
    """
    Keep the entries that their payees read, with what has brought into *held* what each finds there, as `held_by`.

    All that a reward has in *held* came there at once: it was promised, or it was earned and is on hold.
    """
    into_held = LedgerEntry.objects.filter(reward=OuterRef("reward"), credit=LedgerAccount.HELD, pk__lte=OuterRef("pk"))
    last = Subquery(into_held.order_by("-pk").values("kind")[:1])
    return entries.annotate(held_by=last).filter(TOUCHES_EARNED | OF_WHAT_IS_ON_HOLD)


def own_line(entry: LedgerEntry) -> StatementLine:
    """Return an entry as its payee reads it in a statement."""
    moved = _moved(entry.debit, entry.credit, entry.amount)
    is_on_hold = told_of(LedgerEntry.objects.filter(pk=entry.pk)).filter(OF_WHAT_IS_ON_HOLD).exists()
    return StatementLine(entry, _told(moved, whole=is_on_hold), is_own=True)


def _statement(payee: Payee, period: date, entries: QuerySet[LedgerEntry], *, is_own: bool) -> Statement:
    period = period.replace(day=1)
    entries = entries.filter(currency=payee.currency)
    opening = _position(entries.filter(period__lt=period), is_own=is_own)
    related = ("division", "reward__referral__order", "reward__version__rule", "reward__term")
    disputes = Prefetch("disputes", Dispute.objects.select_related("division"))
    booked = entries.filter(period=period).order_by("pk")
    on_hold = set(booked.filter(OF_WHAT_IS_ON_HOLD).values_list("pk", flat=True)) if is_own else set()
    moves = {
        entry: _told(_moved(entry.debit, entry.credit, entry.amount), whole=not is_own or entry.pk in on_hold)
        for entry in booked.select_related(*related).prefetch_related(disputes)
    }
    lines = tuple(StatementLine(entry, moved, is_own) for entry, moved in moves.items() if not moved.is_nothing)
    rows = tuple(
        StatementRow(kind, label, moved)
        for kind, label in ROWS
        if not (moved := _add(line.moved for line in lines if line.entry.kind == kind)).is_nothing
        or any(line.entry.kind == kind for line in lines)
    )
    closing = opening + _add(line.moved for line in lines)
    return Statement(payee, period, opening, rows, closing, lines, is_closed(payee, period), is_own)


def _position(entries: QuerySet[LedgerEntry], *, is_own: bool) -> Position:
    if is_own:
        on_hold = entries.filter(OF_WHAT_IS_ON_HOLD)
        return replace(_position(entries, is_own=False), held=_position(on_hold, is_own=False).held)
    sums = entries.order_by().values_list("debit", "credit").annotate(moved=Sum("amount"))
    return _add(_moved(debit, credit, amount) for debit, credit, amount in sums)


def _told(moved: Position, *, whole: bool) -> Position:
    return moved if whole else replace(moved, held=ZERO)


def _moved(debit: str, credit: str, amount: Decimal) -> Position:
    return Position(
        held=_change(LedgerAccount.HELD, debit, credit, amount),
        payable=_change(LedgerAccount.PAYABLE, debit, credit, amount)
        + _change(LedgerAccount.IN_TRANSIT, debit, credit, amount),
        receivable=-_change(LedgerAccount.RECEIVABLE, debit, credit, amount),
    )


def _change(account: LedgerAccount, debit: str, credit: str, amount: Decimal) -> Decimal:
    """Return what an entry adds to an account that grows by credits."""
    return amount * ((credit == account) - (debit == account))


def _add(positions: Iterable[Position]) -> Position:
    return sum(positions, Position())


def is_closed(payee: Payee, period: date) -> bool:
    """Tell whether a month takes no more entries."""
    return ClosedPeriod.objects.filter(division__in=payee.division.lineage, period__gte=period).exists()


def periods_of(payee: Payee) -> list[date]:
    """Return the months of which there is a statement, the latest first; the present one always is."""
    return _periods(payee, payee.entries.all())


def own_periods_of(payee: Payee) -> list[date]:
    """Return the months of which the payee has a statement, the latest first; the present one always is."""
    return _periods(payee, told_of(payee.entries.all()))


def _periods(payee: Payee, entries: QuerySet[LedgerEntry]) -> list[date]:
    booked = set(entries.order_by().values_list("period", flat=True).distinct())
    return sorted(booked | {today(payee.division).replace(day=1)}, reverse=True)


def payees_of(user_id: int) -> QuerySet[Payee]:
    """Return the payees that a customer signs in as."""
    own = Payee.objects.filter(account__customer__user=user_id)
    return own.select_related("account__customer", "division").order_by("pk")


def table_of(statement: Statement) -> Iterator[tuple[str | Promise, Position]]:
    """Yield the rows of a statement from its opening to its closing."""
    yield _("Opening balance"), statement.opening
    for row in statement.rows:
        yield row.label, row.moved
    yield _("Closing balance"), statement.closing


def header_of(statement: Statement) -> list[str]:
    """Return the columns of a statement as a file."""
    held = _("On hold") if statement.is_own else _("Held")
    days = [_("Date")] if statement.is_own else [_("True on"), _("Posted")]
    header = [*days, _("What"), _("What for"), held, _("Payable"), _("Claimed back"), _("Owed"), _("Currency")]
    return [str(name) for name in header]


def cells_of(statement: Statement, what_for: Callable[[StatementLine], str]) -> Iterator[list[Cell]]:
    """
    Yield the rows of a statement as a file, from its opening to its closing.

    :param what_for: how a line names what it is for: staff are told the order, a referrer what they call their friend
    """
    yield _cells(statement, _days(statement, statement.period), str(_("Opening balance")), "", statement.opening)
    for line in statement.lines:
        entry = line.entry
        days = _days(statement, entry.effective_on, line.booked_on)
        yield _cells(statement, days, line.what, what_for(line), line.moved)
    yield _cells(statement, _days(statement), str(_("Closing balance")), "", statement.closing)


def _days(statement: Statement, true_on: date | None = None, booked_on: date | None = None) -> list[Cell]:
    return [booked_on or true_on] if statement.is_own else [true_on, booked_on]


def _cells(statement: Statement, days: list[Cell], what: str, what_for: str, position: Position) -> list[Cell]:
    amounts = (position.held, position.payable, position.receivable, position.total)
    return [*days, what, what_for, *amounts, statement.currency]


def month_of(text: str, payee: Payee) -> date | None:
    """Return the month that a text such as 2026-12 names, the present one if it is empty, None if it names none."""
    if not text:
        return today(payee.division).replace(day=1)
    try:
        month = date.fromisoformat(f"{text}-01")
    except ValueError:
        return None
    return month if month.year in YEARS else None

"""
What the bank sends back: looked at first, then taken, each transfer once.

A transfer that comes back is owed again and held, its payee is told, and where the bank says that another one would come
back, too, the bank account is ended. It may come back after it was taken for paid: then what was settled is undone.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.queries import is_own
from commissions.events import TransferReturned
from commissions.models import BankReturn, Batch, BatchLine, Payee, ReturnFile
from commissions.queries.claims import claimed_of
from commissions.queries.transfers import transfers_visible_to
from commissions.services.bank import end_returned_bank_details
from commissions.services.batches.building import announce, locked_batch
from commissions.services.endings import bring_back, return_correction, return_reward
from commissions.states import BankFileStatus, BatchStatus, HoldReason, LineStatus, ReturnOutcome
from foundation.ach import AchChange, AchReturn, BadAchFile, change_in_words, read_returns, return_in_words
from foundation.events.services import publish
from foundation.lifecycle import NotAllowed
from foundation.money import ZERO
from foundation.now import now, today
from foundation.people.encryption import encrypt
from foundation.people.models import User
from foundation.people.queries import divisions_where
from foundation.people.services import require
from foundation.people.states import Permission

LONGEST = 5_000_000
"""Characters of a return file: some fifty thousand transfers."""
UNCLEAR = frozenset({"R06", "R24"})
"""A duplicate came back, so the first one may have paid; or our own bank has asked for it, and we know why."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One transfer in a return file, and what would be done about it, or was."""

    said: AchReturn | AchChange
    line: BatchLine | None
    outcome: ReturnOutcome | None
    """None: a change that the bank tells of; nothing came back."""
    was_taken: bool = False

    @property
    def reason(self) -> str:
        """Why it came back, or what has changed, in words."""
        say = change_in_words if isinstance(self.said, AchChange) else return_in_words
        return say(self.said.code)

    @property
    def is_to_be_taken(self) -> bool:
        """Whether taking the file would let it be owed again."""
        return self.outcome == ReturnOutcome.TAKEN and not self.was_taken


def keep_return_file(text: str, *, by: User) -> ReturnFile:
    """
    Keep what the bank has given us, to be looked at; the same file again is the one that is kept.

    :raises NotAllowed: if it cannot be read, naming the line, or the person may approve payouts nowhere
    """
    division = min(divisions_where(by, Permission.APPROVE_BATCHES), key=lambda one: (one.depth, one.pk), default=None)
    if division is None:
        raise NotAllowed(_("You may not do this here."), code="not_permitted")
    if len(text) > LONGEST:
        raise NotAllowed(_("This file is too long."), code="too_long", field="file")
    try:
        found = read_returns(text)
    except BadAchFile as error:
        raise NotAllowed(str(error), code="bad_file", field="file") from None
    if not found:
        raise NotAllowed(_("Nothing came back in this file."), code="nothing", field="file")
    kept, _is_new = ReturnFile.objects.get_or_create(
        division=division,
        checksum=hashlib.sha256(text.encode()).hexdigest(),
        defaults={"content": encrypt(text), "uploaded_by": by, "uploaded_at": now()},
    )
    return kept


def rows_of(file: ReturnFile, *, by: User) -> list[Row]:
    """Return what a return file says, each transfer beside ours, and what taking it does."""
    found = read_returns(file.text)
    traces = [one.original_trace for one in found]
    related = ("payee__account__customer", "batch__bank_file", "reward")
    ours = transfers_visible_to(by).filter(trace_number__in=traces).select_related(*related)
    lines = {line.trace_number: line for line in ours}
    taken = set(
        BankReturn.objects.filter(outcome=ReturnOutcome.TAKEN, original_trace__in=traces).values_list(
            "original_trace", "trace"
        )
    )
    return [_row(file, one, lines.get(one.original_trace), taken, by=by) for one in found]


def _row(
    file: ReturnFile, said: AchReturn | AchChange, line: BatchLine | None, taken: set[tuple[str, str]], *, by: User
) -> Row:
    if isinstance(said, AchChange):
        return Row(said=said, line=line, outcome=None)
    if (said.original_trace, said.trace) in taken:
        return Row(said=said, line=line, outcome=ReturnOutcome.TAKEN, was_taken=True)
    return Row(said=said, line=line, outcome=_outcome(file, said, line, by=by))


def _outcome(
    file: ReturnFile, said: AchReturn, line: BatchLine | None, *, by: User, is_clear: bool = False
) -> ReturnOutcome:
    if line is None or not said.is_credit:
        return ReturnOutcome.UNMATCHED
    obstacles = (
        (said.amount != line.amount, ReturnOutcome.AMOUNT),
        (line.batch.bank_file.status == BankFileStatus.REFUSED, ReturnOutcome.REFUSED),
        (line.status == LineStatus.RETURNED, ReturnOutcome.KNOWN),
        (line.batch.bank_file.status == BankFileStatus.MADE, ReturnOutcome.UNSENT),
        (_is_for_somebody_else(file, line, by), ReturnOutcome.OTHER),
        (said.code in UNCLEAR and not is_clear, ReturnOutcome.UNCLEAR),
        (_was_claimed_otherwise(line), ReturnOutcome.CLAIMED),
    )
    return next((outcome for stands, outcome in obstacles if stands), ReturnOutcome.TAKEN)


def _is_for_somebody_else(file: ReturnFile, line: BatchLine, by: User) -> bool:
    """Tell whether a person may not take a return: it is of what they were paid, or they alone say that what was paid came back."""
    if is_own(by, line.payee.account.customer):
        return True
    return line.status == LineStatus.CONFIRMED and file.uploaded_by_id == by.pk


def _was_claimed_otherwise(line: BatchLine) -> bool:
    """
    Tell whether the payee has made good for what was taken back since, so that undoing the payment is no longer enough.

    Else what is claimed for it is no claim: they have not got the money.
    """
    if line.status != LineStatus.CONFIRMED or line.dispute_id:
        return False
    taken_back = line.amount + line.set_off - line.reward.owed
    return taken_back > ZERO and claimed_of(line.payee) + line.set_off < taken_back


def take_return_file(return_file_id: int, *, by: User) -> Counter[ReturnOutcome]:
    """
    Let what came back be owed again, each transfer in a transaction of its own, and count what was done.

    Taken again, or interrupted and taken again, it goes on with what was not taken.

    :raises NotAllowed: if the person may not approve payouts there
    """
    file = ReturnFile.objects.get(pk=return_file_id)
    done: Counter[ReturnOutcome] = Counter()
    for row in _returns(rows_of(file, by=by)):
        done[_take(file, row, by=by)] += 1
    return done


def _returns(rows: Iterable[Row]) -> Iterator[Row]:
    return (row for row in rows if isinstance(row.said, AchReturn) and not row.was_taken)


@transaction.atomic
def look_at_return(bank_return_id: int, finding: str, *, is_owed_again: bool = False, by: User) -> BankReturn:
    """
    Note that a person has looked at what came back and was not taken, and what they found: it is listed no more.

    :param is_owed_again: the money is back for certain, though the bank's reason does not say so: it is taken
    :raises NotAllowed: if somebody has looked before, nothing is said, it cannot be taken, or the person may not approve
        payouts there
    """
    found = BankReturn.objects.locked().select_related("file__division").get(pk=bank_return_id)
    require(by, Permission.APPROVE_BATCHES, found.file.division)
    if not finding.strip():
        raise NotAllowed(_("Say what you have found."), code="no_reason", field="reason")
    if found.looked_at or found.outcome in {ReturnOutcome.TAKEN, ReturnOutcome.KNOWN}:
        raise NotAllowed(_("Nothing is to be looked at any more."), code="looked_at")
    if found.line and is_own(by, found.line.payee.account.customer):
        raise NotAllowed(_("You are paid by it: somebody else has to look."), code="own_payment")
    if is_owed_again:
        _take_after_all(found, by=by)
    found.looked_at_by, found.looked_at, found.finding = by, now(), finding.strip()
    found.save(update_fields=["looked_at_by", "looked_at", "finding"])
    return found


def _take_after_all(found: BankReturn, *, by: User) -> None:
    for row in _returns(rows_of(found.file, by=by)):
        if (row.said.original_trace, row.said.trace) == (found.original_trace, found.trace):
            outcome = _take(found.file, row, by=by, is_clear=True)
            if outcome != ReturnOutcome.TAKEN:
                raise NotAllowed(str(outcome.label), code="not_taken", field="is_owed_again")


@transaction.atomic
def _take(file: ReturnFile, row: Row, *, by: User, is_clear: bool = False) -> ReturnOutcome:
    said, line = row.said, row.line
    assert isinstance(said, AchReturn)  # noqa: S101  # chosen by _returns
    outcome = ReturnOutcome.UNMATCHED
    if line is not None:
        batch = locked_batch(line.batch_id)
        related = ("reward__division", "payee__account__customer", "division", "batch__bank_file", "bank_account")
        line = BatchLine.objects.locked().select_related(*related).get(pk=line.pk)
        Payee.objects.locked().get(pk=line.payee_id)
        outcome = _outcome(file, said, line, by=by, is_clear=is_clear)
        if outcome == ReturnOutcome.TAKEN:
            _end_bank_account(line, said, by=by)
            come_back(line, f"{said.code}: {return_in_words(said.code)}", code=said.code, by=by)
            _reopen(batch)
    BankReturn.objects.get_or_create(
        file=file,
        original_trace=said.original_trace,
        trace=said.trace,
        outcome=outcome,
        defaults={
            "line": line, "code": said.code, "amount": said.amount, "taken_by": by, "taken_at": now(),
        },
    )  # fmt: skip
    return outcome


def come_back(line: BatchLine, problem: str, *, code: str = "", by: User | None = None) -> None:
    """
    Note that a transfer that is locked came back, before it was paid or after: it is owed again, and held.

    What corrects a reward is not held: it waits for a bank account, and an auditor reads it in whatever batch it comes.

    :raises NotAllowed: if it had come back before, or was not sent
    """
    was_paid = line.status == LineStatus.CONFIRMED
    line.return_(problem)
    line.save(update_fields=["status", "problem"])
    on = today(line.reward.division)
    if was_paid:
        bring_back(line.reward_id, line.amount, set_off=line.set_off, is_correction=bool(line.dispute_id), on=on, by=by)
    elif line.dispute_id:
        return_correction(line.reward_id, line.amount, on=on)
    else:
        return_reward(line.reward_id, line.amount, hold=HoldReason.BANK_RETURNED, on=on, by=by)
    fact = TransferReturned(
        line_id=line.pk, reward_id=line.reward_id, code=code, amount=str(line.amount), was_paid=was_paid
    )
    publish(fact, subject=line.reward, about=[line.batch, line.payee.account], division=line.division, by=by)


def _end_bank_account(line: BatchLine, said: AchReturn, *, by: User) -> None:
    bank = line.bank_account
    if said.account_unusable and bank and bank.is_current:
        end_returned_bank_details(bank.pk, said.code, by=by)


def _reopen(batch: Batch) -> None:
    """Say of a batch that was reconciled that not all of it was paid after all."""
    if batch.status == BatchStatus.CONFIRMED:
        batch.return_partly(at=now())
        batch.save(update_fields=["status", "confirmed_at"])
        announce(batch, by=None)

"""
What the bank sends back: looked at first, then taken, each transfer once.

A transfer that comes back is owed again and held, its payee is told, and where the bank says that another one would come
back, too, the bank account is ended. It may come back after it was taken for paid: then what was settled is undone.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import cast

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.queries import is_own
from commissions.events import TransferReturned
from commissions.models import BankFile, BankReturn, Batch, BatchLine, Payee, ReturnFile
from commissions.queries.claims import claimed_of
from commissions.queries.transfers import awaited_of, has_all_come_back, markets_of, traced, transfers_within
from commissions.services.bank import end_returned_bank_details, hear_of_change
from commissions.services.batches.building import locked_batch
from commissions.services.batches.reconciling import follow_late_return
from commissions.services.endings import bring_back, return_correction, return_reward
from commissions.states import BankFileStatus, HoldReason, LineStatus, ReturnOutcome
from foundation.ach import (
    NOT_OF_DETAILS,
    AchChange,
    AchReturn,
    BadAchFile,
    change_in_words,
    read_returns,
    return_in_words,
)
from foundation.events.services import publish
from foundation.jobs.models import Job, JobChunk
from foundation.jobs.services import ChunkResult, start_job
from foundation.jobs.states import JobStatus
from foundation.lifecycle import NotAllowed
from foundation.money import ZERO
from foundation.now import now, today
from foundation.people.encryption import encrypt
from foundation.people.models import User
from foundation.people.queries import divisions_where, why_no_second_person
from foundation.people.services import require, require_second_person
from foundation.people.states import Permission

LONGEST = 2_000_000
"""Characters of a return file: some ten thousand transfers, which are read within a second."""
TAKING = "commissions.take_return_file"
"""The kind of long work that takes what came back in a file."""
CHUNK = 100
"""Transfers that are taken in one go: the file is read anew for each."""
RETURNED_WITHIN = timedelta(days=60)
"""By when a bank has sent back what it will, with few exceptions (Nacha Operating Rules, Appendix Four)."""
NOT_YET_TAKEN = frozenset({ReturnOutcome.OTHER, ReturnOutcome.UNSENT, ReturnOutcome.UNCLEAR, ReturnOutcome.SEVERAL})
"""What somebody else may take, or a later try: whoever brought the file does not end it by a finding."""
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
    several: tuple[BatchLine, ...] = ()
    """Which may be meant, where more than one may."""

    @property
    def reason(self) -> str:
        """Why it came back, or what has changed, in words."""
        say = change_in_words if isinstance(self.said, AchChange) else return_in_words
        return say(self.said.code)

    @property
    def holds_details(self) -> bool:
        """Whether taking the file keeps money from a payee's details until the change is settled."""
        return self.outcome is None and self.line is not None and self.said.code not in NOT_OF_DETAILS

    @property
    def is_to_be_taken(self) -> bool:
        """Whether taking the file would let it be owed again."""
        return self.outcome == ReturnOutcome.TAKEN and not self.was_taken


def keep_return_file(text: str, *, division_id: int | None = None, by: User) -> ReturnFile:
    """
    Keep what the bank has given us, to be looked at; the same file again is the one that is kept.

    :param division_id: for which division it is; None: as the file says
    :raises NotAllowed: if it cannot be read, naming the line, it does not say for which market it is, or the person may not
        approve payouts there
    """
    divisions = divisions_where(by, Permission.APPROVE_BATCHES)
    if not divisions.exists():
        raise NotAllowed(_("You may not do this here."), code="not_permitted")
    if len(text) > LONGEST:
        raise NotAllowed(_("This file is too long."), code="too_long", field="file")
    try:
        found = read_returns(text)
    except BadAchFile as error:
        raise NotAllowed(str(error), code="bad_file", field="file") from None
    if not found:
        raise NotAllowed(_("Nothing came back in this file."), code="nothing", field="file")
    if division_id is None:
        markets = markets_of(by, found)
    elif not (markets := list(divisions.filter(pk=division_id))):
        raise NotAllowed(_("You may not do this here."), code="not_permitted", field="division")
    if len(markets) > 1:
        message = _("The file does not say for which market it is. Choose one of: %(markets)s.")
        said = {"markets": ", ".join(str(one) for one in markets)}
        raise NotAllowed(message % said, code="which_market", field="division")
    (division,) = markets
    kept, _is_new = ReturnFile.objects.get_or_create(
        division=division,
        checksum=hashlib.sha256(text.encode()).hexdigest(),
        defaults={"content": encrypt(text), "uploaded_by": by, "uploaded_at": now(), "count": len(found)},
    )
    return kept


def rows_of(file: ReturnFile, *, by: User, first: int = 1, last: int | None = None) -> list[Row]:
    """
    Return what a return file says, each transfer beside ours, and what taking it does.

    Only transfers of the file's division and below are meant, whoever takes it: a file that was brought for a market says
    nothing of what others have sent.

    :param first: which of them, counted from 1
    :param last: None: to the end
    """
    return _rows(file, read_returns(file.text)[first - 1 : last], by=by)


def _rows(file: ReturnFile, found: Sequence[AchReturn | AchChange], *, by: User) -> list[Row]:
    traces = [one.original_trace for one in found]
    related = ("payee__account__customer", "batch__bank_file", "reward", "bank_account", "division")
    ours: dict[str, list[BatchLine]] = defaultdict(list)
    for line in traced(transfers_within(file.division), traces).select_related(*related).order_by("pk"):
        ours[line.trace_number].append(line)
    taken = _taken_of(file, traces)
    known = set(file.changes.values_list("original_trace", "trace"))
    return [_row(file, one, ours[one.original_trace], taken, known, by=by) for one in found]


Taken = dict[tuple[str, str], list[BatchLine]]


def _taken_of(file: ReturnFile, traces: list[str]) -> Taken:
    """Return the transfers of a file's division and below that came back before by our trace number and the bank's."""
    taken: Taken = defaultdict(list)
    related = ("line__payee__account__customer", "line__batch__bank_file", "line__reward", "line__bank_account")
    before = BankReturn.objects.filter(
        line__batch__division__lineage__contains=[file.division_id],
        outcome=ReturnOutcome.TAKEN,
        original_trace__in=traces,
    )
    for one in before.select_related(*related):
        if one.line:
            taken[one.original_trace, one.trace].append(one.line)
    return taken


def _row(  # noqa: PLR0913  # what the bank says, and all that is known of it
    file: ReturnFile, said: AchReturn | AchChange, candidates: list[BatchLine], taken: Taken, known: set[tuple[str, str]],
    *, by: User,
) -> Row:  # fmt: skip
    fitting = _fitting(said, candidates)
    meant = _meant(fitting)
    line = meant[0] if len(meant) == 1 else None
    key = (said.original_trace, said.trace)
    if isinstance(said, AchChange):
        return Row(said=said, line=line, outcome=None, was_taken=key in known)
    if came := next((one for one in _fitting(said, taken[key]) if not fitting or one in fitting), None):
        return Row(said=said, line=came, outcome=ReturnOutcome.TAKEN, was_taken=True)
    if len(meant) > 1:
        return Row(said=said, line=None, outcome=ReturnOutcome.SEVERAL, several=tuple(meant))
    return Row(said=said, line=line, outcome=_outcome(file, said, line, by=by))


def _meant(fitting: list[BatchLine]) -> list[BatchLine]:
    """Return which of those that fit a return may be meant: what came back by another return is not; several: a person says."""
    open_ = [line for line in fitting if line.status != LineStatus.RETURNED]
    return open_ if open_ and len(fitting) > 1 else fitting


def _fitting(said: AchReturn | AchChange, candidates: list[BatchLine]) -> list[BatchLine]:
    """
    Return which of our transfers of one trace number fit what a bank says: as a rule there is one.

    Trace numbers come again after 9,999,999 transfers. What tells these apart is tried one by one, as long as something is
    left: the amount, our reference, the bank that it went to, and that it was sent within the time in which banks send back.
    """
    since = now() - RETURNED_WITHIN
    tests: list[Callable[[BatchLine], bool]] = [
        lambda line: isinstance(said, AchChange) or line.amount == said.amount,
        lambda line: said.reference == str(line.reward_id),
        lambda line: bool(line.bank_account and line.bank_account.routing_number.startswith(said.original_rdfi)),
        lambda line: bool(line.sent_at and line.sent_at >= since),
    ]
    for test in tests:
        if len(candidates) > 1:
            candidates = [line for line in candidates if test(line)] or candidates
    return candidates


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
    """
    Tell whether a person may not take a return: it is of what they were paid, or of what they had in hand.

    Nobody but the bank says that a transfer came back, so that it takes two of us: whoever brought the return file, handed
    the transfer's file over, made the batch or approved it does not say so alone.
    """
    if is_own(by, line.payee.account.customer):
        return True
    batch = line.batch
    had_it = {file.uploaded_by_id, batch.bank_file.handed_over_by_id, batch.approved_by_id, *batch.makers}
    return by.pk in had_it


def _was_claimed_otherwise(line: BatchLine) -> bool:
    """
    Tell whether the payee has made good for what was taken back since, so that undoing the payment is no longer enough.

    Else what is claimed for it is no claim: they have not got the money.
    """
    if line.status != LineStatus.CONFIRMED or line.dispute_id:
        return False
    taken_back = line.amount + line.set_off - line.reward.owed
    return taken_back > ZERO and claimed_of(line.payee) + line.set_off < taken_back


@transaction.atomic
def start_taking(return_file_id: int, *, by: User) -> Job:
    """
    Let long work take what came back in a file, and what banks tell of payees' details.

    While it runs, to start it again does nothing; taken again, it goes on with what was not taken.

    :raises NotAllowed: if the person may not approve payouts there, or they or who brought the file are not confirmed
    """
    file = ReturnFile.objects.select_for_update(no_key=True).select_related("division").get(pk=return_file_id)
    _require_taker(file, by)
    if file.job and file.job.status == JobStatus.RUNNING:
        return file.job
    job = start_job(
        TAKING, title=_("What the bank sends back"), division=file.division, total=file.count or len(read_returns(file.text)),
        chunk_size=CHUNK, params={"return_file": file.pk}, by=by,
    )  # fmt: skip
    file.job = job
    file.save(update_fields=["job"])
    return job


def take_chunk(job: Job, chunk: JobChunk) -> ChunkResult:
    """Take a chunk of a return file, by whoever has asked for it."""
    by = cast("User", job.by)
    done = take_return_file(job.params["return_file"], first=chunk.first, last=chunk.last, by=by)
    to_look_at = sum(done[outcome] for outcome in set(done) - {ReturnOutcome.TAKEN, ReturnOutcome.KNOWN})
    return ChunkResult(done=chunk.last - chunk.first + 1, wrong=to_look_at)


@transaction.atomic
def take_return_file(
    return_file_id: int, *, first: int = 1, last: int | None = None, by: User
) -> Counter[ReturnOutcome]:
    """
    Let what came back be owed again, keep what banks tell of payees' details, and count what was done.

    What was taken before is passed over.

    :param first: which of them, counted from 1
    :param last: None: to the end
    :raises NotAllowed: if the person may not approve payouts there, or they or who brought the file are not confirmed
    """
    file = ReturnFile.objects.select_related("division").get(pk=return_file_id)
    _require_taker(file, by)
    _hold_all(rows_of(file, by=by, first=first, last=last))
    rows = rows_of(file, by=by, first=first, last=last)
    for row in rows:
        if isinstance(row.said, AchChange) and not row.was_taken:
            hear_of_change(file, row.said, row.line.bank_account if row.line else None, by=by)
    done: Counter[ReturnOutcome] = Counter()
    for row in _returns(rows):
        done[_take(file, row, by=by)] += 1
    return done


def _require_taker(file: ReturnFile, by: User) -> None:
    require(by, Permission.APPROVE_BATCHES, file.division)
    require_second_person(by, [file.uploaded_by_id])


def _hold_all(rows: list[Row]) -> None:
    """Hold what several rows are about, each kind by ascending id, so that two workers wait and do not block each other."""
    lines = [row.line for row in rows if row.line]
    batches = {line.batch_id for line in lines}
    list(Batch.objects.locked().filter(pk__in=batches).order_by("pk"))
    list(BankFile.objects.locked().filter(batch__in=batches).order_by("pk"))
    list(BatchLine.objects.locked().filter(pk__in=[line.pk for line in lines]).order_by("reward_id", "pk"))
    list(Payee.objects.locked().filter(pk__in=[line.payee_id for line in lines]).order_by("pk"))


def _returns(rows: Iterable[Row]) -> Iterator[Row]:
    return (row for row in rows if isinstance(row.said, AchReturn) and not row.was_taken)


@transaction.atomic
def look_at_return(
    bank_return_id: int, finding: str, *, is_owed_again: bool = False, meant: int | None = None, by: User
) -> BankReturn:
    """
    Note that a person has looked at what came back and was not taken, and what they found: it is listed no more.

    :param is_owed_again: the money is back for certain, though the bank's reason does not say so: it is taken
    :param meant: the payment (its id) that came back, of several that may be meant: it is taken
    :raises NotAllowed: if somebody has looked before, nothing is said, it cannot be taken, the person may not approve payouts
        there or where the transfer was sent, or it is what somebody else or a later try may still take, and they brought the
        file or may not take it
    """
    found = BankReturn.objects.locked().select_related("file__division").get(pk=bank_return_id)
    require(by, Permission.APPROVE_BATCHES, found.file.division)
    if not finding.strip():
        raise NotAllowed(_("Say what you have found."), code="no_reason", field="reason")
    if found.looked_at or found.outcome in {ReturnOutcome.TAKEN, ReturnOutcome.KNOWN}:
        raise NotAllowed(_("Nothing is to be looked at any more."), code="looked_at")
    if why_not := _obstacles_to_looking([found], by=by)[found.pk]:
        raise why_not
    if is_owed_again or meant is not None:
        _take_after_all(found, meant=meant, by=by)
    found.looked_at_by, found.looked_at, found.finding = by, now(), finding.strip()
    found.save(update_fields=["looked_at_by", "looked_at", "finding"])
    return found


def obstacles_to_looking(found: Collection[BankReturn], *, by: User) -> dict[int, str]:
    """Say of each of some returns (by id) why a person may not end it by what they find; empty: they may."""
    return {pk: why_not.message if why_not else "" for pk, why_not in _obstacles_to_looking(found, by=by).items()}


def _obstacles_to_looking(found: Collection[BankReturn], *, by: User) -> dict[int, NotAllowed | None]:
    """
    Find who may end a return by a finding, in a number of queries that grows with the people alone who brought them.

    What may still be taken is ended only by who may take it: of several transfers that may be meant, any of them.
    """
    related = ("payee__account__customer", "batch__bank_file")
    traces = {one.original_trace for one in found if one.outcome == ReturnOutcome.SEVERAL}
    meant: dict[str, list[BatchLine]] = defaultdict(list)
    for line in traced(BatchLine.objects.all(), traces).select_related(*related):
        meant[line.trace_number].append(line)
    waiting = [one for one in found if one.outcome in NOT_YET_TAKEN]
    divisions = set(divisions_where(by, Permission.APPROVE_BATCHES).values_list("pk", flat=True))
    doubts = {maker: why_no_second_person(by, [maker]) for maker in {one.file.uploaded_by_id for one in waiting}}

    def obstacle(one: BankReturn) -> NotAllowed | None:
        lines = [one.line] if one.line else meant[one.original_trace]
        if one.line and one.line.batch.division_id not in divisions:
            return NotAllowed(_("You may not do this here."), code="not_permitted")
        if any(is_own(by, line.payee.account.customer) for line in lines):
            return NotAllowed(_("You are paid by it: somebody else has to look."), code="own_payment")
        if one.outcome not in NOT_YET_TAKEN:
            return None
        if by.pk == one.file.uploaded_by_id or any(_is_for_somebody_else(one.file, line, by) for line in lines):
            message = _("You have brought the bank’s file, or may not take this return: somebody else has to look.")
            return NotAllowed(message, code="own_word")
        if doubt := doubts[one.file.uploaded_by_id]:
            return NotAllowed(doubt, code="unconfirmed")
        return None

    return {one.pk: obstacle(one) for one in found}


def candidates_for(found: BankReturn, *, by: User) -> tuple[BatchLine, ...]:
    """Return the transfers of which one may have come back, where a person has to say which."""
    row = _row_of(found, by=by)
    return row.several if row else ()


def _row_of(found: BankReturn, *, by: User) -> Row | None:
    """Return what the bank's file says of one return, unless it was taken."""
    key = (found.original_trace, found.trace)
    said = [one for one in read_returns(found.file.text) if (one.original_trace, one.trace) == key]
    return next(_returns(_rows(found.file, said, by=by)), None)


def _take_after_all(found: BankReturn, *, meant: int | None, by: User) -> None:
    _require_taker(found.file, by)
    field = "is_owed_again" if meant is None else "meant"
    row = _row_of(found, by=by)
    if row is None:
        message = _("It was taken meanwhile, from another of the bank’s files.")
        raise NotAllowed(message, code="taken_meanwhile", field=field)
    if meant is not None:
        line = next((line for line in row.several if line.pk == meant), None)
        if line is None:
            raise NotAllowed(_("This transfer cannot be meant: look again."), code="not_meant", field=field)
        row = replace(row, line=line)
    outcome = _take(found.file, row, by=by, is_clear=True)
    if outcome != ReturnOutcome.TAKEN:
        raise NotAllowed(str(outcome.label), code="not_taken", field=field)


@transaction.atomic
def _take(file: ReturnFile, row: Row, *, by: User, is_clear: bool = False) -> ReturnOutcome:
    said, line = row.said, row.line
    assert isinstance(said, AchReturn)  # noqa: S101  # chosen by _returns
    outcome = ReturnOutcome.UNMATCHED
    if line is not None:
        batch = locked_batch(line.batch_id)
        bank_file = BankFile.objects.locked().get(batch=batch)
        related = ("reward__division", "payee__account__customer", "division", "batch__bank_file", "bank_account")
        line = BatchLine.objects.locked().select_related(*related).get(pk=line.pk)
        Payee.objects.locked().get(pk=line.payee_id)
        outcome = _outcome(file, said, line, by=by, is_clear=is_clear)
        if outcome == ReturnOutcome.TAKEN:
            _end_bank_account(line, said, by=by)
            come_back(line, f"{said.code}: {return_in_words(said.code)}", code=said.code, by=by)
            complete_bank_file(bank_file)
            follow_late_return(batch)
    elif row.outcome:
        outcome = row.outcome
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


def complete_bank_file(file: BankFile) -> None:
    """Note of a file that is held, and that the bank has had, that nothing of it is awaited any more, if so it is."""
    if file.status == BankFileStatus.HANDED_OVER and has_all_come_back(file):
        file.return_()
    elif file.status == BankFileStatus.PARTLY_PAID and not awaited_of(file).exists():
        file.complete()
    else:
        return
    file.save(update_fields=["status"])


def _end_bank_account(line: BatchLine, said: AchReturn, *, by: User) -> None:
    bank = line.bank_account
    if said.account_unusable and bank and bank.is_current:
        end_returned_bank_details(bank.pk, said.code, by=by)

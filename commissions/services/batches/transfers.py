"""
Bank transfers: one file of all those of a batch, handed to the bank by a person, and paid when the bank says so.

A file that the bank refuses, or that is not handed over after all, pays nothing: each of its transfers is owed again.

Long work notes the transfers as sent, chunk by chunk, and writes the file in one transaction when all of them are. A worker
that is killed before its end leaves no file; whoever takes the work up finds what is sent already, and writes it.
"""

import hashlib
from collections.abc import Callable, Collection
from decimal import Decimal
from typing import cast

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.queries import of_own
from commissions.events import (
    BankFileDownloaded,
    BankFileHandedOver,
    BankFileMade,
    BankFilePaid,
    BankFileRefused,
    TransferGivenBack,
)
from commissions.models import BankAccount, BankChange, BankFile, Batch, BatchLine, ReturnFile, TraceCounter
from commissions.queries.bank import bank_accounts_in_question
from commissions.queries.transfers import (
    approved_originator_of,
    awaited_of,
    has_taken_back,
    may_be_paid_from,
    transfers_of,
    was_run,
)
from commissions.services.batches.returns import come_back, complete_bank_file
from commissions.services.batches.settling import confirm_line, send_line
from commissions.services.endings import return_correction, return_reward
from commissions.states import BankFileStatus, Channel, LineStatus
from foundation.ach import AchEntry, BankAccountKind, Originator, trace_number, write_file
from foundation.ach.days import banking_days_after
from foundation.ach.files import LAST_SEQUENCE
from foundation.divisions.models import Division
from foundation.events.facts import Fact
from foundation.events.services import publish
from foundation.jobs.models import Job, JobChunk
from foundation.jobs.services import ChunkResult, start_job
from foundation.lifecycle import NotAllowed
from foundation.money import ZERO
from foundation.now import now, today
from foundation.people.encryption import encrypt, renew, renewed_by
from foundation.people.models import User
from foundation.people.services import require, require_second_person
from foundation.people.states import Permission

SETTLING = "commissions.settle_bank_file"
"""The kind of long work that settles the transfers of a file which the bank has paid."""
GIVING_BACK = "commissions.give_back_bank_file"
"""The kind of long work that lets the transfers of a file be owed again of which the bank has paid nothing."""
CHUNK = 50
AT_A_TIME = 1000
"""Transfers that are numbered by one statement: a file of any length needs little memory but for its text."""
MODIFIERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
"""Which file of its originator and day it is: a bank takes no more."""


def send_transfers(batch: Batch, payments: Collection[int]) -> None:
    """
    Note of a batch's transfers that are not sent yet that they go into its file; what was set off whole is paid thereby.

    :param payments: ids of some of the batch's payments; those that are no transfers are left alone
    :raises NotAllowed: if it is not known who sends them, or it is no longer who was approved
    """
    related = ("reward__division", "payee__account__customer", "division", "batch")
    pending = BatchLine.objects.locked().filter(pk__in=payments, channel=Channel.TRANSFER, status=LineStatus.PENDING)
    lines = list(pending.select_related(*related).order_by("reward_id", "pk"))
    if lines:
        approved_originator_of(batch)
    for line in lines:
        send_line(line)
        if line.amount:
            line.transfer(at=now())
            line.save(update_fields=["status", "sent_at"])
        else:
            confirm_line(line, "")


@transaction.atomic
def write_bank_file(batch: Batch) -> BankFile | None:
    """
    Write the file of a batch's transfers, once all of them are noted as sent; None where none is left to be sent.

    Whose bank account has ended since the batch was built is not in the file: it comes back at once, as if the bank had
    returned it. Nor is what a bank has told to write otherwise: it is owed again.

    :raises NotAllowed: if it is not known who sends them, it is no longer who was approved, or too many files were made
        on one day
    """
    written = BatchLine.objects.filter(batch=batch, channel=Channel.TRANSFER, status=LineStatus.SENT, trace_number="")
    if not written.exists():
        return None
    entries: list[AchEntry] = []
    numbered: list[BatchLine] = []
    left_out: list[int] = []
    originator = approved_originator_of(batch)
    counter = _counter_of(originator)
    changing = set(bank_accounts_in_question(written))
    held = written.locked().select_related("bank_account").order_by("reward_id", "pk")
    for line in held.iterator(chunk_size=AT_A_TIME):
        bank = cast("BankAccount", line.bank_account)  # so the database says of transfers
        if not bank.is_current or bank.pk in changing:
            left_out.append(line.pk)
            continue
        counter.last = counter.last % LAST_SEQUENCE + 1
        line.number(trace_number(originator, counter.last))
        entries.append(_entry_of(line, bank, counter.last))
        numbered.append(line)
        if len(numbered) == AT_A_TIME:
            BatchLine.objects.bulk_update(numbered, ["trace_number"])
            numbered.clear()
    BatchLine.objects.bulk_update(numbered, ["trace_number"])
    for line in _with_rewards(left_out):
        if cast("BankAccount", line.bank_account).is_current:
            _give_back(line, _("The payee’s bank has told other details: they are not settled yet."), by=None)
        else:
            come_back(line, _("The bank account was ended before the transfer was made."))
    counter.save(update_fields=["last"])
    if not entries:
        return None
    on = today(batch.division)
    effective_on = banking_days_after(on, 1)
    modifier = _modifier(batch, originator.immediate_origin)
    made_at = now()
    text = write_file(
        originator, entries, effective_on=effective_on, created_at=made_at.astimezone(batch.division.zone),
        file_id_modifier=modifier,
    )  # fmt: skip
    file = BankFile.objects.create(
        batch=batch, division=batch.division, originator=originator.immediate_origin, made_on=on, modifier=modifier,
        effective_on=effective_on, count=len(entries), total=sum(entry.amount for entry in entries),
        checksum=hashlib.sha256(text.encode()).hexdigest(), content=encrypt(text), made_at=made_at,
    )  # fmt: skip
    made = BankFileMade(bank_file_id=file.pk, count=file.count, total=str(file.total), checksum=file.checksum)
    _tell(file, made, by=None)
    return file


def _with_rewards(ids: Collection[int]) -> QuerySet[BatchLine]:
    related = ("reward__division", "payee__account__customer", "division", "batch", "bank_account")
    return BatchLine.objects.filter(pk__in=ids).select_related(*related).order_by("reward_id", "pk")


def _counter_of(originator: Originator) -> TraceCounter:
    """Hold what counts an originating bank's transfers; others that write a file for it wait."""
    odfi = originator.odfi[:8]
    written = BatchLine.objects.filter(trace_number__startswith=odfi).aggregate(last=Max("trace_number"))["last"]
    last = int(written[len(odfi) :]) if written else 0
    counter, _is_new = TraceCounter.objects.locked().get_or_create(odfi=odfi, defaults={"last": last})
    return counter


def _entry_of(line: BatchLine, bank: BankAccount, sequence: int) -> AchEntry:
    return AchEntry(
        sequence=sequence,
        routing_number=bank.routing_number,
        account_number=bank.account_number,
        kind=BankAccountKind(bank.kind),
        amount=line.amount,
        name=bank.holder,
        reference=str(line.reward_id),
        is_business=bank.is_business,
    )


def _modifier(batch: Batch, originator: str) -> str:
    """Return what tells a file from others of its originator and day; who asks meanwhile waits."""
    Division.objects.select_for_update(no_key=True).get(pk=batch.division.lineage[0])
    made = BankFile.objects.filter(originator=originator, made_on=today(batch.division)).count()
    if made >= len(MODIFIERS):
        raise NotAllowed(_("A bank takes no more files of one day: take it up again tomorrow."), code="too_many_files")
    return MODIFIERS[made]


@transaction.atomic
def download_bank_file(bank_file_id: int, *, by: User) -> BankFile:
    """
    Give a person the file for the bank, and note that they have had it.

    :raises NotAllowed: if they may not approve payouts there, had a hand in the batch or are paid by it, or it was
        refused or withdrawn
    :raises RuntimeError: if it is not what was written
    """
    file = _locked(bank_file_id)
    _require_second_person(file, by)
    if file.status == BankFileStatus.REFUSED:
        raise NotAllowed(_("This file pays nothing any more: it is not for the bank."), code="refused")
    if hashlib.sha256(file.text.encode()).hexdigest() != file.checksum:
        raise RuntimeError(f"{file} is not what was written.")
    _tell(file, BankFileDownloaded(bank_file_id=file.pk), by=by)
    return file


@transaction.atomic
def hand_over_bank_file(bank_file_id: int, *, by: User) -> BankFile:
    """
    Note that a person has handed a file to the bank.

    :raises NotAllowed: if somebody has before, or they may not approve payouts there, had a hand in the batch or are paid
        by it
    """
    file = _locked(bank_file_id)
    _require_second_person(file, by)
    file.hand_over(by=by, at=now())
    file.save(update_fields=["status", "handed_over_by", "handed_over_at"])
    _tell(file, BankFileHandedOver(bank_file_id=file.pk), by=by)
    return file


@transaction.atomic
def confirm_bank_file(
    bank_file_id: int, *, count: int, total: Decimal, missed: Collection[int] = (), by: User
) -> BankFile:
    """
    Note that the bank has paid a file, or a part of it, as its statement says; long work settles the transfers.

    Time alone pays nothing: without a person who has read the statement, a transfer stays in transit. So do those that it
    does not show: they are awaited, until a later statement shows them, they come back, or a person knows that the bank
    has not paid them. What it shows is awaited no more from that moment, so that nobody says that it was not paid.

    :param count: of the transfers that the statement shows, without what came back, and what was confirmed before
    :param total: of these, in US dollars
    :param missed: ids of the payments that it does not show
    :raises NotAllowed: if it was not handed over, the bank may still send something back, the statement shows something
        else than was sent, or the person is paid by it, had a hand in the batch, has taken what came back of it or may
        not approve payouts there
    """
    file = _locked(bank_file_id)
    _require_second_person(file, by)
    if has_taken_back(by, [file.batch_id]):
        message = _("You have taken what came back of it: somebody else has to confirm the rest.")
        raise NotAllowed(message, code="own_word")
    held = BatchLine.objects.locked().filter(pk__in=awaited_of(file).order_by().values("pk")).order_by("pk")
    awaited = {line.pk: line for line in held}
    file.confirm(by=by, at=now(), is_whole=not missed)
    first = may_be_paid_from(file)
    if today(file.division) < first:
        message = _("The bank may send transfers back until %(date)s: confirm it from then on.")
        raise NotAllowed(message % {"date": date_format(first)}, code="too_early")
    shown = _shown_of(awaited, missed=missed, count=count, total=total)
    for pk in missed:
        awaited[pk].miss(at=now())
    for line in shown:
        line.show()
    BatchLine.objects.bulk_update(awaited.values(), ["missed_at"], batch_size=1000)
    file.save(update_fields=["status", "paid_by", "paid_at"])
    _start(SETTLING, file, _("Transfers of batch %(number)d"), by=by, missed=sorted(missed))
    _tell(file, BankFilePaid(bank_file_id=file.pk, count=count, total=str(total), missed=len(missed)), by=by)
    return file


def _shown_of(awaited: dict[int, BatchLine], *, missed: Collection[int], count: int, total: Decimal) -> list[BatchLine]:
    """
    Return the transfers that a statement shows: those that are awaited (by their ids), but for those that it misses.

    :raises NotAllowed: if it shows something else than was sent, or nothing
    """
    if unknown := [pk for pk in missed if pk not in awaited]:
        message = _("Of these, some have their outcome, or are not of this file: look again.")
        raise NotAllowed(message, code="not_awaited", field="missed") from LookupError(str(unknown))
    shown = [line for pk, line in awaited.items() if pk not in missed]
    if missed and not shown:
        raise NotAllowed(_("Then the bank has paid nothing of it."), code="nothing_paid", field="missed")
    if count != len(shown):
        message = _(
            "We have sent another number of transfers. Mark those that the statement does not show; where the bank has sent "
            "some back, take its return file first."
        )
        raise NotAllowed(message, code="other_count", field="count")
    if total != sum((line.amount for line in shown), ZERO):
        raise NotAllowed(_("We have sent another sum."), code="other_total", field="total")
    return shown


@transaction.atomic
def give_back_transfer(line_id: int, reason: str, *, by: User) -> BatchLine:
    """
    Note that the bank has not paid a transfer which its statement did not show: it is owed again, in the next batch.

    :param reason: how the person knows, in words
    :raises NotAllowed: if it is not awaited; if the person had a hand in the batch, is paid by the file, has handed it over
        or read the statement, or may not approve payouts there
    """
    found = BatchLine.objects.select_related("batch__bank_file").get(pk=line_id)
    file = _locked(found.batch.bank_file.pk)
    _require_second_person(file, by)
    line = (
        BatchLine.objects.locked()
        .select_related("reward__division", "payee__account", "division", "batch")
        .get(pk=line_id)
    )
    if file.status != BankFileStatus.PARTLY_PAID or line.status != LineStatus.SENT or line.missed_at is None:
        raise NotAllowed(_("This transfer is not awaited."), code="not_awaited")
    if by.pk in {file.handed_over_by_id, file.paid_by_id}:
        message = _("You have handed the file to the bank, or read its statement: somebody else has to say so.")
        raise NotAllowed(message, code="own_word")
    if not (why := reason.strip()):
        raise NotAllowed(_("Say how you know."), code="required", field="reason")
    _give_back(line, why, by=by)
    fact = TransferGivenBack(line_id=line.pk, reward_id=line.reward_id, amount=str(line.amount), reason=why)
    publish(fact, subject=line.reward, about=[line.batch, line.payee.account], division=line.division, by=by)
    complete_bank_file(file)
    return line


@transaction.atomic
def refuse_bank_file(bank_file_id: int, reason: str, *, by: User) -> BankFile:
    """
    Note that the bank has refused a file whole, or that it is not handed over after all; long work does the rest.

    Nothing of it was paid: each of its transfers is owed again, and goes into the next batch.

    :param reason: in words
    :raises NotAllowed: if it was paid, this was known, or the bank has shown that it ran the file; if the person had a hand
        in the batch, is paid by it, has handed the file to the bank, or may not approve payouts there
    """
    file = _locked(bank_file_id)
    _require_second_person(file, by)
    if file.status == BankFileStatus.HANDED_OVER and file.handed_over_by_id == by.pk:
        message = _("You have handed it to the bank: somebody else has to say that the bank pays nothing of it.")
        raise NotAllowed(message, code="own_word")
    if was_run(file):
        message = _(
            "The bank has sent something of it back, or paid it: it has run the file. What came back and was not taken has to "
            "be looked at first."
        )
        raise NotAllowed(message, code="was_run")
    if not (why := reason.strip()):
        raise NotAllowed(_("Say why."), code="required", field="reason")
    file.refuse(why, by=by, at=now())
    file.save(update_fields=["status", "refusal", "refused_by", "refused_at"])
    _start(GIVING_BACK, file, _("Unpaid transfers of batch %(number)d"), by=by)
    _tell(file, BankFileRefused(bank_file_id=file.pk, reason=why), by=by)
    return file


def _start(kind: str, file: BankFile, title: str, *, by: User, missed: Collection[int] = ()) -> None:
    start_job(
        kind,
        title=title % {"number": file.batch_id},
        division=file.division,
        total=transfers_of(file).count(),
        chunk_size=CHUNK,
        params={"bank_file": file.pk, "missed": list(missed)},
        by=by,
    )


def settle_chunk(job: Job, chunk: JobChunk) -> ChunkResult:
    """Settle a chunk of a paid file's transfers, its first to its last; what came back meanwhile is left alone."""
    return _each_in_transit(job, chunk, lambda line, _file: confirm_line(line, line.trace_number))


def give_back_chunk(job: Job, chunk: JobChunk) -> ChunkResult:
    """Let a chunk of a refused file's transfers be owed again; what the bank sent back before is left alone."""
    return _each_in_transit(job, chunk, lambda line, file: _give_back(line, file.refusal, by=file.refused_by))


def _each_in_transit(job: Job, chunk: JobChunk, do: Callable[[BatchLine, BankFile], None]) -> ChunkResult:
    file = BankFile.objects.get(pk=job.params["bank_file"])
    missed = set(job.params.get("missed", ()))
    ids = list(transfers_of(file).values_list("pk", flat=True)[chunk.first - 1 : chunk.last])
    related = ("reward__division", "payee__account", "division", "batch")
    for line in BatchLine.objects.locked().filter(pk__in=ids).select_related(*related).order_by("reward_id", "pk"):
        if line.status == LineStatus.SENT and line.pk not in missed:
            do(line, file)
    return ChunkResult(done=len(ids))


def _give_back(line: BatchLine, problem: str, *, by: User | None) -> None:
    """Let one be owed again. It is not held, and its payee reads no letter: nothing is wrong with their bank account."""
    line.return_(problem)
    line.save(update_fields=["status", "problem"])
    on = today(line.reward.division)
    if line.dispute_id:
        return_correction(line.reward_id, line.amount, on=on)
    else:
        return_reward(line.reward_id, line.amount, on=on, by=by)


@renewed_by("bank files")
def renew_bank_files() -> int:
    """Encrypt all files to and from the bank under the first of `FIELD_KEYS`, and return how many."""
    with transaction.atomic():
        written = list(BankFile.objects.locked().order_by("pk"))
        received = list(ReturnFile.objects.select_for_update(no_key=True).order_by("pk"))
        files: list[BankFile | ReturnFile] = [*written, *received]
        for file in files:
            file.content = renew(file.content)
            file.save(update_fields=["content"])
        changes = list(BankChange.objects.locked().order_by("pk"))
        for change in changes:
            change.corrected = renew(change.corrected)
            change.save(update_fields=["corrected"])
    return len(files) + len(changes)


def _require_second_person(file: BankFile, by: User) -> None:
    """
    Keep the file from who built or froze its batch and who is paid by it; of these and them all are confirmed.

    :raises NotAllowed: if the person is one of these, or may not approve payouts there
    """
    require(by, Permission.APPROVE_BATCHES, file.division)
    makers = file.batch.makers
    if by.pk in makers:
        raise NotAllowed(_("You built or froze this batch: somebody else has to do it."), code="own_batch")
    require_second_person(by, makers)
    if transfers_of(file).filter(of_own(by, "payee__account__customer")).exists():
        raise NotAllowed(_("You are paid in this file: somebody else has to do it."), code="own_payment")


def _locked(bank_file_id: int) -> BankFile:
    return BankFile.objects.locked().select_related("division", "batch").get(pk=bank_file_id)


def _tell(file: BankFile, fact: Fact, *, by: User | None) -> None:
    publish(fact, subject=file, about=[file.batch], division=file.division, by=by)

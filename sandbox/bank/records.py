"""The records of a file of transfers as a bank reads them, and those of the file in which it sends some back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

RECORD = 94
BLOCK = 10
HASH = 10**10


class Unreadable(ValueError):  # noqa: N818  # it reads as the sentence that it is
    """What a bank would refuse a whole file for."""


@dataclass(frozen=True)
class Transfer:
    """One entry of a file."""

    trace: str
    code: str
    """22: to a checking account, 32: to a savings account."""
    routing: str
    account: str
    cents: int
    reference: str
    name: str
    effective_on: date


def transfers_in(text: str) -> list[Transfer]:
    """
    Read a file of transfers.

    :raises Unreadable: if a record is no record, or a count, sum or hash is not that of what stands above it
    """
    read: list[Transfer] = []
    effective_on, before = date.min, 0
    for record in _records(text):
        if record[0] == "5":
            effective_on, before = _day(record[69:75]), len(read)
        elif record[0] == "6":
            read.append(_transfer(record, effective_on))
        elif record[0] == "8":
            _check(read[before:], count=record[4:10], hashed=record[10:20], credit=record[32:44])
        elif record[0] == "9":
            _check(read, count=record[13:21], hashed=record[21:31], credit=record[43:55])
    if len({one.trace for one in read}) < len(read):
        raise Unreadable("two entries have one trace number")
    return read


def _records(text: str) -> list[str]:
    """Return the records of a file, without the lines that fill it up."""
    records = text.splitlines()
    if len(records) % BLOCK or any(len(record) != RECORD for record in records):
        raise Unreadable("records of 94 characters come in blocks of ten")
    return [record for record in records if record != "9" * RECORD]


def _day(text: str) -> date:
    return date(2000 + int(text[:2]), int(text[2:4]), int(text[4:]))


def _transfer(record: str, effective_on: date) -> Transfer:
    return Transfer(
        trace=record[79:94],
        code=record[1:3],
        routing=record[3:12],
        account=record[12:29].strip(),
        cents=int(record[29:39]),
        reference=record[39:54].strip(),
        name=record[54:76].strip(),
        effective_on=effective_on,
    )


def _check(read: list[Transfer], *, count: str, hashed: str, credit: str) -> None:
    found = (len(read), sum(int(one.routing[:8]) for one in read) % HASH, sum(one.cents for one in read))
    if found != (int(count), int(hashed), int(credit)):
        raise Unreadable("a control record does not say what stands above it")


def returning(transfers: Iterable[tuple[Transfer, str]], *, on: date, first: int) -> str:
    """
    Write the file in which transfers are sent back, each with its reason (Appendix Four, addenda type 99).

    :param first: of the numbers that the bank gives to what it sends back
    """
    sent = list(transfers)
    bank = sent[0][0].trace[:8]
    records = [f"101 {bank}{_check_digit(bank)}{'':<10}{on:%y%m%d}1200A094101{'':<46}".ljust(RECORD)]
    records.append(f"5200{'':<46}PPD{'RETURN':<10}{'':<6}{on:%y%m%d}   1{bank}{1:07}")
    for number, (transfer, reason) in enumerate(sent, start=first):
        records += _returned(transfer, reason, bank, number)
    count, cents = 2 * len(sent), sum(transfer.cents for transfer, _reason in sent)
    hashed = sum(int(bank) for _each in sent) % HASH
    records.append(f"8200{count:06}{hashed:010}{0:012}{cents:012}{'':<35}{bank}{1:07}")
    blocks = -(-(len(records) + 1) // BLOCK)
    records.append(f"9{1:06}{blocks:06}{count:08}{hashed:010}{0:012}{cents:012}".ljust(RECORD))
    records += ["9" * RECORD] * (blocks * BLOCK - len(records))
    return "".join(f"{record}\n" for record in records)


def _returned(transfer: Transfer, reason: str, bank: str, number: int) -> Iterator[str]:
    own = f"{transfer.routing[:8]}{number:07}"
    code = f"{transfer.code[0]}1"
    yield (
        f"6{code}{bank}{_check_digit(bank)}{transfer.account:<17}{transfer.cents:010}{transfer.reference:<15}{transfer.name:<22}  1{own}"
    )
    yield f"799{reason}{transfer.trace}{'':<6}{transfer.routing[:8]}{'':<44}{own}"


def _check_digit(eight: str) -> int:
    return -sum(int(digit) * weight for digit, weight in zip(eight, (3, 7, 1, 3, 7, 1, 3, 7), strict=True)) % 10

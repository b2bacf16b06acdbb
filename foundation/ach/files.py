"""
Files of transfers that a bank is handed: credits to persons (PPD) and to businesses (CCD).

Source: Nacha Operating Rules, Appendix Three, ACH Record Format Specifications. A file is records of 94 characters: its
header (1), batches of a header (5), entries (6) and a control (8), and its own control (9), filled up to blocks of ten
records with lines of nines. Positions in the comments are counted from 1, as there.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from django.utils.translation import gettext as _

from foundation.ach.routing import is_routing_number

RECORD = 94
BLOCK = 10
CREDITS_ONLY = "220"
MOST_OF_ENTRY = Decimal("99999999.99")
MOST_OF_FILE = Decimal("9999999999.99")
LAST_SEQUENCE = 9_999_999
MOST_ENTRIES = 999_999
HASH = 10**10
"""Of a sum of routing numbers the ten low digits are written."""
SPELLED = str.maketrans(
    {
        "ß": "SS",
        "ẞ": "SS",
        "Æ": "AE",
        "æ": "AE",
        "Œ": "OE",
        "œ": "OE",
        "Ø": "O",
        "ø": "O",
        "Ł": "L",
        "ł": "L",
        "Đ": "D",
        "đ": "D",
        "Ð": "D",
        "ð": "D",
        "Þ": "TH",
        "þ": "TH",
        "ı": "I",
        "‘": "'",
        "’": "'",
        "“": '"',
        "”": '"',
        "–": "-",
        "—": "-",
    }
)
"""Letters and signs that Unicode does not take apart into an ASCII one and a mark."""


class AchRefused(ValueError):  # noqa: N818  # it reads as the sentence that it is: raises AchRefused
    """What the format cannot say; the message is for the person who asked, `field` names the value that is wrong."""

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class BankAccountKind(StrEnum):
    """What kind of account is credited."""

    CHECKING = "checking"
    SAVINGS = "savings"


TRANSACTION_CODES = {BankAccountKind.CHECKING: "22", BankAccountKind.SAVINGS: "32"}


@dataclass(frozen=True, kw_only=True)
class Originator:
    """Who sends transfers, and by which bank: as the bank has set it up for them."""

    immediate_destination: str
    """Routing number of the bank or operator that gets the file."""
    destination_name: str
    immediate_origin: str
    """Who hands it over: a routing number, or the ten digits that the bank has given."""
    origin_name: str
    company_name: str
    """What payees read on their statement; at most 16 characters."""
    company_id: str
    """At most ten characters, as the bank has given it: often a 1 and the tax number."""
    odfi: str
    """Routing number of the bank that originates the transfers (ODFI); its first eight digits begin trace numbers."""
    entry_description: str
    """What the transfers are, for payees' statements; at most ten characters."""

    def __post_init__(self) -> None:
        """
        Check what the bank would refuse the whole file for.

        :raises AchRefused: naming the field
        """
        for name in ("immediate_destination", "odfi"):
            if not is_routing_number(getattr(self, name)):
                raise AchRefused(_("This is no routing number of a bank."), field=name)
        if not re.fullmatch(r"[0-9]{9,10}", self.immediate_origin):
            raise AchRefused(_("Nine or ten digits, as the bank has given them."), field="immediate_origin")
        if not re.fullmatch(r"[0-9A-Z]{1,10}", self.company_id):
            raise AchRefused(
                _("At most ten digits and capital letters, as the bank has given them."), field="company_id"
            )
        for name, longest in (
            ("destination_name", 23),
            ("origin_name", 23),
            ("company_name", 16),
            ("entry_description", 10),
        ):
            if len(written(getattr(self, name), field=name)) > longest:
                raise AchRefused(_("At most %(count)d characters.") % {"count": longest}, field=name)


@dataclass(frozen=True, kw_only=True)
class AchEntry:
    """One transfer, of an amount in US dollars."""

    sequence: int
    """From 1 to 9,999,999: the end of its trace number, by which the bank returns it. No two of a file share one."""
    routing_number: str
    account_number: str = field(repr=False)
    kind: BankAccountKind
    amount: Decimal
    name: str
    """Of the person or business that is paid; written in capital letters without accents, and cut after 22."""
    reference: str = ""
    """Ours, for the payee (individual identification number); at most 15 characters."""
    is_business: bool = False

    def __post_init__(self) -> None:
        """
        Check what the format cannot say.

        :raises AchRefused: naming the field
        """
        if not 1 <= self.sequence <= LAST_SEQUENCE:
            raise AchRefused(_("A trace number ends in 1 to 9,999,999."), field="sequence")
        if not is_routing_number(self.routing_number):
            raise AchRefused(_("This is no routing number of a bank."), field="routing_number")
        if not re.fullmatch(r"[0-9A-Za-z-]{1,17}", self.account_number) or not self.account_number.strip("0-"):
            raise AchRefused(
                _("An account number is 1 to 17 digits, letters and hyphens, not only zeros."), field="account_number"
            )
        cents_of(self.amount)
        if not written(self.name, field="name"):
            raise AchRefused(_("A transfer names whom it is for."), field="name")
        if not re.fullmatch(r"[ -~]{0,15}", self.reference):
            raise AchRefused(_("At most 15 letters, digits and signs, without accents."), field="reference")


def cents_of(amount: Decimal) -> int:
    """
    Return an amount in cents, as the format writes it.

    :raises TypeError: for a float, whose cents are already wrong
    :raises AchRefused: for nothing, less than nothing, a fraction of a cent, and more than 99,999,999.99
    """
    if not isinstance(amount, Decimal):
        message = f"money is Decimal, not {type(amount).__name__}"
        raise TypeError(message)
    if not amount.is_finite() or not 0 < amount <= MOST_OF_ENTRY or amount * 100 % 1:
        raise AchRefused(_("A transfer is of $0.01 to $99,999,999.99, in whole cents."), field="amount")
    return int(amount * 100)


def written(text: str, *, field: str) -> str:
    """
    Write a name in the characters that the format allows: Núñez becomes NUNEZ.

    :raises AchRefused: naming the field, for a letter that has no such spelling
    """
    spelled = unicodedata.normalize("NFKD", text.translate(SPELLED))
    plain = " ".join("".join(sign for sign in spelled if not unicodedata.combining(sign)).upper().split())
    if not re.fullmatch(r"[ -~]*", plain):
        raise AchRefused(_("“%(text)s” cannot be written in letters from A to Z.") % {"text": text}, field=field)
    return plain


def trace_number(originator: Originator, sequence: int) -> str:
    """Return the fifteen digits by which banks speak of a transfer: the ODFI's first eight, and its sequence."""
    return f"{originator.odfi[:8]}{sequence:07}"


class _Sums(NamedTuple):
    """What a control record says of the entries above it."""

    entries: int
    hash: int
    cents: int

    @classmethod
    def of(cls, entries: Iterable[AchEntry]) -> "_Sums":
        entries = list(entries)
        return cls(
            entries=len(entries),
            hash=sum(int(entry.routing_number[:8]) for entry in entries) % HASH,
            cents=sum(cents_of(entry.amount) for entry in entries),
        )


def write_file(
    originator: Originator,
    entries: Sequence[AchEntry],
    *,
    effective_on: date,
    created_at: datetime,
    file_id_modifier: str = "A",
) -> str:
    """
    Write transfers as one file; the same transfers give the same text, in whatever order they are handed in.

    Persons come in one batch and businesses in another, each by ascending trace number, as the rules ask for.

    :param effective_on: the banking day on which payees are to have their money
    :param created_at: when it is written, in the originator's own time zone
    :param file_id_modifier: A to Z or 0 to 9, another one for each file of one originator and day
    :raises AchRefused: without a transfer, with two of one trace number, or with more than a file holds
    """
    if not re.fullmatch(r"[A-Z0-9]", file_id_modifier):
        raise AchRefused(_("A file is told from others of its day by one letter or digit."), field="file_id_modifier")
    _check_together(entries)
    lines = [_file_header(originator, created_at, file_id_modifier)]
    batches = 0
    for entry_class, is_business in (("PPD", False), ("CCD", True)):
        members = sorted((each for each in entries if each.is_business is is_business), key=lambda each: each.sequence)
        if members:
            batches += 1
            lines += _batch(originator, members, entry_class, number=batches, effective_on=effective_on)
    blocks = -(-(len(lines) + 1) // BLOCK)
    lines.append(_file_control(_Sums.of(entries), batches=batches, blocks=blocks))
    lines += ["9" * RECORD] * (blocks * BLOCK - len(lines))
    return "".join(f"{line}\n" for line in lines)


def _check_together(entries: Sequence[AchEntry]) -> None:
    if not entries:
        raise AchRefused(_("There is nothing to transfer."), field="entries")
    if len({entry.sequence for entry in entries}) < len(entries):
        raise AchRefused(_("Two transfers have one trace number."), field="sequence")
    if len(entries) > MOST_ENTRIES or sum(entry.amount for entry in entries) > MOST_OF_FILE:
        raise AchRefused(_("One file holds 999,999 transfers and $9,999,999,999.99."), field="entries")


def _file_header(originator: Originator, created_at: datetime, modifier: str) -> str:
    return _record(
        "1",  # 1 record type
        "01",  # 2-3 priority
        f"{originator.immediate_destination:>10}",  # 4-13
        f"{originator.immediate_origin:>10}",  # 14-23
        f"{created_at:%y%m%d%H%M}",  # 24-33
        modifier,  # 34
        "094101",  # 35-40 size of a record, of a block, format 1
        _text(originator.destination_name, 23),  # 41-63
        _text(originator.origin_name, 23),  # 64-86
        " " * 8,  # 87-94 reference
    )


def _batch(
    originator: Originator, entries: Sequence[AchEntry], entry_class: str, *, number: int, effective_on: date
) -> list[str]:
    sums = _Sums.of(entries)
    header = _record(
        "5",  # 1 record type
        CREDITS_ONLY,  # 2-4 service class
        _text(originator.company_name, 16),  # 5-20
        " " * 20,  # 21-40 the company's own
        f"{originator.company_id:<10}",  # 41-50
        entry_class,  # 51-53
        _text(originator.entry_description, 10),  # 54-63
        " " * 6,  # 64-69 descriptive date
        f"{effective_on:%y%m%d}",  # 70-75
        " " * 3,  # 76-78 settlement date, written by the operator
        "1",  # 79 the originator is a bank under these rules
        originator.odfi[:8],  # 80-87
        f"{number:07}",  # 88-94
    )
    control = _record(
        "8",  # 1 record type
        CREDITS_ONLY,  # 2-4
        f"{sums.entries:06}",  # 5-10
        f"{sums.hash:010}",  # 11-20
        "0" * 12,  # 21-32 debits
        f"{sums.cents:012}",  # 33-44 credits
        f"{originator.company_id:<10}",  # 45-54
        " " * 25,  # 55-79 authentication code, reserved
        originator.odfi[:8],  # 80-87
        f"{number:07}",  # 88-94
    )
    return [header, *(_entry(originator, entry) for entry in entries), control]


def _entry(originator: Originator, entry: AchEntry) -> str:
    return _record(
        "6",  # 1 record type
        TRANSACTION_CODES[entry.kind],  # 2-3
        entry.routing_number,  # 4-12 with its check digit
        f"{entry.account_number:<17}",  # 13-29
        f"{cents_of(entry.amount):010}",  # 30-39
        f"{entry.reference:<15}",  # 40-54
        _text(entry.name, 22),  # 55-76
        " " * 2,  # 77-78 discretionary
        "0",  # 79 no addenda
        trace_number(originator, entry.sequence),  # 80-94
    )


def _file_control(sums: _Sums, *, batches: int, blocks: int) -> str:
    return _record(
        "9",  # 1 record type
        f"{batches:06}",  # 2-7
        f"{blocks:06}",  # 8-13
        f"{sums.entries:08}",  # 14-21
        f"{sums.hash:010}",  # 22-31
        "0" * 12,  # 32-43 debits
        f"{sums.cents:012}",  # 44-55 credits
        " " * 39,  # 56-94
    )


def _text(text: str, width: int) -> str:
    return f"{written(text, field='name')[:width]:<{width}}"


def _record(*fields: str) -> str:
    line = "".join(fields)
    if len(line) != RECORD:
        message = f"a record has {RECORD} characters, not {len(line)}"
        raise AssertionError(message)
    return line

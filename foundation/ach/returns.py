"""
What the bank sends back: transfers that were returned, and notifications that something about one has changed.

Source: Nacha Operating Rules, Appendix Four (Return Entries, addenda type 99) and Appendix Five (Notification of Change,
addenda type 98). Both come as entries of their own, with a trace number of their own; the addenda name the one of ours.
"""

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NoReturn

from django.utils.translation import gettext as _, gettext_lazy

from foundation.ach.files import HASH, RECORD, BankAccountKind
from foundation.ach.routing import is_routing_number

RETURN_REASONS = {
    "R01": gettext_lazy("not enough money on the account"),
    "R02": gettext_lazy("the account is closed"),
    "R03": gettext_lazy("there is no such account, or it is somebody else's"),
    "R04": gettext_lazy("the account number cannot be right"),
    "R06": gettext_lazy("our bank asked for it back"),
    "R07": gettext_lazy("the payee has revoked the authorization"),
    "R08": gettext_lazy("payment was stopped"),
    "R10": gettext_lazy("the payee says that we are not known to them, or not authorized"),
    "R11": gettext_lazy("the payee says that it is not what was agreed"),
    "R12": gettext_lazy("the branch now belongs to another bank"),
    "R13": gettext_lazy("the bank takes no part in the network"),
    "R14": gettext_lazy("whoever receives it for the payee has died or cannot go on"),
    "R15": gettext_lazy("the payee or the holder of the account has died"),
    "R16": gettext_lazy("the account is frozen"),
    "R17": gettext_lazy("the bank could not process it, or doubts how it came about"),
    "R18": gettext_lazy("the effective date is wrong"),
    "R19": gettext_lazy("the amount is written wrongly"),
    "R20": gettext_lazy("the account cannot be paid to"),
    "R21": gettext_lazy("the company's number is not valid"),
    "R22": gettext_lazy("our reference for the payee is not valid"),
    "R23": gettext_lazy("the payee has refused it"),
    "R24": gettext_lazy("the bank has received it twice"),
    "R25": gettext_lazy("what was added to it is written wrongly"),
    "R26": gettext_lazy("a mandatory field is wrong"),
    "R27": gettext_lazy("the trace number is wrong"),
    "R28": gettext_lazy("the routing number's check digit is wrong"),
    "R29": gettext_lazy("the company that was paid says that it was not authorized"),
    "R31": gettext_lazy("returned late, as our bank has agreed"),
    "R32": gettext_lazy("the bank cannot settle it"),
    "R34": gettext_lazy("the bank's part in the network is limited"),
    "R36": gettext_lazy("a credit of this kind is not allowed"),
}
"""The codes that a credit may come back with, and the common ones of debits."""

ACCOUNT_UNUSABLE = frozenset(
    (
        "R02",
        "R03",
        "R04",
        "R07",
        "R10",
        "R11",
        "R12",
        "R13",
        "R14",
        "R15",
        "R16",
        "R17",
        "R20",
        "R23",
        "R28",
        "R29",
        "R34",
    )
)
"""After these another transfer to the same account would come back, too, or is not wanted there."""

DEATHS = frozenset(("R14", "R15"))

CHANGES = {
    "C01": gettext_lazy("another account number"),
    "C02": gettext_lazy("another routing number"),
    "C03": gettext_lazy("another routing number and account number"),
    "C04": gettext_lazy("another name"),
    "C05": gettext_lazy("checking instead of savings, or savings instead of checking"),
    "C06": gettext_lazy("another account number, and checking instead of savings or the other way round"),
    "C07": gettext_lazy(
        "another routing number and account number, and checking instead of savings or the other way round"
    ),
    "C08": gettext_lazy("another foreign bank"),
    "C09": gettext_lazy("another reference for the payee"),
    "C13": gettext_lazy("what was added is written wrongly"),
    "C14": gettext_lazy("another kind of entry"),
}

NOT_OF_DETAILS = frozenset({"C09", "C13", "C14"})
"""Changes of what we write beside a payee's details: for us to put right, and nothing that the payee knows of."""

CREDITS_OF_CHECKING_AND_SAVINGS = {
    "22": BankAccountKind.CHECKING,
    "23": BankAccountKind.CHECKING,
    "32": BankAccountKind.SAVINGS,
    "33": BankAccountKind.SAVINGS,
}


class BadAchFile(ValueError):  # noqa: N818  # it reads as the sentence that it is: raises BadAchFile
    """A file that cannot be read; the message is for the person who handed it in, `line` counts from 1."""

    def __init__(self, message: str, *, line: int) -> None:
        super().__init__(_("Line %(line)d: %(message)s") % {"line": line, "message": message})
        self.line = line


@dataclass(frozen=True, kw_only=True)
class _FromTheBank:
    """What a return and a notification have in common."""

    line: int
    """Where its entry stands in the file, counted from 1."""
    code: str
    original_trace: str
    """The trace number of our transfer."""
    original_rdfi: str
    """First eight digits of the routing number that it was sent to."""
    company: str
    """Company identification of its batch: who had sent our transfer, as the bank has set it up for them."""
    trace: str
    """Its own trace number, given by the payee's bank: no two of one bank share one."""
    account_number: str = field(repr=False)
    name: str
    reference: str
    """Ours, as we had written it."""


@dataclass(frozen=True, kw_only=True)
class AchReturn(_FromTheBank):
    """A transfer that came back."""

    amount: Decimal
    """In US dollars."""
    is_credit: bool
    """Whether it was a credit that came back; we send no others."""
    date_of_death: date | None = None
    """Said for R14 and R15 alone."""
    information: str = ""
    """What the bank adds, in its own words."""

    @property
    def account_unusable(self) -> bool:
        """Tell whether the payee has to name another account before anything more is sent."""
        return self.code in ACCOUNT_UNUSABLE


@dataclass(frozen=True, kw_only=True)
class AchChange(_FromTheBank):
    """A notification that a transfer has arrived, and that the next one is to be written differently."""

    corrected: str = field(repr=False)
    """The corrected data, as they stand there; `routing_number` and the others take them apart."""

    @property
    def routing_number(self) -> str:
        """The right routing number; empty where it is not what has changed, or cannot be one."""
        number = self.corrected[:9] if self.code in {"C02", "C03", "C07"} else ""
        return number if is_routing_number(number) else ""

    @property
    def account_number_now(self) -> str:
        """The right account number; empty where it is not what has changed."""
        where = {"C01": slice(0, 17), "C03": slice(12, 29), "C06": slice(0, 17), "C07": slice(9, 26)}.get(self.code)
        return self.corrected[where].strip() if where else ""

    @property
    def name_now(self) -> str:
        """The right name of the account's holder; empty where it is not what has changed."""
        return self.corrected[:22].strip() if self.code == "C04" else ""

    @property
    def kind(self) -> BankAccountKind | None:
        """Checking or savings, where that is what has changed."""
        where = {"C05": slice(0, 2), "C06": slice(20, 22), "C07": slice(26, 28)}.get(self.code)
        return CREDITS_OF_CHECKING_AND_SAVINGS.get(self.corrected[where]) if where else None


def return_in_words(code: str) -> str:
    """Say why a transfer came back; a code that is not known here says itself."""
    return str(RETURN_REASONS.get(code, code))


def change_in_words(code: str) -> str:
    """Say what has changed; a code that is not known here says itself."""
    return str(CHANGES.get(code, code))


def read_returns(text: str) -> list[AchReturn | AchChange]:
    """
    Read a file of returns and notifications of change.

    Lines may end as they like, or not at all, and blanks at their end may be missing. Counts, sums and hashes of every
    batch and of the file must be what their control records say.

    :raises BadAchFile: naming the first line that is wrong; a transfer that is neither returned nor changed is wrong here
    """
    return _Reader().read(_lines(text))


def _is_credit(entry: str) -> bool:
    """Tell it by the second digit of the transaction code: up to 4 credits, from 5 on debits."""
    return entry[2] < "5"


def _lines(text: str) -> list[str]:
    lines = text.lstrip("\ufeff").rstrip("\r\n\x1a").splitlines()
    if len(lines) == 1 and len(lines[0]) > RECORD and len(lines[0]) % RECORD == 0:
        lines = [lines[0][start : start + RECORD] for start in range(0, len(lines[0]), RECORD)]
    return lines


@dataclass
class _Totals:
    """Of the entries read so far."""

    count: int = 0
    hash: int = 0
    debits: int = 0
    credits: int = 0

    def add(self, other: "_Totals") -> None:
        self.count += other.count
        self.hash = (self.hash + other.hash) % HASH
        self.debits += other.debits
        self.credits += other.credits


class _Reader:
    """Reads one file, record by record, and knows what may come next."""

    MAY_FOLLOW = {"": "1", "1": "59", "5": "6", "6": "7", "7": "68", "8": "59", "9": ""}  # noqa: RUF012

    def __init__(self) -> None:
        self.number = 0
        self.before = ""
        self.found: list[AchReturn | AchChange] = []
        self.entry = ""
        self.batches = 0
        self.batch_number = ""
        self.company = ""
        self.batch = _Totals()
        self.file = _Totals()

    def read(self, lines: list[str]) -> list[AchReturn | AchChange]:
        for self.number, short in enumerate(lines, start=1):
            if self.before == "9" and re.fullmatch(r"9{94}|\s*", short):
                continue
            self._take(short)
        if self.before != "9":
            self.number = len(lines) + 1
            self._refuse(_("the file ends without its control record"))
        return self.found

    def _take(self, short: str) -> None:
        if len(short) > RECORD:
            self._refuse(_("a record has 94 characters, not %(count)d") % {"count": len(short)})
        record = short.ljust(RECORD)
        if record[0] not in self.MAY_FOLLOW[self.before] or record[0] == " ":
            self._refuse(_("a record of type “%(type)s” does not belong here") % {"type": record[0]})
        readers = {
            "1": self._header,
            "5": self._batch_header,
            "6": self._entry,
            "7": self._addenda,
            "8": self._batch_control,
            "9": self._file_control,
        }
        readers[record[0]](record)
        self.before = record[0]

    def _header(self, record: str) -> None:
        if record[34:40] != "094101":
            self._refuse(_("this is no file of the Automated Clearing House"))

    def _batch_header(self, record: str) -> None:
        self.batch_number = record[87:94]
        self.company = record[40:50].strip()
        self.batch = _Totals()

    def _entry(self, record: str) -> None:
        if record[78] != "1":
            self._refuse(_("this is neither a return nor a notification of change"))
        if not re.fullmatch(r"[2-5][1-9]", record[1:3]):
            self._refuse(_("“%(code)s” is no transaction code") % {"code": record[1:3]})
        cents = self._digits(record, 29, 39)
        is_credit = _is_credit(record)
        self.batch.add(
            _Totals(
                count=1,
                hash=self._digits(record, 3, 11),
                debits=0 if is_credit else cents,
                credits=cents if is_credit else 0,
            )
        )
        self._digits(record, 79, 94)
        self.entry = record

    def _addenda(self, record: str) -> None:
        self.batch.count += 1
        self._digits(record, 6, 21)
        self._digits(record, 27, 35)
        if record[1:3] == "99":
            self.found.append(self._returned(record))
        elif record[1:3] == "98":
            self.found.append(self._changed(record))
        else:
            self._refuse(_("this is neither a return nor a notification of change"))

    def _returned(self, record: str) -> AchReturn:
        code = record[3:6]
        if not re.fullmatch(r"R\d\d", code):
            self._refuse(_("“%(code)s” is no reason for a return") % {"code": code})
        return AchReturn(
            **self._common(record),
            amount=Decimal(self.entry[29:39]).scaleb(-2),
            is_credit=_is_credit(self.entry),
            date_of_death=self._day(record[21:27]) if code in DEATHS else None,
            information=record[35:79].strip(),
        )

    def _changed(self, record: str) -> AchChange:
        code = record[3:6]
        if not re.fullmatch(r"C\d\d", code):
            self._refuse(_("“%(code)s” is no notification of change") % {"code": code})
        corrected = record[35:64].rstrip()
        if not corrected:
            self._refuse(_("it does not say what is right"))
        return AchChange(**self._common(record), corrected=corrected)

    def _common(self, record: str) -> dict[str, Any]:
        return {
            "line": self.number - 1,
            "code": record[3:6],
            "original_trace": record[6:21],
            "original_rdfi": record[27:35],
            "company": self.company,
            "trace": self.entry[79:94],
            "account_number": self.entry[12:29].strip(),
            "name": self.entry[54:76].strip(),
            "reference": self.entry[39:54].strip(),
        }

    def _day(self, text: str) -> date | None:
        if not text.strip() or text == "000000":
            return None
        try:
            return date(2000 + int(text[:2]), int(text[2:4]), int(text[4:]))
        except ValueError:
            self._refuse(_("“%(text)s” is no day") % {"text": text})

    def _batch_control(self, record: str) -> None:
        if record[87:94] != self.batch_number:
            self._refuse(_("the control record of another batch"))
        self._compare(self.batch, record, count=(4, 10), start=10)
        self.file.add(self.batch)
        self.batches += 1

    def _file_control(self, record: str) -> None:
        if self._digits(record, 1, 7) != self.batches:
            self._refuse(_("the number of batches is not what the file has"))
        self._compare(self.file, record, count=(13, 21), start=21)

    def _compare(self, found: _Totals, record: str, *, count: tuple[int, int], start: int) -> None:
        said = _Totals(
            count=self._digits(record, *count),
            hash=self._digits(record, start, start + 10),
            debits=self._digits(record, start + 10, start + 22),
            credits=self._digits(record, start + 22, start + 34),
        )
        if said != found:
            self._refuse(_("the counts, sums or hash are not those of the records above"))

    def _digits(self, record: str, start: int, end: int) -> int:
        text = record[start:end]
        if not re.fullmatch(r"[0-9]+", text):
            self._refuse(
                _("there are digits only in the places %(first)d to %(last)d") % {"first": start + 1, "last": end}
            )
        return int(text)

    def _refuse(self, message: str) -> NoReturn:
        raise BadAchFile(message, line=self.number)

"""Rewards in cash, who sends them and where they go; and what a bank would send back: all by way of services."""

import hashlib
from datetime import date
from decimal import Decimal

from accounts.testing import make_account, make_details
from commissions.models import BankAccount, BankFile, Batch, BatchLine, Payee, Reward
from commissions.services.bank import BankDetails, give_bank_details
from commissions.services.batches import post_batch
from commissions.services.rules import TermDescription
from commissions.settings import BANK_HOLD_DAYS, ORIGINATOR
from commissions.states import BankAccountKind, RewardForm, Side
from commissions.testing import make_programme, make_rule, make_version
from foundation.divisions.models import Division, DivisionSetting
from foundation.divisions.services import set_value
from foundation.jobs.services import work_one_chunk
from foundation.people.states import Role
from foundation.people.testing import make_person
from tests.commissions.paying import AT_ONCE, Payouts, make_approved, make_earned
from tests.commissions.vendor import forget_what_was_owed

ODFI = "123456780"
SENT_BY = {
    "immediate_destination": ODFI, "destination_name": "FIRST BANK", "immediate_origin": "1987654321",
    "origin_name": "OPERATOR", "company_name": "OPERATOR", "company_id": "1987654321", "odfi": ODFI,
    "entry_description": "REWARD",
}  # fmt: skip


def set_originator(division: Division, **values: str) -> None:
    """Say who sends a division's transfers; details count at once."""
    for name, value in {**SENT_BY, **values}.items():
        set_value(division, ORIGINATOR[name], value)
    let_details_count_at_once(division)


def let_details_count_at_once(division: Division) -> None:
    """Let bank details wait no day, as it could be set once: no test of anything else has to wait."""
    DivisionSetting.objects.update_or_create(division=division, name=BANK_HOLD_DAYS.name, defaults={"value": 0})


def in_cash(payouts: Payouts, amount: str = "25.00") -> None:
    """Let what pays an amount pay it in cash, from now on."""
    programme = make_programme(payouts.division, code=f"cash-{amount.replace('.', '-')}-{payouts.division.pk}")
    payouts.programmes[amount] = programme
    rule = make_rule(payouts.division, programme=programme)
    make_version(
        rule, terms=[TermDescription(side=Side.REFERRER, form=RewardForm.CASH, amount=Decimal(amount))], **AT_ONCE
    )


def make_cash(payouts: Payouts, amount: str = "25.00", *, number: str = "", payee: Payee | None = None) -> Reward:
    """
    Make a reward that is earned in cash, of a customer who can sign in.

    :param number: of the bank account that they name; none named: empty
    """
    if amount not in payouts.programmes:
        in_cash(payouts, amount)
    details = make_details(email="riley@people.example")
    customer = make_person(Role.CUSTOMER, payouts.division)
    account = payee.account if payee else make_account(payouts.division, details=details, user=customer)
    reward = make_earned(payouts, amount, account=account)
    if number:
        give_bank(reward.payee, number)
    return reward


def give_bank(payee: Payee, number: str, **details: object) -> BankAccount:
    """Let a payee name a bank account."""
    said = {"routing_number": "110000000", "kind": BankAccountKind.CHECKING, "holder": "Zoë Payee", **details}
    return give_bank_details(payee.pk, BankDetails(account_number=number, **said), by=payee.account.customer.user)


def work(batch: Batch) -> None:
    """Post a batch, and do all its work."""
    job = post_batch(batch.pk)
    while work_one_chunk(job.pk):
        pass


def make_file(payouts: Payouts) -> BankFile:
    """Build, read, approve and post what is earned, and return the file for the bank; how it came about is told to nobody."""
    forget_what_was_owed()
    batch = make_approved(payouts)
    work(batch)
    return BankFile.objects.get(batch=batch)


def return_file(*lines: tuple[BatchLine, str], amount: Decimal | None = None, trace: str = "") -> str:
    """
    Write what a bank sends when it returns transfers, each with its reason (Nacha Operating Rules, Appendix Four).

    :param amount: another one than we sent
    :param trace: another trace number than ours
    """
    records = [f"101 {ODFI}1987654321{date(2026, 12, 1):%y%m%d}1200A094101{'FIRST BANK':<23}{'OPERATOR':<23}{'':<8}"]
    records.append(
        f"5200{'OPERATOR':<16}{'':<20}{'1987654321':<10}PPD{'REWARD':<10}{'':<6}{date(2026, 12, 1):%y%m%d}   1"
        f"{ODFI[:8]}0000001"
    )
    total, hashed = 0, 0
    for number, (line, code) in enumerate(lines, start=1):
        cents = int((amount or line.amount) * 100)
        total, hashed = total + cents, hashed + int(ODFI[:8])
        own = f"87654321{int(hashlib.sha256((line.trace_number + code).encode()).hexdigest(), 16) % 10**6 + number:07}"
        records.append(f"621{ODFI}{'000123456':<17}{cents:010}{line.reward_id:<15}{'ZOE PAYEE':<22}  1{own}")
        original = trace or line.trace_number
        records.append(f"799{code}{original}{'':<6}87654321{'':<44}{own}")
    count = 2 * len(lines)
    records.append(f"8200{count:06}{hashed % 10**10:010}{0:012}{total:012}{'1987654321':<10}{'':<25}{ODFI[:8]}0000001")
    blocks = -(-(len(records) + 1) // 10)
    records.append(f"9000001{blocks:06}{count:08}{hashed % 10**10:010}{0:012}{total:012}{'':<39}")
    records += ["9" * 94] * (blocks * 10 - len(records))
    return "".join(f"{record}\n" for record in records)


def notification(line: BatchLine, code: str, corrected: str) -> str:
    """Write what a bank sends when details are to be written otherwise (Nacha Operating Rules, Appendix Five)."""
    day, own = f"{date(2026, 12, 1):%y%m%d}", f"11000000{line.pk:07}"
    records = [f"101 {ODFI}1987654321{day}1200A094101{'FIRST BANK':<23}{'OPERATOR':<23}{'':<8}"]
    records.append(f"5200{'OPERATOR':<16}{'':<20}{'1987654321':<10}COR{'REWARD':<10}{'':<6}{day}   1{ODFI[:8]}0000001")
    records.append(f"621{ODFI}{'000123456':<17}{0:010}{line.reward_id:<15}{'ZOE PAYEE':<22}  1{own}")
    records.append(f"798{code}{line.trace_number}{'':<6}11000000{corrected:<29}{'':<15}{own}")
    hashed = int(ODFI[:8])
    records.append(f"8200{2:06}{hashed:010}{0:012}{0:012}{'1987654321':<10}{'':<25}{ODFI[:8]}0000001")
    records.append(f"9000001{1:06}{2:08}{hashed:010}{0:012}{0:012}{'':<39}")
    records += ["9" * 94] * (10 - len(records))
    return "".join(f"{record}\n" for record in records)

"""Referred friends made quickly, and what a billing system tells about them."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import count
from typing import Any

from billing.ports import BillingReport, StatusReport, VendorFact
from billing.services import receive_fact
from billing.states import BillingKind, ServiceStatus
from commissions.models import Reward
from commissions.services.cases import Stage, pay
from commissions.services.qualification import reconsider

INSTALLED = date(2026, 1, 15)
EARLIEST = date(2026, 4, 15)
"""Three months after."""

_numbers = count(1)


def noon(day: date) -> datetime:
    """Noon in New York, or an hour before: the day is the same in every zone of the Americas."""
    return datetime.combine(day, time(16), UTC)


def make_stage_and_reward(
    *, amount: str = "50.00", installed_on: date = INSTALLED, **rule: Any
) -> tuple[Stage, Reward]:
    """A market and a reward that begins to qualify; unless told otherwise, it needs no bills."""
    stage = Stage()
    version = stage.make_version(amount=Decimal(amount), **{"bills_needed": 0, **rule})
    return stage, stage.make_reward(version, installed_on)


def tell(stage: Stage, report: BillingReport | StatusReport, on: date, *, event_id: str = "") -> VendorFact:
    fact = VendorFact(
        event_id=event_id or f"told-{next(_numbers)}", kind="told", occurred_at=noon(on), raw={}, report=report
    )
    receive_fact(stage.system, fact)
    return fact


def bill_of(number: str, name: str, issued: date, due: date, *, amount: str = "40.00", tax: str = "0.00"):
    return BillingReport(
        kind=BillingKind.INVOICE, external_id=f"{number}-{name}", account_number=number, amount=Decimal(amount),
        tax=Decimal(tax), currency="USD", effective_date=issued.isoformat(), due_date=due.isoformat(),
    )  # fmt: skip


def payment_of(number: str, bill: str, *, name: str = "", amount: str = "40.00", is_reversal: bool = False):
    kind = BillingKind.RECEIPT_DEALLOCATION if is_reversal else BillingKind.RECEIPT_ALLOCATION
    name = name or f"pays-{bill}"
    return BillingReport(
        kind=kind, external_id=f"{number}-{name}", account_number=number, amount=Decimal(amount), currency="USD",
        invoice_id=f"{number}-{bill}", source_id=f"{number}-{name}",
    )  # fmt: skip


def ended_of(number: str) -> StatusReport:
    return StatusReport(account_number=number, status=ServiceStatus.DISCONNECTED)


def make_partly_taken_back() -> tuple[Stage, Reward]:
    """A reward that was credited, and taken back in part because the friend left after it."""
    stage, reward = make_stage_and_reward(clawback_full_days=60, clawback_none_days=200)
    reconsider(reward.friend_account_id, on=EARLIEST)
    pay(reward.pk, date(2026, 5, 6))
    tell(stage, ended_of(reward.friend_account.number), date(2026, 5, 10))
    reconsider(reward.friend_account_id, on=date(2026, 5, 10))
    reward.refresh_from_db()
    return stage, reward

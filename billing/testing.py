"""Make billing systems and work orders for tests, and let billing systems tell things."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from billing.models import BillingSystem
from billing.ports import (
    AccountReport,
    Amounts,
    Appointment,
    BalanceReport,
    BillingReport,
    Party,
    Place,
    StatusReport,
    VendorFact,
    WorkOrder,
    WorkOrderLine,
)
from billing.services import receive_fact
from billing.settings import BILLING_SYSTEM
from billing.states import BillingKind, ServiceStatus
from foundation.divisions.models import Division
from foundation.divisions.services import set_value
from foundation.now import now

_numbers = count(1)


def make_billing_system(
    division: Division, *, base_url: str = "http://127.0.0.1:9", code: str = "", is_active: bool = True
) -> BillingSystem:
    """Make a billing system and let a division use it; without an address, nobody listens there."""
    code = code or f"vendor_{next(_numbers)}"
    system = BillingSystem.objects.create(
        code=code, name=code.title(), division=division, adapter="tmf", base_url=base_url, is_active=is_active
    )
    set_value(division, BILLING_SYSTEM, code)
    return system


def make_appointment(day: int = 7) -> Appointment:
    """Make a window of two hours on a day of December 2026."""
    return Appointment(
        starts_at=datetime(2026, 12, day, 13, tzinfo=UTC), ends_at=datetime(2026, 12, day, 15, tzinfo=UTC), slot="am"
    )


def make_work_order(*, order_number: str = "", codes: tuple[str, ...] = ("INT-300", "TV-BASIC")) -> WorkOrder:
    """Make a work order with a line for each product code; the lines are numbered from 1."""
    lines = tuple(
        WorkOrderLine(line_id=str(number), product_code=code, name=code, recurring=Decimal("49.99"))
        for number, code in enumerate(codes, start=1)
    )
    return WorkOrder(
        order_number=order_number or f"O-{next(_numbers)}",
        party=Party(name="Casey Customer", customer_number="C-1", account_number="A-1", email="casey@people.example"),
        place=Place(premises_id="1", street_line="12 Elm Street", city="Springfield", state="VT", zip_code="05156"),
        lines=lines,
        appointment=make_appointment(),
        amounts=Amounts(
            currency="USD", due_today=Decimal("10.00"), monthly=Decimal("105.48"), monthly_after=Decimal("125.48")
        ),
    )


def tell(
    system: BillingSystem, report: AccountReport, *, event_id: str = "", occurred_at: datetime | None = None
) -> bool:
    """Let a billing system tell something of an account; return whether the event was new."""
    fact = VendorFact(
        event_id=event_id or f"event-{next(_numbers)}",
        kind=type(report).__name__,
        occurred_at=occurred_at or now(),
        raw={},
        report=report,
    )
    return receive_fact(system, fact)


def make_report(kind: BillingKind, account_number: str, amount: str = "100.00", **values: Any) -> BillingReport:
    """Make what a billing system says of money on an account."""
    content: dict[str, Any] = {
        "kind": kind,
        "external_id": f"{kind}-{next(_numbers)}",
        "account_number": account_number,
        "amount": Decimal(amount),
        "currency": "USD",
    }
    return BillingReport(**content | values)


def tell_status(system: BillingSystem, account_number: str, status: ServiceStatus, day: str = "", **more: Any) -> bool:
    """Let a billing system say from which day on an account is served, or not."""
    report = StatusReport(account_number=account_number, status=status, effective_date=day)
    return tell(system, report, **more)


def tell_balance(
    system: BillingSystem, account_number: str, past_due: str = "0.00", oldest_due_date: str = "", **more: Any
) -> bool:
    """Let a billing system say what an account owes."""
    report = BalanceReport(
        account_number=account_number, past_due=Decimal(past_due), currency="USD", oldest_due_date=oldest_due_date
    )
    return tell(system, report, **more)

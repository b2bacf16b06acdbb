"""An invoice and its full credit note are nothing: whatever the rule, it earns no more than if neither had been."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings, strategies as st

from billing.models import Allocation, Invoice
from billing.states import AllocationSource
from commissions.models import Reward
from commissions.services.cases import Stage
from commissions.services.qualification import reconsider
from tests.commissions.staging import INSTALLED

pytestmark = pytest.mark.django_db

MONEY = st.sampled_from(["0.01", "29.99", "100.00"])
RULES = st.fixed_dictionaries(
    {
        "wait_count": st.integers(0, 3),
        "bills_needed": st.integers(0, 3),
        "days_late_allowed": st.sampled_from([None, 0, 5]),
        "weekend_moves_due_date": st.booleans(),
        "months_to_qualify": st.sampled_from([3, 6, 12]),
    }
)
WORTH = st.sampled_from(
    [{"amount": Decimal("50.00")}, {"percent_cash": Decimal("12.500")}, {"percent_cash": Decimal(100)}]
)
BILLS = st.lists(st.tuples(st.integers(0, 150), MONEY), max_size=4)
"""On which day after installation, and how much: always due ten days later, and settled two days after."""


def told(stage: Stage, reward: Reward, bill: tuple[int, str], *, name: str, source: AllocationSource) -> None:
    """Let a bill be issued and settled whole and in time."""
    day, amount = bill
    issued, account = INSTALLED + timedelta(days=day), reward.friend_account
    circumstances = {
        "billing_system": stage.system, "division": stage.division, "account": account,
        "account_number": account.number, "occurred_at": datetime(2026, 1, 1, tzinfo=UTC),
        "invoice_id": f"{reward.pk}-{name}", "amount": Decimal(amount), "currency": "USD",
    }  # fmt: skip
    Invoice.objects.create(tax=Decimal(0), issued_on=issued, due_on=issued + timedelta(days=10), **circumstances)
    Allocation.objects.create(
        source=source, allocation_id=f"{reward.pk}-{name}", effective_on=issued + timedelta(days=2), **circumstances
    )


def decided(reward: Reward, nights: list[int]) -> list[tuple[object, ...]]:
    """Return what the reward is after each night."""
    found = []
    for night in nights:
        reconsider(reward.friend_account_id, on=INSTALLED + timedelta(days=night))
        reward.refresh_from_db()
        found.append((reward.status, reward.amount, reward.qualified_on, reward.reason, reward.reason_on))
    return found


@given(
    rule=RULES,
    worth=WORTH,
    paid=BILLS,
    credited=st.lists(st.tuples(st.integers(0, 150), MONEY), min_size=1, max_size=3),
)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_changes_nothing(rule, worth, paid, credited):
    nights = [30, 91, 160, 400]
    with transaction.atomic():
        stage = Stage()
        version = stage.make_version(**rule, **worth)
        alone, beside = (stage.make_reward(version, INSTALLED) for _each in range(2))
        for reward in (alone, beside):
            for place, bill in enumerate(paid):
                told(stage, reward, bill, name=f"p{place}", source=AllocationSource.RECEIPT)
        for place, bill in enumerate(credited):
            told(stage, beside, bill, name=f"c{place}", source=AllocationSource.CREDIT_NOTE)

        assert decided(beside, nights) == decided(alone, nights)
        transaction.set_rollback(True)

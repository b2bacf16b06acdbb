"""
Whatever happens, in whatever sequence: the ledger says what an independent recount says, and its legs are zero.

Friends order and are installed, rules change, bills are issued, paid, returned and credited, services end and resume,
rewards are held, paid, refused and rejected, months are closed, and nights pass, on the real database.
"""

import os
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import time_machine
from django.db import transaction
from django.db.models import Max
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from billing.models import Allocation, Invoice, ServiceStatusReport
from billing.states import AllocationSource, ServiceStatus
from commissions.models import ClosedPeriod, LedgerEntry, Reward
from commissions.queries.ledger import balances
from commissions.services.cases import Stage, pay
from commissions.services.endings import bring_back, end_rewards_of, return_reward, send_reward
from commissions.services.holds import hold_reward, release_reward
from commissions.services.ledger import close_period
from commissions.services.qualification import qualify_now, reconsider
from commissions.states import HoldReason, LedgerAccount
from foundation.now import now
from tests.commissions import plain

RUNS = int(os.environ.get("SEQUENCES", "280"))
STEPS = 30
FIRST = date(2026, 1, 10)
MOVED: Counter[str] = Counter()
ENDED: Counter[str] = Counter()

TERMS = st.builds(
    plain.Terms,
    wait_months=st.integers(0, 2),
    bills_needed=st.integers(0, 2),
    days_late=st.sampled_from([None, 0, 5, 20]),
    weekend=st.booleans(),
    must_be_active=st.booleans(),
    months_to_qualify=st.sampled_from([3, 6, 12]),
    full=st.sampled_from([0, 30, 60]),
    none=st.sampled_from([60, 100, 200]),
    amount=st.sampled_from([Decimal("50.00"), Decimal("33.33"), Decimal("0.01"), None]),
    percent=st.sampled_from([Decimal("12.500"), Decimal("100.000"), Decimal("33.333")]),
)
EASY = plain.Terms(0, 0, 5, True, True, 12, 30, 200, Decimal("50.00"), None)  # noqa: FBT003
PLACE = st.integers(0, 30)
BACK = st.sampled_from([0, 0, 0, 1, 3, 10, 40])
"""How many days ago something was true that is told today."""


class Business(RuleBasedStateMachine):
    """A market and what happens in it; beside the database, the plain recount is told the same."""

    stage: Stage

    def __init__(self) -> None:
        super().__init__()
        self.until = ExitStack()
        self.until.enter_context(transaction.atomic())
        self.until.callback(transaction.set_rollback, True)  # noqa: FBT003
        self.day = FIRST
        self.pairs: list[tuple[Reward, plain.Reward]] = []
        self.ordered: list[tuple[plain.Terms, object]] = []
        self.payees = [self.stage.make_payee() for _ in range(2)]
        self.payments: list[tuple[plain.Friend, Allocation]] = []
        self.reports = 0
        self.closed: date | None = None

    @initialize(terms=TERMS)
    def begin(self, terms: plain.Terms) -> None:
        self.write(terms)
        self.begin_reward(0)
        self.write(EASY)
        self.easy = self.version
        self.begin_reward(1)

    def write(self, terms: plain.Terms) -> None:
        money = {"amount": terms.amount} if terms.amount else {"percent_cash": terms.percent}
        self.terms = terms
        self.version = self.stage.make_version(
            wait_count=terms.wait_months, bills_needed=terms.bills_needed, days_late_allowed=terms.days_late,
            weekend_moves_due_date=terms.weekend, must_be_active=terms.must_be_active,
            months_to_qualify=terms.months_to_qualify, clawback_full_days=terms.full, clawback_none_days=terms.none,
            **money,
        )  # fmt: skip

    def begin_reward(self, place: int) -> None:
        reward = self.stage.make_reward(self.version, self.day, payee=self.payees[place % 2])
        self.pairs.append((reward, plain.Reward(self.terms, plain.Friend(), self.day)))

    def at(self):
        return time_machine.travel(datetime(self.day.year, self.day.month, self.day.day, 16, tzinfo=UTC), tick=False)

    def chosen(self, place: int, *statuses: str) -> tuple[Reward, plain.Reward]:
        fitting = [pair for pair in self.pairs if not statuses or pair[1].status in statuses]
        return fitting[place % len(fitting)]

    def has(self, *statuses: str) -> bool:
        return any(model.status in statuses for _reward, model in self.pairs)

    def earned(self, place: int) -> tuple[Reward, plain.Reward]:
        """Choose a reward that can be paid; where there is none, another friend comes whose reward needs nothing."""
        if not self.has("payable"):
            with self.at():
                reward = self.stage.make_reward(self.easy, self.day, payee=self.payees[place % 2])
                model = plain.Reward(EASY, plain.Friend(), self.day)
                self.pairs.append((reward, model))
                reconsider(reward.friend_account_id)
            model.night(self.day)
        return self.chosen(place, "payable")

    def circumstances(self, reward: Reward) -> dict[str, object]:
        return {
            "billing_system": self.stage.system, "division": self.stage.division, "account": reward.friend_account,
            "account_number": reward.friend_account.number, "occurred_at": datetime(2026, 1, 1, tzinfo=UTC),
        }  # fmt: skip

    # Orders and rules.

    @rule()
    def order(self) -> None:
        MOVED["order"] += 1
        self.ordered.append((self.terms, self.version))

    @rule(place=PLACE)
    def install(self, place: int) -> None:
        """Whatever the rule has become since, the one at the order counts."""
        MOVED["install"] += 1
        if not self.ordered:
            self.ordered.append((self.terms, self.version))
        terms, version = self.ordered.pop(0)
        reward = self.stage.make_reward(version, self.day, payee=self.payees[place % 2])
        self.pairs.append((reward, plain.Reward(terms, plain.Friend(), self.day)))

    @rule(terms=TERMS)
    def change_rule(self, terms: plain.Terms) -> None:
        MOVED["change rule"] += 1
        self.write(terms)

    # Bills.

    @rule(place=PLACE, due_in=st.integers(0, 20), amount=st.sampled_from(["40.00", "29.99", "100.00"]), back=BACK)
    def bill(self, place: int, due_in: int, amount: str, back: int) -> None:
        MOVED["bill"] += 1
        self.issue(place, due_in, amount, back)

    def issue(self, place: int, due_in: int, amount: str, back: int) -> None:
        reward, model = self.chosen(place)
        issued = self.day - timedelta(days=back)
        bill = plain.Bill(
            f"b{len(model.friend.bills)}", issued, issued + timedelta(days=due_in), Decimal(amount),
            (Decimal(amount) / 11).quantize(plain.CENT),
        )  # fmt: skip
        model.friend.bills.append(bill)
        Invoice.objects.create(
            invoice_id=f"{reward.pk}-{bill.name}", amount=bill.amount, tax=bill.tax, currency="USD", issued_on=issued,
            due_on=bill.due, **self.circumstances(reward),
        )  # fmt: skip

    @rule(
        place=PLACE,
        which=PLACE,
        part=st.sampled_from([1, 1, 1, 2, 3]),
        is_cash=st.sampled_from([True, True, False]),
        back=BACK,
    )
    def payment(self, place: int, which: int, part: int, is_cash: bool, back: int) -> None:  # noqa: FBT001
        """Where nothing was billed, a bill comes first."""
        MOVED["payment"] += 1
        self.pay_a_bill(place, which, part, back, is_cash=is_cash)

    def pay_a_bill(self, place: int, which: int, part: int, back: int, *, is_cash: bool) -> None:
        if not any(model.friend.bills for _reward, model in self.pairs):
            self.issue(place, 10, "40.00", 0)
        billed = [pair for pair in self.pairs if pair[1].friend.bills]
        reward, model = billed[place % len(billed)]
        bill = model.friend.bills[which % len(model.friend.bills)]
        amount = (bill.amount / part).quantize(plain.CENT)
        self.allocate(reward, model.friend, bill.name, amount, back, is_cash=is_cash)

    def allocate(
        self, reward: Reward, friend: plain.Friend, bill: str, amount: Decimal, back: int, *, is_cash: bool
    ) -> None:
        on = self.day - timedelta(days=back)
        friend.moves.append(plain.Move(bill, on, amount, is_cash))
        allocation = Allocation.objects.create(
            source=AllocationSource.RECEIPT if is_cash else AllocationSource.CREDIT_NOTE, is_reversal=amount < 0,
            allocation_id=f"{reward.pk}-{len(friend.moves)}", invoice_id=f"{reward.pk}-{bill}", amount=amount,
            currency="USD", effective_on=on, **self.circumstances(reward),
        )  # fmt: skip
        if amount > 0:
            self.payments.append((reward, friend, bill, amount, is_cash, allocation))

    @rule(which=PLACE, back=BACK)
    def reversal(self, which: int, back: int) -> None:
        """Where nothing was paid, a payment comes first."""
        MOVED["reversal"] += 1
        if not self.payments:
            self.pay_a_bill(which, which, 1, 0, is_cash=True)
        reward, friend, bill, amount, is_cash, paid = self.payments.pop(which % len(self.payments))
        back = min(back, (self.day - paid.effective_on).days)
        self.allocate(reward, friend, bill, -amount, back, is_cash=is_cash)

    @rule(place=PLACE, is_end=st.sampled_from([True, True, False]), back=BACK)
    def service(self, place: int, is_end: bool, back: int) -> None:  # noqa: FBT001
        MOVED["service"] += 1
        reward, model = self.chosen(place)
        self.reports += 1
        on = self.day - timedelta(days=back)
        model.friend.reports.append((on, self.reports, is_end))
        told = {**self.circumstances(reward), "occurred_at": datetime(2026, 1, 1, 0, 0, self.reports, tzinfo=UTC)}
        ServiceStatusReport.objects.create(
            event_id=f"s{self.reports}", effective_on=on,
            status=ServiceStatus.DISCONNECTED if is_end else ServiceStatus.ACTIVE, **told,
        )  # fmt: skip

    # Time.

    @rule(days=st.sampled_from([1, 3, 7]), again=st.booleans())
    def night(self, days: int, again: bool) -> None:  # noqa: FBT001
        self.pass_days(days, again=again)

    @rule(days=st.sampled_from([20, 31, 45]))
    def month(self, days: int) -> None:
        self.pass_days(days, again=False)

    def pass_days(self, days: int, *, again: bool) -> None:
        MOVED["night"] += 1
        self.day += timedelta(days=days)
        with self.at():
            qualify_now(self.stage.division)
            for _reward, model in self.pairs:
                model.night(self.day)
            if again:
                for _reward, model in self.pairs:
                    model.night(self.day)
                qualify_now(self.stage.division)
        self.must_agree()

    @rule(back=st.integers(1, 2))
    def close_month(self, back: int) -> None:
        MOVED["close month"] += 1
        period = plain.months_later(self.day.replace(day=1), -back)
        if self.closed is None or period > self.closed:
            with self.at():
                close_period(self.stage.division.pk, period, by=None)
            self.closed = period

    # Payouts, holds, rejections.

    @rule(place=PLACE)
    def payout(self, place: int) -> None:
        MOVED["payout"] += 1
        self.pay_one(place)

    def pay_one(self, place: int) -> None:
        reward, model = self.earned(place)
        with self.at():
            pay(reward.pk, self.day)
        model.move("payable", "in_transit", model.owed)
        model.move("in_transit", "paid", model.owed)
        model.status, model.paid = "settled", model.owed
        ENDED["settled"] += 1

    @rule(place=PLACE)
    def sent_back(self, place: int) -> None:
        """A bank sends back late what was paid: it is owed again; what was taken back since is claimed no longer."""
        MOVED["sent back"] += 1
        if not self.has("settled"):
            self.pay_one(place)
        reward, model = self.chosen(place, "settled")
        with self.at():
            bring_back(reward.pk, model.paid, set_off=plain.ZERO, is_correction=False, on=self.day)
        model.move("paid", "payable", model.paid)
        model.move("payable", "receivable", model.paid - model.owed)
        model.move("payable", "held", model.owed)
        model.status, model.holds = "held", {"bank_returned"}

    @rule(place=PLACE)
    def refusal(self, place: int) -> None:
        """The billing system refuses the credit: it is held."""
        MOVED["refusal"] += 1
        reward, model = self.earned(place)
        with self.at():
            row = Reward.objects.locked().get(pk=reward.pk)
            row.put_in_batch()
            row.save()
            send_reward(reward.pk, model.owed, on=self.day)
            reconsider(reward.friend_account_id)  # what is being paid waits
            return_reward(reward.pk, model.owed, hold=HoldReason.CREDIT_REFUSED, on=self.day)
        model.move("payable", "held", model.owed)
        model.status, model.holds = "held", {"credit_refused"}

    @rule(place=PLACE)
    def hold(self, place: int) -> None:
        MOVED["hold"] += 1
        reward, model = self.chosen(place, "held") if self.has("held") else self.earned(place)
        self.hold_it(reward, model)

    def hold_it(self, reward: Reward, model: plain.Reward) -> None:
        with self.at():
            hold_reward(reward.pk, HoldReason.AUDIT, by=None)
        if model.status == "payable":
            model.move("payable", "held", model.owed)
        model.status = "held"
        model.holds.add("audit")

    @rule(place=PLACE, which=PLACE)
    def release(self, place: int, which: int) -> None:
        MOVED["release"] += 1
        if not self.has("held"):
            self.hold_it(*self.earned(place))
        reward, model = self.chosen(place, "held")
        reason = sorted(model.holds)[which % len(model.holds)]
        with self.at():
            release_reward(reward.pk, HoldReason(reason), by=None)
        model.holds.remove(reason)
        if not model.holds:
            model.move("held", "payable", model.owed)
            model.status = "payable"

    @rule(place=PLACE)
    def clawback(self, place: int) -> None:
        """Found not to be genuine: forfeited, or taken back."""
        MOVED["clawback"] += 1
        open_ = ("accrued", "held", "payable", "settled", "forfeited")
        reward, model = self.chosen(place, *open_) if self.has(*open_) else self.earned(place)
        with self.at():
            reward.referral.refresh_from_db()
            if reward.referral.status != "disqualified":
                reward.referral.disqualify("fraud", at=now())
                reward.referral.save()
            end_rewards_of(reward.referral_id, by=None)
        if model.status in {"accrued", "forfeited"}:
            if model.status == "accrued" and model.amount:
                model.move("held", "expense", model.amount)
            model.status, model.reason = "forfeited", "fraud"
        else:
            model.take_back(model.owed, "fraud")

    # What must be true.

    def must_agree(self) -> None:
        rows = Reward.objects.in_bulk([reward.pk for reward, _model in self.pairs])
        for reward, model in self.pairs:
            row = rows[reward.pk]
            said = (row.status, row.amount, row.clawed_back, row.qualified_on, set(row.holds), row.reason)
            assert said == (model.status, model.amount, model.taken, model.qualified_on, model.holds, model.reason)

    def teardown(self) -> None:
        try:
            self.must_agree()
            self.must_balance()
        finally:
            self.until.close()

    def must_balance(self) -> None:
        entries = LedgerEntry.objects.filter(division=self.stage.division)
        recounted = {
            account: sum((model.accounts[account.value] for _reward, model in self.pairs), plain.ZERO)
            for account in LedgerAccount
        }
        found = balances(entries).get("USD")
        for account in LedgerAccount:
            sign = 1 if account in {LedgerAccount.EXPENSE, LedgerAccount.RECEIVABLE} else -1
            assert (found[account] if found else plain.ZERO) == sign * recounted[account], account
        assert sum(recounted.values(), plain.ZERO) == 0
        assert found is None or found.difference == 0
        keys = [f"{reward.pk}:{number + 1}" for reward, _model in self.pairs for number in range(self.moves_of(reward))]
        assert sorted(entries.values_list("key", flat=True)) == sorted(keys)
        assert all(entry.period >= entry.effective_on.replace(day=1) for entry in entries)
        last_closed = ClosedPeriod.objects.filter(division=self.stage.division).aggregate(last=Max("period"))["last"]
        assert last_closed == self.closed
        ENDED["taken back"] += sum(model.taken > 0 for _reward, model in self.pairs)
        ENDED["runs"] += 1

    def moves_of(self, reward: Reward) -> int:
        return Reward.objects.values_list("moves", flat=True).get(pk=reward.pk)


def test_any_sequence_of_business_ends_as_an_independent_recount_says(db, capsys):
    with time_machine.travel(datetime(2026, 1, 1, tzinfo=UTC), tick=False):
        stage = Stage()
    MOVED.clear()
    ENDED.clear()

    run_state_machine_as_test(
        type("ThisBusiness", (Business,), {"stage": stage}),
        settings=settings(
            max_examples=RUNS, stateful_step_count=STEPS, deadline=None, database=None, derandomize=True,
            suppress_health_check=list(HealthCheck), print_blob=False,
        ),
    )  # fmt: skip

    with capsys.disabled():
        print(f"\n{ENDED['runs']} runs: {dict(MOVED.most_common())}, {dict(ENDED)}")
    assert ENDED["runs"] >= RUNS
    if RUNS >= 200:
        assert min(MOVED.values()) >= 200
        assert len(MOVED) == 15
        assert ENDED["settled"] >= 50
        assert ENDED["taken back"] >= 20

"""
Cases worked out by hand, decided by the real engine in a transaction that is rolled back.

What a billing system would tell is told through the same door (`billing.services.receive_fact`), nights are run by
the same statement as in production, money goes through the same ledger. What has to be there
before (market, billing system, programme, rule and version, customers, order, referral) is made of plain rows (`Stage`).
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from accounts.models import Account, Customer
from billing.models import BillingSystem
from billing.ports import BillingReport, StatusReport, VendorFact
from billing.services import receive_fact
from billing.states import BillingKind, ServiceStatus
from catalog.models import Product
from commissions.models import ClosedPeriod, Payee, Reward, RewardTerm, Rule, RuleVersion
from commissions.queries.reckoning import dates_of
from commissions.queries.trace import Trace, trace_of
from commissions.services.accrual import accrue_rewards
from commissions.services.endings import send_reward, settle_reward
from commissions.services.ledger import post
from commissions.services.qualification import reconsider
from commissions.states import Basis, EntryKind, RewardStatus, Side, VersionStatus
from foundation.divisions.fields import Texts
from foundation.divisions.models import Division
from foundation.divisions.services import set_value
from foundation.divisions.settings import CURRENCY, TIME_ZONE
from foundation.money import ZERO
from orders.models import Order, OrderLine
from orders.states import Channel
from referrals.models import Programme, Referral, Referrer
from referrals.states import ProgrammeStatus
from territory.models import Premises, Qualification, Street
from territory.states import Outcome as CheckOutcome

RULE_FIELDS = frozenset(
    {
        "wait_count",
        "wait_unit",
        "bills_needed",
        "days_late_allowed",
        "weekend_moves_due_date",
        "must_be_active",
        "months_to_qualify",
        "clawback_full_days",
        "clawback_none_days",
    }
)
MONEY = ("amount", "percent_cash", "percent_margin")
NOTHING = "nothing"
"""In a file, for the status: there is no reward."""
NO_LIMIT = "any"
"""In a file, for `days_late_allowed`: however late."""


class UnreadableCase(Exception):  # noqa: N818  # it reads as what it is
    """A file of cases says something that means nothing."""


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """What should be so on a day, after that day's night. What is left out is not compared."""

    on: date
    status: str
    amount: Decimal | None = None
    """What the reward is worth, whatever was taken back of it."""
    since: date | None = None
    """Earned on, or not eligible or taken back since."""
    reason: str | None = None
    taken_back: Decimal | None = None
    booked: date | None = None
    """The month in which its last entry is."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One friend's story. Moments without a zone are in the case's."""

    name: str
    installed: date
    expect: Sequence[Expectation]
    why: str = ""
    zone: str = "America/New_York"
    currency: str = "USD"
    amount: Decimal | None = None
    percent_cash: Decimal | None = None
    percent_margin: Decimal | None = None
    """Of what is charged each month for `lines`, less what they cost."""
    lines: Sequence[Mapping[str, Any]] = ()
    """What the friend ordered: `monthly`, and `cost` where it is known."""
    rule: Mapping[str, Any] = field(default_factory=dict)
    bills: Sequence[Mapping[str, Any]] = ()
    payments: Sequence[Mapping[str, Any]] = ()
    returns: Sequence[Mapping[str, Any]] = ()
    statuses: Sequence[Mapping[str, Any]] = ()
    payouts: Sequence[date] = ()
    closed: Sequence[Mapping[str, Any]] = ()

    @property
    def tzinfo(self) -> ZoneInfo:
        """The zone of the division in which it plays."""
        return ZoneInfo(self.zone)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the engine made of one expectation."""

    case: Case
    expected: Expectation
    found: Expectation
    trace: Trace | None
    """None where there is no reward."""

    def told(self) -> list[str]:
        """Return what differs, and what led there."""
        return [*self.differences, *(self.trace.lines() if self.trace else ())]

    @property
    def differences(self) -> list[str]:
        """What is not as it was expected."""
        pairs = [(f.name, getattr(self.expected, f.name), getattr(self.found, f.name)) for f in fields(Expectation)]
        return [
            f"{name} is {found}, not {expected}"
            for name, expected, found in pairs
            if expected is not None and expected != found
        ]


# Reading. ---------------------------------------------------------------------------------------------------------


def read_cases(path: Path) -> list[Case]:
    """
    Read the cases of a TOML file.

    :raises UnreadableCase: if it is none, or says something that means nothing
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        return [_case(entry) for entry in content["case"]]
    except (OSError, KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise UnreadableCase(f"{path}: {error!r}") from error


def _case(entry: dict[str, Any]) -> Case:
    money: dict[str, Any] = {name: Decimal(str(entry.pop(name))) for name in MONEY if name in entry}
    expect = [_expectation(line) for line in entry.pop("expect")]
    rule = entry.pop("rule", {})
    if unknown := set(rule) - RULE_FIELDS:
        raise ValueError(f"{entry.get('name')}: no rule has {', '.join(sorted(unknown))}")
    if rule.get("days_late_allowed") == NO_LIMIT:
        rule = {**rule, "days_late_allowed": None}
    return Case(**entry, **(money or {"amount": Decimal("50.00")}), rule=rule, expect=expect)


def _expectation(line: dict[str, Any]) -> Expectation:
    for name in ("amount", "taken_back"):
        if name in line:
            line[name] = Decimal(str(line[name]))
    return Expectation(**line)


# Trying. ----------------------------------------------------------------------------------------------------------


def try_cases(cases: Sequence[Case]) -> Iterator[Outcome]:
    """Decide cases by the real engine, each on made-up rows that are rolled back; nothing stays."""
    for case in cases:
        with transaction.atomic():
            outcomes = list(_play(case))
            transaction.set_rollback(True)
        yield from outcomes


def _play(case: Case) -> Iterator[Outcome]:
    """Run the nights on which something can change: when something is heard or done, at the wait's end, and as asked."""
    stage = Stage(case.zone, case.currency)
    percentages = {"percent_cash": case.percent_cash, "percent_margin": case.percent_margin}
    version = stage.make_version(amount=case.amount, **percentages, **case.rule)
    reward = stage.accrue(case.installed, case.lines) if case.lines else stage.make_reward(version, case.installed)
    if reward is None:
        yield from (_nothing(case, line) for line in case.expect)
        return
    told = sorted(_facts(case, reward.friend_account.number), key=_when)
    deeds = sorted([(day, "pay") for day in case.payouts] + [(line["on"], line) for line in case.closed], key=_when)
    expected = {line.on: line for line in case.expect}
    nights = {day for day, _it in (*told, *deeds)} | {reward.earliest_on} | set(expected)
    for day in sorted(night for night in nights if night <= max(expected)):
        _night(stage, reward, told, day)
        while deeds and deeds[0][0] == day:
            _do(stage, reward, day, deeds.pop(0)[1])
        if day in expected:
            reward.refresh_from_db()
            yield Outcome(case=case, expected=expected[day], found=_found(reward, day), trace=trace_of(reward, day))


def _nothing(case: Case, expected: Expectation) -> Outcome:
    return Outcome(case=case, expected=expected, found=Expectation(on=expected.on, status=NOTHING), trace=None)


def _when(dated: tuple[date, Any]) -> date:
    return dated[0]


def _night(stage: "Stage", reward: Reward, told: list[tuple[date, VendorFact]], day: date) -> None:
    """Tell what was heard until a day, and decide as of it."""
    while told and told[0][0] <= day:
        receive_fact(stage.system, told.pop(0)[1])
    reconsider(reward.friend_account_id, on=day)


def _do(stage: "Stage", reward: Reward, day: date, deed: Any) -> None:
    if deed == "pay":
        pay(reward.pk, day)
    else:
        ClosedPeriod.objects.create(division=stage.division, period=deed["month"])


def pay(reward_id: int, on: date) -> Reward:
    """Pay a reward out as a batch would: put in, sent, and credited."""
    reward = Reward.objects.locked().get(pk=reward_id)
    reward.put_in_batch()
    reward.save(update_fields=["status"])
    send_reward(reward_id, reward.owed, on=on)
    return settle_reward(reward_id, reward.owed, on=on)


def _found(reward: Reward, on: date) -> Expectation:
    last = reward.entries.last()
    return Expectation(
        on=on,
        status=reward.status,
        amount=reward.amount,
        since=reward.reason_on or reward.qualified_on,
        reason=reward.reason,
        taken_back=reward.clawed_back,
        booked=last.period if last else None,
    )


# What a billing system would tell. --------------------------------------------------------------------------------


def _facts(case: Case, number: str) -> Iterator[tuple[date, VendorFact]]:
    """Yield what is told, with the day on which it is heard: `heard`, or when it happens."""
    for bill in case.bills:
        issued = bill["issued"]
        report = BillingReport(
            kind=BillingKind.INVOICE,
            external_id=f"{number}-{bill['id']}",
            account_number=number,
            amount=Decimal(str(bill.get("amount", "40.00"))),
            tax=Decimal(str(bill.get("tax", "0"))),
            currency=case.currency,
            effective_date=issued.isoformat(),
            due_date=bill["due"].isoformat(),
        )
        yield _told(case, bill, report, _moment(issued, case.tzinfo))
    amounts = {bill["id"]: bill.get("amount", "40.00") for bill in case.bills}
    paid = {}
    for place, payment in enumerate(case.payments):
        name = payment.get("id", f"payment {place}")
        paid[name] = payment
        yield _told(case, payment, *_allocation(case, number, name, payment, amounts, is_reversal=False))
    for back in case.returns:
        original = {**paid[back["payment"]], **back}
        yield _told(case, back, *_allocation(case, number, back["payment"], original, amounts, is_reversal=True))
    for line in case.statuses:
        status = StatusReport(account_number=number, status=ServiceStatus(line["status"]))
        yield _told(case, line, status, _moment(line["at"], case.tzinfo))


def _allocation(  # noqa: PLR0913  # what an allocation says
    case: Case, number: str, name: str, line: Mapping[str, Any], amounts: Mapping[str, Any], *, is_reversal: bool
) -> tuple[BillingReport, datetime]:
    is_credit = line.get("source") == "credit_note"
    kinds = {
        (False, False): BillingKind.RECEIPT_ALLOCATION,
        (False, True): BillingKind.RECEIPT_DEALLOCATION,
        (True, False): BillingKind.CREDIT_NOTE_ALLOCATION,
        (True, True): BillingKind.CREDIT_NOTE_DEALLOCATION,
    }
    report = BillingReport(
        kind=kinds[is_credit, is_reversal],
        external_id=f"{number}-{name}",
        account_number=number,
        amount=Decimal(str(line.get("amount", amounts[line["bill"]]))),
        currency=case.currency,
        invoice_id=f"{number}-{line['bill']}",
        source_id=f"{number}-{name}",
    )
    return report, _moment(line["at"], case.tzinfo)


_numbers = count(1)


def _told(
    case: Case, line: Mapping[str, Any], report: BillingReport | StatusReport, at: datetime
) -> tuple[date, VendorFact]:
    fact = VendorFact(
        event_id=f"trial-{next(_numbers)}", kind="trial", occurred_at=at, raw={"trial": case.name}, report=report
    )
    return line.get("heard", at.astimezone(case.tzinfo).date()), fact


def _moment(value: date | datetime, zone: ZoneInfo) -> datetime:
    """Read a moment; a day alone is meant at noon, and what has no zone in the case's."""
    if not isinstance(value, datetime):
        value = datetime.combine(value, time(12))
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)


# Made-up rows. ----------------------------------------------------------------------------------------------------


class Stage:
    """A market with a billing system and a programme, made of plain rows, in which referrals are made quickly."""

    def __init__(self, zone: str = "America/New_York", currency: str = "USD") -> None:
        mark = f"trial-{next(_numbers)}"
        self.division = Division.objects.create(code=mark, name="Trial")
        set_value(self.division, TIME_ZONE, zone)
        set_value(self.division, CURRENCY, currency)
        self.currency = currency
        self.mark = mark
        self.system = BillingSystem.objects.create(
            code=mark.replace("-", "_"), name="Trial", division=self.division, adapter="tmf", base_url="http://trial"
        )
        street = Street.objects.create(division=self.division, name="trial", zip_code="00000", city_key="trial")
        self.premises = Premises.objects.create(
            division=self.division, street=street, street_line="1 Trial Street", city="Trial", zip_code="00000"
        )
        self.check = Qualification.objects.create(
            division=self.division,
            premises=self.premises,
            outcome=CheckOutcome.QUALIFIED,
            expires_at=_moment(date(2000, 1, 1), ZoneInfo("UTC")),
        )
        self.programme = Programme.objects.create(
            code=mark, division=self.division, names=Texts(en="Trial"), status=ProgrammeStatus.ACTIVE,
            starts_on=date(2000, 1, 1), headlines=Texts(en="Trial"), subjects=Texts(en="Trial"),
            invitation_texts=Texts(en="Trial"), rewards_in_words=Texts(en="Trial"),
        )  # fmt: skip
        self.rule = Rule.objects.create(code=mark, names=Texts(en="Trial"), division=self.division)

    def make_account(self) -> Account:
        """Make a customer with an account."""
        number = next(_numbers)
        customer = Customer.objects.create(number=f"T-{number}", division=self.division, name="Trial", language="en")
        return Account.objects.create(
            number=f"T-{number}", customer=customer, division=self.division, premises=self.premises,
            service_address="1 Trial Street", identity=f"trial-{number}",
        )  # fmt: skip

    def make_payee(self) -> Payee:
        """Make somebody who can be owed something."""
        return Payee.objects.create(account=self.make_account(), division=self.division, currency=self.currency)

    def make_version(
        self,
        *,
        amount: Decimal | None = None,
        percent_cash: Decimal | None = None,
        percent_margin: Decimal | None = None,
        **values: Any,
    ) -> RuleVersion:
        """Make a version that is in force, of a fixed amount or a percentage of cash or of the monthly margin."""
        number = self.rule.versions.count() + 1
        began = _moment(date(2000, 1, 1), ZoneInfo("UTC")) + timedelta(days=number)
        version = RuleVersion.objects.create(rule=self.rule, number=number, **values)
        percentages = {Basis.PERCENT_CASH: percent_cash, Basis.MARGIN_MONTHLY: percent_margin}
        basis, percent = next(((basis, value) for basis, value in percentages.items() if value), (Basis.FLAT, None))
        RewardTerm.objects.create(version=version, basis=basis, amount=amount, percent=percent)
        status = VersionStatus.SUPERSEDED if number > 1 else VersionStatus.IN_FORCE
        RuleVersion.objects.filter(pk=version.pk).update(status=status, effective_from=began, approved_at=began)
        return RuleVersion.objects.get(pk=version.pk)

    def make_referral(self, payee: Payee, installed_on: date) -> Referral:
        """Make a friend who is installed, referred by a payee."""
        friend = self.make_account()
        referrer, _is_new = Referrer.objects.get_or_create(
            programme=self.programme,
            account=payee.account,
            defaults={"division": self.division, "customer": payee.account.customer, "terms_version": "1"},
        )
        order = Order.objects.create(
            start_key=f"{self.mark}-{next(_numbers)}", division=self.division, channel=Channel.WEB, language="en",
            qualification=self.check, premises=self.premises, address="1 Trial Street",
        )  # fmt: skip
        referral = Referral(
            programme=self.programme, referrer=referrer, division=self.division, order=order, friend=friend.customer,
            friend_account=friend, friend_label="Trial", ordered_at=_moment(installed_on, self.division.zone),
        )  # fmt: skip
        referral.install(installed_on)
        referral.save()
        return referral

    def accrue(self, installed_on: date, lines: Sequence[Mapping[str, Any]]) -> Reward | None:
        """Let somebody's friend have ordered these lines, and do what is done when they are installed."""
        referral = self.make_referral(self.make_payee(), installed_on)
        for position, line in enumerate(lines, start=1):
            code = f"{self.mark}-{position}"
            product = Product.objects.create(division=self.division, code=code, family="internet", names=Texts(en=code))
            monthly, cost = Decimal(str(line["monthly"])), line.get("cost")
            OrderLine.objects.create(
                order=referral.order, position=position, product=product, names=product.names, family=product.family,
                recurring=monthly, recurring_after=monthly, one_time=ZERO,
                recurring_cost=None if cost is None else Decimal(str(cost)), one_time_cost=ZERO,
            )  # fmt: skip
        return next(iter(accrue_rewards(referral.pk)), None)

    def make_reward(
        self, version: RuleVersion, installed_on: date, *, payee: Payee | None = None, side: Side = Side.REFERRER
    ) -> Reward:
        """Make a reward that begins to qualify, as accrual does."""
        payee = payee or self.make_payee()
        referral = self.make_referral(payee, installed_on)
        term = version.terms.get()
        dates = dates_of(version, installed_on)
        reward = Reward.objects.create(
            referral=referral, side=side, division=self.division, payee=payee, friend_account=referral.friend_account,
            version=version, term=term, ordinal=1, status=RewardStatus.ACCRUED, amount=term.amount, rate=term.percent,
            currency=self.currency, installed_on=installed_on, earliest_on=dates.earliest_on,
            latest_on=dates.latest_on, watched_until=dates.watched_until,
        )  # fmt: skip
        if reward.amount:
            with transaction.atomic():
                post(reward, EntryKind.ACCRUAL, reward.amount, effective_on=installed_on)
        return reward

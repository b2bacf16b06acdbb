"""Rewards that are earned, batches in any state, and the people who build and approve them: all by way of services."""

from dataclasses import dataclass, field
from decimal import Decimal

from accounts.models import Account, Customer, Delegate
from accounts.states import Sight
from accounts.testing import make_account
from commissions.models import Batch, Reward
from commissions.queries.batches import unread_lines
from commissions.services.accrual import accrue_rewards
from commissions.services.batches import (
    approve_batch,
    build_batch,
    freeze_batch,
    post_batch,
    read_line,
    record_credit_confirmed,
)
from commissions.services.qualification import reconsider
from commissions.services.rules import TermDescription
from commissions.states import LineStatus, RewardStatus, Side, Verdict, WaitUnit
from commissions.testing import make_programme, make_referral, make_referrer, make_rule, make_version
from foundation.jobs.services import work_one_chunk
from foundation.people.models import User
from foundation.people.states import Role
from foundation.people.testing import make_person
from orders.models import Order
from orders.queries import open_slots
from orders.testing import Market, make_market, make_slots
from referrals.models import Programme

AT_ONCE = {
    "wait_count": 0,
    "wait_unit": WaitUnit.DAYS,
    "bills_needed": 0,
    "must_be_active": False,
    "clawback_none_days": 365,
}
"""A rule under which a reward is earned as soon as the friend is installed."""


@dataclass(frozen=True)
class Payouts:
    """A market whose programmes pay at once, somebody who builds batches, and somebody who audits them."""

    market: Market
    builder: User
    auditor: User
    programmes: dict[str, Programme] = field(default_factory=dict)

    @property
    def division(self):
        return self.market.division

    def programme(self, amount: str = "25.00") -> Programme:
        """Return the programme that pays an amount."""
        if amount not in self.programmes:
            programme = make_programme(self.division, code=f"pays-{amount.replace('.', '-')}-{self.division.pk}")
            self.programmes[amount] = programme
            rule = make_rule(self.division, programme=programme)
            make_version(rule, terms=[TermDescription(side=Side.REFERRER, amount=Decimal(amount))], **AT_ONCE)
        return self.programmes[amount]


def make_payouts(market: Market | None = None, *, base_url: str = "http://127.0.0.1:9") -> Payouts:
    market = market or make_market(base_url=base_url)
    builder = make_person(Role.SUPERVISOR, market.division, name="Sam Supervisor")
    return Payouts(market, builder, make_person(Role.AUDITOR, market.division, name="Alex Auditor"))


def make_earned(
    payouts: Payouts, amount: str = "25.00", *, account: Account | None = None, order: Order | None = None
) -> Reward:
    """Make a reward that is earned: of an account, or of one that has referred nobody before."""
    programme = payouts.programme(amount)
    account = account or make_account(payouts.division)
    referrer = programme.referrers.filter(account=account).first() or make_referrer(programme, account=account)
    if not order and not open_slots(payouts.division):  # the clock has been moved on
        make_slots(payouts.division)
    referral = make_referral(referrer, market=payouts.market, order=order)
    (reward,) = accrue_rewards(referral.pk)
    reconsider(reward.friend_account_id)
    reward.refresh_from_db()
    assert reward.status == RewardStatus.PAYABLE
    return reward


def make_earned_as_a_friend(payouts: Payouts, user: User) -> Reward:
    """Make a reward that somebody has earned by an order of their own."""
    programme = make_programme(payouts.division)
    terms = [TermDescription(side=Side.FRIEND, amount=Decimal("25.00"))]
    make_version(make_rule(payouts.division, programme=programme), terms=terms, **AT_ONCE)
    referral = make_referral(make_referrer(programme), market=payouts.market)
    type(referral.friend).objects.filter(pk=referral.friend_id).update(user=user)
    (reward,) = accrue_rewards(referral.pk)
    reconsider(reward.friend_account_id)
    reward.refresh_from_db()
    return reward


def make_several(payouts: Payouts, number: int, amount: str = "25.00") -> list[Reward]:
    """Make rewards of different payees."""
    return [make_earned(payouts, amount) for _one in range(number)]


def read_all(batch: Batch, auditor: User) -> None:
    """Find everything correct that has to be read."""
    for line in unread_lines(batch).order_by("pk"):
        read_line(line.pk, Verdict.CORRECT, "", by=auditor)


def make_frozen(payouts: Payouts) -> Batch:
    batch = build_batch(payouts.division.pk, by=payouts.builder)
    return freeze_batch(batch.pk, by=payouts.builder)


def make_approved(payouts: Payouts) -> Batch:
    batch = make_frozen(payouts)
    read_all(batch, payouts.auditor)
    return approve_batch(batch.pk, by=payouts.auditor)


def make_paid(payouts: Payouts) -> Batch:
    """Pay everything that is due in a batch, without a billing system: it is said to have credited each payment."""
    batch = make_approved(payouts)
    job = post_batch(batch.pk)
    while work_one_chunk(job.pk):
        pass
    for line in batch.lines.filter(status=LineStatus.SENT):
        record_credit_confirmed(line.request_id, f"CR-{line.pk}")
    return batch


def sign_in_for(reward: Reward, user: User, *, on_behalf: bool) -> None:
    """Let a person be the payee of a reward, or somebody who signs in for the company that is."""
    customer = Customer.objects.filter(pk=reward.payee.account.customer_id)
    if on_behalf:
        Delegate.objects.create(customer=customer.get(), user=user, sight=Sight.COMPANY)
    else:
        customer.update(user=user)

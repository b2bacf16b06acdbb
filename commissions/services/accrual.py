"""
A friend is installed: what each side may get for it begins to qualify.

Locks: the referral, then the payees by ascending id, then the rule for its budget.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _, override

from accounts.models import Account
from commissions.events import NothingAccrued, RewardAccrued, RewardCapLimited
from commissions.models import Payee, Reward, RewardTerm, Rule, RuleVersion
from commissions.queries.facts import charges_of, facts_of_order
from commissions.queries.reckoning import LANGUAGE_OF_RECORDS, Bases, Reckoned, dates_of, reckon
from commissions.queries.rewarding import committed_of, free_months_of, had_before, has_room
from commissions.queries.rules import resolve_rule
from commissions.services.ledger import post
from commissions.states import Basis, EntryKind, RewardStatus, Side
from foundation.events.services import publish
from foundation.lifecycle import NotAllowed
from foundation.money import ZERO
from foundation.rules import Facts
from referrals.models import Referral
from referrals.states import ReferralStatus

BUDGET = "budget"


@dataclass(frozen=True, kw_only=True)
class _Due:
    """What one side of a referral is promised."""

    referral: Referral
    installed_on: date
    version: RuleVersion
    term: RewardTerm
    payee: Payee
    bases: Bases


@transaction.atomic
def accrue_rewards(referral_id: int) -> list[Reward]:
    """
    Let begin to qualify what the rule promises to each side: the rule that was in force when the friend ordered.

    Where a limit is reached, the reward says so and earns nothing. Done again, it changes nothing.

    :raises NotAllowed: if the friend is not installed
    """
    referral = (
        Referral.objects.locked()
        .select_related("division", "programme", "order", "referrer__account__division", "friend_account__division")
        .get(pk=referral_id)
    )
    if accrued := list(referral.rewards.order_by("pk")):
        return accrued
    if referral.status != ReferralStatus.INSTALLED or referral.installed_on is None:
        raise NotAllowed(_("The friend is not installed."), code="not_installed")
    facts = facts_of_order(referral.order)
    ordered_at = referral.order.submitted_at or referral.ordered_at
    resolution = resolve_rule(referral.division, referral.programme, ordered_at, facts)
    version = resolution.version
    dues = _dues(referral, referral.installed_on, version, facts) if version else ()
    rewards = [reward for due in dues if (reward := _accrue(due))]
    if not rewards:
        unknown = [] if version else resolution.missing
        nothing = NothingAccrued(referral_id=referral.pk, version_id=version.pk if version else 0, unknown=unknown)
        publish(nothing, subject=referral, about=[referral.order], division=referral.division, by=None)
    return rewards


def _dues(referral: Referral, installed_on: date, version: RuleVersion, facts: Facts) -> Iterator[_Due]:
    """Yield what each side is promised; the payees are locked."""
    accounts = {Side.REFERRER: referral.referrer.account, Side.FRIEND: referral.friend_account}
    terms = {Side(term.side): term for term in version.terms.all()}
    payees = _locked_payees([accounts[side] for side in terms])
    charges = charges_of(facts)
    free_months = free_months_of(payees, installed_on)
    for side in Side:
        if side in terms:
            payee = payees[accounts[side].pk]
            free_month = free_months.get(payee.account_id, {})
            bases = Bases(**charges, free_month=free_month)
            yield _Due(
                referral=referral,
                installed_on=installed_on,
                version=version,
                term=terms[side],
                payee=payee,
                bases=bases,
            )


def _locked_payees(accounts: Collection[Account]) -> Mapping[int, Payee]:
    """Hold those to whom something will be owed, by their accounts' ids, and make them where they are new."""
    for account in sorted(accounts, key=lambda account: account.pk):
        division = account.division
        Payee.objects.get_or_create(account=account, defaults={"division": division, "currency": division.currency})
    rows = Payee.objects.locked().filter(account__in=accounts).select_related("account").order_by("pk")
    return {payee.account_id: payee for payee in rows}


def _accrue(due: _Due) -> Reward | None:
    """Let one side's reward begin, or say which limit it has met; nothing where nothing would be paid."""
    side, rule = Side(due.term.side), due.version.rule
    had = had_before(due.payee, side, rule, due.installed_on)
    currency = due.version.currency
    reckoned = reckon(due.term, ordinal=had.ever + 1, bases=due.bases, currency=currency)
    if reckoned.amount == ZERO:
        return None
    limit = had.limit_of(due.version)
    if not limit and not _take_from_budget(due, reckoned.amount):
        limit = BUDGET
    if limit:
        reckoned = _limited(reckoned, limit, due.version)
    reward = _reward(due, reckoned, ordinal=had.ever + 1, currency=currency, is_limited=bool(limit))
    reward.save()
    if reckoned.amount is not None and not limit:
        inputs, words = reckoned.inputs, reckoned.calculation
        post(
            reward, EntryKind.ACCRUAL, reckoned.amount, effective_on=due.installed_on, calculation=words, inputs=inputs
        )
    kind = RewardCapLimited if limit else RewardAccrued
    fact = kind(reward_id=reward.pk, referral_id=due.referral.pk)
    publish(fact, subject=reward, about=[due.referral, due.payee.account], division=due.referral.division, by=None)
    return reward


def _reward(due: _Due, reckoned: Reckoned, *, ordinal: int, currency: str, is_limited: bool) -> Reward:
    dates = dates_of(due.version, due.installed_on)
    return Reward(
        referral=due.referral,
        side=due.term.side,
        division=due.referral.division,
        payee=due.payee,
        friend_account=due.referral.friend_account,
        version=due.version,
        term=due.term,
        ordinal=ordinal,
        status=RewardStatus.CAP_LIMITED if is_limited else RewardStatus.ACCRUED,
        amount=reckoned.amount,
        rate=reckoned.rate,
        currency=currency,
        calculation=reckoned.calculation,
        inputs=dict(reckoned.inputs),
        installed_on=due.installed_on,
        earliest_on=dates.earliest_on,
        latest_on=dates.latest_on,
        watched_until=dates.watched_until,
    )


def _limited(reckoned: Reckoned, limit: str, version: RuleVersion) -> Reckoned:
    """Say in words which limit was reached."""
    with override(LANGUAGE_OF_RECORDS):
        texts = {
            "most_per_month": _("The limit of %(most)s rewards a month is reached."),
            "most_per_year": _("The limit of %(most)s rewards a year is reached."),
            "most_ever": _("The limit of %(most)s rewards in all is reached."),
            BUDGET: _("The budget of %(most)s is used up."),
        }
        words = texts[limit] % {"most": getattr(version, limit)}
    return replace(reckoned, calculation=words, inputs={**reckoned.inputs, "limit": limit})


def _take_from_budget(due: _Due, amount: Decimal | None) -> bool:
    """
    Take an amount out of what a rule may still give, and tell whether there was so much.

    Before it is refused, what has gone back meanwhile is counted in. Of an amount that is not known yet nothing is
    taken: something must be left, with all counted that has become known meanwhile.
    """
    rule_id, budget = due.version.rule_id, due.version.budget
    if not _is_known_late(rule_id, budget) and _take(rule_id, amount or ZERO, budget):
        return True
    rule = Rule.objects.locked().get(pk=rule_id)  # whoever has taken something holds it until their reward is there
    granted = committed_of(rule.pk, due.installed_on)
    is_taken = has_room(granted, amount, budget)
    rule.granted = granted + (amount or ZERO) * is_taken
    rule.save(update_fields=["granted"])
    return is_taken


def _is_known_late(rule_id: int, budget: Decimal | None) -> bool:
    """Tell whether a budget has to count amounts that nobody knew when their rewards began."""
    terms = RewardTerm.objects.filter(version__rule=rule_id, basis=Basis.PERCENT_CASH)
    return budget is not None and terms.exists()


def _take(rule_id: int, amount: Decimal, budget: Decimal | None) -> bool:
    """Count an amount as given out, in one statement that finds its row only while `has_room` would be true."""
    room = Q() if budget is None else Q(granted__lte=budget - amount)
    return bool(Rule.objects.filter(room, pk=rule_id).update(granted=F("granted") + amount))

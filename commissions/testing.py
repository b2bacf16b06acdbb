"""Make rules that are in force, and referrals whose friend is installed, for tests."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from accounts.models import Account
from accounts.testing import make_account
from commissions.models import Rule, RuleVersion
from commissions.queries.rules import digest_of
from commissions.services.rules import (
    TermDescription,
    Wording,
    define_rule,
    send_to_review,
    start_version,
    write_version,
)
from commissions.states import Side
from foundation.divisions.fields import Texts
from foundation.divisions.models import Division
from foundation.now import now, today
from foundation.people.models import User
from foundation.people.states import Role
from foundation.people.testing import make_person
from orders.models import Order
from orders.states import OrderStatus
from orders.testing import Market, make_market, make_order
from referrals.models import Programme, Referral, Referrer
from referrals.states import ProgrammeStatus

FIFTY = (TermDescription(side=Side.REFERRER, amount=Decimal("50.00")),)
LONG_AGO = timedelta(days=3650)
_numbers = count(1)


def make_programme(division: Division, *, status: str = ProgrammeStatus.ACTIVE, code: str = "") -> Programme:
    """Make a programme that runs."""
    code = code or f"programme-{next(_numbers)}"
    return Programme.objects.create(
        code=code,
        division=division,
        names=Texts(en="Bring a friend", es="Traiga a un amigo"),
        status=status,
        starts_on=today(division) - LONG_AGO,
        headlines=Texts(en="A friend thinks of you"),
        subjects=Texts(en="{referrer} recommends us"),
        invitation_texts=Texts(en="Join us."),
        rewards_in_words=Texts(en="$50 after three months"),
    )


def make_rule(
    division: Division,
    *,
    programme: Programme | None = None,
    priority: int = 100,
    code: str = "",
    by: User | None = None,
) -> Rule:
    """Make a rule without any version."""
    code = code or f"rule-{next(_numbers)}"
    by = by or make_person(Role.OPERATOR, division)
    return define_rule(
        code, names=Texts(en=code.capitalize()), division=division, programme=programme, priority=priority, by=by
    )


def make_draft_version(
    rule: Rule, *, terms: Sequence[TermDescription] = FIFTY, by: User | None = None, **values: Any
) -> RuleVersion:
    """Make a draft; unless told otherwise the referrer gets $50 after three months and three bills."""
    by = by or make_person(Role.OPERATOR, rule.division)
    version = start_version(rule.pk, by=by)
    return write_version(version.pk, Wording(values=values, terms=tuple(terms)), by=by)


def make_version(
    rule: Rule,
    *,
    terms: Sequence[TermDescription] = FIFTY,
    effective_from: datetime | None = None,
    **values: Any,
) -> RuleVersion:
    """Make a version that is in force from a moment on, which may have passed (unless told: ten years ago)."""
    version = make_draft_version(rule, terms=terms, **values)
    version = send_to_review(version.pk, by=version.author or make_person(Role.OPERATOR, rule.division))
    moment = effective_from or now() - LONG_AGO
    former = rule.versions.filter(status="in_force").first()
    version.approve(by=make_person(Role.AUDITOR, rule.division), at=now(), effective_from=moment)
    version.save()
    if former:
        former.supersede(until=moment)
        former.save()
    version.put_in_force()
    version.save()
    return version


def digest_shown(version: RuleVersion) -> str:
    """Return what the page of a version sends back: the digest of what it says now."""
    return digest_of(RuleVersion.objects.get(pk=version.pk))


def make_referrer(programme: Programme, *, account: Account | None = None) -> Referrer:
    """Make a customer who takes part in a programme."""
    account = account or make_account(programme.division)
    return Referrer.objects.create(
        programme=programme,
        division=account.division,
        customer=account.customer,
        account=account,
        terms_version=programme.terms_version,
    )


def make_referral(
    referrer: Referrer | None = None,
    *,
    market: Market | None = None,
    order: Order | None = None,
    installed_on: date | None = None,
    is_installed: bool = True,
) -> Referral:
    """Make a friend's order with a referrer behind it; unless told otherwise it is installed today."""
    market = market or (None if order or referrer else make_market())
    order = order or make_order(OrderStatus.COMPLETED, market or _market_of(referrer))
    customer, account = order.parties()
    referrer = referrer or make_referrer(make_programme(order.division))
    assert order.submitted_at is not None
    referral = Referral(
        programme=referrer.programme,
        referrer=referrer,
        division=order.division,
        order=order,
        friend=customer,
        friend_account=account,
        friend_label="Robin",
        ordered_at=order.submitted_at,
    )
    if is_installed:
        referral.install(installed_on or today(order.division))
    referral.save()
    return referral


def _market_of(referrer: Referrer | None) -> Market:
    assert referrer is not None
    return make_market(referrer.division)

"""
All that somebody needs who wants to reckon every reward once more: rules, whom we credit for which order, the ledger.

Names and addresses are not in it; accounts and orders are named by their numbers. What it holds is described in
docs/simulation.md.
"""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from catalog.models import Product
from commissions.models import WORDING, LedgerEntry, RewardTerm, Rule, RuleVersion
from commissions.queries.facts import facts_of
from foundation.divisions.models import Division
from foundation.now import now
from orders.models import Order
from referrals.models import Referral
from referrals.states import DisqualifyReason

AT_ONCE = 1000
"""Referrals whose orders' facts are read together."""


def export_all() -> dict[str, Any]:
    """Return everything in JSON primitives, dates and decimals."""
    return {"exported_at": now(), **export_rules(), "referrals": [*_referrals()], "ledger": [*_entries()]}


def export_rules() -> dict[str, Any]:
    """Return the divisions with their zones, the rules, and every version of them."""
    codes = dict(Division.objects.values_list("pk", "code"))
    versions = RuleVersion.objects.select_related("rule").prefetch_related("terms").order_by("rule__code", "number")
    return {
        "divisions": [
            {"code": one.code, "lineage": [codes[pk] for pk in one.lineage], "zone": str(one.zone)}
            for one in Division.objects.order_by("code")
        ],
        "rules": [
            {
                "code": rule.code,
                "division": rule.division.code,
                "programme": rule.programme.code if rule.programme else None,
                "priority": rule.priority,
            }
            for rule in Rule.objects.select_related("division", "programme").order_by("code")
        ],
        "versions": [_version(version) for version in versions],
    }


def _version(version: RuleVersion) -> dict[str, Any]:
    return {
        "rule": version.rule.code,
        "number": version.number,
        "status": version.status,
        "effective_from": version.effective_from,
        "effective_until": version.effective_until,
        **{name: getattr(version, name) for name in WORDING},
        "terms": [_term(term) for term in version.terms.all()],
    }


def _term(term: RewardTerm) -> dict[str, Any]:
    said = {name: getattr(term, name) for name in ("side", "form", "basis", "amount", "percent", "tiers")}
    products = Product.objects.filter(family__in=term.families).order_by("code").values_list("code", flat=True)
    return {**said, "products": list(products) if term.families else None}


def _referrals() -> Iterator[dict[str, Any]]:
    related = ("order", "programme", "division", "referrer__account")
    referrals = Referral.objects.select_related(*related).prefetch_related("signals").order_by("pk")
    last = 0
    while bundle := list(referrals.filter(pk__gt=last)[:AT_ONCE]):
        last = bundle[-1].pk
        facts = facts_of(Order.objects.filter(pk__in=[referral.order_id for referral in bundle]))
        for referral in bundle:
            yield {
                "order": referral.order.number,
                "submitted_at": referral.order.submitted_at,
                "division": referral.division.code,
                "programme": referral.programme.code,
                "payee": referral.referrer.account.number,
                "stopped_at": referral.ended_at if referral.reason == DisqualifyReason.FRAUD else None,
                "signals": [signal.status for signal in referral.signals.all()],
                "facts": facts[referral.order_id],
            }


def _entries() -> Iterator[dict[str, Any]]:
    related = ("payee__account", "reward__referral__order", "version__rule")
    entries: QuerySet[LedgerEntry] = LedgerEntry.objects.select_related(*related).order_by("pk")
    for entry in entries.iterator():
        yield {
            "key": entry.key,
            "kind": entry.kind,
            "debit": entry.debit,
            "credit": entry.credit,
            "amount": entry.amount,
            "currency": entry.currency,
            "payee": entry.payee.account.number,
            "order": entry.reward.referral.order.number,
            "side": entry.reward.side,
            "rule": entry.version.rule.code,
            "version": entry.version.number,
            "effective_on": entry.effective_on,
        }

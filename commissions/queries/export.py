"""
All that somebody needs who wants to reckon every reward once more: rules, whom we credit for which order, the ledger.

Names and addresses are not in it; accounts and orders are named by their numbers. What the products cost us is: the
file is for those who run the house. What it holds is described in docs/simulation.md.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from billing.models import Allocation, Invoice, ServiceStatusReport
from catalog.models import Cost, Price, Product
from commissions.models import WORDING, BankAccount, ClaimEnd, Dispute, LedgerEntry, RewardTerm, Rule, RuleVersion
from commissions.queries.facts import facts_of
from commissions.states import OF_MARGIN, ClaimStatus, DisputeStatus, EntryKind
from foundation.divisions.models import Division
from foundation.now import now
from orders.models import Order
from referrals.models import Referral
from referrals.states import DisqualifyReason

AT_ONCE = 1000
"""Referrals whose orders' facts are read together."""


def export_all() -> dict[str, Any]:
    """Return everything in JSON primitives, dates and decimals."""
    return {
        "exported_at": now(),
        **export_rules(),
        "costs": [*_costs()],
        "referrals": [*_referrals()],
        "ledger": [*_entries()],
        "decisions": [*_decisions()],
        "bank_accounts": [*_bank_accounts()],
        "heard_late": [*_heard_late()],
    }


def export_rules() -> dict[str, Any]:
    """Return the divisions with their zones, the rules, and every version of them."""
    codes = dict(Division.objects.values_list("pk", "code"))
    versions = RuleVersion.objects.select_related("rule").prefetch_related("terms").order_by("rule__code", "number")
    return {
        "divisions": [
            {
                "code": one.code,
                "lineage": [codes[pk] for pk in one.lineage],
                "zone": str(one.zone),
                "currency": one.currency,
            }
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


def _costs() -> Iterator[dict[str, Any]]:
    """Yield on what days a product has a price, and on what days it is known what it costs us, and how much."""
    for model in (Price, Cost):
        rows: QuerySet[Any] = model._default_manager.select_related("product", "division")  # noqa: SLF001  # its name
        for row in rows.order_by("product__code", "kind", "division__code", "starts_on"):
            yield {
                "product": row.product.code,
                "division": row.division.code,
                "kind": row.kind,
                "starts_on": row.starts_on,
                "ends_on": row.ends_on,
                "currency": row.currency,
                "cost": row.amount if model is Cost else None,
            }


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
                "facts": {name: fact for name, fact in facts[referral.order_id].items() if name not in OF_MARGIN},
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


def _decisions() -> Iterator[dict[str, Any]]:
    """Yield what people have decided: to correct a line in a payee's favour or not after all, to give a claim up or charge it."""
    related = ("payee__account",)
    upheld = Dispute.objects.filter(status=DisputeStatus.UPHELD).select_related(*related, "correction__division")
    for dispute in upheld.order_by("pk"):
        yield _decision(dispute, EntryKind.CORRECT, dispute.correction, dispute.answered_at, str(dispute.pk))
    undone = LedgerEntry.objects.filter(kind=EntryKind.CLAWBACK, inputs__has_key="undoes").select_related("division")
    of_correction = {entry.inputs["undoes"]: entry for entry in undone}
    for dispute in upheld.filter(correction__key__in=list(of_correction)).order_by("pk"):
        entry = of_correction[dispute.correction.key]  # type: ignore[union-attr]  # what is upheld has one
        yield _decision(dispute, EntryKind.CLAWBACK, entry, entry.posted_at, str(dispute.pk))
    ended = ClaimEnd.objects.filter(status=ClaimStatus.APPROVED).select_related(*related, "entry__division")
    for end in ended.order_by("pk"):
        yield _decision(end, end.way, end.entry, end.decided_at, end.reference)


def _decision(
    decided: Dispute | ClaimEnd, kind: str, entry: LedgerEntry | None, at: datetime | None, number: str
) -> dict[str, Any]:
    return {
        "kind": kind,
        "key": entry.key if entry else "",
        "payee": decided.payee.account.number,
        "amount": decided.amount,
        "on": at.astimezone(entry.division.zone).date() if at and entry else None,
        "number": number,
    }


def _bank_accounts() -> Iterator[dict[str, Any]]:
    """Yield the last digits of where payees want to be paid in cash, and from when until when money may be sent there."""
    for account in BankAccount.objects.select_related("payee__account").order_by("pk"):
        yield {
            "payee": account.payee.account.number,
            "ending": account.ending,
            "usable_from": account.usable_from,
            "ended_at": account.ended_at,
        }


def _heard_late() -> Iterator[dict[str, Any]]:
    """Yield what we heard on a later day than the billing system said it, and on which day."""
    told: tuple[tuple[QuerySet[Any], tuple[str, ...]], ...] = (
        (Invoice.objects.all(), ("invoice_id",)),
        (Allocation.objects.all(), ("allocation_id",)),
        (ServiceStatusReport.objects.all(), ("account_number", "status", "effective_on")),
    )
    zones = {division.pk: division.zone for division in Division.objects.all()}
    for rows, names in told:
        for row in rows.only("division", "occurred_at", "received_at", *names).order_by("pk").iterator():
            zone = zones[row.division_id]
            heard_on = row.received_at.astimezone(zone).date()
            if heard_on > row.occurred_at.astimezone(zone).date():
                yield {"what": [str(getattr(row, name)) for name in names], "heard_on": heard_on}

"""Fill a cart, step by step. Each step locks the order and refuses what was submitted meanwhile."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import ContactDetails, Partner
from accounts.queries import partner_by_code
from catalog.queries import Quote, Selection, offers_for, price_cart, require_offered
from foundation.divisions.models import Division
from foundation.lifecycle import NotAllowed
from foundation.now import now, today
from foundation.people.models import User
from foundation.people.queries import is_staff_member
from orders.models import Order
from orders.queries import changes_between, current_terms, is_agreement_proof
from orders.services.holding import locked_draft
from orders.states import Channel
from territory.models import Qualification
from territory.services import requalify
from territory.states import ORDERABLE

PARTNER_MARK = "partner:"
"""Before the code of the partner whose link brought the visitor, among an order's attribution."""

AGREEMENT = ("terms", "terms_accepted_at", "terms_evidence", "terms_digest")
CART = ("selection", "quote", "currency", "due_today", "monthly", "monthly_after")


@transaction.atomic
def start_order(  # noqa: PLR0913  # from where, for whom, by whom: each has a name
    qualification_id: int,
    *,
    division: Division,
    site_code: str,
    channel: str,
    language: str,
    key: str,
    by: User | None,
    sold_for: Partner | None = None,
    attribution: Sequence[str] = (),
) -> Order:
    """
    Start a cart for an address that was checked; the same person's same key there again returns that cart.

    The order belongs to the division of the premises. Where staff or a partner starts it, it counts as sold by them.
    Where a partner's link brought the visitor, it counts as sold for that partner; a code that says nothing to us is
    kept and refuses nothing.

    :param division: the site's market, below which the address must lie
    :param attribution: what brought the visitor here: `partner:CODE`, and opaque tokens
    :raises NotAllowed: if nothing can be ordered at the address, or it lies in another market
    """
    qualification = Qualification.objects.select_related("division", "premises").get(pk=qualification_id)
    if qualification.premises is None or qualification.outcome not in ORDERABLE:
        raise NotAllowed(_("Nothing can be ordered at this address."), code="not_orderable")
    if division.pk not in qualification.division.lineage:
        raise NotAllowed(_("This address belongs to another market."), code="other_market")
    seller = by if by and (sold_for or is_staff_member(by)) else None
    order = Order(
        start_key=_start_key(key, qualification.premises_id, by),
        division=qualification.division,
        site_code=site_code,
        channel=Channel(channel),
        language=language,
        qualification=qualification,
        premises=qualification.premises,
        address=qualification.premises.label,
        user=None if seller else by,
        sold_by=seller,
        sold_for=sold_for or _partner_who_sent(attribution, qualification.division),
        attribution=list(attribution),
    )
    try:
        with transaction.atomic():
            order.save(force_insert=True)
    except IntegrityError:
        return Order.objects.get(start_key=order.start_key)
    return order


def _start_key(key: str, premises_id: int | None, by: User | None) -> str:
    """Return the key as it is kept: one person's, at one address, so that nobody reaches a cart by guessing a key."""
    return hashlib.sha256(json.dumps([key, premises_id, by.pk if by else None]).encode()).hexdigest()


def _partner_who_sent(attribution: Sequence[str], division: Division) -> Partner | None:
    """Return the partner of the link that was followed, if they sell in the division today."""
    code = next((mark.removeprefix(PARTNER_MARK) for mark in attribution if mark.startswith(PARTNER_MARK)), "")
    partner = partner_by_code(code, today(division)) if code else None
    return partner if partner and partner.division_id in division.lineage else None


def _save_step(order: Order, *fields: str) -> Order:
    """Keep a step's answer, and no agreement to what the cart held before it."""
    order.forget_other_agreement()
    order.touched_at = now()
    order.save(update_fields=[*fields, *AGREEMENT, "touched_at"])
    return order


@transaction.atomic
def choose_package(order_id: int, package_code: str, *, campaign: str | None = None) -> Order:
    """
    Put a package into the cart, with its options as they are preselected for the address.

    :param campaign: the campaign whose offers the visitor saw; by default the division's own
    :raises NotAllowed: if the address or the customer cannot have it, or the order is no draft any more
    """
    order = locked_draft(order_id)
    order.qualification.premises = order.premises
    offers = offers_for(order.qualification, division=order.division, on=today(order.division), campaign=campaign)
    offered = next((one for one in offers.offered if one.package.code == package_code), None)
    if offered is None:
        refused = next((one for one in offers.refused if one.package.code == package_code), None)
        reason = refused.reasons[0].sentence if refused else _("This package is not sold here.")
        raise NotAllowed(reason, code="not_offered", field="package")
    order.campaign = offers.campaign.code if offers.campaign else ""
    order.choose(offered.selection, offered.quote)
    return _save_step(order, "campaign", *CART)


@transaction.atomic
def choose_options(order_id: int, *, choices: Mapping[str, str], add_ons: Mapping[str, int]) -> Order:
    """
    Choose a product of each group of the package, and how many of each add-on.

    :raises NotAllowed: with what is wrong (`field` is the group or the product), if no package was chosen, or if the
        order is no draft any more
    """
    order = locked_draft(order_id)
    if order.chosen is None:
        raise NotAllowed(_("Choose a package first."), code="no_package", field="package")
    selection = Selection(package_code=order.chosen.package_code, choices=dict(choices), add_ons=dict(add_ons))
    order.choose(selection, price_offered(order, selection, order.qualification))
    return _save_step(order, *CART)


def price_offered(order: Order, selection: Selection, qualification: Qualification) -> Quote:
    """
    Price a selection for an order as of today, while its campaign still offers the package to the address.

    :raises NotAllowed: with what cannot be had, or is not offered any more
    """
    qualification.premises = order.premises
    asked: Mapping[str, Any] = {"division": order.division, "on": today(order.division), "qualification": qualification}
    require_offered(selection.package_code, campaign=order.campaign or None, **asked)
    return price_cart(selection, **asked)


@transaction.atomic
def identify(order_id: int, details: ContactDetails, *, note: str = "") -> Order:
    """
    Keep who orders, and what the technician should know. The customer is made of it when the order is submitted.

    :raises NotAllowed: if the order is no draft any more
    """
    order = locked_draft(order_id)
    order.contact, order.note = details.as_json(), note.strip()
    return _save_step(order, "contact", "note")


@transaction.atomic
def accept_terms(  # noqa: PLR0913  # to what, of which cart, how it is known, by whom: each has a name
    order_id: int, terms_id: int, *, shown: str, evidence: Mapping[str, Any], by: User | None, proof: str = ""
) -> Order:
    """
    Keep that the customer agreed to the terms, for what the cart held when they were shown both.

    Who sells cannot agree for the customer, nor can any other member of staff: for what somebody sells, the customer
    agrees by the link that `send_agreement_link` mails them. Staff may submit what the customer has agreed to, as long as
    nothing of it has changed.

    :param shown: the cart's `content_digest` as the customer saw it
    :param evidence: how it is known: the address and the browser that it came from
    :param proof: what the customer's link held, for an order that somebody sells
    :raises NotAllowed: if other terms hold by now, the cart was changed meanwhile, staff or the seller agrees, or the
        order is no draft any more
    """
    order = locked_draft(order_id)
    is_seller = by is not None and (by.pk == order.sold_by_id or is_staff_member(by))
    if is_seller or (order.sold_by_id and not is_agreement_proof(proof, order)):
        raise NotAllowed(
            _("The customer agrees to the terms by the link that we mail them."), code="not_for_the_seller"
        )
    terms = current_terms(order.division)
    if terms is None or terms.pk != terms_id:
        raise NotAllowed(_("The terms have changed. Read the new ones before you agree."), code="terms_changed")
    if shown != order.content_digest:
        raise NotAllowed(_("The order was changed meanwhile. Look it over before you agree."), code="cart_changed")
    known_by = {"agreed_by": "the link that was mailed"} if order.sold_by_id else {}
    order.accept_terms(terms, at=now(), evidence={**evidence, **known_by})
    return _save_step(order)


@dataclass(frozen=True, kw_only=True)
class Refreshed:
    """What a new check of the address and a new quote brought."""

    order: Order
    is_possible: bool
    """Whether what was chosen can still be had; if not, a package is to be chosen again."""
    changes: tuple[str, ...]
    """What is different, a sentence each."""


@transaction.atomic
def refresh_draft(order_id: int) -> Refreshed:
    """
    Check the address again and quote again what is in the cart; all that was typed stays.

    For a cart that was left for a while, and after a refusal of `submit_order` because something has changed.

    :raises NotAllowed: if the order is no draft any more
    """
    order = locked_draft(order_id)
    order.qualification = requalify(order.qualification_id)
    before, selection = order.quoted, order.chosen
    if before is None or selection is None:
        _save_step(order, "qualification")
        return Refreshed(order=order, is_possible=order.qualification.outcome in ORDERABLE, changes=())
    try:
        quote = price_offered(order, selection, order.qualification)
    except NotAllowed as refusal:
        order.quote = order.selection = None
        _save_step(order, "qualification", "quote", "selection")
        return Refreshed(order=order, is_possible=False, changes=(refusal.message,))
    order.keep_quote(quote)
    _save_step(order, "qualification", *CART)
    changes = changes_between(before, quote, language=order.language)
    return Refreshed(order=order, is_possible=True, changes=tuple(changes))

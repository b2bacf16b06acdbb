"""What a cart still needs, and what it can have."""

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.db.models import F, Q
from django.utils.translation import gettext as _

from accounts.models import ContactDetails
from catalog.queries import Quote, QuoteLine
from foundation.divisions.models import Division
from foundation.divisions.queries import by_configuration, effective
from foundation.money import format_money
from foundation.now import now, today
from orders.models import AppointmentSlot, Order, TermsVersion
from orders.settings import EARLIEST_DAYS, LATEST_DAYS, NO_VISIT_PRODUCTS
from orders.states import AppointmentStatus, DraftStep
from territory.states import ProductFamily

VISITED_FAMILIES = frozenset(
    {ProductFamily.INTERNET, ProductFamily.VIDEO, ProductFamily.VOICE, ProductFamily.INSTALLATION}
)
"""What a technician installs, unless the market says that a product of the order needs no visit."""


_AMOUNT = r"(\d{1,10}(?:\.\d{1,4})?)"
_SHOWN = re.compile(f"{_AMOUNT}/{_AMOUNT}/{_AMOUNT}/([A-Z]{{3}})/[0-9a-f]{{32}}")
"""How `shown_mark` writes, to read it from a form."""


def details_of(order: Order) -> ContactDetails | None:
    """Return what the visitor typed about themselves, if they have."""
    return ContactDetails.from_json(order.contact) if order.contact else None


def needs_appointment(order: Order) -> bool:
    """Tell whether a technician has to come for what is in the cart."""
    quote = order.quoted
    if quote is None:
        return False
    installed_by_customer = set(effective(order.division, NO_VISIT_PRODUCTS))
    return any(line.family in VISITED_FAMILIES for line in quote.lines) and not any(
        line.code in installed_by_customer for line in quote.lines
    )


def has_place(order: Order) -> bool:
    """Tell whether a slot is kept for an order, or booked. The sweep may not have come by yet: see `held_until`."""
    appointment = getattr(order, "appointment", None)
    if appointment is None or appointment.status == AppointmentStatus.RELEASED:
        return False
    return appointment.held_until is None or appointment.held_until > now()


def next_step(order: Order) -> DraftStep:
    """
    Return the first thing that a cart still needs; nobody gets past it by typing an address.

    A slot whose time ran out is still chosen: it is taken again when the order is submitted, if it is free. Terms count
    as agreed to while they hold, for what the cart held then.
    """
    if order.quote is None:
        return DraftStep.PACKAGE
    if not order.contact:
        return DraftStep.CONTACT
    if needs_appointment(order) and not hasattr(order, "appointment"):
        return DraftStep.APPOINTMENT
    if not has_agreed(order):
        return DraftStep.TERMS
    return DraftStep.REVIEW


def has_agreed(order: Order) -> bool:
    """Tell whether the customer has agreed to the terms that hold now, for what the cart holds now."""
    terms = current_terms(order.division)
    return terms is not None and order.terms_id == terms.pk and order.is_agreed


def open_slots(
    division: Division, *, first: date | None = None, last: date | None = None, order: Order | None = None
) -> list[AppointmentSlot]:
    """
    Return a division's slots with a place left, the earliest first, and the one that an order has anyway.

    :param first: the first day in the division's zone, by default and at the earliest the division's earliest
    :param last: the last day, by default and at the latest the division's latest
    """
    earliest, latest = _bookable_days(division)
    earliest, latest = max(first or earliest, earliest), min(last or latest, latest)
    free = Q(booked__lt=F("capacity"))
    if order and has_place(order):
        free |= Q(pk=order.appointment.slot_id)
    slots = AppointmentSlot.objects.filter(
        free,
        division=division,
        starts_at__gte=max(_midnight(earliest, division), now()),
        starts_at__lt=_midnight(latest + timedelta(days=1), division),
    )
    return list(slots.order_by("starts_at"))


def is_bookable(slot: AppointmentSlot, division: Division) -> bool:
    """Tell whether a slot lies ahead, and between the division's earliest and latest day."""
    earliest, latest = _bookable_days(division)
    return slot.starts_at > now() and earliest <= slot.starts_at.astimezone(division.zone).date() <= latest


def _bookable_days(division: Division) -> tuple[date, date]:
    """Return the first and the last day for which appointments are given, in the division's zone."""
    start = today(division)
    earliest, latest = (start + timedelta(days=effective(division, days)) for days in (EARLIEST_DAYS, LATEST_DAYS))
    return earliest, latest


def _midnight(day: date, division: Division) -> datetime:
    return datetime.combine(day, time(), tzinfo=division.zone)


def current_terms(division: Division) -> TermsVersion | None:
    """Return the terms in force in a division: its own newest, else its nearest ancestor's."""
    published = [terms for terms in _terms(tuple(division.lineage)) if terms.published_at <= now()]
    return max(
        published, key=lambda terms: (division.lineage.index(terms.division_id), terms.published_at), default=None
    )


@by_configuration
def terms_by_id(terms_id: int) -> TermsVersion:
    """Return terms that were published at some time."""
    return TermsVersion.objects.get(pk=terms_id)


@by_configuration
def _terms(lineage: tuple[int, ...]) -> tuple[TermsVersion, ...]:
    return tuple(TermsVersion.objects.filter(division__in=lineage))


def shown_mark(order: Order) -> str:
    """
    Return a mark of what the last page before ordering shows, for its form: what the visitor saw is what is ordered.

    It begins with the totals, so that the next page can say which have changed, and ends with a digest of all: what is
    chosen, every line of the quote, who orders, where bills go, the note, the visit and the terms.
    """
    quote = order.quoted
    if quote is None:
        return ""
    slot_id = order.appointment.slot_id if hasattr(order, "appointment") else None
    seen = json.dumps([order.content_digest, order.note, slot_id, order.terms_id])
    digest = hashlib.sha256(seen.encode()).hexdigest()[:32]
    return f"{quote.due_today}/{quote.monthly}/{quote.monthly_after}/{quote.currency}/{digest}"


def changes_between(old: Quote, new: Quote, *, language: str) -> list[str]:
    """Say line by line what a new quote changes, in the active language; nothing if it changes nothing."""
    lines = {line.code: line for line in old.lines}
    said = [
        sentence for line in new.lines for sentence in _line_changes(lines.pop(line.code, None), line, new, language)
    ]
    said += [_("%(product)s is no longer included.") % {"product": line.name} for line in lines.values()]
    return said + _total_changes((old.due_today, old.monthly, old.monthly_after), new, language)


def changes_since(shown: str, quote: Quote, *, language: str) -> list[str]:
    """Say which totals differ from those that a page showed, by its mark; nothing if it cannot be read."""
    read = _SHOWN.fullmatch(shown)
    if read is None or read[4] != quote.currency:
        return []
    return _total_changes((Decimal(read[1]), Decimal(read[2]), Decimal(read[3])), quote, language)


def _total_changes(before: tuple[Decimal, Decimal, Decimal], quote: Quote, language: str) -> list[str]:
    """Say which of today, each month, and each month after promotions are other amounts now."""
    labels = (_("Due today"), _("Each month"), _("Each month after promotions"))
    after = (quote.due_today, quote.monthly, quote.monthly_after)
    totals = zip(labels, before, after, strict=True)
    return [_from_to(label, old, new, quote.currency, language) for label, old, new in totals if old != new]


def _line_changes(old: QuoteLine | None, new: QuoteLine, quote: Quote, language: str) -> Iterator[str]:
    if old is None:
        yield _("%(product)s is new.") % {"product": new.name}
        return
    amounts = (
        (_("%(product)s, each month"), old.recurring, new.recurring),
        (_("%(product)s, each month after promotions"), old.recurring_after, new.recurring_after),
        (_("%(product)s, once"), old.one_time, new.one_time),
    )
    for label, before, after in amounts:
        if before != after:
            yield _from_to(label % {"product": new.name}, before, after, quote.currency, language)


def _from_to(label: str, before: Decimal, after: Decimal, currency: str, language: str) -> str:
    return _("%(what)s: %(before)s → %(after)s") % {
        "what": label,
        "before": format_money(before, currency, language),
        "after": format_money(after, currency, language),
    }

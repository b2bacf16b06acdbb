"""What the desk's pages ask across apps: what needs attention, and what a text may mean."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext as _, gettext_lazy

from accounts.models import Account, Customer
from accounts.queries import customers_meant, customers_visible_to
from billing.models import Polling
from billing.queries import submissions_visible_to, systems_away
from billing.settings import BILLING_SYSTEM
from commissions.queries.batches import (
    batches_visible_to,
    lines_visible_to,
    needing_a_person,
    waiting_for_bank_details,
)
from commissions.queries.claims import claim_ends_visible_to
from commissions.queries.disputes import disputes_visible_to
from commissions.queries.ledger import months_to_close
from commissions.queries.rules import versions_to_approve
from commissions.queries.transfers import to_be_confirmed, to_be_handed_over, unmatched
from commissions.queries.visibility import rewards_visible_to
from commissions.states import TO_BE_ANSWERED, BatchStatus, ClaimStatus, VersionStatus
from foundation.correspondence.queries import messages_visible_to
from foundation.correspondence.states import MessageStatus
from foundation.divisions.models import Division
from foundation.divisions.queries import effective
from foundation.events.models import Event
from foundation.events.services import reference
from foundation.jobs.queries import jobs_visible_to
from foundation.jobs.states import JobStatus
from foundation.now import now
from foundation.people.models import User
from foundation.people.queries import can, divisions_visible_to, divisions_where, roles_of
from foundation.people.states import STAFF_ROLES, Permission
from interfaces.desk.paging import Count, count_of
from leads.queries import LeadFilter, leads_matching, leads_visible_to
from leads.states import LeadStatus
from orders.models import Order, OrderLine
from orders.queries import VISIT_ENDS_AT, OrderFilter, orders_matching, orders_visible_to
from orders.states import OPEN, AppointmentStatus, LineStatus, OrderStatus, WorkOrderStage
from referrals.queries import normalised_code, referrers_visible_to, shown_code, signals_visible_to
from referrals.states import SignalStatus
from territory.models import Premises
from territory.queries import Candidate, division_ids_below, search_addresses, streets_like, units_of
from tickets.models import Ticket
from tickets.queries import numbered, tickets_visible_to, with_subjects_in_words
from tickets.queries.routing import waiting_visible_to
from tickets.states import OPEN as OPEN_TICKETS

# What needs attention ---------------------------------------------------------------------------------------------

Narrow = Callable[[QuerySet[Order], datetime], QuerySet[Order]]


@dataclass(frozen=True)
class Trouble:
    """A way in which an order can be stuck, and how to find those that are."""

    code: str
    label: str | Promise
    narrow: Narrow
    tone: str = "careful"


def _held(orders: QuerySet[Order], _at: datetime) -> QuerySet[Order]:
    return orders.filter(status=OrderStatus.HELD)


def _reminders(orders: QuerySet[Order], at: datetime) -> QuerySet[Order]:
    return orders.filter(status=OrderStatus.HELD, hold_reminder_at__lte=at)


def _unknown(orders: QuerySet[Order], _at: datetime) -> QuerySet[Order]:
    return orders.filter(status__in=sorted(OPEN), work_order_stage=WorkOrderStage.UNKNOWN)


def _refused(orders: QuerySet[Order], _at: datetime) -> QuerySet[Order]:
    return orders.filter(status__in=sorted(OPEN), work_order_stage=WorkOrderStage.REFUSED)


def _overdue(orders: QuerySet[Order], at: datetime) -> QuerySet[Order]:
    return orders.alias(visit_ends_at=VISIT_ENDS_AT).filter(
        status__in=[OrderStatus.PENDING, OrderStatus.IN_PROGRESS],
        appointment__status=AppointmentStatus.BOOKED,
        visit_ends_at__lt=at,
    )


def _failed(orders: QuerySet[Order], _at: datetime) -> QuerySet[Order]:
    return orders.filter(status=OrderStatus.FAILED)


def _partly_failed(orders: QuerySet[Order], _at: datetime) -> QuerySet[Order]:
    failed = OrderLine.objects.filter(order=OuterRef("pk"), status=LineStatus.FAILED)
    return orders.filter(Exists(failed), status=OrderStatus.PARTIAL)


def _contested(orders: QuerySet[Order], _at: datetime) -> QuerySet[Order]:
    return orders.filter(contested_at__isnull=False)


def _to_decide(orders: QuerySet[Order], _at: datetime) -> QuerySet[Order]:
    return orders.filter(status=OrderStatus.ASSESSING_CANCELLATION)


TROUBLES = (
    Trouble("held", gettext_lazy("On hold"), _held),
    Trouble("reminder", gettext_lazy("Hold to be looked at"), _reminders),
    Trouble("unknown", gettext_lazy("Work order unknown"), _unknown, "bad"),
    Trouble("refused", gettext_lazy("Work order refused"), _refused, "bad"),
    Trouble("overdue", gettext_lazy("Appointment overdue"), _overdue, "bad"),
    Trouble("failed", gettext_lazy("Installation failed"), _failed, "bad"),
    Trouble("partly_failed", gettext_lazy("The rest could not be installed"), _partly_failed, "bad"),
    Trouble("contested", gettext_lazy("Closed here, not at the billing system"), _contested, "bad"),
    Trouble("to_decide", gettext_lazy("Cancellation to be decided"), _to_decide),
)


def stuck(orders: QuerySet[Order], code: str) -> QuerySet[Order]:
    """Keep the orders that are stuck in one way."""
    return next(trouble for trouble in TROUBLES if trouble.code == code).narrow(orders, now())


@dataclass(frozen=True)
class Figure:
    """A number of things that wait for somebody, and where they are listed."""

    label: str | Promise
    count: Count
    url: str
    tone: str

    @property
    def is_nothing(self) -> bool:
        """Whether nothing waits."""
        return self.count.number == 0


def figures_for(user: User) -> list[Figure]:
    """Count what waits for a person, each with the list that shows it."""
    return list(_figures(user))


def _figures(user: User) -> Iterator[Figure]:
    if can(user, Permission.SEE_ORDERS):
        orders = orders_visible_to(user)
        for trouble in TROUBLES:
            found = count_of(trouble.narrow(orders, now()))
            yield Figure(trouble.label, found, _list("orders", stuck=trouble.code), trouble.tone)
        submissions = count_of(submissions_visible_to(user).needing_a_person())
        yield Figure(_("Billing requests for a person"), submissions, _list("submissions", waits="person"), "bad")
        messages = count_of(messages_visible_to(user).filter(status=MessageStatus.FAILED))
        yield Figure(_("Messages not sent"), messages, _list("messages", status=MessageStatus.FAILED), "bad")
    if can(user, Permission.SEE_LEADS):
        leads = count_of(leads_visible_to(user).filter(status=LeadStatus.NEW))
        yield Figure(_("New leads"), leads, _list("leads", status=LeadStatus.NEW), "brand")
    yield from _figures_of_payouts(user)
    if can(user, Permission.SEE_TICKETS):
        nobody = count_of(waiting_visible_to(user))
        yield Figure(_("Tickets for nobody"), nobody, reverse("desk:who_works"), "bad")
        missed = count_of(
            tickets_visible_to(user).filter(visit_missed_at__isnull=False, status__in=sorted(OPEN_TICKETS))
        )
        yield Figure(_("Visits missed"), missed, _list("tickets", visit="missed"), "bad")
    jobs = count_of(jobs_visible_to(user).filter(status=JobStatus.FAILED))
    yield Figure(_("Failed long work"), jobs, _list("jobs", status=JobStatus.FAILED), "bad")


def _figures_of_payouts(user: User) -> Iterator[Figure]:
    if can(user, Permission.SEE_REFERRALS):
        signals = count_of(signals_visible_to(user).filter(status=SignalStatus.OPEN))
        yield Figure(_("Signals about referrals"), signals, _list("referrals", stuck="signal"), "careful")
    if can(user, Permission.SEE_LEDGER):
        frozen = count_of(batches_visible_to(user).filter(status=BatchStatus.FROZEN))
        yield Figure(_("Payouts to be audited"), frozen, _list("payouts", status=BatchStatus.FROZEN), "brand")
        troubled = batches_visible_to(user).filter(pk__in=needing_a_person(lines_visible_to(user)).values("batch"))
        yield Figure(_("Payouts with a difference"), count_of(troubled), _list("payouts", waits="person"), "bad")
        waiting = count_of(waiting_for_bank_details(rewards_visible_to(user)))
        yield Figure(_("Cash without a bank account"), waiting, _list("rewards", bank="missing"), "careful")
    if can(user, Permission.APPROVE_BATCHES):
        files = count_of(to_be_handed_over(user))
        yield Figure(_("Files for the bank"), files, reverse("desk:bank_returns"), "brand")
        paid = Count(len(to_be_confirmed(user)), is_capped=False)
        yield Figure(_("Bank files to be confirmed"), paid, reverse("desk:bank_returns"), "careful")
        strays = count_of(unmatched(user))
        yield Figure(_("Returned transfers for a person"), strays, reverse("desk:bank_returns"), "bad")
    if can(user, Permission.ANSWER_DISPUTES):
        disputed = count_of(disputes_visible_to(user).filter(status__in=sorted(TO_BE_ANSWERED)))
        yield Figure(_("Disputes to be answered"), disputed, _list("disputes", status="to_answer"), "careful")
    if can(user, Permission.APPROVE_BATCHES):
        asked = count_of(claim_ends_visible_to(user).filter(status=ClaimStatus.ASKED))
        yield Figure(_("Claims to be decided about"), asked, _list("claims", asked="yes"), "brand")
    if can(user, Permission.APPROVE_RULES):
        waiting = count_of(versions_to_approve(user))
        listed = reverse("admin:commissions_ruleversion_changelist")
        yield Figure(_("Rules to be approved"), waiting, f"{listed}?status__exact={VersionStatus.IN_REVIEW}", "brand")
    if can(user, Permission.CLOSE_MONTHS):
        months = len({month for _division, month in months_to_close(_topmost(user, Permission.CLOSE_MONTHS))})
        yield Figure(_("Months to be closed"), Count(months, is_capped=False), reverse("desk:ledger_close"), "brand")


def _topmost(user: User, permission: Permission) -> list[Division]:
    """Return the divisions where a person may do something, without those that lie below another one."""
    divisions = {division.pk: division for division in divisions_where(user, permission)}
    return [each for each in divisions.values() if not divisions.keys() & set(each.lineage[:-1])]


def _list(name: str, **filters: str) -> str:
    return f"{reverse(f'desk:{name}')}?{'&'.join(f'{key}={value}' for key, value in filters.items())}"


def systems_away_for(user: User) -> QuerySet[Polling]:
    """Return the billing systems of a person's markets that do not answer at the moment."""
    return systems_away(user, {effective(division, BILLING_SYSTEM) for division in divisions_to_search(user)})


def looked_after_by(user: User) -> QuerySet[Order]:
    """Return the held orders that a person looks after, the next reminder first."""
    held = orders_visible_to(user).filter(status=OrderStatus.HELD, hold_owner=user)
    return held.select_related("division", "customer").order_by("hold_reminder_at", "pk")


def timeline_of(row: Model) -> QuerySet[Event]:
    """Return what has happened to a row, the latest first."""
    return (
        Event.objects.filter(about__contains=[reference(row)])
        .select_related("actor", "division")
        .order_by("-at", "-pk")
    )


def page_of_subject(subject_type: str, subject_id: int) -> str:
    """Return the address of the desk's page of a row that something is about; empty where there is none."""
    pages = {
        "orders.order": "desk:order",
        "leads.lead": "desk:lead",
        "commissions.batchline": "desk:payout_line",
        "commissions.dispute": "desk:dispute",
        "referrals.referral": "desk:referral",
    }
    return reverse(pages[subject_type], args=[subject_id]) if subject_type in pages else ""


# One box finds everything -------------------------------------------------------------------------------------------

MOST_OF_A_KIND = 8


@dataclass(frozen=True)
class Found:
    """One thing that was found: its name, what tells it from others, where it leads."""

    title: str
    text: str
    note: str
    url: str


@dataclass(frozen=True)
class FoundGroup:
    """What was found of one kind."""

    label: str
    found: tuple[Found, ...]


def find(user: User, text: str) -> list[FoundGroup]:
    """
    Find orders, tickets, customers, addresses and leads that a text may mean, as it was typed.

    Numbers first, then all or a part of an e-mail address, a phone number or a name, then referral codes, then addresses,
    with a house number or without; every kind is asked by an index, and none gives more than `MOST_OF_A_KIND`.
    """
    text = " ".join(text.split())
    if not text:
        return []
    place = place_meant(user, text)
    groups = (
        FoundGroup(_("Orders"), _several(_orders(user, text, place))),
        FoundGroup(_("Tickets"), _several(_tickets(user, text))),
        FoundGroup(_("Customers"), _several(_customers(user, text, place))),
        FoundGroup(_("Referral codes"), _several(_referrers(user, text))),
        FoundGroup(_("Leads"), _several(_leads(user, text))),
        FoundGroup(_("Addresses"), _several(_addresses(place.candidates))),
    )
    return [group for group in groups if group.found]


@dataclass(frozen=True)
class Place:
    """Where a text may lead: addresses, and the condition on the premises of who orders or lives there."""

    candidates: list[Candidate]
    premises: Q | None
    """Of a row that has `premises`; None where the text is no address."""


def place_meant(user: User, text: str) -> Place:
    """Return the addresses that a text may be; without a house number, those of the streets that it may be."""
    if "@" in text or text.isdigit():
        return Place([], None)
    if any(sign.isdigit() for sign in text) and (candidates := address_candidates(user, text)):
        known = [candidate.premises_id for candidate in candidates if candidate.premises_id]
        return Place(candidates, Q(premises__in=known) if known else None)
    below = {pk for division in divisions_to_search(user) for pk in division_ids_below(division.pk)}
    streets = streets_like(text, below)
    if not streets:
        return Place([], None)
    premises = Premises.objects.filter(street__in=streets).order_by("street", "house_number", "unit_key")
    houses = [
        Candidate(house.pk, house.label, house.division_id, unit=house.unit) for house in premises[:MOST_OF_A_KIND]
    ]
    return Place(houses, Q(premises__street__in=streets))


def _several(found: Iterable[Found]) -> tuple[Found, ...]:
    return tuple(islice(found, MOST_OF_A_KIND))


def _orders(user: User, text: str, place: Place) -> Iterator[Found]:
    if not can(user, Permission.SEE_ORDERS):
        return
    found = {order.pk: order for order in orders_matching(user, OrderFilter(text=text))[:MOST_OF_A_KIND]}
    if place.premises and len(found) < MOST_OF_A_KIND:
        there = orders_visible_to(user).exclude(number="").filter(place.premises).select_related("customer")
        found |= {order.pk: order for order in there.order_by("-pk")[:MOST_OF_A_KIND] if order.pk not in found}
    for order in found.values():
        who = f"{order.customer.name}, {order.address}" if order.customer else order.address
        yield Found(str(order), who, str(order.get_status_display()), reverse("desk:order", args=[order.pk]))


def _customers(user: User, text: str, place: Place) -> Iterator[Found]:
    if not can(user, Permission.SEE_ORDERS):
        return
    for customer in _customers_or_who_lives_there(text, place, customers_visible_to(user), MOST_OF_A_KIND):
        accounts = ", ".join(f"{account.number} ({account.service_address})" for account in customer.accounts.all())
        yield Found(customer.name, accounts, customer.number, reverse("desk:customer", args=[customer.pk]))


def _customers_or_who_lives_there(text: str, place: Place, among: QuerySet[Customer], most: int) -> list[Customer]:
    among = among.prefetch_related("accounts")
    found = {customer.pk: customer for customer in customers_meant(text, among=among)[:most]}
    if place.premises and len(found) < most:
        there = among.filter(pk__in=Account.objects.filter(place.premises).values("customer"))
        found |= {customer.pk: customer for customer in there[:most] if customer.pk not in found}
    return list(found.values())[:most]


def callers_meant(user: User, text: str, *, among: QuerySet[Customer], most: int) -> list[Customer]:
    """Return the customers who may be calling, given a name, a number, a way to reach them, or where they live."""
    return _customers_or_who_lives_there(text, place_meant(user, text), among, most)


def tickets_numbered(user: User, text: str) -> list[Ticket]:
    """Return the tickets whose number a text is, or a part of; the latest few, to be shown."""
    found = numbered(text, among=tickets_visible_to(user)).select_related("customer", "division").defer("search")
    return with_subjects_in_words(found.order_by("-pk")[:MOST_OF_A_KIND])


def _tickets(user: User, text: str) -> Iterator[Found]:
    for ticket in tickets_numbered(user, text):
        who = str(ticket.customer or ticket.requester_name or ticket.requester_email)
        url = reverse("desk:ticket", args=[ticket.number])
        yield Found(ticket.number, f"{ticket.subject}, {who}", str(ticket.get_status_display()), url)


def _referrers(user: User, text: str) -> Iterator[Found]:
    """Find whose code was said, as it is read out or as it is kept."""
    for referrer in referrers_visible_to(user).filter(code=normalised_code(text)):
        customer = referrer.customer
        url = reverse("desk:customer", args=[customer.pk])
        yield Found(shown_code(referrer.code), customer.name, str(referrer.programme), url)


def _leads(user: User, text: str) -> Iterator[Found]:
    if not can(user, Permission.SEE_LEADS):
        return
    for lead in leads_matching(user, LeadFilter(statuses=LeadStatus.values, text=text))[:MOST_OF_A_KIND]:
        yield Found(str(lead), lead.address, str(lead.get_status_display()), reverse("desk:lead", args=[lead.pk]))


def _addresses(candidates: list[Candidate]) -> Iterator[Found]:
    for candidate in candidates:
        typed = "" if candidate.premises_id else candidate.label
        query = urlencode({"premises": candidate.premises_id or "", "address": typed})
        yield Found(candidate.label, "", _("Check what it can have"), f"{reverse('desk:new_order')}?{query}")


def address_candidates(user: User, text: str) -> list[Candidate]:
    """Return the addresses that a text may be, in the divisions that a person works for."""
    found = {
        (candidate.premises_id, candidate.label): candidate
        for division in divisions_to_search(user)
        for candidate in search_addresses(text, division=division, limit=MOST_OF_A_KIND).candidates
    }
    return list(found.values())[:MOST_OF_A_KIND]


def units_at(user: User, building_key: str) -> list[Candidate]:
    """Return the homes of a building, in the divisions that a person works for."""
    if not building_key:
        return []
    return [unit for division in divisions_to_search(user) for unit in units_of(building_key, division=division)]


def premises_candidate(user: User, premises_id: int) -> Candidate | None:
    """Return one premises as a choice, if it lies where a person works."""
    found = Premises.objects.filter(pk=premises_id, division__in=divisions_visible_to(user)).first()
    return Candidate(found.pk, found.label, found.division_id, unit=found.unit) if found else None


def divisions_to_search(user: User) -> list[Division]:
    """Return the divisions in which a member of staff holds a role; all that lies below is theirs, too."""
    if user.is_superuser:
        return list(Division.objects.filter(parent=None))
    return list({held.division_id: held.division for held in roles_of(user) if held.role in STAFF_ROLES}.values())

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

from accounts.models import Account, Contact
from accounts.queries import customers_visible_to, reached_by
from billing.queries import submissions_visible_to
from commissions.queries.batches import batches_visible_to, lines_visible_to, needing_a_person
from commissions.states import BatchStatus
from foundation.correspondence.queries import messages_visible_to
from foundation.correspondence.states import MessageStatus
from foundation.divisions.models import Division
from foundation.events.models import Event
from foundation.events.services import reference
from foundation.jobs.queries import jobs_visible_to
from foundation.jobs.states import JobStatus
from foundation.now import now
from foundation.people.models import User
from foundation.people.queries import can, divisions_visible_to, roles_of
from foundation.people.states import STAFF_ROLES, Permission
from interfaces.desk.paging import Count, count_of
from leads.queries import LeadFilter, leads_matching, leads_visible_to
from leads.states import LeadStatus
from orders.models import Order, OrderLine
from orders.queries import VISIT_ENDS_AT, OrderFilter, orders_matching, orders_visible_to
from orders.states import OPEN, AppointmentStatus, LineStatus, OrderStatus, WorkOrderStage
from referrals.queries import signals_visible_to
from referrals.states import SignalStatus
from territory.models import Premises
from territory.queries import Candidate, search_addresses, units_of

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


def _list(name: str, **filters: str) -> str:
    return f"{reverse(f'desk:{name}')}?{'&'.join(f'{key}={value}' for key, value in filters.items())}"


def looked_after_by(user: User) -> QuerySet[Order]:
    """Return the held orders that a person looks after, the next reminder first."""
    held = orders_visible_to(user).filter(status=OrderStatus.HELD, hold_owner=user)
    return held.select_related("division", "customer").order_by("hold_reminder_at", "pk")


def timeline_of(row: Model) -> QuerySet[Event]:
    """Return what has happened to a row, the latest first."""
    return Event.objects.filter(about__contains=[reference(row)]).select_related("actor").order_by("-at", "-pk")


def page_of_subject(subject_type: str, subject_id: int) -> str:
    """Return the address of the desk's page of a row that something is about; empty where there is none."""
    pages = {
        "orders.order": "desk:order",
        "leads.lead": "desk:lead",
        "commissions.batchline": "desk:payout_line",
        "referrals.referral": "desk:referral",
    }
    return reverse(pages[subject_type], args=[subject_id]) if subject_type in pages else ""


# One box finds everything -------------------------------------------------------------------------------------------

MOST_OF_A_KIND = 8
SHORTEST_NAME = 3
"""A trigram index finds nothing shorter."""


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
    Find orders, customers, addresses and leads that a text may mean, as it was typed.

    Exact ids first, then e-mail addresses and phone numbers, then names and addresses; every kind is asked by an
    index, and none gives more than `MOST_OF_A_KIND`.
    """
    text = " ".join(text.split())
    if not text:
        return []
    candidates = address_candidates(user, text) if _may_be_an_address(text) else []
    groups = (
        FoundGroup(_("Orders"), _several(_orders(user, text, candidates))),
        FoundGroup(_("Customers"), _several(_customers(user, text))),
        FoundGroup(_("Leads"), _several(_leads(user, text))),
        FoundGroup(_("Addresses"), _several(_addresses(candidates))),
    )
    return [group for group in groups if group.found]


def _several(found: Iterable[Found]) -> tuple[Found, ...]:
    return tuple(islice(found, MOST_OF_A_KIND))


def _orders(user: User, text: str, candidates: list[Candidate]) -> Iterator[Found]:
    if not can(user, Permission.SEE_ORDERS):
        return
    premises_ids = [candidate.premises_id for candidate in candidates if candidate.premises_id]
    at_address = orders_visible_to(user).exclude(number="").filter(premises__in=premises_ids)
    if not premises_ids:
        at_address = at_address.none()
    named = orders_matching(user, OrderFilter(text=text))[:MOST_OF_A_KIND]
    for order in {
        order.pk: order for order in (*named, *at_address.select_related("customer").order_by("-pk")[:MOST_OF_A_KIND])
    }.values():
        who = f"{order.customer.name}, {order.address}" if order.customer else order.address
        yield Found(str(order), who, str(order.get_status_display()), reverse("desk:order", args=[order.pk]))


def _customers(user: User, text: str) -> Iterator[Found]:
    if not can(user, Permission.SEE_ORDERS):
        return
    for customer in customers_visible_to(user).filter(_naming(text)).prefetch_related("accounts")[:MOST_OF_A_KIND]:
        accounts = ", ".join(f"{account.number} ({account.service_address})" for account in customer.accounts.all())
        yield Found(customer.name, accounts, customer.number, reverse("desk:customer", args=[customer.pk]))


def _naming(text: str) -> Q:
    """Return the condition of being the customer that a text names."""
    numbered = Q(number__iexact=text) | Q(pk__in=Account.objects.filter(number__iexact=text).values("customer"))
    if reached := reached_by(text):
        return numbered | Q(pk__in=Contact.objects.filter(reached).values("customer"))
    if text.isdigit() or len(text) < SHORTEST_NAME:
        return numbered
    return numbered | Q(name__icontains=text)


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


def _may_be_an_address(text: str) -> bool:
    return any(sign.isdigit() for sign in text) and not text.isdigit() and "@" not in text


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

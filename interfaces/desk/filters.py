"""By what the lists of the desk are filtered; everything stands in the address."""

from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django_filters import CharFilter, ChoiceFilter, FilterSet, ModelChoiceFilter

from billing.models import Submission
from billing.states import SubmissionKind, SubmissionStatus
from foundation.correspondence.models import Message
from foundation.correspondence.states import MessageStatus
from foundation.divisions.models import Division
from foundation.jobs.models import Job
from foundation.jobs.states import JobStatus
from foundation.people.models import UserRequest
from foundation.people.queries import divisions_visible_to
from interfaces.desk.queries import TROUBLES, stuck
from leads.models import Lead
from leads.queries import LeadFilter, leads_matching
from leads.states import OPEN as OPEN_LEADS, LeadStatus
from orders.models import Order
from orders.queries import OrderFilter, orders_matching
from orders.states import OPEN, OrderStatus
from territory.states import Outcome

ANY = _("Any")
UNCLEAR = (SubmissionStatus.UNKNOWN, SubmissionStatus.REFUSED)


def _divisions(request: UserRequest) -> QuerySet[Division]:
    return divisions_visible_to(request.user)


class WithDivision(FilterSet):
    """A list whose rows belong to divisions: one of them stands for all that lies below it."""

    division = ModelChoiceFilter(label=_("Division"), empty_label=ANY, queryset=_divisions, method="filter_division")

    def filter_division(self, rows: QuerySet[Any], _name: str, division: Division) -> QuerySet[Any]:
        """Keep the rows of a division and of all below it."""
        return rows.filter(division__in=Division.objects.under(division))


class JobFilters(WithDivision):
    """Long work by what has become of it."""

    status = ChoiceFilter(label=_("State"), empty_label=ANY, choices=JobStatus.choices)

    class Meta:
        model = Job
        fields = ("status", "division")


class MessageFilters(WithDivision):
    """Messages by what has become of them and by recipient."""

    to = CharFilter(label=_("Recipient or subject"), method="filter_text")
    status = ChoiceFilter(label=_("State"), empty_label=ANY, choices=MessageStatus.choices)

    class Meta:
        model = Message
        fields = ("to", "status", "division")

    def filter_text(self, rows: QuerySet[Message], _name: str, text: str) -> QuerySet[Message]:
        """Keep the messages to somebody, or with a subject."""
        return rows.filter(Q(to__icontains=text) | Q(subject_line__icontains=text))


class SubmissionFilters(WithDivision):
    """What was asked of billing systems, by what has become of it and by its ids."""

    text = CharFilter(label=_("Request or vendor’s id"), method="filter_text")
    status = ChoiceFilter(label=_("State"), empty_label=ANY, choices=SubmissionStatus.choices)
    kind = ChoiceFilter(label=_("What is asked"), empty_label=ANY, choices=SubmissionKind.choices)
    waits = ChoiceFilter(
        label=_("Waits for"), empty_label=ANY, choices=[("person", _("A person"))], method="filter_waits"
    )

    class Meta:
        model = Submission
        fields = ("text", "status", "kind", "waits", "division")

    def filter_text(self, rows: QuerySet[Submission], _name: str, text: str) -> QuerySet[Submission]:
        """Keep what was asked under an id, or is known to the vendor by one."""
        return rows.filter(Q(request_id__startswith=text.strip()) | Q(external_id=text.strip()))

    def filter_waits(self, rows: QuerySet[Submission], _name: str, _value: str) -> QuerySet[Submission]:
        """Keep what goes on only when somebody decides."""
        return rows.filter(Q(set_aside_at__isnull=False) | Q(status__in=UNCLEAR))


OPEN_CHOICE = "open"
AGES = (
    ("1", _("Older than a day")),
    ("3", _("Older than 3 days")),
    ("7", _("Older than a week")),
    ("30", _("Older than 30 days")),
)


class OrderFilters(WithDivision):
    """Orders by state, trouble, age and division, and by whatever a caller says of them."""

    text = CharFilter(label=_("Number, name, phone or e-mail"))
    status = ChoiceFilter(
        label=_("State"), empty_label=_("All but carts"), choices=[(OPEN_CHOICE, _("Open")), *OrderStatus.choices]
    )
    stuck = ChoiceFilter(label=_("Stuck"), empty_label=ANY, choices=[(one.code, one.label) for one in TROUBLES])
    age = ChoiceFilter(label=_("Age"), empty_label=ANY, choices=AGES)

    class Meta:
        model = Order
        fields = ("text", "status", "stuck", "age", "division")

    def filter_queryset(self, _rows: QuerySet[Order]) -> QuerySet[Order]:
        """Ask the orders themselves, who know how to find one."""
        asked: dict[str, Any] = self.form.cleaned_data
        status, age = asked.get("status"), asked.get("age")
        wanted = OrderFilter(
            statuses=sorted(OPEN) if status == OPEN_CHOICE else [status] if status else (),
            division=asked.get("division"),
            older_than=timedelta(days=int(age)) if age else None,
            text=asked.get("text") or "",
        )
        found = orders_matching(self.request.user, wanted)
        return stuck(found, asked["stuck"]) if asked.get("stuck") else found


class LeadFilters(WithDivision):
    """Leads by state, by what the check of their address found, and by who looks after them."""

    text = CharFilter(label=_("Name, address, phone or e-mail"))
    status = ChoiceFilter(label=_("State"), empty_label=_("Open"), choices=LeadStatus.choices)
    outcome = ChoiceFilter(label=_("What the check found"), empty_label=ANY, choices=Outcome.choices)
    mine = ChoiceFilter(label=_("Assigned to"), empty_label=_("Anybody"), choices=[("yes", _("Me"))])

    class Meta:
        model = Lead
        fields = ("text", "status", "outcome", "mine", "division")

    def filter_queryset(self, _rows: QuerySet[Lead]) -> QuerySet[Lead]:
        """Ask the leads themselves, who know how to find one."""
        asked: dict[str, Any] = self.form.cleaned_data
        wanted = LeadFilter(
            statuses=[asked["status"]] if asked.get("status") else sorted(OPEN_LEADS),
            division=asked.get("division"),
            assigned_to=self.request.user if asked.get("mine") else None,
            outcome=asked.get("outcome") or "",
            text=asked.get("text") or "",
        )
        return leads_matching(self.request.user, wanted)

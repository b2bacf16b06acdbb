"""Filters of orders and leads."""

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django_filters import CharFilter, ChoiceFilter

from interfaces.desk.filters.divisions import ANY, WithDivision
from interfaces.desk.queries import TROUBLES, stuck
from leads.models import Lead
from leads.queries import LeadFilter, leads_matching
from leads.states import OPEN as OPEN_LEADS, LeadStatus
from orders.models import Order
from orders.queries import OrderFilter, orders_matching
from orders.states import OPEN, OrderStatus
from territory.states import Outcome

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

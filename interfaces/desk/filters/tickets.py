"""Filters of tickets, their figures, and outages."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.forms import Form
from django.utils.functional import cached_property
from django.utils.timezone import get_default_timezone
from django.utils.translation import gettext_lazy as _
from django_filters import CharFilter, ChoiceFilter, DateFilter, FilterSet, ModelChoiceFilter

from foundation.now import today
from foundation.people.models import UserRequest
from foundation.people.queries import divisions_where, divisions_within_sight
from foundation.people.states import Permission
from foundation.worklist.models import Team
from interfaces.desk.filters.divisions import ANY, ANY_STATUS, WithDivision, as_date, divisions_seen_by
from tickets.models import Outage, Ticket
from tickets.queries import TicketFilter, tickets_matching
from tickets.queries.figures import OF_FIGURE, FiguresWanted, tickets_put_right
from tickets.states import UNDER_WAY, Figure, OutageKind, OutageStatus, Priority, TicketStatus, TicketType


def _teams(request: UserRequest) -> QuerySet[Team]:
    return Team.objects.filter(division__in=divisions_within_sight(request.user, Permission.SEE_TICKETS))


class TicketFilters(WithDivision):
    """Tickets by state, type, priority, team and owner, and by whatever somebody says of them."""

    text = CharFilter(label=_("Number, words, name, phone or e-mail"))
    status = ChoiceFilter(
        label=_("State"),
        empty_label=_("Open"),
        choices=[*TicketStatus.choices, (ANY_STATUS, _("All"))],
    )
    type = ChoiceFilter(label=_("Type"), empty_label=ANY, choices=TicketType.choices)
    priority = ChoiceFilter(
        label=_("Priority"), empty_label=ANY, choices=[(one.value, one.value.upper()) for one in Priority]
    )
    team = ModelChoiceFilter(label=_("Team"), empty_label=ANY, queryset=_teams)
    owner = ChoiceFilter(
        label=_("Owner"), empty_label=_("Anybody"), choices=[("mine", _("Me")), ("nobody", _("Nobody"))]
    )
    overdue = ChoiceFilter(label=_("Due"), empty_label=ANY, choices=[("yes", _("Overdue"))])
    visit = ChoiceFilter(label=_("Visit"), empty_label=ANY, choices=[("missed", _("Missed"))])

    class Meta:
        model = Ticket
        fields = ("text", "status", "type", "priority", "team", "owner", "overdue", "visit", "division")

    def filter_queryset(self, _rows: QuerySet[Ticket]) -> QuerySet[Ticket]:
        """Ask the tickets themselves, who know how to find one."""
        asked: dict[str, Any] = self.form.cleaned_data
        status, owner = asked.get("status"), asked.get("owner")
        wanted = TicketFilter(
            statuses=TicketStatus.values if status == ANY_STATUS else [status] if status else (),
            type=asked.get("type") or "",
            priority=asked.get("priority") or "",
            team=asked.get("team"),
            division=asked.get("division"),
            owner=self.request.user if owner == "mine" else None,
            is_unowned=owner == "nobody",
            is_overdue=bool(asked.get("overdue")),
            was_visit_missed=bool(asked.get("visit")),
            text=asked.get("text") or "",
        )
        return tickets_matching(self.request.user, wanted)


FIGURES_DAYS = 30
"""Of figures, where nobody says from when to when: to today."""
MOST_FIGURES_DAYS = 366


class FiguresForm(Form):
    """From when to when figures are counted."""

    def clean(self) -> dict[str, Any]:
        """Refuse days that end before they begin, and more of them than a year."""
        said: dict[str, Any] = super().clean() or {}
        since, until = said.get("since"), said.get("until")
        if since and until and until < since:
            self.add_error("until", _("Choose a day on or after the first one."))
        elif since and until and (until - since).days >= MOST_FIGURES_DAYS:
            self.add_error("until", _("Choose a year at most."))
        return said


class FigureFilters(WithDivision):
    """Tickets that were put right from one day to another, and which figure they are behind."""

    since = DateFilter(label=_("Put right from"), widget=as_date())
    until = DateFilter(label=_("to"), widget=as_date())
    type = ChoiceFilter(label=_("Type"), empty_label=ANY, choices=TicketType.choices)
    priority = ChoiceFilter(
        label=_("Priority"), empty_label=ANY, choices=[(one.value, one.value.upper()) for one in Priority]
    )
    of = ModelChoiceFilter(label=_("Division itself"), empty_label=ANY, queryset=divisions_seen_by)
    figure = ChoiceFilter(label=_("Figure"), empty_label=None, choices=Figure.choices)

    class Meta:
        model = Ticket
        form = FiguresForm
        fields = ("since", "until", "type", "priority", "division", "of", "figure")

    def filter_queryset(self, _rows: QuerySet[Ticket]) -> QuerySet[Ticket]:
        """Ask for the tickets behind one figure."""
        figure = Figure(self.form.cleaned_data.get("figure") or Figure.PUT_RIGHT)
        rows = tickets_put_right(self.request.user, self.wanted).filter(OF_FIGURE[figure])
        return rows.select_related("division", "customer", "owner").defer("search")

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last day that are counted, where the division asked for is, else where we are."""
        asked = self.form.cleaned_data if self.form.is_valid() else {}
        until = asked.get("until") or max(today(self._zone), asked.get("since") or date.min)
        return asked.get("since") or until - timedelta(days=FIGURES_DAYS - 1), until

    @property
    def wanted(self) -> FiguresWanted:
        """What is asked; fields with a mistake are left out of it."""
        since, until = self.days
        asked = self.form.cleaned_data
        return FiguresWanted(
            since=datetime.combine(since, time.min, self._zone),
            until=datetime.combine(until + timedelta(days=1), time.min, self._zone),
            type=asked.get("type") or "",
            priority=asked.get("priority") or "",
            division=asked.get("division"),
            of=asked.get("of"),
        )

    @cached_property
    def _zone(self) -> ZoneInfo:
        """That of the division that is asked for, else of the first one that whoever asks leads."""
        asked = self.form.cleaned_data if self.form.is_valid() else {}
        division = asked.get("of") or asked.get("division")
        division = division or divisions_where(self.request.user, Permission.ASSIGN_WORK).order_by("pk").first()
        return division.zone if division else get_default_timezone()


class OutageFilters(WithDivision):
    """Outages by words, kind and state."""

    text = CharFilter(label=_("What and where"), field_name="title", lookup_expr="icontains")
    state = ChoiceFilter(
        label=_("State"), empty_label=ANY, method="filter_state",
        choices=[("under_way", _("Under way")), *OutageStatus.choices],
    )  # fmt: skip
    kind = ChoiceFilter(label=_("Kind"), empty_label=ANY, choices=OutageKind.choices)

    class Meta:
        model = Outage
        fields = ("text", "state", "kind", "division")

    def filter_state(self, rows: QuerySet[Outage], _name: str, value: str) -> QuerySet[Outage]:
        """Keep the outages in a state, or all that are under way."""
        return rows.filter(status__in=sorted(UNDER_WAY) if value == "under_way" else [value])


class OutageTicketFilters(FilterSet):
    """The tickets of an outage by state."""

    status = ChoiceFilter(label=_("State"), empty_label=ANY, choices=TicketStatus.choices)

    class Meta:
        model = Ticket
        fields = ("status",)

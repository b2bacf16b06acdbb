"""What is to be done for a ticket: tasks, and visits at the customer's, with what an agent did there."""

from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext, gettext_lazy as _

from foundation.divisions.models import Division
from foundation.lifecycle import Lifecycle, LockingQuerySet, NotAllowed, status_constraint
from foundation.now import now, today
from foundation.people.models import User
from foundation.safeguards import append_only, moves_only_along, never_changes
from territory.models import Premises
from tickets.models.conversation import Article
from tickets.models.equipment import Equipment
from tickets.models.ticket import Ticket
from tickets.states import (
    AHEAD,
    TASK_MOVES,
    UNDER_WAY_OR_OWED,
    VISIT_MOVES,
    DeedKind,
    TaskKind,
    TaskStatus,
    VisitOutcome,
    VisitStatus,
)


class Task(Lifecycle):
    """Something that a person is to do for a ticket by a certain time."""

    MOVES = TASK_MOVES

    key = models.CharField(max_length=120, unique=True, editable=False)
    """The form that wrote it: sent twice, it stands once."""
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="tasks", verbose_name=_("ticket"))
    kind = models.CharField(_("kind"), max_length=10, choices=TaskKind.choices)
    status = models.CharField(
        _("status"), max_length=8, choices=TaskStatus.choices, default=TaskStatus.OPEN, editable=False
    )
    text = models.CharField(_("what is to be done"), max_length=200)
    who = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("who"))
    due_at = models.DateTimeField(_("due"))
    added_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("added by"))
    added_at = models.DateTimeField(_("added"), default=now, editable=False)
    ended_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("ended by"))
    ended_at = models.DateTimeField(_("ended"), null=True, editable=False)

    objects = LockingQuerySet["Task"].as_manager()

    class Meta:
        ordering: ClassVar = ["due_at", "pk"]
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        constraints: ClassVar = [
            status_constraint(TaskStatus, name="task_status_is_known"),
            models.CheckConstraint(condition=Q(kind__in=TaskKind.values), name="task_kind_is_known"),
            models.CheckConstraint(
                condition=Q(status=TaskStatus.OPEN, ended_at=None)
                | ~Q(status=TaskStatus.OPEN) & Q(ended_at__isnull=False),
                name="tasks_say_when_they_ended",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["who", "due_at"], name="task_of_person", condition=Q(status=TaskStatus.OPEN)),
        ]
        triggers: ClassVar = [moves_only_along(TASK_MOVES, message="A task moves only along its lifecycle.")]

    def __str__(self) -> str:
        return self.text

    @property
    def is_open(self) -> bool:
        """Whether it is still to be done."""
        return self.status == TaskStatus.OPEN

    @property
    def is_late(self) -> bool:
        """Whether it should be done by now."""
        return self.is_open and self.due_at < now()

    def end(self, to: TaskStatus, *, at: datetime, by: User | None) -> None:
        """
        It is done, or need not be done.

        :raises NotAllowed: if it has ended
        """
        self._move(to)
        self.ended_at, self.ended_by = at, by


class Window(Func):
    """The time from a visit's earliest moment to its latest, which is not included: the next may begin then."""

    function = "tstzrange"
    output_field = DateTimeRangeField()

    def __init__(self) -> None:
        super().__init__(F("starts_at"), F("ends_at"))


class Visit(Lifecycle):
    """An agent of ours comes to a customer's address in a window, for a ticket."""

    MOVES = VISIT_MOVES

    key = models.CharField(max_length=120, unique=True, editable=False)
    """The form that booked it: sent twice, it is booked once."""
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="visits", verbose_name=_("ticket"))
    premises = models.ForeignKey(Premises, models.PROTECT, related_name="+", verbose_name=_("premises"))
    agent = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("agent"))
    status = models.CharField(
        _("status"), max_length=10, choices=VisitStatus.choices, default=VisitStatus.BOOKED, editable=False
    )
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    note = models.CharField(_("what the agent should know"), max_length=500, blank=True)
    """The way, a code at the gate, a dog."""
    instead_of = models.OneToOneField(
        "self", models.PROTECT, null=True, editable=False, related_name="moved_to", verbose_name=_("instead of")
    )
    """The visit whose place it took."""
    booked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("booked by"))
    booked_at = models.DateTimeField(_("booked"), default=now, editable=False)
    arrived_at = models.DateTimeField(_("arrived"), null=True, editable=False)
    missed_at = models.DateTimeField(_("missed"), null=True, editable=False)
    """When the window was over without anybody there; it stays so where somebody came later."""
    ended_at = models.DateTimeField(_("ended"), null=True, editable=False)
    outcome = models.CharField(_("outcome"), max_length=10, choices=VisitOutcome.choices, blank=True, editable=False)

    objects = LockingQuerySet["Visit"].as_manager()

    class Meta:
        ordering: ClassVar = ["starts_at", "pk"]
        verbose_name = _("visit")
        verbose_name_plural = _("visits")
        constraints: ClassVar = [
            status_constraint(VisitStatus, name="visit_status_is_known"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="visit_window_is_whole"),
            models.UniqueConstraint(
                fields=["ticket"], condition=Q(status__in=sorted(UNDER_WAY_OR_OWED)), name="one_visit_of_a_ticket"
            ),
            ExclusionConstraint(
                name="one_visit_of_an_agent",
                expressions=[("agent", RangeOperators.EQUAL), (Window(), RangeOperators.OVERLAPS)],
                condition=Q(status__in=sorted(AHEAD)),
            ),
            models.CheckConstraint(
                condition=~Q(status__in=[VisitStatus.ARRIVED, VisitStatus.MADE]) | Q(arrived_at__isnull=False),
                name="visits_say_when_somebody_came",
            ),
            models.CheckConstraint(
                condition=Q(status=VisitStatus.MADE, outcome__in=VisitOutcome.values)
                | ~Q(status=VisitStatus.MADE) & Q(outcome=""),
                name="made_visits_say_what_came_of_them",
            ),
            models.CheckConstraint(
                condition=~Q(status=VisitStatus.MISSED) | Q(missed_at__isnull=False), name="missed_visits_say_when"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["agent", "starts_at"], name="visit_of_agent"),
            models.Index(fields=["ends_at"], name="visit_ahead", condition=Q(status__in=sorted(AHEAD))),
        ]
        triggers: ClassVar = [
            moves_only_along(VISIT_MOVES, message="A visit moves only along its lifecycle."),
            never_changes(
                "ticket_id", "agent_id", "starts_at", "ends_at", name="booked_once",
                message="For whom and when a visit was booked never changes: another one takes its place.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.ticket}: {self.starts_at:%Y-%m-%d %H:%M}"

    @property
    def is_ahead(self) -> bool:
        """Whether the agent is expected."""
        return self.status in AHEAD

    def set_off(self) -> None:
        """
        The agent is on the way.

        :raises NotAllowed: if they are already, or are not expected today
        """
        self._must_be_today()
        self._move(VisitStatus.ON_THE_WAY)

    def arrive(self, *, at: datetime) -> None:
        """
        The agent is there, be it late.

        :raises NotAllowed: if they were there, are not expected, or not today
        """
        self._must_be_today()
        self._move(VisitStatus.ARRIVED)
        self.arrived_at = at

    def finish(self, outcome: VisitOutcome, *, at: datetime) -> None:
        """
        The agent leaves.

        :raises NotAllowed: if they are not there
        """
        self._move(VisitStatus.MADE)
        self.outcome, self.ended_at = outcome, at

    def make_way(self, *, at: datetime) -> None:
        """
        Another visit takes its place.

        :raises NotAllowed: if somebody has come, or nobody is to come
        """
        self._move(VisitStatus.MOVED)
        self.ended_at = at

    def call_off(self, *, at: datetime) -> None:
        """
        Nobody comes.

        :raises NotAllowed: if somebody has come, or nobody is to come
        """
        self._move(VisitStatus.CALLED_OFF)
        self.ended_at = at

    def _must_be_today(self) -> None:
        if self.status in AHEAD and self.starts_at.astimezone(self.division.zone).date() > today(self.division):
            raise NotAllowed(gettext("This visit is on another day."), code="another_day")


class VisitDeed(models.Model):
    """One thing that an agent did on a visit, and the form by which they said so: sent twice, it was done once."""

    key = models.CharField(max_length=120, unique=True, editable=False)
    visit = models.ForeignKey(Visit, models.PROTECT, related_name="deeds", verbose_name=_("visit"))
    kind = models.CharField(_("what"), max_length=8, choices=DeedKind.choices)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"), default=now)
    old = models.ForeignKey(
        Equipment, models.PROTECT, null=True, related_name="+", verbose_name=_("device that was taken away")
    )
    new = models.ForeignKey(Equipment, models.PROTECT, null=True, related_name="+", verbose_name=_("new device"))
    article = models.ForeignKey(Article, models.PROTECT, null=True, related_name="+", verbose_name=_("note"))
    """What was written or photographed: a note on the ticket."""

    class Meta:
        ordering: ClassVar = ["pk"]
        verbose_name = _("deed on a visit")
        verbose_name_plural = _("deeds on visits")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=DeedKind.values), name="deed_is_known"),
            models.CheckConstraint(
                condition=Q(kind=DeedKind.SWAP, new__isnull=False) | ~Q(kind=DeedKind.SWAP) & Q(old=None, new=None),
                name="a_swap_names_its_devices",
            ),
        ]
        triggers: ClassVar = [*append_only("What was done on a visit stays as it was done.")]

    def __str__(self) -> str:
        return str(self.get_kind_display())

"""When a technician can come, and whom that time is kept for."""

from datetime import datetime
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext, gettext_lazy as _

from foundation.divisions.models import Division
from foundation.lifecycle import Lifecycle, LockingQuerySet, NotAllowed, status_constraint
from orders.models.order import Order
from orders.states import APPOINTMENT_MOVES, AppointmentStatus


class AppointmentSlot(models.Model):
    """
    A window in which some number of technicians of a market can come.

    Once a visit is booked it stays when it is: customers were told. A visit moves by `reschedule_order`.
    """

    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("to"))
    capacity = models.PositiveSmallIntegerField(_("capacity"), help_text=_("How many visits fit into it."))
    booked = models.PositiveSmallIntegerField(_("taken"), default=0, editable=False)
    """Visits that are booked, or kept for a visitor who is still ordering."""

    class Meta:
        ordering: ClassVar = ["starts_at"]
        verbose_name = _("appointment slot")
        verbose_name_plural = _("appointment slots")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(booked__lte=F("capacity")),
                name="slot_is_not_overbooked",
                violation_error_message=_("More visits than this are booked already."),
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="slot_ends_after_it_starts",
                violation_error_message=_("The slot ends before it starts."),
            ),
            models.UniqueConstraint(fields=["division", "starts_at", "ends_at"], name="one_slot_per_window"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="booked_windows_stay",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__booked__gt=0)
                & (
                    pgtrigger.Q(old__division__df=pgtrigger.F("new__division"))
                    | pgtrigger.Q(old__starts_at__df=pgtrigger.F("new__starts_at"))
                    | pgtrigger.Q(old__ends_at__df=pgtrigger.F("new__ends_at"))
                ),
            )
        ]

    def __str__(self) -> str:
        zone = self.division.zone
        return f"{self.starts_at.astimezone(zone):%Y-%m-%d %H:%M}–{self.ends_at.astimezone(zone):%H:%M %Z}"


class Appointment(Lifecycle):
    """An order's place in a slot: kept for a while during ordering, then booked. It counts in the slot's `booked`."""

    MOVES = APPOINTMENT_MOVES

    order = models.OneToOneField(Order, models.CASCADE, related_name="appointment", verbose_name=_("order"))
    slot = models.ForeignKey(AppointmentSlot, models.PROTECT, related_name="appointments", verbose_name=_("slot"))
    status = models.CharField(
        _("status"), max_length=10, choices=AppointmentStatus.choices, default=AppointmentStatus.HELD, editable=False
    )
    held_until = models.DateTimeField(_("kept until"), null=True, editable=False)
    given_starts_at = models.DateTimeField(_("from, as the billing system says"), null=True, editable=False)
    given_ends_at = models.DateTimeField(_("to, as the billing system says"), null=True, editable=False)
    given_at = models.DateTimeField(null=True, editable=False)
    """When the billing system said so; facts come in any order."""

    objects = LockingQuerySet["Appointment"].as_manager()

    class Meta:
        verbose_name = _("appointment")
        verbose_name_plural = _("appointments")
        constraints: ClassVar = [
            status_constraint(AppointmentStatus, name="appointment_status_is_known"),
            models.CheckConstraint(
                condition=Q(status=AppointmentStatus.HELD, held_until__isnull=False)
                | ~Q(status=AppointmentStatus.HELD) & Q(held_until=None),
                name="held_appointments_say_until_when",
            ),
            models.CheckConstraint(
                condition=Q(given_starts_at=None, given_ends_at=None) | Q(given_ends_at__gt=F("given_starts_at")),
                name="given_window_is_whole",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["held_until"], name="appointment_held", condition=Q(status=AppointmentStatus.HELD))
        ]

    def __str__(self) -> str:
        return f"{self.order}: {self.slot}"

    @property
    def takes_place(self) -> bool:
        """Whether it counts in its slot."""
        return self.status != AppointmentStatus.RELEASED

    @property
    def starts_at(self) -> datetime:
        """When the technician comes at the earliest: as the billing system says, else as booked."""
        return self.given_starts_at or self.slot.starts_at

    @property
    def ends_at(self) -> datetime:
        """When the technician comes at the latest."""
        return self.given_ends_at or self.slot.ends_at

    def hold(self, slot: AppointmentSlot, *, until: datetime) -> None:
        """Keep a slot, instead of what was kept before, until a moment."""
        if self.status != AppointmentStatus.HELD:
            self._move(AppointmentStatus.HELD)
        self.slot, self.held_until = slot, until

    def book(self) -> None:
        """
        Keep it for good.

        :raises NotAllowed: if it is booked, or was given back
        """
        self._move(AppointmentStatus.BOOKED)
        self.held_until = None

    def change(self, slot: AppointmentSlot) -> None:
        """
        Take another slot.

        :raises NotAllowed: if nothing is booked
        """
        if self.status != AppointmentStatus.BOOKED:
            raise NotAllowed(gettext("No appointment is booked."), code="not_booked")
        self.slot, self.given_starts_at, self.given_ends_at = slot, None, None

    def give_window(self, starts_at: datetime, ends_at: datetime, *, at: datetime | None = None) -> None:
        """
        The billing system says when the technician comes.

        :param at: when it said so; what it said later stands, and where that is unknown, this is the latest
        """
        if at and self.given_at and at < self.given_at:
            return
        self.given_starts_at, self.given_ends_at, self.given_at = starts_at, ends_at, at or self.given_at

    def release(self) -> None:
        """
        Give the place back.

        :raises NotAllowed: if it was given back before
        """
        self._move(AppointmentStatus.RELEASED)
        self.held_until = None

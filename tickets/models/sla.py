"""What is promised by when, how it is counted, and who is told before and after it is missed."""

from datetime import timedelta
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from foundation.clocks.models import Calendar, Segment, Stopwatch
from foundation.divisions.models import Division, TranslatedField, bumps_configuration
from foundation.now import now
from foundation.people.models import User
from foundation.safeguards import append_only
from territory.states import ProductFamily
from tickets.models.ticket import Ticket
from tickets.states import (
    LATE_PAUSE,
    PAUSING,
    AlertChannel,
    ClockKind,
    HoldReason,
    PendingReason,
    Priority,
    TicketType,
    Told,
)


def usual_pauses() -> list[str]:
    """Return what pauses clocks unless an operator says otherwise."""
    return [reason.value for reason in PAUSING]


def supervisors_alone() -> list[str]:
    """Return whom a new step of the ladder tells."""
    return [Told.SUPERVISOR.value]


class SlaPolicy(models.Model):
    """
    What is promised to whom. The most particular policy that fits a ticket holds for it.

    A product wins over a family, that over none; then the nearest division, then a type of ticket over any. What a
    product's or a family's leaves without a target is promised as without it: it adds to what everybody is promised.
    """

    division = models.ForeignKey(
        Division, models.PROTECT, related_name="+", verbose_name=_("division"), help_text=_("It holds here and below.")
    )
    code = models.SlugField(_("code"), max_length=40, unique=True, help_text=_("For reports. Kept for ever."))
    names = TranslatedField(_("name"), help_text=_("As staff read it on a ticket."))
    type = models.CharField(
        _("type of ticket"), max_length=10, choices=TicketType.choices, blank=True, help_text=_("Empty: any.")
    )
    family = models.CharField(
        _("product family"), max_length=20, choices=ProductFamily.choices, blank=True,
        help_text=_("Tickets about a service of this family. Empty: any, or none."),
    )  # fmt: skip
    product = models.ForeignKey(
        Product, models.PROTECT, to_field="code", db_column="product_code", null=True, blank=True, related_name="+",
        verbose_name=_("product"),
        help_text=_("Tickets about a service that was ordered as this product: what its contract promises."),
    )  # fmt: skip
    pausing = ArrayField(
        models.CharField(max_length=12, choices=[*PendingReason.choices, *HoldReason.choices]),
        default=usual_pauses, blank=True, verbose_name=_("pauses while it waits for"),
        help_text=_("While a ticket waits for anything else, its clocks run on."),
    )  # fmt: skip
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Open tickets keep what they were promised until they change.")
    )

    class Meta:
        ordering: ClassVar = ["code"]
        verbose_name = _("service level")
        verbose_name_plural = _("service levels")
        triggers: ClassVar = [bumps_configuration()]

    def __str__(self) -> str:
        return str(self.names) or self.code

    @property
    def is_for_all(self) -> bool:
        """Whether it is for any service, and for tickets about none."""
        return not self.product_id and not self.family

    def clean(self) -> None:
        """:raises ValidationError: at the field, where the product is of another family"""
        if self.product and self.family and self.product.family != self.family:
            raise ValidationError({"family": _("The product is of another family.")})


class SlaTarget(models.Model):
    """By when something is promised: so much working time of a calendar."""

    policy = models.ForeignKey(SlaPolicy, models.CASCADE, related_name="targets", verbose_name=_("service level"))
    kind = models.CharField(_("what"), max_length=10, choices=ClockKind.choices)
    priority = models.CharField(
        _("priority"), max_length=2, choices=Priority.choices, blank=True,
        help_text=_("Empty: for the priorities without a row of their own."),
    )  # fmt: skip
    within = models.DurationField(
        _("within"), validators=[MinValueValidator(timedelta(minutes=1)), MaxValueValidator(timedelta(days=366))],
        help_text=_("Working time, as hours:minutes:seconds, for example 4:00:00."),
    )  # fmt: skip
    calendar = models.ForeignKey(
        Calendar, models.PROTECT, related_name="+", verbose_name=_("counted by"),
        help_text=_("Only its hours count."),
    )  # fmt: skip

    class Meta:
        ordering: ClassVar = ["kind", "priority"]
        verbose_name = _("target")
        verbose_name_plural = _("targets")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["policy", "kind", "priority"], name="one_target_per_kind_and_priority"),
            models.CheckConstraint(condition=Q(within__gt=timedelta()), name="target_gives_time"),
        ]
        triggers: ClassVar = [bumps_configuration()]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.priority} {self.within}"


class LadderStep(models.Model):
    """What happens when so much of a target is used up: who is told by what, and to which level it goes."""

    policy = models.ForeignKey(SlaPolicy, models.CASCADE, related_name="steps", verbose_name=_("service level"))
    share = models.PositiveSmallIntegerField(
        _("at percent"), validators=[MinValueValidator(10), MaxValueValidator(500)],
        help_text=_("Of the target. 100 is the moment at which the promise is missed, 150 half the time again later."),
    )  # fmt: skip
    kind = models.CharField(
        _("of"), max_length=10, choices=ClockKind.choices, blank=True, help_text=_("Empty: of any target.")
    )
    level = models.PositiveSmallIntegerField(
        _("raise to level"), default=0, validators=[MaxValueValidator(9)],
        help_text=_("0: nobody further up has to look at it yet. Every priority is raised, the highest too."),
    )  # fmt: skip
    tell = ArrayField(
        models.CharField(max_length=12, choices=Told.choices), default=supervisors_alone, blank=True,
        verbose_name=_("tell"),
    )  # fmt: skip
    channel = models.CharField(_("by"), max_length=6, choices=AlertChannel.choices, default=AlertChannel.DESK)
    calendar = models.ForeignKey(
        Calendar, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("only in the hours of"),
        help_text=_("Outside of them the message waits until they begin. Empty: at any hour."),
    )  # fmt: skip
    p1_at_any_hour = models.BooleanField(_("P1 at any hour"), default=True)

    class Meta:
        ordering: ClassVar = ["share", "channel", "pk"]
        verbose_name = _("step of the ladder")
        verbose_name_plural = _("escalation ladder")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(channel__in=AlertChannel.values), name="ladder_channel_is_known"),
            models.CheckConstraint(condition=Q(share__gte=10, share__lte=500), name="ladder_share_in_bounds"),
        ]
        triggers: ClassVar = [bumps_configuration()]

    def __str__(self) -> str:
        return f"{self.share} % {self.get_channel_display()}"


class TicketClock(Stopwatch):
    """One of a ticket's promises, as a stopwatch."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="clocks", verbose_name=_("ticket"))
    kind = models.CharField(_("what"), max_length=10, choices=ClockKind.choices)
    policy = models.ForeignKey(SlaPolicy, models.PROTECT, related_name="+", verbose_name=_("service level"))
    met_at = models.DateTimeField(_("met"), null=True)
    """When that happened which was promised."""

    class Meta(Stopwatch.Meta):
        ordering: ClassVar = ["pk"]
        verbose_name = _("clock")
        verbose_name_plural = _("clocks")
        constraints: ClassVar = [
            *Stopwatch.Meta.constraints,
            models.CheckConstraint(condition=Q(kind__in=ClockKind.values), name="clock_kind_is_known"),
            models.UniqueConstraint(
                fields=["ticket", "kind"], condition=~Q(status="stopped"), name="one_clock_of_a_kind_at_a_time"
            ),
        ]
        indexes: ClassVar = [
            *Stopwatch.Meta.indexes,
            models.Index(fields=["ticket", "kind"], name="ticketclock_ticket"),
        ]

    def __str__(self) -> str:
        return f"{self.ticket} {self.get_kind_display()}"


class ClockSegment(Segment):
    """A piece of a clock's time."""

    clock = models.ForeignKey(TicketClock, models.CASCADE, related_name="segments", verbose_name=_("clock"))

    class Meta(Segment.Meta):
        verbose_name = _("piece of a clock's time")
        verbose_name_plural = _("pieces of clocks' time")
        indexes: ClassVar = [
            models.Index(fields=["clock"], name="clocksegment_clock"),
            models.Index(
                fields=["-begun_at"], name="clocksegment_late",
                condition=Q(is_running=False, at_percent__gte=90, at_percent__lt=100),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.clock} {self.begun_at:%Y-%m-%d %H:%M} {self.reason}"


class LateDowngrade(models.Model):
    """
    Somebody made a ticket less urgent and so gave a promise more time that was nearly used up, or missed.

    It is allowed and often right, and counted beside the pauses shortly before the end.
    """

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="late_downgrades", verbose_name=_("ticket"))
    before = models.CharField(_("from"), max_length=2, choices=Priority.choices)
    after = models.CharField(_("to"), max_length=2, choices=Priority.choices)
    percent = models.PositiveSmallIntegerField(_("used up, in percent"))
    """Of the promise of which most was used up, as it was before."""
    reason = models.CharField(_("why"), max_length=300)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"), default=now)

    class Meta:
        ordering: ClassVar = ["-at", "-pk"]
        verbose_name = _("late downgrade")
        verbose_name_plural = _("late downgrades")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(after__gt=models.F("before")), name="downgrade_is_less_urgent"),
            models.CheckConstraint(condition=Q(percent__gte=LATE_PAUSE.start), name="downgrade_is_late"),
            models.CheckConstraint(condition=~Q(reason=""), name="downgrade_has_a_reason"),
        ]
        indexes: ClassVar = [models.Index(fields=["-at"], name="latedowngrade_latest")]
        triggers: ClassVar = [*append_only("That a ticket was made less urgent late stands as it was done.")]

    def __str__(self) -> str:
        return f"{self.ticket} {self.before} {self.after}"


class Alert(models.Model):
    """Somebody is to be told that a promise is near, or missed."""

    clock = models.ForeignKey(TicketClock, models.CASCADE, related_name="alerts", verbose_name=_("clock"))
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="alerts", verbose_name=_("ticket"))
    user = models.ForeignKey(User, models.CASCADE, related_name="+", verbose_name=_("person"))
    channel = models.CharField(_("by"), max_length=6, choices=AlertChannel.choices)
    share = models.PositiveSmallIntegerField(_("percent of the target"))
    moment = models.DateTimeField(_("reached"))
    leaves_at = models.DateTimeField(_("told from"))
    """Not before working hours, where the step says so."""
    told_at = models.DateTimeField(_("told"), null=True)
    dropped_at = models.DateTimeField(_("not told any more"), null=True)
    """It was put right before the hour came."""
    seen_at = models.DateTimeField(_("seen"), null=True)

    class Meta:
        ordering: ClassVar = ["-moment", "-pk"]
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["clock", "share", "moment", "user", "channel"], name="one_alert_per_person_and_moment"
            ),
            models.CheckConstraint(condition=Q(channel__in=AlertChannel.values), name="alert_channel_is_known"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["leaves_at"], name="alert_due", condition=Q(told_at=None, dropped_at=None)),
            models.Index(fields=["user", "-moment"], name="alert_unseen", condition=Q(seen_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.ticket} {self.share} %"

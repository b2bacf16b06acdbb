"""What holds from one day to another."""

from datetime import date
from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _

from foundation.divisions.models import Division


class Days(Func):
    """The range of days from one date to another, both included."""

    function = "daterange"
    output_field = DateRangeField()

    def __init__(self) -> None:
        super().__init__(F("starts_on"), F("ends_on"), Value("[]"))


def never_two_at_once(*fields: str, name: str, condition: Q | None = None) -> ExclusionConstraint:
    """Build the constraint that no two rows alike in these fields hold on the same day."""
    return ExclusionConstraint(
        name=name,
        expressions=[*((field, RangeOperators.EQUAL) for field in fields), (Days(), RangeOperators.OVERLAPS)],
        condition=condition,
        violation_error_message=_("Another one holds on some of these days. End it first, or choose other days."),
    )


def holding_on(day: date) -> Q:
    """Build the condition that a dated row holds on a day."""
    return Q(ends_on=None, starts_on__lte=day) | Q(ends_on__gte=day, starts_on__lte=day)


class Dated(models.Model):
    """A row of a division that holds from a first day to a last."""

    division = models.ForeignKey(
        Division, models.PROTECT, related_name="+", verbose_name=_("division"),
        help_text=_("It holds here and below, unless a division below has its own."),
    )  # fmt: skip
    starts_on = models.DateField(_("from"), help_text=_("The first day."))
    ends_on = models.DateField(
        _("until"), null=True, blank=True, help_text=_("The last day. Empty: until further notice.")
    )

    class Meta:
        abstract = True
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="%(class)s_ends_after_it_starts",
                violation_error_message=_("The last day lies before the first."),
            )
        ]

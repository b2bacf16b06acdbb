"""What is asked where something is done to an order."""

from collections.abc import Iterable, Iterator
from datetime import datetime, time, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.formats import date_format, time_format
from django.utils.translation import gettext, gettext_lazy as _

from accounts.states import ContactChannel
from foundation.divisions.models import Division
from foundation.now import today
from foundation.people.models import User
from foundation.people.queries import colleagues
from foundation.people.states import Permission
from interfaces.desk.forms.plain import note_field
from orders.models import AppointmentSlot, OrderLine
from orders.queries import zone_name
from orders.states import CLOSABLE, CancelReason, HoldReason, LineStatus

REMINDERS_AT = time(9)
"""When a reminder is due on its day, in the division's zone: before the first caller."""
HOLD_REASONS = (HoldReason.CUSTOMER_ASKED, HoldReason.TO_CLARIFY)
"""Why a person holds an order; the other reasons are found by rule."""
CANCEL_REASONS = (
    CancelReason.CHANGED_MIND,
    CancelReason.COMPETITOR,
    CancelReason.MOVED,
    CancelReason.TOO_LATE,
    CancelReason.MISTAKE,
)
"""Why customers cancel; the other reasons are our own."""
CLOSE_REASONS = (CancelReason.NOT_INSTALLED, *CANCEL_REASONS)
"""Why an order is closed that could not be installed."""


def _reasons(reasons: Iterable[CancelReason]) -> list[tuple[str, Any]]:
    return [("", _("Choose a reason")), *((reason.value, reason.label) for reason in reasons)]


class RescheduleForm(forms.Form):
    """Another slot, by day."""

    slot = forms.ChoiceField(label=_("New appointment"))

    def __init__(self, *args: Any, slots: list[AppointmentSlot], zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["slot"].choices = [("", _("Choose a time")), *_by_day(slots, zone)]  # type: ignore[attr-defined]
        if not slots:
            self.fields["slot"].help_text = _("No appointment is free. More slots can be opened in the set-up.")


def _by_day(slots: list[AppointmentSlot], zone: ZoneInfo) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    def day_of(slot: AppointmentSlot) -> Any:
        return slot.starts_at.astimezone(zone).date()

    for day, of_day in groupby(slots, day_of):
        yield date_format(day, "l, F j"), [(str(slot.pk), _window(slot, zone)) for slot in of_day]


def _window(slot: AppointmentSlot, zone: ZoneInfo) -> str:
    start, end = slot.starts_at.astimezone(zone), slot.ends_at.astimezone(zone)
    return gettext("%(day)s, %(start)s to %(end)s") % {
        "day": date_format(start, "D j"),
        "start": time_format(start.time(), "P"),
        "end": f"{time_format(end.time(), 'P')} {zone_name(start)}",
    }


class CorrectForm(forms.Form):
    """How the customer is reached, and what the technician should know."""

    name = forms.CharField(label=_("Name"), max_length=120)
    email = forms.CharField(label=_("E-mail"), max_length=254, widget=forms.EmailInput)
    phone = forms.CharField(label=_("Phone"), max_length=40, widget=forms.TextInput(attrs={"type": "tel"}))
    preferred_channel = forms.ChoiceField(label=_("Reach them by"), choices=ContactChannel.choices)
    note = note_field(_("Note for the technician"), required=False)
    resend = forms.BooleanField(
        label=_("Where the e-mail address changes, send the confirmation there as well"), required=False, initial=True
    )


class HoldForm(forms.Form):
    """Why an order is stopped, who looks after it and when it is looked at again."""

    reason = forms.ChoiceField(label=_("Reason"), choices=[(reason.value, reason.label) for reason in HOLD_REASONS])
    note = note_field(_("What has to be found out or decided"))
    remind_on = forms.DateField(
        label=_("Look at it again on"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    owner = forms.ModelChoiceField(label=_("Looked after by"), queryset=User.objects.none(), empty_label=None)

    def __init__(self, *args: Any, division: Division, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.division = division
        self.fields["remind_on"].initial = today(division) + timedelta(days=1)
        people = colleagues(division, Permission.WORK_ORDERS) | User.objects.filter(pk=user.pk).distinct()
        self.fields["owner"].queryset = people.order_by("name")  # type: ignore[attr-defined]
        self.fields["owner"].initial = user

    def clean_remind_on(self) -> Any:
        """Let nobody be reminded yesterday."""
        day = self.cleaned_data["remind_on"]
        if day < today(self.division):
            raise forms.ValidationError(_("Choose today or a later day."))
        return day

    def clean(self) -> dict[str, Any]:
        """Turn the day into a moment in the division's zone."""
        answers = super().clean() or {}
        if day := answers.get("remind_on"):
            answers["reminder_at"] = datetime.combine(day, REMINDERS_AT, tzinfo=self.division.zone)
        return answers


class CancelForm(forms.Form):
    """Why an order is cancelled, and its number, so that it is this one that is meant."""

    reason = forms.ChoiceField(label=_("Reason"), choices=_reasons(CANCEL_REASONS))
    note = note_field(_("Note"), required=False)
    confirmation = forms.CharField(label=_("Order number"), max_length=20)

    def __init__(self, *args: Any, number: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.number = number
        self.fields["confirmation"].help_text = _("Type %(number)s to confirm.") % {"number": number}

    def clean_confirmation(self) -> str:
        """Compare with the order's number."""
        typed: str = self.cleaned_data["confirmation"].strip()
        if typed != self.number:
            raise forms.ValidationError(_("This is not the number of the order that you are about to cancel."))
        return typed


class CloseOrderForm(CancelForm):
    """Why an order is closed that could not be installed, and its number."""

    reason = forms.ChoiceField(label=_("Reason"), choices=_reasons(CLOSE_REASONS))


class CloseRemainderForm(forms.Form):
    """What of an order is waited for no more, and why; what could not be installed is ticked."""

    lines = forms.MultipleChoiceField(
        label=_("Close"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("What is still on its way, the billing system is asked to cancel."),
    )
    reason = forms.ChoiceField(label=_("Reason"), choices=_reasons(CLOSE_REASONS))

    def __init__(self, *args: Any, lines: Iterable[OrderLine], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        left = [line for line in lines if line.status in CLOSABLE]
        field = self.fields["lines"]
        field.choices = [(line.line_id, f"{line}: {line.get_status_display()}") for line in left]  # type: ignore[attr-defined]
        field.initial = [line.line_id for line in left if line.status == LineStatus.FAILED]


class CheckForm(forms.Form):
    """The address that a caller means: as typed, or picked."""

    address = forms.CharField(required=False, max_length=200)
    premises = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    building = forms.CharField(required=False, max_length=120)
    code = forms.CharField(required=False, max_length=20)
    """Of the friend who sent the caller, as they say it."""
    key = forms.CharField(required=False, max_length=80)

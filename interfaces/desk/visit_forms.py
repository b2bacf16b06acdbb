"""What is filled in about tasks and visits: at the desk, and by the agent at the door."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext, gettext_lazy as _

from foundation.now import now
from foundation.people.models import User
from foundation.people.queries import colleagues
from foundation.people.states import Permission
from interfaces.desk.outage_forms import MomentField, in_zone, shown_in
from interfaces.desk.ticket_forms import OnceForm
from orders.queries import zone_name
from tickets.models import Equipment, Ticket, Visit
from tickets.queries.visits import agents_of, devices_at, visit_under_way
from tickets.services import Booking, ToDo
from tickets.states import DeedKind, TaskKind, VisitOutcome

HOURS = (1, 2, 3, 4, 6, 8)
"""How long a window may be."""
USUAL_HOURS = 2


class TaskForm(OnceForm):
    """What is to be done, by whom and until when."""

    kind = forms.ChoiceField(
        label=_("What"), choices=TaskKind.choices, widget=forms.RadioSelect, initial=TaskKind.TO_DO
    )
    text = forms.CharField(label=_("In words"), max_length=200)
    who = forms.ModelChoiceField(
        label=_("Who"), queryset=User.objects.none(), empty_label=_("Choose a person"),
        error_messages={"invalid_choice": _("This person does not work on this ticket.")},
    )  # fmt: skip
    due_at = MomentField(label=_("Until"))

    def __init__(self, data: Any = None, files: Any = None, *, ticket: Ticket, user: User) -> None:
        super().__init__(data, files, initial={"who": user.pk})
        there = colleagues(ticket.division, Permission.WORK_TICKETS).order_by("name", "email")
        self.fields["who"].queryset = there  # type: ignore[attr-defined]
        self.fields["due_at"].help_text = _hours_of(ticket)


def to_do_of(said: dict[str, Any], ticket: Ticket) -> ToDo:
    """Return what was filled in as a task."""
    due_at = in_zone(said["due_at"], ticket.division) or now()
    return ToDo(kind=TaskKind(said["kind"]), text=said["text"], who=said["who"], due_at=due_at)


class VisitForm(OnceForm):
    """Who is to come, and when; for one that is moved begun with who was to come."""

    agent = forms.ModelChoiceField(
        label=_("Agent"), queryset=User.objects.none(), empty_label=_("Choose an agent"),
        error_messages={"invalid_choice": _("This person visits nobody in this division.")},
    )  # fmt: skip
    starts_at = MomentField(label=_("Window begins"))
    hours = forms.TypedChoiceField(label=_("Window lasts"), coerce=int, initial=USUAL_HOURS)
    note = forms.CharField(
        label=_("What the agent should know"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("The way, a code at the gate, a dog."),
    )  # fmt: skip
    waits = forms.BooleanField(
        label=_("The ticket waits for it"), required=False, initial=True,
        help_text=_("Its clocks pause until somebody arrives, or the window is over."),
    )  # fmt: skip

    def __init__(self, data: Any = None, files: Any = None, *, ticket: Ticket) -> None:
        before = visit_under_way(ticket)
        super().__init__(data, files, initial=_as_before(before) if before else None)
        self.fields["agent"].queryset = agents_of(ticket.division)  # type: ignore[attr-defined]
        self.fields["starts_at"].help_text = _hours_of(ticket)
        lengths = [(hours, gettext("%(count)d h") % {"count": hours}) for hours in HOURS]
        self.fields["hours"].choices = lengths  # type: ignore[attr-defined]


def booking_of(said: dict[str, Any], ticket: Ticket) -> Booking:
    """Return what was filled in as a visit."""
    starts_at = in_zone(said["starts_at"], ticket.division) or now()
    return Booking(
        agent=said["agent"], starts_at=starts_at, ends_at=starts_at + timedelta(hours=said["hours"]),
        note=said["note"], waits=said["waits"],
    )  # fmt: skip


def _as_before(visit: Visit) -> dict[str, Any]:
    return {
        "agent": visit.agent_id,
        "starts_at": shown_in(visit.starts_at, visit.division),
        "hours": round((visit.ends_at - visit.starts_at).total_seconds() / 3600) or 1,
        "note": visit.note,
        "waits": True,
    }


def _hours_of(ticket: Ticket) -> str:
    """Say in which zone a time is meant."""
    return gettext("In the time of %(division)s, %(zone)s.") % {
        "division": ticket.division,
        "zone": zone_name(now().astimezone(ticket.division.zone)),
    }


# At the door.


class DeedForm(OnceForm):
    """One press."""

    deed = forms.ChoiceField(choices=DeedKind.choices, widget=forms.HiddenInput)

    kind: DeedKind

    def __init__(self, data: Any = None, files: Any = None, *, kind: DeedKind, visit: Visit) -> None:  # noqa: ARG002
        super().__init__(data, files, initial={"deed": kind}, auto_id=f"{kind}-%s")
        self.kind = kind


class SwapForm(DeedForm):
    """Which device is taken away, and which takes its place."""

    old = forms.ModelChoiceField(
        label=_("Old device"), queryset=Equipment.objects.none(), required=False,
        empty_label=_("None: a further device"), error_messages={"invalid_choice": _("This device does not stand here.")},
    )  # fmt: skip
    serial = forms.CharField(
        label=_("Serial number of the new one"), max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
        error_messages={"required": _("Enter the serial number as it stands on the device.")},
    )  # fmt: skip

    def __init__(self, data: Any = None, files: Any = None, *, kind: DeedKind, visit: Visit) -> None:
        super().__init__(data, files, kind=kind, visit=visit)
        here = devices_at(visit.ticket)
        taken = visit.deeds.filter(kind=DeedKind.SWAP, old__isnull=False).values("old")
        # What this visit took away stays a choice: a form that comes twice is answered as it was the first time.
        known = here | Equipment.objects.filter(pk__in=taken)
        self.fields["old"].queryset = known if self.is_bound else here  # type: ignore[attr-defined]
        self.fields["old"].initial = first.pk if (first := here.first()) else None


class PhotoForm(DeedForm):
    """A picture, and what it shows."""

    photo = forms.FileField(
        label=_("Photo"), widget=forms.ClearableFileInput(attrs={"accept": "image/*"}),
        error_messages={"required": _("Take or choose a photo.")},
    )  # fmt: skip
    text = forms.CharField(label=_("What it shows"), max_length=500, required=False)


class FinishForm(DeedForm):
    """What came of a visit."""

    outcome = forms.ChoiceField(
        label=_("What came of it"), choices=VisitOutcome.choices, widget=forms.RadioSelect,
        error_messages={"required": _("Choose what came of it.")},
    )  # fmt: skip
    text = forms.CharField(
        label=_("What was done"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Colleagues read this, the customer does not."),
        error_messages={"required": _("Say in a few words what was done.")},
    )  # fmt: skip

"""What staff fill in about tickets."""

import uuid
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from foundation.people.models import User
from foundation.people.queries import can, colleagues
from foundation.people.states import Permission
from foundation.worklist.models import Team
from foundation.worklist.queries import teams_serving
from orders.models import InstalledService
from tickets.http import FilesField
from tickets.models import Participant, Ticket
from tickets.queries import caller_by_places, open_tickets_beside, tickets_visible_to, with_subjects_in_words
from tickets.states import (
    HELD_BY_HAND,
    HOLD_REASONS_OF,
    RESOLUTIONS_OF,
    ChildPolicy,
    EscalationReason,
    PendingReason,
    Priority,
    TicketType,
)

LONGEST = 20_000
"""Signs of an answer."""
MOST_CHOICES = 20
"""Tickets to choose from."""


def new_key() -> str:
    """Return what makes a form no other."""
    return uuid.uuid4().hex


def key_of(sent: str, user: User) -> str:
    """Return the key under which what somebody sends is kept once: nobody's takes the place of another's."""
    return f"desk:{user.pk}:{sent}"


class DeviceForm(forms.Form):
    """A device, as it names itself."""

    name = forms.CharField(label=_("Device"), max_length=80, help_text=_("What it is, for example Cable modem."))
    serial = forms.CharField(
        label=_("Serial number"), max_length=80, help_text=_("As it stands on the device. Spaces do not matter."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )  # fmt: skip


class NewDeviceForm(DeviceForm):
    """A device and what it serves."""

    service = forms.ModelChoiceField(
        InstalledService.objects.none(), label=_("It serves"), required=False, empty_label=_("All of the account’s")
    )

    def __init__(self, services: QuerySet[InstalledService], *args: Any, **options: Any) -> None:
        """
        Ask which of some services it serves.

        :param services: those of the account
        """
        super().__init__(*args, **options)
        self.fields["service"].queryset = services  # type: ignore[attr-defined]


class OnceForm(forms.Form):
    """A form that counts once, however often it is sent."""

    key = forms.CharField(max_length=80, widget=forms.HiddenInput, initial=new_key)


class AnswerForm(OnceForm):
    """What the customer is written."""

    text = forms.CharField(label=_("Answer"), max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 6}))
    uploads = FilesField(label=_("Files"), required=False)
    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class TicketNoteForm(OnceForm):
    """What colleagues read, or what the customer said on the phone."""

    text = forms.CharField(label=_("Note"), max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 4}))


class FileNoteForm(TicketNoteForm):
    """A note with files."""

    uploads = FilesField(label=_("Files"), required=False)


class PendForm(OnceForm):
    """What a ticket waits for, and what the customer is asked where it waits for them."""

    reason = forms.ChoiceField(label=_("It waits for"), choices=PendingReason.choices, widget=forms.RadioSelect)
    question = forms.CharField(
        label=_("Question to the customer"), max_length=LONGEST, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("It is sent to them. Needed where it waits for them and they were not written to since their last word."),
    )  # fmt: skip
    seen = forms.IntegerField(min_value=0, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, ticket: Ticket, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["seen"] = ticket.version
        self.fields["key"].required = False  # without a question nothing is sent that could be sent twice
        if not ticket.requester_email:
            self.fields["question"].label = _("What the customer was asked on the phone")
            self.fields["question"].help_text = _("There is no e-mail address: it is noted for colleagues.")

    def clean(self) -> dict[str, Any]:
        """Refuse a question where nobody waits for its answer: it would be lost."""
        said: dict[str, Any] = super().clean() or {}
        if said.get("question") and said.get("reason") != PendingReason.CUSTOMER:
            self.add_error("question", _("Let it wait for the customer, or leave this empty."))
        said["key"] = said.get("key") or new_key()
        return said


class HoldTicketForm(forms.Form):
    """What a ticket is held for."""

    reason = forms.ChoiceField(label=_("It is held for"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, ticket: Ticket, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reasons = sorted(HOLD_REASONS_OF[TicketType(ticket.type)] & HELD_BY_HAND)
        self.fields["reason"].choices = [(one.value, one.label) for one in reasons]  # type: ignore[attr-defined]


class ResolveForm(forms.Form):
    """How a ticket was put right."""

    code = forms.ChoiceField(label=_("What put an end to it"))
    text = forms.CharField(
        label=_("What was done"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The customer reads this, and is asked whether it is fixed."),
    )  # fmt: skip

    def __init__(self, *args: Any, ticket: Ticket, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        codes = RESOLUTIONS_OF[TicketType(ticket.type)]
        self.fields["code"].choices = [(one.value, one.label) for one in codes]  # type: ignore[attr-defined]


class DeclineForm(forms.Form):
    """Why something will not be done."""

    text = forms.CharField(
        label=_("Why"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The customer reads this."),
    )


class PriorityForm(forms.Form):
    """How urgent a ticket is, and why if less than it was."""

    priority = forms.ChoiceField(label=_("Priority"), choices=Priority.choices, widget=forms.RadioSelect)
    reason = forms.CharField(label=_("Why, if less urgent"), max_length=200, required=False)


class AboutForm(forms.Form):
    """Which account of its customer a ticket is about, or which service there."""

    def __init__(self, *args: Any, ticket: Ticket, user: User, **kwargs: Any) -> None:
        """Offer the accounts of the ticket's customer that a person may see, each with what works there."""
        super().__init__(*args, **kwargs)
        self._known: dict[str, tuple[Account, InstalledService | None]] = {}
        choices = []
        for view in caller_by_places(ticket.customer, seen_by=user).accounts if ticket.customer else []:
            whole, parts = f"account:{view.account.pk}", {f"service:{one.pk}": one for one in view.services}
            self._known |= {whole: (view.account, None)} | {key: (view.account, one) for key, one in parts.items()}
            offered = [(whole, _("No service in particular")), *((key, str(one)) for key, one in parts.items())]
            choices.append((f"{view.account}, {view.account.service_address}", offered))
        self.fields["about"] = forms.ChoiceField(label=_("Account or service"), choices=choices)
        self.initial["about"] = f"service:{ticket.service_id}" if ticket.service_id else f"account:{ticket.account_id}"

    def clean_about(self) -> tuple[Account, InstalledService | None]:
        """Return the account and the service that were chosen."""
        return self._known[self.cleaned_data["about"]]


class TypeForm(forms.Form):
    """What a ticket is after all."""

    type = forms.ChoiceField(label=_("Type"), choices=TicketType.choices, widget=forms.RadioSelect)


class EscalateForm(forms.Form):
    """How far up a ticket is looked at."""

    level = forms.TypedChoiceField(
        label=_("Level"), coerce=int, choices=[(0, _("Nobody further up")), (1, "1"), (2, "2"), (3, "3")]
    )
    reason = forms.ChoiceField(
        label=_("Because"), required=False, choices=[("", _("Choose a reason")), *EscalationReason.choices]
    )


class HandOverForm(OnceForm):
    """To whom a ticket goes, in which team, and with what word; who does not give out work gives away their own."""

    to = forms.ModelChoiceField(
        label=_("Person"),
        queryset=User.objects.none(),
        required=False,
        empty_label=_("Nobody: whoever is free in the team"),
    )
    team = forms.ModelChoiceField(label=_("Team"), queryset=Team.objects.none(), required=False)
    note = forms.CharField(
        label=_("Note for them"), max_length=LONGEST, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("It stands on the ticket, for colleagues."),
    )  # fmt: skip

    def __init__(self, *args: Any, ticket: Ticket, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["key"].required = False  # without a note nothing is kept that could be kept twice
        there = colleagues(ticket.division, Permission.WORK_TICKETS)
        if ticket.owner_id != user.pk and not can(user, Permission.ASSIGN_WORK, ticket.division):
            there = there.filter(pk=user.pk)
        self.fields["to"].queryset = there.order_by("name", "email")  # type: ignore[attr-defined]
        teams = teams_serving(ticket.division)
        self.fields["team"].queryset = teams  # type: ignore[attr-defined]

    def clean_key(self) -> str:
        """Make a key where none was sent."""
        return self.cleaned_data["key"] or new_key()


class OtherTicketForm(forms.Form):
    """Which other ticket is meant: one of the same customer's, or whichever number is typed."""

    chosen = forms.ChoiceField(label=_("Open tickets of the same customer"), required=False, widget=forms.RadioSelect)
    number = forms.CharField(label=_("Number of the other ticket"), max_length=12, required=False)

    def __init__(self, *args: Any, ticket: Ticket, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._among = tickets_visible_to(user).exclude(pk=ticket.pk)
        others = with_subjects_in_words(open_tickets_beside(ticket, among=self._among)[:MOST_CHOICES])
        if others:
            self.fields["chosen"].choices = [(other.number, f"{other}: {other.subject}") for other in others]  # type: ignore[attr-defined]
            self.fields["number"].label = _("Or the number of another ticket")
        else:
            del self.fields["chosen"]

    def clean(self) -> dict[str, Any]:
        """Return the ticket that is meant as `number`: what was typed counts before what was chosen."""
        said: dict[str, Any] = super().clean() or {}
        number = said.get("number", "").strip().upper() or said.get("chosen", "")
        said["number"] = self._among.filter(number=number).first() if number else None
        if not number:
            self.add_error("number", _("Choose a ticket, or type its number."))
        elif said["number"] is None:
            self.add_error("number", _("No other ticket has this number."))
        return said


class ParentForm(OtherTicketForm):
    """Of which ticket this is a part, and how their ends hang together."""

    policy = forms.ChoiceField(label=_("With its parts"), choices=ChildPolicy.choices, widget=forms.RadioSelect)


class SplitForm(OnceForm):
    """What is made a ticket of its own."""

    subject = forms.CharField(label=_("In a few words"), max_length=200)
    type = forms.ChoiceField(label=_("Type"), choices=TicketType.choices)


class CustomerForm(forms.Form):
    """Whose a ticket is after all."""

    number = forms.CharField(label=_("Customer number"), max_length=20)
    confirmed_email = forms.CharField(
        label=_("Answers go to"), max_length=254, required=False,
        help_text=_("The e-mail address of the new customer, to confirm that answers go there."),
    )  # fmt: skip

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        """
        Ask to confirm where answers go.

        :param email: of the customer, where they are known: it is ticked in place of typed
        """
        super().__init__(*args, **kwargs)
        if email:
            self.fields["confirmed_email"].widget = forms.RadioSelect(choices=[(email, email)])
            self.fields["confirmed_email"].help_text = _("Tick it to confirm that answers go there.")


class MacroForm(OnceForm):
    """What a macro writes, as it was read and perhaps changed."""

    text = forms.CharField(
        label=_("Reply"), max_length=LONGEST, required=False, widget=forms.Textarea(attrs={"rows": 8})
    )
    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class CopyForm(forms.Form):
    """Who else gets our answers."""

    email = forms.CharField(label=_("E-mail"), max_length=254)
    name = forms.CharField(label=_("Name"), max_length=120, required=False)


class StopCopyingForm(forms.Form):
    """Who no longer gets our answers."""

    participant = forms.ModelChoiceField(label=_("Who"), queryset=Participant.objects.none())

    def __init__(self, *args: Any, ticket: Ticket, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        copied = ticket.participants.filter(is_copied=True)
        self.fields["participant"].queryset = copied  # type: ignore[attr-defined]

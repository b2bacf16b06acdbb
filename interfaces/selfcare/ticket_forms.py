"""What a customer fills in about their tickets."""

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tickets.states import Score, TicketType

LONGEST = 10_000
LONGEST_KEY = 60


def new_key() -> str:
    """Return what makes a form no other."""
    return uuid.uuid4().hex


class AddForm(forms.Form):
    """Something to add to a ticket."""

    key = forms.CharField(max_length=LONGEST_KEY, widget=forms.HiddenInput, initial=new_key)
    text = forms.CharField(
        label=_("What would you like to add?"), max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": _("Write something.")},
    )  # fmt: skip


KINDS = [
    (TicketType.TROUBLE, _("Something does not work")),
    (TicketType.BILLING, _("A question about a bill")),
    (TicketType.REQUEST, _("I would like something")),
    (TicketType.COMPLAINT, _("I want to complain")),
]


class ReportForm(AddForm):
    """What has happened, in a person's own words."""

    subject = forms.CharField(label=_("In a few words"), max_length=200, required=False)
    field_order = ("text", "subject", "key")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["text"].label = _("What has happened?")


class RateForm(forms.Form):
    """How content somebody was."""

    score = forms.ChoiceField(label=_("How did we handle it?"), choices=Score.choices, widget=forms.RadioSelect)
    words = forms.CharField(
        label=_("Anything you would like to say"), required=False, max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )  # fmt: skip

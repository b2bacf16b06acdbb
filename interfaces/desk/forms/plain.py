"""What many pages ask: some words, or nothing but the button."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

LISTS = (
    *("orders", "tickets", "leads", "submissions", "messages", "jobs"),
    *("referrals", "rewards", "payouts", "ledger", "disputes", "claims", "letterbox"),
)


class SaveFilterForm(forms.Form):
    """The name of a filter that is worth keeping."""

    list = forms.ChoiceField(choices=[(name, name) for name in LISTS])
    name = forms.CharField(max_length=60)
    query = forms.CharField(max_length=1000)


class SearchForm(forms.Form):
    """What somebody looks for."""

    q = forms.CharField(required=False, max_length=200)


def note_field(label: Any, *, required: bool = True, help_text: Any = "") -> forms.CharField:
    """Return a field for some words."""
    return forms.CharField(
        label=label, max_length=500, required=required, help_text=help_text, widget=forms.Textarea(attrs={"rows": 2})
    )


class ConfirmForm(forms.Form):
    """Nothing to fill in: the button is the answer."""


class ReasonForm(forms.Form):
    """Why."""

    reason = note_field(_("Reason"))

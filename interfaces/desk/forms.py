"""What staff fill in."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.states import SubmissionStatus

LISTS = ("orders", "leads", "submissions", "messages", "jobs")


class SaveFilterForm(forms.Form):
    """The name of a filter that is worth keeping."""

    list = forms.ChoiceField(choices=[(name, name) for name in LISTS])
    name = forms.CharField(max_length=60)
    query = forms.CharField(max_length=1000)


class SearchForm(forms.Form):
    """What somebody looks for."""

    q = forms.CharField(required=False, max_length=200)


def _note(label: Any, *, required: bool = True, help_text: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label, max_length=500, required=required, help_text=help_text, widget=forms.Textarea(attrs={"rows": 2})
    )


class ResendForm(forms.Form):
    """Why something is asked of a billing system again."""

    reason = _note(_("Reason"), help_text=_("What has changed, or why it is worth another try."))


class SettleForm(forms.Form):
    """What a person found out at the vendor."""

    outcome = forms.ChoiceField(
        label=_("What did you find there?"),
        choices=[
            (SubmissionStatus.CONFIRMED, _("It is there")),
            (SubmissionStatus.REFUSED, _("It is not there, and it will not come")),
        ],
        widget=forms.RadioSelect,
    )
    external_id = forms.CharField(
        label=_("The billing system’s own id"), max_length=100, required=False, help_text=_("Needed where it is there.")
    )
    reason = _note(_("How do you know?"), help_text=_("Whom you asked, or where you looked."))

    def clean(self) -> dict[str, Any]:
        """Ask for the id where there must be one."""
        answers = super().clean() or {}
        if answers.get("outcome") == SubmissionStatus.CONFIRMED and not answers.get("external_id", "").strip():
            self.add_error("external_id", _("Enter the id under which the billing system has it."))
        return answers

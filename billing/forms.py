"""What a person fills in about a submission that needs one."""

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.states import SubmissionStatus


class ResendForm(forms.Form):
    """Why it is tried again."""

    reason = forms.CharField(label=_("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))


class SettleForm(forms.Form):
    """What a person found out at the vendor."""

    outcome = forms.ChoiceField(
        label=_("Outcome"),
        choices=[
            (SubmissionStatus.CONFIRMED, _("The billing system has it")),
            (SubmissionStatus.REFUSED, _("The billing system does not have it, and will not")),
        ],
        widget=forms.RadioSelect,
    )
    external_id = forms.CharField(
        label=_("The billing system's id"), max_length=100, required=False, help_text=_("Needed where it has it.")
    )
    reason = forms.CharField(label=_("How you know"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))

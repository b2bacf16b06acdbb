"""What is asked where something is sent again, settled, or placed that came in by mail."""

from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer
from billing.states import SubmissionStatus
from interfaces.desk.forms.plain import note_field


class ResendForm(forms.Form):
    """Why something is asked of a billing system again."""

    reason = note_field(_("Reason"), help_text=_("What has changed, or why it is worth another try."))


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
    reason = note_field(_("How do you know?"), help_text=_("Whom you asked, or where you looked."))

    def clean(self) -> dict[str, Any]:
        """Ask for the id where there must be one."""
        answers = super().clean() or {}
        if answers.get("outcome") == SubmissionStatus.CONFIRMED and not answers.get("external_id", "").strip():
            self.add_error("external_id", _("Enter the id under which the billing system has it."))
        return answers


class SendAgainForm(forms.Form):
    """To which of the recipient's addresses a message goes once more."""

    to = forms.ChoiceField(label=_("To"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, addresses: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast("forms.ChoiceField", self.fields["to"])
        field.choices = [(address, address) for address in addresses]
        field.initial = next(iter(field.choices))[0]


class OpenForMailForm(forms.Form):
    """Whose a message is, where that is known."""

    def __init__(self, *args: Any, customers: QuerySet[Customer], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["customer"].queryset = customers  # type: ignore[attr-defined]

    customer = forms.ModelChoiceField(
        label=_("Customer"), queryset=Customer.objects.none(), required=False, empty_label=_("Nobody of ours")
    )


class AddMailForm(forms.Form):
    """The ticket that a message belongs to."""

    number = forms.CharField(label=_("Number of the ticket"), max_length=12)

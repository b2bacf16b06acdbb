"""What a CSR types while somebody reports something."""

from django import forms
from django.utils.translation import gettext_lazy as _

from tickets.http import FilesField, FilesForm
from tickets.states import TicketChannel

LONGEST = 10_000


class WordsForm(forms.Form):
    """What the caller says, and how to reach them."""

    text = forms.CharField(
        label=_("What they say"), max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("The customer can read this."), error_messages={"required": _("Write what they say.")},
    )  # fmt: skip
    subject = forms.CharField(
        label=_("In a few words"), max_length=200, required=False, help_text=_("Empty: the symptom, or the matter.")
    )
    channel = forms.ChoiceField(
        label=_("By"), initial=TicketChannel.PHONE,
        choices=[
            *((one.value, one.label) for one in (TicketChannel.PHONE, TicketChannel.STORE, TicketChannel.DOOR)),
            (TicketChannel.SYSTEM.value, _("Nobody: we noticed it ourselves")),
        ],
    )  # fmt: skip
    name = forms.CharField(label=_("Name"), max_length=120, required=False)
    email = forms.CharField(label=_("E-mail"), max_length=254, required=False, help_text=_("Answers go there."))
    phone = forms.CharField(label=_("Phone"), max_length=40, required=False)


class CallersFilesForm(FilesForm):
    """What the caller sends, or shows."""

    uploads = FilesField(label=_("Photos or files"), required=False, help_text=_("The customer can see them."))

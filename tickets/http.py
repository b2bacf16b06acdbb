"""What pages everywhere ask of somebody who reports something, and the files that they send."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from billing.queries import invoices_of
from foundation.lifecycle import NotAllowed
from foundation.people.models import UserRequest
from tickets.services import drop_file, hold_files
from tickets.states import MATTERS_OF, TicketType

BILLS_OFFERED = 12


class DetailsForm(forms.Form):
    """What is asked of a type of ticket beside the words; of trouble nothing: its symptom is asked for."""

    matter = forms.ChoiceField(label=_("What is it about?"), error_messages={"required": _("Choose what it is about.")})
    bill = forms.ChoiceField(label=_("Which bill?"), required=False)
    amount = forms.DecimalField(
        label=_("How much is it about?"), required=False, min_value=0, max_digits=9, decimal_places=2
    )
    wish = forms.CharField(
        label=_("What would put it right?"), required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )
    wished_on = forms.DateField(
        label=_("From when?"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    ASKED_OF: dict[str, tuple[str, ...]] = {  # noqa: RUF012  # a form's class is no place for annotations
        TicketType.TROUBLE: (),
        TicketType.BILLING: ("matter", "bill", "amount"),
        TicketType.COMPLAINT: ("matter", "wish"),
        TicketType.REQUEST: ("matter", "wished_on"),
    }

    def __init__(self, type: TicketType, account: Account | None, *args: Any, **options: Any) -> None:  # noqa: A002
        """
        Ask what a type needs.

        :param account: of whose bills one may be meant
        """
        super().__init__(*args, **options)
        asked = self.ASKED_OF[type]
        self.fields = {name: self.fields[name] for name in asked}
        matters = [(matter.value, matter.label) for matter in MATTERS_OF[type]]
        if "matter" in asked:
            self.fields["matter"].choices = [("", _("Choose")), *matters]  # type: ignore[attr-defined]
        if "bill" in asked:
            self._offer_bills(account)

    def _offer_bills(self, account: Account | None) -> None:
        bills = list(invoices_of(account)[:BILLS_OFFERED]) if account else []
        if not bills:
            del self.fields["bill"]
            return
        choices = [(bill.invoice_id, f"{bill.invoice_id}: {bill.issued_on}") for bill in bills]
        self.fields["bill"].choices = [("", _("None, or unknown")), *choices]  # type: ignore[attr-defined]

    @property
    def details(self) -> dict[str, str]:
        """Return what was answered, as tickets keep it: ISO dates, decimal text, nothing that is empty."""
        return {name: str(value) for name, value in self.cleaned_data.items() if value not in (None, "")}


class SeveralFiles(forms.ClearableFileInput):
    """An input for several files."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files; what is wrong with one is said by the service that takes them in."""

    widget = SeveralFiles

    def clean(self, data: Any, initial: Any = None) -> "list[UploadedFile[Any]]":
        """Return the files as a list."""
        several: Iterable[Any] = data if isinstance(data, list | tuple) else [data]
        return [super(FilesField, self).clean(one, initial) for one in several if one]


class FilesForm(forms.Form):
    """What somebody sends, or shows: taken in by whichever button is pressed, and held until all of the page is right."""

    uploads = FilesField(label=_("Photos or files"), required=False)

    @classmethod
    def taken_in(cls, request: UserRequest, key: str) -> "FilesForm":
        """
        Hold the files that were chosen on a page, and let go of the one that its button takes away (`do` is `drop:` and which).

        :param key: of the form that they are to be sent with; its own, not another person's of the same key
        """
        if request.method != "POST":
            return cls()
        files = cls(request.POST, request.FILES)
        what, _colon, unwanted = request.POST.get("do", "").partition(":")
        if what == "drop" and unwanted.isdecimal() and len(unwanted) < 19:
            drop_file(int(unwanted), key=key, by=request.user)
        try:
            if files.is_valid() and (chosen := files.cleaned_data["uploads"]):
                hold_files(chosen, key=key, by=request.user)
        except NotAllowed as refusal:
            files.add_error("uploads", refusal.message)
        return files

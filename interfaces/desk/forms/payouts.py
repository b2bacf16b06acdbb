"""What is asked where rewards are paid: batches, files of the bank, the close of a month."""

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from commissions.states import Verdict
from foundation.divisions.models import Division
from interfaces.desk.forms.plain import note_field

LONGEST_RETURN_FILE = 2_000_000
"""Bytes: some fifty thousand transfers."""


class LookedAtForm(forms.Form):
    """What was found about a returned transfer that was not taken by itself."""

    reason = note_field(_("What you have found"))
    is_owed_again = forms.BooleanField(
        label=_("The money is back: it is owed again"),
        help_text=_("Only where the bank’s statement shows that it came back, and the payee has not got it."),
        required=False,
    )

    meant = forms.TypedChoiceField(
        label=_("Which transfer came back"),
        help_text=_(
            "The one that you choose is owed again. Choose it only where you know it for certain, as from the bank’s statement."
        ),
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
    )

    def __init__(
        self, *args: Any, may_be_taken: bool, transfers: Sequence[tuple[int, str]] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if not may_be_taken:
            del self.fields["is_owed_again"]
        if not transfers:
            del self.fields["meant"]
            return
        field = cast("forms.TypedChoiceField", self.fields["meant"])
        field.choices = [*transfers, ("", _("None of them is owed again"))]
        self.order_fields(["meant", "reason"])


class BuildBatchForm(forms.Form):
    """For which market rewards are to be paid: each choice says how many and how much."""

    what = forms.ChoiceField(
        label=_("What is to be paid"), help_text=_("What is paid for a market includes the markets below it.")
    )

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        several = [("", _("Choose a market"))] if len(choices) > 1 else []
        self.fields["what"].choices = [*several, *choices]  # type: ignore[attr-defined]


class CloseMonthForm(forms.Form):
    """Up to which month the ledger of a market takes no more entries."""

    what = forms.ChoiceField(label=_("Close up to the end of"))

    def __init__(self, *args: Any, choices: list[tuple[str, list[tuple[str, str]]]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["what"].choices = [("", _("Choose a month")), *choices]  # type: ignore[attr-defined]


class ReadForm(forms.Form):
    """What an auditor found of a payment."""

    verdict = forms.ChoiceField(
        label=_("What did you find?"),
        choices=[(Verdict.CORRECT, _("It is correct")), (Verdict.WRONG, _("It is wrong: take it out and hold it"))],
        widget=forms.RadioSelect,
    )
    note = note_field(_("Note"), required=False, help_text=_("Needed where something is wrong."))

    def clean_note(self) -> str:
        """Keep it as short as its place."""
        note: str = self.cleaned_data["note"]
        return note[:300]


class ApproveForm(forms.Form):
    """The sum that the person saw: if it has changed since, nothing is asked for or approved."""

    shown = forms.DecimalField(max_digits=12, decimal_places=2, widget=forms.HiddenInput)


class PaidFileForm(forms.Form):
    """What the bank's statement shows of a file of transfers."""

    count = forms.IntegerField(label=_("Transfers on the statement"), min_value=0, max_value=999_999)
    total = forms.DecimalField(label=_("Their sum, in US dollars"), min_value=0, max_digits=12, decimal_places=2)
    missed = forms.TypedMultipleChoiceField(
        label=_("Not on the statement"),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("What you mark is not confirmed, and stays awaited. Leave it empty where all of them are there."),
    )

    def __init__(self, *args: Any, transfers: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["missed"].choices = transfers  # type: ignore[attr-defined]


class ReturnFileForm(forms.Form):
    """A file of transfers that came back, as the bank has given it."""

    file = forms.FileField(
        label=_("Return file"),
        help_text=_("In Nacha format, as the bank gives it. Nothing is taken before you have seen it."),
    )
    division = forms.ModelChoiceField(
        label=_("Market"),
        queryset=Division.objects.none(),
        required=False,
        empty_label=_("As the file says"),
        help_text=_(
            "Only where several markets have the same bank account, so that the file does not say for which it is."
        ),
    )

    def __init__(self, *args: Any, divisions: QuerySet[Division], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast("forms.ModelChoiceField[Division]", self.fields["division"]).queryset = divisions
        if not divisions:
            del self.fields["division"]

    def clean_file(self) -> str:
        """Read it: it holds letters and digits alone."""
        upload = self.cleaned_data["file"]
        if upload.size > LONGEST_RETURN_FILE:
            raise forms.ValidationError(_("This file is too long."))
        try:
            return str(upload.read().decode("ascii"))
        except UnicodeDecodeError:
            raise forms.ValidationError(_("This is no file in Nacha format.")) from None

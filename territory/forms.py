"""What operators fill in to import premises and to override what was imported."""

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from foundation.divisions.models import Division
from foundation.people.models import User
from foundation.people.queries import divisions_where
from foundation.people.states import Permission
from territory.models import Override, Premises
from territory.services.premises_file import OFFERED, OPTIONAL, REQUIRED
from territory.states import AvailabilityStatus, ProductFamily, Technology

MOST_BYTES = 200 * 1024 * 1024
"""Larger files are loaded on the server, by `manage.py import_premises`."""


def columns_of_file() -> dict[str, Any]:
    """Return the columns that a file may have, by how much they are needed, and the values of those that take few."""
    return {
        "required": REQUIRED,
        "optional": OPTIONAL,
        "offered": OFFERED,
        "codes": {
            "families": ProductFamily.values,
            "status": AvailabilityStatus.values,
            "technology": Technology.values,
        },
    }


class ImportForm(forms.Form):
    """A file of premises, and the market that it belongs to."""

    division = forms.ModelChoiceField(Division.objects.none(), label=_("Division"))
    file = forms.FileField(
        label=_("CSV file"),
        help_text=_("In UTF-8, with the columns source_id, street, city, state and zip, and what can be had there."),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["division"].queryset = divisions_where(user, Permission.IMPORT)  # type: ignore[attr-defined]

    def clean_file(self) -> Any:
        """Refuse what no browser should have to send."""
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(_("The file is larger than 200 MB. Ask for it to be loaded on the server."))
        return file


class OverrideForm(forms.ModelForm[Override]):
    """What an operator says of one address, or of all units of its building."""

    all_units = forms.BooleanField(label=_("All units of the building"), required=False)

    class Meta:
        model = Override
        fields = ("status", "family", "technology", "down_mbps", "up_mbps", "available_from", "reason", "until", "note")
        widgets: ClassVar = {
            "available_from": forms.DateInput(attrs={"type": "date"}),
            "until": forms.DateTimeInput(attrs={"type": "datetime-local"}),
        }

    def __init__(self, *args: Any, premises: Premises, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not premises.unit_key:
            del self.fields["all_units"]

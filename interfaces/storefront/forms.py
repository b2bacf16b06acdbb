"""What visitors type."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class AddressForm(forms.Form):
    """An address as typed, or as picked from what was found for it."""

    address = forms.CharField(label=_("Address"), max_length=200, required=False)
    premises_id = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    building = forms.CharField(required=False, max_length=60)
    is_none = forms.BooleanField(required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not any(cleaned.get(name) for name in ("address", "premises_id", "building")):
            self.add_error("address", _("Type your street address."))
        return cleaned

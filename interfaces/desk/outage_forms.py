"""What staff fill in about outages."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from foundation.divisions.fields import TextsFormField
from foundation.divisions.models import Division
from foundation.now import now
from foundation.people.models import User
from foundation.people.queries import divisions_where, divisions_within_sight
from foundation.people.states import Permission
from territory.states import NETWORK_FAMILIES
from tickets.models import Outage
from tickets.states import UNDER_WAY, OutageKind, OutageStatus

MOST_BYTES = 2_000_000
"""Of a list of accounts: some hundred thousand numbers."""
LOCAL = "%Y-%m-%dT%H:%M"


class MomentField(forms.DateTimeField):
    """A moment as the clocks of a market show it; `in_zone` says of which."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=LOCAL)

    def __init__(self, **options: Any) -> None:
        super().__init__(input_formats=[LOCAL, f"{LOCAL}:%S"], **options)


def in_zone(at: datetime | None, division: Division) -> datetime | None:
    """Read what was typed as the clocks of a division show it."""
    return timezone.make_naive(at).replace(tzinfo=division.zone) if at else None


def shown_in(at: datetime | None, division: Division) -> str:
    """Write a moment for a field, as the clocks of a division show it."""
    return timezone.localtime(at, division.zone).strftime(LOCAL) if at else ""


def _text(label: Any, *, rows: int = 2, help_text: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        help_text=help_text,
        widget=forms.Textarea(attrs={"rows": rows}),
        max_length=2_000_000,
    )


def list_in(file: "UploadedFile[Any] | None") -> str:
    """Return the text of a file; empty where it is too long, or no text in UTF-8."""
    if not file or (file.size or 0) > MOST_BYTES:
        return ""
    file.seek(0)
    try:
        text: str = file.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        return ""
    finally:
        file.seek(0)
    return text


class Way(models.TextChoices):
    """How somebody says whom an outage affects: each has fields of its own."""

    NODE = "node", _("A network node")
    AREA = "area", _("An area")
    LIST = "list", _("A list")
    PRODUCT = "product", _("A product")
    WHOLE = "whole", _("The whole division")


FIELDS_OF: Mapping[Way, tuple[str, ...]] = {
    Way.NODE: ("nodes",),
    Way.AREA: ("zip_codes", "streets"),
    Way.LIST: ("listed", "file"),
    Way.PRODUCT: ("products",),
    Way.WHOLE: (),
}
PLACES = (Way.NODE, Way.AREA, Way.LIST)


class PlacesForm(forms.Form):
    """Where an outage is: one way to say it, and what it asks for. What is typed under another way is left alone."""

    FOLDED: ClassVar[Collection[str]] = ()
    """Fields that can wait, folded away."""

    by = forms.ChoiceField(
        label=_("Whom does it affect?"), choices=[(way.value, way.label) for way in PLACES], widget=forms.RadioSelect
    )
    nodes = _text(_("Network nodes"), rows=1, help_text=_("Parted by commas, as imported."))
    zip_codes = _text(_("ZIP codes"), rows=1)
    streets = _text(_("Streets"), help_text=_("One a line, with the ZIP code behind a comma where there are several."))
    listed = _text(_("List"), help_text=_("Numbers of accounts, or your numbers of addresses."))
    file = forms.FileField(label=_("List as a file"), required=False, help_text=_("Plain text or CSV of such numbers."))

    @property
    def rows(self) -> list[tuple[forms.BoundField, str]]:
        """What is filled in at once, each field with the way that it belongs to, if it does."""
        left_out = {"shown", *self.FOLDED}
        return [(field, self.of_ways.get(field.name, "")) for field in self if field.name not in left_out]

    @property
    def folded(self) -> list[forms.BoundField]:
        """What can wait."""
        return [self[name] for name in self.FOLDED]

    @property
    def is_unfolded(self) -> bool:
        """Whether what can wait is shown: something stands in it, or is wrong with it."""
        return any(field.errors or (field.data and any(field.data)) for field in self.folded)

    @property
    def of_ways(self) -> dict[str, str]:
        """The fields that belong to a way, each with the way's code."""
        return {name: way.value for way, names in FIELDS_OF.items() for name in names if name in self.fields}

    def clean(self) -> dict[str, Any]:
        """Drop what belongs to other ways than the chosen one, and ask for what it needs."""
        said: dict[str, Any] = super().clean() or self.cleaned_data
        chosen = said.get("by")
        for name, way in self.of_ways.items():
            if way != chosen:
                said[name] = ""
                self.errors.pop(name, None)
        own = FIELDS_OF[Way(chosen)] if chosen else ()
        if own and not any(said.get(name) for name in own) and not any(name in self.errors for name in own):
            self.add_error(own[0], _("Name at least one."))
        return said

    def place_of(self, field: str) -> str | None:
        """Return the field at which an error is read: one that is hidden under another way stands at the chosen one."""
        if field not in self.fields:
            return None
        chosen = self.cleaned_data.get("by")
        if self.of_ways.get(field, chosen) == chosen:
            return field
        return next(iter(FIELDS_OF[Way(chosen)]), "by") if chosen else "by"

    def clean_file(self) -> Any:
        """Refuse what is too long, or no text."""
        file = self.cleaned_data["file"]
        if not file:
            return ""
        if file.size > MOST_BYTES:
            raise forms.ValidationError(_("This file is too long."))
        try:
            return file.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise forms.ValidationError(_("This file is no text in UTF-8.")) from None

    def listed_in_all(self) -> str:
        """Return the list as it was typed and sent."""
        return "\n".join(filter(None, (self.cleaned_data["listed"], self.cleaned_data["file"])))


class DeclareForm(PlacesForm):
    """An outage, or maintenance that is planned."""

    by = forms.ChoiceField(label=_("Whom does it affect?"), choices=Way.choices, widget=forms.RadioSelect)
    FOLDED = ("expected_at", "families", "cause", "words")

    key = forms.CharField(widget=forms.HiddenInput, max_length=64)
    shown = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)
    """The count that the person saw; empty: none yet."""
    division = forms.ModelChoiceField(Division.objects.none(), label=_("Division"))
    kind = forms.ChoiceField(label=_("What is it?"), choices=OutageKind.choices, widget=forms.RadioSelect)
    title = forms.CharField(label=_("What and where, for colleagues"), max_length=160)
    families = forms.MultipleChoiceField(
        label=_("What does not work"),
        choices=[(family.value, family.label) for family in NETWORK_FAMILIES],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None: all that the network carries."),
    )
    products = forms.MultipleChoiceField(label=_("Products"), required=False, widget=forms.CheckboxSelectMultiple)
    starts_at = MomentField(
        label=_("Since, or from when"), required=False, help_text=_("Empty: now. In the division’s time.")
    )
    expected_at = MomentField(label=_("Works again by"), required=False, help_text=_("Customers read it."))
    cause = _text(_("Cause"), help_text=_("For colleagues. If it is known, the outage begins as identified."))
    words = TextsFormField(label=_("Words for customers"), required=False, widget=forms.Textarea)

    field_order = (
        "key", "shown", "division", "kind", "title", "by", "nodes", "zip_codes", "streets", "listed", "file", "products",
        "families", "starts_at", "expected_at", "cause", "words",
    )  # fmt: skip

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["division"].queryset = divisions_where(user, Permission.DECLARE_OUTAGES)  # type: ignore[attr-defined]
        sold = Product.objects.filter(division__in=divisions_within_sight(user, Permission.DECLARE_OUTAGES))
        self.fields["products"].choices = [(one.code, f"{one} ({one.code})") for one in sold]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Read times in the division's zone; a fault of which nobody says since when began now."""
        said: dict[str, Any] = super().clean() or self.cleaned_data
        if division := said.get("division"):
            for name in ("starts_at", "expected_at"):
                said[name] = in_zone(said.get(name), division)
        if "starts_at" not in self.errors and not said.get("starts_at"):
            if said.get("kind") == OutageKind.MAINTENANCE:
                self.add_error("starts_at", _("Say from when."))
            said["starts_at"] = now()
        return said


class UpdateForm(forms.Form):
    """What is known of an outage now."""

    status = forms.ChoiceField(label=_("State"), choices=[], widget=forms.RadioSelect)
    expected_at = MomentField(label=_("Works again by"), required=False, help_text=_("Empty: nobody knows."))
    cause = _text(_("Cause"), help_text=_("For colleagues."))
    words = TextsFormField(label=_("Words for customers"), required=False, widget=forms.Textarea)
    is_told = forms.BooleanField(label=_("Tell the customers"), required=False, initial=True)

    def __init__(self, *args: Any, outage: Outage, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.outage = outage
        statuses = [OutageStatus.PLANNED] if outage.status == OutageStatus.PLANNED else list(OutageStatus)
        self.fields["status"].choices = [  # type: ignore[attr-defined]
            (status.value, status.label) for status in statuses if status in UNDER_WAY or status == outage.status
        ]

    def clean_expected_at(self) -> datetime | None:
        """Read it in the division's zone."""
        return in_zone(self.cleaned_data["expected_at"], self.outage.division)


class RestoreForm(forms.Form):
    """That an outage is over."""

    at = MomentField(label=_("It works again since"))
    cause = _text(_("Cause"), help_text=_("For colleagues."))
    words = TextsFormField(
        label=_("Words for customers"), required=False, widget=forms.Textarea, help_text=_("What it was.")
    )

    def __init__(self, *args: Any, outage: Outage, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.outage = outage

    def clean_at(self) -> datetime | None:
        """Read it in the division's zone."""
        return in_zone(self.cleaned_data["at"], self.outage.division)


class ReopenForm(RestoreForm):
    """That an outage is not over after all."""

    at = MomentField(label=_("It does not work again since"))
    cause = None  # type: ignore[assignment]


class CorrectForm(forms.Form):
    """When an outage really began."""

    starts_at = MomentField(label=_("It began"))
    reason = _text(_("How is it known?"), help_text=_("For colleagues."))

    def __init__(self, *args: Any, outage: Outage, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.outage = outage

    def clean_starts_at(self) -> datetime | None:
        """Read it in the division's zone."""
        return in_zone(self.cleaned_data["starts_at"], self.outage.division)


class AttachForm(forms.Form):
    """Which ticket an outage explains."""

    ticket = forms.CharField(label=_("Number of the ticket"), max_length=12)

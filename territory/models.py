"""Streets, the premises on them, and what can be had there. Made for ten million premises: count the indexes."""

import json
import secrets
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, ClassVar, cast

from django.core.serializers.json import DjangoJSONEncoder
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from foundation.divisions.models import Division
from foundation.jobs.models import Job
from foundation.lifecycle import status_constraint
from foundation.now import now
from foundation.people.models import User
from territory.states import ORDERABLE, AvailabilityStatus, LookupResult, Outcome, ProductFamily, Technology

ALL_UNITS = "*"
"""The unit of an override that holds for every unit of a building, though not for the building's own address."""


class Street(models.Model):
    """
    A street within one town and ZIP code, in the one spelling in which addresses are looked for.

    Its one index begins with the name and the ZIP code: the search reads it, and it keeps streets from doubling.
    """

    division = models.ForeignKey(Division, models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=80)
    zip_code = models.CharField(max_length=5)
    city_key = models.CharField(max_length=60)
    state = models.CharField(max_length=2)
    before = models.CharField(max_length=2, blank=True)
    suffix = models.CharField(max_length=5, blank=True)
    after = models.CharField(max_length=2, blank=True)
    city = models.CharField(_("town"), max_length=60)

    class Meta:
        verbose_name = _("street")
        verbose_name_plural = _("streets")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["name", "zip_code", "city_key", "state", "before", "suffix", "after", "division"],
                name="street_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.suffix}, {self.city} {self.zip_code}"


class Spelling(models.Model):
    """What is left of a street's name when letters are dropped: the way from a misspelt name to the right one."""

    pk = models.CompositePrimaryKey("remainder", "name")
    remainder = models.CharField(max_length=10)
    name = models.CharField(max_length=80)

    class Meta:
        verbose_name = _("spelling")
        verbose_name_plural = _("spellings")

    def __str__(self) -> str:
        return f"{self.remainder} → {self.name}"


class Premises(models.Model):
    """
    One place that can be served: a house, or one unit of a building. It outlives its customers.

    The columns from `street_line` to `zip_code` are as they were delivered; `street`, `house_number` and `unit_key`
    are what the search compares. A building's own address, without a unit, is another premises than its units.
    """

    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"), db_index=False)
    source_id = models.CharField(  # noqa: DJ001  # NULL, so that many may have none
        _("operator's number"), max_length=40, null=True, blank=True,
        help_text=_("Under which the import knows the address. Empty if it was added by hand."),
    )  # fmt: skip
    street = models.ForeignKey(Street, models.PROTECT, related_name="premises", db_index=False, editable=False)
    house_number = models.CharField(max_length=20, blank=True, editable=False)
    unit_key = models.CharField(max_length=24, blank=True, editable=False)
    street_line = models.CharField(_("street address"), max_length=100)
    unit = models.CharField(_("unit"), max_length=30, blank=True)
    city = models.CharField(_("town"), max_length=60)
    state = models.CharField(_("state"), max_length=2)
    zip_code = models.CharField(_("ZIP code"), max_length=5)
    node = models.CharField(
        _("network node"), max_length=40, blank=True,
        help_text=_("What of the network serves the address, as the import names it: a hub, a cabinet, a splitter."),
    )  # fmt: skip
    latitude = models.FloatField(
        _("latitude"), null=True, blank=True, validators=[MinValueValidator(-90), MaxValueValidator(90)]
    )
    longitude = models.FloatField(
        _("longitude"), null=True, blank=True, validators=[MinValueValidator(-180), MaxValueValidator(180)]
    )

    class Meta:
        verbose_name = _("premises")
        verbose_name_plural = _("premises")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["division", "source_id"], name="premises_once_per_source"),
            models.UniqueConstraint(fields=["street", "house_number", "unit_key"], name="premises_once_per_address"),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The address in one line."""
        return address_line(self.street_line, self.unit, self.city, self.state, self.zip_code)


def address_line(street_line: str, unit: str, city: str, state: str, zip_code: str) -> str:
    """Return an address in one line, as it is shown to people."""
    if unit and unit[0].isdigit():
        unit = f"#{unit}"
    return f"{' '.join(filter(None, (street_line, unit)))}, {city}, {state} {zip_code}"


class Offer(models.Model):
    """What can be had of one family, by what, and how fast; common to what was imported and what overrides it."""

    technology = models.CharField(_("technology"), max_length=14, choices=Technology.choices, blank=True)
    down_mbps = models.PositiveIntegerField(_("download, Mbps"), null=True, blank=True)
    up_mbps = models.PositiveIntegerField(_("upload, Mbps"), null=True, blank=True)
    available_from = models.DateField(
        _("available from"), null=True, blank=True, help_text=_("For what is planned: when service starts.")
    )
    reason = models.CharField(_("reason"), max_length=160, blank=True, help_text=_("Shown to the customer."))

    class Meta:
        abstract = True


class Availability(Offer):
    """What one premises can have of one family, and what stands in where that cannot be had."""

    premises = models.ForeignKey(Premises, models.CASCADE, related_name="availability", db_index=False)
    family = models.CharField(_("family"), max_length=12, choices=ProductFamily.choices)
    status = models.CharField(_("status"), max_length=14, choices=AvailabilityStatus.choices)
    alternate_technology = models.CharField(
        _("stand-in technology"), max_length=14, choices=Technology.choices, blank=True,
        help_text=_("What this address can have today instead, such as fixed wireless where there is no fiber."),
    )  # fmt: skip
    alternate_down_mbps = models.PositiveIntegerField(_("stand-in download, Mbps"), null=True, blank=True)
    alternate_up_mbps = models.PositiveIntegerField(_("stand-in upload, Mbps"), null=True, blank=True)

    class Meta:
        verbose_name = _("availability")
        verbose_name_plural = _("availability")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["premises", "family"], name="availability_once_per_family"),
            status_constraint(AvailabilityStatus, name="availability_status_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.get_family_display()}: {self.get_status_display()}"


class Override(Offer):
    """
    What an operator says of an address, against whatever was imported, until it is lifted or runs out.

    The newest that applies wins, one for the very address before one for all units of its building.
    """

    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    street = models.ForeignKey(Street, models.PROTECT, related_name="+", db_index=False)
    house_number = models.CharField(_("house number"), max_length=20, blank=True)
    unit_key = models.CharField(_("unit"), max_length=24, blank=True)
    label = models.CharField(_("address"), max_length=200)
    family = models.CharField(
        _("family"), max_length=12, choices=ProductFamily.choices, blank=True, help_text=_("Empty: all families.")
    )
    status = models.CharField(_("status"), max_length=14, choices=AvailabilityStatus.choices)
    note = models.CharField(_("why"), max_length=200, help_text=_("For colleagues. Customers do not see it."))
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("by"))
    until = models.DateTimeField(_("until"), null=True, blank=True, help_text=_("Empty: until somebody lifts it."))
    made_at = models.DateTimeField(_("made"), default=now, editable=False)

    class Meta:
        ordering: ClassVar = ["-made_at"]
        verbose_name = _("override")
        verbose_name_plural = _("overrides")
        indexes: ClassVar = [models.Index(fields=["street", "house_number", "unit_key"], name="override_address")]
        constraints: ClassVar = [status_constraint(AvailabilityStatus, name="override_status_is_known")]

    def __str__(self) -> str:
        return f"{self.label}: {self.get_status_display()}"


class Occupancy(models.Model):
    """That somebody has service of one family at a premises, from one day until another."""

    premises = models.ForeignKey(Premises, models.PROTECT, related_name="occupancies", verbose_name=_("premises"))
    family = models.CharField(_("family"), max_length=12, choices=ProductFamily.choices)
    since = models.DateField(_("since"))
    until = models.DateField(_("until"), null=True, blank=True)
    reference = models.CharField(_("reference"), max_length=60, help_text=_("Whose service: set by who recorded it."))

    class Meta:
        verbose_name = _("occupancy")
        verbose_name_plural = _("occupancies")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["premises", "family"], condition=Q(until=None), name="one_active_service_per_family"
            ),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=models.F("since")), name="occupancy_ends_after"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_family_display()} {self.since}–{self.until or ''}"


@dataclass(frozen=True)
class Alternative:
    """What an address can have later, in the place of what stands in for it today."""

    technology: str
    down_mbps: int | None
    up_mbps: int | None
    available_from: date | None = None


@dataclass(frozen=True)
class FamilyResult:
    """
    The answer for one family at one address. Speeds are in Mbps, dates in the division's zone.

    Technology and speeds are those that can be had now (or, where planned, on the date): with the outcome *alternate*
    they are the stand-in's, and `alternative` says what will take its place, if anything.
    """

    family: str
    outcome: str
    technology: str = ""
    down_mbps: int | None = None
    up_mbps: int | None = None
    available_from: date | None = None
    reason: str = ""
    alternative: Alternative | None = None

    @property
    def can_be_ordered(self) -> bool:
        """Whether service of this family can be sold now."""
        return self.outcome in ORDERABLE

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "FamilyResult":
        """Read an answer as it was stored."""
        values = dict(stored)
        alternative = values.pop("alternative", None)
        values["available_from"] = _date(values.get("available_from"))
        if alternative:
            alternative = Alternative(**{**alternative, "available_from": _date(alternative.get("available_from"))})
        return cls(**values, alternative=alternative)


def _date(stored: str | None) -> date | None:
    return date.fromisoformat(stored) if stored else None


class Qualification(models.Model):
    """A check of one address as it was answered: kept as it was, never changed, valid until it expires."""

    key = models.CharField(max_length=48, unique=True, default=secrets.token_urlsafe, editable=False)
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    premises = models.ForeignKey(
        Premises, models.PROTECT, null=True, related_name="qualifications", verbose_name=_("premises")
    )
    typed = models.CharField(_("as typed"), max_length=300, blank=True)
    channel = models.CharField(_("channel"), max_length=20, blank=True)
    outcome = models.CharField(_("outcome"), max_length=14, choices=Outcome.choices)
    results = models.JSONField(default=list)
    checked_at = models.DateTimeField(_("checked"), default=now)
    expires_at = models.DateTimeField(_("expires"))
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))

    class Meta:
        ordering: ClassVar = ["-checked_at"]
        verbose_name = _("address check")
        verbose_name_plural = _("address checks")
        indexes: ClassVar = [models.Index(fields=["division", "-checked_at"], name="qualification_by_division")]

    def __str__(self) -> str:
        return f"{self.typed or self.premises}: {self.get_outcome_display()}"

    @property
    def families(self) -> tuple[FamilyResult, ...]:
        """The answers, family by family."""
        return tuple(FamilyResult.from_json(result) for result in self.results)

    @staticmethod
    def stored(families: "tuple[FamilyResult, ...]") -> list[dict[str, Any]]:
        """Return answers in the form in which `results` keeps them."""
        return cast(
            "list[dict[str, Any]]",
            json.loads(json.dumps([asdict(result) for result in families], cls=DjangoJSONEncoder)),
        )

    def family(self, family: str) -> FamilyResult | None:
        """Return the answer for one family, where the check gave one."""
        return next((result for result in self.families if result.family == family), None)

    def is_expired(self, at: datetime) -> bool:
        """Tell whether the answer no longer holds and must be asked for again."""
        return at >= self.expires_at


class AddressLookup(models.Model):
    """A search for an address, whatever came of it: where demand is, and what people type."""

    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    typed = models.CharField(_("as typed"), max_length=300)
    channel = models.CharField(_("channel"), max_length=20, blank=True)
    result = models.CharField(_("result"), max_length=12, choices=LookupResult.choices)
    suggestions = models.PositiveSmallIntegerField(_("suggestions"), default=0)
    at = models.DateTimeField(_("at"), default=now)

    class Meta:
        ordering: ClassVar = ["-at"]
        verbose_name = _("address search")
        verbose_name_plural = _("address searches")
        indexes: ClassVar = [models.Index(fields=["division", "-at"], name="lookup_by_division")]

    def __str__(self) -> str:
        return self.typed


class ImportFile(models.Model):
    """A file of premises as it was delivered, and what became of its rows."""

    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    name = models.CharField(_("file"), max_length=160)
    digest = models.CharField(max_length=64, db_index=True, editable=False)
    delimiter = models.CharField(max_length=1, editable=False)
    header = models.JSONField(default=list, editable=False)
    rows = models.BigIntegerField(_("rows"), default=0)
    added = models.BigIntegerField(_("added"), default=0)
    changed = models.BigIntegerField(_("changed"), default=0)
    unchanged = models.BigIntegerField(_("unchanged"), default=0)
    job = models.ForeignKey(Job, models.PROTECT, null=True, related_name="+", verbose_name=_("progress"))
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"), default=now, editable=False)

    class Meta:
        ordering: ClassVar = ["-at"]
        verbose_name = _("import of premises")
        verbose_name_plural = _("imports of premises")

    def __str__(self) -> str:
        return self.name


class ImportBlock(models.Model):
    """A piece of an imported file as it was delivered: the rows of one chunk of the job, kept until the job is done."""

    file = models.ForeignKey(ImportFile, models.CASCADE, related_name="blocks", db_index=False)
    first = models.BigIntegerField()
    content = models.BinaryField()

    class Meta:
        verbose_name = _("import block")
        verbose_name_plural = _("import blocks")
        constraints: ClassVar = [models.UniqueConstraint(fields=["file", "first"], name="import_block_once")]

    def __str__(self) -> str:
        return f"{self.file}: {self.first}"

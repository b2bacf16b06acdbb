"""The tree of divisions, what they inherit, and the sites through which the public meets them."""

import re
import unicodedata
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast
from zoneinfo import ZoneInfo

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from foundation.divisions.fields import Texts, TranslatedField
from foundation.now import now

if TYPE_CHECKING:
    from collections.abc import Iterator

READABLE_CONTRAST = 4.5
"""WCAG 2.2, success criterion 1.4.3: the least contrast of text to its background."""


def bumps_configuration() -> pgtrigger.Trigger:
    """Build the trigger that tells every process to forget what it remembers of the configuration."""
    return pgtrigger.Trigger(
        name="bumps_configuration",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        func="""
            INSERT INTO divisions_configuration (id, version) VALUES (1, nextval('divisions_configuration_version'))
            ON CONFLICT (id) DO UPDATE SET version = excluded.version;
            RETURN NULL;
        """,
    )


class Configuration(models.Model):
    """
    One row, whose version changes with every change of any configuration table.

    The versions come from a sequence, which no rollback turns back: a version never stands for two contents.
    """

    version = models.BigIntegerField()

    class Meta:
        verbose_name = _("configuration version")

    def __str__(self) -> str:
        return str(self.version)


class DivisionLevel(models.Model):
    """What the operator calls one depth of the tree: operator, region, system, franchise."""

    depth = models.PositiveSmallIntegerField(_("depth"), unique=True, help_text=_("0 is the top of the tree."))
    name = TranslatedField(_("name"))

    class Meta:
        ordering: ClassVar = ["depth"]
        verbose_name = _("level name")
        verbose_name_plural = _("level names")

    def __str__(self) -> str:
        return str(self.name)


class DivisionQuerySet(models.QuerySet["Division"]):
    """Divisions, by their place in the tree."""

    def under(self, *tops: "Division | int") -> Self:
        """Keep these divisions and all that lies below them."""
        ids = [top if isinstance(top, int) else top.pk for top in tops]
        return self.filter(lineage__overlap=ids)


class Division(models.Model):
    """A market, a region, the operator itself: one node of the tree that every row of business belongs to."""

    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("belongs to")
    )
    code = models.SlugField(
        _("code"), max_length=40, unique=True, help_text=_("Short, for files and reports. Kept for ever.")
    )
    name = models.CharField(_("name"), max_length=120)
    lineage = ArrayField(models.BigIntegerField(), editable=False, default=list)
    """The ids from the root down to this division itself."""
    is_active = models.BooleanField(_("active"), default=True, help_text=_("An inactive market takes no new orders."))

    objects = DivisionQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["name"]
        verbose_name = _("division")
        verbose_name_plural = _("divisions")
        indexes: ClassVar = [GinIndex(fields=["lineage"], name="division_lineage")]
        triggers: ClassVar = [bumps_configuration()]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep the lineage true, of this division and, where it moved, of all below it."""
        super().save(*args, **kwargs)
        above = self.parent.lineage if self.parent else []
        lineage = [*above, self.pk]
        if self.lineage != lineage:
            self._move_below(lineage)

    def clean(self) -> None:
        if self.pk and self.parent and self.pk in self.parent.lineage:
            raise ValidationError({"parent": _("A division cannot lie below itself.")})

    def _move_below(self, lineage: list[int]) -> None:
        cut = len(self.lineage)
        below = list(Division.objects.under(self.pk).exclude(pk=self.pk)) if cut else []
        for division in below:
            division.lineage = [*lineage, *division.lineage[cut:]]
        self.lineage = lineage
        Division.objects.bulk_update([self, *below], ["lineage"])

    @property
    def depth(self) -> int:
        """How many divisions lie above this one."""
        return len(self.lineage) - 1

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which this division's dates are meant."""
        from foundation.divisions.queries import effective  # noqa: PLC0415  # queries read this model
        from foundation.divisions.settings import TIME_ZONE  # noqa: PLC0415

        return ZoneInfo(effective(self, TIME_ZONE))

    @property
    def currency(self) -> str:
        """The ISO 4217 code of the money that this division sells in."""
        from foundation.divisions.queries import effective  # noqa: PLC0415
        from foundation.divisions.settings import CURRENCY  # noqa: PLC0415

        return cast("str", effective(self, CURRENCY))

    @property
    def language(self) -> str:
        """The code of the language in which this division works: the first of those in which it serves customers."""
        from foundation.divisions.queries import effective  # noqa: PLC0415
        from foundation.divisions.settings import LANGUAGES  # noqa: PLC0415

        return next(iter(effective(self, LANGUAGES)), settings.LANGUAGE_CODE)


class DivisionGroup(models.Model):
    """A grouping across the tree, such as all coastal markets."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = TranslatedField(_("name"))
    divisions = models.ManyToManyField(Division, related_name="groups", verbose_name=_("divisions"))

    class Meta:
        verbose_name = _("grouping")
        verbose_name_plural = _("groupings")

    def __str__(self) -> str:
        return str(self.name)


class DivisionSetting(models.Model):
    """A value that one division sets for itself and for all below it that do not set their own."""

    division = models.ForeignKey(Division, models.CASCADE, related_name="settings", verbose_name=_("division"))
    name = models.CharField(_("setting"), max_length=80)
    value = models.JSONField(_("value"))

    class Meta:
        verbose_name = _("setting")
        verbose_name_plural = _("settings")
        constraints: ClassVar = [models.UniqueConstraint(fields=["division", "name"], name="one_value_per_division")]
        triggers: ClassVar = [bumps_configuration()]

    def __str__(self) -> str:
        return f"{self.division}: {self.name}"


ORIGIN = re.compile(
    r"https://[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:[0-9]{1,5})?", re.IGNORECASE
)
"""An origin (RFC 6454) that a content security policy may name: no wildcard, no path, nothing that ends the list."""

hex_colour = RegexValidator(r"^#[0-9a-fA-F]{6}$", _("Write a colour as # and six digits, for example #1d4ed8."))


def _luminance(colour: str) -> float:
    """Return the relative luminance of a colour (WCAG 2.2, definition of the same name)."""

    def channels() -> "Iterator[float]":
        for start in (1, 3, 5):
            value = int(colour[start : start + 2], 16) / 255
            yield value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue = channels()
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, from 1 to 21 (WCAG 2.2)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


class Brand(models.Model):
    """The name, colours and logo under which a market meets the public."""

    division = models.ForeignKey(Division, models.PROTECT, related_name="brands", verbose_name=_("division"))
    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=80)
    primary = models.CharField(
        _("brand colour"), max_length=7, default="#1f5f8b", validators=[hex_colour],
        help_text=_("Buttons, links and the header's line. White text must be readable on it."),
    )  # fmt: skip
    primary_dark = models.CharField(
        _("brand colour on dark"), max_length=7, default="#8cc4ea", validators=[hex_colour],
        help_text=_("The same in dark mode. It must be readable on near-black."),
    )  # fmt: skip
    logo = models.BinaryField(_("logo"), blank=True, editable=False)
    logo_type = models.CharField(max_length=40, blank=True, editable=False)
    phone = models.CharField(_("phone"), max_length=30, blank=True, help_text=_("Where a page says “call us”."))
    email = models.EmailField(_("e-mail"), blank=True, help_text=_("The sender of this brand's messages."))
    address = models.CharField(
        _("postal address"), max_length=200, blank=True, help_text=_("At the foot of every message.")
    )
    changed_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        ordering: ClassVar = ["name"]
        verbose_name = _("brand")
        verbose_name_plural = _("brands")
        triggers: ClassVar = [bumps_configuration()]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if any(unicodedata.category(sign) == "Cc" for sign in self.name):
            raise ValidationError({"name": _("A name is one line, without control characters.")})
        unreadable = _("This colour's contrast is %(found).1f; text needs at least %(needed)s.")
        for field, ground in (("primary", "#ffffff"), ("primary_dark", "#15191e")):
            colour = getattr(self, field)
            if re.fullmatch(r"#[0-9a-fA-F]{6}", colour) and contrast(colour, ground) < READABLE_CONTRAST:
                params = {"found": contrast(colour, ground), "needed": READABLE_CONTRAST}
                raise ValidationError({field: ValidationError(unreadable, params=params)})

    @property
    def version(self) -> str:
        """A mark that changes with the brand, for addresses that browsers may keep for ever."""
        return f"{self.changed_at.timestamp():.0f}"


def _default_languages() -> list[str]:
    return [settings.LANGUAGE_CODE]


class Site(models.Model):
    """A market's own door: a host name, or a path below one, with its brand and languages."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    host = models.CharField(
        _("host name"), max_length=120, default="*", help_text=_("Without port. * stands for every host name.")
    )
    path_prefix = models.CharField(
        _("path"), max_length=60, blank=True, validators=[RegexValidator(r"^(/[a-z0-9-]+)*$")],
        help_text=_("For a market below an existing site, for example /hollow. Empty for the whole host."),
    )  # fmt: skip
    division = models.ForeignKey(Division, models.PROTECT, related_name="sites", verbose_name=_("division"))
    brand = models.ForeignKey(Brand, models.PROTECT, related_name="sites", verbose_name=_("brand"))
    languages = ArrayField(models.CharField(max_length=10), default=_default_languages, verbose_name=_("languages"))
    default_language = models.CharField(_("default language"), max_length=10, default=settings.LANGUAGE_CODE)
    embed_hosts = ArrayField(
        models.CharField(max_length=120), default=list, blank=True, verbose_name=_("hosts that may embed"),
        help_text=_("Origins, such as https://www.example.com, that may show the address check in a frame."),
    )  # fmt: skip
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        ordering: ClassVar = ["code"]
        verbose_name = _("site")
        verbose_name_plural = _("sites")
        constraints: ClassVar = [models.UniqueConstraint(fields=["host", "path_prefix"], name="one_site_per_address")]
        triggers: ClassVar = [bumps_configuration()]

    def __str__(self) -> str:
        return f"{self.host}{self.path_prefix}"

    def clean(self) -> None:
        known = {code for code, _name in settings.LANGUAGES}
        if unknown := set(self.languages) - known:
            raise ValidationError({"languages": _("Unknown language: %s") % ", ".join(sorted(unknown))})
        if self.default_language not in self.languages:
            raise ValidationError({"default_language": _("The default language must be one of the site's languages.")})
        for host in self.embed_hosts:
            if not ORIGIN.fullmatch(host):
                text = _("Write each as https:// and a host name, for example https://www.example.com, not “%s”.")
                raise ValidationError({"embed_hosts": text % host})


__all__ = [
    "Brand", "Configuration", "Division", "DivisionGroup", "DivisionLevel", "DivisionSetting", "Site", "Texts",
    "TranslatedField", "bumps_configuration", "contrast",
]  # fmt: skip

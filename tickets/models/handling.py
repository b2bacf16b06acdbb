"""Who is on a ticket at this moment, and what saves staff from writing the same again."""

import re
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from foundation.divisions.fields import TranslatedField
from foundation.divisions.models import Brand, Division
from foundation.now import now
from foundation.people.models import User
from territory.states import ProductFamily
from tickets.models.ticket import Ticket
from tickets.states import MacroEnd, Priority, ResolutionCode

VARIABLES = frozenset({"name", "number", "subject", "agent", "brand"})
"""What may stand in braces in a text that is kept for reuse."""
_VARIABLE = re.compile(r"{\s*(\w+)\s*}")


def check_variables(text: str) -> None:
    """
    Let pass what names only variables that there are.

    :raises ValidationError: with those that are none
    """
    if unknown := sorted(set(_VARIABLE.findall(text)) - VARIABLES):
        message = _("There is no variable %(unknown)s. There are: %(known)s.")
        raise ValidationError(message, params={"unknown": ", ".join(unknown), "known": ", ".join(sorted(VARIABLES))})


def filled_in(text: str, values: dict[str, str]) -> str:
    """Write values in place of the variables of a text."""
    return _VARIABLE.sub(lambda found: values.get(found[1], found[0]), text)


class Doing(models.TextChoices):
    """What somebody does on a ticket's page."""

    VIEWING = "viewing", _("reads it")
    REPLYING = "replying", _("writes an answer")


class Presence(models.Model):
    """Somebody has a ticket open. It tells others and stops nobody."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="presences", verbose_name=_("ticket"))
    user = models.ForeignKey(User, models.CASCADE, related_name="+", verbose_name=_("person"))
    doing = models.CharField(_("doing"), max_length=10, choices=Doing.choices, default=Doing.VIEWING)
    seen_at = models.DateTimeField(_("last seen"), default=now)

    class Meta:
        verbose_name = _("presence")
        verbose_name_plural = _("presences")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["ticket", "user"], name="one_presence_per_person_and_ticket")
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.get_doing_display()}"


class CannedReply(models.Model):
    """A text that answers are begun with, in one language, until a day."""

    division = models.ForeignKey(
        Division, models.PROTECT, related_name="+", verbose_name=_("division"),
        help_text=_("It is offered there and in all divisions below."),
    )  # fmt: skip
    name = models.CharField(_("name"), max_length=80, help_text=_("As staff look for it."))
    language = models.CharField(_("language"), max_length=10, help_text=_("Offered on tickets in this language alone."))
    brand = models.ForeignKey(
        Brand, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("brand"),
        help_text=_("Empty: of any brand."),
    )  # fmt: skip
    family = models.CharField(
        _("product"), max_length=20, choices=ProductFamily.choices, blank=True, help_text=_("Empty: about any product.")
    )
    text = models.TextField(
        _("text"), validators=[check_variables],
        help_text=_("{name}, {number}, {subject}, {agent} and {brand} are filled in."),
    )  # fmt: skip
    valid_until = models.DateField(
        _("valid until"), null=True, blank=True, help_text=_("The last day on which it is offered. Empty: for good.")
    )

    class Meta:
        ordering: ClassVar = ["name"]
        verbose_name = _("canned reply")
        verbose_name_plural = _("canned replies")

    def __str__(self) -> str:
        return self.name


class Macro(models.Model):
    """Several things that are done to a ticket at once: fields, a reply, and how it goes on."""

    division = models.ForeignKey(
        Division, models.PROTECT, related_name="+", verbose_name=_("division"),
        help_text=_("It is offered there and in all divisions below."),
    )  # fmt: skip
    name = models.CharField(_("name"), max_length=80, help_text=_("As staff look for it."))
    priority = models.CharField(
        _("priority"), max_length=2, choices=Priority.choices, blank=True, help_text=_("Empty: as it is.")
    )
    takes = models.BooleanField(_("takes it"), default=False, help_text=_("Whoever uses it becomes the owner."))
    reply = TranslatedField(
        _("reply"),
        blank=True,
        multiline=True,
        help_text=_("{name}, {number}, {subject}, {agent} and {brand} are filled in."),
    )
    end = models.CharField(_("after that"), max_length=8, choices=MacroEnd.choices, blank=True)
    resolution = models.CharField(_("resolution"), max_length=16, choices=ResolutionCode.choices, blank=True)

    class Meta:
        ordering: ClassVar = ["name"]
        verbose_name = _("macro")
        verbose_name_plural = _("macros")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(end=MacroEnd.RESOLVE) & ~Q(resolution="") | ~Q(end=MacroEnd.RESOLVE) & Q(resolution=""),
                name="macros_that_resolve_say_how",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if (self.end == MacroEnd.RESOLVE) != bool(self.resolution):
            raise ValidationError({"resolution": _("Choose one where it resolves, and none elsewhere.")})
        for text in self.reply.values():
            check_variables(text)


class MacroUse(models.Model):
    """That somebody has used a macro, and the form by which they did: sent twice, it was done once."""

    key = models.CharField(max_length=120, unique=True, editable=False)
    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="macro_uses", verbose_name=_("ticket"))
    macro = models.ForeignKey(Macro, models.CASCADE, related_name="uses", verbose_name=_("macro"))
    text = models.TextField(_("reply"), blank=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"), default=now)

    class Meta:
        verbose_name = _("use of a macro")
        verbose_name_plural = _("uses of macros")

    def __str__(self) -> str:
        return f"{self.ticket}: {self.macro}"

"""What stands at a customer's, and what it said of itself."""

from typing import ClassVar
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from foundation.divisions.models import Division
from foundation.now import now
from foundation.people.models import User
from foundation.safeguards import never_changes
from orders.models import InstalledService
from tickets.models.ticket import Ticket
from tickets.states import Finding, ProbeTrouble


class Equipment(models.Model):
    """A device at a customer's, from one day until another (dates of the division)."""

    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    account = models.ForeignKey(Account, models.PROTECT, related_name="equipment", verbose_name=_("account"))
    service = models.ForeignKey(
        InstalledService, models.PROTECT, null=True, blank=True, related_name="equipment", verbose_name=_("service"),
        help_text=_("That it serves. Empty: all of the account’s."),
    )  # fmt: skip
    serial = models.CharField(_("serial number"), max_length=40)
    """In capitals, as it stands on the device."""
    name = models.CharField(_("device"), max_length=80)
    since = models.DateField(_("since"))
    until = models.DateField(_("until"), null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = _("device")
        verbose_name_plural = _("equipment")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["serial"], condition=Q(until=None), name="a_device_stands_at_one_place"),
            models.CheckConstraint(condition=~Q(serial=""), name="a_device_has_a_serial_number"),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")), name="a_device_leaves_after_it_came"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["account", "-id"], name="equipment_account")]

    def __str__(self) -> str:
        return f"{self.name} {self.serial}"


class Probe(models.Model):
    """One reading of a device, or one that failed; it is kept as it was, with the ticket that came of it."""

    key = models.CharField(max_length=80, unique=True, editable=False)
    """Of the button that was pressed: pressed twice, it reads once."""
    intake_key = models.CharField(max_length=60, db_index=True, editable=False)
    """Of the conversation in which it was made, which becomes the ticket's."""
    equipment = models.ForeignKey(Equipment, models.PROTECT, related_name="probes", verbose_name=_("device"))
    ticket = models.ForeignKey(
        Ticket, models.PROTECT, null=True, editable=False, related_name="probes", verbose_name=_("ticket")
    )
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    taken_at = models.DateTimeField(_("taken"), default=now)
    finding = models.CharField(_("found"), max_length=10, choices=Finding.choices)
    reading = models.JSONField(_("reading"), null=True)
    """`ports.Reading` as JSON; nothing where it failed."""
    trouble = models.CharField(_("why it failed"), max_length=12, choices=ProbeTrouble.choices, blank=True)

    class Meta:
        ordering: ClassVar = ["pk"]
        verbose_name = _("reading")
        verbose_name_plural = _("readings")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(finding__in=Finding.values), name="finding_is_known"),
            models.CheckConstraint(
                condition=Q(finding=Finding.UNKNOWN, reading=None, trouble__in=ProbeTrouble.values)
                | ~Q(finding=Finding.UNKNOWN) & Q(reading__isnull=False, trouble=""),
                name="a_reading_was_made_or_says_why_not",
            ),
        ]
        triggers: ClassVar = [
            never_changes(
                "equipment_id", "finding", "reading", "trouble", "taken_at", name="read_once",
                message="What a device said never changes: it is read again.",
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.equipment}: {self.get_finding_display()}"

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the place where the device is."""
        return self.equipment.account.premises.division.zone

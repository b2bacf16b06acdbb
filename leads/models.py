"""People who want service that they cannot have now, and asked to be told."""

from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from accounts.models import Folded, Spellings
from foundation.divisions.models import Division
from foundation.lifecycle import Lifecycle, LockingQuerySet, status_constraint
from foundation.now import now
from foundation.people.models import User
from leads.states import MOVES, OPEN, CloseReason, LeadStatus
from orders.models import Order
from orders.states import Channel
from territory.models import Qualification
from territory.states import Outcome, ProductFamily


class Lead(Lifecycle):
    """Somebody who waits for service at an address, and agreed to be told."""

    MOVES = MOVES

    key = models.CharField(max_length=80, unique=True, editable=False)
    """The form that left it: pressed twice, it leaves one lead."""
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    name = models.CharField(_("name"), max_length=120, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = PhoneNumberField(_("phone"), blank=True, region="US")
    language = models.CharField(_("language"), max_length=10)
    channel = models.CharField(_("channel"), max_length=20, choices=Channel.choices)
    address = models.CharField(_("address"), max_length=300)
    """As typed, or as we know it where the address was found."""
    qualification = models.ForeignKey(
        Qualification, models.PROTECT, null=True, related_name="+", verbose_name=_("address check")
    )
    outcome = models.CharField(_("outcome of the check"), max_length=14, choices=Outcome.choices)
    families = ArrayField(
        models.CharField(max_length=20, choices=ProductFamily.choices), default=list, verbose_name=_("wants")
    )
    consent_version = models.CharField(_("version of the consent"), max_length=60)
    consent_text = models.TextField(_("agreed to"))
    consented_at = models.DateTimeField(_("agreed"), default=now)
    status = models.CharField(
        _("status"), max_length=12, choices=LeadStatus.choices, default=LeadStatus.NEW, editable=False
    )
    assigned_to = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="leads", verbose_name=_("assigned to"), editable=False
    )
    contacted_at = models.DateTimeField(_("last contacted"), null=True, editable=False)
    order = models.ForeignKey(
        Order, models.PROTECT, null=True, related_name="leads", verbose_name=_("order"), editable=False
    )
    close_reason = models.CharField(
        _("closed because"), max_length=20, choices=CloseReason.choices, blank=True, editable=False
    )
    captured_at = models.DateTimeField(_("since"), default=now, editable=False)

    objects = LockingQuerySet["Lead"].as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = _("lead")
        verbose_name_plural = _("leads")
        constraints: ClassVar = [
            status_constraint(LeadStatus, name="lead_status_is_known"),
            models.CheckConstraint(condition=~Q(email="") | ~Q(phone=""), name="lead_can_be_reached"),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="lead_email_in_lower_case"),
            models.CheckConstraint(
                condition=Q(status=LeadStatus.CONVERTED, order__isnull=False)
                | ~Q(status=LeadStatus.CONVERTED) & Q(order=None),
                name="converted_leads_have_an_order",
            ),
            models.CheckConstraint(
                condition=~Q(status=LeadStatus.ASSIGNED) | Q(assigned_to__isnull=False), name="assigned_to_somebody"
            ),
            models.CheckConstraint(
                condition=~Q(status=LeadStatus.CLOSED) | ~Q(close_reason=""), name="closed_leads_say_why"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["division", "-id"], name="lead_division"),
            models.Index(fields=["division", "-id"], name="lead_open", condition=Q(status__in=sorted(OPEN))),
            models.Index(fields=["assigned_to", "-id"], name="lead_of"),
            models.Index(fields=["email"], name="lead_email"),
            GinIndex(
                OpClass(Folded("name"), name="gin_trgm_ops"),
                OpClass(Folded("address"), name="gin_trgm_ops"),
                OpClass("email", name="gin_trgm_ops"),
                OpClass("phone", name="gin_trgm_ops"),
                Spellings("name"),
                name="lead_said",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email or str(self.phone)

    def assign(self, to: User) -> None:
        """
        Give it to somebody, who takes it from there; a closed one is opened again.

        :raises NotAllowed: if it has become an order
        """
        self._move(LeadStatus.ASSIGNED)
        self.assigned_to, self.close_reason = to, ""

    def contact(self, *, at: datetime) -> None:
        """
        Somebody spoke with them.

        :raises NotAllowed: if it is closed, or has become an order
        """
        self._move(LeadStatus.CONTACTED)
        self.contacted_at = at

    def convert(self, order: Order) -> None:
        """
        It became an order.

        :raises NotAllowed: if it is closed, or became one before
        """
        self._move(LeadStatus.CONVERTED)
        self.order = order

    def close(self, reason: CloseReason) -> None:
        """
        It leads nowhere.

        :raises NotAllowed: if it is closed, or has become an order
        """
        self._move(LeadStatus.CLOSED)
        self.close_reason = reason


class LeadNote(models.Model):
    """What somebody wrote down about a lead."""

    lead = models.ForeignKey(Lead, models.CASCADE, related_name="notes", verbose_name=_("lead"))
    text = models.TextField(_("note"))
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("written"), default=now)

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = _("note on a lead")
        verbose_name_plural = _("notes on leads")

    def __str__(self) -> str:
        return self.text

"""One row per fact: audit trail, timeline and outbox in one. And the debt owed to each listener."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext_lazy as _

from foundation.divisions.models import Division
from foundation.events.facts import FACTS, Fact
from foundation.now import now
from foundation.people.models import User
from foundation.safeguards import append_only


class Event(models.Model):
    """A fact as it was published. Append-only: the database refuses to change or delete one."""

    name = models.CharField(_("fact"), max_length=80)
    payload = models.JSONField(_("content"), encoder=DjangoJSONEncoder)
    subject_type = models.CharField(_("subject"), max_length=80)
    subject_id = models.BigIntegerField(_("subject id"))
    about = ArrayField(models.CharField(max_length=100), default=list, verbose_name=_("about"))
    """Every customer, account and order concerned, as `app.model:id`, for their timelines."""
    division = models.ForeignKey(Division, models.PROTECT, null=True, related_name="+", verbose_name=_("division"))
    channel = models.CharField(_("channel"), max_length=20, blank=True)
    actor = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("by"))
    actor_role = models.CharField(_("in the role"), max_length=20, blank=True)
    at = models.DateTimeField(_("happened"), default=now)
    recorded_at = models.DateTimeField(_("recorded"), default=now)

    class Meta:
        verbose_name = _("fact")
        verbose_name_plural = _("facts")
        indexes: ClassVar = [
            GinIndex(fields=["about"], name="event_about"),
            models.Index(fields=["subject_type", "subject_id", "at"], name="event_subject"),
            models.Index(fields=["actor"], name="event_actor", condition=models.Q(actor__isnull=False)),
        ]
        triggers: ClassVar = append_only("Facts are append-only.")

    def __str__(self) -> str:
        return f"{self.name} {self.pk}"

    def fact(self) -> Fact:
        """Return the fact itself."""
        return FACTS[self.name].from_payload(self.payload)


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Deliveries by what has become of them."""

    def outstanding(self) -> "DeliveryQuerySet":
        """Keep those that are still owed and will be tried."""
        return self.filter(done_at=None, failed_at=None)

    def set_aside(self) -> "DeliveryQuerySet":
        """Keep those that were tried too often and wait for a person."""
        return self.filter(done_at=None, failed_at__isnull=False)


class Delivery(models.Model):
    """
    The debt owed to one listener.

    It is claimed by pushing `due_at` into the future, so that the lease of a worker that died is the retry.
    """

    event = models.ForeignKey(Event, models.PROTECT, related_name="deliveries", verbose_name=_("fact"))
    handler = models.CharField(_("listener"), max_length=160)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("next attempt"), default=now)
    done_at = models.DateTimeField(_("done"), null=True)
    failed_at = models.DateTimeField(_("set aside"), null=True)
    error = models.TextField(_("last error"), blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["event", "handler"], name="one_delivery_per_listener"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="delivery_due", condition=models.Q(done_at=None, failed_at=None)),
            models.Index(fields=["failed_at"], name="delivery_set_aside", condition=models.Q(failed_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.event.name} → {self.handler}"

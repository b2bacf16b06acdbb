"""What may be read of submissions and of the facts that billing systems told."""

from datetime import datetime

from django.db import models

from billing.models import BillingSystem, InboundFact, Submission, SubmissionQuerySet
from foundation.people.queries import Person, divisions_visible_to


def submissions_visible_to(user: Person) -> SubmissionQuerySet:
    """Return the submissions of the divisions that a member of staff may see."""
    return Submission.objects.filter(division__in=divisions_visible_to(user))


def inbound_facts_visible_to(user: Person) -> models.QuerySet[InboundFact]:
    """Return what the billing systems told that are run by divisions that a member of staff may see."""
    return InboundFact.objects.filter(billing_system__division__in=divisions_visible_to(user))


def billing_systems_visible_to(user: Person) -> models.QuerySet[BillingSystem]:
    """Return the billing systems run by divisions that a member of staff may see."""
    return BillingSystem.objects.filter(division__in=divisions_visible_to(user))


def submissions_for(subject: models.Model) -> SubmissionQuerySet:
    """Return what was asked for a row, such as an order: its work order first, then what was asked about it."""
    label = subject._meta.label_lower
    return Submission.objects.filter(subject_type=label, subject_id=subject.pk).order_by("pk")


def ids_due_for_look_up(at: datetime, *, limit: int) -> list[int]:
    """Return the submissions whose outcome is in doubt and whose time to be looked up has come, oldest first."""
    return list(Submission.objects.due_for_look_up(at).order_by("due_at").values_list("pk", flat=True)[:limit])


def ids_of_active_systems() -> list[int]:
    """Return the billing systems that are polled."""
    return list(BillingSystem.objects.filter(is_active=True).values_list("pk", flat=True))

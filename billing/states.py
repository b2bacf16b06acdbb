"""The states of what we ask of a billing system, and of what it reports."""

from enum import StrEnum

from django.db import models
from django.utils.translation import gettext_lazy as _


class SubmissionKind(models.TextChoices):
    """What a billing system is asked to do."""

    WORK_ORDER = "work_order", _("Work order")
    WORK_ORDER_CHANGE = "work_order_change", _("Change of a work order")
    WORK_ORDER_CANCELLATION = "work_order_cancellation", _("Cancellation of a work order")
    CREDIT = "credit", _("Credit")


class SubmissionStatus(models.TextChoices):
    """How far a submission is, told honestly: what we cannot know is *unknown*, never *failed*."""

    PENDING = "pending", _("Waiting to be sent")
    SENDING = "sending", _("Being sent")
    CONFIRMED = "confirmed", _("Confirmed")
    REFUSED = "refused", _("Refused")
    UNKNOWN = "unknown", _("Outcome unknown")


MOVES: dict[SubmissionStatus, frozenset[SubmissionStatus]] = {
    SubmissionStatus.PENDING: frozenset(
        {
            SubmissionStatus.SENDING,
            SubmissionStatus.REFUSED,
            SubmissionStatus.CONFIRMED,  # entered by hand, or done late after all: the vendor's own report says so
        }
    ),
    SubmissionStatus.SENDING: frozenset(
        {
            SubmissionStatus.CONFIRMED,
            SubmissionStatus.REFUSED,
            SubmissionStatus.UNKNOWN,
            SubmissionStatus.PENDING,  # surely not done, or looked up and not there
        }
    ),
    SubmissionStatus.UNKNOWN: frozenset(
        {SubmissionStatus.CONFIRMED, SubmissionStatus.REFUSED, SubmissionStatus.PENDING}
    ),
    SubmissionStatus.REFUSED: frozenset({SubmissionStatus.PENDING}),  # by a person, once the vendor's side is mended
    SubmissionStatus.CONFIRMED: frozenset(),
}

OPEN = frozenset({SubmissionStatus.PENDING, SubmissionStatus.SENDING, SubmissionStatus.UNKNOWN})
"""A submission in one of these has not ended."""


class WorkOrderState(models.TextChoices):
    """What a billing system says of a work order."""

    ACCEPTED = "accepted", _("Accepted")
    SCHEDULED = "scheduled", _("Scheduled")
    DISPATCHED = "dispatched", _("Technician dispatched")
    INSTALLED = "installed", _("Installed")
    PARTLY_INSTALLED = "partly_installed", _("Partly installed")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class FactOutcome(models.TextChoices):
    """What became of a fact that a billing system told us."""

    APPLIED = "applied", _("Applied")
    SUPERSEDED = "superseded", _("Older than what we knew")
    WAITING = "waiting", _("Waiting for its submission")
    KEPT = "kept", _("Kept, of no use to us")
    UNREADABLE = "unreadable", _("Kept, cannot be read")


class BillingKind(StrEnum):
    """What a fact about money on an account is."""

    INVOICE = "invoice"
    RECEIPT = "receipt"
    RECEIPT_ALLOCATION = "receipt_allocation"
    RECEIPT_DEALLOCATION = "receipt_deallocation"
    CREDIT_NOTE_ALLOCATION = "credit_note_allocation"
    CREDIT_NOTE_DEALLOCATION = "credit_note_deallocation"
    CREDIT = "credit"


class AllocationSource(models.TextChoices):
    """What pays a bill: money that came in, or a credit note of ours."""

    RECEIPT = "receipt", _("Receipt")
    CREDIT_NOTE = "credit_note", _("Credit note")


class ServiceStatus(models.TextChoices):
    """What a billing system says of an account's service."""

    ACTIVE = "active", _("Active")
    SUSPENDED = "suspended", _("Suspended")
    DISCONNECTED = "disconnected", _("Disconnected")
    CLOSED = "closed", _("Account closed")


ENDED = frozenset({ServiceStatus.DISCONNECTED, ServiceStatus.CLOSED})
"""Nothing is served any more."""

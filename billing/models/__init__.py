"""Billing systems, what we have asked of them, and what they have told us."""

from billing.models.accounts import AgedBalance, Allocation, Invoice, PostedCredit, ServiceStatusReport
from billing.models.submissions import (
    CLAIM,
    FIRST_LOOK_UP,
    LONGEST_WAIT,
    MOST_TRIES,
    Submission,
    SubmissionQuerySet,
)
from billing.models.systems import BillingSystem, InboundFact, Polling

__all__ = [
    "CLAIM",
    "FIRST_LOOK_UP",
    "LONGEST_WAIT",
    "MOST_TRIES",
    "AgedBalance",
    "Allocation",
    "BillingSystem",
    "InboundFact",
    "Invoice",
    "Polling",
    "PostedCredit",
    "ServiceStatusReport",
    "Submission",
    "SubmissionQuerySet",
]

"""
The states of an order, of its lines, and of what hangs on it.

Order and line states are those of TMF622 Product Ordering Management v5; what each means here:

* *draft*: a cart. Nothing is promised, and nothing of it is in any other system.
* *acknowledged*: submitted, and being checked.
* *pending*: accepted; the billing system has been asked for the work order and has not answered yet.
* *in progress*: the billing system has the work order.
* *partial*: some services work, others are on their way or could not be installed; a person may close the latter.
* *held*: a person has to decide; the reason says what.
* *assessing cancellation*: the customer wants to cancel, but a technician is on the way; a person decides.
* *pending cancellation*: the billing system has been asked to cancel the work order.
* *rejected* (by us, before it was accepted), *failed* (could not be delivered), *cancelled*, *completed* (everything
  works that was not closed as undeliverable): the ends.
"""

from collections.abc import Mapping

from django.db import models
from django.utils.translation import gettext_lazy as _


class OrderStatus(models.TextChoices):
    """Where an order stands (TMF622 v5)."""

    DRAFT = "draft", _("Draft")
    ACKNOWLEDGED = "acknowledged", _("Received")
    PENDING = "pending", _("Accepted")
    IN_PROGRESS = "in_progress", _("In progress")
    HELD = "held", _("On hold")
    PARTIAL = "partial", _("Partly ready")
    COMPLETED = "completed", _("Completed")
    FAILED = "failed", _("Failed")
    REJECTED = "rejected", _("Rejected")
    ASSESSING_CANCELLATION = "assessing_cancellation", _("Cancellation to be decided")
    PENDING_CANCELLATION = "pending_cancellation", _("Being cancelled")
    CANCELLED = "cancelled", _("Cancelled")


_INSTALLED = frozenset({OrderStatus.PARTIAL, OrderStatus.COMPLETED})
"""Where an install report leads, however late it comes: what works, works."""

MOVES: Mapping[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.DRAFT: frozenset({OrderStatus.ACKNOWLEDGED, OrderStatus.CANCELLED}),
    OrderStatus.ACKNOWLEDGED: frozenset(
        {OrderStatus.PENDING, OrderStatus.HELD, OrderStatus.REJECTED, OrderStatus.CANCELLED}
    ),
    OrderStatus.PENDING: _INSTALLED
    | {
        OrderStatus.IN_PROGRESS,
        OrderStatus.HELD,
        OrderStatus.FAILED,
        OrderStatus.CANCELLED,
        OrderStatus.PENDING_CANCELLATION,
    },
    OrderStatus.IN_PROGRESS: _INSTALLED
    | {
        OrderStatus.HELD,
        OrderStatus.FAILED,
        OrderStatus.ASSESSING_CANCELLATION,
        OrderStatus.PENDING_CANCELLATION,
    },
    OrderStatus.HELD: _INSTALLED
    | {
        OrderStatus.PENDING,
        OrderStatus.IN_PROGRESS,
        OrderStatus.FAILED,
        OrderStatus.REJECTED,
        OrderStatus.CANCELLED,
        OrderStatus.ASSESSING_CANCELLATION,
        OrderStatus.PENDING_CANCELLATION,
    },
    OrderStatus.PARTIAL: frozenset({OrderStatus.COMPLETED}),
    OrderStatus.ASSESSING_CANCELLATION: _INSTALLED
    | {OrderStatus.IN_PROGRESS, OrderStatus.FAILED, OrderStatus.PENDING_CANCELLATION},
    OrderStatus.PENDING_CANCELLATION: _INSTALLED | {OrderStatus.IN_PROGRESS, OrderStatus.FAILED, OrderStatus.CANCELLED},
    OrderStatus.FAILED: _INSTALLED | {OrderStatus.CANCELLED},
}

OPEN = frozenset(MOVES) - {OrderStatus.DRAFT, OrderStatus.FAILED}
"""An order in one of these was submitted and has not ended."""

ENDED = frozenset(OrderStatus) - OPEN - {OrderStatus.DRAFT}
"""Nothing is waited for any more, although what has failed may still be installed after all."""


class LineStatus(models.TextChoices):
    """Where one product of an order stands (TMF622 v5; a line is never a draft)."""

    ACKNOWLEDGED = "acknowledged", _("Received")
    PENDING = "pending", _("Waits for another service")
    IN_PROGRESS = "in_progress", _("In progress")
    COMPLETED = "completed", _("Ready")
    FAILED = "failed", _("Could not be installed")
    CANCELLED = "cancelled", _("Cancelled")


LINE_MOVES: Mapping[LineStatus, frozenset[LineStatus]] = {
    LineStatus.ACKNOWLEDGED: frozenset(
        {
            LineStatus.PENDING,
            LineStatus.IN_PROGRESS,
            LineStatus.COMPLETED,
            LineStatus.FAILED,
            LineStatus.CANCELLED,
        }
    ),
    LineStatus.PENDING: frozenset(
        {LineStatus.IN_PROGRESS, LineStatus.COMPLETED, LineStatus.FAILED, LineStatus.CANCELLED}
    ),
    LineStatus.IN_PROGRESS: frozenset({LineStatus.COMPLETED, LineStatus.FAILED, LineStatus.CANCELLED}),
    LineStatus.FAILED: frozenset({LineStatus.COMPLETED, LineStatus.CANCELLED}),
}


CLOSABLE = frozenset(status for status, moves in LINE_MOVES.items() if LineStatus.CANCELLED in moves)
"""A line in one of these does not work, and may be waited for no more."""


class WorkOrderStage(models.TextChoices):
    """How far the billing system is with the work order, as far as we know."""

    NONE = "none", _("Not asked for")
    ASKED = "asked", _("Asked for")
    UNKNOWN = "unknown", _("Unknown: being looked up")
    REFUSED = "refused", _("Refused")
    CONFIRMED = "confirmed", _("Confirmed")
    DISPATCHED = "dispatched", _("Technician on the way")
    PARTLY = "partly", _("Partly installed")
    INSTALLED = "installed", _("Installed")
    FAILED = "failed", _("Could not be installed")


UNCONFIRMED = frozenset({WorkOrderStage.NONE, WorkOrderStage.ASKED, WorkOrderStage.UNKNOWN, WorkOrderStage.REFUSED})
"""As far as we know, the billing system does not have it."""

VISITED = frozenset({WorkOrderStage.DISPATCHED, WorkOrderStage.PARTLY, WorkOrderStage.INSTALLED, WorkOrderStage.FAILED})
"""A technician has set out, or reported: a confirmation that arrives late takes nothing back."""

REPORTED = frozenset({WorkOrderStage.INSTALLED, WorkOrderStage.FAILED})
"""The technician is back: word of setting out that arrives late takes nothing back."""


class AppointmentStatus(models.TextChoices):
    """What an order has of a slot."""

    HELD = "held", _("Kept for a while")
    BOOKED = "booked", _("Booked")
    RELEASED = "released", _("Given back")


APPOINTMENT_MOVES: Mapping[AppointmentStatus, frozenset[AppointmentStatus]] = {
    AppointmentStatus.HELD: frozenset({AppointmentStatus.BOOKED, AppointmentStatus.RELEASED}),
    AppointmentStatus.BOOKED: frozenset({AppointmentStatus.RELEASED}),
    AppointmentStatus.RELEASED: frozenset({AppointmentStatus.HELD}),
}


class DraftStep(models.TextChoices):
    """What a draft still needs, in the order in which it is asked."""

    PACKAGE = "package", _("Package")
    CONTACT = "contact", _("Your details")
    APPOINTMENT = "appointment", _("Appointment")
    TERMS = "terms", _("Terms")
    REVIEW = "review", _("Review")


class HoldReason(models.TextChoices):
    """Why a person has to look at an order."""

    DELINQUENT = "delinquent", _("Bills of an earlier account are overdue")
    WORK_ORDER_REFUSED = "work_order_refused", _("The billing system refused the work order")
    CUSTOMER_ASKED = "customer_asked", _("The customer asked to wait")
    TO_CLARIFY = "to_clarify", _("Something has to be clarified")


class CancelReason(models.TextChoices):
    """Why an order came to nothing."""

    CHANGED_MIND = "changed_mind", _("Changed their mind")
    COMPETITOR = "competitor", _("Went to a competitor")
    MOVED = "moved", _("Moves elsewhere")
    TOO_LATE = "too_late", _("Takes too long")
    MISTAKE = "mistake", _("Ordered by mistake")
    NOT_ACCEPTED = "not_accepted", _("Not accepted by us")
    ABANDONED = "abandoned", _("Never submitted")
    BY_VENDOR = "by_vendor", _("Ended by the billing system")
    NOT_INSTALLED = "not_installed", _("Could not be installed")


class Channel(models.TextChoices):
    """Where an order, a consent or a lead came from."""

    WEB = "web", _("Website")
    PHONE = "phone", _("Phone")
    STORE = "store", _("Store")
    DOOR = "door", _("At the door")
    PARTNER = "partner", _("Partner")

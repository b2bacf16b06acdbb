"""Every read of orders that has a rule in it."""

from orders.queries.carts import (
    changes_between,
    changes_since,
    current_terms,
    details_of,
    has_agreed,
    is_bookable,
    needs_appointment,
    next_step,
    open_slots,
    shown_mark,
)
from orders.queries.orders import (
    OrderFilter,
    lines_of,
    order_by_token,
    order_of_work_order,
    orders_matching,
    orders_visible_to,
    services_visible_to,
)
from orders.queries.progress import (
    Progress,
    Step,
    StepState,
    appointment_window,
    day_in_words,
    progress_of,
    visit_hours,
)

__all__ = [
    "OrderFilter",
    "Progress",
    "Step",
    "StepState",
    "appointment_window",
    "changes_between",
    "changes_since",
    "current_terms",
    "day_in_words",
    "details_of",
    "is_bookable",
    "lines_of",
    "needs_appointment",
    "has_agreed",
    "next_step",
    "open_slots",
    "order_by_token",
    "order_of_work_order",
    "orders_matching",
    "orders_visible_to",
    "progress_of",
    "services_visible_to",
    "shown_mark",
    "visit_hours",
]

"""
Every change to orders, from the first choice to the service that works.

In which order rows are locked is said in docs/locking.md.
"""

from orders.services.agreement import send_agreement_link
from orders.services.appointments import hold_slot, make_slots, release_expired_holds, repeat_slots
from orders.services.attribution import CODE_MARK, add_attribution, forget_code
from orders.services.changes import (
    approve_cancellation,
    cancel_order,
    correct_order,
    expire_old_drafts,
    record_cancellation_refused,
    record_change_refused,
    record_work_order_cancelled,
    refuse_cancellation,
    reschedule_order,
)
from orders.services.checks import check_order, hold_order, reject_order, release_order
from orders.services.delivery import (
    record_dispatch,
    record_failure,
    record_install,
    record_window,
    record_work_order_confirmed,
    record_work_order_refused,
    record_work_order_unknown,
    request_work_order,
)
from orders.services.drafting import (
    Refreshed,
    accept_terms,
    choose_options,
    choose_package,
    identify,
    refresh_draft,
    start_order,
)
from orders.services.letters import (
    said_in_confirmations,
    send_cancellation,
    send_completion,
    send_confirmation,
    send_failure,
    send_new_appointment,
)
from orders.services.remainder import close_remainder, record_lines_go_on, settle_contest
from orders.services.serving import follow_service_status, follow_service_statuses
from orders.services.submission import submit_order

__all__ = [
    "CODE_MARK",
    "Refreshed",
    "accept_terms",
    "add_attribution",
    "approve_cancellation",
    "cancel_order",
    "check_order",
    "choose_options",
    "choose_package",
    "close_remainder",
    "correct_order",
    "expire_old_drafts",
    "follow_service_status",
    "follow_service_statuses",
    "forget_code",
    "hold_order",
    "hold_slot",
    "identify",
    "make_slots",
    "record_cancellation_refused",
    "record_change_refused",
    "record_dispatch",
    "record_failure",
    "record_install",
    "record_lines_go_on",
    "record_window",
    "record_work_order_cancelled",
    "record_work_order_confirmed",
    "record_work_order_refused",
    "record_work_order_unknown",
    "refresh_draft",
    "refuse_cancellation",
    "reject_order",
    "release_expired_holds",
    "release_order",
    "repeat_slots",
    "request_work_order",
    "reschedule_order",
    "said_in_confirmations",
    "send_agreement_link",
    "send_cancellation",
    "send_completion",
    "send_confirmation",
    "send_failure",
    "send_new_appointment",
    "settle_contest",
    "start_order",
    "submit_order",
]

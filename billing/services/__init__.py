"""Everything that changes what we ask of billing systems, and what we know from them."""

from billing.services.facts import apply_waiting_facts, poll_billing_system, receive_fact, receive_webhook
from billing.services.standing import judge_standing, review_standings
from billing.services.submissions import (
    ask_vendor,
    cancel_work_order,
    change_work_order,
    grant_credit,
    let_rest,
    look_up_unknown,
    request_work_order,
    resend_submission,
    settle_submission,
)
from billing.services.systems import check_connection, declare_products, port_of

__all__ = [
    "apply_waiting_facts",
    "ask_vendor",
    "cancel_work_order",
    "change_work_order",
    "check_connection",
    "declare_products",
    "grant_credit",
    "judge_standing",
    "let_rest",
    "look_up_unknown",
    "poll_billing_system",
    "port_of",
    "receive_fact",
    "receive_webhook",
    "request_work_order",
    "resend_submission",
    "review_standings",
    "settle_submission",
]

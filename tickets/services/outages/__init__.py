"""Outages: declared, told, and ended with all the tickets that they explain, and credited."""

from tickets.queries.outages import outages_at
from tickets.services.outages.attaching import (
    attach_caller,
    attach_late_caller,
    attach_ticket,
    detach_ticket,
    keep_apart,
    leave_outage,
)
from tickets.services.outages.crediting import (
    CreditOutlook,
    CreditPreview,
    approve_credits,
    discard_credits,
    outlook_on_credits,
    preview_credits,
    request_credits,
)
from tickets.services.outages.declaring import (
    Declaration,
    announce_maintenance,
    correct_start,
    declare_outage,
    preview_outage,
    reopen_outage,
    restore_outage,
    update_outage,
    widen_outage,
    withdraw_outage,
)
from tickets.services.outages.posting import post_credits, record_credit_confirmed, record_credit_refused, resend_credit
from tickets.services.outages.telling import tell_customers

__all__ = [
    "CreditOutlook", "CreditPreview", "Declaration", "announce_maintenance", "approve_credits", "attach_caller",
    "attach_late_caller", "attach_ticket", "correct_start", "declare_outage", "detach_ticket", "discard_credits",
    "keep_apart", "leave_outage", "outages_at", "outlook_on_credits", "post_credits", "preview_credits", "preview_outage",
    "record_credit_confirmed", "record_credit_refused", "reopen_outage", "request_credits", "resend_credit", "restore_outage",
    "tell_customers", "update_outage", "widen_outage", "withdraw_outage",
]  # fmt: skip

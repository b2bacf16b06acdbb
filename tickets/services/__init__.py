"""Every change to tickets."""

from tickets.services.conversation import (
    answer_ticket,
    hear_customer,
    note_phone_call,
    note_ticket,
    send_due_answers,
    take_back_answer,
)
from tickets.services.letters import send_answer, send_receipt, send_refusal, send_resolution
from tickets.services.moves import (
    cancel_ticket,
    close_silent_tickets,
    close_ticket,
    continue_ticket,
    hold_ticket,
    pend_ticket,
    reject_ticket,
    reopen_ticket,
    resolve_ticket,
)
from tickets.services.opening import Report, Requester, open_ticket
from tickets.services.satisfaction import rate_ticket
from tickets.services.uploads import Upload, checked_uploads
from tickets.services.working import (
    escalate_ticket,
    hand_over_ticket,
    release_ticket,
    set_priority,
    set_type,
    take_over_ticket,
    take_ticket,
)

__all__ = [
    "Report", "Requester", "Upload", "answer_ticket", "cancel_ticket", "checked_uploads", "close_silent_tickets", "close_ticket",
    "continue_ticket", "escalate_ticket", "hand_over_ticket", "hear_customer", "hold_ticket", "note_phone_call", "note_ticket",
    "open_ticket", "pend_ticket", "rate_ticket", "reject_ticket", "release_ticket", "reopen_ticket", "resolve_ticket",
    "send_answer", "send_due_answers", "send_receipt", "send_refusal", "send_resolution", "set_priority", "set_type", "take_back_answer", "take_over_ticket", "take_ticket",
]  # fmt: skip

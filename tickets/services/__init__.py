"""
Every change to tickets, a module for each topic.

Each service begins with a lock and ends with a fact, both of them in `rows`; `moves` shows the pattern.
"""

from foundation.correspondence.services import Upload, checked_uploads
from tickets.services import outages
from tickets.services.conversation import (
    answer_ticket,
    hear_customer,
    note_phone_call,
    note_ticket,
    take_back_answer,
)
from tickets.services.equipment import install_equipment, swap_equipment, take_out_equipment
from tickets.services.fieldwork import add_photo, arrive, finish_visit, follow_visit, set_off, swap_device
from tickets.services.handling import (
    ask_and_wait,
    hand_over_with_note,
    note_presence,
    set_account,
    set_customer,
    use_macro,
)
from tickets.services.intake import SAME_FAULT, Intake, add_to_ticket, attach_at_intake, report_at_intake
from tickets.services.joining import attach_child, detach_child, merge_ticket, split_article, unmerge_ticket
from tickets.services.ladder import climb_ladder, see_alerts, send_due_alerts
from tickets.services.leaving import follow_resolution, send_due_answers, send_due_notices
from tickets.services.letterbox import add_mail_to_ticket, dismiss_mail, open_ticket_for_mail
from tickets.services.letters import send_answer, send_receipt, send_refusal, send_resolution, send_visit
from tickets.services.mail import note_bounce, take_mails
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
    take_back_resolution,
)
from tickets.services.opening import Report, Requester, open_ticket
from tickets.services.participants import add_participant, stop_copying
from tickets.services.probing import take_reading
from tickets.services.procedures import put_routing_in_force, start_routing_version
from tickets.services.reassigning import Move, preview_reassignment, reassign_all, undo_reassignment
from tickets.services.routing import find_somebody, route_anew, route_ticket, route_waiting
from tickets.services.satisfaction import rate_ticket
from tickets.services.sla import follow_ticket, retime_clocks, sweep_clocks
from tickets.services.tasks import ToDo, add_task, end_task
from tickets.services.uploads import (
    drop_file,
    forget_files,
    forget_unsent_files,
    held_uploads,
    hold_files,
)
from tickets.services.visits import (
    Booking,
    book_visit,
    call_off_visit,
    call_off_with_ticket,
    miss_visits,
    move_visit,
    tell_of_missed_visit,
)
from tickets.services.working import (
    escalate_ticket,
    hand_over_ticket,
    release_ticket,
    restore_service,
    set_priority,
    set_type,
    take_over_ticket,
    take_ticket,
)

__all__ = [
    "SAME_FAULT", "Booking", "Intake", "Move", "Report", "Requester", "ToDo", "Upload", "add_mail_to_ticket",
    "add_participant", "add_photo", "add_task", "add_to_ticket", "answer_ticket", "arrive", "ask_and_wait",
    "attach_at_intake", "attach_child", "book_visit", "call_off_visit", "call_off_with_ticket", "cancel_ticket",
    "checked_uploads", "climb_ladder", "close_silent_tickets", "close_ticket", "continue_ticket", "detach_child",
    "dismiss_mail", "drop_file", "end_task", "escalate_ticket", "find_somebody", "finish_visit", "follow_resolution",
    "follow_ticket", "follow_visit", "forget_files", "forget_unsent_files", "hand_over_ticket", "hand_over_with_note", "hear_customer", "held_uploads",
    "hold_files", "hold_ticket", "install_equipment", "merge_ticket", "miss_visits", "move_visit", "note_bounce",
    "note_phone_call", "note_presence", "note_ticket", "open_ticket", "open_ticket_for_mail", "outages", "pend_ticket",
    "preview_reassignment", "put_routing_in_force", "rate_ticket", "reassign_all", "reject_ticket", "release_ticket",
    "reopen_ticket", "report_at_intake", "resolve_ticket", "restore_service", "retime_clocks", "route_anew",
    "route_ticket", "route_waiting", "see_alerts", "send_answer", "send_due_alerts", "send_due_answers",
    "send_due_notices", "send_receipt", "send_refusal", "send_resolution", "send_visit", "set_account", "set_customer",
    "set_off", "set_priority", "set_type", "split_article", "start_routing_version", "stop_copying", "swap_device",
    "swap_equipment", "sweep_clocks", "take_back_answer", "take_back_resolution", "take_mails", "take_out_equipment",
    "take_over_ticket", "take_reading", "take_ticket", "tell_of_missed_visit", "undo_reassignment", "unmerge_ticket",
    "use_macro",
]  # fmt: skip

"""Who may see and work on which tickets, how one is found, and what is read of it."""

from tickets.queries.conversation import Conversation
from tickets.queries.finding import TicketFilter, numbered, tickets_matching, words_of
from tickets.queries.handling import (
    canned_replies_for,
    macros_for,
    macros_offered,
    open_parts_of,
    open_tickets_beside,
    others_on,
    values_for,
    why_elsewhere,
)
from tickets.queries.intake import (
    AccountInView,
    Caller,
    accounts_in_view,
    caller_by_places,
    caller_in_view,
    device_of,
    same_fault,
)
from tickets.queries.letters import LETTER_LASTS, may_be_rated, proof_of, ticket_by_proof, where_a_letter_leads
from tickets.queries.progress import Closing, TicketProgress, closing_of, progress_of_ticket
from tickets.queries.sight import (
    answers_that_stand,
    articles_for_customer,
    articles_of,
    as_told,
    can_work,
    equipment_visible_to,
    folded,
    is_customer_of,
    may_reopen,
    notice_ahead,
    questions_awaited,
    reachable_ticket,
    tickets_of,
    tickets_visible_to,
    word_ahead,
)
from tickets.queries.symptoms import (
    ENDING,
    READING,
    SKIPPED,
    Walk,
    answers_in_words,
    families_asked,
    finding_of,
    probe_of,
    subject_in_words,
    symptom_by_code,
    symptoms_for,
    symptoms_met_in,
    tree_of,
    walk,
    with_subjects_in_words,
    with_ticket_in_words,
)
from tickets.queries.threads import (
    came_before,
    count_opened_by,
    customer_by_email,
    customers_by_email,
    mails_waiting_for,
    number_in_subject,
    recipients_of,
    references_of,
    spellings_of_writer,
    subject_token,
    takes_part,
    tickets_answered,
    tickets_of_our_letters,
    written_before,
)
from tickets.queries.uploads import files_held

__all__ = [
    "ENDING", "LETTER_LASTS", "READING", "SKIPPED", "AccountInView", "Caller", "Closing", "Conversation",
    "TicketFilter", "TicketProgress", "Walk", "accounts_in_view", "answers_in_words", "answers_that_stand",
    "articles_for_customer", "articles_of", "as_told", "caller_by_places", "caller_in_view", "came_before", "can_work",
    "canned_replies_for", "closing_of", "count_opened_by", "customer_by_email", "customers_by_email", "device_of",
    "equipment_visible_to", "families_asked", "files_held", "finding_of", "folded", "is_customer_of", "macros_for",
    "macros_offered", "mails_waiting_for", "may_be_rated", "may_reopen", "notice_ahead",
    "number_in_subject", "numbered", "open_parts_of", "open_tickets_beside", "others_on", "probe_of",
    "progress_of_ticket", "proof_of", "questions_awaited", "reachable_ticket", "recipients_of", "references_of",
    "same_fault", "spellings_of_writer", "subject_in_words", "subject_token", "symptom_by_code", "symptoms_for", "symptoms_met_in", "takes_part", "ticket_by_proof",
    "tickets_answered", "tickets_matching", "tickets_of", "tickets_of_our_letters", "tickets_visible_to", "tree_of",
    "values_for", "walk", "where_a_letter_leads", "why_elsewhere", "with_subjects_in_words", "with_ticket_in_words",
    "word_ahead", "words_of", "written_before",
]  # fmt: skip

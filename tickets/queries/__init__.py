"""Who may see and work on which tickets, and what is read of one."""

from tickets.queries.sight import (
    articles_for_customer,
    articles_of,
    can_work,
    is_customer_of,
    may_reopen,
    reachable_ticket,
    tickets_of,
    tickets_visible_to,
)

__all__ = [
    "articles_for_customer", "articles_of", "can_work", "is_customer_of", "may_reopen", "reachable_ticket",
    "tickets_of", "tickets_visible_to",
]  # fmt: skip

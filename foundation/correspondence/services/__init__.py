"""Write a message, freeze it, send it; hear who wants none; render a document."""

from foundation.correspondence.services.again import send_again
from foundation.correspondence.services.composing import Letter, Outgoing, compose, queue_message, queue_messages
from foundation.correspondence.services.documents import PdfUnavailableError, keep_document, render_pdf
from foundation.correspondence.services.sending import headers_of, is_permanent, send_message, send_messages
from foundation.correspondence.services.suppression import (
    is_suppressed,
    link_to_unsubscribe,
    message_by_token,
    suppress_address,
    suppressed_among,
    unsubscribe,
    unsubscribe_token,
    withhold_message,
)

__all__ = [
    "Letter", "Outgoing", "PdfUnavailableError", "compose", "headers_of", "is_permanent", "is_suppressed",
    "keep_document", "link_to_unsubscribe", "message_by_token", "queue_message", "queue_messages", "render_pdf",
    "send_again", "send_message", "send_messages", "suppress_address", "suppressed_among", "unsubscribe", "unsubscribe_token",
    "withhold_message",
]  # fmt: skip

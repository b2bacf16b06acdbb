"""Write a message, freeze it, send it; hear who wants none; render a document; keep what comes in."""

from foundation.correspondence.services.again import send_again
from foundation.correspondence.services.composing import (
    Letter,
    Outgoing,
    compose,
    message_id_of,
    queue_message,
    queue_messages,
)
from foundation.correspondence.services.documents import (
    PdfUnavailableError,
    keep_document,
    keep_file,
    render_pdf,
    safe_name,
)
from foundation.correspondence.services.fetching import (
    ForgedMailError,
    check_mailbox,
    fetch_mailbox,
    sign_mail,
    take_posted_mail,
)
from foundation.correspondence.services.receiving import (
    Bundle,
    Received,
    empty_old_mail,
    handle_mail,
    hold_waiting,
    read_received,
    read_waiting,
    receive_mail,
    receive_mails,
    set_aside_mail,
    settle_mails,
    take_up_mail,
)
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
from foundation.correspondence.services.uploads import MOST_UPLOADS, Upload, checked_uploads, refuse_too_many

__all__ = [
    "MOST_UPLOADS", "Bundle", "ForgedMailError", "Letter", "Outgoing", "PdfUnavailableError", "Received", "Upload",
    "check_mailbox", "checked_uploads", "compose", "empty_old_mail", "fetch_mailbox", "handle_mail", "headers_of",
    "hold_waiting", "is_permanent", "is_suppressed",
    "keep_document", "keep_file", "link_to_unsubscribe", "message_by_token", "message_id_of", "queue_message", "queue_messages",
    "read_received", "read_waiting", "receive_mail", "receive_mails", "refuse_too_many", "render_pdf", "safe_name",
    "send_again", "send_message",
    "send_messages", "set_aside_mail", "settle_mails", "sign_mail", "suppress_address", "suppressed_among", "take_posted_mail",
    "take_up_mail", "unsubscribe", "unsubscribe_token", "withhold_message",
]  # fmt: skip

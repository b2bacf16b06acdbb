"""Mail that comes in: read whatever was sent, judge who sent it, fetch it from where it lies."""

from foundation.correspondence.inbound.judging import Judgement, judge, loop_mark
from foundation.correspondence.inbound.mail import Address, Calendar, DeliveryReport, File, Mail
from foundation.correspondence.inbound.reading import LARGEST_MAIL, UnreadableMailError, read_mail

__all__ = [
    "LARGEST_MAIL", "Address", "Calendar", "DeliveryReport", "File", "Judgement", "Mail",
    "UnreadableMailError", "judge", "loop_mark", "read_mail",
]  # fmt: skip

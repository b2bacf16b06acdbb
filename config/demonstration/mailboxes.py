"""The demonstration's mailbox: what people write to the operator comes in there."""

from email.message import EmailMessage
from email.utils import format_datetime
from typing import NamedTuple

from config.demonstration.past import ago
from foundation.correspondence.models import InboundMail, Mailbox
from foundation.correspondence.services import receive_mail
from foundation.divisions.models import Division
from foundation.now import now
from tickets.services import take_mails

ADDRESS = "support@larkspur.example"


class Letter(NamedTuple):
    """A message that somebody wrote to the operator."""

    sender: str
    subject: str
    text: str
    hours: float
    """How long ago it came in."""


LETTERS = (
    Letter(
        "Ada Birchwood <ada.birchwood@people.example>", "The gate",
        "Your technician left our garden gate open yesterday, and the dog was three streets away.\n\nAda Birchwood", 26,
    ),
    Letter(
        "A. Passer-by <passer.by@elsewhere.example>", "A cable hangs over the path",
        "There is one of your cables hanging over the path behind the school. Somebody will trip over it.", 5,
    ),
    Letter(
        "Kit at work <kit@workshop.example>", "About my bill",
        "I am writing from my address at work. Why is the bill four dollars more than last month?\n\nKit Heatherly", 2,
    ),
)  # fmt: skip
"""The first is of a known customer and becomes a ticket; the others wait in the letterbox for a person."""


def load_mailboxes() -> None:
    """Make the operator's mailbox; the mail page posts what is answered there."""
    division = Division.objects.get(code="larkspur")
    Mailbox.objects.update_or_create(code="support", defaults={"division": division, "address": ADDRESS, "host": ""})


def load_letters() -> None:
    """Let the mailbox receive what people wrote, where nothing has come in yet."""
    mailbox = Mailbox.objects.get(code="support")
    if InboundMail.objects.filter(mailbox=mailbox).exists():
        return
    for number, letter in enumerate(LETTERS, start=1):
        with ago(hours=letter.hours):
            take_mails([receive_mail(mailbox.pk, _raw(letter, number)).pk])


def _raw(letter: Letter, number: int) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = letter.sender, ADDRESS, letter.subject
    message["Date"], message["Message-ID"] = format_datetime(now()), f"<letter-{number}@people.example>"
    message.set_content(letter.text)
    return message.as_bytes()

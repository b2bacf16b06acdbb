"""What a ticket takes from a mail: its words, its files, who takes part by it, and what is left out and said so."""

from collections.abc import Sequence

from django.utils.translation import gettext as _, gettext_lazy

from foundation.correspondence.inbound import Mail
from foundation.correspondence.models import InboundMail
from foundation.correspondence.queries import mailbox_of
from foundation.correspondence.services import Received, Upload
from tickets.events import TicketNoted
from tickets.models import Article, ArticleMail, Participant, Ticket
from tickets.services.rows import record
from tickets.states import ArticleKind, TicketChannel

LONGEST_NOTE = 2000
REFUSALS = {
    "too_large": gettext_lazy("it is too large"),
    "dangerous": gettext_lazy("it could do harm"),
    "unknown_type": gettext_lazy("files of this type are not taken"),
    "empty": gettext_lazy("it is empty"),
    "overlong": gettext_lazy("it was sent as a line without an end"),
}


def key_of(row: InboundMail) -> str:
    """Return the key of what is written because of a message: taken twice, it stands once."""
    return f"mail:{row.pk}"


def outcome_of(ticket: Ticket) -> str:
    """Return what became of a message that has found its ticket."""
    return ticket.number


def words_of(mail: Mail) -> str:
    """Return what a mail says; an article is never empty."""
    calendar = mail.calendar
    invitation = f"{calendar.method} {calendar.answer} {calendar.summary}".strip() if calendar else ""
    return mail.fresh.strip() or invitation or mail.subject or _("(nothing written)")


def in_one_line(words: str) -> str:
    """Return what was said, however it was broken into lines on its way."""
    return " ".join(words.split())


def uploads_of(mail: Mail) -> list[Upload]:
    """Return the files of a mail that are passed on."""
    taken = (file for file in mail.files if not file.refusal)
    return [Upload(name=file.name, media_type=file.media_type, content=file.content) for file in taken]


def name_what_was_left_out(ticket: Ticket, each: Received) -> None:
    """Say what of a message does not stand on its ticket, and why."""
    if said := what_was_left_out(each.mail):
        note_by_itself(ticket, said, key=f"{key_of(each.row)}:left-out")


def what_was_left_out(mail: Mail) -> str:
    """Return, in words, what of a mail is not passed on, and why; empty if all is."""
    files = "\n".join(f"{file.name}: {REFUSALS[file.refusal]}" for file in mail.files if file.refusal)
    named = _("Left out of the mail:\n%(files)s") % {"files": files} if files else ""
    cut = _("It has a line without an end, of which only the beginning was read; the whole mail is kept as it came.")
    return "\n\n".join(filter(None, (named, cut if mail.has_cut_lines else "")))[:LONGEST_NOTE]


def keep_rest(article: Article, each: Received) -> None:
    """Keep what was quoted and the signature beside the article, and where it was taken from."""
    ArticleMail.objects.create(article=article, mail=each.row, rest=rest_of(each.mail))


def rest_of(mail: Mail) -> str:
    """Return what was quoted and the signature, as they are kept beside the article."""
    return "\n\n".join(filter(None, (mail.signature, mail.quoted)))


def keep_participants(kept: Sequence[tuple[Ticket, Mail]]) -> None:
    """Show who wrote or stood in Cc besides the requester; no answer goes to them unless staff says so."""
    others = [
        Participant(ticket=ticket, email=address.email, name=address.name)
        for ticket, mail in kept
        for address in [*([mail.sender] if mail.sender else []), *mail.reply_to, *mail.cc]
        if address.email != ticket.requester_email
    ]
    divisions = {other.ticket.division for other in others}
    ours = {mailbox.address.lower() for division in divisions if (mailbox := mailbox_of(division))}
    others = [other for other in others if other.email not in ours]
    if others:
        Participant.objects.bulk_create(others, ignore_conflicts=True)


def note_by_itself(ticket: Ticket, text: str, *, key: str) -> None:
    """Write for staff what happened by itself."""
    article = Article.objects.create(
        key=key, ticket=ticket, kind=ArticleKind.SYSTEM, channel=TicketChannel.MAIL, text=text[:LONGEST_NOTE]
    )
    record(ticket, TicketNoted(ticket_id=ticket.pk, article_id=article.pk), by=None, channel=TicketChannel.MAIL)

"""Open a ticket."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Account, Customer, read_reachable
from accounts.queries import primary_contact, speaks_for
from foundation.correspondence.services import Upload
from foundation.divisions.models import Division
from foundation.lifecycle import NotAllowed
from foundation.people.models import User
from foundation.people.services import require
from foundation.people.states import Permission
from orders.models import InstalledService
from territory.models import Premises
from tickets.events import TicketOpened
from tickets.models import Article, Ticket
from tickets.services.rows import must_be_same, record
from tickets.services.uploads import keep_uploads
from tickets.states import ArticleKind, Priority, TicketChannel, TicketType


@dataclass(frozen=True, kw_only=True)
class Requester:
    """Who reports something, and where answers go; made by `typed` or `of`."""

    name: str = ""
    email: str = ""
    phone: str = ""
    language: str = ""

    @classmethod
    def typed(cls, *, name: str = "", email: str = "", phone: str = "", language: str = "") -> "Requester":
        """
        Read what somebody typed: a way to reach them is enough.

        :raises NotAllowed: with the field that cannot be read, or if there is no way to reach them
        """
        address, number = read_reachable(email=email, phone=phone)
        return cls(name=" ".join(name.split()), email=address, phone=number, language=language)

    @classmethod
    def of(cls, customer: Customer) -> "Requester":
        """Take the customer's main contact."""
        contact = primary_contact(customer)
        return cls(name=contact.name, email=contact.email, phone=str(contact.phone or ""), language=customer.language)


@dataclass(frozen=True, kw_only=True)
class Report:
    """What somebody reports, asks or complains about, and what is known of where."""

    type: TicketType
    subject: str
    text: str
    requester: Requester
    priority: Priority = Priority.P3
    customer: Customer | None = None
    account: Account | None = None
    premises: Premises | None = None
    service: InstalledService | None = None
    symptom: str = ""
    answers: Mapping[str, object] = field(default_factory=dict)
    parent: Ticket | None = None


class Said(Protocol):
    """What makes one report the same as another: a `Report`, or an intake before it has become one."""

    @property
    def type(self) -> TicketType: ...  # as in `Report`
    @property
    def subject(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def account(self) -> Account | None: ...
    @property
    def service(self) -> InstalledService | None: ...
    @property
    def symptom(self) -> str: ...


def opened_before(key: str, said: Said) -> Ticket | None:
    """
    Return the ticket that was opened under a key already.

    :param said: an empty subject is any
    :raises NotAllowed: if that is about something else
    """
    known = Ticket.objects.filter(key=key).first()
    if known:
        account = said.account or (said.service.account if said.service else None)
        before = (known.type, known.symptom, known.account_id, known.service_id, known.articles.order_by("pk")[0].text)
        about = (said.type, said.symptom, account and account.pk, said.service and said.service.pk, said.text.strip())
        must_be_same(before == about and _shortened(said.subject) in ("", known.subject))
    return known


def _shortened(subject: str) -> str:
    return " ".join(subject.split())[:200]


@transaction.atomic
def open_ticket(  # noqa: PLR0913  # what, where, by what: each has a name
    report: Report,
    *,
    key: str,
    division: Division,
    channel: TicketChannel,
    by: User | None,
    message_id: str = "",
    uploads: Sequence[Upload] = (),
) -> Ticket:
    """
    Keep what somebody reports as a ticket; the same key again returns the same ticket.

    :param key: what opens it and nothing else: a form, a mail
    :param by: the member of staff who writes it down; None, or the customer: they did themselves
    :param message_id: of the mail that it came by
    :raises NotAllowed: if the person may not, nothing is said, or the key was another report's
    """
    is_theirs = by is None or bool(report.customer and speaks_for(by, report.customer))
    if not is_theirs:
        require(by, Permission.WORK_TICKETS, division)  # type: ignore[arg-type]  # nobody is themselves
    if not report.subject.strip():
        raise NotAllowed(_("Say in a few words what it is about."), code="empty", field="subject")
    if not report.text.strip():
        raise NotAllowed(_("Say what has happened."), code="empty", field="text")
    ticket, is_new = Ticket.objects.get_or_create(
        key=key, defaults={**_defaults(report, division, channel), **_who(by, is_theirs=is_theirs)}
    )
    if is_new:
        article = _keep_first_words(ticket, report, by=by, is_theirs=is_theirs, message_id=message_id)
        keep_uploads(article, uploads)
        fact = TicketOpened(ticket_id=ticket.pk, type=ticket.type, priority=ticket.priority)
        record(ticket, fact, by=by, channel=channel)
    else:
        opened_before(key, report)
    return ticket


def _defaults(report: Report, division: Division, channel: TicketChannel) -> dict[str, object]:
    account = report.account or (report.service.account if report.service else None)
    return {
        "division": division,
        "type": report.type,
        "priority": report.priority,
        "subject": _shortened(report.subject),
        "customer": report.customer or (account.customer if account else None),
        "account": account,
        "premises": report.premises or (account.premises if account else None),
        "service": report.service,
        "requester_name": report.requester.name[:120],
        "requester_email": report.requester.email,
        "requester_phone": report.requester.phone,
        "language": report.requester.language or division.language,
        "channel": channel,
        "symptom": report.symptom,
        "answers": dict(report.answers),
        "parent": report.parent,
        "version": 1,
    }


def _who(by: User | None, *, is_theirs: bool) -> dict[str, User | None]:
    return {"opened_by": None if is_theirs else by, "reported_by": by if is_theirs else None}


def _keep_first_words(ticket: Ticket, report: Report, *, by: User | None, is_theirs: bool, message_id: str) -> Article:
    kind = ArticleKind.CUSTOMER if is_theirs else ArticleKind.PHONE
    return Article.objects.create(
        key=f"opened:{ticket.key}"[:120],
        ticket=ticket,
        kind=ArticleKind.SYSTEM if ticket.channel == TicketChannel.SYSTEM else kind,
        channel=ticket.channel,
        author=by,
        author_name=report.requester.name if is_theirs else "",
        author_email=report.requester.email if is_theirs else "",
        text=report.text.strip(),
        at=ticket.opened_at,
        message_id=message_id,
    )

"""Messages and documents, for the pages that show them."""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import reduce
from operator import or_

from django.db import models
from django.db.models import Q, QuerySet

from foundation.correspondence.models import Document, InboundMail, Mailbox, Message
from foundation.correspondence.states import MailStatus
from foundation.divisions.models import Division
from foundation.people.models import User
from foundation.people.queries import MARKET_PERMISSIONS, divisions_visible_to, divisions_where, may_send_from
from foundation.people.states import Permission

SEEN_WITH: Mapping[str, tuple[Permission, ...]] = {
    "tickets": (Permission.SEE_TICKETS,),
    "leads": (Permission.SEE_LEADS,),
    "referrals": (Permission.SEE_REFERRALS,),
    "commissions": (Permission.SEE_REFERRALS, Permission.SEE_LEDGER),
}
"""With which permissions, one of them, letters about rows of an app are seen; of other apps, with those for orders."""

OF_DISPUTES = "commissions.dispute"
"""How the kinds of the letters in disputes begin."""


def messages_visible_to(user: User) -> QuerySet[Message]:
    """
    Return the messages of the divisions in which a person may see what these are about.

    What we ask and answer in disputes reads who may read those: whoever sees the ledger.
    """
    of_disputes = Q(kind__startswith=OF_DISPUTES) & ~Q(division__in=divisions_where(user, Permission.SEE_LEDGER))
    return Message.objects.filter(_is_seen_by(user)).exclude(of_disputes)


def _is_seen_by(user: User) -> Q:
    """Return what holds of letters and documents about what a person may see, by app and division."""
    about = {app: Q(subject_type__startswith=f"{app}.") for app in SEEN_WITH}
    seen = Q(division__in=divisions_where(user, Permission.SEE_ORDERS)) & ~reduce(or_, about.values())
    for app, permissions in SEEN_WITH.items():
        seen |= about[app] & Q(division__in=divisions_where(user, *permissions))
    return seen


def messages_about(subject: models.Model) -> QuerySet[Message]:
    """Return the messages about a row, the latest first."""
    return Message.objects.filter(subject_type=subject._meta.label_lower, subject_id=subject.pk)


def documents_visible_to(user: User) -> QuerySet[Document]:
    """Return the documents of the divisions in which a person may see what these are about."""
    return Document.objects.filter(_is_seen_by(user))


def documents_about(subject: models.Model) -> QuerySet[Document]:
    """Return the documents about a row, without their content."""
    return Document.objects.filter(subject_type=subject._meta.label_lower, subject_id=subject.pk).defer("content")


def received_mail_visible_to(user: User) -> QuerySet[InboundMail]:
    """Return the messages that a person's divisions received, without the whole of them."""
    return InboundMail.objects.filter(division__in=divisions_visible_to(user)).defer("raw")


def mail_set_aside_visible_to(user: User) -> QuerySet[InboundMail]:
    """Return the messages that wait for a person of a division, the latest first."""
    return received_mail_visible_to(user).filter(status=MailStatus.SET_ASIDE).select_related("mailbox", "division")


def mailbox_of(division: Division) -> Mailbox | None:
    """Return the mailbox that answers to a division's messages go to: its own, or of the nearest division above."""
    mailboxes = Mailbox.objects.filter(division__in=division.lineage, is_active=True)
    return max(mailboxes, key=lambda mailbox: division.lineage.index(mailbox.division_id), default=None)


def may_receive_at(user: User, address: str) -> bool:
    """Tell whether a person may set up a mailbox at an address: it is nobody's whom they do not know, nor is its domain."""
    return may_send_from(user, address) and not _mailboxes_of_others(user).filter(address__iexact=address).exists()


def may_log_in_as(user: User, username: str, host: str) -> bool:
    """Tell whether a person may have a mailbox fetched under a name at a mail server: nobody's whom they do not know."""
    same = _mailboxes_of_others(user).filter(host__iexact=host, username__iexact=username)
    return not (host and same.exists())


def _mailboxes_of_others(user: User) -> QuerySet[Mailbox]:
    return Mailbox.objects.exclude(division__in=divisions_where(user, *MARKET_PERMISSIONS))


def count_written(to: Collection[str], *, kinds: Collection[str], since: datetime) -> int:
    """Return how many messages of some kinds were written to some addresses since a moment."""
    return Message.objects.filter(to__in=to, kind__in=kinds, queued_at__gte=since).count()


def ids_of_fetched_mailboxes() -> list[int]:
    """Return the mailboxes that are fetched by IMAP."""
    return list(Mailbox.objects.filter(is_active=True).exclude(host="").values_list("pk", flat=True))

"""Send once more what was sent before."""

from django.apps import apps
from django.db import transaction
from django.utils.translation import gettext as _

from foundation.correspondence.events import MessageQueued
from foundation.correspondence.models import Message
from foundation.correspondence.states import MessageStatus, Purpose
from foundation.events.services import publish
from foundation.lifecycle import NotAllowed
from foundation.people.models import User
from foundation.people.services import require
from foundation.people.states import Permission

UNDER_WAY = (MessageStatus.QUEUED, MessageStatus.SENDING)


@transaction.atomic
def send_again(message_id: int, *, to: str = "", by: User) -> Message:
    """
    Owe a message to its recipient once more, as it was written, beside what was sent before.

    :param to: another address of the recipient; empty: the same one
    :raises NotAllowed: if the person may not work on what it is about, it is advertising, is on its way there already,
        or holds a link that is only for the mailbox it was written to
    """
    sent = Message.objects.locked().select_related("division").get(pk=message_id)
    require(by, Permission.WORK_ORDERS, sent.division)
    to = to.strip().lower() or sent.to
    if sent.purpose == Purpose.MARKETING:
        raise NotAllowed(_("Advertising is sent once."), code="marketing")
    if to != sent.to and sent.is_for_its_mailbox_alone:
        message = _("This message holds a link for %(email)s alone. Send that link anew from the order.")
        raise NotAllowed(message % {"email": sent.to}, code="for_another_mailbox", field="to")
    root = sent.key.split(":again:")[0]
    alike = Message.objects.filter(key__startswith=f"{root}:again:") | Message.objects.filter(key=root)
    if alike.filter(to=to, status__in=UNDER_WAY).exists():
        raise NotAllowed(_("It is on its way to %(email)s already.") % {"email": to}, code="under_way", field="to")
    copy = Message.objects.create(
        key=f"{root}:again:{alike.count()}",
        to=to,
        **{field: getattr(sent, field) for field in COPIED},
    )
    copy.documents.set(sent.documents.all())
    subject = apps.get_model(sent.subject_type).objects.filter(pk=sent.subject_id).first()
    publish(
        MessageQueued(message_id=copy.pk, kind=copy.kind),
        subject=copy,
        about=[subject] if subject else [],
        division=copy.division,
        by=by,
    )
    return copy


COPIED = (
    "kind", "purpose", "division", "subject_type", "subject_id", "sender", "language", "subject_line", "text", "html",
    "headers",
)  # fmt: skip
"""What a message that is sent again has of the first one."""

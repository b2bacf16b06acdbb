"""Who wants no advertising, and how they say so."""

from collections.abc import Iterable
from functools import cache

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import get_script_prefix, reverse

from foundation.correspondence.events import AddressSuppressed
from foundation.correspondence.mailboxes import normalised_email
from foundation.correspondence.models import Message, Suppression
from foundation.correspondence.states import MessageStatus
from foundation.events.services import publish
from foundation.lifecycle import NotAllowed

SIGNER = signing.Signer(salt="correspondence.unsubscribe")
ASKED = "asked to be left alone"
"""Why an address is suppressed whose owner pressed the button in a message."""


def is_suppressed(email: str) -> bool:
    """Tell whether the mailbox of an address wants no advertising, from any market."""
    return bool(suppressed_among([email]))


def suppressed_among(emails: Iterable[str]) -> set[str]:
    """Return those of some addresses whose mailboxes want no advertising, in one statement."""
    mailboxes = {email: normalised_email(email) for email in emails}
    found = set(Suppression.objects.filter(mailbox__in=set(mailboxes.values())).values_list("mailbox", flat=True))
    return {email for email, mailbox in mailboxes.items() if mailbox in found}


def suppress_address(email: str, reason: str) -> Suppression:
    """Send no advertising to an address any more, from any market; again, nothing changes."""
    suppression, _is_new = Suppression.objects.get_or_create(email=email.strip().lower(), defaults={"reason": reason})
    return suppression


def unsubscribe_token(key: str) -> str:
    """Return the secret by which the recipient of a message, named by its key, unsubscribes."""
    return SIGNER.sign_object(key)


def link_to_unsubscribe(key: str) -> str:
    """Return the address at which the recipient of a message unsubscribes: by POST in one step, or by a page."""
    return f"{settings.SITE_URL}{_page_to_unsubscribe(get_script_prefix()).replace(_BLANK, unsubscribe_token(key))}"


_BLANK = "secret"


@cache
def _page_to_unsubscribe(_below: str) -> str:
    """Return the page with a blank for the secret: thousands of letters are not worth as many look-ups of its path."""
    return reverse("correspondence:unsubscribe", args=[_BLANK])


def message_by_token(token: str) -> Message | None:
    """Return the message whose recipient holds a secret; nothing for a secret that is none of ours."""
    try:
        key = SIGNER.unsign_object(token)
    except signing.BadSignature:
        return None
    return Message.objects.select_related("division").filter(key=key).first()


@transaction.atomic
def unsubscribe(token: str) -> Message | None:
    """
    Send no advertising any more to whoever got a message, from any market; again, nothing changes.

    :returns: the message, or nothing for a secret that is none of ours
    """
    message = message_by_token(token)
    if message and not Suppression.objects.filter(email=message.to.lower()).exists():
        suppress_address(message.to, ASKED)
        fact = AddressSuppressed(message_id=message.pk, kind=message.kind)
        publish(fact, subject=message, division=message.division, by=None)
    return message


@transaction.atomic
def withhold_message(key: str) -> None:
    """
    Do not send a message after all.

    :raises NotAllowed: if it is being sent, or was
    """
    message = Message.objects.locked().filter(key=key).first()
    if message is None or message.status == MessageStatus.WITHHELD:
        raise NotAllowed("There is nothing to withhold.", code="nothing_there")
    message.withhold()
    message.save(update_fields=["status"])

"""Write what friends and referrers are sent, and hear what became of it."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.queries import primary_contact
from foundation.correspondence.models import Message
from foundation.correspondence.services import Outgoing, compose, queue_message, queue_messages
from foundation.correspondence.states import Purpose
from foundation.divisions.queries import division_by_id, one_configuration_version, root_of
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User
from foundation.people.services import require
from foundation.people.states import Permission
from referrals.models import Invitation, Programme, Referral
from referrals.queries.letters import first_name, invitation_letter, letter_key, letter_of
from referrals.services.invitations import opt_out, tell_of_end
from referrals.states import InvitationStatus

INVITATION = "referrals.invitation"
AT_ONCE = 250
"""Letters that one worker writes in one transaction."""


def are_unwritten(invitation_ids: Sequence[int]) -> bool:
    """Tell whether a letter of one of these invitations is still to be written."""
    return Invitation.objects.filter(pk__in=invitation_ids, status=InvitationStatus.QUEUED, written_at=None).exists()


@transaction.atomic
def write_invitations(at_once: int = AT_ONCE) -> int:
    """
    Write the letters that have waited longest and give them to correspondence; return how many those were.

    Any number of workers can do so at the same time: each takes what no other has.
    """
    waiting = (
        Invitation.objects.filter(status=InvitationStatus.QUEUED, written_at=None)
        .select_for_update(skip_locked=True, no_key=True, of=("self",))
        .select_related("referrer__customer")
        .order_by("pk")
    )
    invitations = list(waiting[:at_once])
    if invitations:
        with one_configuration_version():
            outgoing = [
                Outgoing(
                    letter=letter_of(one),
                    key=letter_key(one),
                    to=one.email,
                    language=one.language,
                    division=division_by_id(one.division_id),
                    subject=one,
                )
                for one in invitations
            ]
            queue_messages(outgoing, kind=INVITATION, purpose=Purpose.MARKETING)
        Invitation.objects.filter(pk__in=[one.pk for one in invitations]).update(written_at=now())
    return len(invitations)


def record_invitations_sent(message_ids: Sequence[int], *, at: datetime) -> int:
    """Note that the mail server took the letters of invitations; return how many that was news of."""
    sent = Message.objects.filter(pk__in=message_ids, kind=INVITATION).values("subject_id")
    return Invitation.objects.filter(pk__in=sent, status=InvitationStatus.QUEUED).update(
        status=InvitationStatus.SENT, sent_at=at
    )


def _of_message(message_id: int) -> Invitation:
    """
    Hold the invitation of a letter.

    :raises NotAllowed: if the message is none
    """
    message = Message.objects.filter(pk=message_id, kind=INVITATION).first()
    related = ("referrer__programme", "division")
    found = Invitation.objects.locked().select_related(*related).filter(pk=message.subject_id if message else 0).first()
    if found is None:
        raise NotAllowed("This message is no invitation.", code="no_invitation")
    return found


@transaction.atomic
def record_invitation_bounced(message_id: int) -> None:
    """
    Note that an invitation's address does not work.

    :raises NotAllowed: if the message is no invitation, or the friend got it after all
    """
    invitation = _of_message(message_id)
    invitation.bounce(at=now())
    invitation.save(update_fields=["status", "ended_at"])
    tell_of_end(invitation, by=None)


@transaction.atomic
def record_invitation_suppressed(message_id: int) -> None:
    """
    Note that an invitation was not sent, because its friend wants no such mail.

    :raises NotAllowed: if the message is no invitation, or it has ended
    """
    invitation = _of_message(message_id)
    invitation.suppress(at=now())
    invitation.save(update_fields=["status", "ended_at"])
    tell_of_end(invitation, by=None)


@transaction.atomic
def record_opted_out(message_id: int) -> None:
    """
    Note that whoever got an invitation wants no advertising any more, from anybody.

    :raises NotAllowed: if the message is no invitation
    """
    opt_out(_of_message(message_id))


def send_ordered_alert(referral_id: int) -> None:
    """Tell a referrer that their friend has ordered; again, nothing is sent."""
    _send_alert(referral_id, "ordered")


def send_installed_alert(referral_id: int) -> None:
    """Tell a referrer that their friend is connected; again, nothing is sent."""
    _send_alert(referral_id, "installed")


def _send_alert(referral_id: int, kind: str) -> None:
    """Write to a referrer in their language: of the friend, nothing but the name by which they know them."""
    related = ("referrer__customer", "referrer__division", "programme")
    referral = Referral.objects.select_related(*related).get(pk=referral_id)
    referrer = referral.referrer
    contact = primary_contact(referrer.customer)
    if not contact.email:
        return
    language = referrer.customer.language
    context = {
        "friend": referral.friend_label,
        "name": first_name(referrer.customer.name),
        "reward": referral.programme.rewards_in_words.in_language(language),
        "link": root_of(referrer.division) + reverse("selfcare:start"),
    }
    letter = compose(f"referrals/mail/{kind}", context, language=language, division=referrer.division)
    queue_message(
        letter,
        key=f"referrals.{kind}:{referral.pk}",
        kind=f"referrals.{kind}",
        to=contact.email,
        language=language,
        division=referrer.division,
        subject=referral,
        about=[referrer, referrer.customer],
    )


def send_test_invitation(programme_id: int, to: str, language: str, *, by: User) -> Message:
    """
    Send an operator an invitation as friends would get it, with made-up names and links that lead nowhere.

    :raises NotAllowed: if the person may not configure there
    """
    programme = Programme.objects.select_related("division").get(pk=programme_id)
    require(by, Permission.CONFIGURE, programme.division)
    if not to.strip():
        raise NotAllowed(_("Enter an e-mail address."), code="email", field="to")
    letter = invitation_letter(programme, language=language, note=_("This is a test."))
    return queue_message(
        letter,
        key=f"referrals.test:{programme.pk}:{now().timestamp()}",
        kind="referrals.test",
        to=to.strip().lower(),
        language=language,
        division=programme.division,
        subject=programme,
        by=by,
    )

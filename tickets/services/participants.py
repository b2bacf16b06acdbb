"""Who gets our answers besides the requester: nobody, unless staff says so."""

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from foundation.lifecycle import NotAllowed
from foundation.people.models import User
from tickets.events import ParticipantAdded, ParticipantDropped
from tickets.models import Participant
from tickets.services.rows import locked_for_work, record


@transaction.atomic
def add_participant(ticket_id: int, *, email: str, name: str = "", by: User) -> Participant:
    """
    Have our answers go to somebody besides the requester, from now on.

    :raises NotAllowed: if the person may not, or this is no address
    """
    ticket = locked_for_work(ticket_id, by)
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError:
        raise NotAllowed(_("Enter an e-mail address."), code="email", field="email") from None
    if address == ticket.requester_email:
        raise NotAllowed(_("Our answers go there already."), code="requester", field="email")
    known = {"is_copied": True, "added_by": by}
    participant, _new = Participant.objects.update_or_create(
        ticket=ticket, email=address, defaults=known, create_defaults={**known, "name": name.strip()[:120]}
    )
    record(ticket, ParticipantAdded(ticket_id=ticket.pk, participant_id=participant.pk), by=by)
    return participant


@transaction.atomic
def stop_copying(participant_id: int, *, by: User) -> None:
    """
    Send our answers no longer to somebody besides the requester.

    :raises NotAllowed: if the person may not
    """
    participant = Participant.objects.get(pk=participant_id)
    ticket = locked_for_work(participant.ticket_id, by)
    participant.is_copied = False
    participant.save(update_fields=["is_copied"])
    record(ticket, ParticipantDropped(ticket_id=ticket.pk, participant_id=participant.pk), by=by)

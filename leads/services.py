"""Every change to leads."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import AgreedText, ContactDetails, read_reachable
from foundation.divisions.queries import site_of
from foundation.events.services import publish
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User
from foundation.people.queries import can
from foundation.people.services import require
from foundation.people.states import Permission
from leads.events import LeadAssigned, LeadCaptured, LeadClosed, LeadContacted, LeadConverted, LeadNoted
from leads.models import Lead, LeadNote
from leads.states import CloseReason, LeadStatus
from orders.models import Order
from orders.services import identify, start_order
from orders.states import Channel
from territory.models import Qualification
from territory.services import requalify


@dataclass(frozen=True, kw_only=True)
class LeadDetails:
    """How somebody wants to be told; made by `typed`."""

    name: str
    email: str
    phone: str

    @classmethod
    def typed(cls, *, name: str = "", email: str = "", phone: str = "", region: str = "US") -> "LeadDetails":
        """
        Read what somebody typed: a way to reach them is enough.

        :param region: the country of phone numbers without one, as ISO 3166 code
        :raises NotAllowed: with the field that cannot be read, or if there is no way to reach them
        """
        address, number = read_reachable(email=email, phone=phone, region=region)
        return cls(name=" ".join(name.split()), email=address, phone=number)


@transaction.atomic
def capture_lead(  # noqa: PLR0913  # who, where, what they agreed to: each has a name
    *,
    key: str,
    qualification_id: int,
    details: LeadDetails,
    families: Sequence[str] = (),
    agreed: AgreedText,
    channel: str,
    language: str,
    by: User | None = None,
) -> Lead:
    """
    Keep that somebody wants to be told when an address can be served; the same key again returns the same lead.

    :param families: what they want; empty: whatever there will be
    :param agreed: the sentence beside the button, and its version
    """
    qualification = Qualification.objects.select_related("division", "premises").get(pk=qualification_id)
    premises = qualification.premises
    lead, is_new = Lead.objects.get_or_create(
        key=key,
        defaults={
            "division": qualification.division,
            "name": details.name,
            "email": details.email,
            "phone": details.phone,
            "language": language,
            "channel": Channel(channel),
            "address": premises.label if premises else qualification.typed,
            "qualification": qualification,
            "outcome": qualification.outcome,
            "families": list(families),
            "consent_version": agreed.text_version,
            "consent_text": agreed.text,
        },
    )
    if is_new:
        fact = LeadCaptured(lead_id=lead.pk, outcome=lead.outcome)
        publish(fact, subject=lead, division=lead.division, by=by, channel=channel)
    return lead


def _locked(lead_id: int, by: User) -> Lead:
    lead = Lead.objects.locked().select_related("division").get(pk=lead_id)
    require(by, Permission.WORK_LEADS, lead.division)
    return lead


@transaction.atomic
def assign_lead(lead_id: int, to: User, *, by: User) -> Lead:
    """
    Give a lead to somebody; a closed one is opened again.

    :raises NotAllowed: if one of the two may not work on leads there, who gives it to another may not give out work,
        or it has become an order
    """
    lead = _locked(lead_id, by)
    if to.pk != by.pk:
        require(by, Permission.ASSIGN_WORK, lead.division)
    if not can(to, Permission.WORK_LEADS, lead.division):
        raise NotAllowed(_("%(person)s does not work on leads there.") % {"person": to}, code="wrong_person")
    lead.assign(to)
    lead.save(update_fields=["status", "assigned_to", "close_reason"])
    publish(LeadAssigned(lead_id=lead.pk, user_id=to.pk), subject=lead, division=lead.division, by=by)
    return lead


@transaction.atomic
def note_contact(lead_id: int, text: str, *, by: User) -> Lead:
    """
    Note that somebody spoke with a lead, and what was said.

    :raises NotAllowed: if the person may not, or the lead is closed or has become an order
    """
    lead = _locked(lead_id, by)
    lead.contact(at=now())
    lead.save(update_fields=["status", "contacted_at"])
    publish(LeadContacted(lead_id=lead.pk), subject=lead, division=lead.division, by=by)
    if text.strip():
        _write_note(lead, text, by=by)
    return lead


@transaction.atomic
def add_note(lead_id: int, text: str, *, by: User) -> LeadNote:
    """
    Write something down about a lead.

    :raises NotAllowed: if the person may not, or there is nothing to write
    """
    lead = _locked(lead_id, by)
    if not text.strip():
        raise NotAllowed(_("Write something."), code="empty", field="text")
    return _write_note(lead, text, by=by)


def _write_note(lead: Lead, text: str, *, by: User) -> LeadNote:
    note = LeadNote.objects.create(lead=lead, text=text.strip(), by=by)
    publish(LeadNoted(lead_id=lead.pk, note_id=note.pk), subject=lead, division=lead.division, by=by)
    return note


@transaction.atomic
def close_lead(lead_id: int, reason: CloseReason, *, by: User) -> Lead:
    """
    Note that a lead leads nowhere.

    :raises NotAllowed: if the person may not, or it is closed or has become an order
    """
    lead = _locked(lead_id, by)
    lead.close(reason)
    lead.save(update_fields=["status", "close_reason"])
    publish(LeadClosed(lead_id=lead.pk, reason=reason), subject=lead, division=lead.division, by=by)
    return lead


@transaction.atomic
def convert_lead(lead_id: int, *, by: User) -> Order:
    """
    Check the address of a lead again and start an order there, with what is known of them.

    :raises NotAllowed: if the person may not, nothing can be ordered there yet, or the lead is closed or has become
        an order before
    """
    lead = _locked(lead_id, by)
    if not lead.can_move(LeadStatus.CONVERTED) or lead.qualification_id is None:
        raise NotAllowed(_("This lead is closed, or has become an order."), code="wrong_status")
    qualification = requalify(lead.qualification_id, by=by)
    site = site_of(lead.division)
    order = start_order(
        qualification.pk,
        division=lead.division,
        site_code=site.code if site else "",
        channel=Channel.PHONE,
        language=lead.language,
        key=f"lead-{lead.pk}",
        by=by,
    )
    if lead.email and lead.phone and lead.name:
        details = ContactDetails.typed(name=lead.name, email=lead.email, phone=str(lead.phone))
        order = identify(order.pk, details)
    lead.convert(order)
    lead.save(update_fields=["status", "order"])
    fact = LeadConverted(lead_id=lead.pk, order_id=order.pk)
    publish(fact, subject=lead, about=[order], division=lead.division, by=by)
    return order

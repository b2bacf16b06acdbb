"""
What an agent does on a visit, said by one press each from a phone with a bad connection.

Each press carries a key. What comes twice was done once, and is answered as it was the first time; the same key with
something else in it is refused.
"""

from collections.abc import Mapping
from contextlib import suppress

from django.db import transaction
from django.utils.translation import gettext as _

from foundation.correspondence.services import Upload
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User
from foundation.people.queries import can
from foundation.people.states import Permission
from tickets.events import AgentArrived, AgentSetOff, DeviceSwapped, TicketNoted, VisitMade
from tickets.models import Article, Equipment, Ticket, Visit, VisitDeed
from tickets.queries import can_work
from tickets.services.conversation import write_article
from tickets.services.equipment import put_device, read_serial, take_out
from tickets.services.moves import resolve_ticket
from tickets.services.routing import route_ticket
from tickets.services.rows import locked, record
from tickets.services.visits import gone_on
from tickets.services.working import restore_service
from tickets.states import (
    ArticleKind,
    DeedKind,
    ResolutionCode,
    RoutingCause,
    TicketChannel,
    TicketType,
    VisitOutcome,
    VisitStatus,
)

ENDS_AT_THE_DOOR: Mapping[str, ResolutionCode] = {
    TicketType.TROUBLE: ResolutionCode.RESTORED,
    TicketType.REQUEST: ResolutionCode.DONE,
}
"""With what a ticket ends because it works when the agent leaves; how questions and complaints end is a person's matter."""


@transaction.atomic
def set_off(visit_id: int, *, key: str, by: User) -> VisitDeed:
    """
    Say that one is on the way.

    :raises NotAllowed: if the visit is another's, is on another day, or nobody is expected
    """
    ticket, visit = _held(visit_id, by)
    if known := _known(visit, DeedKind.SET_OFF, key):
        return known
    visit.set_off()
    visit.save(update_fields=["status"])
    record(ticket, AgentSetOff(ticket_id=ticket.pk, visit_id=visit.pk), by=by)
    return _done(visit, DeedKind.SET_OFF, key, by)


@transaction.atomic
def arrive(visit_id: int, *, key: str, by: User) -> VisitDeed:
    """
    Say that one is there, be it late: one truck roll more, and a ticket that waited for the appointment goes on.

    :raises NotAllowed: if the visit is another's, is on another day, or nobody is expected
    """
    ticket, visit = _held(visit_id, by)
    if known := _known(visit, DeedKind.ARRIVE, key):
        return known
    visit.arrive(at=now())
    visit.save(update_fields=["status", "arrived_at"])
    ticket.truck_rolls += 1
    ticket.visit_missed_at = None
    fact = AgentArrived(ticket_id=ticket.pk, visit_id=visit.pk, truck_rolls=ticket.truck_rolls)
    record(
        ticket, fact, *gone_on(ticket), by=by, changed=["truck_rolls", "visit_missed_at", "status", "reason"],
    )  # fmt: skip
    return _done(visit, DeedKind.ARRIVE, key, by)


@transaction.atomic
def swap_device(  # noqa: PLR0913  # where, what for what: each has a name
    visit_id: int, *, old: Equipment | None, serial: str, name: str = "", key: str, by: User
) -> VisitDeed:
    """
    Take a device away and put another in its place.

    :param old: what is taken away; None: the new one stands beside what is there
    :param name: what the new one is called; empty: as the old one
    :raises NotAllowed: if the visit is another's, or the agent is not there; with a field, if the old device does not
        stand there, the serial number is none, or the new device stands there already or at another address
    """
    ticket, visit = _held(visit_id, by)
    number = read_serial(serial)
    if known := _known(visit, DeedKind.SWAP, key):
        _must_be_same(known.old == old and known.new is not None and known.new.serial == number)
        return known
    _must_be_there(visit)
    if ticket.account is None:
        raise NotAllowed(_("This ticket is of no account: no device can be put there."), code="no_account")
    if Equipment.objects.filter(serial=number, until=None, account=ticket.account).exists():
        message = _("A device of this number stands here already.")
        raise NotAllowed(message, code="here_already", field="serial")
    if old:
        old = _taken_away(old, ticket, by)
    called = name.strip() or (old.name if old else str(_("Device")))
    new = put_device(ticket.account, number, called, service=old.service if old else ticket.service, by=by)
    fact = DeviceSwapped(ticket_id=ticket.pk, visit_id=visit.pk, before=old.serial if old else "", after=new.serial)
    record(ticket, fact, by=by)
    return _done(visit, DeedKind.SWAP, key, by, old=old, new=new)


def _taken_away(old: Equipment, ticket: Ticket, by: User) -> Equipment:
    rows = Equipment.objects.select_for_update(no_key=True, of=("self",)).select_related("account__customer")
    device = rows.filter(pk=old.pk, until=None, account=ticket.account).first()
    if device is None:
        raise NotAllowed(_("This device does not stand here."), code="not_here", field="old")
    take_out(device, by=by)
    return device


@transaction.atomic
def add_photo(visit_id: int, upload: Upload, text: str = "", *, key: str, by: User) -> VisitDeed:
    """
    Keep a photo from the visit, which the customer does not see.

    :raises NotAllowed: if the visit is another's, the agent is not there, or it is no picture
    """
    ticket, visit = _held(visit_id, by)
    if not upload.media_type.startswith("image/"):
        raise NotAllowed(_("%(name)s is no picture.") % {"name": upload.name}, code="kind", field="photo")
    if known := _known(visit, DeedKind.PHOTO, key):
        kept = known.article.attachments.get() if known.article else None
        _must_be_same(kept is not None and bytes(kept.content) == upload.content)
        return known
    _must_be_there(visit)
    article = _noted(
        ticket, text.strip() or str(_("A photo from the visit.")), key=_key_of(visit, key), by=by, upload=upload
    )
    return _done(visit, DeedKind.PHOTO, key, by, article=article)


@transaction.atomic
def finish_visit(visit_id: int, outcome: VisitOutcome, text: str, *, key: str, by: User) -> VisitDeed:
    """
    Leave, and say what came of it, for colleagues.

    :raises NotAllowed: if the visit is another's, the agent is not there, or nothing is said
    """
    ticket, visit = _held(visit_id, by)
    if known := _known(visit, DeedKind.FINISH, key):
        said = known.article.text if known.article else ""
        _must_be_same((visit.outcome, said) == (outcome, text.strip()))
        return known
    visit.finish(outcome, at=now())
    visit.save(update_fields=["status", "outcome", "ended_at"])
    article = _noted(ticket, text, key=_key_of(visit, key), by=by)
    record(ticket, VisitMade(ticket_id=ticket.pk, visit_id=visit.pk, outcome=outcome), by=by)
    return _done(visit, DeedKind.FINISH, key, by, article=article)


@transaction.atomic
def follow_visit(visit_id: int) -> None:
    """
    Let a ticket go on after a visit: what works is resolved, and its customer asked; what stays open is somebody's.

    Where it works but only a person can resolve it, the time to restore ends all the same.
    """
    visit = Visit.objects.select_related("ticket").get(pk=visit_id)
    if visit.outcome == VisitOutcome.PUT_RIGHT and not _is_resolved(visit):
        with suppress(NotAllowed):  # no such time runs
            restore_service(visit.ticket_id, by=None)
    route_ticket(visit.ticket_id, cause=RoutingCause.BY_HAND)


def _is_resolved(visit: Visit) -> bool:
    """Resolve a ticket by its visit, and tell whether that was possible."""
    code = ENDS_AT_THE_DOOR.get(visit.ticket.type)
    if code == ResolutionCode.RESTORED and visit.deeds.filter(kind=DeedKind.SWAP).exists():
        code = ResolutionCode.REPLACED
    if code is None:
        return False
    try:
        resolve_ticket(visit.ticket_id, code, "", by=None)
    except NotAllowed:  # a part of it is open, or it has ended
        return False
    return True


def _noted(ticket: Ticket, text: str, *, key: str, by: User, upload: Upload | None = None) -> Article:
    article = write_article(
        ticket, text, kind=ArticleKind.NOTE, key=key, by=by, channel=TicketChannel.DOOR, at=now(),
        uploads=[upload] if upload else (),
    )  # fmt: skip
    record(ticket, TicketNoted(ticket_id=ticket.pk, article_id=article.pk), by=by)
    return article


def _held(visit_id: int, by: User) -> tuple[Ticket, Visit]:
    """
    Hold a visit and its ticket, in this order, for its agent or whoever works on the ticket.

    :raises NotAllowed: if it is another's
    """
    ticket = locked(Visit.objects.values_list("ticket", flat=True).get(pk=visit_id))
    visit = Visit.objects.locked().select_related("division").get(pk=visit_id)
    is_theirs = visit.agent_id == by.pk and can(by, Permission.MAKE_VISITS, visit.division)
    if not is_theirs and not can_work(by, ticket):
        raise NotAllowed(_("This is not your visit."), code="not_permitted")
    return ticket, visit


def _must_be_there(visit: Visit) -> None:
    if visit.status != VisitStatus.ARRIVED:
        raise NotAllowed(_("Say first that you have arrived."), code="not_there")


def _key_of(visit: Visit, key: str) -> str:
    return f"visit:{visit.pk}:{key}"


def _known(visit: Visit, kind: DeedKind, key: str) -> VisitDeed | None:
    """
    Return what was done under a key before.

    :raises NotAllowed: if that was something else
    """
    known = VisitDeed.objects.filter(key=_key_of(visit, key)).select_related("old", "new", "article").first()
    _must_be_same(known is None or known.kind == kind)
    return known


def _must_be_same(is_same: bool) -> None:  # noqa: FBT001  # what it is about
    if not is_same:
        message = _("This form was sent before, with something else in it. Open the visit again.")
        raise NotAllowed(message, code="other_content")


def _done(  # noqa: PLR0913
    visit: Visit,
    kind: DeedKind,
    key: str,
    by: User,
    *,
    old: Equipment | None = None,
    new: Equipment | None = None,
    article: Article | None = None,
) -> VisitDeed:
    return VisitDeed.objects.create(
        key=_key_of(visit, key), visit=visit, kind=kind, by=by, at=now(), old=old, new=new, article=article
    )

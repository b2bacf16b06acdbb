"""What a person may do with a ticket as it stands: each a form, one service and a word about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.forms import Form
from django.http import QueryDict
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy as _

from foundation.lifecycle import NotAllowed
from foundation.people.models import User
from foundation.people.queries import can
from foundation.people.states import Permission
from interfaces.desk.doings import Offered
from interfaces.desk.forms import ConfirmForm
from interfaces.desk.ticket_forms import (
    AboutForm,
    CopyForm,
    DeclineForm,
    EscalateForm,
    FileNoteForm,
    HandOverForm,
    HoldTicketForm,
    OtherTicketForm,
    ParentForm,
    PendForm,
    PriorityForm,
    ResolveForm,
    StopCopyingForm,
    TicketNoteForm,
    TypeForm,
    key_of,
)
from interfaces.desk.visit_forms import TaskForm, VisitForm, booking_of, to_do_of
from tickets import services
from tickets.models import Ticket
from tickets.queries import can_work, may_reopen
from tickets.queries.sla import is_to_be_restored
from tickets.queries.visits import visit_under_way
from tickets.services import checked_uploads
from tickets.states import (
    HOLD_REASONS_OF,
    ChildPolicy,
    HoldReason,
    PendingReason,
    TicketStatus,
    TicketType,
    VisitStatus,
)

Answers = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class TicketDoing:
    """Something to do with a ticket."""

    label: str | Promise
    done: str | Promise
    done_unwritten: str | Promise = ""
    """What was done where there is no address to write to; empty: `done` holds there, too."""
    applies: Callable[[Ticket, User], bool]
    do: Callable[[Ticket, Answers, User], object]
    form: Callable[..., Form] = ConfirmForm
    """A form's class, or what makes one of a ticket and a person."""
    needs_ticket: bool = False
    needs_user: bool = False
    key: str = ""
    is_grave: bool = False
    explanation: str | Promise = ""
    button: str | Promise = ""
    """What the button says; empty: the label, where that says what is done."""


def offered(ticket: Ticket, user: User) -> list[Offered]:
    """Return what a person may do with a ticket, the most likely first."""
    if not can_work(user, ticket):
        return []
    return [
        Offered(doing.label, reverse("desk:ticket_do", args=[ticket.number, name]), doing.key, doing.is_grave)
        for name, doing in DOINGS.items()
        if doing.applies(ticket, user)
    ]


def form_of(
    doing: TicketDoing, ticket: Ticket, user: User, data: QueryDict | None, files: MultiValueDict[str, Any] | None
) -> Form:
    """Make the form of something to do."""
    known: dict[str, Any] = {"ticket": ticket} if doing.needs_ticket else {}
    if doing.needs_user:
        known["user"] = user
    return doing.form(data, files, **known)


def _is_open(ticket: Ticket, _user: User) -> bool:
    return ticket.is_open


def _stands(*ways: TicketStatus) -> Callable[[Ticket, User], bool]:
    return lambda ticket, _user: any(ticket.can_move(way) for way in ways)


def _can_take(ticket: Ticket, user: User) -> bool:
    return ticket.is_open and ticket.owner_id is None and bool(user.pk)


def _can_take_over(ticket: Ticket, user: User) -> bool:
    return ticket.is_open and ticket.owner_id not in (None, user.pk)


def _can_lay_back(ticket: Ticket, user: User) -> bool:
    is_theirs = ticket.owner_id == user.pk
    return (
        ticket.is_open and bool(ticket.owner_id) and (is_theirs or can(user, Permission.ASSIGN_WORK, ticket.division))
    )


def _can_go_on(ticket: Ticket, _user: User) -> bool:
    return ticket.is_open and ticket.status in (TicketStatus.PENDING, TicketStatus.HELD)


def _can_wait(ticket: Ticket, _user: User) -> bool:
    return ticket.can_move(TicketStatus.PENDING) or (ticket.is_open and ticket.status == TicketStatus.PENDING)


def _can_be_restored(ticket: Ticket, _user: User) -> bool:
    return ticket.is_open and is_to_be_restored(ticket)


def _can_be_held(ticket: Ticket, _user: User) -> bool:
    return ticket.can_move(TicketStatus.HELD) and bool(HOLD_REASONS_OF[TicketType(ticket.type)])


def _can_be_called_off(ticket: Ticket, _user: User) -> bool:
    return ticket.can_move(TicketStatus.CANCELLED) and ticket.type != TicketType.COMPLAINT


def _has_not_been_merged(ticket: Ticket, _user: User) -> bool:
    return not ticket.merged_into_id


def _copies_somebody(ticket: Ticket, _user: User) -> bool:
    return any(participant.is_copied for participant in ticket.participants.all())


def _may_be_visited(ticket: Ticket, _user: User) -> bool:
    return ticket.is_open and bool(ticket.premises_id) and visit_under_way(ticket) is None


def _is_to_be_visited(ticket: Ticket, _user: User) -> bool:
    visit = visit_under_way(ticket)
    return visit is not None and visit.can_move(VisitStatus.MOVED)


def _visit_of(ticket: Ticket) -> int:
    """
    Return the visit of a ticket that is moved or called off.

    :raises NotAllowed: if there is none any more
    """
    visit = visit_under_way(ticket)
    if visit is None:
        raise NotAllowed(gettext("No visit is booked."), code="no_visit")
    return visit.pk


def _note(ticket: Ticket, answers: Answers, user: User) -> object:
    uploads = checked_uploads(answers["uploads"])
    return services.note_ticket(ticket.pk, answers["text"], by=user, key=key_of(answers["key"], user), uploads=uploads)


def _wait(ticket: Ticket, answers: Answers, user: User) -> object:
    if not answers["question"].strip():
        return services.pend_ticket(ticket.pk, PendingReason(answers["reason"]), by=user)
    key = key_of(answers["key"], user)
    return services.ask_and_wait(ticket.pk, answers["question"], key=key, seen=answers["seen"], by=user)


DOINGS: Mapping[str, TicketDoing] = {
    "take": TicketDoing(
        label=_("Take it"), done=_("It is yours."), applies=_can_take, key="t",
        do=lambda ticket, _answers, user: services.take_ticket(ticket.pk, by=user),
    ),
    "take-over": TicketDoing(
        label=_("Take it over"), done=_("It is yours."), applies=_can_take_over,
        explanation=_("It is taken from whoever has it now."),
        do=lambda ticket, _answers, user: services.take_over_ticket(ticket.pk, by=user),
    ),
    "note": TicketDoing(
        label=_("Internal note"), button=_("Keep the note"), done=_("Noted for colleagues."), applies=_has_not_been_merged, form=FileNoteForm, do=_note,
        key="n", explanation=_("The customer never reads this."),
    ),
    "phone": TicketDoing(
        label=_("Note a call"), done=_("Noted what the customer said."), applies=_has_not_been_merged,
        form=TicketNoteForm, key="c", explanation=_(
            "Counts as a reply of the customer, who can read it. Where there is no e-mail address, it is our answer, too."
        ),
        do=lambda ticket, answers, user: services.note_phone_call(
            ticket.pk, answers["text"], by=user, key=key_of(answers["key"], user)
        ),
    ),
    "restored": TicketDoing(
        label=_("Works again"), done=_("Noted: the service works again."), applies=_can_be_restored,
        explanation=_("The time to restore stops. The ticket stays open until it is put right."),
        do=lambda ticket, _answers, user: services.restore_service(ticket.pk, by=user),
    ),
    "resolve": TicketDoing(
        label=_("Resolve"), done=_("It is resolved. The customer is asked whether it is fixed."), form=ResolveForm,
        done_unwritten=_("It is resolved. There is no e-mail address: nobody is asked whether it is fixed."),
        applies=_stands(TicketStatus.RESOLVED), needs_ticket=True, key="r",
        do=lambda ticket, answers, user: services.resolve_ticket(
            ticket.pk, answers["code"], answers["text"], by=user
        ),
    ),
    "go-on": TicketDoing(
        label=_("Go on"), done=_("It is in progress."), applies=_can_go_on, key="g",
        do=lambda ticket, _answers, user: services.continue_ticket(ticket.pk, by=user),
    ),
    "wait": TicketDoing(
        label=_("Let it wait"), done=_("It waits."), applies=_can_wait, form=PendForm, needs_ticket=True, key="w", do=_wait,
    ),
    "hold": TicketDoing(
        label=_("Put on hold"), done=_("It is on hold."), applies=_can_be_held, form=HoldTicketForm, needs_ticket=True,
        do=lambda ticket, answers, user: services.hold_ticket(ticket.pk, HoldReason(answers["reason"]), by=user),
    ),
    "close": TicketDoing(
        label=_("Close"), done=_("It is closed."), applies=_stands(TicketStatus.CLOSED),
        do=lambda ticket, _answers, user: services.close_ticket(ticket.pk, by=user),
    ),
    "reopen": TicketDoing(
        label=_("Reopen"), done=_("It is open again."), applies=lambda ticket, _user: may_reopen(ticket),
        do=lambda ticket, _answers, user: services.reopen_ticket(ticket.pk, by=user),
    ),
    "task": TicketDoing(
        label=_("Add a task"), done=_("The task is added."), applies=_is_open, form=TaskForm, needs_ticket=True,
        needs_user=True,
        do=lambda ticket, answers, user: services.add_task(ticket.pk, to_do_of(answers, ticket), key=answers["key"], by=user),
    ),
    "visit": TicketDoing(
        label=_("Book a visit"), done=_("The visit is booked."), applies=_may_be_visited, form=VisitForm,
        needs_ticket=True, key="v",
        do=lambda ticket, answers, user: services.book_visit(
            ticket.pk, booking_of(answers, ticket), key=answers["key"], by=user
        ),
    ),
    "move-visit": TicketDoing(
        label=_("Move the visit"), done=_("The visit is moved."), applies=_is_to_be_visited, form=VisitForm,
        needs_ticket=True, key="v",
        explanation=_("Another visit takes its place. The one that was booked stays in the history."),
        do=lambda ticket, answers, user: services.move_visit(
            _visit_of(ticket), booking_of(answers, ticket), key=answers["key"], by=user
        ),
    ),
    "call-off-visit": TicketDoing(
        label=_("Call off the visit"), done=_("Nobody comes."), applies=_is_to_be_visited, is_grave=True,
        explanation=_("Nobody comes. A ticket that waits for the visit goes on."),
        do=lambda ticket, _answers, user: services.call_off_visit(_visit_of(ticket), by=user),
    ),
    "hand-over": TicketDoing(
        label=_("Hand over"), done=_("It is handed over."), applies=_is_open, form=HandOverForm, needs_ticket=True,
        needs_user=True, key="h",
        do=lambda ticket, answers, user: services.hand_over_with_note(
            ticket.pk, answers["to"], team=answers["team"], note=answers["note"],
            key=key_of(answers["key"], user), by=user,
        ),
    ),
    "lay-back": TicketDoing(
        label=_("Lay it back"), done=_("It is there for others."), applies=_can_lay_back,
        do=lambda ticket, _answers, user: services.release_ticket(ticket.pk, by=user),
    ),
    "priority": TicketDoing(
        label=_("Priority"), button=_("Change the priority"), done=_("The priority is changed."), applies=_is_open, form=PriorityForm, key="p",
        do=lambda ticket, answers, user: services.set_priority(
            ticket.pk, answers["priority"], answers["reason"], by=user
        ),
    ),
    "type": TicketDoing(
        label=_("Type"), button=_("Change the type"), done=_("The type is changed. Where another team does these, it goes there."), applies=_is_open, form=TypeForm,
        do=lambda ticket, answers, user: services.set_type(ticket.pk, TicketType(answers["type"]), by=user),
    ),
    "about": TicketDoing(
        label=_("What it is about"), button=_("Note what it is about"),
        done=_("Noted what it is about. What is promised follows it."), form=AboutForm,
        applies=lambda ticket, _user: ticket.is_open and bool(ticket.customer_id), needs_ticket=True, needs_user=True,
        do=lambda ticket, answers, user: services.set_account(ticket.pk, *answers["about"], by=user),
    ),
    "escalate": TicketDoing(
        label=_("Escalate"), done=_("Noted who looks at it."), applies=_is_open, form=EscalateForm,
        do=lambda ticket, answers, user: services.escalate_ticket(
            ticket.pk, answers["level"], answers["reason"] or None, by=user
        ),
    ),
    "merge": TicketDoing(
        label=_("Merge"), done=_("It goes on as the other ticket."), applies=_has_not_been_merged, form=OtherTicketForm,
        needs_ticket=True, needs_user=True,
        explanation=_("It keeps all it has and goes on as another ticket of the same customer. It can be parted again."),
        do=lambda ticket, answers, user: services.merge_ticket(ticket.pk, answers["number"].pk, by=user),
    ),
    "part": TicketDoing(
        label=_("Part it again"), done=_("It goes on by itself, as it was."),
        applies=lambda ticket, _user: bool(ticket.merged_into_id),
        explanation=_(
            "Its promises go on with the time that they had used. What was said since the merge stays on the other ticket, "
            "where it was read and answered; split off there what belongs to this one."
        ),
        do=lambda ticket, _answers, user: services.unmerge_ticket(ticket.pk, by=user),
    ),
    "part-of": TicketDoing(
        label=_("Part of another"), button=_("Make it a part of that"), done=_("It is part of the other ticket."),
        applies=lambda ticket, _user: ticket.is_open and not ticket.parent_id, form=ParentForm, needs_ticket=True,
        needs_user=True,
        do=lambda ticket, answers, user: services.attach_child(
            ticket.pk, answers["number"].pk, ChildPolicy(answers["policy"]), by=user
        ),
    ),
    "detach": TicketDoing(
        label=_("Detach: still down"), done=_("It stands by itself."),
        applies=lambda ticket, _user: bool(ticket.parent_id) and not ticket.merged_into_id,
        do=lambda ticket, _answers, user: services.detach_child(ticket.pk, by=user),
    ),
    "copy": TicketDoing(
        label=_("Copy somebody"), done=_("Our answers go there, too, from now on."), applies=_has_not_been_merged,
        form=CopyForm, explanation=_("Our answers go to the requester, whoever wrote last, and to whom you add here."),
        do=lambda ticket, answers, user: services.add_participant(
            ticket.pk, email=answers["email"], name=answers["name"], by=user
        ),
    ),
    "stop-copying": TicketDoing(
        label=_("Stop copying"), done=_("Our answers no longer go there."), applies=_copies_somebody,
        form=StopCopyingForm, needs_ticket=True,
        do=lambda _ticket, answers, user: services.stop_copying(answers["participant"].pk, by=user),
    ),
    "decline": TicketDoing(
        label=_("Decline"), done=_("It is declined."), applies=_stands(TicketStatus.REJECTED), form=DeclineForm,
        is_grave=True,
        do=lambda ticket, answers, user: services.reject_ticket(ticket.pk, answers["text"], by=user),
    ),
    "cancel": TicketDoing(
        label=_("Call off"), done=_("It is called off."), applies=_can_be_called_off, is_grave=True,
        do=lambda ticket, _answers, user: services.cancel_ticket(ticket.pk, by=user),
    ),
}  # fmt: skip
"""By the name in the address, the most likely first."""

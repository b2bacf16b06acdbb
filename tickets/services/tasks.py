"""What people have to do for a ticket."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User
from tickets.events import TaskAdded, TaskDone, TaskDropped
from tickets.models import Task
from tickets.queries import can_work
from tickets.services.rows import locked_for_work, locked_though_merged, must_be_same, record
from tickets.states import TaskKind, TaskStatus


@dataclass(frozen=True, kw_only=True)
class ToDo:
    """What is to be done, by whom and until when."""

    kind: TaskKind
    text: str
    who: User
    due_at: datetime


@transaction.atomic
def add_task(ticket_id: int, to_do: ToDo, *, key: str, by: User | None) -> Task:
    """
    Write down that somebody has to do something for a ticket; the same key again returns the same task.

    :raises NotAllowed: if the person may not, the key was another task's, the ticket has ended, nothing is said, it is due in the past, or who is to
        do it cannot work on the ticket
    """
    ticket = locked_for_work(ticket_id, by)
    if known := Task.objects.filter(key=key).first():
        said = (ticket.pk, to_do.kind, _words(to_do), to_do.who.pk, to_do.due_at)
        must_be_same((known.ticket_id, known.kind, known.text, known.who_id, known.due_at) == said)
        return known
    if not ticket.is_open:
        raise NotAllowed(_("It has ended."), code="ended")
    if not to_do.text.strip():
        raise NotAllowed(_("Say what is to be done."), code="empty", field="text")
    if to_do.due_at <= now():
        raise NotAllowed(_("That is past. Choose a later time."), code="past", field="due_at")
    if not to_do.who.is_active or not can_work(to_do.who, ticket):
        message = _("%(person)s does not work on this ticket.") % {"person": to_do.who}
        raise NotAllowed(message, code="wrong_person", field="who")
    task = Task.objects.create(
        key=key, division=ticket.division, ticket=ticket, kind=to_do.kind, text=_words(to_do), who=to_do.who,
        due_at=to_do.due_at, added_by=by,
    )  # fmt: skip
    record(ticket, TaskAdded(ticket_id=ticket.pk, task_id=task.pk, kind=task.kind), by=by)
    return task


def _words(to_do: ToDo) -> str:
    return to_do.text.strip()[:200]


@transaction.atomic
def end_task(task_id: int, to: TaskStatus, *, by: User) -> Task:
    """
    Say that a task is done, or need not be done, also of a ticket that was merged since.

    :raises NotAllowed: if the person may not, or it has ended
    """
    ticket = locked_though_merged(Task.objects.values_list("ticket", flat=True).get(pk=task_id), by)
    task = Task.objects.locked().get(pk=task_id)
    task.end(to, at=now(), by=by)
    task.save(update_fields=["status", "ended_at", "ended_by"])
    fact = TaskDone if to == TaskStatus.DONE else TaskDropped
    record(ticket, fact(ticket_id=ticket.pk, task_id=task.pk, kind=task.kind), by=by)
    return task

"""The way through a symptom: which step comes next, given what was answered and what the equipment said."""

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from typing import TypeVar

from django.conf import settings
from django.db.models import Prefetch, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy as _, override

from accounts.models import Account
from foundation.divisions.models import Division
from territory.states import ProductFamily
from tickets.models import Alert, Choice, Probe, Step, Symptom, Task, Ticket, Visit, WaitingTicket
from tickets.states import Ending, Finding, Matter, Priority, StepKind

Row = TypeVar("Row", Alert, Task, Visit, WaitingTicket)

SKIPPED = "skipped"
"""What is kept as the answer to a step that nobody answered."""
READING = "reading"
"""Under which the finding of the last reading is kept, whatever the code of the step that asked for it."""
ENDING = "leads_to"
"""Under which it is kept where the way led."""


def symptoms_for(division: Division, family: str = "") -> QuerySet[Symptom]:
    """Return the symptoms that are offered in a division, those of one family or of all, as they are listed."""
    offered = Symptom.objects.filter(division__in=division.lineage, is_active=True)
    return offered.filter(family=family) if family else offered


def symptoms_met_in(division: Division) -> QuerySet[Symptom]:
    """Return the symptoms that tickets of a division and of those below it can have, by family, as they are listed."""
    below = Q(division__in=Division.objects.under(division))
    return Symptom.objects.filter(below | Q(division__in=division.lineage), is_active=True)


DETAILS = {
    "family": _("What does not work"),
    "matter": _("What it is about"),
    "bill": _("Bill"),
    "amount": _("Amount"),
    "wish": _("What would put it right"),
    "wished_on": _("From"),
}
"""What is asked of tickets that are no trouble, by the names under which the answers are kept."""


@dataclass(frozen=True)
class Branch:
    """A symptom as it is listed: how deep, and whether it is chosen or only holds others."""

    symptom: Symptom
    depth: int
    has_more: bool


def tree_of(symptoms: QuerySet[Symptom]) -> list[Branch]:
    """Return symptoms as a tree, each below its parent, in one statement."""
    below: dict[int | None, list[Symptom]] = {}
    listed = list(symptoms)
    known = {symptom.pk for symptom in listed}
    for symptom in listed:
        below.setdefault(symptom.parent_id if symptom.parent_id in known else None, []).append(symptom)

    def branches(parent: int | None, depth: int) -> list[Branch]:
        found = []
        for symptom in below.get(parent, []):
            found += [Branch(symptom, depth, symptom.pk in below), *branches(symptom.pk, depth + 1)]
        return found

    return branches(None, 0)


def symptom_by_code(code: str, division: Division) -> Symptom | None:
    """Return a symptom that is offered in a division, with its steps and their answers, in three statements."""
    steps = Step.objects.order_by("position").prefetch_related(
        Prefetch("choices", Choice.objects.order_by("position", "pk"))
    )
    return symptoms_for(division).prefetch_related(Prefetch("steps", steps)).filter(code=code).first()


@dataclass(frozen=True)
class Taken:
    """A step that lies behind, and what was answered; no choice where it was skipped, or the tree has none for it."""

    step: Step
    answer: str
    choice: Choice | None


@dataclass(frozen=True)
class Walk:
    """How far somebody is on the way through a symptom."""

    symptom: Symptom
    taken: tuple[Taken, ...]
    current: Step | None
    """What is asked next; None: nothing more."""
    finding: str

    @property
    def missing(self) -> Step | None:
        """Return the step without which there is no ticket, if one is still to come."""
        return self.current if self.current and self.current.is_required else None

    @property
    def ending(self) -> str:
        """Return where it led, an `Ending`; empty where nobody said, or it goes on."""
        last = self.taken[-1].choice if self.taken else None
        return last.ending if last and self.current is None else ""

    @property
    def priority(self) -> Priority:
        """Return how urgent it is: what the last answer that says so says, else the symptom."""
        said = [taken.choice.priority for taken in self.taken if taken.choice and taken.choice.priority]
        return Priority(said[-1] if said else self.symptom.priority)

    @property
    def answers(self) -> dict[str, str]:
        """Return what is kept on the ticket, for whoever works on it and for routing."""
        kept = {taken.step.code: taken.answer for taken in self.taken}
        was_read = any(taken.step.kind == StepKind.READING for taken in self.taken)
        if was_read or self.finding not in ("", Finding.UNKNOWN):
            kept[READING] = self.finding
        return {**kept, ENDING: self.ending} if self.ending else kept


def walk(symptom: Symptom, said: Mapping[str, str], *, finding: str = "") -> Walk:
    """
    Follow the answers from the first step as far as they lead.

    An answer that the tree does not have counts as none. It goes forwards only, so it always ends.

    :param symptom: of `symptom_by_code`
    :param said: the codes of steps and of answers; `SKIPPED` for a step that may be
    :param finding: of the last reading, a `Finding`; empty: none was made
    """
    steps = list(symptom.steps.all())
    taken: list[Taken] = []
    current = steps[0] if steps else None
    while current:
        answer = finding if current.kind == StepKind.READING else said.get(current.code, "")
        choice = next((choice for choice in current.choices.all() if choice.code == answer), None)
        is_read = current.kind == StepKind.READING and bool(answer)
        is_passed = is_read or (answer == SKIPPED and not current.is_required)
        if choice is None and not is_passed:
            break
        taken.append(Taken(current, answer, choice))
        current = _after(current, choice, steps)
    return Walk(symptom, tuple(taken), current, finding)


def _after(step: Step, choice: Choice | None, steps: list[Step]) -> Step | None:
    later = [other for other in steps if other.position > step.position]
    if choice is None:
        return later[0] if later else None
    return next((other for other in later if other.pk == choice.next_step_id), None)


def probe_of(intake_key: str, account: Account | None) -> Probe | None:
    """Return the last reading that was made of an account's equipment in a conversation."""
    if not intake_key or account is None:
        return None
    made = Probe.objects.filter(intake_key=intake_key, equipment__account=account)
    return made.select_related("equipment__account__premises__division").order_by("pk").last()


def finding_of(probe: Probe | None, *, has_device: bool) -> str:
    """Return what a way through a symptom goes on with: where there is no device, nothing can be read."""
    if probe:
        return probe.finding
    return "" if has_device else Finding.UNKNOWN.value


def answers_in_words(ticket: Ticket) -> list[tuple[str, str]]:
    """Return what was asked before there was a ticket, and what was answered, in words; a code where its words are gone."""
    answers = {name: str(answer) for name, answer in ticket.answers.items()}
    if not ticket.symptom:
        return [(str(DETAILS[name]), _plain(answer)) for name, answer in answers.items() if name in DETAILS]
    symptom = Symptom.objects.filter(code=ticket.symptom).prefetch_related("steps__choices").first()
    steps = sorted(symptom.steps.all(), key=lambda step: step.position) if symptom else []
    words = [(str(_("Symptom")), str(symptom or ticket.symptom))]
    words += [(str(step.texts), _said(step, answers[step.code])) for step in steps if step.code in answers]
    return [*words, (str(_("It leads to")), _plain(answers[ENDING]))] if ENDING in answers else words


def _said(step: Step, answer: str) -> str:
    choice = next((choice for choice in step.choices.all() if choice.code == answer), None)
    return str(choice) if choice else _plain(answer)


def _plain(answer: str) -> str:
    for kind in (Finding, Ending, Matter, ProductFamily):
        if answer in kind.values:
            return str(kind(answer).label)
    return answer


def with_subjects_in_words(tickets: Iterable[Ticket], language: str = "") -> list[Ticket]:
    """
    Return tickets with their subjects as customers read them, to be shown and never saved, in one statement.

    A subject that the intake took from the symptom or the matter is that one's name in a language; what somebody wrote
    stays as they wrote it.

    :param language: empty: the active one
    """
    listed = list(tickets)
    codes = {ticket.symptom for ticket in listed if ticket.symptom}
    symptoms = {one.code: one for one in Symptom.objects.filter(code__in=codes)} if codes else {}
    with override(language or get_language()):
        return [_in_words(ticket, symptoms.get(ticket.symptom)) for ticket in listed]


def with_ticket_in_words(rows: Iterable[Row]) -> list[Row]:
    """
    Return rows that are about a ticket each, with its subject as `with_subjects_in_words` gives it: one statement.

    The tickets are read already, else each costs a statement; the rows are to be shown and never saved.
    """
    listed = list(rows)
    for row, ticket in zip(listed, with_subjects_in_words(row.ticket for row in listed), strict=True):
        row.ticket = ticket
    return listed


def subject_in_words(ticket: Ticket, language: str = "") -> str:
    """Return a ticket's subject as `with_subjects_in_words` does."""
    return with_subjects_in_words([ticket], language)[0].subject


def _in_words(ticket: Ticket, symptom: Symptom | None) -> Ticket:
    """Return a ticket whose subject is in the active language, where it is a name that we have in that."""
    shown = copy(ticket)
    if symptom:
        is_its_name = ticket.subject in (symptom.code, *symptom.names.values())
        shown.subject = str(symptom) if is_its_name else ticket.subject
    elif (matter := ticket.answers.get("matter")) in Matter.values:
        label = Matter(matter).label
        is_its_name = ticket.subject in [_in_language(label, code) for code, _name in settings.LANGUAGES]
        shown.subject = str(label) if is_its_name else ticket.subject
    return shown


def _in_language(words: Promise | str, language: str) -> str:
    """Return words that are translated when they are read as they read in a language."""
    with override(language):
        return str(words)


def families_asked(division: Division) -> list[ProductFamily]:
    """Return the families of which a division offers symptoms."""
    asked = set(symptoms_for(division).values_list("family", flat=True))
    return [family for family in ProductFamily if family in asked]

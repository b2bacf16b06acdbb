"""Say that one is there, do several things at once, and put right whose a ticket is, and about what."""

from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Account, Customer
from accounts.queries import only_account_of
from foundation.events.facts import Fact
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User
from foundation.worklist.models import Team
from orders.models import InstalledService
from tickets.events import AccountChanged, CustomerChanged, MacroUsed, ParticipantDropped
from tickets.models import Article, Departure, Doing, Macro, MacroUse, Presence, Ticket
from tickets.queries import can_work, macros_for, why_elsewhere, word_ahead
from tickets.queries.visits import visit_under_way
from tickets.services.conversation import answer_ticket, note_ticket, take_back_answer
from tickets.services.moves import note_question, pend_ticket, resolve_ticket
from tickets.services.opening import Requester
from tickets.services.rows import hold_with_parts, locked_for_work, moved, record
from tickets.services.working import hand_over_ticket, set_priority, take_ticket
from tickets.states import MacroEnd, PendingReason, Priority, ResolutionCode

THINKING = timedelta(seconds=30)
"""So long after the last key somebody is said to write; less than until they are said to be gone."""


def note_presence(ticket: Ticket, doing: Doing, *, by: User) -> None:
    """
    Keep that somebody has a ticket open now, and whether they write. It stops nobody.

    Whoever has just typed still writes while they think: that their page is open says nothing new then.

    :raises NotAllowed: if they do not work on it
    """
    if not can_work(by, ticket):
        raise NotAllowed(_("Your role does not let you work on this ticket."), code="not_permitted")
    at = now()
    just_typed = Presence.objects.filter(ticket=ticket, user=by, doing=Doing.REPLYING, seen_at__gt=at - THINKING)
    if doing == Doing.VIEWING and just_typed.exists():
        return
    Presence.objects.update_or_create(ticket=ticket, user=by, defaults={"doing": doing, "seen_at": at})


@transaction.atomic
def use_macro(  # noqa: PLR0913  # what, having read what: each has a name
    ticket_id: int, macro_id: int, *, text: str, seen: int, key: str, by: User
) -> Ticket:
    """
    Do what a macro does, all of it or nothing: set fields, write to the customer, let it wait or resolve it.

    The same key again does nothing more.

    :param text: the reply as it was shown before, and perhaps changed; empty where the macro writes none
    :param seen: the version of the ticket that was shown
    :raises NotAllowed: if one of these is refused; nothing was done then. Also if the key did something else before
    """
    hold_with_parts(ticket_id)
    ticket = locked_for_work(ticket_id, by)
    if known := MacroUse.objects.filter(key=key).first():
        if (known.ticket_id, known.macro_id, known.text) != (ticket_id, macro_id, text.strip()):
            raise NotAllowed(_("Something else was sent from this form already. Reload the page."), code="sent")
        return ticket
    macro = macros_for(ticket).filter(pk=macro_id).first()
    if macro is None:
        raise NotAllowed(_("There is no such macro here."), code="unknown")
    MacroUse.objects.create(key=key, ticket=ticket, macro=macro, text=text.strip(), by=by)
    _do(macro, ticket, text, seen=seen, key=key, by=by)
    ticket = locked_for_work(ticket_id, by)
    record(ticket, MacroUsed(ticket_id=ticket.pk, macro_id=macro.pk, macro=macro.name), by=by)
    return ticket


def _do(macro: Macro, ticket: Ticket, text: str, *, seen: int, key: str, by: User) -> None:  # noqa: PLR0913
    """Do what a macro does to a locked ticket, one service after the other."""
    if macro.takes and ticket.owner_id != by.pk:
        take_ticket(ticket.pk, by=by)
    if macro.priority and macro.priority != ticket.priority:
        set_priority(ticket.pk, Priority(macro.priority), macro.name, by=by)
    said = answer_ticket(ticket.pk, text, key=f"macro:{key}", by=by, seen=seen) if text.strip() else None
    if macro.end == MacroEnd.WAIT:
        _wait_for_customer(ticket.pk, said, by=by)
    if macro.end == MacroEnd.RESOLVE:
        resolve_ticket(ticket.pk, ResolutionCode(macro.resolution), "", by=by)


def _wait_for_customer(ticket_id: int, question: Article | None, *, by: User) -> Ticket:
    """
    Let a ticket wait for its customer's answer to a question, also where it waits for that to another.

    :param question: None: what was written last
    :raises NotAllowed: as `pend_ticket` does
    """
    ticket = locked_for_work(ticket_id, by)
    if ticket.reason != PendingReason.CUSTOMER:
        ticket = pend_ticket(ticket_id, PendingReason.CUSTOMER, was_asked=question is not None, by=by)
    if question:
        note_question(ticket, question, by=by)
    return ticket


@transaction.atomic
def ask_and_wait(ticket_id: int, question: str, *, key: str, seen: int | None, by: User) -> Ticket:
    """
    Ask the customer something and let the ticket wait for their answer, both or neither; the same key again does nothing.

    Where they have no e-mail address they were asked on the phone: what was asked is noted for colleagues.

    :param seen: the version of the ticket that was shown; None: whatever it is
    :raises NotAllowed: as `answer_ticket`, `note_ticket` and `pend_ticket` do
    """
    ticket = locked_for_work(ticket_id, by)
    was_done = ticket.articles.filter(key=key).exists()
    if ticket.requester_email:
        asked = answer_ticket(ticket_id, question, key=key, seen=seen, by=by)
    else:
        asked = note_ticket(ticket_id, question, key=key, by=by)
    return locked_for_work(ticket_id, by) if was_done else _wait_for_customer(ticket_id, asked, by=by)


@transaction.atomic
def hand_over_with_note(  # noqa: PLR0913  # what to whom, with what word: each has a name
    ticket_id: int, to: User | None, *, team: Team | None, note: str, key: str, by: User
) -> Ticket:
    """
    Hand a ticket over with a word for whoever gets it, both or neither.

    :param note: for colleagues; may be empty
    :raises NotAllowed: as `note_ticket` and `hand_over_ticket` do
    """
    if note.strip():
        note_ticket(ticket_id, note, key=key, by=by)
    return hand_over_ticket(ticket_id, to, team=team, by=by)


@transaction.atomic
def set_customer(ticket_id: int, customer: Customer, *, confirmed_email: str, by: User) -> Ticket:
    """
    Put right whose a ticket is, and about their account where they have one only. From now on answers go to that customer; those that have not left are taken back.

    Whoever was copied belonged to the other customer: no answer goes there any more, unless staff adds them again. What
    waits for an answer of theirs, wherever they were asked, goes on; not where the same address or number stays.

    :param confirmed_email: to whom answers go from now on, as whoever does it has read and confirmed
    :raises NotAllowed: if the person may not, it is that customer's, of another division, others were merged into it, a
        visit is booked, word that it is resolved is about to leave, or the recipient was not confirmed
    """
    ticket = locked_for_work(ticket_id, by)
    requester = Requester.of(customer)
    if ticket.customer_id == customer.pk:
        raise NotAllowed(_("It is this customer’s."), code="unchanged")
    _must_be_free(ticket)
    if elsewhere := why_elsewhere(customer, ticket, by):
        raise NotAllowed(elsewhere, code="elsewhere")
    if confirmed_email != requester.email:
        message = _("Answers will go to %(email)s. Confirm that.")
        raise NotAllowed(message % {"email": requester.email or "–"}, code="unconfirmed", field="confirmed_email")
    waiting = Departure.objects.filter(article__ticket=ticket, left_at=None, taken_back_at=None)
    for article_id in list(waiting.values_list("article", flat=True)):
        take_back_answer(article_id, by=by)
    ticket = locked_for_work(ticket_id, by)
    before, stood = ticket.customer_id, ticket.status
    if ticket.reason == PendingReason.CUSTOMER and not _reaches_the_same(ticket, requester):
        ticket.start()
    facts: list[Fact] = [moved(ticket, stood, reason=PendingReason.CUSTOMER)] if ticket.status != stood else []
    account = only_account_of(customer)
    ticket.customer, ticket.account, ticket.service = customer, account, None
    ticket.premises = account.premises if account else None
    ticket.requester_name, ticket.requester_email = requester.name, requester.email
    ticket.requester_phone, ticket.language = requester.phone, requester.language
    facts += [ParticipantDropped(ticket_id=ticket.pk, participant_id=pk) for pk in _copied_to_nobody(ticket)]
    record(
        ticket, CustomerChanged(ticket_id=ticket.pk, before=before, after=customer.pk), *facts, by=by,
        changed=[
            "customer", "account", "premises", "service", "requester_name", "requester_email", "requester_phone", "language",
            "status", "reason",
        ],
    )  # fmt: skip
    return ticket


@transaction.atomic
def set_account(ticket_id: int, account: Account, service: InstalledService | None, *, by: User) -> Ticket:
    """
    Say which account of its customer a ticket is about, and which service there; it is about the address of that.

    :param service: None: none in particular
    :raises NotAllowed: if the person may not, the ticket has ended, a visit or an outage goes by the present address, it
        is about this already, or these are not its customer's
    """
    ticket = locked_for_work(ticket_id, by)
    if not ticket.is_open:
        raise NotAllowed(_("It has ended."), code="ended")
    if (ticket.account_id, ticket.service) == (account.pk, service):
        raise NotAllowed(_("It is about this already."), code="unchanged", field="about")
    if ticket.customer_id != account.customer_id or (service and service.account_id != account.pk):
        raise NotAllowed(_("This is not its customer’s."), code="not_theirs", field="about")
    if ticket.outage_id:
        raise NotAllowed(_("An outage explains it. Detach it first."), code="attached", field="about")
    if visit_under_way(ticket):
        message = _("A visit to its customer is not over. Call it off first, or wait until it is.")
        raise NotAllowed(message, code="visit", field="about")
    before = ticket.account
    ticket.account, ticket.service = account, service
    ticket.premises = service.premises if service else account.premises
    fact = AccountChanged(
        ticket_id=ticket.pk, before=before.number if before else "", after=account.number,
        service_id=service.pk if service else None,
    )  # fmt: skip
    record(ticket, fact, by=by, changed=["account", "premises", "service"], about=[before] if before else [])
    return ticket


def _reaches_the_same(ticket: Ticket, requester: Requester) -> bool:
    """Tell whether whoever was asked is who is asked from now on: a requester who was unknown, and is named now."""
    pairs = ((ticket.requester_email, requester.email), (str(ticket.requester_phone or ""), requester.phone))
    return any(had and had == has for had, has in pairs)


def _copied_to_nobody(ticket: Ticket) -> list[int]:
    """Copy our answers to nobody any more, and return to whom they went."""
    copied = ticket.participants.filter(is_copied=True)
    participants = list(copied.order_by("pk").values_list("pk", flat=True))
    copied.update(is_copied=False)
    return participants


def _must_be_free(ticket: Ticket) -> None:
    """
    Let pass a ticket of which nothing is on its way to the customer that it has.

    :raises NotAllowed: if others were merged into it, a visit is booked, or word that it is resolved is about to leave
    """
    if ticket.merged.exists():
        raise NotAllowed(_("Others were merged into it. Part them first."), code="merged")
    if visit_under_way(ticket):
        message = _("A visit to its customer is not over. Call it off first, or wait until it is.")
        raise NotAllowed(message, code="visit")
    if word_ahead(ticket):
        message = _("Its customer is about to be told that it is resolved. Wait for that, or take the resolution back.")
        raise NotAllowed(message, code="notice")

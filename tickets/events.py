"""What happens to tickets."""

from dataclasses import dataclass

from foundation.events.facts import Fact


@dataclass(frozen=True, kw_only=True)
class TicketOpened(Fact, name="tickets.opened"):
    """Somebody reported, asked or complained about something."""

    ticket_id: int
    type: str
    priority: str


@dataclass(frozen=True, kw_only=True)
class TicketMoved(Fact, name="tickets.moved"):
    """A ticket went from one status to another."""

    ticket_id: int
    before: str
    after: str
    reason: str = ""
    """Of waiting, of holding or of the end: a code."""


@dataclass(frozen=True, kw_only=True)
class CustomerAsked(Fact, name="tickets.asked"):
    """A ticket waits for the customer's answer to this: an answer of ours, or the note of what was asked on the phone."""

    ticket_id: int
    article_id: int


@dataclass(frozen=True, kw_only=True)
class TicketResolved(Fact, name="tickets.resolved"):
    """A ticket was put right, as far as we know."""

    ticket_id: int
    code: str
    times: int = 0
    """How often it was reopened before."""


@dataclass(frozen=True, kw_only=True)
class ResolutionLeft(Fact, name="tickets.resolution_left"):
    """The customer is told that a ticket was put right; that cannot be taken back any more."""

    ticket_id: int
    times: int


@dataclass(frozen=True, kw_only=True)
class ResolutionTakenBack(Fact, name="tickets.resolution_taken_back"):
    """That a ticket was put right was taken back before its customer was told."""

    ticket_id: int


@dataclass(frozen=True, kw_only=True)
class TicketReopened(Fact, name="tickets.reopened"):
    """A ticket was not put right after all."""

    ticket_id: int
    times: int


@dataclass(frozen=True, kw_only=True)
class TicketAnswered(Fact, name="tickets.answered"):
    """Staff wrote to the customer; the answer leaves a little later."""

    ticket_id: int
    article_id: int


@dataclass(frozen=True, kw_only=True)
class AnswerLeft(Fact, name="tickets.answer_left"):
    """An answer is on its way and cannot be taken back any more."""

    ticket_id: int
    article_id: int


@dataclass(frozen=True, kw_only=True)
class AnswerTakenBack(Fact, name="tickets.answer_taken_back"):
    """An answer was taken back before it left."""

    ticket_id: int
    article_id: int


@dataclass(frozen=True, kw_only=True)
class CustomerReplied(Fact, name="tickets.customer_replied"):
    """The customer said something, by whatever channel."""

    ticket_id: int
    article_id: int
    channel: str


@dataclass(frozen=True, kw_only=True)
class TicketNoted(Fact, name="tickets.noted"):
    """Staff wrote something down that the customer does not read."""

    ticket_id: int
    article_id: int


@dataclass(frozen=True, kw_only=True)
class TicketTaken(Fact, name="tickets.taken"):
    """A ticket became somebody's."""

    ticket_id: int
    user_id: int
    before: int | None = None
    """Whose it was."""


@dataclass(frozen=True, kw_only=True)
class TicketHandedOver(Fact, name="tickets.handed_over"):
    """A ticket was given to somebody, to a team, or to somebody in a team."""

    ticket_id: int
    user_id: int | None
    team_id: int | None
    before: int | None = None
    """Whose it was."""


@dataclass(frozen=True, kw_only=True)
class TicketReleased(Fact, name="tickets.released"):
    """A ticket became nobody's."""

    ticket_id: int
    before: int


@dataclass(frozen=True, kw_only=True)
class TicketUnplaced(Fact, name="tickets.unplaced"):
    """Nobody can take a ticket: the supervisors see it."""

    ticket_id: int
    why: str


@dataclass(frozen=True, kw_only=True)
class WorkReassigned(Fact, name="tickets.work_reassigned"):
    """Everything of one person was given to others, or that was undone."""

    reassignment_id: int
    user_id: int
    count: int
    is_undone: bool = False


@dataclass(frozen=True, kw_only=True)
class RoutingPutInForce(Fact, name="tickets.routing_put_in_force"):
    """Another routing procedure decides where tickets go."""

    version_id: int
    number: int


@dataclass(frozen=True, kw_only=True)
class PriorityChanged(Fact, name="tickets.priority_changed"):
    """A ticket is more, or less, urgent than it was."""

    ticket_id: int
    before: str
    after: str
    reason: str = ""
    """Why, in the words of whoever made it so; never empty where a person made it less urgent."""


@dataclass(frozen=True, kw_only=True)
class TypeChanged(Fact, name="tickets.type_changed"):
    """A ticket is something else than was thought."""

    ticket_id: int
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class TicketEscalated(Fact, name="tickets.escalated"):
    """Somebody further up looks at a ticket, or no longer does."""

    ticket_id: int
    before: int
    after: int
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class TicketRated(Fact, name="tickets.rated"):
    """The customer said how content they were."""

    ticket_id: int
    score: str


@dataclass(frozen=True, kw_only=True)
class TicketMerged(Fact, name="tickets.merged"):
    """A ticket goes on as another one."""

    ticket_id: int
    into_id: int
    into_number: str


@dataclass(frozen=True, kw_only=True)
class TicketUnmerged(Fact, name="tickets.unmerged"):
    """A ticket goes on by itself again."""

    ticket_id: int
    from_id: int
    from_number: str


@dataclass(frozen=True, kw_only=True)
class TicketSplit(Fact, name="tickets.split"):
    """Something that was said on a ticket became a ticket of its own."""

    ticket_id: int
    new_id: int
    article_id: int
    number: str
    new_number: str


@dataclass(frozen=True, kw_only=True)
class ChildAttached(Fact, name="tickets.child_attached"):
    """A ticket became part of another."""

    ticket_id: int
    parent_id: int
    parent_number: str


@dataclass(frozen=True, kw_only=True)
class ChildDetached(Fact, name="tickets.child_detached"):
    """A ticket stands by itself again."""

    ticket_id: int
    parent_id: int
    parent_number: str


@dataclass(frozen=True, kw_only=True)
class CustomerChanged(Fact, name="tickets.customer_changed"):
    """A ticket turned out to be another customer's; answers go there from now on."""

    ticket_id: int
    before: int | None
    after: int


@dataclass(frozen=True, kw_only=True)
class AccountChanged(Fact, name="tickets.account_changed"):
    """A ticket is about another account of its customer, or another service there, than was thought."""

    ticket_id: int
    before: str
    """The number of the account; empty where none was known."""
    after: str
    service_id: int | None
    """None: it is about no service in particular."""


@dataclass(frozen=True, kw_only=True)
class MacroUsed(Fact, name="tickets.macro_used"):
    """Somebody did several things at once by a macro."""

    ticket_id: int
    macro_id: int
    macro: str


@dataclass(frozen=True, kw_only=True)
class ServiceRestored(Fact, name="tickets.service_restored"):
    """The service works again, though the ticket is not done."""

    ticket_id: int


@dataclass(frozen=True, kw_only=True)
class PromiseNearing(Fact, name="tickets.promise_nearing"):
    """So much of a promised time is used up."""

    ticket_id: int
    clock_id: int
    kind: str
    share: int
    """Percent of the target."""
    moment: str
    """When it was, as ISO 8601."""


@dataclass(frozen=True, kw_only=True)
class PromiseMissed(Fact, name="tickets.promise_missed"):
    """A promised time is over."""

    ticket_id: int
    clock_id: int
    kind: str
    share: int
    moment: str


@dataclass(frozen=True, kw_only=True)
class PromiseOverdue(Fact, name="tickets.promise_overdue"):
    """A promised time has been over for so much of itself."""

    ticket_id: int
    clock_id: int
    kind: str
    share: int
    moment: str


@dataclass(frozen=True, kw_only=True)
class ParticipantAdded(Fact, name="tickets.participant_added"):
    """Our answers go to somebody besides the requester."""

    ticket_id: int
    participant_id: int


@dataclass(frozen=True, kw_only=True)
class ParticipantDropped(Fact, name="tickets.participant_dropped"):
    """Our answers no longer go to somebody besides the requester."""

    ticket_id: int
    participant_id: int


@dataclass(frozen=True, kw_only=True)
class TicketAttached(Fact, name="tickets.attached"):
    """An outage explains a ticket."""

    ticket_id: int
    outage_id: int


@dataclass(frozen=True, kw_only=True)
class TicketDetached(Fact, name="tickets.detached"):
    """A ticket is about something else than an outage, or goes on after it."""

    ticket_id: int
    outage_id: int
    reason: str = ""
    """A `DetachReason`; empty: the outage was over, or called off, when the ticket came back to it."""


@dataclass(frozen=True, kw_only=True)
class OutageMoved(Fact, name="tickets.outage_moved"):
    """An outage was declared, or went from one state to another."""

    outage_id: int
    before: str
    """Empty: it was declared."""
    after: str


@dataclass(frozen=True, kw_only=True)
class OutageWidened(Fact, name="tickets.outage_widened"):
    """An outage affects more than was thought."""

    outage_id: int
    services: int
    """How many more."""


@dataclass(frozen=True, kw_only=True)
class OutageCorrected(Fact, name="tickets.outage_corrected"):
    """An outage began at another time than was declared."""

    outage_id: int
    before: str
    """ISO, as `after`."""
    after: str


@dataclass(frozen=True, kw_only=True)
class OutageTold(Fact, name="tickets.outage_told"):
    """Something was said of an outage that its customers are to be told."""

    outage_id: int
    update_id: int
    stage: str


@dataclass(frozen=True, kw_only=True)
class CreditRunMoved(Fact, name="tickets.credit_run_moved"):
    """Credits for an outage were asked for, approved, sent, answered or discarded."""

    run_id: int
    outage_id: int
    status: str


@dataclass(frozen=True, kw_only=True)
class EquipmentInstalled(Fact, name="tickets.equipment_installed"):
    """A device stands at a customer's."""

    device_id: int
    account_id: int


@dataclass(frozen=True, kw_only=True)
class EquipmentTakenOut(Fact, name="tickets.equipment_taken_out"):
    """A device no longer stands at a customer's."""

    device_id: int
    account_id: int


@dataclass(frozen=True, kw_only=True)
class TaskAdded(Fact, name="tickets.task_added"):
    """Something is to be done for a ticket by a certain time."""

    ticket_id: int
    task_id: int
    kind: str


@dataclass(frozen=True, kw_only=True)
class TaskDone(Fact, name="tickets.task_done"):
    """What was to be done is done."""

    ticket_id: int
    task_id: int
    kind: str


@dataclass(frozen=True, kw_only=True)
class TaskDropped(Fact, name="tickets.task_dropped"):
    """What was to be done need not be done any more."""

    ticket_id: int
    task_id: int
    kind: str


@dataclass(frozen=True, kw_only=True)
class VisitBooked(Fact, name="tickets.visit_booked"):
    """Somebody of ours is to come in a window (ISO 8601, UTC)."""

    ticket_id: int
    visit_id: int
    agent_id: int
    starts_at: str
    ends_at: str


@dataclass(frozen=True, kw_only=True)
class VisitMoved(Fact, name="tickets.visit_moved"):
    """A visit takes the place of another one (ISO 8601, UTC)."""

    ticket_id: int
    visit_id: int
    agent_id: int
    starts_at: str
    ends_at: str
    before_id: int
    before_starts_at: str
    before_ends_at: str


@dataclass(frozen=True, kw_only=True)
class VisitCalledOff(Fact, name="tickets.visit_called_off"):
    """Nobody comes."""

    ticket_id: int
    visit_id: int
    starts_at: str
    ends_at: str


@dataclass(frozen=True, kw_only=True)
class VisitMissed(Fact, name="tickets.visit_missed"):
    """The window of a visit is over, and nobody has arrived."""

    ticket_id: int
    visit_id: int
    starts_at: str
    ends_at: str


@dataclass(frozen=True, kw_only=True)
class AgentSetOff(Fact, name="tickets.agent_set_off"):
    """The agent of a visit is on the way."""

    ticket_id: int
    visit_id: int


@dataclass(frozen=True, kw_only=True)
class AgentArrived(Fact, name="tickets.agent_arrived"):
    """The agent of a visit has arrived: a truck roll more."""

    ticket_id: int
    visit_id: int
    truck_rolls: int
    """For this ticket, this one included."""


@dataclass(frozen=True, kw_only=True)
class DeviceSwapped(Fact, name="tickets.device_swapped"):
    """On a visit, one device took the place of another."""

    ticket_id: int
    visit_id: int
    before: str
    """Serial number; empty: it took nothing's place."""
    after: str


@dataclass(frozen=True, kw_only=True)
class VisitMade(Fact, name="tickets.visit_made"):
    """The agent of a visit has left again."""

    ticket_id: int
    visit_id: int
    outcome: str

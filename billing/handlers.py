"""What billing does when it hears facts: its own."""

from billing.events import SubmissionRequested, WorkOrderConfirmed
from billing.services import apply_waiting_facts, ask_vendor
from foundation.events.facts import subscribe
from foundation.events.models import Event


@subscribe(SubmissionRequested)
def ask_the_vendor(fact: SubmissionRequested, event: Event) -> None:
    """Ask, or look up first; an outage is raised, so that the delivery comes again, later each time."""
    del event
    ask_vendor(fact.submission_id)


@subscribe(WorkOrderConfirmed)
def apply_what_came_too_early(fact: WorkOrderConfirmed, event: Event) -> None:
    """Apply the facts that arrived before the work order was known."""
    del fact
    apply_waiting_facts(event.subject_id)

"""What tests ask of the outbox."""

from foundation.events.facts import Fact
from foundation.events.models import Delivery, Event
from foundation.events.services import deliver_next


def published(*kinds: type[Fact]) -> list[Fact]:
    """Return the facts that were published so far, in order, of some kinds or of all."""
    events = Event.objects.order_by("pk")
    if kinds:
        events = events.filter(name__in=[kind.name for kind in kinds])
    return [event.fact() for event in events]


def drain() -> int:
    """Deliver all that is due, and what becomes due by it; raise what a listener raised."""
    delivered = 0
    while deliver_next():
        delivered += 1
    failed = Delivery.objects.outstanding().exclude(error="").first()
    if failed:
        raise AssertionError(f"{failed} failed:\n{failed.error}")
    return delivered

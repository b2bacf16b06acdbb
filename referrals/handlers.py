"""What referrals hear: of orders, of their own letters, and their own facts."""

from foundation.correspondence.events import (
    AddressSuppressed,
    MessageBounced,
    MessageSent,
    MessagesSent,
    MessageSuppressed,
)
from foundation.events.facts import subscribe
from foundation.events.models import Event
from orders.events import OrderCancelled, OrderCompleted, OrderFailed, OrderRejected, OrderSubmitted
from orders.models import Order
from orders.services import said_in_confirmations
from referrals import services
from referrals.events import FriendsInvited, ReferralInstalled, ReferralMade
from referrals.queries.landing import said_in_letter


@subscribe(OrderSubmitted)
def resolve_order(fact: OrderSubmitted, _event: Event) -> None:
    """Find out who is credited."""
    services.resolve_order(fact.order_id)


@said_in_confirmations
def say_who_sent_them(order: Order) -> str:
    """Find out who is credited, if that was not heard yet, and repeat to the friend what they were promised."""
    services.resolve_order(order.pk)
    return said_in_letter(order)


@subscribe(OrderCompleted)
def record_install(fact: OrderCompleted, _event: Event) -> None:
    """Everything works: the referral is installed."""
    services.record_install(fact.order_id)


@subscribe(OrderCancelled)
def record_cancellation(fact: OrderCancelled, _event: Event) -> None:
    """Nothing comes of the order."""
    services.record_ending(fact.order_id)


@subscribe(OrderRejected)
def record_rejection(fact: OrderRejected, _event: Event) -> None:
    """Nothing comes of the order."""
    services.record_ending(fact.order_id)


@subscribe(OrderFailed)
def record_failure(fact: OrderFailed, _event: Event) -> None:
    """Nothing comes of the order."""
    services.record_ending(fact.order_id)


@subscribe(FriendsInvited)
def write_invitations(fact: FriendsInvited, _event: Event) -> None:
    """Write the letters, and those of others that wait, unless somebody has written these with theirs."""
    if services.are_unwritten(fact.invitation_ids):
        services.write_invitations()


@subscribe(MessageSent)
def record_sent(fact: MessageSent, event: Event) -> None:
    """The mail server took an invitation."""
    services.record_invitations_sent([fact.message_id], at=event.at)


@subscribe(MessagesSent)
def record_many_sent(fact: MessagesSent, event: Event) -> None:
    """The mail server took invitations."""
    services.record_invitations_sent(fact.message_ids, at=event.at)


@subscribe(MessageBounced)
def record_bounce(fact: MessageBounced, _event: Event) -> None:
    """A friend's address does not work."""
    services.record_invitation_bounced(fact.message_id)


@subscribe(MessageSuppressed)
def record_suppressed(fact: MessageSuppressed, _event: Event) -> None:
    """A friend wanted no mail when it was to be sent."""
    services.record_invitation_suppressed(fact.message_id)


@subscribe(AddressSuppressed)
def record_opted_out(fact: AddressSuppressed, _event: Event) -> None:
    """A friend wants no more mail from anybody."""
    services.record_opted_out(fact.message_id)


@subscribe(ReferralMade)
def send_ordered_alert(fact: ReferralMade, _event: Event) -> None:
    """Tell the referrer of the sale."""
    services.send_ordered_alert(fact.referral_id)


@subscribe(ReferralInstalled)
def send_installed_alert(fact: ReferralInstalled, _event: Event) -> None:
    """Tell the referrer that the friend is connected."""
    services.send_installed_alert(fact.referral_id)

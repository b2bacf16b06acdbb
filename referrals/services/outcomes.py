"""What becomes of a referral: installed, come to nothing, found odd and looked at."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.queries import is_own
from foundation.events.facts import Fact
from foundation.events.services import publish
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User
from foundation.people.services import require
from foundation.people.states import Permission
from orders.models import Order
from orders.states import OrderStatus
from referrals.events import ReferralDisqualified, ReferralInstalled, SignalDecided, SignalRaised
from referrals.models import Referral, Signal
from referrals.services.attribution import hold_friend, referred_otherwise, resolve_order
from referrals.states import DisqualifyReason, SignalKind, SignalStatus

ENDINGS = {
    OrderStatus.CANCELLED: DisqualifyReason.ORDER_CANCELLED,
    # Whoever referred a friend learns nothing of a bureau's answer: a rejected order has ended like any other.
    OrderStatus.REJECTED: DisqualifyReason.ORDER_CANCELLED,
    OrderStatus.FAILED: DisqualifyReason.ORDER_FAILED,
}


def _of_order(order_id: int) -> tuple[Order, Referral]:
    """
    Hold the referral of an order, which is resolved first where nobody did so yet: facts come in any order.

    Held with it is whoever placed the order.

    :raises NotAllowed: if nobody is credited for the order
    """
    order = Order.objects.select_related("division", "customer", "account").get(pk=order_id)
    made = resolve_order(order_id)
    if made is None:
        raise NotAllowed("Nobody is credited for this order.", code="no_referral")
    hold_friend(order)
    return order, _locked(made.pk)


@transaction.atomic
def record_install(order_id: int) -> Referral:
    """
    Note that a referred friend's services work, since the day of the last of them.

    A report that comes after the referral was given up is true all the same, and takes it up again. Where its friend has
    ordered anew meanwhile and counts as referred by that order, a signal lets the money wait for a person.

    :raises NotAllowed: if nobody is credited, not everything works, that was known, or it was found not to be genuine
    """
    order, referral = _of_order(order_id)
    if order.status != OrderStatus.COMPLETED:
        raise NotAllowed("Not everything of this order works.", code="wrong_status")
    installed_on = max(line.installed_on for line in order.lines.all() if line.installed_on)
    referral.install(installed_on)
    referral.save(update_fields=["status", "installed_on", "reason", "ended_at"])
    _tell(ReferralInstalled(referral_id=referral.pk, installed_on=installed_on.isoformat()), referral)
    if referred_otherwise(order).exists():
        raise_signal(referral.pk, SignalKind.SAME_PERSON)
    return referral


@transaction.atomic
def record_ending(order_id: int) -> Referral:
    """
    Note that nothing comes of a referral, because its order has ended without service.

    :raises NotAllowed: if nobody is credited, the order has not ended so, or that was known
    """
    order, referral = _of_order(order_id)
    reason = ENDINGS.get(OrderStatus(order.status))
    if reason is None:
        raise NotAllowed("This order has not ended without service.", code="wrong_status")
    referral.disqualify(reason, at=now())
    referral.save(update_fields=["status", "reason", "ended_at"])
    _tell(ReferralDisqualified(referral_id=referral.pk, reason=reason), referral)
    return referral


@transaction.atomic
def decide_signal(signal_id: int, *, is_genuine: bool, note: str, by: User) -> Signal:
    """
    Say whether a referral that looked odd is genuine; if it is not, nothing is earned for it, for good.

    :raises NotAllowed: if the person may not, is the referrer or the friend, writes no note, or the signal was decided
        before
    """
    referral = _locked(Signal.objects.values_list("referral_id", flat=True).get(pk=signal_id))
    signal = Signal.objects.locked().get(pk=signal_id)
    require(by, Permission.WORK_REFERRALS, referral.division)
    if is_own(by, referral.referrer.customer, referral.friend):
        raise NotAllowed(_("This is your own referral: somebody else has to decide."), code="own_referral")
    if not note.strip():
        raise NotAllowed(_("Write why."), code="no_note", field="note")
    decide = signal.clear if is_genuine else signal.confirm
    decide(note.strip()[:300], by=by, at=now())
    signal.save(update_fields=["status", "decision_note", "decided_by", "decided_at"])
    fact = SignalDecided(referral_id=referral.pk, signal_id=signal.pk, status=signal.status)
    _tell(fact, referral, by=by)
    if signal.status == SignalStatus.CONFIRMED:
        _reject(referral, by=by)
    return signal


@transaction.atomic
def raise_signal(referral_id: int, kind: SignalKind) -> Signal:
    """Raise what has come to look odd about a referral after the order; again, or once it was decided, nothing happens."""
    referral = _locked(referral_id)
    signal, is_new = Signal.objects.get_or_create(referral=referral, kind=kind)
    if is_new:
        fact = SignalRaised(referral_id=referral.pk, signal_id=signal.pk)
        publish(fact, subject=signal, about=[referral], division=referral.division, by=None)
    return signal


def _locked(referral_id: int) -> Referral:
    """Hold a referral, with whom it is about: before its signals."""
    related = ("referrer__customer", "friend", "division", "order")
    return Referral.objects.locked().select_related(*related).get(pk=referral_id)


def _reject(referral: Referral, *, by: User) -> None:
    if referral.reason == DisqualifyReason.FRAUD:
        return
    referral.reject(at=now())
    referral.save(update_fields=["status", "reason", "ended_at"])
    _tell(ReferralDisqualified(referral_id=referral.pk, reason=DisqualifyReason.FRAUD), referral, by=by)


def _tell(fact: Fact, referral: Referral, *, by: User | None = None) -> None:
    about = [referral.referrer, referral.order]
    publish(fact, subject=referral, about=about, division=referral.division, by=by)

"""Who may see which programmes, referrers, invitations, referrals and signals."""

from django.db.models import Q, QuerySet

from foundation.people.models import User
from foundation.people.queries import Person, divisions_where
from foundation.people.states import Permission
from orders.models import Order
from referrals.models import Programme, Referral, Referrer, ResolvedTouch, Signal


def programmes_visible_to(user: Person) -> QuerySet[Programme]:
    """Return the programmes of the divisions in which a member of staff may see referrals or configure."""
    return Programme.objects.filter(
        division__in=divisions_where(user, Permission.SEE_REFERRALS, Permission.CONFIGURE)
    ).select_related("division")


def referrers_visible_to(user: Person) -> QuerySet[Referrer]:
    """Return the referrers of a member of staff's divisions; for a customer, themselves."""
    return Referrer.objects.filter(_visible(user, "customer__user")).select_related("customer", "account", "programme")


def own_referrers(user: User) -> QuerySet[Referrer]:
    """Return as whom a person refers."""
    return Referrer.objects.filter(customer__user=user).select_related("customer", "account", "programme", "division")


def referrals_visible_to(user: Person) -> QuerySet[Referral]:
    """
    Return the referrals of a member of staff's divisions; for a customer, those that they are credited for.

    What a referrer may be shown of one is its `friend_label` and its progress, never the order, the friend or the
    account.
    """
    return Referral.objects.filter(_visible(user, "referrer__customer__user")).select_related(
        "referrer__customer", "programme", "invitation"
    )


def signals_visible_to(user: Person) -> QuerySet[Signal]:
    """Return the signals of the divisions in which a member of staff may see referrals."""
    seen = divisions_where(user, Permission.SEE_REFERRALS)
    return Signal.objects.filter(referral__division__in=seen).select_related("referral__referrer__customer")


def resolved_touches_of(order: Order) -> QuerySet[ResolvedTouch]:
    """Return what was made of each touch when an order was submitted, the best first."""
    related = ("touch__referrer__customer", "touch__referrer__programme", "touch__invitation")
    return ResolvedTouch.objects.filter(order=order).select_related(*related).order_by("rank")


def _visible(user: Person, own: str) -> Q:
    visible = Q(division__in=divisions_where(user, Permission.SEE_REFERRALS))
    if isinstance(user, User):
        visible |= Q(**{own: user})
    return visible

"""Find out who is credited for an order: once, as of the moment at which it was submitted."""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, Q, QuerySet

from accounts.models import Account, Contact, Mailbox
from accounts.states import AccountStatus
from foundation.correspondence.mailboxes import normalised_email
from foundation.divisions.queries import effective
from foundation.events.models import Event
from foundation.events.services import publish
from foundation.lifecycle import NotAllowed
from foundation.now import months_after, now
from orders.models import InstalledService, Order
from orders.services import CODE_MARK
from orders.states import OPEN, OrderStatus
from referrals.events import (
    ProgrammeMoved,
    ReferralMade,
    ReferrerEnrolled,
    ReferrerLeft,
    ReferrerReturned,
    ReferrerSuspended,
    SignalRaised,
)
from referrals.models import Invitation, Programme, Referral, Referrer, ResolvedTouch, Signal, Touch
from referrals.queries import first_name, is_within_dates, nearest_to, referrer_by_code
from referrals.queries.resolver import Candidate, Friend, Person, resolve
from referrals.services.invitations import DAY
from referrals.services.touches import STILL_GOOD, TOUCH_MARK
from referrals.settings import MOST_IN_A_DAY
from referrals.states import (
    InvitationStatus,
    ProgrammeStatus,
    ReferralStatus,
    SignalKind,
    TouchKind,
    TouchPreference,
)
from territory.models import Premises

WAS_ORDERED = frozenset({*OPEN, OrderStatus.COMPLETED, OrderStatus.PARTIAL})
"""An order in one of these has made whoever placed it a customer."""


@transaction.atomic
def resolve_order(order_id: int) -> Referral | None:
    """
    Decide who is credited for an order, keep what was made of every touch, and make the referral; again, the same.

    :returns: the referral, or nothing where nobody is credited
    :raises NotAllowed: if the order was not submitted
    """
    related = ("division", "customer", "account", "premises")
    order = Order.objects.locked().select_related(*related).get(pk=order_id)
    customer, _account = order.parties()
    if ResolvedTouch.objects.filter(order=order).exists():
        return Referral.objects.filter(order=order).first()
    person = _friend_as_person(order)
    _hold(person)
    touches = _collect_touches(order)
    if not touches:
        return None
    ordered_at = _submitted_at(order)
    running = _running_programmes(touches, order)
    nearest = nearest_to(order.division, running)
    preference = TouchPreference(nearest.preference) if nearest else TouchPreference.FIRST
    candidates = _candidates(touches, order, running, nearest)
    resolution = resolve(candidates, ordered_at, _friend(order, person), preference)
    ResolvedTouch.objects.bulk_create(
        ResolvedTouch(order=order, touch_id=one.candidate.touch_id, rank=one.rank, outcome=one.outcome)
        for one in resolution.decided
    )
    winner = next((one for one in touches if resolution.winner and one.pk == resolution.winner.touch_id), None)
    return _make_referral(order, winner, first_name(customer.name)) if winner else None


def _submitted_at(order: Order) -> datetime:
    if order.submitted_at is None:
        raise NotAllowed("A cart is nobody's.", code="wrong_status")
    return order.submitted_at


def _hold(person: Person) -> None:
    """Let two orders of one person be judged one after the other, whichever customers they became."""
    marks = sorted(f"{kind}:{value}" for kind, values in vars(person).items() for value in values)
    keys = sorted({int.from_bytes(hashlib.sha256(mark.encode()).digest()[:8], "big", signed=True) for mark in marks})
    with connection.cursor() as cursor:
        for key in keys:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])


# The touches.


def _collect_touches(order: Order) -> list[Touch]:
    """Return every touch that may have brought an order, and write down those that only the order itself tells of."""
    marks = [str(mark) for mark in order.attribution]
    tokens = [mark.removeprefix(TOUCH_MARK) for mark in marks if mark.startswith(TOUCH_MARK)]
    carried = list(Touch.objects.filter(token__in=tokens))
    codes = dict.fromkeys(mark.removeprefix(CODE_MARK) for mark in marks if mark.startswith(CODE_MARK))
    given = [_code_touch(referrer, order) for code in codes if (referrer := referrer_by_code(code))]
    invited = [_invited_touch(invitation, order) for invitation in _invitations_to(order)]
    related = ("referrer__programme__division", "referrer__customer", "invitation")
    ids = [one.pk for one in (*carried, *given, *invited)]
    return list(Touch.objects.filter(pk__in=ids).select_related(*related).order_by("pk"))


def _code_touch(referrer: Referrer, order: Order) -> Touch:
    return Touch.objects.create(
        referrer=referrer,
        division=referrer.division,
        kind=TouchKind.CODE,
        channel=order.channel,
        at=_submitted_at(order),
    )


def _invitations_to(order: Order) -> list[Invitation]:
    """Return the invitations to the order's e-mail address that held when it was placed."""
    ordered_at = _submitted_at(order)
    mailbox = normalised_email(str(order.contact.get("email", "")))
    held = Q(status__in=STILL_GOOD) & (Q(ended_at=None) | Q(status=InvitationStatus.ORDERED)) | Q(
        ended_at__gt=ordered_at
    )
    found = Invitation.objects.filter(held, email_key=mailbox, created_at__lte=ordered_at)
    return list(found.select_related("referrer").order_by("pk")) if mailbox else []


def _invited_touch(invitation: Invitation, order: Order) -> Touch:
    ordered_at = _submitted_at(order)
    sent_at = invitation.sent_at if invitation.sent_at and invitation.sent_at <= ordered_at else None
    return Touch.objects.create(
        referrer=invitation.referrer,
        division=invitation.referrer.division,
        kind=TouchKind.INVITED_ADDRESS,
        invitation=invitation,
        channel=order.channel,
        at=sent_at or invitation.created_at,
    )


# What was true when they ordered.


def _candidates(
    touches: Sequence[Touch], order: Order, running: Collection[Programme], nearest: Programme | None
) -> list[Candidate]:
    """
    Return the touches with what was true of them when the friend ordered.

    :param running: the programmes that ran then
    :param nearest: the one of them that is the order's market's: a division's own comes before those of all above it
    """
    ordered_at = _submitted_at(order)
    referrers = {one.referrer_id: one.referrer for one in touches}
    active = _active_referrers(referrers, ordered_at)
    lineage = order.division.lineage
    here = lineage[lineage.index(nearest.division_id) :] if nearest else lineage
    people = _people_of(referrers.values())
    return [
        Candidate(
            touch_id=one.pk,
            kind=TouchKind(one.kind),
            at=one.at,
            referrer_id=one.referrer_id,
            referrer=people[one.referrer_id],
            window=one.referrer.programme.window,
            new_after_months=one.referrer.programme.new_after_months,
            is_active=one.referrer_id in active,
            is_running=one.referrer.programme in running,
            is_here=one.referrer.programme.division_id in here,
        )
        for one in touches
    ]


def _active_referrers(referrers: dict[int, Referrer], at: datetime) -> set[int]:
    """Return those who could refer at a moment, as the facts of then say; without any, as they are now."""
    told = _last_told(Referrer, referrers, at, (ReferrerEnrolled, ReferrerReturned, ReferrerSuspended, ReferrerLeft))
    good = {ReferrerEnrolled.name, ReferrerReturned.name}
    return {
        pk
        for pk, referrer in referrers.items()
        if referrer.enrolled_at <= at and (told[pk].name in good if pk in told else referrer.is_active)
    }


def _running_programmes(touches: Sequence[Touch], order: Order) -> list[Programme]:
    """
    Return the programmes of the order's market and of its touches that ran when it was placed, as the facts of then say.

    One that moved only later was a draft; without any facts, it is as it is now.
    """
    ordered_at = _submitted_at(order)
    day = ordered_at.astimezone(order.division.zone).date()
    named = {one.referrer.programme_id for one in touches}
    found = Programme.objects.filter(Q(division__in=order.division.lineage) | Q(pk__in=named))
    programmes = {one.pk: one for one in found}
    told = _last_told(Programme, programmes, ordered_at, (ProgrammeMoved,))
    ever = _last_told(Programme, programmes, now(), (ProgrammeMoved,))

    def status_of(programme: Programme) -> str:
        if programme.pk in told:
            return str(told[programme.pk].payload["status"])
        return ProgrammeStatus.DRAFT if programme.pk in ever else programme.status

    return [
        programme
        for programme in programmes.values()
        if status_of(programme) == ProgrammeStatus.ACTIVE and is_within_dates(programme, day)
    ]


def _last_told(model: type[Any], ids: Iterable[int], at: datetime, facts: Sequence[Any]) -> dict[int, Event]:
    """Return for each row the last fact of some kinds until a moment."""
    events = Event.objects.filter(
        subject_type=model._meta.label_lower,
        subject_id__in=list(ids),
        name__in=[fact.name for fact in facts],
        at__lte=at,
    )
    return {event.subject_id: event for event in events.order_by("at", "pk")}


def _people_of(referrers: Iterable[Referrer]) -> dict[int, Person]:
    """Return by what each referrer is known, to tell whether a friend is themselves."""
    referrers = list(referrers)
    customers = {one.customer_id for one in referrers}
    contacts: dict[int, list[Contact]] = {}
    for contact in Contact.objects.filter(customer__in=customers):
        contacts.setdefault(contact.customer_id, []).append(contact)
    accounts: dict[int, set[int]] = {}
    for pk, customer_id in Account.objects.filter(customer__in=customers).values_list("pk", "customer_id"):
        accounts.setdefault(customer_id, set()).add(pk)
    return {
        one.pk: Person(
            customers=frozenset({one.customer_id}),
            accounts=frozenset(accounts.get(one.customer_id, ())),
            users=_known(one.customer.user_id),
            mailboxes=frozenset(normalised_email(x.email) for x in contacts.get(one.customer_id, ()) if x.email),
            phones=frozenset(str(x.phone) for x in contacts.get(one.customer_id, ()) if x.phone),
        )
        for one in referrers
    }


def _known(*ids: int | None) -> frozenset[int]:
    return frozenset(one for one in ids if one is not None)


def _friend_as_person(order: Order) -> Person:
    """Return by what whoever ordered is known: what they typed, and who signed in."""
    customer, account = order.parties()
    email, phone = str(order.contact.get("email", "")), str(order.contact.get("phone", ""))
    return Person(
        customers=frozenset({customer.pk}),
        accounts=frozenset({account.pk}),
        users=_known(order.user_id, customer.user_id),
        mailboxes=frozenset({normalised_email(email)} if email else ()),
        phones=frozenset({phone} if phone else ()),
    )


def _friend(order: Order, person: Person) -> Friend:
    """Return whether whoever ordered was a customer before, and who brought them then."""
    _customer, account = order.parties()
    ordered_on = _submitted_at(order).astimezone(order.division.zone).date()
    customers = _customers_of(person)
    services = InstalledService.objects.filter(customer__in=customers, since__lte=ordered_on).exclude(line__order=order)
    served = services.filter(Q(until=None) | Q(until__gt=ordered_on))
    accounts = Account.objects.filter(customer__in=customers, status=AccountStatus.ACTIVE).exclude(pk=account.pk)
    earlier = Order.objects.filter(
        Q(submitted_at__lt=order.submitted_at) | Q(submitted_at=order.submitted_at, pk__lt=order.pk),
        customer__in=customers,
        status__in=WAS_ORDERED,
    )
    bound = Referral.objects.filter(friend__in=customers).exclude(status=ReferralStatus.DISQUALIFIED)
    return Friend(
        person=person,
        ordered_on=ordered_on,
        bound_to=bound.order_by("pk").values_list("referrer", flat=True).first(),
        is_served=served.exists() or accounts.filter(opened_at__lt=order.submitted_at).exists() or _still_open(earlier),
        gone_since=services.aggregate(last=Max("until"))["last"],
    )


def _customers_of(person: Person) -> set[int]:
    """Return the customers that a person may have become: those with one of their mailboxes or phone numbers."""
    mailboxes = Contact.objects.alias(mailbox=Mailbox("email"))
    same = mailboxes.filter(Q(mailbox__in=person.mailboxes) | Q(phone__in=person.phones))
    return {*person.customers, *same.values_list("customer", flat=True)}


def hold_friend(order: Order) -> None:
    """Let no other order of whoever placed this one be judged, or counted as installed, until the transaction has ended."""
    _hold(_friend_as_person(order))


def referred_otherwise(order: Order) -> QuerySet[Referral]:
    """Return what else whoever placed an order counts as referred by, whichever customers they became."""
    person = _friend_as_person(order)
    same = Q(friend__in=_customers_of(person)) | Q(friend__user__in=person.users)
    return Referral.objects.filter(same).exclude(order=order).exclude(status=ReferralStatus.DISQUALIFIED)


def _still_open(earlier: Any) -> bool:
    """Tell whether an earlier order is on its way; one whose services have ended since is not."""
    running = earlier.filter(Q(lines__service=None) | Q(lines__service__until=None))
    return bool(running.exists())


# What comes of it.


def _make_referral(order: Order, touch: Touch, friend_first_name: str) -> Referral:
    """Make the referral of the touch that won, while no other one of its referrer is made."""
    referrer = Referrer.objects.locked().select_related("customer", "division").get(pk=touch.referrer_id)
    customer, account = order.parties()
    invitation = touch.invitation or _invitation_behind(order, referrer)
    referral = Referral.objects.create(
        programme_id=referrer.programme_id,
        referrer=referrer,
        division=order.division,
        order=order,
        friend=customer,
        friend_account=account,
        invitation=invitation,
        friend_label=invitation.friend_name if invitation else friend_first_name[:80],
        ordered_at=_submitted_at(order),
    )
    about = [referrer, order, *([invitation] if invitation else [])]
    publish(ReferralMade(referral_id=referral.pk), subject=referral, about=about, division=order.division, by=None)
    _mark_ordered(order)
    _raise_signals(referral, referrer, order)
    return referral


def _invitation_behind(order: Order, referrer: Referrer) -> Invitation | None:
    """Return the invitation of the same referrer that the order's other touches tell of."""
    touches = ResolvedTouch.objects.filter(order=order, touch__referrer=referrer, touch__invitation__isnull=False)
    first = touches.select_related("touch__invitation").order_by("rank").first()
    return first.touch.invitation if first else None


def _mark_ordered(order: Order) -> None:
    """Let every invitation among an order's touches end with it: whoever is credited, the friend is invited no more."""
    ids = ResolvedTouch.objects.filter(order=order, touch__invitation__isnull=False).values("touch__invitation")
    for invitation in Invitation.objects.locked().filter(pk__in=ids).order_by("pk"):
        if invitation.can_move(InvitationStatus.ORDERED):
            invitation.mark_ordered(at=_submitted_at(order))
            invitation.save(update_fields=["status", "ended_at"])


def _raise_signals(referral: Referral, referrer: Referrer, order: Order) -> None:
    """Raise what looks odd: it holds the money until a person has looked, and forbids nothing."""
    here = order.premises
    homes = Premises.objects.filter(pk__in=Account.objects.filter(customer=referrer.customer).values("premises"))
    if homes.filter(street=here.street_id, house_number=here.house_number, unit_key=here.unit_key).exists():
        _raise(referral, SignalKind.SAME_ADDRESS)
    elif (
        _surname(referral.friend.name) == _surname(referrer.customer.name)
        and homes.filter(street=here.street_id).exists()
    ):
        _raise(referral, SignalKind.SAME_SURNAME)
    elif _was_served_lately(referral, order):
        _raise(referral, SignalKind.SERVED_ADDRESS)
    if _is_seller(referrer, order):
        _raise(referral, SignalKind.SOLD_BY_REFERRER)
    most = effective(order.division, MOST_IN_A_DAY)
    lately = Referral.objects.filter(
        referrer=referrer, ordered_at__gt=referral.ordered_at - DAY, ordered_at__lte=referral.ordered_at
    ).count()
    if lately > most:
        _raise(referral, SignalKind.VELOCITY, detail=f"{lately} > {most}")


def _was_served_lately(referral: Referral, order: Order) -> bool:
    """Tell whether another account had service at an order's premises within what makes a customer new again."""
    ordered_on = _submitted_at(order).astimezone(order.division.zone).date()
    months = referral.programme.new_after_months
    others = InstalledService.objects.filter(premises=order.premises, since__lte=ordered_on)
    ends = others.exclude(account=referral.friend_account).values_list("until", flat=True)
    return any(until is None or ordered_on < months_after(until, months) for until in ends)


def _is_seller(referrer: Referrer, order: Order) -> bool:
    """Tell whether an order was sold by its own referrer, or for a partner who is the referrer."""
    sellers = (order.sold_by, order.sold_for.user if order.sold_for else None)
    known = _people_of([referrer])[referrer.pk]
    return any(one.pk in known.users or normalised_email(one.email) in known.mailboxes for one in sellers if one)


def _surname(name: str) -> str:
    words = name.casefold().split()
    return words[-1] if words else ""


def _raise(referral: Referral, kind: SignalKind, detail: str = "") -> None:
    signal = Signal.objects.create(referral=referral, kind=kind, detail=detail)
    fact = SignalRaised(referral_id=referral.pk, signal_id=signal.pk)
    publish(fact, subject=signal, about=[referral], division=referral.division, by=None)

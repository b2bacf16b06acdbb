"""Permission as a refusal, and every change to people and their roles."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pghistory
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from foundation.divisions.models import Division
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.encryption import renew, renewed_by
from foundation.people.models import Attempts, RoleAssignment, User
from foundation.people.queries import can, may_give, may_manage, unconfirmed, why_no_second_person
from foundation.people.states import Permission, Role

LONGEST_SIGN_IN = timedelta(days=1)
"""A browser is noted before its session is stored: younger notes without a session are left alone."""
SEEDS = ("secret", "seed")
"""Where a second factor's data holds something encrypted: an authenticator app's, that of recovery codes."""


def require(user: User, permission: Permission, division: Division | None = None) -> None:
    """
    Let pass who has a permission in a division.

    :raises NotAllowed: if the person's roles do not include it there
    """
    if not can(user, permission, division):
        refusal = _("Your role does not let you %(what)s here.") % {"what": Permission(permission).label}
        raise NotAllowed(refusal, code="not_permitted")


@contextmanager
def _done_by(by: User) -> Iterator[None]:
    """Keep in the history who did it; all of it or nothing."""
    with transaction.atomic(), pghistory.context(user=by.pk):
        yield


def invite_person(  # noqa: PLR0913  # each thing that is known of a person has a name
    email: str, *, role: Role, division: Division, name: str = "", language: str = "", by: User
) -> User:
    """
    Make a person with a role and without a password: they set one by the link that *Forgot your password* sends.

    They count as a second pair of eyes once somebody else has confirmed them; whom the installation's owner invites does at once.

    :raises NotAllowed: if the address is taken, or the role is not the inviting person's to give
    """
    if User.objects.filter(email=email.lower()).exists():
        raise NotAllowed(_("Somebody signs in with this address already."), code="email_taken", field="email")
    with _done_by(by):
        person = User.objects.create_user(email, name=name, language=language)
        EmailAddress.objects.create(user=person, email=person.email, primary=True, verified=False)
        give_role(person, role, division, by=by)
        if by.is_superuser:
            _mark_confirmed(person, by=by)
    return person


def give_role(person: User, role: Role, division: Division, *, by: User) -> RoleAssignment:
    """
    Let a person hold a role in a division and all below it; they may do what it grants from their next click.

    Who gives it is kept for good among those who let them in, and so does not confirm them (`confirm_person`).

    :raises NotAllowed: if `by` may not manage people there, or the role stands above their own
    """
    if not may_give(by, role, division):
        raise NotAllowed(_("You cannot give this role there."), code="not_permitted", field="role")
    with _done_by(by):
        held, _is_new = RoleAssignment.objects.get_or_create(
            user=person, role=role, division=division, defaults={"given_by": by}
        )
        if by != person:
            person.let_in_by.add(by)
    person.forget_roles()
    return held


def confirm_person(person: User, *, by: User) -> None:
    """
    Answer for it that a person is somebody else than who let them in: from now on they count as a second pair of eyes.

    Whoever may invite people has as many sign-ins as mailboxes. With a second person who answers for it, no one alone
    makes two: of who let them in and who confirms them, all are known to two themselves.

    :raises NotAllowed: if `by` may not manage the person, is the person, is among those who let them in, or is not confirmed,
        or if nobody has let them in, or somebody who is not confirmed
    """
    if person == by or not may_manage(by, person):
        raise NotAllowed(_("You cannot confirm this person."), code="not_permitted")
    with _done_by(by):
        # Who lets them in at this very moment has done so by then.
        person = User.objects.select_for_update(no_key=True).get(pk=person.pk)
        if not by.is_superuser:
            require_second_person(by, [])
            _require_let_in_by_others(person, by)
        _mark_confirmed(person, by=by)


def _require_let_in_by_others(person: User, by: User) -> None:
    doors = {one.pk for one in person.let_in_by.all()}
    if not doors or by.pk in doors:
        message = _(
            "You have let this person in yourself, or given them a role, or let them back: somebody else has to confirm them."
        )
        if not doors:
            message = _("Nobody has let this person in yet: there is nothing to confirm.")
        raise NotAllowed(message, code="own_invitation" if doors else "not_let_in")
    if doubtful := unconfirmed(doors):
        message = _("First %(name)s has to be confirmed, who has let this person in.") % {"name": doubtful[0]}
        raise NotAllowed(message, code="unconfirmed")


def _mark_confirmed(person: User, *, by: User) -> None:
    fresh = User.objects.filter(pk=person.pk, confirmed_at=None).exclude(pk=by.pk)
    fresh.update(confirmed_at=now(), confirmed_by=by)


def _let_in_anew(person: User, by: User) -> None:
    """
    Take off a person's confirmation: on whose word they sign in now is `by`'s alone, and somebody else has to confirm them.

    Who was confirmed starts afresh, so that who let them in long ago may be the one to answer for them. Who was not keeps
    everybody who let them in: a detour by a colleague is no way to confirm whom one has made.
    """
    was_confirmed = (
        User.objects.filter(pk=person.pk).exclude(confirmed_at=None).update(confirmed_at=None, confirmed_by=None)
    )
    if was_confirmed:
        person.let_in_by.clear()
    person.let_in_by.add(by)
    person.confirmed_at = person.confirmed_by = None


def require_second_person(by: User, makers: Iterable[int | None]) -> None:
    """
    Let pass who is known to be somebody else than those whose work they approve: all of them are confirmed.

    That they are not the same person is the caller's to ask, in words that fit.

    :param makers: who did it, by id; None stands for what was done by itself
    :raises NotAllowed: with code `unconfirmed`, if one of them was let in by one person alone
    """
    if why := why_no_second_person(by, makers):
        raise NotAllowed(why, code="unconfirmed")


def take_role(person: User, role: Role, division: Division, *, by: User) -> None:
    """
    Let a person no longer hold a role in a division, from their next click; what they gave to others stays.

    :raises NotAllowed: if it is not `by`'s to take, or `by` would take their own last one
    """
    if not may_give(by, role, division):
        raise NotAllowed(_("You cannot take this role there."), code="not_permitted", field="role")
    if person == by and not by.is_superuser:
        raise NotAllowed(_("Nobody takes a role from themselves: ask another operator."), code="own_role")
    with _done_by(by):
        taken = RoleAssignment.objects.filter(user=person, role=role, division=division).first()
        if taken:
            taken.delete()
            person.forget_roles()


def deactivate_person(person: User, *, by: User) -> None:
    """
    Let a person sign in no more, and end what they have open.

    :raises NotAllowed: if the person holds a role that `by` may not manage, or is `by`
    """
    if person == by or not may_manage(by, person):
        raise NotAllowed(_("You cannot deactivate this person."), code="not_permitted")
    with _done_by(by):
        User.objects.filter(pk=person.pk).update(is_active=False)
        end_all_sessions(person)
    person.is_active = False
    person.forget_roles()


def activate_person(person: User, *, by: User) -> None:
    """
    Let a person sign in again; who was deactivated has to be confirmed again, since they come back on one person's word.

    :raises NotAllowed: if the person holds a role that `by` may not manage
    """
    if not may_manage(by, person):
        raise NotAllowed(_("You cannot activate this person."), code="not_permitted")
    with _done_by(by):
        if User.objects.filter(pk=person.pk, is_active=False).update(is_active=True):
            _let_in_anew(person, by)
    person.is_active = True
    person.forget_roles()


def sign_out_everywhere(person: User, *, by: User) -> None:
    """
    End all sessions of a person.

    :raises NotAllowed: if the person holds a role that `by` may not manage
    """
    if person != by and not may_manage(by, person):
        raise NotAllowed(_("You cannot sign this person out."), code="not_permitted")
    end_all_sessions(person)


def take_off_second_factor(person: User, *, by: User) -> None:
    """
    Take off a person's authenticator app and recovery codes, and end their sessions: their phone is lost.

    Staff are made to set up a new one at the next sign-in, for which they still need their password. That it is theirs is
    one person's word: they have to be confirmed again.

    :raises NotAllowed: if the person holds a role that `by` may not manage, or is `by`
    """
    if person == by or not may_manage(by, person):
        raise NotAllowed(_("You cannot take off this person's second factor."), code="not_permitted")
    with _done_by(by):
        taken, _kinds = Authenticator.objects.filter(user=person).delete()
        if taken:
            _let_in_anew(person, by)
        end_all_sessions(person)


def end_session(session: UserSession) -> None:
    """Sign somebody out in one browser."""
    session.end()


def end_all_sessions(person: User) -> None:
    """Sign a person out everywhere."""
    for session in UserSession.objects.filter(user=person):
        session.end()


def forget_what_is_over(*, at: datetime) -> int:
    """Delete expired sessions, the browsers noted for them, and attempts of windows that are over; return how many."""
    lives = Exists(Session.objects.filter(session_key=OuterRef("session_key")))
    with transaction.atomic():
        sessions, _tables = Session.objects.filter(expire_date__lt=at).delete()
        noted = UserSession.objects.filter(~lives, created_at__lt=at - LONGEST_SIGN_IN)
        browsers: int = noted.delete()[0]
        attempts, _tables = Attempts.objects.filter(until__lt=at).delete()
    return sessions + browsers + attempts


@renewed_by("second factors")
def renew_seeds() -> int:
    """Encrypt the seeds of all second factors under the first of `FIELD_KEYS`, and return how many factors there are."""
    with transaction.atomic():
        factors = list(Authenticator.objects.select_for_update())
        for factor in factors:
            renewed = {name: renew(factor.data[name]) for name in SEEDS if name in factor.data}
            factor.data = {**factor.data, **renewed}
        Authenticator.objects.bulk_update(factors, ["data"], batch_size=500)
    return len(factors)

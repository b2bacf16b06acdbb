"""Invite friends, row by row; take an invitation back, correct it, stop it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import Contact, Mailbox
from foundation.correspondence.mailboxes import normalised_email
from foundation.correspondence.services import is_suppressed, withhold_message
from foundation.divisions.models import Division
from foundation.events.services import publish
from foundation.lifecycle import NotAllowed
from foundation.now import now, today
from foundation.people.models import User
from foundation.people.queries import can
from foundation.people.states import Permission
from orders.states import Channel
from referrals.events import FriendsInvited, InvitationEnded
from referrals.models import LONGEST_NOTE, Invitation, InvitationBlock, Programme, Referrer
from referrals.queries import counts_in, is_running, why_not
from referrals.queries.letters import letter_key
from referrals.queries.wording import has_link, is_name
from referrals.states import LIVE_INVITATIONS, UNWANTED_INVITATIONS, InvitationStatus, ReferralStatus
from territory.models import Qualification
from territory.queries import search_addresses
from territory.services import qualify
from territory.states import ORDERABLE

SENT = "sent"
DAY = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class FriendRow:
    """A friend as typed into one row of the form."""

    name: str
    email: str
    address: str = ""
    premises_id: int | None = None
    """What was picked of the candidates; it speaks before the text."""
    note: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was typed."""
        return not (self.name.strip() or self.email.strip() or self.address.strip() or self.premises_id)


class AddressCandidate(Protocol):
    """One address that was perhaps meant."""

    @property
    def premises_id(self) -> int | None: ...

    @property
    def label(self) -> str: ...


@dataclass(frozen=True, kw_only=True)
class RowOutcome:
    """What became of one row: its number (0 is the first), a code, and a sentence for the referrer."""

    row: int
    code: str
    message: str
    candidates: tuple[AddressCandidate, ...] = ()
    """Of an address that is not clear; to be picked by `premises_id`, or, without one, to be written with its unit."""
    invitation_id: int | None = None

    @property
    def is_sent(self) -> bool:
        """Whether the row is done."""
        return self.code == SENT


@dataclass(frozen=True)
class _Checked:
    """A row that nothing speaks against but limits, and the check of its address."""

    row: int
    key: str
    friend: FriendRow
    email: str
    email_key: str
    qualification: Qualification
    taken: str
    """The address that was taken for what was typed, where that names no place; empty where it needs no saying."""


def invite_friends(  # who, whom, from which form: each has a name
    referrer_id: int, rows: Sequence[FriendRow], *, form_key: str, language: str, by: User | None
) -> list[RowOutcome]:
    """
    Invite friends by e-mail, each row for itself: the good ones are kept though another is bad.

    An address is checked before anything is promised. A friend who wants no such mail looks like any other. The same
    form again invites nobody twice and answers the same.

    :param by: the referrer who is signed in or a member of staff; nobody where the account was verified otherwise
    :returns: an outcome for each row in which something was typed: `sent`; `invalid_name`, `invalid_email`,
        `note_too_long`, `link_in_note`, `self`, `already_invited`; `address_unknown`, `address_choose`, `unserviceable`, `other_market`;
        `over_form_limit`, `over_day_limit`, `over_lifetime`
    :raises NotAllowed: if the person may not, or the referrer cannot refer: `suspended`, `not_running`, or a code of
        `queries.why_not`
    """
    referrer = Referrer.objects.select_related("programme__division", "customer", "account__division").get(
        pk=referrer_id
    )
    _require_able(referrer, by)
    outcomes: dict[int, RowOutcome] = {}
    checked: list[_Checked] = []
    typed = [(number, row) for number, row in enumerate(rows) if not row.is_empty]
    for count, (number, row) in enumerate(typed, start=1):
        try:
            if count > referrer.programme.most_per_form:
                raise _too_many_in_a_form(referrer.programme.most_per_form)
            checked.append(_check(referrer, number, row, form_key))
        except RowRefused as refusal:
            outcomes[number] = refusal.outcome(number)
    for outcome in _keep(referrer_id, checked, language=language, by=by):
        outcomes[outcome.row] = outcome
    return [outcomes[number] for number in sorted(outcomes)]


class RowRefused(NotAllowed):
    """One row is not good; the others may be."""

    def __init__(self, code: str, message: str, candidates: Sequence[AddressCandidate] = ()) -> None:
        super().__init__(message, code=code)
        self.candidates = tuple(candidates)

    def outcome(self, row: int) -> RowOutcome:
        """Return the refusal as the row's outcome."""
        return RowOutcome(row=row, code=self.code, message=self.message, candidates=self.candidates)


def _too_many_in_a_form(most: int) -> RowRefused:
    return RowRefused("over_form_limit", _("Invite at most %(most)s friends in one go.") % {"most": most})


def require_own(referrer: Referrer, by: User | None) -> None:
    """
    Let pass the referrer who is signed in or was verified otherwise, and staff who work on referrals.

    :raises NotAllowed: to anybody else
    """
    if by and referrer.customer.user_id != by.pk and not can(by, Permission.WORK_REFERRALS, referrer.division):
        raise NotAllowed(_("These are somebody else's invitations."), code="not_permitted")


def _require_able(referrer: Referrer, by: User | None) -> None:
    require_own(referrer, by)
    if not referrer.is_active:
        raise NotAllowed(_("You cannot refer friends at the moment."), code="suspended")
    if not is_running(referrer.programme, today(referrer.account.division)):
        raise NotAllowed(_("There is no referral program in your area at the moment."), code="not_running")
    reasons = [reason for reason in why_not(referrer.account) if reason.code != "not_running"]
    if reasons:
        raise NotAllowed(reasons[0].sentence, code=reasons[0].code)


def _check(referrer: Referrer, number: int, row: FriendRow, form_key: str) -> _Checked:
    """Judge a row by itself, and check its address."""
    if not row.name.strip():
        raise RowRefused("invalid_name", _("Enter your friend's name."))
    if len(row.note.strip()) > LONGEST_NOTE:
        raise RowRefused("note_too_long", _("Write at most %(most)s characters.") % {"most": LONGEST_NOTE})
    if not is_name(row.name):
        raise RowRefused("invalid_name", name_refused())
    if has_link(row.note):
        raise RowRefused("link_in_note", link_refused())
    email = checked_email(referrer, row.email)
    key = normalised_email(email)
    premises_id, taken = _premises_meant(row, referrer.programme.division)
    return _Checked(
        row=number,
        key=f"{referrer.pk}:{hashlib.sha256(f'{form_key}:{number}:{key}'.encode()).hexdigest()}",
        friend=row,
        email=email,
        email_key=key,
        qualification=_checked_address(row, premises_id, referrer.programme),
        taken=taken,
    )


def name_refused() -> str:
    """Return what is said of a friend's name that is none."""
    return _("Enter your friend’s name in letters: no figures, and no address.")


def link_refused() -> str:
    """Return what is said of a note with an address in it."""
    return _("Leave out addresses of pages and mailboxes, and put a space after each period.")


def checked_email(referrer: Referrer, typed: str) -> str:
    """
    Return an address in lower case, if it is one and not the referrer's own.

    :raises RowRefused: `invalid_email` or `self`
    """
    email = typed.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise RowRefused("invalid_email", _("Enter an e-mail address.")) from None
    own = Contact.objects.filter(customer=referrer.customer).values_list("email", flat=True)
    if normalised_email(email) in {normalised_email(one) for one in own if one}:
        raise RowRefused("self", _("This is your own address. You cannot refer yourself."))
    return email


def _premises_meant(row: FriendRow, market: Division) -> tuple[int, str]:
    """
    Return which premises a row means, and, where it is the only one but not named in full, its address to be said.

    :raises RowRefused: `address_unknown`, or `address_choose` with candidates
    """
    if row.premises_id is not None:
        return row.premises_id, ""
    found = search_addresses(row.address, division=market) if row.address.strip() else None
    if found is None or not (found.exact or found.candidates):
        raise RowRefused("address_unknown", _("We do not find this address. Write street, number and city."))
    meant = found.exact or found.only
    if meant is None or meant.premises_id is None:
        raise RowRefused("address_choose", _("Which of these addresses is it?"), found.candidates)
    return meant.premises_id, "" if found.exact else meant.label


def _checked_address(row: FriendRow, premises_id: int, programme: Programme) -> Qualification:
    """
    Check a friend's address before anything is promised.

    :raises RowRefused: `address_unknown`, `unserviceable`, or `other_market` where orders do not count for the programme
    """
    try:
        qualification = qualify(
            typed=row.address, premises_id=premises_id, division=programme.division, channel=Channel.WEB
        )
    except NotAllowed as refusal:
        raise RowRefused("address_unknown", refusal.message) from None
    if qualification.premises_id is None:
        raise RowRefused("address_unknown", _("We do not find this address. Write street, number and city."))
    if qualification.outcome not in ORDERABLE:
        raise RowRefused("unserviceable", _("New service cannot be ordered at this address at the moment."))
    if not counts_in(programme, qualification.division, today(qualification.division)):
        raise RowRefused("other_market", _("Another program runs at this address: no reward would come of it."))
    return qualification


@transaction.atomic
def _keep(referrer_id: int, checked: Sequence[_Checked], *, language: str, by: User | None) -> list[RowOutcome]:
    """Keep good rows as far as the limits go, which are counted while nobody else of this referrer's invites."""
    referrer = Referrer.objects.locked().select_related("programme", "customer", "account").get(pk=referrer_id)
    kept: list[Invitation] = []
    outcomes = []
    for row in checked:
        try:
            invitation, is_new = _keep_one(referrer, row, language)
        except RowRefused as refusal:
            outcomes.append(refusal.outcome(row.row))
        else:
            kept += [invitation] if is_new else []
            said = accepted_in_words(row.taken)
            outcomes.append(RowOutcome(row=row.row, code=SENT, message=said, invitation_id=invitation.pk))
    wanted = [one for one in kept if one.status == InvitationStatus.QUEUED]
    if wanted:
        fact = FriendsInvited(referrer_id=referrer.pk, invitation_ids=[one.pk for one in wanted])
        publish(fact, subject=referrer, about=wanted, division=referrer.division, by=by)
    return outcomes


def accepted_in_words(taken: str = "") -> str:
    """
    Return what is said of every invitation that was kept, whatever its friend wants.

    :param taken: the address that was taken for what was typed, where that is to be said
    """
    thanks = _("Thank you. We write to this address, unless somebody there wants no such mail.")
    checked = _("Service can be ordered at %(address)s.") % {"address": taken}
    return f"{thanks} {checked}" if taken else thanks


def _keep_one(referrer: Referrer, row: _Checked, language: str) -> tuple[Invitation, bool]:
    known = Invitation.objects.filter(key=row.key).first()
    if known:
        return known, False
    refuse_second(referrer, row.email_key)
    _refuse_over_limits(referrer)
    invitation = Invitation(
        referrer=referrer,
        division=row.qualification.division,
        friend_name=" ".join(row.friend.name.split())[:80],
        email=row.email,
        email_key=row.email_key,
        note=row.friend.note.strip(),
        language=language,
        qualification=row.qualification,
        key=row.key,
    )
    save_new(invitation)
    return invitation, True


def save_new(invitation: Invitation) -> None:
    """
    Keep an invitation, at once as suppressed where its friend wants none.

    :raises RowRefused: if another one was quicker
    """
    if is_unwanted(invitation.referrer, invitation.email):
        invitation.suppress(at=now())
    try:
        with transaction.atomic():
            invitation.save(force_insert=True)
    except IntegrityError as error:
        if "one_live_invitation_per_mailbox" not in str(error):
            raise
        raise _already_invited() from None


def is_unwanted(referrer: Referrer, email: str) -> bool:
    """Tell whether somebody wants no advertising, or no invitations from this referrer."""
    blocked = InvitationBlock.objects.filter(referrer=referrer, email_key=normalised_email(email))
    return is_suppressed(email) or blocked.exists()


def _already_invited() -> RowRefused:
    return RowRefused("already_invited", _("This friend has been invited already."))


def refuse_second(referrer: Referrer, email_key: str) -> None:
    """
    Refuse to invite whom somebody has invited, or whom this referrer has brought.

    A letter that was not wanted counts for as long as if it was: to its referrer always, to others where the friend
    wants none from anybody. So no answer tells who wants what. One that was withdrawn counts for its referrer as long:
    nobody is written to again and again by who takes each letter back. A friend who has ordered is invited no more by
    who had written to them, nor by whose referral they are, however they came.

    :raises RowRefused: `already_invited`, which names nobody
    """
    unwanted = Q(status__in=UNWANTED_INVITATIONS, created_at__gt=now() - referrer.programme.window)
    if not is_suppressed(email_key):
        unwanted &= Q(referrer=referrer)
    withdrawn = Q(
        referrer=referrer, status=InvitationStatus.WITHDRAWN, created_at__gt=now() - referrer.programme.window
    )
    ordered = Q(referrer=referrer, status=InvitationStatus.ORDERED)
    speaks_against = Q(status__in=LIVE_INVITATIONS) | unwanted | withdrawn | ordered
    if Invitation.objects.filter(speaks_against, email_key=email_key).exists() or _has_brought(referrer, email_key):
        raise _already_invited()


def _has_brought(referrer: Referrer, email_key: str) -> bool:
    """Tell whether whoever has a mailbox is a friend whom a referrer is credited for."""
    theirs = Contact.objects.alias(mailbox=Mailbox("email")).filter(mailbox=email_key)
    live = referrer.referrals.exclude(status=ReferralStatus.DISQUALIFIED)
    return live.filter(friend__in=theirs.values("customer")).exists()


def invitable_again_from(invitation: Invitation) -> date:
    """Return the day from which its referrer can invite the same friend again once an invitation is taken back."""
    over = invitation.created_at + invitation.referrer.programme.window
    return over.astimezone(invitation.division.zone).date() + timedelta(days=1)


def _refuse_over_limits(referrer: Referrer) -> None:
    programme = referrer.programme
    mine = Invitation.objects.filter(referrer=referrer, corrects=None)
    if mine.count() >= programme.most_ever:
        raise RowRefused("over_lifetime", _("You have invited as many friends as one customer can."))
    if mine.filter(created_at__gt=now() - DAY).count() >= programme.most_per_day:
        most = programme.most_per_day
        raise RowRefused("over_day_limit", _("You can invite %(most)s friends in 24 hours.") % {"most": most})


@transaction.atomic
def withdraw_invitation(invitation_id: int, *, by: User | None) -> Invitation:
    """
    Take an invitation back: what is not sent yet stays unsent, and what was sent earns nothing any more.

    :param by: the referrer who is signed in or a member of staff; nobody where the account was verified otherwise
    :raises NotAllowed: if the person may not, or it has led to an order or ended
    """
    invitation = _locked(invitation_id)
    require_own(invitation.referrer, by)
    _end(invitation, by=by)
    return invitation


def _end(invitation: Invitation, *, by: User | None) -> None:
    invitation.withdraw(at=now())
    invitation.save(update_fields=["status", "ended_at"])
    withhold_letter(invitation)
    tell_of_end(invitation, by=by)


def withhold_letter(invitation: Invitation) -> None:
    """Do not send an invitation's letter, if it was written and is not on its way."""
    if invitation.written_at:
        try:
            withhold_message(letter_key(invitation))
        except NotAllowed:
            return  # it is on its way, or was sent


def withdraw_unsent(referrer: Referrer, *, by: User | None) -> None:
    """Take back what a locked referrer has not sent yet."""
    waiting = Invitation.objects.locked().filter(referrer=referrer, status=InvitationStatus.QUEUED)
    for invitation in waiting.select_related("referrer", "division").order_by("pk"):
        _end(invitation, by=by)


def tell_of_end(invitation: Invitation, *, by: User | None) -> None:
    """Publish that an invitation has ended."""
    fact = InvitationEnded(invitation_id=invitation.pk, status=invitation.status)
    publish(fact, subject=invitation, about=[invitation.referrer], division=invitation.division, by=by)


def _locked(invitation_id: int) -> Invitation:
    related = ("referrer__customer", "referrer__programme", "referrer__division", "division", "qualification")
    return Invitation.objects.locked().select_related(*related).get(pk=invitation_id)


@transaction.atomic
def correct_invitation(invitation_id: int, email: str, *, by: User | None) -> Invitation:
    """
    Send an invitation to another address whose own does not work, once; the old one ends, a new one takes its place.

    :raises NotAllowed: if the person may not, it has not bounced, it was corrected before or is itself a correction, or
        with `invalid_email`, `self` or `already_invited`
    """
    old = _locked(invitation_id)
    require_own(old.referrer, by)
    if old.status != InvitationStatus.BOUNCED:
        raise NotAllowed(_("This invitation's address works, as far as we know."), code="not_bounced")
    if old.corrects_id:
        raise NotAllowed(_("This address was corrected before."), code="corrected_before")
    if not old.referrer.is_active:
        raise NotAllowed(_("You cannot refer friends at the moment."), code="suspended")
    address = checked_email(old.referrer, email)
    refuse_second(old.referrer, normalised_email(address))
    old.withdraw(at=now())
    old.save(update_fields=["status", "ended_at"])
    new = Invitation(
        referrer=old.referrer,
        division=old.division,
        friend_name=old.friend_name,
        email=address,
        email_key=normalised_email(address),
        note=old.note,
        language=old.language,
        qualification=old.qualification,
        key=f"{old.referrer_id}:corrects:{old.pk}",
        corrects=old,
    )
    save_new(new)
    tell_of_end(old, by=by)
    if new.status == InvitationStatus.QUEUED:
        fact = FriendsInvited(referrer_id=old.referrer_id, invitation_ids=[new.pk])
        publish(fact, subject=old.referrer, about=[new], division=old.referrer.division, by=by)
    return new


@transaction.atomic
def stop_invitations_from(invitation_token: str) -> Referrer | None:
    """
    Send no more invitations from one referrer to whoever holds an invitation's secret; again, nothing changes.

    :returns: the referrer, or nothing for a secret that is none of ours
    """
    related = ("referrer__customer", "referrer__programme", "division")
    invitation = Invitation.objects.locked().select_related(*related).filter(token=invitation_token).first()
    if invitation is None:
        return None
    InvitationBlock.objects.get_or_create(referrer=invitation.referrer, email_key=invitation.email_key)
    opt_out(invitation)
    return invitation.referrer


def opt_out(invitation: Invitation) -> None:
    """Note on a locked invitation that its friend wants no more; one that has led to an order stays as it is."""
    if invitation.can_move(InvitationStatus.OPTED_OUT):
        invitation.opt_out(at=now())
        invitation.save(update_fields=["status", "ended_at"])
        withhold_letter(invitation)
        tell_of_end(invitation, by=None)

"""Take down where a payee is paid in cash, and end that."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from accounts.queries import is_own
from commissions.events import BankChangeHeard, BankDetailsCorrected, BankDetailsEnded, BankDetailsGiven
from commissions.models import BankAccount, BankChange, Payee, ReturnFile
from commissions.models.bank import written_together
from commissions.queries.bank import may_be_paid_in_cash
from commissions.settings import BANK_HOLD_DAYS
from commissions.states import BankAccountKind, BankEnd, ChangeStatus
from foundation.ach import NOT_OF_DETAILS, AchChange, is_routing_number
from foundation.ach.files import AchRefused, written
from foundation.divisions.queries import effective
from foundation.events.facts import Fact
from foundation.events.services import publish
from foundation.lifecycle import NotAllowed
from foundation.now import now, today
from foundation.people.encryption import digest_of, encrypt, renewed_by
from foundation.people.models import User
from foundation.people.services import require, require_second_person
from foundation.people.states import Permission
from referrals.models import Referral
from referrals.services import raise_signal
from referrals.states import SignalKind

SHORTEST_NUMBER, LONGEST_NUMBER = 4, 17
CHANGE_DECIDED = ("status", "note", "decided_by", "decided_at")
SHORT = 8
"""A number of fewer digits shows its last two alone."""


@dataclass(frozen=True, kw_only=True)
class BankDetails:
    """What a payee types."""

    routing_number: str
    account_number: str = field(repr=False)
    kind: BankAccountKind
    holder: str
    is_business: bool = False


@sensitive_variables("details", "number")
@transaction.atomic
def give_bank_details(payee_id: int, details: BankDetails, *, by: User) -> BankAccount:
    """
    Take down where a payee wants to be paid in cash; what was said before ends.

    Nothing is sent there for the days that the payee's division says, first details included: whoever gets into an
    account that has none would otherwise be paid before its owner has read that details were given.

    :raises NotAllowed: if the person is not the payee, nothing of theirs is paid in cash, or the details cannot be right
    """
    payee = _locked_payee(payee_id)
    if payee.account.customer.user_id != by.pk:
        raise NotAllowed(_("Only whoever is paid says where."), code="not_own")
    if not may_be_paid_in_cash(payee):
        raise NotAllowed(_("Nothing of yours is paid in cash."), code="no_cash")
    for problem in problems_of(details):
        raise problem
    before = BankAccount.objects.locked().filter(payee=payee, ended_at=None).first()
    number = details.account_number
    digest = digest_of(written_together(details.routing_number, number))
    if before:
        _refuse_the_same(before, details, digest)
        _end(before, BankEnd.REPLACED, "", by=by)
    given = _write(payee, details, by=by)
    fact = BankDetailsGiven(
        bank_account_id=given.pk,
        payee_id=payee.pk,
        usable_from=given.usable_from.isoformat(),
        replaces=before.pk if before else 0,
    )
    _tell(payee, given, fact, by=by)
    return given


def ending_of(number: str) -> str:
    """Return what is shown of an account number."""
    return number[-4:] if len(number) >= SHORT else number[-2:]


@sensitive_variables("details", "number")
def _write(payee: Payee, details: BankDetails, *, by: User) -> BankAccount:
    """Keep bank details; nothing is sent there for the days that the payee's division says."""
    number = details.account_number
    return BankAccount.objects.create(
        payee=payee, routing_number=details.routing_number, sealed_number=encrypt(number),
        digest=digest_of(written_together(details.routing_number, number)),
        ending=ending_of(number), kind=details.kind, holder=details.holder.strip(),
        is_business=details.is_business, added_at=now(), added_by=by,
        usable_from=today(payee.division) + timedelta(days=effective(payee.division, BANK_HOLD_DAYS)),
    )  # fmt: skip


@transaction.atomic
def withdraw_bank_details(payee_id: int, *, by: User) -> BankAccount:
    """
    End a payee's bank details because they say so; nothing is sent until they give other ones.

    :raises NotAllowed: if the person is not the payee, or there are none
    """
    payee = _locked_payee(payee_id)
    if payee.account.customer.user_id != by.pk:
        raise NotAllowed(_("Only whoever is paid says where."), code="not_own")
    found = BankAccount.objects.locked().filter(payee=payee, ended_at=None).first()
    if found is None:
        raise NotAllowed(_("These bank details have ended before."), code="ended")
    return _ended(payee, found, BankEnd.WITHDRAWN, "", by=by)


@transaction.atomic
def end_bank_details(bank_account_id: int, note: str, *, by: User) -> BankAccount:
    """
    End bank details that are not the payee's, as a member of staff has heard from them. None may enter other ones.

    :raises NotAllowed: if they have ended before, nothing is said, or the person may not build payouts there
    """
    payee, found = _held(bank_account_id)
    require(by, Permission.BUILD_BATCHES, payee.division)
    said = note.strip()
    if not said:
        raise NotAllowed(_("Say how you know."), code="no_reason", field="reason")
    return _ended(payee, found, BankEnd.NOT_THEIRS, said, by=by)


@transaction.atomic
def end_returned_bank_details(bank_account_id: int, code: str, *, by: User | None) -> BankAccount:
    """
    End bank details because the bank has sent money back from there.

    :param code: the bank's reason, R01 to R85
    :raises NotAllowed: if they have ended before
    """
    payee, found = _held(bank_account_id)
    return _ended(payee, found, BankEnd.RETURNED, code, by=by)


@transaction.atomic
def hear_of_change(file: ReturnFile, said: AchChange, account: BankAccount | None, *, by: User) -> BankChange | None:
    """
    Keep what a bank tells of a payee's details: nothing is sent there until it is settled. Told again, nothing happens.

    What is no change of details waits for a person, and money is sent as before; the payee is not told.

    :param account: to which our transfer went; None: none of ours fits
    :return: None where it was known
    """
    if account:
        _payee, account = _held(account.pk)
    same = BankChange.objects.filter(original_trace=said.original_trace, trace=said.trace, code=said.code)
    if same.filter(bank_account=account).exists():
        return None
    change = BankChange.objects.create(
        file=file, bank_account=account, code=said.code, corrected=encrypt(said.corrected),
        original_trace=said.original_trace, trace=said.trace, heard_by=by, heard_at=now(),
    )  # fmt: skip
    if account is None:
        return change
    if not account.is_current:
        change.decide(ChangeStatus.REPLACED, "", by=None, at=now())
        change.save(update_fields=CHANGE_DECIDED)
        return change
    if said.code in NOT_OF_DETAILS:
        return change
    payee = account.payee
    fact = BankChangeHeard(change_id=change.pk, bank_account_id=account.pk, payee_id=payee.pk, code=said.code)
    _tell(payee, account, fact, by=by)
    return change


@transaction.atomic
def accept_change(change_id: int, *, by: User) -> BankAccount:
    """
    Write a payee's details as their bank has told; these wait as new details do, so that the payee may object.

    :raises NotAllowed: if it was settled before, it does not say what is right or that cannot be, the person has brought
        the bank's file, they or who has are not confirmed (`require_second_person`), the person is the payee, or may not approve payouts there
    """
    change, payee, before = _held_change(change_id, by=by)
    if by.pk in {change.heard_by_id, change.file.uploaded_by_id}:
        message = _("You have brought the bank’s file: somebody else has to say that it is right.")
        raise NotAllowed(message, code="own_word")
    require_second_person(by, [change.heard_by_id, change.file.uploaded_by_id])
    details = corrected_details(change, before)
    if details is None:
        raise NotAllowed(_("The bank does not say what these details are: ask the payee."), code="not_said")
    for problem in problems_of(details):
        raise NotAllowed(problem.message, code=problem.code)
    change.decide(ChangeStatus.ACCEPTED, "", by=by, at=now())
    change.save(update_fields=CHANGE_DECIDED)
    _end(before, BankEnd.CORRECTED, change.code, by=by)
    given = _write(payee, details, by=by)
    fact = BankDetailsCorrected(
        change_id=change.pk, bank_account_id=given.pk, payee_id=payee.pk, usable_from=given.usable_from.isoformat()
    )
    _tell(payee, given, fact, by=by)
    return given


@transaction.atomic
def dismiss_change(change_id: int, note: str, *, by: User) -> BankChange:
    """
    Note that what a bank has told changes nothing, and why: money is sent to the bank account as before.

    :raises NotAllowed: if it was settled before, nothing is said, or the person is the payee, or may not approve payouts there
    """
    is_of_ours = BankChange.objects.filter(pk=change_id, bank_account__isnull=False).exists()
    change = _held_change(change_id, by=by)[0] if is_of_ours else _alone(change_id, by=by)
    if not note.strip():
        raise NotAllowed(_("Say how you know."), code="no_reason", field="reason")
    change.decide(ChangeStatus.DISMISSED, note.strip(), by=by, at=now())
    change.save(update_fields=CHANGE_DECIDED)
    return change


def corrected_details(change: BankChange, account: BankAccount) -> BankDetails | None:
    """Return a payee's details as their bank has told them; None where it says nothing that we write."""
    said = AchChange(
        line=0, code=change.code, original_trace=change.original_trace, original_rdfi="", trace=change.trace,
        company="", account_number="", name="", reference="", corrected=change.corrected_text,
    )  # fmt: skip
    told = (said.routing_number, said.account_number_now, said.kind, said.name_now)
    if not any(told):
        return None
    return BankDetails(
        routing_number=said.routing_number or account.routing_number,
        account_number=said.account_number_now or account.account_number,
        kind=BankAccountKind(said.kind or account.kind),
        holder=said.name_now or account.holder,
        is_business=account.is_business,
    )


def _held_change(change_id: int, *, by: User) -> tuple[BankChange, Payee, BankAccount]:
    """
    Hold what a bank has told, after the payee and the bank account, as everybody does.

    :raises NotAllowed: if the person is the payee, or may not approve payouts where the file was brought or the payee is
    """
    account_id = BankChange.objects.values_list("bank_account", flat=True).get(pk=change_id)
    if account_id is None:
        raise NotAllowed(_("No transfer of ours fits: there are no details to change."), code="unmatched")
    payee, account = _held(account_id)
    change = _alone(change_id, by=by)
    require(by, Permission.APPROVE_BATCHES, payee.division)
    if is_own(by, payee.account.customer):
        raise NotAllowed(_("These are your own bank details: somebody else has to look."), code="own")
    return change, payee, account


def _alone(change_id: int, *, by: User) -> BankChange:
    change = BankChange.objects.locked().select_related("file__division").get(pk=change_id)
    require(by, Permission.APPROVE_BATCHES, change.file.division)
    return change


def signal_shared_bank_account(bank_account_id: int) -> None:
    """
    Let the money of a referral wait whose referrer and friend have named one bank account, until a person has looked.

    What they named before counts, too. Again, nothing happens.
    """
    payee = Payee.objects.get(bank_accounts=bank_account_id)
    digest = BankAccount.objects.values_list("digest", flat=True).get(pk=bank_account_id)
    theirs = Payee.objects.filter(bank_accounts__digest=digest).exclude(pk=payee.pk).values("account")
    between = Q(referrer__account=payee.account_id, friend_account__in=theirs) | Q(
        friend_account=payee.account_id, referrer__account__in=theirs
    )
    for referral_id in Referral.objects.filter(between).order_by("pk").values_list("pk", flat=True):
        raise_signal(referral_id, SignalKind.SAME_BANK)


@renewed_by("bank accounts")
def renew_bank_accounts() -> int:
    """Encrypt all account numbers under the first of `FIELD_KEYS`, make their digests anew, and return how many."""
    with transaction.atomic():
        accounts = list(BankAccount.objects.locked().order_by("pk"))
        for account in accounts:
            number = account.account_number
            account.sealed_number = encrypt(number)
            account.digest = digest_of(written_together(account.routing_number, number))
        BankAccount.objects.bulk_update(accounts, ["sealed_number", "digest"], batch_size=500)
    return len(accounts)


@sensitive_variables("details", "number")
def problems_of(details: BankDetails) -> Iterator[NotAllowed]:
    """Yield what cannot be right about bank details, each with its field."""
    if not is_routing_number(details.routing_number):
        message = _("This is no routing number of a bank. It has nine digits: the first ones at the bottom of a check.")
        yield NotAllowed(message, code="no_routing_number", field="routing_number")
    number = details.account_number
    is_number = number.isascii() and number.isdigit() and SHORTEST_NUMBER <= len(number) <= LONGEST_NUMBER
    if not is_number or not number.strip("0"):
        message = _("An account number has 4 to 17 digits, and nothing else.")
        yield NotAllowed(message, code="no_account_number", field="account_number")
    try:
        spelled = written(details.holder, field="holder")
    except AchRefused as refusal:
        yield NotAllowed(refusal.message, code="no_holder", field="holder")
    else:
        if not any(sign.isalpha() for sign in spelled):
            yield NotAllowed(_("Enter the name of the account’s holder."), code="no_holder", field="holder")
        elif re.search(r"\d{5}" if details.is_business else r"\d", spelled) or (number and number in spelled):
            message = _(
                "A person’s name has no digits, a business’s a few. If it is the account of a business, say so."
            )
            yield NotAllowed(message, code="no_holder", field="holder")


def _refuse_the_same(before: BankAccount, details: BankDetails, digest: str) -> None:
    """
    Do not begin to wait anew for what is known.

    :raises NotAllowed: if nothing would change
    """
    if (before.digest, before.kind, before.holder, before.is_business) == (
        digest,
        details.kind,
        details.holder.strip(),
        details.is_business,
    ):
        raise NotAllowed(_("These are the details that we have."), code="same")


def _locked_payee(payee_id: int) -> Payee:
    return Payee.objects.locked().select_related("account__customer", "division").get(pk=payee_id)


def _held(bank_account_id: int) -> tuple[Payee, BankAccount]:
    """Hold the payee before the bank account, as everybody does."""
    payee_id = BankAccount.objects.values_list("payee", flat=True).get(pk=bank_account_id)
    payee = _locked_payee(payee_id)
    return payee, BankAccount.objects.locked().get(pk=bank_account_id)


def _end(account: BankAccount, reason: BankEnd, note: str, *, by: User | None) -> None:
    """End bank details; what a bank has told of them is settled thereby."""
    account.end(reason, note, by=by, at=now())
    account.save(update_fields=["end_reason", "end_note", "ended_by", "ended_at"])
    for change in BankChange.objects.locked().filter(bank_account=account, status=ChangeStatus.OPEN).order_by("pk"):
        change.decide(ChangeStatus.REPLACED, "", by=None, at=now())
        change.save(update_fields=CHANGE_DECIDED)


def _ended(payee: Payee, account: BankAccount, reason: BankEnd, note: str, *, by: User | None) -> BankAccount:
    _end(account, reason, note, by=by)
    fact = BankDetailsEnded(bank_account_id=account.pk, payee_id=payee.pk, reason=reason.value)
    _tell(payee, account, fact, by=by)
    return account


def _tell(payee: Payee, account: BankAccount, fact: Fact, *, by: User | None) -> None:
    publish(fact, subject=account, about=[payee.account], division=payee.division, by=by)

"""Where a payee is paid in cash, from when on, and who else is paid there."""

from collections.abc import Iterable
from datetime import date

from django.db.models import Exists, OuterRef, Q, QuerySet

from commissions.models import BankAccount, BankChange, BatchLine, Payee, Reward
from commissions.states import ChangeStatus, RewardForm
from foundation.ach import NOT_OF_DETAILS
from foundation.ach.days import banking_days_after
from foundation.people.queries import Person, divisions_where
from foundation.people.states import Permission

CHANGE_DAYS = 6
"""Banking days within which an originator makes a change that a bank has told of."""


def usable_bank_accounts(on: date) -> QuerySet[BankAccount]:
    """Return the bank accounts to which money may be sent on a day: of which no bank has told that they are others."""
    named = BankAccount.objects.filter(ended_at=None, usable_from__lte=on)
    return named.exclude(Exists(_open_of_details().filter(bank_account=OuterRef("pk"))))


def _open_of_details() -> QuerySet[BankChange]:
    return BankChange.objects.filter(status=ChangeStatus.OPEN).exclude(code__in=NOT_OF_DETAILS)


def open_changes(user: Person) -> QuerySet[BankChange]:
    """
    Return what banks have told of payees' details, and nobody has decided, where a person may approve payouts.

    They have to where the bank's file was brought, and where the payee is.
    """
    divisions = divisions_where(user, Permission.APPROVE_BATCHES)
    is_theirs = Q(bank_account=None) | Q(bank_account__payee__division__in=divisions)
    return BankChange.objects.filter(is_theirs, file__division__in=divisions, status=ChangeStatus.OPEN)


def open_change_of(account: BankAccount) -> BankChange | None:
    """Return what a bank has told of the details of a bank account, as long as nobody has decided about it."""
    return _open_of_details().filter(bank_account=account).order_by("pk").first()


def bank_accounts_in_question(transfers: QuerySet[BatchLine]) -> QuerySet[BankChange, int | None]:
    """Return the bank accounts (ids) of some transfers of whose details a bank has told what nobody has decided about."""
    accounts = transfers.order_by().values("bank_account")
    return _open_of_details().filter(bank_account__in=accounts).values_list("bank_account", flat=True)


def change_is_due_on(change: BankChange) -> date:
    """Return the day by which a change is made: six banking days after it was heard of (Nacha, 2.12.1)."""
    return banking_days_after(change.heard_at.astimezone(change.file.division.zone).date(), CHANGE_DAYS)


def bank_account_of(payee: Payee, on: date) -> BankAccount | None:
    """
    Return the bank account to which money may be sent on a day.

    :param on: the payee's division's
    :return: None where a payee has given no details, or gave them so lately that they are not used yet
    """
    return usable_bank_accounts(on).filter(payee=payee).first()


def current_bank_account(payee: Payee) -> BankAccount | None:
    """Return the bank account that a payee has named last, used already or not."""
    return BankAccount.objects.filter(payee=payee, ended_at=None).first()


def named_bank_accounts(payees: Iterable[int]) -> dict[int, BankAccount]:
    """Return the bank accounts that payees (ids) have named last, used already or not, by the payees' ids."""
    named = BankAccount.objects.filter(payee__in=list(payees), ended_at=None).select_related("payee__division")
    return {account.payee_id: account for account in named}


def may_be_paid_in_cash(payee: Payee) -> bool:
    """Tell whether a payee has a reward in cash, whatever its status, and so may say where to pay it."""
    return Reward.objects.filter(payee=payee, term__form=RewardForm.CASH).exists()


def sharing_bank_account(payees: Iterable[int]) -> set[int]:
    """Return which of some payees (ids) are paid to a bank account that another payee, of any division, has named, too."""
    named = BankAccount.objects.filter(ended_at=None, payee__in=list(payees))
    others = BankAccount.objects.filter(digest=OuterRef("digest")).exclude(payee=OuterRef("payee"))
    return set(named.filter(Exists(others)).values_list("payee", flat=True))


def bank_accounts_visible_to(user: Person) -> QuerySet[BankAccount]:
    """Return the bank accounts of the payees of the divisions where a member of staff may see the ledger."""
    return BankAccount.objects.filter(payee__division__in=divisions_where(user, Permission.SEE_LEDGER))


def is_paid_elsewhere_now(line: BatchLine) -> bool:
    """
    Tell whether a payee has named another bank account than the one that a transfer was for.

    The same number named anew is no other one: what came back from it would come back again.
    """
    current, was = current_bank_account(line.payee), line.bank_account
    return bool(current and was and (current.digest, current.kind) != (was.digest, was.kind))

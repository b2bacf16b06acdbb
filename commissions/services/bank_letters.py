"""Write to payees about their bank details, of which no letter says a digit: it may be read by others."""

from typing import Any

from django.urls import reverse

from commissions.models import BankAccount
from foundation.correspondence.services import compose, queue_message
from foundation.divisions.queries import root_of


def send_given(bank_account_id: int, *, is_change: bool) -> None:
    """Tell a payee that bank details were given, from when on they are used, and what to do if it was not them."""
    account = _account(bank_account_id)
    _send(account, "bank_changed" if is_change else "bank_given", {"day": account.usable_from})


def send_change_heard(bank_account_id: int, change_id: int) -> None:
    """Tell a payee that their bank has told other details, and that nothing is sent before they say what is right."""
    _send(_account(bank_account_id), "bank_change_heard", {}, key=str(change_id))


def send_corrected(bank_account_id: int) -> None:
    """Tell a payee that their details were written as their bank has told, from when on, and what to do if that is wrong."""
    account = _account(bank_account_id)
    _send(account, "bank_corrected", {"day": account.usable_from})


def send_ended(bank_account_id: int) -> None:
    """Tell a payee that nothing is sent to the bank account that they had named."""
    _send(_account(bank_account_id), "bank_ended", {})


def _account(bank_account_id: int) -> BankAccount:
    related = ("payee__account__customer__user", "payee__division")
    return BankAccount.objects.select_related(*related).get(pk=bank_account_id)


def _send(account: BankAccount, kind: str, said: dict[str, Any], *, key: str = "") -> None:
    """
    Write to all addresses that are known: that of the contact, and that of whoever signs in, where it is another one.

    Whoever has taken over one of them does not keep the owner from reading it at the other. Again, nothing is sent.
    """
    payee, customer = account.payee, account.payee.account.customer
    contacts = customer.contacts.filter(role="primary").exclude(email="").values_list("email", flat=True)
    signs_in = [customer.user.email.lower()] if customer.user else []
    context = {
        "name": customer.name,
        "account": str(payee.account),
        "link": root_of(payee.division) + reverse("selfcare:bank", args=[payee.pk]),
        **said,
    }
    letter = compose(f"commissions/mail/{kind}", context, language=customer.language, division=payee.division)
    for to in sorted({*contacts, *signs_in}):
        queue_message(
            letter,
            key=f"commissions.{kind}:{key or account.pk}:{to}",
            kind=f"commissions.{kind}",
            to=to,
            language=customer.language,
            division=payee.division,
            subject=account,
            about=[payee.account, customer],
        )

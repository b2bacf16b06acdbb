"""Bank details of payees: staff read their last digits, and may end them, but never enter any."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy as _

from commissions.queries.bank import bank_accounts_visible_to
from commissions.services.bank import end_bank_details
from foundation.people.models import UserRequest
from foundation.people.states import Permission
from interfaces.desk.access import staff_page
from interfaces.desk.actions import Action, perform, posted
from interfaces.desk.forms import ReasonForm


@staff_page(Permission.BUILD_BATCHES)
def end(request: UserRequest, pk: int) -> HttpResponse:
    """Send nothing more to a bank account that is not the payee's."""
    found = get_object_or_404(bank_accounts_visible_to(request.user).select_related("payee__account__customer"), pk=pk)
    action = Action(
        title=_("End the bank details"),
        explanation=gettext(
            "%(bank)s, holder %(holder)s, was given for account %(account)s. Nothing is sent there any more, and the payee is "
            "written to. Only they can give other details, on their own page."
        )
        % {"bank": found, "holder": found.holder, "account": found.payee.account},
        button=_("Not theirs: end them"),
        done=_("Ended. The payee is written to."),
        nothing="" if found.is_current else _("These bank details have ended."),
        subject=found.payee.account.customer.name,
        back=reverse("desk:customer", args=[found.payee.account.customer_id]),
        is_grave=True,
    )

    def do(answers: dict[str, Any]) -> None:
        end_bank_details(pk, answers["reason"], by=request.user)

    return perform(request, action, ReasonForm(posted(request)), do)

"""A customer says where cash is paid, and takes that back."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from commissions.models import Payee
from commissions.queries.bank import current_bank_account, may_be_paid_in_cash, open_change_of
from commissions.queries.statements import payees_of
from commissions.services.bank import give_bank_details, withdraw_bank_details
from commissions.settings import BANK_HOLD_DAYS
from foundation.divisions.queries import effective
from foundation.lifecycle import NotAllowed
from foundation.now import today
from foundation.people.http import ask_who_it_is, shown_to
from foundation.people.models import UserRequest
from foundation.people.throttles import throttled
from interfaces.selfcare.access import own_page
from interfaces.selfcare.forms import BankForm
from interfaces.selfcare.queries import own_partners


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("routing_number", "account_number", "account_number_again")
@throttled("bank")
@own_page
def bank(request: UserRequest, pk: int) -> HttpResponse:
    """Show how somebody is paid, and take down where, once they have proved anew who they are."""
    payee = _payee(request, pk)
    if asked := ask_who_it_is(request):
        return asked
    form = BankForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            give_bank_details(pk, form.details, by=request.user)
        except NotAllowed as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            messages.success(request, _("Your bank details are saved. We have written to you about it."))
            return redirect("selfcare:statements")
    current = current_bank_account(payee)
    context = {
        "payee": payee,
        "current": current,
        "is_waiting": current is not None and not current.is_usable(today(payee.division)),
        "has_changed": current is not None and open_change_of(current) is not None,
        "days": effective(payee.division, BANK_HOLD_DAYS),
        "form": form,
        "shown_to": shown_to(request),
        "is_partner": own_partners(request.user).exists(),
    }
    return render(request, "selfcare/bank.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@own_page
def withdraw(request: UserRequest, pk: int) -> HttpResponse:
    """End somebody's bank details, once that was confirmed. It stops money, so that nothing more is asked."""
    payee = _payee(request, pk)
    current = current_bank_account(payee)
    if current is None:
        return redirect("selfcare:bank", pk)
    if request.method == "POST":
        try:
            withdraw_bank_details(pk, by=request.user)
        except NotAllowed as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("Nothing is sent to that bank account any more."))
        return redirect("selfcare:statements")
    context = {"payee": payee, "current": current, "is_partner": own_partners(request.user).exists()}
    return render(request, "selfcare/bank_withdraw.html", context)


def _payee(request: UserRequest, pk: int) -> Payee:
    """Return a payee of the person's own who is paid in cash, or has said where."""
    payee = get_object_or_404(payees_of(request.user.pk), pk=pk)
    if not (may_be_paid_in_cash(payee) or current_bank_account(payee)):
        raise Http404
    return payee

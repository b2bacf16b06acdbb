"""A customer says what is wrong with a line of a statement, and reads what was answered."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from commissions.models import Dispute
from commissions.queries.disputes import correction_paid_on, correction_taken_back, own_disputes, own_lines
from commissions.queries.statements import own_line
from commissions.services.disputes import raise_dispute
from foundation.lifecycle import NotAllowed
from foundation.people.models import UserRequest
from foundation.people.throttles import throttled
from interfaces.selfcare.access import own_page
from interfaces.selfcare.forms import DisputeForm
from interfaces.selfcare.queries import own_partners

READ = ("payee__account", "reward__term", "reward__referral__order")


@require_http_methods(["GET", "HEAD", "POST"])
@throttled("dispute")
@own_page
def raise_(request: UserRequest, pk: int) -> HttpResponse:
    """Take down what is wrong with a line."""
    line = get_object_or_404(own_lines(request.user.pk).select_related(*READ), pk=pk)
    if found := Dispute.objects.filter(entry=line).first():
        return redirect("selfcare:dispute", found.pk)
    form = DisputeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            raised = raise_dispute(pk, form.cleaned_data["words"], by=request.user)
        except NotAllowed as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            messages.success(request, _("We look at it, and write to you."))
            return redirect("selfcare:dispute", raised.pk)
    context = {"line": own_line(line), "form": form, "is_partner": own_partners(request.user).exists()}
    return render(request, "selfcare/dispute_raise.html", context, status=422 if form.errors else 200)


@require_safe
@own_page
def dispute(request: UserRequest, pk: int) -> HttpResponse:
    """Show what was said about a line, and what was answered."""
    related = ("division", *(f"entry__{path}" for path in READ))
    found = get_object_or_404(own_disputes(request.user.pk).select_related(*related), pk=pk)
    context = {
        "dispute": found,
        "line": own_line(found.entry),
        "paid_on": correction_paid_on(found),
        "taken_back": correction_taken_back(found),
        "is_partner": own_partners(request.user).exists(),
    }
    return render(request, "selfcare/dispute.html", context)

"""Bank transfers at the desk: the file of a batch for the bank, and what the bank sends back."""

from collections import Counter

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from commissions.models import BankFile
from commissions.queries.transfers import (
    bank_files_visible_to,
    may_be_paid_from,
    return_files_visible_to,
    to_be_handed_over,
    unmatched,
)
from commissions.services import batches
from commissions.states import BankFileStatus, ReturnOutcome
from foundation.lifecycle import NotAllowed
from foundation.people.models import User, UserRequest
from foundation.people.states import Permission
from interfaces.desk.access import staff_page
from interfaces.desk.actions import Action, perform, posted
from interfaces.desk.forms import ConfirmForm, LookedAtForm, PaidFileForm, ReasonForm, ReturnFileForm
from interfaces.desk.views.payouts import in_words

FILES_SHOWN = 20
UNMATCHED_SHOWN = 100
CURRENCY = "USD"


@require_POST
@never_cache
@staff_page(Permission.APPROVE_BATCHES)
def download(request: UserRequest, pk: int) -> HttpResponse:
    """Give a person the file for the bank. It is asked for by a POST: each time is a fact."""
    found = _found(request, pk)
    try:
        file = batches.download_bank_file(found.pk, by=request.user)
    except NotAllowed as refusal:
        messages.error(request, refusal.message)
        return redirect(_back(found))
    response = HttpResponse(file.text, content_type="text/plain; charset=us-ascii")
    response["Content-Disposition"] = f'attachment; filename="{file.name}"'
    response["Cache-Control"] = "no-store"
    return response


@staff_page(Permission.APPROVE_BATCHES)
def hand_over(request: UserRequest, pk: int) -> HttpResponse:
    """Note that a file was handed to the bank."""
    file = _found(request, pk)
    text = ngettext(
        "%(count)d transfer of %(total)s in all, for %(date)s. Note it once the bank has taken the file.",
        "%(count)d transfers of %(total)s in all, for %(date)s. Note it once the bank has taken the file.",
        file.count,
    )
    action = Action(
        title=_("Handed to the bank"),
        explanation=text % {**_said(file), "date": date_format(file.effective_on)},
        button=_("It was handed to the bank"),
        done=_("Noted. Confirm it from the bank’s statement once it is paid."),
        subject=file.batch,
        back=_back(file),
    )
    form = ConfirmForm(posted(request))
    return perform(request, action, form, lambda _answers: batches.hand_over_bank_file(pk, by=request.user))


@staff_page(Permission.APPROVE_BATCHES)
def confirm(request: UserRequest, pk: int) -> HttpResponse:
    """Note that the bank's statement shows a file as paid; what it shows is typed, and compared."""
    file = _found(request, pk)
    action = Action(
        title=_("Confirm as paid"),
        explanation=_(
            "From the bank’s statement, type how many transfers of the file it shows, and their sum, without what came "
            "back. The bank may send transfers back until %(date)s."
        )
        % {"date": date_format(may_be_paid_from(file))},
        button=_("The bank has paid it"),
        done=_("Noted. The transfers are settled now."),
        subject=file.batch,
        back=_back(file),
        is_grave=True,
    )
    form = PaidFileForm(posted(request))
    return perform(
        request,
        action,
        form,
        lambda answers: batches.confirm_bank_file(pk, count=answers["count"], total=answers["total"], by=request.user),
    )


@staff_page(Permission.APPROVE_BATCHES)
def refuse(request: UserRequest, pk: int) -> HttpResponse:
    """Note that the bank has refused a file, or that it is not handed over after all: what it was to pay is owed again."""
    file = _found(request, pk)
    text = ngettext(
        "%(count)d transfer of %(total)s in all is owed again, and goes into the next batch. Be sure that the bank pays "
        "nothing of this file, and delete your copy: else it is paid twice.",
        "%(count)d transfers of %(total)s in all are owed again, and go into the next batch. Be sure that the bank pays "
        "nothing of this file, and delete your copy: else they are paid twice.",
        file.count,
    )
    action = Action(
        title=_("The bank has refused it, or it is not handed over"),
        explanation=text % _said(file),
        button=_("Nothing of it is paid"),
        done=_("Noted. The transfers are owed again."),
        nothing=_obstacle_to_refusal(file, request.user),
        subject=file.batch,
        back=_back(file),
        is_grave=True,
    )
    form = ReasonForm(posted(request))
    return perform(
        request, action, form, lambda answers: batches.refuse_bank_file(pk, answers["reason"], by=request.user)
    )


def _obstacle_to_refusal(file: BankFile, user: User) -> str:
    if file.batch.was_made_by(user):
        return _("You built or froze this batch: somebody else has to say so.")
    return "" if file.can_move(BankFileStatus.REFUSED) else _("This cannot be said of it any more.")


def _said(file: BankFile) -> dict[str, object]:
    return {"count": file.count, "total": in_words(file.total, CURRENCY)}


def _found(request: UserRequest, pk: int) -> BankFile:
    return get_object_or_404(bank_files_visible_to(request.user).select_related("batch", "division"), pk=pk)


def _back(file: BankFile) -> str:
    return reverse("desk:payout", args=[file.batch_id])


@never_cache
@staff_page(Permission.APPROVE_BATCHES)
def returns(request: UserRequest) -> HttpResponse:
    """Take in what the bank has sent back, and show what nobody could be matched with."""
    form = ReturnFileForm(posted(request), request.FILES or None)
    if form.is_bound and form.is_valid():
        try:
            kept = batches.keep_return_file(form.cleaned_data["file"], by=request.user)
        except NotAllowed as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            return redirect("desk:return_file", kept.pk)
    context = {
        "form": form,
        "files": return_files_visible_to(request.user).select_related("uploaded_by", "division")[:FILES_SHOWN],
        "unmatched": unmatched(request.user).select_related("line", "file")[:UNMATCHED_SHOWN],
        "waiting": to_be_handed_over(request.user).select_related("batch", "division")[:FILES_SHOWN],
        "was_any_made": bank_files_visible_to(request.user).exists(),
        "currency": CURRENCY,
    }
    return render(request, "desk/bank_returns.html", context, status=422 if form.errors else 200)


@never_cache
@staff_page(Permission.APPROVE_BATCHES)
def return_file(request: UserRequest, pk: int) -> HttpResponse:
    """Show what came back in a file, each transfer beside ours, and take it when that is said."""
    file = get_object_or_404(return_files_visible_to(request.user), pk=pk)
    if request.method == "POST":
        messages.success(request, _done(batches.take_return_file(pk, by=request.user)))
        return redirect("desk:return_file", pk)
    rows = batches.rows_of(file, by=request.user)
    context = {
        "file": file,
        "rows": rows,
        "to_take": sum(row.is_to_be_taken for row in rows),
        "to_look_at": sum(row.outcome in TO_LOOK_AT for row in rows),
        "currency": CURRENCY,
    }
    return render(request, "desk/return_file.html", context)


@staff_page(Permission.APPROVE_BATCHES)
def look_at_return(request: UserRequest, pk: int) -> HttpResponse:
    """Note what a person found about what came back and was not taken."""
    found = get_object_or_404(unmatched(request.user).select_related("line__batch"), pk=pk)
    text = _("%(amount)s, reason %(code)s, trace number %(trace)s. %(outcome)s.")
    said = {"code": found.code, "trace": found.original_trace, "outcome": found.get_outcome_display()}
    action = Action(
        title=_("Looked at"),
        explanation=text % {**said, "amount": in_words(found.amount, CURRENCY)},
        button=_("Looked at"),
        done=_("Noted. It is listed no more."),
        subject=_("Bank transfers"),
        back=reverse("desk:bank_returns"),
    )
    form = LookedAtForm(posted(request), may_be_taken=found.outcome == ReturnOutcome.UNCLEAR)
    return perform(
        request,
        action,
        form,
        lambda answers: batches.look_at_return(
            pk, answers["reason"], is_owed_again=answers.get("is_owed_again", False), by=request.user
        ),
    )


TO_LOOK_AT = frozenset(ReturnOutcome) - {ReturnOutcome.TAKEN, ReturnOutcome.KNOWN}


def _done(done: Counter[ReturnOutcome]) -> str:
    taken = done[ReturnOutcome.TAKEN]
    text = ngettext("%(count)d transfer is owed again.", "%(count)d transfers are owed again.", taken)
    left = sum(done[outcome] for outcome in TO_LOOK_AT)
    look = ngettext("%(count)d needs a person.", "%(count)d need a person.", left)
    said = [text % {"count": taken}] + ([look % {"count": left}] if left else [])
    return " ".join(said)

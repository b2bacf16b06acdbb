"""Bank transfers at the desk: the file of a batch for the bank, and what the bank sends back."""

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from commissions.models import BankChange, BankFile, BankReturn, BatchLine
from commissions.queries.bank import change_is_due_on, open_changes
from commissions.queries.transfers import (
    awaited_for,
    awaited_of,
    bank_files_visible_to,
    has_taken_back,
    may_be_paid_from,
    return_files_visible_to,
    to_be_confirmed,
    to_be_handed_over,
    topmost,
    unmatched,
    was_run,
)
from commissions.services import bank, batches
from commissions.services.bank import BankDetails, corrected_details, ending_of
from commissions.states import BankAccountKind, BankFileStatus, ReturnOutcome
from foundation.ach import change_in_words
from foundation.divisions.models import Division
from foundation.jobs.queries import progress_of
from foundation.jobs.states import JobStatus
from foundation.lifecycle import NotAllowed
from foundation.people.http import STAFF_PROOF, has_proved, proof_page
from foundation.people.models import User, UserRequest
from foundation.people.queries import divisions_where
from foundation.people.states import Permission
from interfaces.desk.access import staff_page
from interfaces.desk.actions import Action, perform, posted
from interfaces.desk.forms import ConfirmForm, LookedAtForm, PaidFileForm, ReasonForm, ReturnFileForm
from interfaces.desk.views.payouts import in_words

FILES_SHOWN = 20
UNMATCHED_SHOWN = 100
ROWS_SHOWN = 100
CURRENCY = "USD"


@require_POST
@never_cache
@staff_page(Permission.APPROVE_BATCHES)
def download(request: UserRequest, pk: int) -> HttpResponse:
    """Give a person the file for the bank. It is asked for by a POST: each time is a fact."""
    found = _found(request, pk)
    if not has_proved(request, within=STAFF_PROOF):
        messages.info(request, _("The file holds account numbers: give your code once more, then download it."))
        return redirect(proof_page(request, back=_back(found)))
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
        "%(count)d transfer of %(total)s in all, for %(date)s. Note it once the bank has taken the file. What comes back of "
        "it is taken by somebody else than you.",
        "%(count)d transfers of %(total)s in all, for %(date)s. Note it once the bank has taken the file. What comes back of "
        "it is taken by somebody else than you.",
        file.count,
    )
    action = Action(
        title=_("Handed to the bank"),
        explanation=text % {**_said(file), "date": date_format(file.effective_on)},
        button=_("It was handed to the bank"),
        done=_("Noted. Confirm it from the bank’s statement once it is paid."),
        subject=file.batch,
        back=_back(file),
        asks_who_it_is=True,
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
            "back or was confirmed before. The bank may send transfers back until %(date)s."
        )
        % {"date": date_format(may_be_paid_from(file))},
        button=_("The bank has paid it"),
        done=_("Noted. The transfers are settled now."),
        nothing=_obstacle_to_confirming(file, request.user),
        subject=file.batch,
        back=_back(file),
        asks_who_it_is=True,
        is_grave=True,
    )
    awaited = awaited_of(file).select_related("payee__account__customer")
    form = PaidFileForm(posted(request), transfers=[(line.pk, _named(line)) for line in awaited])
    return perform(
        request,
        action,
        form,
        lambda answers: batches.confirm_bank_file(
            pk, count=answers["count"], total=answers["total"], missed=answers["missed"], by=request.user
        ),
    )


def _obstacle_to_confirming(file: BankFile, user: User) -> str:
    if file.status == BankFileStatus.RETURNED:
        return _("All of it came back: the returns have settled it, and there is nothing to be confirmed.")
    if has_taken_back(user, [file.batch_id]):
        return _("You have taken what came back of it: somebody else has to confirm the rest.")
    return ""


def _named(line: BatchLine) -> str:
    """Name a transfer as a person finds it on a statement."""
    return f"{line.payee.account.customer.name}, {in_words(line.amount, CURRENCY)}, {line.trace_number}"


@staff_page(Permission.APPROVE_BATCHES)
def give_back(request: UserRequest, pk: int) -> HttpResponse:
    """Note of a transfer that the bank's statement did not show that the bank has not paid it: it is owed again."""
    line = get_object_or_404(awaited_for(request.user).select_related("batch", "payee__account__customer"), pk=pk)
    action = Action(
        title=_("The bank has not paid it"),
        explanation=_(
            "%(transfer)s. It is owed again, and goes into the next batch. Be sure that the bank does not pay it after all: "
            "else it is paid twice."
        )
        % {"transfer": _named(line)},
        button=_("It is owed again"),
        done=_("Noted. The transfer is owed again."),
        subject=line.batch,
        back=reverse("desk:payout", args=[line.batch_id]),
        is_grave=True,
        asks_who_it_is=True,
    )
    form = ReasonForm(posted(request))
    return perform(
        request, action, form, lambda answers: batches.give_back_transfer(pk, answers["reason"], by=request.user)
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
        asks_who_it_is=True,
        is_grave=True,
    )
    form = ReasonForm(posted(request))
    return perform(
        request, action, form, lambda answers: batches.refuse_bank_file(pk, answers["reason"], by=request.user)
    )


def _obstacle_to_refusal(file: BankFile, user: User) -> str:
    if file.batch.was_made_by(user):
        return _("You built or froze this batch: somebody else has to say so.")
    if was_run(file):
        return _("The bank has sent something of it back, or paid it: it has run the file.")
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
    form = ReturnFileForm(posted(request), request.FILES or None, divisions=_markets_to_choose(request.user))
    if form.is_bound and form.is_valid():
        chosen = form.cleaned_data.get("division")
        try:
            kept = batches.keep_return_file(
                form.cleaned_data["file"], division_id=chosen.pk if chosen else None, by=request.user
            )
        except NotAllowed as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            return redirect("desk:return_file", kept.pk)
    context = {
        "form": form,
        "files": return_files_visible_to(request.user).select_related("uploaded_by", "division")[:FILES_SHOWN],
        "unmatched": _to_look_at(request.user),
        "unconfirmed": to_be_confirmed(request.user)[:FILES_SHOWN],
        "waiting": to_be_handed_over(request.user).select_related("batch", "division")[:FILES_SHOWN],
        "awaited": awaited_for(request.user).select_related("batch", "payee__account__customer")[:UNMATCHED_SHOWN],
        "changes": [
            (change, change_is_due_on(change))
            for change in open_changes(request.user).select_related(
                "bank_account__payee__account__customer", "file__division"
            )[:UNMATCHED_SHOWN]
        ],
        "was_any_made": bank_files_visible_to(request.user).exists(),
        "currency": CURRENCY,
    }
    return render(request, "desk/bank_returns.html", context, status=422 if form.errors else 200)


def _markets_to_choose(user: User) -> QuerySet[Division]:
    """Return where a person may approve payouts; none where one of these lies above all others: it stands for them."""
    divisions = divisions_where(user, Permission.APPROVE_BATCHES).order_by("name")
    return divisions if len(topmost(divisions)) > 1 else divisions.none()


def _to_look_at(user: User) -> list[tuple[BankReturn, str]]:
    """Return what came back and was not taken, each with the reason for which a person may not end it; empty: they may."""
    related = ("line__payee__account__customer", "line__batch__bank_file", "file")
    found = list(unmatched(user).select_related(*related)[:UNMATCHED_SHOWN])
    why_not = batches.obstacles_to_looking(found, by=user)
    return [(one, why_not[one.pk]) for one in found]


@never_cache
@staff_page(Permission.APPROVE_BATCHES)
def return_file(request: UserRequest, pk: int) -> HttpResponse:
    """Show what came back in a file, each transfer beside ours, and take it when that is said."""
    file = get_object_or_404(return_files_visible_to(request.user).select_related("job"), pk=pk)
    if request.method == "POST":
        if not has_proved(request, within=STAFF_PROOF):
            messages.info(request, _("Give your code once more, then take it."))
            return redirect(proof_page(request, back=request.path))
        try:
            batches.start_taking(pk, by=request.user)
        except NotAllowed as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(request, _("It is being taken. This page shows how far it is."))
        return redirect("desk:return_file", pk)
    rows = batches.rows_of(file, by=request.user, last=ROWS_SHOWN)
    context = {
        "file": file,
        "rows": rows,
        "more": max(0, file.count - ROWS_SHOWN),
        "progress": progress_of(file.job) if file.job else None,
        "is_being_taken": file.job is not None and file.job.status == JobStatus.RUNNING,
        "to_hear": sum(row.holds_details and not row.was_taken for row in rows),
        "to_take": sum(row.is_to_be_taken for row in rows),
        "to_look_at": sum(
            row.outcome in TO_LOOK_AT or (row.outcome is None and not row.holds_details and not row.was_taken)
            for row in rows
        ),
        "currency": CURRENCY,
    }
    return render(request, "desk/return_file.html", context)


@staff_page(Permission.APPROVE_BATCHES)
def look_at_return(request: UserRequest, pk: int) -> HttpResponse:
    """Note what a person found about what came back and was not taken."""
    related = ("line__payee__account__customer", "line__batch__bank_file", "file")
    found = get_object_or_404(unmatched(request.user).select_related(*related), pk=pk)
    may_be_taken = found.outcome == ReturnOutcome.UNCLEAR
    several = batches.candidates_for(found, by=request.user) if found.outcome == ReturnOutcome.SEVERAL else ()
    text = _("%(amount)s, reason %(code)s, trace number %(trace)s. %(outcome)s.")
    said = {"code": found.code, "trace": found.original_trace, "outcome": found.get_outcome_display()}
    action = Action(
        title=_("Looked at"),
        explanation=text % {**said, "amount": in_words(found.amount, CURRENCY)},
        nothing=batches.obstacles_to_looking([found], by=request.user)[pk],
        button=_("Looked at"),
        done=_("Noted. It is listed no more."),
        subject=_("Bank transfers"),
        back=reverse("desk:bank_returns"),
        asks_who_it_is=may_be_taken or bool(several),
    )
    transfers = [(line.pk, _told_apart(line)) for line in several]
    form = LookedAtForm(posted(request), may_be_taken=may_be_taken, transfers=transfers)
    return perform(
        request,
        action,
        form,
        lambda answers: batches.look_at_return(
            pk,
            answers["reason"],
            is_owed_again=answers.get("is_owed_again", False),
            meant=answers.get("meant"),
            by=request.user,
        ),
    )


def _told_apart(line: BatchLine) -> str:
    """Name a transfer by what tells it from others of the same trace number."""
    text = _("%(payee)s, %(amount)s, sent on %(day)s, batch %(number)d, reward %(reward)d: %(state)s")
    return text % {
        "payee": line.payee.account.customer.name,
        "amount": in_words(line.amount, CURRENCY),
        "day": date_format(line.sent_at.astimezone(line.division.zone)) if line.sent_at else "–",
        "number": line.batch_id,
        "reward": line.reward_id,
        "state": line.get_status_display(),
    }


TO_LOOK_AT = frozenset(ReturnOutcome) - {ReturnOutcome.TAKEN, ReturnOutcome.KNOWN}


@staff_page(Permission.APPROVE_BATCHES)
def accept_change(request: UserRequest, pk: int) -> HttpResponse:
    """Write a payee's details as their bank has told."""
    change = _change(request, pk)
    details = corrected_details(change, change.bank_account) if change.bank_account else None
    action = Action(
        title=_("Write them as the bank says"),
        explanation=_said_of_change(change, details),
        nothing="" if details else _("The bank does not say what these details are: ask the payee."),
        button=_("Write them so"),
        done=_("Written. The payee is told, and nothing is sent there before they could object."),
        subject=_("Bank transfers"),
        back=reverse("desk:bank_returns"),
        is_grave=True,
        asks_who_it_is=True,
    )
    return perform(
        request, action, ConfirmForm(posted(request)), lambda _answers: bank.accept_change(pk, by=request.user)
    )


@staff_page(Permission.APPROVE_BATCHES)
def dismiss_change(request: UserRequest, pk: int) -> HttpResponse:
    """Note that what a bank has told changes nothing."""
    change = _change(request, pk)
    action = Action(
        title=_("It changes nothing"),
        explanation=_("%(code)s: %(change)s. Money is sent as before; say how you know that it arrives.")
        % {"code": change.code, "change": change_in_words(change.code)},
        button=_("Leave the details as they are"),
        done=_("Noted. It is listed no more."),
        subject=_("Bank transfers"),
        back=reverse("desk:bank_returns"),
        asks_who_it_is=True,
    )
    form = ReasonForm(posted(request))
    return perform(request, action, form, lambda answers: bank.dismiss_change(pk, answers["reason"], by=request.user))


def _change(request: UserRequest, pk: int) -> BankChange:
    return get_object_or_404(open_changes(request.user).select_related("bank_account__payee__account__customer"), pk=pk)


def _said_of_change(change: BankChange, details: BankDetails | None) -> str:
    """Say what the bank tells, with the last digits alone."""
    said = _("%(code)s: %(change)s.") % {"code": change.code, "change": change_in_words(change.code)}
    if not details or not change.bank_account:
        return said
    text = _(
        "%(holder)s, now %(before)s; then %(kind)s account ending in %(ending)s, routing number %(routing)s, holder %(holder_then)s. "
        "The payee is written to, and it waits as new details do."
    )
    return f"{said} " + text % {
        "holder": change.bank_account.holder,
        "before": change.bank_account,
        "kind": BankAccountKind(details.kind).label,
        "ending": ending_of(details.account_number),
        "routing": details.routing_number,
        "holder_then": details.holder,
    }

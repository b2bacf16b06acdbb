"""A customer says what is wrong with a line of a statement, or missing; shows it, answers our questions, reads our answer."""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from commissions.models import Dispute, DisputeArticle
from commissions.queries.bank import current_bank_account
from commissions.queries.disputes import (
    asking_about,
    correction_paid_on,
    correction_taken_back,
    first_evidence_of,
    of_the_same_thing,
    open_question,
    own_disputes,
    own_evidence,
    own_lacking,
    own_lines,
    told_articles_of,
)
from commissions.queries.statements import own_line
from commissions.services.disputes import raise_dispute, raise_missing_friend, raise_missing_reward
from commissions.services.evidence import hear_payee
from foundation.correspondence.http import download
from foundation.correspondence.services import Upload
from foundation.lifecycle import NotAllowed
from foundation.people.models import UserRequest
from foundation.people.throttles import throttled
from interfaces.selfcare.access import own_page
from interfaces.selfcare.forms import AddToDisputeForm, DisputeForm, MissingForm
from interfaces.selfcare.missing import MISSING_FRIEND, Missing, asked_about, missing_of
from interfaces.selfcare.queries import own_partners
from interfaces.selfcare.ticket_forms import LONGEST_KEY, new_key
from tickets.http import FilesForm
from tickets.queries import files_held
from tickets.services import forget_files, held_uploads

READ = ("payee__account", "reward__term", "reward__referral__order")


@require_http_methods(["GET", "HEAD", "POST"])
@throttled("dispute")
@own_page
def raise_(request: UserRequest, pk: int) -> HttpResponse:
    """Take down what is wrong with a line."""
    line = get_object_or_404(own_lines(request.user.pk).select_related(*READ), pk=pk)
    asking = asking_about(own_disputes(request.user.pk).filter(entry=line))
    if asking.last and asking.refusal and not _is_unsent(request, asking.last):
        return redirect("selfcare:dispute", asking.last.pk)
    sent = _Sent(request, DisputeForm, is_appeal=asking.appeals is not None)

    def do(said: dict[str, Any], uploads: Sequence[Upload]) -> Dispute:
        return raise_dispute(pk, said["words"], uploads=uploads, by=request.user)

    if raised := sent.attempt(do):
        messages.success(request, _("We look at it, and write to you."))
        return redirect("selfcare:dispute", raised.pk)
    return sent.render("selfcare/dispute_raise.html", line=own_line(line), asking=asking)


def _is_unsent(request: UserRequest, last: Dispute) -> bool:
    """Tell whether words were sent that are not those of what was asked last: sent twice, they are."""
    return request.method == "POST" and not (last.is_open and last.words == request.POST.get("words", "").strip())


@require_http_methods(["GET", "HEAD", "POST"])
@throttled("dispute")
@own_page
def missing(request: UserRequest) -> HttpResponse:
    """Take down that a reward is missing: for a friend of theirs, or for somebody who is not among these."""
    wanted = request.GET.get("friend", "")
    asking = asked_about(request.user, wanted)
    if asking.last and asking.refusal and not _is_unsent(request, asking.last):
        return redirect("selfcare:dispute", asking.last.pk)
    choices = missing_of(request.user, wanted)
    if not choices:
        asked = own_disputes(request.user.pk).filter(entry=None).first()
        if asked is None:
            raise Http404
        if request.method != "POST":
            return redirect("selfcare:dispute", asked.pk)
    sent = _Sent(request, MissingForm, choices=choices, wanted=wanted)

    def do(said: dict[str, Any], uploads: Sequence[Upload]) -> Dispute:
        about: Missing = said["about"]
        service = raise_missing_friend if about.kind == MISSING_FRIEND else raise_missing_reward
        return service(about.pk, said["words"], uploads=uploads, by=request.user)

    if raised := sent.attempt(do):
        messages.success(request, _("We look at it, and write to you."))
        return redirect("selfcare:dispute", raised.pk)
    return sent.render("selfcare/reward_missing.html", asking=asking)


@require_http_methods(["GET", "HEAD", "POST"])
@throttled("dispute")
@own_page
def dispute(request: UserRequest, pk: int) -> HttpResponse:
    """Show what was said about something that is disputed, and what was answered; take in what is added."""
    related = ("division", "payee__account", "referral__order", *(f"entry__{path}" for path in READ))
    disputes = own_disputes(request.user.pk).select_related(*related)
    found = get_object_or_404(disputes, pk=pk)
    sent = _Sent(request, AddToDisputeForm, is_asked=found.is_waiting)

    def do(said: dict[str, Any], uploads: Sequence[Upload]) -> DisputeArticle:
        return hear_payee(
            pk,
            said["text"],
            key=f"me:{request.user.pk}:{said['key']}",
            question=said["question"],
            uploads=uploads,
            by=request.user,
        )

    article = sent.attempt(do)
    if sent.form.is_bound:
        found = disputes.get(pk=pk)  # as it stands now: somebody may have answered, or asked, meanwhile
    if article:
        if found.is_waiting:
            messages.info(request, _("We have it. Meanwhile we have asked you for something: please answer that, too."))
        else:
            messages.success(request, _("We have it."))
        return redirect("selfcare:dispute", pk)
    question = open_question(found)
    sent.show(question=question.pk if question else "")
    asking = asking_about(of_the_same_thing(found))
    return sent.render(
        "selfcare/dispute.html",
        dispute=found,
        asking=asking,
        is_lacking=bool(found.entry) or own_lacking(request.user.pk).filter(pk=found.referral_id or 0).exists(),
        asks_for_bank=_asks_for_bank(found),
        line=own_line(found.entry) if found.entry else None,
        articles=told_articles_of(found),
        first_evidence=first_evidence_of(found),
        paid_on=correction_paid_on(found),
        taken_back=correction_taken_back(found),
    )


def _asks_for_bank(found: Dispute) -> bool:
    """Tell whether a correction is to be paid in cash, and nobody knows where."""
    reward = found.reward if found.amount else None
    return bool(reward and reward.is_cash and not current_bank_account(found.payee))


@require_safe
@own_page
def evidence(request: UserRequest, pk: int) -> HttpResponse:
    """Give a file that shows what somebody says in a dispute."""
    return download(get_object_or_404(own_evidence(request.user.pk), pk=pk))


class _Sent:
    """A form with words and files, as it was sent: where its button only lets go of a file, as it was typed so far."""

    def __init__(self, request: UserRequest, form: type[Form], **options: Any) -> None:
        self.request = request
        self.key = request.POST.get("key", "")[:LONGEST_KEY] or new_key()
        typed = {**request.POST.dict(), "key": self.key} if request.method == "POST" else {"key": self.key}
        self.files = FilesForm.taken_in(request, self.key)
        is_sent = request.method == "POST" and not request.POST.get("do", "").startswith("drop:")
        self.form = form(typed if is_sent else None, initial=typed, **options)

    def show(self, **values: object) -> None:
        """Let the form carry something from now on, whatever it was sent with."""
        self.form.initial = {**self.form.initial, **values}
        if self.form.is_bound:
            self.form.data = {**self.form.data, **values}

    def attempt(self, do: Callable[[dict[str, Any], Sequence[Upload]], Any]) -> Any:
        """Call a service with what was sent, if all of it is right; its refusal stands at the form, the files wait."""
        if not self.form.is_bound or not self.form.is_valid() or self.files.errors:
            return None
        try:
            done = do(self.form.cleaned_data, held_uploads(self.key, by=self.request.user))
        except NotAllowed as refusal:
            if refusal.field in self.files.fields:
                self.files.add_error(refusal.field, refusal.message)
            else:
                self.form.add_error(refusal.field if refusal.field in self.form.fields else None, refusal.message)
            return None
        forget_files(self.key, by=self.request.user)
        return done

    def render(self, template: str, **context: Any) -> HttpResponse:
        """Show the page with the form as it stands."""
        held = files_held(self.key, self.request.user) if self.files.is_bound else []
        context |= {"form": self.form, "files": self.files, "held": held}
        context["is_partner"] = own_partners(self.request.user).exists()
        is_wrong = self.form.errors or self.files.errors
        return render(self.request, template, context, status=422 if is_wrong else 200)

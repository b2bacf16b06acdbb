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
from commissions.queries.disputes import (
    correction_paid_on,
    correction_taken_back,
    first_evidence_of,
    own_disputes,
    own_evidence,
    own_lines,
    searches_for_friends,
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
from interfaces.selfcare.missing import MISSING_FRIEND, Missing, missing_of, told_before
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
    if found := Dispute.objects.filter(entry=line).first():
        return redirect("selfcare:dispute", found.pk)
    sent = _Sent(request, DisputeForm)

    def do(said: dict[str, Any], uploads: Sequence[Upload]) -> Dispute:
        return raise_dispute(pk, said["words"], uploads=uploads, by=request.user)

    if raised := sent.attempt(do):
        messages.success(request, _("We look at it, and write to you."))
        return redirect("selfcare:dispute", raised.pk)
    return sent.render("selfcare/dispute_raise.html", line=own_line(line))


@require_http_methods(["GET", "HEAD", "POST"])
@throttled("dispute")
@own_page
def missing(request: UserRequest) -> HttpResponse:
    """Take down that a reward is missing: for a friend of theirs, or for somebody who is not among these."""
    wanted = request.GET.get("friend", "")
    if found := told_before(request.user, wanted):
        return redirect("selfcare:dispute", found.pk)
    choices = missing_of(request.user, wanted)
    if not choices:
        if searched := searches_for_friends(own_disputes(request.user.pk)).first():
            return redirect("selfcare:dispute", searched.pk)
        raise Http404
    sent = _Sent(request, MissingForm, choices=choices, wanted=wanted)

    def do(said: dict[str, Any], uploads: Sequence[Upload]) -> Dispute:
        about: Missing = said["about"]
        service = raise_missing_friend if about.kind == MISSING_FRIEND else raise_missing_reward
        return service(about.pk, said["words"], uploads=uploads, by=request.user)

    if raised := sent.attempt(do):
        messages.success(request, _("We look at it, and write to you."))
        return redirect("selfcare:dispute", raised.pk)
    return sent.render("selfcare/reward_missing.html")


@require_http_methods(["GET", "HEAD", "POST"])
@throttled("dispute")
@own_page
def dispute(request: UserRequest, pk: int) -> HttpResponse:
    """Show what was said about something that is disputed, and what was answered; take in what is added."""
    related = ("division", "payee__account", "referral__order", *(f"entry__{path}" for path in READ))
    found = get_object_or_404(own_disputes(request.user.pk).select_related(*related), pk=pk)
    sent = _Sent(request, AddToDisputeForm, is_asked=found.is_waiting)

    def do(said: dict[str, Any], uploads: Sequence[Upload]) -> DisputeArticle:
        return hear_payee(pk, said["text"], key=f"me:{request.user.pk}:{said['key']}", uploads=uploads, by=request.user)

    if sent.attempt(do):
        messages.success(request, _("We have it."))
        return redirect("selfcare:dispute", pk)
    return sent.render(
        "selfcare/dispute.html",
        dispute=found,
        line=own_line(found.entry) if found.entry else None,
        articles=told_articles_of(found),
        first_evidence=first_evidence_of(found),
        paid_on=correction_paid_on(found),
        taken_back=correction_taken_back(found),
    )


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

    def attempt(self, do: Callable[[dict[str, Any], Sequence[Upload]], Any]) -> Any:
        """Call a service with what was sent, if all of it is right; its refusal stands at the form, the files wait."""
        if not self.form.is_bound or not self.form.is_valid() or self.files.errors:
            return None
        try:
            done = do(self.form.cleaned_data, held_uploads(self.key, by=self.request.user))
        except NotAllowed as refusal:
            field = refusal.field if refusal.field in self.form.fields else None
            self.form.add_error(field, refusal.message)
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

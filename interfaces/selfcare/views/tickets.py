"""A customer's tickets: reported, followed, added to, confirmed as fixed or reopened; and by the link in a letter."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from foundation.correspondence.http import download
from foundation.correspondence.models import LETTER_SECRET
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import UserRequest
from foundation.people.throttles import throttled
from interfaces.selfcare.access import own_page
from interfaces.selfcare.queries import may_report, own_partners
from interfaces.selfcare.ticket_forms import LONGEST_KEY, AddForm, RateForm, new_key
from tickets.http import FilesForm
from tickets.models import Attachment, Ticket
from tickets.queries import (
    LETTER_LASTS,
    articles_for_customer,
    as_told,
    closing_of,
    files_held,
    folded,
    is_customer_of,
    may_be_rated,
    may_reopen,
    progress_of_ticket,
    reachable_ticket,
    ticket_by_proof,
    tickets_of,
    where_a_letter_leads,
    with_subjects_in_words,
)
from tickets.queries.sla import promise_in_words
from tickets.queries.visits import visit_in_words, visit_under_way
from tickets.services import (
    cancel_ticket,
    close_ticket,
    forget_files,
    hear_customer,
    held_uploads,
    rate_ticket,
    reopen_ticket,
)
from tickets.states import Score, TicketChannel, TicketStatus

ON_A_PAGE = 20


@require_safe
@own_page
def tickets(request: UserRequest) -> HttpResponse:
    """Show what a person reported, or their company did, the latest first."""
    mine = tickets_of(request.user).filter(merged_into=None).select_related("division").defer("search").order_by("-pk")
    page = Paginator(mine.prefetch_related("resolution_notices"), ON_A_PAGE).get_page(request.GET.get("page"))
    rows = [(one, progress_of_ticket(as_told(one))) for one in with_subjects_in_words(page)]
    return _render(request, "selfcare/tickets.html", page=page, rows=rows, may_report=may_report(request.user))


@require_http_methods(["GET", "HEAD", "POST"])
@throttled("ticket_reply")
@own_page
def ticket(request: UserRequest, number: str) -> HttpResponse:
    """Show one ticket, where it stands, what is next and what was said; and take in what is added."""
    found = _found(request, number)
    if found.number != number and request.method != "POST":
        return redirect("selfcare:ticket", found.number)
    form = _what_to_add(request)
    files = FilesForm.taken_in(request, form["key"].value())
    is_right = form.is_bound and form.is_valid() and not files.errors
    if is_right and _attempt(form, lambda said: _add(request, found, said)):
        messages.success(request, _("We have it."))
        return redirect("selfcare:ticket", found.number)
    told = _shown(as_told(found))
    return _render(
        request,
        "selfcare/ticket.html",
        ticket=told,
        progress=progress_of_ticket(told),
        closing=closing_of(told),
        promise=promise_in_words(found, now()),
        visit_sentence=visit_in_words(visit_under_way(told)) if told.is_open else "",
        talk=folded(articles_for_customer(told).prefetch_related("attachments")),
        form=form if told.is_open or may_reopen(told) else None,
        files=files,
        held=files_held(form["key"].value(), request.user) if files.is_bound else [],
        may_confirm=told.can_move(TicketStatus.CLOSED),
        may_reopen=may_reopen(told),
        may_call_off=found.can_move(TicketStatus.CANCELLED),
        rating=_rating_asked(told),
    )


def _rating_asked(told: Ticket) -> RateForm | None:
    """Return the question how it was handled: once it is done with, as long as the letter asks it."""
    is_done = told.status == TicketStatus.CLOSED and told.closed_at and told.closed_at > now() - LETTER_LASTS
    return RateForm() if is_done and may_be_rated(told) else None


@require_POST
@own_page
def fixed(request: UserRequest, number: str) -> HttpResponse:
    """Confirm that it is fixed."""
    return _move(request, number, lambda pk: close_ticket(pk, by=request.user, channel=TicketChannel.WEB))


@require_POST
@own_page
def rate(request: UserRequest, number: str) -> HttpResponse:
    """Keep how a ticket was handled, as its customer says with one tap, and perhaps in words."""
    found, form = _found(request, number), RateForm(request.POST)
    if form.is_valid() and _attempt(
        form, lambda said: rate_ticket(found.pk, Score(said["score"]), said["words"], by=request.user)
    ):
        messages.success(request, _("Thank you."))
    else:
        messages.error(request, " ".join(map(str, form.non_field_errors())) or _("Choose one."))
    return redirect("selfcare:ticket", found.number)


@require_POST
@own_page
def reopen(request: UserRequest, number: str) -> HttpResponse:
    """Say that it is not fixed after all."""
    return _move(request, number, lambda pk: reopen_ticket(pk, by=request.user, channel=TicketChannel.WEB))


@require_POST
@own_page
def call_off(request: UserRequest, number: str) -> HttpResponse:
    """Say that nothing has to be done any more."""
    return _move(request, number, lambda pk: cancel_ticket(pk, by=request.user, channel=TicketChannel.WEB))


@require_safe
@own_page
def attachment(request: UserRequest, pk: int) -> HttpResponse:
    """Give a file that came with something that the customer may read."""
    file = get_object_or_404(Attachment.objects.select_related("article__ticket"), pk=pk)
    on = _where_it_goes_on(request, file.article.ticket)
    if not articles_for_customer(on).filter(pk=file.article_id).exists():
        raise Http404
    return download(file)


@require_http_methods(["GET", "HEAD", "POST"])
@throttled("by_letter", methods=("GET", "POST"))
@never_cache
def by_letter(request: HttpRequest) -> HttpResponse:
    """
    Ask whether it is fixed, and how it was handled, of whoever opens the link in a letter; no one has to sign in.

    Opening it changes nothing: mail programs open links by themselves. A button does. Where the ticket goes on as one that
    its requester may not see, the link opens nothing of that, and no button works there.
    """
    asked = ticket_by_proof(request.GET.get(LETTER_SECRET, ""))
    if asked is None:
        raise Http404
    found = where_a_letter_leads(asked)
    if found is None:
        return render(request, "selfcare/ticket_out_of_sight.html", {"ticket": _shown(asked)}, status=403)
    form = RateForm(initial={"score": request.GET.get("score", "")})
    if request.method == "POST":
        return _by_button(request, found)
    told = _shown(as_told(found))
    context = {
        "ticket": told,
        "progress": progress_of_ticket(told),
        "closing": closing_of(told),
        "form": form if may_be_rated(told) else None,
        "may_confirm": told.can_move(TicketStatus.CLOSED),
        "may_reopen": may_reopen(told),
        "wanted": request.GET.get("fixed", ""),
    }
    return render(request, "selfcare/ticket_by_letter.html", context)


def _by_button(request: HttpRequest, found: Ticket) -> HttpResponse:
    pressed = request.POST.get("do", "")
    try:
        if pressed == "fixed":
            close_ticket(found.pk, by=None, channel=TicketChannel.MAIL)
        elif pressed == "reopen":
            reopen_ticket(found.pk, by=None, channel=TicketChannel.MAIL)
        elif (form := RateForm(request.POST)).is_valid():
            rate_ticket(found.pk, Score(form.cleaned_data["score"]), form.cleaned_data["words"])
        else:
            raise NotAllowed(_("Choose one."))  # noqa: TRY301
    except NotAllowed as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("Thank you."))
    return redirect(request.get_full_path())


def _render(request: UserRequest, template: str, **context: Any) -> HttpResponse:
    is_wrong = any(context[name].errors for name in ("form", "files") if context.get(name) is not None)
    context["is_partner"] = own_partners(request.user).exists()
    return render(request, template, context, status=422 if is_wrong else 200)


def _shown(told: Ticket) -> Ticket:
    """Return a ticket with its subject in the reader's language."""
    return with_subjects_in_words([told])[0]


def _what_to_add(request: UserRequest) -> AddForm:
    """Return the form as it was sent; where its button only lets go of a file, as it was typed so far."""
    key = request.POST.get("key", "")[:LONGEST_KEY] or new_key()
    known = {"key": key, "text": request.POST.get("text", "")}
    is_sent = request.method == "POST" and not request.POST.get("do", "").startswith("drop:")
    return AddForm(known if is_sent else None, initial=known)


def _attempt(form: Form, do: Callable[[dict[str, Any]], Any]) -> Any:
    """Call a service with a form's answers; its refusal stands at the form."""
    try:
        return do(form.cleaned_data)
    except NotAllowed as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        return None


def _found(request: UserRequest, number: str) -> Ticket:
    rows = tickets_of(request.user).select_related("division", "customer", "merged_into__merged_into")
    return _where_it_goes_on(request, get_object_or_404(rows, number=number))


def _where_it_goes_on(request: UserRequest, asked: Ticket) -> Ticket:
    """Return the ticket that is reached by another: also of whoever saw the first one it is asked whether they see this."""
    found = reachable_ticket(asked)
    if not is_customer_of(request.user, found):
        raise Http404
    return found


def _add(request: UserRequest, found: Ticket, said: dict[str, Any]) -> Any:
    heard = hear_customer(
        found.pk, said["text"], key=f"me:{request.user.pk}:{said['key']}", channel=TicketChannel.WEB, by=request.user,
        uploads=held_uploads(said["key"], by=request.user),
    )  # fmt: skip
    forget_files(said["key"], by=request.user)
    return heard


def _move(request: UserRequest, number: str, do: Callable[[int], Any]) -> HttpResponse:
    found = _found(request, number)
    try:
        do(found.pk)
    except NotAllowed as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("We have noted it."))
    return redirect("selfcare:ticket", found.number)

"""What makes work on tickets quicker and safer: who is there, macros with their preview, splitting, another customer."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext, gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.queries import customers_visible_to
from foundation.lifecycle import NotAllowed
from foundation.people.models import UserRequest
from interfaces.desk.access import staff_page
from interfaces.desk.actions import Action, perform, posted
from interfaces.desk.queries import callers_meant
from interfaces.desk.ticket_forms import CustomerForm, MacroForm, SplitForm, key_of
from interfaces.desk.views.tickets import ticket_address, visible_ticket, workable_ticket
from tickets.models import Doing, Macro, Ticket, filled_in
from tickets.queries import can_work, macros_for, others_on, values_for, why_elsewhere
from tickets.services import Requester, end_task, note_presence, set_customer, split_article, use_macro
from tickets.states import TaskStatus, TicketType

MOST_FOUND = 12


@require_POST
@staff_page()
def presence(request: UserRequest, number: str) -> HttpResponse:
    """Keep that somebody has a ticket open, and tell who else has."""
    found = visible_ticket(request, number)
    doing = Doing.REPLYING if request.POST.get("doing") == Doing.REPLYING else Doing.VIEWING
    if can_work(request.user, found):
        note_presence(found, doing, by=request.user)
    return render(request, "desk/_presence.html", {"others": others_on(found, request.user)})


@staff_page()
def macro(request: UserRequest, number: str, pk: int) -> HttpResponse:
    """Show what a macro will do and write, and do it once that was read."""
    found = workable_ticket(request, number)
    wanted = get_object_or_404(macros_for(found), pk=pk)
    form = MacroForm(posted(request), initial={"text": _reply_of(wanted, found, request), "seen": found.version})
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        try:
            key = key_of(said["key"], request.user)
            use_macro(found.pk, pk, text=said["text"], seen=said["seen"], key=key, by=request.user)
        except NotAllowed as refusal:
            form.add_error(None, refusal.message)
            form.data = {**request.POST.dict(), "seen": str(found.version)}
        else:
            messages.success(request, gettext("Done."))
            return redirect(ticket_address(found))
    context = {"ticket": found, "macro": wanted, "form": form}
    return render(request, "desk/ticket_macro.html", context, status=422 if form.errors else 200)


def _reply_of(wanted: Macro, found: Ticket, request: UserRequest) -> str:
    return filled_in(wanted.reply.in_language(found.language), values_for(found, request.user))


@staff_page()
def split(request: UserRequest, number: str, pk: int) -> HttpResponse:
    """Make something that was said a ticket of its own."""
    found = workable_ticket(request, number)
    article = get_object_or_404(found.articles, pk=pk)
    action = Action(
        title=_("Split it off"),
        button=_("Make it a ticket of its own"),
        done=_("It is a ticket of its own. Both know of each other."),
        subject=f"{found.number}: {found.subject}",
        back=ticket_address(found),
        explanation=article.text,
    )

    def do(said: dict[str, Any]) -> object:
        kind = TicketType(said["type"])
        return split_article(article.pk, subject=said["subject"], type=kind, key=said["key"], by=request.user)

    return perform(request, action, SplitForm(posted(request), initial={"type": found.type}), do)


@staff_page()
def customer(request: UserRequest, number: str) -> HttpResponse:
    """Look for the right customer, and put right whose a ticket is; to whom answers go from then on is confirmed first."""
    found = workable_ticket(request, number)
    typed = " ".join(request.GET.get("q", "").split())[:200]
    mine = customers_visible_to(request.user).select_related("division")
    called = (request.POST.get("number") or request.GET.get("number", "")).strip().upper()
    meant = mine.filter(number=called).first() if called else None
    nothing = (
        why_elsewhere(meant, found, request.user) if meant else "" if called else _("Look for the customer first.")
    )
    action = Action(
        title=_("Another customer"),
        button=_("Change the customer"),
        done=_("The ticket is theirs now. Answers that had not left were taken back."),
        subject=f"{found.number}: {found.subject}",
        back=ticket_address(found),
        explanation=_("What was sent stays where it went. Answers go to the new customer from now on."),
        nothing=nothing,
        template="desk/ticket_customer.html",
        more={
            "typed": typed,
            "meant": meant,
            "found": callers_meant(request.user, typed, among=mine, most=MOST_FOUND)
            if typed
            else [meant]
            if meant
            else [],
        },
    )

    def do(said: dict[str, Any]) -> object:
        if meant is None:
            raise NotAllowed(gettext("No customer of your divisions has this number."), code="unknown", field="number")
        return set_customer(found.pk, meant, confirmed_email=said["confirmed_email"], by=request.user)

    form = CustomerForm(posted(request), initial={"number": called}, email=Requester.of(meant).email if meant else "")
    return perform(request, action, form, do)


@require_POST
@staff_page()
def end(request: UserRequest, number: str, pk: int, to: str) -> HttpResponse:
    """Say that a task is done, or need not be done."""
    ends = {"done": TaskStatus.DONE, "drop": TaskStatus.DROPPED}
    if to not in ends:
        raise Http404
    found = workable_ticket(request, number)
    task = get_object_or_404(found.tasks, pk=pk)
    try:
        end_task(task.pk, ends[to], by=request.user)
    except NotAllowed as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, gettext("Noted."))
    return redirect(ticket_address(found))

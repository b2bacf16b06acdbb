"""Disputes: the lines that payees say are wrong, one of them with the trace of its reward, and its answer."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from commissions.models import Dispute
from commissions.queries.disputes import correction_paid_on, correction_taken_back, disputes_visible_to, had_a_hand_in
from commissions.queries.trace import trace_of
from commissions.services.disputes import explain_dispute, uphold_dispute
from commissions.states import DisputeStatus
from foundation.people.models import UserRequest
from foundation.people.queries import can
from foundation.people.states import Permission
from interfaces.desk.access import staff_page
from interfaces.desk.actions import Action, perform, posted
from interfaces.desk.filters import DisputeFilters
from interfaces.desk.forms import AnswerDisputeForm
from interfaces.desk.lists import Column, List, Preset, respond
from interfaces.desk.paging import Order

DISPUTES: List[Dispute] = List(
    name="disputes",
    title=_("Disputes"),
    template="desk/disputes.html",
    columns=[
        Column("id", _("Dispute"), lambda dispute: dispute.pk, "pk"),
        Column("payee", _("Payee"), lambda dispute: dispute.payee.account.number),
        Column("line", _("Line"), lambda dispute: dispute.entry.get_kind_display()),
        Column("amount", _("Amount"), lambda dispute: dispute.entry.amount, is_number=True),
        Column("status", _("State"), lambda dispute: dispute.get_status_display(), "status"),
        Column("raised", _("Raised"), lambda dispute: dispute.raised_at, "raised_at"),
        Column("due", _("To be answered by"), lambda dispute: dispute.due_on, "due_on"),
        Column("division", _("Division"), lambda dispute: str(dispute.division), "division__name"),
    ],
    order=Order("due_on"),
    presets=[
        Preset(_("To be answered"), "status=raised"),
        Preset(_("Overdue"), "clock=overdue"),
        Preset(_("Corrected"), "status=upheld"),
    ],
)


@staff_page(Permission.SEE_LEDGER)
def disputes(request: UserRequest) -> HttpResponse:
    """Show what payees of a person's divisions say is wrong, what is due first above."""
    rows = disputes_visible_to(request.user).select_related("payee__account__customer", "entry", "division")
    return respond(request, DISPUTES, DisputeFilters(request.GET, rows, request=request))


@staff_page(Permission.SEE_LEDGER)
def dispute(request: UserRequest, pk: int) -> HttpResponse:
    """Show one dispute: the payee's words, the line, and why its reward stands where it stands."""
    found = _found(request, pk)
    context = {
        "dispute": found,
        "trace": trace_of(found.entry.reward),
        "paid_on": correction_paid_on(found),
        "taken_back": correction_taken_back(found),
        "may_answer": found.is_open and can(request.user, Permission.ANSWER_DISPUTES, found.division),
        "had_a_hand": had_a_hand_in(request.user, found.entry),
    }
    return render(request, "desk/dispute.html", context)


@staff_page(Permission.ANSWER_DISPUTES)
def answer(request: UserRequest, pk: int) -> HttpResponse:
    """Tell the payee that the line is right, and why, or correct it."""
    found = _found(request, pk)
    action = Action(
        title=_("Answer the payee"),
        explanation=_("The payee is written to at once. What is answered cannot be changed."),
        button=_("Answer"),
        done=_("Answered."),
        nothing="" if found.is_open else _("This dispute was answered."),
        subject=found,
        back=reverse("desk:dispute", args=[pk]),
        is_grave=True,
    )

    def do(answers: dict[str, Any]) -> None:
        if answers["outcome"] == DisputeStatus.UPHELD:
            uphold_dispute(pk, answers["answer"], answers["amount"], by=request.user)
        else:
            explain_dispute(pk, answers["answer"], by=request.user)

    return perform(request, action, AnswerDisputeForm(posted(request)), do)


def _found(request: UserRequest, pk: int) -> Dispute:
    related = (
        "division", "payee__account__customer", "answered_by", "correction", "entry__reward__division",
        "entry__reward__version__rule", "entry__reward__referral__order", "entry__reward__referral__referrer__customer",
        "entry__reward__referral__friend", "entry__reward__friend_account",
    )  # fmt: skip
    return get_object_or_404(disputes_visible_to(request.user).select_related(*related), pk=pk)

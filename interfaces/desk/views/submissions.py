"""What was asked of billing systems, and the two moves that need a person."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from billing.models import Submission
from billing.queries import next_tries, submissions_visible_to
from billing.services import resend_submission, settle_submission
from billing.states import SubmissionStatus
from foundation.people.models import UserRequest
from foundation.people.queries import can
from foundation.people.states import Permission
from interfaces.desk.access import staff_page
from interfaces.desk.actions import Action, perform, posted
from interfaces.desk.filters import SubmissionFilters
from interfaces.desk.forms import ResendForm, SettleForm
from interfaces.desk.lists import Column, List, Preset, respond
from interfaces.desk.paging import Order
from interfaces.desk.queries import page_of_subject
from interfaces.desk.words import trouble_in_words

SUBMISSIONS: List[Submission] = List(
    name="submissions",
    title=_("Asked of billing systems"),
    template="desk/submissions.html",
    columns=[
        Column("id", _("Request"), lambda submission: submission.request_id, "pk"),
        Column("kind", _("What is asked"), lambda submission: submission.get_kind_display()),
        Column("status", _("State"), lambda submission: submission.get_status_display(), "status"),
        Column("attempts", _("Attempts"), lambda submission: submission.attempts, "attempts", is_number=True),
        Column("vendor", _("Vendor’s id"), lambda submission: submission.external_id),
        Column("error", _("Last error"), lambda submission: trouble_in_words(submission.last_error)),
        Column("division", _("Division"), lambda submission: str(submission.division), "division__name"),
        Column("asked", _("Asked"), lambda submission: submission.created_at, "created_at"),
    ],
    order=Order("pk", is_descending=True),
    presets=[
        Preset(_("Needs a person"), "waits=person"),
        Preset(_("Unknown"), "status=unknown"),
        Preset(_("Refused"), "status=refused"),
    ],
)


@staff_page(Permission.SEE_ORDERS)
def submissions(request: UserRequest) -> HttpResponse:
    """Show what was asked of billing systems in a person's divisions."""
    rows = submissions_visible_to(request.user).select_related("division", "billing_system")
    return respond(request, SUBMISSIONS, SubmissionFilters(request.GET, rows, request=request))


@staff_page(Permission.SEE_ORDERS)
def submission(request: UserRequest, pk: int) -> HttpResponse:
    """Show one thing that was asked: how often, what came of it, what was sent."""
    found = _found(request, pk)
    context = {
        "submission": found,
        "next_try": next_tries([found]).get(found.pk),
        "subject": page_of_subject(found.subject_type, found.subject_id),
        "may_settle": can(request.user, Permission.SETTLE_SUBMISSIONS, found.division),
    }
    return render(request, "desk/submission.html", context)


@staff_page(Permission.SETTLE_SUBMISSIONS)
def resend(request: UserRequest, pk: int) -> HttpResponse:
    """Try again what was refused, set aside or left unknown."""
    found = _found(request, pk)
    is_unknown = found.status == SubmissionStatus.UNKNOWN
    action = Action(
        title=_("Look it up at the vendor now") if is_unknown else _("Send it again"),
        explanation=_("We ask the billing system whether it has it. It is sent again only if it is not there.")
        if is_unknown
        else _("The same request goes out again, under the same id. What may be there is looked up first."),
        button=_("Look it up") if is_unknown else _("Send it again"),
        done=_("It is on its way. The state changes here within some seconds."),
        subject=found,
        back=reverse("desk:submission", args=[pk]),
    )
    return perform(
        request,
        action,
        ResendForm(posted(request)),
        lambda answers: resend_submission(pk, reason=answers["reason"], by=request.user),
    )


@staff_page(Permission.SETTLE_SUBMISSIONS)
def settle(request: UserRequest, pk: int) -> HttpResponse:
    """Write down what somebody found out about a submission that nobody else can clear up."""
    found = _found(request, pk)
    action = Action(
        title=_("Settle what is unknown"),
        explanation=_("What you say here counts as the billing system’s answer, under your name. It cannot be undone."),
        button=_("Settle it"),
        done=_("Settled."),
        subject=found,
        back=reverse("desk:submission", args=[pk]),
        is_grave=True,
        asks_who_it_is=True,
    )
    return perform(
        request,
        action,
        SettleForm(posted(request)),
        lambda answers: settle_submission(
            pk,
            SubmissionStatus(answers["outcome"]),
            external_id=answers["external_id"].strip(),
            reason=answers["reason"],
            by=request.user,
        ),
    )


def _found(request: UserRequest, pk: int) -> Submission:
    rows = submissions_visible_to(request.user).select_related("division", "billing_system", "work_order", "settled_by")
    return get_object_or_404(rows, pk=pk)

"""Disputes: what payees say is wrong or missing, who looks into it, what was said and shown, and the answer."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from commissions.models import Dispute, Evidence, Reward
from commissions.queries.disputes import (
    articles_of,
    colleagues_for,
    correction_paid_on,
    correction_taken_back,
    disputes_visible_to,
    first_evidence_of,
    had_a_hand_in,
    has_refused,
    is_about,
    is_appealable,
    may_answer,
    may_let_answer,
    may_look_into,
    of_the_same_thing,
    still_expected_on,
    told_articles_of,
)
from commissions.queries.trace import trace_of
from commissions.services.disputes import (
    can_decide_once_more,
    decide_once_more,
    explain_dispute,
    give_back_dispute,
    hand_over_dispute,
    obstacle_to_correction,
    obstacle_to_giving,
    take_dispute,
    uphold_dispute,
)
from commissions.services.evidence import add_evidence, want_evidence
from commissions.states import DisputeStatus, RewardStatus
from foundation.correspondence.http import download
from foundation.lifecycle import NotAllowed
from foundation.people.models import User, UserRequest
from foundation.people.queries import can
from foundation.people.states import Permission
from interfaces.desk.access import staff_page
from interfaces.desk.actions import Action, perform, posted
from interfaces.desk.filters import DisputeFilters
from interfaces.desk.forms import AnswerDisputeForm, DisputeWordsForm, HandOverDisputeForm
from interfaces.desk.lists import Column, List, Preset, respond
from interfaces.desk.paging import Order
from interfaces.desk.ticket_forms import new_key
from interfaces.desk.timeline import latest
from tickets.http import FilesForm
from tickets.queries import files_held
from tickets.services import forget_files, held_uploads

MOST_EVENTS = 50
LONGEST_KEY = 60
LONG = 19
"""Digits that no id has."""

DISPUTES: List[Dispute] = List(
    name="disputes",
    title=_("Disputes"),
    template="desk/disputes.html",
    columns=[
        Column("id", _("Dispute"), lambda dispute: dispute.pk, "pk"),
        Column("payee", _("Payee"), lambda dispute: dispute.payee.account.number),
        Column("line", _("About"), lambda dispute: dispute.what),
        Column("amount", _("Amount"), lambda dispute: dispute.entry.amount if dispute.entry else "", is_number=True),
        Column("status", _("State"), lambda dispute: dispute.get_status_display(), "status"),
        Column("owner", _("Owner"), lambda dispute: str(dispute.owner or "")),
        Column("raised", _("Raised"), lambda dispute: dispute.raised_at, "raised_at"),
        Column("due", _("To be answered by"), lambda dispute: dispute.due_on, "due_on"),
        Column("division", _("Division"), lambda dispute: str(dispute.division), "division__name"),
    ],
    order=Order("due_on"),
    presets=[
        Preset(_("To be answered"), "status=to_answer"),
        Preset(_("Mine"), "owner=mine&status=open"),
        Preset(_("Nobody’s"), "owner=nobody"),
        Preset(_("Overdue"), "clock=overdue"),
        Preset(_("Waits for the payee"), "status=evidence_wanted"),
        Preset(_("Corrected"), "status=upheld"),
    ],
)


@staff_page(Permission.SEE_LEDGER)
def disputes(request: UserRequest) -> HttpResponse:
    """Show what payees of a person's divisions say is wrong or missing, what is due first above."""
    rows = disputes_visible_to(request.user).select_related("payee__account__customer", "entry", "division", "owner")
    return respond(request, DISPUTES, DisputeFilters(request.GET, rows, request=request))


@staff_page(Permission.SEE_LEDGER)
def dispute(request: UserRequest, pk: int) -> HttpResponse:
    """Show one dispute: what was said and shown, what it is about, and why its reward stands where it stands."""
    found = _found(request, pk)
    reward = _traced(found.reward)
    context = {
        "dispute": found,
        "articles": told_articles_of(found) if is_about(request.user, found) else articles_of(found),
        "first_evidence": first_evidence_of(found),
        "reward": reward,
        "trace": trace_of(reward) if reward else None,
        "paid_on": correction_paid_on(found),
        "taken_back": correction_taken_back(found),
        "events": latest(found, most=MOST_EVENTS),
        "had_a_hand": had_a_hand_in(request.user, reward),
        "has_refused": has_refused(request.user, found),
        "others": of_the_same_thing(found).exclude(pk=found.pk).order_by("pk"),
        "answerers": (answerers := may_answer(found) if found.is_open else []),
        "managers": may_let_answer(found) if found.is_open and not answerers else [],
        **_doable(request, found, reward),
    }
    return render(request, "desk/dispute.html", context)


def _traced(reward: Reward | None) -> Reward | None:
    """Return a reward with all that its trace is told from."""
    related = ("division", "version__rule", "referral__order", "referral__referrer__customer", "friend_account")
    return Reward.objects.select_related(*related).get(pk=reward.pk) if reward else None


def _doable(request: UserRequest, found: Dispute, reward: Reward | None) -> dict[str, object]:
    """Return what a person may do about a dispute as it stands."""
    user = request.user
    is_theirs = found.is_open and can(user, Permission.ANSWER_DISPUTES, found.division)
    may = is_theirs and may_look_into(user, found)
    is_own, is_free = found.owner_id == user.pk, found.owner_id is None
    return {
        "may_answer": is_theirs,
        "may": may,
        "is_own": is_own,
        "may_go_on": may and (is_own or is_free),
        "may_take": may and is_free,
        "may_take_over": may and not is_own and not is_free,
        "may_give_back": may and is_own and not found.is_waiting,
        "may_hand_over": may and (is_own or is_free or can(user, Permission.ASSIGN_WORK, found.division)),
        "may_ask": may and (is_own or is_free) and not found.is_waiting,
        "may_decide_again": may and (is_own or is_free) and can_decide_once_more(found, reward),
        "obstacle": "" if found.entry or not found.is_open else obstacle_to_correction(found, reward),
    }


@require_POST
@staff_page(Permission.ANSWER_DISPUTES)
def take(request: UserRequest, pk: int) -> HttpResponse:
    """Look into it; take it from the colleague whom the button names."""
    whose = request.POST.get("from", "")
    taking_from = int(whose) if whose.isdecimal() and len(whose) < LONG else None
    done = gettext("It is yours.")
    return _press(request, pk, lambda: take_dispute(pk, taking_from=taking_from, by=request.user), done)


@require_POST
@staff_page(Permission.ANSWER_DISPUTES)
def give_back(request: UserRequest, pk: int) -> HttpResponse:
    """Let it wait for whoever takes it."""
    return _press(request, pk, lambda: give_back_dispute(pk, by=request.user), gettext("It waits for somebody else."))


@require_POST
@staff_page(Permission.ANSWER_DISPUTES)
def decide_again(request: UserRequest, pk: int) -> HttpResponse:
    """Let the rules decide about a friend for whom nothing was ever promised."""

    def done(reward: Reward) -> str:
        if reward.status == RewardStatus.CAP_LIMITED:
            return gettext(
                "A limit of the rule keeps the reward from being earned. You can give something in its place."
            )
        return gettext("A reward has begun to qualify. Tell the payee in your answer.")

    return _press(request, pk, lambda: done(decide_once_more(pk, by=request.user)))


def _press(request: UserRequest, pk: int, do: Callable[[], object], done: str = "") -> HttpResponse:
    """
    Do what a button says.

    :param done: what is said then; without it, what was returned
    """
    _found(request, pk)
    try:
        returned = do()
    except NotAllowed as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, done or str(returned))
    return redirect("desk:dispute", pk)


@staff_page(Permission.ANSWER_DISPUTES)
def hand_over(request: UserRequest, pk: int) -> HttpResponse:
    """Give it to a colleague who may answer there."""
    found = _found(request, pk)
    people = colleagues_for(found)
    action = Action(
        title=_("Hand it to a colleague"),
        button=_("Hand it over"),
        done=_("It is handed over."),
        nothing=_answered(found) or ("" if people else _("There is nobody else who may answer it.")),
        subject=found,
        back=reverse("desk:dispute", args=[pk]),
    )

    def do(answers: dict[str, Any]) -> None:
        hand_over_dispute(pk, answers["to"], answers["note"], by=request.user)

    return perform(request, action, HandOverDisputeForm(posted(request), people=people), do)


@staff_page(Permission.ANSWER_DISPUTES)
def ask(request: UserRequest, pk: int) -> HttpResponse:
    """Ask the payee for something: they are written to, and the clock rests until they answer."""
    found = _found(request, pk)
    waiting = _("The payee is asked already: wait for what they answer.") if found.is_waiting else ""
    return _say(
        request,
        found,
        want_evidence,
        title=_("Ask the payee for something"),
        explanation=_(
            "The payee is written to at once and answers on their page. Until then the clock rests: the day by which we "
            "answer moves on by the days they take."
        ),
        button=_("Ask"),
        done=_("Asked. The clock rests until the payee answers."),
        nothing=_answered(found) or waiting,
    )


@staff_page(Permission.ANSWER_DISPUTES)
def add(request: UserRequest, pk: int) -> HttpResponse:
    """Add words or files of ours, which the payee reads, too."""
    found = _found(request, pk)
    return _say(
        request,
        found,
        add_evidence,
        title=_("Add something that shows how it is"),
        explanation=_("The payee sees it on their page. They are not written to."),
        button=_("Add it"),
        done=_("Added."),
        nothing=_answered(found),
    )


def _say(  # noqa: PLR0913  # what the page of an action says
    request: UserRequest,
    found: Dispute,
    service: Callable[..., object],
    *,
    title: str | Promise,
    explanation: str | Promise,
    button: str | Promise,
    done: str | Promise,
    nothing: str | Promise,
) -> HttpResponse:
    known = {"key": request.POST.get("key", "")[:LONGEST_KEY] or new_key(), "text": request.POST.get("text", "")}
    files = FilesForm.taken_in(request, known["key"])
    is_sent = request.method == "POST" and not request.POST.get("do", "").startswith("drop:") and not files.errors
    form = DisputeWordsForm(known if is_sent else None, initial=known)
    action = Action(
        title=title,
        explanation=explanation,
        button=button,
        done=done,
        nothing=nothing,
        subject=found,
        back=reverse("desk:dispute", args=[found.pk]),
        files=files,
        more={"held": files_held(known["key"], request.user) if files.is_bound else []},
    )

    def do(answers: dict[str, Any]) -> None:
        uploads = held_uploads(answers["key"], by=request.user)
        key = f"desk:{request.user.pk}:{answers['key']}"
        service(found.pk, answers["text"], key=key, uploads=uploads, by=request.user)
        forget_files(answers["key"], by=request.user)

    return perform(request, action, form, do)


@staff_page(Permission.ANSWER_DISPUTES)
def answer(request: UserRequest, pk: int) -> HttpResponse:
    """Tell the payee that all is right, and why, or put it right."""
    found = _found(request, pk)
    obstacle = obstacle_to_giving(found) if found.is_open else ""
    written = gettext("The payee is written to at once. What is answered cannot be changed.")
    explanation = " ".join(filter(None, (obstacle, written)))
    if found.is_open and (day := still_expected_on(found)):
        reads = gettext(
            "An explanation is no refusal: the payee reads that the reward still qualifies, and may ask again after %(day)s."
        )
        explanation = f"{explanation} {reads % {'day': date_format(day)}}"
    if found.is_open and is_appealable(found) and not [one for one in may_answer(found) if one != request.user]:
        alone = gettext(
            "If you explain it, the payee may appeal, and nobody else here may answer that. Let whoever manages people know: "
            "%(people)s."
        )
        explanation = f"{explanation} {alone % {'people': _named(may_let_answer(found))}}"
    action = Action(
        title=_("Answer the payee"),
        explanation=explanation,
        button=_("Answer"),
        done=_("Answered."),
        nothing=_answered(found),
        subject=found,
        back=reverse("desk:dispute", args=[pk]),
        is_grave=True,
        asks_who_it_is=request.POST.get("outcome") == DisputeStatus.UPHELD,
    )

    def do(answers: dict[str, Any]) -> None:
        if answers["outcome"] == DisputeStatus.UPHELD:
            uphold_dispute(pk, answers["answer"], answers["amount"], by=request.user)
        else:
            explain_dispute(pk, answers["answer"], by=request.user)

    return perform(request, action, AnswerDisputeForm(posted(request), may_give=not obstacle), do)


@require_safe
@staff_page(Permission.SEE_LEDGER)
def evidence(request: UserRequest, pk: int) -> HttpResponse:
    """Give a file that shows what somebody says in a dispute."""
    return download(get_object_or_404(Evidence, pk=pk, dispute__in=disputes_visible_to(request.user)))


def _named(people: list[User]) -> str:
    """Name people in a sentence."""
    return ", ".join(map(str, people)) or "–"


def _answered(found: Dispute) -> str | Promise:
    return "" if found.is_open else _("This dispute was answered.")


def _found(request: UserRequest, pk: int) -> Dispute:
    related = (
        "division", "payee__account__customer", "answered_by", "owner", "correction", "appeals__answered_by", "entry__reward__version",
        "entry__reward__referral__order", "entry__reward__referral__friend", "referral__order", "referral__friend",
    )  # fmt: skip
    return get_object_or_404(disputes_visible_to(request.user).select_related(*related), pk=pk)

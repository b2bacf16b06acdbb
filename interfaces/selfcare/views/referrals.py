"""What a customer brings: their code and link, how far their friends are, and letters in their name."""

import secrets
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from commissions.queries.statements import payees_of
from foundation.lifecycle import NotAllowed
from foundation.people.http import client_address
from foundation.people.models import UserRequest
from foundation.people.throttles import throttled
from interfaces.selfcare.access import own_page
from interfaces.selfcare.forms import CorrectForm, FriendForm, TakePartForm
from interfaces.selfcare.friends import friends_of, page_of_friend, totals_of
from interfaces.selfcare.queries import Opening, openings_of, own_partners, why_not_now
from referrals import services
from referrals.models import Invitation, Referrer
from referrals.queries import link_of, own_referrers, shown_code
from referrals.services import RowOutcome

PAGE = "me-referrals"
"""The page on which terms are agreed to, for the record."""
LONGEST_KEY = 80


@own_page
def referrals(request: UserRequest) -> HttpResponse:
    """Show what a person brings, or how they can begin."""
    mine = list(own_referrers(request.user).order_by("pk"))
    openings = openings_of(request.user, mine)
    open_now = [one for one in openings if not one.refusals]
    form = TakePartForm([one.account for one in open_now], open_now[0].programme) if open_now else None
    return _show(request, mine, openings, form)


@require_POST
@throttled("enrol")
@own_page
def enrol(request: UserRequest) -> HttpResponse:
    """Take part with an account of one's own."""
    mine = list(own_referrers(request.user).order_by("pk"))
    openings = openings_of(request.user, mine)
    open_now = [one for one in openings if not one.refusals]
    if not open_now:
        return redirect("selfcare:referrals")
    form = TakePartForm([one.account for one in open_now], open_now[0].programme, request.POST)
    if form.is_valid():
        try:
            referrer = services.enrol_account(
                form.cleaned_data["account"],
                accepted_terms=form.cleaned_data["accepted_terms"],
                evidence=_evidence(request),
                by=request.user,
            )
        except NotAllowed as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("You take part. Here is what you hand on."))
            return redirect(_address_of(referrer))
    return _show(request, mine, openings, form)


def _show(
    request: UserRequest, mine: list[Referrer], openings: Sequence[Opening], form: TakePartForm | None
) -> HttpResponse:
    chosen = _chosen(mine, request.GET.get("as", ""))
    context: dict[str, Any] = {
        "mine": mine,
        "chosen": chosen,
        "form": form,
        "has_statements": payees_of(request.user.pk).exists(),
        "is_partner": own_partners(request.user).exists(),
    }
    if chosen:
        notice = why_not_now(chosen)
        number = request.GET.get("page") or page_of_friend(chosen, request.GET.get("friend", ""))
        page = friends_of([chosen], number)
        context |= {
            "notice": notice,
            "may_refer": not notice,
            "code": shown_code(chosen.code),
            "link": link_of(chosen),
            "page": page,
            "friends": page.object_list,
            "totals": totals_of([chosen]),
            "terms": chosen.terms_text,
        }
    elif form:
        programme = next(one.programme for one in openings if not one.refusals)
        context |= {"programme": programme, "terms": str(programme.terms_texts)}
    else:
        context["refusals"] = dict.fromkeys(text for one in openings for text in one.refusals)
    return render(request, "selfcare/referrals.html", context)


def _chosen(mine: list[Referrer], wanted: str) -> Referrer | None:
    """Return the place in a program that is asked for, else the first."""
    return next((one for one in mine if str(one.pk) == wanted), mine[0] if mine else None)


def _address_of(referrer: Referrer) -> str:
    return f"{reverse('selfcare:referrals')}?as={referrer.pk}"


def _evidence(request: UserRequest) -> dict[str, str]:
    browser = request.headers.get("User-Agent", "")[:300]
    return {"page": PAGE, "address": client_address(request), "browser": browser}


@require_http_methods(["GET", "HEAD", "POST"])
@own_page
def leave(request: UserRequest, pk: int) -> HttpResponse:
    """Take part no longer, once that was confirmed."""
    referrer = get_object_or_404(own_referrers(request.user).select_related("programme"), pk=pk)
    if request.method == "POST":
        try:
            services.leave_programme(referrer.pk, by=request.user)
        except NotAllowed as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("You take part no longer. What you have earned stays yours."))
        return redirect(_address_of(referrer))
    return render(request, "selfcare/referral_leave.html", {"referrer": referrer})


# Letters to friends. ---------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@throttled("invite")
@own_page
def invite(request: UserRequest) -> HttpResponse:
    """Write to friends: a row each, whose good ones go out even where others are wrong."""
    mine = list(own_referrers(request.user).order_by("pk"))
    referrer = _chosen(mine, request.GET.get("as", ""))
    if referrer is None:
        raise Http404
    if why_not_now(referrer):
        return redirect(_address_of(referrer))
    most = referrer.programme.most_per_form
    if request.method != "POST":
        return _invite_page(request, referrer, [FriendForm(number=number) for number in range(1, most + 1)])
    rows = [FriendForm(request.POST, number=number) for number in range(1, most + 1)]
    filled = [row for row in rows if row.is_filled]
    good = [row for row in filled if row.is_valid()]
    outcomes = _send(request, referrer, good)
    sent = [(row, outcome) for row, outcome in zip(good, outcomes, strict=True) if outcome.is_sent]
    gone = {row.number for row, _outcome in sent}
    if filled and len(gone) == len(filled):
        for row, outcome in sent:
            messages.success(request, f"{row.cleaned_data['name']}: {outcome.message}")
        return redirect(_address_of(referrer))
    left = [row for row in filled if row.number not in gone]
    return _invite_page(request, referrer, left or rows, sent=sent, is_empty=not filled)


def _send(request: UserRequest, referrer: Referrer, rows: list[FriendForm]) -> list[RowOutcome]:
    """Hand good rows to the service, and note beside each what became of it."""
    if not rows:
        return []
    outcomes = services.invite_friends(
        referrer.pk,
        [row.row for row in rows],
        form_key=request.POST.get("key", "")[:LONGEST_KEY] or secrets.token_urlsafe(18),
        language=get_language() or "en",
        by=request.user,
    )
    for row, outcome in zip(rows, outcomes, strict=True):
        row.problem = "" if outcome.is_sent else outcome.message
        row.candidates = tuple(outcome.candidates)
    return list(outcomes)


def _invite_page(
    request: UserRequest,
    referrer: Referrer,
    rows: list[FriendForm],
    *,
    sent: Sequence[tuple[FriendForm, RowOutcome]] = (),
    is_empty: bool = False,
) -> HttpResponse:
    problems = [problem for row in rows if row.is_filled for problem in row.problems]
    if is_empty:
        problems = [{"number": 1, "text": _("Enter at least one friend."), "field": rows[0]["name"].id_for_label}]
    context = {
        "referrer": referrer,
        "rows": rows,
        "problems": problems,
        "sent": [{"name": row.cleaned_data["name"], "message": outcome.message} for row, outcome in sent],
        "key": secrets.token_urlsafe(18),
        "is_partner": own_partners(request.user).exists(),
    }
    return render(request, "selfcare/referral_invite.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@own_page
def withdraw(request: UserRequest, pk: int) -> HttpResponse:
    """Take an invitation back, once that was confirmed."""
    invitation = _own_invitation(request, pk)
    if request.method == "POST":
        try:
            services.withdraw_invitation(invitation.pk, by=request.user)
        except NotAllowed as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("The invitation is withdrawn."))
        return redirect(_address_of(invitation.referrer))
    context = {"invitation": invitation, "again_from": services.invitable_again_from(invitation)}
    return render(request, "selfcare/referral_withdraw.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@throttled("invite")
@own_page
def correct(request: UserRequest, pk: int) -> HttpResponse:
    """Send an invitation again to another address, where the first one did not work."""
    invitation = _own_invitation(request, pk)
    form = CorrectForm(request.POST or None, initial={"email": invitation.email})
    if request.method == "POST" and form.is_valid():
        try:
            services.correct_invitation(invitation.pk, form.cleaned_data["email"], by=request.user)
        except NotAllowed as refusal:
            form.add_error("email", str(refusal))
        else:
            messages.success(request, _("The invitation is on its way again."))
            return redirect(_address_of(invitation.referrer))
    return render(request, "selfcare/referral_correct.html", {"invitation": invitation, "form": form})


def _own_invitation(request: UserRequest, pk: int) -> Invitation:
    own = Invitation.objects.filter(referrer__in=own_referrers(request.user)).select_related("referrer")
    return get_object_or_404(own, pk=pk)

"""Claims: payees who owe us what was taken back, and how one person ends such a claim with another's agreement."""

from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy as _

from commissions.models import Payee
from commissions.queries.claims import claim_ends_visible_to, claims_visible_to
from commissions.services.claims import approve_claim_end, ask_to_end_claim, refuse_claim_end
from commissions.states import ClaimStatus, ClaimWay
from foundation.people.models import UserRequest
from foundation.people.queries import can
from foundation.people.states import Permission
from interfaces.desk.access import staff_page
from interfaces.desk.actions import Action, perform, posted
from interfaces.desk.filters import ClaimFilters
from interfaces.desk.forms import DecideClaimForm, EndClaimForm
from interfaces.desk.lists import Column, List, Preset, respond
from interfaces.desk.paging import Order
from interfaces.desk.views.payouts import in_words


def _claimed(payee: Payee) -> Decimal:
    claimed: Decimal = payee.claimed  # type: ignore[attr-defined]  # annotated by claims_visible_to
    return claimed


CLAIMS: List[Payee] = List(
    name="claims",
    title=_("Claims on payees"),
    template="desk/claims.html",
    columns=[
        Column("account", _("Payee"), lambda payee: payee.account.number, "account__number"),
        Column("name", _("Name"), lambda payee: payee.account.customer.name),
        Column("claimed", _("Claimed"), _claimed, is_number=True),
        Column("currency", _("Currency"), lambda payee: payee.currency, is_shown=False),
        Column("since", _("First taken back"), lambda payee: payee.since),  # type: ignore[attr-defined]
        Column("account_status", _("Account"), lambda payee: payee.account.get_status_display()),
        Column("asked", _("Asked"), lambda payee: payee.asked or ""),  # type: ignore[attr-defined]
        Column("division", _("Division"), lambda payee: str(payee.division), "division__name"),
    ],
    order=Order("pk"),
    presets=[Preset(_("Waits for another person"), "asked=yes"), Preset(_("Account closed"), "closed=yes")],
)


@staff_page(Permission.SEE_LEDGER)
def claims(request: UserRequest) -> HttpResponse:
    """Show the payees of a person's divisions of whom something is claimed."""
    rows = claims_visible_to(request.user).select_related("account__customer", "division")
    may = {
        "may_ask": can(request.user, Permission.BUILD_BATCHES),
        "may_decide": can(request.user, Permission.APPROVE_BATCHES),
    }
    return respond(request, CLAIMS, ClaimFilters(request.GET, rows, request=request), **may)


@staff_page(Permission.BUILD_BATCHES)
def ask(request: UserRequest, pk: int) -> HttpResponse:
    """Ask another person to give a claim up, or to agree that it is charged on the bill."""
    payee = get_object_or_404(claims_visible_to(request.user).select_related("account__customer", "division"), pk=pk)
    claimed = in_words(_claimed(payee), payee.currency)
    action = Action(
        title=_("End a claim"),
        explanation=gettext(
            "%(claimed)s is claimed of account %(account)s. As long as it is earning, let it be set off. Nothing changes "
            "before another person has agreed."
        )
        % {"claimed": claimed, "account": payee.account},
        button=_("Ask another person"),
        done=_("Asked."),
        nothing=_("Something is asked about this claim already: it waits to be decided.")
        if payee.asked  # type: ignore[attr-defined]
        else "",
        subject=CLAIMS.title,
        back=reverse("desk:claims"),
    )
    form = EndClaimForm(posted(request), initial={"amount": _claimed(payee)})

    def do(answers: dict[str, Any]) -> None:
        ask_to_end_claim(pk, ClaimWay(answers["way"]), answers["amount"], answers["reason"], by=request.user)

    return perform(request, action, form, do)


@staff_page(Permission.APPROVE_BATCHES)
def decide(request: UserRequest, pk: int) -> HttpResponse:
    """Agree to what another person has asked about a claim, or refuse it."""
    end = get_object_or_404(claim_ends_visible_to(request.user).select_related("payee__account", "asked_by"), pk=pk)
    action = Action(
        title=_("Decide about a claim"),
        explanation=gettext("%(who)s asks of account %(account)s: %(way)s, %(amount)s. %(reason)s")
        % {
            "who": end.asked_by,
            "account": end.payee.account,
            "way": end.get_way_display(),
            "amount": in_words(end.amount, end.currency),
            "reason": end.reason,
        },
        button=_("Decide"),
        done=_("Decided."),
        nothing="" if end.status == ClaimStatus.ASKED else _("This was decided."),
        subject=CLAIMS.title,
        back=reverse("desk:claims"),
        is_grave=True,
        asks_who_it_is=True,
    )

    def do(answers: dict[str, Any]) -> None:
        if answers["outcome"] == ClaimStatus.APPROVED:
            approve_claim_end(pk, reference=answers["reference"], by=request.user)
        else:
            refuse_claim_end(pk, by=request.user)

    return perform(request, action, DecideClaimForm(posted(request)), do)

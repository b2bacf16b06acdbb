"""Rewards: the list of them, and one with everything that was decided, posted and paid."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from commissions.models import Reward
from commissions.queries.trace import trace_of
from commissions.queries.visibility import rewards_visible_to
from commissions.services.holds import release_reward, released_with
from commissions.states import HoldReason
from foundation.people.models import User, UserRequest
from foundation.people.queries import can
from foundation.people.states import Permission
from interfaces.desk.access import staff_page
from interfaces.desk.actions import Action, perform, posted
from interfaces.desk.filters import RewardFilters
from interfaces.desk.forms import ReleaseForm
from interfaces.desk.lists import Column, List, Preset, respond
from interfaces.desk.paging import Order
from interfaces.desk.timeline import latest

EVENTS_SHOWN = 50
RELEASED_BY_HAND = (
    HoldReason.CREDIT_REFUSED,
    HoldReason.PAYEE_CLOSED,
    HoldReason.BANK_RETURNED,
    HoldReason.AUDIT,
)
"""What a person releases here; a signal is decided about where it was raised, on the referral."""

REWARDS: List[Reward] = List(
    name="rewards",
    title=_("Rewards"),
    template="desk/rewards.html",
    columns=[
        Column("id", _("Reward"), lambda reward: reward.pk, "pk"),
        Column("payee", _("Payee"), lambda reward: reward.payee.account.number),
        Column("name", _("Name"), lambda reward: reward.payee.account.customer.name),
        Column("side", _("For the"), lambda reward: reward.get_side_display(), "side"),
        Column("amount", _("Amount"), lambda reward: reward.amount, is_number=True),
        Column("status", _("State"), lambda reward: reward.get_status_display(), "status"),
        Column("earliest", _("Earliest"), lambda reward: reward.earliest_on, "earliest_on"),
        Column("division", _("Division"), lambda reward: str(reward.division), "division__name"),
    ],
    order=Order("pk", is_descending=True),
    presets=[
        Preset(_("On hold"), "status=held"),
        Preset(_("Credit refused"), "hold=credit_refused"),
        Preset(_("Returned by the bank"), "hold=bank_returned"),
        Preset(_("Earned"), "status=payable"),
        Preset(_("Taken back"), "status=reversed"),
    ],
)


@staff_page(Permission.SEE_REFERRALS)
def rewards(request: UserRequest) -> HttpResponse:
    """Show the rewards of a person's divisions."""
    rows = rewards_visible_to(request.user).select_related("division", "payee__account__customer", "referral")
    return respond(request, REWARDS, RewardFilters(request.GET, rows, request=request))


@staff_page(Permission.SEE_REFERRALS)
def reward(request: UserRequest, pk: int) -> HttpResponse:
    """Show one reward: why it stands where it stands, what was posted for it, and how it was paid."""
    found = _found(request, pk)
    context = {
        "reward": found,
        "trace": trace_of(found),
        "lines": found.lines.select_related("batch", "submission").order_by("-pk"),
        "events": latest(found, most=EVENTS_SHOWN),
        "holds": [HoldReason(hold).label for hold in found.holds],
        "may_release": bool(_releasable(found, request.user)),
        "may_see_ledger": can(request.user, Permission.SEE_LEDGER, found.division),
    }
    return render(request, "desk/reward.html", context)


def _releasable(found: Reward, user: User) -> list[tuple[str, str]]:
    """Return for which of its reasons a person may release a reward. The service decides again."""
    return [
        (reason.value, str(reason.label))
        for reason in RELEASED_BY_HAND
        if reason in found.holds and can(user, released_with(reason), found.division)
    ]


@staff_page(Permission.SEE_LEDGER)
def release(request: UserRequest, pk: int) -> HttpResponse:
    """Let an earned reward be paid after all."""
    found = _found(request, pk)
    action = Action(
        title=_("Release the reward"),
        explanation=_("When nothing else holds it, it goes into the next batch."),
        button=_("Release it"),
        done=_("Released."),
        subject=found,
        back=reverse("desk:reward", args=[pk]),
        asks_who_it_is=True,
    )
    form = ReleaseForm(posted(request), reasons=_releasable(found, request.user))

    return perform(
        request, action, form, lambda answers: release_reward(pk, HoldReason(answers["reason"]), by=request.user)
    )


def _found(request: UserRequest, pk: int) -> Reward:
    related = (
        "division", "payee__account__customer", "payee__division", "version__rule", "referral__order",
        "referral__referrer__customer", "referral__friend", "friend_account",
    )  # fmt: skip
    return get_object_or_404(rewards_visible_to(request.user).select_related(*related), pk=pk)

"""Referrals: the list of them by stage, age and what is stuck, and one with its touches, signals and rewards."""

from collections.abc import Callable

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from commissions.queries.trace import traces_of
from foundation.people.models import UserRequest
from foundation.people.queries import can
from foundation.people.states import Permission
from interfaces.desk.access import staff_page
from interfaces.desk.actions import Action, perform, posted
from interfaces.desk.filters import ProgrammeFilters, ReferralFilters
from interfaces.desk.following import programmes_compared_for, referrals_followed_by, stage_in_words
from interfaces.desk.forms import DecideSignalForm
from interfaces.desk.lists import Column, List, Preset, respond
from interfaces.desk.paging import Order
from interfaces.desk.timeline import latest
from referrals.models import Programme, Referral
from referrals.queries import resolved_touches_of, signals_visible_to
from referrals.services import decide_signal
from referrals.states import SignalStatus

EVENTS_SHOWN = 50

REFERRALS: List[Referral] = List(
    name="referrals",
    title=_("Referrals"),
    template="desk/referrals.html",
    columns=[
        Column("id", _("Referral"), lambda referral: referral.pk, "pk"),
        Column("referrer", _("Referrer"), lambda referral: referral.referrer.customer.name),
        Column("code", _("Code"), lambda referral: referral.referrer.code),
        Column("friend", _("Friend"), lambda referral: referral.friend.name),
        Column("order", _("Order"), lambda referral: referral.order.number, "order__number"),
        Column("stage", _("Stage"), stage_in_words),
        Column("programme", _("Program"), lambda referral: str(referral.programme), "programme__code"),
        Column("division", _("Division"), lambda referral: str(referral.division), "division__name"),
        Column("ordered", _("Ordered"), lambda referral: referral.ordered_at, "ordered_at"),
    ],
    order=Order("pk", is_descending=True),
    presets=[
        Preset(_("Signal to be looked at"), "stuck=signal"),
        Preset(_("Not installed after 30 days"), "stuck=not_installed"),
        Preset(_("Earned, and cannot be paid"), "stuck=refused"),
        Preset(_("Qualifying"), "stage=qualifying"),
    ],
)


def _figure(name: str) -> Callable[[Programme], int]:
    """Read one of the counts that `programmes_compared_for` gives."""
    return lambda programme: getattr(programme, name)


PROGRAMMES: List[Programme] = List(
    name="programmes",
    title=_("Programs compared"),
    template="desk/programmes.html",
    columns=[
        Column("name", _("Program"), str),
        Column("code", _("Code"), lambda programme: programme.code, "code"),
        Column("status", _("Status"), lambda programme: programme.get_status_display()),
        Column("from", _("From"), lambda programme: programme.starts_on, "starts_on"),
        Column("invited", _("Invited"), _figure("invited"), is_number=True),
        Column("opened", _("Letter opened"), _figure("opened"), is_number=True),
        Column("ordered", _("Ordered"), _figure("ordered"), is_number=True),
        Column("installed", _("Installed"), _figure("installed"), is_number=True),
        Column("paid", _("Rewarded and paid"), _figure("paid"), is_number=True),
        Column("division", _("Division"), lambda programme: str(programme.division), "division__name"),
    ],
    order=Order("starts_on", is_descending=True),
    keeps_filters=False,
)


@staff_page(Permission.SEE_REFERRALS)
def programmes(request: UserRequest) -> HttpResponse:
    """Show the programmes of a person's divisions side by side, by how far their friends came."""
    rows = programmes_compared_for(request.user)
    return respond(request, PROGRAMMES, ProgrammeFilters(request.GET, rows, request=request))


@staff_page(Permission.SEE_REFERRALS)
def referrals(request: UserRequest) -> HttpResponse:
    """Show the referrals of a person's divisions."""
    rows = referrals_followed_by(request.user)
    return respond(request, REFERRALS, ReferralFilters(request.GET, rows, request=request))


@staff_page(Permission.SEE_REFERRALS)
def referral(request: UserRequest, pk: int) -> HttpResponse:
    """Show one referral: who is credited and why, what looked odd, and where its rewards are."""
    found = get_object_or_404(referrals_followed_by(request.user), pk=pk)
    rewards = list(found.rewards.select_related("division", "payee__account", "version__rule").order_by("pk"))
    traces = traces_of(rewards)
    context = {
        "referral": found,
        "touches": resolved_touches_of(found.order),
        "signals": found.signals.select_related("decided_by"),
        "rewards": [(one, traces[one.pk]) for one in rewards],
        "events": latest(found, most=EVENTS_SHOWN),
        "may_work": can(request.user, Permission.WORK_REFERRALS, found.division),
    }
    return render(request, "desk/referral.html", context)


@staff_page(Permission.WORK_REFERRALS)
def decide(request: UserRequest, pk: int) -> HttpResponse:
    """Decide about something that looked odd."""
    rows = signals_visible_to(request.user).filter(status=SignalStatus.OPEN).select_related("referral")
    signal = get_object_or_404(rows, pk=pk)
    action = Action(
        title=signal.get_kind_display(),
        explanation=_(
            "A genuine referral is paid as soon as nothing else holds it. What is not genuine earns nothing, and what "
            "was paid for it is taken back."
        ),
        button=_("Decide"),
        done=_("Decided."),
        subject=signal.referral,
        back=reverse("desk:referral", args=[signal.referral_id]),
        asks_who_it_is=True,
    )
    return perform(
        request,
        action,
        DecideSignalForm(posted(request)),
        lambda answers: decide_signal(
            pk, is_genuine=answers["outcome"] == "genuine", note=answers["note"], by=request.user
        ),
    )

"""Friends who come by a referrer's link or letter, and customers who want to bring some."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from foundation.divisions.models import Division
from foundation.lifecycle import NotAllowed
from foundation.now import today
from foundation.people.http import client_address
from foundation.people.throttles import throttled
from interfaces.storefront.attribution import came_by, remember
from interfaces.storefront.forms import TakePartForm
from interfaces.storefront.site import SiteRequest, site_page, visitor
from interfaces.storefront.views.address import lead_to_answer
from referrals import services
from referrals.queries import link_of, programme_for, referrer_by_code, shown_code
from referrals.queries.landing import is_number_of, looked_up_for, welcome_by
from referrals.services import Click

PAGE = "web-refer"
"""The page on which terms are agreed to, for the record."""


@require_safe
@never_cache
@throttled("referral_click", methods=("GET",))
@site_page
def link(request: SiteRequest, code: str) -> HttpResponse:
    """Record that a friend opened a referrer's link, and lead on to where they are welcome."""
    click = services.record_click(code, division=request.site.division) if request.method == "GET" else None
    return _lead_on(request, click)


@require_safe
@never_cache
@throttled("referral_click", methods=("GET",))
@site_page
def invitation(request: SiteRequest, token: str) -> HttpResponse:
    """Record that a friend opened the link in an invitation, and lead on to where they are welcome."""
    click = services.open_invitation(token, division=request.site.division) if request.method == "GET" else None
    return _lead_on(request, click)


def _lead_on(request: SiteRequest, click: Click | None) -> HttpResponse:
    """Lead on to the welcome page; what earns something travels in its address and in a cookie, whichever is kept."""
    marks = came_by(request)
    if click and click.earns:
        marks = marks.with_touch(click.touch_token)
    return remember(redirect(marks.added_to(reverse("storefront:refer_welcome"))), marks)


@require_safe
@never_cache
@site_page
def welcome(request: SiteRequest) -> HttpResponse:
    """Welcome a friend with what is promised to them, and ask for their address."""
    marks = came_by(request)
    latest = marks.tokens[-1] if marks.tokens else ""
    context = {
        "welcome": welcome_by(latest, request.site.division),
        "asks_number": looked_up_for(latest, request.site.division) is not None,
        "carried": marks.pairs,
    }
    return remember(render(request, "storefront/refer_welcome.html", context), marks)


@require_POST
@throttled("house_number")
@site_page
def house_number(request: SiteRequest) -> HttpResponse:
    """Lead an invited friend who knows its house number to the address that was looked up for them."""
    marks, typed = came_by(request), request.POST.get("number", "")[:20]
    premises = looked_up_for(marks.tokens[-1] if marks.tokens else "", request.site.division)
    if premises is None or not is_number_of(typed, premises):
        messages.error(request, _("That is not the number that we were told. Type your address instead."))
        return remember(redirect(marks.added_to(reverse("storefront:refer_welcome"))), marks)
    return lead_to_answer(request, premises.label, premises.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@throttled("enrol")
@never_cache
@site_page
def refer(request: SiteRequest) -> HttpResponse:
    """Explain this market's program, and let a customer take part who proves which account is theirs."""
    programme = programme_for(request.site.division, today(request.site.division))
    if programme is None:
        return render(request, "storefront/refer.html", {"programme": None})
    form = TakePartForm(programme, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            code = _enrol(request, form.cleaned_data)
        except NotAllowed as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            return redirect("storefront:refer_yours", code)
    context = {
        "programme": programme,
        "friend_reward": str(programme.friend_rewards_in_words),
        "terms": str(programme.terms_texts),
        "form": form,
    }
    return render(request, "storefront/refer.html", context)


def _enrol(request: SiteRequest, answers: dict[str, Any]) -> str:
    referrer = services.enrol(
        **answers,
        division=request.site.division,
        language=get_language() or request.site.default_language,
        evidence={
            "page": PAGE,
            "address": client_address(request),
            "browser": request.headers.get("User-Agent", "")[:300],
        },
        by=visitor(request),
    )
    return referrer.code


@require_safe
@never_cache
@throttled("referral_click", methods=("GET",))
@site_page
def yours(request: SiteRequest, code: str) -> HttpResponse:
    """Show what a referrer hands on, to keep or to print: the code, and nothing of who it belongs to."""
    referrer = referrer_by_code(code)
    if referrer is None or not _is_here(referrer.division, request.site.division):
        raise Http404
    return render(
        request, "storefront/refer_yours.html", {"code": shown_code(referrer.code), "link": link_of(referrer)}
    )


def _is_here(division: Division, market: Division) -> bool:
    return market.pk in division.lineage


@require_http_methods(["GET", "HEAD", "POST"])
@throttled("referral_click")
@never_cache
@site_page
def stop(request: SiteRequest, token: str) -> HttpResponse:
    """Stop the invitations of one referrer to one friend; looking at the page stops nothing."""
    if request.method == "POST":
        services.stop_invitations_from(token)
        return redirect("storefront:invitations_stopped")
    return render(request, "storefront/refer_stop.html", {"is_stopped": False})


@require_safe
@site_page
def stopped(request: SiteRequest) -> HttpResponse:
    """Say that the invitations have stopped."""
    return render(request, "storefront/refer_stop.html", {"is_stopped": True})

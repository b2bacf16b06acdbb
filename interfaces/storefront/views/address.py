"""From an address as typed to what can be had there."""

import secrets
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language, gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from catalog.queries import offers_for
from foundation.lifecycle import NotAllowed
from foundation.now import now, today
from foundation.people.throttles import throttled
from interfaces.storefront.attribution import came_by, remember
from interfaces.storefront.callers import caller_at
from interfaces.storefront.forms import AddressForm, TellMeForm
from interfaces.storefront.shop import cards_of, found_families, seller_of
from interfaces.storefront.site import SiteRequest, site_page, visitor
from leads import services as leads
from referrals.queries.landing import said_at
from territory import services as territory
from territory.models import Qualification
from territory.queries import AddressSearch, search_addresses, units_of
from territory.states import ORDERABLE, Outcome

CHANNEL = "web"
SHORTEST_TYPED = 4
"""Fewer letters than these find everything and nothing."""
WAITED_FOR = frozenset({Outcome.ALTERNATE, Outcome.PLANNED, Outcome.UNSERVICEABLE})
"""What may be better one day at an address that has packages."""


@require_GET
@throttled("suggest", methods=("GET",))
@site_page
def suggest(request: SiteRequest) -> HttpResponse:
    """List addresses that the text so far may mean."""
    typed = request.GET.get("address", "").strip()
    found = None
    if len(typed) >= SHORTEST_TYPED:
        found = search_addresses(typed[:200], division=request.site.division, limit=6)
    return render(request, "storefront/home.html#suggestions", {"found": found})


@require_http_methods(["GET", "HEAD", "POST"])
@throttled("address_check")
@throttled("suggest", methods=("GET", "HEAD"))
@site_page
def check(request: SiteRequest) -> HttpResponse:
    """Find the one premises that is meant and check it; where several may be meant, ask."""
    form = AddressForm(request.POST if request.method == "POST" else request.GET)
    if not form.is_valid():
        return render(request, "storefront/address_pick.html", {"form": form, "carried": came_by(request).pairs})
    return _check(request, **form.cleaned_data) if request.method == "POST" else _pick(request, **form.cleaned_data)


def _check(
    request: SiteRequest, *, address: str, premises_id: int | None, building: str, is_none: bool
) -> HttpResponse:
    marks = came_by(request)
    if premises_id or is_none:
        return lead_to_answer(request, address, premises_id)
    if building:
        return redirect(marks.added_to(_pick_address(address=address, building=building)))
    found = territory.look_up_address(address, division=request.site.division, channel=CHANNEL, by=visitor(request))
    if found.exact:
        return lead_to_answer(request, address, found.exact.premises_id)
    if found.only and found.only.premises_id:
        return lead_to_answer(request, address, found.only.premises_id, taken=found.only.label)
    building_meant = found.building or (found.only and found.only.building)
    key = building_meant.key if building_meant else ""
    return redirect(marks.added_to(_pick_address(address=address, building=key)))


def _pick_address(**parameters: str) -> str:
    query = urlencode({name: value for name, value in parameters.items() if value})
    return f"{reverse('storefront:check')}?{query}"


def lead_to_answer(request: SiteRequest, typed: str, premises_id: int | None, *, taken: str = "") -> HttpResponse:
    """
    Check premises, and lead to the answer.

    :param taken: which address was taken for what was typed, where nobody was asked and it might be another one
    """
    marks = came_by(request)
    try:
        answer = territory.qualify(
            typed=typed, premises_id=premises_id, division=request.site.division, channel=CHANNEL, by=visitor(request)
        )
    except NotAllowed as refusal:
        messages.error(request, str(refusal))
        return redirect("storefront:home")
    if taken:
        words = _(
            "We took “%(typed)s” for %(address)s, the only one that we know. If you mean another, add its ZIP code."
        )
        messages.info(request, words % {"typed": typed, "address": taken})
    return remember(redirect(marks.added_to(reverse("storefront:outcome", args=[answer.key]))), marks)


def _pick(request: SiteRequest, *, address: str, building: str, **_more: Any) -> HttpResponse:
    market = request.site.division
    units = units_of(building, division=market) if building else []
    found = search_addresses(address, division=market) if address else None
    if found and found.exact and not building and request.method == "GET":
        return _check_framed(request, address, found.exact.premises_id)
    context = {
        "typed": address,
        "building": units[0].building if units else None,
        "units": units,
        "unknown_unit": _unit_that_is_not_there(found, building),
        "candidates": found.candidates if found else (),
        "carried": came_by(request).pairs,
    }
    return render(request, "storefront/address_pick.html", context)


@throttled("address_check", methods=("GET",))
@site_page
def _check_framed(request: SiteRequest, address: str, premises_id: int | None) -> HttpResponse:
    """Check an address that was typed into the box in another site, which cannot post: it means one, nobody is asked."""
    return lead_to_answer(request, address, premises_id)


def _unit_that_is_not_there(found: AddressSearch | None, building: str) -> str:
    """Return the unit that was typed for a building that does not have it; empty if none was, or it does."""
    named = (candidate.building for candidate in found.candidates if candidate.building) if found else ()
    return next((one.typed_unit for one in named if one.key == building), "")


@require_safe
@never_cache
@site_page
def outcome(request: SiteRequest, key: str) -> HttpResponse:
    """Say what can be had at an address: packages, or where a no leads to."""
    answer = _qualification(request, key)
    if answer.is_expired(now()):
        return render(request, "storefront/outcome_expired.html", _about(request, answer))
    if answer.outcome in ORDERABLE:
        return _packages(request, answer, TellMeForm(), key=secrets.token_urlsafe(18))
    return _no_that_leads_on(request, answer, TellMeForm(), key=secrets.token_urlsafe(18))


def _about(request: SiteRequest, answer: Qualification) -> dict[str, Any]:
    """Return which address a page is about, who serves it where that is not whose site it is, and for which caller."""
    return {
        "answer": answer,
        "seller": seller_of(answer.division, request.site),
        "caller": caller_at(request, answer),
    }


def _packages(request: SiteRequest, answer: Qualification, form: TellMeForm, *, key: str) -> HttpResponse:
    marks, families = came_by(request), found_families(answer)
    offers = offers_for(answer, division=answer.division, on=today(answer.division))
    context = {
        **_about(request, answer),
        "families": families,
        "offers": offers,
        "cards": cards_of(offers),
        "key": key,
        "form": form,
        "may_wait": not offers.offered or any(found.outcome in WAITED_FOR for found in families),
        "carried": marks.pairs,
        "sent_by": said_at(answer.division, marks.tokens),
    }
    return remember(render(request, "storefront/packages.html", context), marks)


def _no_that_leads_on(request: SiteRequest, answer: Qualification, form: TellMeForm, *, key: str) -> HttpResponse:
    marks = came_by(request)
    context = {**_about(request, answer), "families": found_families(answer), "form": form, "key": key}
    return remember(render(request, f"storefront/outcome_{answer.outcome}.html", context), marks)


@require_POST
@throttled("lead_capture")
@site_page
def tell_me(request: SiteRequest, key: str) -> HttpResponse:
    """Keep how to reach somebody who waits for service at an address."""
    answer = _qualification(request, key)
    form_key = request.POST.get("key", "")[:80] or secrets.token_urlsafe(18)
    form = TellMeForm(request.POST)
    if not form.is_valid():
        page = _packages if answer.outcome in ORDERABLE else _no_that_leads_on
        return page(request, answer, form, key=form_key)
    leads.capture_lead(
        key=form_key,
        qualification_id=answer.pk,
        details=form.details,
        agreed=form.agreed,
        channel=CHANNEL,
        language=get_language() or request.site.default_language,
        by=visitor(request),
    )
    return redirect("storefront:told", key)


@require_safe
@never_cache
@site_page
def told(request: SiteRequest, key: str) -> HttpResponse:
    """Say that we will be in touch, and about what."""
    return render(request, "storefront/told.html", _about(request, _qualification(request, key)))


@require_POST
@throttled("address_check")
@site_page
def check_again(request: SiteRequest, key: str) -> HttpResponse:
    """Ask the same question again, and say whether the answer is another one."""
    before = _qualification(request, key)
    after = territory.requalify(before.pk, by=visitor(request))
    if after.results == before.results:
        messages.info(request, _("We checked the address again: nothing has changed."))
    else:
        messages.warning(request, _("We checked the address again, and the answer has changed."))
    return redirect("storefront:outcome", after.key)


def _qualification(request: SiteRequest, key: str) -> Qualification:
    """Return a check by its secret, if it was made in this site's market."""
    checks = Qualification.objects.select_related("division", "premises")
    return get_object_or_404(checks, key=key, division__lineage__contains=[request.site.division_id])

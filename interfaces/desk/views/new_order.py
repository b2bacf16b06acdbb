"""From what a caller says of their address to an order, which goes on in the pages that customers use."""

import secrets
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext as _

from foundation.divisions.models import Division
from foundation.divisions.queries import site_of
from foundation.lifecycle import NotAllowed
from foundation.now import today
from foundation.people.models import User, UserRequest
from foundation.people.services import require
from foundation.people.states import Permission
from interfaces.desk.access import staff_page
from interfaces.desk.forms import CheckForm
from interfaces.desk.queries import address_candidates, divisions_to_search, premises_candidate, units_at
from interfaces.desk.sites import public_address
from orders.services import CODE_MARK, start_order
from orders.states import Channel
from referrals.queries import normalised_code
from referrals.queries.landing import is_code_of
from territory.models import Qualification
from territory.services import qualify
from territory.states import ORDERABLE


@staff_page(Permission.WORK_ORDERS)
def new_order(request: UserRequest) -> HttpResponse:
    """Find the address, check it, and start an order there, or show where a no leads."""
    form = CheckForm(request.POST if request.method == "POST" else request.GET)
    form.full_clean()
    asked: dict[str, Any] = {
        "address": "",
        "premises": None,
        "building": "",
        "code": "",
        "key": "",
        **form.cleaned_data,
    }
    if request.method == "POST":
        return _check(request, asked["address"], asked["premises"], code=asked["code"], key=asked["key"])
    units = units_at(request.user, asked["building"])
    candidates = [] if units else _candidates(request.user, asked["address"], asked["premises"])
    context = {
        "typed": asked["address"],
        "code": asked["code"],
        "units": units,
        "candidates": candidates,
        "key": secrets.token_urlsafe(18),
    }
    return render(request, "desk/new_order.html", context)


def _candidates(user: User, typed: str, premises_id: int | None) -> list[object]:
    if premises_id:
        return [candidate for candidate in [premises_candidate(user, premises_id)] if candidate]
    return list(address_candidates(user, typed))


def _check(request: UserRequest, typed: str, premises_id: int | None, *, code: str, key: str) -> HttpResponse:
    candidate = premises_candidate(request.user, premises_id) if premises_id else None
    division = Division.objects.get(pk=candidate.division_id) if candidate else divisions_to_search(request.user)[0]
    try:
        require(request.user, Permission.WORK_ORDERS, division)
        checked = qualify(
            typed=typed,
            premises_id=candidate.premises_id if candidate else None,
            division=division,
            channel=Channel.PHONE,
            by=request.user,
        )
        return redirect(_next_page(checked, code=_known_code(request, code, checked), key=key, by=request.user))
    except NotAllowed as refusal:
        messages.error(request, refusal.message)
        return redirect("desk:new_order")


def _known_code(request: UserRequest, typed: str, checked: Qualification) -> str:
    """
    Return the code that the caller said, or say that nobody has it: the form about the caller asks again.

    A code that earns nothing at the address is kept, and said to earn nothing, before the caller is promised anything.
    """
    code = normalised_code(typed)
    if not code:
        return ""
    if is_code_of(code, checked.division):
        if not is_code_of(code, checked.division, on=today(checked.division)):
            words = _("The code %(code)s earns nothing at this address today: promise no reward. The order can go on.")
            messages.warning(request, words % {"code": typed})
        return code
    messages.warning(request, _("Nobody has the code %(code)s. Ask the caller to spell it.") % {"code": typed})
    return ""


def _next_page(checked: Qualification, *, code: str, key: str, by: User) -> str:
    """Return the page of the order that was started, or of the answer where nothing can be ordered."""
    if checked.outcome not in ORDERABLE:
        return public_address(checked.division, "storefront:outcome", checked.key)
    site = site_of(checked.division)
    order = start_order(
        checked.pk,
        division=checked.division,
        site_code=site.code if site else "",
        channel=Channel.PHONE,
        language=get_language() or "en",
        key=key,
        by=by,
        attribution=[f"{CODE_MARK}{code}"] if code else [],
    )
    return public_address(order.division, "storefront:order", order.token)

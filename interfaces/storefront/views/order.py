"""The order, one question a page. The address carries the order's secret; everything else is kept on the server."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial, wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from catalog.queries import PackageOptions, offers_for, package_options, price_cart
from foundation.correspondence.models import LETTER_SECRET
from foundation.divisions.models import Division
from foundation.lifecycle import NotAllowed
from foundation.now import now, today
from foundation.people.http import client_address
from foundation.people.queries import can, is_staff_member
from foundation.people.states import Permission
from foundation.people.throttles import throttled
from interfaces.storefront.attribution import came_by
from interfaces.storefront.callers import caller_of
from interfaces.storefront.forms import DetailsForm, OptionsForm, SlotForm, TermsForm
from interfaces.storefront.options import add_ons_of, sections_of
from interfaces.storefront.shop import cards_of
from interfaces.storefront.site import SiteRequest, View, site_page, visitor
from interfaces.storefront.steps import (
    Question,
    address_of,
    answer_to,
    code_in_words,
    code_of,
    days_of,
    is_stale,
    mark_of,
    may_ask,
    open_question,
    step_indicator,
    summary_of,
    visit_in_words,
    visit_of,
    what_it_holds,
)
from interfaces.storefront.views.errors import used_form
from orders import services as orders
from orders.models import Order
from orders.queries import (
    changes_since,
    current_terms,
    details_of,
    has_agreed,
    is_agreement_proof,
    open_slots,
    order_by_token,
    shown_mark,
)
from orders.states import Channel, OrderStatus
from referrals.queries.landing import is_code_of
from territory.models import Qualification

OPTIONS_FORM = "options"
"""The id of the form that holds the options: the steps above it save it before they lead away."""
DAYS_SHOWN = 7
"""Days of appointments on one page."""

OrderView = Callable[..., HttpResponse]


def order_of(request: SiteRequest, token: str) -> Order:
    """Return the order that an address speaks of, if it belongs to this site's market."""
    order = order_by_token(token)
    if order is None or request.site.division_id not in order.division.lineage:
        raise Http404
    return order


def let_fill_in(request: SiteRequest, division: Division) -> None:
    """
    Let pass visitors, and of those who work here whoever may work on a market's orders.

    The desk knows an order's address: with it alone, the others could change what they may only look at.
    """
    person = visitor(request)
    if person and is_staff_member(person) and not can(person, Permission.WORK_ORDERS, division):
        raise PermissionDenied


def question(asked: Question) -> Callable[[OrderView], View]:
    """
    Serve a question's page only when its turn has come.

    What was submitted leads to its own page, what is out of date is checked again first, and what is too early leads
    to the first question without an answer.
    """

    def decorate(view: OrderView) -> View:
        @require_http_methods(["GET", "HEAD", "POST"])
        @never_cache
        @site_page
        @wraps(view)
        def page(request: SiteRequest, token: str) -> HttpResponse:
            order = order_of(request, token)
            let_fill_in(request, order.division)
            if order.status != OrderStatus.DRAFT:
                return _asked_too_late(request, order, asked)
            if order.qualification.is_expired(now()):
                return redirect("storefront:order_recheck", order.token)
            if not may_ask(order, asked):
                return _asked_too_early(request, order, asked)
            return view(request, order)

        return page

    return decorate


def _show(request: SiteRequest, order: Order, asked: Question, **context: Any) -> HttpResponse:
    shared = {
        "order": order,
        "summary": summary_of(order),
        "steps": step_indicator(order, asked),
        "seen": mark_of(order, asked),
        "caller": caller_of(request, order),
    }
    return render(request, f"storefront/order_{asked.value}.html", {**shared, **context})


def _asked_too_late(request: SiteRequest, order: Order, asked: Question) -> HttpResponse:
    """Answer the form that submitted the order like the first time; lead everything else to where the order stands."""
    if asked is Question.REVIEW and request.method == "POST":
        return _submit(request, order)
    return _say_submitted(request, order)


def _asked_too_early(request: SiteRequest, order: Order, asked: Question) -> HttpResponse:
    """Lead to the first question without an answer; who was about to order hears what was changed meanwhile."""
    if asked is Question.REVIEW and (shown := request.POST.get("shown")):
        if shown == shown_mark(order):
            messages.warning(request, _("The terms have changed since you agreed. Read the new ones."))
        else:
            _say_what_else_changed(request, order)
    return _next(order)


def _say_what_else_changed(request: SiteRequest, order: Order) -> None:
    """Say what an order holds that was changed after its last page was opened, and which totals are others now."""
    messages.warning(request, _changed_elsewhere(order))
    shown, quote = request.POST.get("shown", "")[:120], order.quoted
    for change in changes_since(shown, quote, language=order.language) if quote else ():
        messages.warning(request, change)


def _say_submitted(request: SiteRequest, order: Order) -> HttpResponse:
    messages.info(request, _("This order was submitted before. Here is where it stands."))
    return redirect("storefront:order", order.token)


def _next(order: Order) -> HttpResponse:
    return redirect(address_of(order, open_question(order)))


def _say_stale(request: SiteRequest, order: Order, asked: Question) -> HttpResponse:
    messages.warning(request, _changed_elsewhere(order))
    return redirect(address_of(order, asked))


def _changed_elsewhere(order: Order) -> str:
    return _("This order was changed in another window after you opened this page. %(now)s Look it over and go on.") % {
        "now": what_it_holds(order)
    }


@require_POST
@throttled("order_step")
@site_page
def start_order(request: SiteRequest, key: str) -> HttpResponse:
    """Start an order with the package that was chosen."""
    checks = Qualification.objects.filter(division__lineage__contains=[request.site.division_id])
    answer = get_object_or_404(checks, key=key)
    if answer.is_expired(now()):
        return redirect("storefront:outcome", key)
    let_fill_in(request, answer.division)
    marks = came_by(request)
    try:
        order = orders.start_order(
            answer.pk,
            division=request.site.division,
            site_code=request.site.code,
            channel=Channel.WEB,
            language=get_language() or request.site.default_language,
            key=request.POST.get("key", "")[:80] or secrets.token_urlsafe(18),
            by=visitor(request),
            attribution=marks.marks,
        )
        orders.choose_package(order.pk, request.POST.get("package", "")[:60])
    except NotAllowed as refusal:
        messages.error(request, str(refusal))
        return redirect("storefront:outcome", key)
    return redirect("storefront:order_options", order.token)


@question(Question.PACKAGE)
def package(request: SiteRequest, order: Order) -> HttpResponse:
    """Choose another package for an order."""
    if request.method == "POST":
        wanted = request.POST.get("package", "")[:60]
        if is_stale(request, order, Question.PACKAGE, wanted=wanted):
            return _say_stale(request, order, Question.PACKAGE)
        if wanted != answer_to(order, Question.PACKAGE):
            try:
                orders.choose_package(order.pk, wanted)
            except NotAllowed as refusal:
                messages.error(request, str(refusal))
                return redirect(address_of(order, Question.PACKAGE))
        return redirect(address_of(order, Question.OPTIONS))
    offers = offers_for(order.qualification, division=order.division, on=today(order.division))
    return _show(request, order, Question.PACKAGE, offers=offers, cards=cards_of(offers))


@question(Question.OPTIONS)
def options(request: SiteRequest, order: Order) -> HttpResponse:
    """Choose what a package lets one choose, and add to it."""
    form = _options_form(order, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        wanted = form.selection
        if is_stale(request, order, Question.OPTIONS, wanted=wanted.as_json()):
            return _say_stale(request, order, Question.OPTIONS)
        try:
            order.quote = orders.choose_options(order.pk, choices=wanted.choices, add_ons=wanted.add_ons).quote
        except NotAllowed as refusal:
            form.refuse(refusal)
        else:
            return _onwards(request, order)
    return _show(request, order, Question.OPTIONS, form=form, saves=OPTIONS_FORM, **_rows(order, form))


def _onwards(request: SiteRequest, order: Order) -> HttpResponse:
    """Lead to the question that was pressed to leave a page, which was saved first; otherwise to the next one."""
    wanted = request.POST.get("onwards", "")
    if wanted in Question and may_ask(order, Question(wanted)):
        return redirect(address_of(order, Question(wanted)))
    return _next(order)


def _rows(order: Order, form: OptionsForm) -> dict[str, Any]:
    pricing = partial(price_cart, division=order.division, on=today(order.division))
    return {"sections": sections_of(form, pricing), "add_ons": add_ons_of(form, pricing)}


@require_GET
@site_page
def reprice(request: SiteRequest, token: str) -> HttpResponse:
    """Price what is ticked on the options page at the moment, without keeping it."""
    order = order_of(request, token)
    if order.selection is None:
        raise Http404
    form, quote = _options_form(order, request.GET), order.quoted
    if form.is_valid():
        try:
            quote = price_cart(
                form.selection, division=order.division, on=today(order.division), qualification=order.qualification
            )
        except NotAllowed as refusal:
            form.refuse(refusal)
    context = {"summary": replace(summary_of(order), quote=quote), "form": form, **_rows(order, form)}
    return render(request, "storefront/order_options.html#repriced", context)


def _options_form(order: Order, data: Any) -> OptionsForm:
    chosen = order.chosen
    if chosen is None:
        raise Http404
    offered: PackageOptions = package_options(
        chosen.package_code, order.qualification, division=order.division, on=today(order.division)
    )
    return OptionsForm(offered, chosen, data)


@question(Question.DETAILS)
def details(request: SiteRequest, order: Order) -> HttpResponse:
    """Say who orders."""
    asked: dict[str, Any] = {"division": order.division, "has_code": bool(code_of(order))}
    sent = request.method == "POST"
    form = DetailsForm(request.POST, **asked) if sent else DetailsForm(initial=_known(request, order), **asked)
    if sent and form.is_valid():
        note, code = form.cleaned_data["note"], form.cleaned_data.get("code", "")
        if is_stale(request, order, Question.DETAILS, wanted=[form.details.as_json(), note.strip(), code]):
            return _say_stale(request, order, Question.DETAILS)
        try:
            orders.identify(order.pk, form.details, note=note)
            _keep_code(request, order, code)
        except NotAllowed as refusal:
            form.add_error(None, str(refusal))
        else:
            order.contact = form.details.as_json()
            return _next(order)
    return _show(request, order, Question.DETAILS, form=form)


def _keep_code(request: SiteRequest, order: Order, code: str) -> None:
    """Keep the code that was typed, or none; whoever types one that earns nothing today is told so."""
    if code == code_of(order):
        return
    if not code:
        orders.forget_code(order.pk)
        return
    orders.add_attribution(order.pk, f"{orders.CODE_MARK}{code}")
    if not is_code_of(code, order.division, on=today(order.division)):
        messages.info(request, _("This code brings no reward at the moment. You can order just the same."))


def _known(request: SiteRequest, order: Order) -> dict[str, Any]:
    typed, code = details_of(order), code_in_words(order)
    if typed:
        return DetailsForm.filled_from(typed, order.note, code)
    person = visitor(request) if order.sold_by_id is None else None  # who sells is not who orders
    return {"code": code, **({"name": person.name, "email": person.email} if person else {})}


@question(Question.APPOINTMENT)
def appointment(request: SiteRequest, order: Order) -> HttpResponse:
    """Choose when the technician comes."""
    form = SlotForm(request.POST) if request.method == "POST" else SlotForm()
    if request.method == "POST" and form.is_valid():
        slot_id = form.cleaned_data["slot"]
        if is_stale(request, order, Question.APPOINTMENT, wanted=slot_id):
            return _say_stale(request, order, Question.APPOINTMENT)
        try:
            orders.hold_slot(order.pk, slot_id)
        except NotAllowed as refusal:
            form.add_error("slot", str(refusal))
        else:
            return redirect(address_of(order, Question.REVIEW if has_agreed(order) else Question.TERMS))
    return _show(request, order, Question.APPOINTMENT, form=form, **_shown_days(request, order))


def _shown_days(request: SiteRequest, order: Order) -> dict[str, Any]:
    """Return a page of days with places left, and where the pages before and after it begin."""
    days = days_of(open_slots(order.division, order=order), order.division)
    first = _day(request.GET.get("from", ""))
    begin = next((at for at, day in enumerate(days) if day["date"] >= first), 0)
    end = begin + DAYS_SHOWN
    slot = visit_of(order)
    return {
        "days": days[begin:end],
        "chosen": slot.pk if slot else None,
        "earlier": days[max(begin - DAYS_SHOWN, 0)]["date"] if begin else None,
        "later": days[end]["date"] if end < len(days) else None,
    }


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return date.min


@question(Question.TERMS)
def terms(request: SiteRequest, order: Order) -> HttpResponse:
    """Read the terms and agree to them; what somebody sells, by the link that was mailed to the customer."""
    if request.method == "POST" and "send_link" in request.POST:
        return _send_link(request, order)
    current, proof = current_terms(order.division), request.GET.get(LETTER_SECRET, "")
    form = TermsForm(request.POST) if request.method == "POST" else TermsForm()
    if request.method == "POST" and form.is_valid():
        try:
            _agree(request, order, form, proof)
        except NotAllowed as refusal:
            if refusal.code == "cart_changed":
                return _say_stale(request, order, Question.TERMS)
            form.add_error(None, str(refusal))
        else:
            return redirect(address_of(order, Question.REVIEW))
    is_agreed = has_agreed(order)
    is_by_letter = order.sold_by_id is not None and not is_agreement_proof(proof, order)
    known = details_of(order) if is_by_letter else None
    context = {"form": form, "terms": current, "is_agreed": is_agreed, "is_by_letter": is_by_letter, "customer": known}
    return _show(request, order, Question.TERMS, **context)


def _send_link(request: SiteRequest, order: Order) -> HttpResponse:
    """Mail the customer the link by which they agree."""
    try:
        message = orders.send_agreement_link(order.pk, by=visitor(request))
    except NotAllowed as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The link is on its way to %(email)s.") % {"email": message.to})
    return redirect(address_of(order, Question.TERMS))


def _agree(request: SiteRequest, order: Order, form: TermsForm, proof: str) -> None:
    orders.accept_terms(
        order.pk,
        form.cleaned_data["terms"],
        shown=form.cleaned_data["shown"],
        evidence=_evidence(request),
        by=visitor(request),
        proof=proof,
    )


def _evidence(request: SiteRequest) -> dict[str, str]:
    return {
        "address": client_address(request),
        "browser": request.headers.get("User-Agent", "")[:300],
        "language": get_language() or "",
    }


@throttled("submit")
@question(Question.REVIEW)
def review(request: SiteRequest, order: Order) -> HttpResponse:
    """Check the answers and order."""
    if request.method == "POST":
        return _submit(request, order)
    quote = order.quoted
    if quote is None:
        raise Http404
    context = {
        "details": details_of(order),
        "visit": visit_in_words(order),
        "key": secrets.token_urlsafe(18),
        "shown": shown_mark(order),
        "links": {asked.value: address_of(order, asked) for asked in Question},
        "code": code_in_words(order),
    }
    return _show(request, order, Question.REVIEW, **context)


def _submit(request: SiteRequest, order: Order) -> HttpResponse:
    key, shown = request.POST.get("key", "")[:80], request.POST.get("shown", "")[:120]
    if not key:
        return redirect(address_of(order, Question.REVIEW))
    try:
        orders.submit_order(order.pk, idempotency_key=key, shown=shown, by=visitor(request))
    except NotAllowed as refusal:
        return _after_refusal(request, order, refusal)
    return redirect("storefront:order_confirmation", order.token)


def _after_refusal(request: SiteRequest, order: Order, refusal: NotAllowed) -> HttpResponse:
    """Lead on from a refused submit; nothing that was typed is lost."""
    if refusal.code == "already_submitted":
        return _say_submitted(request, order)
    if refusal.code == "key_reused":
        return used_form(request, str(refusal), onwards=reverse("storefront:order", args=[order.token]))
    if refusal.code == "cart_changed":
        _say_what_else_changed(request, order)
        return redirect("storefront:order", order.token)
    if refusal.code in {"price_changed", "qualification_changed"}:
        return _refresh(request, order)
    messages.error(request, str(refusal))
    if refusal.code == "slot_taken":
        return redirect(address_of(order, Question.APPOINTMENT))
    return redirect("storefront:order", order.token)


def _refresh(request: SiteRequest, order: Order) -> HttpResponse:
    """Check and quote again, say every change, and lead to where it matters."""
    try:
        refreshed = orders.refresh_draft(order.pk)
    except NotAllowed as refusal:
        messages.error(request, str(refusal))
        return redirect("storefront:order", order.token)
    if not refreshed.is_possible:
        messages.error(request, _("What you chose can no longer be had at your address: choose again."))
    elif refreshed.changes:
        messages.warning(request, _("Something has changed since you saw it. Look it over before you order."))
    else:
        messages.info(request, _("We checked your address and the prices again: nothing has changed."))
    for change in refreshed.changes:
        messages.warning(request, change)
    return redirect("storefront:order", order.token)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@site_page
def recheck(request: SiteRequest, token: str) -> HttpResponse:
    """Check the address of an order again that was left for a while."""
    order = order_of(request, token)
    let_fill_in(request, order.division)
    if order.status != OrderStatus.DRAFT or not order.qualification.is_expired(now()):
        return redirect("storefront:order", token)
    if request.method == "POST":
        return _refresh(request, order)
    context = {"order": order, "summary": summary_of(order), "caller": caller_of(request, order)}
    return render(request, "storefront/order_recheck.html", context)

"""
The floor of `order_submit`: as many GETs and POSTs as an order takes, plainly done.

The project's middleware stands before it, and the same tables with their constraints behind it. In between is what a
tutorial would write: a form for each question, `render`, `save`, a redirect. Nothing is looked up, checked or priced: what an
order writes is copied from one that was ordered properly before.
"""

import json
import os
import secrets
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from django import forms
from django.db import models, transaction
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template import engines
from django.urls import include, path

from accounts.models import Consent, Contact
from foundation.events.models import Delivery, Event
from orders.models import FIRST_NUMBER, Appointment, AppointmentSlot, Order, OrderLine
from territory.models import AddressLookup, Premises, Qualification

Row = TypeVar("Row", bound=models.Model)

PAGE = """{% load i18n %}<!doctype html><html lang="{{ LANGUAGE_CODE }}"><head><title>{{ title }}</title></head><body><main>
<h1>{{ title }}</h1>
{% if order %}<p>{{ order.address }}</p><table>{% for line in order.quote.lines %}
<tr><th>{{ line.names.en }}</th><td>{{ line.quantity }}</td><td>{{ line.recurring_after }}</td></tr>{% endfor %}</table>
<p>{{ order.due_today }} {{ order.monthly }} {{ order.monthly_after }}</p>{% endif %}
{% if form %}<form method="post">{% csrf_token %}{{ form.as_div }}<button>{% translate "Go on" %}</button></form>{% endif %}
</main></body></html>"""

Address = type("Address", (forms.Form,), {"address": forms.CharField(max_length=200)})
Start = type("Start", (forms.Form,), {"package": forms.CharField(), "key": forms.CharField(widget=forms.HiddenInput)})
Options = type(
    "Options",
    (forms.Form,),
    {
        **{f"choice-{group}": forms.CharField() for group in ("tv", "modem", "installation")},
        **{f"addon-{code}": forms.IntegerField(required=False) for code in ("tv-box", "mesh-pod", "mobile-line")},
    },
)
Details = type(
    "Details",
    (forms.Form,),
    {
        "name": forms.CharField(),
        "email": forms.EmailField(),
        "phone": forms.CharField(),
        "billing_address": forms.CharField(required=False),
        "note": forms.CharField(required=False, widget=forms.Textarea),
    },
)
Visit = type("Visit", (forms.Form,), {"slot": forms.IntegerField()})
Terms = type("Terms", (forms.Form,), {"agree": forms.BooleanField()})
Review = type("Review", (forms.Form,), {"key": forms.CharField(widget=forms.HiddenInput)})
FORMS = {"options": Options, "details": Details, "appointment": Visit, "terms": Terms, "review": Review}


@dataclass(frozen=True)
class Example:
    """All that one order has written."""

    lookup: AddressLookup
    order: Order
    first_check: Qualification
    appointment: Appointment
    contact: Contact
    consents: list[Consent]
    lines: list[OrderLine]
    event: Event
    deliveries: list[Delivery]


@cache
def example() -> Example:
    """Read the order that BENCH_EXAMPLE names."""
    order = Order.objects.select_related("customer", "account", "qualification").get(token=os.environ["BENCH_EXAMPLE"])
    event = Event.objects.get(name="orders.submitted", subject_id=order.pk)
    lookup, checks = AddressLookup.objects.latest("pk"), Qualification.objects.filter(premises=order.premises_id)
    return Example(
        lookup=lookup,
        order=order,
        first_check=checks.earliest("pk"),
        appointment=Appointment.objects.get(order=order),
        contact=Contact.objects.get(customer=order.customer),
        consents=list(Consent.objects.filter(customer=order.customer)),
        lines=list(OrderLine.objects.filter(order=order)),
        event=event,
        deliveries=list(Delivery.objects.filter(event=event)),
    )


def like(row: Row, **changes: Any) -> Row:
    """Return a new row like another."""
    kept = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields if not field.primary_key}
    for name, value in changes.items():
        kept.pop(f"{name}_id", None)
        kept[name] = value
    return type(row)(**kept)


@cache
def sizes() -> dict[str, int]:
    """Return how many letters each of our pages has, by the name of the page."""
    found: dict[str, int] = json.loads(os.environ["BENCH_PAGE_SIZES"])
    return found


@cache
def template() -> Any:
    """Return the one template of all pages."""
    return engines["django"].from_string(PAGE)


def page(request: HttpRequest, name: str, **context: Any) -> HttpResponse:
    """Render a page, as large as ours of the same name."""
    text = template().render({"title": name, **context}, request)
    return HttpResponse(text.ljust(sizes()[name]))


def home(request: HttpRequest) -> HttpResponse:
    """Show the form for an address."""
    return page(request, "home", form=Address())


def check(request: HttpRequest) -> HttpResponse:
    """Keep that an address was looked up and checked."""
    form = Address(request.POST)
    if not form.is_valid():
        return page(request, "home", form=form)
    typed = form.cleaned_data["address"]
    premises = Premises.objects.get(street_line=typed.split(",")[0])
    like(example().lookup, typed=typed).save()
    answer = like(example().first_check, premises=premises, key=secrets.token_urlsafe(), typed=typed)
    answer.save()
    return redirect("floor_address", answer.key)


def address(request: HttpRequest, key: str) -> HttpResponse:
    """Show the form for a package."""
    get_object_or_404(Qualification, key=key)
    return page(request, "address", form=Start(initial={"key": secrets.token_urlsafe(18)}))


def start(request: HttpRequest, key: str) -> HttpResponse:
    """Make a cart with what the example has chosen."""
    answer = get_object_or_404(Qualification.objects.select_related("premises"), key=key)
    form = Start(request.POST)
    if not form.is_valid():
        return page(request, "address", form=form)
    was = example().order
    chosen = {name: getattr(was, name) for name in ("quote", "currency", "due_today", "monthly", "monthly_after")}
    named = {name: getattr(was, name) for name in ("division_id", "site_code", "channel", "language", "campaign")}
    order = Order.objects.create(
        start_key=form.cleaned_data["key"],
        qualification=answer,
        premises=answer.premises,  # type: ignore[misc]  # every check here found its premises
        address=answer.typed,
        selection={"package_code": form.cleaned_data["package"]},
        **named,
        **chosen,
    )
    return redirect("floor_question", order.token, "options")


def question(request: HttpRequest, token: str, name: str) -> HttpResponse:
    """Ask one question, or keep its answer and go on to the next."""
    order = get_object_or_404(Order, token=token)
    if request.method != "POST":
        return page(request, name, order=order, form=FORMS[name](initial={"key": secrets.token_urlsafe(18)}))
    form = FORMS[name](request.POST)
    if not form.is_valid():
        return page(request, name, order=order, form=form)
    KEEP[name](order, form.cleaned_data)
    following = [*FORMS, "confirmation"]
    return redirect("floor_question", order.token, following[following.index(name) + 1])


def confirmation(request: HttpRequest, token: str) -> HttpResponse:
    """Show what was ordered."""
    return page(request, "confirmation", order=get_object_or_404(Order.objects.select_related("account"), token=token))


def keep_options(order: Order, _answer: dict[str, Any]) -> None:
    """Keep what the example has chosen."""
    order.selection = example().order.selection
    order.save(update_fields=["selection", "quote", "due_today", "monthly", "monthly_after"])


def keep_details(order: Order, answer: dict[str, Any]) -> None:
    """Keep who orders."""
    order.contact, order.note = {**example().order.contact, "email": answer["email"]}, answer["note"]
    order.save(update_fields=["contact", "note"])


def keep_visit(order: Order, answer: dict[str, Any]) -> None:
    """Take a place in a slot."""
    AppointmentSlot.objects.filter(pk=answer["slot"], booked__lt=F("capacity")).update(booked=F("booked") + 1)
    like(example().appointment, order=order, slot_id=answer["slot"]).save()


def keep_terms(order: Order, _answer: dict[str, Any]) -> None:
    """Keep that the terms were accepted."""
    order.terms, order.terms_accepted_at = example().order.terms, example().order.terms_accepted_at
    order.save(update_fields=["terms", "terms_accepted_at"])


@transaction.atomic
def submit(order: Order, answer: dict[str, Any]) -> None:
    """Write all that submitting writes."""
    known, was = example(), example().order
    assert was.customer
    assert was.account
    order.qualification = like(was.qualification, premises_id=order.premises_id, key=secrets.token_urlsafe())
    order.qualification.save()
    order.customer = like(was.customer, number=secrets.token_hex(8))
    order.customer.save()
    like(known.contact, customer=order.customer, email=order.contact["email"]).save()
    changes = {"number": secrets.token_hex(8), "customer": order.customer, "premises_id": order.premises_id}
    order.account = like(was.account, **changes)
    order.account.save()
    Consent.objects.bulk_create(like(consent, customer=order.customer) for consent in known.consents)
    order.number = str(FIRST_NUMBER + order.pk)
    order.work_order_request_id = f"order-{order.number}"
    order.idempotency_key, order.submitted_digest = answer["key"], was.submitted_digest
    order.status, order.submitted_at = was.status, was.submitted_at
    order.save()
    OrderLine.objects.bulk_create(like(line, order=order) for line in known.lines)
    event = like(known.event, subject_id=order.pk)
    event.save()
    Delivery.objects.bulk_create(like(delivery, event=event) for delivery in known.deliveries)


KEEP = {
    "options": keep_options,
    "details": keep_details,
    "appointment": keep_visit,
    "terms": keep_terms,
    "review": submit,
}

urlpatterns = [
    path("bare/", home),
    path("bare/check/", check),
    path("bare/address/<str:key>/", address, name="floor_address"),
    path("bare/address/<str:key>/order/", start),
    path("bare/order/<str:token>/confirmation/", confirmation),
    path("bare/order/<str:token>/<str:name>/", question, name="floor_question"),
    path("", include("config.urls")),
]

"""A customer: how to reach them, and what they have."""

from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Customer
from accounts.queries import customers_visible_to
from accounts.services import withdraw_consent
from commissions.models import Payee
from commissions.queries.bank import bank_accounts_visible_to
from commissions.queries.trace import traces_of
from commissions.queries.visibility import rewards_visible_to
from foundation.people.models import User, UserRequest
from foundation.people.queries import can
from foundation.people.states import Permission
from interfaces.desk.access import staff_page
from interfaces.desk.actions import Action, perform, posted
from interfaces.desk.following import referrals_followed_by
from interfaces.desk.forms import ConfirmForm
from orders.queries import orders_visible_to, services_visible_to
from tickets.queries import equipment_visible_to, tickets_visible_to, with_subjects_in_words

MOST_SHOWN = 50


@staff_page(Permission.SEE_ORDERS)
def customer(request: UserRequest, pk: int) -> HttpResponse:
    """Show one customer with their orders, services and accounts."""
    found = get_object_or_404(customers_visible_to(request.user).select_related("division"), pk=pk)
    orders = orders_visible_to(request.user).filter(customer=found).select_related("division")
    context = {
        "customer": found,
        "contacts": found.contacts.all(),
        "accounts": found.accounts.all(),
        "consents": found.consents.all(),
        "may_work": can(request.user, Permission.WORK_ORDERS, found.division),
        "orders": orders.order_by("-pk")[:MOST_SHOWN],
        "tickets": with_subjects_in_words(
            tickets_visible_to(request.user).filter(customer=found, merged_into=None)[:MOST_SHOWN]
        ),
        "devices": equipment_visible_to(request.user)
        .filter(account__customer=found)
        .select_related("account")
        .order_by(F("until").desc(nulls_first=True), "-pk")[:MOST_SHOWN],
        "may_open_tickets": can(request.user, Permission.WORK_TICKETS, found.division),
        "services": services_visible_to(request.user).filter(customer=found)[:MOST_SHOWN],
        **_referring(found, request.user),
    }
    return render(request, "desk/customer.html", context)


@staff_page(Permission.WORK_ORDERS)
def withdraw(request: UserRequest, pk: int, consent: int) -> HttpResponse:
    """Take back a consent, because the customer says so."""
    found = get_object_or_404(customers_visible_to(request.user), pk=pk)
    given = get_object_or_404(found.consents, pk=consent)
    action = Action(
        title=_("Take the consent back"),
        explanation=_("From now on the customer has not agreed to it. That they once had stays written."),
        button=_("Take it back"),
        done=_("The consent is taken back."),
        subject=f"{found.name}: {given}",
        back=reverse("desk:customer", args=[pk]),
        is_grave=True,
    )
    form = ConfirmForm(posted(request))
    return perform(request, action, form, lambda _: withdraw_consent(given.pk, by=request.user))


def _referring(found: Customer, user: User) -> dict[str, object]:
    """Return whom a customer has referred, and where each of their rewards is, for those who may see referrals there."""
    if not can(user, Permission.SEE_REFERRALS, found.division):
        return {}
    referrals = referrals_followed_by(user).filter(referrer__customer=found).order_by("-pk")[:MOST_SHOWN]
    mine = rewards_visible_to(user).filter(payee__account__customer=found).order_by("-pk")
    rewards = list(mine.select_related("division", "referral__friend", "referral__order", "version__rule")[:MOST_SHOWN])
    traces = traces_of(rewards)
    of_referral = {reward.referral_id for reward in rewards}
    return {
        "shows_referrals": True,
        "referrers": found.referrers.select_related("programme", "account"),
        "rewards": [(reward, traces[reward.pk]) for reward in rewards],
        "unrewarded": [referral for referral in referrals if referral.pk not in of_referral],
        "payees": Payee.objects.filter(account__customer=found).select_related("account"),
        "may_see_ledger": can(user, Permission.SEE_LEDGER, found.division),
        "bank_accounts": bank_accounts_visible_to(user)
        .filter(payee__account__customer=found)
        .select_related("payee__account", "payee__division")[:MOST_SHOWN],
        "may_end": can(user, Permission.BUILD_BATCHES, found.division),
    }

"""Credits for an outage: asked for, approved by somebody else, discarded, sent again."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import get_language, gettext_lazy as _, ngettext

from foundation.money import format_money
from foundation.people.models import UserRequest
from foundation.people.states import Permission
from interfaces.desk.access import staff_page
from interfaces.desk.actions import perform, posted
from interfaces.desk.forms import ApproveForm, ConfirmForm
from interfaces.desk.views.outage_actions import action_on, outage_seen_by
from tickets.models import CreditRun, OutageCredit
from tickets.queries.outages import outages_visible_to
from tickets.services import outages as services


def _in_words(amount: Any, currency: str) -> str:
    return format_money(amount, currency, get_language() or "en")


@staff_page(Permission.DECLARE_OUTAGES)
def ask_credits(request: UserRequest, pk: int) -> HttpResponse:
    """Ask for the credits of an outage, having seen what they would be."""
    found = outage_seen_by(request, pk)
    preview = services.preview_credits(found)
    said = ngettext(
        "It lasted %(minutes)d minutes. %(count)d account is credited %(total)s. Somebody else approves it.",
        "It lasted %(minutes)d minutes. %(count)d accounts are credited %(total)s in all. Somebody else approves it.",
        preview.accounts,
    ) % {
        "count": preview.accounts,
        "total": _in_words(preview.total, preview.currency),
        "minutes": preview.minutes,
    }
    if preview.shared:
        left_out = ngettext(
            "%(count)d account had another outage at the same time: what is credited there is left out here.",
            "%(count)d accounts had another outage at the same time: what is credited there is left out here.",
            preview.shared,
        )
        said = f"{said} {left_out % {'count': preview.shared}}"
    action = action_on(
        found,
        title=_("Ask for credits"),
        explanation=said if preview.accounts else "",
        button=_("Ask for them"),
        done=_("The credits wait for somebody else’s approval."),
        nothing=preview.refusal,
    )
    form = ApproveForm(posted(request), initial={"shown": preview.total})

    def ask(said: dict[str, Any]) -> None:
        form.data = {"shown": str(preview.total)}  # what the page says, should it be shown once more
        services.request_credits(pk, shown=said["shown"], by=request.user)

    return perform(request, action, form, ask)


@staff_page(Permission.APPROVE_OUTAGE_CREDITS)
def approve_credits(request: UserRequest, pk: int) -> HttpResponse:
    """Answer for credits that somebody else has asked for."""
    run = _found_run(request, pk)
    total = _in_words(run.total, run.currency)
    said = ngettext(
        "%(count)d account is credited on its bill. It cannot be called back.",
        "%(count)d accounts are credited on their bills. They cannot be called back.",
        run.count,
    )
    action = action_on(
        run.outage,
        title=_("Approve %(total)s") % {"total": total},
        explanation=said % {"count": run.count},
        button=_("Approve %(total)s") % {"total": total},
        done=_("Approved. The credits go out now."),
        nothing=run.what_became_of_it,
        is_grave=True,
        asks_who_it_is=True,
    )
    form = ApproveForm(posted(request), initial={"shown": run.total})
    return perform(
        request, action, form, lambda said: services.approve_credits(pk, shown=said["shown"], by=request.user)
    )


@staff_page()
def discard_credits(request: UserRequest, pk: int) -> HttpResponse:
    """Credit nothing of what waits for approval."""
    run = _found_run(request, pk)
    action = action_on(
        run.outage,
        title=_("Discard the credits"),
        explanation=_("Nobody is credited. They can be asked for again."),
        button=_("Discard them"),
        done=_("The credits are discarded."),
        nothing=run.what_became_of_it,
        is_grave=True,
    )
    return perform(
        request, action, ConfirmForm(posted(request)), lambda _said: services.discard_credits(pk, by=request.user)
    )


@staff_page(Permission.SETTLE_SUBMISSIONS)
def resend_credit(request: UserRequest, pk: int) -> HttpResponse:
    """Send a credit again that billing refused."""
    rows = OutageCredit.objects.filter(outage__in=outages_visible_to(request.user))
    credit = get_object_or_404(rows.select_related("outage__division", "account__customer", "submission"), pk=pk)
    action = action_on(
        credit.outage,
        title=_("Send it again"),
        explanation=_("%(total)s to account %(account)s. Billing said: %(problem)s")
        % {
            "total": _in_words(credit.amount, credit.currency),
            "account": credit.account.number,
            "problem": credit.problem,
        },
        button=_("Send it again"),
        done=_("It is sent again."),
        nothing="" if credit.may_be_sent_again else _("It was not refused, or is on its way."),
    )
    return perform(
        request, action, ConfirmForm(posted(request)), lambda _said: services.resend_credit(pk, by=request.user)
    )


def _found_run(request: UserRequest, pk: int) -> CreditRun:
    rows = CreditRun.objects.filter(outage__in=outages_visible_to(request.user))
    return get_object_or_404(rows.select_related("outage__division", "division", "requested_by"), pk=pk)

"""What was promised for tickets: what somebody is told of, and who paused clocks, or gave them more time, late."""

from datetime import timedelta

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from foundation.now import now
from foundation.people.models import UserRequest
from foundation.people.states import Permission
from interfaces.desk.access import staff_page
from tickets.queries import with_ticket_in_words
from tickets.queries.sla import alerts_for, late_downgrades, pauses_by_agent
from tickets.services import see_alerts

DAYS = 30
ALERTS_SHOWN = 200
DOWNGRADES_SHOWN = 100


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page()
def alerts(request: UserRequest) -> HttpResponse:
    """Show what promises are near or missed, and note which of them somebody has seen."""
    if request.method == "POST":
        see_alerts((int(pk) for pk in request.POST.getlist("seen") if pk.isdecimal()), by=request.user)
        return redirect("desk:ticket_alerts")
    shown = with_ticket_in_words(alerts_for(request.user).select_related("ticket__division")[:ALERTS_SHOWN])
    return render(request, "desk/ticket_alerts.html", {"alerts": shown})


@require_safe
@staff_page(Permission.ASSIGN_WORK)
def pauses(request: UserRequest) -> HttpResponse:
    """Count each person's pauses, and what they did shortly before a promise would have been missed, or after."""
    until = now()
    since = until - timedelta(days=DAYS)
    said = {
        "agents": pauses_by_agent(request.user, since=since, until=until),
        "downgrades": late_downgrades(request.user, since=since, until=until)[:DOWNGRADES_SHOWN],
        "most": DOWNGRADES_SHOWN,
        "days": DAYS,
    }
    return render(request, "desk/ticket_pauses.html", said)

"""The first page, the search box, the keys."""

from django.http import HttpResponse
from django.shortcuts import render

from foundation.people.models import UserRequest
from foundation.people.queries import can
from foundation.people.states import Permission
from foundation.people.throttles import throttled
from interfaces.desk.access import staff_page
from interfaces.desk.forms import SearchForm
from interfaces.desk.queries import figures_for, find, looked_after_by, systems_away_for
from tickets.queries import with_ticket_in_words
from tickets.queries.visits import tasks_of

MINE_SHOWN = 20


@staff_page()
def home(request: UserRequest) -> HttpResponse:
    """Show what waits for somebody, and what waits for this person."""
    context = {
        "figures": figures_for(request.user),
        "away": systems_away_for(request.user) if can(request.user, Permission.SEE_ORDERS) else [],
        "mine": looked_after_by(request.user)[:MINE_SHOWN],
        "tasks": with_ticket_in_words(tasks_of(request.user)[:MINE_SHOWN]),
        "may_order": can(request.user, Permission.WORK_ORDERS),
    }
    return render(request, "desk/home.html", context)


@throttled("search", methods=("GET",))
@staff_page()
def search(request: UserRequest) -> HttpResponse:
    """Find whatever a text may mean."""
    form = SearchForm(request.GET)
    text = form.cleaned_data["q"] if form.is_valid() else ""
    context = {
        "search_text": text,
        "groups": find(request.user, text),
        "may_order": can(request.user, Permission.WORK_ORDERS),
    }
    return render(request, "desk/search.html", context)


@staff_page()
def keys(request: UserRequest) -> HttpResponse:
    """List the keys, for those to whom no dialog opens."""
    return render(request, "desk/keys.html")

"""
The floor of `ticket_list`: for each way to ask for the list, the statement that one would write by hand, and a bare page.

The page is what a tutorial would write: who is signed in, a form of the same filters, a plain table of the same rows, and
how many there are, counted as far as ours counts; behind the project's middleware.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

from django import forms
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import include, path

from foundation.divisions.models import Division
from foundation.worklist.models import Team
from tickets.states import Priority, TicketStatus, TicketType

COMMON, FREQUENT, MEDIUM, RARE = "internet", "router", "flicker", "vermilion"
"""Words that all tickets have, a fifth, some in a hundred, and very few."""
OPEN = "t.merged_into_id IS NULL AND t.status IN ('acknowledged', 'in_progress', 'pending', 'held')"
ANY = "t.status <> ''"
_HAVE = "t.status IN ('acknowledged', 'in_progress', 'pending', 'held')"
_SAID = (
    "SELECT 1 FROM tickets_article a WHERE a.ticket_id = t.id AND a.search @@ to_tsquery('simple', '{0}:*') OFFSET 0"
)
IN_ORDER = f"(t.search @@ to_tsquery('simple', '{{0}}:*') OR EXISTS ({_SAID}))"
COLLECTED = """t.id IN (
    SELECT id FROM tickets_ticket WHERE search @@ to_tsquery('simple', '{0}:*')
    UNION SELECT ticket_id FROM tickets_article WHERE search @@ to_tsquery('simple', '{0}:*')
)"""


@dataclass(frozen=True)
class Way:
    """A way to ask for the list: the address, and what one would ask the database."""

    query: str
    where: str = OPEN
    order: str = "t.id DESC"


WAYS = {
    "plain": Way("", order="t.due_by, t.id"),
    "by_due": Way("sort=due", order="t.due_by, t.id"),
    "by_last_word": Way("sort=-word", order="t.last_word_at DESC, t.id DESC"),
    "by_priority": Way("sort=priority", order="t.priority, t.id"),
    "complaints_by_due": Way("type=complaint&sort=due", f"{OPEN} AND t.type = 'complaint'", "t.due_by, t.id"),
    "overdue": Way("overdue=yes&sort=due", f"{OPEN} AND t.due_by < now()", "t.due_by, t.id"),
    "nobodys_p1": Way(
        "priority=p1&owner=nobody", f"{OPEN} AND t.priority = 'p1' AND t.owner_id IS NULL", "t.due_by, t.id"
    ),
    "all": Way("status=any", "t.merged_into_id IS NULL"),
    "rare_word": Way(f"status=any&text={RARE}", COLLECTED.format(RARE)),
    "medium_word": Way(f"status=any&text={MEDIUM}", COLLECTED.format(MEDIUM)),
    "frequent_word": Way(f"status=any&text={FREQUENT}", IN_ORDER.format(FREQUENT)),
    "common_word": Way(f"status=any&text={COMMON}", IN_ORDER.format(COMMON)),
    "common_word_open": Way(f"text={COMMON}&sort=due", f"{_HAVE} AND {IN_ORDER.format(COMMON)}", "t.due_by, t.id"),
}
FROM = """
    FROM tickets_ticket t LEFT JOIN accounts_customer customer ON customer.id = t.customer_id
    LEFT JOIN people_user owner ON owner.id = t.owner_id LEFT JOIN worklist_team team ON team.id = t.team_id
    JOIN divisions_division division ON division.id = t.division_id
"""
COLUMNS = """t.number, t.subject, t.type, coalesce(customer.name, t.requester_name), t.status, t.priority, owner.name,
    team.name, division.name, t.due_at, t.last_word_at, t.opened_at"""
PAGE = """<!doctype html><html><head><title>Tickets</title></head><body><h1>Tickets</h1><p>{{ request.user }}</p>
<form>{{ form.as_div }}<button>Filter</button></form><p>{{ count }} rows</p>
<table>{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell|default:"–" }}</td>{% endfor %}</tr>{% endfor %}</table>
</body></html>"""


class Filters(forms.Form):
    """The filters of the list, as fields."""

    text = forms.CharField(required=False)
    status = forms.ChoiceField(choices=TicketStatus.choices, required=False)
    type = forms.ChoiceField(choices=TicketType.choices, required=False)
    priority = forms.ChoiceField(choices=Priority.choices, required=False)
    team = forms.ModelChoiceField(Team.objects.all(), required=False)
    division = forms.ModelChoiceField(Division.objects.all(), required=False)


@cache
def page() -> Any:
    """Return the page's template."""
    return engines["django"].from_string(PAGE)


def bare(request: HttpRequest, name: str) -> HttpResponse:
    """Read the first rows, count them as far as ours does, and answer."""
    if not request.user.is_authenticated:
        return HttpResponse(status=403)
    way = WAYS[name]
    with connection.cursor() as cursor:
        cursor.execute("SELECT array_agg(id) FROM divisions_division")
        where = f"t.division_id = ANY(%s) AND {way.where}"
        divisions = cursor.fetchone()
        cursor.execute(
            f"SELECT {COLUMNS} {FROM} WHERE {where} ORDER BY {way.order} LIMIT 51", divisions
        )  # texts of ours
        rows = cursor.fetchall()[:50]
        counting = f"SELECT count(*) FROM (SELECT 1 FROM tickets_ticket t WHERE {where} LIMIT 10001) AS counted"
        cursor.execute(counting, divisions)
        [count] = cursor.fetchone()
    context = {"rows": rows, "count": count, "form": Filters(request.GET)}
    return HttpResponse(page().render(context, request))


urlpatterns = [path("bare/<str:name>/", bare), path("", include("config.urls"))]

"""
The floor of `storm`: a bare page that shows a caller, and writes a call down in a few bare statements.

It is what a tutorial would write: who is signed in, what is known of the caller, a form; behind the project's middleware.
"""

from functools import cache
from typing import Any

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template import engines
from django.urls import include, path

from foundation.now import now
from tickets.models.ticket import new_number

KNOWN = """
    SELECT customer.name, account.number, contact.email, ticket.number, ticket.subject
    FROM accounts_account account JOIN accounts_customer customer ON customer.id = account.customer_id
    JOIN accounts_contact contact ON contact.customer_id = customer.id
    LEFT JOIN tickets_ticket ticket ON ticket.account_id = account.id
    WHERE account.id = %s
"""
WRITE = """
    WITH opened AS (
        INSERT INTO tickets_ticket (
            number, key, division_id, customer_id, account_id, type, status, reason, priority, subject, requester_name,
            requester_email, requester_phone, language, channel, symptom, answers, escalation_level, escalation_reason,
            resolution, resolution_text, version, opened_at, reopened_count, child_policy, truck_rolls
        )
        SELECT %(number)s, %(number)s, division_id, customer_id, id, 'trouble', 'in_progress', '', 'p3', 'No internet',
            '', '', '', 'en', 'phone', '', '{}', 0, '', '', '', 1, %(at)s, 0, 'alone', 0
        FROM accounts_account WHERE id = %(account)s RETURNING id, division_id
    ), said AS (
        INSERT INTO tickets_article (key, ticket_id, kind, channel, author_name, author_email, "to", text, at, message_id)
        SELECT %(number)s, id, 'customer', 'phone', '', '', '{}', %(text)s, %(at)s, '' FROM opened
    ), told AS (
        INSERT INTO events_event (
            name, payload, subject_type, subject_id, about, division_id, channel, actor_role, at, recorded_at
        )
        SELECT 'bench', '{}', 'tickets.ticket', id, ARRAY['tickets.ticket:' || id], division_id, '', '', %(at)s, %(at)s
        FROM opened RETURNING id
    )
    INSERT INTO events_delivery (event_id, handler, attempts, due_at, error)
    SELECT id, 'bench', 0, %(at)s, '' FROM told
"""
PAGE = """<!doctype html><html><head><title>A call</title></head><body><p>{{ request.user }}</p>
<table>{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell|default:"–" }}</td>{% endfor %}</tr>{% endfor %}</table>
<form method="post">{% csrf_token %}<textarea name="text"></textarea><button>Open</button></form></body></html>"""


@cache
def page() -> Any:
    """Return the page's template."""
    return engines["django"].from_string(PAGE)


def call(request: HttpRequest, account: int) -> HttpResponse:
    """Show what is known of a caller; write a call down when it is done."""
    if not request.user.is_authenticated:
        return HttpResponse(status=403)
    if request.POST.get("do") == "open":
        number = new_number()
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(WRITE, {"number": number, "account": account, "text": request.POST["text"], "at": now()})
        return HttpResponseRedirect(f"/bare/{number}/")
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, [account])
        rows = cursor.fetchall()
    return HttpResponse(page().render({"rows": rows}, request))


urlpatterns = [path("bare/<int:account>/", call), path("", include("config.urls"))]

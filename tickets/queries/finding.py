"""How staff find tickets."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.postgres.search import SearchQuery
from django.db.models import QuerySet
from phonenumber_field.phonenumber import to_python

from accounts.models import Account, Customer
from accounts.queries import called
from foundation.divisions.models import Division
from foundation.now import now
from foundation.people.models import User
from foundation.worklist.models import Team
from tickets.models import Article, Ticket
from tickets.queries.sight import tickets_visible_to
from tickets.states import OPEN

MOST_WORDS = 8
"""Words of a search that count."""


@dataclass(frozen=True, kw_only=True)
class TicketFilter:
    """What staff look for in the list of tickets; what is left empty does not narrow it."""

    statuses: Sequence[str] = ()
    """Empty: all that are open."""
    type: str = ""
    priority: str = ""
    team: Team | None = None
    division: Division | None = None
    """This one and all below it."""
    owner: User | None = None
    is_unowned: bool = False
    is_overdue: bool = False
    text: str = ""
    """A number, words of the subject or of what was said, a customer, a name, an e-mail address or a phone number."""


def tickets_matching(user: User, wanted: TicketFilter) -> QuerySet[Ticket]:
    """
    Return the tickets that a person may see and looks for, with what a list shows of each.

    What was merged into another is found by its text alone.
    """
    tickets = tickets_visible_to(user).filter(status__in=wanted.statuses or sorted(OPEN))
    given = {
        "type": wanted.type,
        "priority": wanted.priority,
        "team": wanted.team,
        "owner": wanted.owner,
        "division__in": wanted.division and Division.objects.under(wanted.division),
    }
    tickets = tickets.filter(**{field: value for field, value in given.items() if value})
    if wanted.is_unowned:
        tickets = tickets.filter(owner=None)
    if wanted.is_overdue:
        tickets = tickets.filter(due_at__lt=now(), status__in=sorted(OPEN))
    text = wanted.text.strip()
    tickets = _meant(text, among=tickets) if text else tickets.filter(merged_into=None)
    return (
        tickets.select_related("division", "customer", "owner", "team", "merged_into").defer("search").order_by("-pk")
    )


def _meant(text: str, *, among: QuerySet[Ticket]) -> QuerySet[Ticket]:
    """Keep the tickets that a text may mean. Each way is asked of an index of its own."""
    named = called(text, Customer.objects.all()).values("pk")
    of_account = Account.objects.filter(number=text.upper()).values("pk")
    ways = [
        among.filter(number=text.upper()),
        among.filter(customer__in=Customer.objects.filter(number=text.upper()).values("pk")),
        among.filter(account__in=of_account),
        among.filter(customer__in=named),
    ]
    phone = to_python(text, region="US")
    if phone and phone.is_valid():
        ways.append(among.filter(requester_phone=phone))
    if "@" in text:
        ways.append(among.filter(requester_email=text.lower()))
    if words := words_of(text):
        ways.append(among.filter(search=words))
        ways.append(among.filter(pk__in=Article.objects.filter(search=words).values("ticket")))
    first, *others = (way.order_by().values("pk") for way in ways)
    return among.filter(pk__in=first.union(*others))


def words_of(text: str) -> SearchQuery | None:
    """Return the search for rows with every word of a text, or words that begin so; None where it has no words."""
    words = re.findall(r"\w+", text)[:MOST_WORDS]
    return SearchQuery(" & ".join(f"{word}:*" for word in words), config="simple", search_type="raw") if words else None

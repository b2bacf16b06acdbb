"""How staff find tickets."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.search import SearchQuery
from django.db.models import BooleanField, Func, OuterRef, Prefetch, Q, QuerySet, Subquery, Value
from django.db.models.lookups import Contains
from phonenumber_field.phonenumber import to_python

from accounts.models import Account, Customer
from accounts.queries import called
from foundation.divisions.models import Division
from foundation.now import now
from foundation.people.models import User
from foundation.worklist.models import Team
from tickets.models import SIGNS_OF_NUMBER, Article, Ticket
from tickets.queries.sight import tickets_visible_to
from tickets.states import OPEN

SHORTEST_PART = 4
"""Signs of a number by which a ticket is looked for: fewer are a part of many."""
_LIKE_A_NUMBER = re.compile(r"(?=.*[2-9-]|.{8})-?[A-Z2-9]+([ -][A-Z2-9]+)*-?", re.IGNORECASE)
"""What has a digit or a dash in it, or is as long as one: a short word alone is a name."""
MOST_WORDS = 8
"""Words of a search that count."""
COMMON = 10_000
"""Rows with a text beyond which it is common; a list counts as many."""


LISTED = (
    "number", "type", "status", "reason", "priority", "subject", "requester_name", "requester_email", "requester_phone",
    "symptom", "answers",
    "opened_by", "channel", "escalation_level", "merged_into", "opened_at", "answered_at", "heard_at", "due_at",
    "due_by", "last_word_at", "visit_missed_at", "division__code", "division__name", "division__lineage",
    "customer__number", "customer__name", "owner__name", "owner__email", "team__name",
)  # fmt: skip
"""What a list shows of each ticket: they have many more columns, some of them long."""


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
    was_visit_missed: bool = False
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
        tickets = tickets.filter(due_by__lt=now(), status__in=sorted(OPEN))
    if wanted.was_visit_missed:
        tickets = tickets.filter(visit_missed_at__isnull=False)
    text = wanted.text.strip()
    tickets = _meant(text, among=tickets) if text else tickets.filter(merged_into=None)
    merged_into = Prefetch("merged_into", Ticket.objects.only("number"))
    listed = tickets.select_related("division", "customer", "owner", "team").prefetch_related(merged_into)
    return listed.only(*LISTED).order_by("-pk")


def numbered(text: str, *, among: QuerySet[Ticket]) -> QuerySet[Ticket]:
    """Keep the tickets whose number a text is, or a part of: in any case, with its dashes or without them."""
    has_it = _part_of_number(text)
    return among.filter(has_it) if has_it else among.none()


def _part_of_number(text: str) -> Q:
    """Return the condition on a ticket whose number a text is a part of; an empty one for what is none."""
    signs = re.sub(r"[ -]", "", text).upper()
    if len(signs) < SHORTEST_PART or not _LIKE_A_NUMBER.fullmatch(text.strip()):
        return Q()
    return Q(Contains(SIGNS_OF_NUMBER, Value(signs)))


def _meant(text: str, *, among: QuerySet[Ticket]) -> QuerySet[Ticket]:
    """
    Keep the tickets that a text may mean.

    Of a text that few have, all tickets with it are found first, each way by an index of its own. What thousands have
    is never collected: the list is read in its own order instead, until a page is full of tickets that have it.
    """
    ways = _named_exactly(text)
    words, named = words_of(text), called(text, Customer.objects.all())
    are_names_common, are_words_common = _is_common(named), words is not None and _have_many(words)
    if not are_names_common:
        ways.append(Q(customer__in=named.values("pk")))
    if are_names_common or are_words_common:
        return _read_in_order(among, ways, words, text if are_names_common else "")
    found: list[QuerySet[Any, Any]] = [Ticket.objects.filter(way).order_by().values("pk") for way in ways]
    if words:
        found += [
            Ticket.objects.filter(search=words).order_by().values("pk"),
            Article.objects.filter(search=words).order_by().values("ticket"),
        ]
    first, *others = found
    return among.filter(_IsOneOf("pk", ArraySubquery(first.union(*others))))


class _IsOneOf(Func):
    """
    Whether a key is in an array, which the database collects first, and then reads each row by its key.

    Of `IN` it guesses that thousands will be found, and reads the whole table beside them.
    """

    template = "%(expressions)s)"
    arg_joiner = " = ANY ("
    output_field = BooleanField()


def _named_exactly(text: str) -> list[Q]:
    """Return each way in which a text may name one customer's tickets, or a ticket by its number."""
    ways = [
        Q(customer__in=Customer.objects.filter(number=text.upper()).values("pk")),
        Q(account__in=Account.objects.filter(number=text.upper()).values("pk")),
    ]
    phone = to_python(text, region="US")
    if phone and phone.is_valid():
        ways.append(Q(requester_phone=phone))
    if "@" in text:
        ways.append(Q(requester_email=text.lower()))
    if number := _part_of_number(text):
        ways.append(number)
    return ways


def _is_common(found: QuerySet[Any, Any]) -> bool:
    """Tell, by one statement that stops counting there, whether these are more than `COMMON` rows."""
    return found.order_by().values("pk")[: COMMON + 1].count() > COMMON


def _have_many(words: SearchQuery) -> bool:
    """
    Tell whether a list is read sooner in its own order than by collecting all that has these words.

    If f of n tickets have them, whoever counts `COMMON` in order looks at n · COMMON / f; whoever collects, at f.
    """
    found = _expected(Ticket.objects.filter(search=words)) + _expected(Article.objects.filter(search=words))
    return found**2 > COMMON * _expected(Ticket.objects.all())


def _expected(rows: QuerySet[Any, Any]) -> int:
    """Return how many rows the database expects by its statistics: to count them would cost as much as to read them."""
    [answer] = json.loads(rows.order_by().values("pk").explain(format="json"))
    return int(answer["Plan"]["Plan Rows"])


def _read_in_order(
    among: QuerySet[Ticket], ways: Sequence[Q], words: SearchQuery | None, name: str
) -> QuerySet[Ticket]:
    """
    Look at each ticket by itself whether it has a text.

    What it is asked of other tables stands as a value of one row: the database would answer `EXISTS` by collecting all
    rows with the text first. What is asked last costs most.

    :param name: of whom many customers are called so; empty: the few are among the ways
    """
    rows, has_it = among, reduce(or_, ways)
    if words:
        said = Article.objects.filter(ticket=OuterRef("pk"), search=words).order_by().values("pk")[:1]
        rows, has_it = rows.alias(_said=Subquery(said)), Q(search=words) | has_it | Q(_said__isnull=False)
    if name:
        named = called(name, Customer.objects.filter(pk=OuterRef("customer"))).order_by().values("pk")[:1]
        rows, has_it = rows.alias(_named=Subquery(named)), has_it | Q(_named__isnull=False)
    return rows.filter(has_it)


def words_of(text: str) -> SearchQuery | None:
    """Return the search for rows with every word of a text, or words that begin so; None where it has no words."""
    words = re.findall(r"\w+", text)[:MOST_WORDS]
    return SearchQuery(" & ".join(f"{word}:*" for word in words), config="simple", search_type="raw") if words else None

"""
A storm, taken by twenty people at the desk over HTTP: what its test and its benchmark have in common.

Some calls come before the outage is known; then it is declared, by a button that is pressed twice at once; every caller
after that is attached to it, by one of two ways; and some call again about a fault of their own.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from html import unescape

import httpx
from django.conf import settings
from django.db import connection
from django.db.models import CharField, Model
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from foundation.events.models import Delivery
from foundation.events.services import deliver_next
from foundation.jobs.services import work_one_chunk
from foundation.now import now
from foundation.people.models import User
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from interfaces.desk.outage_forms import shown_in
from orders.models import Order
from orders.testing import Market
from tickets.testing import make_affected

SEATS, SECOND_FAULTS = 20, 20
FIRST_ID = 1_000_000
PATIENCE = 60.0
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
HEARD = ("tickets.handlers.attach_late_caller", "tickets.handlers.tell_customers")
"""What is waited for: receipts and routing are other tests' matter."""


@dataclass
class Seat:
    """Somebody at the desk with a browser of their own."""

    http: httpx.Client

    def take(self, account: Account, *presses: str, text: str) -> str:
        """Take a call: look at all that is known of the caller, and press one button after the other; return the ticket."""
        path = f"{reverse('desk:new_ticket')}?customer={account.customer_id}"
        answer = self.http.get(path)
        assert answer.status_code == 200, answer.text
        for press in presses:
            said = {name: unescape(value) for name, value in HIDDEN.findall(answer.text)}
            typed = {"name": account.customer.name, "email": email_of(account), "channel": "phone", "text": text}
            answer = self.http.post(path, data={**said, **typed, "do": self._button(answer.text, press)})
            assert answer.status_code in {200, 302}, re.findall("<h1.*", answer.text)
        assert answer.is_redirect, answer.text
        return answer.headers["Location"].rstrip("/").rpartition("/")[2]

    @staticmethod
    def _button(page: str, press: str) -> str:
        """Return the value of the first button that begins so: it has to be on the page."""
        found = re.search(rf'name="do" value="({press}[^"]*)"', page)
        assert found, f"There is no button “{press}”."
        return found[1]


def email_of(account: Account) -> str:
    return f"caller-{account.pk}@people.example"


def make_callers(market: Market, calls: int) -> list[Account]:
    """Make households behind one node: the first by the services, the others copied from it, each with ids of its own."""
    first = make_affected(market.division, market=market)
    order = Order.objects.get(account=first)
    number = f"{FIRST_ID} + n"
    copy(first.customer, calls, id=number)
    copy(
        first.customer.contacts.get(), calls, id=number, customer_id=number, email="'caller-' || n || '@people.example'"
    )
    copy(
        first.premises,
        calls,
        id=number,
        house_number="'S' || n",
        street_line="n || ' Storm Street'",
        source_id="'S' || n",
    )
    copy(first, calls, id=number, customer_id=number, premises_id=number)
    copy(
        order,
        calls,
        id=number,
        number="'S' || n",
        customer_id=number,
        account_id=number,
        premises_id=number,
        contact_id=number,
    )
    for place, line in enumerate(order.lines.all(), start=1):
        own = f"{FIRST_ID * place} + n"
        copy(line, calls, id=own, order_id=number)
        copy(line.service, calls, id=own, line_id=own, customer_id=number, account_id=number, premises_id=number)
    return [first, *Account.objects.filter(pk__gt=FIRST_ID).select_related("customer").order_by("pk")]


def copy(row: Model, calls: int, **changes: str) -> None:
    """Copy a row once for each further caller; what must be unique is made so."""
    columns = {field.column: f'"{field.column}"' for field in row._meta.concrete_fields}
    for field in row._meta.concrete_fields:
        if field.unique and isinstance(field, CharField):
            columns[field.column] = f"left(md5({field.column} || n), {field.max_length})"
    names = ", ".join(f'"{name}"' for name in columns)
    values = ", ".join({**columns, **{name: value for name, value in changes.items() if name in columns}}.values())
    table = row._meta.db_table
    sql = f"INSERT INTO {table} ({names}) SELECT {values} FROM {table}, generate_series(1, %s) AS n WHERE id = %s"
    with connection.cursor() as cursor:
        cursor.execute(sql, [calls - 1, row.pk])


@contextmanager
def sitting(url: str, market: Market) -> Iterator[Callable[[User], Seat]]:
    """Let people sit down at the desk of a market, which is served at an address."""
    with ExitStack() as browsers:

        def sit_down(person: User) -> Seat:
            session = sign_in(Client(), person).session.session_key
            token = "a" * 32
            cookies = {settings.SESSION_COOKIE_NAME: str(session), settings.CSRF_COOKIE_NAME: token}
            headers = {"Host": market.site.host, "X-CSRFToken": token, "Accept-Language": "en"}
            browser = httpx.Client(base_url=url, cookies=cookies, headers=headers, timeout=PATIENCE, trust_env=False)
            return Seat(browsers.enter_context(browser))

        yield sit_down


def deliver() -> None:
    """Deliver what outages hear, and do the long work that follows."""
    Delivery.objects.exclude(handler__in=HEARD).delete()
    while deliver_next() or work_one_chunk():
        Delivery.objects.exclude(handler__in=HEARD).delete()


def take_all(seats: Sequence[Seat], calls: Sequence[Callable[[Seat], str]]) -> list[str]:
    """Let each seat take a share of the calls, all at once; return the tickets."""

    def take_share(place: int) -> list[str]:
        return [call(seats[place]) for call in calls[place :: len(seats)]]

    with ThreadPoolExecutor(len(seats)) as pool:
        return [number for share in pool.map(take_share, range(len(seats))) for number in share]


def declare_twice(seat: Seat, market: Market) -> None:
    """Count whom it affects, and press the button to declare it twice at once."""
    path, started = reverse("desk:outage_new"), shown_in(now() - timedelta(hours=2), market.division)
    typed = {
        "key": "storm", "division": market.division.pk, "kind": "fault", "title": "No signal behind N-1", "by": "node",
        "nodes": "N-1", "starts_at": started, "words_en": "A tree fell on the line.",
    }  # fmt: skip
    counted = re.search(r'name="shown" value="([^"]+)"', seat.http.post(path, data=typed).text)
    assert counted

    def press(_number: int) -> int:
        return seat.http.post(path, data={**typed, "shown": counted[1]}).status_code

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(press, range(2))) == [302, 302]


@dataclass
class Storm:
    """Who takes the calls, and who calls."""

    market: Market
    callers: Sequence[Account]
    seats: Sequence[Seat]
    supervisor: Seat

    def take(self) -> list[str]:
        """Take all calls; return the tickets about a second fault of somebody who was attached before."""
        before = len(self.callers) // 10
        early, late, twice = self.callers[:before], self.callers[before:-SECOND_FAULTS], self.callers[-SECOND_FAULTS:]
        ways = (("attach:",), ("type:trouble", "open"))
        take_all(self.seats, [_reports(account, "type:trouble", "open") for account in early])
        declare_twice(self.supervisor, self.market)
        take_all(self.seats, [_reports(one, *ways[number % 2]) for number, one in enumerate((*late, *twice))])
        apart = ("apart:yes", "type:trouble", "open")
        return take_all(
            self.seats, [_reports(one, *apart, text="And a socket hangs out of the wall.") for one in twice]
        )


def _reports(account: Account, *presses: str, text: str = "Nothing works.") -> Callable[[Seat], str]:
    return lambda seat: seat.take(account, *presses, text=text)


def make_storm(market: Market, callers: Sequence[Account], sit: Callable[[User], Seat]) -> Storm:
    """Let everybody sit down."""
    seats = [sit(make_person(Role.CSR, market.division)) for _number in range(SEATS)]
    return Storm(market, callers, seats, sit(make_person(Role.SUPERVISOR, market.division)))

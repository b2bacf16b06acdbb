"""
What is the friend's own appears nowhere that the referrer reaches: no page, no letter, no paper, no file.

Everything that the referrer can open is opened, link by link, and read. Then the friend falls behind, and leaves: to the
letter, every page says what it said before.
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape
from urllib.parse import urldefrag, urljoin

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from accounts.services import set_standing
from accounts.states import Standing
from accounts.testing import make_details
from billing.models import BillingSystem
from billing.states import BillingKind, ServiceStatus
from billing.testing import make_report, tell, tell_balance, tell_status
from commissions.models import LedgerEntry, Reward
from commissions.services.cases import pay
from commissions.services.qualification import qualify_now, reconsider
from commissions.states import EntryKind, RewardStatus
from commissions.testing import make_rule, make_version
from foundation.events import facts
from foundation.events.testing import drain
from foundation.now import today
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from orders.models import Order
from orders.services import CODE_MARK, add_attribution
from orders.states import OrderStatus
from orders.testing import Market, bring_to, make_draft, make_market
from referrals import services
from referrals.models import Referrer
from referrals.testing import make_friend_row, make_referrer
from territory.testing import make_available, make_premises

pytestmark = pytest.mark.django_db

ORDERED = datetime(2026, 3, 2, 15, tzinfo=UTC)
STREET, HOUSE = "Quillwort", "4141"
MARKERS = (STREET, HOUSE, "Zinnia", "zinnia.example", "2025554141", "555-4141", "987.65", "INV-QUILL", "delinquent")
"""Of the friend's home, name, addresses, bills and arrears."""
ROBIN = "robin@people.example"
LINK = re.compile(r"""(?:href|src|action|hx-get)=["']([^"']+)["']""")
CHANGES_EACH_TIME = re.compile(rb'(name="csrfmiddlewaretoken" value|nonce|name="key" value|content)="[^"]{16,}"')
LEADS_OUT = (
    *("/logout", "/admin", "/static/", "/language/", "/theme/", "/order/", "/people/2fa/totp/"),
    "/me/outage-notices/",
)


@dataclass
class Story:
    """A referrer and what is known of their friend."""

    market: Market
    referrer: Referrer
    order: Order

    @property
    def reward(self) -> Reward:
        return Reward.objects.get()

    @property
    def system(self) -> BillingSystem:
        return BillingSystem.objects.get(division=self.market.division)

    @property
    def markers(self) -> tuple[str, ...]:
        """Everything that would give the friend away."""
        own = (self.order.number, self.order.account.number, self.order.customer.number, self.order.token)
        return (*MARKERS, *own, self.market.package, self.market.add_on)

    def bill(self, number: int, *, is_paid: bool) -> None:
        """Let the friend have a bill that is due today, and pay it or not."""
        account, name, day = self.order.account.number, f"INV-QUILL-{number}", f"{today(self.market.division)}"
        dates = {"effective_date": day, "due_date": day}
        tell(self.system, make_report(BillingKind.INVOICE, account, "987.65", external_id=name, **dates))
        if is_paid:
            paid = {"external_id": f"paid-{number}", "invoice_id": name, "source_id": f"paid-{number}"}
            tell(self.system, make_report(BillingKind.RECEIPT_ALLOCATION, account, "987.65", **paid))

    def fall_behind_and_leave(self) -> None:
        """Let the friend be past due, found delinquent, and disconnected."""
        account = self.order.account.number
        tell_balance(self.system, account)
        tell_status(self.system, account, ServiceStatus.DISCONNECTED)
        set_standing(self.order.account_id, Standing.DELINQUENT, by=None)


@pytest.fixture
def story(monkeypatch) -> Iterator[Story]:
    for name, listeners in list(facts.HANDLERS.items()):  # no billing system is there to be asked
        ours = ("referrals.", "foundation.", "commissions.")
        monkeypatch.setitem(
            facts.HANDLERS, name, {label: one for label, one in listeners.items() if label.startswith(ours)}
        )
    with time_machine.travel(ORDERED, tick=False):
        market = make_market()
        market.site.host = "*"
        market.site.save()
        person = make_person(Role.CUSTOMER, market.division, email=ROBIN, name="Robin Resident")
        referrer = make_referrer(market, user=person, details=make_details(name="Robin Resident", email=ROBIN))
        make_version(make_rule(market.division, programme=referrer.programme), bills_needed=1, wait_count=1)
        home = make_premises(market.division, f"{HOUSE} {STREET} Street")
        make_available(home)
        rows = [make_friend_row(market.division, name=name) for name in ("Fay", "Gus")]
        services.invite_friends(referrer.pk, rows, form_key="f", language="en", by=None)
        drain()
        details = make_details(name="Fay Zinnia", email="fay@zinnia.example", phone="202 555 4141")
        order = make_draft(market, details=details, premises=home)
        add_attribution(order.pk, f"{CODE_MARK}{referrer.code}")
        order = bring_to(order, OrderStatus.COMPLETED)
        drain()
        yield Story(market, referrer, order)


def at(day: int):
    """Travel to the nth day after the order."""
    return time_machine.travel(ORDERED + timedelta(days=day), tick=False)


def everything(story: Story) -> dict[str, bytes]:
    """Open all that the referrer can reach from the start page, and return what it says by its address."""
    client = sign_in(Client(), story.referrer.customer.user)
    payee = Reward.objects.first()
    waiting = [reverse(f"selfcare:{name}") for name in ("start", "referrals", "referral_invite", "statements")]
    waiting += [reverse("storefront:refer"), reverse("storefront:refer_yours", args=[story.referrer.code])]
    if payee:
        names = ("statement", "statement_pdf", "statement_csv")
        months = ("2026-03", "2026-04", "2026-05", "2026-10")
        waiting += [f"{reverse(f'selfcare:{n}', args=[payee.payee_id])}?month={m}" for n in names for m in months]
    said: dict[str, bytes] = {}
    while waiting:
        address = waiting.pop()
        if address in said or address.startswith(LEADS_OUT):
            continue
        answer = client.get(address)
        assert answer.status_code in {200, 302}, f"{address}: {answer.status_code}"
        headers = "\n".join(
            f"{name}: {value}" for name, value in answer.items() if name.startswith(("Content-", "Loc"))
        )
        said[address] = headers.encode() + b"\n" + readable(answer)
        found = (
            [answer["Location"]] if answer.has_header("Location") else LINK.findall(answer.content.decode("latin-1"))
        )
        links = (urldefrag(urljoin(address, unescape(link))).url for link in found)
        waiting += [link for link in links if link.startswith("/") and not link.startswith("//")]
    return said


def readable(answer) -> bytes:
    """Return what a person reads in an answer: the text of a PDF, else the answer without what is new each time."""
    if answer.headers.get("Content-Type") == "application/pdf":
        reader = PdfReader(io.BytesIO(answer.content))
        return "\n".join([str(reader.metadata), *(page.extract_text() for page in reader.pages)]).encode()
    return CHANGES_EACH_TIME.sub(b"", answer.content)


def found_in(said: dict[str, bytes], markers: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return what is told of markers, and where; a number within a longer word, such as another's account, is none."""
    told = {one: re.escape(one.lower()) for one in markers}
    words = {
        one: re.compile((rf"(?<!\w){mark}(?!\w)" if one.isdigit() else mark).encode()) for one, mark in told.items()
    }
    return [(where, one) for where, what in said.items() for one in markers if words[one].search(what.lower())]


def letters() -> dict[str, bytes]:
    """Return what the referrer was written, whole."""
    return {
        f"letter {place}": letter.message().as_bytes()
        for place, letter in enumerate(mail.outbox)
        if letter.to == [ROBIN]
    }


class TestWhatIsTheFriendsOwn:
    def test_appears_nowhere_that_the_referrer_reaches_whatever_becomes_of_it(self, story):
        pages: dict[str, bytes] = {}
        for number, (day, is_paid) in enumerate([(2, True), (5, False)]):
            with at(day):
                story.bill(number, is_paid=is_paid)
                reconsider(story.reward.friend_account_id)
                drain()
                pages |= {f"{where} on day {day}": what for where, what in everything(story).items()}
        with at(60):
            story.fall_behind_and_leave()
            qualify_now(story.market.division)
            drain()
            pages |= {f"{where} on day 60": what for where, what in everything(story).items()}

        assert story.reward.status == RewardStatus.FORFEITED
        assert len(letters()) == 2
        assert found_in(pages | letters(), story.markers) == []

    def test_appears_nowhere_once_it_was_paid_and_taken_back(self, story):
        with at(2):
            story.bill(0, is_paid=True)
        with at(40):
            qualify_now(story.market.division)
            pay(story.reward.pk, today(story.market.division))
            paid = everything(story)
        with at(45):
            story.fall_behind_and_leave()
            qualify_now(story.market.division)
            drain()
            taken_back = everything(story)

        assert {*LedgerEntry.objects.values_list("kind", flat=True)} >= {EntryKind.SETTLE}
        assert b"Credited on your bill" in paid[reverse("selfcare:referrals")]
        assert found_in(paid | taken_back | letters(), story.markers) == []

    def test_is_looked_for_on_every_page_of_the_referrer(self, story):
        """The control: what the referrer may read is found, in the pages, the PDF, the file and the letters."""
        with at(2):
            story.bill(0, is_paid=True)
        with at(40):
            qualify_now(story.market.division)
            said = everything(story)

        statement = f"{reverse('selfcare:statement_pdf', args=[story.reward.payee_id])}?month=2026-04"
        for where in (reverse("selfcare:referrals"), statement, statement.replace("_pdf", "").replace(".pdf", ".csv")):
            assert b"Fay" in said[where], where
        assert all(b"Fay" in letter for letter in letters().values())
        names = {"start", "referrals", "referral_invite", "statements"}
        assert {reverse(f"selfcare:{name}") for name in names} <= {*said}
        assert any("/withdraw/" in where for where in said)
        assert any(
            where.startswith(f"/me/orders/{story.referrer.account.pk}") or "/me/orders/" in where for where in said
        )


class TestArrears:
    def test_change_no_letter_of_what_the_referrer_reads_before_the_last_day(self, story):
        with at(2):
            story.bill(0, is_paid=False)
        with at(60):
            before = everything(story)
            story.fall_behind_and_leave()
            qualify_now(story.market.division)
            drain()

            after = everything(story)

        forfeited = story.reward
        assert (forfeited.status, forfeited.amount) == (RewardStatus.FORFEITED, Decimal("50.00"))
        assert forfeited.entries.filter(kind=EntryKind.FORFEIT).exists()
        assert today(story.market.division) <= forfeited.latest_on
        assert after.keys() == before.keys()
        assert [where for where in before if before[where] != after[where]] == []

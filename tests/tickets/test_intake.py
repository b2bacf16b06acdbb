"""From what a caller says to a ticket (X1 to X5)."""

import re
from datetime import timedelta
from itertools import count

import httpx
import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape

from accounts.models import Account, Customer
from accounts.testing import make_account
from billing.models import BillingSystem
from billing.states import BillingKind
from billing.testing import make_billing_system, make_report, tell, tell_balance
from foundation.correspondence.services import MOST_UPLOADS
from foundation.divisions.fields import Texts
from foundation.divisions.services import set_value
from foundation.divisions.testing import make_division
from foundation.events.models import Delivery
from foundation.events.testing import drain
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from foundation.worklist.testing import make_team
from integrations.acs import adapter as acs
from orders.models import InstalledService
from orders.states import OrderStatus
from orders.testing import make_market, make_order
from tests.orders.racing import Meanwhile, together
from tests.sandbox.network import Network
from tickets import services
from tickets.models import Probe, Ticket, UnsentFile, WaitingTicket
from tickets.queries import (
    Caller,
    caller_by_places,
    caller_in_view,
    probe_of,
    symptom_by_code,
    symptoms_for,
    tree_of,
    walk,
)
from tickets.queries.intake import SAME_FAULT_WITHIN
from tickets.queries.outages import Scope
from tickets.services import Intake, Requester
from tickets.services.uploads import MOST_UNSENT, UNSENT_FOR
from tickets.settings import DIAGNOSTICS
from tickets.states import (
    MATTERS_OF,
    Ending,
    Finding,
    Priority,
    ProbeTrouble,
    StepKind,
    TicketChannel,
    TicketStatus,
    TicketType,
)
from tickets.tasks import forget_unsent_files
from tickets.testing import Asked, make_affected, make_equipment, make_outage, make_routing, make_symptom, make_ticket

_keys = count(1)
PNG = b"\x89PNG\r\n\x1a\n"


def image(name: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(f"{name}.png", PNG + name.encode())


LIGHTS = Asked("lights", {"off": "visit", "on": "modem"})
MODEM = Asked("modem", {"offline": "visit", "weak": "cables", "good": "reboot", "unknown": ""}, StepKind.READING)
CABLES = Asked("cables", {"tight": "visit", "loose": "fixed"})
REBOOT = Asked("reboot", {"helps": "fixed", "no": "remote"}, is_required=False)


@pytest.fixture
def csr(division):
    return make_person(Role.CSR, division)


@pytest.fixture
def account(division):
    return make_account(division)


@pytest.fixture
def symptom(division):
    return make_symptom(division, "no_internet", LIGHTS, MODEM, CABLES, REBOOT)


def report(account, by, *, key: str = "", type: TicketType = TicketType.TROUBLE, channel=TicketChannel.PHONE, **said):  # noqa: A002
    content = {
        "text": "Nothing works.",
        "requester": Requester.of(account.customer),
        "customer": account.customer,
        "account": account,
        **said,
    }
    return services.report_at_intake(
        Intake(type=type, **content),
        key=key or f"call-{next(_keys)}",
        division=account.division,
        channel=channel,
        by=by,
    )


class TestX3TheSameFaultWithinADay:
    def again(self, account, csr, **said):
        return report(account, csr, **{"symptom": "no_internet", "said": {"lights": "off"}, **said})

    def test_offers_the_open_ticket(self, account, csr, symptom):
        first = self.again(account, csr)

        with pytest.raises(NotAllowed, match=first.number) as refusal:
            self.again(account, csr)

        assert refusal.value.code == "same_fault"
        assert Ticket.objects.count() == 1

    def test_and_opens_another_where_somebody_says_that_it_is_one(self, account, csr, symptom):
        self.again(account, csr)

        assert self.again(account, csr, is_another=True).pk
        assert Ticket.objects.count() == 2

    def test_sent_twice_it_is_one_ticket_and_no_refusal(self, account, csr, symptom):
        first, second = (self.again(account, csr, key="call") for _twice in range(2))

        assert first == second

    def test_with_other_words_under_the_same_key_is_refused(self, account, csr, symptom):
        self.again(account, csr, key="call")

        with pytest.raises(NotAllowed) as refusal:
            self.again(account, csr, key="call", text="The telephone is dead, too.")

        assert refusal.value.code == "sent"

    def test_is_forgotten_after_a_day(self, account, csr, symptom):
        with time_machine.travel(now() - SAME_FAULT_WITHIN):
            self.again(account, csr)

        assert self.again(account, csr).pk

    def test_is_another_once_the_first_is_resolved(self, account, csr, symptom):
        first = self.again(account, csr)
        services.resolve_ticket(first.pk, "restored", "", by=csr)

        assert self.again(account, csr) != first

    def test_on_another_account_is_none(self, division, account, csr, symptom):
        self.again(account, csr)

        assert self.again(make_account(division), csr).pk

    @pytest.mark.django_db(transaction=True)
    def test_by_web_and_phone_at_once_it_is_one_ticket(self):
        division = make_division()
        make_symptom(division, "no_internet", LIGHTS)
        account, csr = make_account(division), make_person(Role.CSR, division)

        outcomes = together(lambda: self.again(account, csr), lambda: self.again(account, csr))

        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NotAllowed", "Ticket"]
        other = make_account(division)
        with transaction.atomic():
            Account.objects.locked().get(pk=other.pk)
            pressed_again = Meanwhile(lambda: self.again(other, csr, key="twice"))
            first = self.again(other, csr, key="twice")
        assert pressed_again.outcome() == first


class TestX4TheWayThroughASymptom:
    def test_asks_what_the_answer_leads_to(self, division, symptom):
        found = symptom_by_code("no_internet", division)

        assert walk(found, {}).current.code == "lights"
        assert walk(found, {"lights": "on"}).current.code == "modem"
        assert walk(found, {"lights": "off"}).current is None
        assert walk(found, {"lights": "off"}).ending == Ending.VISIT

    @pytest.mark.parametrize(
        ("finding", "following"), [("offline", None), ("weak", "cables"), ("good", "reboot"), ("unknown", None)]
    )
    def test_goes_where_the_reading_says(self, division, symptom, finding, following):
        way = walk(symptom_by_code("no_internet", division), {"lights": "on"}, finding=finding)

        assert (way.current.code if way.current else None) == following

    def test_takes_no_answer_that_is_not_offered(self, division, symptom):
        found = symptom_by_code("no_internet", division)

        assert walk(found, {"lights": "blue"}).current.code == "lights"
        assert walk(found, {"lights": "skipped"}).current.code == "lights"
        assert walk(found, {"lights": "on", "modem": "good"}).current.code == "modem"

    def test_keeps_answers_as_fields(self, account, csr, symptom):
        ticket = report(account, csr, symptom="no_internet", said={"lights": "off", "reboot": "helps", "x": "y"})

        assert (ticket.symptom, ticket.answers) == ("no_internet", {"lights": "off", "leads_to": "visit"})

    def test_does_not_end_without_what_is_required(self, account, csr, symptom):
        with pytest.raises(NotAllowed) as refusal:
            report(account, csr, symptom="no_internet")

        assert (refusal.value.code, refusal.value.field) == ("unfinished", "symptom")

    def test_needs_no_reading_where_there_is_no_device(self, account, csr, symptom):
        ticket = report(account, csr, symptom="no_internet", said={"lights": "on"})

        assert ticket.answers == {"lights": "on", "modem": "unknown", "reading": "unknown"}

    def test_is_the_markets_own_and_what_it_inherits(self, division, symptom):
        below, beside = make_division(parent=division), make_division()

        assert symptom_by_code("no_internet", below) == symptom
        assert symptom_by_code("no_internet", beside) is None

    def test_what_is_switched_off_is_not_offered(self, division, account, csr, symptom):
        symptom.is_active = False
        symptom.save()

        with pytest.raises(NotAllowed, match="what is wrong"):
            report(account, csr, symptom="no_internet", said={"lights": "off"})

    def test_stands_in_a_tree(self, division, symptom):
        slow = make_symptom(division, "slow", parent=symptom)

        tree = tree_of(symptoms_for(division))

        assert [(branch.symptom, branch.depth, branch.has_more) for branch in tree] == [
            (symptom, 0, True),
            (slow, 1, False),
        ]


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    network = Network(tmp_path_factory.mktemp("network"))
    yield network
    network.end()


@pytest.fixture
def network(process, division, monkeypatch):
    """A market whose devices are read by a real process."""
    process.behave()
    monkeypatch.setenv("DIAGNOSTICS_TRIAL_URL", process.url)
    monkeypatch.setenv("DIAGNOSTICS_TRIAL_TOKEN", process.token)
    monkeypatch.setattr(acs, "TIMEOUT", httpx.Timeout(0.5))
    set_value(division, DIAGNOSTICS, "trial")
    return process


@pytest.mark.usefixtures("symptom")
class TestX4AReadingOfTheModem:
    @pytest.fixture
    def modem(self, account):
        return make_equipment(account)

    def read(self, modem, csr, key: str = "") -> Probe:
        return services.take_reading(modem.pk, intake_key="call", key=key or f"press-{next(_keys)}", by=csr)

    @pytest.mark.parametrize("says", ["offline", "weak", "good"])
    def test_changes_the_next_step_and_what_routing_reads(self, account, csr, network, modem, says):
        network.says(modem.serial, says)
        self.read(modem, csr)

        said = {"lights": "on", "cables": "tight", "reboot": "no"}
        ticket = report(account, csr, key="call", symptom="no_internet", said=said)

        assert (ticket.answers["modem"], ticket.answers["reading"]) == (says, says)
        assert ticket.answers["leads_to"] == {"offline": "visit", "weak": "visit", "good": "remote"}[says]
        assert ("cables" in ticket.answers) == (says == "weak")

    def test_is_kept_with_the_ticket(self, account, csr, network, modem):
        network.says(modem.serial, "weak")
        probe = self.read(modem, csr)

        ticket = report(account, csr, key="call", symptom="no_internet", said={"lights": "on", "cables": "tight"})

        probe.refresh_from_db()
        assert (probe.ticket, probe.finding, probe.by) == (ticket, Finding.WEAK, csr)
        assert probe.reading["levels"]["downstream_snr"] == "27.1"

    @pytest.mark.parametrize("fault", [{"slow_seconds": 0.9}, {"fail": -1}, {}])
    def test_that_fails_says_so_and_blocks_nobody(self, account, csr, network, modem, fault):
        if fault:
            network.says(modem.serial)
            network.faults(**fault)

        probe = self.read(modem, csr)
        ticket = report(account, csr, key="call", symptom="no_internet", said={"lights": "on"})

        assert probe.finding == Finding.UNKNOWN
        assert probe.trouble == (ProbeTrouble.AWAY if fault else ProbeTrouble.STRANGER)
        assert ticket.answers["reading"] == "unknown"

    def test_where_no_system_is_chosen_says_so(self, division, csr, modem):
        assert self.read(modem, csr).trouble == ProbeTrouble.NOT_SET_UP

    def test_where_its_address_is_not_known_says_so(self, division, csr, modem, network, monkeypatch):
        monkeypatch.delenv("DIAGNOSTICS_TRIAL_URL")

        assert self.read(modem, csr).trouble == ProbeTrouble.AWAY

    def test_pressed_twice_reads_once(self, csr, network, modem):
        network.says(modem.serial)

        assert self.read(modem, csr, "press") == self.read(modem, csr, "press")

    def test_hardly_older_counts_and_an_older_one_does_not(self, csr, network, modem):
        network.says(modem.serial, "good")
        self.read(modem, csr)
        network.says(modem.serial, "offline")

        assert self.read(modem, csr).finding == Finding.GOOD
        with time_machine.travel(now() + services.probing.FRESH):
            assert self.read(modem, csr).finding == Finding.OFFLINE

    def test_is_not_for_strangers(self, division, modem):
        stranger = make_person(Role.CSR, make_division())

        with pytest.raises(NotAllowed, match="device"):
            self.read(modem, stranger)

    def test_of_another_account_counts_for_nothing(self, division, account, csr, network):
        other = make_equipment(make_account(division))
        network.says(other.serial)
        self.read(other, csr)

        assert probe_of("call", account) is None


class TestX5EachTypeAsksItsOwn:
    @pytest.mark.parametrize("type_", [TicketType.BILLING, TicketType.COMPLAINT, TicketType.REQUEST])
    def test_what_it_is_about(self, account, csr, type_):
        with pytest.raises(NotAllowed) as refusal:
            report(account, csr, type=type_)
        matter = MATTERS_OF[type_][0]
        ticket = report(account, csr, type=type_, details={"matter": matter, "wish": "  ", "amount": "12.00"})

        assert refusal.value.field == "matter"
        assert (ticket.type, ticket.subject) == (type_, str(matter.label))
        assert ticket.answers == {"matter": matter.value, "amount": "12.00"}

    def test_not_what_another_is_about(self, account, csr):
        with pytest.raises(NotAllowed):
            report(account, csr, type=TicketType.REQUEST, details={"matter": "twice"})

    def test_a_bill_of_the_account_and_no_other(self, division, account, csr):
        system = make_billing_system(division)
        tell(system, make_report(BillingKind.INVOICE, account.number, external_id="B-1"))

        ticket = report(account, csr, type=TicketType.BILLING, details={"matter": "twice", "bill": "B-1"})
        with pytest.raises(NotAllowed) as refusal:
            report(make_account(division), csr, type=TicketType.BILLING, details={"matter": "twice", "bill": "B-1"})

        assert ticket.answers["bill"] == "B-1"
        assert refusal.value.field == "bill"

    def test_a_way_that_ends_well_is_a_resolved_ticket(self, account, csr, division):
        make_symptom(division, "cold", Asked("reboot", {"helps": "fixed"}))

        ticket = report(account, csr, symptom="cold", said={"reboot": "helps"})

        assert (ticket.status, ticket.resolution) == ("resolved", "customer_side")

    def test_the_most_urgent_answer_says_how_urgent_it_is(self, account, csr, symptom):
        symptom.steps.get(code="lights").choices.filter(code="off").update(priority=Priority.P1)

        ticket = report(account, csr, symptom="no_internet", said={"lights": "off"})

        assert ticket.priority == Priority.P1

    def test_nothing_of_somebody_else(self, division, account, csr):
        with pytest.raises(NotAllowed, match="caller"):
            report(account, csr, customer=make_account(division).customer)


def seen(customer: Customer, by: User) -> Caller:
    return caller_in_view(caller_by_places(customer, seen_by=by), customer, seen_by=by)


class TestX1TheCallerInView:
    def test_shows_all_there_is(self, csr, division):
        market = make_market(division)
        served = make_order(OrderStatus.COMPLETED, market).account
        coming = make_order(OrderStatus.IN_PROGRESS, market)
        customer = served.customer
        type(coming).objects.filter(pk=coming.pk).update(customer=customer, account=served)
        device = make_equipment(served)
        tell_balance(BillingSystem.objects.get(division=division), served.number, "41.20", "2026-10-01")
        ticket = make_ticket(division, account=served)

        (view,) = seen(customer, csr).accounts

        assert (view.account, view.equipment, view.tickets) == (served, [device], [ticket])
        assert [str(service) for service in view.services]
        assert view.orders == [coming]
        assert view.overdue

    def test_costs_the_same_for_one_and_for_many(self, csr, division):
        customer = make_account(division).customer
        self.statements(customer, csr)  # what a process remembers is read
        few = self.statements(customer, csr)
        for _many in range(5):
            account = make_account(division)
            type(account).objects.filter(pk=account.pk).update(customer=customer)
            make_equipment(account)
            make_ticket(division, account=account, customer=customer)

        assert self.statements(customer, csr) == few

    def statements(self, customer, csr) -> int:
        with CaptureQueriesContext(connection) as taken:
            for view in seen(customer, csr).accounts:
                str([view.account.premises, view.services, view.equipment, view.tickets, view.orders])
        return len(taken)

    def test_shows_nothing_of_other_markets(self, division):
        customer = make_account(division).customer
        stranger = make_person(Role.CSR, make_division())

        assert seen(customer, stranger).accounts == []


class Talk:
    """A page that reports something, as a person presses its buttons: what it carries on is sent again."""

    def __init__(self, client, who, url: str):
        self.client, self.url = sign_in(client, who), url
        self.page = self.client.get(url)

    @property
    def text(self) -> str:
        return self.page.content.decode()

    def form(self) -> dict[str, str]:
        return dict(re.findall(r'<input type="hidden" name="([\w-]+)" value="([^"]*)">', self.text))

    def press(self, do: str, **typed: str) -> "Talk":
        self.page = self.client.post(self.url, {**self.form(), "channel": "phone", **typed, "do": do})
        return self

    def open(self, text: str = "Nothing works.", **typed: str) -> Ticket | None:
        self.press("open", text=text, **{"email": "caller@people.example", **typed})
        return Ticket.objects.last() if self.page.status_code == 302 else None


def Desk(client, csr, customer=None) -> Talk:  # noqa: N802  # it reads as the place that it is
    return Talk(client, csr, f"{reverse('desk:new_ticket')}?{f'customer={customer.pk}' if customer else 'nobody'}")


class TestX1AllShowsBeforeTyping:
    def test_on_one_page(self, client, csr, division):
        market = make_market(division)
        account = make_affected(division, market=market)
        coming = make_order(OrderStatus.IN_PROGRESS, market)
        type(coming).objects.filter(pk=coming.pk).update(customer=account.customer, account=account)
        device = make_equipment(account)
        tell_balance(BillingSystem.objects.get(division=division), account.number, "41.20", "2026-10-01")
        ticket = make_ticket(division, TicketType.REQUEST, account=account)
        outage = make_outage(division, by=make_person(Role.SUPERVISOR, division), title="Dark behind N-1")

        text = Desk(client, csr, account.customer).text

        caller = text[: text.index('<form id="intake"')]
        services = [str(service) for service in account.services.all()]
        for shown in (
            account.service_address, account.number, device.serial, "41.20", ticket.number, coming.number, outage.title,
            *services,
        ):  # fmt: skip
            assert escape(shown) in caller, shown

    def test_in_as_many_statements_for_many_rows_as_for_one(self, client, csr, division):
        order = make_order(OrderStatus.COMPLETED, make_market(division))
        self.add_to(order.customer, rows=1)
        desk = Desk(client, csr, order.customer)
        client.get(desk.url)  # the configuration that the process remembers is read

        with CaptureQueriesContext(connection) as few:
            client.get(desk.url)
        self.add_to(order.customer, rows=4)
        client.get(desk.url)
        with CaptureQueriesContext(connection) as many:
            page = client.get(desk.url)

        assert page.content.decode().count("desk-panel") > 6
        assert len(many) == len(few)

    def add_to(self, customer, *, rows: int) -> None:
        for _row in range(rows):
            account = make_account(customer.division)
            type(account).objects.filter(pk=account.pk).update(customer=customer)
            make_equipment(account)
            make_ticket(customer.division, account=account, customer=customer)

    def test_finds_the_caller_by_what_they_say(self, client, csr, account):
        sign_in(client, csr)

        page = client.get(reverse("desk:new_ticket"), {"q": account.number})

        assert f"?customer={account.customer_id}" in page.content.decode()

    def test_of_another_market_is_not_there(self, client, csr):
        stranger = make_account(make_division()).customer
        sign_in(client, csr)

        assert client.get(reverse("desk:new_ticket"), {"customer": stranger.pk}).status_code == 404


class TestX2AnOutageIsOfferedFirst:
    @pytest.fixture
    def market(self, division):
        return make_market(division)

    @pytest.fixture
    def affected(self, division, market):
        return make_affected(division, market=market)

    @pytest.fixture
    def outage(self, division, affected):
        return make_outage(division, by=make_person(Role.SUPERVISOR, division), words=Texts(en="A cable was cut."))

    def test_one_click_attaches_the_caller(self, client, csr, affected, outage):
        page = Desk(client, csr, affected.customer)
        assert "There is an outage at this address" in page.text
        assert "A cable was cut." in page.text

        with CaptureQueriesContext(connection) as asked:
            page.press(f"attach:{outage.pk}")

        ticket = Ticket.objects.get()
        assert (ticket.outage, ticket.account, ticket.status) == (outage, affected, TicketStatus.HELD)
        statements = [one["sql"] for one in asked]
        assert sum("FOR SHARE" in sql for sql in statements) == 1
        assert not [sql for sql in statements if 'FROM "billing_agedbalance"' in sql], "what no page shows is not read"

    def test_nobody_is_given_it_and_no_truck_rolls(self, client, csr, division, affected, outage):
        make_routing(division, {"team": make_team(division, members=1)})
        Desk(client, csr, affected.customer).press(f"attach:{outage.pk}")

        Delivery.objects.filter(handler__startswith="billing.").delete()  # of how its services came about
        drain()

        ticket = Ticket.objects.get()
        assert (ticket.owner, ticket.status) == (None, TicketStatus.HELD)
        assert [rows.exists() for rows in (ticket.visits, ticket.tasks, WaitingTicket.objects)] == [False] * 3

    def test_pressed_twice_it_is_one_ticket(self, client, csr, affected, outage):
        page = Desk(client, csr, affected.customer)
        form = page.form()

        for _press in range(2):
            client.post(page.url, {**form, "do": f"attach:{outage.pk}"})

        assert Ticket.objects.count() == 1

    def test_none_is_made_up(self, client, csr, division, market, affected):
        elsewhere = make_affected(division, node="N-2", market=market)
        other = make_outage(division, by=make_person(Role.SUPERVISOR, division), scope=Scope(nodes=("N-2",)))

        Desk(client, csr, affected.customer).press(f"attach:{other.pk}")

        assert elsewhere.tickets.count() == affected.tickets.count() == 0

    def test_another_fault_goes_its_own_way_and_is_not_attached_by_itself(self, client, csr, affected, outage, symptom):
        page = Desk(client, csr, affected.customer).press("apart:yes")
        page.press("type:trouble")
        assert "There is an outage at this address" not in page.text

        ticket = page.press("symptom:none").open()
        services.outages.attach_late_caller(ticket.pk)

        ticket.refresh_from_db()
        assert ticket.outage is None

    def test_a_customer_need_not_report_it(self, client, division, customer, outage, affected):
        affected.customer.user = customer.person
        affected.customer.save()

        page = Talk(client, customer.person, reverse("selfcare:ticket_new"))

        assert "There is an outage" in page.text
        assert "You need not report it." in page.text
        assert "There is an outage" not in page.press("apart:yes").text


class TestX3AtTheDesk:
    def test_offers_the_open_ticket_and_adds_to_it(self, client, csr, account, symptom):
        first = report(account, csr, symptom="no_internet", said={"lights": "off"})
        desk = Desk(client, csr, account.customer).press("type:trouble").press("family:internet")

        desk.press("symptom:no_internet", text="Still down.")
        assert first.number in desk.text
        assert "Still down." in desk.text
        desk.press("add", text="Still down.")

        assert desk.page.url == reverse("desk:ticket", args=[first.number])
        assert Ticket.objects.count() == 1
        assert first.articles.last().text == "Still down."

    def test_opens_another_where_it_is_one(self, client, csr, account, symptom):
        report(account, csr, symptom="no_internet", said={"lights": "off"})
        desk = Desk(client, csr, account.customer).press("type:trouble").press("family:internet")

        desk.press("symptom:no_internet").press("another:yes").press("answer:lights:off")

        assert desk.open()

    @pytest.mark.parametrize(("hours", "is_offered"), [(23.9, True), (24, False)])
    def test_for_a_day(self, client, csr, account, symptom, hours, is_offered):  # noqa: PLR0917  # fixtures
        with time_machine.travel(now() - timedelta(hours=hours)):
            first = report(account, csr, symptom="no_internet", said={"lights": "off"})
        desk = Desk(client, csr, account.customer).press("type:trouble").press("family:internet")

        desk.press("symptom:no_internet").press("answer:lights:off")

        assert (f"Add to {first.number}" in desk.text) is is_offered
        desk.open()
        assert Ticket.objects.count() == (1 if is_offered else 2)

    def test_of_the_same_symptom_and_service_alone(self, client, csr, division, symptom):
        """The same at a second line of the account, and what else is wrong with the first one, are tickets of their own."""
        make_symptom(division, "slow", Asked("since", {"today": "remote"}))
        market = make_market(division, capacity=9)
        account, another = (make_affected(division, market=market) for _two in range(2))
        InstalledService.objects.filter(account=another).update(account=account)
        first, second = account.services.filter(line__family="internet").order_by("pk")
        report(account, csr, symptom="no_internet", said={"lights": "off"}, service=first)

        def is_offered(service: InstalledService, symptom_code: str) -> bool:
            desk = Desk(client, csr, account.customer).press(f"service:{service.pk}")
            return 'value="add"' in desk.press(f"symptom:{symptom_code}").text

        assert is_offered(first, "no_internet")
        assert not is_offered(first, "slow")
        assert not is_offered(second, "no_internet")


class TestFilesOfACaller:
    """What a caller sends meanwhile, or shows at a store's counter, goes with the ticket."""

    def test_are_kept_with_what_they_said(self, client, csr, account, symptom):
        desk = Desk(client, csr, account.customer).press("type:request")

        ticket = desk.open(matter="other", uploads=SimpleUploadedFile("label.png", PNG))

        assert ticket.articles.get().attachments.get().name == "label.png"

    def test_are_kept_with_what_is_added_to_the_ticket_that_is_open(self, client, csr, account, symptom):
        first = report(account, csr, symptom="no_internet", said={"lights": "off"})
        desk = Desk(client, csr, account.customer).press("type:trouble").press("family:internet")
        desk.press("symptom:no_internet")

        desk.press("add", text="Still down.", uploads=SimpleUploadedFile("lights.png", PNG))

        assert first.articles.last().attachments.get().name == "lights.png"

    def test_are_checked_as_everywhere(self, client, csr, account, symptom):
        desk = Desk(client, csr, account.customer).press("type:request")

        refused = desk.open(matter="other", uploads=SimpleUploadedFile("run.exe", b"MZ\x90\x00"))

        assert refused is None
        assert desk.page.status_code == 422
        assert "uploads" in desk.page.context["files"].errors
        assert "Nothing works." in desk.text

    def test_survive_every_other_button_and_what_is_to_be_put_right(self, client, csr, account, symptom):
        desk = Desk(client, csr, account.customer).press("type:request", uploads=image("label"))
        desk.press("type:request", uploads=[image("box"), image("label")])
        assert desk.open(text="", matter="other") is None
        assert [name in desk.text for name in ("label.png", "box.png")] == [True, True]

        box = UnsentFile.objects.get(name="box.png")
        ticket = desk.press(f"drop:{box.pk}").open(matter="other")

        assert [file.name for file in ticket.articles.get().attachments.all()] == ["label.png"]
        assert not UnsentFile.objects.exists()

    def test_are_refused_at_their_field_whichever_button_brings_them(self, client, csr, account):
        desk = Desk(client, csr, account.customer)
        desk.press("type:request", uploads=[image(str(number)) for number in range(MOST_UPLOADS)])

        desk.press("type:request", uploads=image("one more"))

        assert desk.page.status_code == 422
        assert desk.page.context["files"].errors["uploads"] == [f"At most {MOST_UPLOADS} files at once."]
        assert UnsentFile.objects.count() == MOST_UPLOADS

    @pytest.mark.django_db(transaction=True)
    def test_are_no_more_by_two_presses_at_once(self):
        csr = make_person(Role.CSR, make_division())
        several = [[image(f"{press} {number}") for number in range(MOST_UPLOADS - 1)] for press in range(2)]

        with transaction.atomic():
            services.hold_files(several[0], key="call", by=csr)
            pressed_again = Meanwhile(lambda: services.hold_files(several[1], key="call", by=csr))

        assert pressed_again.outcome().code == "too_many"
        assert UnsentFile.objects.count() == MOST_UPLOADS - 1

    def test_of_another_persons_form_are_out_of_reach(self, client, csr, division, account):
        desk = Desk(client, csr, account.customer).press("type:request", uploads=image("label"))
        file, other = UnsentFile.objects.get(), Desk(client, make_person(Role.CSR, division), account.customer)

        other.press("type:request", key=file.key).press(f"drop:{file.pk}", key=file.key)
        ticket = other.open(key=file.key, type="request", matter="other")

        assert "label.png" in desk.text
        assert "label.png" not in other.text
        assert not ticket.articles.get().attachments.exists()
        assert UnsentFile.objects.get() == file

    def test_wait_for_a_day_and_twenty_at_most(self, csr):
        with time_machine.travel(now() - UNSENT_FOR):
            services.hold_files([image("old")], key="the oldest", by=csr)
        for number in range(MOST_UNSENT):
            services.hold_files([image(str(number))], key=f"call {number}", by=csr)
        assert [len(services.held_uploads(key, by=csr)) for key in ("the oldest", "call 0", "call 19")] == [0, 1, 1]

        with time_machine.travel(now() + UNSENT_FOR):
            services.hold_files([image("new")], key="the newest", by=csr)
            forget_unsent_files()

        assert [file.key for file in UnsentFile.objects.all()] == ["the newest"]


class TestX4AtTheDesk:
    def test_a_reading_of_the_modem_changes_what_is_asked_next(self, client, csr, account, symptom, network):
        network.says(make_equipment(account).serial, "weak")
        desk = Desk(client, csr, account.customer).press("type:trouble").press("family:internet")
        desk.press("symptom:no_internet").press("answer:lights:on", text="Slow since noon.")
        assert "What of modem?" in desk.text

        desk.press("read", press="1", text="Slow since noon.")

        assert "What of cables?" in desk.text
        assert "27.1" in desk.text
        assert "Slow since noon." in desk.text
        ticket = desk.press("answer:cables:tight").open()
        assert ticket.answers == {
            "lights": "on", "modem": "weak", "cables": "tight", "reading": "weak", "leads_to": "visit",
        }  # fmt: skip
        assert ticket.probes.get().finding == Finding.WEAK
        shown = client.get(reverse("desk:ticket", args=[ticket.number])).content.decode()
        for words in ("What of lights?", "It is on", "27.1", "out of bounds"):
            assert words in shown

    def test_a_reading_that_fails_says_so_and_lets_go_on(self, client, csr, account, symptom, network):
        make_equipment(account)
        network.faults(fail=-1)
        desk = Desk(client, csr, account.customer).press("type:trouble").press("family:internet")

        desk.press("symptom:no_internet").press("answer:lights:on").press("read", press="1")

        assert "could not be read" in desk.text
        assert desk.open().answers["reading"] == "unknown"

    def test_each_product_has_its_own_tree(self, client, csr, account, division, symptom):
        make_symptom(division, "no_picture", Asked("cable", {"in": "visit"}), family="video")

        desk = Desk(client, csr, account.customer).press("type:trouble").press("family:video")

        assert "About no_picture" in desk.text
        assert "About no_internet" not in desk.text
        assert "What of cable?" in desk.press("symptom:no_picture").text

    def test_an_answer_can_be_changed(self, client, csr, account, symptom):
        desk = Desk(client, csr, account.customer).press("type:trouble").press("family:internet")
        desk.press("symptom:no_internet").press("answer:lights:off").press("again:lights")

        assert "Answer what is asked" in desk.text
        assert "What of lights?" in desk.text

    def test_the_button_says_what_is_missing_and_leads_there(self, client, csr, account, symptom):
        desk = Desk(client, csr, account.customer)
        said = []
        for pressed in ("", "type:trouble", "family:internet", "symptom:no_internet", "answer:lights:off"):
            desk.press(pressed)
            said.append(desk.page.context["missing"])
            assert said[-1] is None or f'id="{said[-1].at}" tabindex="-1"' in desk.text
            assert (said[-1] is None) == ('value="open"' in desk.text)

        assert [one and one.words for one in said] == [
            "Choose what it is", "Choose what does not work", "Choose the symptom", "Answer what is asked", None,
        ]  # fmt: skip

    def test_the_account_stands_above_what_is_asked(self, client, csr, account):
        page = Desk(client, csr, account.customer).press("").text

        assert page.index(f'id="account-{account.pk}"') < page.index('id="intake"')

    def test_nothing_opens_before_what_is_required_is_answered(self, client, csr, account, symptom):
        desk = Desk(client, csr, account.customer).press("type:trouble").press("family:internet")
        desk.press("symptom:no_internet")

        assert desk.open() is None
        assert desk.page.status_code == 422
        assert "Answer first" in desk.text


class TestX5AtTheDesk:
    @pytest.mark.parametrize(
        ("type_", "details"),
        [
            ("billing", {"matter": "twice", "amount": "12.00"}),
            ("complaint", {"matter": "staff", "wish": "An apology."}),
            ("request", {"matter": "move", "wished_on": "2026-12-24"}),
        ],
    )
    def test_each_type_keeps_its_own_fields(self, client, csr, account, type_, details):
        desk = Desk(client, csr, account.customer).press(f"type:{type_}")

        ticket = desk.open(**details)

        assert (ticket.type, ticket.answers, ticket.account) == (type_, details, account)

    def test_a_wrong_detail_is_said_at_its_field_and_no_word_is_lost(self, client, csr, account):
        desk = Desk(client, csr, account.customer).press("type:billing")

        assert desk.open("Twice!", matter="twice", amount="much") is None

        assert desk.page.status_code == 422
        assert "Enter a number" in desk.text
        assert "Twice!" in desk.text

    def test_somebody_whom_we_do_not_know(self, client, csr):
        ticket = Desk(client, csr).press("type:request").open(matter="copy", name="Nora Newcomer")

        assert (ticket.customer, ticket.requester_name) == (None, "Nora Newcomer")

    def test_sent_twice_it_is_one_ticket(self, client, csr, account):
        desk = Desk(client, csr, account.customer).press("type:request")
        first = desk.page
        desk.open(matter="copy")
        desk.page = first
        desk.open(matter="copy")

        assert Ticket.objects.count() == 1


class TestReportingAtSelfCare:
    @pytest.fixture
    def mine(self, division, customer):
        return make_account(division, user=customer.person)

    def begin(self, client, customer) -> Talk:
        return Talk(client, customer.person, reverse("selfcare:ticket_new")).press("type:trouble")

    def test_x4_asks_one_thing_after_the_other_and_reads_the_modem(self, client, customer, mine, symptom, network):
        network.says(make_equipment(mine).serial, "good")
        talk = self.begin(client, customer).press("family:internet")
        assert "About no_internet" in talk.text

        talk.press("symptom:no_internet").press("answer:lights:on").press("read", press="1")
        assert "What of reboot?" in talk.text
        talk.press("answer:reboot:no").press("send", text="Since noon.")

        ticket = Ticket.objects.get()
        assert talk.page.url == reverse("selfcare:ticket", args=[ticket.number])
        assert (ticket.reported_by, ticket.account, ticket.channel) == (customer.person, mine, "web")
        assert (ticket.answers["reading"], ticket.answers["leads_to"]) == ("good", "remote")

    def test_x4_a_way_that_ends_well_needs_no_ticket(self, client, customer, mine, division):
        make_symptom(division, "cold", Asked("reboot", {"helps": "fixed"}))

        talk = self.begin(client, customer).press("family:internet").press("symptom:cold").press("answer:reboot:helps")

        assert "Good that it works again" in talk.text
        assert not Ticket.objects.exists()

    def test_x3_offers_the_open_ticket_and_adds_to_it(self, client, customer, mine, csr, symptom):
        first = report(mine, csr, symptom="no_internet", said={"lights": "off"})
        talk = self.begin(client, customer).press("family:internet").press("symptom:no_internet")
        assert first.number in talk.text

        talk.press("add", text="Still down.")

        assert talk.page.url == reverse("selfcare:ticket", args=[first.number])
        assert Ticket.objects.count() == 1
        assert first.articles.last().text == "Still down."

    def test_x3_refuses_a_second_one_also_where_a_form_is_made_up(self, client, customer, mine, csr, symptom):
        report(mine, csr, symptom="no_internet", said={"lights": "off"})
        talk = self.begin(client, customer).press("family:internet").press("symptom:no_internet")

        talk.press("send", text="Still down.", **{"a-lights": "off"})

        assert talk.page.status_code == 422
        assert Ticket.objects.count() == 1

    @pytest.mark.parametrize("type_", ["billing", "complaint", "request"])
    def test_x5_asks_each_type_what_it_needs(self, client, customer, mine, type_):
        talk = self.begin(client, customer).press("type:").press(f"type:{type_}").press("send", text="Well.")
        assert talk.page.status_code == 422

        talk.press("send", text="Well.", matter="other")

        assert Ticket.objects.get().answers == {"matter": "other"}

    def test_of_strangers_accounts_none_can_be_named(self, client, customer, mine, division):
        strange = make_account(division)

        talk = Talk(client, customer.person, reverse("selfcare:ticket_new"))
        talk.press("send", type="request", matter="copy", account=str(strange.pk), text="Mine now.")

        assert Ticket.objects.filter(account=strange).count() == 0

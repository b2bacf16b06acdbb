"""What billing systems tell of accounts is one row a fact, in whatever order and however often it is told."""

import random
import threading
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.db.models import Q, Sum
from django.urls import reverse
from hypothesis import HealthCheck, given, settings, strategies as st

from accounts.models import Account
from accounts.services import set_standing
from accounts.states import Standing
from accounts.testing import make_account
from billing import queries, services
from billing.events import (
    AgedBalanceReported,
    CreditConfirmed,
    CreditNoteAllocated,
    CreditNoteDeallocated,
    CreditPosted,
    InvoiceIssued,
    ReceiptAllocated,
    ReceiptDeallocated,
    ServiceStatusChanged,
)
from billing.models import AgedBalance, Allocation, InboundFact, Invoice, PostedCredit, ServiceStatusReport
from billing.ports import Credit
from billing.services import accounts as account_facts
from billing.settings import DELINQUENT_AFTER_DAYS
from billing.states import AllocationSource, BillingKind, FactOutcome, ServiceStatus, SubmissionStatus
from billing.testing import make_billing_system, make_report, tell, tell_balance, tell_status
from foundation.divisions.services import set_value
from foundation.divisions.settings import TIME_ZONE
from foundation.divisions.testing import make_division
from foundation.events.models import Event
from foundation.events.services import reference
from foundation.events.testing import published
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from integrations.tmf_billing.translation import vendor_fact
from tests.unguarded import unguarded

pytestmark = pytest.mark.django_db

NOON = datetime(2027, 3, 10, 17, tzinfo=UTC)
RECEIPT, CREDIT_NOTE = AllocationSource.RECEIPT, AllocationSource.CREDIT_NOTE


@pytest.fixture
def house(db):
    """A billing system of a division of its own; nobody has to listen there."""
    return make_billing_system(make_division())


@pytest.fixture
def account(house) -> Account:
    return make_account(house.division)


def document(key: str, account: Account, **content) -> dict[str, object]:
    money = {"amount": {"unit": "USD", "value": "110.00"}, "invoice": {"id": "INV-1"}, "receipt": {"id": "REC-1"}}
    return {key: {"id": "X-1", "billingAccount": {"id": account.number}, **money, **content}}


def hear(house, event_id="e-1", at="2027-03-10T17:00:00+00:00", **resource) -> InboundFact:
    """Take one event as it comes over the wire, and return how it was kept."""
    event = {"eventId": event_id, "eventType": "AnyEvent", "eventTime": at, "event": resource}
    services.receive_fact(house, vendor_fact(event))
    return InboundFact.objects.get(event_id=event_id)


class TestABill:
    def test_is_kept_with_its_tax_and_dates(self, house, account):
        tax, dates = {"unit": "USD", "value": "10.00"}, {"billDate": "2027-03-01", "dueDate": "2027-03-20"}

        row = hear(house, **document("invoice", account, taxAmount=tax, **dates))

        assert row.outcome == FactOutcome.APPLIED
        bill = Invoice.objects.get()
        assert (bill.invoice_id, bill.amount, bill.tax, bill.currency) == ("X-1", Decimal(110), Decimal(10), "USD")
        assert (bill.issued_on, bill.due_on) == (date(2027, 3, 1), date(2027, 3, 20))
        assert (bill.account, bill.division, bill.billing_system) == (account, account.division, house)
        assert published(InvoiceIssued) == [
            InvoiceIssued(
                billing_system=house.code, invoice_id="X-1", account_number=account.number, account_id=account.pk,
                amount="110.00", tax="10.00", currency="USD", due_date="2027-03-20", issued_on="2027-03-01",
            )
        ]  # fmt: skip

    def test_is_due_at_once_where_it_does_not_say_when(self, house, account):
        hear(house, **document("invoice", account))

        assert Invoice.objects.get().due_on == date(2027, 3, 10)

    @pytest.mark.parametrize(
        ("zone", "at", "day"),
        [
            ("America/New_York", "2027-02-01T04:30:00+00:00", date(2027, 1, 31)),  # 23:30 on the 31st
            ("America/New_York", "2027-02-01T05:00:00+00:00", date(2027, 2, 1)),  # midnight
            ("America/Los_Angeles", "2027-02-01T05:00:00+00:00", date(2027, 1, 31)),
            ("America/New_York", "2027-02-01T00:30:00+01:00", date(2027, 1, 31)),
            ("Pacific/Auckland", "2027-01-31T12:00:00+00:00", date(2027, 2, 1)),
        ],
    )
    def test_is_of_the_day_in_its_markets_zone(self, house, zone, at, day):
        market = make_division(parent=house.division)
        set_value(market, TIME_ZONE, zone)

        hear(house, at=at, **document("invoice", make_account(market)))

        assert Invoice.objects.get().issued_on == day

    def test_of_an_account_that_we_do_not_know_is_the_systems(self, house):
        tell(house, make_report(BillingKind.INVOICE, "A-unknown"))

        bill = Invoice.objects.get()
        assert (bill.account, bill.account_number, bill.division) == (None, "A-unknown", house.division)

    def test_of_another_markets_account_is_not_laid_to_it(self, house):
        stranger = make_account(make_division())

        tell(house, make_report(BillingKind.INVOICE, stranger.number))

        bill = Invoice.objects.get()
        assert (bill.account, bill.division) == (None, house.division)

    def test_in_another_event_adds_nothing(self, house, account):
        hear(house, "e-1", **document("invoice", account))

        again = hear(house, "e-2", **document("invoice", account))

        assert again.outcome == FactOutcome.SUPERSEDED
        assert len(published(InvoiceIssued)) == Invoice.objects.count() == 1

    @pytest.mark.parametrize("corrected", [{"dueDate": "2027-03-30"}, {"billDate": "2027-03-02"}])
    def test_with_another_date_is_kept_for_a_person(self, house, account, corrected):
        dates = {"billDate": "2027-03-01", "dueDate": "2027-03-15"}
        hear(house, "e-1", **document("invoice", account, **dates))

        again = hear(house, "e-2", **document("invoice", account, **dates))
        other = hear(house, "e-3", **document("invoice", account, **(dates | corrected)))

        assert [again.outcome, other.outcome] == [FactOutcome.SUPERSEDED, FactOutcome.UNREADABLE]

    def test_without_a_date_in_a_later_event_adds_nothing(self, house, account):
        hear(house, "e-1", **document("invoice", account))

        again = hear(house, "e-2", at="2027-03-12T17:00:00+00:00", **document("invoice", account))

        assert again.outcome == FactOutcome.SUPERSEDED

    def test_with_other_content_is_kept_for_a_person(self, house, account):
        hear(house, "e-1", **document("invoice", account))

        other = hear(house, "e-2", **document("invoice", account, amount={"unit": "USD", "value": "120.00"}))

        assert (other.outcome, other.applied_at) == (FactOutcome.UNREADABLE, None)
        assert other.trouble == "The same document was told before with other content."
        assert Invoice.objects.get().amount == Decimal(110)


class TestWhatCannotBeRead:
    @pytest.mark.parametrize(
        ("key", "wrong"),
        [
            *(
                ("invoice", {"amount": {"unit": "USD", "value": value}})
                for value in ("0.00", "-1.00", "1.005", "NaN", "Infinity", "much", "1e30", "", None, 110, 110.5)
            ),
            ("invoice", {"amount": {"unit": "dollars", "value": "1.00"}}),
            ("invoice", {"amount": None}),
            ("invoice", {"dueDate": "next week"}),
            ("invoice", {"dueDate": "2027-02-30"}),
            ("invoice", {"dueDate": "20270228"}),
            ("invoice", {"billDate": "0001-01-01"}),
            ("invoice", {"taxAmount": {"unit": "USD", "value": "110.01"}}),
            ("invoice", {"taxAmount": {"unit": "EUR", "value": "1.00"}}),
            ("invoice", {"id": ""}),
            ("invoice", {"id": None}),
            ("invoice", {"id": "x" * 101}),
            ("invoice", {"billingAccount": {"id": "x" * 41}}),
            ("invoice", {"billingAccount": "A-1"}),
            ("receiptAllocation", {"invoice": {}}),
            ("receiptAllocation", {"receipt": None}),
            ("creditNoteAllocation", {}),
            ("serviceStatus", {"status": "asleep"}),
            ("serviceStatus", {"status": "active", "effectiveDate": 20270301}),
            ("agedBalance", {"pastDueAmount": {"unit": "USD", "value": "5.00"}}),
            ("agedBalance", {"pastDueAmount": {"unit": "USD", "value": "-5.00"}, "oldestDueDate": "2027-01-01"}),
            ("credit", {"externalId": "a\0b"}),
        ],
    )
    def test_is_kept_with_the_trouble_and_counts_for_nothing(self, house, account, key, wrong):
        row = hear(house, **document(key, account, **wrong))

        assert row.outcome == FactOutcome.UNREADABLE
        assert row.trouble
        assert row.payload["event"][key].keys() >= {"id", "billingAccount"}
        tables = (Invoice, Allocation, ServiceStatusReport, AgedBalance, PostedCredit)
        assert not any(table.objects.exists() for table in tables)

    @pytest.mark.parametrize("at", ["0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00"])
    def test_is_kept_also_where_its_time_has_no_date_somewhere(self, house, account, at):
        assert hear(house, at=at, **document("invoice", account)).outcome == FactOutcome.UNREADABLE

    def test_is_not_a_moment_without_its_offset(self, house, account):
        row = hear(house, at="2027-03-10T17:00:00", **document("invoice", account))

        assert (row.outcome, row.occurred_at) == (FactOutcome.APPLIED, NOON)


class TestWhatPaysABill:
    @pytest.mark.parametrize(
        ("key", "amount", "fact"),
        [
            ("receiptAllocation", Decimal(110), ReceiptAllocated),
            ("receiptDeallocation", Decimal(-110), ReceiptDeallocated),
            ("creditNoteAllocation", Decimal(110), CreditNoteAllocated),
            ("creditNoteDeallocation", Decimal(-110), CreditNoteDeallocated),
        ],
    )
    def test_has_its_sign_and_its_day(self, house, account, key, amount, fact):
        names = {"creditNote": {"id": "CN-1"}, "effectiveDate": "2027-03-05"}

        hear(house, **document(key, account, **names))

        row = Allocation.objects.get()
        source = (RECEIPT, "REC-1") if key.startswith("receipt") else (CREDIT_NOTE, "CN-1")
        assert (row.source, row.source_id) == source
        assert (row.amount, row.is_reversal) == (amount, amount < 0)
        assert (row.invoice_id, row.effective_on) == ("INV-1", date(2027, 3, 5))
        (told,) = published(fact)
        assert (told.amount, told.effective_on, told.account_id) == ("110.00", "2027-03-05", account.pk)

    def test_is_told_apart_by_its_source_and_direction(self, house, account):
        keys = ("receiptAllocation", "receiptDeallocation", "creditNoteAllocation", "creditNoteDeallocation")
        for key in keys:
            hear(house, key, **document(key, account, creditNote={"id": "CN-1"}))

        assert Allocation.objects.count() == 4

    def test_stands_on_the_customers_timeline(self, house, account):
        hear(house, **document("receiptAllocation", account))

        about = Event.objects.get(name=ReceiptAllocated.name).about
        assert {reference(account), reference(account.customer)} <= set(about)


class TestACredit:
    def ask(self, house, account, request_id="ours-1"):
        credit = Credit(account_number=account.number, amount=Decimal(25), currency="USD", reason="Referral")
        return services.grant_credit(
            request_id=request_id, division=house.division, credit=credit, subject=account, by=None
        )

    def test_is_read_back_under_our_request(self, house, account):
        hear(house, **document("credit", account, externalId="ours-1", effectiveDate="2027-03-09"))

        posted = PostedCredit.objects.get()
        assert (posted.request_id, posted.credit_id, posted.amount) == ("ours-1", "X-1", Decimal(110))
        assert posted.posted_on == date(2027, 3, 9)
        assert list(PostedCredit.objects.filter(account=account)) == [posted]
        assert [fact.request_id for fact in published(CreditPosted)] == ["ours-1"]

    def test_that_nobody_asked_for_has_no_request(self, house, account):
        hear(house, **document("credit", account))

        assert PostedCredit.objects.get().request_id == ""

    def test_ends_the_doubt_about_what_we_asked(self, house, account):
        asked = self.ask(house, account)

        hear(house, **document("credit", account, externalId="ours-1"))

        asked.refresh_from_db()
        assert (asked.status, asked.external_id) == (SubmissionStatus.CONFIRMED, "X-1")
        assert published(CreditConfirmed) == [CreditConfirmed(request_id="ours-1", credit_id="X-1")]

    def test_posted_twice_under_one_request_is_seen_twice(self, house, account):
        self.ask(house, account)

        hear(house, "e-1", **document("credit", account, externalId="ours-1"))
        hear(house, "e-2", **document("credit", account, externalId="ours-1", id="X-2"))

        assert PostedCredit.objects.filter(request_id="ours-1").count() == 2


class TestService:
    def test_is_kept_with_its_day(self, house, account):
        hear(house, "e-1", **document("serviceStatus", account, status="suspended"))
        hear(house, "e-2", **document("accountClosure", account, effectiveDate="2027-03-31"))

        statuses = queries.service_statuses_of(account.pk, date(2027, 3, 31))
        assert [row.status for row in statuses] == [ServiceStatus.CLOSED, ServiceStatus.SUSPENDED]
        assert [row.status for row in queries.service_statuses_of(account.pk, date(2027, 3, 30))] == ["suspended"]
        assert [(fact.status, fact.effective_on) for fact in published(ServiceStatusChanged)] == [
            ("suspended", "2027-03-10"),
            ("closed", "2027-03-31"),
        ]

    def test_of_one_day_is_what_was_said_last(self, house, account):
        tell_status(house, account.number, ServiceStatus.ACTIVE, "2027-03-10", occurred_at=NOON)
        tell_status(house, account.number, ServiceStatus.SUSPENDED, "2027-03-10", occurred_at=NOON - timedelta(hours=1))

        latest = queries.service_statuses_of(account.pk, date(2027, 3, 10)).first()
        assert latest.status == ServiceStatus.ACTIVE


class TestStanding:
    @pytest.fixture(autouse=True)
    def clock(self):
        with time_machine.travel(NOON, tick=False) as clock:
            yield clock

    def standing(self, account) -> str:
        return Account.objects.get(pk=account.pk).standing

    @pytest.mark.parametrize(
        ("oldest", "standing"), [("2027-02-28", Standing.GOOD), ("2027-02-27", Standing.DELINQUENT)]
    )
    def test_is_bad_from_the_eleventh_day_after_the_oldest_bill_was_due(self, house, account, oldest, standing):
        tell_balance(house, account.number, "110.00", oldest)

        assert self.standing(account) == standing

    def test_is_bad_after_as_many_days_as_the_market_says(self, house, account):
        set_value(house.division, DELINQUENT_AFTER_DAYS, 0)

        tell_balance(house, account.number, "110.00", "2027-03-09")

        assert self.standing(account) == Standing.DELINQUENT

    def test_is_good_again_once_all_is_paid(self, house, account):
        tell_balance(house, account.number, "110.00", "2027-01-01", occurred_at=NOON - timedelta(hours=2))
        tell_balance(house, account.number, "0.00", occurred_at=NOON - timedelta(hours=1))

        assert self.standing(account) == Standing.GOOD
        assert [fact.past_due for fact in published(AgedBalanceReported)] == ["110.00", "0.00"]

    def test_is_not_brought_back_by_old_news(self, house, account):
        tell_balance(house, account.number, "0.00", occurred_at=NOON, event_id="new")
        tell_balance(house, account.number, "9.00", "2027-01-01", occurred_at=NOON - timedelta(days=1), event_id="old")

        assert self.standing(account) == Standing.GOOD
        assert InboundFact.objects.get(event_id="old").outcome == FactOutcome.SUPERSEDED
        assert AgedBalance.objects.get().event_id == "new"

    def test_turns_bad_by_itself_with_time(self, house, account, clock):
        tell_balance(house, account.number, "110.00", "2027-03-01")
        assert (services.review_standings(), self.standing(account)) == (0, Standing.GOOD)

        clock.shift(timedelta(days=2))

        assert (services.review_standings(), self.standing(account)) == (1, Standing.DELINQUENT)
        assert services.review_standings() == 0

    def test_turns_good_where_the_market_becomes_more_patient(self, house, account):
        tell_balance(house, account.number, "110.00", "2027-02-01")
        set_value(house.division, DELINQUENT_AFTER_DAYS, 90)

        assert (services.review_standings(), self.standing(account)) == (1, Standing.GOOD)

    def test_is_left_alone_where_nothing_was_told(self, house, account):
        set_standing(account.pk, Standing.DELINQUENT, by=None)

        assert (services.review_standings(), self.standing(account)) == (0, Standing.DELINQUENT)

    def test_is_bad_as_long_as_one_of_two_systems_says_so(self, house, account):
        other = make_billing_system(house.division)
        tell_balance(house, account.number, "110.00", "2027-01-01")

        tell_balance(other, account.number, "0.00")

        assert self.standing(account) == Standing.DELINQUENT


class TestAnAccount:
    def test_lists_its_bills_and_payments_the_newest_first(self, house, account):
        for name, issued in (("B-1", "2027-03-01"), ("B-2", "2027-04-01")):
            dates = {"effective_date": issued, "due_date": "2027-04-15"}
            tell(house, make_report(BillingKind.INVOICE, account.number, "100.00", external_id=name, **dates))
        paid = {"invoice_id": "B-1", "source_id": "S", "effective_date": "2027-03-05"}
        tell(house, make_report(BillingKind.RECEIPT_ALLOCATION, account.number, "50.00", **paid))

        assert [bill.invoice_id for bill in queries.invoices_of(account)] == ["B-2", "B-1"]
        assert [row.invoice_id for row in Allocation.objects.filter(account=account)] == ["B-1"]


# Whatever the order.


def feed_of(house, account) -> list[dict[str, object]]:
    """Three months of an account as a vendor tells them: bills, payments, one returned, service, what is past due."""
    events, minute = [], timedelta(minutes=1)

    def say(key: str, **content: object) -> None:
        at = NOON + len(events) * minute
        event = {"eventId": f"e-{len(events)}", "eventType": "AnyEvent", "eventTime": at.isoformat()}
        resource = {"id": f"{key}-{len(events)}", "billingAccount": {"id": account.number}, **content}
        events.append(event | {"event": {key: resource}})

    def dollars(value: str) -> dict[str, str]:
        return {"unit": "USD", "value": value}

    for month, bill in enumerate(("INV-1", "INV-2", "INV-3"), start=1):
        paid = {"invoice": {"id": bill}, "receipt": {"id": f"REC-{month}"}, "creditNote": {"id": f"CN-{month}"}}
        dates = {"billDate": f"2027-0{month}-01", "dueDate": f"2027-0{month}-15"}
        say("invoice", id=bill, amount=dollars("100.00"), taxAmount=dollars("10.00"), **dates)
        for day, amount in ((10, "60.00"), (12, "10.00")):
            say("receiptAllocation", amount=dollars(amount), effectiveDate=f"2027-0{month}-{day}", **paid)
        say("creditNoteAllocation", amount=dollars("30.00"), effectiveDate=f"2027-0{month}-14", **paid)
        say("agedBalance", pastDueAmount=dollars(f"{month}.00"), oldestDueDate=f"2027-0{month}-15")
    say("receiptDeallocation", amount=dollars("60.00"), effectiveDate="2027-02-20", **paid)
    say("creditNoteDeallocation", amount=dollars("30.00"), effectiveDate="2027-03-20", **paid)
    say("credit", amount=dollars("5.00"), externalId="ours-9")
    say("serviceStatus", status="suspended")
    say("serviceStatus", status="active")
    say("agedBalance", pastDueAmount=dollars("0.00"))
    return events


def known(account) -> dict[str, object]:
    """Return every row, less the moment of its arrival, and the standing."""
    tables = (Invoice, Allocation, ServiceStatusReport, AgedBalance, PostedCredit)
    own = {"id", "received_at"}
    rows = {
        table.__name__: sorted(
            tuple(sorted((name, str(value)) for name, value in row.items() if name not in own))
            for row in table.objects.values()
        )
        for table in tables
    }
    return rows | {"standing": Account.objects.get(pk=account.pk).standing}


def receive(house, events) -> None:
    for event in events:
        services.receive_fact(house, vendor_fact(event))


def forget() -> None:
    with unguarded():
        for table in (Invoice, Allocation, ServiceStatusReport, AgedBalance, PostedCredit, InboundFact):
            table.objects.all().delete()


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(seed=st.integers(0, 2**32), copies=st.integers(1, 3))
def test_any_shuffle_and_duplication_of_a_feed_is_known_as_the_same(house, account, seed, copies):
    feed = feed_of(house, account)
    shuffled = feed * copies
    random.Random(seed).shuffle(shuffled)
    with time_machine.travel("2027-06-01T12:00:00Z", tick=False):
        forget()
        receive(house, feed)
        in_order = known(account)
        forget()

        receive(house, shuffled)

        assert known(account) == in_order
    paid = Allocation.objects.order_by().values_list("invoice_id").annotate(Sum("amount"))
    assert dict(paid) == {"INV-1": Decimal(100), "INV-2": Decimal(100), "INV-3": Decimal(10)}


def test_a_shuffle_would_be_known_otherwise_if_the_latest_to_arrive_won(house, account, monkeypatch):
    feed = feed_of(house, account)
    receive(house, feed)
    in_order = known(account)
    forget()
    monkeypatch.setattr(account_facts, "Q", lambda **_older: Q())

    receive(house, reversed(feed))

    assert known(account) != in_order


@pytest.mark.django_db(transaction=True)
class TestTwoWorkersAtOnce:
    def at_once(self, *works) -> None:
        barrier, troubles = threading.Barrier(len(works)), []

        def run(work) -> None:
            try:
                barrier.wait(10)
                work()
            except Exception as trouble:  # noqa: BLE001  # shown by the test's own thread
                troubles.append(trouble)
            finally:
                connection.close()

        threads = [threading.Thread(target=run, args=[work]) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert troubles == []

    def test_keep_the_same_fact_once(self, house, account):
        for event in feed_of(house, account):
            self.at_once(*[lambda event=event: receive(house, [event])] * 2)

        assert InboundFact.objects.count() == len(feed_of(house, account))
        assert (Invoice.objects.count(), Allocation.objects.count()) == (3, 11)
        assert (ServiceStatusReport.objects.count(), PostedCredit.objects.count()) == (2, 1)
        assert len(published(InvoiceIssued)) == 3

    def test_keep_the_same_document_of_two_events_once(self, house, account):
        first, second = (
            {
                "eventId": name,
                "eventType": "AnyEvent",
                "eventTime": NOON.isoformat(),
                "event": document("invoice", account),
            }
            for name in ("e-1", "e-2")
        )

        self.at_once(lambda: receive(house, [first]), lambda: receive(house, [second]))

        assert Invoice.objects.count() == len(published(InvoiceIssued)) == 1

    def test_leave_the_newest_of_two_balances(self, house, account):
        def told(past_due, oldest, minutes):
            return lambda: tell_balance(
                house, account.number, past_due, oldest, occurred_at=NOON + timedelta(minutes=minutes)
            )

        for turn in range(5):
            self.at_once(told("9.00", "2020-01-01", 2 * turn), told("0.00", "", 2 * turn + 1))

            assert AgedBalance.objects.get().past_due == 0
            assert Account.objects.get(pk=account.pk).standing == Standing.GOOD


# Who sees it.


class TestWhoSees:
    @pytest.fixture
    def told(self, house, account):
        for kind in (BillingKind.INVOICE, BillingKind.CREDIT):
            tell(house, make_report(kind, account.number))
        tell(house, make_report(BillingKind.RECEIPT_ALLOCATION, account.number, invoice_id="B", source_id="S"))
        tell_status(house, account.number, ServiceStatus.ACTIVE)
        tell_balance(house, account.number)

    @pytest.mark.parametrize("table", [Invoice, Allocation, PostedCredit, ServiceStatusReport, AgedBalance])
    def test_its_facts_in_the_admin_and_changes_none(self, client, house, account, told, table):
        browser = sign_in(client, make_person(Role.OPERATOR, house.division))
        name = f"admin:billing_{table._meta.model_name}"

        found = browser.get(reverse(f"{name}_changelist"), {"q": account.number}).content.decode()
        page = browser.get(reverse(f"{name}_change", args=[table.objects.get().pk]))

        assert account.number in found
        assert page.status_code == 200
        assert 'name="_save"' not in page.content.decode()
        assert browser.get(reverse(f"{name}_add")).status_code == 403

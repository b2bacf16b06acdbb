"""What a billing system tells is known once, whatever the way, the order and the number of times."""

import itertools
import json
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test import Client

from billing import services
from billing.events import (
    InstallReported,
    InvoiceIssued,
    ReceiptAllocated,
    ReceiptDeallocated,
    ReceiptRecorded,
    WorkOrderConfirmed,
    WorkOrderDispatched,
    WorkOrderFailed,
    WorkOrderScheduled,
)
from billing.models import (
    AgedBalance,
    Allocation,
    BillingSystem,
    InboundFact,
    Invoice,
    Polling,
    ServiceStatusReport,
    Submission,
)
from billing.ports import Forged
from billing.services import facts
from billing.states import FactOutcome, SubmissionStatus
from billing.tasks import poll_billing_systems
from billing.testing import make_billing_system
from foundation.divisions.testing import make_division
from foundation.events.testing import drain, published
from foundation.now import now, today
from sandbox.billing.webhooks import signed_headers
from tests.billing.asking import ask_for_work_order, ask_to_cancel, deliver

pytestmark = pytest.mark.django_db(transaction=True)


def post(system, vendor, event, *, secret: str = "", age: timedelta = timedelta()) -> int:
    """Post an event to our door, signed as the vendor signs it, and return the status."""
    body = json.dumps(event).encode()
    headers = signed_headers(secret or vendor.secret, body, now() - age)
    headers.pop("Content-Type")
    return Client().post(f"/webhooks/billing/{system.code}", body, "application/json", headers=headers).status_code


def poll_from_here(system, vendor) -> None:
    """Let polling begin behind what earlier tests have left at the vendor."""
    page, cursor = {"more": True}, "0"
    while page["more"]:
        page = vendor.call("GET", "/event", params={"after": cursor, "limit": 500})
        cursor = page["cursor"]
    Polling.objects.create(billing_system=system, cursor=cursor)


@pytest.fixture
def installed(system, vendor, request_id) -> Submission:
    """A work order that the vendor has installed in the meantime, line by line, and told us nothing of."""
    submission = ask_for_work_order(system, request_id)
    drain()
    made = vendor.made_under(request_id)[0]
    vendor.advance(made["id"], "pending")
    vendor.advance(made["id"], "inProgress")
    vendor.advance(made["id"], "completed", items=["1"])
    vendor.advance(made["id"], "completed")
    submission.refresh_from_db()
    return submission


def told(request_id) -> dict[str, object]:
    """Return what the apps above have heard, so that two ways of hearing it can be compared."""
    return {
        "windows": {fact.starts_at for fact in published(WorkOrderScheduled)},
        "lines": sorted(line for fact in published(InstallReported) for line in fact.lines),
        "work orders": {fact.request_id for fact in published(InstallReported)},
        "confirmed": [fact.request_id for fact in published(WorkOrderConfirmed)],
    }


class TestReports:
    def test_in_order_tell_each_step(self, system, vendor, installed, request_id):
        for event in vendor.events_about(request_id):
            assert post(system, vendor, event) == 202

        day = today(system.division).isoformat()
        steps = published(WorkOrderScheduled, WorkOrderDispatched, InstallReported)
        assert steps == [
            WorkOrderScheduled(
                request_id=request_id, starts_at="2026-12-07T13:00:00+00:00", ends_at="2026-12-07T15:00:00+00:00"
            ),
            WorkOrderDispatched(request_id=request_id),
            InstallReported(request_id=request_id, lines=["1"], installed_on=day),
            InstallReported(request_id=request_id, lines=["2"], installed_on=day),
        ]
        assert set(InboundFact.objects.values_list("outcome", flat=True)) == {FactOutcome.APPLIED}

    @pytest.mark.parametrize("seed", range(6))
    def test_five_times_each_in_any_order_tell_the_same(self, system, vendor, installed, request_id, seed):
        events = vendor.events_about(request_id) * 5
        random.Random(seed).shuffle(events)

        def post_one(event):
            try:
                return post(system, vendor, event)
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as two_workers:
            answers = set(two_workers.map(post_one, events))

        assert answers == {202}
        assert InboundFact.objects.count() == len(events) / 5
        assert told(request_id) == {
            "windows": {"2026-12-07T13:00:00+00:00"},
            "lines": ["1", "2"],
            "work orders": {request_id},
            "confirmed": [request_id],
        }

    def test_would_tell_it_twice_without_the_memory_of_event_ids_and_versions(
        self, system, vendor, installed, request_id, monkeypatch
    ):
        def apply_whatever_comes(system, fact):
            with facts.transaction.atomic():
                row = InboundFact(billing_system=system, event_id=fact.event_id, occurred_at=fact.occurred_at)
                for news in facts._news(installed, None, fact.report, row):
                    facts.publish(news, subject=installed, division=system.division, by=None)
            return True

        monkeypatch.setattr(facts, "receive_fact", apply_whatever_comes)
        for event in vendor.events_about(request_id)[-1:] * 2:
            assert post(system, vendor, event) == 202

        assert told(request_id)["lines"] == ["1", "1", "2", "2"]

    def test_that_are_older_change_nothing(self, system, vendor, request_id):
        ask_for_work_order(system, request_id)
        drain()
        made = vendor.made_under(request_id)[0]
        later = {"validFor": {"startDateTime": "2026-12-20T13:00:00+00:00", "endDateTime": "2026-12-20T15:00:00+00:00"}}
        vendor.advance(made["id"], "pending")
        vendor.advance(made["id"], "pending", appointment=later)
        _created, first, second = vendor.events_about(request_id)

        post(system, vendor, second)
        post(system, vendor, first)

        assert [fact.starts_at for fact in published(WorkOrderScheduled)] == ["2026-12-20T13:00:00+00:00"]
        assert InboundFact.objects.get(event_id=first["eventId"]).outcome == FactOutcome.SUPERSEDED

    def test_of_a_failure_name_the_lines_and_the_reason(self, system, vendor, request_id):
        ask_for_work_order(system, request_id)
        drain()
        made = vendor.made_under(request_id)[0]
        vendor.advance(made["id"], "failed", items=["2"], reason="No line of sight")
        vendor.advance(made["id"], "completed")

        for event in vendor.events_about(request_id):
            post(system, vendor, event)

        assert published(WorkOrderFailed) == [
            WorkOrderFailed(request_id=request_id, lines=["2"], reason="No line of sight")
        ]
        assert [fact.lines for fact in published(InstallReported)] == [["1"]]

    def test_of_our_own_cancellation_are_no_failure(self, system, vendor, request_id):
        ask_to_cancel(ask_for_work_order(system, request_id), f"{request_id}-x")
        drain()

        for event in vendor.events_about(request_id):
            post(system, vendor, event)

        assert published(WorkOrderFailed) == []

    def test_of_a_cancellation_by_the_vendor_are_a_failure(self, system, vendor, request_id):
        ask_for_work_order(system, request_id)
        drain()
        made = vendor.made_under(request_id)[0]
        vendor.call(
            "POST",
            "/cancelWorkOrder",
            json={"externalId": f"theirs-{request_id}", "workOrder": {"id": made["id"]}, "cancellationReason": "Flood"},
        )

        for event in vendor.events_about(request_id):
            post(system, vendor, event)

        assert published(WorkOrderFailed) == [WorkOrderFailed(request_id=request_id, lines=["1", "2"], reason="Flood")]

    def test_give_the_day_in_the_markets_zone(self, system, vendor, request_id):
        with time_machine.travel("2026-12-08T02:30:00Z", tick=False):  # the evening of the 7th in New York
            vendor.clock.write_text(json.dumps({"offset_seconds": 0}))
            ask_for_work_order(system, request_id)
            drain()
        made = vendor.made_under(request_id)[0]
        vendor.advance(made["id"], "completed")
        event = vendor.events_about(request_id)[-1]
        for item in event["event"]["workOrder"]["workOrderItem"]:
            item["completionDate"] = "2026-12-08T02:30:00+00:00"

        post(system, vendor, event)

        assert [fact.installed_on for fact in published(InstallReported)] == ["2026-12-07"]


class TestAReportBeforeTheAnswer:
    def test_confirms_what_is_in_doubt(self, system, vendor, request_id):
        vendor.faults(hang_up=1)
        submission = ask_for_work_order(system, request_id)
        deliver()

        (created,) = vendor.events_about(request_id)
        post(system, vendor, created)

        submission.refresh_from_db()
        assert submission.status == SubmissionStatus.CONFIRMED
        assert len(published(WorkOrderConfirmed)) == 1

    def test_is_kept_until_the_work_order_is_known(self, system, vendor, request_id):
        document = vendor.call(
            "POST",
            "/workOrder",
            json={"externalId": request_id, "workOrderItem": [{"id": "1", "productOffering": {"id": "INT-300"}}]},
        )
        vendor.advance(document["id"], "completed")
        for event in vendor.events_about(request_id):
            assert post(system, vendor, event) == 202
        assert set(InboundFact.objects.values_list("outcome", flat=True)) == {FactOutcome.WAITING}

        submission = ask_for_work_order(system, request_id)
        services.apply_waiting_facts(submission.pk)

        submission.refresh_from_db()
        assert (submission.status, submission.external_id) == (SubmissionStatus.CONFIRMED, document["id"])
        assert [fact.lines for fact in published(InstallReported)] == [["1"]]
        assert not InboundFact.objects.filter(outcome=FactOutcome.WAITING).exists()

    def test_about_another_work_order_under_our_id_is_left_for_a_person(self, system, vendor, installed, request_id):
        event = vendor.events_about(request_id)[-1]
        event["event"]["workOrder"]["id"] = "WO-999999"

        post(system, vendor, event)

        assert InboundFact.objects.get().outcome == FactOutcome.WAITING
        assert published(InstallReported) == []


class TestPolling:
    def test_brings_what_no_webhook_brought(self, system, vendor, request_id):
        poll_from_here(system, vendor)
        ask_for_work_order(system, request_id)
        drain()
        vendor.advance(vendor.made_under(request_id)[0]["id"], "completed")

        poll_billing_systems()

        assert told(request_id)["lines"] == ["1", "2"]

    def test_and_webhooks_are_one_door(self, system, vendor, request_id):
        poll_from_here(system, vendor)
        ask_for_work_order(system, request_id)
        drain()
        vendor.advance(vendor.made_under(request_id)[0]["id"], "completed")
        for event in vendor.events_about(request_id):
            post(system, vendor, event)
        known = InboundFact.objects.count()

        assert services.poll_billing_system(system.pk) == 0

        assert InboundFact.objects.count() == known
        assert told(request_id)["lines"] == ["1", "2"]

    def test_goes_on_where_it_ended(self, system, vendor, request_id):
        poll_from_here(system, vendor)
        ask_for_work_order(system, request_id)
        drain()

        first = [services.poll_billing_system(system.pk) for _ in range(2)]
        vendor.advance(vendor.made_under(request_id)[0]["id"], "pending")
        second = services.poll_billing_system(system.pk)

        assert (first, second) == ([1, 0], 1)

    def test_notes_an_outage_and_goes_on_after_it(self, system, vendor, request_id):
        poll_from_here(system, vendor)
        ask_for_work_order(system, request_id)
        drain()
        vendor.faults(away_seconds=1000)
        services.poll_billing_system(system.pk)
        assert Polling.objects.get(billing_system=system).error == "HTTP 503"

        vendor.behave()
        assert services.poll_billing_system(system.pk) == 1

        assert Polling.objects.get(billing_system=system).error == ""

    def test_of_one_system_that_fails_is_noted_and_stops_no_other(self, system, vendor, request_id, settings):
        settings.BILLING_ADAPTERS = {**settings.BILLING_ADAPTERS, "gone": "integrations.gone.Adapter"}
        broken = make_billing_system(make_division(), code="a_first_one")
        BillingSystem.objects.filter(pk=broken.pk).update(adapter="gone")
        poll_from_here(system, vendor)
        ask_for_work_order(system, request_id)
        drain()
        vendor.advance(vendor.made_under(request_id)[0]["id"], "completed")

        poll_billing_systems()

        assert told(request_id)["lines"] == ["1", "2"]
        assert Polling.objects.get(billing_system=broken).error == "ModuleNotFoundError: see the log."

    @pytest.mark.parametrize(
        ("change", "trouble"),
        [
            ({"version": str(2**31)}, "out of bounds"),
            ({"version": "9" * 5000}, "ValueError"),
            ({"externalId": "half \ud83d"}, "cannot be kept"),
            ({"workOrderItem": [{"id": "1\0", "state": "completed"}]}, "cannot be kept"),
        ],
    )
    def test_keeps_what_no_column_can_hold_and_is_not_held_up_by_it(self, system, vendor, request_id, change, trouble):
        order = {"id": "WO-1", "externalId": request_id, "version": "1", "state": "completed", "workOrderItem": []}
        event = {"eventId": f"odd-{request_id}", "eventType": "WorkOrderCreateEvent", "eventTime": now().isoformat()}

        assert post(system, vendor, event | {"event": {"workOrder": order | change}}) == 202

        row = InboundFact.objects.get()
        assert row.outcome == FactOutcome.UNREADABLE
        assert trouble in row.trouble

    def test_keeps_what_cannot_be_read_and_is_not_held_up_by_it(self, system, vendor, request_id):
        event = {"eventId": f"odd-{request_id}", "eventType": "WorkOrderCreateEvent", "eventTime": now().isoformat()}

        assert post(system, vendor, event | {"event": {"workOrder": {"id": "WO-1"}}}) == 202

        row = InboundFact.objects.get()
        assert (row.outcome, row.trouble) == (FactOutcome.UNREADABLE, "KeyError('externalId')")


class TestBillingFacts:
    def test_are_published_once_each(self, system, vendor):
        poll_from_here(system, vendor)
        money = {"billingAccount": {"id": "A-1"}, "amount": {"unit": "USD", "value": "105.48"}}
        invoice = vendor.call("POST", "/_sandbox/invoice", json=money | {"dueDate": "2027-01-15"})
        receipt = vendor.call("POST", "/_sandbox/receipt", json=money)
        pays = money | {"invoice": {"id": invoice["id"]}, "receipt": {"id": receipt["id"]}}
        vendor.call("POST", "/_sandbox/receiptAllocation", json=pays)
        vendor.call("POST", "/_sandbox/receiptDeallocation", json=pays)

        for _time in range(2):
            services.poll_billing_system(system.pk)

        same = {
            "billing_system": system.code, "account_number": "A-1", "amount": "105.48", "currency": "USD",
        }  # fmt: skip
        day = today(system.division).isoformat()
        both = {"invoice_id": invoice["id"], "receipt_id": receipt["id"], "effective_on": day}
        assert published(InvoiceIssued, ReceiptRecorded, ReceiptAllocated, ReceiptDeallocated) == [
            InvoiceIssued(invoice_id=invoice["id"], due_date="2027-01-15", issued_on=day, tax="0.00", **same),
            ReceiptRecorded(receipt_id=receipt["id"], effective_on=day, **same),
            ReceiptAllocated(**both, **same),
            ReceiptDeallocated(**both, **same),
        ]

    def test_become_rows_of_what_the_vendors_people_do(self, system, vendor):
        poll_from_here(system, vendor)
        account = {"billingAccount": {"id": "A-7"}}
        amount, tax = ({"unit": "USD", "value": value} for value in ("110.00", "10.00"))
        bill = vendor.call(
            "POST", "/_sandbox/invoice", json=account | {"amount": amount, "taxAmount": tax, "dueDate": "2020-01-15"}
        )
        named = {"invoice": {"id": bill["id"]}}
        dated = {"effectiveDate": "2020-01-10"}
        paid = vendor.call(
            "POST", "/_sandbox/payment", json=named | {"amount": {"unit": "USD", "value": "80.00"}} | dated
        )
        vendor.call("POST", "/_sandbox/creditNote", json=named)
        vendor.call("POST", "/_sandbox/returnedPayment", json={"receiptAllocation": {"id": paid["id"]}})
        vendor.call("POST", "/_sandbox/ageing", json=account)
        vendor.call("POST", "/_sandbox/serviceStatus", json=account | {"status": "suspended"})
        vendor.call("POST", "/_sandbox/serviceStatus", json=account | {"status": "disconnected"})
        vendor.call("POST", "/_sandbox/accountClosure", json=account)

        services.poll_billing_system(system.pk)

        assert set(InboundFact.objects.values_list("outcome", flat=True)) == {FactOutcome.APPLIED}
        kept = Invoice.objects.get()
        assert (kept.amount, kept.tax, kept.due_on) == (Decimal(110), Decimal(10), date(2020, 1, 15))
        amounts = Allocation.objects.order_by("pk").values_list("source", "amount")
        assert list(amounts) == [("receipt", Decimal(80)), ("credit_note", Decimal(30)), ("receipt", Decimal(-80))]
        assert Allocation.objects.earliest("pk").effective_on == date(2020, 1, 10)
        balance = AgedBalance.objects.get()
        assert (balance.past_due, balance.oldest_due_on) == (Decimal(80), date(2020, 1, 15))
        statuses = ServiceStatusReport.objects.order_by("pk").values_list("status", flat=True)
        assert list(statuses) == ["suspended", "disconnected", "closed"]


class TestTheWebhooksDoor:
    def test_is_shut_for_a_wrong_signature(self, system, vendor, installed, request_id):
        event = vendor.events_about(request_id)[0]

        assert post(system, vendor, event, secret="guessed") == 401
        assert InboundFact.objects.count() == 0

    def test_is_shut_for_an_old_signature(self, system, vendor, installed, request_id):
        event = vendor.events_about(request_id)[0]

        assert post(system, vendor, event, age=timedelta(minutes=6)) == 401

    @pytest.mark.parametrize("second", ["", "9" * 400, "-1", "\u0661\u0662", "1e9", "1" * 13])
    def test_is_shut_for_what_is_no_time(self, system, vendor, second):
        headers = {"X-Webhook-Timestamp": second, "X-Webhook-Signature": "v1=any"}

        with pytest.raises(Forged, match="time"):
            services.receive_webhook(system.code, headers, b"{}")

    def test_is_shut_where_there_is_no_secret(self, system, vendor, installed, request_id, monkeypatch):
        monkeypatch.delenv(f"BILLING_{system.code.upper()}_WEBHOOK_SECRET")

        assert post(system, vendor, vendor.events_about(request_id)[0], secret="any") == 401

    def test_takes_either_secret_while_it_is_being_changed(self, system, vendor, installed, request_id, monkeypatch):
        monkeypatch.setenv(f"BILLING_{system.code.upper()}_WEBHOOK_SECRET", f"new,{vendor.secret}")

        event = vendor.events_about(request_id)[0]

        assert [post(system, vendor, event), post(system, vendor, event, secret="new")] == [202, 202]

    def test_knows_no_other_system(self, system, vendor, installed, request_id):
        system.code = "another"

        assert post(system, vendor, vendor.events_about(request_id)[0]) == 404

    @pytest.mark.parametrize("event", [[], "no", {}, {"eventId": "1"}, {"eventId": 1, "eventType": 2, "eventTime": 3}])
    def test_refuses_what_is_no_event(self, system, vendor, event):
        assert post(system, vendor, event) == 400

    def test_is_only_posted_to(self, system, client):
        assert client.get(f"/webhooks/billing/{system.code}").status_code == 405

    def test_is_found_by_the_vendor_itself(self, system, vendor, live_server, request_id):
        """The whole way: the vendor's own process posts, twice each and shuffled, to a real server."""
        callback = f"{live_server.url}/webhooks/billing/{system.code}"
        subscription = vendor.call("POST", "/hub", json={"callback": callback})
        vendor.faults(webhook_copies=1, webhook_shuffle=True)
        arrived = threading.Event()
        ask_for_work_order(system, request_id)
        drain()
        vendor.advance(vendor.made_under(request_id)[0]["id"], "completed")

        for _wait in itertools.takewhile(lambda _: told(request_id)["lines"] != ["1", "2"], range(100)):
            arrived.wait(0.1)
        vendor.call("DELETE", f"/hub/{subscription['id']}")

        assert told(request_id)["lines"] == ["1", "2"]
        assert InboundFact.objects.count() <= 4

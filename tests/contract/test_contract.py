"""docs/billing-contract.md, sentence by sentence, over HTTP against any server."""

import hashlib
import hmac
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.contract.conftest import window, work_order

REFUSAL = {"code", "reason", "status", "referenceError"}


def refusal_of(answer: httpx.Response) -> tuple[int, str]:
    assert answer.json().keys() >= REFUSAL
    return answer.status_code, answer.json()["code"]


class TestOneRequestIdOneEffect:
    def test_a_work_order_is_taken(self, server, request_id):
        answer = server.ask("workOrder", **work_order(request_id))

        assert answer.status_code == 201
        taken = answer.json()
        assert taken["id"]
        assert (taken["externalId"], taken["state"]) == (request_id, "acknowledged")
        assert [item["state"] for item in taken["workOrderItem"]] == ["acknowledged", "acknowledged"]
        assert taken["version"].isdecimal()

    def test_asked_again_it_is_the_same_one(self, server, request_id):
        first = server.ask("workOrder", **work_order(request_id))
        second = server.ask("workOrder", **work_order(request_id))

        assert (second.status_code, second.json()["id"]) == (200, first.json()["id"])
        assert len(server.found("workOrder", request_id)) == 1

    def test_asked_ten_times_at_once_it_is_the_same_one(self, server, request_id):
        with ThreadPoolExecutor(10) as threads:
            answers = list(threads.map(lambda _: server.ask("workOrder", **work_order(request_id)), range(10)))

        assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
        assert len({answer.json()["id"] for answer in answers}) == 1

    def test_asked_again_when_it_has_gone_on_it_is_the_same_one_as_it_is_now(self, server, request_id):
        first = server.ask("workOrder", **work_order(request_id)).json()
        server.ask(
            "changeWorkOrder", externalId=f"{request_id}-2", workOrder={"id": first["id"]}, appointment=window(9)
        )

        second = server.ask("workOrder", **work_order(request_id))

        assert (second.status_code, second.json()["id"]) == (200, first["id"])

    def test_other_content_under_one_id_is_refused(self, server, request_id):
        server.ask("workOrder", **work_order(request_id))

        answer = server.ask("workOrder", **work_order(request_id, codes=("INT-300",)))

        assert refusal_of(answer) == (409, "otherContent")
        assert len(server.found("workOrder", request_id)[0]["workOrderItem"]) == 2

    def test_nothing_is_remembered_of_a_refusal(self, server, request_id):
        refused = server.ask("workOrder", **work_order(request_id, codes=("NO-SUCH",)))
        assert refusal_of(refused) == (422, "unknownProduct")

        assert server.found("workOrder", request_id) == []
        assert server.ask("workOrder", **work_order(request_id)).status_code == 201

    @pytest.mark.parametrize("kind", ["workOrder", "changeWorkOrder", "cancelWorkOrder", "credit"])
    def test_every_request_needs_an_id(self, server, kind):
        assert refusal_of(server.ask(kind, workOrder={"id": "any"})) == (400, "missingExternalId")


class TestRefusals:
    def test_name_the_product_that_is_not_known(self, server, request_id):
        answer = server.ask("workOrder", **work_order(request_id, codes=("INT-300", "NO-SUCH")))

        assert refusal_of(answer) == (422, "unknownProduct")
        assert answer.json()["referenceError"] == "NO-SUCH"

    def test_of_a_work_order_without_items(self, server, request_id):
        assert refusal_of(server.ask("workOrder", **work_order(request_id, codes=()))) == (422, "noItems")

    @pytest.mark.parametrize("token", ["", "Bearer wrong", "Basic d3Jvbmc6"])
    @pytest.mark.parametrize(("method", "path"), [("POST", "/workOrder"), ("GET", "/event"), ("PUT", "/products")])
    def test_of_a_wrong_token(self, server, token, method, path):
        answer = httpx.request(method, server.url + path, headers={"Authorization": token}, json={})

        assert refusal_of(answer) == (401, "unauthorized")

    def test_of_what_is_not_json(self, server):
        assert refusal_of(server.http.post("/workOrder", content=b"{")) == (400, "invalidJson")


class TestLookingUp:
    def test_finds_nothing_where_nothing_was_asked(self, server, request_id):
        assert server.found("workOrder", request_id) == []

    def test_finds_a_document_by_its_id(self, server, request_id):
        taken = server.ask("workOrder", **work_order(request_id)).json()

        assert server.http.get(f"/workOrder/{taken['id']}").json()["externalId"] == request_id
        assert server.http.get("/workOrder/WO-none").status_code == 404

    @pytest.mark.parametrize("kind", ["changeWorkOrder", "cancelWorkOrder"])
    def test_finds_what_was_asked_about_a_work_order(self, server, request_id, kind):
        taken = server.ask("workOrder", **work_order(request_id)).json()
        about = {"externalId": f"{request_id}-2", "workOrder": {"id": taken["id"]}}

        asked = server.ask(kind, **about).json()

        assert [document["id"] for document in server.found(kind, f"{request_id}-2")] == [asked["id"]]


class TestChanges:
    def test_replace_what_they_name_and_leave_the_rest(self, server, request_id):
        taken = server.ask("workOrder", **work_order(request_id)).json()

        answer = server.ask(
            "changeWorkOrder", externalId=f"{request_id}-2", workOrder={"id": taken["id"]}, appointment=window(9)
        )

        assert answer.status_code == 201
        (changed,) = server.found("workOrder", request_id)
        assert (changed["appointment"], changed["place"]) == (window(9), taken["place"])
        assert int(changed["version"]) > int(taken["version"])

    def test_happen_once(self, server, request_id):
        taken = server.ask("workOrder", **work_order(request_id)).json()
        change = {"externalId": f"{request_id}-2", "workOrder": {"id": taken["id"]}, "appointment": window(9)}

        server.ask("changeWorkOrder", **change)
        version = server.found("workOrder", request_id)[0]["version"]
        again = server.ask("changeWorkOrder", **change)

        assert again.status_code == 200
        assert server.found("workOrder", request_id)[0]["version"] == version

    @pytest.mark.parametrize("kind", ["changeWorkOrder", "cancelWorkOrder"])
    def test_need_a_work_order(self, server, request_id, kind):
        answer = server.ask(kind, externalId=request_id, workOrder={"id": "WO-none"})

        assert refusal_of(answer) == (404, "unknownWorkOrder")

    def test_of_the_window_come_too_late_once_dispatched(self, server, request_id):
        taken = server.ask("workOrder", **work_order(request_id)).json()
        server.advance(taken["id"], "inProgress")

        answer = server.ask(
            "changeWorkOrder", externalId=f"{request_id}-2", workOrder={"id": taken["id"]}, appointment=window(9)
        )

        assert refusal_of(answer) == (422, "dispatched")


class TestCancellations:
    def test_close_the_work_order(self, server, request_id):
        taken = server.ask("workOrder", **work_order(request_id)).json()

        answer = server.ask(
            "cancelWorkOrder", externalId=f"{request_id}-x", workOrder={"id": taken["id"]}, cancellationReason="Moved"
        )

        assert answer.status_code == 201
        (cancelled,) = server.found("workOrder", request_id)
        assert (cancelled["state"], cancelled["cancellationReason"]) == ("cancelled", "Moved")

    def test_are_refused_for_what_is_closed(self, server, request_id):
        taken = server.ask("workOrder", **work_order(request_id)).json()
        server.ask("cancelWorkOrder", externalId=f"{request_id}-x", workOrder={"id": taken["id"]})

        answer = server.ask("cancelWorkOrder", externalId=f"{request_id}-y", workOrder={"id": taken["id"]})

        assert refusal_of(answer) == (422, "closed")

    def test_come_too_late_once_dispatched(self, server, request_id):
        taken = server.ask("workOrder", **work_order(request_id)).json()
        server.advance(taken["id"], "inProgress")

        answer = server.ask("cancelWorkOrder", externalId=f"{request_id}-x", workOrder={"id": taken["id"]})

        assert refusal_of(answer) == (422, "dispatched")
        assert server.found("workOrder", request_id)[0]["state"] == "inProgress"

    def test_of_items_leave_what_a_visit_has_installed(self, server, request_id):
        taken = server.ask("workOrder", **work_order(request_id)).json()
        first, second = (item["id"] for item in taken["workOrderItem"])
        about = {"workOrder": {"id": taken["id"]}, "cancellationReason": "No wire"}
        server.advance(taken["id"], "completed", items=[first])

        answers = [
            server.ask("cancelWorkOrder", externalId=f"{request_id}-{item}", workOrderItem=[{"id": item}], **about)
            for item in (first, "none-such", second)
        ]

        assert [refusal_of(answer) for answer in answers[:2]] == [(422, "closed"), (404, "unknownItem")]
        assert answers[2].status_code == 201
        (left,) = server.found("workOrder", request_id)
        assert (left["state"], [item["state"] for item in left["workOrderItem"]]) == (
            "partial",
            ["completed", "cancelled"],
        )


class TestCredits:
    def credit(self, request_id, value="5.00"):
        amount = {"unit": "USD", "value": value}
        return {"externalId": request_id, "billingAccount": {"id": "A-1"}, "amount": amount, "reason": "Goodwill"}

    def test_are_posted_once_and_read_back(self, server, request_id):
        first = server.ask("credit", **self.credit(request_id))
        second = server.ask("credit", **self.credit(request_id))

        assert (first.status_code, second.status_code) == (201, 200)
        (read,) = server.found("credit", request_id)
        assert (read["id"], read["amount"]) == (first.json()["id"], {"unit": "USD", "value": "5.00"})

    @pytest.mark.parametrize("value", ["0", "-5.00", "NaN", "much", ""])
    def test_are_above_zero(self, server, request_id, value):
        assert refusal_of(server.ask("credit", **self.credit(request_id, value))) == (422, "invalidAmount")


class TestEvents:
    def test_are_read_from_a_cursor_in_pages(self, server, request_id):
        cursor = server.last_cursor()
        taken = server.ask("workOrder", **work_order(request_id)).json()
        server.ask(
            "changeWorkOrder", externalId=f"{request_id}-2", workOrder={"id": taken["id"]}, appointment=window(9)
        )

        first = server.events(after=cursor, limit=1)
        second = server.events(after=first["cursor"], limit=1)
        nothing = server.events(after=second["cursor"])

        assert [page["more"] for page in (first, second, nothing)] == [True, False, False]
        (created,), (changed,) = first["event"], second["event"]
        assert (created["eventType"], changed["eventType"]) == (
            "WorkOrderCreateEvent",
            "WorkOrderAttributeValueChangeEvent",
        )
        assert created["event"]["workOrder"]["externalId"] == request_id
        assert changed["event"]["workOrder"]["appointment"] == window(9)
        assert int(changed["event"]["workOrder"]["version"]) > int(created["event"]["workOrder"]["version"])
        assert (nothing["event"], nothing["cursor"]) == ([], second["cursor"])

    def test_are_the_same_when_read_again(self, server, request_id):
        cursor = server.last_cursor()
        server.ask("workOrder", **work_order(request_id))

        assert server.events(after=cursor) == server.events(after=cursor)

    def test_tell_each_step_of_an_installation_line_by_line(self, server, request_id):
        taken = server.ask("workOrder", **work_order(request_id)).json()
        cursor = server.last_cursor()
        for state, items in (("pending", []), ("inProgress", []), ("completed", ["2"]), ("completed", ["1"])):
            server.advance(taken["id"], state, items=items)

        seen = [event["event"]["workOrder"] for event in server.events(after=cursor)["event"]]

        assert [work_order["state"] for work_order in seen] == ["pending", "inProgress", "inProgress", "completed"]
        assert [[item["state"] for item in work_order["workOrderItem"]] for work_order in seen] == [
            ["pending", "pending"],
            ["inProgress", "inProgress"],
            ["inProgress", "completed"],
            ["completed", "completed"],
        ]
        assert all("completionDate" in item for item in seen[-1]["workOrderItem"])

    def test_tell_of_a_failure_with_its_reason(self, server, request_id):
        taken = server.ask("workOrder", **work_order(request_id)).json()
        cursor = server.last_cursor()
        server.advance(taken["id"], "failed", items=["2"], reason="No line of sight")
        server.advance(taken["id"], "completed")

        last = server.events(after=cursor)["event"][-1]["event"]["workOrder"]

        assert (last["state"], [item["state"] for item in last["workOrderItem"]]) == (
            "partial",
            ["completed", "failed"],
        )
        assert last["note"][-1] == {"author": "dispatch", "text": "No line of sight"}

    def test_need_a_cursor_that_was_given_out(self, server):
        assert refusal_of(server.http.get("/event", params={"after": "yesterday"})) == (400, "invalidCursor")


class TestWhatIsToldOfAccounts:
    ACCOUNT = {"billingAccount": {"id": "A-1"}}  # noqa: RUF012  # read only

    def told(self, server, what, **document):
        """Play something, and return the events that it causes: kind, key and resource."""
        cursor = server.last_cursor()
        played = server.play(what, **self.ACCOUNT | document)
        events = server.events(after=cursor)["event"]
        return played, [(event["eventType"], *event["event"].items()) for event in events]

    def money(self, value="105.48"):
        return {"amount": {"unit": "USD", "value": value}}

    def test_of_a_credit_names_our_request(self, server, request_id):
        cursor = server.last_cursor()
        posted = server.ask("credit", externalId=request_id, **self.ACCOUNT, **self.money("5.00"), reason="x").json()

        (event,) = server.events(after=cursor)["event"]

        assert event["eventType"] == "CreditCreateEvent"
        credit = event["event"]["credit"]
        assert (credit["id"], credit["externalId"], credit["amount"]["value"]) == (posted["id"], request_id, "5.00")

    def test_of_a_bill_with_its_tax_and_dates(self, server):
        dates = {"billDate": "2027-01-01", "dueDate": "2027-01-15"}
        tax = {"taxAmount": {"unit": "USD", "value": "5.48"}}

        invoice, events = self.told(server, "invoice", **self.money(), **tax, **dates)

        assert events == [("InvoiceCreateEvent", ("invoice", invoice))]
        assert invoice["id"]
        assert {**dates, **tax, **self.money(), **self.ACCOUNT}.items() <= invoice.items()

    @pytest.mark.parametrize(
        ("kind", "source"),
        [
            ("receiptAllocation", "receipt"),
            ("receiptDeallocation", "receipt"),
            ("creditNoteAllocation", "creditNote"),
            ("creditNoteDeallocation", "creditNote"),
        ],
    )
    def test_of_what_pays_a_bill_and_no_longer_does(self, server, kind, source):
        names = {"invoice": {"id": "INV-1"}, source: {"id": "S-1"}, "effectiveDate": "2027-01-10"}

        document, events = self.told(server, kind, **self.money("70.00"), **names)

        assert events == [(f"{kind[0].upper()}{kind[1:]}CreateEvent", (kind, document))]
        assert {**names, **self.money("70.00"), **self.ACCOUNT}.items() <= document.items()

    @pytest.mark.parametrize("status", ["active", "suspended", "disconnected"])
    def test_of_the_service(self, server, status):
        document, events = self.told(server, "serviceStatus", status=status, effectiveDate="2027-02-01")

        assert events == [("ServiceStatusChangeEvent", ("serviceStatus", document))]
        assert (document["status"], document["effectiveDate"]) == (status, "2027-02-01")

    def test_of_a_closed_account(self, server):
        document, events = self.told(server, "accountClosure")

        assert events == [("AccountCloseEvent", ("accountClosure", document))]
        assert document["billingAccount"] == {"id": "A-1"}

    @pytest.mark.parametrize(("value", "since"), [("105.48", {"oldestDueDate": "2027-01-15"}), ("0.00", {})])
    def test_of_what_is_past_due(self, server, value, since):
        past_due = {"pastDueAmount": {"unit": "USD", "value": value}, **since}

        document, events = self.told(server, "agedBalance", **past_due)

        assert events == [("AgedBalanceChangeEvent", ("agedBalance", document))]
        assert past_due.items() <= document.items()

    def test_of_a_payment_that_is_returned(self, server):
        invoice = server.play("invoice", **self.ACCOUNT, **self.money())

        paid, payment = self.told(server, "payment", invoice={"id": invoice["id"]})
        returned, return_of_it = self.told(server, "returnedPayment", receiptAllocation={"id": paid["id"]})

        assert [event[0] for event in payment] == ["ReceiptCreateEvent", "ReceiptAllocationCreateEvent"]
        assert paid["amount"] == returned["amount"] == self.money()["amount"]
        assert return_of_it == [("ReceiptDeallocationCreateEvent", ("receiptDeallocation", returned))]
        assert (returned["invoice"], returned["receipt"]) == (paid["invoice"], paid["receipt"])


class TestWebhooks:
    @pytest.fixture
    def subscription(self, server, listener):
        if not server.webhook_secret:
            pytest.skip("BILLING_WEBHOOK_SECRET is not set.")
        subscription = server.http.post("/hub", json={"callback": listener.url}).json()
        yield subscription
        server.http.delete(f"/hub/{subscription['id']}")

    def wait_for(self, listener, request_id):
        for _tenth in range(150):
            for headers, body in listener.received:
                if request_id.encode() in body:
                    return headers, body
            time.sleep(0.1)
        raise AssertionError("No webhook came within 15 seconds.")

    def test_are_signed_and_hold_the_event(self, server, listener, subscription, request_id):
        cursor = server.last_cursor()
        server.ask("workOrder", **work_order(request_id))

        headers, body = self.wait_for(listener, request_id)

        stamp = headers["X-Webhook-Timestamp"]
        expected = hmac.new(server.webhook_secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        assert headers["X-Webhook-Signature"] == f"v1={expected}"
        assert listener.bodies() == server.events(after=cursor)["event"]

    def test_are_sent_again_until_taken(self, server, listener, subscription, request_id):
        listener.refuse = 2

        server.ask("workOrder", **work_order(request_id))

        self.wait_for(listener, request_id)
        assert listener.refused == 2

    def test_of_one_address_are_one_subscription(self, server, listener, subscription):
        again = server.http.post("/hub", json={"callback": listener.url})

        assert again.json()["id"] == subscription["id"]

    def test_end_with_the_subscription(self, server, listener, subscription, request_id):
        server.http.delete(f"/hub/{subscription['id']}")

        server.ask("workOrder", **work_order(request_id))

        time.sleep(0.5)
        assert listener.received == []


class TestProducts:
    def test_are_told_and_read_back(self, server, request_id):
        known = server.http.get("/products").json()
        server.http.put("/products", json=[*known, {"id": "NEW", "name": "New"}])

        taken = server.ask("workOrder", **work_order(request_id, codes=("NEW",)))

        server.http.put("/products", json=known)
        assert taken.status_code == 201
        assert server.http.get("/products").json() == known

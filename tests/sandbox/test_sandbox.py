"""The stand-in vendor keeps its word, and misbehaves exactly as told."""

import json
import signal
import time

import httpx
import pytest

from integrations.tmf_billing.translation import READERS
from sandbox.billing.accounts import EVENTS
from tests.contract.conftest import listener, work_order  # noqa: F401  # the fixture of the contract's tests
from tests.sandbox.process import Sandbox


@pytest.fixture
def sandbox(tmp_path):
    sandbox = Sandbox(tmp_path / "vendor", "--name", "North Billing")
    yield sandbox
    sandbox.end()


def ask(sandbox, request_id="r-1", **changes):
    return sandbox.http.post("/workOrder", json=work_order(request_id) | changes)


class TestItsMemory:
    def test_outlives_kill_9(self, sandbox):
        taken = ask(sandbox).json()
        sandbox.faults(webhook_copies=2)
        sandbox.advance(taken["id"], "pending")

        sandbox.end(signal.SIGKILL)
        sandbox.start()

        assert sandbox.made_under("r-1")[0]["state"] == "pending"
        assert ask(sandbox).status_code == 200
        assert sandbox.call("GET", "/_sandbox/faults")["webhook_copies"] == 2
        assert [event["eventType"] for event in sandbox.events_about("r-1")] == [
            "WorkOrderCreateEvent",
            "WorkOrderStateChangeEvent",
        ]

    def test_keeps_token_and_secret_to_its_owner(self, sandbox):
        for name in ("token", "webhook-secret"):
            assert (sandbox.folder / name).stat().st_mode & 0o077 == 0


class TestFaults:
    def test_fail_does_nothing(self, sandbox):
        sandbox.faults(fail=1)

        assert ask(sandbox).status_code == 500
        assert sandbox.made_under("r-1") == []

    def test_fail_after_commit_does_it_and_denies_it(self, sandbox):
        sandbox.faults(fail_after_commit=1)

        assert ask(sandbox).status_code == 500
        assert len(sandbox.made_under("r-1")) == 1

    def test_hang_up_does_it_and_breaks_off(self, sandbox):
        sandbox.faults(hang_up=1)

        with pytest.raises(httpx.RemoteProtocolError):
            ask(sandbox)
        assert len(sandbox.made_under("r-1")) == 1

    def test_away_lasts_as_long_as_the_clock_says(self, sandbox):
        sandbox.faults(away_seconds=3600)
        assert ask(sandbox).status_code == 503

        sandbox.clock.write_text('{"offset_seconds": 3601}')

        assert ask(sandbox).status_code == 201

    @pytest.mark.parametrize("fault", ["slow_seconds", "slow_answer_seconds"])
    def test_slow_takes_its_time(self, sandbox, fault):
        sandbox.faults(**{fault: 0.4})
        began = time.monotonic()

        ask(sandbox)

        assert time.monotonic() - began >= 0.4

    def test_forgotten_request_ids_do_the_harm(self, sandbox):
        sandbox.faults(forget_request_ids=True)

        assert [ask(sandbox).status_code for _ in range(2)] == [201, 201]
        assert len(sandbox.made_under("r-1")) == 2

    def test_strike_as_often_as_said(self, sandbox):
        sandbox.faults(fail=2)

        assert [ask(sandbox).status_code for _ in range(3)] == [500, 500, 201]

    def test_that_are_unknown_are_refused(self, sandbox):
        answer = sandbox.http.put("/_sandbox/faults", json={"explode": 1})

        assert (answer.status_code, answer.json()["reason"]) == (400, "no such fault: explode")

    @pytest.mark.parametrize(("fault", "copies"), [({"webhook_copies": 2}, 3), ({"webhook_drop": 1}, 0)])
    def test_of_webhooks(self, sandbox, listener, fault, copies):  # noqa: F811
        sandbox.call("POST", "/hub", json={"callback": listener.url})
        sandbox.faults(**fault)

        ask(sandbox)

        time.sleep(1)
        assert len(listener.received) == copies

    def test_that_shuffle_change_the_order_and_nothing_else(self, sandbox, listener):  # noqa: F811
        sandbox.call("POST", "/hub", json={"callback": listener.url})
        sandbox.faults(webhook_shuffle=True)
        names = [f"r-{number}" for number in range(12)]
        for name in names:
            ask(sandbox, name)

        for _tenth in range(50):
            if len(listener.received) == 12:
                break
            time.sleep(0.1)

        arrived = [body["event"]["workOrder"]["externalId"] for body in listener.bodies()]
        assert sorted(arrived) == sorted(names)
        assert arrived != names


class TestItsPage:
    def press(self, sandbox, **form):
        return sandbox.http.post("/", data=form, follow_redirects=True).text

    def test_shows_work_orders_and_moves_them(self, sandbox):
        taken = ask(sandbox, relatedParty=[{"name": "<b>Casey</b>"}]).json()

        page = sandbox.http.get("/").text
        assert "North Billing" in page
        assert "&lt;b&gt;Casey&lt;/b&gt;" in page

        for button, said in (
            ("Schedule", "scheduled"), ("Dispatch", "dispatched"), ("Install", "installed"),
        ):  # fmt: skip
            assert f"{taken['id']} is {said}." in self.press(sandbox, action=button, work_order=taken["id"])

    def test_says_what_is_refused(self, sandbox):
        taken = ask(sandbox).json()
        self.press(sandbox, action="Install", work_order=taken["id"])

        assert "The work order is closed." in self.press(sandbox, action="Fail", work_order=taken["id"])

    def test_takes_nobody_back(self, sandbox):
        taken = ask(sandbox).json()
        self.press(sandbox, action="Dispatch", work_order=taken["id"])

        assert "It is further on already." in self.press(sandbox, action="Schedule", work_order=taken["id"])

    def test_bills_an_account_and_takes_its_money(self, sandbox):
        page = self.press(sandbox, action="invoice", account="A-1", amount="55.48", tax="5.48", dueDate="2027-01-15")
        assert "INV-000001: 55.48 USD due 2027-01-15" in page
        assert "55.48 open" in page

        page = self.press(sandbox, action="pay", invoice="INV-000001", amount="50.00", effective="2027-01-10")
        assert "50.00 is paid on INV-000001." in page
        assert "5.48 open" in page

        page = self.press(sandbox, action="credit", invoice="INV-000001")
        assert "A credit note pays 5.48 of INV-000001." in page
        assert "Nothing is open on this invoice." in self.press(sandbox, action="pay", invoice="INV-000001")

        page = self.press(sandbox, action="take-back", allocation="RA-000001", kind="receiptAllocation")
        assert "50.00 is taken back from INV-000001." in page
        assert "50.00 open" in page
        again = self.press(sandbox, action="take-back", allocation="RA-000001", kind="receiptAllocation")
        assert "It was taken back before." in again

    def test_says_of_an_account_whether_it_is_served(self, sandbox):
        self.press(sandbox, action="invoice", account="A-1", amount="55.48", dueDate="2027-01-15")

        for action, said in (
            ("suspend", "suspended"), ("restore", "active"), ("disconnect", "disconnected"), ("close", "closed"),
        ):  # fmt: skip
            page = self.press(sandbox, action=action, account="A-1", effective="2027-02-01")
            assert f"Account A-1 is {said}." in page
            assert f'<span class="state {said}">{said}</span>' in page

    @pytest.mark.parametrize(
        ("form", "said"),
        [
            ({"action": "invoice", "account": "A-1", "amount": "0"}, "The amount must be above zero."),
            ({"action": "invoice", "account": "A-1", "amount": "1.005"}, "An amount has at most two decimals"),
            ({"action": "invoice", "account": "", "amount": "5"}, "Name the billing account."),
            ({"action": "invoice", "account": "A-1", "amount": "5", "dueDate": "soon"}, "A date is written as"),
            ({"action": "invoice", "account": "A-1", "amount": "5", "tax": "6"}, "The tax is more than the amount"),
            ({"action": "pay", "invoice": "INV-9"}, "No such invoice."),
        ],
    )
    def test_refuses_what_the_contract_forbids(self, sandbox, form, said):
        assert said in self.press(sandbox, **form)

    def test_switches_faults(self, sandbox):
        self.press(sandbox, action="faults", fail="3", away_seconds="60", webhook_shuffle="on")
        faults = sandbox.call("GET", "/_sandbox/faults")
        assert (faults["fail"], faults["webhook_shuffle"], bool(faults["away_until"])) == (3, True, True)

        self.press(sandbox, action="clear")
        assert sandbox.call("GET", "/_sandbox/faults")["fail"] == 0

    def test_tells_the_time_of_the_shared_clock(self, sandbox):
        sandbox.clock.write_text(json.dumps({"offset_seconds": 10 * 365 * 24 * 3600}))

        assert " 2036," in sandbox.http.get("/").text


class TestHostileInput:
    @pytest.mark.parametrize("body", [b"\xff\xfe", b"[]", b"null", b'"text"', b"{" * 5000, b'{"workOrderItem": 7}'])
    def test_is_answered_and_survived(self, sandbox, body):
        assert sandbox.http.post("/workOrder", content=body).status_code == 400
        assert ask(sandbox).status_code == 201

    def test_of_any_length_is_cut_short(self, sandbox):
        assert sandbox.http.post("/workOrder", content=b" " * 1_000_001).status_code == 413


def test_it_tells_everything_that_we_read():
    assert {*EVENTS, "workOrder", "credit"} == set(READERS)


class TestAgeing:
    def test_tells_what_is_past_due_when_it_changes(self, sandbox):
        def travel(days: int) -> None:
            sandbox.clock.write_text(json.dumps({"offset_seconds": days * 24 * 3600}))

        def age() -> list[tuple[str, str | None]]:
            told = sandbox.call("POST", "/_sandbox/ageing", json={})
            return [(one["pastDueAmount"]["value"], one.get("oldestDueDate")) for one in told]

        day = sandbox.call("POST", "/_sandbox/receipt", json=money("A-2", "1.00"))["date"][:10]
        invoice = sandbox.call("POST", "/_sandbox/invoice", json=money("A-1", "55.48") | {"dueDate": day})
        on_the_day = age()

        travel(1)
        a_day_later, once_more = age(), age()
        sandbox.call("POST", "/_sandbox/payment", json={"invoice": {"id": invoice["id"]}})

        assert (on_the_day, a_day_later, once_more, age()) == ([], [("55.48", day)], [], [("0.00", None)])


def money(account: str, value: str) -> dict[str, object]:
    return {"billingAccount": {"id": account}, "amount": {"unit": "USD", "value": value}}

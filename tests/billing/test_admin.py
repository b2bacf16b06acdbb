"""What an operator sets up, sees, and presses."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing.models import BillingSystem, Submission
from billing.ports import Unavailable
from billing.queries import submissions_visible_to
from billing.services import port_of
from billing.states import SubmissionStatus
from billing.testing import make_billing_system, make_work_order
from foundation.divisions.testing import make_division
from foundation.events.testing import drain
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from tests.billing.asking import ask_for_work_order, deliver

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def operator(system):
    return make_person(Role.OPERATOR, system.division)


@pytest.fixture
def browser(client, operator):
    return sign_in(client, operator)


@pytest.fixture
def unknown(system, vendor, request_id) -> Submission:
    vendor.faults(hang_up=1)
    submission = ask_for_work_order(system, request_id)
    deliver()
    return submission


def address(name: str, row) -> str:
    return reverse(f"admin:billing_{row._meta.model_name}_{name}", args=[row.pk])


class TestBillingSystems:
    def test_are_set_up(self, browser, system, monkeypatch):
        monkeypatch.setenv("BILLING_SECOND_URL", "https://billing.example.com")
        answer = browser.post(
            reverse("admin:billing_billingsystem_add"),
            {
                "code": "second", "name": "Second", "division": system.division.pk, "adapter": "tmf",
                "base_url": "https://billing.example.com/api", "is_active": "on",
                "polling-TOTAL_FORMS": 0, "polling-INITIAL_FORMS": 0,
            },
        )  # fmt: skip

        assert answer.status_code == 302
        assert BillingSystem.objects.get(code="second").adapter == "tmf"

    @pytest.mark.parametrize(
        "wrong",
        [
            {"adapter": "ftp"},
            {"code": "A B"},
            {"base_url": "file:///etc/passwd"},
            {"base_url": "https://billing.example.com.attacker.example/api"},
            {"base_url": "https://billing.example.com@attacker.example/api"},
            {"base_url": "https://billing.example.com:444/api"},
            {"base_url": "http://billing.example.com/api"},
            {"base_url": "https://billing.example.com/api/../other"},
            {"base_url": "https://billing.example.com/other"},
            {"code": "third"},
        ],
    )
    def test_are_refused_where_something_is_wrong(self, browser, system, monkeypatch, wrong):
        monkeypatch.setenv("BILLING_SECOND_URL", "https://billing.example.com/api/")
        browser.post(
            reverse("admin:billing_billingsystem_add"),
            {
                "code": "second", "name": "Second", "division": system.division.pk, "adapter": "tmf",
                "base_url": "https://billing.example.com/api",
                "polling-TOTAL_FORMS": 0, "polling-INITIAL_FORMS": 0, **wrong,
            },
        )  # fmt: skip

        assert list(BillingSystem.objects.all()) == [system]

    def test_say_whether_they_answer(self, browser, system, vendor):
        check = address("check", system)

        assert f"{system} answers." in browser.post(check, follow=True).content.decode()

        vendor.faults(away_seconds=1000)
        assert "does not answer at this address" in browser.post(check, follow=True).content.decode()

    def test_are_not_spoken_to_at_another_address_than_the_token_is_for(self, browser, system, vendor):
        BillingSystem.objects.update(base_url=f"{vendor.url}@attacker.example")
        with pytest.raises(Unavailable, match="_URL names another address"):
            port_of(BillingSystem.objects.get())

        said = browser.post(address("check", system), follow=True).content.decode()

        assert "does not answer at this address" in said

    def test_are_not_asked_by_a_mere_look(self, browser, system):
        assert browser.get(address("check", system)).status_code == 404

    def test_of_other_divisions_are_not_found(self, client, system):
        stranger = make_person(Role.OPERATOR, make_division())

        assert sign_in(client, stranger).post(address("check", system)).status_code == 404


class TestSubmissions:
    def test_are_shown_with_what_can_be_done(self, browser, unknown):
        page = browser.get(address("change", unknown)).content.decode()

        assert unknown.request_id in page
        assert address("resend", unknown) in page
        assert address("settle", unknown) in page

    def test_are_settled(self, browser, unknown, operator):
        settle = address("settle", unknown)
        assert browser.get(settle).status_code == 200

        answer = browser.post(settle, {"outcome": "confirmed", "external_id": "WO-5", "reason": "They said so"})

        assert answer.status_code == 302
        unknown.refresh_from_db()
        assert (unknown.status, unknown.settled_by) == (SubmissionStatus.CONFIRMED, operator)

    def test_say_what_is_missing(self, browser, unknown):
        answer = browser.post(address("settle", unknown), {"outcome": "confirmed", "reason": "They said so"})

        assert "Give the vendor" in answer.content.decode()
        unknown.refresh_from_db()
        assert unknown.status == SubmissionStatus.UNKNOWN

    def test_are_sent_again(self, browser, system, vendor, request_id):
        refused = ask_for_work_order(system, request_id, work_order=make_work_order(codes=("NO-SUCH",)))
        drain()

        answer = browser.post(address("resend", refused), {"reason": "Try again"})

        assert answer.status_code == 302
        refused.refresh_from_db()
        assert (refused.status, refused.settled_reason) == (SubmissionStatus.PENDING, "Try again")

    @pytest.mark.parametrize("move", ["resend", "settle"])
    def test_are_looked_at_by_auditors_and_not_moved(self, client, unknown, system, move):
        browser = sign_in(client, make_person(Role.AUDITOR, system.division))

        assert browser.get(address("change", unknown)).status_code == 200
        assert browser.post(address(move, unknown), {"reason": "x", "outcome": "refused"}).status_code == 404
        assert Submission.objects.get().status == SubmissionStatus.UNKNOWN

    @pytest.mark.parametrize("move", ["change", "resend", "settle"])
    def test_of_other_divisions_are_not_found(self, client, unknown, move):
        browser = sign_in(client, make_person(Role.OPERATOR, make_division()))

        assert browser.get(address(move, unknown)).status_code in {302, 404}
        assert unknown.request_id not in browser.get(address(move, unknown), follow=True).content.decode()

    def test_are_listed_with_as_many_queries_for_fifty_as_for_one(self, browser, system):
        def queries() -> int:
            with CaptureQueriesContext(
                connection,
            ) as captured:
                assert browser.get(reverse("admin:billing_submission_changelist")).status_code == 200
            return len(captured)

        ask_for_work_order(system, "first")
        queries()  # what is read once in a process
        for_one = queries()
        for number in range(49):
            ask_for_work_order(system, f"more-{number}")

        assert queries() == for_one

    def test_that_need_a_person_are_found(self, browser, system, vendor, request_id):
        ask_for_work_order(system, request_id, work_order=make_work_order(codes=("NO-SUCH",)))
        drain()
        ask_for_work_order(system, f"{request_id}-fine")

        page = browser.get(reverse("admin:billing_submission_changelist"), {"needs_a_person": "yes"}).content.decode()

        assert f">{request_id}<" in page
        assert f"{request_id}-fine" not in page


class TestWhoSeesWhat:
    def test_is_decided_by_the_division(self, system, request_id):
        mine = ask_for_work_order(system, request_id)
        other = make_billing_system(make_division())
        ask_for_work_order(other, f"{request_id}-other")
        above = make_person(Role.CSR, system.division)

        assert list(submissions_visible_to(above)) == [mine]

    def test_is_nothing_for_customers(self, system, request_id):
        ask_for_work_order(system, request_id)

        assert not submissions_visible_to(make_person(Role.CUSTOMER, system.division)).exists()

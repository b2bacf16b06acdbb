"""Each page of the desk, for each role, on real rows; a stranger's rows do not exist."""

from datetime import UTC, datetime
from typing import NamedTuple

import pytest
from django.template import Context, Template
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from accounts.models import ContactDetails, Customer
from billing.models import Submission
from catalog.models import Campaign
from catalog.testing import make_campaign, make_package
from foundation.correspondence.models import Document, Message
from foundation.correspondence.services import Letter, queue_message
from foundation.divisions.fields import Texts
from foundation.divisions.settings import TIME_ZONE
from foundation.divisions.testing import put_value
from foundation.events.facts import FACTS
from foundation.events.models import Event
from foundation.jobs import services as jobs
from foundation.jobs.models import Job, JobError
from foundation.people.states import Role
from interfaces.desk.templatetags.desk import moment
from interfaces.desk.words import SENTENCES, say
from leads.models import Lead
from leads.testing import make_lead
from orders.models import Order
from orders.queries import appointment_window, lines_of, open_slots
from orders.services import correct_order, reschedule_order
from orders.states import OrderStatus
from orders.testing import Market, make_order

LISTS = ("orders", "leads", "submissions", "messages", "jobs")


class Rows(NamedTuple):
    """One row of each kind, all of one market."""

    order: Order
    customer: Customer
    submission: Submission
    lead: Lead
    message: Message
    document: Document
    job: Job


def make_rows(market: Market) -> Rows:
    order = make_order(OrderStatus.IN_PROGRESS, market)
    message = queue_message(
        Letter("Your order", "As text", "<p style='color:#123456'>As HTML</p>"),
        key=f"test:{order.pk}",
        kind="test",
        to="casey@people.example",
        language="en",
        division=market.division,
        subject=order,
    )
    document = Document.objects.create(
        subject_type="orders.order", subject_id=order.pk, kind="test", division=market.division, language="en",
        filename="order.pdf", content=b"%PDF-1.7",
    )  # fmt: skip
    jobs.KINDS.setdefault("test", jobs.Kind(lambda _job, chunk: jobs.ChunkResult(chunk.last)))
    job = jobs.start_job("test", title="An import", division=market.division, total=20, chunk_size=10, by=None)
    JobError.objects.create(job=job, row=3, column="zip", message="No ZIP code", raw="=cmd")
    submission = Submission.objects.get(subject_id=order.pk)
    return Rows(order, order.customer, submission, make_lead(market.division), message, document, job)


def addresses_of(rows: Rows) -> dict[str, str]:
    return {
        "order": reverse("desk:order", args=[rows.order.pk]),
        "order_offers": reverse("desk:order_offers", args=[rows.order.pk]),
        "customer": reverse("desk:customer", args=[rows.customer.pk]),
        "submission": reverse("desk:submission", args=[rows.submission.pk]),
        "lead": reverse("desk:lead", args=[rows.lead.pk]),
        "message": reverse("desk:message", args=[rows.message.pk]),
        "message_html": reverse("desk:message_html", args=[rows.message.pk]),
        "document": reverse("desk:document", args=[rows.document.pk]),
        "job": reverse("desk:job", args=[rows.job.pk]),
        "job_errors": reverse("desk:job_errors", args=[rows.job.pk]),
    }


ACTIONS = (
    "order_reschedule", "order_correct", "order_hold", "order_release", "order_reject", "order_cancel", "order_close",
    "order_close_remainder", "order_settle", "order_approve_cancellation", "order_refuse_cancellation", "submission_resend",
    "submission_settle", "message_again", "lead_assign", "lead_note", "lead_close", "lead_convert",
)  # fmt: skip


def action_addresses(rows: Rows) -> dict[str, str]:
    pages = {name: reverse(f"desk:{name}", args=[getattr(rows, name.split("_")[0]).pk]) for name in ACTIONS}
    consent = rows.customer.consents.get()
    return {**pages, "consent_withdraw": reverse("desk:consent_withdraw", args=[rows.customer.pk, consent.pk])}


class TestEveryPage:
    @pytest.mark.parametrize("role", [Role.CSR, Role.SUPERVISOR, Role.OPERATOR, Role.AUDITOR])
    def test_opens_for_staff_of_the_market(self, role, market, signed_in):
        rows = make_rows(market)
        client = signed_in(role, market.division)

        pages = {name: reverse(f"desk:{name}") for name in ("home", "search", "keys", *LISTS)} | addresses_of(rows)

        assert {name: client.get(address).status_code for name, address in pages.items()} == dict.fromkeys(pages, 200)

    def test_does_not_exist_for_staff_of_another_market(self, elsewhere, supervisor):
        rows = make_rows(elsewhere)

        pages = addresses_of(rows) | action_addresses(rows)

        assert {name: supervisor.get(address).status_code for name, address in pages.items()} == dict.fromkeys(
            pages, 404
        )

    def test_lists_nothing_of_another_market(self, market, elsewhere, supervisor):
        make_order(OrderStatus.HELD, market)
        rows = make_rows(elsewhere)
        markers = [rows.order.number, rows.lead.email, rows.message.to, rows.submission.request_id]

        for name in LISTS:
            for query in ("", "?export=csv"):
                page = supervisor.get(reverse(f"desk:{name}") + query).content.decode()
                assert [marker for marker in markers if marker in page] == []

    def test_leads_to_the_sign_in_who_is_nobody(self, market):
        for name in ("home", *LISTS):
            answer = Client().get(reverse(f"desk:{name}"))
            assert answer.status_code == 302
            assert answer.url.startswith(reverse("account_login"))

    @pytest.mark.parametrize("role", [Role.CUSTOMER, Role.PARTNER])
    def test_does_not_exist_for_the_public(self, role, market, signed_in):
        rows = make_rows(market)
        client = signed_in(role, market.division)

        for address in [reverse("desk:home"), *addresses_of(rows).values()]:
            assert client.get(address).status_code == 404

    def test_is_closed_to_a_role_without_the_permission(self, market, signed_in):
        client = signed_in(Role.FIELD_AGENT, market.division)

        assert client.get(reverse("desk:orders")).status_code == 200
        assert client.get(reverse("desk:leads")).status_code == 403
        assert client.get(reverse("desk:new_order")).status_code == 403


class TestEveryAction:
    def test_opens_for_a_supervisor(self, market, supervisor):
        addresses = action_addresses(make_rows(market))

        opened = {name: supervisor.get(address).status_code for name, address in addresses.items()}

        assert opened == dict.fromkeys(addresses, 200)

    def test_is_closed_to_an_auditor(self, market, signed_in):
        client = signed_in(Role.AUDITOR, market.division)

        for address in action_addresses(make_rows(market)).values():
            assert client.get(address).status_code == 403
            assert client.post(address).status_code == 403

    def test_on_a_submission_is_closed_to_a_csr(self, market, csr):
        addresses = action_addresses(make_rows(market))

        for name in ("submission_resend", "submission_settle"):
            assert csr.post(addresses[name], {"reason": "why not"}).status_code == 403


class TestOrderPage:
    def test_says_where_the_order_stands_with_all_about_it(self, market, csr):
        rows = make_rows(market)

        page = csr.get(reverse("desk:order", args=[rows.order.pk])).content.decode()

        quote = rows.order.quoted
        for expected in (
            rows.order.number, rows.order.address, quote.package_name, *(line.name for line in quote.lines),
            f"${quote.due_today:,.2f}", f"${quote.monthly:,.2f}", f"${quote.monthly_after:,.2f}", "Your order",
            "order.pdf", "The customer ordered", rows.customer.number,
        ):  # fmt: skip
            assert expected in page

    def test_offers_an_auditor_nothing_to_do(self, market, signed_in):
        order = make_order(OrderStatus.IN_PROGRESS, market)
        page = signed_in(Role.AUDITOR, market.division).get(reverse("desk:order", args=[order.pk]))

        assert page.context["doings"] == []

    @pytest.mark.parametrize("status", [status for status in OrderStatus if status != OrderStatus.DRAFT])
    def test_shows_an_order_in_any_state(self, status, market, csr):
        order = make_order(status, market)

        page = csr.get(reverse("desk:order", args=[order.pk]))

        assert page.status_code == 200
        assert order.get_status_display() in page.content.decode()

    def test_shows_a_cart_with_the_way_on(self, market, csr):
        order = make_order(OrderStatus.DRAFT, market)

        page = csr.get(reverse("desk:order", args=[order.pk])).content.decode()

        assert reverse("storefront:order", args=[order.token]) in page


class TestOffersPage:
    def test_says_why_a_package_is_not_offered(self, market, csr):
        criterion = {"fact": "answer.age", "kind": "number", "comparison": ">=", "values": ["65"]}
        rule = {"name": "Seniors", "criteria": [criterion | {"if_insufficient": "group_false"}]}
        make_package(market.division, "silver", eligibility=[rule])
        make_campaign(market.division, "for-seniors", packages=["silver"])
        order = make_order(market=market)

        answer = csr.get(reverse("desk:order_offers", args=[order.pk]))

        nodes = {one.package.code: one for node in answer.context["campaigns"] for one in node.packages}
        page = answer.content.decode()
        assert (nodes[market.package].is_offered, nodes["silver"].is_offered) == (True, False)
        assert ("Silver" in page, page.count(">not offered<"), page.count(">offered<")) == (True, 1, 1)
        assert escape(nodes["silver"].reasons[0].sentence) in page


class TestMessagePage:
    def test_shows_the_html_in_a_frame_that_may_do_nothing(self, market, csr):
        rows = make_rows(market)

        frame = csr.get(reverse("desk:message_html", args=[rows.message.pk]))

        assert frame["X-Frame-Options"] == "SAMEORIGIN"
        policy = frame["Content-Security-Policy"]
        for rule in (
            "default-src 'none'",
            "script-src 'none'",
            "form-action 'none'",
            "frame-ancestors 'self'",
            "sandbox",
        ):
            assert rule in policy


class TestJobPage:
    def test_gives_the_refused_rows_as_a_safe_file(self, market, csr):
        rows = make_rows(market)

        content = csr.get(reverse("desk:job_errors", args=[rows.job.pk])).content.decode("utf-8-sig")

        assert content.splitlines()[1] == '"3","zip","No ZIP code","\'=cmd"'

    def test_stops_what_runs(self, market, signed_in):
        rows = make_rows(market)
        operator = signed_in(Role.OPERATOR, market.division)

        operator.post(reverse("desk:job_cancel", args=[rows.job.pk]))

        assert Job.objects.get(pk=rows.job.pk).status == "cancelled"

    def test_lets_nobody_stop_it_who_may_not_import(self, market, csr):
        rows = make_rows(market)

        assert csr.post(reverse("desk:job_cancel", args=[rows.job.pk])).status_code == 403
        assert Job.objects.get(pk=rows.job.pk).status == "running"

    def test_goes_on_where_it_failed(self, market, signed_in):
        rows = make_rows(market)
        Job.objects.filter(pk=rows.job.pk).update(status="failed", problem="The disk is full.")
        operator = signed_in(Role.OPERATOR, market.division)

        assert "The disk is full." in operator.get(reverse("desk:job", args=[rows.job.pk])).content.decode()
        operator.post(reverse("desk:job_resume", args=[rows.job.pk]))

        assert Job.objects.get(pk=rows.job.pk).status == "running"


class TestHome:
    def test_leads_from_each_number_to_its_list(self, market, csr):
        make_order(OrderStatus.HELD, market)
        make_lead(market.division)

        figures = csr.get(reverse("desk:home")).context["figures"]

        numbers = {str(figure.label): figure.count.number for figure in figures}
        assert (numbers["On hold"], numbers["New leads"], numbers["Work order refused"]) == (1, 1, 0)
        for figure in figures:
            shown = csr.get(figure.url).context
            assert (shown["page"].count.number if "page" in shown else len(shown["waiting"])) == figure.count.number

    def test_says_in_small_where_nothing_waits(self, market, csr):
        make_order(OrderStatus.FAILED, market)

        large, small = csr.get(reverse("desk:home")).content.decode().split("Nothing waits here:")

        assert "Installation failed" in large
        assert "Work order unknown" not in large
        assert "Work order unknown" in small

    def test_asks_as_many_statements_with_many_rows_as_with_one(self, market, csr, django_assert_max_num_queries):
        for _ in range(3):
            make_order(OrderStatus.HELD, market)

        with django_assert_max_num_queries(30):
            csr.get(reverse("desk:home"))


class TestWords:
    def test_are_found_for_every_fact_of_orders_and_leads(self):
        apps = (
            *("orders.", "leads.", "billing.work_order", "billing.submission", "correspondence.", "accounts."),
            *("referrals.", "commissions."),
        )

        wordless = [name for name in FACTS if name.startswith(apps) and name not in SENTENCES]

        assert wordless == []

    def test_name_only_fields_that_their_facts_have(self):
        for name, sentence in SENTENCES.items():
            fields = dict.fromkeys(FACTS[name].__dataclass_fields__, "x")
            assert str(sentence) % fields


class TestMoment:
    AT = datetime(2026, 12, 1, 17, 30, tzinfo=UTC)

    def test_names_the_zone_of_its_division_where_several_are_listed(self, market):
        put_value(market.division, TIME_ZONE, "America/Denver")

        assert ">12/01/2026 10:30 a.m. MST<" in moment(self.AT, market.division, zone=True)
        assert ">12/01/2026 10:30 a.m.<" in moment(self.AT, market.division)

    def test_of_an_age_is_in_the_zone_of_its_division(self, market):
        put_value(market.division, TIME_ZONE, "America/Denver")

        page = Template("{% load desk %}{% age at division %}").render(
            Context({"at": self.AT, "division": market.division})
        )

        assert "10:30 a.m. MST" in page


class TestNames:
    def test_stand_for_the_codes_of_campaign_and_language(self, market, csr):
        order = make_order(OrderStatus.IN_PROGRESS, market)
        Campaign.objects.filter(division=market.division).update(code="spring", names=Texts(en="Spring Hello"))
        Order.objects.filter(pk=order.pk).update(campaign="spring")

        page = csr.get(reverse("desk:order", args=[order.pk])).content.decode()

        assert "Campaign: Spring Hello" in page
        assert "<dd>English</dd>" in page


class TestHistory:
    def said(self, client, order):
        events = client.get(reverse("desk:order", args=[order.pk])).context["events"]
        return [sentence for _event, sentence, _who in events]

    def test_says_from_which_appointment_to_which(self, market, csr):
        order = make_order(OrderStatus.IN_PROGRESS, market)
        zone, before = market.division.zone, order.appointment.slot
        slot = open_slots(market.division)[3]

        reschedule_order(order.pk, slot.pk, by=csr.person)

        windows = [appointment_window(one.starts_at, one.ends_at, zone) for one in (before, slot)]
        assert "The appointment was moved from {} to {}".format(*windows) in self.said(csr, order)

    def test_names_products_and_days_as_people_do(self, market, csr):
        order = make_order(OrderStatus.COMPLETED, market)
        codes = [line.product_id for line in lines_of(order)]

        installed = next(sentence for sentence in self.said(csr, order) if sentence.startswith("Installed: "))

        assert order.quoted.lines[0].name in installed
        assert not [code for code in codes if code in installed]

    def test_names_corrected_fields_in_words(self, market, csr):
        order = make_order(OrderStatus.IN_PROGRESS, market)
        contact = order.customer.contacts.get()
        details = ContactDetails.typed(
            name=contact.name, email=contact.email, phone=str(contact.phone), preferred_channel="phone"
        )

        correct_order(order.pk, details, note="Blue door.", by=csr.person)

        said = self.said(csr, order)
        assert "The order was corrected: how to reach them, note for the technician" in said

    def test_reads_a_fact_that_does_not_name_what_was_before(self, market):
        window = {"starts_at": "2026-12-01T17:00:00+00:00", "ends_at": "2026-12-01T19:00:00+00:00"}
        event = Event(name="orders.rescheduled", payload={"order_id": 1, **window}, division=market.division)

        assert say(event).startswith("The appointment was moved to Tuesday")

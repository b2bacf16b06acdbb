"""People who wait for service."""

import pytest

from accounts.models import AgreedText
from foundation.divisions.testing import make_division
from foundation.events.testing import published
from foundation.lifecycle import NotAllowed
from foundation.people.states import Role
from foundation.people.testing import make_person
from leads import services
from leads.events import LeadCaptured, LeadConverted
from leads.models import Lead
from leads.queries import LeadFilter, leads_matching, leads_visible_to
from leads.services import LeadDetails
from leads.states import MOVES, CloseReason, LeadStatus
from leads.testing import make_lead
from orders.models import Order
from orders.states import OrderStatus
from orders.testing import make_market
from territory.states import Outcome
from territory.testing import make_available, make_qualification
from tests.orders.racing import together


@pytest.fixture
def market(db):
    return make_market()


@pytest.fixture
def csr(market):
    return make_person(Role.CSR, market.division)


class TestCaptureLead:
    def test_keeps_who_where_and_what_they_agreed_to(self, market):
        lead = make_lead(market.division)

        assert (lead.division, lead.outcome, lead.status) == (market.division, Outcome.UNSERVICEABLE, LeadStatus.NEW)
        assert lead.address == lead.qualification.premises.label
        assert (lead.consent_version, lead.consent_text) == ("1", "Tell me when there is service.")
        assert published(LeadCaptured) == [LeadCaptured(lead_id=lead.pk, outcome="unserviceable")]

    def test_with_the_same_key_keeps_one(self, market):
        qualification = make_qualification(market.division)

        leads = [self.capture(qualification).pk for _twice in range(2)]

        assert leads[0] == leads[1]
        assert len(published(LeadCaptured)) == 1

    @pytest.mark.django_db(transaction=True)
    def test_twice_at_once_keeps_one(self):
        qualification = make_qualification(make_division())

        leads = together(*[lambda: self.capture(qualification).pk] * 2)

        assert leads[0] == leads[1] == Lead.objects.get().pk

    def capture(self, qualification):
        return services.capture_lead(
            key="form", qualification_id=qualification.pk, details=LeadDetails.typed(phone="202 555 0143"),
            agreed=AgreedText(kind="notify", text_version="1"), channel="web", language="en",
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("typed", "field"), [({}, "email"), ({"email": "robin"}, "email"), ({"phone": "5"}, "phone")]
    )
    def test_is_refused_where_nobody_can_be_reached(self, typed, field):
        with pytest.raises(NotAllowed) as refusal:
            LeadDetails.typed(**typed)

        assert refusal.value.field == field


class TestWorkingOnLeads:
    def test_assigned_contacted_noted_and_closed(self, market, csr):
        lead = make_lead(market.division)

        services.assign_lead(lead.pk, csr, by=csr)
        services.note_contact(lead.pk, "Will call back.", by=csr)
        services.add_note(lead.pk, "Has a dog.", by=csr)
        services.close_lead(lead.pk, CloseReason.NOT_INTERESTED, by=csr)

        lead.refresh_from_db()
        assert (lead.status, lead.assigned_to, lead.close_reason) == (LeadStatus.CLOSED, csr, "not_interested")
        assert [note.text for note in lead.notes.all()] == ["Has a dog.", "Will call back."]

    def test_closed_is_opened_again_by_assigning(self, market, csr):
        lead = make_lead(market.division)
        services.close_lead(lead.pk, CloseReason.NOT_REACHED, by=csr)

        services.assign_lead(lead.pk, csr, by=csr)

        lead.refresh_from_db()
        assert (lead.status, lead.close_reason) == (LeadStatus.ASSIGNED, "")

    def test_only_who_gives_out_work_assigns_to_others(self, market, csr):
        lead, other = make_lead(market.division), make_person(Role.CSR, market.division)

        with pytest.raises(NotAllowed) as refusal:
            services.assign_lead(lead.pk, other, by=csr)
        assert refusal.value.code == "not_permitted"

        services.assign_lead(lead.pk, other, by=make_person(Role.SUPERVISOR, market.division))
        lead.refresh_from_db()
        assert lead.assigned_to == other

    def test_nobody_is_assigned_who_does_not_work_there(self, market):
        supervisor = make_person(Role.SUPERVISOR, market.division)

        with pytest.raises(NotAllowed) as refusal:
            services.assign_lead(make_lead(market.division).pk, make_person(), by=supervisor)

        assert refusal.value.code == "wrong_person"

    @pytest.mark.parametrize(
        "act",
        [
            lambda lead, by: services.assign_lead(lead.pk, by, by=by),
            lambda lead, by: services.note_contact(lead.pk, "", by=by),
            lambda lead, by: services.add_note(lead.pk, "x", by=by),
            lambda lead, by: services.close_lead(lead.pk, CloseReason.DUPLICATE, by=by),
            lambda lead, by: services.convert_lead(lead.pk, by=by),
        ],
    )
    def test_is_refused_to_staff_of_other_divisions(self, market, act):
        with pytest.raises(NotAllowed) as refusal:
            act(make_lead(market.division), make_person(Role.CSR, make_division()))

        assert refusal.value.code == "not_permitted"

    def test_an_empty_note_is_refused(self, market, csr):
        with pytest.raises(NotAllowed) as refusal:
            services.add_note(make_lead(market.division).pk, " ", by=csr)

        assert refusal.value.code == "empty"


class TestConvertLead:
    def test_starts_an_order_once_there_is_service(self, market, csr):
        lead = make_lead(market.division)
        make_available(lead.qualification.premises)

        order = services.convert_lead(lead.pk, by=csr)

        lead.refresh_from_db()
        assert (lead.status, lead.order) == (LeadStatus.CONVERTED, order)
        assert (order.status, order.sold_by) == (OrderStatus.DRAFT, csr)
        assert published(LeadConverted) == [LeadConverted(lead_id=lead.pk, order_id=order.pk)]

    def test_is_refused_while_there_is_none(self, market, csr):
        lead = make_lead(market.division)

        with pytest.raises(NotAllowed) as refusal:
            services.convert_lead(lead.pk, by=csr)

        assert refusal.value.code == "not_orderable"
        lead.refresh_from_db()
        assert lead.status == LeadStatus.NEW

    @pytest.mark.django_db(transaction=True)
    def test_by_two_at_once_makes_one_order(self):
        market = make_market()
        lead, csr = make_lead(market.division), make_person(Role.CSR, market.division)
        make_available(lead.qualification.premises)

        outcomes = together(*[lambda: services.convert_lead(lead.pk, by=csr).pk] * 2)

        assert len([outcome for outcome in outcomes if isinstance(outcome, NotAllowed)]) == 1
        assert Order.objects.count() == 1

    def test_ends_the_lead(self, market, csr):
        lead = make_lead(market.division)
        make_available(lead.qualification.premises)
        services.convert_lead(lead.pk, by=csr)

        for act in (services.convert_lead, lambda pk, by: services.close_lead(pk, CloseReason.DUPLICATE, by=by)):
            with pytest.raises(NotAllowed):
                act(lead.pk, by=csr)
        assert LeadStatus.CONVERTED not in MOVES


class TestLeadsVisibleTo:
    def test_are_those_of_ones_divisions(self, market, csr):
        lead = make_lead(market.division)
        make_lead(make_division())

        assert list(leads_visible_to(csr)) == [lead]
        assert not leads_visible_to(make_person()).exists()

    def test_are_found_by_name_and_e_mail(self, market, csr):
        lead = make_lead(market.division, email="lee@people.example")
        make_lead(market.division)

        assert list(leads_matching(csr, LeadFilter(text="LEE@people.example"))) == [lead]
        assert list(leads_matching(csr, LeadFilter(text=lead.name))) == [lead]
        assert list(leads_matching(csr, LeadFilter(assigned_to=csr))) == []

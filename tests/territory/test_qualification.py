"""The answer to "can I have it here?", and everything that decides it."""

from datetime import UTC, date, datetime, timedelta
from typing import ClassVar

import pytest
import time_machine
from django.db import IntegrityError, transaction

from foundation.divisions.queries import one_configuration_version
from foundation.divisions.services import set_value
from foundation.events.testing import published
from foundation.lifecycle import NotAllowed
from foundation.people.states import Role
from foundation.people.testing import make_person
from territory import services
from territory.events import AvailabilityOverridden, PremisesCreated
from territory.models import AddressLookup, FamilyResult, Occupancy, Premises, Qualification
from territory.services import overall, qualify, requalify
from territory.settings import PREMISES_CREATION, QUALIFICATION_DAYS
from territory.states import AvailabilityStatus, LookupResult, Outcome, ProductFamily, Technology
from territory.testing import make_available, make_premises, make_qualification

NOON = datetime(2026, 11, 20, 17, tzinfo=UTC)
NETWORK = (ProductFamily.INTERNET, ProductFamily.VIDEO, ProductFamily.VOICE)


def check(premises: Premises) -> Qualification:
    return qualify(typed=premises.label, premises_id=premises.pk, division=premises.division, channel="web")


@pytest.mark.django_db
class TestOutcome:
    def test_is_qualified_with_technology_and_speeds(self, system):
        answer = make_qualification(system, "internet", down_mbps=1200, up_mbps=50, technology=Technology.HFC)

        assert answer.outcome == Outcome.QUALIFIED
        assert answer.family("internet") == FamilyResult("internet", Outcome.QUALIFIED, "hfc", 1200, 50)

    def test_is_alternate_where_only_a_stand_in_reaches(self, system):
        answer = make_qualification(
            system, "internet", status=AvailabilityStatus.UNSERVICEABLE, reason="No fiber here.",
            alternate_technology=Technology.FIXED_WIRELESS, alternate_down_mbps=100, alternate_up_mbps=20,
        )  # fmt: skip

        result = answer.family("internet")
        assert answer.outcome == Outcome.ALTERNATE
        assert (result.technology, result.down_mbps, result.reason) == ("fixed_wireless", 100, "No fiber here.")
        assert result.can_be_ordered

    def test_is_planned_until_its_date_and_qualified_from_then_on(self, system):
        premises = make_premises(system)
        make_available(premises, status=AvailabilityStatus.PLANNED, available_from=date(2026, 12, 1))

        with time_machine.travel(NOON, tick=False):
            before = check(premises)
        with time_machine.travel(NOON + timedelta(days=11), tick=False):
            after = check(premises)

        assert (before.outcome, before.family("internet").available_from) == (Outcome.PLANNED, date(2026, 12, 1))
        assert (after.outcome, after.family("internet").available_from) == (Outcome.QUALIFIED, None)

    def test_names_what_is_planned_beside_the_stand_in_of_today(self, system):
        answer = make_qualification(
            system, "internet", status=AvailabilityStatus.PLANNED, available_from=date(2099, 1, 1),
            alternate_technology=Technology.DSL, alternate_down_mbps=50, alternate_up_mbps=10,
        )  # fmt: skip

        result = answer.family("internet")
        assert (result.outcome, result.technology) == (Outcome.ALTERNATE, "dsl")
        assert (result.alternative.technology, result.alternative.available_from) == ("fibre", date(2099, 1, 1))

    @pytest.mark.parametrize("status", [AvailabilityStatus.UNSERVICEABLE, AvailabilityStatus.BLOCKED])
    def test_is_what_the_import_says(self, system, status):
        answer = make_qualification(system, status=status, reason="Because.")

        assert answer.outcome == status.value
        assert answer.family("internet").reason == "Because."

    def test_is_active_where_somebody_has_service(self, system):
        premises = make_premises(system)
        make_available(premises)
        services.record_occupancy(premises.pk, ["internet"], date(2026, 1, 1), "order 1")

        answer = check(premises)

        assert answer.outcome == Outcome.ACTIVE_SERVICE
        assert answer.family("video").outcome == Outcome.QUALIFIED

    def test_is_unknown_for_an_address_nobody_knows_and_one_nobody_surveyed(self, system):
        nowhere = qualify(typed="1 Nowhere Lane", premises_id=None, division=system, channel="web")
        unsurveyed = check(make_premises(system))

        assert (nowhere.outcome, nowhere.premises, nowhere.typed) == (Outcome.UNKNOWN, None, "1 Nowhere Lane")
        assert unsurveyed.outcome == Outcome.UNKNOWN
        assert {result.family for result in nowhere.families} == {*NETWORK}

    def test_of_a_family_that_the_survey_left_out_is_unserviceable(self, system):
        assert make_qualification(system, "internet").family("video").outcome == Outcome.UNSERVICEABLE

    def test_of_the_address_is_the_best_of_its_families(self):
        def results(*outcomes):
            return [FamilyResult("internet", outcome) for outcome in outcomes]

        assert overall(results(Outcome.UNSERVICEABLE, Outcome.PLANNED)) == Outcome.PLANNED
        assert overall(results(Outcome.QUALIFIED, Outcome.ACTIVE_SERVICE)) == Outcome.ACTIVE_SERVICE
        assert overall(results(Outcome.BLOCKED, Outcome.UNSERVICEABLE)) == Outcome.BLOCKED
        assert overall([]) == Outcome.UNKNOWN


@pytest.mark.django_db
class TestQualify:
    def test_takes_a_text_alone_only_if_it_can_mean_no_other(self, system):
        premises = make_premises(system, "123 Main Street", unit="4")
        make_premises(system, "123 Main Street", unit="5")
        make_available(premises)

        for typed, found in (
            ("123 Main St Apt 4, Rutland VT 05701", premises),
            ("123 Main St, Rutland VT 05701", None),
            ("123 Main St Apt 4", None),
            ("123 Mian St Apt 4, Rutland VT 05701", None),
        ):
            answer = qualify(typed=typed, premises_id=None, division=system, channel="web")
            assert answer.premises == found
            assert answer.outcome == (Outcome.QUALIFIED if found else Outcome.UNKNOWN)

    def test_refuses_a_premises_of_another_market(self, system, neighbour):
        elsewhere = make_premises(neighbour)

        with pytest.raises(NotAllowed, match="not in this market"):
            qualify(typed="", premises_id=elsewhere.pk, division=system, channel="web")
        with pytest.raises(NotAllowed):
            qualify(typed="", premises_id=999_999_999, division=system, channel="web")

    def test_belongs_to_the_division_of_the_premises(self, operator, system):
        premises = make_premises(system)

        assert qualify(typed="", premises_id=premises.pk, division=operator, channel="web").division == system

    def test_expires_after_the_days_of_the_division(self, system):
        set_value(system, QUALIFICATION_DAYS, 3)

        with time_machine.travel(NOON, tick=False):
            answer = make_qualification(system)

        assert not answer.is_expired(NOON + timedelta(days=3, seconds=-1))
        assert answer.is_expired(NOON + timedelta(days=3))

    def test_keeps_its_answer_and_a_new_one_tells_what_changed(self, system):
        old = make_qualification(system)
        make_available(old.premises, status=AvailabilityStatus.UNSERVICEABLE)

        new = requalify(old.pk)

        old.refresh_from_db()
        assert (old.outcome, new.outcome) == (Outcome.QUALIFIED, Outcome.UNSERVICEABLE)
        assert (new.premises, new.typed) == (old.premises, old.typed)
        assert new.key != old.key

    def test_asks_the_database_as_often_however_much_is_known(self, system, django_assert_num_queries):
        poor, rich = make_premises(system), make_premises(system)
        make_available(rich, *ProductFamily.values)
        by = make_person(Role.OPERATOR, system)
        for _ in range(5):
            services.override_availability(rich.pk, status="blocked", note="test", by=by)

        for premises in (poor, rich):
            with one_configuration_version():
                check(premises)  # remembers the configuration
                with django_assert_num_queries(7):
                    check(premises)


@pytest.mark.django_db
class TestLookUp:
    def test_is_recorded_with_what_came_of_it(self, system):
        make_premises(system, "123 Main Street")
        for unit in ("1", "2"):
            make_premises(system, "9 Oak Street", unit=unit)

        for typed in ("123 Main St, Rutland VT 05701", "9 Oak St, Rutland VT 05701", "123 Main", "nowhere " * 99):
            services.look_up_address(typed, division=system, channel="web")

        assert list(AddressLookup.objects.order_by("pk").values_list("result", "suggestions")) == [
            (LookupResult.EXACT, 1), (LookupResult.BUILDING, 1), (LookupResult.CANDIDATES, 1), (LookupResult.NOTHING, 0),
        ]  # fmt: skip


@pytest.mark.django_db
class TestOverride:
    @pytest.fixture
    def by(self, system):
        return make_person(Role.OPERATOR, system)

    def test_wins_over_the_import_for_this_address_alone(self, system, by):
        base, one, two = (make_premises(system, "9 Oak Street", unit=unit) for unit in ("", "1", "2"))
        for premises in (base, one, two):
            make_available(premises)

        override = services.override_availability(
            one.pk, status="blocked", note="Dispute with the owner", reason="Call us.", by=by
        )

        assert [check(premises).outcome for premises in (base, one, two)] == ["qualified", "blocked", "qualified"]
        assert check(one).family("voice").reason == "Call us."
        assert published(AvailabilityOverridden) == [AvailabilityOverridden(override_id=override.pk, status="blocked")]

    def test_of_all_units_leaves_the_building_own_address_alone(self, system, by):
        base, one, two = (make_premises(system, "9 Oak Street", unit=unit) for unit in ("", "1", "2"))
        for premises in (base, one, two):
            make_available(premises)

        services.override_availability(one.pk, status="unserviceable", note="No riser", all_units=True, by=by)
        services.override_availability(two.pk, status="available", note="Wired by hand", by=by)

        outcomes = [check(premises).outcome for premises in (base, one, two)]
        assert outcomes == ["qualified", "unserviceable", "qualified"]

    def test_can_force_what_the_import_refuses(self, system, by):
        premises = make_premises(system)
        make_available(premises, "internet", status=AvailabilityStatus.UNSERVICEABLE)

        services.override_availability(
            premises.pk,
            status="available",
            family="internet",
            technology="fixed_wireless",
            down_mbps=100,
            note="Tested",
            by=by,
        )

        assert check(premises).family("internet") == FamilyResult("internet", Outcome.QUALIFIED, "fixed_wireless", 100)

    def test_runs_out_and_can_be_lifted(self, system, by):
        premises = make_premises(system)
        make_available(premises)

        with time_machine.travel(NOON, tick=False) as clock:
            override = services.override_availability(
                premises.pk, status="blocked", note="Works", until=NOON + timedelta(hours=2), by=by
            )
            assert check(premises).outcome == Outcome.BLOCKED
            clock.shift(timedelta(hours=1))
            services.lift_override(override.pk, by=by)
            assert check(premises).outcome == Outcome.QUALIFIED
            with pytest.raises(NotAllowed):
                services.lift_override(override.pk, by=by)

    def test_needs_a_reason_a_unit_and_the_permission(self, system, neighbour, by):
        premises = make_premises(system)

        for refused in (
            {"note": " ", "by": by},
            {"note": "All", "by": by, "all_units": True},
            {"note": "Mine", "by": make_person(Role.CSR, system)},
            {"note": "Mine", "by": make_person(Role.OPERATOR, neighbour)},
        ):
            with pytest.raises(NotAllowed):
                services.override_availability(premises.pk, status="blocked", **refused)


@pytest.mark.django_db
class TestOccupancy:
    def test_is_recorded_once_however_often_it_is_told(self, system):
        premises = make_premises(system)

        for _ in range(2):
            services.record_occupancy(premises.pk, ["internet", "voice"], date(2026, 1, 1), "order 1")

        assert Occupancy.objects.count() == 2

    def test_refuses_a_second_service_until_the_first_has_ended(self, system):
        premises = make_premises(system)
        services.record_occupancy(premises.pk, ["internet"], date(2026, 1, 1), "order 1")

        with pytest.raises(NotAllowed):
            services.record_occupancy(premises.pk, ["internet", "voice"], date(2026, 2, 1), "order 2")
        services.end_occupancy(premises.pk, ["internet"], date(2026, 3, 1), "order 1")
        services.record_occupancy(premises.pk, ["internet", "voice"], date(2026, 3, 1), "order 2")

        assert Occupancy.objects.filter(until=None, reference="order 2").count() == 2

    def test_is_kept_single_by_the_database(self, system):
        premises = make_premises(system)
        services.record_occupancy(premises.pk, ["internet"], date(2026, 1, 1), "order 1")

        with pytest.raises(IntegrityError), transaction.atomic():
            Occupancy.objects.create(premises=premises, family="internet", since=date(2026, 2, 1), reference="order 2")


@pytest.mark.django_db
class TestCreatePremises:
    ADDRESS: ClassVar = {"street_line": "12 Birch Lane", "city": "Rutland", "state": "VT", "zip_code": "05701"}

    def test_is_refused_where_the_territory_is_predefined(self, system):
        with pytest.raises(NotAllowed, match="cannot be added"):
            services.create_premises(division=system, **self.ADDRESS, by=None)

    def test_adds_an_address_once_which_the_search_then_finds(self, system):
        set_value(system, PREMISES_CREATION, value=True)

        added = services.create_premises(division=system, **self.ADDRESS, by=None)
        again = services.create_premises(division=system, **self.ADDRESS | {"street_line": "12 BIRCH LN."}, by=None)

        assert added == again
        assert published(PremisesCreated) == [PremisesCreated(premises_id=added.pk)]
        found = services.look_up_address("12 Brich Lane, Rutland", division=system, channel="desk")
        assert found.candidates[0].premises_id == added.pk
        assert check(added).outcome == Outcome.UNKNOWN

    @pytest.mark.parametrize("street_line", ["12 Birch Lane", "12 birch ln", "12 Birch"])
    def test_leaves_to_a_neighbour_what_the_neighbour_serves(self, operator, system, neighbour, street_line):
        set_value(operator, PREMISES_CREATION, value=True)
        services.create_premises(division=neighbour, **self.ADDRESS, by=None)

        with pytest.raises(NotAllowed) as refusal:
            services.create_premises(division=system, **self.ADDRESS | {"street_line": street_line}, by=None)

        assert refusal.value.code == "other_market"
        assert services.create_premises(division=system, **self.ADDRESS | {"unit": "2"}, by=None).division == system

    @pytest.mark.parametrize("missing", ["street_line", "city", "state", "zip_code"])
    def test_needs_a_whole_address(self, system, missing):
        set_value(system, PREMISES_CREATION, value=True)

        with pytest.raises(NotAllowed):
            services.create_premises(division=system, **self.ADDRESS | {missing: "?"}, by=None)

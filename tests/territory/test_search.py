"""The right address comes first, and a wrong one is never taken for certain."""

from collections import Counter

import pytest
from django.db import connection

from config.demonstration.addresses import real_addresses, write_files
from foundation.divisions.models import Division
from foundation.divisions.queries import one_configuration_version
from foundation.jobs.services import work_one_chunk
from territory.models import Premises
from territory.queries import search_addresses, units_of
from territory.services import start_import
from territory.testing import make_premises
from tests.territory.variants import HAND_CHECKED, variants
from tests.unguarded import unguarded

FEWEST_RIGHT = 0.97


@pytest.fixture(scope="module")
def larkspur(django_db_setup, django_db_blocker, tmp_path_factory):
    """The demonstration operator with all its premises, for the tests of this module."""
    with django_db_blocker.unblock():
        operator = Division.objects.create(code="larkspur", name="Larkspur Cable")
        for code, path in write_files(tmp_path_factory.mktemp("premises")).items():
            system = Division.objects.create(code=code, name=code, parent=operator)
            with path.open("rb") as file:
                job = start_import(file, name=path.name, division=system, by=None)
            while work_one_chunk(job.pk):
                pass
        yield operator
        _empty()


def _empty() -> None:
    with unguarded(), connection.cursor() as cursor:  # the ledger, below the divisions, lets nobody empty it
        cursor.execute("TRUNCATE divisions_division, territory_spelling CASCADE")


@pytest.mark.django_db
class TestVariants:
    def test_find_what_is_meant_and_never_qualify_another(self, larkspur):
        meant = {row.source_id: row for row in Premises.objects.filter(source_id__startswith="A")}
        asked, right, wrong = Counter(), Counter(), []

        with one_configuration_version():
            for variant in variants(real_addresses()[::4]):
                found = search_addresses(variant.text, division=larkspur)
                wanted = meant[variant.source_id]
                asked[variant.kind] += 1
                right[variant.kind] += _is_first(found, wanted)
                if found.exact and found.exact.premises_id != wanted.pk:
                    wrong.append((variant.text, found.exact.label))

        assert len(meant) == len(real_addresses()) == 3850
        assert wrong == []
        assert {kind: right[kind] / asked[kind] for kind in asked if right[kind] < FEWEST_RIGHT * asked[kind]} == {}

    @pytest.mark.parametrize(("text", "label"), HAND_CHECKED)
    def test_hand_checked_samples_are_found(self, larkspur, text, label):
        found = search_addresses(text, division=larkspur)

        assert found.candidates[0].label == label

    def test_written_as_they_are_are_taken_for_certain(self, larkspur):
        certain = [
            search_addresses(
                f"{one['street']} {one['unit']}, {one['city']}, {one['state']} {one['zip']}", division=larkspur
            ).exact
            for one in real_addresses()[::20]
            if one["street"][:1].isdigit()
        ]

        assert sum(map(bool, certain)) / len(certain) > FEWEST_RIGHT


def _is_first(found, wanted: Premises) -> bool:
    if not found.candidates:
        return False
    first = found.candidates[0]
    return first.premises_id == wanted.pk or bool(
        first.building and first.building.key == f"{wanted.street_id}-{wanted.house_number}"
    )


@pytest.mark.django_db
class TestSearchAddresses:
    @pytest.mark.parametrize("text", ["123 Main St Apt 4, Rutland VT 05701", "123 MAIN STREET #4, RUTLAND, VT 05701"])
    def test_takes_every_way_to_write_a_unit_for_the_same(self, system, text):
        make_premises(system, "123 Main Street", unit="Apt 3")
        wanted = make_premises(system, "123 Main Street", unit="Unit 4")

        assert search_addresses(text, division=system).exact.premises_id == wanted.pk

    def test_asks_for_the_unit_of_a_building(self, system):
        for unit in ("", "Apt 10", "Apt 9"):
            make_premises(system, "123 Main Street", unit=unit)

        found = search_addresses("123 Main, Rutland VT 05701", division=system)

        assert found.exact is None
        assert found.candidates[0].building.units == 3
        assert [unit.unit for unit in units_of(found.candidates[0].building.key, division=system)] == [
            "",
            "Apt 9",
            "Apt 10",
        ]

    def test_asks_for_the_unit_where_the_building_is_certain(self, system):
        for unit in ("Apt 1", "Apt 2"):
            make_premises(system, "123 Main Street", unit=unit)

        assert search_addresses("123 Main Street, Rutland, VT 05701", division=system).building.units == 2
        assert search_addresses("123 Main Street Apt 7, Rutland, VT 05701", division=system).building.typed_unit == "7"

    def test_takes_nothing_for_certain_that_could_be_elsewhere(self, system):
        make_premises(system, "123 Main Street")

        for text in (
            "123 Main Street",
            "123 Main Street, Rutland",
            "123 Main, 05701",
            "123 Main Steet, Rutland VT 05701",
        ):
            found = search_addresses(text, division=system)
            assert (found.exact, len(found.candidates)) == (None, 1)

    @pytest.mark.parametrize(
        "other",
        ["123 East Main Street", "123 Main Street West", "123 Main Avenue", "125 Main Street", "123 Maine Street"],
    )
    def test_takes_no_neighbour_for_certain(self, system, other):
        make_premises(system, other)

        assert search_addresses("123 Main Street, Rutland, VT 05701", division=system).exact is None

    def test_never_guesses_the_house_number(self, system):
        make_premises(system, "125 Main Street")

        assert search_addresses("123 Main Street, Rutland, VT 05701", division=system).candidates == ()

    def test_suggests_both_of_two_towns(self, system):
        make_premises(system, "123 Main Street")
        make_premises(system, "123 Main Street", city="Chester", zip_code="05143")

        found = search_addresses("123 Main Street", division=system)

        assert {candidate.label for candidate in found.candidates} == {
            "123 Main Street, Rutland, VT 05701",
            "123 Main Street, Chester, VT 05143",
        }
        assert found.exact is None

    def test_stays_within_the_market(self, operator, system, neighbour):
        make_premises(system, "123 Main Street")
        text = "123 Main Street, Rutland, VT 05701"

        assert search_addresses(text, division=operator).exact
        assert search_addresses(text, division=neighbour).candidates == ()

    def test_finds_nothing_in_nothing(self, system):
        for text in ("", "   ", ",,,", "hello", "5", "🏠"):
            assert search_addresses(text, division=system).candidates == ()

    def test_asks_the_database_as_often_for_one_house_as_for_fifty(self, system, django_assert_max_num_queries):
        for place in range(50):
            make_premises(system, "123 Main Street", city=f"Town {place}", zip_code=f"05{place:03}")

        with one_configuration_version(), django_assert_max_num_queries(4):
            found = search_addresses("123 Main Street", division=system)

        assert len(found.candidates) == 8


@pytest.mark.django_db
class TestUnitsOf:
    def test_a_building_elsewhere_is_empty(self, system, neighbour):
        premises = make_premises(system, "123 Main Street", unit="1")
        key = f"{premises.street_id}-{premises.house_number}"

        assert len(units_of(key, division=system)) == 1
        assert units_of(key, division=neighbour) == units_of("made up", division=system) == []

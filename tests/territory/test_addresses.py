"""Addresses are read the same however they are written."""

import pytest
from hypothesis import given, settings, strategies as st

from config.demonstration.addresses import real_addresses
from territory.addresses.likeness import distance, most_errors, remainders
from territory.addresses.reading import read_address, read_misspelt
from territory.addresses.streets import Street, read_street, read_street_line, read_unit, read_zip
from territory.addresses.vocabulary import DIRECTION_WORDS, SUFFIXES

LETTERS = "abcdefghijklmnopqrstuvwxyz"
names = st.text(LETTERS, min_size=3, max_size=14).filter(lambda name: name not in SUFFIXES)
suffixes = st.sampled_from(["Street", "Avenue", "Road", "Drive", "Lane", "Boulevard", "Parkway"])
real = st.sampled_from(real_addresses())


class TestReadUnit:
    @pytest.mark.parametrize(
        "typed", ["Apt 4", "apt. 4", "APARTMENT 4", "#4", "# 4", "Unit 4", "Suite 4", "4", "#APT 000004"]
    )
    def test_takes_every_way_to_write_it_as_one(self, typed):
        assert read_unit(typed) == "4"

    @pytest.mark.parametrize(
        ("typed", "unit"),
        [
            ("C-105", "c105"),
            ("#2-B", "2b"),
            ("320-3", "320-3"),
            ("Bldg 2 Apt 4", "2-4"),
            ("Apt 4 Bldg 2", "2-4"),
            ("Rear", "rear"),
        ],
    )
    def test_keeps_different_units_apart(self, typed, unit):
        assert read_unit(typed) == unit

    @given(st.text(max_size=30))
    def test_reads_its_own_answer_the_same(self, typed):
        assert read_unit(read_unit(typed)) == read_unit(typed)


class TestReadStreet:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("East 11th Avenue", "E. 11th Ave"),
            ("First Street", "1st St"),
            ("Twenty-First Street", "21st St."),
            ("Saint Remy Circle", "St Remy Cir"),
            ("US Highway 98", "U.S. 98"),
            ("County Road 97", "CR 97"),
            ("M Street Northwest", "M St NW"),
            ("Martin Luther King Boulevard", "MARTIN LUTHER KING BLVD"),
        ],
    )
    def test_takes_an_abbreviation_for_the_word(self, one, other):
        assert read_street(one) == read_street(other)

    @pytest.mark.parametrize(
        ("one", "other"), [("S Street", "South Street"), ("11th Street", "12th Street"), ("Oak Street", "Oak Court")]
    )
    def test_keeps_different_streets_apart(self, one, other):
        assert read_street(one) != read_street(other)

    @given(names, suffixes, st.sampled_from(["", *DIRECTION_WORDS.values()]))
    def test_does_not_mind_capitals_and_blanks(self, name, suffix, direction):
        text = f"{direction} {name} {suffix}".strip()

        assert read_street(text) == read_street(f"  {text.upper().replace(' ', '   ')} ")


class TestReadStreetLine:
    @pytest.mark.parametrize(
        ("line", "number", "street"),
        [
            ("421 1/2 6th Street Southeast", "421 1/2", Street("", "6th", "st", "se")),
            ("517.5 Bridge Street", "517 1/2", Street("", "bridge", "st", "")),
            ("2A Cleveland Park Road", "2a", Street("", "clevelandpark", "rd", "")),
            ("12-34 56th Avenue", "12-34", Street("", "56th", "ave", "")),
            ("100-110 Main Street", "100-110", Street("", "main", "st", "")),
            ("Tyndall Drive", "", Street("", "tyndall", "dr", "")),
        ],
    )
    def test_reads_the_house_number(self, line, number, street):
        assert read_street_line(line)[:2] == (number, street)


class TestReadZip:
    @pytest.mark.parametrize(
        ("typed", "found"), [("05701", "05701"), ("05701-1234", "05701"), ("5701", "05701"), ("", ""), ("57O1", "")]
    )
    def test_puts_lost_zeros_back_and_refuses_the_rest(self, typed, found):
        assert read_zip(typed) == found


class TestReadAddress:
    @pytest.mark.parametrize(
        "text",
        [
            "123 Main St Apt 4, Rutland, VT 05701",
            "123 MAIN STREET #4 RUTLAND VT 05701-1234",
            "Apt 4, 123 Main St., Rutland, Vermont 05701",
            "Rutland, VT 05701, 123 Main Street Unit 4",
            "05701 Rutland VT, 123 main street, 4",
            "123 main street 4, rutland, vt, 05701, USA",
        ],
    )
    def test_does_not_mind_order_and_form(self, text):
        reading = read_address(text)[0]

        assert (reading.number, reading.street, reading.unit) == ("123", Street("", "main", "st", ""), "4")
        assert (reading.city, reading.state, reading.zip_code) == ("rutland", "vt", "05701")

    @given(real)
    @settings(max_examples=300)
    def test_finds_a_real_address_among_its_readings(self, address):
        number, street, _text = read_street_line(address["street"])
        text = f"{address['street']} {address['city']} {address['state']} {address['zip']}"

        readings = read_address(text)

        assert number == "" or (number, street) in {(reading.number, reading.street) for reading in readings}

    @given(st.text(max_size=200))
    @settings(max_examples=500)
    def test_reads_anything_without_an_error(self, text):
        for reading in (*read_address(text), *read_misspelt(text)):
            assert len(reading.zip_code) in {0, 5}

    def test_takes_a_house_number_of_five_digits_for_no_zip(self):
        assert read_address("12870 Old Seward Hwy")[0].number == "12870"

    def test_takes_the_court_for_no_state(self):
        assert read_address("12 Oak Ct")[0].street.suffix == "ct"
        assert read_address("12 Oak Ct, Vernon, CT")[0].state == "ct"


class TestRemainders:
    @given(st.text(LETTERS, min_size=6, max_size=16), st.data())
    def test_of_a_name_and_its_misspelling_meet(self, name, data):
        at = data.draw(st.integers(0, len(name) - 2))
        misspelt = data.draw(
            st.sampled_from(
                [
                    name[:at] + name[at + 1 :],
                    name[:at] + "q" + name[at:],
                    name[:at] + "q" + name[at + 1 :],
                    name[:at] + name[at + 1] + name[at] + name[at + 2 :],
                ]
            )
        )

        assert distance(name, misspelt) <= 1
        assert remainders(name) & remainders(misspelt)

    def test_of_numbers_are_the_numbers_alone(self):
        assert most_errors("11th") == 0
        assert remainders("11th") == {"11th"}

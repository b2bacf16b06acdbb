"""A file of a list never makes a spreadsheet run anything."""

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from foundation.cells import safe_cell
from interfaces.desk.exports import csv_response, csv_text

FORMULA = "=+-@＝＋－＠"
SIGNS = f"{FORMULA}\t\r\n"
PARTS = ";\t\r\n\v\f\x85\u2028\u2029"
text = st.text(alphabet=st.characters(exclude_categories=("Cs",)))
blanks = st.text(alphabet=" \t\r\n\u00a0\u200b\ufeff", max_size=3)


def read(content: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content, newline="")))


class TestSafeCell:
    @given(blanks, st.sampled_from(SIGNS), text)
    def test_puts_an_apostrophe_before_whatever_may_be_a_formula(self, blank, sign, rest):
        assert str(safe_cell(f"{blank}{sign}{rest}")).startswith("'")

    @given(text, st.sampled_from(PARTS), st.text(alphabet=' \u00a0\ufeff"', max_size=3), st.sampled_from(FORMULA), text)
    def test_and_within_a_text_where_a_spreadsheet_may_begin_another_cell(self, before, part, blank, sign, rest):
        written = str(safe_cell(f"{before}{part}{blank}{sign}{rest}"))

        assert f"{part}'{blank}{sign}" in written

    @pytest.mark.parametrize(
        ("content", "kept"),
        [
            ('Ann;=HYPERLINK("http://x.example")', 'Ann;\'=HYPERLINK("http://x.example")'),
            ('Ann;"=1+1"', 'Ann;\'"=1+1"'),
            ("Ring twice.\r\n\r\n+1 602 555 0123", "Ring twice.\r\n\r\n'+1 602 555 0123"),
            ("Ann\t@SUM(A1)\t-2", "Ann\t'@SUM(A1)\t'-2"),
        ],
    )
    def test_defuses_each_part_of_a_text(self, content, kept):
        assert safe_cell(content) == kept

    @given(text)
    def test_lets_no_text_begin_with_a_sign_of_a_formula(self, content):
        written = str(safe_cell(content))

        assert written[:1] not in set(SIGNS)
        assert written.lstrip()[:1] not in set(SIGNS)

    @given(text)
    def test_changes_nothing_else(self, content):
        assert str(safe_cell(content)).replace("'", "") == content.replace("'", "")

    @pytest.mark.parametrize(
        "plain", ["12 Elm Street", "O'Brien", "a=b", "x@example.com", "1-800", "ñ", "", "Dog;\n\ncat", 'a; "b"']
    )
    def test_leaves_plain_text_alone(self, plain):
        assert safe_cell(plain) == plain

    def test_leaves_a_negative_amount_a_number(self):
        assert safe_cell(Decimal("-12.50")) == Decimal("-12.50")


class TestCsvText:
    @given(st.lists(st.lists(text, min_size=2, max_size=2), max_size=5))
    def test_can_be_read_back_cell_by_cell(self, rows):
        header, *lines = read(csv_text(["a", "b"], rows))

        assert header == ["a", "b"]
        assert lines == [[str(safe_cell(cell)) for cell in row] for row in rows]


class TestCsvResponse:
    def test_is_a_file_that_spreadsheets_read_as_utf8(self):
        response = csv_response("orders", ["Straße"], [["=1+1"]])

        assert response.content.startswith("\ufeff".encode())
        assert response["Content-Disposition"] == 'attachment; filename="orders.csv"'
        assert read(response.content.decode("utf-8-sig")) == [["Straße"], ["'=1+1"]]

"""A file of a list never makes a spreadsheet run anything."""

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from foundation.cells import safe_cell
from interfaces.desk.exports import csv_response, csv_text

SIGNS = "=+-@\t\r\n＝＋－＠"
text = st.text(alphabet=st.characters(exclude_categories=("Cs",)))
blanks = st.text(alphabet=" \t\r\n\u00a0\u200b\ufeff", max_size=3)


def read(content: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content, newline="")))


class TestSafeCell:
    @given(blanks, st.sampled_from(SIGNS), text)
    def test_puts_an_apostrophe_before_whatever_may_be_a_formula(self, blank, sign, rest):
        assert safe_cell(f"{blank}{sign}{rest}") == f"'{blank}{sign}{rest}"

    @given(text)
    def test_lets_no_text_begin_with_a_sign_of_a_formula(self, content):
        written = str(safe_cell(content))

        assert written[:1] not in set(SIGNS)
        assert written.lstrip()[:1] not in set(SIGNS)

    @given(text)
    def test_changes_nothing_else(self, content):
        assert safe_cell(content) in (content, f"'{content}")

    @pytest.mark.parametrize("plain", ["12 Elm Street", "O'Brien", "a=b", "x@example.com", "1-800", "ñ", ""])
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

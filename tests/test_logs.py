"""What a log line keeps of an address: never what opens a door, and never what somebody typed."""

import pytest
from django.test import RequestFactory

from config.logs import MASK, mask_personal_data, mask_text

TOKEN = "pVx1fH3rTq8yLmN0_sDkWa-7Zc2"
CONFIRMATION = "MQ:1wABCD:kq3mZlTn8V0p-x_7"


def written(**fields: object) -> dict[str, object]:
    """Return a log line as it leaves the process."""
    return dict(mask_personal_data(None, "", {"event": "Not found", **fields}))


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        (f"/order/{TOKEN}/review/", f"/order/{MASK}/review/"),
        (f"/people/confirm-email/{CONFIRMATION}/", f"/people/confirm-email/{MASK}/"),
        ("/people/confirm-email/MQ%3A1wABCD%3Akq3mZlTn8V0p/", f"/people/confirm-email/{MASK}/"),
        (f"/people/login/?next=%2Forder%2F{TOKEN}%2F", f"/people/login/?{MASK}"),
        (f"next=%2Forder%2F{TOKEN}%2Freview%2F", f"next=%2F{MASK}%2Freview%2F"),
        ("/suggest/?address=12+Alder+Lane", f"/suggest/?{MASK}"),
        ("/staff/search/?q='Ruth'", f"/staff/search/?{MASK}"),
        ("/staff/orders.csv?status=held", f"/staff/orders.csv?{MASK}"),
        ("/internet/", "/internet/"),
    ],
)
def test_an_address_keeps_its_page_and_loses_its_secrets(address: str, kept: str) -> None:
    assert mask_text(address) == kept
    assert mask_text(f"GET {address} took long") == f"GET {kept} took long"


def test_a_request_object_is_masked_as_its_text_is() -> None:
    request = RequestFactory().post(f"/order/{TOKEN}/review/?address=12+Alder+Lane")
    line = written(request=request, status_code=404)
    assert TOKEN in repr(request)
    assert TOKEN not in str(line)
    assert "Alder" not in str(line)
    assert line["status_code"] == 404


def test_secrets_within_lists_and_mappings_are_masked() -> None:
    assert TOKEN not in str(written(args=[f"/order/{TOKEN}/"], kwargs={"path": f"/order/{TOKEN}/"}))


@pytest.mark.parametrize(
    "number",
    ["(907) 555-0142", "(907)555-0142", "907.555.0142", "907-555-0142", "+1 (907) 555-0142", "+1.907.555.0142",
     "1-907-555-0142", "907/555-0142", "907\u00a0555\u20110142", "+19075550142", "9075550142"],
)  # fmt: skip
def test_a_phone_number_is_masked_however_it_is_written(number: str) -> None:
    assert mask_text(f"Call {number}, please") == f"Call {MASK}, please"


@pytest.mark.parametrize(
    "plain", ["took 12.3456 s", "HTTP 200 555", "version 5.2.11", "3 of 1000 rows", "order 1000042"]
)
def test_other_numbers_stay(plain: str) -> None:
    assert mask_text(plain) == plain


def test_what_the_database_cites_of_a_row_is_masked_and_the_rest_of_the_traceback_stays() -> None:
    cited = "Failing row contains (12, Jo Sample, Ring twice (blue door).\n\nMind the dog, 12 Alder Lane)."
    error = f'new row violates check constraint "whole"\nDETAIL:  {cited}\n'
    line = f"IntegrityError: {error}\nThe above exception was the direct cause of the following exception:\n\nTraceback"

    written = mask_text(f"{line}\n{error}")

    assert written.count("whole") == 2
    assert "The above exception was the direct cause" in written
    assert not [word for word in ("Sample", "door", "dog", "Alder") if word in written]


@pytest.mark.parametrize(
    "said", ["Key (name)=(Jo Sample) already exists.", 'COPY staged, line 3, column unit: "Jo Sample"']
)
def test_nor_do_details_of_other_refusals_name_anybody(said: str) -> None:
    written = mask_text(f"refused\nDETAIL:  {said}\nCONTEXT:  {said}\n")

    assert "refused" in written
    assert "Sample" not in written

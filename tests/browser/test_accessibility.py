"""Every page of the shop: axe finds nothing serious, in light and dark; nothing is cut off on the narrowest screen."""

import pytest

from foundation.now import now
from orders.testing import submit
from territory.services import record_occupancy
from territory.states import AvailabilityStatus, ProductFamily
from territory.testing import make_available, make_premises, make_qualification
from tests.browser.conftest import DESKTOP, PHONE, Shop, Window
from tests.browser.looking import faults_of, overhang

NARROWEST = 320
"""WCAG 2.2, success criterion 1.4.10; it is also 200 % zoom of 640 pixels."""
QUESTIONS = ("package", "options", "details", "appointment", "terms", "review")


def every_page(shop: Shop) -> dict[str, str]:
    """Return the address of every page of the flow, each outcome included."""
    division = shop.market.division
    order, placed = shop.draft(), submit(shop.draft())
    pages = {
        "home": f"{shop.url}/",
        "pick": f"{shop.url}/check/?address=31+Mapel+Street",
        "missing": f"{shop.url}/none/",
    }
    for status in (AvailabilityStatus.PLANNED, AvailabilityStatus.UNSERVICEABLE, AvailabilityStatus.BLOCKED):
        pages[status] = f"{shop.url}/address/{make_qualification(division, status=status).key}/"
    pages["packages"] = f"{shop.url}/address/{make_qualification(division).key}/"
    lived_in = make_premises(division)
    make_available(lived_in)
    record_occupancy(lived_in.pk, [ProductFamily.INTERNET], now().date(), "somebody")
    pages["active"] = f"{shop.url}/address/{make_qualification(division, premises=lived_in).key}/"
    pages |= {question: shop.question(order, question) for question in QUESTIONS}
    return pages | {
        "confirmation": shop.question(placed, "confirmation"),
        "status": f"{shop.url}/order/{placed.token}/",
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_nothing_keeps_anybody_out(shop: Shop, window: Window, width: int, scheme: str):
    with window(width, scheme=scheme) as page:
        faults = []
        for address in every_page(shop).values():
            page.goto(address)
            faults += faults_of(page, (scheme,))

    assert faults == []


def test_nothing_is_cut_off_on_the_narrowest_screen(shop: Shop, window: Window):
    with window(NARROWEST) as page:
        wide = []
        for name, address in every_page(shop).items():
            page.goto(address)
            if (pixels := overhang(page)) > 0:
                wide.append((name, pixels))

    assert wide == []


def test_no_word_of_an_outcome_is_broken_and_no_pin_stands_alone(shop: Shop, window: Window):
    qualification = make_qualification(shop.market.division, status=AvailabilityStatus.UNSERVICEABLE)
    with window(NARROWEST) as page:
        page.goto(f"{shop.url}/address/{qualification.key}/")
        lines = page.locator(".families strong, .families .tag").evaluate_all(
            "found => found.map(one => [...new Set([...one.getClientRects()].map(line => line.top))].length)"
        )
        pin, address = (page.locator(f".where > {part}").bounding_box() for part in ("svg", "span"))

    assert lines == [1] * 6
    assert pin["y"] < address["y"] + 20
    assert pin["x"] + pin["width"] <= address["x"]


def test_forms_with_errors_keep_nobody_out(shop: Shop, window: Window):
    order = shop.draft()
    with window() as page:
        page.goto(shop.question(order, "details"))
        for field in ("name", "email", "phone"):
            page.fill(f"#id_{field}", "")
        page.click("main form button.btn-primary")

        assert faults_of(page) == []

"""What a browser is asked about a page that it shows: whom it keeps out, whether it fits, how it looks."""

import os
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

SCHEMES = ("dark", "light")
SERIOUS = {"serious", "critical"}
WITHOUT_STYLES_OF_ITS_OWN = {"preload": False}
"""Axe would copy imported style sheets into the page, which the content policy rightly refuses."""
A_FEW_FRAMES = "async () => { for (let n = 0; n < 6; n++) await new Promise(requestAnimationFrame) }"
"""Even without motion, what changes its color takes a frame for it, and what inherits that another one."""
PICTURES = os.environ.get("PICTURES")
"""A folder in which pages are kept as they looked, where somebody wants to see them."""


def faults_of(page: Page, schemes: tuple[str, ...] = SCHEMES) -> list[str]:
    """
    Return what keeps people out of a page, in each colour scheme, and whether it is wider than its window; with where it is.

    A page that a click has just opened is waited for: it answers to its address before it has a document to look at.
    """
    page.wait_for_load_state()
    faults = [f"{page.url}: {too_wide} pixels wider than its window"] if (too_wide := overhang(page)) > 0 else []
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)
        page.evaluate(A_FEW_FRAMES)
        faults += [
            f"{page.url} ({scheme}): {fault['id']} at {node['target']}: {node['failureSummary']}"
            for fault in Axe().run(page, options=WITHOUT_STYLES_OF_ITS_OWN).response["violations"]
            if fault["impact"] in SERIOUS
            for node in fault["nodes"]
        ]
    return faults


def overhang(page: Page) -> int:
    """Return how many pixels of a page lie to the right of its window."""
    page.wait_for_load_state()
    return int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


def keep_picture(page: Page, name: str) -> None:
    """Keep the whole page as it looks, where PICTURES names a folder."""
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)

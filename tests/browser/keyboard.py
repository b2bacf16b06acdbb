"""Visitors who have no mouse."""

from playwright.sync_api import Page


class Keyboard:
    """A visitor without a mouse: Tab until something is reached, then a key."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def reach(self, selector: str) -> None:
        """Press Tab until the focus is there; it must be visible on the way."""
        self.page.wait_for_selector(selector, state="attached")
        for _press in range(60):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
        raise AssertionError(f"Tab never reaches {selector}.")

    def type_into(self, selector: str, text: str) -> None:
        self.reach(selector)
        self.page.keyboard.type(text)

    def press_on(self, selector: str, *, key: str = "Enter") -> None:
        self.reach(selector)
        self.page.keyboard.press(key)
        self.page.wait_for_load_state()

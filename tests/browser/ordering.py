"""A visitor's way from their details to the confirmation."""

from playwright.sync_api import Page, expect

GO_ON = "main form button.btn-primary"


def answer_the_rest(page: Page, *, name: str, email: str) -> None:
    """Say who orders, choose the first appointment, agree and order."""
    page.fill("#id_name", name)
    page.fill("#id_email", email)
    page.fill("#id_phone", "602 555 0123")
    page.click(GO_ON)
    page.locator("input[name=slot]").first.check(force=True)
    page.click(GO_ON)
    page.check("#id_agree")
    page.click(GO_ON)
    page.click("main form.card-plain button.btn-primary")
    expect(page.locator("h1")).to_contain_text(f"Thank you, {name}")

"""A payout from build to reconciled by two people at two screens, with the billing system in a process of its own."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from billing.services import poll_billing_system
from commissions.models import Batch, Reward
from commissions.services.batches import reconcile_batches
from commissions.states import BatchStatus, RewardStatus
from foundation.events.services import deliver_next
from foundation.jobs.services import work_one_chunk
from foundation.people.models import User
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from tests.browser.conftest import DESKTOP, Window
from tests.browser.looking import faults_of, overhang
from tests.commissions.paying import Payouts, make_approved, make_earned, make_frozen
from tests.commissions.vendor import credits_at, forget_what_was_owed, make_payouts_at, running_vendor, system_of
from tests.sandbox.process import Sandbox

PATIENCE = 30_000
"""Milliseconds: the machine may be busy."""


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[Sandbox]:
    with running_vendor(tmp_path / "vendor") as sandbox:
        yield sandbox


@pytest.fixture
def payouts(transactional_db: None, vendor: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Payouts:
    return make_payouts_at(vendor, monkeypatch)


@dataclass
class Screen:
    """Somebody's browser, and the site that it is turned to."""

    page: Page
    url: str

    def open(self, name: str, *args: int) -> None:
        self.page.goto(self.url + reverse(f"desk:{name}", args=args))

    def press(self, button: str) -> None:
        self.page.get_by_role("button", name=button, exact=True).click()

    def follow(self, link: str) -> None:
        self.page.get_by_role("link", name=link, exact=True).first.click()


@pytest.fixture
def screen_of(window: Window, live_server: LiveServer):
    """Open a browser as a person."""
    with ExitStack() as open_windows:

        def opened(person: User, width: int = DESKTOP) -> Screen:
            page = open_windows.enter_context(window(width))
            page.set_default_timeout(PATIENCE)
            session = sign_in(Client(), person).session.session_key
            cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}
            page.context.add_cookies([cookie])
            return Screen(page, live_server.url)

        yield opened


def work() -> None:
    """Let the workers do all that is due."""
    while deliver_next() or work_one_chunk():
        pass


class TestTwoPeople:
    def test_take_a_batch_from_build_to_reconciled(self, payouts, vendor, screen_of):
        paid, wrong = make_earned(payouts), make_earned(payouts)
        taken_out = make_earned(payouts, "75.00")
        forget_what_was_owed()
        supervisor, auditor = screen_of(payouts.builder), screen_of(payouts.auditor)

        # One person builds it, takes a payment out and freezes it.
        supervisor.open("home")
        supervisor.follow("Payouts")
        supervisor.follow("Build a batch n")
        expect(supervisor.page.get_by_label("What is to be paid")).to_contain_text("3 payments, $125.00")
        supervisor.press("Build it")
        supervisor.page.get_by_role("row", name=taken_out.payee.account.number).get_by_role("link").first.click()
        supervisor.follow("Take it out")
        expect(supervisor.page.locator("#action")).to_contain_text("$75.00")
        supervisor.press("Take it out")
        supervisor.follow("Freeze it")
        expect(supervisor.page.locator("#action")).to_contain_text("2 payments of $50.00 in all")
        supervisor.press("Freeze it")
        expect(supervisor.page.locator("#standing")).to_contain_text("0 of 2 read")
        expect(supervisor.page.get_by_role("link", name="Approve")).to_have_count(0)

        # Another one reads each with its trace, finds one wrong, and approves the rest.
        auditor.open("home")
        auditor.page.get_by_role("link", name="1 Payouts to be audited").click()
        auditor.follow(f"Batch {Batch.objects.get().pk}")
        auditor.follow("Read the next payment a")
        expect(auditor.page.get_by_role("region", name="Why it is owed")).to_contain_text("Earned on")
        auditor.page.get_by_label("It is correct").check()
        auditor.press("Keep the finding, go on")
        auditor.page.get_by_label("It is wrong: take it out and hold it").check()
        auditor.press("Keep the finding, go on")
        expect(auditor.page.locator(".error-summary")).to_contain_text("Say what is wrong.")
        auditor.page.get_by_label("Note").fill("They moved in together.")
        auditor.press("Keep the finding, go on")
        auditor.follow("Approve $25.00")
        expect(auditor.page.locator("#action")).to_contain_text("1 payment of $25.00 in all")
        auditor.press("Approve $25.00")
        expect(auditor.page.locator("#messages")).to_contain_text("Approved.")

        # The workers post it; the page follows by itself. Then it is read back.
        work()
        expect(auditor.page.locator("#standing")).to_contain_text("1 of 1 answered")
        poll_billing_system(system_of(payouts).pk)
        reconcile_batches()
        auditor.page.reload()
        expect(auditor.page.locator("h1 + .tag")).to_have_text("Confirmed and reconciled")

        batch = Batch.objects.get()
        assert batch.status == BatchStatus.CONFIRMED
        assert sorted(credits_at(vendor, list(batch.lines.all())).values()) == [0, 0, 1]
        statuses = [Reward.objects.get(pk=one.pk).status for one in (paid, wrong, taken_out)]
        assert statuses == [RewardStatus.SETTLED, RewardStatus.HELD, RewardStatus.PAYABLE]


@pytest.fixture
def pages(payouts: Payouts) -> list[tuple[str, tuple[int, ...]]]:
    """The desk's pages of referrals and money, with something on each."""
    paid = make_earned(payouts)
    sent = make_approved(payouts)
    forget_what_was_owed()
    make_earned(payouts, "250.00")
    frozen = make_frozen(payouts)
    make_earned(payouts)
    line, customer = frozen.lines.get(), paid.payee.account.customer_id
    return [
        ("payouts", ()),
        ("payout_build", ()),
        ("payout", (frozen.pk,)),
        ("payout", (sent.pk,)),
        ("payout_approve", (frozen.pk,)),
        ("payout_line", (line.pk,)),
        ("ledger", ()),
        ("statement", (paid.payee_id,)),
        ("rewards", ()),
        ("reward", (paid.pk,)),
        ("referrals", ()),
        ("referral", (paid.referral_id,)),
        ("order", (paid.referral.order_id,)),
        ("customer", (customer,)),
    ]


@pytest.fixture
def operator(payouts: Payouts) -> User:
    return make_person(Role.OPERATOR, payouts.division, name="Olga Operator")


def test_axe_finds_nothing_serious(pages, operator, screen_of):
    screen = screen_of(operator)
    serious = {}
    for name, args in pages:
        screen.open(name, *args)
        if faults := faults_of(screen.page):
            serious[name, args] = faults

    assert serious == {}


@pytest.mark.parametrize("width", [320, 390, DESKTOP])
def test_pages_are_never_wider_than_the_window(width, pages, operator, screen_of):
    screen = screen_of(operator, width)
    wide = []
    for name, args in pages:
        screen.open(name, *args)
        if overhang(screen.page) > 0:
            wide.append(name)

    assert wide == []

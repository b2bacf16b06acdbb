"""A shop served to a real browser, and visitors with windows of any width, with JavaScript and without."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from orders.models import Order
from orders.testing import Market, make_draft, make_market
from territory.models import Premises
from territory.testing import make_available, make_premises

PHONE, DESKTOP = 360, 1280


@dataclass
class Shop:
    """A market whose site answers at every host name, and a house that it can serve."""

    url: str
    market: Market
    premises: Premises

    def draft(self) -> Order:
        return make_draft(self.market)

    def question(self, order: Order, name: str) -> str:
        return f"{self.url}/order/{order.token}/{name}/"


@pytest.fixture
def shop(transactional_db: None, live_server: LiveServer) -> Shop:
    market = make_market()
    market.site.host = "*"
    market.site.save()
    premises = make_premises(market.division, "31 Maple Street")
    make_available(premises)
    return Shop(live_server.url, market, premises)


Window = Callable[..., AbstractContextManager[Page]]


@pytest.fixture
def window(browser: Browser) -> Window:
    """Open a window of its own; a script error or a breach of the content policy in it fails the test."""

    @contextmanager
    def opened(width: int = DESKTOP, *, javascript: bool = True, scheme: str = "light") -> Iterator[Page]:
        faults: list[str] = []
        with browser.new_context(
            viewport={"width": width, "height": 800},
            java_script_enabled=javascript,
            color_scheme=scheme,
            reduced_motion="reduce",  # axe reads colours: it must not meet one that is still fading into another
            locale="en-US",
        ) as context:
            page = context.new_page()
            page.set_default_timeout(10_000)
            page.on("pageerror", lambda error: faults.append(str(error)))
            page.on("console", lambda message: "Content Security" in message.text and faults.append(message.text))
            yield page
        assert faults == []

    return opened

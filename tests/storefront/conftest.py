"""A market with its own host, and a visitor who walks through its shop."""

from collections.abc import Callable

import pytest
from django.conf import LazySettings
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from orders.models import Order
from orders.testing import Market, make_market
from territory.models import Qualification
from territory.testing import make_qualification

NOT_STATEMENTS = ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT")


class Visitor(Client):
    """Somebody without a session, at a market's own host, who reads English."""

    def __init__(self, market: Market) -> None:
        super().__init__(headers={"host": market.site.host, "accept-language": "en"})
        self.market = market

    def check(self, **form: object) -> HttpResponse:
        return self.post("/check/", form)

    def qualified(self) -> Qualification:
        return make_qualification(self.market.division)

    def begin(self, qualification: Qualification | None = None, *, key: str = "start", **more: str) -> Order:
        qualification = qualification or self.qualified()
        form = {"package": self.market.package, "key": key, **more}
        response = self.post(f"/address/{qualification.key}/order/", form)
        assert response.status_code == 302, response.content
        return Order.objects.get(token=response["Location"].split("/")[2])


@pytest.fixture(autouse=True)
def any_host(settings: LazySettings) -> None:
    settings.ALLOWED_HOSTS = ["*"]


@pytest.fixture
def market(db: None) -> Market:
    return make_market()


@pytest.fixture
def elsewhere(db: None) -> Market:
    return make_market()


@pytest.fixture
def visitor(market: Market) -> Visitor:
    return Visitor(market)


def statements_of(work: Callable[[], HttpResponse]) -> tuple[int, HttpResponse]:
    """Count what a request asks the database, apart from the marks of transactions."""
    with CaptureQueriesContext(connection) as captured:
        response = work()
    return sum(not query["sql"].startswith(NOT_STATEMENTS) for query in captured), response

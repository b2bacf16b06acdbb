"""A market with a desk, people in each role, and a stranger's market beside it."""

from collections.abc import Callable

import pytest
from django.test import Client

from foundation.divisions.models import Division
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from orders.testing import Market, make_market

SignedIn = Callable[..., Client]


@pytest.fixture
def market(db: None) -> Market:
    return make_market()


@pytest.fixture
def elsewhere(db: None) -> Market:
    return make_market()


@pytest.fixture
def signed_in() -> SignedIn:
    """Sign somebody in who holds a role in a division; the person is `client.person`."""

    def as_(role: Role | None, division: Division | None = None, *, name: str = "") -> Client:
        client = Client()
        client.person = make_person(role, division, name=name)
        return sign_in(client, client.person)

    return as_


@pytest.fixture
def csr(market: Market, signed_in: SignedIn) -> Client:
    return signed_in(Role.CSR, market.division, name="Chris CSR")


@pytest.fixture
def supervisor(market: Market, signed_in: SignedIn) -> Client:
    return signed_in(Role.SUPERVISOR, market.division, name="Sam Supervisor")

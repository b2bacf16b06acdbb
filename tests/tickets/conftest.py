"""A market with a service desk, its people and a customer who signs in."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from accounts.testing import make_account
from foundation.divisions.models import Division
from foundation.divisions.testing import make_division, make_site
from foundation.people.models import User
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in


@dataclass
class Seat:
    """Somebody at a browser."""

    client: Client
    person: User

    def get(self, name: str, /, *args: object, **query: object):
        return self.client.get(reverse(name, args=args), query)

    def post(self, name: str, /, *args: object, **answers: object):
        return self.client.post(reverse(name, args=args), answers)

    def read(self, name: str, /, *args: object, **query: object) -> str:
        answer = self.get(name, *args, **query)
        assert answer.status_code == 200, answer.status_code
        return answer.content.decode()


@pytest.fixture
def division(db) -> Division:
    return make_site(make_division()).division


@pytest.fixture
def seat(division) -> Callable[..., Seat]:
    def sit(role: Role | None = None, where: Division | None = None, *, name: str = "") -> Seat:
        person = make_person(role, (where or division) if role else None, name=name)
        return Seat(sign_in(Client(), person), person)

    return sit


@pytest.fixture
def csr(seat) -> Seat:
    return seat(Role.CSR, name="Chris CSR")


@pytest.fixture
def supervisor(seat) -> Seat:
    return seat(Role.SUPERVISOR, name="Sam Supervisor")


@pytest.fixture
def customer(seat) -> Seat:
    return seat()


@pytest.fixture
def account(division, customer) -> Account:
    return make_account(division, user=customer.person)

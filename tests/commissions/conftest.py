"""A market with a rule, and somebody there who refers friends: what most tests of rewards begin with."""

import pytest

from commissions.testing import make_programme, make_referrer, make_rule
from orders.testing import make_market


@pytest.fixture
def market():
    return make_market()


@pytest.fixture
def rule(market):
    return make_rule(market.division)


@pytest.fixture
def referrer(market):
    return make_referrer(make_programme(market.division))

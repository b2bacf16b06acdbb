import pytest

from foundation.divisions.models import Division


@pytest.fixture
def operator(db) -> Division:
    """The root of a market's tree."""
    return Division.objects.create(code="operator", name="Operator")


@pytest.fixture
def system(operator: Division) -> Division:
    """A market below the operator."""
    return Division.objects.create(code="system", name="System", parent=operator)


@pytest.fixture
def neighbour(operator: Division) -> Division:
    """Another market below the same operator."""
    return Division.objects.create(code="neighbour", name="Neighbour", parent=operator)

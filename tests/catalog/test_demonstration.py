"""The demonstration's catalogue: entered once, the same at every set-up, ordered from everywhere it should be."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from catalog.models import Price
from catalog.queries import offers_for
from config.demonstration.addresses import CABLE, DSL, FIBRE, SHARES, WIRELESS, Row
from config.demonstration.catalogue import load_catalogue
from config.demonstration.operator import FRANCHISE, load_markets
from foundation.divisions.models import Division
from territory.models import FamilyResult, Qualification
from territory.states import NETWORK_FAMILIES, Outcome, Technology

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 21)


def checked(technology: str, down_mbps: int, up_mbps: int) -> Qualification:
    results = tuple(
        FamilyResult(family, Outcome.QUALIFIED, technology, down_mbps, up_mbps) for family in NETWORK_FAMILIES
    )
    return Qualification(outcome=Outcome.QUALIFIED, results=Qualification.stored(results))


def networks_of(shares: tuple[tuple[Row, int], ...]) -> list[dict[str, Any]]:
    """Return each offer that stands for a network that reaches some address of a system, its stand-ins included."""
    reached = [offer for offer, _share in shares if not offer.get("status")]
    stand_ins = any("alternate_technology" in offer for offer, _share in shares)
    return [*reached, WIRELESS] if stand_ins else reached


class TestLoadCatalogue:
    def test_leaves_alone_what_an_operator_changed_since(self):
        root = load_markets()
        load_catalogue(root)
        Price.objects.filter(product__code="internet-300", division=root).update(amount=Decimal("1.00"))

        load_catalogue(root)

        assert Price.objects.get(product__code="internet-300", division=root).amount == Decimal("1.00")

    def test_offers_eight_packages_over_fibre_and_fewer_over_less(self):
        root = load_markets()
        load_catalogue(root)

        counts = [
            len(offers_for(address, division=root, on=DAY).offered)
            for address in (
                checked(Technology.FIBRE, 2000, 2000),
                checked(Technology.HFC, 1200, 50),
                checked(Technology.DSL, 50, 10),
            )
        ]

        assert counts == [8, 7, 1]

    def test_gives_the_franchise_its_own_campaign_package_and_prices(self):
        root = load_markets()
        load_catalogue(root)
        franchise = Division.objects.get(code=FRANCHISE)
        fibre = checked(Technology.FIBRE, 2000, 2000)

        of_root = {offer.package.code: offer.quote for offer in offers_for(fibre, division=root, on=DAY).offered}
        offers = offers_for(fibre, division=franchise, on=DAY)
        of_franchise = {offer.package.code: offer.quote for offer in offers.offered}

        assert offers.campaign.code == "hollow-hello"
        assert "hollow-home" in of_franchise.keys() - of_root.keys()
        assert of_franchise["stream"].monthly_after < of_root["stream"].monthly_after

    @pytest.mark.parametrize("offer", [FIBRE, CABLE, DSL, WIRELESS], ids=lambda offer: offer["technology"])
    def test_sells_something_over_every_network_in_every_system(self, offer: dict[str, Any]):
        root = load_markets()
        load_catalogue(root)
        address = checked(offer["technology"], offer["down_mbps"], offer["up_mbps"])

        systems = [system for system, shares in SHARES.items() if offer in networks_of(shares)]
        sold = {
            system: bool(offers_for(address, division=Division.objects.get(code=system), on=DAY).offered)
            for system in systems
        }

        assert sold
        assert all(sold.values()), sold

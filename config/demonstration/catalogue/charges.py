"""Taxes and fees."""

from decimal import Decimal
from typing import NamedTuple

from catalog.states import ChargeBasis, ChargeNature, PriceKind
from config.demonstration.operator import FRANCHISE
from foundation.divisions.fields import Texts
from territory.states import ProductFamily as Family


class Due(NamedTuple):
    """A tax or fee: how it is reckoned, on what."""

    division: str
    code: str
    names: Texts
    nature: ChargeNature
    basis: ChargeBasis
    rate: Decimal
    family: str = ""
    kind: PriceKind = PriceKind.RECURRING


TAX, FEE = ChargeNature.TAX, ChargeNature.FEE
PERCENT, PER_LINE = ChargeBasis.PERCENT, ChargeBasis.PER_LINE
SALES_TAX = Texts(en="State sales tax", es="Impuesto estatal sobre ventas")
ONCE_TAX = Texts(en="State sales tax on what is paid once", es="Impuesto estatal sobre pagos únicos")
FRANCHISE_FEE = Texts(en="Video franchise fee", es="Tasa de franquicia de video")
CHARGES = (
    Due("larkspur", "sales-tax-equipment", SALES_TAX, TAX, PERCENT, Decimal("6.25"), Family.EQUIPMENT),
    Due("larkspur", "sales-tax-once", ONCE_TAX, TAX, PERCENT, Decimal("6.25"), "", PriceKind.ONE_TIME),
    Due("larkspur", "franchise-fee", FRANCHISE_FEE, FEE, PERCENT, Decimal(5), Family.VIDEO),
    Due(
        "larkspur",
        "broadcast-tv",
        Texts(en="Broadcast TV fee", es="Cargo por TV abierta"),
        FEE,
        PER_LINE,
        Decimal("11.50"),
        Family.VIDEO,
    ),
    Due("larkspur", "e911", Texts(en="911 fee", es="Cargo 911"), FEE, PER_LINE, Decimal("1.25"), Family.VOICE),
    Due(
        "larkspur",
        "universal-service",
        Texts(en="Universal Service Fund", es="Fondo de Servicio Universal"),
        FEE,
        PERCENT,
        Decimal("8.4"),
        Family.VOICE,
    ),
    Due("south", "sales-tax-equipment", SALES_TAX, TAX, PERCENT, Decimal("8.25"), Family.EQUIPMENT),
    Due("south", "sales-tax-once", ONCE_TAX, TAX, PERCENT, Decimal("8.25"), "", PriceKind.ONE_TIME),
    Due(FRANCHISE, "franchise-fee", FRANCHISE_FEE, FEE, PERCENT, Decimal(3), Family.VIDEO),
)

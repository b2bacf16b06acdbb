"""Catalogues for tests, made by the services."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

from catalog import services
from catalog.models import Campaign, Charge, Package, Product, Promotion
from catalog.services import GroupDescription, ItemDescription
from catalog.states import ChargeBasis, PriceKind
from foundation.divisions.fields import Texts
from foundation.divisions.models import Division
from territory.states import ProductFamily

LONG_AGO = date(2020, 1, 1)
_numbers = count(1)


def make_product(
    division: Division,
    code: str = "",
    *,
    family: str = ProductFamily.INTERNET,
    recurring: str | None = "50.00",
    one_time: str | None = None,
    **description: Any,
) -> Product:
    """Make a product with its prices."""
    code = code or f"product-{next(_numbers)}"
    return services.define_product(
        code,
        division=division,
        family=family,
        recurring=Decimal(recurring) if recurring is not None else None,
        one_time=Decimal(one_time) if one_time is not None else None,
        starts_on=LONG_AGO,
        **{"names": Texts(en=code.replace("-", " ").capitalize()), **description},
    )


def make_package(
    division: Division,
    code: str = "",
    *,
    items: Sequence[ItemDescription] | None = None,
    eligibility: Sequence[GroupDescription] = (),
    **description: Any,
) -> Package:
    """Make a package; without items it has one internet product."""
    code = code or f"package-{next(_numbers)}"
    return services.define_package(
        code,
        division=division,
        items=items if items is not None else [{"product": make_product(division).code}],
        eligibility=eligibility,
        **{"names": Texts(en=code.replace("-", " ").capitalize()), **description},
    )


def make_campaign(
    division: Division,
    code: str = "",
    *,
    packages: Sequence[str] = (),
    eligibility: Sequence[GroupDescription] = (),
    **description: Any,
) -> Campaign:
    """Make an active campaign; without packages it is a dummy."""
    code = code or f"campaign-{next(_numbers)}"
    values = {
        "names": Texts(en=code.replace("-", " ").capitalize()),
        "starts_on": LONG_AGO,
        "is_dummy": not packages,
        **description,
    }
    return services.define_campaign(code, division=division, packages=packages, eligibility=eligibility, **values)


def make_promotion(division: Division, code: str = "", **description: Any) -> Promotion:
    """Make a promotion; unless told otherwise ten off every month for a year."""
    code = code or f"promotion-{next(_numbers)}"
    values: Mapping[str, Any] = {
        "names": Texts(en=code.replace("-", " ").capitalize()),
        "kind": PriceKind.RECURRING,
        "starts_on": LONG_AGO,
        **({} if "percent" in description else {"amount": Decimal("10.00")}),
        **({} if description.get("kind") == PriceKind.ONE_TIME else {"months": 12}),
        **description,
    }
    return services.define_promotion(code, division=division, **values)


def make_charge(division: Division, code: str = "", *, rate: str = "5", **description: Any) -> Charge:
    """Make a tax; unless told otherwise five percent of what is paid every month."""
    code = code or f"charge-{next(_numbers)}"
    values: Mapping[str, Any] = {
        "names": Texts(en=code.replace("-", " ").capitalize()),
        "basis": ChargeBasis.PERCENT,
        "kind": PriceKind.RECURRING,
        **description,
    }
    return services.define_charge(code, division=division, starts_on=LONG_AGO, rate=Decimal(rate), **values)

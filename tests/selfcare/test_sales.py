"""What a partner sees of the orders that their link brought."""

import pytest
from django.conf import LazySettings
from django.test import Client

from accounts.models import Partner
from accounts.testing import make_details, make_partner
from foundation.people.testing import make_person, sign_in
from orders import services
from orders.models import Order
from orders.queries import open_slots
from orders.testing import Market, agree, make_market, submit
from territory.testing import make_qualification


@pytest.fixture(autouse=True)
def any_host(settings: LazySettings) -> None:
    settings.ALLOWED_HOSTS = ["*"]


@pytest.fixture
def market(db: None) -> Market:
    return make_market()


def order_after_following(link: str, market: Market) -> Order:
    """Open the shop by a link, choose a package there, and order it."""
    visitor = Client(headers={"host": market.site.host})
    visitor.get(link)
    address = make_qualification(market.division)
    begun = visitor.post(f"/address/{address.key}/order/", {"package": market.package, "key": link})
    order = Order.objects.get(token=begun["Location"].split("/")[2])
    services.identify(order.pk, make_details(), note="")
    services.hold_slot(order.pk, open_slots(market.division)[0].pk)
    return submit(agree(order))


def sales_page_of(partner: Partner) -> str:
    assert partner.user is not None
    return sign_in(Client(), partner.user).get("/me/sales/").content.decode()


def test_a_partner_sees_what_their_link_sold_and_nothing_else(market):
    mine, other = (make_partner(market.division, user=make_person(), code=code) for code in ("corner", "market-hall"))

    through_me = order_after_following("/?partner=CORNER", market)
    through_the_other = order_after_following("/?partner=market-hall", market)
    through_nobody = order_after_following("/?partner=unknown", market)

    page = sales_page_of(mine)
    assert through_me.number in page
    assert through_the_other.number not in page
    assert through_nobody.number not in page
    assert through_the_other.number in sales_page_of(other)
    assert through_nobody.attribution == ["partner:unknown"]

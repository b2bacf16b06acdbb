"""Who may set up which mailbox."""

import pytest
from django.urls import reverse

from foundation.correspondence.models import Mailbox
from foundation.correspondence.testing import make_mailbox
from foundation.divisions.models import Brand
from foundation.divisions.testing import make_division, make_site
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in

pytestmark = pytest.mark.django_db

NOT_AVAILABLE = "This address is not available."
NO_USER = "This user name is not available."
SERVER = {"host": "imap.example.com", "port": "993", "security": "tls"}


@pytest.fixture
def house():
    return make_division("House")


@pytest.fixture
def market(house):
    return make_division("Ours", parent=house)


@pytest.fixture
def other(house):
    """Another market, with a site, a sender and a mailbox at a mail server."""
    other = make_division("Theirs", parent=house)
    site = make_site(other, host="shop.theirs.example")
    Brand.objects.filter(pk=site.brand_id).update(email="hello@senders.example")
    make_mailbox(other, code="theirs", address="care@elsewhere.example", host=SERVER["host"], username="care")
    return other


@pytest.fixture
def browser(client, market):
    return sign_in(client, make_person(Role.OPERATOR, market))


@pytest.fixture(autouse=True)
def servers(monkeypatch):
    for code in ("OURS", "THEIRS"):
        monkeypatch.setenv(f"MAILBOX_{code}_HOST", f"{SERVER['host']}:{SERVER['port']}")


def filled_in(division, address="care@ours.example", **changes):
    """What the form sends."""
    inline = {f"fetching-{name}_FORMS": 0 for name in ("TOTAL", "INITIAL")}
    usual = {"code": "ours", "port": 993, "security": "tls", "folder": "INBOX", "done_folder": "", "is_active": "on"}
    return {**usual, **inline, "division": division.pk, "address": address, **changes}


def add(browser, division, **changes) -> str:
    answer = browser.post(reverse("admin:correspondence_mailbox_add"), filled_in(division, **changes))
    return answer.content.decode()


class TestSettingUpAMailbox:
    def test_at_an_address_and_under_a_name_of_ones_own(self, browser, market, other):
        add(browser, market, **SERVER, username="ours")

        assert Mailbox.objects.get(code="ours").division == market

    @pytest.mark.parametrize(
        "address",
        [
            "care@elsewhere.example",
            "Care@Elsewhere.Example",
            "x@shop.theirs.example",
            "x@theirs.example",
            "x@mail.shop.theirs.example",
            "x@senders.example",
            "x@mail.senders.example",
        ],
    )
    def test_at_what_is_another_markets_is_refused_and_says_no_more(self, browser, market, other, address):
        page = add(browser, market, address=address)

        assert NOT_AVAILABLE in page
        assert "Theirs" not in page
        assert not Mailbox.objects.filter(code="ours").exists()

    @pytest.mark.parametrize("address", ["x@nottheirs.example", "x@other.example", "x@elsewhere.example"])
    def test_at_what_only_looks_like_it_is_not(self, browser, market, other, address):
        add(browser, market, address=address)

        assert Mailbox.objects.filter(code="ours").exists()

    def test_in_a_domain_that_is_shared_leaves_others_their_own_addresses(self, browser, house, market, other):
        site = make_site(house, host="house.example")
        Brand.objects.filter(pk=site.brand_id).update(email="hello@senders.example")
        Brand.objects.filter(sites__division=other).update(email="theirs@senders.example")

        assert NOT_AVAILABLE in add(browser, market, address="theirs@senders.example")
        add(browser, market, address="ours@senders.example")
        assert Mailbox.objects.filter(code="ours").exists()

    @pytest.mark.parametrize("username", ["care", "CARE"])
    def test_under_another_markets_name_is_refused(self, browser, market, other, username):
        page = add(browser, market, **SERVER, username=username)

        assert NO_USER in page
        assert "care@elsewhere.example" not in page
        assert not Mailbox.objects.filter(code="ours").exists()

    def test_by_who_sees_both_is_theirs_to_decide(self, client, house, market, other):
        add(
            sign_in(client, make_person(Role.OPERATOR, house)),
            market,
            address="x@theirs.example",
            **SERVER,
            username="care",
        )

        assert Mailbox.objects.filter(code="ours").exists()


class TestChangingAMailbox:
    def change(self, browser, mailbox, **changes) -> str:
        page = reverse("admin:correspondence_mailbox_change", args=[mailbox.pk])
        return browser.post(page, filled_in(mailbox.division, **changes)).content.decode()

    def test_to_what_is_another_markets_is_refused(self, browser, market, other):
        mailbox = make_mailbox(market, code="ours", username="ours", **SERVER)

        page = self.change(browser, mailbox, address="x@theirs.example", **SERVER, username="care")

        assert NOT_AVAILABLE in page
        assert NO_USER in page
        mailbox.refresh_from_db()
        assert (mailbox.address, mailbox.username) == ("ours@larkspur.example", "ours")

    def test_leaves_what_somebody_above_has_set_up(self, browser, market, other):
        mailbox = make_mailbox(market, code="ours", address="x@theirs.example", username="care", **SERVER)

        self.change(browser, mailbox, address="x@theirs.example", **SERVER, username="care", folder="Support")

        mailbox.refresh_from_db()
        assert mailbox.folder == "Support"

"""What pages have in common: look, language, theme, brand, errors, the frame in another site, the style guide."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from django.conf import settings
from django.core.paginator import Paginator
from django.db import OperationalError
from django.template.loader import render_to_string
from django.test import Client, RequestFactory

from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from interfaces.storefront.context import THEME_COOKIE
from interfaces.storefront.templatetags.components import tel
from interfaces.storefront.views import errors
from orders.testing import Market
from tests.storefront.conftest import Visitor, statements_of

LETTERS = {"mail", "email"}
PAGES = sorted(
    path for path in Path("templates").rglob("*.html") if not LETTERS & {*path.parts} and "pdf" not in path.name
)


class TestChoosing:
    def test_a_language_is_kept_and_spoken(self, visitor: Visitor):
        response = visitor.post("/language/", {"language": "es", "next": "/?a=1"})

        assert response["Location"] == "/?a=1"
        assert visitor.get("/").headers["Content-Language"] == "es"

    def test_a_theme_is_kept_and_given_up(self, visitor: Visitor):
        visitor.post("/theme/", {"theme": "dark", "next": "/"})
        dark = visitor.get("/").content.decode()
        visitor.post("/theme/", {"theme": "", "next": "/"})

        assert 'data-bs-theme="dark"' in dark
        assert "data-bs-theme" not in visitor.get("/").content.decode()

    @pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
    def test_leads_nowhere_else(self, visitor: Visitor, target: str):
        assert visitor.post("/theme/", {"theme": "dark", "next": target})["Location"] == "/"

    def test_an_unknown_theme_is_none(self, visitor: Visitor):
        visitor.cookies[THEME_COOKIE] = '"><script>'

        assert "data-bs-theme" not in visitor.get("/").content.decode()


class TestTheBrand:
    def test_colours_the_pages_by_a_stylesheet_that_may_be_kept_for_ever(self, visitor: Visitor):
        brand = visitor.market.site.brand
        address = f"/brand/{brand.code}-{brand.version}.css"

        response = visitor.get(address)

        assert address in visitor.get("/").content.decode()
        assert f"--brand-on-light:{brand.primary}" in response.content.decode()
        assert "immutable" in response["Cache-Control"]

    def test_is_not_kept_under_another_version(self, visitor: Visitor):
        assert visitor.get(f"/brand/{visitor.market.site.brand.code}-1.css")["Cache-Control"] == "no-cache"

    def test_shows_its_logo(self, visitor: Visitor):
        brand = visitor.market.site.brand
        brand.logo, brand.logo_type = b"\x89PNG", "image/png"
        brand.save()

        response = visitor.get(f"/brand/{brand.code}-{brand.version}.logo")

        assert (response["Content-Type"], response.content) == ("image/png", b"\x89PNG")
        assert f"{brand.version}.logo" in visitor.get("/").content.decode()

    def test_without_a_logo_there_is_none(self, visitor: Visitor):
        brand = visitor.market.site.brand

        assert visitor.get(f"/brand/{brand.code}-{brand.version}.logo").status_code == 404


class TestErrors:
    def test_a_missing_page_belongs_to_the_site(self, visitor: Visitor):
        response = visitor.get("/no-such-page/")

        assert response.status_code == 404
        assert visitor.market.site.brand.name in response.content.decode()

    @pytest.mark.parametrize(
        ("view", "status"),
        [(errors.bad_request, 400), (errors.forbidden, 403), (errors.not_found, 404), (errors.stale_form, 403)],
    )
    def test_each_has_a_page_that_leads_on(self, market: Market, view, status: int):
        request = RequestFactory().get("/")
        request.site = market.site

        asked, response = statements_of(lambda: view(request))

        assert (response.status_code, asked) == (status, 0)
        assert "<h1>" in response.content.decode()

    def test_a_fault_of_ours_says_so_without_the_database(self):
        response = errors.broken(RequestFactory().get("/"))

        assert response.status_code == 500
        assert "on our side" in response.content.decode()

    def test_says_so_in_a_request_whose_database_is_away(self, visitor: Visitor, monkeypatch: pytest.MonkeyPatch):
        visitor.raise_request_exception = False

        def away(*_arguments: object, **_options: object) -> None:
            raise OperationalError

        monkeypatch.setattr("interfaces.storefront.views.start.shop_window", away)

        response = visitor.get("/")

        assert response.status_code == 503
        assert response["Retry-After"] == "30"


class TestTheFrameInAnotherSite:
    def test_may_be_shown_by_allowed_hosts_only(self, visitor: Visitor):
        site = visitor.market.site
        site.embed_hosts = ["https://www.larkspur.example"]
        site.save()

        response = visitor.get("/embed/address/?partner=SHOP-7")

        assert "frame-ancestors https://www.larkspur.example;" in f"{response['Content-Security-Policy']};"
        assert "X-Frame-Options" not in response
        assert 'target="_top"' in response.content.decode()
        assert 'value="SHOP-7"' in response.content.decode()

    def test_is_not_there_where_nobody_may(self, visitor: Visitor):
        assert visitor.get("/embed/address/").status_code == 404

    def test_no_other_page_may_be_framed(self, visitor: Visitor):
        response = visitor.get("/")

        assert "frame-ancestors 'none'" in response["Content-Security-Policy"]
        assert response["X-Frame-Options"] == "DENY"


class TestTheStyleGuide:
    def test_shows_every_component_to_staff(self, market: Market):
        client = Client(headers={"host": market.site.host, "accept-language": "en"})
        sign_in(client, make_person(Role.CSR, market.division))

        page = client.get("/styleguide/").content.decode()

        for part in ("steps", "packages", "order-summary", "timeline", "data-table", "error-summary", "paper", "stats"):
            assert part in page
        for piece in ("desk-stat-careful", "ticket-clocks", "30 min left", "Our answer", "ordering for a caller"):
            assert piece in page

    def test_is_for_staff_only(self, market: Market, visitor: Visitor):
        sign_in(visitor, make_person(Role.CUSTOMER, market.division))

        assert visitor.get("/styleguide/").status_code == 403
        assert "login" in Client(headers={"host": market.site.host}).get("/styleguide/")["Location"]


@pytest.mark.parametrize("template", PAGES, ids=str)
def test_no_template_has_a_script_or_style_of_its_own(template: Path):
    text = template.read_text(encoding="utf-8")

    assert not re.search(r"\sstyle=|\son[a-z]+=|<style|<script(?![^>]*src=)|javascript:", text)


def test_every_icon_that_is_drawn_exists():
    sprite = Path("static/icons/icons.svg").read_text(encoding="utf-8")
    drawn = {
        name for path in Path("templates").rglob("*.html")
        for name in re.findall(r'{% icon "([a-z]+)"', path.read_text(encoding="utf-8"))
    }  # fmt: skip

    assert drawn
    assert {name for name in drawn if f'id="{name}"' not in sprite} == set()
    assert settings.CSRF_FAILURE_VIEW


@pytest.mark.parametrize(
    ("written", "called"),
    [("(602) 555-0123", "tel:+16025550123"), ("+1 602 555 0123", "tel:+16025550123"), ("ext. 12", "tel:12")],
)
def test_a_number_that_can_be_called_is_nothing_but_digits(written: str, called: str):
    assert tel(written) == called


@pytest.mark.parametrize(("rows", "says"), [([], False), (range(10), False), (range(11), True)])
def test_a_list_of_one_page_has_no_pages_to_choose_from(rows: Sequence[int], says: bool):  # noqa: FBT001  # a parameter of the test
    page = Paginator(rows, 10).page(1)

    shown = render_to_string("components/_paging.html", {"page": page}, request=RequestFactory().get("/"))

    assert ("<nav" in shown) is says

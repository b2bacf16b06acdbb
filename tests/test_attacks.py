"""What somebody tries who has an account in one market, or none, and means no good."""

import json
from email.utils import parseaddr
from unittest.mock import Mock

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher, get_hasher
from django.core.exceptions import ValidationError
from django.test import Client, RequestFactory
from django.urls import reverse

from billing.models import InboundFact
from billing.ports import Connection, Unavailable, Unclear
from billing.services import check_connection, receive_fact
from billing.settings import BILLING_SYSTEM
from billing.states import FactOutcome
from billing.testing import make_billing_system
from foundation.divisions.models import Brand, Site
from foundation.divisions.settings import SETTINGS, declare
from foundation.divisions.testing import make_division
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.adapters import AccountAdapter
from foundation.people.states import Role
from foundation.people.testing import PASSWORD, make_person, sign_in
from integrations.tmf_billing import translation
from integrations.tmf_billing.adapter import TmfBilling
from orders.testing import make_market

pytestmark = pytest.mark.django_db


@pytest.fixture
def top():
    return make_division("Top")


@pytest.fixture
def mine(top):
    return make_division("Mine", parent=top)


@pytest.fixture
def theirs(top):
    return make_division("Theirs", parent=top)


@pytest.fixture
def operator(client: Client, mine) -> Client:
    return sign_in(client, make_person(Role.OPERATOR, mine))


class TestSettings:
    @pytest.mark.parametrize(
        "name",
        [
            "orders.draft_days",
            "orders.hold_minutes",
            "orders.earliest_days",
            "orders.latest_days",
            "territory.qualification_days",
        ],
    )
    @pytest.mark.parametrize("value", ["99999999999", "-1"])
    def test_no_market_sets_a_number_that_would_stop_a_sweep_of_all(self, operator, mine, name, value):
        page = operator.post(
            reverse("admin:divisions_division_settings", args=[mine.pk]), {f"{name}:own": "on", name: value}
        )

        assert list(page.context["form"].errors) == [name]
        assert not mine.settings.exists()

    def test_a_default_lies_within_its_own_bounds(self, mine):
        for setting in SETTINGS.values():
            if setting.kind is int:
                assert setting.choose(setting.default, mine) == setting.default

    def test_the_bounds_themselves_may_be_set(self, mine):
        kept = SETTINGS["orders.draft_days"]
        assert (kept.choose("1", mine), kept.choose("365", mine)) == (1, 365)
        with pytest.raises(ValidationError, match="365"):
            kept.choose("366", mine)

    def test_a_number_without_bounds_is_not_declared(self):
        with pytest.raises(ValueError, match="bounds"):
            declare("tests.boundless", kind=int, default=1, label="", help="")


class TestAdmin:
    def test_a_form_names_nobody_of_another_market(self, operator, mine, theirs):
        stranger, colleague = make_person(Role.CSR, theirs), make_person(Role.CSR, mine)
        form = reverse("admin:accounts_partner_add")

        assert str(colleague) in operator.get(f"{form}?user={colleague.pk}").content.decode()
        assert str(stranger) not in operator.get(f"{form}?user={stranger.pk}").content.decode()

    @pytest.mark.parametrize("lookup", ["password__startswith", "password", "last_login__gt", "roles__role"])
    def test_a_list_is_narrowed_by_its_own_filters_alone(self, operator, lookup):
        people = reverse("admin:people_user_changelist")

        assert operator.get(people, {lookup: "argon2"}).status_code == 400
        assert operator.get(people, {"is_active__exact": "1"}).status_code == 200


class TestGarbage:
    @pytest.mark.parametrize(
        "address",
        [
            "/staff/orders/?sort=address&after=%00,1",
            "/admin/people/user/?q=%00",
            "/admin/people/user/?is_active__exact=%00",
            "/admin/autocomplete/?app_label=accounts&model_name=partner&field_name=user&term=%00",
            "/staff/%00/",
        ],
    )
    def test_a_nul_in_an_address_is_answered_with_400(self, operator, address):
        assert operator.get(address).status_code == 400

    def test_a_nul_in_a_form_is_answered_with_400(self, operator):
        assert operator.post("/people/login/", {"login": "a\0b@people.example", "password": "x"}).status_code == 400

    def test_a_nul_in_a_cookie_is_answered_with_400(self, client, settings):
        client.cookies.load(f'{settings.SESSION_COOKIE_NAME}="a\\000b"')
        assert client.get("/people/login/").status_code == 400

    def test_a_cookie_that_is_nested_deep_counts_as_none(self, client, settings):
        settings.ALLOWED_HOSTS = ["*"]
        host = {"host": make_market().site.host}
        client.cookies[f"{settings.COOKIE_PREFIX}came_by"] = "[" * 3000
        assert client.get("/check/?address=12+Oak+Street", headers=host).status_code == 200

    def test_a_signed_event_that_is_nested_deep_is_refused_as_unreadable(self, monkeypatch):
        monkeypatch.setattr(TmfBilling, "_check_signature", lambda *_arguments: None)
        system = TmfBilling(Connection(base_url="", token="", webhook_secrets=()))
        with pytest.raises(ValueError, match="deep"):
            system.read_webhook({}, b"[" * 100_000, now())

    @pytest.mark.parametrize("event_id", ["x" * 101, "a\0b"])
    def test_an_event_with_an_id_that_cannot_be_kept_is_kept_as_unreadable_and_once(self, mine, event_id):
        system = make_billing_system(mine)
        event = {
            "eventId": event_id,
            "eventType": "workOrder\0StateChange",
            "eventTime": "2026-12-01T10:00:00+00:00",
            "event": {"note": "a\0b"},
        }
        told = [receive_fact(system, translation.vendor_fact(json.loads(json.dumps(event)))) for _ in range(2)]

        assert told == [True, False]
        assert InboundFact.objects.get().outcome == FactOutcome.UNREADABLE


class TestThrottles:
    @pytest.fixture
    def host(self, settings):
        settings.ALLOWED_HOSTS = ["*"]
        settings.THROTTLE_FACTOR = 1
        settings.THROTTLES = dict.fromkeys(settings.THROTTLES, "2/m/client")
        return {"host": make_market().site.host}

    @pytest.mark.parametrize("address", ["/suggest/?address=12+Oak", "/check/?address=12+Oak+Street"])
    def test_nobody_reads_the_territory_out(self, client, host, address):
        statuses = [client.get(address, headers=host).status_code for _ in range(3)]
        assert statuses == [200, 200, 429]

    def test_nobody_has_an_address_checked_again_and_again(self, client, host):
        statuses = [client.post("/address/nothing/again/", headers=host).status_code for _ in range(3)]
        assert statuses == [404, 404, 429]

    @pytest.mark.parametrize("address", ["/staff/search/?q=Ada", "/staff/orders/?export=csv"])
    def test_nobody_reads_the_customers_out(self, client, host, mine, address):
        sign_in(client, make_person(Role.CSR, mine))
        statuses = [client.get(address).status_code for _ in range(3)]
        assert statuses == [200, 200, 429]


class TestBrandsAndSites:
    def test_a_brand_in_quotes_can_still_send_a_link(self, mine):
        sent_by = []
        for name in ('Mine "Fast" Net', "Mine\nBcc: all@people.example", "Mine, Yours <x>"):
            brand = Brand.objects.create(division=mine, code=f"b{len(sent_by)}", name=name, email="hello@mine.example")
            request = RequestFactory().get("/")
            request.site = Site(brand=brand, division=mine)
            adapter = AccountAdapter()
            adapter.request = request
            message = adapter.render_mail("account/email/account_already_exists", "ada@people.example", {})
            sent_by.append(message.message()["From"])

        assert sent_by[0] == '"Mine \\"Fast\\" Net" <hello@mine.example>'
        assert [parseaddr(sender)[1] for sender in sent_by] == ["hello@mine.example"] * 3

    @pytest.mark.parametrize("name", ["two\nlines", "a\tb", "a\x7fb"])
    def test_a_brand_has_a_name_of_one_line(self, mine, name):
        with pytest.raises(ValidationError) as refusal:
            Brand(division=mine, code="b", name=name).full_clean()
        assert list(refusal.value.message_dict) == ["name"]

    @pytest.mark.parametrize(
        "host",
        [
            "*",
            "https://*.example.com",
            "http://www.example.com",
            "https://a.example; script-src *",
            "https://a.example *",
            "https://a.example\n",
            "https://a.example/path",
            "'self'",
            "www.example.com",
        ],
    )
    def test_a_frame_is_allowed_to_true_origins_alone(self, mine, host):
        with pytest.raises(ValidationError) as refusal:
            Site(division=mine, embed_hosts=["https://www.example.com:8443", host]).clean()
        assert list(refusal.value.message_dict) == ["embed_hosts"]

    def test_origins_may_have_a_port(self, mine):
        Site(division=mine, embed_hosts=["https://www.example.com:8443", "https://a-b.example"]).clean()

    def test_a_logo_runs_nothing_even_opened_on_its_own(self, client, mine):
        brand = Brand.objects.create(
            division=mine, code="b", name="B", logo=b"<svg onload=alert(1)></svg>", logo_type="image/svg+xml"
        )
        policy = client.get(reverse("storefront:brand_logo", args=[brand.code, int(brand.version)]))
        assert "sandbox" in policy["Content-Security-Policy"]
        assert "default-src 'none'" in policy["Content-Security-Policy"]


class TestBilling:
    def test_a_market_chooses_its_own_system_or_an_ancestors_never_a_siblings(self, top, mine, theirs):
        for division, code in ((top, "house"), (mine, "own"), (theirs, "foreign")):
            make_billing_system(division, code=code)

        assert [BILLING_SYSTEM.choose(code, mine) for code in ("house", "own")] == ["house", "own"]
        with pytest.raises(ValidationError):
            BILLING_SYSTEM.choose("foreign", mine)

    def test_the_token_travels_encrypted_in_production(self, settings, monkeypatch, mine):
        system = make_billing_system(mine, base_url="http://billing.example")
        monkeypatch.setenv(f"BILLING_{system.code.upper()}_URL", system.base_url)
        settings.IS_SECURE = False
        system.clean()
        settings.IS_SECURE = True
        with pytest.raises(ValidationError) as refusal:
            system.clean()
        assert list(refusal.value.message_dict) == ["base_url"]

    def test_a_check_tells_nothing_of_what_stands_at_an_address(self, monkeypatch, mine):
        system, said = make_billing_system(mine), set()
        monkeypatch.setenv(f"BILLING_{system.code.upper()}_URL", system.base_url)
        monkeypatch.setenv(f"BILLING_{system.code.upper()}_TOKEN", "t")
        for problem in (Unavailable("root:x:0:0"), Unclear("root:x:0:0"), Unavailable("No connection")):
            monkeypatch.setattr(TmfBilling, "check", Mock(side_effect=problem))
            with pytest.raises(NotAllowed) as refusal:
                check_connection(system.pk, by=make_person(Role.OPERATOR, mine))
            said.add(str(refusal.value))
        assert said == {"The billing system does not answer at this address with this token."}


class TestTheHouse:
    def test_its_numbers_are_for_those_who_see_all_of_it(self, client, top, mine):
        sign_in(client, make_person(Role.OPERATOR, mine))
        assert client.get("/metrics").status_code == 404
        sign_in(client, make_person(Role.OPERATOR, top))
        assert client.get("/metrics").status_code == 200

    def test_signing_up_with_a_known_address_costs_as_many_hashes_as_with_an_unknown_one(self, client, monkeypatch):
        known = make_person()
        hashed = Mock(side_effect=PBKDF2PasswordHasher().encode)
        hasher = type(get_hasher())
        monkeypatch.setattr(hasher, "encode", lambda _self, password, salt, **_more: hashed(password, salt, 1))
        counts = []
        for email in (known.email, "nobody@people.example"):
            hashed.reset_mock()
            answer = Client().post("/people/signup/", {"email": email, "password1": PASSWORD, "password2": PASSWORD})
            assert answer.status_code == 302
            counts.append(hashed.call_count)
        assert counts[0] == counts[1] > 0

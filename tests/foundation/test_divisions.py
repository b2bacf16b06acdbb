"""The tree, what it inherits, and the sites."""

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import given, strategies as st

from foundation.divisions.fields import Texts
from foundation.divisions.models import Brand, Division, DivisionLevel, contrast
from foundation.divisions.queries import Effective, effective, explain, site_at, site_of
from foundation.divisions.services import inherit_value, set_value
from foundation.divisions.settings import CURRENCY, LANGUAGES, TIME_ZONE
from foundation.divisions.testing import make_division, make_site
from foundation.events.models import Event

pytestmark = pytest.mark.django_db


class TestDivision:
    def test_knows_its_line_from_the_root(self):
        root = make_division()
        region = make_division(parent=root)
        system = make_division(parent=region)

        assert system.lineage == [root.pk, region.pk, system.pk]
        assert set(Division.objects.under(region)) == {region, system}

    def test_takes_all_below_along_when_it_moves(self):
        root, other = make_division(), make_division()
        region = make_division(parent=root)
        system = make_division(parent=region)

        region.parent = other
        region.save()

        system.refresh_from_db()
        assert system.lineage == [other.pk, region.pk, system.pk]
        assert set(Division.objects.under(root)) == {root}

    def test_cannot_lie_below_itself(self):
        root = make_division()
        below = make_division(parent=root)
        root.parent = below

        with pytest.raises(ValidationError) as refusal:
            root.full_clean()

        assert "parent" in refusal.value.message_dict


class TestSetting:
    def test_comes_from_the_nearest_ancestor_that_sets_it(self):
        root = make_division()
        region = make_division(parent=root)
        system = make_division(parent=region)

        assert explain(system, CURRENCY) == Effective("USD", None)
        set_value(root, CURRENCY, "CAD")
        assert explain(system, CURRENCY) == Effective("CAD", root)
        set_value(region, CURRENCY, "EUR")
        assert explain(system, CURRENCY) == Effective("EUR", region)
        assert effective(root, CURRENCY) == "CAD"
        inherit_value(region, CURRENCY)
        assert explain(system, CURRENCY) == Effective("CAD", root)

    def test_refuses_what_is_not_a_choice(self):
        with pytest.raises(ValidationError):
            set_value(make_division(), TIME_ZONE, "Mars/Olympus")

    @pytest.mark.parametrize(("setting", "value"), [(CURRENCY, "CAD"), (TIME_ZONE, "America/Denver")])
    def test_stays_once_anything_has_happened_where_it_counts(self, setting, value):
        root = make_division()
        market, other = (make_division(parent=root) for _each in range(2))
        set_value(other, setting, value)
        present = effective(market, setting)
        Event.objects.create(
            name="orders.submitted", payload={}, subject_type="orders.order", subject_id=1, division=market
        )

        for division in (root, market):
            with pytest.raises(ValidationError, match="It stays as it is"):
                set_value(division, setting, value)
        set_value(market, setting, present)  # says what counts already
        set_value(root, setting, value)  # counts for nobody any longer to whom something has happened
        with pytest.raises(ValidationError, match="It stays as it is"):
            inherit_value(market, setting)
        inherit_value(other, setting)

        assert (effective(market, setting), effective(other, setting)) == (present, value)

    def test_that_is_not_fixed_changes_whatever_has_happened(self):
        division = make_division()
        Event.objects.create(
            name="orders.submitted", payload={}, subject_type="orders.order", subject_id=1, division=division
        )

        set_value(division, LANGUAGES, "es")

        assert effective(division, LANGUAGES) == ["es"]

    def test_reads_a_list_as_an_operator_types_it(self):
        division = make_division()

        set_value(division, LANGUAGES, "en, es ,")

        assert effective(division, LANGUAGES) == ["en", "es"]

    def test_is_forgotten_when_its_change_is_rolled_back(self):
        division = make_division()
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            set_value(division, CURRENCY, "CAD")
            assert effective(division, CURRENCY) == "CAD"
            1 / 0  # noqa: B018

        assert effective(division, CURRENCY) == "USD"
        set_value(division, CURRENCY, "EUR")
        assert effective(division, CURRENCY) == "EUR"

    def test_costs_one_statement_once_known(self, django_assert_num_queries):
        division = make_division()
        effective(division, CURRENCY)

        with django_assert_num_queries(1):
            effective(division, CURRENCY)


class TestSite:
    def test_is_the_most_particular_one(self):
        everywhere = make_site(host="*")
        market = make_site(host="*", path_prefix="/hollow")
        named = make_site(host="fiber.example")

        assert site_at("any.example", "/order/1") == everywhere
        assert site_at("any.example", "/hollow/order/1") == market
        assert site_at("any.example", "/hollowed") == everywhere
        assert site_at("fiber.example", "/hollow/") == named

    def test_of_a_division_is_its_own_or_its_nearest_ancestors(self):
        root = make_division()
        below = make_division(parent=root)
        site = make_site(division=root)

        assert site_of(below) == site
        own = make_site(division=below, path_prefix="/own")
        assert site_of(below) == own
        assert site_of(root) == site

    def test_speaks_its_default_language(self):
        site = make_site(languages=("en",))
        site.default_language = "es"

        with pytest.raises(ValidationError) as refusal:
            site.full_clean()

        assert "default_language" in refusal.value.message_dict

    def test_answers_below_its_path(self, client):
        make_site(host="*")
        make_site(host="*", path_prefix="/hollow")

        response = client.get("/hollow/")

        assert response.wsgi_request.site.path_prefix == "/hollow"
        assert response.wsgi_request.path_info == "/"


class TestBrand:
    def test_refuses_colours_on_which_text_cannot_be_read(self):
        brand = Brand(division=make_division(), code="pale", name="Pale", primary="#ffff00")

        with pytest.raises(ValidationError) as refusal:
            brand.full_clean()

        assert list(refusal.value.message_dict) == ["primary"]

    @given(st.from_regex(r"#[0-9a-f]{6}", fullmatch=True), st.from_regex(r"#[0-9a-f]{6}", fullmatch=True))
    def test_contrast_is_symmetric_and_between_1_and_21(self, one, other):
        assert contrast(one, other) == contrast(other, one)
        assert 1 <= contrast(one, other) <= 21.001

    def test_contrast_agrees_with_known_pairs(self):
        assert contrast("#000000", "#ffffff") == pytest.approx(21)
        assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


class TestTexts:
    def test_fall_back_to_the_default_language_and_then_to_any(self):
        assert Texts(en="Fast", es="Rápido").in_language("es") == "Rápido"
        assert Texts(en="Fast", es="Rápido").in_language("es-mx") == "Rápido"
        assert Texts(en="Fast").in_language("es") == "Fast"
        assert Texts(es="Rápido").in_language("en") == "Rápido"
        assert Texts().in_language("en") == ""

    def test_survive_the_database(self):
        DivisionLevel.objects.create(depth=0, name=Texts(en="Region", es="Región"))

        assert DivisionLevel.objects.get().name.in_language("es") == "Región"

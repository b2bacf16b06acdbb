"""What products cost the operator: dated as prices are, said by who configures the division, and seen by nobody else."""

from datetime import date
from decimal import Decimal

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from catalog import services
from catalog.events import CostChanged
from catalog.models import Cost
from catalog.queries import costs_of
from catalog.states import PriceKind
from catalog.testing import make_product
from foundation.divisions.testing import make_division
from foundation.events.testing import published
from foundation.lifecycle import NotAllowed
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 21)
MONTHLY, ONCE = PriceKind.RECURRING, PriceKind.ONE_TIME


@pytest.fixture(autouse=True)
def at_noon():
    with time_machine.travel("2026-11-21T17:00:00Z", tick=False):
        yield


@pytest.fixture
def top():
    return make_division("Top")


@pytest.fixture
def mine(top):
    return make_division("Mine", parent=top)


@pytest.fixture
def product(top):
    return make_product(top, "internet", recurring="50.00")


def set_cost(product, amount, starts_on=TODAY, *, division=None, by=None, kind=MONTHLY):
    return services.set_cost(
        product.pk,
        division=division or product.division,
        kind=kind,
        amount=None if amount is None else Decimal(amount),
        starts_on=starts_on,
        by=by,
    )


def history(product) -> list[tuple[str, date, date | None]]:
    return [(str(cost.amount), cost.starts_on, cost.ends_on) for cost in product.costs.order_by("starts_on")]


class TestSetCost:
    def test_ends_the_old_one_the_day_before_and_tells_no_amount(self, product):
        set_cost(product, "13.37")

        set_cost(product, "14.00", date(2027, 1, 1))

        assert history(product) == [("13.37", TODAY, date(2026, 12, 31)), ("14.00", date(2027, 1, 1), None)]
        code = product.division.code
        assert published(CostChanged)[-1] == CostChanged(
            product="internet", division=code, kind="recurring", starts_on="2027-01-01", is_known=True
        )

    def test_of_nothing_ends_what_was_known(self, product):
        set_cost(product, "13.37")
        set_cost(product, "14.00", date(2027, 1, 1))

        assert set_cost(product, None, date(2026, 12, 1)) is None
        assert set_cost(product, None, date(2027, 1, 1)) is None

        assert history(product) == [("13.37", TODAY, date(2026, 11, 30))]
        assert not published(CostChanged)[-1].is_known

    def test_does_not_rewrite_the_past(self, product):
        set_cost(product, "13.37", date(2026, 1, 1))

        with pytest.raises(NotAllowed) as refusal:
            set_cost(product, "1.00", date(2026, 11, 20))

        assert (refusal.value.code, refusal.value.field) == ("past", "starts_on")
        assert history(product) == [("13.37", date(2026, 1, 1), None)]

    def test_by_a_person_says_nothing_of_the_past_even_the_first_time(self, product, top):
        with pytest.raises(NotAllowed) as refusal:
            set_cost(product, "13.37", date(2026, 11, 20), by=make_person(Role.OPERATOR, top))

        assert refusal.value.code == "past"

    def test_is_for_those_who_configure_the_division(self, product, mine, top):
        operator = make_person(Role.OPERATOR, mine)

        set_cost(product, "13.37", division=mine, by=operator)

        with pytest.raises(NotAllowed):
            set_cost(product, "13.37", division=top, by=operator)
        for role in (Role.CSR, Role.SUPERVISOR, Role.AUDITOR):
            with pytest.raises(NotAllowed):
                set_cost(product, "13.37", division=mine, by=make_person(role, mine))

    def test_refuses_a_negative_amount(self, product):
        with pytest.raises(ValidationError):
            set_cost(product, "-0.01")


class TestCostsOf:
    def test_are_the_nearest_divisions_on_that_day(self, product, mine, top):
        set_cost(product, "13.37")
        set_cost(product, "9.00", date(2027, 1, 1), division=mine)

        assert costs_of(top, date(2027, 1, 1)).of("internet", MONTHLY, 1) == Decimal("13.37")
        assert costs_of(mine, date(2026, 12, 31)).of("internet", MONTHLY, 1) == Decimal("13.37")
        assert costs_of(mine, date(2027, 1, 1)).of("internet", MONTHLY, 3) == Decimal("27.00")

    def test_of_the_division_above_hold_where_one_says_nothing_any_more(self, product, top, mine):
        set_cost(product, "13.37")
        set_cost(product, "9.00", division=mine)
        set_cost(product, "8.00", date(2027, 2, 1), division=mine)

        set_cost(product, None, date(2027, 1, 1), division=mine)

        days = (date(2026, 12, 31), date(2027, 1, 1), date(2027, 1, 31), date(2027, 2, 1))
        amounts = [costs_of(mine, day).of("internet", MONTHLY, 1) for day in days]
        assert amounts == [Decimal(said) for said in ("9.00", "13.37", "13.37", "8.00")]

    def test_are_not_known_where_nobody_has_said_them(self, product, top):
        assert costs_of(top, TODAY).of("internet", MONTHLY, 1) is None

        set_cost(product, "0.00")

        assert costs_of(top, TODAY).of("internet", MONTHLY, 1) == 0

    def test_are_nothing_of_what_nobody_asks_a_price_for_unless_said(self, product, top):
        assert costs_of(top, TODAY).of("internet", ONCE, 1) == 0

        set_cost(product, "60.00", kind=ONCE)

        assert costs_of(top, TODAY).of("internet", ONCE, 2) == Decimal("120.00")


def address(page: str) -> str:
    return reverse(f"admin:catalog_cost_{page}")


def file_of(*lines: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("costs.csv", "\n".join(("product,kind,amount,from", *lines)).encode())


class TestAdmin:
    @pytest.fixture
    def operator(self, client, mine) -> Client:
        return sign_in(client, make_person(Role.OPERATOR, mine))

    def test_shows_the_operator_the_costs_of_their_own_division_alone(self, operator, product, mine, top):
        neighbour = make_division("Neighbour", parent=top)
        for division, amount in ((top, "11.11"), (mine, "22.22"), (neighbour, "33.33")):
            set_cost(product, amount, division=division)

        page = operator.get(address("changelist")).content.decode()

        assert [amount in page for amount in ("11.11", "22.22", "33.33")] == [False, True, False]

    @pytest.mark.parametrize("role", [Role.AUDITOR, Role.SUPERVISOR, Role.CSR])
    def test_is_closed_to_everybody_else(self, client, product, mine, role):
        set_cost(product, "13.37", division=mine)
        other = sign_in(client, make_person(role, mine))

        answers = [other.get(address(page)) for page in ("changelist", "add", "load")]
        seen = other.get(reverse("admin:catalog_product_change", args=[product.pk]))

        assert [answer.status_code == 200 for answer in answers] == [False] * 3
        assert "13.37" not in seen.content.decode()

    def test_notes_one_from_a_day_on(self, operator, product, mine):
        values = {"product": product.pk, "division": mine.pk, "kind": "recurring", "starts_on": "2026-12-01"}

        page = operator.post(address("add"), {**values, "amount": "13.37"})

        assert page.headers["Location"] == address("changelist")
        cost = Cost.objects.get()
        assert (cost.division, cost.amount, cost.starts_on) == (mine, Decimal("13.37"), date(2026, 12, 1))

    def test_says_beside_the_field_what_is_wrong(self, operator, product, mine, top):
        set_cost(product, "13.37", date(2026, 1, 1), division=mine)
        below = make_product(make_division("Neighbour", parent=top), "theirs")
        values = {"product": product.pk, "division": mine.pk, "kind": "recurring", "starts_on": "2026-11-20"}

        past = operator.post(address("add"), {**values, "amount": "1"}).context["form"].errors
        foreign = operator.post(address("add"), {**values, "product": below.pk}).context["form"].errors
        above = operator.post(address("add"), {**values, "division": top.pk}).context["form"].errors

        assert past == {"starts_on": ["A cost changes today or later."]}
        assert set(foreign) == {"product"}
        assert set(above) == {"division"}

    def test_takes_a_file_of_many(self, operator, product, mine):
        make_product(mine, "modem", recurring=None, one_time="90.00")
        file = file_of("internet,recurring,13.37,2026-12-01", "modem,one_time,61.00,2026-12-01")

        operator.post(address("load"), {"division": mine.pk, "file": file})

        said = Cost.objects.order_by("amount").values_list("product__code", "kind", "amount", "division")
        assert list(said) == [
            ("internet", "recurring", Decimal("13.37"), mine.pk),
            ("modem", "one_time", Decimal("61.00"), mine.pk),
        ]

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("nothing,recurring,1.00,2026-12-01", "Line 3: No product “nothing” is sold there."),
            ("internet,weekly,1.00,2026-12-01", "Line 3: “weekly” is neither recurring nor one_time."),
            ("internet,recurring,much,2026-12-01", "Line 3: The amount or the date cannot be read."),
            ("internet,recurring,-1.00,2026-12-01", "Line 3: The amount is not one of money."),
            ("internet,recurring,1.00,9999-12-31", "Line 3: Enter a year from 1900 to 2199."),
            ("internet,recurring,1.00,2026-11-20", "internet: A cost changes today or later."),
        ],
    )
    def test_takes_none_of_a_file_with_a_faulty_line(self, operator, product, mine, line, said):
        file = file_of("internet,recurring,13.37,2026-12-01", line)

        page = operator.post(address("load"), {"division": mine.pk, "file": file})

        assert said in str(page.context["form"].errors)
        assert not Cost.objects.exists()

    def test_reads_no_file_that_is_too_large(self, operator, mine, product):
        file = file_of("internet,recurring,13.37,2026-12-01", "\n" * 1024**2)

        page = operator.post(address("load"), {"division": mine.pk, "file": file})

        assert page.context["form"].errors == {"file": ["The file is larger than 1 MB: divide it."]}
        assert not Cost.objects.exists()

    def test_names_the_columns_that_a_file_lacks(self, operator, mine):
        file = SimpleUploadedFile("costs.csv", b"product,amount\ninternet,1\n")

        page = operator.post(address("load"), {"division": mine.pk, "file": file})

        assert page.context["form"].errors == {"file": ["These columns are missing: kind, from."]}

"""What people type as a day or a moment, all over the program: another age is an error at its field, never a broken page."""

from datetime import UTC, date, datetime

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from commissions.models import Payee
from commissions.services.accrual import accrue_rewards
from commissions.testing import make_referral, make_rule, make_version
from foundation.divisions.testing import make_division
from foundation.moments import require_meant
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from orders.models import TermsVersion
from orders.testing import make_market

pytestmark = pytest.mark.django_db
REFUSED = "Enter a year from 1900 to 2199."
AGES = ["0001-01-01", "1899-12-31", "2200-01-01", "9999-12-31"]


@pytest.fixture
def operator() -> Client:
    return sign_in(Client(), make_person(Role.OPERATOR, make_division()))


@pytest.mark.parametrize("age", AGES)
@pytest.mark.parametrize(
    ("page", "field"),
    [
        ("orders_termsversion", "published_at"),
        ("orders_appointmentslot", "starts_at"),
        ("orders_appointmentslot", "ends_at"),
        ("worklist_absence", "starts_at"),
        ("worklist_absence", "ends_at"),
    ],
)
def test_a_moment_in_the_admin(operator, page, field, age):
    response = operator.post(reverse(f"admin:{page}_add"), {f"{field}_0": age, f"{field}_1": "23:59"})

    assert response.status_code == 200
    assert response.context["adminform"].form.errors[field] == [REFUSED]


@pytest.mark.parametrize("age", AGES)
@pytest.mark.parametrize(("page", "field"), [("referrals_programme", "starts_on"), ("referrals_programme", "ends_on")])
def test_a_day_in_the_admin(operator, page, field, age):
    response = operator.post(reverse(f"admin:{page}_add"), {field: age})

    assert response.context["adminform"].form.errors[field] == [REFUSED]


def test_terms_that_would_break_the_list_of_all():
    division = make_division()
    client = sign_in(Client(), make_person(Role.OPERATOR, division))
    typed = {"published_at_0": "9999-12-31", "published_at_1": "23:59:59"}
    texts = {"division": division.pk, "version": "2", "titles_en": "Terms", "texts_en": "You pay."}

    client.post(reverse("admin:orders_termsversion_add"), {**texts, **typed})

    assert client.get(reverse("admin:orders_termsversion_changelist")).status_code == 200
    assert not TermsVersion.objects.filter(version="2").exists()


@pytest.mark.parametrize("age", AGES)
@pytest.mark.parametrize("field", ["since", "until"])
def test_a_day_in_a_filter(operator, field, age):
    page = operator.get(reverse("desk:ticket_figures"), {field: age})

    assert page.status_code == 422
    assert REFUSED in page.content.decode()


@pytest.mark.parametrize("age", AGES)
def test_the_start_of_an_outage(operator, age):
    page = operator.post(reverse("desk:outage_new"), {"starts_at": f"{age}T23:59"})

    assert REFUSED in page.content.decode()


@pytest.mark.parametrize("month", ["0001-01", "9999-12"])
def test_the_month_of_a_statement(month):
    market = make_market()
    make_version(make_rule(market.division))
    accrue_rewards(make_referral(market=market).pk)
    auditor = sign_in(Client(), make_person(Role.AUDITOR, market.division))

    page = auditor.get(reverse("desk:statement", args=[Payee.objects.get().pk]), {"month": month})

    assert page.status_code in {200, 404}


@pytest.mark.parametrize("day", [date(1900, 1, 1), datetime(2199, 12, 31, 23, 59, tzinfo=UTC)])
def test_what_somebody_can_mean(day):
    require_meant(day)


@pytest.mark.parametrize("day", [date(1899, 12, 31), datetime(2200, 1, 1, tzinfo=UTC)])
def test_what_nobody_means(day):
    with pytest.raises(ValidationError):
        require_meant(day)

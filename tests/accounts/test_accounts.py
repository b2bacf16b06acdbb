"""Customers, accounts and consents."""

import pytest
from django.db import IntegrityError, connection, transaction

from accounts import services
from accounts.models import Account, AgreedText, Consent, Customer
from accounts.queries import accounts_visible_to, duplicate_of, overdue_account_of, partner_by_code
from accounts.states import AccountStatus, ConsentKind, Standing
from accounts.testing import make_account, make_details, make_partner
from foundation.correspondence.mailboxes import normalised_email
from foundation.divisions.testing import make_division
from foundation.lifecycle import NotAllowed
from foundation.now import today
from foundation.people.states import Role
from foundation.people.testing import make_person
from tests.orders.racing import together

MARKETING = AgreedText(kind=ConsentKind.MARKETING_EMAIL, text_version="1", text="Send me offers.")


@pytest.fixture
def division(db):
    return make_division()


class TestMailbox:
    @pytest.mark.parametrize(
        "email",
        [
            "ann@people.example",
            "ann+1@people.example",
            "Ann.Lee+tv@gmail.com",
            "ann.lee@googlemail.com",
            "+tag@people.example",
            "...@gmail.com",
            "+.a@gmail.com",
            "a.b+c+d@people.example",
            '"a@b"@people.example',
            "no address",
            "",
        ],
    )
    def test_is_the_same_to_the_database_as_to_the_mail(self, division, email):
        with connection.cursor() as cursor:
            cursor.execute("SELECT accounts_mailbox(%s)", [email])
            assert cursor.fetchone() == (normalised_email(email),)


class TestOpenAccount:
    def test_keeps_what_was_agreed_to_as_it_stood_there(self, division):
        make_account(division, details=make_details(agreed=(MARKETING,)))

        consent = Consent.objects.get()
        assert (consent.kind, consent.text, consent.text_version) == ("marketing_email", "Send me offers.", "1")

    def test_is_refused_to_the_same_person_at_the_same_address(self, division):
        details = make_details()
        first = make_account(division, details=details)
        assert duplicate_of(details, first.premises_id) == first

        with pytest.raises(NotAllowed) as refusal:
            make_account(division, details=details, premises=first.premises)

        assert refusal.value.code == "duplicate_account"
        assert Customer.objects.count() == 1

    def test_is_open_to_another_person_and_another_address(self, division):
        details = make_details()
        first = make_account(division, details=details)

        make_account(division, details=details)
        make_account(division, premises=first.premises)

        assert Account.objects.count() == 3

    @pytest.mark.django_db(transaction=True)
    def test_twice_at_once_opens_one(self):
        division, details = make_division(), make_details()
        premises = make_account(division).premises

        outcomes = together(*[lambda: make_account(division, details=details, premises=premises).pk] * 2)

        assert [one.code for one in outcomes if isinstance(one, NotAllowed)] == ["duplicate_account"]

    def test_is_guarded_by_the_database_where_the_service_was_passed_by(self, division):
        details = make_details()
        one, other = make_account(division, details=details), make_account(division, details=details)

        with pytest.raises(IntegrityError, match="no_duplicate_account"), transaction.atomic():
            Account.objects.filter(pk=other.pk).update(premises=one.premises)


class TestAccounts:
    def test_are_active_once_however_often_that_is_told(self, division):
        account = make_account(division)
        for _twice in range(2):
            services.activate_account(account.pk, by=None)

        account.refresh_from_db()
        assert account.status == AccountStatus.ACTIVE

    def test_are_closed_once(self, division):
        account = make_account(division)
        services.close_account(account.pk, by=None)

        with pytest.raises(NotAllowed):
            services.close_account(account.pk, by=None)
        with pytest.raises(NotAllowed):
            services.activate_account(account.pk, by=None)

    def test_are_found_by_what_their_customer_owes(self, division):
        details = make_details()
        account = make_account(division, details=details)
        assert overdue_account_of(details) is None

        services.set_standing(account.pk, Standing.DELINQUENT, by=None)

        assert overdue_account_of(make_details(phone=details.phone)) == account
        assert overdue_account_of(make_details(email=details.email)) == account
        assert overdue_account_of(make_details()) is None

    def test_are_seen_by_who_signs_in_for_them(self, division):
        person = make_person(email="casey@people.example")
        account = make_account(division, details=make_details(email="Casey@people.example"))
        make_account(division)
        assert not accounts_visible_to(person).exists()

        claimed = [services.claim_customers(by=person) for _twice in range(2)]

        assert claimed == [1, 0]
        assert list(accounts_visible_to(person)) == [account]


class TestConsents:
    def test_to_the_same_text_are_kept_once(self, division):
        customer = make_account(division).customer
        for _twice in range(2):
            services.keep_consents(customer, [MARKETING], language="en", channel="web", evidence={})

        assert Consent.objects.count() == 1

    def test_withdrawn_are_kept_and_can_be_given_again(self, division):
        customer = make_account(division).customer
        services.keep_consents(customer, [MARKETING], language="en", channel="web", evidence={})
        services.withdraw_consent(Consent.objects.get().pk, by=make_person(Role.CSR, division))

        services.keep_consents(customer, [MARKETING], language="en", channel="web", evidence={})

        assert sorted(bool(consent.withdrawn_at) for consent in Consent.objects.all()) == [False, True]

    def test_are_withdrawn_once(self, division):
        customer = make_account(division).customer
        services.keep_consents(customer, [MARKETING], language="en", channel="web", evidence={})
        csr = make_person(Role.CSR, division)
        consent = services.withdraw_consent(Consent.objects.get().pk, by=csr)

        with pytest.raises(NotAllowed) as refusal:
            services.withdraw_consent(consent.pk, by=csr)

        assert refusal.value.code == "withdrawn_before"

    @pytest.mark.parametrize(
        ("kind", "role", "code"),
        [(ConsentKind.TERMS, Role.CSR, "terms"), (ConsentKind.MARKETING_EMAIL, Role.AUDITOR, "not_permitted")],
    )
    def test_are_not_withdrawn_where_that_may_not_be(self, division, kind, role, code):
        customer = make_account(division).customer
        agreed = AgreedText(kind=kind, text_version="1")
        services.keep_consents(customer, [agreed], language="en", channel="web", evidence={})

        with pytest.raises(NotAllowed) as refusal:
            services.withdraw_consent(Consent.objects.get().pk, by=make_person(role, division))

        assert refusal.value.code == code


class TestPartners:
    def test_sell_between_their_dates(self, division):
        day = today(division)
        partner = make_partner(division, active_until=day)

        assert partner_by_code(partner.code.lower(), day) == partner
        assert partner_by_code(partner.code, day.replace(year=day.year + 1)) is None
        assert partner_by_code(partner.code, day.replace(year=day.year - 1)) is None

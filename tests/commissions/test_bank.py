"""Where payees are paid in cash: given by them alone, used after a wait, kept so that nobody reads a number."""

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from hypothesis import given, strategies as st

from accounts.testing import make_account
from commissions.events import BankDetailsEnded, BankDetailsGiven
from commissions.models import BankAccount, Payee
from commissions.queries.bank import bank_account_of, current_bank_account, may_be_paid_in_cash, sharing_bank_account
from commissions.services import bank
from commissions.services.bank import (
    BankDetails,
    end_bank_details,
    end_returned_bank_details,
    give_bank_details,
    renew_bank_accounts,
    withdraw_bank_details,
)
from commissions.settings import BANK_HOLD_DAYS
from commissions.states import BankAccountKind, LineFlag
from foundation.divisions.services import set_value
from foundation.divisions.testing import make_division
from foundation.events.models import Event
from foundation.events.testing import published
from foundation.lifecycle import NotAllowed
from foundation.now import now, today
from foundation.people.models import User
from foundation.people.states import Role
from foundation.people.testing import make_person
from tests.commissions.cashing import in_cash, let_details_count_at_once
from tests.commissions.paying import Payouts, make_earned, make_frozen, make_payouts
from tests.orders.racing import together

pytestmark = pytest.mark.django_db

BANK = "021000021"
NUMBER = "000987654321"
WEEK = timedelta(days=7)


@pytest.fixture
def payouts():
    return make_payouts()


@pytest.fixture
def user(payouts):
    return make_person(Role.CUSTOMER, payouts.division)


@pytest.fixture
def payee(payouts, user) -> Payee:
    return make_payee(payouts, user)


def make_payee(payouts: Payouts, user: User) -> Payee:
    """Make somebody who has earned a reward in cash."""
    if not payouts.programmes:
        in_cash(payouts)
    return make_earned(payouts, account=make_account(payouts.division, user=user)).payee


def details(**others) -> BankDetails:
    return BankDetails(
        **{
            "routing_number": BANK,
            "account_number": NUMBER,
            "kind": BankAccountKind.CHECKING,
            "holder": "Zoë Núñez",
        }
        | others
    )


def refused(payee, user, **others) -> NotAllowed:
    with pytest.raises(NotAllowed) as refusal:
        give_bank_details(payee.pk, details(**others), by=user)
    return refusal.value


class TestGiving:
    def test_is_used_after_the_days_of_the_division(self, payee, user):
        given = give_bank_details(payee.pk, details(), by=user)

        day = today(payee.division) + WEEK
        assert given.usable_from == day
        assert current_bank_account(payee) == given
        assert bank_account_of(payee, day - timedelta(days=1)) is None
        assert bank_account_of(payee, day) == given
        assert given.is_usable(day)
        assert not given.is_usable(day - timedelta(days=1))

    def test_waits_as_long_as_the_division_says(self, payee, user):
        set_value(payee.division, BANK_HOLD_DAYS, 3)

        given = give_bank_details(payee.pk, details(), by=user)

        assert given.usable_from == today(payee.division) + timedelta(days=3)

    @pytest.mark.parametrize("days", [0, 2])
    def test_waits_for_three_days_whatever_the_division_says(self, payee, days):
        with pytest.raises(ValidationError):
            set_value(payee.division, BANK_HOLD_DAYS, days)

    def test_keeps_the_number_readable_for_the_file_alone(self, payee, user):
        given = give_bank_details(payee.pk, details(), by=user)

        given.refresh_from_db()
        assert (given.account_number, given.ending, given.holder) == (NUMBER, "4321", "Zoë Núñez")
        with connection.cursor() as cursor:
            cursor.execute("SELECT b::text FROM commissions_bankaccount b")
            assert NUMBER not in cursor.fetchone()[0]
        assert str(given) == "Checking account ending in 4321"

    def test_shows_two_digits_of_a_short_number(self, payee, user):
        assert give_bank_details(payee.pk, details(account_number="1234567"), by=user).ending == "67"

    def test_ends_what_was_given_before(self, payee, user):
        first = give_bank_details(payee.pk, details(), by=user)
        with time_machine.travel(now() + WEEK, tick=False):
            second = give_bank_details(payee.pk, details(account_number="55554444"), by=user)

            first.refresh_from_db()
            assert (first.end_reason, first.ended_by, first.ended_at) == ("replaced", user, now())
            assert bank_account_of(payee, today(payee.division)) is None
            assert second.usable_from == today(payee.division) + WEEK

    def test_tells_the_others_which_and_no_digit(self, payee, user):
        first = give_bank_details(payee.pk, details(), by=user)
        second = give_bank_details(payee.pk, details(kind=BankAccountKind.SAVINGS), by=user)

        day = first.usable_from.isoformat()
        told = [fact for fact in published() if isinstance(fact, BankDetailsGiven)]
        assert told == [
            BankDetailsGiven(bank_account_id=first.pk, payee_id=payee.pk, usable_from=day),
            BankDetailsGiven(bank_account_id=second.pk, payee_id=payee.pk, usable_from=day, replaces=first.pk),
        ]
        rows = Event.objects.filter(name=BankDetailsGiven.name)
        assert {(row.subject_type, row.actor) for row in rows} == {("commissions.bankaccount", user)}
        assert all(f"accounts.account:{payee.account_id}" in row.about for row in rows)

    def test_does_not_begin_to_wait_anew_for_the_same(self, payee, user):
        give_bank_details(payee.pk, details(), by=user)

        assert refused(payee, user).code == "same"
        assert BankAccount.objects.count() == 1

    def test_is_for_the_payee_alone(self, payee):
        for role in Role:
            assert refused(payee, make_person(role, payee.division)).code == "not_own"

    def test_is_for_whoever_is_paid_in_cash(self, payouts, user):
        payee = make_earned(payouts, account=make_account(payouts.division, user=user)).payee  # on the bill

        assert not may_be_paid_in_cash(payee)
        assert refused(payee, user).code == "no_cash"

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("routing_number", "021000022"),
            ("routing_number", "12345"),
            ("account_number", "123"),
            ("account_number", "1" * 18),
            ("account_number", "0000000"),
            ("account_number", "12-345"),
            ("account_number", "१२३४५"),
            ("holder", " "),
            ("holder", "王小明"),
            ("holder", "Zoë 000987654321"),
        ],
    )
    def test_refuses_at_its_field_what_cannot_be_right(self, payee, user, field, value):
        assert refused(payee, user, **{field: value}).field == field
        assert not BankAccount.objects.exists()

    @given(number=st.from_regex(r"[0-9]{0,3}[1-9][0-9]{3,13}", fullmatch=True))
    def test_takes_every_number_and_gives_it_back(self, number):
        sealed = bank.encrypt(number)
        account = BankAccount(
            routing_number=BANK, sealed_number=sealed, digest=bank.digest_of(bank.written_together(BANK, number))
        )

        assert account.account_number == number
        assert number not in sealed + account.digest


class TestEnding:
    @pytest.fixture
    def given(self, payee, user):
        return give_bank_details(payee.pk, details(), by=user)

    def test_by_the_payee_leaves_nowhere_to_pay(self, given, payee, user):
        withdraw_bank_details(payee.pk, by=user)

        given.refresh_from_db()
        assert (given.end_reason, given.ended_by) == ("withdrawn", user)
        assert current_bank_account(payee) is None
        assert published()[-1] == BankDetailsEnded(bank_account_id=given.pk, payee_id=payee.pk, reason="withdrawn")
        with pytest.raises(NotAllowed):
            withdraw_bank_details(payee.pk, by=user)

    def test_for_the_payee_is_not_for_others(self, given, payee):
        with pytest.raises(NotAllowed) as refusal:
            withdraw_bank_details(payee.pk, by=make_person(Role.OPERATOR, payee.division))
        assert refusal.value.code == "not_own"

    @pytest.mark.parametrize("role", Role)
    def test_by_staff_is_for_whoever_builds_payouts(self, given, payee, role):
        person = make_person(role, payee.division)
        if role in {Role.SUPERVISOR, Role.OPERATOR}:
            end_bank_details(given.pk, "They called: not theirs.", by=person)
            given.refresh_from_db()
            assert (given.end_reason, given.end_note, given.ended_by) == (
                "not_theirs", "They called: not theirs.", person,
            )  # fmt: skip
        else:
            with pytest.raises(NotAllowed):
                end_bank_details(given.pk, "They called.", by=person)

    def test_by_staff_of_another_division_is_refused(self, given):
        with pytest.raises(NotAllowed):
            end_bank_details(given.pk, "They called.", by=make_person(Role.OPERATOR, make_division()))

    def test_by_staff_says_why(self, given, payouts):
        with pytest.raises(NotAllowed) as refusal:
            end_bank_details(given.pk, " ", by=payouts.builder)
        assert refusal.value.field == "reason"

    def test_because_money_came_back_keeps_the_code(self, given):
        end_returned_bank_details(given.pk, "R03", by=None)

        given.refresh_from_db()
        assert (given.end_reason, given.end_note, given.ended_by) == ("returned", "R03", None)

    def test_happens_once(self, given, payouts):
        end_bank_details(given.pk, "They called.", by=payouts.builder)

        with pytest.raises(NotAllowed) as refusal:
            end_returned_bank_details(given.pk, "R03", by=None)
        assert refusal.value.code == "ended"


class TestTheDatabase:
    @pytest.fixture
    def given(self, payee, user):
        return give_bank_details(payee.pk, details(), by=user)

    @pytest.mark.parametrize(
        "values",
        [
            {"routing_number": "121042882"},
            {"ending": "0000"},
            {"holder": "Somebody"},
            {"kind": "savings"},
            {"is_business": True},
            {"usable_from": "2020-01-01"},
        ],
    )
    def test_changes_no_details(self, given, values):
        with pytest.raises(DatabaseError, match="do not change"), transaction.atomic():
            BankAccount.objects.filter(pk=given.pk).update(**values)

    def test_deletes_none(self, given):
        with pytest.raises(DatabaseError, match="are kept"), transaction.atomic():
            BankAccount.objects.all().delete()

    def test_brings_none_back(self, given, payouts):
        end_bank_details(given.pk, "They called.", by=payouts.builder)

        with pytest.raises(DatabaseError, match="end once"), transaction.atomic():
            BankAccount.objects.update(ended_at=None, ended_by=None, end_reason="", end_note="")

    def test_does_not_let_a_number_be_put_in_place_of_another(self, given):
        """Who writes into the table knows no key: another encrypted number does not fit the digest."""
        BankAccount.objects.update(sealed_number=bank.encrypt("111122223333"))
        given.refresh_from_db()

        with pytest.raises(ValueError, match="digest"):
            assert given.account_number


class TestChangingTheKeys:
    def test_lets_the_old_key_be_taken_away(self, payee, user, settings, capsys):
        given = give_bank_details(payee.pk, details(), by=user)
        settings.FIELD_KEYS = ["new", *settings.FIELD_KEYS]
        assert given.account_number == NUMBER  # before anything was renewed

        call_command("rotate_field_keys")

        settings.FIELD_KEYS = ["new"]
        given.refresh_from_db()
        assert given.account_number == NUMBER
        assert "1 bank accounts" in capsys.readouterr().out

    def test_keeps_what_is_the_same_the_same(self, payouts, payee, user, settings):
        other = make_person(Role.CUSTOMER, payouts.division)
        another = make_payee(payouts, other)
        settings.FIELD_KEYS = ["old"]
        give_bank_details(payee.pk, details(), by=user)
        settings.FIELD_KEYS = ["new", "old"]
        renew_bank_accounts()
        give_bank_details(another.pk, details(), by=other)

        assert sharing_bank_account([payee.pk, another.pk]) == {payee.pk, another.pk}


class TestOneBankAccountOfTwo:
    @pytest.fixture
    def another(self, payouts):
        return make_payee(payouts, make_person(Role.CUSTOMER, payouts.division))

    def test_is_found_by_routing_and_account_number_together(self, payee, user, another):
        give_bank_details(payee.pk, details(), by=user)
        theirs = another.account.customer.user
        give_bank_details(another.pk, details(routing_number="121042882"), by=theirs)
        assert sharing_bank_account([payee.pk, another.pk]) == set()

        give_bank_details(another.pk, details(holder="Somebody Else", is_business=True), by=theirs)
        assert sharing_bank_account([payee.pk]) == {payee.pk}

    def test_counts_though_the_other_has_ended(self, payee, user, another):
        give_bank_details(another.pk, details(), by=another.account.customer.user)
        withdraw_bank_details(another.pk, by=another.account.customer.user)
        give_bank_details(payee.pk, details(), by=user)

        assert sharing_bank_account([payee.pk, another.pk]) == {payee.pk}

    def test_flags_what_is_paid_to_both(self, payouts, payee, user, another):
        let_details_count_at_once(payouts.division)
        third = make_earned(payouts, "30.00").payee
        give_bank_details(payee.pk, details(), by=user)
        give_bank_details(another.pk, details(), by=another.account.customer.user)

        lines = make_frozen(payouts).lines.all()

        flagged = {line.payee for line in lines if LineFlag.SAME_BANK in line.flags}
        assert flagged == {payee, another}
        assert third in {line.payee for line in lines}


@pytest.mark.django_db(transaction=True)
def test_two_who_give_details_at_once_leave_one_account_to_pay_to():
    payouts = make_payouts()
    user = make_person(Role.CUSTOMER, payouts.division)
    payee = make_payee(payouts, user)

    outcomes = together(
        *(
            lambda number=number: give_bank_details(payee.pk, details(account_number=number), by=user)
            for number in ("111122223333", "444455556666")
        )
    )

    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    assert BankAccount.objects.filter(ended_at=None).count() == 1
    assert BankAccount.objects.filter(end_reason="replaced").count() == 1

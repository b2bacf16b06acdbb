"""A return file that was brought for a market says nothing of transfers that others have sent, whoever takes it."""

import pytest

from commissions.models import BankChange, BankReturn, Payee
from commissions.queries.bank import open_change_of, open_changes
from commissions.queries.transfers import unmatched, was_run
from commissions.services.bank import accept_change, dismiss_change
from commissions.services.batches import (
    hand_over_bank_file,
    keep_return_file,
    look_at_return,
    rows_of,
    take_return_file,
)
from commissions.states import ReturnOutcome
from foundation.divisions.testing import make_division
from foundation.lifecycle import NotAllowed
from foundation.people.states import Role
from foundation.people.testing import make_person
from tests.commissions.cashing import make_cash, make_file, notification, return_file, set_originator
from tests.commissions.paying import make_payouts

pytestmark = pytest.mark.django_db

NUMBER = "000555666777"


@pytest.fixture
def payouts(market):
    payouts = make_payouts(market)
    set_originator(payouts.division)
    return payouts


@pytest.fixture
def franchise(payouts):
    """Return a market below, which sends by the same bank."""
    return make_division(parent=payouts.division)


@pytest.fixture
def neighbor(franchise):
    """Return who may approve payouts in the franchise alone."""
    return make_person(Role.AUDITOR, franchise)


@pytest.fixture
def house(payouts):
    """Return another auditor of the market above."""
    return make_person(Role.AUDITOR, payouts.division)


@pytest.fixture
def line(payouts):
    """Return a transfer that the market above has sent."""
    make_cash(payouts, number="12345678")
    file = make_file(payouts)
    hand_over_bank_file(file.pk, by=payouts.auditor)
    return file.batch.lines.get()


class TestAFileOfAFranchise:
    def test_tells_of_no_change_of_details_that_others_pay_to(self, neighbor, franchise, house, line):
        kept = keep_return_file(notification(line, "C01", NUMBER), by=neighbor)
        assert kept.division == franchise
        (row,) = rows_of(kept, by=house)

        take_return_file(kept.pk, by=house)

        assert row.line is None
        assert BankChange.objects.get().bank_account is None
        assert open_change_of(line.bank_account) is None

    def test_lets_nothing_come_back_that_others_have_sent(self, payouts, neighbor, house, line):
        kept = keep_return_file(return_file((line, "R03")), by=neighbor)

        assert take_return_file(kept.pk, by=house) == {ReturnOutcome.UNMATCHED: 1}

        assert BankReturn.objects.get().line is None
        assert not was_run(line.batch.bank_file)
        again = keep_return_file(return_file((line, "R03")), by=payouts.auditor)
        assert take_return_file(again.pk, by=house) == {ReturnOutcome.TAKEN: 1}
        assert [row.line for row in rows_of(kept, by=neighbor)] == [None]

    def test_swallows_no_notice_that_is_brought_where_it_belongs(self, payouts, neighbor, house, line):
        text = notification(line, "C01", NUMBER)
        take_return_file(keep_return_file(text, by=neighbor).pk, by=neighbor)

        take_return_file(keep_return_file(text, by=payouts.auditor).pk, by=house)

        assert open_change_of(line.bank_account)


class TestWhatConcernsOthers:
    def test_a_change_is_settled_by_who_may_approve_where_the_payee_is(self, payouts, neighbor, house, franchise, line):
        """As a payee of the market above who was paid by the franchise."""
        kept = keep_return_file(notification(line, "C01", NUMBER), by=payouts.auditor)
        take_return_file(kept.pk, by=payouts.auditor)
        change = BankChange.objects.get()
        Payee.objects.filter(pk=line.payee_id).update(division=make_division())

        assert list(open_changes(house)) == []
        for settle in (lambda: accept_change(change.pk, by=house), lambda: dismiss_change(change.pk, "No.", by=house)):
            with pytest.raises(NotAllowed) as refusal:
                settle()
            assert refusal.value.code == "not_permitted"

        Payee.objects.filter(pk=line.payee_id).update(division=franchise)
        assert list(open_changes(neighbor)) == []
        assert list(open_changes(house)) == [change]
        accept_change(change.pk, by=house)

    def test_a_return_is_looked_at_by_who_may_approve_where_it_was_sent(self, neighbor, franchise, house, line):
        """As it could be kept once."""
        kept = keep_return_file(return_file((line, "R24")), by=make_person(Role.AUDITOR, franchise))
        found = BankReturn.objects.create(
            file=kept, line=line, original_trace=line.trace_number, trace="876543210000001", code="R24",
            amount=line.amount, outcome=ReturnOutcome.UNCLEAR, taken_by=house,
        )  # fmt: skip

        assert list(unmatched(neighbor)) == []
        with pytest.raises(NotAllowed) as refusal:
            look_at_return(found.pk, "Made up.", by=neighbor)

        assert refusal.value.code == "not_permitted"
        assert list(unmatched(house)) == [found]
        assert look_at_return(found.pk, "Made up.", by=house).looked_at_by == house

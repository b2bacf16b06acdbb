"""For which market a bank's return file is kept: the one whose transfers it sends back, or that a person names."""

import pytest

from commissions.services.batches import keep_return_file
from commissions.settings import ORIGINATOR
from foundation.divisions.models import Division
from foundation.divisions.services import set_value
from foundation.divisions.testing import make_division
from foundation.lifecycle import NotAllowed
from foundation.people.models import RoleAssignment, User
from foundation.people.states import Role
from foundation.people.testing import make_person
from orders.testing import make_market
from tests.commissions.cashing import make_cash, make_file, return_file, set_originator
from tests.commissions.paying import Payouts, make_payouts

pytestmark = pytest.mark.django_db

OTHER_COMPANY = "1999999999"


def auditor_of(*divisions: Division) -> User:
    first, *others = divisions
    person = make_person(Role.AUDITOR, first)
    for division in others:
        RoleAssignment.objects.create(user=person, role=Role.AUDITOR, division=division)
    return User.objects.get(pk=person.pk)


def make_siblings(parent: Division | None = None) -> list[Division]:
    """Make two markets, the later one of which sends as another company."""
    siblings = [make_division(parent=parent) for _ in range(2)]
    set_originator(siblings[0])
    set_originator(siblings[1], company_id=OTHER_COMPANY)
    return siblings


def one_return(payouts: Payouts, **said: str) -> str:
    make_cash(payouts, number="12345678")
    return return_file((make_file(payouts).batch.lines.get(), "R03"), **said)


class TestAReturnFile:
    @pytest.mark.parametrize("is_the_other", [False, True])
    def test_is_kept_for_the_market_whose_originator_it_names(self, is_the_other):
        siblings = make_siblings()
        market = siblings[is_the_other]
        text = one_return(make_payouts(make_market(market)))
        if is_the_other:
            text = text.replace("1987654321", OTHER_COMPANY)

        assert keep_return_file(text, by=auditor_of(*siblings)).division == market

    def test_is_kept_there_by_somebody_of_above_too(self):
        above = make_division()
        _one, other = make_siblings(above)
        text = one_return(make_payouts(make_market(other))).replace("1987654321", OTHER_COMPANY)

        assert keep_return_file(text, by=auditor_of(above)).division == other

    def test_is_kept_above_where_all_send_as_one(self):
        above = make_division()
        below = make_division(parent=above)
        set_originator(above)
        text = one_return(make_payouts(make_market(below)))

        assert keep_return_file(text, by=auditor_of(above)).division == above

    def test_names_who_had_sent_it_though_that_is_set_otherwise_since(self):
        one, other = make_siblings()
        text = one_return(make_payouts(make_market(one)), trace="123456789999999")
        set_value(one, ORIGINATOR["company_id"], "1777777777")

        assert keep_return_file(text, by=auditor_of(other, one)).division == one

    def test_of_markets_with_one_bank_account_is_for_the_one_whose_transfers_it_names(self):
        one, other = make_siblings()
        set_originator(other)
        text = one_return(make_payouts(make_market(other)))

        assert keep_return_file(text, by=auditor_of(one, other)).division == other

    def test_that_does_not_say_for_which_market_it_is_asks(self):
        one, other = make_siblings()
        set_originator(other)
        text = one_return(make_payouts(make_market(one)), trace="123456789999999")
        both, stranger = auditor_of(one, other), make_division()

        for division_id, code in ((None, "which_market"), (stranger.pk, "not_permitted")):
            with pytest.raises(NotAllowed) as refusal:
                keep_return_file(text, division_id=division_id, by=both)
            assert (refusal.value.code, refusal.value.field) == (code, "division")

        assert keep_return_file(text, division_id=other.pk, by=both).division == other

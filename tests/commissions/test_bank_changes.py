"""What a bank tells of a payee's details: nothing is sent there until it is settled, by the payee or by two people."""

import pytest

from commissions.models import BankAccount, BankChange
from commissions.queries.bank import open_change_of, open_changes
from commissions.services.bank import accept_change, dismiss_change
from commissions.services.batches import build_batch, hand_over_bank_file, keep_return_file, rows_of, take_return_file
from commissions.services.batches.transfers import renew_bank_files
from commissions.settings import BANK_HOLD_DAYS
from commissions.states import BankEnd, ChangeStatus, LineStatus, RewardStatus
from foundation.correspondence.models import Message
from foundation.divisions.services import set_value
from foundation.events.testing import drain
from foundation.lifecycle import NotAllowed
from foundation.now import today
from foundation.people.models import User
from foundation.people.states import Role
from foundation.people.testing import make_person
from tests.commissions.cashing import give_bank, make_cash, make_file, notification, set_originator, work
from tests.commissions.paying import make_approved, make_payouts
from tests.commissions.vendor import forget_what_was_owed

pytestmark = pytest.mark.django_db
C07 = f"{'021000021':<9}{'000777888999':<17}{'32':<3}"
"""Another routing number, account number, and savings."""


@pytest.fixture
def payouts(market):
    payouts = make_payouts(market)
    set_originator(payouts.division)
    return payouts


@pytest.fixture
def other(payouts):
    """Return another auditor of the market."""
    return make_person(Role.AUDITOR, payouts.division)


@pytest.fixture
def reward(payouts):
    return make_cash(payouts, number="12345678")


@pytest.fixture
def line(payouts, reward):
    file = make_file(payouts)
    hand_over_bank_file(file.pk, by=payouts.auditor)
    return file.batch.lines.get()


def hear(payouts, line, code: str = "C01", corrected: str = "000555666777") -> BankChange:
    """Take a file that tells of a change, and tell whom it concerns."""
    kept = keep_return_file(notification(line, code, corrected), by=payouts.auditor)
    take_return_file(kept.pk, by=payouts.auditor)
    drain()
    return BankChange.objects.latest("pk")


class TestHearing:
    def test_holds_the_next_transfer_and_asks_the_payee(self, payouts, line):
        change = hear(payouts, line)
        waiting = make_cash(payouts, payee=line.payee)

        with pytest.raises(NotAllowed):
            build_batch(payouts.division.pk, by=payouts.builder)

        assert (change.status, change.bank_account) == (ChangeStatus.OPEN, line.bank_account)
        waiting.refresh_from_db()
        line.refresh_from_db()
        assert (waiting.status, line.status) == (RewardStatus.PAYABLE, LineStatus.SENT)
        letters = Message.objects.filter(kind="commissions.bank_change_heard")
        assert {letter.to for letter in letters} == {"riley@people.example", line.payee.account.customer.user.email}
        assert not any("6777" in letter.text for letter in letters)

    def test_takes_a_payment_out_whose_batch_was_approved(self, payouts, line):
        second = make_cash(payouts, payee=line.payee)
        batch = make_approved(payouts)
        forget_what_was_owed()
        hear(payouts, line)

        work(batch)

        second.refresh_from_db()
        assert batch.lines.get().status == LineStatus.RETURNED
        assert (second.status, second.holds) == (RewardStatus.PAYABLE, [])

    def test_the_same_again_is_heard_once(self, payouts, line):
        hear(payouts, line)
        text = notification(line, "C01", "000555666777").replace("FIRST BANK", "FIRST BNK ")

        kept = keep_return_file(text, by=payouts.auditor)
        take_return_file(kept.pk, by=payouts.auditor)

        assert BankChange.objects.count() == 1

    def test_keeps_the_number_sealed_under_the_newest_key(self, payouts, line, settings):
        change = hear(payouts, line)
        assert "000555666777" not in change.corrected

        settings.FIELD_KEYS = ["another-key", *settings.FIELD_KEYS]
        before = change.corrected
        renew_bank_files()

        change.refresh_from_db()
        assert change.corrected != before
        assert change.corrected_text.strip() == "000555666777"

    def test_of_no_transfer_of_ours_is_listed_and_ends_with_a_word(self, payouts, line):
        kept = keep_return_file(
            notification(line, "C01", "000555666777").replace(line.trace_number, "999999990000001"), by=payouts.auditor
        )
        take_return_file(kept.pk, by=payouts.auditor)
        change = BankChange.objects.get()
        assert change.bank_account is None

        with pytest.raises(NotAllowed):
            accept_change(change.pk, by=payouts.auditor)
        dismiss_change(change.pk, "Another sender’s.", by=payouts.auditor)

        change.refresh_from_db()
        assert change.status == ChangeStatus.DISMISSED


class TestSettling:
    def test_by_the_payee_who_gives_other_details(self, payouts, line):
        change = hear(payouts, line)

        give_bank(line.payee, "55555555")

        change.refresh_from_db()
        assert (change.status, change.decided_by) == (ChangeStatus.REPLACED, None)

    @pytest.mark.parametrize(
        ("told", "expected"),
        [
            (("C01", "000555666777"), ("110000000", "000555666777", "checking", "Zoë Payee")),
            (("C02", "021000021"), ("021000021", "12345678", "checking", "Zoë Payee")),
            (("C03", "021000021   000555666777"), ("021000021", "000555666777", "checking", "Zoë Payee")),
            (("C04", "ZOE PAYEE-ROE"), ("110000000", "12345678", "checking", "ZOE PAYEE-ROE")),
            (("C05", "32"), ("110000000", "12345678", "savings", "Zoë Payee")),
            (("C06", f"{'000555666777':<20}32"), ("110000000", "000555666777", "savings", "Zoë Payee")),
            (("C07", C07), ("021000021", "000777888999", "savings", "Zoë Payee")),
        ],
    )
    def test_by_another_person_than_brought_the_file(self, payouts, other, line, told, expected):
        set_value(payouts.division, BANK_HOLD_DAYS, 7)
        change = hear(payouts, line, *told)
        with pytest.raises(NotAllowed) as refusal:
            accept_change(change.pk, by=payouts.auditor)
        assert refusal.value.code == "own_word"

        given = accept_change(change.pk, by=other)
        drain()

        before = BankAccount.objects.get(pk=line.bank_account_id)
        assert (before.end_reason, before.end_note) == (BankEnd.CORRECTED, told[0])
        assert (given.routing_number, given.account_number, given.kind, given.holder) == expected
        assert (given.usable_from - today(payouts.division)).days == 7
        change.refresh_from_db()
        assert (change.status, change.decided_by) == (ChangeStatus.ACCEPTED, other)
        assert Message.objects.filter(kind="commissions.bank_corrected").count() == 2

    def test_not_by_two_sign_ins_that_may_be_one_person(self, payouts, other, line):
        change = hear(payouts, line)
        User.objects.filter(pk=payouts.auditor.pk).update(confirmed_at=None)

        with pytest.raises(NotAllowed) as refusal:
            accept_change(change.pk, by=other)

        assert refusal.value.code == "unconfirmed"

    def test_by_a_word_that_it_changes_nothing(self, payouts, line):
        change = hear(payouts, line, "C09", "OTHER")
        second = make_cash(payouts, payee=line.payee)
        with pytest.raises(NotAllowed) as refusal:
            accept_change(change.pk, by=make_person(Role.AUDITOR, payouts.division))
        assert refusal.value.code == "not_said"

        dismiss_change(change.pk, "Our reference is right.", by=payouts.auditor)

        assert make_file(payouts).batch.lines.get().reward == second

    @pytest.mark.parametrize("code", ["C09", "C13", "C14"])
    def test_holds_nothing_and_tells_nobody_where_it_is_no_change_of_details(self, payouts, line, code):
        second = make_cash(payouts, payee=line.payee)
        forget_what_was_owed()
        change = hear(payouts, line, code, "OTHER")
        drain()

        assert not Message.objects.filter(kind="commissions.bank_change_heard").exists()
        assert open_change_of(line.bank_account) is None
        assert list(open_changes(payouts.auditor)) == [change]
        assert make_file(payouts).batch.lines.get().reward == second

    def test_not_with_what_cannot_be(self, payouts, other, line):
        change = hear(payouts, line, "C01", "NO NUMBER")

        with pytest.raises(NotAllowed) as refusal:
            accept_change(change.pk, by=other)

        assert refusal.value.code == "no_account_number"

    def test_not_by_the_payee_at_the_desk(self, payouts, other, line):
        change = hear(payouts, line)
        customer = line.payee.account.customer
        type(customer).objects.filter(pk=customer.pk).update(user=other)

        with pytest.raises(NotAllowed) as refusal:
            accept_change(change.pk, by=other)

        assert refusal.value.code == "own"

    def test_once(self, payouts, other, line):
        change = hear(payouts, line)
        accept_change(change.pk, by=other)

        with pytest.raises(NotAllowed):
            dismiss_change(change.pk, "No.", by=other)

    def test_changes_nothing_of_an_account_that_has_ended(self, payouts, line):
        give_bank(line.payee, "55555555")

        change = hear(payouts, line)

        assert change.status == ChangeStatus.REPLACED
        assert not Message.objects.filter(kind="commissions.bank_change_heard").exists()


def test_a_row_says_whether_it_was_taken(payouts, line):
    kept = keep_return_file(notification(line, "C05", "32"), by=payouts.auditor)
    assert [row.was_taken for row in rows_of(kept, by=payouts.auditor)] == [False]

    take_return_file(kept.pk, by=payouts.auditor)

    assert [row.was_taken for row in rows_of(kept, by=payouts.auditor)] == [True]

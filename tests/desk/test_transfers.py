"""Bank transfers at the desk: the file of a batch from its making to the bank's statement, and what comes back."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import urlencode

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from commissions.models import BankAccount, BankChange, BankFile, BankReturn, ReturnFile, TraceCounter
from commissions.queries.transfers import may_be_paid_from
from commissions.settings import BANK_HOLD_DAYS
from commissions.states import BankFileStatus, BatchStatus, ChangeStatus, LineStatus, RewardStatus
from config.local.sign_ins import totp
from foundation.divisions.services import set_value
from foundation.jobs.services import work_one_chunk
from foundation.now import now
from foundation.people.models import RoleAssignment, User
from foundation.people.states import Role
from foundation.people.testing import TOTP_SECRET, make_person, sign_in
from interfaces.desk.following import referrals_followed_by, stuck
from interfaces.desk.queries import figures_for
from tests.commissions.cashing import make_cash, make_file, notification, return_file, set_originator
from tests.commissions.paying import make_earned, make_frozen, make_payouts, read_all

pytestmark = pytest.mark.django_db


@pytest.fixture
def payouts(market):
    payouts = make_payouts(market)
    set_originator(payouts.division)
    return payouts


@pytest.fixture
def auditor(payouts):
    return sign_in(Client(), payouts.auditor)


@pytest.fixture
def another(payouts):
    """Return the browser of an auditor who has had nothing of it in hand."""
    return sign_in(Client(), make_person(Role.AUDITOR, payouts.division))


@pytest.fixture
def builder(client, payouts):
    return sign_in(client, payouts.builder)


def page_of(client, name, pk=None, **query):
    return client.get(reverse(f"desk:{name}", args=[pk] if pk else []), query)


def act(client, name, pk=None, **answers):
    return client.post(reverse(f"desk:{name}", args=[pk] if pk else []), answers)


def upload(client, text: str, **answers):
    return act(client, "bank_returns", file=SimpleUploadedFile("returns.txt", text.encode()), **answers)


def give_code(client, back: str):
    """Prove anew who it is."""
    return client.post(reverse("mfa_reauthenticate"), {"code": totp(TOTP_SECRET, now().timestamp()), "next": back})


class TestTheBatch:
    def test_says_how_each_payment_is_made_and_where_it_goes(self, builder, payouts):
        make_earned(payouts)
        make_cash(payouts, "30.00", number="123456789")
        batch = make_frozen(payouts)

        page = page_of(builder, "payout", batch.pk).content.decode()

        assert "Bill credit" in page
        assert "Bank transfer" in page
        assert "ends in 6789" in page
        assert "123456789" not in page

    def test_says_before_it_is_approved_what_is_missing_to_transfer(self, builder, payouts):
        set_originator(payouts.division, company_id="")
        make_cash(payouts, number="123456789")
        batch = make_frozen(payouts)

        page = page_of(builder, "payout", batch.pk).content.decode()

        assert "Its transfers cannot be made yet" in page
        assert "company identification" in page

    def test_shows_an_auditor_the_bank_account_and_no_number(self, auditor, payouts):
        make_cash(payouts, number="123456789")
        line = make_frozen(payouts).lines.get()

        page = page_of(auditor, "payout_line", line.pk).content.decode()

        for expected in ("Zoë Payee", "ending in 6789", "Nothing was paid to this bank account before"):
            assert expected in page
        assert "123456789" not in page


class TestTheFile:
    def test_is_downloaded_handed_over_and_confirmed(self, auditor, payouts):
        reward = make_cash(payouts, number="123456789")
        file = make_file(payouts)
        assert "To be handed to the bank" in page_of(auditor, "payout", file.batch_id).content.decode()

        got = act(auditor, "bank_file_download", file.pk)
        assert got.content.decode() == file.text
        assert ("no-store" in got["Cache-Control"], file.name in got["Content-Disposition"]) == (True, True)
        assert "The file for the bank was downloaded" in page_of(auditor, "payout", file.batch_id).content.decode()
        act(auditor, "bank_file_hand_over", file.pk)
        with time_machine.travel(f"{may_be_paid_from(file)}T18:00Z", tick=False):
            later = sign_in(Client(), payouts.auditor)
            refused = act(later, "bank_file_paid", file.pk, count=1, total="24.00")
            assert (refused.status_code, "We have sent another sum." in refused.content.decode()) == (422, True)
            act(later, "bank_file_paid", file.pk, count=1, total="25.00")
            while work_one_chunk():
                pass

        file.refresh_from_db()
        reward.refresh_from_db()
        assert (file.status, reward.status) == (BankFileStatus.PAID, RewardStatus.SETTLED)

    def test_is_given_only_when_asked_for(self, auditor, payouts):
        make_cash(payouts, number="123456789")
        file = make_file(payouts)

        assert page_of(auditor, "bank_file_download", file.pk).status_code == 405

    def test_is_not_for_who_builds(self, builder, payouts):
        make_cash(payouts, number="123456789")
        file = make_file(payouts)

        assert act(builder, "bank_file_download", file.pk).status_code == 403
        assert "Download it" not in page_of(builder, "payout", file.batch_id).content.decode()

    def test_of_another_market_is_not_found(self, auditor, elsewhere):
        others = make_payouts(elsewhere)
        set_originator(others.division)
        make_cash(others, number="123456789")
        file = make_file(others)

        assert act(auditor, "bank_file_download", file.pk).status_code == 404
        assert act(auditor, "bank_file_hand_over", file.pk).status_code == 404


class TestAskingWhoItIs:
    """Staff give their code anew for what moves money, where the last one is a quarter of an hour old."""

    def later(self):
        return time_machine.travel(now() + timedelta(minutes=16), tick=False)

    def test_comes_before_the_file_and_leads_back_to_its_batch(self, auditor, payouts):
        make_cash(payouts, number="123456789")
        file = make_file(payouts)
        batch = reverse("desk:payout", args=[file.batch_id])

        with self.later():
            asked = act(auditor, "bank_file_download", file.pk)
            assert asked.url == f"{reverse('mfa_reauthenticate')}?{urlencode({'next': batch})}"
            assert give_code(auditor, batch).url == batch
            assert act(auditor, "bank_file_download", file.pk).content.decode() == file.text

    @pytest.mark.parametrize(
        ("name", "answers"),
        [("bank_file_hand_over", {}), ("bank_file_refused", {"reason": "The bank says no."})],
    )
    def test_keeps_what_was_typed(self, auditor, payouts, name, answers):
        make_cash(payouts, number="123456789")
        file = make_file(payouts)

        with self.later():
            assert page_of(auditor, name, file.pk).url.startswith(reverse("mfa_reauthenticate"))
            asked = act(auditor, name, file.pk, **answers)
            file.refresh_from_db()
            assert (asked.status_code, file.status) == (422, BankFileStatus.MADE)
            page = asked.content.decode()
            assert "Give your code once more" in page
            assert all(text in page for text in answers.values())
            give_code(auditor, "/")
            assert act(auditor, name, file.pk, **answers).status_code == 302

        file.refresh_from_db()
        assert file.status != BankFileStatus.MADE

    def test_comes_before_a_file_is_confirmed_and_before_what_was_not_paid_is_owed_again(self, auditor, payouts):
        make_cash(payouts, "25.00", number="123456789")
        make_cash(payouts, "40.00", number="987654321")
        file = make_file(payouts)
        missed = file.batch.lines.get(amount="40.00")
        act(auditor, "bank_file_hand_over", file.pk)
        people = payouts.auditor, make_person(Role.AUDITOR, payouts.division)
        paid = {"count": 1, "total": "25.00", "missed": [missed.pk]}

        with time_machine.travel(f"{may_be_paid_from(file)}T18:00Z", tick=False) as clock:
            one, other = (sign_in(Client(), person) for person in people)
            clock.shift(timedelta(minutes=16))
            for client, name, pk, answers in (
                (one, "bank_file_paid", file.pk, paid), (other, "transfer_give_back", missed.pk, {"reason": "Dropped."}),
            ):  # fmt: skip
                before = file.batch.lines.count(), set(file.batch.lines.values_list("status", flat=True))
                assert "Give your code once more" in act(client, name, pk, **answers).content.decode(), name
                while work_one_chunk():
                    pass
                assert (file.batch.lines.count(), set(file.batch.lines.values_list("status", flat=True))) == before
                give_code(client, "/")
                assert act(client, name, pk, **answers).status_code == 302, name
                while work_one_chunk():
                    pass

        assert set(file.batch.lines.values_list("status", "amount")) == {
            (LineStatus.CONFIRMED, Decimal("25.00")), (LineStatus.RETURNED, Decimal("40.00")),
        }  # fmt: skip

    def test_comes_before_a_payees_details_are_written_as_their_bank_says(self, auditor, payouts):
        make_cash(payouts, number="123456789")
        file = make_file(payouts)
        act(auditor, "bank_file_hand_over", file.pk)
        upload(auditor, notification(file.batch.lines.get(), "C01", "000555666777"))
        taken(auditor, ReturnFile.objects.get().pk)
        change = BankChange.objects.get()
        other = sign_in(Client(), make_person(Role.AUDITOR, payouts.division))

        with self.later():
            assert "Give your code once more" in act(other, "bank_change_accept", change.pk).content.decode()
            assert BankAccount.objects.get(ended_at=None).ending == "6789"
            give_code(other, "/")
            act(other, "bank_change_accept", change.pk)

        assert BankAccount.objects.get(ended_at=None).ending == "6777"

    def test_comes_before_a_batch_is_approved(self, auditor, payouts):
        make_cash(payouts, number="123456789")
        batch = make_frozen(payouts)
        read_all(batch, payouts.auditor)

        with self.later():
            assert page_of(auditor, "payout_approve", batch.pk).url.startswith(reverse("mfa_reauthenticate"))
            assert act(auditor, "payout_approve", batch.pk, shown="25.00").status_code == 422
            batch.refresh_from_db()
            assert batch.status == BatchStatus.FROZEN
            give_code(auditor, "/")
            act(auditor, "payout_approve", batch.pk, shown="25.00")

        batch.refresh_from_db()
        assert batch.status == BatchStatus.APPROVED

    def test_comes_before_what_came_back_is_taken(self, auditor, payouts):
        make_cash(payouts, number="123456789")
        file = make_file(payouts)
        line = file.batch.lines.get()
        act(auditor, "bank_file_hand_over", file.pk)
        upload(auditor, return_file((line, "R03")))
        kept = ReturnFile.objects.get()

        with self.later():
            asked = act(auditor, "return_file", kept.pk)
            line.refresh_from_db()
            assert (asked.url.startswith(reverse("mfa_reauthenticate")), line.status) == (True, LineStatus.SENT)

    def test_comes_before_what_came_back_for_an_unclear_reason_is_owed_again(self, auditor, another, payouts):
        make_cash(payouts, number="123456789")
        file = make_file(payouts)
        line = file.batch.lines.get()
        act(auditor, "bank_file_hand_over", file.pk)
        upload(auditor, return_file((line, "R24")))
        taken(another, ReturnFile.objects.get().pk)
        listed = BankReturn.objects.get()
        said = {"reason": "Back for certain.", "is_owed_again": "on"}

        with self.later():
            assert act(another, "bank_return_look", listed.pk, **said).status_code == 422
            line.refresh_from_db()
            assert line.status == LineStatus.SENT
            give_code(another, "/")
            act(another, "bank_return_look", listed.pk, **said)

        line.refresh_from_db()
        assert line.status == LineStatus.RETURNED


class TestReturns:
    def test_are_shown_first_and_taken_by_somebody_else_when_it_is_said(self, auditor, another, payouts):
        reward = make_cash(payouts, number="123456789")
        file = make_file(payouts)
        line = file.batch.lines.get()
        act(auditor, "bank_file_hand_over", file.pk)

        shown = upload(auditor, return_file((line, "R03")))
        kept = ReturnFile.objects.get()
        assert shown.url == reverse("desk:return_file", args=[kept.pk])
        assert "Somebody else has to take it" in page_of(auditor, "return_file", kept.pk).content.decode()
        page = page_of(another, "return_file", kept.pk).content.decode()
        assert "1 transfer came back, and is owed again once you take it." in page
        assert "there is no such account" in page
        line.refresh_from_db()
        assert line.status == LineStatus.SENT
        taken(another, kept.pk)

        line.refresh_from_db()
        reward.refresh_from_db()
        assert (line.status, reward.status) == (LineStatus.RETURNED, RewardStatus.HELD)
        again = page_of(another, "return_file", kept.pk).content.decode()
        assert "Nothing is left to be taken." in again

    def test_that_fit_nothing_stay_listed(self, auditor, payouts):
        make_cash(payouts, number="123456789")
        line = make_file(payouts).batch.lines.get()
        upload(auditor, return_file((line, "R03"), trace="999999990000001"))

        taken(auditor, ReturnFile.objects.get().pk)

        page = page_of(auditor, "bank_returns").content.decode()
        assert "No such transfer of ours" in page
        assert "999999990000001" in page

    def test_are_kept_for_the_market_that_is_chosen_where_the_file_does_not_say(self, auditor, payouts, elsewhere):
        make_cash(payouts, number="123456789")
        text = return_file((make_file(payouts).batch.lines.get(), "R03"), trace="123456789999999")
        assert "division" not in page_of(auditor, "bank_returns").context["form"].fields
        set_originator(elsewhere.division)
        both = make_person(Role.AUDITOR, payouts.division)
        RoleAssignment.objects.create(user=both, role=Role.AUDITOR, division=elsewhere.division)
        both = sign_in(Client(), both)

        asked = upload(both, text)
        kept = upload(both, text, division=elsewhere.division.pk)

        assert asked.status_code == 422
        assert "The file does not say for which market it is." in asked.content.decode()
        assert kept.status_code == 302
        assert ReturnFile.objects.get().division == elsewhere.division

    @pytest.mark.parametrize("text", ["nonsense", "", "ñ"])
    def test_of_a_file_that_cannot_be_read_are_refused_at_the_field(self, auditor, text):
        answer = upload(auditor, text)

        assert answer.status_code == 422
        assert answer.context["form"].errors["file"]
        assert not ReturnFile.objects.exists()

    def test_show_no_account_number(self, auditor, payouts):
        make_cash(payouts, number="123456789")
        line = make_file(payouts).batch.lines.get()
        text = return_file((line, "R03"))
        upload(auditor, text)

        page = page_of(auditor, "return_file", ReturnFile.objects.get().pk).content.decode()

        assert "000123456" in text
        assert "000123456" not in page


class TestWhatWaits:
    def test_for_the_banks_statement_is_counted_and_listed_once_the_day_has_come(self, auditor, payouts):
        make_cash(payouts, number="123456789")
        file = make_file(payouts)
        act(auditor, "bank_file_hand_over", file.pk)
        first = may_be_paid_from(file)
        heading = "To be confirmed from the bank’s statement"

        def seen_on(day: date) -> tuple[bool, int]:
            with time_machine.travel(f"{day}T18:00Z", tick=False):
                person = sign_in(Client(), payouts.auditor)
                listed = heading in page_of(person, "bank_returns").content.decode()
                figures = figures_for(payouts.auditor)
            return listed, sum(one.count.number for one in figures if one.label == "Bank files to be confirmed")

        assert seen_on(first - timedelta(days=1)) == (False, 0)
        assert seen_on(first) == (True, 1)

    def test_for_bank_details_is_found_among_the_rewards(self, builder, payouts):
        waiting = make_cash(payouts)
        make_earned(payouts, "30.00")

        rows = page_of(builder, "rewards", bank="missing").context["page"].rows

        assert rows == [waiting]

    def test_for_bank_details_is_said_where_a_batch_is_built(self, builder, payouts):
        make_cash(payouts)
        make_earned(payouts, "30.00")

        page = page_of(builder, "payout_build").content.decode()

        assert "1 reward in cash waits: its payee has named no bank account." in page
        assert "nothing is sent yet" not in page
        assert "1 payment, $30.00" in page

    def test_for_details_that_are_not_used_yet_is_told_apart_from_that(self, builder, payouts):
        set_value(payouts.division, BANK_HOLD_DAYS, 7)
        make_cash(payouts, number="123456789")

        page = page_of(builder, "payout_build").content.decode()

        assert "1 reward in cash waits: nothing is sent yet to the bank details that its payee has given." in page
        assert "no bank account" not in page

    def test_for_the_bank_is_listed(self, auditor, payouts):
        make_cash(payouts, number="123456789")
        file = make_file(payouts)

        assert list(page_of(auditor, "bank_returns").context["waiting"]) == [file]
        assert BankFile.objects.count() == 1


class TestSettings:
    @pytest.mark.parametrize(
        ("name", "value"),
        [("odfi", "123456789"), ("immediate_destination", "12345678"), ("company_name", "A name of more than 16")],
    )
    def test_are_refused_at_their_field_where_a_bank_would_refuse_them(self, signed_in, payouts, name, value):
        operator = signed_in(Role.OPERATOR, payouts.division)
        address = reverse("admin:divisions_division_settings", args=[payouts.division.pk])

        page = operator.post(address, {f"commissions.ach_{name}:own": "on", f"commissions.ach_{name}": value})

        assert page.context["form"].errors[f"commissions.ach_{name}"]


class TestWhatCameBack:
    def test_is_found_and_released_by_a_person_where_the_bank_account_stays(self, auditor, another, builder, payouts):
        reward = make_cash(payouts, number="123456789")
        take_return(auditor, make_file(payouts).batch.lines.get(), "R01", taker=another)

        assert page_of(builder, "rewards", hold="bank_returned").context["page"].rows == [reward]
        assert list(stuck(referrals_followed_by(payouts.builder), "refused")) == [reward.referral]
        assert (
            reverse("desk:reward_release", args=[reward.pk]) in page_of(builder, "reward", reward.pk).content.decode()
        )
        act(builder, "reward_release", reward.pk, reason="bank_returned")

        reward.refresh_from_db()
        assert (reward.status, reward.holds) == (RewardStatus.PAYABLE, [])
        assert make_file(payouts).batch.lines.get().reward == reward


def take_return(auditor, line, code: str, *, taker) -> None:
    act(auditor, "bank_file_hand_over", line.batch.bank_file.pk)
    upload(auditor, return_file((line, code)))
    taken(taker, ReturnFile.objects.latest("pk").pk)


def taken(auditor, pk: int) -> None:
    """Say that a return file is taken, and let the workers do it."""
    act(auditor, "return_file", pk)
    while work_one_chunk():
        pass


class TestLookingAtAReturn:
    def test_takes_it_off_the_list_with_a_note(self, auditor, payouts):
        make_cash(payouts, number="123456789")
        line = make_file(payouts).batch.lines.get()
        upload(auditor, return_file((line, "R03"), trace="999999990000001"))
        taken(auditor, ReturnFile.objects.get().pk)
        listed = BankReturn.objects.get()
        address = reverse("desk:bank_return_look", args=[listed.pk])
        assert address in page_of(auditor, "bank_returns").content.decode()

        assert act(auditor, "bank_return_look", listed.pk, reason="").status_code == 422
        assert act(auditor, "bank_return_look", listed.pk, reason="Another sender’s.").status_code == 302

        listed.refresh_from_db()
        assert listed.finding == "Another sender’s."
        assert address not in page_of(auditor, "bank_returns").content.decode()
        assert page_of(auditor, "bank_return_look", listed.pk).status_code == 404

    def test_lets_a_person_say_which_of_several_it_is(self, auditor, another, payouts):
        lines = []
        for number in range(2):
            make_cash(payouts, number=f"1234567{number}")
            TraceCounter.objects.update(last=0)
            made = make_file(payouts)
            act(auditor, "bank_file_hand_over", made.pk)
            lines.append(made.batch.lines.get())
        old, new = lines
        upload(auditor, return_file((old, "R03")).replace(f"{old.reward_id:<15}", " " * 15))
        taken(another, ReturnFile.objects.get().pk)
        listed = BankReturn.objects.get()
        address = reverse("desk:bank_return_look", args=[listed.pk])
        own = page_of(auditor, "bank_returns").content.decode()
        assert (address in own, "somebody else has to look" in own) == (False, True)
        assert address in page_of(another, "bank_returns").content.decode()
        page = page_of(another, "bank_return_look", listed.pk).content.decode()
        assert all(f"batch {line.batch_id}, reward {line.reward_id}" in page for line in lines)

        act(another, "bank_return_look", listed.pk, meant=new.pk, reason="The bank names the payee.")

        assert [line.reward.lines.get().status for line in lines] == [LineStatus.SENT, LineStatus.RETURNED]

    def test_says_of_a_duplicate_that_it_may_be_owed_again(self, auditor, another, payouts):
        make_cash(payouts, number="123456789")
        file = make_file(payouts)
        act(auditor, "bank_file_hand_over", file.pk)
        upload(auditor, return_file((file.batch.lines.get(), "R24")))
        taken(another, ReturnFile.objects.get().pk)
        listed = BankReturn.objects.get()
        address = reverse("desk:bank_return_look", args=[listed.pk])
        assert address not in page_of(auditor, "bank_returns").content.decode()
        assert address in page_of(another, "bank_returns").content.decode()
        assert "The money is back" in page_of(another, "bank_return_look", listed.pk).content.decode()

        act(another, "bank_return_look", listed.pk, reason="Back for certain.", is_owed_again="on")

        assert file.batch.lines.get().status == LineStatus.RETURNED


class TestAFileOfWhichAllCameBack:
    def test_asks_for_nothing_to_be_confirmed(self, auditor, another, payouts):
        make_cash(payouts, number="123456789")
        file = make_file(payouts)
        act(auditor, "bank_file_hand_over", file.pk)
        upload(auditor, return_file((file.batch.lines.get(), "R03")))
        taken(another, ReturnFile.objects.get().pk)

        page = page_of(auditor, "payout", file.batch_id).content.decode()
        assert "All of the file came back" in page
        assert reverse("desk:bank_file_paid", args=[file.pk]) not in page
        asked = page_of(auditor, "bank_file_paid", file.pk).content.decode()
        assert "there is nothing to be confirmed" in asked


class TestAnUnconfirmedAuditor:
    def test_reads_why_they_may_not_read_it(self, payouts):
        builder = make_person(Role.OPERATOR, payouts.division)
        make_cash(payouts, number="123456789")
        line = make_frozen(replace(payouts, builder=builder)).lines.get()
        double = make_person(Role.AUDITOR, payouts.division)
        User.objects.filter(pk=double.pk).update(confirmed_at=None)
        double = sign_in(Client(), double)

        page = page_of(double, "payout_line", line.pk)

        assert page.context["form"] is None
        assert "One person alone has let you in so far." in page.content.decode()
        assert "Read the next payment" not in page_of(double, "payout", line.batch_id).content.decode()


class TestARefusedFile:
    def test_is_said_with_a_reason_and_offers_nothing_more(self, auditor, payouts):
        reward = make_cash(payouts, number="123456789")
        file = make_file(payouts)
        assert (
            reverse("desk:bank_file_refused", args=[file.pk])
            in page_of(auditor, "payout", file.batch_id).content.decode()
        )

        asked = page_of(auditor, "bank_file_refused", file.pk).content.decode()
        assert "1 transfer of $25.00 in all is owed again, and goes into the next batch." in asked
        assert act(auditor, "bank_file_refused", file.pk, reason="").status_code == 422
        act(auditor, "bank_file_refused", file.pk, reason="The bank says: stale date.")
        meanwhile = page_of(auditor, "payout", file.batch_id).content.decode()
        assert "Its transfers are being owed again now." in meanwhile
        assert ">Sent<" not in meanwhile
        while work_one_chunk():
            pass

        file.refresh_from_db()
        reward.refresh_from_db()
        assert (file.status, reward.status) == (BankFileStatus.REFUSED, RewardStatus.PAYABLE)
        page = page_of(auditor, "payout", file.batch_id).content.decode()
        assert "The bank says: stale date." in page
        assert "The bank has not taken the file, or it was withdrawn" in page
        assert file.batch.status == BatchStatus.REFUSED
        assert "Nothing of this batch is paid." in page
        assert f"Batch {file.batch_id}" in page_of(auditor, "payouts", status="refused").content.decode()
        for gone in ("Download it", reverse("desk:bank_file_hand_over", args=[file.pk])):
            assert gone not in page
        got = auditor.post(reverse("desk:bank_file_download", args=[file.pk]), follow=True)
        assert "123456789" not in got.content.decode()
        assert "This file pays nothing any more" in got.content.decode()
        assert list(page_of(auditor, "bank_returns").context["waiting"]) == []
        assert "This cannot be said of it any more." in page_of(auditor, "bank_file_refused", file.pk).content.decode()


def settled(auditor, payouts, file: BankFile) -> None:
    """Hand a file over, and confirm it once the bank may send nothing of it back any more."""
    act(auditor, "bank_file_hand_over", file.pk)
    file.refresh_from_db()
    sums = {"count": file.count, "total": str(file.total)}
    with time_machine.travel(f"{may_be_paid_from(file)}T18:00Z", tick=False):
        assert act(sign_in(Client(), payouts.auditor), "bank_file_paid", file.pk, **sums).status_code == 302
        while work_one_chunk():
            pass


class TestAReturnOfWhatWasPaid:
    def test_is_brought_by_one_person_and_taken_by_another(self, auditor, payouts):
        reward = make_cash(payouts, number="123456789")
        file = make_file(payouts)
        settled(auditor, payouts, file)
        upload(auditor, return_file((file.batch.lines.get(), "R03")))
        kept = ReturnFile.objects.get()

        assert "Somebody else has to take it" in page_of(auditor, "return_file", kept.pk).content.decode()
        taken(auditor, kept.pk)
        reward.refresh_from_db()
        assert reward.status == RewardStatus.SETTLED
        other = sign_in(Client(), make_person(Role.AUDITOR, payouts.division))
        listed = page_of(other, "bank_returns").content.decode()
        assert reverse("desk:return_file", args=[kept.pk]) in listed
        assert "1 transfer came back" in page_of(other, "return_file", kept.pk).content.decode()
        taken(other, kept.pk)

        reward.refresh_from_db()
        assert reward.status == RewardStatus.HELD
        assert "Somebody else has to take it" not in page_of(other, "bank_returns").content.decode()


class TestAFileThatIsPaidInPart:
    def test_is_confirmed_but_for_what_is_marked_and_ends_by_a_word_of_another(self, auditor, payouts):
        make_cash(payouts, "25.00", number="123456789")
        make_cash(payouts, "40.00", number="987654321")
        file = make_file(payouts)
        missed = file.batch.lines.get(amount="40.00")
        act(auditor, "bank_file_hand_over", file.pk)
        file.refresh_from_db()
        with time_machine.travel(f"{may_be_paid_from(file)}T18:00Z", tick=False):
            later = sign_in(Client(), payouts.auditor)
            assert f"$40.00, {missed.trace_number}" in page_of(later, "bank_file_paid", file.pk).content.decode()
            act(later, "bank_file_paid", file.pk, count=1, total="25.00", missed=[missed.pk])
            while work_one_chunk():
                pass

            shown = page_of(later, "payout", file.batch_id).content.decode()
            assert "Paid in part, as the bank says" in shown
            address = reverse("desk:transfer_give_back", args=[missed.pk])
            assert (address in shown, address in page_of(later, "bank_returns").content.decode()) == (True, True)
            own = act(later, "transfer_give_back", missed.pk, reason="Asked the bank.")
            assert (own.status_code, "somebody else has to say so" in own.content.decode()) == (422, True)
            other = sign_in(Client(), make_person(Role.AUDITOR, payouts.division))
            act(other, "transfer_give_back", missed.pk, reason="The bank has dropped it.")

            page = page_of(other, "payout", file.batch_id).content.decode()
        file.refresh_from_db()
        missed.refresh_from_db()
        assert (file.status, missed.status) == (BankFileStatus.PAID, LineStatus.RETURNED)
        assert (
            "The bank has not paid the transfer, it is owed again"
            in page_of(other, "reward", missed.reward_id).content.decode()
        )
        assert address not in page


class TestWhatBanksTell:
    def test_is_taken_listed_and_written_by_another(self, auditor, payouts):
        make_cash(payouts, number="123456789")
        file = make_file(payouts)
        act(auditor, "bank_file_hand_over", file.pk)
        upload(auditor, notification(file.batch.lines.get(), "C01", "000555666777"))
        kept = ReturnFile.objects.get()
        asked = page_of(auditor, "return_file", kept.pk).content.decode()
        assert ("Take what the bank tells" in asked, "000555666777" in asked) == (True, False)
        taken(auditor, kept.pk)
        change = BankChange.objects.get()

        listed = page_of(auditor, "bank_returns").content.decode()
        accept = reverse("desk:bank_change_accept", args=[change.pk])
        assert ("another account number" in listed, accept in listed) == (True, True)
        assert act(auditor, "bank_change_accept", change.pk).status_code == 422
        other = sign_in(Client(), make_person(Role.AUDITOR, payouts.division))
        offered = page_of(other, "bank_change_accept", change.pk).content.decode()
        assert ("ending in 6777" in offered, "000555666777" in offered) == (True, False)
        act(other, "bank_change_accept", change.pk)

        assert accept not in page_of(other, "bank_returns").content.decode()
        assert BankAccount.objects.get(ended_at=None).ending == "6777"

    def test_may_change_nothing_with_a_word(self, auditor, payouts):
        make_cash(payouts, number="123456789")
        file = make_file(payouts)
        act(auditor, "bank_file_hand_over", file.pk)
        upload(auditor, notification(file.batch.lines.get(), "C09", "OTHER"))
        read = page_of(auditor, "return_file", ReturnFile.objects.get().pk).content.decode()
        assert "it is no change of the payee’s details" in read
        assert "other details" not in read
        taken(auditor, ReturnFile.objects.get().pk)
        change = BankChange.objects.get()

        assert "ask the payee" in page_of(auditor, "bank_change_accept", change.pk).content.decode()
        assert act(auditor, "bank_change_dismiss", change.pk, reason="").status_code == 422
        act(auditor, "bank_change_dismiss", change.pk, reason="Our reference is right.")

        change.refresh_from_db()
        assert change.status == ChangeStatus.DISMISSED


class TestBeforeAnythingWasSent:
    def test_the_page_says_that_there_is_nothing_yet(self, auditor, payouts):
        before = page_of(auditor, "bank_returns").content.decode()
        assert ("No file was made for the bank yet" in before, "Nothing has come back yet" in before) == (True, True)

        make_cash(payouts, number="123456789")
        act(auditor, "bank_file_hand_over", make_file(payouts).pk)

        assert "Every file was handed to the bank." in page_of(auditor, "bank_returns").content.decode()

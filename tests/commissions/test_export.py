"""What is written down for whoever reckons every reward once more: decisions of people, and what was heard late."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
import time_machine

from accounts.testing import make_account
from billing.states import ServiceStatus
from commissions.queries.export import export_all
from commissions.services.batches import read_line
from commissions.services.cases import Stage, pay
from commissions.services.claims import approve_claim_end, ask_to_end_claim
from commissions.services.disputes import explain_dispute, raise_dispute, uphold_dispute
from commissions.services.endings import locked_reward, take_back
from commissions.states import ClaimWay, EntryKind, ReasonCode, Verdict
from foundation.now import now, today
from foundation.people.states import Role
from foundation.people.testing import make_person
from tests.commissions.cashing import give_bank, let_details_count_at_once, make_cash
from tests.commissions.paying import make_earned, make_frozen, make_payouts
from tests.commissions.staging import bill_of, ended_of, noon, payment_of, tell

pytestmark = pytest.mark.django_db


class TestDecisions:
    def test_name_the_entry_that_stands_for_each(self):
        payouts = make_payouts()
        owner, answerer = (make_person(role, payouts.division) for role in (Role.CUSTOMER, Role.OPERATOR))
        reward, other = make_earned(payouts), make_earned(payouts)
        customer = reward.payee.account.customer
        customer.user = owner
        customer.save()
        day = today(payouts.division)
        pay(reward.pk, day)
        take_back(locked_reward(reward.pk), Decimal("25.00"), ReasonCode.LEFT_EARLY, day, by=None)
        settled, claimed = (reward.entries.get(kind=kind) for kind in (EntryKind.SETTLE, EntryKind.CLAWBACK))
        explain_dispute(raise_dispute(settled.pk, "More!", by=owner).pk, "No.", by=answerer)
        dispute = raise_dispute(claimed.pk, "They are still there.", by=owner)
        uphold_dispute(dispute.pk, "So they are.", Decimal("10.00"), by=answerer)
        for way, amount, number in ((ClaimWay.WRITE_OFF, "15.00", ""), (ClaimWay.CHARGE, "4.00", "CH-1")):
            end = ask_to_end_claim(reward.payee_id, way, Decimal(amount), "Moved away.", by=payouts.builder)
            approve_claim_end(end.pk, reference=number, by=payouts.auditor)

        written = export_all()["decisions"]

        account = reward.payee.account.number
        said = [(one["kind"], one["amount"], one["number"], one["payee"], one["on"]) for one in written]
        assert said == [
            ("correct", Decimal("10.00"), str(dispute.pk), account, day),
            ("write_off", Decimal("15.00"), "", account, day),
            ("charge", Decimal("4.00"), "CH-1", account, day),
        ]
        entries = {entry.key: entry.kind for entry in reward.entries.all()}
        assert [entries[one["key"]] for one in written] == ["correct", "write_off", "charge"]
        assert not other.entries.filter(kind__in=["correct", "write_off", "charge"]).exists()

    def test_name_what_takes_a_correction_back(self):
        payouts = make_payouts()
        owner, answerer = (make_person(role, payouts.division) for role in (Role.CUSTOMER, Role.OPERATOR))
        reward = make_earned(payouts, account=make_account(payouts.division, user=owner))
        dispute = raise_dispute(reward.entries.get(kind=EntryKind.RELEASE).pk, "More!", by=owner)
        uphold_dispute(dispute.pk, "So be it.", Decimal("10.00"), by=answerer)
        line = make_frozen(payouts).lines.get(dispute=dispute)
        read_line(line.pk, Verdict.WRONG, "Too much", by=payouts.auditor)

        written = export_all()["decisions"]

        undone = reward.entries.get(kind=EntryKind.CLAWBACK)
        assert [(one["kind"], one["number"]) for one in written] == [
            ("correct", str(dispute.pk)),
            ("clawback", str(dispute.pk)),
        ]
        assert (written[1]["key"], written[1]["amount"], written[1]["on"]) == (
            undone.key, Decimal("10.00"), undone.effective_on,
        )  # fmt: skip


class TestBankAccounts:
    def test_say_from_when_until_when_money_may_be_sent_there(self):
        payouts = make_payouts()
        let_details_count_at_once(payouts.division)
        first = make_cash(payouts, number="000111222")
        day = today(payouts.division)
        with time_machine.travel(now() + timedelta(days=3), tick=False):
            give_bank(first.payee, "000333444")
            changed_at = now()

        written = export_all()["bank_accounts"]

        account = first.payee.account.number
        assert written == [
            {"payee": account, "ending": "1222", "usable_from": day, "ended_at": changed_at},
            {"payee": account, "ending": "3444", "usable_from": day + timedelta(days=3), "ended_at": None},
        ]


class TestHeardLate:
    def test_is_what_reached_us_on_a_later_day_than_it_was_said(self):
        stage, said, heard = Stage(), date(2026, 3, 20), date(2026, 4, 2)
        number = stage.make_account().number
        with time_machine.travel(noon(said), tick=False):
            tell(stage, bill_of(number, "1", said, date(2026, 4, 4)), said)
        with time_machine.travel(noon(heard), tick=False):
            tell(stage, bill_of(number, "2", said, date(2026, 4, 4)), said)
            tell(stage, payment_of(number, "1"), said)
            tell(stage, ended_of(number), said)

        late = export_all()["heard_late"]

        assert [one["what"] for one in late] == [
            [f"{number}-2"],
            [f"{number}-pays-1"],
            [number, ServiceStatus.DISCONNECTED, said.isoformat()],
        ]
        assert {one["heard_on"] for one in late} == {heard}

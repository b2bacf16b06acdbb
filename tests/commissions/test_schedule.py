"""What is done once a period: at its hour, in its zone, once however often it is asked, and late rather than never."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from accounts.states import AccountStatus
from accounts.testing import make_account
from commissions.models import Batch, PeriodRun
from commissions.services import schedule
from commissions.services.accrual import accrue_rewards
from commissions.services.disputes import raise_dispute, uphold_dispute
from commissions.services.endings import locked_reward, take_back
from commissions.services.qualification import JOB
from commissions.services.schedule import run_due, scheduled_divisions
from commissions.settings import PAYOUT_DAY, PAYOUT_IS_AUTOMATIC, QUALIFICATION_HOUR
from commissions.states import BatchStatus, EntryKind, HoldReason, ReasonCode, RewardStatus, RunKind
from commissions.tasks import run_schedule
from commissions.testing import make_programme, make_referral, make_referrer, make_rule, make_version
from foundation.divisions.queries import effective
from foundation.divisions.services import set_value
from foundation.divisions.settings import TIME_ZONE
from foundation.divisions.testing import make_division, put_value
from foundation.jobs.models import Job
from foundation.jobs.services import resume_job, work_one_chunk
from foundation.jobs.states import JobStatus
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from orders.testing import make_market
from tests.commissions.paying import AT_ONCE, make_earned, make_paid, make_payouts
from tests.orders.racing import Meanwhile, together

pytestmark = pytest.mark.django_db

NIGHT = datetime(2026, 12, 5, 7, 30, tzinfo=UTC)
"""Half past two on the fifth, in New York: the default hour has come, and so has the default payout day."""
DAY = timedelta(days=1)


@pytest.fixture
def division():
    division = make_division()
    make_rule(division)
    return division


def periods(kind: RunKind) -> list[date]:
    return list(PeriodRun.objects.filter(kind=kind).order_by("period").values_list("period", flat=True))


def do_the_work() -> None:
    while work_one_chunk():
        pass


class TestDivisions:
    def test_are_those_with_a_rule_and_none_above_them(self):
        top = make_division()
        make_rule(top)
        below = make_division(parent=make_division(parent=top))
        make_rule(below)
        apart = make_division()
        make_rule(apart)
        make_division()

        assert set(scheduled_divisions()) == {top, apart}

    def test_alone_say_when_they_are_judged_and_paid(self, division):
        below = make_division(parent=division)
        operator = sign_in(Client(), make_person(Role.OPERATOR, division))
        address = reverse("admin:divisions_division_settings", args=[below.pk])
        values = {PAYOUT_DAY.name: "20", PAYOUT_IS_AUTOMATIC.name: "false", QUALIFICATION_HOUR.name: "5"}

        page = operator.post(address, values | {f"{name}:own": "on" for name in values})

        refused = [f"This counts for the whole of {division}, and is set there."]
        assert page.context["form"].errors == dict.fromkeys(values, refused)
        assert effective(below, PAYOUT_DAY) == PAYOUT_DAY.default
        set_value(division, PAYOUT_DAY, 20)
        assert effective(below, PAYOUT_DAY) == 20


class TestNight:
    def test_is_judged_from_its_hour_on_in_its_zone(self, division):
        put_value(division, TIME_ZONE, "America/Denver")
        set_value(division, QUALIFICATION_HOUR, 3)
        run_due(datetime(2026, 12, 4, 12, tzinfo=UTC))

        early = run_due(datetime(2026, 12, 5, 9, 59, tzinfo=UTC))  # 2:59 there
        due = run_due(datetime(2026, 12, 5, 10, 0, tzinfo=UTC))

        assert early == []
        assert [(run.kind, run.period) for run in due] == [(RunKind.QUALIFY, date(2026, 12, 5))]

    def test_is_judged_once_however_often_it_is_asked(self, division):
        started = [run_due(NIGHT + timedelta(minutes=2 * beat)) for beat in range(5)]

        assert [len(runs) for runs in started] == [1, 0, 0, 0, 0]
        assert Job.objects.filter(kind=JOB).count() == 1

    def test_that_was_missed_is_made_good_once(self, division):
        run_due(NIGHT)

        run_due(NIGHT + 4 * DAY)
        run_due(NIGHT + 4 * DAY)

        assert periods(RunKind.QUALIFY) == [date(2026, 12, day) for day in (5, 6, 7, 8, 9)]
        jobs = PeriodRun.objects.filter(period__gt=date(2026, 12, 5)).values_list("job", flat=True)
        assert len(set(jobs)) == 1
        assert Job.objects.filter(kind=JOB).count() == 2

    def test_earns_what_is_due(self):
        with time_machine.travel(NIGHT - DAY, tick=False):
            market = make_market()
            programme = make_programme(market.division)
            make_version(make_rule(market.division), **{**AT_ONCE, "wait_count": 1})
            (reward,) = accrue_rewards(make_referral(make_referrer(programme), market=market).pk)
        assert reward.status == RewardStatus.ACCRUED

        with time_machine.travel(NIGHT, tick=False):
            run_due(NIGHT)
            do_the_work()

        reward.refresh_from_db()
        assert (reward.status, reward.qualified_on) == (RewardStatus.PAYABLE, date(2026, 12, 5))

    @pytest.mark.django_db(transaction=True)
    def test_is_judged_once_by_two_schedulers_at_once(self, division):
        outcomes = together(*[lambda: run_due(NIGHT)] * 2)

        assert sorted(len(runs) for runs in outcomes) == [0, 1]
        assert Job.objects.filter(kind=JOB).count() == 1

    @pytest.mark.django_db(transaction=True)
    def test_would_be_judged_twice_without_the_row_of_its_period(self, division, monkeypatch):
        """The control: whoever does not write the row first does the work as well."""
        monkeypatch.setattr(schedule, "_is_done", lambda *_args: False)
        monkeypatch.setattr(schedule, "_claim", lambda *_args, **_more: [PeriodRun(pk=0)])

        together(*[lambda: run_due(NIGHT)] * 2)

        assert Job.objects.filter(kind=JOB).count() == 2


class TestPayout:
    @pytest.fixture
    def payouts(self):
        with time_machine.travel(NIGHT - DAY, tick=False):
            return make_payouts()

    def run_at(self, at: datetime) -> list[PeriodRun]:
        with time_machine.travel(at, tick=False):
            run_schedule()
            do_the_work()
            runs = run_due(at)
            do_the_work()
            return runs

    def test_is_built_on_its_day_after_the_night_was_judged(self, payouts):
        with time_machine.travel(NIGHT - DAY, tick=False):
            reward = make_earned(payouts)
        self.run_at(NIGHT - DAY)
        with time_machine.travel(NIGHT, tick=False):
            before = run_due(NIGHT)
            unfinished = run_due(NIGHT)
            do_the_work()
            after = run_due(NIGHT)
            do_the_work()

        assert [run.kind for run in before] == [RunKind.QUALIFY]
        assert unfinished == []
        assert [(run.kind, run.period) for run in after] == [(RunKind.BUILD_BATCH, date(2026, 12, 1))]
        batch = Batch.objects.get()
        assert (batch.status, batch.built_by, batch.built_at) == (BatchStatus.BUILDING, None, NIGHT)
        assert [line.reward_id for line in batch.lines.all()] == [reward.pk]

    def test_is_built_once_a_month(self, payouts):
        with time_machine.travel(NIGHT - DAY, tick=False):
            make_earned(payouts)
        self.run_at(NIGHT)
        with time_machine.travel(NIGHT + DAY, tick=False):
            make_earned(payouts)

        self.run_at(NIGHT + DAY)
        assert Batch.objects.count() == 1
        self.run_at(NIGHT + 31 * DAY)

        assert Batch.objects.count() == 2
        assert periods(RunKind.BUILD_BATCH) == [date(2026, 12, 1), date(2027, 1, 1)]

    def test_that_was_missed_is_made_good_by_the_next(self, payouts):
        with time_machine.travel(NIGHT - DAY, tick=False):
            make_earned(payouts)
        self.run_at(NIGHT)

        self.run_at(NIGHT + 92 * DAY)

        assert periods(RunKind.BUILD_BATCH) == [date(2026, 12, 1), date(2027, 1, 1), date(2027, 2, 1), date(2027, 3, 1)]

    def test_is_not_built_where_the_operator_wants_to(self, payouts):
        with time_machine.travel(NIGHT - DAY, tick=False):
            make_earned(payouts)
        set_value(payouts.division, PAYOUT_IS_AUTOMATIC, value=False)

        self.run_at(NIGHT)

        assert not Batch.objects.exists()

    def test_waits_for_its_day(self, payouts):
        with time_machine.travel(NIGHT - DAY, tick=False):
            make_earned(payouts)
        set_value(payouts.division, PAYOUT_DAY, 6)

        self.run_at(NIGHT)
        assert not Batch.objects.exists()
        self.run_at(NIGHT + DAY)

        assert Batch.objects.count() == 1

    def test_of_a_correction_alone_is_a_batch(self, payouts):
        with time_machine.travel(NIGHT - DAY, tick=False):
            person = make_person(Role.CUSTOMER, payouts.division)
            reward = make_earned(payouts, account=make_account(payouts.division, user=person))
            make_paid(payouts)
            entry = reward.entries.get(kind=EntryKind.SETTLE)
            dispute = raise_dispute(entry.pk, "I was promised $35.", by=person)
            answerer = make_person(Role.OPERATOR, payouts.division)
            uphold_dispute(dispute.pk, "You were.", Decimal("10.00"), by=answerer)

        self.run_at(NIGHT)

        line = Batch.objects.get(status=BatchStatus.BUILDING).lines.get()
        assert (line.dispute, line.amount) == (dispute, Decimal("10.00"))

    def test_of_closed_accounts_alone_says_that_they_cannot_be_paid(self, payouts):
        with time_machine.travel(NIGHT - DAY, tick=False):
            reward = make_earned(payouts)
            account = reward.payee.account
            Account.objects.filter(pk=account.pk).update(status=AccountStatus.CLOSED, closed_at=NIGHT - DAY)

        self.run_at(NIGHT)

        reward.refresh_from_db()
        assert (reward.status, reward.holds) == (RewardStatus.HELD, [HoldReason.PAYEE_CLOSED])
        assert not Batch.objects.exists()
        operator = sign_in(Client(), make_person(Role.OPERATOR, payouts.division))
        listed = operator.get(reverse("desk:referrals"), {"stuck": "refused"})
        assert [referral.pk for referral in listed.context["page"].rows] == [reward.referral_id]

    @pytest.mark.django_db(transaction=True)
    def test_that_fails_is_shown_to_operators_and_taken_up_by_them(self, payouts):
        """A reward ends while it should be held because the account to be credited is closed."""
        operator = sign_in(Client(), make_person(Role.OPERATOR, payouts.division))
        with time_machine.travel(NIGHT - DAY, tick=False):
            reward = make_earned(payouts)
            Account.objects.filter(pk=reward.payee.account_id).update(
                status=AccountStatus.CLOSED, closed_at=NIGHT - DAY
            )
        with time_machine.travel(NIGHT, tick=False):
            run_schedule()
            do_the_work()
            run_schedule()
            with transaction.atomic():
                take_back(locked_reward(reward.pk), reward.owed, ReasonCode.FRAUD, NIGHT.date(), by=None)
                building = Meanwhile(do_the_work)
            assert building.outcome() is None

            job = PeriodRun.objects.get(kind=RunKind.BUILD_BATCH).job
            assert job.status == JobStatus.FAILED
            assert "Only what is earned and not being paid can be held." in job.problem
            listed = operator.get(reverse("desk:jobs"), {"status": JobStatus.FAILED})
            assert job.title in listed.content.decode()
            resume_job(job.pk, by=None)
            do_the_work()

        job.refresh_from_db()
        assert (job.status, Batch.objects.count()) == (JobStatus.DONE, 0)

    def test_of_nothing_is_no_batch(self, payouts):
        payouts.programme()

        self.run_at(NIGHT)

        assert periods(RunKind.BUILD_BATCH) == [date(2026, 12, 1)]
        assert not Batch.objects.exists()


class TestRules:
    def test_whose_moment_has_come_are_put_in_force(self, division):
        rule = make_rule(division)
        version = make_version(rule, effective_from=NIGHT - 30 * DAY)
        type(version).objects.filter(pk=version.pk).update(effective_until=NIGHT)

        run_due(NIGHT)

        version.refresh_from_db()
        assert version.status == "superseded"

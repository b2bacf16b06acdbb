"""Who may take part, and who learns why not."""

from datetime import timedelta

import pytest
import time_machine

from accounts.models import Account
from accounts.services import set_standing
from accounts.states import Standing
from billing.models import BillingSystem, ServiceStatusReport
from billing.queries import service_statuses_of
from billing.states import ServiceStatus
from foundation.events.testing import published
from foundation.lifecycle import NotAllowed
from foundation.now import now, today
from foundation.people.states import Role
from foundation.people.testing import make_person
from orders.states import OrderStatus
from orders.testing import make_market, make_order
from referrals import services
from referrals.events import ReferrerEnrolled, ReferrerLeft, ReferrerReturned, ReferrerSuspended
from referrals.models import CODE_ALPHABET, Programme, Referrer
from referrals.queries import own_referrers, programme_for, referrer_by_code, why_not
from referrals.states import InvitationStatus, ProgrammeStatus, ReferrerStatus
from referrals.testing import make_invitation, make_programme, make_referrer

pytestmark = pytest.mark.django_db


@pytest.fixture
def market():
    return make_market()


@pytest.fixture
def programme(market):
    return make_programme(market.division)


@pytest.fixture
def account(market, programme):
    del programme
    return make_order(OrderStatus.COMPLETED, market).account


def enrol(account, verifier="", **changes):
    values = {
        "account_number": account.number,
        "verifier": verifier or account.customer.contacts.get().email,
        "division": account.division,
        "accepted_terms": True,
        "language": "es",
        "evidence": {"address": "192.0.2.7"},
        "by": None,
    }
    return services.enrol(**{**values, **changes})


def report(account, status, *, days_ago=0):
    ServiceStatusReport.objects.create(
        billing_system=BillingSystem.objects.get(division=account.division),
        division=account.division,
        account=account,
        account_number=account.number,
        occurred_at=now() - timedelta(days=days_ago),
        event_id=f"{status}-{days_ago}",
        status=status,
        effective_on=today(account.division) - timedelta(days=days_ago),
    )


class TestEnrol:
    @pytest.mark.parametrize("how", ["email", "phone"])
    def test_takes_an_account_number_and_one_verifier(self, account, how):
        contact = account.customer.contacts.get()

        referrer = enrol(account, str(getattr(contact, how)))

        assert (referrer.account, referrer.status) == (account, ReferrerStatus.ACTIVE)
        assert published(ReferrerEnrolled) == [ReferrerEnrolled(referrer_id=referrer.pk)]

    def test_reads_what_people_type(self, account):
        contact = account.customer.contacts.get()

        referrer = enrol(account, f"  {contact.email.upper()} ", account_number=f" {account.number[1:]} ")

        assert referrer.account == account

    @pytest.mark.parametrize("verifier", ["", " ", "-", "nobody", "nobody@people.example", "2025550000", "0"])
    def test_is_never_done_by_account_number_alone(self, account, verifier):
        with pytest.raises(NotAllowed) as refusal:
            enrol(account, verifier or "-")

        assert refusal.value.code == "not_verified"
        assert not Referrer.objects.exists()

    def test_refuses_a_wrong_pair_and_an_unknown_account_in_the_same_words(self, account, django_assert_num_queries):
        with pytest.raises(NotAllowed) as wrong, django_assert_num_queries(2):
            enrol(account, "nobody@people.example")
        with pytest.raises(NotAllowed) as unknown, django_assert_num_queries(2):
            enrol(account, "nobody@people.example", account_number="A999999999")

        assert (wrong.value.code, str(wrong.value)) == (unknown.value.code, str(unknown.value))

    def test_knows_no_account_of_another_market(self, account):
        with pytest.raises(NotAllowed) as refusal:
            enrol(account, division=make_market().division)

        assert refusal.value.code == "not_verified"

    def test_keeps_which_terms_were_accepted_when_and_from_where(self, account, programme):
        with time_machine.travel(now(), tick=False):
            referrer = enrol(account)
            assert referrer.terms_accepted_at == now()

        assert (referrer.terms_version, referrer.terms_text) == (programme.terms_version, "Un premio por amigo.")
        assert referrer.terms_evidence == {"address": "192.0.2.7", "how": "verifier", "language": "es"}

    def test_is_refused_without_the_terms(self, account):
        with pytest.raises(NotAllowed) as refusal:
            enrol(account, accepted_terms=False)

        assert (refusal.value.code, refusal.value.field) == ("terms", "accepted_terms")

    def test_twice_gives_the_same_referrer(self, account):
        assert enrol(account) == enrol(account)
        assert len(published(ReferrerEnrolled)) == 1

    def test_gives_one_spoken_code_without_signs_that_are_mistaken_for_others(self, account):
        referrer = enrol(account)

        assert not set("0O1I") & set(CODE_ALPHABET)
        assert set(referrer.code) <= set(CODE_ALPHABET)
        assert referrer_by_code(f" {referrer.code[:3].lower()}-{referrer.code[3:]}") == referrer

    def test_lets_who_left_return(self, account):
        referrer = enrol(account)
        services.leave_programme(referrer.pk, by=make_person(Role.CSR, account.division))

        again = enrol(account)

        assert (again.pk, again.status) == (referrer.pk, ReferrerStatus.ACTIVE)
        assert published(ReferrerLeft, ReferrerReturned) == [
            ReferrerLeft(referrer_id=referrer.pk),
            ReferrerReturned(referrer_id=referrer.pk),
        ]


class TestWhyNot:
    def test_says_nothing_where_all_is_well(self, account):
        assert why_not(account) == ()

    @pytest.mark.parametrize(
        ("status", "code"),
        [
            (ServiceStatus.SUSPENDED, "suspended"),
            (ServiceStatus.DISCONNECTED, "disconnected"),
            (ServiceStatus.CLOSED, "disconnected"),
        ],
    )
    def test_names_what_billing_reports(self, account, status, code):
        report(account, status)

        reasons = why_not(account)

        assert [one.code for one in reasons] == [code]
        assert reasons[0].sentence.endswith(".")

    def test_forgets_a_suspension_that_is_over(self, account):
        report(account, ServiceStatus.SUSPENDED, days_ago=9)
        report(account, ServiceStatus.ACTIVE, days_ago=2)

        assert why_not(account) == ()

    def test_reads_reports_of_one_moment_like_everybody_else(self, account):
        with time_machine.travel(now(), tick=False):
            report(account, ServiceStatus.SUSPENDED)
            report(account, ServiceStatus.ACTIVE)
            latest = service_statuses_of(account.pk, today(account.division)).first()

            assert [one.code for one in why_not(account)] == [latest.status] == ["suspended"]

    def test_names_a_bill_past_due(self, account):
        set_standing(account.pk, Standing.DELINQUENT, by=None)
        account.refresh_from_db()

        assert [one.code for one in why_not(account)] == ["past_due"]
        with pytest.raises(NotAllowed) as refusal:
            enrol(account)
        assert refusal.value.code == "past_due"

    def test_names_that_nothing_is_installed(self, market, programme):
        del programme
        account = make_order(OrderStatus.ACKNOWLEDGED, market).account

        assert [one.code for one in why_not(account)] == ["no_service"]

    def test_names_that_no_programme_runs(self, account, programme):
        services.pause_programme(programme.pk, by=make_person(Role.OPERATOR, account.division))

        assert [one.code for one in why_not(account)] == ["not_running"]

    def test_is_told_to_nobody_who_is_not_verified(self, account):
        set_standing(account.pk, Standing.DELINQUENT, by=None)

        with pytest.raises(NotAllowed) as refusal:
            enrol(account, "nobody@people.example")

        assert refusal.value.code == "not_verified"


class TestEnrolAccount:
    def test_takes_the_customer_who_is_signed_in(self, account):
        account.customer.user = make_person()
        account.customer.save()

        referrer = services.enrol_account(account.pk, accepted_terms=True, evidence={}, by=account.customer.user)

        assert list(own_referrers(account.customer.user)) == [referrer]
        assert referrer.terms_evidence["how"] == "signed_in"

    def test_lets_a_csr_of_the_market_do_it_on_the_phone(self, account):
        csr = make_person(Role.CSR, account.division)

        referrer = services.enrol_account(account.pk, accepted_terms=True, evidence={}, by=csr)

        assert referrer.terms_evidence == {"how": "staff", "user": csr.pk, "language": "en"}

    def test_is_refused_to_strangers(self, account):
        strangers = (
            make_person(),
            make_person(Role.CSR, make_market().division),
            make_person(Role.FIELD_AGENT, account.division),
        )
        for stranger in strangers:
            with pytest.raises(NotAllowed):
                services.enrol_account(account.pk, accepted_terms=True, evidence={}, by=stranger)


class TestSuspendReferrer:
    def test_takes_back_what_was_not_sent(self, market):
        referrer = make_referrer(market)
        invitation = make_invitation(referrer)

        services.suspend_referrer(referrer.pk, "Looks odd", by=make_person(Role.CSR, market.division))

        referrer.refresh_from_db()
        invitation.refresh_from_db()
        assert (referrer.status, referrer.status_reason) == (ReferrerStatus.SUSPENDED, "Looks odd")
        assert invitation.status == InvitationStatus.WITHDRAWN
        assert published(ReferrerSuspended) == [ReferrerSuspended(referrer_id=referrer.pk)]

    def test_needs_a_reason_and_a_permission(self, market):
        referrer = make_referrer(market)

        with pytest.raises(NotAllowed):
            services.suspend_referrer(referrer.pk, " ", by=make_person(Role.CSR, market.division))
        with pytest.raises(NotAllowed):
            services.suspend_referrer(referrer.pk, "x", by=make_person(Role.FIELD_AGENT, market.division))

    def test_is_not_gone_around_by_another_program(self, market):
        """Where one is paused, the one of a division above, or a newer one, runs in its place."""
        referrer, csr = make_referrer(market), make_person(Role.CSR, market.division)
        services.suspend_referrer(referrer.pk, "Invented friends", by=csr)
        Programme.objects.filter(pk=referrer.programme_id).update(status=ProgrammeStatus.PAUSED)
        other = make_programme(market.division)
        assert programme_for(market.division, today(market.division)) == other

        with pytest.raises(NotAllowed) as refusal:
            services.enrol_account(referrer.account_id, accepted_terms=True, evidence={}, by=csr)

        assert refusal.value.code == "referrer_suspended"
        services.return_referrer(referrer.pk, by=csr)
        services.enrol_account(referrer.account_id, accepted_terms=True, evidence={}, by=csr)

    def test_is_undone_by_a_return(self, market):
        referrer, csr = make_referrer(market), make_person(Role.CSR, market.division)
        services.suspend_referrer(referrer.pk, "Looks odd", by=csr)

        services.return_referrer(referrer.pk, by=csr)

        referrer.refresh_from_db()
        assert referrer.is_active


class TestProgrammes:
    def test_run_side_by_side_without_sharing_codes(self):
        north, south = make_market(), make_market()
        one, other = make_referrer(north), make_referrer(south)

        assert one.programme != other.programme
        assert one.code != other.code
        assert referrer_by_code(one.code) == one

    def test_of_a_division_below_come_before_those_above(self, market, programme):
        from foundation.divisions.testing import make_division  # noqa: PLC0415  # here alone

        below = make_division(parent=market.division)
        day = today(below)
        assert programme_for(below, day) == programme
        own = make_programme(below)

        assert (programme_for(below, day), programme_for(market.division, day)) == (own, programme)

    def test_run_on_their_last_day_and_not_after_it(self, market):
        day = today(market.division)
        programme = make_programme(market.division, ends_on=day)

        assert programme_for(market.division, day) == programme
        assert programme_for(market.division, day + timedelta(days=1)) is None
        assert programme_for(market.division, day - timedelta(days=1)) is None

    def test_are_started_paused_and_ended_by_operators_alone(self, market):
        programme = make_programme(market.division, is_running=False)
        with pytest.raises(NotAllowed):
            services.start_programme(programme.pk, by=make_person(Role.CSR, market.division))
        operator = make_person(Role.OPERATOR, market.division)

        services.start_programme(programme.pk, by=operator)
        services.pause_programme(programme.pk, by=operator)
        services.start_programme(programme.pk, by=operator)
        services.end_programme(programme.pk, by=operator)

        with pytest.raises(NotAllowed):
            services.start_programme(programme.pk, by=operator)

    def test_without_their_texts_do_not_start(self, market):
        programme = make_programme(market.division, is_running=False, subjects={})

        with pytest.raises(NotAllowed) as refusal:
            services.start_programme(programme.pk, by=make_person(Role.OPERATOR, market.division))

        assert refusal.value.code == "incomplete"


def test_accounts_are_left_as_they_were(account):
    before = Account.objects.filter(pk=account.pk).values().get()

    enrol(account)

    assert Account.objects.filter(pk=account.pk).values().get() == before

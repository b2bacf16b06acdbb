"""A referral is installed, comes to nothing, or looks odd; its referrer is told, and told nothing else."""

from datetime import timedelta

import pytest
from django.core import mail

from accounts.models import Customer
from accounts.services import set_standing
from accounts.states import Standing
from accounts.testing import make_details
from billing.models import BillingSystem, Invoice, ServiceStatusReport
from billing.states import ServiceStatus
from foundation.correspondence.models import Message
from foundation.events.models import Event
from foundation.events.testing import drain, published
from foundation.lifecycle import NotAllowed
from foundation.now import now, today
from foundation.people.states import Role
from foundation.people.testing import make_person
from orders import services as order_services
from orders.models import Order
from orders.queries import lines_of
from orders.services import CODE_MARK, add_attribution
from orders.states import CancelReason, OrderStatus
from orders.testing import bring_to, make_draft, make_market
from referrals import services
from referrals.events import ReferralDisqualified, ReferralInstalled, SignalDecided
from referrals.models import Referral, Signal
from referrals.queries import referrals_visible_to, signals_visible_to
from referrals.states import DisqualifyReason, ReferralStatus, SignalKind, SignalStatus
from referrals.testing import make_friend_row, make_referral, make_referrer
from territory.testing import make_premises

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_referrals_listen")]


@pytest.fixture
def market(only_referrals_listen):
    del only_referrals_listen  # before anything happens
    return make_market(capacity=50)


@pytest.fixture
def referrer(market):
    return make_referrer(market)


def order_in(status, market, referrer, **changes):
    order = make_draft(market, **changes)
    add_attribution(order.pk, f"{CODE_MARK}{referrer.code}")
    return bring_to(order, status)


class TestRecordInstall:
    def test_takes_the_day_of_the_last_line(self, market, referrer):
        order = order_in(OrderStatus.IN_PROGRESS, market, referrer)
        lines, day = lines_of(order), today(market.division)
        for place, line in enumerate(lines):
            order_services.record_install(
                order.work_order_request_id,
                lines=[line.line_id],
                installed_on=day + timedelta(days=3 if place == 1 else place % 2),
            )

        drain()

        referral = Referral.objects.get()
        assert (referral.status, referral.installed_on) == (ReferralStatus.INSTALLED, day + timedelta(days=3))
        assert published(ReferralInstalled) == [
            ReferralInstalled(referral_id=referral.pk, installed_on=(day + timedelta(days=3)).isoformat())
        ]

    def test_waits_while_something_does_not_work_yet(self, market, referrer):
        order = order_in(OrderStatus.PARTIAL, market, referrer)

        with pytest.raises(NotAllowed):
            services.record_install(order.pk)

        assert not published(ReferralInstalled)

    def test_resolves_first_where_the_facts_come_in_another_order(self, market, referrer):
        order = order_in(OrderStatus.COMPLETED, market, referrer)

        services.record_install(order.pk)
        drain()

        assert Referral.objects.get().status == ReferralStatus.INSTALLED
        assert len(published(ReferralInstalled)) == 1

    def test_is_refused_where_nobody_is_credited(self, market):
        order = bring_to(make_draft(market), OrderStatus.COMPLETED)

        with pytest.raises(NotAllowed) as refusal:
            services.record_install(order.pk)

        assert refusal.value.code == "no_referral"

    def test_twice_is_known(self, market, referrer):
        referral = make_referral(referrer, market, status=OrderStatus.COMPLETED)

        with pytest.raises(NotAllowed):
            services.record_install(referral.order_id)


class TestRecordEnding:
    @pytest.mark.parametrize(
        ("status", "reason"),
        [
            (OrderStatus.CANCELLED, DisqualifyReason.ORDER_CANCELLED),
            (OrderStatus.REJECTED, DisqualifyReason.ORDER_CANCELLED),  # a bureau's answer is nobody's business
            (OrderStatus.FAILED, DisqualifyReason.ORDER_FAILED),
        ],
    )
    def test_says_why_nothing_came_of_it(self, market, referrer, status, reason):
        order_in(status, market, referrer)

        drain()

        referral = Referral.objects.get()
        assert (referral.status, referral.reason) == (ReferralStatus.DISQUALIFIED, reason)
        assert published(ReferralDisqualified) == [ReferralDisqualified(referral_id=referral.pk, reason=reason)]

    def test_is_undone_by_an_install_that_is_reported_late(self, market, referrer):
        order = order_in(OrderStatus.FAILED, market, referrer)
        drain()

        lines = [line.line_id for line in lines_of(order)]
        order_services.record_install(order.work_order_request_id, lines=lines, installed_on=today(market.division))
        drain()

        referral = Referral.objects.get()
        assert (referral.status, referral.reason, referral.ended_at) == (ReferralStatus.INSTALLED, "", None)

    def test_that_was_undone_late_waits_for_a_person_where_the_friend_has_ordered_anew(self, market, referrer):
        failed = order_in(OrderStatus.FAILED, market, referrer, details=make_details(email="lily@people.example"))
        drain()
        anew = order_in(
            OrderStatus.COMPLETED,
            market,
            referrer,
            premises=failed.premises,
            details=make_details(email="Lily+home@people.example"),
        )
        drain()

        lines = [line.line_id for line in lines_of(failed)]
        order_services.record_install(failed.work_order_request_id, lines=lines, installed_on=today(market.division))
        drain()

        late, other = Referral.objects.get(order=failed), Referral.objects.get(order=anew)
        assert {late.status, other.status} == {ReferralStatus.INSTALLED}
        assert [(one.referral, one.kind) for one in Signal.objects.filter(status=SignalStatus.OPEN)] == [
            (late, SignalKind.SAME_PERSON)
        ]

    def test_that_was_undone_late_needs_nobody_where_the_friend_has_not(self, market, referrer):
        failed = order_in(OrderStatus.FAILED, market, referrer, details=make_details(email="lily@people.example"))
        order_in(
            OrderStatus.COMPLETED,
            market,
            referrer,
            details=make_details(email="omar@people.example"),
        )
        drain()

        lines = [line.line_id for line in lines_of(failed)]
        order_services.record_install(failed.work_order_request_id, lines=lines, installed_on=today(market.division))
        drain()

        assert Referral.objects.filter(status=ReferralStatus.INSTALLED).count() == 2
        assert not Signal.objects.filter(kind=SignalKind.SAME_PERSON).exists()

    def test_that_is_heard_after_the_install_changes_nothing(self, market, referrer):
        referral = make_referral(referrer, market, status=OrderStatus.COMPLETED)

        with pytest.raises(NotAllowed):
            services.record_ending(referral.order_id)

        referral.refresh_from_db()
        assert referral.status == ReferralStatus.INSTALLED


class TestDecideSignal:
    @pytest.fixture
    def signal(self, market, referrer):
        referral = make_referral(referrer, market)
        return Signal.objects.create(referral=referral, kind=SignalKind.VELOCITY)

    def test_clears_it(self, market, signal):
        csr = make_person(Role.CSR, market.division)

        services.decide_signal(signal.pk, is_genuine=True, note="They are twins.", by=csr)

        signal.refresh_from_db()
        assert (signal.status, signal.decided_by, signal.decision_note) == (
            SignalStatus.CLEARED,
            csr,
            "They are twins.",
        )
        assert signal.referral.status == ReferralStatus.ORDERED
        assert published(SignalDecided) == [
            SignalDecided(referral_id=signal.referral_id, signal_id=signal.pk, status="cleared")
        ]

    def test_confirms_it_for_good(self, market, signal):
        services.decide_signal(
            signal.pk, is_genuine=False, note="One person.", by=make_person(Role.CSR, market.division)
        )

        referral = Referral.objects.get()
        assert (referral.status, referral.reason) == (ReferralStatus.DISQUALIFIED, DisqualifyReason.FRAUD)
        Order.objects.filter(pk=referral.order_id).update(status=OrderStatus.COMPLETED, completed_at=now())
        referral.order.lines.update(status="completed", installed_on=today(market.division))
        with pytest.raises(NotAllowed) as refusal:
            services.record_install(referral.order_id)
        assert refusal.value.code == "fraud"

    def test_confirms_it_of_one_that_had_come_to_nothing(self, market, signal):
        order_services.cancel_order(signal.referral.order_id, CancelReason.CHANGED_MIND, by=None)
        services.record_ending(signal.referral.order_id)

        services.decide_signal(
            signal.pk, is_genuine=False, note="One person.", by=make_person(Role.CSR, market.division)
        )

        assert Referral.objects.get().reason == DisqualifyReason.FRAUD

    def test_needs_a_note_a_permission_and_something_to_decide(self, market, signal):
        csr = make_person(Role.CSR, market.division)
        with pytest.raises(NotAllowed):
            services.decide_signal(signal.pk, is_genuine=True, note=" ", by=csr)
        for stranger in (make_person(Role.FIELD_AGENT, market.division), make_person(Role.CSR, make_market().division)):
            with pytest.raises(NotAllowed):
                services.decide_signal(signal.pk, is_genuine=True, note="x", by=stranger)
        services.decide_signal(signal.pk, is_genuine=True, note="x", by=csr)
        with pytest.raises(NotAllowed):
            services.decide_signal(signal.pk, is_genuine=False, note="x", by=csr)

    @pytest.mark.parametrize("side", ["referrer", "friend"])
    def test_is_not_for_who_is_part_of_it(self, market, signal, side):
        csr = make_person(Role.CSR, market.division)
        referral = signal.referral
        customer = referral.referrer.customer if side == "referrer" else referral.friend
        Customer.objects.filter(pk=customer.pk).update(user=csr)

        with pytest.raises(NotAllowed) as refusal:
            services.decide_signal(signal.pk, is_genuine=True, note="I know them well.", by=csr)

        assert refusal.value.code == "own_referral"

    def test_is_seen_by_staff_of_the_market_alone(self, market, signal):
        assert list(signals_visible_to(make_person(Role.CSR, market.division))) == [signal]
        assert not signals_visible_to(make_person(Role.CSR, make_market().division)).exists()
        assert not signals_visible_to(make_person()).exists()


class TestAlerts:
    def test_tell_the_referrer_of_the_sale(self, market, referrer):
        order_in(OrderStatus.ACKNOWLEDGED, market, referrer, details=make_details(name="Fay Friend"))

        drain()

        sent = mail.outbox[0]
        assert sent.to == [referrer.customer.contacts.get().email]
        assert sent.subject == "Fay has ordered"
        assert "You get $50 three months after your friend is connected." in sent.body
        assert "Fay has ordered, and you are credited for it." in sent.alternatives[0][0]

    def test_tell_the_referrer_that_the_friend_is_connected(self, market, referrer):
        order_in(OrderStatus.COMPLETED, market, referrer, details=make_details(name="Fay Friend"))

        drain()

        assert sorted(sent.subject for sent in mail.outbox) == ["Fay has ordered", "Fay is connected"]

    def test_are_sent_once(self, market, referrer):
        referral = make_referral(referrer, market, status=OrderStatus.COMPLETED)
        drain()
        for send in (services.send_ordered_alert, services.send_installed_alert):
            send(referral.pk)
        drain()

        assert len(mail.outbox) == 2


class TestPrivacy:
    """Markers of what is the friend's own stand in no mail that the referrer gets and in no fact."""

    MARKERS = ("Zinnia", "Quillwort", "triple-", "internet-", "987.65", "delinquent", "past due", "disconnected")

    def test_of_the_friend_holds_in_all_that_a_referrer_is_mailed(self, market, referrer):
        home = make_premises(market.division, "41 Quillwort Street")
        row = make_friend_row(market.division, name="Fay", email="fay@zinnia.example", premises_id=None)
        details = make_details(name="Fay Zinnia", email="fay@zinnia.example", phone="202 555 4141")
        services.invite_friends(referrer.pk, [row], form_key="f", language="en", by=None)
        drain()
        to_the_friend = len(mail.outbox)
        order = order_in(OrderStatus.COMPLETED, market, referrer, details=details, premises=home)
        drain()
        self._fall_behind(order)
        drain()

        own = referrer.customer.contacts.get().email
        mailed = [sent for sent in mail.outbox[to_the_friend:] if sent.to == [own]]
        assert len(mailed) == 2
        for sent in mailed:
            for text in (sent.subject, sent.body, sent.alternatives[0][0], *map(str, sent.extra_headers.values())):
                for marker in (*self.MARKERS, "+12025554141", order.number, order.account.number, order.token):
                    assert marker.lower() not in text.lower(), marker

    def _fall_behind(self, order):
        told = {
            "billing_system": BillingSystem.objects.get(division=order.division),
            "division": order.division,
            "account": order.account,
            "account_number": order.account.number,
            "occurred_at": now(),
        }
        day = today(order.division)
        Invoice.objects.create(
            **told, invoice_id="INV-987", amount="987.65", tax=0, currency="USD", issued_on=day, due_on=day
        )
        ServiceStatusReport.objects.create(**told, event_id="gone", status=ServiceStatus.DISCONNECTED, effective_on=day)
        set_standing(order.account_id, Standing.DELINQUENT, by=None)

    def test_of_everybody_holds_in_the_facts(self, market, referrer):
        row = make_friend_row(market.division, name="Fay Zinnia", email="fay@zinnia.example")
        services.invite_friends(referrer.pk, [row], form_key="f", language="en", by=None)
        order_in(OrderStatus.COMPLETED, market, referrer, details=make_details(email="fay@zinnia.example"))
        drain()

        told = " ".join(str(event.payload) for event in Event.objects.filter(name__startswith="referrals."))
        assert "zinnia" not in told.lower()
        assert referrer.code not in told
        assert referrer.customer.name not in told

    def test_of_the_referrer_leaves_the_friend_a_first_name(self, market):
        referrer = make_referrer(market, details=make_details(name="Robin Quillwort", email="robin@zinnia.example"))
        services.invite_friends(referrer.pk, [make_friend_row(market.division)], form_key="f", language="en", by=None)
        drain()

        message = Message.objects.get(kind="referrals.invitation")
        for text in (message.subject_line, message.text, message.html, message.sender):
            assert "Quillwort" not in text
            assert "zinnia" not in text
            assert referrer.account.number not in text
        assert "Robin" in message.text


class TestVisibility:
    def test_of_referrals_is_the_referrers_and_the_markets_staffs(self, market):
        owner = make_person()
        referral = make_referral(make_referrer(market, user=owner), market)
        make_referral()

        for person in (owner, make_person(Role.CSR, market.division)):
            assert list(referrals_visible_to(person)) == [referral]
        assert not referrals_visible_to(make_person()).exists()

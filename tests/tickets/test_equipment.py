"""Devices put in, swapped and taken out by hand, at the desk's pages."""

from datetime import timedelta

import pytest
import time_machine

from accounts.testing import make_account
from foundation.divisions.testing import make_division
from foundation.events.models import Event
from foundation.now import now, today
from foundation.people.states import Role
from orders.states import OrderStatus
from orders.testing import make_market, make_order
from tickets.models import Equipment
from tickets.testing import make_equipment


@pytest.fixture
def market(division):
    return make_market(division)


@pytest.fixture
def account(market):
    return make_order(OrderStatus.COMPLETED, market).account


class TestPuttingIn:
    def test_writes_down_what_stands_there_and_shows_it_with_the_customer(self, division, csr, account):
        service = account.services.exclude(line__isnull=True).first()
        assert "No device is written down." in csr.read("desk:customer", account.customer_id)

        answer = csr.post("desk:device_put_in", account.pk, name="Cable modem", serial="ab 12-x", service=service.pk)

        device = Equipment.objects.get()
        assert (device.serial, device.account, device.service) == ("AB12-X", account, service)
        assert (device.since, device.until) == (today(division), None)
        assert answer.url.endswith(f"/customers/{account.customer_id}/#devices")
        assert "AB12-X" in csr.read("desk:customer", account.customer_id)
        assert Event.objects.get(name="tickets.equipment_installed").actor == csr.person

    @pytest.mark.parametrize(
        ("serial", "message"),
        [("?!", "as it stands on the device"), ("", "required"), ("TAKEN1", "stands at another address")],
    )
    def test_says_at_the_field_what_is_wrong_and_keeps_what_was_typed(self, division, csr, account, serial, message):
        make_equipment(make_account(division), "TAKEN1")

        answer = csr.post("desk:device_put_in", account.pk, name="My modem", serial=serial)

        assert answer.status_code == 422
        assert message in answer.context["form"].errors["serial"][0]
        assert "My modem" in answer.content.decode()
        assert not account.equipment.exists()

    def test_serves_no_service_of_another_account(self, csr, market, account):
        theirs = make_order(OrderStatus.COMPLETED, market).account.services.first()

        answer = csr.post("desk:device_put_in", account.pk, name="Modem", serial="A1", service=theirs.pk)

        assert "service" in answer.context["form"].errors

    def test_is_for_who_works_on_tickets_there(self, division, seat, account):
        agent, stranger = seat(Role.FIELD_AGENT), seat(Role.CSR, make_division())

        assert agent.post("desk:device_put_in", account.pk, name="Modem", serial="A1").status_code == 403
        assert stranger.post("desk:device_put_in", account.pk, name="Modem", serial="A1").status_code == 404
        assert not Equipment.objects.exists()


class TestSwapping:
    def test_takes_the_old_one_out_and_lets_the_new_one_serve_the_same(self, division, csr, account):
        service = account.services.first()
        old = make_equipment(account, "OLD1", service=service)

        with time_machine.travel(now() + timedelta(days=3)):
            csr.post("desk:device_swap", old.pk, name="Better modem", serial="new1")
            day = today(division)

        old.refresh_from_db()
        new = Equipment.objects.get(serial="NEW1")
        assert (old.until, new.since, new.until) == (day, day, None)
        assert (new.name, new.account, new.service) == ("Better modem", account, service)

    @pytest.mark.parametrize(
        ("serial", "message"), [("OLD1", "the device that stands there"), ("TAKEN1", "stands at another address")]
    )
    def test_refused_at_the_field_leaves_the_old_one_in(self, division, csr, account, serial, message):
        old = make_equipment(account, "OLD1")
        make_equipment(make_account(division), "TAKEN1")

        answer = csr.post("desk:device_swap", old.pk, name="Modem", serial=serial)

        assert message in answer.context["form"].errors["serial"][0]
        old.refresh_from_db()
        assert old.until is None


class TestTakingOut:
    def test_keeps_that_it_stood_there_and_frees_its_number(self, division, csr, account):
        old = make_equipment(account, "OLD1")

        csr.post("desk:device_take_out", old.pk)

        page = csr.read("desk:customer", account.customer_id)
        assert "OLD1" in page
        assert "Take out" not in page
        assert make_equipment(make_account(division), "OLD1").account != account

    def test_happens_once(self, csr, account):
        old = make_equipment(account, "OLD1")
        csr.post("desk:device_take_out", old.pk)

        answer = csr.post("desk:device_take_out", old.pk)

        assert answer.status_code == 422
        assert "It was taken out already." in answer.content.decode()

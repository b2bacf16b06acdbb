"""The demonstration's service desk has something of everything, and each thing at its time."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.urls import reverse

from config.demonstration.billing_systems import load_billing_systems
from config.demonstration.catalogue import load_catalogue
from config.demonstration.mailboxes import load_letters, load_mailboxes
from config.demonstration.neighbours import MAGNOLIA, RIVERBEND, load_neighbours
from config.demonstration.operator import load_markets, load_people, load_sites
from config.demonstration.orders import load_orders
from config.demonstration.outages import load_outages
from config.demonstration.past import ago
from config.demonstration.promises import load_promises
from config.demonstration.replies import load_replies
from config.demonstration.service_desk import load_service_desk
from config.demonstration.tickets import load_tickets
from foundation.clocks.states import WatchStatus
from foundation.correspondence.models import InboundMail
from foundation.correspondence.states import MailStatus
from foundation.divisions.models import Division
from foundation.divisions.queries import one_configuration_version
from foundation.now import now
from foundation.people.models import User
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from orders.models import InstalledService
from territory.models import Premises
from territory.testing import make_available, make_premises
from tickets.models import CreditRun, Macro, Outage, OutageNotice, OutageUpdate, Ticket, TicketClock
from tickets.services.outages import approve_credits, attach_late_caller, tell_customers
from tickets.states import OPEN, CreditRunStatus, OutageStatus, TicketStatus, UpdateStage

pytestmark = pytest.mark.django_db


def load_desk() -> None:
    root = load_markets()
    load_sites()
    load_people()
    for code, node in (("riverbend", "HUB 05701"), ("magnolia", "HUB 72701")):
        division = Division.objects.get(code=code)
        for number in range(12):
            make_available(make_premises(division, f"{number + 1} Sorrel Lane", zip_code=node[-5:]))
        Premises.objects.filter(division=division).update(node=node)
    load_catalogue(root)
    load_billing_systems()
    load_service_desk(root)
    load_promises(root)
    load_replies(root)
    load_mailboxes()
    load_orders()
    load_again(root)


def load_again(root: Division) -> None:
    load_tickets(root)
    with one_configuration_version():
        load_neighbours()
        load_outages()
        load_letters()


def hear_once_more() -> None:
    """Do what the workers do with the facts once they start."""
    for update_id in OutageUpdate.objects.values_list("pk", flat=True):
        tell_customers(update_id)
    for ticket_id in Ticket.objects.values_list("pk", flat=True):
        attach_late_caller(ticket_id)


class TestLoadDemonstration:
    def test_shows_a_newcomer_a_desk_at_work(self, monkeypatch, client):
        monkeypatch.setenv("DIAGNOSTICS_NETWORK_URL", "http://127.0.0.1:9")
        load_desk()

        self._somebody_is_in_every_state()
        self._one_outage_is_under_way_and_known_to_those_it_affects()
        self._the_other_is_over_and_its_credits_wait_for_somebody_else()
        self._two_letters_wait_for_a_person()
        self._a_csr_is_offered_what_they_need_not_write_again(client)
        counts = [model.objects.count() for model in (Ticket, Outage, OutageNotice, InboundMail, InstalledService)]
        load_again(Division.objects.get(code="larkspur"))
        hear_once_more()
        again = [model.objects.count() for model in (Ticket, Outage, OutageNotice, InboundMail, InstalledService)]
        assert counts == again

    def _somebody_is_in_every_state(self):
        statuses = set(Ticket.objects.values_list("status", flat=True))
        assert statuses == {*OPEN, TicketStatus.RESOLVED, TicketStatus.CLOSED}
        assert set(Ticket.objects.values_list("priority", flat=True)) == {"p1", "p2", "p3", "p4"}
        assert set(TicketClock.objects.values_list("status", flat=True)) == {*WatchStatus}
        late = TicketClock.objects.filter(status=WatchStatus.RUNNING, due_at__lt=now())
        assert late.exists()
        assert not TicketClock.objects.filter(ticket__status=TicketStatus.RESOLVED, status=WatchStatus.RUNNING).exists()

    def _one_outage_is_under_way_and_known_to_those_it_affects(self):
        outage = Outage.objects.get(status=OutageStatus.IDENTIFIED)
        assert timedelta(hours=3) < now() - outage.starts_at < timedelta(hours=4)
        held = outage.tickets.filter(status=TicketStatus.HELD)
        assert held.count() == 4
        paused = TicketClock.objects.filter(ticket__in=held).exclude(status=WatchStatus.STOPPED)
        assert set(paused.values_list("status", "policy__code")) == {(WatchStatus.PAUSED, "trouble")}
        told = OutageNotice.objects.filter(update__outage=outage).exclude(message=None)
        stages = [told.filter(update__stage=stage).count() for stage in (UpdateStage.STARTED, UpdateStage.UPDATED)]
        assert stages == [len(RIVERBEND.names)] * 2

    def _the_other_is_over_and_its_credits_wait_for_somebody_else(self):
        run = CreditRun.objects.get()
        assert (run.status, run.count) == (CreditRunStatus.REQUESTED, len(MAGNOLIA.names))
        assert set(run.credits.values_list("minutes", flat=True)) == {26 * 60}
        approve_credits(run.pk, shown=run.total, by=User.objects.get(email="operator@larkspur.example"))

    def _two_letters_wait_for_a_person(self):
        assert InboundMail.objects.filter(status=MailStatus.SET_ASIDE).count() == 2
        assert Ticket.objects.filter(channel="mail", customer__isnull=False).count() == 1

    def _a_csr_is_offered_what_they_need_not_write_again(self, client):
        """On each ticket what suits it: of its language, and of the product that its symptom is of."""
        sign_in(client, make_person(Role.CSR, Division.objects.get(code="larkspur")))
        for key, offered, other in (
            ("picture", "Sin imagen: la entrada", "No picture: the input"),
            ("dark", "Restart the modem", "No picture: the input"),
        ):
            ticket = Ticket.objects.get(key=f"intake:demonstration-{key}")
            page = client.get(reverse("desk:ticket", args=[ticket.number])).content.decode()
            assert (offered in page, other in page) == (True, False)
            assert all(macro.name in page for macro in Macro.objects.all())
        lights = Macro.objects.get(name="Ask what the lights show")
        address = reverse("desk:ticket_macro", args=[ticket.number, lights.pk])
        assert f"Dear {ticket.requester_name}," in client.get(address).content.decode()


class TestAgo:
    def test_is_earlier_for_a_while_and_leaves_the_clock_that_others_read(self):
        shared, before = settings.CLOCK_FILE, now()

        with ago(hours=5):
            then = now()

        assert timedelta(hours=4, minutes=59) < before - then < timedelta(hours=5)
        assert (settings.CLOCK_FILE, now() - before < timedelta(minutes=1)) == (shared, True)

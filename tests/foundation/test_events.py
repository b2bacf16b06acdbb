"""Facts, and the debts to those who listen."""

import threading
from dataclasses import dataclass
from datetime import timedelta

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction

from foundation.divisions.testing import make_division
from foundation.events import services
from foundation.events.facts import HANDLERS, Fact, subscribe
from foundation.events.models import Delivery, Event
from foundation.events.services import MOST_ATTEMPTS, begin_delivering, deliver_next, publish, retry_delivery
from foundation.events.testing import drain, published
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.services import give_role
from foundation.people.states import Role
from foundation.people.testing import make_person


@dataclass(frozen=True, kw_only=True)
class LampLit(Fact, name="tests.lamp_lit"):
    lamp_id: int
    colour: str = "white"


@pytest.fixture
def heard():
    """What the one listener of `LampLit` heard; put an exception at its end to have it raised."""
    facts: list[object] = []

    @subscribe(LampLit)
    def hear(fact, event):
        if facts and isinstance(facts[-1], Exception):
            raise facts.pop()
        facts.append(fact)

    yield facts
    del HANDLERS[LampLit.name]


def light(lamp_id: int = 1) -> Event:
    division = make_division()
    with transaction.atomic():
        return publish(LampLit(lamp_id=lamp_id), subject=division, division=division, by=None)


@pytest.mark.django_db
class TestPublish:
    def test_keeps_the_fact_with_its_circumstances(self):
        division, user = make_division(), make_person()

        event = publish(LampLit(lamp_id=7), subject=division, about=[user], division=division, by=user, channel="web")

        event.refresh_from_db()
        assert event.fact() == LampLit(lamp_id=7)
        assert event.about == [f"divisions.division:{division.pk}", f"people.user:{user.pk}"]
        assert (event.actor, event.channel, event.division) == (user, "web", division)

    def test_keeps_the_role_in_which_somebody_acted(self):
        division = make_division()
        below = make_division(parent=division)
        person = make_person(Role.CSR, division)
        give_role(person, Role.OPERATOR, below, by=make_person(is_superuser=True))

        there, above = (
            publish(LampLit(lamp_id=1), subject=person, division=place, by=person) for place in (below, division)
        )

        assert (there.actor_role, above.actor_role) == (Role.OPERATOR, Role.CSR)

    def test_reads_facts_of_an_older_and_of_a_newer_program(self):
        assert LampLit.from_payload({"lamp_id": 1}) == LampLit(lamp_id=1)
        assert LampLit.from_payload({"lamp_id": 1, "watts": 5}) == LampLit(lamp_id=1)

    def test_cannot_be_changed_or_taken_back(self):
        event = light()

        for spoil in (lambda: Event.objects.filter(pk=event.pk).update(channel="x"), event.delete):
            with pytest.raises(DatabaseError), transaction.atomic():
                spoil()

        assert Event.objects.get(pk=event.pk).channel == ""


@pytest.mark.django_db(transaction=True)
class TestPublishOutside:
    def test_refuses_to_run_outside_a_transaction(self):
        with pytest.raises(RuntimeError):
            publish(LampLit(lamp_id=1), subject=make_division(), division=None, by=None)

        assert not Event.objects.exists()

    @pytest.mark.parametrize("has_begun", [False, True])
    def test_nudges_again_only_once_a_worker_has_begun(self, heard, monkeypatch, has_begun):
        sent = []
        monkeypatch.setattr(services.current_app, "send_task", lambda task, **_options: sent.append(task))
        monkeypatch.setattr(services._Nudging, "silent_until", 0.0)
        begin_delivering()
        light(1)
        if has_begun:
            begin_delivering()
        light(2)

        assert sent == [services.DELIVER] * (1 + has_begun)
        begin_delivering()

    def test_nudges_once_a_transaction_and_is_quiet_after_a_failure(self, heard, monkeypatch):
        nudges = []

        def find_nobody(_task, **_options):
            nudges.append(1)
            raise ConnectionError

        monkeypatch.setattr(services.current_app, "send_task", find_nobody)
        monkeypatch.setattr(services._Nudging, "silent_until", 0.0)
        begin_delivering()
        division = make_division()
        with transaction.atomic():
            for lamp_id in range(3):
                publish(LampLit(lamp_id=lamp_id), subject=division, division=division, by=None)
        light()

        assert len(nudges) == 1
        assert Delivery.objects.outstanding().count() == 4


@pytest.mark.django_db
class TestDeliver:
    def test_tells_each_listener_once(self, heard):
        light(1)
        light(2)

        assert drain() == 2
        assert drain() == 0
        assert heard == [LampLit(lamp_id=1), LampLit(lamp_id=2)]
        assert published(LampLit) == heard

    def test_takes_a_refusal_for_an_answer(self, heard):
        light()
        heard.append(NotAllowed("lit already"))

        drain()

        delivery = Delivery.objects.get()
        assert delivery.done_at
        assert delivery.error == "lit already"

    def test_tries_again_later_and_later_after_an_error(self, heard):
        start = now()
        light()
        waits = []
        for _attempt in range(3):
            heard.append(OSError("dark"))
            due = Delivery.objects.get().due_at
            with time_machine.travel(due, tick=False):
                assert deliver_next()
                assert not deliver_next()
                waits.append(Delivery.objects.get().due_at - due)

        assert waits == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
        assert "OSError: dark" in Delivery.objects.get().error
        with time_machine.travel(start + timedelta(hours=1), tick=False):
            drain_without_checking()
        assert heard == [LampLit(lamp_id=1)]

    def test_sets_aside_what_was_tried_too_often_and_a_person_may_retry_it(self, heard):
        light()
        Delivery.objects.update(attempts=MOST_ATTEMPTS - 1)
        heard.append(OSError("dark"))
        deliver_next()

        delivery = Delivery.objects.set_aside().get()
        with time_machine.travel(now() + timedelta(days=1), tick=False):
            assert not deliver_next()
            retry_delivery(delivery.pk, by=make_person())
            assert deliver_next()
        assert heard == [LampLit(lamp_id=1)]
        with pytest.raises(NotAllowed):
            retry_delivery(delivery.pk, by=make_person())

    def test_concludes_what_was_claimed_together_each_by_what_became_of_it(self, heard):
        for lamp_id in (1, 2, 3):
            light(lamp_id)
        heard += [OSError("dark"), NotAllowed("lit already")]  # the last is raised first

        assert deliver_next(20) == 3
        assert deliver_next(20) == 0

        refused, failed, done = Delivery.objects.order_by("pk")
        assert (refused.error, bool(refused.done_at)) == ("lit already", True)
        assert ("OSError: dark" in failed.error, failed.done_at, failed.attempts) == (True, None, 1)
        assert (done.error, bool(done.done_at)) == ("", True)

    def test_gives_back_what_a_slow_listener_keeps_waiting(self, heard, monkeypatch):
        light(1)
        light(2)
        monkeypatch.setattr(services, "PATIENCE", 0.0)

        assert deliver_next(20) == 1

        waiting = Delivery.objects.outstanding().get()
        assert waiting.attempts == 0
        assert waiting.due_at <= now()
        assert deliver_next(20) == 1
        assert heard == [LampLit(lamp_id=1), LampLit(lamp_id=2)]

    def test_keeps_what_nobody_listens_for_any_more(self, heard):
        light()
        Delivery.objects.update(handler="gone.handlers.hear")

        deliver_next()

        assert "Nobody is called gone.handlers.hear" in Delivery.objects.outstanding().get().error


def drain_without_checking() -> None:
    while deliver_next():
        pass


@pytest.mark.django_db(transaction=True)
class TestTwoWorkers:
    def test_never_hear_the_same_delivery_at_once(self, heard):
        for lamp_id in range(40):
            light(lamp_id)

        def work():
            try:
                drain_without_checking()
            finally:
                connection.close()

        workers = [threading.Thread(target=work) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

        assert sorted(fact.lamp_id for fact in heard) == list(range(40))

    def test_would_without_the_claim(self, heard, monkeypatch):
        light()

        def look_without_claiming(_at, _most):
            return list(Delivery.objects.outstanding().select_related("event"))

        monkeypatch.setattr(services, "_claim", look_without_claiming)
        monkeypatch.setattr(services, "_conclude", lambda *_args, **_kwargs: None)
        deliver_next()
        deliver_next()

        assert len(heard) == 2

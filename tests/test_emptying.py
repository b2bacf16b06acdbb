"""What the tests that commit stand on: after each of them the database is empty."""

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from foundation.divisions.models import Division
from foundation.divisions.testing import make_division
from foundation.events.models import Event
from tests.emptying import empty_database
from tests.orders.racing import Meanwhile
from tickets.models import Ticket
from tickets.testing import make_ticket

pytestmark = pytest.mark.django_db(transaction=True)


class TestEmptyDatabase:
    def test_leaves_what_every_test_begins_with_and_nothing_else(self):
        make_ticket(make_division())
        assert Event.objects.exists()  # which nobody deletes in real life

        empty_database()

        filled = {model for model in apps.get_models() if model._default_manager.exists()}
        assert filled == {ContentType, Permission}

    def test_waits_for_whoever_still_writes(self):
        with transaction.atomic():
            make_division()
            emptying = Meanwhile(empty_database)

        assert emptying.outcome() is None
        assert not Division.objects.exists()

    def test_gives_way_to_a_request_that_takes_the_tables_in_another_order(self):
        ticket = make_ticket(make_division())
        with transaction.atomic():
            Ticket.objects.select_for_update().get(pk=ticket.pk)
            emptying = Meanwhile(empty_database)  # it has the tables before this one, and waits for it
            ticket.division.save()

        assert emptying.outcome() is None
        assert not Division.objects.exists()

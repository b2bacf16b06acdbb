"""What users of other service desks complain of about assignment, and what happens here."""

from collections import Counter
from datetime import datetime, timedelta

import time_machine
from django.test import Client
from django.urls import reverse

from foundation.divisions.testing import make_division
from foundation.events.testing import drain
from foundation.now import today
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from foundation.weekdays import Weekday
from foundation.worklist.models import Shift
from foundation.worklist.testing import make_member, make_skill, make_team
from tickets import services
from tickets.models import Ticket
from tickets.testing import make_routing, make_ticket


class TestComplaint4NoRoundRobin:
    """There: tickets lie in the group until somebody picks one; asked for since 2017. Here: in turn, and it says why."""

    def test_tickets_that_customers_open_go_round_and_the_desk_says_why(self, db):
        division = make_division()
        team = make_team(division, members=3)
        make_routing(division, {"team": team, "name": "Everything"})

        tickets = [make_ticket(division) for _each in range(9)]
        drain()

        assert Counter(Ticket.objects.values_list("owner", flat=True)) == dict.fromkeys(
            team.members.values_list("user", flat=True), 3
        )
        client = sign_in(Client(), make_person(Role.SUPERVISOR, division))
        page = client.get(reverse("desk:ticket_routing", args=[tickets[4].number])).content.decode()
        assert str(Ticket.objects.get(pk=tickets[4].pk).owner) in page
        assert "Everything" in page


class TestComplaint5NoAssignmentByAvailabilityAndWorkload:
    """There: “no such feature”. Here: by shift, by what one carries and by what one can do, all at once."""

    def test_goes_to_who_is_on_shift_has_room_and_can_do_it(self, db):
        division = make_division()
        fibre = make_skill("fibre", division=division)
        team = make_team(division)
        night, busy, unskilled, right = (
            make_member(
                team,
                make_person(Role.CSR, division, name=name),
                capacity=1,
                skills=[] if name == "Unskilled" else [fibre],
                works_always=False,
            )
            for name in ("Night", "Busy", "Unskilled", "Right")
        )
        for day in Weekday:
            Shift.objects.create(member=night, weekday=day, starts="22:00", ends="06:00")
            for member in (busy, unskilled, right):
                Shift.objects.create(member=member, weekday=day, starts="09:00", ends="17:00")
        make_routing(division, {"team": team, "skills": [fibre]})
        services.hand_over_ticket(make_ticket(division).pk, busy.user, by=None)
        drain()
        tomorrow = today(division) + timedelta(days=1)
        owners = []

        for hour in (12, 23, 12):
            at = datetime(tomorrow.year, tomorrow.month, tomorrow.day, hour, 30, tzinfo=division.zone)
            with time_machine.travel(at, tick=False):
                ticket = make_ticket(division)
                drain()
            owners.append(Ticket.objects.get(pk=ticket.pk).owner)

        assert owners == [right.user, night.user, None]

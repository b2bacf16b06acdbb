"""Work that is claimed, laid back, taken over and handed over; tried on tickets, which are such work."""

from datetime import timedelta

import pytest
import time_machine

from foundation.divisions.testing import make_division
from foundation.events.testing import published
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.states import Role
from foundation.people.testing import make_person
from foundation.worklist.events import AbsenceEnded, AbsenceNoted
from foundation.worklist.models import Absence, Team
from foundation.worklist.queries import absences_at
from foundation.worklist.services import claim, end_absence, hand_over, note_absence, release, take_over
from foundation.worklist.states import AbsenceReason
from foundation.worklist.testing import make_member, make_team
from tests.orders.racing import together
from tickets.models import Ticket
from tickets.testing import make_ticket

LEASE = timedelta(minutes=10)


@pytest.fixture
def division(db):
    return make_division()


@pytest.fixture
def work(division):
    return make_ticket(division).pk


@pytest.fixture
def one(division):
    return make_person(Role.CSR, division, name="One")


@pytest.fixture
def other(division):
    return make_person(Role.CSR, division, name="Other")


class TestClaim:
    def test_makes_it_ones_own_from_then_on(self, work, one):
        item = claim(Ticket, work, by=one)

        item.refresh_from_db()
        assert (item.owner, item.lease_until) == (one, None)
        assert abs(item.taken_at - now()) < timedelta(minutes=1)

    def test_is_refused_while_somebody_has_it(self, work, one, other):
        claim(Ticket, work, by=one)

        with pytest.raises(NotAllowed, match="One has this"):
            claim(Ticket, work, by=other)

    @pytest.mark.parametrize(("minutes", "is_free"), [(9, False), (10, True)])
    def test_is_free_again_when_the_lease_has_run_out(self, work, one, other, minutes, is_free):
        start = now()
        with time_machine.travel(start, tick=False):
            claim(Ticket, work, by=one, lease=LEASE)

        with time_machine.travel(start + timedelta(minutes=minutes), tick=False):
            try:
                owner = claim(Ticket, work, by=other, lease=LEASE).owner
            except NotAllowed:
                owner = one

        assert owner == (other if is_free else one)

    def test_again_by_the_owner_keeps_it_for_another_lease_and_not_anew(self, work, one):
        start = now()
        with time_machine.travel(start, tick=False):
            first = claim(Ticket, work, by=one, lease=LEASE)

        with time_machine.travel(start + timedelta(minutes=5), tick=False):
            again = claim(Ticket, work, by=one, lease=LEASE)

        assert (again.taken_at, again.lease_until) == (first.taken_at, first.lease_until + timedelta(minutes=5))

    @pytest.mark.django_db(transaction=True)
    def test_by_two_at_once_is_won_by_one(self):
        division = make_division()
        work = make_ticket(division).pk
        people = [make_person(Role.CSR, division) for _each in range(2)]

        outcomes = together(*(lambda by=person: claim(Ticket, work, by=by) for person in people))

        assert sorted(isinstance(outcome, NotAllowed) for outcome in outcomes) == [False, True]
        assert Ticket.objects.get(pk=work).owner in people


class TestRelease:
    def test_lays_it_back(self, work, one, other):
        claim(Ticket, work, by=one)

        item = release(Ticket, work, by=one)

        assert (item.owner, item.taken_at) == (None, None)
        assert claim(Ticket, work, by=other).owner == other

    def test_is_refused_to_others_and_where_nobody_has_it(self, work, one, other):
        with pytest.raises(NotAllowed):
            release(Ticket, work, by=one)
        claim(Ticket, work, by=one)
        with pytest.raises(NotAllowed):
            release(Ticket, work, by=other)


class TestTakeOver:
    def test_takes_it_from_whoever_has_it(self, work, one, other):
        claim(Ticket, work, by=one)

        assert take_over(Ticket, work, by=other).owner == other
        with pytest.raises(NotAllowed):
            take_over(Ticket, work, by=other)


class TestHandOver:
    def test_gives_it_to_somebody_in_a_team_or_to_the_team(self, work, one, division):
        team = make_team(division)

        given = hand_over(Ticket, work, one, team=team)
        assert (given.owner, given.team) == (one, team)
        laid = hand_over(Ticket, work, None, team=team)
        assert (laid.owner, laid.team) == (None, team)

    def test_refuses_what_changes_nothing_and_whom_it_cannot_reach(self, work, one, division):
        team = make_team(division)
        hand_over(Ticket, work, None, team=team)
        one.is_active = False
        Team.objects.filter(pk=team.pk).update(is_active=False)
        stopped = Team.objects.get(pk=team.pk)

        with pytest.raises(NotAllowed, match="there already"):
            hand_over(Ticket, work, None, team=make_team_again(team))
        with pytest.raises(NotAllowed, match="cannot sign in"):
            hand_over(Ticket, work, one, team=None)
        with pytest.raises(NotAllowed, match="no new work"):
            hand_over(Ticket, work, None, team=stopped)


def make_team_again(team: Team) -> Team:
    """The same team as it was read before it was stopped."""
    return Team(pk=team.pk, division=team.division, name=team.name, is_active=True)


class TestAbsence:
    @pytest.fixture
    def member(self, division, one):
        return make_member(make_team(division), one)

    def test_begins_now_and_ends_when_somebody_says_so(self, division, member):
        supervisor = make_person(Role.SUPERVISOR, division)

        absence = note_absence(member.user, member.team, reason=AbsenceReason.SICK, until=None, by=supervisor)
        assert list(absences_at(now())) == [absence]
        with time_machine.travel(now() + timedelta(hours=1), tick=False):
            end_absence(absence.pk, by=supervisor)
            assert not absences_at(now()).exists()
            with pytest.raises(NotAllowed):
                end_absence(absence.pk, by=supervisor)

        facts = published(AbsenceNoted, AbsenceEnded)
        assert [type(fact) for fact in facts] == [AbsenceNoted, AbsenceEnded]

    def test_of_others_is_noted_by_who_gives_out_work_alone(self, member, other):
        with pytest.raises(NotAllowed):
            note_absence(member.user, member.team, reason=AbsenceReason.SICK, until=None, by=other)

        assert note_absence(member.user, member.team, reason=AbsenceReason.SICK, until=None, by=member.user)
        assert Absence.objects.count() == 1

    def test_does_not_end_before_it_begins_nor_concern_who_is_in_no_team(self, division, member, other):
        supervisor = make_person(Role.SUPERVISOR, division)

        for user, until in ((member.user, now() - timedelta(days=1)), (other, None)):
            with pytest.raises(NotAllowed):
                note_absence(user, member.team, reason=AbsenceReason.OTHER, until=until, by=supervisor)

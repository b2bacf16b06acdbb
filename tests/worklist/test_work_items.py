"""Work that somebody has, and people who are absent; that work is claimed and given stands in tests of tickets."""

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
from foundation.worklist.models import Absence
from foundation.worklist.queries import absences_at
from foundation.worklist.services import end_absence, note_absence
from foundation.worklist.states import AbsenceReason
from foundation.worklist.testing import make_member, make_team
from tickets.testing import make_ticket


@pytest.fixture
def division(db):
    return make_division()


@pytest.fixture
def one(division):
    return make_person(Role.CSR, division, name="One")


@pytest.fixture
def other(division):
    return make_person(Role.CSR, division, name="Other")


class TestClaim:
    """Tried on tickets, which are such work."""

    def test_is_refused_to_others_however_long_it_lasts(self, division, one, other):
        work = make_ticket(division)
        work.claim(one, at=now() - timedelta(days=300))

        with pytest.raises(NotAllowed):
            work.claim(other, at=now())

    def test_once_more_by_its_owner_leaves_since_when_they_have_it(self, division, one):
        start, work = now(), make_ticket(division)
        work.claim(one, at=start)

        work.claim(one, at=start + timedelta(minutes=5))

        assert (work.owner, work.taken_at) == (one, start)


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

"""Whose turn it is: fairly, in words, and one at a time however many ask at once."""

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.db import connection, transaction
from hypothesis import given, strategies as st

from foundation.divisions.testing import make_division
from foundation.now import now
from foundation.people.services import deactivate_person
from foundation.people.states import Permission, Role
from foundation.people.testing import make_person
from foundation.weekdays import Weekday
from foundation.worklist import services
from foundation.worklist.models import Absence, Member, Rotation, Shift, Team
from foundation.worklist.queries import Roster, Standing, Turn, Want, speaks
from foundation.worklist.services import deal
from foundation.worklist.states import AbsenceReason, Obstacle
from foundation.worklist.testing import make_member, make_skill, make_team
from tests.orders.racing import together

FRIDAY_NOON = datetime(2026, 11, 27, 17, 0, tzinfo=UTC)  # noon in New York


def idle(_user_ids) -> dict[int, int]:
    return {}


def turn_of(team: Team, *, at=None, load=idle, permission=None, **wanted) -> Turn:
    with transaction.atomic():
        return deal(team, [Want(**wanted)], at=at or now(), load=load, permission=permission)[0]


def said(turn: Turn) -> list[str]:
    return [str(each) for each in turn.passed_over]


@pytest.mark.django_db
class TestDeal:
    def test_goes_round_and_begins_again(self):
        team = make_team(members=3)
        people = list(team.members.values_list("user_id", flat=True))

        turns = [turn_of(team).user.pk for _each in range(7)]

        assert turns == [*people, *people, people[0]]

    def test_gives_a_turn_back_with_the_transaction(self):
        team = make_team(members=2)
        first, second = team.members.order_by("pk")

        with pytest.raises(ZeroDivisionError), transaction.atomic():
            assert turn_of(team).member == first
            raise ZeroDivisionError

        assert turn_of(team).member == first
        assert turn_of(team).member == second

    def test_says_why_each_before_was_passed_over(self):
        division = make_division()
        team = make_team(division)
        fibre = make_skill("fibre", division=division)
        able = {"skills": [fibre], "languages": ["en", "es-MX"]}
        gone = make_member(team, **able)
        gone.user.name = "Gone"
        gone.user.is_active = False
        gone.user.save()
        changed = make_member(team, make_person(Role.PARTNER, division, name="Changed"), **able)
        disabled = make_member(team, make_person(Role.CSR, division, name="Disabled"), **able)
        Member.objects.filter(pk=disabled.pk).update(is_enabled=False)
        ill = make_member(team, make_person(Role.CSR, division, name="Ill"), **able)
        Absence.objects.create(division=division, user=ill.user, reason=AbsenceReason.SICK)
        away = make_member(team, make_person(Role.CSR, division, name="Away"), **able)
        Absence.objects.create(
            division=division, user=away.user, starts_at=FRIDAY_NOON, ends_at=FRIDAY_NOON + timedelta(days=1)
        )
        make_member(team, make_person(Role.CSR, division, name="Asleep"), works_always=False, **able)
        make_member(team, make_person(Role.CSR, division, name="Unskilled"), languages=["es"])
        make_member(team, make_person(Role.CSR, division, name="English"), skills=[fibre], languages=["en"])
        full = make_member(team, make_person(Role.CSR, division, name="Full"), capacity=2, **able)
        free = make_member(team, make_person(Role.CSR, division, name="Free"), capacity=3, **able)
        Absence.objects.filter(user=ill.user).update(starts_at=FRIDAY_NOON - timedelta(hours=1))

        turn = turn_of(
            team,
            skills=frozenset({fibre}),
            language="es",
            at=FRIDAY_NOON,
            load=lambda _ids: {full.user_id: 2, free.user_id: 2},
            permission=Permission.WORK_ORDERS,
        )

        assert turn.member == free
        assert said(turn) == [
            "Gone cannot sign in any more",
            "Changed has no role that lets them do this work here",
            "Disabled is not given work in this team",
            "Ill is absent until further notice",
            "Away is absent until 11/28/2026 noon",
            "Asleep is off shift",
            "Unskilled cannot do: fibre",
            "English does not speak “es”",
            "Full has 2 of at most 2",
        ]
        assert changed.user_id != turn.user.pk

    def test_is_nobody_when_nobody_can_and_then_nobody_loses_a_turn(self):
        team = make_team(members=2)
        first = turn_of(team).member
        fibre = make_skill()

        nobody = turn_of(team, skills=frozenset({fibre}))

        assert nobody.user is None
        assert [each.obstacle for each in nobody.passed_over] == [Obstacle.SKILL, Obstacle.SKILL]
        assert turn_of(team).member != first

    def test_is_nobody_in_a_team_that_is_not_active(self):
        team = make_team(members=1)
        Team.objects.filter(pk=team.pk).update(is_active=False)
        team.refresh_from_db()

        assert turn_of(team).user is None

    def test_passes_over_whoever_was_deactivated_a_moment_ago(self):
        team = make_team(members=2)
        first, second = team.members.order_by("pk")

        deactivate_person(first.user, by=make_person(Role.OPERATOR, team.division))

        assert [turn_of(team).member for _each in range(2)] == [second, second]

    def test_counts_what_it_gives_within_one_dealing(self):
        team = make_team()
        small, large = make_member(team, capacity=1), make_member(team, capacity=3)

        with transaction.atomic():
            turns = deal(team, [Want()] * 5, at=now(), load=idle)

        assert [turn.member for turn in turns] == [small, large, large, large, None]

    def test_asks_as_many_statements_for_fifty_members_as_for_two(self, django_assert_num_queries):
        small, large = make_team(members=2), make_team(members=50)
        for team in (small, large):
            turn_of(team)

        for team in (small, large):
            with transaction.atomic(), django_assert_num_queries(9):
                deal(team, [Want()], at=now(), load=idle, permission=Permission.WORK_ORDERS)

    def test_goes_on_where_it_was_when_the_last_one_has_left_the_team(self):
        team = make_team(members=3)
        first, second, third = team.members.order_by("pk")
        assert [turn_of(team).member, turn_of(team).member] == [first, second]

        second.delete()

        assert turn_of(team).member == third


@pytest.mark.django_db
class TestShift:
    @pytest.mark.parametrize(
        ("starts", "ends", "zone", "at", "works"),
        [
            ("09:00", "17:00", "", "2026-11-27T14:00Z", True),  # Friday 09:00 in New York
            ("09:00", "17:00", "", "2026-11-27T13:59Z", False),
            ("09:00", "17:00", "", "2026-11-27T22:00Z", False),  # 17:00 is the end
            ("09:00", "17:00", "America/Los_Angeles", "2026-11-27T22:00Z", True),
            ("09:00", "17:00", "", "2026-11-28T15:00Z", False),  # Saturday
            ("22:00", "06:00", "", "2026-11-28T10:59Z", True),  # Friday night, Saturday 05:59
            ("22:00", "06:00", "", "2026-11-28T11:00Z", False),
            ("22:00", "06:00", "", "2026-11-27T10:00Z", False),  # Friday 05:00 belongs to Thursday's night
            ("09:00", "17:00", "", "2026-07-03T13:00Z", True),  # the clock of summer
            ("00:00", "00:00", "", "2026-11-27T05:00Z", True),
            ("00:00", "00:00", "", "2026-11-28T05:00Z", False),
        ],
    )
    def test_is_meant_on_the_clocks_of_its_zone(self, starts, ends, zone, at, works):
        team = make_team()
        member = make_member(team, works_always=False)
        Shift.objects.create(member=member, weekday=Weekday.FRIDAY, starts=starts, ends=ends, zone=zone)

        turn = turn_of(team, at=datetime.fromisoformat(at))

        assert (turn.user is not None) is works


class TestSpeaks:
    @pytest.mark.parametrize(
        ("languages", "wanted", "can"),
        [(["en"], "EN-us", True), (["es-MX"], "es", True), (["en"], "es", False), ([], "en", False)],
    )
    def test_looks_at_the_language_and_not_at_the_country(self, languages, wanted, can):
        assert speaks(languages, wanted) is can


def roster(can: list[bool]) -> Roster:
    """A roster in memory, of members who can or cannot take work at first."""
    standings = []
    for number, able in enumerate(can, start=1):
        member = SimpleNamespace(
            pk=number,
            user=SimpleNamespace(pk=number, is_active=True),
            is_enabled=able,
            capacity=10_000,
            languages=["en"],
            skills=SimpleNamespace(all=list),
        )
        standings.append(Standing(member=member, shift=SimpleNamespace()))
    return Roster(standings=standings)


class TestRoster:
    @given(st.integers(1, 12), st.integers(0, 200))
    def test_is_fair_within_one(self, members, pieces):
        turning = roster([True] * members)

        counts = Counter(turning.take_turn(Want()).member.pk for _each in range(pieces))

        assert max(counts.values(), default=0) - min((counts[pk] for pk in range(1, members + 1)), default=0) <= 1

    @given(st.data(), st.integers(1, 10))
    def test_is_fair_within_one_when_a_turn_passed_over_counts_as_one(self, data, members):
        """Whoever comes and goes gets no more and no fewer turns; they only use fewer of them."""
        turning = roster([True] * members)
        had: Counter[int] = Counter()

        for _each in range(data.draw(st.integers(0, 60))):
            for standing, able in zip(
                turning.standings, data.draw(st.lists(st.booleans(), min_size=members, max_size=members)), strict=True
            ):
                standing.member.is_enabled = able
            turn = turning.take_turn(Want())
            if turn.member is None:
                assert not any(standing.member.is_enabled for standing in turning.standings)
                continue
            assert turn.member.is_enabled
            had[turn.member.pk] += 1
            had.update(each.user.pk for each in turn.passed_over)

            counts = [had[pk] for pk in range(1, members + 1)]
            assert max(counts) - min(counts) <= 1


class TestWhoeverIsInSeveralTeams:
    @given(
        st.lists(st.dictionaries(st.integers(1, 4), st.integers(0, 5), min_size=1), min_size=2, max_size=3),
        st.lists(st.integers(0, 2), max_size=40),
    )
    def test_carries_one_load_whichever_team_gives_it(self, capacities, asked):
        """Each team is the capacity it says for each person; pieces of work come to the teams in any order."""
        carried: Counter[int] = Counter()
        teams = [roster_beside(capacity, carried) for capacity in capacities]
        given: Counter[int] = Counter()

        for number in asked:
            of, capacity = teams[number % len(teams)], capacities[number % len(teams)]
            turn = of.take_turn(Want())
            free = [person for person, most in capacity.items() if given[person] < most]
            assert (turn.user is None) is (not free)
            if turn.user:
                assert turn.user.pk in free
                given[turn.user.pk] += 1

        most = Counter()
        for capacity in capacities:
            most |= Counter(capacity)
        assert all(given[person] <= most[person] for person in given)


def roster_beside(capacity: dict[int, int], carried: Counter[int]) -> Roster:
    """A roster in memory of people who are in other rosters, too."""
    alone = roster([True] * len(capacity))
    for standing, (person, most) in zip(alone.standings, capacity.items(), strict=True):
        standing.member.user.pk, standing.member.capacity, standing.carried = person, most, carried
    return alone


@pytest.mark.django_db(transaction=True)
class TestFiftyAtOnce:
    def test_are_given_within_the_transactions_that_assign(self):
        team = make_team(members=1)

        with pytest.raises(RuntimeError):
            deal(team, [Want()], at=now(), load=idle)

        assert turn_of(team).user is not None

    def test_rotate_exactly(self):
        """Five threads take fifty turns of a team that nobody has turned before: ten for each of five."""
        team = make_team(members=5)
        taken: list[int] = []
        start = threading.Barrier(5)

        def take_ten():
            start.wait()
            taken.extend(turn_of(team).user.pk for _each in range(10))
            connection.close()

        threads = [threading.Thread(target=take_ten) for _each in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert Counter(taken) == dict.fromkeys(team.members.values_list("user_id", flat=True), 10)
        assert Rotation.objects.filter(team=team).count() == 1

    def test_would_give_one_turn_twice_if_the_rotation_were_not_held(self, monkeypatch):
        """The twin: both read whose turn it is before either has taken it."""
        team = make_team(members=2)
        turn_of(team)
        both_have_read = threading.Barrier(2)

        def meeting(_user_ids) -> dict[int, int]:
            both_have_read.wait(timeout=20)
            return {}

        monkeypatch.setattr(services, "_held_rotation", lambda of: Rotation.objects.get(team=of))

        taken = together(*[lambda: turn_of(team, load=meeting).user.pk] * 2)

        assert len(set(taken)) == 1

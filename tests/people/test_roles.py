"""Who gives which role, and what a role lets one do."""

import pghistory
import pytest

from foundation.divisions.testing import make_division
from foundation.lifecycle import NotAllowed
from foundation.people import queries, services
from foundation.people.models import RoleAssignment, User
from foundation.people.states import RANK, ROLE_PERMISSIONS, STAFF_ROLES, Permission, Role
from foundation.people.testing import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def top():
    return make_division("Top")


@pytest.fixture
def mine(top):
    return make_division("Mine", parent=top)


@pytest.fixture
def below(mine):
    return make_division("Below", parent=mine)


@pytest.fixture
def theirs(top):
    return make_division("Theirs", parent=top)


class TestMatrix:
    def test_says_something_of_every_role(self):
        assert set(ROLE_PERMISSIONS) == set(RANK) == set(Role)

    @pytest.mark.parametrize("role", list(Role))
    @pytest.mark.parametrize("permission", list(Permission))
    def test_holds_in_the_division_and_below_and_nowhere_else(  # noqa: PLR0917  # fixtures
        self, role, permission, top, mine, below, theirs
    ):
        person = make_person(role, mine, has_second_factor=False)

        may = [queries.can(person, permission, division) for division in (mine, below, top, theirs)]

        granted = permission in ROLE_PERMISSIONS[role]
        assert may == [granted, granted, False, False]

    def test_lets_customers_and_partners_do_nothing_to_others(self):
        assert not ROLE_PERMISSIONS[Role.CUSTOMER] | ROLE_PERMISSIONS[Role.PARTNER]
        assert {Role.CUSTOMER, Role.PARTNER}.isdisjoint(STAFF_ROLES)


class TestSupervisorsOf:
    def test_are_who_has_the_role_there_or_above(self, top, mine, below, theirs):
        here, above = make_person(Role.SUPERVISOR, mine, name="Bo"), make_person(Role.SUPERVISOR, top, name="Al")
        elsewhere = make_person(Role.SUPERVISOR, theirs, name="Cy")
        RoleAssignment.objects.create(user=elsewhere, role=Role.OPERATOR, division=mine)
        make_person(Role.SUPERVISOR, below)
        User.objects.filter(pk=make_person(Role.SUPERVISOR, mine).pk).update(is_active=False)

        assert queries.supervisors_of(mine) == [above, here]

    def test_are_who_gives_out_work_where_nobody_has_the_role(self, mine, theirs):
        make_person(Role.SUPERVISOR, theirs)
        make_person(Role.CSR, mine)
        operator = make_person(Role.OPERATOR, mine)

        assert queries.supervisors_of(mine) == [operator]


class TestGiveRole:
    def test_works_at_once_and_is_kept_with_its_giver(self, mine):
        operator, person = make_person(Role.OPERATOR, mine), make_person()

        services.give_role(person, Role.CSR, mine, by=operator)

        assert queries.can(person, Permission.WORK_ORDERS, mine)
        kept = pghistory.models.Events.objects.tracks(RoleAssignment.objects.get(user=person)).get()
        assert kept.pgh_context["user"] == operator.pk

    @pytest.mark.parametrize("giver", [Role.CSR, Role.SUPERVISOR, Role.AUDITOR, Role.CUSTOMER])
    def test_is_the_operators_alone(self, giver, mine):
        person = make_person()

        with pytest.raises(NotAllowed):
            services.give_role(person, Role.CSR, mine, by=make_person(giver, mine))

        assert not person.roles.exists()

    def test_stays_within_ones_own_divisions(self, mine, top, theirs):
        operator, person = make_person(Role.OPERATOR, mine), make_person()

        for division in (top, theirs):
            with pytest.raises(NotAllowed):
                services.give_role(person, Role.CSR, division, by=operator)

    def test_counts_only_the_rank_held_there(self, mine, theirs):
        """Whoever is an operator elsewhere and a CSR here gives nothing here."""
        person = make_person(Role.OPERATOR, theirs)
        RoleAssignment.objects.create(user=person, role=Role.CSR, division=mine)

        with pytest.raises(NotAllowed):
            services.give_role(make_person(), Role.CUSTOMER, mine, by=person)


class TestTakeRole:
    def test_is_not_done_to_oneself(self, mine):
        operator = make_person(Role.OPERATOR, mine)

        with pytest.raises(NotAllowed):
            services.take_role(operator, Role.OPERATOR, mine, by=operator)


class TestDeactivatePerson:
    def test_needs_all_of_their_roles_to_be_mine(self, mine, theirs):
        operator, person = make_person(Role.OPERATOR, mine), make_person(Role.CSR, mine)
        RoleAssignment.objects.create(user=person, role=Role.CSR, division=theirs)

        with pytest.raises(NotAllowed):
            services.deactivate_person(person, by=operator)

        person.refresh_from_db()
        assert person.is_active


class TestInvitePerson:
    def test_makes_nobody_where_the_role_is_refused(self, mine, theirs):
        operator = make_person(Role.OPERATOR, mine)

        with pytest.raises(NotAllowed):
            services.invite_person("new@people.example", role=Role.CSR, division=theirs, by=operator)

        assert not User.objects.filter(email="new@people.example").exists()


class TestThanksTo:
    """Who is no second pair of eyes for what a maker does."""

    @pytest.fixture
    def maker(self, mine):
        return make_person(Role.OPERATOR, mine)

    def is_bound(self, person, maker, division) -> bool:
        asked = User.objects.get(pk=person.pk)
        return queries.may_only_thanks_to(asked, Permission.APPROVE_BATCHES, division, [maker.pk])

    def given(self, role, division, by, person=None):
        person = person or make_person()
        services.give_role(person, role, division, by=by)
        return person

    def test_goes_back_over_any_number_of_givers(self, mine, below, maker, django_assert_num_queries):
        first = self.given(Role.OPERATOR, mine, maker, make_person(Role.CSR, mine))
        second = self.given(Role.OPERATOR, below, first)
        auditor = self.given(Role.AUDITOR, below, second)
        self.given(Role.OPERATOR, below, second, first)  # in a circle

        assert all(self.is_bound(person, maker, below) for person in (first, second, auditor))
        asked = User.objects.get(pk=auditor.pk)
        assert asked.held_roles
        with django_assert_num_queries(1):
            queries.may_only_thanks_to(asked, Permission.APPROVE_BATCHES, below, [maker.pk])

    def test_ends_at_who_stands_without_the_maker(self, top, mine, maker):
        other = make_person(Role.OPERATOR, mine)
        between = self.given(Role.OPERATOR, mine, other)
        self.given(Role.OPERATOR, mine, maker, other)
        auditor = self.given(Role.AUDITOR, mine, between)
        set_up = self.given(Role.AUDITOR, mine, make_person(is_superuser=True))

        assert not any(self.is_bound(person, maker, mine) for person in (other, between, auditor, set_up))

    def test_is_not_forgotten_when_who_stood_between_is_let_go(self, mine, maker):
        between = self.given(Role.OPERATOR, mine, maker)
        auditor = self.given(Role.AUDITOR, mine, between)

        services.take_role(between, Role.OPERATOR, mine, by=maker)

        assert self.is_bound(auditor, maker, mine)
        assert auditor.roles.get().given_by == maker

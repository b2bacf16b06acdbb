"""Who gives which role, and what a role lets one do."""

from threading import Thread

import pghistory
import pytest
from django.db import connection, transaction
from django.urls import reverse

from foundation.divisions.testing import make_division
from foundation.lifecycle import NotAllowed
from foundation.people import queries, services
from foundation.people.models import RoleAssignment, User
from foundation.people.states import RANK, ROLE_PERMISSIONS, STAFF_ROLES, Permission, Role
from foundation.people.testing import make_person, sign_in

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


class TestConfirmPerson:
    """Nobody alone makes two pairs of eyes, however many sign-ins they have."""

    @pytest.fixture
    def maker(self, mine):
        return make_person(Role.OPERATOR, mine)

    @pytest.fixture
    def other(self, top):
        return make_person(Role.OPERATOR, top)

    def invited(self, role, division, by) -> User:
        return services.invite_person(f"{role}-{by.pk}@people.example", role=role, division=division, by=by)

    def code_of(self, person, by) -> str:
        with pytest.raises(NotAllowed) as refusal:
            services.confirm_person(User.objects.get(pk=person.pk), by=User.objects.get(pk=by.pk))
        return refusal.value.code

    def counts(self, person, *makers) -> bool:
        try:
            services.require_second_person(person, [maker.pk for maker in makers])
        except NotAllowed:
            return False
        return True

    def test_makes_two_of_them(self, mine, maker, other, django_assert_num_queries):
        auditor = self.invited(Role.AUDITOR, mine, maker)
        assert not self.counts(auditor)
        assert not self.counts(maker, auditor)  # nor is what they do somebody else's work

        services.confirm_person(auditor, by=other)

        with django_assert_num_queries(1):
            assert self.counts(auditor, maker)
        assert self.counts(maker, auditor)
        auditor.refresh_from_db()
        assert auditor.confirmed_by == other

    def test_is_not_for_who_let_them_in(self, mine, maker):
        auditor = self.invited(Role.AUDITOR, mine, maker)

        assert self.code_of(auditor, maker) == "own_invitation"

    def test_is_not_for_oneself(self, mine, maker):
        double = self.invited(Role.OPERATOR, mine, maker)

        assert self.code_of(double, double) == "not_permitted"

    def test_is_not_for_another_whom_the_same_person_let_in(self, mine, maker):
        first, second = (self.invited(role, mine, maker) for role in (Role.OPERATOR, Role.AUDITOR))

        assert self.code_of(second, first) == "unconfirmed"

    def test_is_not_for_who_made_the_one_that_let_them_in(self, top, mine, maker):
        puppet = self.invited(Role.OPERATOR, mine, maker)
        auditor = self.invited(Role.AUDITOR, mine, puppet)

        assert self.code_of(auditor, maker) == "unconfirmed"

    def test_is_not_for_who_takes_the_role_of_who_let_them_in_and_gives_it_back(self, mine, maker):
        puppet = self.invited(Role.OPERATOR, mine, maker)
        services.take_role(maker, Role.OPERATOR, mine, by=puppet)
        services.give_role(maker, Role.OPERATOR, mine, by=User.objects.get(pk=puppet.pk))

        assert not self.counts(puppet, maker)
        assert self.code_of(puppet, maker) == "own_invitation"

    def test_is_not_for_who_let_them_in_though_a_colleague_gave_them_a_role_too(self, top, mine, maker, other):
        """What a colleague gives in ordinary work answers for nobody."""
        puppet = self.invited(Role.OPERATOR, top, other)
        services.give_role(puppet, Role.CSR, mine, by=other)
        services.give_role(puppet, Role.SUPERVISOR, mine, by=maker)
        services.take_role(puppet, Role.CSR, mine, by=maker)

        assert self.code_of(puppet, other) == "own_invitation"
        assert self.code_of(puppet, maker) == "not_permitted"
        services.confirm_person(puppet, by=make_person(Role.OPERATOR, top))

    def test_is_not_for_who_once_gave_them_a_role_that_was_taken(self, mine, maker, other):
        person = self.invited(Role.CSR, mine, maker)
        services.give_role(person, Role.AUDITOR, mine, by=other)
        services.take_role(person, Role.AUDITOR, mine, by=maker)

        assert self.code_of(person, other) == "own_invitation"

    def test_waits_until_all_are_confirmed_who_let_them_in(self, mine, maker, other):
        puppet = self.invited(Role.OPERATOR, mine, maker)
        auditor = self.invited(Role.AUDITOR, mine, puppet)
        services.give_role(auditor, Role.CSR, mine, by=other)

        assert self.code_of(auditor, maker) == "unconfirmed"

    def test_is_not_done_by_a_role_of_the_owner(self, mine, maker):
        puppet = self.invited(Role.OPERATOR, mine, maker)

        services.give_role(puppet, Role.CSR, mine, by=make_person(is_superuser=True))

        assert not self.counts(puppet)

    def test_is_not_hindered_by_a_role_given_to_oneself(self, mine, maker, other):
        person = self.invited(Role.OPERATOR, mine, maker)
        services.give_role(person, Role.CSR, mine, by=User.objects.get(pk=person.pk))

        services.confirm_person(person, by=other)

        assert self.counts(person)

    def test_is_for_nobody_whom_nobody_let_in(self, mine, maker):
        stranger = make_person(Role.CSR, mine)
        User.objects.filter(pk=stranger.pk).update(confirmed_at=None)

        assert self.code_of(stranger, maker) == "not_let_in"

    def test_is_for_who_manages_them(self, theirs, mine, maker):
        auditor = self.invited(Role.AUDITOR, mine, maker)

        assert self.code_of(auditor, make_person(Role.OPERATOR, theirs)) == "not_permitted"
        assert self.code_of(auditor, make_person(Role.SUPERVISOR, mine)) == "not_permitted"

    def test_is_done_by_who_owns_the_installation(self, mine, maker):
        owner = make_person(is_superuser=True)
        auditor = self.invited(Role.AUDITOR, mine, maker)

        services.confirm_person(auditor, by=owner)
        invited = self.invited(Role.SUPERVISOR, mine, owner)

        assert self.counts(auditor, invited, owner)
        assert self.counts(owner, auditor)

    def test_lasts_when_a_role_is_taken(self, mine, maker, other):
        supervisor = self.invited(Role.SUPERVISOR, mine, maker)
        services.confirm_person(supervisor, by=other)

        services.take_role(supervisor, Role.SUPERVISOR, mine, by=maker)

        assert self.counts(maker, supervisor)  # what they made before they left is still somebody else's

    @pytest.mark.parametrize("once_more", [False, True])
    def test_is_asked_anew_of_who_comes_back(self, client, mine, maker, other, once_more):
        """A leaver's mailbox is read by whom it is handed to: by one person's word nobody comes back as another."""
        leaver = self.invited(Role.AUDITOR, mine, maker)
        services.confirm_person(leaver, by=other)
        people = reverse("admin:people_user_changelist")
        sign_in(client, other)
        for action in ("deactivate", "activate", *(["deactivate", "activate"] if once_more else [])):
            client.post(people, {"action": action, "_selected_action": [leaver.pk]})

        assert not self.counts(leaver)
        assert self.code_of(leaver, other) == "own_invitation"
        services.confirm_person(leaver, by=maker)  # who invited them long ago lets them in no more
        assert self.counts(leaver, other)

    def test_is_not_got_round_by_letting_a_colleague_bring_back_whom_one_has_made(self, top, mine, maker):
        boss = make_person(Role.OPERATOR, mine)
        puppet = self.invited(Role.AUDITOR, mine, maker)
        services.deactivate_person(puppet, by=maker)
        services.activate_person(User.objects.get(pk=puppet.pk), by=boss)

        assert {self.code_of(puppet, by) for by in (maker, boss)} == {"own_invitation"}

    def test_is_kept_by_who_was_active_all_the_time(self, mine, maker, other):
        auditor = self.invited(Role.AUDITOR, mine, maker)
        services.confirm_person(auditor, by=other)

        services.activate_person(auditor, by=other)
        services.take_off_second_factor(auditor, by=other)  # they have none

        assert self.counts(auditor)

    def test_is_asked_anew_of_whose_second_factor_was_taken_off(self, mine, maker, other):
        auditor = make_person(Role.AUDITOR, mine)

        services.take_off_second_factor(auditor, by=maker)

        assert not self.counts(auditor)
        assert self.code_of(auditor, maker) == "own_invitation"
        services.confirm_person(auditor, by=other)
        assert self.counts(maker, auditor)

    def test_in_the_admin(self, client, mine, maker, other):
        url = reverse("admin:people_user_changelist")
        sign_in(client, maker).post(
            reverse("admin:people_user_add"),
            {"email": "new@people.example", "name": "Nu", "language": "en", "role": Role.AUDITOR, "division": mine.pk},
        )
        person = User.objects.get(email="new@people.example")
        marked = {"action": "confirm", "_selected_action": [person.pk]}

        page = client.post(url, marked, follow=True)
        assert "You have let this person in yourself" in page.content.decode()
        assert not self.counts(person)

        page = sign_in(client, other).post(url, marked, follow=True)
        assert "Done for one person." in page.content.decode()
        assert self.counts(person)

    def test_names_to_all_who_may_not_confirm(self, client, mine, maker, other):
        person = self.invited(Role.AUDITOR, mine, maker)

        page = sign_in(client, other).get(reverse("admin:people_user_change", args=[person.pk])).content.decode()

        assert f'<div class="readonly">{maker}</div>' in page

    def test_is_what_the_list_of_people_is_narrowed_by(self, client, mine, maker, other):
        url = reverse("admin:people_user_changelist")
        invited = self.invited(Role.SUPERVISOR, mine, maker)
        root = make_person(Role.OPERATOR, mine)
        User.objects.filter(pk=root.pk).update(is_superuser=True, confirmed_at=None)

        yes, not_yet = (sign_in(client, other).get(url, {"confirmed": asked}) for asked in ("yes", "no"))

        assert list(not_yet.context["cl"].queryset) == [invited]
        assert {other, root} <= set(yes.context["cl"].queryset)
        assert invited not in yes.context["cl"].queryset
        assert "Not yet" in not_yet.content.decode()


@pytest.mark.django_db(transaction=True)
def test_who_brings_somebody_back_does_not_confirm_them_meanwhile():
    """A confirmation that begins while they are let in again waits, and finds who did."""
    top = make_division("Top")
    maker = make_person(Role.OPERATOR, top)
    leaver = make_person(Role.AUDITOR, top)
    User.objects.filter(pk=leaver.pk).update(is_active=False)
    User.objects.get(pk=leaver.pk).let_in_by.add(make_person(Role.OPERATOR, top))
    outcome: list[str] = []

    def confirm() -> None:
        try:
            services.confirm_person(User.objects.get(pk=leaver.pk), by=User.objects.get(pk=maker.pk))
            outcome.append("confirmed")
        except NotAllowed as refusal:
            outcome.append(refusal.code)
        finally:
            connection.close()

    meanwhile = Thread(target=confirm)
    with transaction.atomic():
        services.activate_person(leaver, by=maker)
        meanwhile.start()
        meanwhile.join(0.5)
        assert not outcome
    meanwhile.join(10)

    assert outcome == ["own_invitation"]
    assert User.objects.get(pk=leaver.pk).confirmed_at is None

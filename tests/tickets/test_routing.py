"""Where tickets go, who gets them, and why: X6 to X11."""

import re
import threading
from collections import Counter
from datetime import timedelta
from html import unescape

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.testing import make_account
from foundation.correspondence.models import Message
from foundation.divisions.fields import Texts
from foundation.divisions.testing import make_division
from foundation.events.models import Event
from foundation.events.testing import drain
from foundation.lifecycle import NotAllowed
from foundation.now import now, today
from foundation.people.models import RoleAssignment, User
from foundation.people.services import deactivate_person
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from foundation.rules import RowOutcome
from foundation.worklist import services as worklist
from foundation.worklist.models import Absence, Member, Rotation, Shift
from foundation.worklist.testing import make_member, make_skill, make_team
from interfaces.desk.views import team as team_pages
from territory.models import Premises
from tests.orders.racing import together
from tickets import services
from tickets.models import Assignment, RoutingRow, RoutingVersion, Ticket, WaitingTicket
from tickets.queries.routing import explain_routing, open_tickets_of
from tickets.queries.trials import try_procedure
from tickets.services import Requester, routing
from tickets.states import OPEN, RoutingCause, TicketChannel, TicketStatus, TicketType
from tickets.testing import bring_to, make_routing, make_symptom, make_ticket


@pytest.fixture
def division(db):
    return make_division()


@pytest.fixture
def supervisor(division):
    return make_person(Role.SUPERVISOR, division, name="Sam Supervisor")


@pytest.fixture
def operator(division):
    return make_person(Role.OPERATOR, division, name="Olga Operator")


def signed_in(person) -> Client:
    return sign_in(Client(), person)


def opened(division, *args, **said) -> Ticket:
    """A ticket as it is once its opening was heard."""
    ticket = make_ticket(division, *args, **said)
    drain()
    ticket.refresh_from_db()
    return ticket


def blank_row(response) -> dict[str, str]:
    """Return what a browser sends of the row that nobody has filled in."""
    form = response.context["inline_admin_formsets"][0].formset.forms[-1]
    values = {field.name: field.value() for field in form}
    return {
        name: "on" if value is True else str(value) for name, value in values.items() if value not in (None, False, [])
    } | dict.fromkeys(("answers", "zip_codes", "nodes"), "")


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


class TestX6RulesAsOrderedDatedRowsThatExplain:
    def test_the_first_row_that_holds_decides(self, division):
        billing, rest = make_team(division, members=1), make_team(division, members=1)
        make_routing(division, {"team": billing, "types": ["billing"]}, {"team": rest})

        bill, fault = opened(division, TicketType.BILLING), opened(division)

        assert (bill.team, fault.team) == (billing, rest)
        assert bill.owner == billing.members.get().user

    @pytest.mark.parametrize(
        ("condition", "holds", "misses"),
        [
            ({"types": ["complaint"]}, {"type": TicketType.COMPLAINT}, {}),
            ({"priorities": ["p1", "p2"]}, {"priority": "p2"}, {"priority": "p3"}),
            ({"symptoms": ["no_internet"]}, {"symptom": "no_internet"}, {"symptom": "slow"}),
            ({"channels": ["mail"]}, {"channel": TicketChannel.MAIL}, {"channel": TicketChannel.WEB}),
            ({"answers": {"lights": ["red", "off"]}}, {"answers": {"lights": "red"}}, {"answers": {"lights": "green"}}),
            ({"answers": {"restarted": ["yes"]}}, {"answers": {"restarted": True}}, {"answers": {"restarted": False}}),
        ],
    )
    def test_asks_what_stands_on_the_ticket(self, division, condition, holds, misses):
        meant, rest = make_team(division, members=1), make_team(division, members=1)
        make_routing(division, {"team": meant, **condition}, {"team": rest})

        assert opened(division, **holds).team == meant
        assert opened(division, **misses).team == rest

    def test_asks_for_language_customer_area_and_division(self, division):
        below = make_division(parent=division)
        teams = {name: make_team(division, members=1) for name in ("business", "spanish", "zip", "below", "rest")}
        account = make_account(division)
        code = account.premises.zip_code
        make_routing(
            division,
            {"team": teams["business"], "customer_kinds": ["business"]},
            {"team": teams["spanish"], "languages": ["es"]},
            {"team": teams["below"], "divisions": [below]},
            {"team": teams["zip"], "zip_codes": [f"{code[:3]}*"], "types": ["request"]},
            {"team": teams["rest"]},
        )
        business = make_account(division)
        business.customer.kind = "business"
        business.customer.save()

        assert opened(division, account=business).team == teams["business"]
        assert opened(division, requester=Requester(email="a@b.example", language="es-MX")).team == teams["spanish"]
        assert opened(below).team == teams["below"]
        assert opened(division, TicketType.REQUEST, account=account).team == teams["zip"]
        assert opened(division, account=account).team == teams["rest"]

    def test_asks_for_a_node_or_an_area_of_the_network_and_says_so(self, division, supervisor):
        hub, cabinet, rest = (make_team(division, members=1) for _each in range(3))
        make_routing(
            division,
            {"team": cabinet, "nodes": ["HBR-7/2"], "name": "One cabinet"},
            {"team": hub, "nodes": ["XYZ-1", "HBR-7*"], "name": "The hub and all behind it"},
            {"team": rest, "name": "The rest"},
        )
        on = {}
        for node in ("HBR-7/2", "HBR-7", "HBR-8"):
            account = make_account(division)
            Premises.objects.filter(pk=account.premises_id).update(node=node)
            on[node] = opened(division, account=account)

        assert [on[node].team for node in on] == [cabinet, hub, rest]
        assert opened(division).team == rest  # at an address of which no node is known
        page = text_of(signed_in(supervisor).get(reverse("desk:ticket_routing", args=[on["HBR-7"].number])))
        assert "✗ Network node: HBR-7/2 (it is: HBR-7)" in page
        assert "✓ Network node: XYZ-1, HBR-7* (it is: HBR-7)" in page

    @pytest.mark.parametrize(("days", "counts"), [(-1, False), (0, True), (1, True), (2, False)])
    def test_a_row_counts_from_its_first_day_to_its_last(self, division, days, counts):
        storm, rest = make_team(division, members=1), make_team(division, members=1)
        day = now().astimezone(division.zone).date() + timedelta(days=10)
        make_routing(division, {"team": storm, "since": day, "until": day + timedelta(days=1)}, {"team": rest})

        with time_machine.travel(now() + timedelta(days=10 + days), tick=False):
            ticket = opened(division)

        assert ticket.team == (storm if counts else rest)

    def test_the_desk_shows_each_rules_hit_or_miss(self, division, supervisor):
        team = make_team(division, members=1)
        make_routing(
            division,
            {"team": team, "name": "Bills", "types": ["billing"]},
            {"team": team, "name": "By lights", "answers": {"lights": ["red"]}},
            {"team": team, "name": "Next winter", "since": (now() + timedelta(days=99)).date()},
            {"team": team, "name": "All trouble", "types": ["trouble"]},
            {"team": team, "name": "The rest"},
        )
        ticket = opened(division)

        page = signed_in(supervisor).get(reverse("desk:ticket_routing", args=[ticket.number]))

        shown = [(rule.row.name, rule.outcome.value) for rule in page.context["rules"]]
        assert shown == [
            ("Bills", "miss"),
            ("By lights", "insufficient"),
            ("Next winter", "not_yet"),
            ("All trouble", "hit"),
            ("The rest", "not_reached"),
        ]
        text = text_of(page)
        for words in (
            "Does not hold",
            "✗ Type: Question about a bill (it is: Trouble)",
            "? Answer to “lights”: red (it is: not known)",
            "Not enough is known",
            "✓ Type: Trouble (it is: Trouble)",
            "Holds: it decides",
            "Not looked at: one before it decides",
        ):
            assert words in text
        assert str(team.members.get().user) in text

    def test_the_nearest_division_with_a_procedure_decides_alone(self, division):
        below = make_division(parent=division)
        above, own = make_team(division, members=1), make_team(below, members=1)
        make_routing(division, {"team": above})
        make_routing(below, {"team": own, "types": ["billing"]})

        assert opened(division).team == above
        assert opened(below, TicketType.BILLING).team == own
        assert opened(below).team is None

    def test_a_new_version_stands_beside_the_old_one_which_never_changes(self, division, operator):
        first, second = make_team(division, members=1), make_team(division, members=1)
        skill = make_skill(division=division)
        old = make_routing(division, {"team": first, "skills": [skill], "answers": {"a": ["b"]}})

        draft = services.start_routing_version(division, by=operator)
        copied = draft.rows.get()
        assert (copied.team, list(copied.skills.all()), copied.answers) == (first, [skill], {"a": ["b"]})
        RoutingRow.objects.filter(pk=copied.pk).update(team=second)
        services.put_routing_in_force(draft.pk, by=operator)

        old.refresh_from_db()
        assert (old.is_in_force, old.rows.get().team) == (False, first)
        with pytest.raises(DatabaseError), transaction.atomic():
            RoutingRow.objects.filter(version=old).update(name="Other")
        with pytest.raises(NotAllowed):
            services.put_routing_in_force(old.pk, by=operator)

    def test_is_written_tried_and_put_in_force_in_the_admin(self, division, operator):
        team = make_team(division, members=1)
        client = signed_in(operator)

        client.post(reverse("admin:tickets_routingversion_add"), {"division": division.pk, "note": "First"})
        draft = RoutingVersion.objects.get()
        page = reverse("admin:tickets_routingversion_change", args=[draft.pk])
        row = {
            "position": "1", "name": "Faults", "types": ["trouble"], "languages": ["es"], "zip_codes": "100*, 10501",
            "nodes": "HBR-7*, XYZ-1",
            "answers": "lights = red, off", "team": team.pk, "fallback_minutes": "15", "needs_language": "on",
        }  # fmt: skip
        sent = {
            "note": "First", "rows-TOTAL_FORMS": "2", "rows-INITIAL_FORMS": "0",
            **{f"rows-0-{name}": value for name, value in row.items()},
            **{f"rows-1-{name}": value for name, value in blank_row(client.get(page)).items()},
        }  # fmt: skip
        refused = client.post(page, {**sent, "rows-0-answers": "lights"})
        assert "Write a step, an equals sign and its answers" in text_of(refused)
        assert client.post(page, {**sent, "rows-0-nodes": "*"}).status_code == 200  # of all: that is no condition
        assert client.post(page, sent).status_code == 302

        page_of_draft = client.get(page).content.decode()
        assert "Trouble · Spanish · 100*, 10501 · HBR-7*, XYZ-1 · answers of lights → " in unescape(page_of_draft)
        assert page_of_draft.count("<details>") == 2  # what is written, and one more
        assert text_of(refused).count("<details open>") == 2  # what was refused, and what the script adds

        written = draft.rows.get()
        assert (written.types, written.zip_codes) == (["trouble"], ["100*", "10501"])
        assert written.nodes == ["HBR-7*", "XYZ-1"]
        assert written.answers == {"lights": ["red", "off"]}
        assert "lights = red, off" in client.get(page).content.decode()
        assert client.get(reverse("admin:tickets_routingversion_try", args=[draft.pk])).status_code == 200
        client.post(reverse("admin:tickets_routingversion_put_in_force", args=[draft.pk]))
        draft.refresh_from_db()
        assert draft.is_in_force
        assert "In force: it does not change" in text_of(client.get(page))

    def test_names_languages_and_symptoms_and_keeps_what_is_offered_no_more(self, division, operator):
        below, beside = make_division(parent=division), make_division()
        for where, code, name in ((division, "none", "No internet"), (below, "snow", "Snow"), (beside, "hum", "Hum")):
            make_symptom(where, code, names=Texts(en=name))
        draft = services.start_routing_version(division, by=operator)
        row = draft.rows.create(name="Old", team=make_team(division), symptoms=["gone"], languages=["pt"])
        page, client = reverse("admin:tickets_routingversion_change", args=[draft.pk]), signed_in(operator)

        seen = client.get(page)
        form = seen.context["inline_admin_formsets"][0].formset.forms[0]
        sent = {
            "note": "", "rows-TOTAL_FORMS": "1", "rows-INITIAL_FORMS": "1", "rows-0-id": row.pk, "rows-0-name": "Old",
            "rows-0-position": "10", "rows-0-team": row.team_id, "rows-0-fallback_minutes": "15",
            "rows-0-languages": ["pt", "es"], "rows-0-symptoms": ["gone", "snow"],
        }  # fmt: skip
        assert client.post(page, {**sent, "rows-0-symptoms": ["hum"]}).status_code == 200
        assert client.post(page, sent).status_code == 302

        services.put_routing_in_force(draft.pk, by=operator)
        read = re.sub(r"<[^>]+>|\s+", " ", client.get(page).content.decode())
        assert re.search(r"languages: +pt, Spanish\b", read, re.IGNORECASE)
        assert re.search(r"symptoms: +gone, Snow\b", read, re.IGNORECASE)
        assert form.fields["symptoms"].choices == [
            ("Internet", [("none", "No internet"), ("snow", "Snow")]), ("gone", "gone"),
        ]  # fmt: skip
        assert ("es", "Spanish") in [(code, str(name)) for code, name in form.fields["languages"].choices]
        row.refresh_from_db()
        assert (row.languages, row.symptoms) == (["pt", "es"], ["gone", "snow"])
        assert f"pt, Spanish · gone, Snow → {row.team}" in text_of(client.get(page))


class TestX7DryRunOnLastMonthsTickets:
    def test_shows_what_would_go_elsewhere_as_a_table(self, division, operator):
        old, new = make_team(division, name="Old desk"), make_team(division, name="Bills desk")
        make_routing(division, {"team": old, "needs_language": True})
        draft = make_routing(
            division,
            {"team": new, "types": ["billing"], "name": "Bills", "needs_language": True},
            {"team": old, "types": ["trouble"], "needs_language": True},
            is_draft=True,
        )
        with time_machine.travel(now() - timedelta(days=40)):
            make_ticket(division, TicketType.BILLING)
        for type_, count in ((TicketType.BILLING, 3), (TicketType.TROUBLE, 2), (TicketType.REQUEST, 1)):
            for _each in range(count):
                make_ticket(division, type_)

        page = signed_in(operator).get(reverse("admin:tickets_routingversion_try", args=[draft.pk]))

        trial = page.context["trial"]
        assert (trial.tickets, trial.unchanged, trial.changed, trial.without_rule) == (6, 2, 4, 1)
        assert [(line.count, line.before, line.after, line.rule) for line in trial.differences] == [
            (3, "Old desk", "Bills desk", "Bills"),
            (1, "Old desk", "to the supervisors: no rule holds", ""),
        ]
        assert "Bills desk" in text_of(page)

    def test_writes_nothing_and_asks_as_much_for_many_as_for_few(self, division, operator):
        team = make_team(division)
        make_routing(division, {"team": team})
        draft = make_routing(division, {"team": team, "answers": {"lights": ["red"]}}, is_draft=True)
        make_ticket(division, answers={"lights": "red"})
        with CaptureQueriesContext(connection) as few:
            try_procedure(draft, now())
        for number in range(20):
            make_ticket(division, answers={"lights": "red", "other": number})
        with CaptureQueriesContext(connection) as many:
            trial = try_procedure(draft, now())

        assert trial.tickets == 21
        assert len(many) == len(few)
        assert {query["sql"].split()[0] for query in many.captured_queries} <= {"SELECT", "DECLARE"}

    def test_leaves_out_what_a_division_below_decides_itself(self, division):
        below = make_division(parent=division)
        team, other = make_team(division), make_team(division)
        make_routing(division, {"team": team})
        make_routing(below, {"team": team})
        make_ticket(division)
        make_ticket(below)
        trial = try_procedure(make_routing(division, {"team": other}, is_draft=True), now())

        assert (trial.tickets, trial.changed) == (1, 1)

    def test_judges_by_the_day_and_the_procedure_of_the_moment(self, division):
        old, new, dated = (make_team(division, name=name) for name in ("Old desk", "New desk", "Holiday desk"))
        holiday = today(division) + timedelta(days=2)
        make_routing(division, {"team": old, "needs_language": True})
        ticket = make_ticket(division)
        with time_machine.travel(now() + timedelta(hours=1), tick=False):
            before = now()
        with time_machine.travel(before + timedelta(hours=1), tick=False):
            make_routing(division, {"team": dated, "since": holiday, "needs_language": True}, {"team": new})
        draft = make_routing(division, {"team": old, "needs_language": True}, is_draft=True)
        later = before + timedelta(days=3)

        assert try_procedure(draft, before).changed == 0
        assert [each.before for each in try_procedure(draft, later).differences] == ["Holiday desk"]
        for at, team in ((before, old), (before + timedelta(hours=1), new), (later, dated)):
            _procedure, rules = explain_routing(ticket, at)
            assert [each.row.team for each in rules if each.outcome == RowOutcome.HIT] == [team]


class TestX8RoundRobinIsTransactionalAndSkipsWhoCannot:
    def test_skips_off_shift_absent_full_and_disabled_staff_and_says_why(self, division, supervisor):
        team = make_team(division)
        names = ("Off", "Ill", "Full", "Disabled", "Gone", "Free")
        off, ill, full, disabled, gone, free = (
            make_member(team, make_person(Role.CSR, division, name=name), capacity=1) for name in names
        )
        Shift.objects.filter(member=off).delete()
        Absence.objects.create(division=division, user=ill.user, starts_at=now() - timedelta(hours=1))
        busy = make_ticket(division)
        services.hand_over_ticket(busy.pk, full.user, by=None)
        Member.objects.filter(pk=disabled.pk).update(is_enabled=False)
        deactivate_person(gone.user, by=make_person(is_superuser=True))
        make_routing(division, {"team": team})

        ticket = make_ticket(division)
        services.route_ticket(ticket.pk, cause=RoutingCause.OPENED)

        decided = Assignment.objects.get(ticket=ticket)
        assert decided.user == free.user
        assert [(each["name"], each["words"]) for each in decided.passed_over] == [
            ("Off", "is off shift"),
            ("Ill", "is absent until further notice"),
            ("Full", "has 1 of at most 1"),
            ("Disabled", "is not given work in this team"),
            ("Gone", "cannot sign in any more"),
        ]
        page = text_of(signed_in(supervisor).get(reverse("desk:ticket_routing", args=[ticket.number])))
        for each in decided.passed_over:
            assert f"{each['name']} {each['words']}" in page

    def test_work_given_by_hand_takes_nobodys_turn(self, division, supervisor):
        team = make_team(division, members=2)
        first, second = (member.user for member in team.members.order_by("pk"))
        make_routing(division, {"team": team})
        assert opened(division).owner == first

        by_hand = make_ticket(division)
        services.hand_over_ticket(by_hand.pk, second, by=supervisor)
        drain()

        assert opened(division).owner == second

    def test_hearing_twice_of_an_opening_gives_one_turn(self, division):
        team = make_team(division, members=2)
        make_routing(division, {"team": team})
        ticket = opened(division)

        services.route_ticket(ticket.pk, cause=RoutingCause.OPENED)

        assert Assignment.objects.filter(ticket=ticket).count() == 1
        assert Rotation.objects.get(team=team).position == team.members.order_by("pk").first().pk

    @pytest.mark.django_db(transaction=True)
    def test_fifty_tickets_at_once_rotate_exactly(self):
        division = make_division()
        team = make_team(division, members=5)
        make_routing(division, {"team": team})
        tickets = [make_ticket(division).pk for _each in range(50)]

        def route(own: list[int]):
            return lambda: [services.route_ticket(pk, cause=RoutingCause.OPENED) for pk in own]

        together(*(route(tickets[start::5]) for start in range(5)))

        owned = Counter(Ticket.objects.values_list("owner", flat=True))
        assert owned == dict.fromkeys(team.members.values_list("user", flat=True), 10)

    @pytest.mark.django_db(transaction=True)
    def test_nobody_is_given_more_than_they_carry_however_many_come_at_once(self):
        division = make_division()
        team = make_team(division)
        for capacity in (2, 3):
            make_member(team, capacity=capacity)
        make_routing(division, {"team": team})
        tickets = [make_ticket(division).pk for _each in range(12)]

        together(
            *(
                lambda own=tickets[start::4]: [services.route_ticket(pk, cause=RoutingCause.OPENED) for pk in own]
                for start in range(4)
            )
        )

        owned = Counter(Ticket.objects.exclude(owner=None).values_list("owner", flat=True))
        assert sorted(owned.values()) == [2, 3]
        assert WaitingTicket.objects.count() == 7

    def in_two_teams(self) -> tuple[User, list[int]]:
        """Make somebody who carries two, in two teams, and two tickets for each team."""
        division = make_division()
        person = make_person(Role.CSR, division)
        teams = [make_team(division), make_team(division)]
        for team in teams:
            make_member(team, person, capacity=2)
        make_routing(division, {"team": teams[0], "types": ["trouble"]}, {"team": teams[1]})
        kinds = [TicketType.TROUBLE, TicketType.BILLING] * 2
        return person, [make_ticket(division, kind).pk for kind in kinds]

    def route_at_once(self, tickets: list[int]) -> None:
        said = together(*(lambda pk=pk: services.route_ticket(pk, cause=RoutingCause.OPENED) for pk in tickets))
        assert [one for one in said if isinstance(one, Exception)] == []

    @pytest.mark.django_db(transaction=True)
    def test_nobody_in_two_teams_is_filled_up_by_both_at_once(self):
        person, tickets = self.in_two_teams()

        self.route_at_once(tickets)

        assert (Ticket.objects.filter(owner=person).count(), WaitingTicket.objects.count()) == (2, 2)

    @pytest.mark.django_db(transaction=True)
    def test_both_would_fill_them_up_if_their_memberships_were_not_held(self, monkeypatch):
        """The twin: two teams have read what somebody carries before either has given them more."""
        person, tickets = self.in_two_teams()
        services.route_ticket(tickets[0], cause=RoutingCause.OPENED)
        both_have_read = threading.Barrier(2)

        def meeting(user_ids):
            carried = open_tickets_of(user_ids)
            both_have_read.wait(timeout=20)
            return carried

        monkeypatch.setattr(worklist, "_hold_shared", lambda _teams: None)
        monkeypatch.setattr(routing, "open_tickets_of", meeting)
        self.route_at_once(tickets[1:3])

        assert Ticket.objects.filter(owner=person).count() == 3


class TestX9SkillAndLanguageWithFallbackAndTimer:
    def test_gives_it_to_who_can_and_speaks_the_language(self, division):
        fibre = make_skill("fibre", division=division)
        team = make_team(division, members=1)
        make_member(team, languages=["es"])
        both = make_member(team, skills=[fibre], languages=["en", "es"])
        make_routing(division, {"team": team, "skills": [fibre], "needs_language": True})

        ticket = opened(division, requester=Requester(email="a@b.example", language="es"))

        assert ticket.owner == both.user
        words = [each["words"] for each in Assignment.objects.get(ticket=ticket).passed_over]
        assert words == ["cannot do: fibre", "cannot do: fibre"]

    SPANISH = Requester(email="a@b.example", language="es-MX")

    @pytest.mark.parametrize("is_asked", [True, False])
    def test_asks_for_the_customers_language_only_where_its_rule_says_so(self, division, is_asked):
        """The one whose turn it is speaks English alone; the other's Spanish is of no country."""
        team = make_team(division, members=1)
        first, second = team.members.get(), make_member(team, languages=["es"])
        make_routing(division, {"team": team, "needs_language": is_asked})

        ticket = opened(division, requester=self.SPANISH)

        passed_over = [each["words"] for each in Assignment.objects.get(ticket=ticket).passed_over]
        if is_asked:
            assert (ticket.owner, passed_over) == (second.user, ["does not speak “es-MX”"])
        else:
            assert (ticket.owner, passed_over) == (first.user, [])

    def test_waits_where_nobody_speaks_it_and_says_so_to_the_supervisor(self, division, supervisor):
        team = make_team(division, members=2)
        make_routing(division, {"team": team, "needs_language": True})
        ticket = opened(division, requester=self.SPANISH)
        client = signed_in(supervisor)

        page = unescape(text_of(client.get(reverse("desk:who_works"))))

        assert ticket.owner is None
        assert ticket.number in page
        assert page.count("does not speak “es-MX”") == 2

    def test_given_to_a_team_by_hand_it_goes_to_who_speaks_it_and_so_does_the_work_of_who_leaves(
        self, division, supervisor
    ):
        """By hand no rule asks, and yet a customer is answered in their language."""
        team = make_team(division, members=1)
        speaker = make_member(team, languages=["es"])
        ticket = opened(division, requester=self.SPANISH)
        client = signed_in(supervisor)

        client.post(reverse("desk:ticket_do", args=[ticket.number, "hand-over"]), {"team": team.pk})

        ticket.refresh_from_db()
        assert ticket.owner == speaker.user
        make_member(team)
        other = make_member(team, languages=["en", "es"])
        page = client.get(reverse("desk:reassign", args=[speaker.pk]))
        assert [move.turn.user for move in page.context["moves"]] == [other.user]
        client.post(reverse("desk:reassign", args=[speaker.pk]))
        ticket.refresh_from_db()
        assert ticket.owner == other.user

    def test_waits_for_the_first_team_and_then_goes_to_the_other(self, division, supervisor):
        first, other = make_team(division), make_team(division, members=1)
        make_routing(division, {"team": first, "fallback_team": other, "fallback_minutes": 20})
        start = now()
        ticket = opened(division)
        assert (ticket.team, ticket.owner) == (first, None)
        assert not WaitingTicket.objects.filter(supervised_at__isnull=False).exists()

        owners = []
        for minutes in (19, 21):
            with time_machine.travel(start + timedelta(minutes=minutes), tick=False):
                services.route_waiting()
            ticket.refresh_from_db()
            owners.append(ticket.owner)

        assert owners == [None, other.members.get().user]
        assert ticket.team == other
        assert not WaitingTicket.objects.exists()
        assert Assignment.objects.filter(ticket=ticket).first().cause == RoutingCause.FELL_BACK

    def test_goes_to_the_first_team_when_somebody_of_it_becomes_free(self, division):
        first, other = make_team(division), make_team(division, members=1)
        make_routing(division, {"team": first, "fallback_team": other})
        ticket = opened(division)
        late = make_member(first)

        services.route_waiting()

        ticket.refresh_from_db()
        assert (ticket.owner, ticket.team) == (late.user, first)

    def test_goes_to_the_other_at_once_where_nobody_is_to_wait(self, division):
        first, other = make_team(division), make_team(division, members=1)
        make_routing(division, {"team": first, "fallback_team": other, "fallback_minutes": 0})

        assert opened(division).team == other

    def test_given_to_a_team_by_hand_it_goes_to_whoever_is_free_there_and_to_no_other(self, division, supervisor):
        first, chosen = make_team(division), make_team(division)
        make_routing(division, {"team": first})
        ticket, at_once = opened(division), opened(division)
        client = signed_in(supervisor)

        client.post(reverse("desk:ticket_do", args=[ticket.number, "hand-over"]), {"team": chosen.pk})
        make_member(first)
        Ticket.objects.filter(pk=at_once.pk).update(team=None)
        services.route_waiting()
        ticket.refresh_from_db()
        waits = (ticket.owner, ticket.team)
        free = make_member(chosen)
        services.route_waiting()

        assert waits == (None, chosen)
        ticket.refresh_from_db()
        assert (ticket.owner, ticket.team) == (free.user, chosen)
        client.post(reverse("desk:ticket_do", args=[at_once.number, "hand-over"]), {"team": chosen.pk})
        at_once.refresh_from_db()
        assert at_once.owner == free.user
        assert not WaitingTicket.objects.exists()

    @pytest.mark.parametrize("has_rule", [True, False])
    def test_reopened_it_is_nobodys_where_its_owner_cannot_sign_in(self, division, operator, has_rule):
        team = make_team(division, members=2)
        gone, other = (member.user for member in team.members.order_by("pk"))
        ticket = make_ticket(division)
        services.hand_over_ticket(ticket.pk, gone, by=None)
        bring_to(ticket, TicketStatus.RESOLVED)
        deactivate_person(gone, by=operator)
        drain()
        make_routing(division, {"team": team, **({} if has_rule else {"types": ["billing"]})})

        services.reopen_ticket(ticket.pk, by=None)
        drain()

        ticket.refresh_from_db()
        assert ticket.owner == (other if has_rule else None)
        assert WaitingTicket.objects.filter(why="no_rule").exists() is not has_rule

    def test_sets_the_priority_that_the_rule_says(self, division):
        team = make_team(division, members=1)
        make_routing(division, {"team": team, "symptoms": ["smoke"], "priority": "p1"}, {"team": team})

        assert opened(division, symptom="smoke").priority == "p1"
        assert Event.objects.filter(name="tickets.priority_changed").count() == 1

    def test_asks_no_more_of_the_database_for_many_that_wait_in_vain(self, division):
        team = make_team(division, members=3)
        Shift.objects.all().delete()
        make_routing(division, {"team": team})

        counts = []
        for more in (2, 30):
            for _each in range(more):
                opened(division)
            WaitingTicket.objects.update(alarmed_at=now())
            with CaptureQueriesContext(connection) as asked:
                services.route_waiting()
            counts.append(len(asked))

        assert WaitingTicket.objects.count() == 32
        assert counts[0] == counts[1]


class TestX10NobodyEligible:
    def test_lies_before_the_supervisors_with_the_reasons_and_never_with_a_silent_default(self, division, supervisor):
        team = make_team(division)
        make_member(team, make_person(Role.CSR, division, name="Asleep"), works_always=False)
        make_routing(division, {"team": team})

        ticket = opened(division)

        assert ticket.owner is None
        client = signed_in(supervisor)
        page = text_of(client.get(reverse("desk:who_works")))
        assert ticket.number in page
        assert "Nobody of the team can take it" in page
        assert "Asleep is off shift" in page
        figures = {
            str(figure.label): figure.count.number for figure in client.get(reverse("desk:home")).context["figures"]
        }
        assert figures["Tickets for nobody"] == 1

    def test_rings_the_supervisors_by_mail_once_for_all(self, division, supervisor):
        make_person(Role.SUPERVISOR, make_division())
        csr = make_person(Role.CSR, division)
        make_routing(division, {"team": make_team(division)})
        tickets = [opened(division) for _each in range(3)]

        services.route_waiting()
        services.route_waiting()

        alarms = Message.objects.filter(kind="tickets.nobody")
        assert [alarm.to for alarm in alarms] == [supervisor.email]
        assert csr.email != supervisor.email
        assert "3 tickets" in alarms[0].subject_line
        assert all(ticket.number in alarms[0].text for ticket in tickets)

    def test_rings_again_for_what_has_come_up_since_but_not_at_every_turn(self, division, supervisor):
        make_routing(division, {"team": make_team(division)})
        start = now()
        opened(division)
        services.route_waiting()
        opened(division)

        told = []
        for minutes in (5, 16):
            with time_machine.travel(start + timedelta(minutes=minutes), tick=False):
                services.route_waiting()
            told.append(Message.objects.filter(kind="tickets.nobody", to=supervisor.email).count())

        assert told == [1, 2]

    def test_rings_no_second_time_because_somebody_took_what_it_rang_for(self, division, supervisor):
        make_routing(division, {"team": make_team(division)})
        start, first = now(), opened(division)
        services.route_waiting()
        services.take_ticket(first.pk, by=supervisor)
        opened(division)

        told = []
        for minutes in (2, 16):
            with time_machine.travel(start + timedelta(minutes=minutes), tick=False):
                services.route_waiting()
            told.append(Message.objects.filter(kind="tickets.nobody").count())

        assert told == [1, 2]

    def test_looked_for_where_no_rule_holds_it_stays_with_whoever_has_it_and_the_desk_says_why(
        self, division, supervisor
    ):
        ticket = opened(division)
        services.take_ticket(ticket.pk, by=supervisor)

        page = text_of(signed_in(supervisor).post(reverse("desk:ticket_find", args=[ticket.number]), follow=True))

        assert "It stays with Sam Supervisor: no routing procedure is in force here." in page
        assert "It was given to" not in page

    @pytest.mark.parametrize(("rows", "why"), [((), "no_procedure"), (({"types": ["billing"]},), "no_rule")])
    def test_says_when_there_is_no_procedure_or_no_rule(self, division, rows, why):
        team = make_team(division, members=1)
        if rows:
            make_routing(division, *({"team": team, **row} for row in rows))

        ticket = opened(division)

        assert WaitingTicket.objects.get(ticket=ticket).why == why
        assert ticket.owner is None

    def test_is_asked_for_again_when_another_procedure_is_put_in_force(self, division):
        ticket = opened(division)
        team = make_team(division, members=1)
        make_routing(division, {"team": team})

        services.route_waiting()

        ticket.refresh_from_db()
        assert ticket.team == team
        assert not WaitingTicket.objects.exists()

    def test_when_the_other_team_cannot_either_both_teams_reasons_are_shown(self, division, supervisor):
        first, other = make_team(division), make_team(division)
        make_member(first, make_person(Role.CSR, division, name="One"), works_always=False)
        make_member(other, make_person(Role.CSR, division, name="Two"), capacity=0)
        make_routing(division, {"team": first, "fallback_team": other, "fallback_minutes": 5})
        start = now()
        ticket = opened(division)

        with time_machine.travel(start + timedelta(minutes=6), tick=False):
            services.route_waiting()

        waiting = WaitingTicket.objects.get(ticket=ticket)
        assert [each["name"] for each in waiting.passed_over] == ["One", "Two"]
        assert Message.objects.filter(kind="tickets.nobody").count() == 1

    def test_a_supervisor_gives_it_to_somebody_or_lets_it_be_looked_for(self, division, supervisor):
        team = make_team(division)
        csr = make_person(Role.CSR, division)
        make_routing(division, {"team": team})
        by_hand, again = opened(division), opened(division)
        client = signed_in(supervisor)

        client.post(reverse("desk:ticket_give", args=[by_hand.number]), {"to": csr.pk})
        in_vain = client.post(reverse("desk:ticket_find", args=[again.number]), follow=True)
        assert "There is nobody who can take it" in text_of(in_vain)
        member = make_member(team)
        client.post(reverse("desk:ticket_find", args=[again.number]))
        services.route_waiting()

        by_hand.refresh_from_db()
        again.refresh_from_db()
        assert (by_hand.owner, again.owner) == (csr, member.user)
        assert not WaitingTicket.objects.exists()

    def test_what_has_ended_waits_no_more(self, division):
        make_routing(division, {"team": make_team(division)})
        ticket = opened(division)

        bring_to(ticket, TicketStatus.RESOLVED)
        services.route_waiting()

        assert not WaitingTicket.objects.exists()


class TestX11ReassignEverythingOfALeaver:
    @pytest.fixture
    def team(self, division):
        return make_team(division, members=3)

    @pytest.fixture
    def leaver(self, team):
        return team.members.order_by("pk").first()

    @pytest.fixture
    def tickets(self, division, team, leaver):
        make_routing(division, {"team": team})
        tickets = [make_ticket(division) for _each in range(5)]
        for ticket in tickets:
            services.hand_over_ticket(ticket.pk, leaver.user, team=team, by=None)
        return tickets

    def _owners(self, tickets) -> list[int | None]:
        return [Ticket.objects.get(pk=ticket.pk).owner_id for ticket in tickets]

    def test_shows_first_who_would_get_what_and_changes_nothing(self, leaver, tickets, supervisor):
        page = signed_in(supervisor).get(reverse("desk:reassign", args=[leaver.pk]))

        assert len(page.context["moves"]) == 5
        assert {move.turn.user for move in page.context["moves"]} == {
            member.user for member in leaver.team.members.exclude(pk=leaver.pk)
        }
        assert self._owners(tickets) == [leaver.user_id] * 5
        assert not Rotation.objects.filter(position__gt=0).exists()

    def test_shows_what_it_would_do_also_with_whoever_is_in_two_of_the_teams(self, division, leaver, supervisor):
        first, other = make_team(division), make_team(division)
        person = make_member(first, capacity=1).user
        make_member(other, person, capacity=1)
        make_routing(division, {"team": first})
        tickets = [make_ticket(division) for _two in range(2)]
        for ticket, team in zip(tickets, (first, other), strict=True):
            services.hand_over_ticket(ticket.pk, leaver.user, team=team, by=None)
        client = signed_in(supervisor)
        preview = client.get(reverse("desk:reassign", args=[leaver.pk])).context["moves"]

        client.post(reverse("desk:reassign", args=[leaver.pk]))

        assert [move.turn.user for move in preview] == [person, None]
        assert self._owners(tickets) == [person.pk, None]

    def test_gives_all_away_in_one_act_in_turn_and_can_be_undone(self, team, leaver, tickets, supervisor):
        done = make_ticket(team.division)
        services.hand_over_ticket(done.pk, leaver.user, team=team, by=None)
        bring_to(done, TicketStatus.RESOLVED)
        client = signed_in(supervisor)
        preview = client.get(reverse("desk:reassign", args=[leaver.pk])).context["moves"]

        page = client.post(reverse("desk:reassign", args=[leaver.pk]), follow=True)

        assert self._owners(tickets) == [move.turn.user.pk for move in preview]
        assert self._owners([done]) == [leaver.user_id]
        act = page.context["act"]
        client.post(reverse("desk:reassignment_undo", args=[act.pk]))
        assert self._owners(tickets) == [leaver.user_id] * 5
        assert {Ticket.objects.get(pk=ticket.pk).team for ticket in tickets} == {team}
        again = client.post(reverse("desk:reassignment_undo", args=[act.pk]), follow=True)
        assert "This was undone already." in text_of(again)

    def test_undoing_leaves_alone_what_has_gone_on_since(self, leaver, tickets, supervisor):
        act = services.reassign_all(leaver.user, by=supervisor)
        moved_on, ended = tickets[0], tickets[1]
        services.hand_over_ticket(moved_on.pk, supervisor, by=supervisor)
        bring_to(ended, TicketStatus.RESOLVED)
        before = self._owners([moved_on, ended])

        services.undo_reassignment(act.pk, by=supervisor)

        assert self._owners([moved_on, ended]) == before
        assert self._owners(tickets[2:]) == [leaver.user_id] * 3

    def test_takes_from_somebody_who_was_deactivated_and_gives_nothing_back_to_them(
        self, leaver, tickets, supervisor, operator
    ):
        deactivate_person(leaver.user, by=operator)

        act = services.reassign_all(leaver.user, by=supervisor)

        assert leaver.user_id not in self._owners(tickets)
        with pytest.raises(NotAllowed):
            services.undo_reassignment(act.pk, by=supervisor)

    def test_what_nobody_can_take_lies_before_the_supervisors(self, leaver, tickets, supervisor):
        Shift.objects.exclude(member=leaver).delete()

        act = services.reassign_all(leaver.user, by=supervisor)

        assert self._owners(tickets) == [None] * 5
        assert WaitingTicket.objects.filter(supervised_at__isnull=False).count() == 5
        services.undo_reassignment(act.pk, by=supervisor)
        assert self._owners(tickets) == [leaver.user_id] * 5
        assert not WaitingTicket.objects.exists()

    def test_what_nobody_of_the_team_can_take_goes_to_the_other_team_of_its_rule(self, division, supervisor):
        team, other = make_team(division, members=1), make_team(division, members=1)
        make_routing(division, {"team": team, "fallback_team": other, "fallback_minutes": 60})
        ticket = opened(division)
        leaver = team.members.get()

        services.reassign_all(leaver.user, by=supervisor)
        Absence.objects.create(division=division, user=leaver.user, starts_at=now() - timedelta(hours=1))
        services.route_waiting()

        assert self._owners([ticket]) == [other.members.get().user_id]

    def test_over_two_markets_is_shown_and_undone_by_whoever_did_it_where_they_still_may(self, division):
        markets = [make_division(parent=division) for _two in range(2)]
        by = make_person(Role.SUPERVISOR, markets[0])
        second = RoleAssignment.objects.create(user=by, role=Role.SUPERVISOR, division=markets[1])
        leaver = make_member(make_team(markets[0]), make_person(Role.CSR, division))
        tickets = [make_ticket(market) for market in markets]
        for ticket in tickets:
            services.hand_over_ticket(ticket.pk, leaver.user, by=None)
        client = signed_in(by)

        page = client.post(reverse("desk:reassign", args=[leaver.pk]), follow=True)
        act = page.context["act"]
        other = signed_in(make_person(Role.SUPERVISOR, markets[0]))
        second.delete()
        after = client.get(reverse("desk:reassignment", args=[act.pk]))
        client.post(reverse("desk:reassignment_undo", args=[act.pk]))

        assert act.division == division
        assert {line.ticket for line in page.context["lines"]} == set(tickets)
        assert other.get(reverse("desk:reassignment", args=[act.pk])).status_code == 404
        assert [line.ticket for line in after.context["lines"]] == tickets[:1]
        assert self._owners(tickets) == [leaver.user_id, None]

    def test_reaches_only_the_divisions_where_one_gives_out_work(self, leaver, tickets, supervisor):
        stranger = make_person(Role.SUPERVISOR, make_division())

        with pytest.raises(NotAllowed):
            services.reassign_all(leaver.user, by=stranger)
        with pytest.raises(NotAllowed):
            services.reassign_all(leaver.user, by=make_person(Role.CSR, leaver.team.division))

        assert signed_in(stranger).get(reverse("desk:reassign", args=[leaver.pk])).status_code == 404
        assert self._owners(tickets) == [leaver.user_id] * 5

    def test_is_in_the_history_of_each_ticket(self, leaver, tickets, supervisor):
        services.reassign_all(leaver.user, by=supervisor)

        told = Event.objects.filter(name="tickets.handed_over", actor=supervisor)
        assert {event.subject_id for event in told} == {ticket.pk for ticket in tickets}
        assert {event.payload["before"] for event in told} == {leaver.user_id}
        assert Ticket.objects.filter(status__in=sorted(OPEN)).count() == 5


class TestWhoWorksNow:
    def test_counts_all_that_wait_though_it_lists_some(self, division, supervisor, monkeypatch):
        monkeypatch.setattr(team_pages, "WAITING_SHOWN", 1)
        for _each in range(2):
            opened(division)

        page = signed_in(supervisor).get(reverse("desk:who_works"))

        assert len(page.context["waiting"]) == 1
        assert '<span class="tag tag-bad">2</span>' in page.text

    def test_shows_who_is_at_work_absent_and_how_much_they_have(self, division, supervisor):
        team = make_team(division)
        here, away = (
            make_member(team, make_person(Role.CSR, division, name=name), capacity=4, works_always=name == "Here")
            for name in ("Here", "Away")
        )
        ticket = make_ticket(division)
        services.hand_over_ticket(ticket.pk, here.user, team=team, by=None)
        client = signed_in(supervisor)

        noted = client.post(reverse("desk:member_absent", args=[away.pk]), {"reason": "sick"})

        assert noted.status_code == 302
        page = text_of(client.get(reverse("desk:who_works")))
        assert "1 of 4" in page
        assert "is absent until further notice" in page
        assert "is off shift" not in page  # whoever is absent is not expected
        absence = Absence.objects.get()
        client.post(reverse("desk:absence_end", args=[absence.pk]))
        assert "is absent" not in text_of(client.get(reverse("desk:who_works")))

    def test_asks_as_much_for_many_as_for_few(self, division, supervisor):
        client = signed_in(supervisor)
        counts = []
        for _more in range(2):
            for _each in range(4):
                make_team(division, members=4)
            client.get(reverse("desk:who_works"))
            with CaptureQueriesContext(connection) as asked:
                client.get(reverse("desk:who_works"))
            counts.append(len(asked))

        assert counts[0] == counts[1]

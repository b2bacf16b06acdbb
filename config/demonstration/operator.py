"""The demonstration operator, plainly fictional: its markets, brands, sites and people."""

from typing import NamedTuple

from foundation.divisions import services as divisions
from foundation.divisions.fields import Texts
from foundation.divisions.models import Brand, Division, DivisionGroup, DivisionLevel, Site
from foundation.divisions.settings import LANGUAGES, TIME_ZONE
from foundation.now import now
from foundation.people.models import RoleAssignment, User
from foundation.people.states import Role

LEVELS = (("Operator", "Operador"), ("Region", "Región"), ("System", "Sistema"))


class Market(NamedTuple):
    """One node of the demonstration tree."""

    code: str
    name: str
    parent: str = ""
    time_zone: str = ""


FRANCHISE = "juniper-hollow"
MARKETS = (
    Market("larkspur", "Larkspur Cable", time_zone="America/New_York"),
    Market("east", "East", "larkspur"),
    Market("south", "South", "larkspur", "America/Chicago"),
    Market("west", "West", "larkspur", "America/Denver"),
    Market("riverbend", "Riverbend", "east"),
    Market(FRANCHISE, "Juniper Hollow", "east"),
    Market("magnolia", "Magnolia", "south"),
    Market("high-plains", "High Plains", "west"),
    Market("mesa", "Mesa", "west", "America/Phoenix"),
    Market("north-valley", "North Valley", "west", "America/Los_Angeles"),
    Market("fireweed", "Fireweed", "west", "America/Anchorage"),
)


class Person(NamedTuple):
    """Somebody who can sign in to the demonstration."""

    email: str
    name: str
    role: Role
    division: str


PEOPLE = (
    Person("customer@larkspur.example", "Casey Customer", Role.CUSTOMER, "larkspur"),
    Person("noor.castellanos@people.example", "Noor Castellanos", Role.CUSTOMER, FRANCHISE),
    Person("partner@larkspur.example", "Parker Partner", Role.PARTNER, "larkspur"),
    Person("field@larkspur.example", "Fran Field", Role.FIELD_AGENT, "larkspur"),
    Person("csr@larkspur.example", "Chris CSR", Role.CSR, "larkspur"),
    Person("supervisor@larkspur.example", "Sam Supervisor", Role.SUPERVISOR, "larkspur"),
    Person("operator@larkspur.example", "Olly Operator", Role.OPERATOR, "larkspur"),
    Person("auditor@larkspur.example", "Avery Auditor", Role.AUDITOR, "larkspur"),
    Person("csr@juniper.example", "Jordan of Juniper Hollow", Role.CSR, FRANCHISE),
    Person("operator@juniper.example", "Jamie of Juniper Hollow", Role.OPERATOR, FRANCHISE),
)
PASSWORD = "larkspur-demonstration"  # noqa: S105  # printed by `make run`, behind no public address


def load_markets() -> Division:
    """Make the tree, its names, its groupings and its settings where they are missing, and return its root."""
    for depth, (english, spanish) in enumerate(LEVELS):
        DivisionLevel.objects.get_or_create(depth=depth, defaults={"name": Texts(en=english, es=spanish)})
    made: dict[str, Division] = {}
    for market in MARKETS:
        division, is_new = Division.objects.get_or_create(
            code=market.code, defaults={"name": market.name, "parent": made.get(market.parent)}
        )
        made[market.code] = division
        if is_new and market.time_zone:
            divisions.set_value(division, TIME_ZONE, market.time_zone)
    root = made["larkspur"]
    divisions.set_value(root, LANGUAGES, ["en", "es"])
    group, _is_new = DivisionGroup.objects.get_or_create(
        code="fibre-first", defaults={"name": Texts(en="Fiber first", es="Primero la fibra")}
    )
    group.divisions.set([made["riverbend"], made[FRANCHISE]])
    return root


def load_sites() -> None:
    """Make the two brands and the sites under which they are met."""
    root = Division.objects.get(code="larkspur")
    franchise = Division.objects.get(code=FRANCHISE)
    larkspur, _is_new = Brand.objects.get_or_create(
        code="larkspur",
        defaults={
            "division": root,
            "name": "Larkspur Cable",
            "primary": "#4338a8",
            "primary_dark": "#b3adf5",
            "phone": "(555) 555-0142",
            "email": "hello@larkspur.example",
            "address": "1 Larkspur Plaza, Springfield",
        },
    )
    juniper, _is_new = Brand.objects.get_or_create(
        code="juniper",
        defaults={
            "division": franchise,
            "name": "Juniper Hollow Fiber",
            "primary": "#1f6b45",
            "primary_dark": "#8fd6b0",
            "phone": "(555) 555-0177",
            "email": "hello@juniper.example",
            "address": "12 Hollow Road, Juniper Hollow",
        },
    )
    Site.objects.get_or_create(
        code="larkspur", defaults={"division": root, "brand": larkspur, "languages": ["en", "es"]}
    )
    Site.objects.get_or_create(
        code="juniper",
        defaults={"division": franchise, "brand": juniper, "languages": ["en", "es"], "path_prefix": "/juniper"},
    )


def load_people() -> list[User]:
    """Make one person for each role; their second factors are set up by `sign_ins`."""
    people = []
    for person in PEOPLE:
        user = User.objects.filter(email=person.email).first()
        if user is None:
            user = User.objects.create_user(person.email, PASSWORD, name=person.name, confirmed_at=now())
        division = Division.objects.get(code=person.division)
        RoleAssignment.objects.get_or_create(user=user, role=person.role, division=division)
        people.append(user)
    return people

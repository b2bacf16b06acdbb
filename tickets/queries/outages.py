"""Who may see which outages, whom one affects, and what does not work at an address."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from accounts.models import Account
from accounts.states import CustomerKind
from foundation.divisions.models import Division
from foundation.now import today
from foundation.people.models import User
from foundation.people.queries import Person, divisions_where
from foundation.people.states import Permission
from orders.models import InstalledService
from territory.models import Premises
from territory.states import NETWORK_FAMILIES
from tickets.models import AffectedService, Outage, OutageScope, Symptom, Ticket
from tickets.states import UNDER_WAY, OutageStatus, ScopeKind

FAMILY = "family"
"""Under which a ticket keeps, with its answers, what kind of service it is about where no symptom fits."""
PLACES = (ScopeKind.NODE, ScopeKind.ZIP, ScopeKind.STREET, ScopeKind.PREMISES, ScopeKind.ACCOUNT)


@dataclass(frozen=True, kw_only=True)
class Scope:
    """
    Whom an outage affects. Places add up; families and products narrow them.

    Without any place it is the whole division, without families all that the network carries.
    """

    families: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    zip_codes: tuple[str, ...] = ()
    streets: tuple[int, ...] = ()
    premises: tuple[int, ...] = ()
    accounts: tuple[int, ...] = ()
    products: tuple[str, ...] = ()
    is_whole: bool = False
    """Somebody has said that it is the whole division."""

    @classmethod
    def of(cls, outage: Outage) -> "Scope":
        """Read the scope of an outage."""
        named: dict[str, list[object]] = {}
        for row in outage.scopes.all():
            named.setdefault(row.kind, []).append(row.code or row.street_id or row.premises_id or row.account_id)
        parts = {part: tuple(named.get(kind, ())) for part, kind in _KIND_OF.items()}
        return cls(families=tuple(outage.families), **parts)  # type: ignore[arg-type]

    @property
    def is_empty(self) -> bool:
        """Whether it names neither a place nor a product, so that it would be everybody, and nobody has said so."""
        return not self.is_whole and not any(getattr(self, part) for part in _KIND_OF)

    @property
    def has_places(self) -> bool:
        """Whether it names a place."""
        return any(getattr(self, part) for part, kind in _KIND_OF.items() if kind in PLACES)

    def rows(self, outage: Outage) -> list[OutageScope]:
        """Return it as rows of an outage."""
        return [
            OutageScope(outage=outage, kind=kind, **{_COLUMN_OF.get(kind, "code"): value})
            for part, kind in _KIND_OF.items()
            for value in dict.fromkeys(getattr(self, part))
        ]


_KIND_OF = {
    "nodes": ScopeKind.NODE, "zip_codes": ScopeKind.ZIP, "streets": ScopeKind.STREET,
    "premises": ScopeKind.PREMISES, "accounts": ScopeKind.ACCOUNT, "products": ScopeKind.PRODUCT,
}  # fmt: skip
_COLUMN_OF = {
    ScopeKind.STREET: "street_id", ScopeKind.PREMISES: "premises_id", ScopeKind.ACCOUNT: "account_id",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Affected:
    """How many an outage affects."""

    customers: int = 0
    business: int = 0
    """Of the customers."""
    services: int = 0
    known: int = 0
    """Customers who are affected by another outage already that is under way."""


def outages_visible_to(user: Person) -> QuerySet[Outage]:
    """Return the outages of the divisions in which a member of staff may see tickets."""
    return Outage.objects.filter(division__in=divisions_where(user, Permission.SEE_TICKETS))


def services_in(scope: Scope, division: Division) -> QuerySet[InstalledService]:
    """Return the services that work in a division and below, and that a scope affects."""
    services = (
        InstalledService.objects.working_today(Division.objects.under(division))
        .filter(line__family__in=carried(scope.families))
        .order_by()
    )
    if scope.products:
        services = services.filter(product_id__in=scope.products)
    if scope.has_places:
        services = services.filter(
            Q(premises__node__in=scope.nodes)
            | Q(premises__zip_code__in=scope.zip_codes)
            | Q(premises__street__in=scope.streets)
            | Q(premises__in=scope.premises)
            | Q(account__in=scope.accounts)
        )
    return services


def carried(families: Iterable[str]) -> list[str]:
    """Return what does not work: what is named, or all that the network carries."""
    return [*families] or [*NETWORK_FAMILIES]


def affected_by(scope: Scope, division: Division) -> Affected:
    """Count whom a scope affects, before anybody confirms it."""
    elsewhere = AffectedService.objects.filter(customer=OuterRef("customer"), outage__status__in=sorted(UNDER_WAY))
    is_business = Q(customer__kind=CustomerKind.BUSINESS)
    return Affected(
        **services_in(scope, division).aggregate(
            services=Count("pk"),
            customers=Count("customer", distinct=True),
            business=Count("customer", distinct=True, filter=is_business),
            known=Count("customer", distinct=True, filter=Exists(elsewhere)),
        )
    )


def affected_of(outage: Outage) -> Affected:
    """Count whom an outage affects."""
    is_business = Q(customer__kind=CustomerKind.BUSINESS)
    return Affected(
        **AffectedService.objects.filter(outage=outage).aggregate(
            services=Count("pk"),
            customers=Count("customer", distinct=True),
            business=Count("customer", distinct=True, filter=is_business),
        )
    )


def outages_at(
    premises: Premises,
    *,
    service: InstalledService | None = None,
    account: Account | None = None,
    family: str = "",
    statuses: Iterable[OutageStatus] = UNDER_WAY,
) -> QuerySet[Outage]:
    """
    Return the outages at an address, the latest first: what intake offers to a caller before anything is typed.

    :param service: of which the caller speaks: those alone that stop it
    :param account: of the caller: what was declared for it by a list counts, too
    :param family: of the service of which they speak, where they name none: those alone that stop it
    :param statuses: in which they are; else under way
    """
    place = Q(kind=ScopeKind.ZIP, code=premises.zip_code) | Q(kind=ScopeKind.STREET, street=premises.street_id)
    place |= Q(kind=ScopeKind.PREMISES, premises=premises)
    if premises.node:
        place |= Q(kind=ScopeKind.NODE, code=premises.node)
    if account:
        place |= Q(kind=ScopeKind.ACCOUNT, account=account)
    scopes = OutageScope.objects.filter(outage=OuterRef("pk"))
    places, products = scopes.filter(kind__in=PLACES), scopes.filter(kind=ScopeKind.PRODUCT)
    is_here = Q(~Exists(places)) | Q(Exists(places.filter(place)))
    if family := service.line.family if service else family:
        is_here &= Q(families__contains=[family]) | (Q(families=[]) if family in NETWORK_FAMILIES else Q(pk=None))
    if service:
        is_here &= Q(~Exists(products)) | Q(Exists(products.filter(code=service.product_id)))
    else:
        working = InstalledService.objects.working_on(today(premises.division)).filter(premises=premises)
        is_here &= Q(~Exists(products)) | Q(Exists(products.filter(code__in=working.values("product"))))
    known = AffectedService.objects.filter(outage=OuterRef("pk"))
    if service:
        is_here |= Q(Exists(known.filter(service=service)))
    elif account:
        of_account = known.filter(account=account)
        is_here |= Q(Exists(of_account.filter(service__line__family=family) if family else of_account))
    return Outage.objects.filter(is_here, status__in=sorted(statuses), division__in=premises.division.lineage).order_by(
        "-pk"
    )


def family_of(ticket: Ticket) -> str:
    """Return the family of the service that a ticket is about; empty where it says nothing of that."""
    if ticket.service:
        return ticket.service.line.family
    symptom = Symptom.objects.filter(code=ticket.symptom).first() if ticket.symptom else None
    return symptom.family if symptom else str(ticket.answers.get(FAMILY, ""))


def outages_beside(ticket: Ticket) -> list[Outage]:
    """Return the outages at the address of an open ticket that is attached to none, unless it is said to be something else."""
    if ticket.outage_id or not ticket.is_open or ticket.premises is None:
        return []
    here = outages_at(ticket.premises, account=ticket.account)
    return list(here.exclude(detachments__ticket=ticket))


def outages_of(user: User) -> list[tuple[Outage, Account]]:
    """
    Return what does not work, or will not, at the addresses of a person who signs in; each address once an outage.

    Those whose ticket is about something else are not told of the outage here either.
    """
    is_shown = Q(outage__status__in=[*UNDER_WAY, OutageStatus.PLANNED], customer__user=user)
    rows = (
        AffectedService.objects.filter(is_shown)
        .exclude(account__in=_detached_accounts())
        .select_related("outage__division", "account")
        .order_by("-outage_id", "account_id")
        .distinct("outage_id", "account_id")
    )
    return [(row.outage, row.account) for row in rows]


def _detached_accounts() -> QuerySet[Any, Any]:
    """Return the accounts whose ticket was detached from the outage of an outer row, and that have no other one there."""
    detached = Ticket.objects.filter(detachments__outage=OuterRef("outage"), account__isnull=False)
    attached = Ticket.objects.filter(outage=OuterRef(OuterRef("outage")), account=OuterRef("account"))
    return detached.filter(~Exists(attached)).order_by().values("account")

"""Hold an outage, and write down whom it affects."""

from collections.abc import Iterable

from django.db import connection
from django.db.models import QuerySet, Value

from accounts.models import Account
from foundation.events.services import publish
from foundation.people.models import User
from foundation.people.services import require
from foundation.people.states import Permission
from orders.models import InstalledService
from tickets.events import OutageTold
from tickets.models import AffectedService, Outage, Ticket
from tickets.queries.outages import Scope, services_in
from tickets.states import ScopeKind, UpdateStage


def locked_outage(outage_id: int, by: User | None) -> Outage:
    """
    Hold an outage that a person changes: always before its tickets.

    :raises NotAllowed: if they may not
    """
    outage = Outage.objects.locked().select_related("division").get(pk=outage_id)
    if by:
        require(by, Permission.DECLARE_OUTAGES, outage.division)
    return outage


def shared_outage(outage_id: int) -> Outage:
    """
    Hold an outage as it stands, together with all others who attach to it; who changes it waits for them.

    In a storm of calls nobody waits for another caller of another account.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT FROM {Outage._meta.db_table} WHERE id = %s FOR SHARE", [outage_id])
    return Outage.objects.select_related("division").get(pk=outage_id)


def shared_outages_of(ticket_ids: Iterable[int]) -> None:
    """Hold the outages of tickets as they stand, before the tickets."""
    attached = Ticket.objects.filter(pk__in=list(ticket_ids), outage__isnull=False)
    for outage_id in attached.order_by("outage").values_list("outage", flat=True).distinct():
        shared_outage(outage_id)


def write_down(outage: Outage, services: QuerySet[InstalledService]) -> int:
    """
    Write down, in one statement, the services that an outage affects; return how many were not known before.

    In the order of their ids: two who write down the same ones wait for each other, and not both.
    """
    columns = (
        services.order_by("pk")
        .annotate(outage=Value(outage.pk))
        .values_list("outage", "pk", "account_id", "customer_id")
    )
    select, params = columns.query.sql_with_params()
    table = AffectedService._meta.db_table
    statement = f"INSERT INTO {table} (outage_id, service_id, account_id, customer_id) {select} ON CONFLICT DO NOTHING"  # Django's own SQL; every value is a parameter
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return int(cursor.rowcount)


def take_in(outage: Outage, account: Account) -> int:
    """Write down the services of an account that an outage affects though they were not found where it was declared."""
    scope = Scope(families=tuple(outage.families), accounts=(account.pk,))
    services = services_in(scope, outage.division)
    if products := list(outage.scopes.filter(kind=ScopeKind.PRODUCT).values_list("code", flat=True)):
        services = services.filter(product_id__in=products)
    return write_down(outage, services)


def tell_newcomers(outage: Outage, *, by: User | None) -> None:
    """Let those who came in later be told how it began; whoever was told is not told again."""
    begun = outage.updates.filter(stage__in=[UpdateStage.ANNOUNCED, UpdateStage.STARTED], is_told=True).first()
    if begun:
        fact = OutageTold(outage_id=outage.pk, update_id=begun.pk, stage=begun.stage)
        publish(fact, subject=outage, division=outage.division, by=by)

"""A node of the network that fails: who calls, who is told, how it ends, and what is credited for it."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from accounts.models import Account
from config.demonstration.neighbours import RIVERBEND, accounts_of
from config.simulation.desk import CSR
from config.simulation.memory import What
from config.simulation.rewards import OPERATOR, SUPERVISOR
from config.simulation.world import World, person
from foundation.divisions.fields import Texts
from foundation.now import now
from tickets import services
from tickets.models import CreditRun, Outage, OutageNotice, Ticket
from tickets.queries.outages import Scope, affected_of
from tickets.services import Intake, Requester, outages
from tickets.services.outages import Declaration
from tickets.states import (
    OPEN,
    UNDER_WAY,
    CreditRunStatus,
    OutageKind,
    OutageStatus,
    ResolutionCode,
    TicketChannel,
    TicketStatus,
    TicketType,
)

FAILS_AFTER_DAYS = 20
KEY = "simulated-outage-"
"""How the keys of the calls about it begin."""
CALLERS, LATE = 4, 2
"""Households that call before it is known, and after."""
CUT = Texts(en="A cable was cut. We are splicing it.", es="Se cortó un cable. Lo estamos empalmando.")


def end_what_was_there(world: World) -> None:
    """Let the outage be over, and the credits of the other be approved, with which the months begin."""
    for outage in Outage.objects.filter(key__startswith="demonstration", status__in=UNDER_WAY).order_by("pk"):
        outages.restore_outage(outage.pk, cause="Spliced", by=person(SUPERVISOR))
        world.say(f"It works again behind {_where(outage)}; who called is asked whether it is so.")
    _approve(world)


def fail(world: World) -> None:
    """Let a node fail: some call, and Sam declares what it is."""
    there = _those_behind_the_node()
    if not there:
        return
    for account in there[:CALLERS]:
        _call(account, "Everything went dark a minute ago.")
    nodes = tuple(sorted({account.premises.node for account in there}))
    said = Declaration(
        kind=OutageKind.FAULT,
        title=f"No signal behind {', '.join(nodes)}",
        scope=Scope(nodes=nodes),
        starts_at=now() - timedelta(minutes=30),
        words=Texts(en="We are looking for the cause.", es="Estamos buscando la causa."),
    )
    division = there[0].division
    key = f"simulation-{world.today.isoformat()}"
    outage = outages.declare_outage(said, division=division, key=key, by=person(SUPERVISOR))
    affected = affected_of(outage)
    world.say(f"{_where(outage)} fails. Sam declares an outage: {affected.customers} customers, {CALLERS} have called.")


def let_late_callers_call(world: World) -> None:
    """Let some call after it was declared: they are attached by themselves; one of them has another fault besides."""
    outage, there = _latest(), _those_behind_the_node()
    if outage is None or not there:
        return
    late = there[CALLERS : CALLERS + LATE]
    for account in late:
        _call(account, "Is it known that nothing works?")
    world.listen()
    attached = outage.tickets.filter(account__in=late).count()
    _call(there[0], "And one handset is broken, besides.", is_apart=True)
    outages.update_outage(
        outage.pk,
        status=OutageStatus.IDENTIFIED,
        words=CUT,
        expected_at=now() + timedelta(days=1),
        by=person(SUPERVISOR),
    )
    world.say(f"{attached} late callers are attached by themselves; a second fault keeps its own ticket.")


def restore(world: World) -> None:
    """Let it work again, and everybody hear of it."""
    if outage := _latest():
        outages.restore_outage(outage.pk, words=CUT, cause="Spliced", by=person(SUPERVISOR))
        world.listen()
        told = OutageNotice.objects.filter(update__outage=outage).count()
        world.say(f"It works again behind {_where(outage)}: {told} notices in all, none twice.")


def answer_whether_it_is_fixed(world: World) -> None:
    """Let those who called tap the answer: one is still down; the credits are asked for."""
    outage = _latest()
    if outage is None:
        return
    asked = list(outage.tickets.filter(status=TicketStatus.RESOLVED).order_by("pk").defer("search"))
    for ticket in asked[:-2]:
        services.close_ticket(ticket.pk, by=None, channel=TicketChannel.WEB)
    for ticket in asked[-1:]:
        services.reopen_ticket(ticket.pk, by=None, channel=TicketChannel.WEB)
        world.say(
            f"Is it fixed? {len(asked) - 2} say yes, one says nothing, one is still down: {ticket.number} goes on."
        )
    run = outages.request_credits(outage.pk, by=person(SUPERVISOR))
    world.say(f"Sam asks for credits of ${run.total} to {run.count} accounts, by the minutes that it lasted.")


def approve(world: World) -> None:
    """Let somebody else approve the credits, which are posted and read back; what is still down is put right."""
    _approve(world)
    left = Ticket.objects.filter(key__startswith=f"intake:{KEY}", status__in=OPEN, outage=None).order_by("pk")
    for ticket in left.defer("search"):
        services.resolve_ticket(ticket.pk, ResolutionCode.REPLACED, "It has a new plug.", by=person(CSR))


def _approve(world: World) -> None:
    for run in CreditRun.objects.filter(status=CreditRunStatus.REQUESTED).order_by("pk"):
        approved = outages.approve_credits(run.pk, shown=run.total, by=person(OPERATOR))
        world.listen()
        approved.refresh_from_db()
        state = approved.get_status_display()
        world.say(f"Olly approves credits of ${run.total} for an outage; read back from the billing system: {state}.")


def _those_behind_the_node() -> list[Account]:
    return accounts_of(RIVERBEND)


def _latest() -> Outage | None:
    return Outage.objects.filter(key__startswith="simulation").order_by("-pk").first()


def _where(outage: Outage) -> str:
    return ", ".join(str(scope) for scope in outage.scopes.all())


def _call(account: Account, text: str, *, is_apart: bool = False) -> Ticket:
    intake = Intake(
        type=TicketType.TROUBLE, subject="Nothing works", text=text, requester=Requester.of(account.customer),
        customer=account.customer, account=account, is_apart=is_apart,
    )  # fmt: skip
    key = f"{KEY}{account.pk}-{now():%Y%m%d}"
    return services.report_at_intake(
        intake, key=key, division=account.division, channel=TicketChannel.PHONE, by=person(CSR)
    )


SCENES: Mapping[int, tuple[What, Callable[[World], None]]] = {
    1: (What.OLD_OUTAGES_END, end_what_was_there),
    FAILS_AFTER_DAYS: (What.NODE_FAILS, fail),
    FAILS_AFTER_DAYS + 1: (What.LATE_CALLERS_CALL, let_late_callers_call),
    FAILS_AFTER_DAYS + 2: (What.NODE_WORKS_AGAIN, restore),
    FAILS_AFTER_DAYS + 3: (What.OUTAGE_IS_ANSWERED, answer_whether_it_is_fixed),
    FAILS_AFTER_DAYS + 4: (What.CREDITS_ARE_APPROVED, approve),
}
"""What happens how many days after the months begin."""

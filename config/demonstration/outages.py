"""Two outages of the demonstration: one under way, with callers who wait for it, and one that is over and to be credited."""

from datetime import timedelta
from typing import NamedTuple

from accounts.models import Account
from config.demonstration.neighbours import MAGNOLIA, RIVERBEND, accounts_of
from config.demonstration.past import ago
from foundation.divisions.fields import Texts
from foundation.jobs.services import work_one_chunk
from foundation.now import now
from foundation.people.models import User
from tickets import services
from tickets.models import Outage, Ticket
from tickets.queries.outages import Scope
from tickets.services import Intake, Requester, outages
from tickets.services.outages import Declaration
from tickets.states import OutageKind, OutageStatus, TicketChannel, TicketType

CUT = Texts(en="A digger cut a cable. We are splicing it.", es="Una excavadora cortó un cable. Lo estamos empalmando.")
POWER = Texts(
    en="An amplifier had no power. It is on a battery now.", es="Un amplificador se quedó sin corriente. Ya tiene batería."
)  # fmt: skip


class Call(NamedTuple):
    """Somebody who reported that nothing works."""

    household: int
    hours: float
    """How long ago."""
    channel: TicketChannel
    text: str


CALLS_NOW = (
    Call(0, 3.2, TicketChannel.PHONE, "The internet has gone, and so has the television."),
    Call(1, 3.1, TicketChannel.WEB, "Nothing for an hour now. I work from home."),
    Call(2, 3.0, TicketChannel.PHONE, "All lights are on, and nothing loads."),
    Call(3, 0.7, TicketChannel.PHONE, "I have read your mail. When will it be back?"),
)
CALLS_THEN = (
    Call(0, 100.0, TicketChannel.PHONE, "Dead since I got up."),
    Call(1, 99.5, TicketChannel.WEB, "No connection, no telephone."),
)


def load_outages() -> None:
    """Make both outages where there are none, by way of the services, each step at its time."""
    supervisor = User.objects.get(email="supervisor@larkspur.example")
    csr = User.objects.get(email="csr@larkspur.example")
    over, now_down = accounts_of(MAGNOLIA), accounts_of(RIVERBEND)
    if Outage.objects.exists() or not (over and now_down):
        return
    _that_is_over(over, csr, supervisor)
    _under_way(now_down, csr, supervisor)


def _that_is_over(accounts: list[Account], csr: User, supervisor: User) -> None:
    """An outage four days ago, of a day and two hours: restored, its callers asked, its credits waiting for approval."""
    for call in CALLS_THEN:
        _call(call, accounts, "then", csr)
    with ago(hours=99):
        outage = _declare("No power at the amplifier", accounts, started=2.0, by=supervisor)
    with ago(hours=96):
        outages.update_outage(
            outage.pk, status=OutageStatus.IDENTIFIED, words=POWER, cause="Battery of amplifier 7 flat", by=supervisor
        )
        _tell(outage)
    with ago(hours=75):
        outages.restore_outage(outage.pk, words=POWER, cause="Battery of amplifier 7 replaced", by=supervisor)
        _tell(outage)
    with ago(hours=74):
        outages.request_credits(outage.pk, by=supervisor)


def _under_way(accounts: list[Account], csr: User, supervisor: User) -> None:
    """An outage since three hours: three called before it was known, one after, and one whose fault is another."""
    for call in CALLS_NOW[:3]:
        _call(call, accounts, "now", csr)
    with ago(hours=2.8):
        outage = _declare("No signal", accounts, started=0.5, by=supervisor)
    with ago(hours=1):
        expected_at = now() + timedelta(hours=3)
        outages.update_outage(
            outage.pk, status=OutageStatus.IDENTIFIED, words=CUT, expected_at=expected_at,
            cause="Cable 12 cut at the building site; a crew is there", by=supervisor,
        )  # fmt: skip
        _tell(outage)
    for call in CALLS_NOW[3:]:
        late = _call(call, accounts, "now", csr)
        outages.attach_late_caller(late.pk)
        services.follow_ticket(late.pk, at=now())
    with ago(hours=0.4):
        other = _report(
            "now-other", accounts[4], TicketChannel.PHONE, "One handset is broken. It is not the outage.", csr
        )
        outages.keep_apart(outage.pk, other.pk, by=csr)


def _call(call: Call, accounts: list[Account], when: str, csr: User) -> Ticket:
    with ago(hours=call.hours):
        return _report(f"{when}-{call.household}", accounts[call.household], call.channel, call.text, csr)


def _report(name: str, account: Account, channel: TicketChannel, text: str, csr: User) -> Ticket:
    intake = Intake(
        type=TicketType.TROUBLE,
        subject="Nothing works",
        text=text,
        requester=Requester.of(account.customer),
        customer=account.customer,
        account=account,
    )
    key = f"demonstration-outage-{name}"
    by = None if channel == TicketChannel.WEB else csr
    return services.report_at_intake(intake, key=key, division=account.division, channel=channel, by=by)


def _declare(title: str, accounts: list[Account], *, started: float, by: User) -> Outage:
    node, division = accounts[0].premises.node, accounts[0].division
    said = Declaration(
        kind=OutageKind.FAULT,
        title=f"{title} behind {node}",
        scope=Scope(nodes=(node,)),
        starts_at=now() - timedelta(hours=started),
        words=Texts(en="We are looking for the cause.", es="Estamos buscando la causa."),
    )
    outage = outages.declare_outage(said, division=division, key=f"demonstration-{node}", by=by)
    _tell(outage)
    return outage


def _tell(outage: Outage) -> None:
    """Do what the workers do: write down whom the latest words reach, write their letters, set the clocks."""
    update = outage.updates.first()
    if update and (job := outages.tell_customers(update.pk)):
        while work_one_chunk(job.pk):
            pass
    for ticket_id in Ticket.objects.filter(outage=outage).order_by("pk").values_list("pk", flat=True):
        services.follow_ticket(ticket_id, at=now())

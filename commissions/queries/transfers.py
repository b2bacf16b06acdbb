"""What may be read of bank transfers: who sends them, which files there are, and when one may be taken for paid."""

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from commissions.models import BankFile, BankReturn, Batch, BatchLine, ReturnFile
from commissions.settings import ORIGINATOR
from commissions.states import CASH_CURRENCY, BankFileStatus, Channel, LineStatus, ReturnOutcome
from foundation.ach import AchChange, AchReturn, Originator
from foundation.ach.days import banking_days_after
from foundation.divisions.models import Division
from foundation.divisions.queries import effective
from foundation.lifecycle import NotAllowed
from foundation.money import ZERO
from foundation.now import today
from foundation.people.queries import Person, divisions_where
from foundation.people.states import Permission

RETURN_DAYS = 2
"""Banking days after the effective entry date by whose end a bank has sent back what it does not accept (Nacha, 3.8)."""


def bank_files_visible_to(user: Person) -> QuerySet[BankFile]:
    """Return the files that a person may hand to the bank: who may approve payouts in the batch's division."""
    return BankFile.objects.filter(division__in=divisions_where(user, Permission.APPROVE_BATCHES))


def return_files_visible_to(user: Person) -> QuerySet[ReturnFile]:
    """Return what banks have sent back where a person may approve payouts."""
    return ReturnFile.objects.filter(division__in=divisions_where(user, Permission.APPROVE_BATCHES))


def transfers_visible_to(user: Person) -> QuerySet[BatchLine]:
    """Return the transfers that a bank was asked for where a person may approve payouts."""
    divisions = divisions_where(user, Permission.APPROVE_BATCHES)
    return BatchLine.objects.filter(batch__division__in=divisions).exclude(trace_number="")


def traced(transfers: QuerySet[BatchLine], traces: Collection[str]) -> QuerySet[BatchLine]:
    """
    Keep those with a trace number out of a file of the bank's.

    That none of these is empty is said, too: of more than a hundred, Postgres does not see by itself that the index over
    all that have one serves.
    """
    return transfers.filter(trace_number__in=traces).exclude(trace_number="")


def transfers_within(division: Division) -> QuerySet[BatchLine]:
    """Return the transfers that a bank was asked for in a division and below."""
    return BatchLine.objects.filter(batch__division__in=Division.objects.under(division.pk)).exclude(trace_number="")


def markets_of(user: Person, found: Collection[AchReturn | AchChange]) -> list[Division]:
    """
    Return for which division a bank's file is, where a person may approve payouts; several: the file does not say which.

    A bank sends back by originator: the company identification and the originating bank of our transfers. Where divisions
    have the same one it is for those whose transfers it names, and where it is for several, for one above all of them.
    """
    divisions = list(divisions_where(user, Permission.APPROVE_BATCHES).order_by("name", "pk"))
    named = {(one.company, one.original_trace[:8]) for one in found}
    markets = topmost(_with_originator(divisions, named)) or topmost(divisions)
    if len(markets) > 1:
        traces = {one.original_trace for one in found}
        lines = traced(transfers_visible_to(user), traces).order_by()
        lineages = list(lines.values_list("batch__division__lineage", flat=True).distinct())
        markets = [one for one in markets if any(one.pk in lineage for lineage in lineages)] or markets
    above = [one for one in divisions if all(one.pk in market.lineage for market in markets)]
    return [max(above, key=lambda one: one.depth)] if above else markets


def _with_originator(divisions: Iterable[Division], named: Collection[tuple[str, str]]) -> list[Division]:
    """Keep the divisions by whose originator, as it is set or was when a batch was approved, a bank names transfers."""
    company, odfi = ORIGINATOR["company_id"], ORIGINATOR["odfi"]
    each = {one.pk: one for one in divisions}
    approved = Batch.objects.filter(division__in=each).exclude(originator=None).order_by()
    before = approved.values_list("division", "originator__company_id", "originator__odfi").distinct()
    said = {(pk, effective(one, company), effective(one, odfi)) for pk, one in each.items()} | set(before)
    kept = {pk for pk, its_company, its_odfi in said if (its_company, its_odfi[:8]) in named}
    return [one for pk, one in each.items() if pk in kept]


def topmost(divisions: Collection[Division]) -> list[Division]:
    """Keep those above which none of the others lies."""
    ids = {one.pk for one in divisions}
    return [one for one in divisions if ids.isdisjoint(one.lineage[:-1])]


def originator_of(division: Division) -> Originator:
    """
    Return who sends a division's transfers, and by which bank.

    :raises NotAllowed: if something of it is not set, naming what
    """
    values = {name: effective(division, setting) for name, setting in ORIGINATOR.items()}
    if missing := [str(ORIGINATOR[name].label) for name, value in values.items() if not value]:
        message = _("Bank transfers cannot be made in %(division)s yet. Missing in its settings: %(settings)s.")
        raise NotAllowed(message % {"division": division, "settings": "; ".join(missing)}, code="no_originator")
    return Originator(**values)


def approved_originator_of(batch: Batch) -> Originator:
    """
    Return who sends the transfers of an approved batch: as its division's settings say, and as they were approved.

    :raises NotAllowed: if something of it is not set, or has changed since the batch was approved, naming what
    """
    originator = originator_of(batch.division)
    approved = batch.originator or asdict(originator)
    if changed := [
        str(ORIGINATOR[name].label) for name, value in asdict(originator).items() if approved[name] != value
    ]:
        message = _(
            "Who sends the transfers of batch %(number)d is no longer set as it was approved in %(division)s. Changed "
            "since: %(settings)s. Set it back until the file is made; a file that is not to be sent can be refused then."
        )
        said = {"number": batch.pk, "division": batch.division, "settings": "; ".join(changed)}
        raise NotAllowed(message % said, code="other_originator")
    return originator


def obstacle_to_transfers(batch: Batch) -> str:
    """Say why the transfers of a batch cannot be made; empty: nothing stands in their way, or it has none."""
    is_in_no_file = Q(status=LineStatus.PENDING) | Q(status=LineStatus.SENT, trace_number="")
    if not batch.lines.filter(is_in_no_file, channel=Channel.TRANSFER).exists():
        return ""
    if batch.currency != CASH_CURRENCY:
        return _("Banks transfer %(currency)s only: take the transfers out.") % {"currency": CASH_CURRENCY}
    try:
        approved_originator_of(batch)
    except NotAllowed as refusal:
        return refusal.message
    return ""


def transfers_of(file: BankFile) -> QuerySet[BatchLine]:
    """Return the transfers that are in a file, in the order of their trace numbers."""
    return BatchLine.objects.filter(batch=file.batch_id).exclude(trace_number="").order_by("trace_number")


@dataclass(frozen=True)
class Sums:
    """How many transfers, and how much."""

    count: int
    total: Decimal


def sums_of(transfers: QuerySet[BatchLine]) -> Sums:
    """Return how many transfers there are, and how much they are together."""
    sums = transfers.order_by().aggregate(count=Count("pk"), total=Sum("amount"))
    return Sums(sums["count"], sums["total"] or ZERO)


def awaited_of(file: BankFile) -> QuerySet[BatchLine]:
    """
    Return the transfers of which the bank's statement has still to show that they were paid.

    Once it has shown a part: those that it did not show then, and that have not come back since.
    """
    sent = transfers_of(file).filter(status=LineStatus.SENT)
    return sent.exclude(missed_at=None) if file.status == BankFileStatus.PARTLY_PAID else sent


def has_all_come_back(file: BankFile) -> bool:
    """Tell whether every transfer that is in a file came back."""
    return not transfers_of(file).exclude(status=LineStatus.RETURNED).exists()


def awaited_for(user: Person) -> QuerySet[BatchLine]:
    """Return the transfers that a statement did not show, and that were neither paid nor sent back since."""
    missed = transfers_visible_to(user).filter(status=LineStatus.SENT).exclude(missed_at=None)
    return missed.filter(batch__bank_file__status=BankFileStatus.PARTLY_PAID)


def may_be_paid_from(file: BankFile) -> date:
    """Return the first day on which a file may be taken for paid: a bank may send a transfer back until then."""
    return banking_days_after(takes_effect_on(file), RETURN_DAYS)


def takes_effect_on(file: BankFile) -> date:
    """Return the day on which payees have their money: handed over late, the banking day after that at the earliest."""
    if file.handed_over_at is None:
        return file.effective_on
    handed_over_on = file.handed_over_at.astimezone(file.division.zone).date()
    return max(file.effective_on, banking_days_after(handed_over_on, 1))


def files_of_rewards(rewards: Iterable[int]) -> dict[int, BankFile]:
    """Return the files by which rewards (ids) are on their way, by the rewards' ids; corrections are left out."""
    sent = BatchLine.objects.filter(reward__in=list(rewards), dispute=None, status=LineStatus.SENT)
    lines = sent.exclude(trace_number="").select_related("batch__bank_file__division").order_by("pk")
    return {line.reward_id: line.batch.bank_file for line in lines}


def unmatched(user: Person) -> QuerySet[BankReturn]:
    """
    Return what came back where a person may approve payouts, and was not taken, then or since: somebody has to look.

    What somebody has looked at is done.
    """
    same = BankReturn.objects.filter(original_trace=OuterRef("original_trace"), trace=OuterRef("trace"))
    divisions = divisions_where(user, Permission.APPROVE_BATCHES)
    is_theirs = Q(line=None) | Q(line__batch__division__in=divisions)
    open_ = BankReturn.objects.filter(is_theirs, file__division__in=divisions, looked_at=None)
    return open_.exclude(outcome__in=[ReturnOutcome.TAKEN, ReturnOutcome.KNOWN]).exclude(
        Exists(same.filter(outcome=ReturnOutcome.TAKEN))
    )


def was_run(file: BankFile) -> bool:
    """
    Tell whether the bank has shown that it ran a file: something of it was paid, or came back.

    What came back and was not taken shows it, too, until somebody has looked at it; not what fits no transfer of ours.
    """
    if transfers_of(file).filter(status=LineStatus.CONFIRMED).exists():
        return True
    shown = BankReturn.objects.filter(line__in=transfers_of(file).order_by())
    waits = Q(looked_at=None) & ~Q(outcome__in=[ReturnOutcome.AMOUNT, ReturnOutcome.UNMATCHED])
    return shown.filter(Q(outcome=ReturnOutcome.TAKEN) | waits).exists()


def has_taken_back(user: Person, batches: Iterable[int]) -> bool:
    """Tell whether a person has taken what came back of a batch's transfers."""
    taken = BankReturn.objects.filter(outcome=ReturnOutcome.TAKEN, line__batch__in=batches)
    return taken.filter(taken_by=user.pk).exists()


def to_be_confirmed(user: Person) -> list[BankFile]:
    """Return the files that a bank has had for so long that its statement has to show them, the earliest first."""
    handed_over = bank_files_visible_to(user).filter(status=BankFileStatus.HANDED_OVER)
    files = handed_over.select_related("batch", "division").order_by("effective_on", "pk")
    return [file for file in files if may_be_paid_from(file) <= today(file.division)]


def to_be_handed_over(user: Person) -> QuerySet[BankFile]:
    """Return the files that nobody has handed to the bank yet."""
    return bank_files_visible_to(user).filter(status=BankFileStatus.MADE)

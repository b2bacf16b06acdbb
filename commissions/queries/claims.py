"""What payees owe us: paid, taken back, and not set off against anything they have earned since."""

from decimal import Decimal

from django.db.models import Case, DateField, DecimalField, F, Min, OuterRef, Q, QuerySet, Subquery, Sum, When
from django.db.models.functions import Coalesce

from commissions.models import BatchLine, ClaimEnd, LedgerEntry, Payee, Reward
from commissions.states import ClaimStatus, EntryKind, LedgerAccount, LineStatus
from foundation.money import ZERO
from foundation.people.queries import Person, divisions_where
from foundation.people.states import Permission

AMOUNT = DecimalField(max_digits=12, decimal_places=2)


def claims_visible_to(user: Person) -> QuerySet[Payee]:
    """Return the payees of whom something is claimed, where a member of staff may see the ledger: `claimed`, `since`."""
    seen = Payee.objects.filter(division__in=divisions_where(user, Permission.SEE_LEDGER))
    return with_claims(seen).filter(claimed__gt=0)  # type: ignore[misc]  # annotated there


def with_claims(payees: QuerySet[Payee]) -> QuerySet[Payee]:
    """
    Add to payees what is claimed of them (`claimed`, less what a batch sets off), since when, and what is asked.

    `since` is the day of the first claim there ever was; `asked` the key of what waits to be decided, if anything.
    """
    entries = LedgerEntry.objects.filter(payee=OuterRef("pk"), currency=OuterRef("currency")).order_by()
    moved = entries.filter(Q(debit=LedgerAccount.RECEIVABLE) | Q(credit=LedgerAccount.RECEIVABLE)).values("payee")
    balance = moved.annotate(
        sum=Sum(Case(When(debit=LedgerAccount.RECEIVABLE, then=F("amount")), default=-F("amount")))
    )
    on_its_way = BatchLine.objects.filter(
        payee=OuterRef("pk"), currency=OuterRef("currency"), status__in=[LineStatus.PENDING, LineStatus.SENT]
    ).order_by()
    set_off = on_its_way.values("payee").annotate(sum=Sum("set_off"))
    since = entries.filter(debit=LedgerAccount.RECEIVABLE).values("payee").annotate(day=Min("effective_on"))
    asked = ClaimEnd.objects.filter(payee=OuterRef("pk"), status=ClaimStatus.ASKED)
    return payees.annotate(
        claimed=Coalesce(Subquery(balance.values("sum"), output_field=AMOUNT), ZERO, output_field=AMOUNT)
        - Coalesce(Subquery(set_off.values("sum"), output_field=AMOUNT), ZERO, output_field=AMOUNT),
        since=Subquery(since.values("day"), output_field=DateField()),
        asked=Subquery(asked.values("pk")[:1]),
    )


def claimed_of(payee: Payee) -> Decimal:
    """Return what is claimed of a payee, in their currency, less what a batch is about to set off."""
    claimed: Decimal = with_claims(Payee.objects.filter(pk=payee.pk)).get().claimed  # type: ignore[attr-defined]
    return claimed


def last_taken_back(payee: Payee) -> Reward | None:
    """Return the reward that was last taken back from a payee, in their currency, after it had been paid."""
    in_their_money = payee.entries.filter(currency=payee.currency)
    claims = in_their_money.filter(kind=EntryKind.CLAWBACK, debit=LedgerAccount.RECEIVABLE)
    last = claims.select_related("reward").order_by("-pk").first()
    return last.reward if last else None


def claim_ends_visible_to(user: Person) -> QuerySet[ClaimEnd]:
    """Return what was asked about claims where a member of staff may see the ledger."""
    return ClaimEnd.objects.filter(division__in=divisions_where(user, Permission.SEE_LEDGER))

"""Who may see which rewards and entries."""

from django.db.models import QuerySet

from commissions.models import LedgerEntry, Payee, Reward
from foundation.people.queries import Person, divisions_where
from foundation.people.states import Permission


def rewards_visible_to(user: Person) -> QuerySet[Reward]:
    """Return the rewards of the divisions where a member of staff may see referrals, or the ledger."""
    divisions = divisions_where(user, Permission.SEE_REFERRALS, Permission.SEE_LEDGER)
    return Reward.objects.filter(division__in=divisions)


def entries_visible_to(user: Person) -> QuerySet[LedgerEntry]:
    """Return the entries of the divisions where a member of staff may see the ledger."""
    return LedgerEntry.objects.filter(division__in=divisions_where(user, Permission.SEE_LEDGER))


def payees_visible_to(user: Person) -> QuerySet[Payee]:
    """Return the payees of the divisions where a member of staff may see the ledger."""
    return Payee.objects.filter(division__in=divisions_where(user, Permission.SEE_LEDGER))

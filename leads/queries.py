"""Who may see which leads, and how staff find one."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from accounts.queries import called, called_almost, is_part, reached_by
from foundation.divisions.models import Division
from foundation.people.models import User
from foundation.people.queries import Person, divisions_where
from foundation.people.states import Permission
from leads.models import Lead
from leads.states import OPEN


def leads_visible_to(user: Person) -> QuerySet[Lead]:
    """Return the leads of the divisions in which a member of staff may see leads."""
    return Lead.objects.filter(division__in=divisions_where(user, Permission.SEE_LEADS))


@dataclass(frozen=True, kw_only=True)
class LeadFilter:
    """What staff look for in the list of leads; what is left empty does not narrow it."""

    statuses: Sequence[str] = ()
    """Empty: those who still wait."""
    division: Division | None = None
    """This one and all below it."""
    assigned_to: User | None = None
    outcome: str = ""
    text: str = ""
    """A part of a name or an address, an e-mail address or a phone number."""


def leads_matching(user: Person, wanted: LeadFilter) -> QuerySet[Lead]:
    """Return the leads that a person may see and looks for, the newest first, with what a list shows of each."""
    leads = leads_visible_to(user).filter(status__in=wanted.statuses or sorted(OPEN))
    if wanted.division:
        leads = leads.filter(division__in=Division.objects.under(wanted.division))
    if wanted.assigned_to:
        leads = leads.filter(assigned_to=wanted.assigned_to)
    if wanted.outcome:
        leads = leads.filter(outcome=wanted.outcome)
    if text := wanted.text.strip():
        leads = _meant(text, among=leads)
    return leads.select_related("division", "assigned_to", "order").order_by("-pk")


def _meant(text: str, *, among: QuerySet[Lead]) -> QuerySet[Lead]:
    """Keep the leads that a text may mean; those with a letter wrong in their name only where there are no others."""
    reached = reached_by(text)
    if reached:
        return among.filter(reached)
    if not is_part(text):
        return among.none()
    ways = [called(text, among), called(text, among, field="address"), among.filter(email__contains=text.lower())]
    first, *others = (way.order_by().values("pk") for way in ways)
    found = among.filter(pk__in=first.union(*others))
    return found if found.exists() else called_almost(text, among)

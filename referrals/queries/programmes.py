"""Which programme runs where, and why somebody cannot take part."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Account
from accounts.states import AccountStatus, Standing
from billing.queries import service_statuses_of
from billing.states import ENDED, ServiceStatus
from foundation.divisions.models import Division
from foundation.divisions.queries import by_configuration
from foundation.now import today
from orders.models import InstalledService
from referrals.models import Programme, Referrer
from referrals.states import ProgrammeStatus, ReferrerStatus


@by_configuration
def _running() -> tuple[Programme, ...]:
    return tuple(Programme.objects.filter(status=ProgrammeStatus.ACTIVE).select_related("division"))


def is_within_dates(programme: Programme, on: date) -> bool:
    """Tell whether a day lies within a programme's dates."""
    return programme.starts_on <= on and (programme.ends_on is None or on <= programme.ends_on)


def programme_for(division: Division, on: date) -> Programme | None:
    """Return the programme that runs in a division on a day: its own, else its nearest ancestor's, the newest first."""
    return nearest_to(division, (one for one in _running() if is_within_dates(one, on)))


def programmes_within(division: Division) -> QuerySet[Programme]:
    """Return the programmes that have not ended and whose referrals a rule of a division may pay: here, above or below."""
    here = Q(division__in=division.lineage) | Q(division__lineage__contains=[division.pk])
    return Programme.objects.filter(here).exclude(status=ProgrammeStatus.ENDED).order_by("code")


def nearest_to(division: Division, running: Iterable[Programme]) -> Programme | None:
    """Return of some programmes that run the one of a division: its own, else its nearest ancestor's, the newest first."""
    here = [one for one in running if one.division_id in division.lineage]
    return max(
        here, key=lambda one: (division.lineage.index(one.division_id), one.starts_on, one.pk or 0), default=None
    )


def is_running(programme: Programme, on: date) -> bool:
    """Tell whether a programme runs on a day."""
    return programme.status == ProgrammeStatus.ACTIVE and is_within_dates(programme, on)


def counts_in(programme: Programme, division: Division, on: date) -> bool:
    """
    Tell whether orders of a division count for a programme on a day.

    They do where it runs for the division itself or for one above, and no division nearer runs one of its own.
    """
    nearest = programme_for(division, on)
    return is_running(programme, on) and nearest is not None and nearest.division_id == programme.division_id


def may_count_on_site(programme: Programme, market: Division, on: date) -> bool:
    """
    Tell whether what is ordered on the site of a market may count for a programme, as far as that is known on a day.

    Such a site sells in the markets below as well: which of them it is, the address will tell.
    """
    is_below = market.pk in programme.division.lineage
    return counts_in(programme, market, on) or (is_below and is_running(programme, on))


@dataclass(frozen=True)
class Reason:
    """One reason why a customer cannot refer: a code for programs, a sentence for the customer."""

    code: str
    sentence: str


def why_not(account: Account) -> tuple[Reason, ...]:
    """Return every reason why an account's customer cannot refer today; none: they can."""
    day = today(account.division)
    reasons = []
    if programme_for(account.division, day) is None:
        reasons.append(Reason("not_running", _("There is no referral program in your area at the moment.")))
    last_said = service_statuses_of(account.pk, day).first()
    status = last_said.status if last_said else ""
    if account.status == AccountStatus.CLOSED or status in ENDED:
        reasons.append(Reason("disconnected", _("This account's service has ended. Only customers can refer friends.")))
    elif status == ServiceStatus.SUSPENDED:
        reasons.append(
            Reason("suspended", _("This account's service is suspended. You can refer friends when it is restored."))
        )
    elif not _is_served(account, day):
        reasons.append(
            Reason("no_service", _("Nothing is installed on this account yet. You can refer friends from then on."))
        )
    if account.standing == Standing.DELINQUENT:
        reasons.append(
            Reason("past_due", _("A bill of this account is past due. You can refer friends when it is paid."))
        )
    return tuple(reasons)


def why_not_join(account: Account) -> tuple[Reason, ...]:
    """
    Return every reason why an account's customer cannot begin to take part today; none: they can.

    Besides those of `why_not`, that the account is suspended in another program: the one of a division above, which takes the
    place of one that is paused, is no way around that.
    """
    reasons = why_not(account)
    if Referrer.objects.filter(account=account, status=ReferrerStatus.SUSPENDED).exists():
        sentence = _(
            "This account does not take part in referring friends at the moment. Call us if that is a mistake."
        )
        reasons = (Reason("referrer_suspended", sentence), *reasons)
    return reasons


def _is_served(account: Account, day: date) -> bool:
    return InstalledService.objects.working_on(day).filter(account=account).exists()

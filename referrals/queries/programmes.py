"""Which programme runs where, and why somebody cannot take part."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import Account
from accounts.states import AccountStatus, Standing
from billing.models import ServiceStatusReport
from billing.states import ENDED, ServiceStatus
from foundation.divisions.models import Division
from foundation.divisions.queries import by_configuration
from foundation.now import today
from orders.models import InstalledService
from referrals.models import Programme
from referrals.states import ProgrammeStatus


@by_configuration
def _running() -> tuple[Programme, ...]:
    return tuple(Programme.objects.filter(status=ProgrammeStatus.ACTIVE).select_related("division"))


def is_within_dates(programme: Programme, on: date) -> bool:
    """Tell whether a day lies within a programme's dates."""
    return programme.starts_on <= on and (programme.ends_on is None or on <= programme.ends_on)


def programme_for(division: Division, on: date) -> Programme | None:
    """Return the programme that runs in a division on a day: its own, else its nearest ancestor's, the newest first."""
    here = [one for one in _running() if one.division_id in division.lineage and is_within_dates(one, on)]
    return max(
        here, key=lambda one: (division.lineage.index(one.division_id), one.starts_on, one.pk or 0), default=None
    )


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
    status = _service_status(account, day)
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


def _service_status(account: Account, day: date) -> str:
    """Return what the billing system last said of an account's service, as of a day; empty if it said nothing."""
    reports = ServiceStatusReport.objects.filter(account=account, effective_on__lte=day)
    latest = reports.order_by("-effective_on", "-occurred_at", "-pk").values_list("status", flat=True).first()
    return latest or ""


def _is_served(account: Account, day: date) -> bool:
    services = InstalledService.objects.filter(Q(until=None) | Q(until__gt=day), account=account, since__lte=day)
    return services.exists()

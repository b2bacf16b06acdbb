"""What does not work at a person's addresses, in words for them."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.models import Account
from foundation.people.models import User
from orders.queries import moment_in_words
from tickets.models import Outage
from tickets.queries.outages import outages_of
from tickets.states import OutageKind


@dataclass(frozen=True)
class OutageShown:
    """An outage at an address of theirs, now or planned."""

    title: str
    address: str
    sentence: str
    affected: str
    """What does not work; empty: all of it."""
    words: str
    is_now: bool


def outages_shown_to(user: User) -> list[OutageShown]:
    """Return what does not work, or will not, at a person's addresses."""
    return [shown(outage, account) for outage, account in outages_of(user)]


def shown(outage: Outage, account: Account) -> OutageShown:
    """Return an outage in words for those at one address."""
    return OutageShown(
        title=_title(outage),
        address=account.service_address,
        sentence=_sentence(outage),
        affected=", ".join(outage.families_in_words),
        words=str(outage.words),
        is_now=outage.is_under_way,
    )


def _title(outage: Outage) -> str:
    if not outage.is_under_way:
        return _("Planned work")
    if outage.kind == OutageKind.MAINTENANCE:
        return _("We are working on the network")
    return _("There is an outage")


def _sentence(outage: Outage) -> str:
    said = []
    if not outage.is_under_way:
        said.append(_("It begins on %(at)s.") % {"at": moment_in_words(outage.starts_at, outage.division.zone)})
    if outage.expected_at:
        said.append(
            _("We expect it to work again by %(at)s.")
            % {"at": moment_in_words(outage.expected_at, outage.division.zone)}
        )
    return " ".join(said) or _("We are working on it, and tell you when it works again.")

"""The inherited division settings that commissions read."""

from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from commissions.models import Rule
from foundation.divisions.models import Division
from foundation.divisions.settings import declare


def paying_division(division: Division) -> Division | None:
    """Return the division with which another is judged and paid: the topmost of it and those above that has a rule."""
    holders = Division.objects.filter(pk__in=division.lineage).filter(pk__in=Rule.objects.values("division"))
    return min(holders, key=lambda holder: holder.depth, default=None)


QUALIFICATION_HOUR = declare(
    "commissions.qualification_hour",
    kind=int,
    default=2,
    label=_("Rewards are judged from this hour on"),
    help=_("Each night, in this market's time zone: what the bills of the day before say of every reward."),
    minimum=0,
    maximum=23,
    holder=paying_division,
)
PAYOUT_IS_AUTOMATIC = declare(
    "commissions.payout_is_automatic",
    kind=bool,
    default=True,
    label=_("Payout batches are built by themselves"),
    help=_("Once a month. A person freezes it, and another one reads and approves it all the same."),
    holder=paying_division,
)
PAYOUT_DAY = declare(
    "commissions.payout_day",
    kind=int,
    default=5,
    label=_("Day of the month on which the payout batch is built"),
    help=_("After that night's judgement of the rewards."),
    minimum=1,
    maximum=28,
    holder=paying_division,
)
DISPUTE_DAYS = declare(
    "commissions.dispute_days",
    kind=int,
    default=10,
    label=_("Days within which a disputed line is answered"),
    help=_("Counted from the day after a payee has asked. The payee is told the date."),
    minimum=1,
    maximum=90,
)
BANK_HOLD_DAYS = declare(
    "commissions.bank_hold_days",
    kind=int,
    default=7,
    label=_("Days for which nothing is sent to new bank details"),
    help=_("Counted from the day on which a payee gives them, their first ones, too. The payee is told the date."),
    minimum=0,
    maximum=60,
)
FLAG_ABOVE = declare(
    "commissions.flag_above",
    kind=Decimal,
    default=Decimal("100.00"),
    label=_("Rewards above this amount are always audited"),
    help=_("In this market's currency; payments in another are all audited. The sample comes on top."),
    minimum=0,
    maximum=100_000,
)
FLAGS_FIRST_REWARDS = declare(
    "commissions.flags_first_rewards",
    kind=bool,
    default=True,
    label=_("A payee's first reward is always audited"),
    help=_("Whoever was never paid before is looked at by a person."),
)

"""The inherited division settings that commissions read."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from commissions.models import Rule
from foundation.ach import AchRefused, Originator
from foundation.divisions.models import Division
from foundation.divisions.settings import Setting, declare


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
    minimum=3,
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


# Who sends bank transfers, and by which bank. ------------------------------------------------------------------------

ANY_ORIGINATOR = Originator(
    immediate_destination="123456780", destination_name="BANK", immediate_origin="1234567890", origin_name="HOUSE",
    company_name="HOUSE", company_id="1234567890", odfi="123456780", entry_description="REWARD",
)  # fmt: skip
"""Nobody: what one value is put into, to see whether the format can say it."""


def _fits(field: str) -> Callable[[str], None]:
    """Refuse what a bank file cannot say in one of its fields; nothing may be said: then no file is made."""

    def check(value: str) -> None:
        try:
            replace(ANY_ORIGINATOR, **({field: value} if value else {}))
        except AchRefused as refusal:
            raise ValidationError(refusal.message) from None

    return check


def _of_originator(
    field: str,
    label: str | Promise,
    help: str | Promise,  # noqa: A002  # as `declare` calls it
    default: str = "",
) -> Setting:
    return declare(f"commissions.ach_{field}", kind=str, default=default, label=label, help=help, check=_fits(field))


ORIGINATOR = {
    "immediate_destination": _of_originator(
        "immediate_destination",
        _("Bank transfers: routing number of the bank that gets the file"),
        _("Nine digits. Rewards in cash are transferred once all of these are set (immediate destination)."),
    ),
    "destination_name": _of_originator(
        "destination_name",
        _("Bank transfers: name of the bank that gets the file"),
        _("At most 23 characters."),
    ),
    "immediate_origin": _of_originator(
        "immediate_origin",
        _("Bank transfers: our number at that bank"),
        _("Nine or ten digits, as the bank has given them (immediate origin)."),
    ),
    "origin_name": _of_originator(
        "origin_name", _("Bank transfers: our name at that bank"), _("At most 23 characters.")
    ),
    "company_name": _of_originator(
        "company_name",
        _("Bank transfers: the name that payees read on their bank’s statement"),
        _("At most 16 characters."),
    ),
    "company_id": _of_originator(
        "company_id",
        _("Bank transfers: company identification"),
        _("At most ten digits and capital letters, as the bank has given them: often a 1 and the tax number."),
    ),
    "odfi": _of_originator(
        "odfi",
        _("Bank transfers: routing number of the bank that sends them"),
        _("Nine digits, of the originating bank (ODFI). Often that of the bank that gets the file."),
    ),
    "entry_description": _of_originator(
        "entry_description",
        _("Bank transfers: what they are, for payees’ bank statements"),
        _("At most ten characters."),
        "REWARD",
    ),
}
"""The fields of `foundation.ach.Originator`, each a setting."""

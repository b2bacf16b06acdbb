"""What divisions inherit about referrals."""

from django.utils.translation import gettext_lazy as _

from foundation.divisions.settings import declare

MOST_IN_A_DAY = declare(
    "referrals.most_in_a_day",
    kind=int,
    default=5,
    label=_("Referrals of one referrer in 24 hours"),
    help=_("Each one more than this waits until a person has looked at it."),
    minimum=1,
    maximum=1000,
)

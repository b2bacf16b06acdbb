"""What divisions inherit about tickets."""

import os
import re
from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from foundation.divisions.models import Division
from foundation.divisions.settings import declare
from tickets.states import TicketType, ToClosed

CLOSES_AFTER = declare(
    "tickets.closes_after",
    kind=int,
    default=5,
    label=_("Days until a resolved ticket is closed"),
    help=_("Counted from the moment it was resolved. Until then, the customer is asked whether it is fixed."),
    minimum=0,
    maximum=90,
)
REOPENS_WITHIN = declare(
    "tickets.reopens_within",
    kind=int,
    default=30,
    label=_("Days in which a closed ticket can be reopened"),
    help=_("Counted from the moment it was closed. Later, a new ticket is opened."),
    minimum=0,
    maximum=365,
)
UNDO_SECONDS = declare(
    "tickets.undo_seconds",
    kind=int,
    default=30,
    label=_("Seconds in which an answer can be taken back"),
    help=_("An answer to a customer leaves so many seconds after it was written. 0: at once."),
    minimum=0,
    maximum=600,
)
ALARM_MINUTES = declare(
    "tickets.alarm_minutes",
    kind=int,
    default=15,
    label=_("Minutes between two alarms about tickets for nobody"),
    help=_(
        "Supervisors are written to when nobody can take a ticket: at most once in so many minutes, about all of them."
    ),
    minimum=1,
    maximum=1440,
)
MAIL_TO_CLOSED = declare(
    "tickets.mail_to_closed",
    kind=str,
    default=ToClosed.REOPEN.value,
    label=_("A mail to a closed ticket"),
    help=_("Reopens it while that is allowed, or always opens a new ticket that names the old one."),
    choices=lambda _division: [(choice.value, str(choice.label)) for choice in ToClosed],
)
MAIL_OPENS = declare(
    "tickets.mail_opens",
    kind=str,
    default=TicketType.TROUBLE.value,
    label=_("A mail that belongs to no ticket opens"),
    help=_("The type of the tickets that customers open by mail."),
    choices=lambda _division: [(choice.value, str(choice.label)) for choice in TicketType],
)
AUTOMATIC_PER_HOUR = declare(
    "tickets.automatic_per_hour",
    kind=int,
    default=10,
    label=_("Automatic mails to one address in an hour"),
    help=_("Receipts and the like. Further ones are not sent: two machines that answer each other come to an end."),
    minimum=1,
    maximum=100,
)
MAINTENANCE_NOTICE = declare(
    "tickets.maintenance_notice",
    kind=int,
    default=3,
    label=_("Days before maintenance on which customers are told"),
    help=_("What is planned at shorter notice is announced at once."),
    minimum=0,
    maximum=60,
)
CREDIT_AFTER = declare(
    "tickets.credit_after",
    kind=int,
    default=240,
    label=_("Minutes of an outage before it is credited"),
    help=_("A shorter outage brings no credit, a longer one the whole of its time."),
    minimum=0,
    maximum=43200,
)
CREDITS_MAINTENANCE = declare(
    "tickets.credits_maintenance",
    kind=bool,
    default=False,
    label=_("Planned maintenance is credited"),
    help=_("As an outage is, by its time."),
)


def _systems_that_read(_division: Division) -> Iterator[tuple[str, str]]:
    """Yield the systems whose addresses the servers know, by the code in `DIAGNOSTICS_<CODE>_URL`."""
    yield "", "–"
    known = (re.fullmatch(r"DIAGNOSTICS_([A-Z0-9_]+)_URL", name) for name in sorted(os.environ))
    yield from ((found[1].lower(), found[1].capitalize()) for found in known if found)


DIAGNOSTICS = declare(
    "tickets.diagnostics",
    kind=str,
    default="",
    label=_("System that reads equipment"),
    help=_("What modems and boxes are read by while somebody reports trouble. None: no equipment is read here."),
    choices=_systems_that_read,
)

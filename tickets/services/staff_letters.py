"""What colleagues are written about tickets."""

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import override

from foundation.correspondence.services import compose, queue_message
from foundation.divisions.models import Division
from foundation.people.models import User
from tickets.models import Ticket


def write_to_staff(  # noqa: PLR0913  # to whom, what, about what: each has a name
    person: User, kind: str, words: Callable[[], Mapping[str, Any]], *, key: str, about: Ticket, division: Division
) -> None:
    """
    Write to a colleague about a ticket, in their language; a second time under the same key, nothing is sent.

    :param kind: of the letter; its template is called so
    :param words: returns what it says, besides their name, the ticket and the address of its page; called in the colleague's language
    """
    language = person.language or division.language
    with override(language):
        known = {"name": person.get_short_name(), "ticket": about, "link": link_to("desk:ticket", about.number)}
        context = {**known, **words()}
    queue_message(
        compose(f"tickets/mail/{kind}", context, language=language, division=division),
        key=f"tickets.{kind}:{key}",
        kind=f"tickets.{kind}",
        to=person.email,
        language=language,
        division=division,
        subject=about,
    )


def link_to(page: str, *args: object) -> str:
    """Return the address of a page of the desk."""
    return f"{settings.SITE_URL}{reverse(page, args=args)}"

"""
What a friend is written: an operator's text in the frame of the brand.

A letter is rendered once for each program, market and language, with marks where one friend's letter differs from
another's; ten thousand letters are that form filled in ten thousand times.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.html import escape
from django.utils.translation import gettext as _

from accounts.models import Customer
from foundation.correspondence.services import Letter, compose, link_to_unsubscribe
from foundation.divisions.models import Division
from foundation.divisions.queries import brand_of, by_configuration, division_by_id
from referrals.models import Invitation, Programme
from referrals.queries.links import link_in_invitation, link_to_stop
from referrals.queries.wording import is_name

SALT = secrets.token_hex(6)
"""In every mark of this process, so that nothing which anybody types is one."""
BLANKS = ("referrer", "friend", "note", "link", "stop", "unsubscribe")
MARKS = {name: f"blank{SALT}{name}end" for name in BLANKS}
_ANY_MARK = re.compile("(" + "|".join(MARKS.values()) + ")")


class Blanked:
    """A text with marks, cut at them once, so that it can be filled in for many friends."""

    def __init__(self, text: str) -> None:
        names = {mark: name for name, mark in MARKS.items()}
        pieces = _ANY_MARK.split(text)
        self.pieces = tuple(pieces)
        self.blanks = tuple((place, names[pieces[place]]) for place in range(1, len(pieces), 2))

    def fill(self, values: Mapping[str, str]) -> str:
        """Return the text of one friend."""
        pieces = list(self.pieces)
        for place, name in self.blanks:
            pieces[place] = values[name]
        return "".join(pieces)


@dataclass(frozen=True)
class Form:
    """A letter with marks for what differs from friend to friend."""

    subject_line: Blanked
    text: Blanked
    html: Blanked

    def fill(self, values: Mapping[str, str]) -> Letter:
        """Return the letter of one friend."""
        one_line = {name: " ".join(value.split()) for name, value in values.items()}
        escaped = {name: escape(value) for name, value in values.items()}
        return Letter(self.subject_line.fill(one_line), self.text.fill(values), self.html.fill(escaped))


def first_name(name: str) -> str:
    """
    Return the first word of a name: by it a friend knows who invites them, and no more is said.

    What cannot be a name (an address, a number) is not repeated to anybody: it is “somebody you know”.
    """
    first = name.split(maxsplit=1)[0] if name.split() else ""
    return first if is_name(first) else _("Somebody you know")


def in_words(text: str, programme: Programme, *, referrer: str, division: Division, language: str) -> str:
    """Return an operator's text with `{referrer}`, `{reward}` and `{brand}` filled in; other braces stay as they are."""
    brand = brand_of(division)
    values = {
        "{referrer}": referrer,
        "{reward}": programme.friend_rewards_in_words.in_language(language),
        "{brand}": brand.name if brand else "",
    }
    return re.sub(r"\{(?:referrer|reward|brand)\}", lambda found: values[found[0]], text)


def _form(programme: Programme, division: Division, language: str, *, has_note: bool) -> Form:
    def words(text: str) -> str:
        return in_words(text, programme, referrer=MARKS["referrer"], division=division, language=language)

    body = programme.invitation_texts.in_language(language)
    context = {
        "subject": words(programme.subjects.in_language(language)),
        "body": words(body),
        "reward": "" if "{reward}" in body else programme.friend_rewards_in_words.in_language(language),
        "has_note": has_note,
        **MARKS,
    }
    letter = compose("referrals/mail/invitation", context, language=language, division=division)
    return Form(Blanked(letter.subject_line), Blanked(letter.text), Blanked(letter.html))


@by_configuration
def _kept_form(programme_id: int, division_id: int, language: str, *, has_note: bool) -> Form:
    programme = Programme.objects.get(pk=programme_id)
    return _form(programme, division_by_id(division_id), language, has_note=has_note)


def invitation_letter(  # noqa: PLR0913  # what differs from letter to letter has a name
    programme: Programme,
    *,
    language: str,
    division: Division | None = None,
    referrer: str = "Robin",
    friend: str = "Alex",
    note: str = "",
) -> Letter:
    """
    Render an invitation as it would be sent, of a program that need not be saved; its links lead nowhere.

    :param division: in whose brand; by default the program's own
    """
    division = division or programme.division
    form = _form(programme, division, language, has_note=bool(note))
    return form.fill(
        {
            "referrer": referrer,
            "friend": friend,
            "note": note,
            "link": link_in_invitation("preview", division),
            "stop": link_to_stop("preview", division),
            "unsubscribe": link_to_unsubscribe("preview"),
        }
    )


def letter_of(invitation: Invitation) -> Letter:
    """Return the letter of an invitation, whose referrer and customer were read with it."""
    customer: Customer = invitation.referrer.customer
    division = division_by_id(invitation.division_id)
    form = _kept_form(
        invitation.referrer.programme_id, invitation.division_id, invitation.language, has_note=bool(invitation.note)
    )
    return form.fill(
        {
            "referrer": first_name(customer.name),
            "friend": invitation.friend_name,
            "note": invitation.note,
            "link": link_in_invitation(invitation.token, division),
            "stop": link_to_stop(invitation.token, division),
            "unsubscribe": link_to_unsubscribe(letter_key(invitation)),
        }
    )


def letter_key(invitation: Invitation) -> str:
    """Return the key of an invitation's message: queued twice, it is one."""
    return f"referrals.invitation:{invitation.pk}"

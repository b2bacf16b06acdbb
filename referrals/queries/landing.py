"""What a friend is told where they land: who thought of them and what they get, and nothing that would not be kept."""

from dataclasses import dataclass
from datetime import date

from django.utils.translation import get_language, gettext as _

from foundation.divisions.models import Division
from foundation.divisions.queries import division_by_id
from foundation.now import now, today
from referrals.models import Programme, Referrer, Touch
from referrals.queries.letters import first_name, in_words
from referrals.queries.links import referrer_by_code
from referrals.queries.programmes import is_within_dates
from referrals.states import ProgrammeStatus


@dataclass(frozen=True, kw_only=True)
class Welcome:
    """The words of the page on which a friend lands."""

    headline: str
    text: str = ""
    referrer: str = ""
    """The first name of who sent them; empty where nothing is promised."""
    reward: str = ""
    notice: str = ""
    """What is to be said where nothing is promised."""


def welcome_by(touch_token: str, division: Division) -> Welcome:
    """
    Return the words for a friend who comes with a touch, as of now.

    Whoever comes with none, or with one that earns nothing (any more), is as welcome, and is promised nothing.

    :param division: the market on whose site they land
    """
    related = ("referrer__programme__division", "referrer__customer")
    touch = Touch.objects.select_related(*related).filter(token=touch_token).first() if touch_token else None
    if touch and _is_within_window(touch) and _refers(touch.referrer, division, today(division)):
        name = first_name(touch.referrer.customer.name)
        return promise_of(touch.referrer.programme, name, division_by_id(touch.referrer.division_id))
    return Welcome(
        headline=_("What can you get at home?"),
        text=_("Tell us your address and see what you can have there, what it costs today, each month, and later."),
        notice=_("No reward comes with this link at the moment. You can order just the same."),
    )


def promise_of(programme: Programme, referrer: str, division: Division) -> Welcome:
    """Return the words of a programme as a friend reads them, in the name of a referrer and in a division's brand."""
    language = get_language() or "en"

    def said(text: str) -> str:
        return in_words(text, programme, referrer=referrer, division=division, language=language)

    return Welcome(
        headline=said(str(programme.headlines)),
        text=said(str(programme.landing_texts)),
        referrer=referrer,
        reward=str(programme.friend_rewards_in_words),
    )


def is_code_of(code: str, division: Division, *, on: date | None = None) -> bool:
    """
    Tell whether a code is one of a division's market.

    :param on: if given, whether it would also earn something on that day
    """
    referrer = referrer_by_code(code)
    if referrer is None or referrer.programme.division_id not in division.lineage:
        return False
    return on is None or _refers(referrer, division, on)


def _is_within_window(touch: Touch) -> bool:
    return now() - touch.at < touch.referrer.programme.window


def _refers(referrer: Referrer, division: Division, on: date) -> bool:
    """Tell whether a referrer brings friends to a division's market on a day."""
    programme = referrer.programme
    is_running = programme.status == ProgrammeStatus.ACTIVE and is_within_dates(programme, on)
    is_near = programme.division_id in division.lineage or division.pk in programme.division.lineage
    return referrer.is_active and is_running and is_near

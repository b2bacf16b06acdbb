"""What a friend is told where they land: who thought of them and what they get, and nothing that would not be kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import get_language, gettext as _

from foundation.divisions.models import Division
from foundation.divisions.queries import division_by_id
from foundation.now import now, today
from orders.models import Order
from referrals.models import Programme, Referral, Referrer, ResolvedTouch, Touch
from referrals.queries.letters import first_name, in_words
from referrals.queries.links import referrer_by_code
from referrals.queries.programmes import counts_in, may_count_on_site, programme_for
from referrals.queries.resolver import precedence
from referrals.states import ReferralStatus, TouchKind, TouchOutcome, TouchPreference
from territory.models import Premises


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
    if touch and _is_within_window(touch) and _may_refer(touch.referrer, division):
        name = first_name(touch.referrer.customer.name)
        return promise_of(touch.referrer.programme, name, division_by_id(touch.referrer.division_id))
    return Welcome(
        headline=_("What can you get at home?"),
        text=_("Tell us your address and see what you can have there, what it costs today, each month, and later."),
        notice=_("No reward comes with this link at the moment. You can order just the same."),
    )


def looked_up_for(touch_token: str, division: Division) -> Premises | None:
    """
    Return the address that was looked up for a friend when they were invited, if they come by that very letter.

    It is not to be shown to them as it is: the letter may have been passed on, or have reached a stranger by a mistyped
    e-mail address. Who knows its house number (`is_number_of`) may be led to it.
    """
    checked = "invitation__qualification"
    related = ("referrer__programme__division", f"{checked}__premises", f"{checked}__division")
    opened = Touch.objects.select_related(*related).filter(token=touch_token, kind=TouchKind.INVITATION)
    touch = opened.first() if touch_token else None
    if touch is None or touch.invitation is None or not touch.invitation.is_live:
        return None
    if not (_is_within_window(touch) and _may_refer(touch.referrer, division)):
        return None
    answer = touch.invitation.qualification
    premises = answer.premises if answer and division.pk in answer.division.lineage else None
    return premises if premises and premises.house_number else None


def is_number_of(typed: str, premises: Premises) -> bool:
    """Tell whether what was typed is the house number of an address, and nothing but it."""
    return "".join(typed.split()).upper().lstrip("0") == premises.house_number.upper().lstrip("0")


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


def said_at(division: Division, tokens: Sequence[str], code: str = "") -> str:
    """
    Return what whoever orders at an address is told of who sent them, as of now; nothing where nobody has.

    It names whom the resolver would credit of these today, and says so where that is nobody.

    :param division: the address's, which decides; the site that they came to may have promised for another one
    :param tokens: of the touches that are carried
    :param code: that was typed or said, if any
    """
    best = _best_referrer(division, tokens, code)
    if best:
        words = {"name": first_name(best.customer.name), "reward": str(best.programme.friend_rewards_in_words)}
        return (
            _("%(name)s sent you. For you: %(reward)s") % words if words["reward"] else _("%(name)s sent you.") % words
        )
    if tokens or code:
        return _("No reward comes with your link or code at this address. You can order just the same.")
    return ""


def said_of(order: Order, tokens: Sequence[str], code: str = "") -> str:
    """
    Return what the page of a placed order repeats of who sent the friend and what both get; nothing where nobody has.

    Until it is decided who is credited, that is whom the cart named. Whoever was credited by an invited e-mail address
    alone is not named: anybody may have typed that address, and would learn here who invited it.

    :param tokens: of the touches that the order carries
    :param code: that was typed or said, if any
    """
    resolved = list(ResolvedTouch.objects.filter(order=order).select_related("touch"))
    if won := next((one for one in resolved if one.outcome == TouchOutcome.WON), None):
        return "" if won.touch.kind == TouchKind.INVITED_ADDRESS else said_in_letter(order)
    best = None if resolved else _best_referrer(order.division, tokens, code)
    return _both(best) if best else ""


def said_in_letter(order: Order) -> str:
    """Return what is written to a friend of who is credited for their order, and what both get; nothing without one."""
    related = ("referrer__customer", "referrer__programme")
    credited = Referral.objects.exclude(status=ReferralStatus.DISQUALIFIED).select_related(*related)
    referral = credited.filter(order=order).first()
    return _both(referral.referrer) if referral else ""


def _both(referrer: Referrer) -> str:
    words = {"name": first_name(referrer.customer.name), "reward": str(referrer.programme.friend_rewards_in_words)}
    if words["reward"]:
        return _("%(name)s sent you, and is rewarded too. For you: %(reward)s") % words
    return _("%(name)s sent you, and is rewarded too.") % words


def _best_referrer(division: Division, tokens: Sequence[str], code: str) -> Referrer | None:
    """Return whom of these a division's programme would credit today: who gave the code, else as touches rank."""
    day = today(division)
    given = referrer_by_code(code) if code else None
    if given and given.is_active and counts_in(given.programme, division, day):
        return given
    related = ("referrer__programme__division", "referrer__customer")
    carried = Touch.objects.select_related(*related).filter(token__in=tokens) if tokens else ()
    good = [
        one
        for one in carried
        if _is_within_window(one) and one.referrer.is_active and counts_in(one.referrer.programme, division, day)
    ]
    running = programme_for(division, day)
    preference = TouchPreference(running.preference) if running else TouchPreference.FIRST
    best = min(good, key=lambda one: precedence(TouchKind(one.kind), one.at, one.pk, preference), default=None)
    return best.referrer if best else None


def is_code_of(code: str, division: Division, *, on: date | None = None) -> bool:
    """
    Tell whether a code is one of a division's market.

    :param on: if given, whether it would also earn something on that day
    """
    referrer = referrer_by_code(code)
    if referrer is None or referrer.programme.division_id not in division.lineage:
        return False
    return on is None or (referrer.is_active and counts_in(referrer.programme, division, on))


def _is_within_window(touch: Touch) -> bool:
    return now() - touch.at < touch.referrer.programme.window


def _may_refer(referrer: Referrer, market: Division) -> bool:
    return referrer.is_active and may_count_on_site(referrer.programme, market, today(market))

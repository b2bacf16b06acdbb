"""
What brought a visitor here: a partner's code and the tokens of touches, carried in addresses and in a cookie.

A touch is carried with our signature and the moment at which it was made. From an address or a form, which anybody may
have put together, it counts for an hour after that: long enough for who refuses cookies, too short for touches to be
kept for later and slipped to somebody else. What our own cookie remembers counts for as long as the cookie does.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponse

from referrals.services import TOUCH_MARK

COOKIE = f"{settings.COOKIE_PREFIX}came_by"
KEPT_FOR = timedelta(days=90)
"""How long the cookie remembers a touch."""
FRESH_FOR = timedelta(hours=1)
"""How long a touch counts that an address or a form carries."""
MOST_TOUCHES = 10
MARK = re.compile(r"[A-Za-z0-9_-]{1,80}")
"""A partner's code as we give them out; anything else is dropped."""
SIGNER = TimestampSigner(sep=".", salt="storefront.came_by")


@dataclass(frozen=True)
class CameBy:
    """The marks of one visitor: the last partner's code, and the touches with our signature, the oldest first."""

    partner: str = ""
    touches: tuple[str, ...] = ()

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The marks as names and values, for hidden fields and addresses."""
        return (*self._partners, *(("touch", touch) for touch in self.touches))

    @property
    def tokens(self) -> tuple[str, ...]:
        """The tokens of the touches, the oldest first."""
        return tuple(touch.split(SIGNER.sep)[0] for touch in self.touches)

    @property
    def marks(self) -> list[str]:
        """The marks as an order keeps them."""
        return [
            *(f"{name}:{code}" for name, code in self._partners),
            *(f"{TOUCH_MARK}{token}" for token in self.tokens),
        ]

    @property
    def _partners(self) -> tuple[tuple[str, str], ...]:
        return (("partner", self.partner),) if self.partner else ()

    def with_touch(self, token: str) -> "CameBy":
        """Return the marks with a touch that was made just now."""
        return CameBy(self.partner, _kept((*self.touches, SIGNER.sign(token))))

    def added_to(self, address: str) -> str:
        """Return an address that carries the marks on."""
        if not self.pairs:
            return address
        return f"{address}{'&' if '?' in address else '?'}{urlencode(self.pairs)}"


def came_by(request: HttpRequest) -> CameBy:
    """Read the marks of a request: what the cookie remembers, and what it carries itself while that is fresh."""
    remembered = _remembered(request.COOKIES)
    sent = request.POST if request.method == "POST" else request.GET
    partner = sent.get("partner", "")
    fresh = (touch for touch in sent.getlist("touch") if _is_ours(touch, FRESH_FOR))
    return CameBy(partner if MARK.fullmatch(partner) else remembered.partner, _kept((*remembered.touches, *fresh)))


def remember(response: HttpResponse, marks: CameBy) -> HttpResponse:
    """Keep the marks in a cookie, so that they outlive a closed page."""
    if marks.pairs:
        value = json.dumps({"partner": marks.partner, "touches": marks.touches})
        response.set_cookie(COOKIE, value, max_age=KEPT_FOR, secure=settings.IS_SECURE, httponly=True, samesite="Lax")
    return response


def _kept(touches: tuple[str, ...]) -> tuple[str, ...]:
    """Return each touch once; of too many the oldest and the newest, so that none of either is pushed out."""
    once = tuple(dict.fromkeys(touches))
    half = MOST_TOUCHES // 2
    return once if len(once) <= MOST_TOUCHES else (*once[:half], *once[-half:])


def _is_ours(touch: str, age: timedelta) -> bool:
    try:
        SIGNER.unsign(touch, max_age=age)
    except BadSignature:
        return False
    return True


def _remembered(cookies: Mapping[str, str]) -> CameBy:
    try:
        kept = json.loads(cookies.get(COOKIE, "{}"))
        partner, touches = str(kept.get("partner", "")), [str(touch) for touch in kept.get("touches", [])]
    except (ValueError, AttributeError, TypeError, RecursionError):
        return CameBy()
    ours = tuple(touch for touch in touches[:MOST_TOUCHES] if _is_ours(touch, KEPT_FOR))
    return CameBy(partner if MARK.fullmatch(partner) else "", ours)

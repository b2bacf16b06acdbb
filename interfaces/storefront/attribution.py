"""What brought a visitor here: a partner's code and touch tokens, carried in addresses and in a cookie."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse

COOKIE = f"{settings.COOKIE_PREFIX}came_by"
COOKIE_AGE_SECONDS = 90 * 24 * 3600
MOST_TOUCHES = 10
MARK = re.compile(r"[A-Za-z0-9_-]{1,80}")
"""A code or token as we give them out; anything else is dropped."""


@dataclass(frozen=True)
class CameBy:
    """The marks of one visitor: the last partner's code, and every touch token, the oldest first."""

    partner: str = ""
    touches: tuple[str, ...] = ()

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The marks as names and values, for hidden fields and addresses."""
        partner = (("partner", self.partner),) if self.partner else ()
        return (*partner, *(("touch", touch) for touch in self.touches))

    def added_to(self, address: str) -> str:
        """Return an address that carries the marks on."""
        if not self.pairs:
            return address
        return f"{address}{'&' if '?' in address else '?'}{urlencode(self.pairs)}"


def came_by(request: HttpRequest) -> CameBy:
    """Read the marks of a request: what it carries itself, else what the cookie remembers."""
    remembered = _remembered(request.COOKIES)
    sent = request.POST if request.method == "POST" else request.GET
    partner = sent.get("partner", "")
    touches = [touch for touch in (*remembered.touches, *sent.getlist("touch")) if MARK.fullmatch(touch)]
    return CameBy(
        partner if MARK.fullmatch(partner) else remembered.partner, tuple(dict.fromkeys(touches))[-MOST_TOUCHES:]
    )


def remember(response: HttpResponse, marks: CameBy) -> HttpResponse:
    """Keep the marks in a cookie, so that they outlive a closed page."""
    if marks.pairs:
        value = json.dumps({"partner": marks.partner, "touches": marks.touches})
        response.set_cookie(
            COOKIE, value, max_age=COOKIE_AGE_SECONDS, secure=settings.IS_SECURE, httponly=True, samesite="Lax"
        )
    return response


def _remembered(cookies: Mapping[str, str]) -> CameBy:
    try:
        kept = json.loads(cookies.get(COOKIE, "{}"))
        marks = CameBy(str(kept.get("partner", "")), tuple(str(touch) for touch in kept.get("touches", [])))
    except (ValueError, AttributeError, TypeError, RecursionError):
        return CameBy()
    return marks if not marks.partner or MARK.fullmatch(marks.partner) else CameBy(touches=marks.touches)

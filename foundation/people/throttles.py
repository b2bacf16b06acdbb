"""
How often one visitor may do what costs us or tells them something.

Use it so:

    from foundation.people.throttles import throttled

    @throttled("address_check")                     # counts POSTs; over the limit the view is not called: a 429 page
    def check_address(request): ...

    @throttled("pdf", methods=("GET",))
    def confirmation_pdf(request, token): ...

The limits stand in the setting `THROTTLES` by name, such as `"30/m/client 300/d/client"`: at most 30 in a minute and
300 in a day from one client address. `client`, `session` and `account` say who is counted; a visitor without a session
or an account is counted by address. They are kept in Postgres, one statement per request, and a window that is over
is forgotten: nobody is locked out for good, and knocking on the door does not keep it shut.
"""

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache, wraps
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse

from foundation.now import now
from foundation.people.http import client_address, household_of, too_many_requests

Args = ParamSpec("Args")
View = Callable[Concatenate[HttpRequest, Args], HttpResponse]

PERIODS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}

COUNT = """
    INSERT INTO people_attempts (key, count, until) SELECT * FROM unnest(%(keys)s, %(ones)s, %(untils)s)
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN people_attempts.until <= %(now)s THEN 1 ELSE people_attempts.count + 1 END,
        until = CASE WHEN people_attempts.until <= %(now)s THEN excluded.until ELSE people_attempts.until END
    RETURNING key, count, until
"""


@dataclass(frozen=True)
class Limit:
    """At most so many in a period, of one client, session or account."""

    most: int
    period: timedelta
    of: str


@lru_cache
def parse_limits(text: str) -> tuple[Limit, ...]:
    """
    Read limits such as `30/m/client 300/d/client`.

    :raises ValueError: if one cannot be read
    """
    return tuple(_parse(part) for part in text.split())


def _parse(text: str) -> Limit:
    most, period, of = text.split("/")
    if of not in _WHO or period not in PERIODS:
        raise ValueError(f"A limit reads 30/m/client, with s, m, h or d, and one of {', '.join(_WHO)}: {text}")
    return Limit(int(most), PERIODS[period], of)


def throttled(name: str, *, methods: Collection[str] = ("POST",)) -> Callable[[View[Args]], View[Args]]:
    """Let a view answer only so often; the limits stand in `settings.THROTTLES` under this name."""
    parse_limits(settings.THROTTLES[name])

    def throttling(view: View[Args]) -> View[Args]:
        @wraps(view)
        def counted(request: HttpRequest, /, *args: Args.args, **kwargs: Args.kwargs) -> HttpResponse:
            if request.method in methods and (wait := count_attempt(name, request)):
                return too_many_requests(request, wait)
            return view(request, *args, **kwargs)

        return counted

    return throttling


def count_attempt(name: str, request: HttpRequest) -> timedelta | None:
    """Count an attempt and return for how long there are no more, or nothing where there still are."""
    at = now()
    limits = {_key(name, limit, request): limit for limit in parse_limits(settings.THROTTLES[name])}
    keys = sorted(limits)  # one order for all, or two requests could wait for each other
    parameters: Any = {
        "keys": keys,
        "ones": [1] * len(keys),
        "untils": [at + limits[key].period for key in keys],
        "now": at,
    }
    with connection.cursor() as cursor:
        cursor.execute(COUNT, parameters)
        waits = [_wait(limits[key], count, until, at) for key, count, until in cursor.fetchall()]
    return max((wait for wait in waits if wait), default=None)


def _wait(limit: Limit, count: int, until: datetime, at: datetime) -> timedelta | None:
    return until - at if count > limit.most * settings.THROTTLE_FACTOR else None


def _key(name: str, limit: Limit, request: HttpRequest) -> str:
    """Name a counter without keeping whom it counts."""
    text = f"{name} {limit.most}/{limit.period} {limit.of} {_WHO[limit.of](request)}"
    return hashlib.blake2b(text.encode(), key=settings.SECRET_KEY.encode()[:64], digest_size=16).hexdigest()


def _client(request: HttpRequest) -> str:
    return household_of(client_address(request))


def _session(request: HttpRequest) -> str:
    return request.COOKIES.get(settings.SESSION_COOKIE_NAME) or _client(request)


def _account(request: HttpRequest) -> str:
    if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
        return f"account {request.user.pk}"
    return _client(request)


_WHO: dict[str, Callable[[HttpRequest], str]] = {"client": _client, "session": _session, "account": _account}

"""How often one visitor may do what."""

from datetime import timedelta

import pytest
import time_machine
from django.http import HttpResponse
from django.test import RequestFactory

from foundation.now import now
from foundation.people.http import client_address
from foundation.people.models import Attempts
from foundation.people.throttles import count_attempt, parse_limits, throttled

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def limits(settings):
    settings.THROTTLES = {"knock": "3/m/client 5/h/client", "talk": "1/m/session"}
    settings.THROTTLE_FACTOR = 1


def knock(address="192.0.2.1", **headers):
    return count_attempt("knock", RequestFactory().post("/", REMOTE_ADDR=address, **headers))


class TestThrottle:
    def test_lets_so_many_through_and_says_how_long_to_wait(self):
        with time_machine.travel(now(), tick=False):
            waits = [knock() for _ in range(4)]

        assert waits == [None, None, None, timedelta(minutes=1)]

    def test_counts_each_client_alone(self):
        for _ in range(4):
            knock()

        assert knock("192.0.2.2") is None

    def test_takes_an_ipv6_household_for_one_client(self):
        waits = [knock(f"2001:db8:1:1::{number}") for number in range(4)]

        assert waits[-1] is not None
        assert knock("2001:db8:1:2::1") is None

    def test_opens_again_by_itself_however_often_one_knocked(self):
        start = now()
        with time_machine.travel(start, tick=False):
            for _ in range(50):
                knock()

        with time_machine.travel(start + timedelta(hours=1, seconds=1), tick=False):
            assert knock() is None

    def test_is_one_statement(self, django_assert_num_queries):
        with django_assert_num_queries(1):
            knock()

    def test_keeps_nobodys_address(self):
        knock("192.0.2.77")

        assert not any("192.0.2.77" in str(row.key) for row in Attempts.objects.all())

    def test_counts_by_session_where_there_is_one(self, settings):
        def talk(session):
            request = RequestFactory().post("/")
            request.COOKIES[settings.SESSION_COOKIE_NAME] = session
            return count_attempt("talk", request)

        assert (talk("one"), talk("two")) == (None, None)
        assert talk("one") is not None

    @pytest.mark.parametrize("text", ["many", "3/m", "3/w/client", "3/m/planet", "x/m/client"])
    def test_refuses_a_limit_that_it_cannot_read(self, text):
        with pytest.raises(ValueError):
            parse_limits(text)


class TestThrottledView:
    def test_answers_429_with_the_time_to_come_back(self, settings):
        view = throttled("knock")(lambda _request: HttpResponse("in"))
        answers = [view(RequestFactory().post("/")) for _ in range(4)]

        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert 0 < int(answers[-1]["Retry-After"]) <= 60

    def test_counts_no_other_method(self):
        view = throttled("knock")(lambda _request: HttpResponse("in"))

        assert {view(RequestFactory().get("/")).status_code for _ in range(10)} == {200}


class TestClientAddress:
    @pytest.mark.parametrize(
        ("proxies", "forwarded", "expected"),
        [
            (0, "203.0.113.9", "192.0.2.1"),
            (1, "203.0.113.9", "203.0.113.9"),
            (1, "198.51.100.7, 203.0.113.9", "203.0.113.9"),
            (2, "198.51.100.7, 203.0.113.9", "198.51.100.7"),
            (2, "203.0.113.9", "192.0.2.1"),
            (1, "nonsense", "0.0.0.0"),
            (1, "", "192.0.2.1"),
        ],
    )
    def test_believes_only_our_own_proxies(self, settings, proxies, forwarded, expected):
        settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
        request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR=forwarded)

        assert client_address(request) == expected

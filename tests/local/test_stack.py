"""The tools of the fault tests do what they say; else those tests would show nothing."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from django.db import connection

from config.celery import app
from foundation.events.tasks import deliver_due
from tests.stack import Fault, FaultProxy, Stack, eventually


class Counting(BaseHTTPRequestHandler):
    """Counts its requests."""

    count = 0

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        type(self).count += 1
        self.send_response(201)
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def server():
    Counting.count = 0
    with ThreadingHTTPServer(("127.0.0.1", 0), Counting) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def proxy(server):
    with FaultProxy(server.server_port) as proxy:
        yield proxy


def post(proxy: FaultProxy, *, patience: float = 20) -> int:
    return httpx.post(proxy.url, content=b"body", timeout=patience).status_code


class TestFaultProxy:
    def test_passes_on(self, proxy):
        assert (post(proxy), Counting.count) == (201, 1)

    def test_resets(self, proxy):
        proxy.fault = Fault.RESET

        with pytest.raises(
            httpx.TransportError
        ) as met:  # who was still sending meets the reset there, and reads an end
            post(proxy)
        assert not isinstance(met.value, httpx.TimeoutException)
        assert Counting.count == 0

    def test_stalls(self, proxy):
        proxy.fault = Fault.STALL

        with pytest.raises(httpx.ReadTimeout):
            post(proxy, patience=0.5)
        assert Counting.count == 0

    def test_loses_the_answer_to_what_was_carried_out(self, proxy):
        proxy.fault = Fault.CUT_ANSWER

        with pytest.raises(httpx.TransportError):
            post(proxy)
        assert Counting.count == 1

    def test_delays(self, proxy):
        proxy.delay = 0.5
        began = time.monotonic()

        assert post(proxy) == 201
        assert time.monotonic() - began > 0.5


class TestStack:
    def test_its_worker_takes_tasks_from_its_redis_and_outlives_a_killed_child(self, stack: Stack):
        with stack.redis() as redis, stack.worker() as worker:
            with app.connection_for_write(redis.url()) as broker:
                deliver_due.apply_async(connection=broker)
                eventually(lambda: "succeeded" in worker.output, within=20)
                worker.kill_child()
                deliver_due.apply_async(connection=broker)
            eventually(lambda: worker.output.count("succeeded") == 2, within=20)

    def test_its_web_sees_the_database_of_the_test(self, stack: Stack):
        database = connection.settings_dict["NAME"]

        with stack.web(workers=1) as web:
            assert httpx.get(f"{web.url}/health/ready", timeout=30).status_code == 200
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", [database])
                assert cursor.fetchone()[0] > 1

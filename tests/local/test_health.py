import httpx
import pytest
from django.test import Client

from foundation.people.testing import make_person
from tests.stack import Stack, eventually, free_port

pytestmark = pytest.mark.django_db


class TestReady:
    def test_is_yes_while_postgres_answers(self, client: Client):
        def both_answer():
            answer = client.get("/health/ready")
            assert answer.status_code == 200
            return answer.json() == {"database": "ok", "queue": "ok"}

        eventually(both_answer, within=30)  # a busy machine's queue may miss the check's short patience once

    def test_is_yes_without_a_broker_which_no_order_needs(self, stack: Stack):
        with stack.web(workers=1, REDIS_URL=f"redis://127.0.0.1:{free_port()}/0") as web:
            answer = httpx.get(f"{web.url}/health/ready", timeout=30)

        assert (answer.status_code, answer.json()) == (200, {"database": "ok", "queue": "away"})

    def test_is_no_without_postgres_though_the_process_lives(self, stack: Stack):
        with stack.web(workers=1, DATABASE_URL=f"postgres://nobody@127.0.0.1:{free_port()}/none") as web:
            ready = httpx.get(f"{web.url}/health/ready", timeout=30)
            live = httpx.get(f"{web.url}/health/live", timeout=30)

        assert (ready.status_code, ready.json()["database"]) == (503, "away")
        assert (live.status_code, live.text) == (200, "ok")


class TestMetrics:
    def test_are_no_page_for_strangers_and_customers(self, client: Client):
        assert client.get("/metrics").status_code == 404

        client.force_login(make_person())
        assert client.get("/metrics").status_code == 404

    @pytest.mark.parametrize(("token", "status"), [("right", 200), ("wrong", 404), ("", 404)])
    def test_are_open_to_a_collector_with_the_token(self, client: Client, settings, token, status):
        settings.METRICS_TOKEN = "right"

        answer = client.get("/metrics", headers={"Authorization": f"Bearer {token}"})

        assert answer.status_code == status

    def test_no_token_means_no_collector(self, client: Client, settings):
        settings.METRICS_TOKEN = ""

        assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404

    def test_tell_what_waits(self, client: Client, settings):
        settings.METRICS_TOKEN = "right"

        text = client.get("/metrics", headers={"Authorization": "Bearer right"}).text

        assert "deliveries_outstanding 0.0" in text
        assert "deliveries_lateness_seconds 0.0" in text

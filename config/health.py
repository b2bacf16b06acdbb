"""How the system is: whether it lives, whether it can serve, and what its numbers are."""

import hmac
from collections.abc import Iterator
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Count, Min, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from foundation.correspondence.models import Message
from foundation.events.models import Delivery
from foundation.events.services import outstanding_deliveries
from foundation.jobs.models import Job
from foundation.now import now
from foundation.people.queries import can_everywhere
from foundation.people.states import Permission

BEARER = "Bearer "
BROKER_PATIENCE = 1.0
"""Seconds that a health page waits for the broker, which no order waits for."""


@never_cache
@require_safe
def live(_request: HttpRequest) -> HttpResponse:
    """Answer as long as this process can answer at all; a supervisor restarts it otherwise."""
    return HttpResponse("ok", content_type="text/plain")


@never_cache
@require_safe
def ready(_request: HttpRequest) -> HttpResponse:
    """
    Tell a load balancer whether to send visitors here: yes, while Postgres answers.

    The broker is only reported, because orders are taken without it.
    """
    parts = {"database": _database_answers(), "queue": _broker_answers()}
    words = {name: "ok" if answers else "away" for name, answers in parts.items()}
    return JsonResponse(words, status=200 if parts["database"] else 503)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Show the numbers, which are of the whole house, to who sees all of it, and to a collector that has the token; to others there is no such page."""
    if not (_has_token(request) or (can_everywhere(request.user, Permission.CONFIGURE, Permission.AUDIT))):
        raise Http404
    registry = CollectorRegistry()
    registry.register(_Numbers())
    ProcessCollector(registry=registry)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _broker_answers() -> bool:
    try:
        with current_app.connection_for_write(connect_timeout=BROKER_PATIENCE) as broker:
            broker.ensure_connection(max_retries=1, timeout=BROKER_PATIENCE)
    except Exception:  # noqa: BLE001  # each kind of broker has errors of its own
        return False
    return True


def _has_token(request: HttpRequest) -> bool:
    given = request.headers.get("Authorization", "")
    expected = BEARER + settings.METRICS_TOKEN
    return bool(settings.METRICS_TOKEN) and hmac.compare_digest(given.encode(), expected.encode())


class _Numbers(Collector):
    """What the database says of work that waits, counted when asked."""

    def collect(self) -> Iterator[Metric]:
        for what, count in outstanding_deliveries().items():
            yield GaugeMetricFamily(f"deliveries_{what}", "Facts that listeners have still to hear.", count)
        yield GaugeMetricFamily("deliveries_lateness_seconds", "How long the oldest is overdue.", _lateness())
        yield _by_status("messages", "Messages by what became of them.", Message.objects.values_list("status"))
        yield _by_status("jobs", "Pieces of long work by what became of them.", Job.objects.values_list("status"))


def _lateness() -> float:
    """Return how many seconds the oldest delivery is overdue: the sign that workers are deaf or too few."""
    due_at = Delivery.objects.outstanding().aggregate(first=Min("due_at"))["first"]
    return max(0.0, (now() - due_at).total_seconds()) if due_at else 0.0


def _by_status(name: str, text: str, rows: QuerySet[Any, Any]) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, text, labels=["status"])
    for status, count in rows.annotate(count=Count("pk")).order_by("status"):
        gauge.add_metric([status], count)
    return gauge


urlpatterns = [
    path("health/live", live, name="live"),
    path("health/ready", ready, name="ready"),
    path("metrics", metrics, name="metrics"),
]

"""The floor of `offers_page`: the project's middleware, one query, and a page of as many bytes."""

import os
from functools import cache

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from territory.models import Qualification


@cache
def filling(size: int) -> str:
    """Return a page of so many bytes."""
    return "<!doctype html><title>Packages</title><p>".ljust(size, "x")


def bare(_request: HttpRequest, key: str) -> HttpResponse:
    """Read the one row that is asked for, and answer."""
    Qualification.objects.get(key=key)
    return HttpResponse(filling(int(os.environ["BENCH_PAGE_SIZE"])))


urlpatterns = [path("bare/<str:key>/", bare), path("", include("config.urls"))]

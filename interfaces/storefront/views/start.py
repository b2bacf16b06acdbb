"""The shop front."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show what this market sells, with the box that checks an address."""
    return render(request, "storefront/home.html")

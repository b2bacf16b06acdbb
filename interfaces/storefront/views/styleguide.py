"""Every component on one page, for those who build pages."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from foundation.people.queries import is_staff_member
from interfaces.storefront.samples import samples


@require_safe
@login_required
def styleguide(request: HttpRequest) -> HttpResponse:
    """Show the components with made-up values."""
    if not is_staff_member(request.user):
        raise PermissionDenied
    return render(request, "storefront/styleguide.html", samples())

"""How a person signs in, and where: each of it one entry, in one place."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from foundation.people.models import UserRequest
from foundation.people.queries import has_authenticator_app
from interfaces.selfcare.access import own_page
from interfaces.selfcare.queries import own_partners


@require_safe
@own_page
def security(request: UserRequest) -> HttpResponse:
    """Show a person what they sign in with, and lead to where each of it is changed."""
    context = {
        "has_second_factor": has_authenticator_app(request.user),
        "is_partner": own_partners(request.user).exists(),
    }
    return render(request, "selfcare/security.html", context)

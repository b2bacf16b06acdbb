"""A person's own account."""

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from foundation.people import services
from foundation.people.models import UserRequest


@login_required
@require_POST
def end_session(request: UserRequest, pk: int) -> HttpResponse:
    """Sign the person out in another browser of theirs."""
    session = get_object_or_404(UserSession, pk=pk, user=request.user)
    services.end_session(session)
    messages.info(request, _("You are signed out there."))
    return redirect("usersessions_list")

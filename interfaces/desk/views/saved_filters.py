"""Filters that people keep for themselves."""

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from foundation.people.models import UserRequest
from interfaces.desk.access import staff_page
from interfaces.desk.forms import SaveFilterForm
from interfaces.desk.lists import filter_part
from interfaces.desk.models import SavedFilter
from interfaces.desk.services import forget_filter, save_filter


@require_POST
@staff_page()
def save(request: UserRequest) -> HttpResponse:
    """Keep the present filter of a list under a name."""
    form = SaveFilterForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Give the filter a name of at most 60 letters."))
        return redirect("desk:home")
    answers = form.cleaned_data
    query = filter_part(QueryDict(answers["query"])).urlencode()
    saved = save_filter(answers["list"], answers["name"], query, by=request.user)
    messages.success(request, _("Saved as “%(name)s”.") % {"name": saved.name})
    return redirect(f"{reverse(f'desk:{saved.list}')}?{saved.query}")


@require_POST
@staff_page()
def forget(request: UserRequest, pk: int) -> HttpResponse:
    """Forget a filter of one's own."""
    saved = get_object_or_404(SavedFilter, pk=pk, owner=request.user)
    forget_filter(saved.pk, by=request.user)
    messages.success(request, _("“%(name)s” is forgotten.") % {"name": saved.name})
    return redirect(f"desk:{saved.list}")

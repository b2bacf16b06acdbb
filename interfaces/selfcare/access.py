"""What every page of a person's own has in common: they are signed in, and no cache keeps it."""

from collections.abc import Callable

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.views.decorators.cache import never_cache

View = Callable[..., HttpResponse]


def own_page(view: View) -> View:
    """Serve a page to whom it belongs, and lead everybody else to signing in."""
    return never_cache(login_required(view))

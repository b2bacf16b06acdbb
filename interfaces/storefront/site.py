"""What every public page has in common: it belongs to a market's site, and its input is text."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse

from foundation.divisions.models import Division, Site
from foundation.people.models import User

View = Callable[..., HttpResponse]


class SiteRequest(HttpRequest):
    """A request to a market's own site."""

    site: Site  # type: ignore[assignment]  # the stubs mean the sites framework

    @property
    def market(self) -> Division:
        """The division under whose name the site speaks."""
        return self.site.division


def site_page(view: View) -> View:
    """Serve a page only where there is a site."""

    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if getattr(request, "site", None) is None:
            raise Http404
        return view(request, *args, **kwargs)

    return page


def visitor(request: HttpRequest) -> User | None:
    """Return who is signed in, or nobody."""
    return request.user if isinstance(request.user, User) else None

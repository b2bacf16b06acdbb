"""The shop front, and the address box that other sites may embed."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from foundation.now import today
from interfaces.storefront.attribution import came_by, remember
from interfaces.storefront.shop import shop_window
from interfaces.storefront.site import SiteRequest, site_page


@require_safe
@site_page
def home(request: SiteRequest) -> HttpResponse:
    """Show what this market sells, with the box that checks an address."""
    marks = came_by(request)
    context = {"cards": shop_window(request.site.division, today(request.site.division)), "carried": marks.pairs}
    return remember(render(request, "storefront/home.html", context), marks)


@require_safe
@xframe_options_exempt
@site_page
def embedded_box(request: SiteRequest) -> HttpResponse:
    """Show nothing but the address box, to be framed by the hosts that the operator allows."""
    if not request.site.embed_hosts:
        raise Http404
    response = render(request, "storefront/embedded_box.html", {"carried": came_by(request).pairs})
    response._csp_replace = {"frame-ancestors": request.site.embed_hosts}  # type: ignore[attr-defined]  # noqa: SLF001
    return response

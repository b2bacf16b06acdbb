"""The way out of advertising: one press of a button, without signing in."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from foundation.correspondence.services import message_by_token, unsubscribe as unsubscribe_by
from foundation.divisions.queries import brand_of


@csrf_exempt  # a mail program posts it for its user (RFC 8058, 3.2); the secret in the address says for whom
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Show a button; pressed, or posted by a mail program, send no advertising any more. A GET changes nothing."""
    message = message_by_token(token) if request.method != "POST" else unsubscribe_by(token)
    if message is None:
        raise Http404
    with translation.override(message.language):
        context = {"brand": brand_of(message.division), "is_done": request.method == "POST", "token": token}
        response = render(request, "correspondence/unsubscribe.html", context)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return response

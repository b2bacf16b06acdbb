"""The way out of advertising: one press of a button, without signing in. And the door for mail that is posted to us."""

import structlog
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from foundation.correspondence.inbound.reading import LARGEST_MAIL
from foundation.correspondence.services import (
    ForgedMailError,
    message_by_token,
    take_posted_mail,
    unsubscribe as unsubscribe_by,
)
from foundation.divisions.queries import brand_of

log = structlog.get_logger(__name__)


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


@csrf_exempt  # the signature says who posts; no browser does
@require_POST
def incoming(request: HttpRequest, code: str) -> HttpResponse:
    """Take one message as it was sent: 202 once it is kept, however often it is posted."""
    raw = request.read(LARGEST_MAIL + 1)
    if len(raw) > LARGEST_MAIL:
        return HttpResponse(status=413)
    second, signature = request.headers.get("X-Mail-Second", ""), request.headers.get("X-Mail-Signature", "")
    try:
        take_posted_mail(code, raw, second=second, signature=signature)
    except ForgedMailError as forgery:
        log.warning("mail_forged", mailbox=code, reason=str(forgery))
        return HttpResponse(status=401)
    except OSError:  # the file with the secret is not there yet
        log.exception("mail_not_judged", mailbox=code)
        return HttpResponse(status=503)
    return HttpResponse(status=202)

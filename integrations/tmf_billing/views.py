"""Where billing systems post what has happened."""

import structlog
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing.models import BillingSystem
from billing.ports import Forged, Unavailable
from billing.services import receive_webhook

log = structlog.get_logger(__name__)


@csrf_exempt  # the signature says who posts; no browser does
@require_POST
def webhook(request: HttpRequest, code: str) -> HttpResponse:
    """Take one event: 202 once it is kept; whatever else makes the vendor try again."""
    try:
        receive_webhook(code, request.headers, request.body)
    except BillingSystem.DoesNotExist:
        return HttpResponse(status=404)
    except Forged as forgery:
        log.warning("webhook_forged", system=code, reason=str(forgery))
        return HttpResponse(status=401)
    except ValueError as problem:
        log.warning("webhook_unreadable", system=code, reason=str(problem))
        return HttpResponse(status=400)
    except Unavailable as problem:
        log.warning("webhook_not_judged", system=code, reason=str(problem))
        return HttpResponse(status=503)
    return HttpResponse(status=202)

"""Hand out what came with a ticket, so that no browser runs it."""

from urllib.parse import quote

from django.http import HttpResponse

from tickets.models import Attachment


def download(attachment: Attachment) -> HttpResponse:
    """Give a file to be saved: never shown in our pages' place, never sniffed, allowed to do nothing."""
    response = HttpResponse(bytes(attachment.content), content_type=attachment.media_type)
    name = "".join(sign if sign.isalnum() or sign in "._- " else "_" for sign in attachment.name)
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response

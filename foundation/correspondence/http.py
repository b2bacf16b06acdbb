"""How files that people have sent us are handed out, so that no browser runs them."""

from urllib.parse import quote

from django.http import HttpResponse

from foundation.correspondence.models import KeptFile
from foundation.correspondence.services import safe_name


def download(file: KeptFile) -> HttpResponse:
    """Give a file to be saved: never shown in our pages' place, never sniffed, allowed to do nothing."""
    response = HttpResponse(bytes(file.content), content_type=file.media_type)
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(safe_name(file.name))}"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response

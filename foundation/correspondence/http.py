"""How files that people have sent us are handed out, so that no browser runs them."""

from typing import Protocol
from urllib.parse import quote

from django.http import HttpResponse

from foundation.correspondence.services import safe_name


class KeptFile(Protocol):
    """A file as the database keeps it."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def media_type(self) -> str:
        """What it is, by what is in it."""

    @property
    def content(self) -> bytes | memoryview:
        """What is in it."""


def download(file: KeptFile) -> HttpResponse:
    """Give a file to be saved: never shown in our pages' place, never sniffed, allowed to do nothing."""
    response = HttpResponse(bytes(file.content), content_type=file.media_type)
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(safe_name(file.name))}"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response

"""Which files are taken in that somebody sends with a form, and as what they are kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from foundation.correspondence.inbound.files import LARGEST_FILE, Allowance, media_type_of, refusal_of, safe_name
from foundation.lifecycle import NotAllowed

MOST_UPLOADS = 5
"""Files with one form."""


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file as it is kept."""

    name: str
    media_type: str
    content: bytes


def checked_uploads(files: "Iterable[UploadedFile[Any]]") -> list[Upload]:
    """
    Take in the files that came with a form.

    :raises NotAllowed: if there are too many, or one is too large or of a kind that we do not take
    """
    taken = list(files)
    refuse_too_many(taken)
    allowance = Allowance()
    return [_checked(file, number, allowance) for number, file in enumerate(taken, start=1)]


def refuse_too_many(files: "Iterable[object]") -> None:
    """
    Let pass as many files as one form may bring.

    :raises NotAllowed: if there are more
    """
    if len(list(files)) > MOST_UPLOADS:
        message = _("At most %(count)d files at once.") % {"count": MOST_UPLOADS}
        raise NotAllowed(message, code="too_many", field="uploads")


def _checked(file: "UploadedFile[Any]", number: int, allowance: Allowance) -> Upload:
    """Take a file for what is in it, as those that come by mail are: neither its name nor the browser is asked."""
    if (file.size or 0) > LARGEST_FILE:
        message = _("%(name)s is larger than %(most)d MB.")
        raise NotAllowed(message % {"name": file.name, "most": LARGEST_FILE // 1024**2}, code="size", field="uploads")
    content = file.read()
    media_type = media_type_of(content, allowance)
    if refusal := refusal_of(content, media_type):
        said = (
            _("%(name)s is empty.")
            if refusal == "empty"
            else _("%(name)s is of a kind that we do not take: send pictures, PDF or text.")
        )
        raise NotAllowed(said % {"name": file.name}, code=refusal, field="uploads")
    return Upload(name=safe_name(file.name or "", media_type, number=number), media_type=media_type, content=content)

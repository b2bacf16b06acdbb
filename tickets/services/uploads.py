"""Which files are taken in, and as what they are kept."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from foundation.lifecycle import NotAllowed
from tickets.models import Article, Attachment

MEDIA_TYPES: Mapping[str, str] = {
    ".csv": "text/csv",
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".log": "text/plain",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".txt": "text/plain",
    ".webp": "image/webp",
}
"""By the ending of the name: what a browser says of a file is not asked."""
LARGEST = 10 * 1024 * 1024
"""Bytes of one file."""
MOST = 5
"""Files with one article."""


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
    if len(taken) > MOST:
        raise NotAllowed(_("At most %(count)d files at once.") % {"count": MOST}, code="too_many", field="uploads")
    return [_checked(file) for file in taken]


def _checked(file: "UploadedFile[Any]") -> Upload:
    name = PurePath(file.name or "file").name
    media_type = MEDIA_TYPES.get(PurePath(name).suffix.lower())
    if media_type is None:
        message = _("%(name)s is of a kind that we do not take: send pictures, PDF or text.")
        raise NotAllowed(message % {"name": name}, code="kind", field="uploads")
    if (file.size or 0) > LARGEST:
        message = _("%(name)s is larger than %(most)d MB.")
        raise NotAllowed(message % {"name": name, "most": LARGEST // 1024**2}, code="size", field="uploads")
    return Upload(name=name, media_type=media_type, content=file.read())


def keep_uploads(article: Article, uploads: Iterable[Upload]) -> None:
    """Keep the files that came with an article."""
    Attachment.objects.bulk_create(
        Attachment(
            article=article, name=one.name[:200], media_type=one.media_type, size=len(one.content), content=one.content
        )
        for one in uploads
    )

"""Files that come with an article, and where they wait until the form is sent on which they were chosen."""

from collections.abc import Iterable
from datetime import timedelta
from hashlib import sha256
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from foundation.correspondence.services import Upload, checked_uploads, refuse_too_many
from foundation.now import now
from foundation.people.models import User
from tickets.models import Article, Attachment, UnsentFile

MOST_UNSENT = 20
"""Files that wait for one person, on however many forms: beyond them, the oldest go."""
UNSENT_FOR = timedelta(days=1)
"""How long a file waits for its form to be sent."""


def keep_uploads(article: Article, uploads: Iterable[Upload]) -> None:
    """Keep the files that came with an article."""
    Attachment.objects.bulk_create(
        Attachment(
            article=article, name=one.name[:200], media_type=one.media_type, size=len(one.content), content=one.content
        )
        for one in uploads
    )


@transaction.atomic
def hold_files(files: "Iterable[UploadedFile[Any]]", *, key: str, by: User) -> None:
    """
    Hold the files that were chosen on a form until it is sent; one that is held already is not held twice.

    :param key: of the form
    :raises NotAllowed: if the form has too many, or one is too large or of a kind that we do not take: none is held then
    """
    chosen = {sha256(one.content).hexdigest(): one for one in checked_uploads(files)}
    if not chosen:
        return
    User.objects.select_for_update(no_key=True).get(pk=by.pk)  # of two presses at once, the second counts the first's
    held = UnsentFile.objects.filter(owner=by, key=key).values_list("digest", flat=True)
    refuse_too_many({*held, *chosen})
    UnsentFile.objects.bulk_create(
        (
            UnsentFile(
                owner=by, key=key, name=one.name[:200], media_type=one.media_type, size=len(one.content), digest=digest,
                content=one.content,
            )
            for digest, one in chosen.items()
        ),
        ignore_conflicts=True,
    )  # fmt: skip
    kept = UnsentFile.objects.filter(owner=by).order_by("-pk").values("pk")[:MOST_UNSENT]
    UnsentFile.objects.filter(owner=by).exclude(pk__in=kept).delete()


def held_uploads(key: str, *, by: User) -> list[Upload]:
    """Return what somebody chose on a form, to be kept with what they send."""
    rows = UnsentFile.objects.filter(owner=by, key=key)
    return [Upload(name=one.name, media_type=one.media_type, content=bytes(one.content)) for one in rows]


def drop_file(file_id: int, *, key: str, by: User) -> None:
    """Let go of one file of a form, which somebody chose and does not want to send after all."""
    UnsentFile.objects.filter(pk=file_id, owner=by, key=key).delete()


def forget_files(key: str, *, by: User) -> None:
    """Let go of the files of a form that is sent."""
    UnsentFile.objects.filter(owner=by, key=key).delete()


def forget_unsent_files() -> int:
    """Delete the files whose forms nobody sends any more, and return how many there were."""
    return UnsentFile.objects.filter(chosen_at__lt=now() - UNSENT_FOR).delete()[0]

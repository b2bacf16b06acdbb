"""Render a printable document once, or take a file in, and keep it to go with messages."""

from django.db import models

from foundation.correspondence.models import Document
from foundation.divisions.models import Division

LONGEST_NAME = 100
"""Signs of a file's name."""


class PdfUnavailableError(Exception):
    """WeasyPrint's libraries (Pango) are missing on this machine; `make system-packages` installs them."""


def render_pdf(html: str) -> bytes:
    """
    Render a page of ours as PDF.

    Nothing is fetched but `data:` addresses: WeasyPrint's own fetcher would read files and the inner network.

    :raises PdfUnavailableError: if the machine lacks WeasyPrint's libraries
    """
    try:
        import weasyprint  # noqa: PLC0415  # its import fails where Pango is missing, and only PDFs need it
        from weasyprint.urls import URLFetcher  # noqa: PLC0415
    except OSError as error:
        raise PdfUnavailableError(str(error)) from error
    fetcher = URLFetcher(allowed_protocols={"data"}, allow_redirects=False)
    pdf: bytes = weasyprint.HTML(string=html, url_fetcher=fetcher).write_pdf()
    return pdf


def keep_document(  # noqa: PLR0913  # each part of a document has a name
    html: str, *, kind: str, filename: str, language: str, division: Division, subject: models.Model
) -> Document:
    """
    Render a document once and keep it; asked again, return the one that was kept.

    :raises PdfUnavailableError: if the machine lacks WeasyPrint's libraries
    """
    place = {"subject_type": subject._meta.label_lower, "subject_id": subject.pk, "kind": kind}
    kept = Document.objects.filter(**place).first()
    if kept:
        return kept
    content = render_pdf(html)
    document, _is_new = Document.objects.get_or_create(
        **place,
        defaults={"division": division, "language": language, "filename": filename, "content": content},
    )
    return document


def keep_file(  # noqa: PLR0913  # each part of a document has a name
    content: bytes, *, kind: str, filename: str, media_type: str, language: str, division: Division,
    subject: models.Model,
) -> Document:  # fmt: skip
    """
    Keep a file as it is, to go with messages; asked again, return the one that was kept.

    :param kind: what tells it from other files of the same subject
    """
    document, _is_new = Document.objects.get_or_create(
        subject_type=subject._meta.label_lower,
        subject_id=subject.pk,
        kind=kind,
        defaults={
            "division": division,
            "language": language,
            "filename": safe_name(filename),
            "media_type": media_type,
            "content": content,
        },
    )
    return document


def safe_name(name: str) -> str:
    """Return a file's name that no mail program or file system trips over: letters, digits, spaces, dots and dashes."""
    plain = "".join(sign if sign.isalnum() or sign in "._- " else "_" for sign in name).lstrip(". ")
    stem, dot, ending = plain.rpartition(".")
    return f"{stem[: LONGEST_NAME - len(dot + ending)]}{dot}{ending}"[:LONGEST_NAME] or "file"

"""Messages and documents as they were sent, and the addresses that want none."""

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy
from django.views.decorators.clickjacking import xframe_options_sameorigin

from foundation.correspondence.models import Document, Message, Suppression
from foundation.people.admin import DivisionScopedAdmin, ReadOnlyAdmin

QUIET = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox"
"""The policy of a message's preview: it shows itself, runs nothing, fetches nothing, and belongs to no origin."""


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    """Every message, kept as it was sent."""

    list_display = ("subject_line", "to", "kind", "division", "status", "queued_at", "sent_at")
    list_filter = ("status", "kind", "division")
    list_select_related = ("division",)
    search_fields = ("to", "subject_line")
    date_hierarchy = "queued_at"
    show_full_result_count = False
    fields = (
        "subject_line", "to", "sender", "kind", "purpose", "division", "language", "status", "queued_at", "sent_at",
        "error", "preview", "plain_text",
    )  # fmt: skip
    readonly_fields = ("preview", "plain_text")

    @admin.display(description=gettext_lazy("text"))
    def plain_text(self, message: Message) -> str:
        """Show the text without what is for the recipient alone."""
        return message.shown_text

    @admin.display(description=gettext_lazy("as it was sent"))
    def preview(self, message: Message) -> str:
        """Show the HTML in a frame that can do nothing."""
        address = reverse("admin:correspondence_message_preview", args=[message.pk])
        frame = '<iframe src="{}" sandbox title="{}" width="680" height="600"></iframe>'
        return format_html(frame, address, message.subject_line)

    def get_urls(self) -> list[URLPattern]:
        preview = path(
            "<int:pk>/preview/", self.admin_site.admin_view(self.preview_view), name="correspondence_message_preview"
        )
        return [preview, *super().get_urls()]

    def preview_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Answer a message's HTML alone, under a policy of its own."""
        message = self.get_queryset(request).filter(pk=pk).first()
        if message is None:
            raise Http404
        return _quiet_page(request, message.shown_html or format_html("<pre>{}</pre>", message.shown_text))


@xframe_options_sameorigin
def _quiet_page(request: HttpRequest, html: str) -> HttpResponse:
    del request
    return HttpResponse(html, headers={"Content-Security-Policy": QUIET})


@admin.register(Document)
class DocumentAdmin(ReadOnlyAdmin):
    """Every printable document, kept as it was."""

    list_display = ("filename", "kind", "division", "language", "made_at")
    list_filter = ("kind", "division")
    list_select_related = ("division",)
    ordering = ("-pk",)
    show_full_result_count = False
    fields = ("filename", "kind", "division", "language", "made_at", "download")
    readonly_fields = ("download",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("content")

    @admin.display(description=gettext_lazy("file"))
    def download(self, document: Document) -> str:
        """Link to the file."""
        address = reverse("admin:correspondence_document_download", args=[document.pk])
        return format_html('<a href="{}">{}</a>', address, document.filename)

    def get_urls(self) -> list[URLPattern]:
        download = path(
            "<int:pk>/download/",
            self.admin_site.admin_view(self.download_view),
            name="correspondence_document_download",
        )
        return [download, *super().get_urls()]

    def download_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Answer the file itself, to be saved."""
        document = self.get_queryset(request).filter(pk=pk).first()
        if document is None:
            raise Http404
        headers = {"Content-Disposition": f'attachment; filename="document-{document.pk}.pdf"'}
        return HttpResponse(bytes(document.content), content_type="application/pdf", headers=headers)


@admin.register(Suppression)
class SuppressionAdmin(DivisionScopedAdmin):
    """Addresses that want no advertising, from no market: kept at the top of the tree."""

    division_path = None
    list_display = ("email", "reason", "since")
    search_fields = ("email",)
    readonly_fields = ("since",)

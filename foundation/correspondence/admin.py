"""Messages and documents as they were sent, the addresses that want none; mailboxes, and what they received."""

from pathlib import PurePath
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.clickjacking import xframe_options_sameorigin

from foundation.correspondence.forms import MailboxForm
from foundation.correspondence.models import Document, Fetching, InboundMail, Mailbox, Message, Suppression
from foundation.correspondence.services import check_mailbox, take_up_mail
from foundation.lifecycle import NotAllowed
from foundation.people.admin import ConnectionAdmin, DivisionScopedAdmin, DivisionScopedTabular, ReadOnlyAdmin
from foundation.people.models import User, UserRequest
from foundation.people.states import Permission

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
    """Every document and file that went with a message, kept as it was."""

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
        ending = PurePath(document.filename).suffix
        headers = {
            "Content-Disposition": f'attachment; filename="document-{document.pk}{ending}"',
            "X-Content-Type-Options": "nosniff",
        }
        return HttpResponse(bytes(document.content), content_type=document.media_type, headers=headers)


@admin.register(Suppression)
class SuppressionAdmin(DivisionScopedAdmin):
    """Addresses that want no advertising, from no market: kept at the top of the tree."""

    division_path = None
    list_display = ("email", "reason", "since")
    search_fields = ("email",)
    readonly_fields = ("since",)


class FetchingInline(DivisionScopedTabular):
    """How far it was fetched."""

    model = Fetching
    fields = readonly_fields = ("last_uid", "left", "fetched_at", "error")
    can_delete = False
    max_num = 0


@admin.register(Mailbox)
class MailboxAdmin(ConnectionAdmin):
    """Set up a mailbox, and see whether it lets us in."""

    form = MailboxForm
    inlines: ClassVar = [FetchingInline]
    list_display = ("address", "code", "division", "host", "is_active")
    list_filter = ("is_active",)
    search_fields = ("address", "code")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002  # Django's signature
        """Tell the form who fills it in: what is available depends on that."""
        form = super().get_form(request, obj, change, **kwargs)
        return type("MailboxForm", (form,), {"acting": request.user})

    def tried(self, connection: Mailbox, *, by: User) -> str:
        """Open the mailbox and read nothing."""
        check_mailbox(connection.pk, by=by)
        return gettext("%(mailbox)s can be read.") % {"mailbox": connection}


@admin.register(InboundMail)
class InboundMailAdmin(ReadOnlyAdmin):
    """What came in, as it came; and a second try for what was set aside."""

    permission = Permission.RETRY_DELIVERIES
    list_display = ("subject_line", "sender", "mailbox", "kind", "status", "outcome", "received_at")
    list_filter = ("status", "kind", "mailbox")
    list_select_related = ("mailbox",)
    search_fields = ("=sender", "=message_id", "subject_line")
    show_full_result_count = False
    fields = (
        "subject_line", "sender", "mailbox", "division", "message_id", "kind", "sign", "may_be_answered", "size", "status",
        "reason", "outcome", "received_at", "handled_at", "source",
    )  # fmt: skip
    readonly_fields = ("source",)
    change_form_template = "correspondence/inbound_mail_change_form.html"

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("raw")

    @admin.display(description=gettext_lazy("as it came"))
    def source(self, mail: InboundMail) -> str:
        """Link to the whole message."""
        address = reverse("admin:correspondence_inboundmail_source", args=[mail.pk])
        return format_html('<a href="{}">message-{}.eml</a>', address, mail.pk)

    def get_urls(self) -> list[URLPattern]:
        source, again = (self.admin_site.admin_view(view) for view in (self.source_view, self.again_view))
        return [
            path("<int:pk>/source/", source, name="correspondence_inboundmail_source"),
            path("<path:object_id>/again/", again, name="correspondence_inboundmail_again"),
            *super().get_urls(),
        ]

    def source_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Answer the message itself, to be saved."""
        mail = self.get_queryset(request).filter(pk=pk).first()
        if mail is None:
            raise Http404
        headers = {
            "Content-Disposition": f'attachment; filename="message-{mail.pk}.eml"',
            "Content-Security-Policy": QUIET,
        }
        return HttpResponse(bytes(mail.raw), content_type="application/octet-stream", headers=headers)

    def again_view(self, request: UserRequest, object_id: str) -> HttpResponse:
        """Try a message again that was set aside."""
        mail = self.row_posted_at(request, object_id, self.may_work_on)
        try:
            take_up_mail(mail.pk, by=request.user)
        except NotAllowed as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(request, gettext("It is tried again."))
        return redirect("admin:correspondence_inboundmail_change", mail.pk)

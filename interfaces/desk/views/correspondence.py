"""What was sent: messages as they went out, and printed documents."""

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp_replace
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext_lazy as _
from django.views.decorators.clickjacking import xframe_options_sameorigin

from accounts.queries import primary_contact
from foundation.correspondence.models import Message
from foundation.correspondence.queries import documents_visible_to, messages_visible_to
from foundation.correspondence.services import send_again
from foundation.correspondence.states import Purpose
from foundation.people.models import User, UserRequest
from foundation.people.queries import can
from foundation.people.states import Permission
from interfaces.desk.access import staff_page
from interfaces.desk.actions import Action, perform, posted
from interfaces.desk.filters import MessageFilters
from interfaces.desk.forms import SendAgainForm
from interfaces.desk.lists import Column, List, Preset, respond
from interfaces.desk.paging import Order
from interfaces.desk.queries import page_of_subject
from orders.queries import orders_visible_to

MESSAGES: List[Message] = List(
    name="messages",
    title=_("Messages"),
    template="desk/messages.html",
    columns=[
        Column("subject", _("Subject"), lambda message: message.subject_line),
        Column("to", _("To"), lambda message: message.to, "to"),
        Column("status", _("State"), lambda message: message.get_status_display(), "status"),
        Column("division", _("Division"), lambda message: str(message.division), "division__name"),
        Column("queued", _("Written"), lambda message: message.queued_at, "queued_at"),
        Column("sent", _("Sent"), lambda message: message.sent_at),
    ],
    order=Order("queued_at", is_descending=True),
    presets=[Preset(_("Failed"), "status=failed"), Preset(_("Waiting"), "status=queued")],
)

LIKE_A_MAIL_READER: dict[str, list[str]] = {
    "default-src": [NONE],
    "script-src": [NONE],
    "style-src": [UNSAFE_INLINE],
    "img-src": ["data:"],
    "form-action": [NONE],
    "frame-ancestors": [SELF],
    "sandbox": [],
}
"""A message may colour itself, and nothing else: no script, no form, nothing fetched."""


@staff_page(Permission.SEE_ORDERS)
def messages(request: UserRequest) -> HttpResponse:
    """Show the messages of a person's divisions."""
    rows = messages_visible_to(request.user).select_related("division").defer("text", "html")
    return respond(request, MESSAGES, MessageFilters(request.GET, rows, request=request))


@staff_page(Permission.SEE_ORDERS)
def message(request: UserRequest, pk: int) -> HttpResponse:
    """Show one message as it was sent."""
    found = get_object_or_404(messages_visible_to(request.user).select_related("division"), pk=pk)
    documents = found.documents.defer("content")
    context = {
        "message": found,
        "documents": documents,
        "subject": page_of_subject(found.subject_type, found.subject_id),
        "may_send_again": found.purpose == Purpose.SERVICE
        and can(request.user, Permission.WORK_ORDERS, found.division),
    }
    return render(request, "desk/message.html", context)


@staff_page(Permission.WORK_ORDERS)
def send_message_again(request: UserRequest, pk: int) -> HttpResponse:
    """Send a message once more, to where it went or to how the customer is reached now."""
    found = get_object_or_404(messages_visible_to(request.user).select_related("division"), pk=pk)
    action = Action(
        title=_("Send the message again"),
        explanation=_("It goes out as it was written, with what was attached."),
        button=_("Send it again"),
        done=_("The message is on its way again."),
        subject=found.subject_line,
        back=page_of_subject(found.subject_type, found.subject_id) or reverse("desk:message", args=[pk]),
    )
    form = SendAgainForm(posted(request), addresses=_addresses_for(found, request.user))
    return perform(request, action, form, lambda answers: send_again(pk, to=answers["to"], by=request.user))


def _addresses_for(message: Message, user: User) -> list[str]:
    """Return where a message may go again, the likeliest first: what is for one mailbox alone goes nowhere else."""
    if message.subject_type != "orders.order" or message.is_for_its_mailbox_alone:
        return [message.to]
    order = orders_visible_to(user).select_related("customer").filter(pk=message.subject_id).first()
    now = primary_contact(order.customer).email if order and order.customer else ""
    return list(dict.fromkeys(address for address in (now, message.to) if address))


@csp_replace(LIKE_A_MAIL_READER)
@xframe_options_sameorigin
@staff_page(Permission.SEE_ORDERS)
def message_html(request: UserRequest, pk: int) -> HttpResponse:
    """Give a message's HTML for the frame in which it is shown."""
    return HttpResponse(get_object_or_404(messages_visible_to(request.user), pk=pk).shown_html)


@staff_page(Permission.SEE_ORDERS)
def document(request: UserRequest, pk: int) -> HttpResponse:
    """Give a document as it was kept: a printed one to be read, any other file to be saved."""
    found = get_object_or_404(documents_visible_to(request.user), pk=pk)
    response = HttpResponse(bytes(found.content), content_type=found.media_type)
    is_printed = found.media_type == "application/pdf"
    response["Content-Disposition"] = str(content_disposition_header(not is_printed, found.filename))
    response["X-Content-Type-Options"] = "nosniff"
    return response

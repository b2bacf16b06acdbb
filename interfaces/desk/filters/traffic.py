"""Filters of what runs and passes by itself: long work, mail in and out, what goes to the billing systems."""

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django_filters import CharFilter, ChoiceFilter

from billing.models import Submission, SubmissionQuerySet
from billing.states import SubmissionKind, SubmissionStatus
from foundation.correspondence.models import InboundMail, Message
from foundation.correspondence.states import MailKind, MessageStatus
from foundation.jobs.models import Job
from foundation.jobs.states import JobStatus
from interfaces.desk.filters.divisions import ANY, WithDivision


class JobFilters(WithDivision):
    """Long work by what has become of it."""

    status = ChoiceFilter(label=_("State"), empty_label=ANY, choices=JobStatus.choices)

    class Meta:
        model = Job
        fields = ("status", "division")


class LetterboxFilters(WithDivision):
    """Messages that came in by sender or subject, and by what wrote them."""

    text = CharFilter(label=_("From or subject"), method="filter_text")
    kind = ChoiceFilter(label=_("Written by"), empty_label=ANY, choices=MailKind.choices)

    class Meta:
        model = InboundMail
        fields = ("text", "kind", "division")

    def filter_text(self, rows: QuerySet[InboundMail], _name: str, text: str) -> QuerySet[InboundMail]:
        """Keep the messages of a sender, or with these words in their subject."""
        return rows.filter(Q(sender__icontains=text.strip()) | Q(subject_line__icontains=text.strip()))


class MessageFilters(WithDivision):
    """Messages by what has become of them and by recipient."""

    to = CharFilter(label=_("Recipient or subject"), method="filter_text")
    status = ChoiceFilter(label=_("State"), empty_label=ANY, choices=MessageStatus.choices)

    class Meta:
        model = Message
        fields = ("to", "status", "division")

    def filter_text(self, rows: QuerySet[Message], _name: str, text: str) -> QuerySet[Message]:
        """Keep the messages to somebody, or with a subject."""
        return rows.filter(Q(to__icontains=text) | Q(subject_line__icontains=text))


class SubmissionFilters(WithDivision):
    """What was asked of billing systems, by what has become of it and by its ids."""

    text = CharFilter(label=_("Request or vendor’s id"), method="filter_text")
    status = ChoiceFilter(label=_("State"), empty_label=ANY, choices=SubmissionStatus.choices)
    kind = ChoiceFilter(label=_("What is asked"), empty_label=ANY, choices=SubmissionKind.choices)
    waits = ChoiceFilter(
        label=_("Waits for"), empty_label=ANY, choices=[("person", _("A person"))], method="filter_waits"
    )

    class Meta:
        model = Submission
        fields = ("text", "status", "kind", "waits", "division")

    def filter_text(self, rows: QuerySet[Submission], _name: str, text: str) -> QuerySet[Submission]:
        """Keep what was asked under an id, or is known to the vendor by one."""
        return rows.filter(Q(request_id__startswith=text.strip()) | Q(external_id=text.strip()))

    def filter_waits(self, rows: SubmissionQuerySet, _name: str, _value: str) -> SubmissionQuerySet:
        """Keep what goes on only when somebody decides."""
        return rows.needing_a_person()

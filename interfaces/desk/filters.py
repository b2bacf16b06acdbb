"""By what the lists of the desk are filtered; everything stands in the address."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django_filters import CharFilter, ChoiceFilter, FilterSet, ModelChoiceFilter

from billing.models import Submission
from billing.states import SubmissionKind, SubmissionStatus
from foundation.correspondence.models import Message
from foundation.correspondence.states import MessageStatus
from foundation.divisions.models import Division
from foundation.jobs.models import Job
from foundation.jobs.states import JobStatus
from foundation.people.models import UserRequest
from foundation.people.queries import divisions_visible_to

ANY = _("Any")
UNCLEAR = (SubmissionStatus.UNKNOWN, SubmissionStatus.REFUSED)


class WithDivision(FilterSet):
    """A list whose rows belong to divisions: one of them stands for all that lies below it."""

    division = ModelChoiceFilter(
        label=_("Division"), empty_label=ANY, queryset=lambda request: _divisions(request), method="filter_division"
    )

    def filter_division(self, rows: QuerySet[Any], _name: str, division: Division) -> QuerySet[Any]:
        """Keep the rows of a division and of all below it."""
        return rows.filter(division__in=Division.objects.under(division))


def _divisions(request: UserRequest) -> QuerySet[Division]:
    return divisions_visible_to(request.user)


class JobFilters(WithDivision):
    """Long work by what has become of it."""

    status = ChoiceFilter(label=_("State"), empty_label=ANY, choices=JobStatus.choices)

    class Meta:
        model = Job
        fields = ("status", "division")


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

    def filter_waits(self, rows: QuerySet[Submission], _name: str, _value: str) -> QuerySet[Submission]:
        """Keep what goes on only when somebody decides."""
        return rows.filter(Q(set_aside_at__isnull=False) | Q(status__in=UNCLEAR))

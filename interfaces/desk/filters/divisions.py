"""What the filters of all lists have: the division, for those who see several."""

from typing import Any

from django.db.models import QuerySet
from django.forms import DateInput
from django.utils.translation import gettext_lazy as _
from django_filters import FilterSet, ModelChoiceFilter

from foundation.divisions.models import Division
from foundation.people.models import UserRequest
from foundation.people.queries import divisions_visible_to

ANY = _("Any")
ANY_STATUS = "any"


def as_date() -> DateInput:
    """Return a field in which a day is chosen."""
    return DateInput(format="%Y-%m-%d", attrs={"type": "date"})


def divisions_seen_by(request: UserRequest) -> QuerySet[Division]:
    """Return the divisions that whoever asks may choose."""
    return divisions_visible_to(request.user)


class WithDivision(FilterSet):
    """A list whose rows belong to divisions: one of them stands for all that lies below it."""

    division = ModelChoiceFilter(
        label=_("Division"), empty_label=ANY, queryset=divisions_seen_by, method="filter_division"
    )

    def filter_division(self, rows: QuerySet[Any], _name: str, division: Division) -> QuerySet[Any]:
        """Keep the rows of a division and of all below it."""
        return rows.filter(division__in=Division.objects.under(division))

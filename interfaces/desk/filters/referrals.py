"""Filters of the referral programme."""

from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django_filters import CharFilter, ChoiceFilter, ModelChoiceFilter

from accounts.models import Customer
from accounts.queries import called
from foundation.now import now
from foundation.people.models import UserRequest
from interfaces.desk import following
from interfaces.desk.filters.divisions import ANY, WithDivision
from interfaces.desk.filters.orders import AGES
from referrals.models import Programme, Referral
from referrals.queries import normalised_code, programmes_visible_to
from referrals.states import ProgrammeStatus


def _programmes(request: UserRequest) -> QuerySet[Programme]:
    return programmes_visible_to(request.user)


class ProgrammeFilters(WithDivision):
    """Programmes by whether they run."""

    status = ChoiceFilter(label=_("Status"), empty_label=ANY, choices=ProgrammeStatus.choices)

    class Meta:
        model = Programme
        fields = ("status", "division")


class ReferralFilters(WithDivision):
    """Referrals by programme, stage, age and what is stuck."""

    text = CharFilter(label=_("Code, order, or name"), method="filter_text")
    programme = ModelChoiceFilter(label=_("Program"), empty_label=ANY, queryset=_programmes)
    stage = ChoiceFilter(
        label=_("Stage"),
        empty_label=ANY,
        choices=[(code, label) for code, label, _condition in following.STAGES],
        method="filter_stage",
    )
    stuck = ChoiceFilter(
        label=_("Stuck"),
        empty_label=ANY,
        choices=[(trouble.code, trouble.label) for trouble in following.TROUBLES],
        method="filter_stuck",
    )
    age = ChoiceFilter(label=_("Age"), empty_label=ANY, choices=AGES, method="filter_age")

    class Meta:
        model = Referral
        fields = ("text", "programme", "stage", "stuck", "age", "division")

    def filter_text(self, rows: QuerySet[Referral], _name: str, text: str) -> QuerySet[Referral]:
        """Keep the referrals of a code, of an order, or whose referrer or friend is called so."""
        text = text.strip()
        called_so = called(text, Customer.objects.all()).values("pk")
        named = Q(referrer__customer__in=called_so) | Q(friend__in=called_so)
        return rows.filter(named | Q(referrer__code=normalised_code(text)) | Q(order__number__iexact=text))

    def filter_stage(self, rows: QuerySet[Referral], _name: str, stage: str) -> QuerySet[Referral]:
        """Keep the referrals at one stage."""
        return following.at_stage(rows, stage)

    def filter_stuck(self, rows: QuerySet[Referral], _name: str, code: str) -> QuerySet[Referral]:
        """Keep the referrals that are stuck in one way."""
        return following.stuck(rows, code)

    def filter_age(self, rows: QuerySet[Referral], _name: str, days: str) -> QuerySet[Referral]:
        """Keep the referrals whose friend ordered so long ago."""
        return rows.filter(ordered_at__lt=now() - timedelta(days=int(days)))

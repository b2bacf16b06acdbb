"""What works at a customer's, and since when."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, Customer
from catalog.models import Product
from foundation.divisions.models import Division
from foundation.divisions.queries import dates_in
from foundation.money import round_money
from foundation.now import months_after
from orders.models.lines import OrderLine
from territory.models import Premises


class InstalledServiceQuerySet(models.QuerySet["InstalledService"]):
    """Services, by the days on which they work."""

    def working_on(self, day: date) -> Self:
        """Keep those that work on a day: from their first on, and no more on the one from which they are off."""
        return self.filter(Q(until=None) | Q(until__gt=day), since__lte=day)

    def working_today(self, divisions: Iterable[Division]) -> Self:
        """Keep those of these divisions that work today, by the date that it is in each."""
        on: dict[date, set[int]] = defaultdict(set)
        for division_id, day in dates_in(divisions).items():
            on[day].add(division_id)
        if not on:
            return self.none()
        return reduce(or_, (self.working_on(day).filter(division__in=sorted(pks)) for day, pks in on.items()))


class InstalledService(models.Model):
    """A product that works at a customer's premises, from one day until another (dates of the division)."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="services", verbose_name=_("customer"))
    account = models.ForeignKey(Account, models.PROTECT, related_name="services", verbose_name=_("account"))
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    premises = models.ForeignKey(Premises, models.PROTECT, related_name="+", verbose_name=_("premises"))
    product = models.ForeignKey(
        Product, models.PROTECT, to_field="code", db_column="product_code", related_name="+", verbose_name=_("product")
    )
    line = models.OneToOneField(OrderLine, models.PROTECT, related_name="service", verbose_name=_("order line"))
    quantity = models.PositiveSmallIntegerField(_("quantity"), default=1)
    since = models.DateField(_("since"))
    until = models.DateField(_("until"), null=True, blank=True)
    """The first day on which it is off."""

    objects = InstalledServiceQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = _("active service")
        verbose_name_plural = _("active services")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")), name="service_ends_after_it_starts"
            )
        ]
        indexes: ClassVar = [models.Index(fields=["division", "-id"], name="service_division")]

    def __str__(self) -> str:
        return f"{self.line.names}"

    def monthly_on(self, day: date) -> Decimal:
        """Return what it costs a month on a day (in the division's zone), before taxes, in the order's currency."""
        is_promoted = day < months_after(self.since, self.line.promotion_months)
        amount = self.line.recurring if is_promoted else self.line.recurring_after
        return round_money(amount * self.quantity / self.line.quantity)

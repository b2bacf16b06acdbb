"""What an order delivers, product by product."""

from datetime import date
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from foundation.divisions.fields import TranslatedField
from foundation.lifecycle import Lifecycle, LockingQuerySet, status_constraint
from foundation.money import MoneyField
from orders.models.order import Order
from orders.states import LINE_MOVES, LineStatus
from territory.states import ProductFamily


class OrderLine(Lifecycle):
    """One product of a submitted order, as it was sold. Amounts are for the whole quantity, before taxes and fees."""

    MOVES = LINE_MOVES

    order = models.ForeignKey(Order, models.CASCADE, related_name="lines", verbose_name=_("order"))
    position = models.PositiveSmallIntegerField(_("position"))
    product = models.ForeignKey(
        Product, models.PROTECT, to_field="code", db_column="product_code", related_name="+", verbose_name=_("product")
    )
    names = TranslatedField(_("name"))
    family = models.CharField(_("family"), max_length=20, choices=ProductFamily.choices)
    quantity = models.PositiveSmallIntegerField(_("quantity"), default=1)
    recurring = MoneyField(_("each month"))
    recurring_after = MoneyField(_("each month after promotions"))
    promotion_months = models.PositiveSmallIntegerField(_("months of promotion"), default=0)
    one_time = MoneyField(_("once"))
    recurring_cost = MoneyField(null=True, editable=False)
    """What it costs us each month, as known when it was ordered; None: not known. For commissions: nobody is shown it."""
    one_time_cost = MoneyField(null=True, editable=False)
    """The same once."""
    relies_on = models.CharField(_("relies on"), max_length=60, blank=True)
    """The product code of another line of this order, which must work first."""
    status = models.CharField(
        _("status"), max_length=20, choices=LineStatus.choices, default=LineStatus.ACKNOWLEDGED, editable=False
    )
    installed_on = models.DateField(_("installed"), null=True, editable=False)
    """In the division's zone."""
    problem = models.TextField(_("problem"), blank=True, editable=False)

    objects = LockingQuerySet["OrderLine"].as_manager()

    class Meta:
        ordering: ClassVar = ["order", "position"]
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        constraints: ClassVar = [
            status_constraint(LineStatus, name="line_status_is_known"),
            models.UniqueConstraint(fields=["order", "position"], name="one_line_per_position"),
            models.UniqueConstraint(fields=["order", "product"], name="one_line_per_product"),
            models.CheckConstraint(
                condition=Q(recurring__gte=0, one_time__gte=0, recurring_after__gte=F("recurring")),
                name="line_amounts_are_not_negative",
            ),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="line_quantity_is_positive"),
            models.CheckConstraint(
                condition=Q(status=LineStatus.COMPLETED, installed_on__isnull=False)
                | ~Q(status=LineStatus.COMPLETED) & Q(installed_on=None),
                name="ready_lines_say_since_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.names}"

    @property
    def line_id(self) -> str:
        """How billing systems name it to us."""
        return str(self.pk)

    def start(self, *, waits: bool) -> None:
        """
        Its delivery begins, unless it waits for another line.

        :raises NotAllowed: if it has begun
        """
        self._move(LineStatus.PENDING if waits else LineStatus.IN_PROGRESS)

    def complete(self, installed_on: date) -> None:
        """
        It works.

        :raises NotAllowed: if that was known, or it was cancelled
        """
        self._move(LineStatus.COMPLETED)
        self.installed_on, self.problem = installed_on, ""

    def fail(self, reason: str) -> None:
        """
        It could not be installed.

        :raises NotAllowed: if it works, or was cancelled
        """
        self._move(LineStatus.FAILED)
        self.problem = reason

    def cancel(self) -> None:
        """
        It is not wanted any more.

        :raises NotAllowed: if it works
        """
        self._move(LineStatus.CANCELLED)

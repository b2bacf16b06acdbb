"""How content customers were."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from foundation.now import now
from foundation.safeguards import append_only
from tickets.models.ticket import Ticket
from tickets.states import Score


class Rating(models.Model):
    """What a customer said of how one ticket was handled; once."""

    ticket = models.OneToOneField(Ticket, models.PROTECT, related_name="rating", verbose_name=_("ticket"))
    score = models.CharField(_("it was handled"), max_length=5, choices=Score.choices)
    words = models.TextField(_("in their words"), blank=True)
    at = models.DateTimeField(_("said"), default=now)

    class Meta:
        verbose_name = _("rating")
        verbose_name_plural = _("ratings")
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(score__in=Score.values), name="score_is_known")
        ]
        triggers: ClassVar = [*append_only("What a customer said of a ticket stands as it was said.")]

    def __str__(self) -> str:
        return self.get_score_display()

    @property
    def tone(self) -> str:
        """Which colour goes with it."""
        return {Score.GOOD: "good", Score.BAD: "bad"}.get(Score(self.score), "careful")

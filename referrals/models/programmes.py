"""A market's offer to bring friends."""

import secrets
from datetime import timedelta
from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from foundation.divisions.fields import TranslatedField
from foundation.divisions.models import Division, bumps_configuration
from foundation.lifecycle import Lifecycle, LockingQuerySet, status_constraint
from referrals.states import PROGRAMME_MOVES, ProgrammeStatus, TouchPreference

CODE_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""What a code is spelt with: nothing that is mistaken for something else when spoken or written (0/O, 1/I)."""
CODE_LENGTH = 7
LONGEST_NOTE = 140


def new_code() -> str:
    """Return a code that can be spoken: 32^7 of them, so that guessing finds nobody."""
    return "".join(secrets.choice(CODE_ALPHABET) for _letter in range(CODE_LENGTH))


def new_token() -> str:
    """Return an opaque token for an address: 144 bits."""
    return secrets.token_urlsafe(18)


class Programme(Lifecycle):
    """A market's offer to its customers: bring a friend, and something is credited. Its texts are the operator's."""

    MOVES = PROGRAMME_MOVES

    code = models.SlugField(
        _("code"), max_length=40, unique=True, help_text=_("Short, for reports and addresses. Kept for ever.")
    )
    division = models.ForeignKey(
        Division, models.PROTECT, related_name="+", verbose_name=_("division"),
        help_text=_("It holds here and below, except where a division below runs its own."),
    )  # fmt: skip
    names = TranslatedField(_("name"))
    status = models.CharField(
        _("status"), max_length=10, choices=ProgrammeStatus.choices, default=ProgrammeStatus.DRAFT, editable=False
    )
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until"), null=True, blank=True, help_text=_("The last day. Empty: open-ended."))

    # What is said.
    headlines = TranslatedField(_("headline"), help_text=_("Over the page that a friend lands on."))
    landing_texts = TranslatedField(_("text of the page"), multiline=True, blank=True)
    subjects = TranslatedField(_("subject of the invitation"))
    invitation_texts = TranslatedField(
        _("text of the invitation"), multiline=True,
        help_text=_("May contain {referrer} (first name), {reward} and {brand}. The link and the way out are added."),
    )  # fmt: skip
    rewards_in_words = TranslatedField(
        _("reward in words"), help_text=_("What a referrer gets and when, as it is promised.")
    )
    friend_rewards_in_words = TranslatedField(
        _("the friend's reward in words"), blank=True, help_text=_("Empty: the friend gets nothing.")
    )
    terms_version = models.CharField(_("version of the terms"), max_length=40, default="1")
    terms_texts = TranslatedField(_("terms"), multiline=True, blank=True)
    tells_when_earned = models.BooleanField(
        _("write when a reward is earned"), default=True,
        help_text=_("By e-mail, before it is paid. That it is credited on the bill is written in any case."),
    )  # fmt: skip

    # Who is credited.
    window_days = models.PositiveSmallIntegerField(
        _("window in days"), default=90, validators=[MinValueValidator(1), MaxValueValidator(730)],
        help_text=_("A touch counts if the friend orders within so many times 24 hours after it."),
    )  # fmt: skip
    preference = models.CharField(
        _("of several links"), max_length=5, choices=TouchPreference.choices, default=TouchPreference.FIRST,
        help_text=_("A code that is given always comes before a link that was opened."),
    )  # fmt: skip
    new_after_months = models.PositiveSmallIntegerField(
        _("new again after months"), default=12, validators=[MinValueValidator(1)],
        help_text=_("A former customer counts as new when they have been gone for so long."),
    )  # fmt: skip

    # How many may be invited.
    most_per_form = models.PositiveSmallIntegerField(
        _("invitations in one go"), default=5, validators=[MinValueValidator(1), MaxValueValidator(20)]
    )
    most_per_day = models.PositiveSmallIntegerField(
        _("invitations in 24 hours"), default=20, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    most_ever = models.PositiveSmallIntegerField(
        _("invitations in all"), default=200, validators=[MinValueValidator(1), MaxValueValidator(5000)]
    )

    objects = LockingQuerySet["Programme"].as_manager()

    class Meta:
        ordering: ClassVar = ["code"]
        verbose_name = _("referral program")
        verbose_name_plural = _("referral programs")
        constraints: ClassVar = [
            status_constraint(ProgrammeStatus, name="programme_status_is_known"),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="programme_ends_after_it_starts",
                violation_error_message=_("The last day lies before the first."),
            ),
            models.CheckConstraint(condition=Q(new_after_months__gte=1), name="nobody_is_new_who_left_yesterday"),
        ]
        triggers: ClassVar = [bumps_configuration()]

    def __str__(self) -> str:
        return str(self.names)

    @property
    def window(self) -> timedelta:
        """How long a touch counts."""
        return timedelta(days=self.window_days)

    def start(self) -> None:
        """
        Let customers refer.

        :raises NotAllowed: if it runs already or has ended
        """
        self._move(ProgrammeStatus.ACTIVE)

    def pause(self) -> None:
        """
        Take no new referrals for a while; what was earned stays earned.

        :raises NotAllowed: if it does not run
        """
        self._move(ProgrammeStatus.PAUSED)

    def end(self) -> None:
        """
        Take no new referrals any more.

        :raises NotAllowed: if it has ended
        """
        self._move(ProgrammeStatus.ENDED)

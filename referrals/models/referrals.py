"""Every moment at which a friend was reached, what was made of it, and the orders that came of it."""

from datetime import date, datetime
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext, gettext_lazy as _

from accounts.models import Account, Customer
from foundation.divisions.models import Division
from foundation.lifecycle import Lifecycle, LockingQuerySet, NotAllowed, status_constraint
from foundation.now import now
from foundation.people.models import User
from foundation.safeguards import never_changes
from orders.models import Order
from orders.states import Channel
from referrals.models.programmes import Programme, new_token
from referrals.models.referrers import Invitation, Referrer
from referrals.states import (
    REFERRAL_MOVES,
    SIGNAL_MOVES,
    DisqualifyReason,
    ReferralStatus,
    SignalKind,
    SignalStatus,
    TouchKind,
    TouchOutcome,
)


class Touch(models.Model):
    """
    One moment at which a referrer reached a friend, recorded on the server before anybody was sent on.

    Its token travels in addresses and a cookie, and stands on the order; it never changes.
    """

    token = models.CharField(max_length=40, unique=True, default=new_token, editable=False)
    referrer = models.ForeignKey(Referrer, models.PROTECT, related_name="touches", verbose_name=_("referrer"))
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    kind = models.CharField(_("kind"), max_length=16, choices=TouchKind.choices)
    invitation = models.ForeignKey(
        Invitation, models.PROTECT, null=True, related_name="touches", verbose_name=_("invitation")
    )
    channel = models.CharField(_("channel"), max_length=20, choices=Channel.choices, default=Channel.WEB)
    at = models.DateTimeField(_("when"), default=now)

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = _("touch")
        verbose_name_plural = _("touches")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=TouchKind.values), name="touch_kind_is_known")
        ]
        indexes: ClassVar = [models.Index(fields=["referrer", "-at"], name="touch_referrer")]
        triggers: ClassVar = [pgtrigger.Protect(name="touches_never_change", operation=pgtrigger.Update)]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.referrer}"


class Referral(Lifecycle):
    """An order that a referrer is credited for: one referrer an order, for ever."""

    MOVES = REFERRAL_MOVES

    programme = models.ForeignKey(Programme, models.PROTECT, related_name="referrals", verbose_name=_("program"))
    referrer = models.ForeignKey(Referrer, models.PROTECT, related_name="referrals", verbose_name=_("referrer"))
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    """The order's."""
    order = models.OneToOneField(Order, models.PROTECT, related_name="referral", verbose_name=_("order"))
    friend = models.ForeignKey(Customer, models.PROTECT, related_name="+", verbose_name=_("friend"))
    friend_account = models.ForeignKey(Account, models.PROTECT, related_name="+", verbose_name=_("friend's account"))
    invitation = models.ForeignKey(
        Invitation, models.PROTECT, null=True, related_name="referrals", verbose_name=_("invitation")
    )
    friend_label = models.CharField(_("friend, as the referrer knows them"), max_length=80, blank=True)
    """What the referrer typed, or a first name: all that a referrer ever sees of the friend."""
    status = models.CharField(
        _("status"), max_length=14, choices=ReferralStatus.choices, default=ReferralStatus.ORDERED, editable=False
    )
    ordered_at = models.DateTimeField(_("ordered"), editable=False)
    installed_on = models.DateField(_("installed"), null=True, editable=False)
    """In the division's zone."""
    reason = models.CharField(
        _("not eligible because"), max_length=20, choices=DisqualifyReason.choices, blank=True, editable=False
    )
    ended_at = models.DateTimeField(_("ended"), null=True, editable=False)

    objects = LockingQuerySet["Referral"].as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = _("referral")
        verbose_name_plural = _("referrals")
        constraints: ClassVar = [
            status_constraint(ReferralStatus, name="referral_status_is_known"),
            models.CheckConstraint(
                condition=~Q(status=ReferralStatus.DISQUALIFIED) | ~Q(reason="") & Q(ended_at__isnull=False),
                name="disqualified_referrals_say_why_and_when",
            ),
            models.CheckConstraint(
                condition=~Q(status=ReferralStatus.INSTALLED) | Q(installed_on__isnull=False),
                name="installed_referrals_say_when",
            ),
            models.UniqueConstraint(
                fields=["friend"],
                condition=~Q(status=ReferralStatus.DISQUALIFIED),
                name="one_live_referral_per_friend",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["division", "-id"], name="referral_division"),
            models.Index(fields=["referrer", "-id"], name="referral_referrer"),
            models.Index(fields=["status", "ordered_at"], name="referral_age"),
        ]
        triggers: ClassVar = [
            never_changes(
                "programme_id", "referrer_id", "division_id", "order_id",
                name="who_is_credited_never_changes",
                message="Who is credited for an order does not change.",
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return gettext("Referral %d") % self.pk

    def install(self, installed_on: date) -> None:
        """
        The friend's services work.

        :raises NotAllowed: if that was known, or it was found not to be genuine
        """
        if self.reason == DisqualifyReason.FRAUD:
            raise NotAllowed(gettext("This referral was found not to be genuine."), code="fraud")
        self._move(ReferralStatus.INSTALLED)
        self.installed_on = installed_on
        self.reason, self.ended_at = "", None

    def disqualify(self, reason: DisqualifyReason, *, at: datetime) -> None:
        """
        Nothing will be earned.

        :raises NotAllowed: if that was known
        """
        self._move(ReferralStatus.DISQUALIFIED)
        self.reason, self.ended_at = reason, at

    def reject(self, *, at: datetime) -> None:
        """
        It was found not to be genuine: for good, even where it had come to nothing already.

        :raises NotAllowed: if that was known
        """
        if self.reason == DisqualifyReason.FRAUD:
            raise NotAllowed(gettext("This referral was found not to be genuine."), code="fraud")
        if self.status != ReferralStatus.DISQUALIFIED:
            self._move(ReferralStatus.DISQUALIFIED)
        self.reason, self.ended_at = DisqualifyReason.FRAUD, at


class ResolvedTouch(models.Model):
    """What the resolver made of one touch when an order was submitted: the one that won, and every one that lost."""

    order = models.ForeignKey(Order, models.PROTECT, related_name="resolved_touches", verbose_name=_("order"))
    touch = models.ForeignKey(Touch, models.PROTECT, related_name="resolutions", verbose_name=_("touch"))
    rank = models.PositiveSmallIntegerField(_("rank"))
    """1 is the best; the order in which the table of precedence puts them."""
    outcome = models.CharField(_("outcome"), max_length=20, choices=TouchOutcome.choices)
    resolved_at = models.DateTimeField(default=now)

    class Meta:
        ordering: ClassVar = ["order", "rank"]
        verbose_name = _("resolved touch")
        verbose_name_plural = _("resolved touches")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(outcome__in=TouchOutcome.values), name="touch_outcome_is_known"),
            models.UniqueConstraint(fields=["order", "touch"], name="a_touch_is_resolved_once"),
            models.UniqueConstraint(
                fields=["order"], condition=Q(outcome=TouchOutcome.WON), name="one_winning_touch_per_order"
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="resolutions_never_change", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.touch}: {self.get_outcome_display()}"


class Signal(Lifecycle):
    """Something that looks odd about a referral: its money waits until a person has looked."""

    MOVES = SIGNAL_MOVES

    referral = models.ForeignKey(Referral, models.PROTECT, related_name="signals", verbose_name=_("referral"))
    kind = models.CharField(_("kind"), max_length=20, choices=SignalKind.choices)
    detail = models.CharField(_("detail"), max_length=200, blank=True)
    status = models.CharField(
        _("status"), max_length=10, choices=SignalStatus.choices, default=SignalStatus.OPEN, editable=False
    )
    raised_at = models.DateTimeField(_("raised"), default=now, editable=False)
    decided_at = models.DateTimeField(_("decided"), null=True, editable=False)
    decided_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("decided by"), editable=False
    )
    decision_note = models.CharField(_("note"), max_length=300, blank=True, editable=False)

    objects = LockingQuerySet["Signal"].as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = _("signal")
        verbose_name_plural = _("signals")
        constraints: ClassVar = [
            status_constraint(SignalStatus, name="signal_status_is_known"),
            models.UniqueConstraint(fields=["referral", "kind"], name="one_signal_per_kind"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["referral"], name="signal_open", condition=Q(status=SignalStatus.OPEN))
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.referral}"

    def clear(self, note: str, *, by: User, at: datetime) -> None:
        """
        Nothing is wrong: this signal holds nothing any more.

        :raises NotAllowed: if it was decided before
        """
        self._move(SignalStatus.CLEARED)
        self._decide(note, by, at)

    def confirm(self, note: str, *, by: User, at: datetime) -> None:
        """
        It is not genuine.

        :raises NotAllowed: if it was decided before
        """
        self._move(SignalStatus.CONFIRMED)
        self._decide(note, by, at)

    def _decide(self, note: str, by: User, at: datetime) -> None:
        self.decision_note, self.decided_by, self.decided_at = note, by, at

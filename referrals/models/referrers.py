"""Those who refer, and whom they have invited."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, Customer
from foundation.divisions.models import Division
from foundation.lifecycle import Lifecycle, LockingQuerySet, status_constraint
from foundation.now import now
from referrals.models.programmes import LONGEST_NOTE, Programme, new_code, new_token
from referrals.states import (
    INVITATION_MOVES,
    LIVE_INVITATIONS,
    REFERRER_MOVES,
    UNWANTED_INVITATIONS,
    InvitationStatus,
    ReferrerStatus,
)
from territory.models import Qualification


class Referrer(Lifecycle):
    """A customer's account that takes part in a programme, with its code, link and the terms that were accepted."""

    MOVES = REFERRER_MOVES

    programme = models.ForeignKey(Programme, models.PROTECT, related_name="referrers", verbose_name=_("program"))
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    """The account's."""
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="referrers", verbose_name=_("customer"))
    account = models.ForeignKey(Account, models.PROTECT, related_name="referrers", verbose_name=_("account"))
    code = models.CharField(_("code"), max_length=12, unique=True, default=new_code, editable=False)
    """Spoken, typed, and the end of the link; unique over all programmes."""
    status = models.CharField(
        _("status"), max_length=10, choices=ReferrerStatus.choices, default=ReferrerStatus.ACTIVE, editable=False
    )
    enrolled_at = models.DateTimeField(_("since"), default=now, editable=False)
    terms_version = models.CharField(_("accepted terms"), max_length=40)
    terms_text = models.TextField(_("terms as accepted"), blank=True, editable=False)
    """As they stood beside the tick, in the language in which they were read."""
    terms_accepted_at = models.DateTimeField(_("accepted"), default=now, editable=False)
    terms_evidence = models.JSONField(default=dict, editable=False)
    """Where the acceptance came from: address of the request, page, who did it."""
    status_reason = models.CharField(_("reason"), max_length=200, blank=True, editable=False)

    objects = LockingQuerySet["Referrer"].as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = _("referrer")
        verbose_name_plural = _("referrers")
        constraints: ClassVar = [
            status_constraint(ReferrerStatus, name="referrer_status_is_known"),
            models.UniqueConstraint(fields=["programme", "account"], name="one_enrolment_per_account"),
        ]
        indexes: ClassVar = [models.Index(fields=["division", "-id"], name="referrer_division")]

    def __str__(self) -> str:
        return f"{self.customer.name} ({self.code})"

    @property
    def is_active(self) -> bool:
        """Whether they may refer, and are credited for it."""
        return self.status == ReferrerStatus.ACTIVE

    def suspend(self, reason: str) -> None:
        """
        Let them refer nobody for now; their links still land, and earn nothing.

        :raises NotAllowed: if they are not active
        """
        self._move(ReferrerStatus.SUSPENDED)
        self.status_reason = reason

    def leave(self) -> None:
        """
        They take part no longer.

        :raises NotAllowed: if they left before
        """
        self._move(ReferrerStatus.LEFT)
        self.status_reason = ""

    def return_(self, reason: str) -> None:
        """
        They take part again.

        :raises NotAllowed: if they are active
        """
        self._move(ReferrerStatus.ACTIVE)
        self.status_reason = reason


class Invitation(Lifecycle):
    """An e-mail to a friend, in a referrer's name and on our account: ours to answer for."""

    MOVES = INVITATION_MOVES

    referrer = models.ForeignKey(Referrer, models.PROTECT, related_name="invitations", verbose_name=_("referrer"))
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    token = models.CharField(max_length=40, unique=True, default=new_token, editable=False)
    """The end of the link in this very letter."""
    friend_name = models.CharField(_("friend"), max_length=80)
    email = models.EmailField(_("e-mail"))
    email_key = models.CharField(max_length=254, db_index=True, editable=False)
    """The address without what makes no difference to its mailbox: case, dots and plus-tags (`normalised_email`)."""
    note = models.CharField(_("personal note"), max_length=LONGEST_NOTE, blank=True)
    language = models.CharField(_("language"), max_length=10)
    qualification = models.ForeignKey(
        Qualification, models.PROTECT, null=True, related_name="+", verbose_name=_("address check")
    )
    """The check of the friend's address, made before anything was promised."""
    key = models.CharField(max_length=100, unique=True, editable=False)
    """The form and the row that it came from: pressed twice, it goes out once."""
    corrects = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="correction", verbose_name=_("corrects"), editable=False
    )
    """The invitation whose address did not work: corrected once."""
    status = models.CharField(
        _("status"), max_length=12, choices=InvitationStatus.choices, default=InvitationStatus.QUEUED, editable=False
    )
    created_at = models.DateTimeField(_("invited"), default=now, editable=False)
    written_at = models.DateTimeField(_("written"), null=True, editable=False)
    """When its letter was given to correspondence."""
    sent_at = models.DateTimeField(_("sent"), null=True, editable=False)
    clicked_at = models.DateTimeField(_("opened"), null=True, editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, editable=False)

    objects = LockingQuerySet["Invitation"].as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints: ClassVar = [
            status_constraint(InvitationStatus, name="invitation_status_is_known"),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="invitation_email_in_lower_case"),
            models.UniqueConstraint(
                fields=["email_key"],
                condition=Q(status__in=sorted(LIVE_INVITATIONS)),
                name="one_live_invitation_per_mailbox",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["referrer", "-created_at"], name="invitation_referrer"),
            models.Index(fields=["division", "-id"], name="invitation_division"),
            models.Index(
                fields=["id"],
                name="invitation_to_write",
                condition=Q(status=InvitationStatus.QUEUED, written_at=None),
            ),
            models.Index(
                fields=["created_at"], name="invitation_age", condition=Q(status__in=sorted(LIVE_INVITATIONS))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.friend_name} ({self.get_status_display()})"

    @property
    def shown_status(self) -> InvitationStatus:
        """What the referrer sees: whether a friend wants no mail is none of their business."""
        return InvitationStatus.SENT if self.status in UNWANTED_INVITATIONS else InvitationStatus(self.status)

    @property
    def is_live(self) -> bool:
        """Whether it may still lead to an order."""
        return self.status in LIVE_INVITATIONS

    def mark_sent(self, *, at: datetime) -> None:
        """The mail server has taken it."""
        self._move(InvitationStatus.SENT)
        self.sent_at = at

    def mark_clicked(self, *, at: datetime) -> None:
        """The friend has opened the link."""
        self._move(InvitationStatus.CLICKED)
        self.clicked_at = at

    def mark_ordered(self, *, at: datetime) -> None:
        """The friend has ordered."""
        self._move(InvitationStatus.ORDERED)
        self.ended_at = at

    def bounce(self, *, at: datetime) -> None:
        """The address does not take mail; the referrer may correct it."""
        self._move(InvitationStatus.BOUNCED)
        self.ended_at = at

    def suppress(self, *, at: datetime) -> None:
        """The friend wanted no such mail when it was to be sent."""
        self._move(InvitationStatus.SUPPRESSED)
        self.ended_at = at

    def opt_out(self, *, at: datetime) -> None:
        """The friend wants no more invitations."""
        self._move(InvitationStatus.OPTED_OUT)
        self.ended_at = at

    def withdraw(self, *, at: datetime) -> None:
        """
        The referrer takes it back.

        :raises NotAllowed: if it has led to an order or has ended
        """
        self._move(InvitationStatus.WITHDRAWN)
        self.ended_at = at


class InvitationBlock(models.Model):
    """A friend wants no more invitations from one referrer, but minds no others."""

    referrer = models.ForeignKey(Referrer, models.CASCADE, related_name="blocks", verbose_name=_("referrer"))
    email_key = models.CharField(max_length=254)
    since = models.DateTimeField(_("since"), default=now)

    class Meta:
        verbose_name = _("blocked invitations")
        verbose_name_plural = _("blocked invitations")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["referrer", "email_key"], name="one_block_per_referrer_and_mailbox")
        ]

    def __str__(self) -> str:
        return f"{self.referrer}: {self.since:%Y-%m-%d}"

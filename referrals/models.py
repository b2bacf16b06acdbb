"""Programmes, those who refer in them, whom they invited, every touch, and the orders that came of it."""

import secrets
from datetime import date, datetime, timedelta
from typing import ClassVar

import pgtrigger
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext, gettext_lazy as _

from accounts.models import Account, Customer
from foundation.divisions.fields import TranslatedField
from foundation.divisions.models import Division, bumps_configuration
from foundation.lifecycle import Lifecycle, LockingQuerySet, NotAllowed, status_constraint
from foundation.now import now
from foundation.people.models import User
from foundation.safeguards import never_changes
from orders.models import Order
from orders.states import Channel
from referrals.states import (
    INVITATION_MOVES,
    LIVE_INVITATIONS,
    PROGRAMME_MOVES,
    REFERRAL_MOVES,
    REFERRER_MOVES,
    SIGNAL_MOVES,
    UNWANTED_INVITATIONS,
    DisqualifyReason,
    InvitationStatus,
    ProgrammeStatus,
    ReferralStatus,
    ReferrerStatus,
    SignalKind,
    SignalStatus,
    TouchKind,
    TouchOutcome,
    TouchPreference,
)
from territory.models import Qualification

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
        _("new again after months"), default=12,
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
        verbose_name = _("referral programme")
        verbose_name_plural = _("referral programmes")
        constraints: ClassVar = [
            status_constraint(ProgrammeStatus, name="programme_status_is_known"),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="programme_ends_after_it_starts",
                violation_error_message=_("The last day lies before the first."),
            ),
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


class Referrer(Lifecycle):
    """A customer's account that takes part in a programme, with its code, link and the terms that were accepted."""

    MOVES = REFERRER_MOVES

    programme = models.ForeignKey(Programme, models.PROTECT, related_name="referrers", verbose_name=_("programme"))
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

    programme = models.ForeignKey(Programme, models.PROTECT, related_name="referrals", verbose_name=_("programme"))
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

"""What does not work for many at once: whom it affects, what they were told, and which tickets it explains."""

from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext, gettext_lazy as _

from accounts.models import Account, Customer
from foundation.correspondence.models import Message
from foundation.divisions.fields import TranslatedField
from foundation.divisions.models import Division
from foundation.lifecycle import Lifecycle, LockingQuerySet, NotAllowed, status_constraint
from foundation.now import now
from foundation.people.models import User
from foundation.safeguards import append_only, moves_only_along, never_changes
from orders.models import InstalledService
from territory.models import Premises, Street
from territory.states import ProductFamily
from tickets.models.ticket import Ticket
from tickets.states import (
    OUTAGE_MOVES,
    UNDER_WAY,
    NoticeChannel,
    OutageKind,
    OutageStatus,
    ScopeKind,
    UpdateStage,
)


class Outage(Lifecycle):
    """A fault that many have, or work that will stop their service for a while."""

    MOVES = OUTAGE_MOVES

    key = models.CharField(max_length=120, unique=True, editable=False)
    """The form that declared it: sent twice, it declares one outage."""
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    """Whom it affects lives here or below."""
    kind = models.CharField(_("kind"), max_length=12, choices=OutageKind.choices)
    status = models.CharField(
        _("state"), max_length=14, choices=OutageStatus.choices, default=OutageStatus.INVESTIGATING, editable=False
    )
    title = models.CharField(_("what and where"), max_length=160)
    """For colleagues."""
    families = ArrayField(
        models.CharField(max_length=12, choices=ProductFamily.choices), default=list, blank=True,
        verbose_name=_("what does not work"),
    )  # fmt: skip
    """Empty: all that the network carries."""
    cause = models.TextField(_("cause"), blank=True)
    """For colleagues."""
    words = TranslatedField(_("words for customers"), multiline=True)
    """The latest: each update keeps its own."""
    starts_at = models.DateTimeField(_("since"))
    """Of maintenance: from when."""
    expected_at = models.DateTimeField(_("works again by"), null=True, blank=True)
    restored_at = models.DateTimeField(_("worked again"), null=True, editable=False)
    reopened_count = models.PositiveSmallIntegerField(_("times reopened"), default=0, editable=False)
    declared_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("declared by"))
    declared_at = models.DateTimeField(_("declared"), default=now, editable=False)

    objects = LockingQuerySet["Outage"].as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = _("outage")
        verbose_name_plural = _("outages")
        constraints: ClassVar = [
            status_constraint(OutageStatus, name="outage_status_is_known"),
            models.CheckConstraint(condition=Q(kind__in=OutageKind.values), name="outage_kind_is_known"),
            models.CheckConstraint(
                condition=~Q(status=OutageStatus.PLANNED) | Q(kind=OutageKind.MAINTENANCE),
                name="faults_are_not_planned",
            ),
            models.CheckConstraint(
                condition=Q(status=OutageStatus.RESTORED, restored_at__isnull=False)
                | ~Q(status=OutageStatus.RESTORED) & Q(restored_at=None),
                name="restored_outages_say_when",
            ),
            models.CheckConstraint(
                condition=Q(expected_at=None) | Q(expected_at__gt=F("starts_at")), name="outage_ends_after_it_starts"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["division", "-id"], name="outage_division"),
            models.Index(
                fields=["division"], name="outage_open",
                condition=Q(status__in=[OutageStatus.PLANNED, *sorted(UNDER_WAY)]),
            ),
        ]  # fmt: skip
        triggers: ClassVar = [
            moves_only_along(OUTAGE_MOVES, message="An outage moves only along its lifecycle."),
            never_changes(
                "key", "division_id", "kind", name="declared_once",
                message="What an outage was declared as never changes.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return gettext("Outage %(number)d: %(title)s") % {"number": self.pk, "title": self.title}

    @property
    def is_under_way(self) -> bool:
        """Whether it does not work now."""
        return self.status in UNDER_WAY

    @property
    def is_open(self) -> bool:
        """Whether it is under way, or will be."""
        return self.is_under_way or self.status == OutageStatus.PLANNED

    @property
    def families_in_words(self) -> list[str]:
        """What does not work, by name; empty: all that the network carries."""
        return [str(ProductFamily(family).label) for family in self.families]

    def begin(self) -> None:
        """
        The work that was planned begins.

        :raises NotAllowed: if it has begun, or was called off
        """
        if self.status != OutageStatus.PLANNED:
            raise NotAllowed(gettext("It was not planned, or has begun."), code="not_planned")
        self._move(OutageStatus.IDENTIFIED)

    def progress(self, to: OutageStatus) -> None:
        """
        We know more, or less, than we did.

        :raises NotAllowed: if it is not under way, or stands there already
        """
        if to not in UNDER_WAY or not self.is_under_way:
            raise NotAllowed(gettext("It is not under way."), code="not_under_way", field="status")
        self._move(to)

    def restore(self, *, at: datetime) -> None:
        """
        It works again.

        :param at: since when
        :raises NotAllowed: if it is not under way, or this lies before it began or ahead
        """
        self._move(OutageStatus.RESTORED)
        if not self.starts_at < at <= now():
            raise NotAllowed(gettext("It began later than that, or that is still ahead."), code="when", field="at")
        self.restored_at = at

    def reopen(self) -> None:
        """
        It does not work after all.

        :raises NotAllowed: if it is not over
        """
        if self.status != OutageStatus.RESTORED:
            raise NotAllowed(gettext("It is not over."), code="not_over")
        self._move(OutageStatus.INVESTIGATING)
        self.restored_at = self.expected_at = None
        self.reopened_count += 1

    def withdraw(self) -> None:
        """
        There is no such outage, or the work will not be done.

        :raises NotAllowed: if it is over, was over before, or was called off
        """
        if self.reopened_count:
            raise NotAllowed(gettext("It was over once, so there was one: say that it is over."), code="was_over")
        self._move(OutageStatus.WITHDRAWN)


class OutageScope(models.Model):
    """One line of what says whom an outage affects: places add up, products narrow them."""

    outage = models.ForeignKey(Outage, models.CASCADE, related_name="scopes", verbose_name=_("outage"))
    kind = models.CharField(_("kind"), max_length=8, choices=ScopeKind.choices)
    code = models.CharField(_("code"), max_length=60, blank=True)
    """Of a node, a ZIP code, a product."""
    street = models.ForeignKey(Street, models.PROTECT, null=True, blank=True, related_name="+")
    premises = models.ForeignKey(Premises, models.PROTECT, null=True, blank=True, related_name="+")
    account = models.ForeignKey(Account, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering: ClassVar = ["kind", "pk"]
        verbose_name = _("extent of an outage")
        verbose_name_plural = _("extents of outages")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["outage", "kind", "code", "street", "premises", "account"],
                nulls_distinct=False,
                name="scope_once",
            ),
            models.CheckConstraint(
                condition=Q(
                    kind__in=[ScopeKind.NODE, ScopeKind.ZIP, ScopeKind.PRODUCT],
                    street=None,
                    premises=None,
                    account=None,
                )
                & ~Q(code="")
                | Q(kind=ScopeKind.STREET, code="", street__isnull=False, premises=None, account=None)
                | Q(kind=ScopeKind.PREMISES, code="", street=None, premises__isnull=False, account=None)
                | Q(kind=ScopeKind.ACCOUNT, code="", street=None, premises=None, account__isnull=False),
                name="scope_names_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return str(self.code or self.street or self.premises or self.account)


class AffectedService(models.Model):
    """A service that did not work in an outage, as it was found when the outage was declared or widened, or by a call."""

    outage = models.ForeignKey(Outage, models.CASCADE, related_name="affected", verbose_name=_("outage"))
    service = models.ForeignKey(InstalledService, models.PROTECT, related_name="+", verbose_name=_("service"))
    account = models.ForeignKey(Account, models.PROTECT, related_name="outages", verbose_name=_("account"))
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", verbose_name=_("customer"))

    class Meta:
        verbose_name = _("affected service")
        verbose_name_plural = _("affected services")
        constraints: ClassVar = [models.UniqueConstraint(fields=["outage", "service"], name="affected_once")]

    def __str__(self) -> str:
        return f"{self.outage}: {self.service}"


class OutageSpell(models.Model):
    """From when until when it did not work; an outage that was reopened has several."""

    outage = models.ForeignKey(Outage, models.CASCADE, related_name="spells", verbose_name=_("outage"))
    began_at = models.DateTimeField(_("from"))
    ended_at = models.DateTimeField(_("to"), null=True)

    class Meta:
        ordering: ClassVar = ["began_at"]
        verbose_name = _("spell of an outage")
        verbose_name_plural = _("spells of outages")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["outage"], condition=Q(ended_at=None), name="one_spell_at_a_time"),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gt=F("began_at")), name="spell_ends_after_it_begins"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.began_at} – {self.ended_at or ''}"


class OutageUpdate(models.Model):
    """What became known of an outage, and what customers were told: never changed."""

    outage = models.ForeignKey(Outage, models.PROTECT, related_name="updates", verbose_name=_("outage"))
    stage = models.CharField(_("stage"), max_length=10, choices=UpdateStage.choices)
    status = models.CharField(_("state"), max_length=14, choices=OutageStatus.choices)
    words = TranslatedField(_("words for customers"), multiline=True)
    expected_at = models.DateTimeField(_("works again by"), null=True)
    note = models.TextField(_("note for colleagues"), blank=True)
    is_told = models.BooleanField(_("customers are told"), default=False)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"), default=now)

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = _("update of an outage")
        verbose_name_plural = _("updates of outages")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["outage", "stage"],
                condition=Q(stage__in=[UpdateStage.ANNOUNCED, UpdateStage.STARTED]),
                name="outage_begins_once",
            )
        ]
        triggers: ClassVar = [*append_only("What was said of an outage stands as it was said.")]

    def __str__(self) -> str:
        return f"{self.outage}: {self.get_stage_display()}"


class OutageDetachment(models.Model):
    """That a ticket is about something else than an outage: it is not attached to it again by itself."""

    outage = models.ForeignKey(Outage, models.CASCADE, related_name="detachments", verbose_name=_("outage"))
    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="detachments", verbose_name=_("ticket"))
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"), default=now)

    class Meta:
        verbose_name = _("detachment from an outage")
        verbose_name_plural = _("detachments from outages")
        constraints: ClassVar = [models.UniqueConstraint(fields=["outage", "ticket"], name="detached_once")]

    def __str__(self) -> str:
        return f"{self.ticket} – {self.outage}"


class OutageNotice(models.Model):
    """That one person is told one update of an outage by one channel."""

    update = models.ForeignKey(OutageUpdate, models.PROTECT, related_name="notices", verbose_name=_("update"))
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", verbose_name=_("customer"))
    channel = models.CharField(_("channel"), max_length=8, choices=NoticeChannel.choices)
    address = models.EmailField(_("to"))
    language = models.CharField(_("language"), max_length=10)
    message = models.ForeignKey(Message, models.PROTECT, null=True, related_name="+", verbose_name=_("message"))
    """What went out; None: not yet."""

    class Meta:
        ordering: ClassVar = ["pk"]
        verbose_name = _("notice of an outage")
        verbose_name_plural = _("notices of outages")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["update", "channel", "address"], name="each_person_is_told_once_a_stage_and_channel"
            )
        ]

    def __str__(self) -> str:
        return f"{self.update} → {self.address}"

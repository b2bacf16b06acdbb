"""What somebody reported, asked or complained about."""

import secrets
from datetime import UTC, datetime
from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, Lower, Replace
from django.utils.translation import gettext, gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from accounts.models import Account, Customer, Mailbox
from foundation.divisions.models import Division
from foundation.lifecycle import Lifecycle, LockingQuerySet, NotAllowed, status_constraint
from foundation.now import now
from foundation.people.models import User
from foundation.safeguards import moves_only_along, never_changes
from foundation.worklist.models import WorkItem
from orders.models import InstalledService
from territory.models import Premises
from tickets.states import (
    ANSWERED_BEFORE_THEY_END,
    ENDED_BY_THE_CUSTOMER,
    HOLD_REASONS_OF,
    MOVES,
    MOVES_OF,
    OPEN,
    RESOLUTIONS_OF,
    STOPPED,
    ChildPolicy,
    EscalationReason,
    HoldReason,
    PendingReason,
    Priority,
    ResolutionCode,
    TicketChannel,
    TicketStatus,
    TicketType,
)

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""What nobody mistakes on the phone."""
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""When that is due for which no promise runs: after all else."""


def new_number() -> str:
    """Return a number for a new ticket that nobody guesses, such as `T-7F3K-29QX`."""
    signs = "".join(secrets.choice(ALPHABET) for _sign in range(8))
    return f"T-{signs[:4]}-{signs[4:]}"


SIGNS_OF_NUMBER = Replace("number", Value("-"), Value(""))
"""A ticket's number without its dashes, as people type it."""


class Ticket(WorkItem, Lifecycle):
    """One thing that somebody reported, asked or complained about, until it is put right."""

    MOVES = MOVES
    MOVES_OF = MOVES_OF

    number = models.CharField(_("number"), max_length=12, unique=True, default=new_number, editable=False)
    key = models.CharField(max_length=120, unique=True, editable=False)
    """What opened it (a form, a mail): sent twice, it opens one ticket."""
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    type = models.CharField(_("type"), max_length=10, choices=TicketType.choices)
    status = models.CharField(
        _("status"), max_length=12, choices=TicketStatus.choices, default=TicketStatus.ACKNOWLEDGED, editable=False
    )
    reason = models.CharField(
        _("waits for"), max_length=12, blank=True, editable=False,
        choices=[*PendingReason.choices, *HoldReason.choices],
    )  # fmt: skip
    """While it waits or is on hold: what for."""
    priority = models.CharField(_("priority"), max_length=2, choices=Priority.choices, default=Priority.P3)
    subject = models.CharField(_("subject"), max_length=200)
    customer = models.ForeignKey(
        Customer, models.PROTECT, null=True, blank=True, related_name="tickets", verbose_name=_("customer")
    )
    account = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, related_name="tickets", verbose_name=_("account")
    )
    premises = models.ForeignKey(
        Premises, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("premises")
    )
    service = models.ForeignKey(
        InstalledService, models.PROTECT, null=True, blank=True, related_name="tickets", verbose_name=_("service")
    )
    requester_name = models.CharField(_("name"), max_length=120, blank=True)
    requester_email = models.EmailField(_("e-mail"), blank=True)
    """Where answers go, whoever wrote last."""
    requester_phone = PhoneNumberField(_("phone"), blank=True, region="US")
    language = models.CharField(_("language"), max_length=10)
    channel = models.CharField(_("channel"), max_length=10, choices=TicketChannel.choices)
    opened_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("opened by")
    )
    """The member of staff who opened it; None: the customer did, or a system of ours."""
    reported_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, editable=False, related_name="+", verbose_name=_("reported by")
    )
    """The customer, or whoever signs in for them, where they reported it themselves."""
    symptom = models.CharField(_("symptom"), max_length=60, blank=True)
    answers = models.JSONField(_("answers"), default=dict, blank=True)
    """What was found on the way through the symptom tree: step → answer."""
    escalation_level = models.PositiveSmallIntegerField(_("escalation level"), default=0, editable=False)
    escalation_reason = models.CharField(
        _("escalated because"), max_length=16, choices=EscalationReason.choices, blank=True, editable=False
    )
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("part of")
    )
    child_policy = models.CharField(
        _("with its parts"), max_length=14, choices=ChildPolicy.choices, default=ChildPolicy.WITH_PARENT, editable=False
    )
    merged_into = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="merged",
        verbose_name=_("merged into"),
    )
    """The ticket on which this one goes on. It keeps all it had, and stands still."""
    outage = models.ForeignKey(
        "tickets.Outage", models.PROTECT, null=True, blank=True, editable=False, related_name="tickets",
        verbose_name=_("outage"),
    )  # fmt: skip
    """The outage that explains it: it is held until that is over."""
    split_from = models.ForeignKey(
        "tickets.Article", models.PROTECT, null=True, blank=True, editable=False, related_name="split_off",
        verbose_name=_("split off from"),
    )  # fmt: skip
    resolution = models.CharField(
        _("resolution"), max_length=16, choices=ResolutionCode.choices, blank=True, editable=False
    )
    resolution_text = models.TextField(_("what was done"), blank=True, editable=False)
    """In words that the customer reads."""
    version = models.PositiveIntegerField(default=0, editable=False)
    """How many public articles there are: whoever answers says which they have read."""
    opened_at = models.DateTimeField(_("opened"), default=now, editable=False)
    first_answered_at = models.DateTimeField(_("first answered"), null=True, editable=False)
    answered_at = models.DateTimeField(_("last answered"), null=True, editable=False)
    heard_at = models.DateTimeField(_("last heard from the customer"), null=True, editable=False)
    resolved_at = models.DateTimeField(_("resolved"), null=True, editable=False)
    first_resolved_at = models.DateTimeField(_("first resolved"), null=True, editable=False)
    """Stays when it is reopened: figures count a ticket in the days in which it was first put right."""
    closed_at = models.DateTimeField(_("closed"), null=True, editable=False)
    """When it ended, whichever way."""
    reopened_at = models.DateTimeField(_("last reopened"), null=True, editable=False)
    reopened_count = models.PositiveSmallIntegerField(_("times reopened"), default=0, editable=False)
    due_by = models.GeneratedField(
        expression=Coalesce("due_at", Value(NEVER)), output_field=models.DateTimeField(), db_persist=True
    )
    """As `due_at`, and the end of all days where nothing runs: lists are sorted by it."""
    last_word_at = models.GeneratedField(
        expression=Coalesce("heard_at", "opened_at"), output_field=models.DateTimeField(), db_persist=True
    )
    """
    When the customer last said something; when it was opened, where they never did.

    It is in no index, so that what they say rewrites the row of their ticket and none of its thirty index entries
    (heap-only tuples); of the open tickets, a list by the last word sorts what it finds.
    """
    truck_rolls = models.PositiveSmallIntegerField(_("truck rolls"), default=0, editable=False)
    """How often somebody of ours has arrived at the address for it."""
    visit_missed_at = models.DateTimeField(_("visit missed"), null=True, editable=False)
    """When a visit was missed that nobody has made good since: by another one, a late arrival, or calling it off."""
    search = models.GeneratedField(
        expression=SearchVector("number", "subject", "requester_name", "requester_email", config="simple"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = LockingQuerySet["Ticket"].as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")
        constraints: ClassVar = [
            status_constraint(TicketStatus, name="ticket_status_is_known"),
            models.CheckConstraint(condition=Q(type__in=TicketType.values), name="ticket_type_is_known"),
            models.CheckConstraint(condition=Q(priority__in=Priority.values), name="ticket_priority_is_known"),
            models.CheckConstraint(
                condition=Q(status=TicketStatus.PENDING, reason__in=PendingReason.values)
                | Q(status=TicketStatus.HELD, reason__in=HoldReason.values)
                | ~Q(status__in=sorted(STOPPED)) & Q(reason=""),
                name="tickets_that_stand_still_say_why",
            ),
            models.CheckConstraint(
                condition=~Q(status=TicketStatus.REJECTED) | ~Q(type__in=[TicketType.TROUBLE, TicketType.COMPLAINT]),
                name="trouble_is_never_declined",
            ),
            models.CheckConstraint(
                condition=~Q(status=TicketStatus.HELD) | Q(type__in=[TicketType.TROUBLE, TicketType.BILLING]),
                name="only_faults_and_money_are_held",
            ),
            models.CheckConstraint(
                condition=Q(status__in=sorted(OPEN)) | Q(resolved_at__isnull=False) | Q(closed_at__isnull=False),
                name="ended_tickets_say_when",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=[TicketStatus.RESOLVED, TicketStatus.CLOSED]) | ~Q(resolution=""),
                name="resolved_tickets_say_how",
            ),
            models.CheckConstraint(
                condition=~Q(type__in=sorted(ANSWERED_BEFORE_THEY_END))
                | ~Q(status__in=[TicketStatus.RESOLVED, TicketStatus.CLOSED])
                | Q(answered_at__isnull=False),
                name="complaints_end_answered",
            ),
            models.CheckConstraint(
                condition=Q(requester_email=Lower("requester_email")), name="ticket_email_in_lower_case"
            ),
            models.CheckConstraint(condition=~Q(merged_into=F("pk")), name="ticket_is_not_merged_into_itself"),
            models.CheckConstraint(condition=~Q(parent=F("pk")), name="ticket_is_not_its_own_parent"),
            models.CheckConstraint(
                condition=Q(escalation_level=0, escalation_reason="")
                | Q(escalation_level__gt=0) & ~Q(escalation_reason=""),
                name="escalated_tickets_say_why",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["division", "-id"], name="ticket_division"),
            models.Index(
                fields=["division", "-id"], name="ticket_open", condition=Q(status__in=sorted(OPEN), merged_into=None)
            ),
            models.Index(
                fields=["owner", "-id"], name="ticket_owner", condition=Q(status__in=sorted(OPEN), merged_into=None)
            ),
            models.Index(
                fields=["team", "-id"], name="ticket_team", condition=Q(status__in=sorted(OPEN), merged_into=None)
            ),
            *(
                models.Index(
                    fields=[field, "id"], name=f"ticket_open_{name}",
                    condition=Q(status__in=sorted(OPEN), merged_into=None),
                )
                for name, field in (("due", "due_by"), ("priority", "priority"))
            ),
            models.Index(
                fields=["first_resolved_at"], name="ticket_put_right", condition=Q(first_resolved_at__isnull=False)
            ),
            models.Index(
                fields=["division", "-id"], name="ticket_visit_missed", condition=Q(visit_missed_at__isnull=False)
            ),
            models.Index(fields=["resolved_at"], name="ticket_silent", condition=Q(status=TicketStatus.RESOLVED)),
            models.Index(fields=["requester_email", "-id"], name="ticket_email"),
            models.Index(
                Mailbox("requester_email"), "opened_at", name="ticket_mailed_by", condition=Q(channel=TicketChannel.MAIL)
            ),
            models.Index(fields=["requester_phone", "-id"], name="ticket_phone"),
            GinIndex(fields=["search"], name="ticket_search"),
            GinIndex(OpClass(SIGNS_OF_NUMBER, name="gin_trgm_ops"), name="ticket_number_part"),
        ]  # fmt: skip
        triggers: ClassVar = [
            moves_only_along(MOVES, message="A ticket moves only along its lifecycle."),
            never_changes(
                "number", "key", "opened_at", name="opened_once",
                message="Under which number and when a ticket was opened never changes.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.number

    @property
    def is_open(self) -> bool:
        """Whether somebody still works on it, or should; what was merged goes on elsewhere."""
        return self.status in OPEN and not self.merged_into_id

    @property
    def is_overdue(self) -> bool:
        """Whether what was promised for it should have been kept by now."""
        return self.is_open and self.due_by < now()

    @property
    def is_unanswered(self) -> bool:
        """Whether the customer wrote last, and nobody has answered yet."""
        is_theirs = self.opened_by_id is None and self.channel != TicketChannel.SYSTEM
        wrote_at = self.heard_at or (self.opened_at if is_theirs else None)
        return self.is_open and bool(wrote_at and (not self.answered_at or self.answered_at < wrote_at))

    @property
    def is_answered(self) -> bool:
        """Whether the customer was answered since it was opened, or last reopened."""
        return bool(self.answered_at and (not self.reopened_at or self.answered_at >= self.reopened_at))

    @property
    def is_asked(self) -> bool:
        """Whether the customer was written to since they last said something."""
        last_word = max(at for at in (self.opened_at, self.heard_at, self.reopened_at) if at)
        return self.answered_at is not None and self.answered_at >= last_word

    def can_move(self, to: str) -> bool:
        """Tell whether the lifecycle of its type has a way there from the present status; a merged one goes nowhere."""
        return not self.merged_into_id and super().can_move(to)

    def start(self) -> None:
        """
        Somebody works on it, for the first time or again after a wait.

        :raises NotAllowed: if it does not wait for anybody
        """
        if self.status not in OPEN:
            raise NotAllowed(gettext("It has ended. Reopen it first."), code="ended")
        self._move(TicketStatus.IN_PROGRESS)
        self.reason = ""

    def note_answer(self, *, at: datetime) -> None:
        """The customer was answered; what nobody had looked at before is worked on."""
        self.answered_at = at
        self.first_answered_at = self.first_answered_at or at
        if self.status == TicketStatus.ACKNOWLEDGED:
            self.start()

    def pend(self, reason: PendingReason) -> None:
        """
        It waits for somebody or something; what waits already, for something else than was thought.

        :raises NotAllowed: if it has ended, waits for this already, or nobody has looked at it yet where somebody must
        """
        if self.status != TicketStatus.PENDING or self.merged_into_id:
            self._move(TicketStatus.PENDING)
        elif self.reason == reason:
            raise NotAllowed(gettext("It waits for that already."), code="unchanged", field="reason")
        self.reason = reason

    def hold(self, reason: HoldReason) -> None:
        """
        It is held until something of ours has happened.

        :raises NotAllowed: if it has ended, is held already, or its type is not held for this
        """
        if reason not in HOLD_REASONS_OF[TicketType(self.type)]:
            raise NotAllowed(
                gettext("A ticket of this type is not held for that."), code="wrong_reason", field="reason"
            )
        self._move(TicketStatus.HELD)
        self.reason = reason

    def resolve(self, code: ResolutionCode, text: str, *, at: datetime) -> None:
        """
        It is put right, as far as we know.

        :param text: what was done, for the customer
        :raises NotAllowed: if it has ended, its type does not end so, or the customer must be answered first
        """
        if code not in RESOLUTIONS_OF[TicketType(self.type)]:
            raise NotAllowed(gettext("A ticket of this type does not end with that."), code="wrong_code", field="code")
        if self.type in ANSWERED_BEFORE_THEY_END and not self.is_answered:
            if not self.requester_email:
                raise NotAllowed(gettext("Call the customer first, and note what was said."), code="unanswered")
            raise NotAllowed(gettext("Answer the customer first."), code="unanswered")
        self._move(TicketStatus.RESOLVED)
        self.reason, self.resolution, self.resolution_text, self.resolved_at = "", code, text, at
        self.first_resolved_at = self.first_resolved_at or at

    def close(self, *, at: datetime) -> None:
        """
        The customer said that it is, or nothing more was heard of it.

        :raises NotAllowed: if it is not resolved
        """
        self._move(TicketStatus.CLOSED)
        self.closed_at = at

    def reopen(self, *, at: datetime) -> None:
        """
        It was not put right after all.

        :raises NotAllowed: if it has not ended, or was declined or cancelled
        """
        if self.status in OPEN:
            raise NotAllowed(gettext("It is open."), code="open")
        self._move(TicketStatus.IN_PROGRESS)
        self.resolved_at = self.closed_at = None
        self.resolution = self.resolution_text = ""
        self.reopened_at = at
        self.reopened_count += 1

    def take_back_resolution(self) -> None:
        """
        It was not resolved: nobody outside has heard that it was.

        :raises NotAllowed: if it is not resolved
        """
        if self.status != TicketStatus.RESOLVED:
            raise NotAllowed(gettext("It is not resolved."), code="not_resolved")
        self._move(TicketStatus.IN_PROGRESS)
        if self.first_resolved_at == self.resolved_at:
            self.first_resolved_at = None
        self.resolved_at = None
        self.resolution = self.resolution_text = ""

    def attach(self, outage: "models.Model") -> None:
        """
        An outage explains it: it is held until that is over.

        :raises NotAllowed: if it has ended, is explained by an outage already, or its type is not held for one
        """
        if self.outage_id:
            raise NotAllowed(gettext("It is attached to an outage already."), code="attached")
        if self.status == TicketStatus.HELD:
            self.start()
        self.hold(HoldReason.OUTAGE)
        self.outage_id = outage.pk

    def detach(self) -> None:
        """
        It is about something else than the outage that it is attached to, and goes on by itself.

        :raises NotAllowed: if it is attached to none
        """
        if not self.outage_id:
            raise NotAllowed(gettext("It is not attached to an outage."), code="not_attached")
        if self.reason == HoldReason.OUTAGE:
            self.start()
        self.outage = None

    def reject(self, text: str, *, at: datetime) -> None:
        """
        What was asked will not be done.

        :param text: why, for the customer
        :raises NotAllowed: if its type cannot be declined, it has ended, or no reason is given
        """
        if not text.strip():
            raise NotAllowed(gettext("Say why, in words for the customer."), code="empty", field="text")
        self._move(TicketStatus.REJECTED)
        self.reason, self.resolution_text, self.closed_at = "", text.strip(), at

    def cancel(self, *, by_customer: bool, at: datetime) -> None:
        """
        Nobody wants it to go on.

        :param by_customer: who wants so: them, or staff
        :raises NotAllowed: if it has ended, or its type can be called off by the customer alone
        """
        if self.type in ENDED_BY_THE_CUSTOMER and not by_customer:
            raise NotAllowed(gettext("Only the customer can call off a complaint."), code="not_ours")
        self._move(TicketStatus.CANCELLED)
        self.reason, self.closed_at = "", at

    def set_type(self, to: TicketType) -> None:
        """
        It is something else than was thought.

        :raises NotAllowed: if it has ended, or cannot stand where it does as one of that type
        """
        if not self.is_open:
            raise NotAllowed(gettext("It has ended."), code="ended")
        if self.reason in HoldReason and self.reason not in HOLD_REASONS_OF[to]:
            raise NotAllowed(
                gettext("It is on hold, which a ticket of that type cannot be."), code="held", field="type"
            )
        self.type = to

"""Credits for outages: what one account gets for one outage, asked for by one person, approved by another."""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext, gettext_lazy as _

from accounts.models import Account
from billing.models import Submission
from foundation.divisions.models import Division
from foundation.jobs.models import Job
from foundation.lifecycle import Lifecycle, LockingQuerySet, NotAllowed, status_constraint
from foundation.money import MoneyField
from foundation.now import now
from foundation.people.models import User
from foundation.safeguards import Safeguard, moves_only_along, never_changes
from tickets.models.outages import Outage
from tickets.states import CREDIT_MOVES, CREDIT_RUN_MOVES, CREDITS_THAT_COUNT, CreditRunStatus, CreditStatus


class CreditRun(Lifecycle):
    """What the accounts of one outage are credited at once: counted when it was asked for, and not changed since."""

    MOVES = CREDIT_RUN_MOVES

    outage = models.ForeignKey(Outage, models.PROTECT, related_name="credit_runs", verbose_name=_("outage"))
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    status = models.CharField(
        _("state"), max_length=16, choices=CreditRunStatus.choices, default=CreditRunStatus.REQUESTED, editable=False
    )
    counted_until = models.DateTimeField(_("counted until"))
    currency = models.CharField(_("currency"), max_length=3)
    count = models.PositiveIntegerField(_("accounts"), default=0, editable=False)
    total = MoneyField(_("total"), default=Decimal("0.00"), editable=False)
    checksum = models.CharField(_("checksum"), max_length=64, blank=True, editable=False)
    """SHA-256 over the credits as they were asked for."""
    requested_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("asked for by"))
    requested_at = models.DateTimeField(_("asked for"), default=now, editable=False)
    approved_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("approved by"), editable=False
    )
    approved_at = models.DateTimeField(_("approved"), null=True, editable=False)
    concluded_at = models.DateTimeField(_("answered by billing"), null=True, editable=False)
    job = models.ForeignKey(Job, models.PROTECT, null=True, related_name="+", verbose_name=_("work"), editable=False)

    objects = LockingQuerySet["CreditRun"].as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = _("credits for an outage")
        verbose_name_plural = _("credits for outages")
        constraints: ClassVar = [
            status_constraint(CreditRunStatus, name="credit_run_status_is_known"),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("requested_by")),
                name="nobody_approves_their_own_credits",
            ),
            models.CheckConstraint(
                condition=Q(status__in=[CreditRunStatus.REQUESTED, CreditRunStatus.DISCARDED])
                | Q(approved_by__isnull=False, approved_at__isnull=False),
                name="sent_credits_were_approved",
            ),
            models.UniqueConstraint(
                fields=["outage"],
                condition=Q(status__in=[CreditRunStatus.REQUESTED, CreditRunStatus.APPROVED]),
                name="one_run_of_credits_at_a_time",
            ),
        ]
        triggers: ClassVar = [
            moves_only_along(CREDIT_RUN_MOVES, message="Credits for an outage go forwards only."),
            never_changes(
                "outage_id", "division_id", "currency", "counted_until", "requested_by_id", "requested_at",
                name="asked_for_once", message="What was asked for does not change.",
            ),
            never_changes(
                "count", "total", "checksum", "approved_by_id", "approved_at",
                name="approved_once", message="Approved credits do not change.",
                condition=pgtrigger.Q(old__approved_at__isnull=False),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return gettext("Credits %d") % self.pk

    def approve(self, *, by: User, at: datetime) -> None:
        """
        Somebody else answers for it: it will be credited.

        :raises NotAllowed: if it was approved or discarded before, or the person asked for it
        """
        self._refuse_unless_waiting()
        if by.pk == self.requested_by_id:
            raise NotAllowed(gettext("You asked for these credits: somebody else has to approve them."), code="own_run")
        self._move(CreditRunStatus.APPROVED)
        self.approved_by, self.approved_at = by, at

    def submit(self, job: Job) -> None:
        """
        Its credits go out.

        :raises NotAllowed: if it is not approved, or they went out before
        """
        self._move(CreditRunStatus.POSTED)
        self.job = job

    def conclude(self, *, is_whole: bool, at: datetime) -> None:
        """Every credit has its answer."""
        self._move(CreditRunStatus.CONFIRMED if is_whole else CreditRunStatus.PARTLY_RETURNED)
        self.concluded_at = at

    def discard(self) -> None:
        """
        Nothing of it is credited.

        :raises NotAllowed: if it was approved, or discarded before
        """
        self._refuse_unless_waiting()
        self._move(CreditRunStatus.DISCARDED)

    @property
    def what_became_of_it(self) -> str:
        """Why nobody can approve or discard it any more, in words; empty while somebody can."""
        if self.status == CreditRunStatus.REQUESTED:
            return ""
        if self.approved_by is None:
            return gettext("They were discarded: nobody is credited by them.")
        words = {
            CreditRunStatus.APPROVED: gettext("%(person)s has approved them: they go out."),
            CreditRunStatus.POSTED: gettext("%(person)s has approved them: billing is asked for them."),
            CreditRunStatus.CONFIRMED: gettext("%(person)s has approved them, and they are credited."),
            CreditRunStatus.PARTLY_RETURNED: gettext("%(person)s has approved them, and billing has refused some."),
        }
        return words[CreditRunStatus(self.status)] % {"person": self.approved_by}

    def _refuse_unless_waiting(self) -> None:
        if self.what_became_of_it:
            raise NotAllowed(self.what_became_of_it, code="wrong_status")


class OutageCredit(Lifecycle):
    """What one account is credited for one outage in one run: less what it was credited for it before."""

    MOVES = CREDIT_MOVES

    run = models.ForeignKey(CreditRun, models.PROTECT, related_name="credits", verbose_name=_("run"))
    outage = models.ForeignKey(Outage, models.PROTECT, related_name="credits", verbose_name=_("outage"))
    account = models.ForeignKey(Account, models.PROTECT, related_name="outage_credits", verbose_name=_("account"))
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    """The account's: its billing system credits."""
    status = models.CharField(
        _("state"), max_length=10, choices=CreditStatus.choices, default=CreditStatus.PENDING, editable=False
    )
    minutes = models.PositiveIntegerField(_("minutes"))
    """Of the service that did not work longest."""
    monthly = MoneyField(_("each month"))
    """Of all services that did not work, as it was when the outage began."""
    spans = models.JSONField(_("times"), default=dict, editable=False)
    """The times that it is for, each from a moment to another, by the service's id; no other outage credits them."""
    due = MoneyField(_("for the whole outage"))
    credited_before = MoneyField(_("credited before"), default=Decimal("0.00"))
    amount = MoneyField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    request_id = models.CharField(_("request id"), max_length=100, unique=True)
    """`outage-<outage>-<account>-<attempt>`."""
    submission = models.ForeignKey(
        Submission, models.PROTECT, null=True, related_name="+", verbose_name=_("submission")
    )
    credit_id = models.CharField(_("vendor's credit"), max_length=100, blank=True)
    problem = models.CharField(_("problem"), max_length=300, blank=True)
    """What the billing system said when it refused it."""
    sent_at = models.DateTimeField(_("sent"), null=True)
    confirmed_at = models.DateTimeField(_("credited"), null=True)

    objects = LockingQuerySet["OutageCredit"].as_manager()

    class Meta:
        ordering: ClassVar = ["run", "pk"]
        verbose_name = _("credit for an outage")
        verbose_name_plural = _("single credits for outages")
        constraints: ClassVar = [
            status_constraint(CreditStatus, name="outage_credit_status_is_known"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, credited_before__gte=0, amount=F("due") - F("credited_before")),
                name="outage_credit_is_the_rest",
            ),
            models.UniqueConstraint(fields=["run", "account"], name="an_account_is_credited_once_a_run"),
            models.UniqueConstraint(
                fields=["outage", "account", "credited_before"],
                condition=Q(status__in=sorted(CREDITS_THAT_COUNT)),
                name="an_outage_is_credited_once",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["outage", "account"], name="outage_credit_account")]
        triggers: ClassVar = [
            moves_only_along(CREDIT_MOVES, message="A credit goes forwards only."),
            never_changes(
                "run_id", "outage_id", "account_id", "division_id", "minutes", "monthly", "due", "credited_before", "amount",
                "currency", "spans", "request_id", name="credited_as_asked_for", message="A credit stays as it was asked for.",
            ),
            Safeguard(
                name="credits_are_kept", when=pgtrigger.Before, operation=pgtrigger.Delete,
                func="RAISE EXCEPTION 'Credits for outages are kept.';",
            ),
            Safeguard(
                name="approved_runs_gain_nothing", when=pgtrigger.Before, operation=pgtrigger.Insert,
                func="""
                    IF EXISTS (SELECT 1 FROM tickets_creditrun WHERE id = NEW.run_id AND approved_at IS NOT NULL) THEN
                        RAISE EXCEPTION 'Approved credits do not change.';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.request_id

    @property
    def may_be_sent_again(self) -> bool:
        """Whether billing refused it, and nobody asks again at the moment."""
        return self.status == CreditStatus.RETURNED and bool(self.submission and not self.submission.is_open)

    def send(self, submission: Submission, *, at: datetime) -> None:
        """
        The billing system is asked for it.

        :raises NotAllowed: if it was asked before
        """
        self._move(CreditStatus.SENT)
        self.submission, self.sent_at = submission, at

    def confirm(self, credit_id: str, *, at: datetime) -> None:
        """
        It is credited.

        :raises NotAllowed: if that was known
        """
        self._move(CreditStatus.CONFIRMED)
        self.credit_id, self.confirmed_at, self.problem = credit_id, at, ""

    def return_(self, problem: str) -> None:
        """
        The billing system will not have it.

        :raises NotAllowed: if that was known, or it was credited
        """
        if self.status != CreditStatus.RETURNED or self.problem == problem[:300]:  # else: sent again, and refused again
            self._move(CreditStatus.RETURNED)
        self.problem = problem[:300]

    def discard(self) -> None:
        """
        It is not asked for.

        :raises NotAllowed: if it was
        """
        self._move(CreditStatus.DISCARDED)

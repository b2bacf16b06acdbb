"""What payees say is wrong with a line of their statements, or is missing from them; what was said, and answered."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.functional import cached_property
from django.utils.translation import gettext, gettext_lazy as _

from commissions.models.ledger import LedgerEntry
from commissions.models.rewards import Payee, Reward
from commissions.states import DISPUTE_MOVES, OPEN_DISPUTES, TO_BE_ANSWERED, ArticleKind, DisputeStatus, Side
from foundation.correspondence.models import KeptFile
from foundation.divisions.models import Division
from foundation.lifecycle import Lifecycle, LockingQuerySet, NotAllowed, status_constraint
from foundation.money import MoneyField
from foundation.now import now, today
from foundation.people.models import User
from foundation.safeguards import append_only, moves_only_along, never_changes, never_deleted
from foundation.worklist.models import WorkItem
from referrals.models import Referral

LONGEST_WORDS = 1000


class Dispute(WorkItem, Lifecycle):
    """
    What a payee says is wrong or missing: looked into by one owner, answered once, by somebody who had no hand in it.

    It is about one line of a statement; or about a referral of which there is no line; or about a friend who is not
    among their referrals at all. About one thing one is open at a time, and after an explanation there is one appeal. The line itself never changes. Where the payee is right, a further entry is posted in
    the open month, and is paid as every other reward is: in a batch, read and approved by another person.

    Of a piece of work it has the owner and since when; no team shares it, and its clock runs in days (`due_on`).
    """

    MOVES = DISPUTE_MOVES

    entry = models.ForeignKey(LedgerEntry, models.PROTECT, null=True, related_name="disputes", verbose_name=_("line"))
    """The line that is wrong; None where a reward is missing."""
    referral = models.ForeignKey(
        Referral, models.PROTECT, null=True, related_name="disputes", verbose_name=_("referral without a line")
    )
    """Whose reward is missing; None where a line is wrong, and where the friend is not among the payee's referrals."""
    appeals = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="appealed_by", verbose_name=_("appeal against")
    )
    """The dispute of the same thing whose explanation the payee does not take for an answer; None: asked the first time."""
    payee = models.ForeignKey(Payee, models.PROTECT, related_name="disputes", verbose_name=_("payee"))
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    """The entry's, the referral's, or else the payee's: who may see it may see the dispute."""
    status = models.CharField(
        _("status"), max_length=15, choices=DisputeStatus.choices, default=DisputeStatus.RAISED, editable=False
    )
    words = models.CharField(_("what is wrong"), max_length=LONGEST_WORDS)
    raised_at = models.DateTimeField(_("raised"), default=now)
    raised_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("raised by"))
    due_on = models.DateField(_("to be answered by"))
    """The last day, the division's, on which an answer is in time; later by the days for which the payee was asked."""
    wanted_on = models.DateField(_("payee asked on"), null=True)
    """While the payee is asked for something: the division's day on which they were. The clock rests from then on."""
    answer = models.CharField(_("answer"), max_length=LONGEST_WORDS, blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True)
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("answered by"))
    expected_on = models.DateField(_("expected by"), null=True)
    """
    Where a missing reward still qualified when it was answered: the day, the division's, by which the payee may read of it.

    Such an answer is no refusal: after that day they may ask as if they had not.
    """
    amount = MoneyField(_("correction"), null=True)
    """What the payee gets on top, in the entry's currency; none where the line was right."""
    correction = models.OneToOneField(
        LedgerEntry, models.PROTECT, null=True, related_name="corrects", verbose_name=_("entry of the correction")
    )

    objects = LockingQuerySet["Dispute"].as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")
        constraints: ClassVar = [
            status_constraint(DisputeStatus, name="dispute_status_is_known"),
            models.CheckConstraint(
                condition=Q(
                    status__in=sorted(OPEN_DISPUTES), answer="", answered_at=None, answered_by=None
                )
                | ~Q(status__in=sorted(OPEN_DISPUTES))
                & ~Q(answer="")
                & Q(answered_at__isnull=False, answered_by__isnull=False),
                name="answered_disputes_say_what_and_who",
            ),
            models.CheckConstraint(
                condition=Q(status=DisputeStatus.UPHELD, amount__gt=0, correction__isnull=False)
                | ~Q(status=DisputeStatus.UPHELD) & Q(amount=None, correction=None),
                name="upheld_disputes_are_corrected",
            ),
            models.CheckConstraint(
                condition=Q(answered_by=None) | ~Q(answered_by=F("raised_by")), name="nobody_answers_themselves"
            ),
            models.CheckConstraint(
                condition=Q(status=DisputeStatus.RAISED, owner=None)
                | Q(status__in=[DisputeStatus.ASSIGNED, DisputeStatus.EVIDENCE_WANTED], owner__isnull=False)
                | ~Q(status__in=sorted(OPEN_DISPUTES)),
                name="disputes_are_looked_into_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(status=DisputeStatus.EVIDENCE_WANTED, wanted_on__isnull=False)
                | ~Q(status=DisputeStatus.EVIDENCE_WANTED) & Q(wanted_on=None),
                name="clocks_rest_while_payees_are_asked",
            ),
            models.CheckConstraint(
                condition=Q(entry=None) | Q(referral=None), name="a_dispute_is_about_one_thing"
            ),
            models.CheckConstraint(
                condition=Q(expected_on=None) | Q(status=DisputeStatus.EXPLAINED, referral__isnull=False),
                name="what_still_qualifies_is_explained",
            ),
            models.CheckConstraint(
                condition=Q(appeals=None) | Q(entry__isnull=False) | Q(referral__isnull=False),
                name="lost_friends_are_not_appealed_about",
            ),
            models.UniqueConstraint(
                fields=["entry"], condition=Q(entry__isnull=False, status__in=sorted(OPEN_DISPUTES)),
                name="a_line_has_one_open_dispute",
            ),
            models.UniqueConstraint(
                fields=["entry"], condition=Q(entry__isnull=False, appeals=None), name="a_line_is_disputed_once",
            ),
            models.UniqueConstraint(
                fields=["entry"], condition=Q(entry__isnull=False, appeals__isnull=False),
                name="a_line_is_appealed_about_once",
            ),
            models.UniqueConstraint(
                fields=["referral", "payee"],
                condition=Q(referral__isnull=False, status__in=sorted(OPEN_DISPUTES)),
                name="a_missing_reward_has_one_open_dispute",
            ),
            models.UniqueConstraint(
                fields=["referral", "payee"], condition=Q(referral__isnull=False, appeals=None, expected_on=None),
                name="a_missing_reward_is_disputed_once",
            ),
            models.UniqueConstraint(
                fields=["referral", "payee"],
                condition=Q(referral__isnull=False, appeals__isnull=False, expected_on=None),
                name="a_missing_reward_is_appealed_about_once",
            ),
            models.UniqueConstraint(
                fields=["payee"],
                condition=Q(entry=None, referral=None, status__in=sorted(OPEN_DISPUTES)),
                name="one_missing_friend_at_a_time",
            ),
        ]  # fmt: skip
        indexes: ClassVar = [
            models.Index(fields=["division", "status", "due_on"], name="dispute_division"),
            models.Index(fields=["owner"], name="dispute_owner", condition=Q(owner__isnull=False)),
        ]
        triggers: ClassVar = [
            never_changes(
                "entry_id", "referral_id", "payee_id", "division_id", "words", "raised_at", "raised_by_id", "appeals_id",
                name="what_was_asked_stays",
                message="What a payee has said does not change.",
            ),
            never_changes(
                "due_on",
                name="clocks_run",
                message="The day by which a dispute is answered moves on only by the time for which its payee was asked.",
                condition=pgtrigger.Q(
                    old__status__in=sorted(
                        status.value for status in DisputeStatus if status != DisputeStatus.EVIDENCE_WANTED
                    )
                ),
            ),
            moves_only_along(DISPUTE_MOVES, message="A dispute is answered once."),
            never_changes(
                "answer", "answered_at", "answered_by_id", "amount", "correction_id", "owner_id", "expected_on",
                name="what_was_answered_stays",
                message="An answer does not change.",
                condition=pgtrigger.Q(old__status__in=[DisputeStatus.EXPLAINED.value, DisputeStatus.UPHELD.value]),
            ),
            *never_deleted("A dispute is kept."),
        ]  # fmt: skip

    def __str__(self) -> str:
        return gettext("Dispute %d") % self.pk

    @property
    def is_open(self) -> bool:
        """Whether nobody has answered yet."""
        return self.status in OPEN_DISPUTES

    @property
    def is_waiting(self) -> bool:
        """Whether the payee is asked for something, and the clock rests."""
        return self.status == DisputeStatus.EVIDENCE_WANTED

    @property
    def is_overdue(self) -> bool:
        """Whether it should have been answered by now."""
        return self.status in TO_BE_ANSWERED and today(self.division) > self.due_on

    @property
    def state_told(self) -> str:
        """How far it is, as the payee reads it: who has it is not theirs to know."""
        if self.is_waiting:
            return gettext("We need something from you")
        if self.expected_on:
            return gettext("Still expected")
        return str(DisputeStatus.ASSIGNED.label) if self.is_open else self.get_status_display()

    @property
    def what(self) -> str:
        """What it is about: the kind of the line, or what is missing."""
        if self.entry:
            return self.entry.get_kind_display()
        return gettext("A missing reward") if self.referral_id else gettext("A missing friend")

    @cached_property
    def reward(self) -> Reward | None:
        """
        What it is about; None where nothing was ever promised, or the friend is not among the payee's referrals.

        Read once, as it was then: who decides by it holds it.
        """
        if self.entry:
            return self.entry.reward
        return (
            Reward.objects.filter(referral=self.referral_id, payee=self.payee_id).first() if self.referral_id else None
        )

    @property
    def about(self) -> Referral | None:
        """The referral that it is about; None where the friend is not among the payee's."""
        return self.entry.reward.referral if self.entry else self.referral

    @property
    def side(self) -> Side:
        """On which side of the referral the payee stands."""
        about = self.about
        is_friend = about is not None and about.friend_account_id == self.payee.account_id
        return Side.FRIEND if is_friend else Side.REFERRER

    @property
    def friend(self) -> str:
        """Return what the payee calls the friend; nothing to the friend, and where nobody knows which friend it is."""
        return self.about.friend_label if self.about and self.side == Side.REFERRER else ""

    def take(self, by: User, *, at: datetime, taking_from: int | None = None) -> None:
        """
        Somebody looks into it.

        :param taking_from: the colleague, by id, from whom it is taken
        :raises NotAllowed: if it was answered, the person has it already, or somebody else does and keeps it
        """
        self._refuse_if_answered()
        if self.owner_id not in {None, by.pk, taking_from}:
            raise NotAllowed(gettext("%(person)s has this.") % {"person": self.owner}, code="taken")
        self.take_over(by, at=at)
        if self.status == DisputeStatus.RAISED:
            self._move(DisputeStatus.ASSIGNED)

    def pass_on(self, to: User, *, at: datetime) -> None:
        """
        Somebody else looks into it.

        :raises NotAllowed: if it was answered, or they have it already
        """
        self._refuse_if_answered()
        self.hand_over(to, team=None, at=at)
        if self.status == DisputeStatus.RAISED:
            self._move(DisputeStatus.ASSIGNED)

    def give_back(self) -> None:
        """
        It waits for whoever takes it.

        :raises NotAllowed: if it was answered, nobody has it, or the payee is asked for something
        """
        self._refuse_if_answered()
        if self.is_waiting:
            message = gettext("The payee is asked for something: hand it to a colleague, who reads what they answer.")
            raise NotAllowed(message, code="waiting")
        self.release()
        self._move(DisputeStatus.RAISED)

    def want(self, *, on: date) -> None:
        """
        The payee is asked for something: the clock rests.

        :raises NotAllowed: if nobody has it, it was answered, or the payee is asked already
        """
        self._refuse_if_answered()
        if self.is_waiting:
            raise NotAllowed(gettext("The payee is asked already: wait for what they answer."), code="waiting")
        self._move(DisputeStatus.EVIDENCE_WANTED)
        self.wanted_on = on

    def hear(self, *, on: date) -> int:
        """
        The payee has answered: the clock goes on where it had stopped.

        :param on: the division's day
        :return: by how many days the day of our answer has moved on
        :raises NotAllowed: if nothing was asked
        """
        waited = days_waited(self.wanted_on or on, on)
        self._move(DisputeStatus.ASSIGNED)
        self.due_on += timedelta(days=waited)
        self.wanted_on = None
        return waited

    def explain(self, answer: str, *, expected_on: date | None = None, by: User, at: datetime) -> None:
        """
        The line is right, or nothing is missing: say why.

        :param expected_on: where the reward still qualifies, see the field
        :raises NotAllowed: if nobody has taken it, or it was answered before
        """
        self._refuse_if_answered()
        self._move(DisputeStatus.EXPLAINED)
        self.expected_on = expected_on
        self.answer, self.answered_by, self.answered_at, self.wanted_on = answer, by, at, None

    def uphold(self, answer: str, amount: Decimal, correction: LedgerEntry, *, by: User, at: datetime) -> None:
        """
        The payee is right: an entry puts it right.

        :param amount: what they get on top, above zero
        :raises NotAllowed: if nobody has taken it, or it was answered before
        """
        self._refuse_if_answered()
        self._move(DisputeStatus.UPHELD)
        self.answer, self.answered_by, self.answered_at, self.wanted_on = answer, by, at, None
        self.amount, self.correction = amount, correction

    def _refuse_if_answered(self) -> None:
        if not self.is_open:
            raise NotAllowed(gettext("This dispute was answered."), code="wrong_status")


def days_waited(asked_on: date, answered_on: date) -> int:
    """Count the days from a question to its answer; none where both fall on one day, or a clock was set back."""
    return max((answered_on - asked_on).days, 0)


class DisputeArticle(models.Model):
    """What was said in a dispute between what the payee said first and our answer. It never changes."""

    dispute = models.ForeignKey(Dispute, models.PROTECT, related_name="articles", verbose_name=_("dispute"))
    key = models.CharField(max_length=120, unique=True)
    """Of the form on which it was said: sent twice, it stands once."""
    kind = models.CharField(_("kind"), max_length=10, choices=ArticleKind.choices)
    is_from_payee = models.BooleanField(_("from the payee"), default=False)
    author = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("author"))
    text = models.CharField(_("text"), max_length=LONGEST_WORDS, blank=True)
    at = models.DateTimeField(_("when"), default=now)

    class Meta:
        ordering: ClassVar = ["pk"]
        verbose_name = _("article of a dispute")
        verbose_name_plural = _("articles of disputes")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind=ArticleKind.ADDED)
                | Q(kind=ArticleKind.REPLY, is_from_payee=True)
                | Q(kind__in=[ArticleKind.QUESTION, ArticleKind.NOTE], is_from_payee=False),
                name="payees_are_asked_and_answer",
            )
        ]
        triggers: ClassVar = [*append_only("What was said in a dispute stays as it was said.")]

    def __str__(self) -> str:
        return f"{self.dispute}: {self.get_kind_display()}"


class Evidence(KeptFile):
    """A file that shows what somebody says in a dispute. Both sides may read it, and it never changes."""

    dispute = models.ForeignKey(Dispute, models.PROTECT, related_name="evidence", verbose_name=_("dispute"))
    article = models.ForeignKey(
        DisputeArticle, models.PROTECT, null=True, related_name="evidence", verbose_name=_("article")
    )
    """What it came with; None: what the payee said first."""

    class Meta(KeptFile.Meta):
        verbose_name = _("evidence")
        verbose_name_plural = _("evidence")
        triggers: ClassVar = [*append_only("Evidence stays as it came.")]

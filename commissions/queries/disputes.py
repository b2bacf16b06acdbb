"""What may be read of disputes: which lines can be disputed, whose disputes are whose, and how far a correction is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, Sum
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import Customer
from accounts.queries import is_own, who_sign_in_for
from commissions.models import BatchLine, Dispute, DisputeArticle, Evidence, LedgerEntry, Reward
from commissions.queries.progress import own_progress
from commissions.queries.statements import payees_of, told_of
from commissions.states import (
    OPEN_DISPUTES,
    TO_BE_ANSWERED,
    ArticleKind,
    DisputeStatus,
    EntryKind,
    LedgerAccount,
    LineStatus,
    ProgressStage,
    Side,
    Verdict,
)
from foundation.money import ZERO
from foundation.now import now, today
from foundation.people.models import User
from foundation.people.queries import Person, colleagues, divisions_where
from foundation.people.states import Permission
from referrals.models import Referral

LONGEST_WAIT = timedelta(days=21)
"""For what a payee was asked for; then somebody calls, or answers with what is known."""
ON_THEIR_WAY = Q(kind=EntryKind.SEND) | Q(kind=EntryKind.RETURN, debit=LedgerAccount.IN_TRANSIT)
"""What is posted and is no line of a statement."""


def disputes_visible_to(user: Person) -> QuerySet[Dispute]:
    """Return the disputes of the divisions where a member of staff may see the ledger."""
    return Dispute.objects.filter(division__in=divisions_where(user, Permission.SEE_LEDGER))


def own_lines(user_id: int) -> QuerySet[LedgerEntry]:
    """Return the entries that a customer reads as lines of their statements."""
    told = told_of(LedgerEntry.objects.filter(payee__in=payees_of(user_id).order_by()))
    return told.exclude(ON_THEIR_WAY)


def own_disputes(user_id: int) -> QuerySet[Dispute]:
    """Return what a customer has disputed, the latest first."""
    return Dispute.objects.filter(payee__in=payees_of(user_id).order_by()).order_by("-pk")


def searches_for_friends(disputes: QuerySet[Dispute]) -> QuerySet[Dispute]:
    """Keep those about a friend who is not among the payee's referrals, and not answered yet."""
    return disputes.filter(entry=None, referral=None, status__in=sorted(OPEN_DISPUTES))


@dataclass(frozen=True, kw_only=True)
class Asking:
    """Whether a payee may ask about one thing, a line or a missing reward, as it stands today."""

    last: Dispute | None = None
    """What they have asked about it last."""
    appeals: Dispute | None = None
    """The answer that another dispute would be an appeal against: it has to bring something new."""
    refusal: str = ""
    """Why they may not ask, and until when; empty where they may."""


def asking_after(before: Iterable[Dispute]) -> Asking:
    """
    Tell whether a payee may ask about one thing after all that they have asked about it, and whether that is an appeal.

    One dispute is open at a time; after an explanation there is one appeal. An answer that the reward still qualified is no
    refusal: once the day has passed by which it was expected, they may ask as if they had not.

    :param before: their disputes about that thing, with their divisions
    """
    last = max(before, key=lambda dispute: dispute.pk, default=None)
    if last is None:
        return Asking()
    if last.is_open:
        refusal = _("You have asked about this, and we are looking at it. Add to that what else you know.")
    elif last.status == DisputeStatus.UPHELD:
        refusal = _(
            "You have asked about this, and it was corrected. What is wrong with the correction you can say at its line."
        )
    elif last.expected_on and today(last.division) <= last.expected_on:
        refusal = _(
            "The reward still qualifies. If you read nothing of it by %(day)s, you can ask again after that day."
        )
        refusal %= {"day": date_format(last.expected_on)}
    elif last.expected_on:
        return Asking(last=last, appeals=last.appeals)
    elif last.appeals_id:
        refusal = _("You have asked about this twice, and had our answer twice. Call us if it leaves something open.")
    else:
        return Asking(last=last, appeals=last)
    return Asking(last=last, refusal=refusal)


def asking_about(disputes: QuerySet[Dispute]) -> Asking:
    """Tell whether a payee may ask about what all of some disputes of theirs are about, see `asking_after`."""
    return asking_after(disputes.select_related("division", "appeals"))


def of_the_same_thing(dispute: Dispute) -> QuerySet[Dispute]:
    """Return what a payee has asked about one line, or one missing reward; of a lost friend, the dispute alone."""
    if dispute.entry_id:
        return Dispute.objects.filter(entry=dispute.entry_id)
    if dispute.referral_id:
        return Dispute.objects.filter(referral=dispute.referral_id, payee=dispute.payee_id)
    return Dispute.objects.filter(pk=dispute.pk)


def still_expected_on(dispute: Dispute) -> date | None:
    """
    Return the day by which a missing reward may be read of, where its payee reads that it still qualifies; else None.

    So does one that was forfeited for what the friend did, until its last day is over: no answer tells the two apart.
    """
    reward = dispute.reward if dispute.referral_id else None
    progress = own_progress([reward])[reward.pk] if reward else None
    if reward is None or progress is None or progress.stage != ProgressStage.QUALIFYING:
        return None
    return max(progress.expected_on or reward.latest_on, today(dispute.division))


def overdue(disputes: QuerySet[Dispute]) -> QuerySet[Dispute]:
    """
    Keep those that wait longer than their payees were told, or for their payees longer than anybody should without a call.

    A market's midnight may be some hours off.
    """
    day = now().date()
    is_late = Q(status__in=sorted(TO_BE_ANSWERED), due_on__lt=day)
    return disputes.filter(is_late | Q(status=DisputeStatus.EVIDENCE_WANTED, wanted_on__lt=day - LONGEST_WAIT))


def own_lacking(user_id: int) -> QuerySet[Referral]:
    """
    Return the referrals of which a customer reads no line: of friends whom they have brought, and by whom they were.

    As a friend only where something was promised to them: nobody else has told them that they are one.
    """
    line = own_lines(user_id).filter(reward__referral=OuterRef("pk")).order_by()
    promised = Reward.objects.filter(
        referral=OuterRef("pk"), side=Side.FRIEND, payee__account__customer__user=user_id
    ).order_by()
    mine = Q(referrer__account__customer__user=user_id) | Exists(promised)
    return Referral.objects.filter(mine).exclude(Exists(line)).order_by("-ordered_at", "-pk")


def may_look_into(person: User, dispute: Dispute) -> bool:
    """Tell whether nothing but their roles could keep a person from answering: it is not theirs, nor of their doing."""
    return not (is_about(person, dispute) or has_refused(person, dispute) or had_a_hand_in(person, dispute.reward))


def has_refused(person: User, dispute: Dispute) -> bool:
    """Tell whether a dispute is an appeal against what a person has answered."""
    return dispute.appeals is not None and dispute.appeals.answered_by_id == person.pk


def is_about(person: User, dispute: Dispute) -> bool:
    """Tell whether a dispute is about a person's own money: its payee's, or the other side's of its referral."""
    return is_own(person, *_customers_of(dispute))


def _customers_of(dispute: Dispute) -> tuple[Customer, ...]:
    sides = (dispute.about.referrer.customer, dispute.about.friend) if dispute.about else ()
    return (dispute.payee.account.customer, *sides)


def may_answer(dispute: Dispute) -> list[User]:
    """Return by name who may answer a dispute: who answers some there, by a role there or above, and has no part in it."""
    there = colleagues(dispute.division, Permission.ANSWER_DISPUTES).order_by("name", "email")
    barred = _hands_in(dispute.reward) | who_sign_in_for(*_customers_of(dispute))
    return [person for person in there if person.pk not in barred and not has_refused(person, dispute)]


def colleagues_for(dispute: Dispute) -> list[User]:
    """Return whom a dispute may be given to: who may answer it, and does not have it."""
    return [person for person in may_answer(dispute) if person.pk != dispute.owner_id]


def may_let_answer(dispute: Dispute) -> list[User]:
    """Return by name who can give somebody else the role to answer a dispute: who manages people there, or above."""
    return list(colleagues(dispute.division, Permission.MANAGE_PEOPLE).order_by("name", "email"))


def is_appealable(dispute: Dispute) -> bool:
    """Tell whether an explanation of a dispute, as it stands, can be appealed against: it is the first, and a refusal."""
    is_about_something = dispute.entry_id is not None or dispute.referral_id is not None
    still_expected = dispute.expected_on if dispute.answer else still_expected_on(dispute)
    return is_about_something and dispute.appeals_id is None and not still_expected


def articles_of(dispute: Dispute) -> QuerySet[DisputeArticle]:
    """Return what was said in a dispute after it was raised, oldest first, with what colleagues have noted."""
    evidence = Prefetch("evidence", Evidence.objects.defer("content").order_by("pk"))
    return dispute.articles.select_related("author").prefetch_related(evidence).order_by("pk")


def told_articles_of(dispute: Dispute) -> QuerySet[DisputeArticle]:
    """Return what was said in a dispute after it was raised, oldest first, as far as its payee reads it."""
    return articles_of(dispute).exclude(kind=ArticleKind.NOTE)


def open_question(dispute: Dispute) -> DisputeArticle | None:
    """Return what a payee is asked for, and has not answered; None where they are asked for nothing."""
    return dispute.articles.filter(kind=ArticleKind.QUESTION).last() if dispute.is_waiting else None


def first_evidence_of(dispute: Dispute) -> QuerySet[Evidence]:
    """Return the files that came with what the payee said first, without their content."""
    return dispute.evidence.filter(article=None).defer("content")


def own_evidence(user_id: int) -> QuerySet[Evidence]:
    """Return the files of a customer's disputes, those of ours among them."""
    return Evidence.objects.filter(dispute__in=own_disputes(user_id).order_by())


def had_a_hand_in(person: User, reward: Reward | None) -> bool:
    """Tell whether a person approved, or found correct, a payment of a reward, or took back what corrected it."""
    return person.pk in _hands_in(reward)


def _hands_in(reward: Reward | None) -> set[int | None]:
    """Return who (ids) approved, or found correct, a payment of a reward, or took back what corrected it."""
    if reward is None:
        return set()
    of_reward = BatchLine.objects.filter(reward=reward).order_by()
    paid = of_reward.exclude(status=LineStatus.REMOVED)
    taken_back = of_reward.filter(dispute__isnull=False, verdict=Verdict.WRONG)
    approved = paid.values_list("batch__approved_by", flat=True)
    read = paid.values_list("read_by", flat=True)
    return set(approved.union(read, taken_back.values_list("read_by", flat=True)))


def correction_paid_on(dispute: Dispute) -> date | None:
    """Return the division's day on which a correction was credited or set off; None: it was not yet."""
    line = dispute.lines.filter(status=LineStatus.CONFIRMED).first()
    return line.confirmed_at.astimezone(dispute.division.zone).date() if line and line.confirmed_at else None


def corrected_of(reward: Reward) -> Decimal:
    """Return what corrections of a reward come to in all, those that an auditor has taken back left out."""
    standing = Dispute.objects.filter(correction__reward=reward).exclude(lines__verdict=Verdict.WRONG)
    return standing.aggregate(sum=Sum("amount"))["sum"] or ZERO


def correction_taken_back(dispute: Dispute) -> BatchLine | None:
    """Return the payment of a correction that an auditor has found wrong, and taken back thereby; None: it stands."""
    return dispute.lines.filter(verdict=Verdict.WRONG).select_related("read_by").first()

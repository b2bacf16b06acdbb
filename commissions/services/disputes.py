"""
A payee says that a line of a statement is wrong, or a reward missing; somebody who had no hand in it looks and answers.

Locks: the payee, while a dispute begins; else the dispute, then its referral where a rule decides once more, then its reward.
"""

import uuid
from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Count, Model, Q, QuerySet, Sum
from django.utils.translation import get_language, gettext as _

from accounts.models import Account
from commissions.events import DisputeAnswered, DisputeGivenBack, DisputeHandedOver, DisputeRaised, DisputeTaken
from commissions.models import LONGEST_WORDS, Dispute, DisputeArticle, Evidence, LedgerEntry, Payee, Reward
from commissions.queries.disputes import (
    asking_about,
    corrected_of,
    had_a_hand_in,
    has_refused,
    is_about,
    may_look_into,
    own_lacking,
    own_lines,
    searches_for_friends,
    still_expected_on,
)
from commissions.services.accrual import accrue_rewards
from commissions.services.endings import locked_reward
from commissions.services.ledger import post
from commissions.settings import DISPUTE_DAYS
from commissions.states import ArticleKind, EntryKind, RewardStatus
from foundation.correspondence.services import Upload
from foundation.divisions.models import Division
from foundation.divisions.queries import effective
from foundation.events.facts import Fact
from foundation.events.services import publish
from foundation.lifecycle import NotAllowed
from foundation.money import ZERO, format_money
from foundation.now import now, today
from foundation.people.models import User
from foundation.people.queries import can
from foundation.people.services import require
from foundation.people.states import Permission
from foundation.texts import words_alone
from referrals.models import Referral, Referrer
from referrals.states import ReferralStatus

NOT_EARNED_BY_ITSELF = frozenset({RewardStatus.CAP_LIMITED, RewardStatus.FORFEITED, RewardStatus.REVERSED})
"""In place of which something may be given after a dispute: any other is paid by itself, or has a line."""
MOST_FILES = 10
"""Files that each side of a dispute may show, from its beginning to the answer."""
MOST_BYTES = 25 * 1024**2
"""Of these files together."""
ANSWERED = ("status", "answer", "answered_by", "answered_at", "amount", "correction", "wanted_on", "expected_on")


# Raised by the payee. ----------------------------------------------------------------------------------------------


@transaction.atomic
def raise_dispute(entry_id: int, words: str, *, uploads: Sequence[Upload] = (), by: User) -> Dispute:
    """
    Take down what a payee says is wrong with a line of a statement of theirs. Everything else is paid meanwhile.

    :param uploads: what shows it
    :raises NotAllowed: if it is no line of theirs, nothing is said, or they may not ask about it now, see `asking_after`
    """
    entry = LedgerEntry.objects.select_related("division").get(pk=entry_id)
    if not own_lines(by.pk).filter(pk=entry_id).exists():
        raise NotAllowed(_("This is no line of a statement of yours."), code="not_own")
    payee = Payee.objects.locked().get(pk=entry.payee_id)  # of two sent at once, the second sees the first
    return _ask(
        payee.disputes.filter(entry=entry), words, uploads, payee=payee, division=entry.division, by=by, entry=entry
    )


@transaction.atomic
def raise_missing_reward(referral_id: int, words: str, *, uploads: Sequence[Upload] = (), by: User) -> Dispute:
    """
    Take down that a payee misses the reward for a friend of theirs: no line of a statement tells of it.

    :param uploads: what shows it
    :raises NotAllowed: if it is no friend of theirs or has a line, nothing is said, or they may not ask about it now, see
        `asking_after`
    """
    related = ("division", "referrer__account", "friend_account")
    referral = own_lacking(by.pk).select_related(*related).filter(pk=referral_id).first()
    if referral is None:
        message = _("You have a line for this friend, or it is no friend of yours: say what is wrong with the line.")
        raise NotAllowed(message, code="not_own", field="about")
    brought = referral.referrer.account.customer.user_id == by.pk
    payee = _payee_of(referral.referrer.account if brought else referral.friend_account)
    before = payee.disputes.filter(referral=referral)
    return _ask(before, words, uploads, payee=payee, division=referral.division, by=by, referral=referral)


@transaction.atomic
def raise_missing_friend(referrer_id: int, words: str, *, uploads: Sequence[Upload] = (), by: User) -> Dispute:
    """
    Take down that somebody is missing whom a person says to have brought; one at a time.

    :param referrer_id: as whom they have brought them
    :param uploads: what shows it
    :raises NotAllowed: if the place in the program is not theirs, nothing is said, or another one is being looked for
    """
    referrer = Referrer.objects.select_related("account").filter(account__customer__user=by, pk=referrer_id).first()
    if referrer is None:
        raise NotAllowed(_("You do not take part with this account."), code="not_own", field="about")
    payee = _payee_of(referrer.account)
    if searches_for_friends(payee.disputes.all()).exists():
        message = _("We are looking for a friend of yours already. Add to that what else you know.")
        raise NotAllowed(message, code="disputed", field="about")
    text = said(words, _("Say what is wrong with it."), field="words")
    return _begun(Dispute.objects.create(payee=payee, **_raised(text, payee.division, by)), uploads)


def _payee_of(account: Account) -> Payee:
    """
    Hold whom an account's rewards are owed to, made where nothing was owed until now.

    Of two disputes that are sent at once, the second sees the first.
    """
    division = account.division
    defaults = {"division": division, "currency": division.currency}
    return Payee.objects.locked().get(pk=Payee.objects.get_or_create(account=account, defaults=defaults)[0].pk)


def _ask(  # noqa: PLR0913  # what was said, by whom, about what
    before: QuerySet[Dispute],
    words: str,
    uploads: Sequence[Upload],
    *,
    payee: Payee,
    division: Division,
    by: User,
    **about: LedgerEntry | Referral,
) -> Dispute:
    """
    Begin a dispute about a line or a missing reward, if its payee may ask about it.

    :param payee: held
    :param before: what they have asked about it
    """
    asking = asking_about(before)
    if asking.refusal:
        raise NotAllowed(asking.refusal, code="disputed", field="about")
    text = words.strip() if asking.appeals and uploads else said(words, _("Say what is wrong with it."), field="words")
    refuse_too_long(text, field="words")
    if asking.appeals and not _is_new(asking.appeals, text, uploads):
        message = _("Say what we do not know yet, or add a file that we have not seen: we have answered all else.")
        raise NotAllowed(message, code="nothing_new", field="words")
    values = _raised(text, division, by)
    return _begun(Dispute.objects.create(payee=payee, appeals=asking.appeals, **about, **values), uploads)


def _is_new(refused: Dispute, text: str, uploads: Sequence[Upload]) -> bool:
    """Tell whether words or files were not among what a payee has said and shown in a dispute."""
    by_payee = refused.articles.filter(is_from_payee=True).values_list("text", flat=True)
    said_before = {words_alone(one) for one in ("", refused.words, *by_payee)}
    shown = [file for one in uploads for file in refused.evidence.filter(size=len(one.content))]
    known = {bytes(file.content) for file in shown}
    return words_alone(text) not in said_before or any(one.content not in known for one in uploads)


def _raised(text: str, division: Division, by: User) -> dict[str, Any]:
    return {
        "division": division,
        "words": text,
        "raised_at": now(),
        "raised_by": by,
        "due_on": today(division) + timedelta(days=effective(division, DISPUTE_DAYS)),
    }


def _begun(dispute: Dispute, uploads: Iterable[Upload]) -> Dispute:
    keep_evidence(dispute, None, uploads)
    reward = dispute.reward
    fact = DisputeRaised(
        dispute_id=dispute.pk,
        reward_id=reward.pk if reward else 0,
        due_on=dispute.due_on.isoformat(),
        is_missing=dispute.entry is None,
        is_appeal=dispute.appeals_id is not None,
    )
    tell_of(dispute, fact, by=dispute.raised_by)
    return dispute


def keep_evidence(dispute: Dispute, article: DisputeArticle | None, uploads: Iterable[Upload]) -> None:
    """
    Keep the files that came with what was said.

    :param dispute: held, or new
    :param article: None: with what the payee said first
    :raises NotAllowed: if the side that they come from has shown as much as it may
    """
    uploads = list(uploads)
    _refuse_too_much(dispute, uploads, is_from_payee=article is None or article.is_from_payee)
    Evidence.objects.bulk_create(
        Evidence(
            dispute=dispute, article=article, name=one.name[:200], media_type=one.media_type, size=len(one.content),
            content=one.content,
        )
        for one in uploads
    )  # fmt: skip


def _refuse_too_much(dispute: Dispute, uploads: Sequence[Upload], *, is_from_payee: bool) -> None:
    if not uploads:
        return
    side = Q(article__is_from_payee=True) | Q(article=None) if is_from_payee else Q(article__is_from_payee=False)
    shown = dispute.evidence.filter(side).aggregate(count=Count("pk"), size=Sum("size"))
    if shown["count"] + len(uploads) > MOST_FILES:
        message = _("At most %(most)d files from each side of a dispute: %(count)d are there already.")
        raise NotAllowed(message % {"most": MOST_FILES, "count": shown["count"]}, code="too_many", field="uploads")
    if (shown["size"] or 0) + sum(len(one.content) for one in uploads) > MOST_BYTES:
        message = _("At most %(most)d MB of files from each side of a dispute.") % {"most": MOST_BYTES // 1024**2}
        raise NotAllowed(message, code="too_much", field="uploads")


def tell_of(dispute: Dispute, fact: Fact, *, by: User) -> None:
    """Publish a fact about a dispute, on its own timeline and those of its reward, referral, order and payee's account."""
    reward, referral = dispute.reward, dispute.about
    about: list[Model] = [dispute, dispute.payee.account]
    about += [referral, referral.order] if referral else []
    publish(fact, subject=reward or dispute, about=about, division=dispute.division, by=by)


# Looked into by one owner. -----------------------------------------------------------------------------------------


@transaction.atomic
def take_dispute(dispute_id: int, *, taking_from: int | None = None, by: User) -> Dispute:
    """
    Look into a dispute.

    :param taking_from: the colleague, by id, from whom it is taken; None: it is nobody's
    :raises NotAllowed: if it was answered, the person has it already or may not, see `held`, or a colleague has it
    """
    return _take(held(dispute_id, by), by, taking_from=taking_from)


def _take(dispute: Dispute, by: User, *, taking_from: int | None = None) -> Dispute:
    before = dispute.owner_id or 0
    dispute.take(by, at=now(), taking_from=taking_from)
    dispute.save(update_fields=[*Dispute.WORK_FIELDS, "status"])
    tell_of(dispute, DisputeTaken(dispute_id=dispute.pk, user_id=by.pk, before=before), by=by)
    return dispute


@transaction.atomic
def give_back_dispute(dispute_id: int, *, by: User) -> Dispute:
    """
    Let a dispute wait for whoever takes it.

    :raises NotAllowed: if it was answered, the payee is asked for something, it is not the person's, or they may not
    """
    dispute = held(dispute_id, by)
    _refuse_unless_owned(dispute, by)
    before = dispute.owner_id or 0
    dispute.give_back()
    dispute.save(update_fields=[*Dispute.WORK_FIELDS, "status"])
    tell_of(dispute, DisputeGivenBack(dispute_id=dispute.pk, before=before), by=by)
    return dispute


@transaction.atomic
def hand_over_dispute(dispute_id: int, to: User, note: str = "", *, by: User) -> Dispute:
    """
    Give a dispute to a colleague, with a word that only colleagues read.

    :raises NotAllowed: if it was answered, is somebody else's and the person does not give out work, either of them may
        not answer it, or the colleague has it already
    """
    dispute = held(dispute_id, by)
    if dispute.owner_id not in {None, by.pk}:
        require(by, Permission.ASSIGN_WORK, dispute.division)
    if not can(to, Permission.ANSWER_DISPUTES, dispute.division) or not to.is_active:
        message = _("%(person)s does not answer disputes there.") % {"person": to}
        raise NotAllowed(message, code="wrong_person", field="to")
    if not may_look_into(to, dispute):
        message = _("It is %(person)s’s own reward, or they have approved a payment of it, or have answered before.")
        message %= {"person": to}
        raise NotAllowed(message, code="wrong_person", field="to")
    before = dispute.owner_id or 0
    dispute.pass_on(to, at=now())
    dispute.save(update_fields=[*Dispute.WORK_FIELDS, "status"])
    if text := note.strip()[:LONGEST_WORDS]:
        dispute.articles.create(kind=ArticleKind.NOTE, author=by, text=text, key=f"note:{uuid.uuid4().hex}")
    tell_of(dispute, DisputeHandedOver(dispute_id=dispute.pk, user_id=to.pk, before=before), by=by)
    return dispute


def held(dispute_id: int, by: User) -> Dispute:
    """
    Hold a dispute for somebody of ours.

    :raises NotAllowed: if the person's role does not include it, it is about their own money, they approved it, or it is an
        appeal against their answer
    """
    related = ("division", "payee__account__customer")  # what may change meanwhile is read once it is held
    dispute = Dispute.objects.locked().select_related(*related).get(pk=dispute_id)
    require(by, Permission.ANSWER_DISPUTES, dispute.division)
    if is_about(by, dispute):
        raise NotAllowed(_("This is about your own reward: somebody else has to answer."), code="own_reward")
    if has_refused(by, dispute):
        message = _("It is an appeal against an answer of yours: somebody else has to answer.")
        raise NotAllowed(message, code="own_answer")
    if had_a_hand_in(by, dispute.reward):
        raise NotAllowed(_("You have approved a payment of this reward: somebody else has to answer."), code="own_work")
    return dispute


def held_by_owner(dispute_id: int, by: User) -> Dispute:
    """
    Hold a dispute for who has it; where nobody has it, it becomes the person's.

    :raises NotAllowed: if a colleague has it, or the person may not answer it, see `held`
    """
    dispute = held(dispute_id, by)
    if dispute.is_open and dispute.owner_id is None:
        return _take(dispute, by)
    _refuse_unless_owned(dispute, by)
    return dispute


def _refuse_unless_owned(dispute: Dispute, by: User) -> None:
    if dispute.is_open and dispute.owner_id not in {None, by.pk}:
        message = _("%(person)s has this: take it first, or let them answer.") % {"person": dispute.owner}
        raise NotAllowed(message, code="taken")


# Answered. ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def explain_dispute(dispute_id: int, answer: str, *, by: User) -> Dispute:
    """
    Answer a payee that a line is right, or nothing missing, and why. What nobody has becomes the person's first.

    Where a missing reward still qualifies, the answer is no refusal: the payee reads by when it is expected, and may ask again
    after that day.

    :raises NotAllowed: if it was answered before, nothing is said, or the person may not answer, see `held_by_owner`
    """
    dispute = held_by_owner(dispute_id, by)
    dispute.explain(_answer(answer), expected_on=still_expected_on(dispute), by=by, at=now())
    return _answered(dispute, by)


@transaction.atomic
def uphold_dispute(dispute_id: int, answer: str, amount: Decimal, *, by: User) -> Dispute:
    """
    Answer a payee that a line is wrong, or a reward missing, and post in the open month what puts it right.

    It is paid in the next batch, in which an auditor reads it; what the payee owes us is set off against it, so that
    what was wrongly claimed back is no longer claimed. What nobody has becomes the person's first.

    :param amount: what the payee gets on top, in the reward's currency
    :raises NotAllowed: if it was answered before, nothing is said, there is nothing to be corrected, the amount is none or
        more than the line's own or than the rule would have given, what corrected other lines of the reward counted, or the
        person may not answer, see `held_by_owner`
    """
    dispute = held_by_owner(dispute_id, by)
    answered = _answer(answer)
    if amount <= ZERO:
        raise NotAllowed(_("Enter what the payee gets on top, above zero."), code="no_amount", field="amount")
    reward, most, inputs = _to_be_corrected(dispute)
    if not reward.is_cash and dispute.payee.account.closed_at:
        message = _("The account is closed, so that no credit reaches it. Answer in words.")
        raise NotAllowed(message, code="closed")
    left = max(ZERO, (reward.amount or ZERO) - corrected_of(reward))
    if left < min(amount, most):
        message = _("At most %(amount)s: all corrections of a reward together are no more than the reward.")
        limit = format_money(left, reward.currency, get_language() or "en")
        raise NotAllowed(message % {"amount": limit}, code="corrected", field="amount")
    if amount > most:
        message = (
            _("At most %(amount)s: a correction is no more than the line that it corrects.")
            if dispute.entry
            else _("At most %(amount)s: the rule would have given no more.")
        )
        limit = format_money(most, reward.currency, get_language() or "en")
        raise NotAllowed(message % {"amount": limit}, code="too_much", field="amount")
    correction = post(reward, EntryKind.CORRECT, amount, effective_on=today(reward.division), inputs=inputs)
    dispute.uphold(answered, amount, correction, by=by, at=now())
    return _answered(dispute, by)


def _to_be_corrected(dispute: Dispute) -> tuple[Reward, Decimal, dict[str, str]]:
    """Hold the reward that a correction is posted for, with the most that it may be and what the entry says of itself."""
    if dispute.entry:
        if obstacle := _obstacle_of_line(dispute.entry):
            raise NotAllowed(obstacle, code="nothing_to_correct")
        return locked_reward(dispute.entry.reward_id), dispute.entry.amount, {"corrects": dispute.entry.key}
    found = dispute.reward
    if obstacle := obstacle_to_correction(dispute, found):
        raise NotAllowed(obstacle, code="nothing_to_correct")
    reward = locked_reward(found.pk if found else 0)
    if obstacle := obstacle_to_correction(dispute, reward):
        raise NotAllowed(obstacle, code="nothing_to_correct")
    return reward, reward.amount or ZERO, {"in_place_of": str(reward.pk)}


def obstacle_to_giving(dispute: Dispute) -> str:
    """Say why nothing can be given to who has raised a dispute, and what to do instead; empty where something can."""
    if dispute.entry:
        return _obstacle_of_line(dispute.entry)
    return obstacle_to_correction(dispute, dispute.reward)


def obstacle_to_correction(dispute: Dispute, reward: Reward | None) -> str:
    """
    Say why nothing can be given for a reward that a payee misses, and what to do instead; empty where something can.

    :param reward: the dispute's own
    """
    if dispute.referral is None:
        return _("This friend is not among the payee’s referrals, so that nothing can be posted. Answer in words.")
    if dispute.referral.status == ReferralStatus.DISQUALIFIED:
        return _does_not_count()
    if reward is None:
        return _("Nothing was ever promised for this friend. Let the rules decide once more, or answer in words.")
    return _obstacle_of(reward, dispute)


def _does_not_count() -> str:
    return _("The referral was found not to count, so that no payment for it is approved. Answer in words.")


def _obstacle_of_line(entry: LedgerEntry) -> str:
    """Say why a line cannot be corrected, and what to do instead; empty where it can."""
    if entry.reward.referral.status == ReferralStatus.DISQUALIFIED:
        return _does_not_count()
    if entry.kind == EntryKind.HOLD and entry.reward.owed:
        return _("It is on hold, and owed all the same: it is paid once it is released. Answer in words.")
    return ""


def _obstacle_of(reward: Reward, dispute: Dispute) -> str:
    if reward.status == RewardStatus.ACCRUED:
        return _("The reward still qualifies and is earned by itself, or not. Answer in words.")
    told = own_lines(dispute.raised_by_id).filter(reward=reward)
    if reward.status not in NOT_EARNED_BY_ITSELF or told.exists():
        return _("The reward was earned, and is paid or held by itself. Answer in words.")
    if not reward.amount:
        return _(
            "What the reward comes to is reckoned from what the friend pays, and was never known. Answer in words."
        )
    return ""


@transaction.atomic
def decide_once_more(dispute_id: int, *, by: User) -> Reward:
    """
    Let the rules decide about a friend for whom nothing was ever promised, by the version in force when they ordered.

    What begins to qualify thereby is earned by itself, or not: the dispute is answered in words. In place of what meets a
    limit something can be given.

    :raises NotAllowed: if something was promised, the friend is not installed, no rule gives the payee anything, or the
        person may not answer it, see `held_by_owner`
    """
    dispute = held_by_owner(dispute_id, by)
    if not dispute.is_open:
        raise NotAllowed(_("This dispute was answered."), code="wrong_status")
    if not can_decide_once_more(dispute, dispute.reward):
        raise NotAllowed(_("There is nothing to decide once more."), code="nothing_to_decide")
    for reward in accrue_rewards(dispute.referral_id or 0):
        if reward.payee_id == dispute.payee_id:
            return reward
    message = _("No rule that was in force when the friend ordered gives the payee anything. Answer in words.")
    raise NotAllowed(message, code="nothing_promised")


def can_decide_once_more(dispute: Dispute, reward: Reward | None) -> bool:
    """Tell whether the rules may be asked again: nothing was promised, and the friend is installed."""
    referral: Referral | None = dispute.referral
    return dispute.is_open and reward is None and referral is not None and referral.status == ReferralStatus.INSTALLED


def _answer(words: str) -> str:
    return said(words, _("Say it in words that the payee understands."), field="answer")


def said(words: str, nothing: str, *, field: str) -> str:
    """
    Return what somebody has said, without blanks around it.

    :param nothing: what they read who have said nothing
    :raises NotAllowed: if that is nothing, or too much
    """
    text = words.strip()
    if not text:
        raise NotAllowed(nothing, code="no_words", field=field)
    refuse_too_long(text, field=field)
    return text


def refuse_too_long(text: str, *, field: str) -> None:
    """
    Let pass what a dispute keeps.

    :raises NotAllowed: if it is longer
    """
    if len(text) > LONGEST_WORDS:
        message = _("Say it in %(count)d letters at most.") % {"count": LONGEST_WORDS}
        raise NotAllowed(message, code="too_long", field=field)


def _answered(dispute: Dispute, by: User) -> Dispute:
    dispute.save(update_fields=ANSWERED)
    reward = dispute.reward
    fact = DisputeAnswered(
        dispute_id=dispute.pk,
        reward_id=reward.pk if reward else 0,
        status=dispute.status,
        amount=str(dispute.amount or ZERO),
        currency=reward.currency if reward else dispute.payee.currency,
    )
    tell_of(dispute, fact, by=by)
    return dispute

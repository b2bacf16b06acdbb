"""A payee says that a line of a statement is wrong, and somebody who had no hand in it answers."""

from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.utils.translation import get_language, gettext as _

from accounts.queries import is_own
from commissions.events import DisputeAnswered, DisputeRaised
from commissions.models import LONGEST_WORDS, Dispute, LedgerEntry
from commissions.queries.disputes import had_a_hand_in, own_lines
from commissions.services.endings import locked_reward, tell
from commissions.services.ledger import post
from commissions.settings import DISPUTE_DAYS
from commissions.states import EntryKind
from foundation.divisions.queries import effective
from foundation.lifecycle import NotAllowed
from foundation.money import ZERO, format_money
from foundation.now import now, today
from foundation.people.models import User
from foundation.people.services import require
from foundation.people.states import Permission


@transaction.atomic
def raise_dispute(entry_id: int, words: str, *, by: User) -> Dispute:
    """
    Take down what a payee says is wrong with a line of a statement of theirs. Everything else is paid meanwhile.

    :raises NotAllowed: if it is no line of theirs, nothing is said, or it was disputed before
    """
    entry = LedgerEntry.objects.select_related("division", "payee").get(pk=entry_id)
    if not own_lines(by.pk).filter(pk=entry_id).exists():
        raise NotAllowed(_("This is no line of a statement of yours."), code="not_own")
    said = _said(words, _("Say what is wrong with it."), field="words")
    values = {
        "payee": entry.payee,
        "division": entry.division,
        "words": said,
        "raised_at": now(),
        "raised_by": by,
        "due_on": today(entry.division) + timedelta(days=effective(entry.division, DISPUTE_DAYS)),
    }
    dispute, is_new = Dispute.objects.get_or_create(entry=entry, defaults=values)
    if not is_new:
        message = _("You have asked about this line before. Call us if the answer leaves something open.")
        raise NotAllowed(message, code="disputed")
    fact = DisputeRaised(dispute_id=dispute.pk, reward_id=entry.reward_id, due_on=dispute.due_on.isoformat())
    tell(locked_reward(entry.reward_id), fact, by=by)
    return dispute


@transaction.atomic
def explain_dispute(dispute_id: int, answer: str, *, by: User) -> Dispute:
    """
    Answer a payee that a line is right, and why.

    :raises NotAllowed: if it was answered before, nothing is said, or the person may not answer, see `_taken`
    """
    dispute = _taken(dispute_id, by)
    dispute.explain(_answer(answer), by=by, at=now())
    return _answered(dispute, by)


@transaction.atomic
def uphold_dispute(dispute_id: int, answer: str, amount: Decimal, *, by: User) -> Dispute:
    """
    Answer a payee that a line is wrong, and post what corrects it in the open month.

    It is paid in the next batch, in which an auditor reads it; what the payee owes us is set off against it, so that
    what was wrongly claimed back is no longer claimed.

    :param amount: what the payee gets on top, in the entry's currency
    :raises NotAllowed: if it was answered before, nothing is said, the amount is none or more than the line's own, or the
        person may not answer, see `_taken`
    """
    dispute = _taken(dispute_id, by)
    said = _answer(answer)
    if amount <= ZERO:
        raise NotAllowed(_("Enter what the payee gets on top, above zero."), code="no_amount", field="amount")
    if amount > dispute.entry.amount:
        message = _("At most %(amount)s: a correction is no more than the line that it corrects.")
        most = format_money(dispute.entry.amount, dispute.entry.currency, get_language() or "en")
        raise NotAllowed(message % {"amount": most}, code="too_much", field="amount")
    reward = locked_reward(dispute.entry.reward_id)
    correction = post(
        reward, EntryKind.CORRECT, amount, effective_on=today(reward.division), inputs={"corrects": dispute.entry.key}
    )
    dispute.uphold(said, amount, correction, by=by, at=now())
    return _answered(dispute, by)


def _taken(dispute_id: int, by: User) -> Dispute:
    """
    Hold a dispute for an answer.

    :raises NotAllowed: if the person's role does not include it, it is about their own money, or they approved it
    """
    related = ("division", "entry", "payee__account__customer")
    dispute = Dispute.objects.locked().select_related(*related).get(pk=dispute_id)
    require(by, Permission.ANSWER_DISPUTES, dispute.division)
    if is_own(by, dispute.payee.account.customer):
        raise NotAllowed(_("This is about your own reward: somebody else has to answer."), code="own_reward")
    if had_a_hand_in(by, dispute.entry):
        raise NotAllowed(_("You have approved a payment of this reward: somebody else has to answer."), code="own_work")
    return dispute


def _answer(words: str) -> str:
    return _said(words, _("Say it in words that the payee understands."), field="answer")


def _said(words: str, nothing: str, *, field: str) -> str:
    said = words.strip()
    if not said:
        raise NotAllowed(nothing, code="no_words", field=field)
    if len(said) > LONGEST_WORDS:
        message = _("Say it in %(count)d letters at most.") % {"count": LONGEST_WORDS}
        raise NotAllowed(message, code="too_long", field=field)
    return said


def _answered(dispute: Dispute, by: User) -> Dispute:
    dispute.save(update_fields=["status", "answer", "answered_by", "answered_at", "amount", "correction"])
    fact = DisputeAnswered(
        dispute_id=dispute.pk,
        reward_id=dispute.entry.reward_id,
        status=dispute.status,
        amount=str(dispute.amount or ZERO),
        currency=dispute.entry.currency,
    )
    tell(locked_reward(dispute.entry.reward_id), fact, by=by)
    return dispute

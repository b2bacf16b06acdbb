"""End a claim that nothing is left to set off against: one person asks, another decides."""

from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.queries import is_own
from commissions.events import ClaimEndAsked, ClaimEndDecided
from commissions.models import ClaimEnd, Payee
from commissions.queries.claims import claimed_of, last_taken_back
from commissions.services.endings import locked_reward
from commissions.services.ledger import post
from commissions.states import ClaimStatus, ClaimWay, EntryKind
from foundation.events.facts import Fact
from foundation.events.services import publish
from foundation.lifecycle import NotAllowed
from foundation.now import now, today
from foundation.people.models import User
from foundation.people.services import require, require_second_person
from foundation.people.states import Permission

KINDS = {ClaimWay.WRITE_OFF: EntryKind.WRITE_OFF, ClaimWay.CHARGE: EntryKind.CHARGE}


@transaction.atomic
def ask_to_end_claim(payee_id: int, way: ClaimWay, amount: Decimal, reason: str, *, by: User) -> ClaimEnd:
    """
    Ask somebody else to give up a claim, or to agree that it is charged on the payee's bill.

    :param amount: in the payee's currency, at most what is claimed and not about to be set off
    :raises NotAllowed: if so much is not claimed, nothing is said, something is asked already, or the person may not ask
        there or is the payee
    """
    payee = _locked_payee(payee_id)
    require(by, Permission.BUILD_BATCHES, payee.division)
    _refuse_own(by, payee)
    if payee.claim_ends.filter(status=ClaimStatus.ASKED).exists():
        raise NotAllowed(_("Something is asked about this claim already: it waits to be decided."), code="asked")
    said = reason.strip()
    if not said:
        raise NotAllowed(_("Say why it cannot be set off."), code="no_reason", field="reason")
    reward = last_taken_back(payee)
    _refuse_more_than_claimed(payee, amount)
    if reward is None:
        raise NotAllowed(_("Nothing is claimed of this payee."), code="nothing_claimed")
    end = ClaimEnd.objects.create(
        payee=payee, reward=reward, division=payee.division, way=way, amount=amount, currency=payee.currency,
        reason=said, asked_by=by, asked_at=now(),
    )  # fmt: skip
    _publish(end, ClaimEndAsked(claim_end_id=end.pk, way=way.value, amount=str(amount), currency=end.currency), by=by)
    return end


@transaction.atomic
def approve_claim_end(claim_end_id: int, *, reference: str = "", by: User) -> ClaimEnd:
    """
    Agree to what somebody else has asked about a claim, and post it.

    :param reference: of a charge, its number in the billing system
    :raises NotAllowed: if it was decided before, so much is no longer claimed, a charge has no number, or the person asked
        for it, may decide only thanks to who did, is the payee, or may not approve there
    """
    end = _taken(claim_end_id, by)
    end.require_reference(reference.strip())
    _refuse_more_than_claimed(end.payee, end.amount)
    reward = locked_reward(end.reward_id)
    entry = post(reward, KINDS[ClaimWay(end.way)], end.amount, effective_on=today(reward.division))
    end.approve(entry, reference=reference.strip(), by=by, at=now())
    return _decided(end, by)


@transaction.atomic
def refuse_claim_end(claim_end_id: int, *, by: User) -> ClaimEnd:
    """
    Leave a claim as it is.

    :raises NotAllowed: if it was decided before, or the person asked for it, may decide only thanks to who did, is the
        payee, or may not approve there
    """
    end = _taken(claim_end_id, by)
    end.refuse(by=by, at=now())
    return _decided(end, by)


def _taken(claim_end_id: int, by: User) -> ClaimEnd:
    """
    Hold what was asked, and its payee before it.

    :raises NotAllowed: if the person asked for it, they or who did are not confirmed, is the payee, or may not approve there
    """
    payee = _locked_payee(ClaimEnd.objects.values_list("payee_id", flat=True).get(pk=claim_end_id))
    end = ClaimEnd.objects.locked().select_related("division").get(pk=claim_end_id)
    end.payee = payee
    require(by, Permission.APPROVE_BATCHES, end.division)
    _refuse_own(by, payee)
    if end.asked_by_id == by.pk:
        raise NotAllowed(_("You have asked for this: somebody else has to decide."), code="own_question")
    require_second_person(by, [end.asked_by_id])
    return end


def _locked_payee(payee_id: int) -> Payee:
    related = ("division", "account__customer")
    return Payee.objects.locked().select_related(*related).get(pk=payee_id)


def _refuse_own(by: User, payee: Payee) -> None:
    if is_own(by, payee.account.customer):
        raise NotAllowed(_("This is claimed of you: somebody else has to decide."), code="own_claim")


def _refuse_more_than_claimed(payee: Payee, amount: Decimal) -> None:
    if not Decimal(0) < amount <= claimed_of(payee):
        message = _("So much is not claimed, or a batch is about to set it off.")
        raise NotAllowed(message, code="too_much", field="amount")


def _decided(end: ClaimEnd, by: User) -> ClaimEnd:
    end.save(update_fields=["status", "entry", "reference", "decided_by", "decided_at"])
    _publish(end, ClaimEndDecided(claim_end_id=end.pk, status=end.status), by=by)
    return end


def _publish(end: ClaimEnd, fact: Fact, *, by: User) -> None:
    publish(fact, subject=end, about=[end.reward, end.payee.account], division=end.division, by=by)

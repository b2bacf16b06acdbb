"""What commissions does about facts, its own and those from below: one service call each."""

from decimal import Decimal

from billing.events import CreditConfirmed, CreditRefused
from commissions.events import (
    BankChangeHeard,
    BankDetailsCorrected,
    BankDetailsEnded,
    BankDetailsGiven,
    BatchMoved,
    CorrectionTakenBack,
    DisputeAnswered,
    EvidenceWanted,
    RewardClawedBack,
    RewardHeld,
    RewardQualified,
    RewardReleased,
    RewardSettled,
    TransferReturned,
)
from commissions.services import accrual, bank, bank_letters, batches, endings, holds, letters, qualification
from commissions.states import BankEnd, BatchStatus
from foundation.events.facts import subscribe
from foundation.events.models import Event
from referrals.events import ReferralDisqualified, ReferralInstalled, SignalDecided, SignalRaised

# Rewards.


@subscribe(ReferralInstalled)
def accrue_rewards(fact: ReferralInstalled, _event: Event) -> None:
    """Let begin to qualify what the rule promises."""
    accrual.accrue_rewards(fact.referral_id)


@subscribe(SignalRaised)
def hold_for_signal(fact: SignalRaised, _event: Event) -> None:
    """Let what is earned wait until somebody has looked."""
    holds.hold_for_signal(fact.referral_id)


@subscribe(SignalDecided)
def follow_decision(fact: SignalDecided, event: Event) -> None:
    """Release what waited, or end it where the referral is not genuine."""
    holds.follow_signals(fact.referral_id, by=event.actor)


@subscribe(ReferralDisqualified)
def end_rewards(fact: ReferralDisqualified, event: Event) -> None:
    """Forfeit or take back what a referral has earned or might earn."""
    endings.end_rewards_of(fact.referral_id, by=event.actor)


@subscribe(RewardSettled)
def look_again_at_what_was_paid(fact: RewardSettled, _event: Event) -> None:
    """Take back at once what was no longer owed while it was being paid."""
    qualification.look_again(fact.reward_id)


@subscribe(RewardHeld)
def look_again_at_what_is_held(fact: RewardHeld, _event: Event) -> None:
    """Take back at once what came back unpaid and is no longer owed."""
    qualification.look_again(fact.reward_id)


@subscribe(RewardReleased)
def look_again_at_what_is_free(fact: RewardReleased, _event: Event) -> None:
    """Take back at once what was taken out of a batch and is no longer owed."""
    qualification.look_again(fact.reward_id)


@subscribe(RewardQualified)
def tell_of_earning(fact: RewardQualified, _event: Event) -> None:
    """Tell the payee."""
    letters.send_earned(fact.reward_id)


@subscribe(RewardReleased)
def tell_of_release(fact: RewardReleased, _event: Event) -> None:
    """Tell the payee of what was earned and looked at first."""
    letters.send_earned(fact.reward_id)


@subscribe(RewardSettled)
def tell_of_credit(fact: RewardSettled, _event: Event) -> None:
    """Tell the payee."""
    letters.send_credited(fact.reward_id)


@subscribe(RewardClawedBack)
def tell_of_claim(fact: RewardClawedBack, event: Event) -> None:
    """Tell the payee of what was credited before; what was not is seen on their pages."""
    if fact.is_receivable:
        letters.send_taken_back(fact.reward_id, Decimal(fact.amount), event_id=event.pk)


@subscribe(DisputeAnswered)
def tell_of_answer(fact: DisputeAnswered, _event: Event) -> None:
    """Tell the payee."""
    letters.send_answer(fact.dispute_id)


@subscribe(EvidenceWanted)
def ask_for_evidence(fact: EvidenceWanted, _event: Event) -> None:
    """Write to the payee."""
    letters.send_question(fact.article_id)


@subscribe(CorrectionTakenBack)
def tell_of_correction_taken_back(fact: CorrectionTakenBack, _event: Event) -> None:
    """Tell the payee."""
    letters.send_correction_taken_back(fact.dispute_id)


@subscribe(TransferReturned)
def tell_of_return(fact: TransferReturned, event: Event) -> None:
    """Tell the payee, and ask for other bank details where these cannot be used."""
    letters.send_transfer_returned(fact.line_id, event_id=event.pk)


@subscribe(TransferReturned)
def release_what_goes_elsewhere(fact: TransferReturned, _event: Event) -> None:
    """Let what came back from a bank account that the payee has replaced meanwhile be paid to the present one."""
    holds.release_returned(fact.line_id)


@subscribe(BankDetailsGiven)
def release_what_came_back(fact: BankDetailsGiven, _event: Event) -> None:
    """Let what a bank has sent back be paid to the bank account that the payee has named since."""
    holds.release_for_bank_details(fact.payee_id)


# Bank details.


@subscribe(BankDetailsGiven)
def tell_of_bank_details(fact: BankDetailsGiven, _event: Event) -> None:
    """Tell the payee, at every address that we know: it may not have been them."""
    bank_letters.send_given(fact.bank_account_id, is_change=bool(fact.replaces))


@subscribe(BankDetailsGiven)
def look_who_else_is_paid_there(fact: BankDetailsGiven, _event: Event) -> None:
    """Let the money wait where a referrer and their friend are paid to one bank account."""
    bank.signal_shared_bank_account(fact.bank_account_id)


@subscribe(BankChangeHeard)
def tell_of_bank_change(fact: BankChangeHeard, _event: Event) -> None:
    """Tell the payee that nothing is sent before it is known what is right."""
    bank_letters.send_change_heard(fact.bank_account_id, fact.change_id)


@subscribe(BankDetailsCorrected)
def tell_of_corrected_bank_details(fact: BankDetailsCorrected, _event: Event) -> None:
    """Tell the payee, who may object until they are used."""
    bank_letters.send_corrected(fact.bank_account_id)


@subscribe(BankDetailsCorrected)
def look_who_else_is_paid_at_corrected_details(fact: BankDetailsCorrected, _event: Event) -> None:
    """Let the money wait where a referrer and their friend are paid to one bank account."""
    bank.signal_shared_bank_account(fact.bank_account_id)


@subscribe(BankDetailsCorrected)
def release_what_came_back_before(fact: BankDetailsCorrected, _event: Event) -> None:
    """Let what a bank has sent back be paid as the bank has told since."""
    holds.release_for_bank_details(fact.payee_id)


@subscribe(BankDetailsEnded)
def tell_that_bank_details_have_ended(fact: BankDetailsEnded, _event: Event) -> None:
    """Tell the payee; what the bank has sent back has a letter of its own."""
    if fact.reason != BankEnd.RETURNED:
        bank_letters.send_ended(fact.bank_account_id)


# Payouts.


@subscribe(BatchMoved)
def post_approved_batch(fact: BatchMoved, _event: Event) -> None:
    """Send what was approved."""
    if fact.status == BatchStatus.APPROVED:
        batches.post_batch(fact.batch_id)


@subscribe(CreditConfirmed)
def record_credit_confirmed(fact: CreditConfirmed, _event: Event) -> None:
    """A payment was credited."""
    batches.record_credit_confirmed(fact.request_id, fact.credit_id)


@subscribe(CreditRefused)
def record_credit_refused(fact: CreditRefused, _event: Event) -> None:
    """A payment was refused."""
    batches.record_credit_refused(fact.request_id, fact.reason)

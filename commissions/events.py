"""What happens to rules, rewards and batches: ids, amounts as decimal text, ISO dates and codes."""

from dataclasses import dataclass, field

from foundation.events.facts import Fact


@dataclass(frozen=True, kw_only=True)
class VersionMoved(Fact, name="commissions.version_moved"):
    """A version of a rule was sent to review, approved, put in force, superseded or withdrawn."""

    version_id: int
    status: str


@dataclass(frozen=True, kw_only=True)
class RewardAccrued(Fact, name="commissions.reward_accrued"):
    """A reward has begun to qualify."""

    reward_id: int
    referral_id: int


@dataclass(frozen=True, kw_only=True)
class RewardCapLimited(Fact, name="commissions.reward_cap_limited"):
    """A limit was reached: nothing will be earned, and the referrer is told."""

    reward_id: int
    referral_id: int


@dataclass(frozen=True, kw_only=True)
class NothingAccrued(Fact, name="commissions.nothing_accrued"):
    """A friend was installed and nobody gets anything: no rule holds (0), or the one that holds comes to nothing."""

    referral_id: int
    version_id: int
    unknown: list[str] = field(default_factory=list)
    """Where none holds, the names of the facts that were asked for and not known."""


@dataclass(frozen=True, kw_only=True)
class RewardQualified(Fact, name="commissions.reward_qualified"):
    """A reward is earned."""

    reward_id: int
    amount: str
    currency: str
    qualified_on: str


@dataclass(frozen=True, kw_only=True)
class RewardForfeited(Fact, name="commissions.reward_forfeited"):
    """A reward will not be earned, unless the facts change."""

    reward_id: int
    reason: str
    since: str


@dataclass(frozen=True, kw_only=True)
class RewardReinstated(Fact, name="commissions.reward_reinstated"):
    """Facts that came late have restored a reward: it qualifies again."""

    reward_id: int


@dataclass(frozen=True, kw_only=True)
class RewardHeld(Fact, name="commissions.reward_held"):
    """An earned reward waits: the reasons."""

    reward_id: int
    reasons: list[str]


@dataclass(frozen=True, kw_only=True)
class RewardReleased(Fact, name="commissions.reward_released"):
    """Nothing holds an earned reward any more."""

    reward_id: int


@dataclass(frozen=True, kw_only=True)
class RewardClawedBack(Fact, name="commissions.reward_clawed_back"):
    """A reward, or a part of it, was taken back: before it was paid, or as a receivable."""

    reward_id: int
    amount: str
    currency: str
    reason: str
    is_receivable: bool


@dataclass(frozen=True, kw_only=True)
class RewardSettled(Fact, name="commissions.reward_settled"):
    """A reward was credited to the payee's bill, or set off."""

    reward_id: int
    credit_id: str


@dataclass(frozen=True, kw_only=True)
class BatchMoved(Fact, name="commissions.batch_moved"):
    """A batch was built, frozen, approved, sent, discarded or reconciled."""

    batch_id: int
    status: str


@dataclass(frozen=True, kw_only=True)
class CreditReturned(Fact, name="commissions.credit_returned"):
    """The billing system refused a payment: its reward is owed again, and held."""

    line_id: int
    reward_id: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class BankFileMade(Fact, name="commissions.bank_file_made"):
    """The transfers of a batch were written into a file for the bank."""

    bank_file_id: int
    count: int
    total: str
    checksum: str


@dataclass(frozen=True, kw_only=True)
class BankFileDownloaded(Fact, name="commissions.bank_file_downloaded"):
    """A person has had a file for the bank, with the account numbers in it."""

    bank_file_id: int


@dataclass(frozen=True, kw_only=True)
class BankFileHandedOver(Fact, name="commissions.bank_file_handed_over"):
    """A person has handed a file to the bank."""

    bank_file_id: int


@dataclass(frozen=True, kw_only=True)
class BankFilePaid(Fact, name="commissions.bank_file_paid"):
    """The bank's statement says that a file was paid: so many transfers, and so much."""

    bank_file_id: int
    count: int
    total: str
    missed: int = 0
    """How many more it does not show, and are awaited."""


@dataclass(frozen=True, kw_only=True)
class BankFileRefused(Fact, name="commissions.bank_file_refused"):
    """The bank has refused a file, or it is not handed over: what it was to pay is owed again."""

    bank_file_id: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class TransferReturned(Fact, name="commissions.transfer_returned"):
    """The bank has sent a transfer back, or it was not made: what it pays is owed again."""

    line_id: int
    reward_id: int
    code: str
    """The bank's reason, such as R03; empty where the bank account had ended before."""
    amount: str
    was_paid: bool
    """Whether it had been taken for paid."""


@dataclass(frozen=True, kw_only=True)
class DisputeRaised(Fact, name="commissions.dispute_raised"):
    """A payee says that a line of a statement is wrong, or that a reward is missing."""

    dispute_id: int
    reward_id: int
    """0: nothing was ever promised, or the friend is not among the payee's referrals."""
    due_on: str
    is_missing: bool = False
    is_appeal: bool = False
    """Whether it is asked once more, after an explanation."""


@dataclass(frozen=True, kw_only=True)
class DisputeTaken(Fact, name="commissions.dispute_taken"):
    """Somebody looks into a dispute."""

    dispute_id: int
    user_id: int
    before: int = 0
    """Whose it was; 0: nobody's."""


@dataclass(frozen=True, kw_only=True)
class DisputeHandedOver(Fact, name="commissions.dispute_handed_over"):
    """A dispute was given to a colleague."""

    dispute_id: int
    user_id: int
    before: int = 0
    """Whose it was; 0: nobody's."""


@dataclass(frozen=True, kw_only=True)
class DisputeGivenBack(Fact, name="commissions.dispute_given_back"):
    """A dispute waits for whoever takes it."""

    dispute_id: int
    before: int


@dataclass(frozen=True, kw_only=True)
class EvidenceWanted(Fact, name="commissions.evidence_wanted"):
    """A payee is asked for something about a dispute: the clock rests."""

    dispute_id: int
    article_id: int


@dataclass(frozen=True, kw_only=True)
class EvidenceGiven(Fact, name="commissions.evidence_given"):
    """A payee has answered what we wanted to know: the clock goes on, and an answer is due by another day."""

    dispute_id: int
    article_id: int
    days_waited: int
    due_on: str


@dataclass(frozen=True, kw_only=True)
class EvidenceAdded(Fact, name="commissions.evidence_added"):
    """The payee, or somebody of ours, has added words or files to a dispute."""

    dispute_id: int
    article_id: int
    is_from_payee: bool


@dataclass(frozen=True, kw_only=True)
class DisputeAnswered(Fact, name="commissions.dispute_answered"):
    """Somebody has answered a payee: the line was corrected by an amount, or (0) explained."""

    dispute_id: int
    reward_id: int
    status: str
    amount: str
    currency: str


@dataclass(frozen=True, kw_only=True)
class CorrectionPaid(Fact, name="commissions.correction_paid"):
    """What corrects a line was credited to the payee's bill, or set off."""

    dispute_id: int
    reward_id: int
    credit_id: str


@dataclass(frozen=True, kw_only=True)
class CorrectionTakenBack(Fact, name="commissions.correction_taken_back"):
    """An auditor has found a correction wrong: it is not paid."""

    dispute_id: int
    reward_id: int
    amount: str
    currency: str


@dataclass(frozen=True, kw_only=True)
class ClaimEndAsked(Fact, name="commissions.claim_end_asked"):
    """Somebody asks to give up a claim on a payee, or to charge it on their bill."""

    claim_end_id: int
    way: str
    amount: str
    currency: str


@dataclass(frozen=True, kw_only=True)
class ClaimEndDecided(Fact, name="commissions.claim_end_decided"):
    """Another person has agreed to it, or refused it."""

    claim_end_id: int
    status: str


@dataclass(frozen=True, kw_only=True)
class BankDetailsGiven(Fact, name="commissions.bank_details_given"):
    """A payee has said where to pay cash, for the first time or anew."""

    bank_account_id: int
    payee_id: int
    usable_from: str
    replaces: int = 0
    """The bank account that was paid to before, 0 for none."""


@dataclass(frozen=True, kw_only=True)
class BankDetailsEnded(Fact, name="commissions.bank_details_ended"):
    """Nothing is sent to a bank account any more, and no other one has taken its place."""

    bank_account_id: int
    payee_id: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class BankChangeHeard(Fact, name="commissions.bank_change_heard"):
    """A bank has told that a payee's details are to be written otherwise; nothing is sent there until that is settled."""

    change_id: int
    bank_account_id: int
    payee_id: int
    code: str
    """Which of them, such as C01."""


@dataclass(frozen=True, kw_only=True)
class BankDetailsCorrected(Fact, name="commissions.bank_details_corrected"):
    """What a bank has told of a payee's details was accepted by a person: these are other ones now."""

    change_id: int
    bank_account_id: int
    payee_id: int
    usable_from: str


@dataclass(frozen=True, kw_only=True)
class TransferGivenBack(Fact, name="commissions.transfer_given_back"):
    """A transfer that the bank's statement does not show is owed again: the bank has not paid it, as a person knows."""

    line_id: int
    reward_id: int
    amount: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class PeriodClosed(Fact, name="commissions.period_closed"):
    """A month of a division, and all before it, takes no more entries."""

    division_id: int
    period: str

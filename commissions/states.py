"""The states of rules, rewards, batches and what hangs on them, and the accounts of the ledger."""

from collections.abc import Mapping

from django.db import models
from django.utils.translation import gettext_lazy as _


class VersionStatus(models.TextChoices):
    """Where a version of a rule stands."""

    DRAFT = "draft", _("Draft")
    IN_REVIEW = "in_review", _("In review")
    APPROVED = "approved", _("Approved, not yet in force")
    IN_FORCE = "in_force", _("In force")
    SUPERSEDED = "superseded", _("Superseded")
    WITHDRAWN = "withdrawn", _("Withdrawn")


VERSION_MOVES: Mapping[VersionStatus, frozenset[VersionStatus]] = {
    VersionStatus.DRAFT: frozenset({VersionStatus.IN_REVIEW, VersionStatus.WITHDRAWN}),
    VersionStatus.IN_REVIEW: frozenset({VersionStatus.DRAFT, VersionStatus.APPROVED, VersionStatus.WITHDRAWN}),
    VersionStatus.APPROVED: frozenset({VersionStatus.IN_FORCE, VersionStatus.WITHDRAWN}),
    VersionStatus.IN_FORCE: frozenset({VersionStatus.SUPERSEDED}),
}


class Side(models.TextChoices):
    """Who is rewarded: each side of a referral has a reward of its own."""

    REFERRER = "referrer", _("Referrer")
    FRIEND = "friend", _("Friend")


class RewardForm(models.TextChoices):
    """In what form a reward is given: cash goes to the payee's bank, the others are credits on their bill."""

    BILL_CREDIT = "bill_credit", _("Bill credit")
    FREE_MONTH = "free_month", _("Free month")
    CASH = "cash", _("Cash, by bank transfer")


class Channel(models.TextChoices):
    """How a payment reaches its payee."""

    CREDIT = "credit", _("Bill credit")
    TRANSFER = "transfer", _("Bank transfer")


CASH_CURRENCY = "USD"
"""What the Automated Clearing House pays in: the banks of the United States settle it in no other."""


class Basis(models.TextChoices):
    """What an amount is reckoned from."""

    FLAT = "flat", _("Fixed amount")
    PERCENT_MONTHLY = "percent_monthly", _("Percent of the friend's monthly charges")
    PERCENT_ONE_TIME = "percent_one_time", _("Percent of the friend's one-time charges")
    PERCENT_CASH = "percent_cash", _("Percent of the cash paid on the friend's bills, before tax")
    MARGIN_MONTHLY = "margin_monthly", _("Percent of the monthly margin on the friend's order")
    MARGIN_ONE_TIME = "margin_one_time", _("Percent of the one-time margin on the friend's order")


OF_MARGIN = frozenset({Basis.MARGIN_MONTHLY, Basis.MARGIN_ONE_TIME})
"""What is charged less what it costs us: known to those who configure, and told to nobody else."""


class WaitUnit(models.TextChoices):
    """What the wait after installation is counted in."""

    DAYS = "days", _("Days")
    MONTHS = "months", _("Months")


class RewardStatus(models.TextChoices):
    """How far a reward is."""

    ACCRUED = "accrued", _("Qualifying")
    HELD = "held", _("Earned, on hold")
    PAYABLE = "payable", _("Earned")
    BATCHED = "batched", _("Being paid")
    SETTLED = "settled", _("Paid")
    CAP_LIMITED = "cap_limited", _("Limit reached")
    FORFEITED = "forfeited", _("Not eligible")
    REVERSED = "reversed", _("Taken back")


REWARD_MOVES: Mapping[RewardStatus, frozenset[RewardStatus]] = {
    RewardStatus.ACCRUED: frozenset({RewardStatus.HELD, RewardStatus.PAYABLE, RewardStatus.FORFEITED}),
    RewardStatus.HELD: frozenset({RewardStatus.PAYABLE, RewardStatus.FORFEITED, RewardStatus.REVERSED}),
    RewardStatus.PAYABLE: frozenset({RewardStatus.HELD, RewardStatus.BATCHED, RewardStatus.REVERSED}),
    RewardStatus.BATCHED: frozenset({RewardStatus.SETTLED, RewardStatus.PAYABLE, RewardStatus.HELD}),
    RewardStatus.SETTLED: frozenset({RewardStatus.REVERSED, RewardStatus.HELD}),  # a bank sent the transfer back late
    RewardStatus.FORFEITED: frozenset({RewardStatus.ACCRUED}),  # a fact that came late: refused is a derived state
}

QUALIFYING = frozenset({RewardStatus.ACCRUED, RewardStatus.FORFEITED})
"""What a nightly run looks at before anything was earned: a no is reconsidered when the facts change."""
MAY_BE_TAKEN_BACK = frozenset({RewardStatus.HELD, RewardStatus.PAYABLE, RewardStatus.SETTLED})
"""What a nightly run looks at for as long as it may be taken back; what is being paid waits for its outcome."""


class ReasonCode(models.TextChoices):
    """Why a reward is not earned, or was taken back."""

    PAID_LATE = "paid_late", _("A bill was not paid in time")
    LEFT_EARLY = "left_early", _("Service ended too early")
    RECEIPT_TAKEN_BACK = "receipt_taken_back", _("A payment was taken back")
    TOO_FEW_BILLS = "too_few_bills", _("Too few bills within the time allowed")
    DISQUALIFIED = "disqualified", _("The referral is not eligible")
    FRAUD = "fraud", _("Found not to be genuine")
    NO_CASH = "no_cash", _("Nothing was paid in cash")


class HoldReason(models.TextChoices):
    """Why an earned reward waits: it is released when no reason is left."""

    SIGNAL = "signal", _("Something about the referral is being looked at")
    CREDIT_REFUSED = "credit_refused", _("The billing system refused the credit")
    PAYEE_CLOSED = "payee_closed", _("The account to be credited is closed")
    BANK_RETURNED = "bank_returned", _("The bank returned the transfer")
    AUDIT = "audit", _("An auditor has set it aside")


class ProgressStage(models.TextChoices):
    """How far a referral is, as its referrer reads it."""

    INVITED = "invited", _("Invited")
    OPENED = "opened", _("Link opened")
    ORDERED = "ordered", _("Ordered")
    BOOKED = "booked", _("Installation booked")
    INSTALLED = "installed", _("Installed")
    QUALIFYING = "qualifying", _("Qualifying")
    EARNED = "earned", _("Earned")
    CREDITED = "credited", _("Paid")
    LIMITED = "limited", _("Limit reached")
    NOT_ELIGIBLE = "not_eligible", _("Not eligible")
    TAKEN_BACK = "taken_back", _("Taken back")
    ENDED = "ended", _("Ended")


class LedgerAccount(models.TextChoices):
    """
    The accounts of the ledger, of each payee in each currency.

    What we owe at a date is the balance of *held*, *payable* and *in transit*.
    """

    EXPENSE = "expense", _("Reward expense")
    HELD = "held", _("Held: not earned yet, or on hold")
    PAYABLE = "payable", _("Payable: earned, not yet sent")
    IN_TRANSIT = "in_transit", _("In transit: sent, not yet confirmed")
    PAID = "paid", _("Paid")
    RECEIVABLE = "receivable", _("Receivable: paid, and taken back")


class EntryKind(models.TextChoices):
    """What an entry stands for."""

    ACCRUAL = "accrual", _("Accrued")
    RELEASE = "release", _("Earned")
    FORFEIT = "forfeit", _("Forfeited")
    REINSTATE = "reinstate", _("Qualifying again")
    SEND = "send", _("Sent for payment")
    SETTLE = "settle", _("Paid")
    RETURN = "return", _("Returned unpaid")
    HOLD = "hold", _("Put on hold")
    CLAWBACK = "clawback", _("Taken back")
    RECOVER = "recover", _("Set off against what was taken back")
    CORRECT = "correct", _("Corrected in the payee’s favor")
    WRITE_OFF = "write_off", _("Claim given up")
    CHARGE = "charge", _("Claim charged on the bill")


LEGS: Mapping[EntryKind, frozenset[tuple[LedgerAccount, LedgerAccount]]] = {
    EntryKind.ACCRUAL: frozenset({(LedgerAccount.EXPENSE, LedgerAccount.HELD)}),
    EntryKind.RELEASE: frozenset({(LedgerAccount.HELD, LedgerAccount.PAYABLE)}),
    EntryKind.FORFEIT: frozenset({(LedgerAccount.HELD, LedgerAccount.EXPENSE)}),
    EntryKind.REINSTATE: frozenset({(LedgerAccount.EXPENSE, LedgerAccount.HELD)}),
    EntryKind.SEND: frozenset({(LedgerAccount.PAYABLE, LedgerAccount.IN_TRANSIT)}),
    EntryKind.SETTLE: frozenset({(LedgerAccount.IN_TRANSIT, LedgerAccount.PAID)}),
    EntryKind.RETURN: frozenset(
        {
            (LedgerAccount.IN_TRANSIT, LedgerAccount.PAYABLE),
            (LedgerAccount.PAID, LedgerAccount.PAYABLE),
            (LedgerAccount.RECEIVABLE, LedgerAccount.PAYABLE),
        }
    ),
    EntryKind.HOLD: frozenset({(LedgerAccount.PAYABLE, LedgerAccount.HELD)}),
    EntryKind.CLAWBACK: frozenset(
        {
            (LedgerAccount.HELD, LedgerAccount.EXPENSE),
            (LedgerAccount.PAYABLE, LedgerAccount.EXPENSE),
            (LedgerAccount.RECEIVABLE, LedgerAccount.EXPENSE),
        }
    ),
    EntryKind.RECOVER: frozenset({(LedgerAccount.PAYABLE, LedgerAccount.RECEIVABLE)}),
    EntryKind.CORRECT: frozenset({(LedgerAccount.EXPENSE, LedgerAccount.PAYABLE)}),
    EntryKind.WRITE_OFF: frozenset({(LedgerAccount.EXPENSE, LedgerAccount.RECEIVABLE)}),
    EntryKind.CHARGE: frozenset({(LedgerAccount.PAID, LedgerAccount.RECEIVABLE)}),
}
"""Which account each kind of entry debits and credits; the database repeats it."""


class BatchStatus(models.TextChoices):
    """How far a payout batch is."""

    BUILDING = "building", _("Being built")
    FROZEN = "frozen", _("Frozen, to be audited")
    APPROVED = "approved", _("Approved")
    SUBMITTED = "submitted", _("Sent")
    CONFIRMED = "confirmed", _("Confirmed and reconciled")
    PARTLY_RETURNED = "partly_returned", _("Partly returned")
    RETURNED = "returned", _("All returned, nothing paid")
    REFUSED = "refused", _("Refused, nothing paid")
    DISCARDED = "discarded", _("Discarded")


BATCH_MOVES: Mapping[BatchStatus, frozenset[BatchStatus]] = {
    BatchStatus.BUILDING: frozenset({BatchStatus.FROZEN, BatchStatus.DISCARDED}),
    BatchStatus.FROZEN: frozenset({BatchStatus.APPROVED, BatchStatus.DISCARDED}),
    BatchStatus.APPROVED: frozenset({BatchStatus.SUBMITTED}),
    BatchStatus.SUBMITTED: frozenset(
        {BatchStatus.CONFIRMED, BatchStatus.PARTLY_RETURNED, BatchStatus.RETURNED, BatchStatus.REFUSED}
    ),
    # A bank sent a transfer back late:
    BatchStatus.CONFIRMED: frozenset({BatchStatus.PARTLY_RETURNED, BatchStatus.RETURNED}),
    BatchStatus.PARTLY_RETURNED: frozenset({BatchStatus.RETURNED}),
}


class LineStatus(models.TextChoices):
    """What became of one payment of a batch."""

    PENDING = "pending", _("Not sent yet")
    SENT = "sent", _("Sent, no answer yet")
    CONFIRMED = "confirmed", _("Paid")
    RETURNED = "returned", _("Returned")
    REMOVED = "removed", _("Taken out")


LINE_MOVES: Mapping[LineStatus, frozenset[LineStatus]] = {
    LineStatus.PENDING: frozenset({LineStatus.SENT, LineStatus.CONFIRMED, LineStatus.REMOVED}),
    LineStatus.SENT: frozenset({LineStatus.CONFIRMED, LineStatus.RETURNED}),
    LineStatus.CONFIRMED: frozenset({LineStatus.RETURNED}),  # of transfers alone: a bank may send one back late
}


class LineFlag(models.TextChoices):
    """Why a payment is read by an auditor whether it falls into the sample or not."""

    SIGNAL = "signal", _("Something about the referral looked odd")
    LARGE = "large", _("A large amount")
    OTHER_CURRENCY = "other_currency", _("Not in the market's currency, so that no limit tells what is large")
    FIRST = "first", _("The payee's first reward")
    SAME_ADDRESS = "same_address", _("Referrer and friend live at one address")
    RETURNED = "returned", _("Was returned before")
    FOUND_WRONG = "found_wrong", _("An auditor found it wrong before")
    CORRECTION = "correction", _("A correction after the payee has disputed a line")
    SAME_BANK = "same_bank", _("Another payee has named the same bank account")
    NEW_BANK_DETAILS = "new_bank_details", _("Nothing was paid to this bank account before")


class Verdict(models.TextChoices):
    """What an auditor found of a payment that was read."""

    UNREAD = "unread", _("Not read yet")
    CORRECT = "correct", _("Correct")
    WRONG = "wrong", _("Wrong: taken out")


class Reconciliation(models.TextChoices):
    """How a payment of ours compares with the credit that the billing system shows."""

    OPEN = "open", _("Not seen there yet")
    MATCHED = "matched", _("Matches")
    DIFFERS = "differs", _("Differs")


class BankFileStatus(models.TextChoices):
    """How far the file of a batch's transfers is."""

    MADE = "made", _("To be handed to the bank")
    HANDED_OVER = "handed_over", _("Handed to the bank")
    PARTLY_PAID = "partly_paid", _("Paid in part, as the bank says")
    PAID = "paid", _("Paid, as the bank says")
    RETURNED = "returned", _("All of it came back")
    REFUSED = "refused", _("Not taken by the bank, or withdrawn")


BANK_FILE_MOVES: Mapping[BankFileStatus, frozenset[BankFileStatus]] = {
    BankFileStatus.MADE: frozenset({BankFileStatus.HANDED_OVER, BankFileStatus.REFUSED}),
    BankFileStatus.HANDED_OVER: frozenset(
        {BankFileStatus.PARTLY_PAID, BankFileStatus.PAID, BankFileStatus.RETURNED, BankFileStatus.REFUSED}
    ),
    BankFileStatus.PARTLY_PAID: frozenset({BankFileStatus.PAID}),  # once nothing of it is awaited any more
}


class ReturnOutcome(models.TextChoices):
    """What was done about a transfer that the bank says came back."""

    TAKEN = "taken", _("Owed again")
    UNMATCHED = "unmatched", _("No such transfer of ours")
    AMOUNT = "amount", _("Another amount than we sent")
    SEVERAL = "several", _("Needs a person: more than one transfer of ours may be meant")
    KNOWN = "known", _("Known before")
    CLAIMED = "claimed", _("Needs a person: what was taken back since was settled in another way")
    UNSENT = "unsent", _("Its file was not handed to the bank")
    UNCLEAR = "unclear", _("Needs a person: for this reason, the payee may have been paid all the same")
    OTHER = "other", _("Somebody else has to take it")
    REFUSED = "refused", _("Needs a person: its file was said to pay nothing, and the bank has run it")


class DisputeStatus(models.TextChoices):
    """What became of a payee's word that a line is wrong, or a reward missing."""

    RAISED = "raised", _("Raised")
    ASSIGNED = "assigned", _("Being looked at")
    EVIDENCE_WANTED = "evidence_wanted", _("Waits for the payee")
    UPHELD = "upheld", _("Corrected")
    EXPLAINED = "explained", _("Explained")


DISPUTE_MOVES: Mapping[DisputeStatus, frozenset[DisputeStatus]] = {
    DisputeStatus.RAISED: frozenset({DisputeStatus.ASSIGNED}),
    DisputeStatus.ASSIGNED: frozenset(
        {DisputeStatus.RAISED, DisputeStatus.EVIDENCE_WANTED, DisputeStatus.UPHELD, DisputeStatus.EXPLAINED}
    ),
    DisputeStatus.EVIDENCE_WANTED: frozenset({DisputeStatus.ASSIGNED, DisputeStatus.UPHELD, DisputeStatus.EXPLAINED}),
}
TO_BE_ANSWERED = frozenset({DisputeStatus.RAISED, DisputeStatus.ASSIGNED})
"""While the clock runs; it rests while the payee is asked."""
OPEN_DISPUTES = TO_BE_ANSWERED | {DisputeStatus.EVIDENCE_WANTED}


class ArticleKind(models.TextChoices):
    """What was said in a dispute between what the payee said first and our answer."""

    ADDED = "added", _("Added")
    QUESTION = "question", _("Question to the payee")
    REPLY = "reply", _("The payee’s answer")
    NOTE = "note", _("Note for colleagues")


class ClaimWay(models.TextChoices):
    """What is done about a claim on a payee that nothing is left to set off against."""

    WRITE_OFF = "write_off", _("Give it up")
    CHARGE = "charge", _("Charge it on the bill")


class ClaimStatus(models.TextChoices):
    """What became of what was asked about a claim."""

    ASKED = "asked", _("Waits for another person")
    APPROVED = "approved", _("Done")
    REFUSED = "refused", _("Refused")


CLAIM_MOVES: Mapping[ClaimStatus, frozenset[ClaimStatus]] = {
    ClaimStatus.ASKED: frozenset({ClaimStatus.APPROVED, ClaimStatus.REFUSED}),
}


class BankAccountKind(models.TextChoices):
    """What kind of bank account a payee has named; the values are those of `foundation.ach`."""

    CHECKING = "checking", _("Checking")
    SAVINGS = "savings", _("Savings")


class BankEnd(models.TextChoices):
    """Why a bank account is paid to no more."""

    REPLACED = "replaced", _("The payee has given other details")
    WITHDRAWN = "withdrawn", _("The payee does not want it any more")
    NOT_THEIRS = "not_theirs", _("Not theirs")
    RETURNED = "returned", _("The bank has sent the money back")
    CORRECTED = "corrected", _("The payee’s bank has told other details, and they were accepted")


class ChangeStatus(models.TextChoices):
    """What became of a bank's word that details of a payee are to be written otherwise."""

    OPEN = "open", _("To be looked at")
    ACCEPTED = "accepted", _("Accepted")
    REPLACED = "replaced", _("The payee has given other details, or these have ended")
    DISMISSED = "dismissed", _("Changes nothing")


CHANGE_MOVES: Mapping[ChangeStatus, frozenset[ChangeStatus]] = {
    ChangeStatus.OPEN: frozenset({ChangeStatus.ACCEPTED, ChangeStatus.REPLACED, ChangeStatus.DISMISSED}),
}


class RunKind(models.TextChoices):
    """What is done once in each period."""

    QUALIFY = "qualify", _("Nightly qualification")
    BUILD_BATCH = "build_batch", _("Payout batch")

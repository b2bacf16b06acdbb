"""Rules and their versions, rewards, the ledger, and the batches in which rewards are paid."""

from commissions.models.bank import BankAccount
from commissions.models.claims import ClaimEnd
from commissions.models.disputes import LONGEST_WORDS, Dispute, DisputeArticle, Evidence
from commissions.models.ledger import ClosedPeriod, LedgerEntry
from commissions.models.payouts import Batch, BatchLine, PeriodRun
from commissions.models.rewards import Payee, Reward, RewardQuerySet
from commissions.models.rules import FARTHEST, WORDING, RewardTerm, Rule, RuleVersion, why_not_promised
from commissions.models.transfers import BankChange, BankFile, BankReturn, ReturnFile, TraceCounter

__all__ = [
    "FARTHEST",
    "LONGEST_WORDS",
    "WORDING",
    "BankAccount",
    "BankChange",
    "BankFile",
    "BankReturn",
    "Batch",
    "BatchLine",
    "ClaimEnd",
    "ClosedPeriod",
    "Dispute",
    "DisputeArticle",
    "Evidence",
    "LedgerEntry",
    "Payee",
    "PeriodRun",
    "ReturnFile",
    "Reward",
    "RewardQuerySet",
    "RewardTerm",
    "Rule",
    "RuleVersion",
    "TraceCounter",
    "why_not_promised",
]

"""By what the lists of the desk are filtered; everything stands in the address."""

from interfaces.desk.filters.orders import LeadFilters, OrderFilters
from interfaces.desk.filters.referrals import ProgrammeFilters, ReferralFilters
from interfaces.desk.filters.rewards import (
    BatchFilters,
    ClaimFilters,
    DisputeFilters,
    EntryFilters,
    LineFilters,
    RewardFilters,
)
from interfaces.desk.filters.tickets import FigureFilters, OutageFilters, OutageTicketFilters, TicketFilters
from interfaces.desk.filters.traffic import JobFilters, LetterboxFilters, MessageFilters, SubmissionFilters

__all__ = [
    "BatchFilters",
    "ClaimFilters",
    "DisputeFilters",
    "EntryFilters",
    "FigureFilters",
    "JobFilters",
    "LeadFilters",
    "LetterboxFilters",
    "LineFilters",
    "MessageFilters",
    "OrderFilters",
    "OutageFilters",
    "OutageTicketFilters",
    "ProgrammeFilters",
    "ReferralFilters",
    "RewardFilters",
    "SubmissionFilters",
    "TicketFilters",
]

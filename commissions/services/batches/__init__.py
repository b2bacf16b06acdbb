"""Payout batches: built by one person, read and approved by another, posted as credits, read back, reconciled."""

from commissions.services.batches.auditing import approve_batch, freeze_batch, obstacle_to_approval, read_line
from commissions.services.batches.building import NOTHING_TO_PAY, build_batch, discard_batch, remove_line
from commissions.services.batches.posting import (
    POSTING,
    finish_posting,
    post_batch,
    post_chunk,
    record_credit_confirmed,
    record_credit_refused,
)
from commissions.services.batches.reconciling import conclude_batch, conclude_batch_of, reconcile_batches
from commissions.services.batches.returns import (
    TAKING,
    candidates_for,
    keep_return_file,
    look_at_return,
    obstacles_to_looking,
    rows_of,
    start_taking,
    take_chunk,
    take_return_file,
)
from commissions.services.batches.transfers import (
    GIVING_BACK,
    SETTLING,
    confirm_bank_file,
    download_bank_file,
    give_back_chunk,
    give_back_transfer,
    hand_over_bank_file,
    refuse_bank_file,
    settle_chunk,
)

__all__ = [
    "GIVING_BACK",
    "NOTHING_TO_PAY",
    "POSTING",
    "SETTLING",
    "TAKING",
    "approve_batch",
    "build_batch",
    "candidates_for",
    "conclude_batch",
    "conclude_batch_of",
    "confirm_bank_file",
    "discard_batch",
    "download_bank_file",
    "finish_posting",
    "freeze_batch",
    "give_back_chunk",
    "give_back_transfer",
    "hand_over_bank_file",
    "keep_return_file",
    "look_at_return",
    "obstacle_to_approval",
    "obstacles_to_looking",
    "post_batch",
    "post_chunk",
    "read_line",
    "reconcile_batches",
    "record_credit_confirmed",
    "record_credit_refused",
    "refuse_bank_file",
    "remove_line",
    "rows_of",
    "settle_chunk",
    "start_taking",
    "take_chunk",
    "take_return_file",
]

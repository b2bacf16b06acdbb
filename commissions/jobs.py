"""The long work of commissions: how a chunk of each kind is done."""

from commissions.services.batches import (
    GIVING_BACK,
    POSTING,
    SETTLING,
    TAKING,
    conclude_batch_of,
    finish_posting,
    give_back_chunk,
    post_chunk,
    settle_chunk,
    take_chunk,
)
from commissions.services.qualification import JOB, qualify_chunk
from commissions.services.schedule import BUILDING, build_chunk
from foundation.jobs.services import register

register(JOB, qualify_chunk)
register(POSTING, post_chunk, finish=finish_posting, may_be_stopped=False)
register(SETTLING, settle_chunk, finish=conclude_batch_of, may_be_stopped=False)
register(GIVING_BACK, give_back_chunk, finish=conclude_batch_of, may_be_stopped=False)
register(TAKING, take_chunk, may_be_stopped=False)
register(BUILDING, build_chunk, may_be_stopped=False)

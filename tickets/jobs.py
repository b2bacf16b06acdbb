"""The long work of tickets: how a chunk of each kind is done."""

from foundation.jobs.services import register
from tickets.services.outages.posting import POSTING, post_chunk
from tickets.services.outages.telling import TELLING, write_chunk

register(TELLING, write_chunk)
register(POSTING, post_chunk, may_be_stopped=False)

"""The long work of the territory."""

from foundation.jobs.services import register
from territory.services.imports import KIND, finish_import, import_chunk

register(KIND, import_chunk, finish=finish_import)

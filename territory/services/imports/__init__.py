"""
Premises from a file, by COPY, in chunks that any number of workers can take.

Starting keeps the file in blocks of rows and finds the keys that stand in it twice. Each block is then one chunk of a
job: read, checked and copied to a temporary table, from where a handful of statements brings the real tables up to it.
A chunk is one transaction with its progress and its errors, so a killed worker's chunk is simply taken again, and
running a file a second time changes only what differs.
"""

from territory.services.imports.chunks import import_chunk, relatives_of, take_turns
from territory.services.imports.files import KIND, finish_import, start_import
from territory.services.imports.streets import add_spellings

__all__ = [
    "KIND",
    "add_spellings",
    "finish_import",
    "import_chunk",
    "relatives_of",
    "start_import",
    "take_turns",
]

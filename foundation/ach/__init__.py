"""
Files of the Automated Clearing House, as United States banks exchange them: transfers out, returns and changes back.

Nothing here knows a model or a clock. The format is that of the Nacha Operating Rules: Appendix Three (records and
fields), Appendix Four (returns), Appendix Five (notifications of change). Why it is ours: docs/adr/0012.
"""

from foundation.ach.files import AchEntry, AchRefused, BankAccountKind, Originator, trace_number, write_file
from foundation.ach.returns import (
    NOT_OF_DETAILS,
    AchChange,
    AchReturn,
    BadAchFile,
    change_in_words,
    read_returns,
    return_in_words,
)
from foundation.ach.routing import is_routing_number

__all__ = [
    "NOT_OF_DETAILS",
    "AchChange",
    "AchEntry",
    "AchRefused",
    "AchReturn",
    "BadAchFile",
    "BankAccountKind",
    "Originator",
    "change_in_words",
    "is_routing_number",
    "read_returns",
    "return_in_words",
    "trace_number",
    "write_file",
]

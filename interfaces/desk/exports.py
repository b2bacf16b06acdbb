"""Lists as files."""

from foundation.cells import csv_response, csv_text

MOST_ROWS = 50_000
"""The longest file: what a spreadsheet opens without a wait, and a request makes well within its time."""

__all__ = ["MOST_ROWS", "csv_response", "csv_text"]

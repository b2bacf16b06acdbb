"""
Be the bank: `python -m sandbox.bank FOLDER take FILE DAY`, `settle DAY`, `paid NAME`.

What it has to say is one line of JSON: how many transfers a file has; the file of what is sent back, or null; how many
transfers of a file are paid, and their sum in cents.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import date
from pathlib import Path

from sandbox.bank.books import Books


def main(arguments: list[str]) -> None:
    """Carry out one command."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.bank", description="A stand-in for a bank.")
    parser.add_argument("folder", type=Path)
    commands = parser.add_subparsers(dest="command", required=True)
    take = commands.add_parser("take", help="take a file of transfers")
    take.add_argument("file", type=Path)
    take.add_argument("day", type=date.fromisoformat)
    settle = commands.add_parser("settle", help="pay what is due, and send back what cannot be paid")
    settle.add_argument("day", type=date.fromisoformat)
    paid = commands.add_parser("paid", help="tell what the statement shows of a file")
    paid.add_argument("name")
    options = parser.parse_args(arguments)
    books = Books(options.folder)
    said: object
    if options.command == "take":
        said = books.take(options.file.name, options.file.read_text(encoding="utf-8"), on=options.day)
    elif options.command == "settle":
        returned = books.settle(options.day)
        said = str(returned) if returned else None
    else:
        said = books.paid_of(options.name)
    print(json.dumps(said))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])

"""Count every reward once more: `python -m sandbox.recount EXPORT BILLING_DATA_DIR... --bank BANK_FOLDER`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sandbox.recount.bank import transfers_in
from sandbox.recount.compare import differences
from sandbox.recount.expect import expected_rewards
from sandbox.recount.export import read
from sandbox.recount.vendor import Vendors


def main(arguments: list[str]) -> int:
    """Print what differs; return 1 where anything does."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.recount", description="Count every reward once more.")
    parser.add_argument("export", type=Path, help="file written by manage.py export_commissions")
    parser.add_argument("folders", type=Path, nargs="+", metavar="BILLING_DATA_DIR", help="the vendors' data folders")
    parser.add_argument(
        "--bank", type=Path, action="append", default=[], help="the folder of a bank that transfers cash"
    )
    options = parser.parse_args(arguments)
    export = read(options.export)
    vendors = Vendors(options.folders, export.heard_late)
    transfers = transfers_in(options.bank)
    found = list(differences(export, vendors, transfers))
    for what in found:
        print(what)  # noqa: T201
    rewards, paid = len(expected_rewards(export, vendors)), len(vendors.credits())
    counted = f"{rewards} rewards, {len(export.entries)} ledger entries, {paid} credits"
    if options.bank:
        counted += f", {len(transfers)} transfers"
    print(f"Recount of {counted}: {len(found) or 'no'} difference{'s' * (len(found) != 1)}.")  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

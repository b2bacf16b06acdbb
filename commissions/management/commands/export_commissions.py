"""Write down all that somebody needs who wants to reckon every reward once more."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.core.serializers.json import DjangoJSONEncoder

from commissions.queries.export import export_all


class Command(BaseCommand):
    """Reads, and changes nothing."""

    help = "Writes rules, referrals and the ledger into a JSON file, which sandbox.recount reads."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        del args
        written = json.dumps(export_all(), cls=DjangoJSONEncoder, indent=1)
        options["file"].write_text(written, encoding="utf-8")
        self.stdout.write(f"Written: {options['file']}")

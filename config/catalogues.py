"""The catalogues of translations: `make messages` writes them, a test says that they are current."""

import os
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command
from django.core.management.commands import makemessages

SPEAKS_TO_NOBODY = (".venv", ".data", "bench", "docs", "sandbox", "static", "tests")
"""Folders whose texts no visitor and no member of staff reads."""
CLOCK = '"POT-Creation-Date:'


def collect_messages() -> None:
    """
    Bring each catalogue below `LOCALE_PATHS` up to date with the texts of code and templates.

    New texts are empty there, never guessed; the ones that are gone are dropped. All is sorted, and nothing says where a
    text stands, so that only texts make a difference.
    """
    collector = makemessages.Command()
    collector.msgmerge_options = [*collector.msgmerge_options, "--no-fuzzy-matching"]
    collector.msgattrib_options = [*collector.msgattrib_options, "--sort-output"]
    call_command(
        collector,
        locale=[code for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE],
        ignore_patterns=list(SPEAKS_TO_NOBODY),
        add_location="never",
        no_obsolete=True,
        no_wrap=True,
        verbosity=0,
    )
    for folder in settings.LOCALE_PATHS:
        for catalogue in Path(folder).glob("*/LC_MESSAGES/*.po"):
            _forget_when(catalogue)


def _forget_when(catalogue: Path) -> None:
    """Take the line out that would differ at each run."""
    lines = catalogue.read_text(encoding="utf-8").splitlines(keepends=True)
    catalogue.write_text("".join(line for line in lines if not line.startswith(CLOCK)), encoding="utf-8")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    collect_messages()

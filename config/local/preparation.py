"""What must be done before the system can run: migrations, translations, static files, the demonstration operator."""

import io
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command

from config.local.servers import ROOT

DEMONSTRATION = ("load_demonstration", "introduce_catalogue")
UNUSED_STATIC = [
    *("bootstrap-*", "bootstrap.css*", "bootstrap.rtl.css*", "bootstrap.js*", "bootstrap.esm*", "bootstrap.bundle.js*"),
    *("xregexp.js", "select2.full.js", "jquery.js"),
]
"""Variants that no page links. Compressing them all would be most of the wait at the first start."""


def prepare() -> None:
    """Bring everything up to date; what is up to date costs nothing."""
    print("Bringing the database up to date", flush=True)
    call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)
    bring_catalogues_up_to_date()
    if _is_older(Path(settings.STATIC_ROOT) / "staticfiles.json", _static_sources()):
        print("Collecting static files", flush=True)
        collect_static_files()
    if settings.IS_DEMONSTRATION:
        print("Loading the demonstration operator", flush=True)
        for command in DEMONSTRATION:
            call_command(command, stdout=io.StringIO())


def collect_static_files() -> None:
    """Collect what pages link to into STATIC_ROOT."""
    call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=UNUSED_STATIC)


def bring_catalogues_up_to_date() -> None:
    """Compile the translations that have changed; without gettext the pages stay English, and everything works."""
    catalogues = [file for folder in settings.LOCALE_PATHS for file in Path(folder).glob("*/LC_MESSAGES/*.po")]
    if not any(_is_older(catalogue.with_suffix(".mo"), [catalogue]) for catalogue in catalogues):
        return
    if shutil.which("msgfmt"):
        call_command("compilemessages", verbosity=0, ignore=[".venv"])
    else:
        print("gettext is missing: the pages are in English only", flush=True)


def _static_sources() -> list[Path]:
    return [*(file for file in (ROOT / "static").rglob("*") if file.is_file()), ROOT / "requirements.lock"]


def _is_older(made: Path, sources: Iterable[Path]) -> bool:
    """Tell whether something that is made from the sources is missing, or older than the newest of them."""
    return not made.exists() or made.stat().st_mtime < max(source.stat().st_mtime for source in sources)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    prepare()

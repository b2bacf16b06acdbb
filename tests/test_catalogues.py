"""The catalogues of translations hold every text, and nothing that breaks a page."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.conf import LazySettings

from config.catalogues import SPEAKS_TO_NOBODY, collect_messages

ROOT = Path(__file__).resolve().parent.parent
CATALOGUES = ROOT / "locale"
MANY = 1000
"""Fewer texts than these were not all that there are."""

pytestmark = pytest.mark.skipif(
    not shutil.which("msgmerge"), reason="gettext is missing: apt-get install gettext, and the catalogues are checked."
)


def test_each_text_of_the_code_is_translated(
    settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = tmp_path / "house"
    shutil.copytree(ROOT, house, ignore=shutil.ignore_patterns(".*", "locale", *SPEAKS_TO_NOBODY))
    settings.LOCALE_PATHS = [house / "locale"]
    house.joinpath("locale").mkdir()
    monkeypatch.chdir(house)
    collect_messages()

    needed, written = (_texts(folder / "locale/es/LC_MESSAGES/django.po") for folder in (house, ROOT))
    translated = {text for text, translation in written.items() if all(translation)}

    assert len(needed) > MANY
    assert sorted(needed.keys() - translated) == []


def _texts(catalogue: Path) -> dict[tuple[str, str], tuple[str, ...]]:
    """Read each text with its context, and its translations, of which there is one for each plural form."""
    with catalogue.open("rb") as file:
        messages = [message for message in read_po(file) if message.id]
    return {(message.context or "", _forms(message.id)[0]): _forms(message.string or "") for message in messages}


def _forms(text: str | Sequence[str]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


@pytest.mark.parametrize("catalogue", sorted(CATALOGUES.glob("*/LC_MESSAGES/*.po")), ids=str)
def test_no_translation_loses_a_placeholder(catalogue: Path) -> None:
    checked = subprocess.run(  # gettext's own tool, on our own files
        ["msgfmt", "--check-format", "--output-file=-", catalogue],  # wherever gettext is installed
        capture_output=True, check=False,
    )  # fmt: skip

    assert checked.stderr.decode() == ""


@pytest.mark.parametrize("catalogue", sorted(CATALOGUES.glob("*/LC_MESSAGES/*.po")), ids=str)
def test_no_translation_is_a_guess(catalogue: Path) -> None:
    assert "#, fuzzy" not in catalogue.read_text(encoding="utf-8")

"""The catalogues of translations hold every text, and nothing that breaks a page."""

import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import LazySettings

from config.catalogues import SPEAKS_TO_NOBODY, collect_messages

ROOT = Path(__file__).resolve().parent.parent
CATALOGUES = ROOT / "locale"

pytestmark = pytest.mark.skipif(
    not shutil.which("msgcmp"), reason="gettext is missing: apt-get install gettext, and the catalogues are compared."
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
    collected = house / "locale/es/LC_MESSAGES/django.po"

    catalogue = CATALOGUES / "es/LC_MESSAGES/django.po"
    compared = subprocess.run(  # gettext's own tool, on our own files
        ["msgcmp", catalogue, collected],  # wherever gettext is installed
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert compared.stderr == ""
    assert compared.returncode == 0


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

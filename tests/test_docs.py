"""What `docs/` says is what the code does."""

import re
from pathlib import Path

import pytest

from config.pictures import PAGES

ROOT = Path(__file__).parent.parent
WRITTEN = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


class TestPagesMadeFromCode:
    @pytest.mark.parametrize("page", PAGES)
    def test_are_current(self, page):
        assert (ROOT / page).read_text() == PAGES[page](), "Run `make docs`."


class TestLinks:
    @pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
    def test_lead_somewhere(self, page):
        targets = re.findall(r"\]\((?!https?://|#|mailto:)([^)#]+)", page.read_text())

        assert [target for target in targets if not (page.parent / target).exists()] == []


class TestThePatternOfALock:
    def test_is_the_code(self):
        pattern = re.search(r"```python\n(.+?)```", (ROOT / "docs" / "locking.md").read_text(), re.DOTALL)
        assert pattern
        services = "\n".join(file.read_text() for file in (ROOT / "orders" / "services").glob("*.py"))
        written = [line.partition("  # ")[0] for line in pattern[1].splitlines() if line.strip()]

        assert [line for line in written if f"{line}\n" not in services] == []


class TestFilesNamedInTheTour:
    def test_exist(self):
        tour = (ROOT / "docs" / "tour.md").read_text()
        named = set(re.findall(r"`([a-z_]+(?:/[a-z_]+)+\.(?:py|html|md))`", tour))

        assert named
        assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


class TestTheTableOfTickets:
    """Where which topic stands in the code."""

    TOPICS = re.findall(r"(?m)^\| [A-Z][^|]+ \|(.+)\|(.+)\|(.+)\|$", (ROOT / "docs" / "tickets.md").read_text())

    @pytest.mark.parametrize(("column", "package"), [(0, "models"), (1, "services"), (2, "queries")])
    def test_names_every_module(self, column, package):
        named = {name for topic in self.TOPICS for name in re.findall(r"`([a-z_]+)`", topic[column])}
        modules = {file.stem for file in (ROOT / "tickets" / package).iterdir()}

        assert named == modules - {"__init__", "__pycache__", "rows"}

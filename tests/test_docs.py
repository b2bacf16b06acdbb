"""What `docs/` says is what the code does."""

import doctest
import re
from pathlib import Path

import pytest

from config.pictures import PAGES
from tickets.services.outages.attaching import HOLDING

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


class TestTheExamplesOfTheFoundation:
    PAGE = (ROOT / "docs" / "foundation.md").read_text()
    EXAMPLES = re.findall(r"```python\n(.+?)```", PAGE, re.DOTALL)
    QUOTED = tuple(
        (name, line)
        for example in EXAMPLES
        for name, lines in re.findall(r"(?m)^# (\S+\.py)\n((?:(?!# \S+\.py\n).*\n)+)", example)
        for line in lines.splitlines()
    )

    def test_run(self):
        run = [example for example in self.EXAMPLES if example.startswith(">>>")]
        parsed = doctest.DocTestParser().get_doctest("\n".join(run), {}, "docs/foundation.md", None, None)

        assert len(parsed.examples) > len(run)
        assert doctest.DocTestRunner().run(parsed).failed == 0

    def test_are_lines_of_the_files_that_they_name(self):
        assert {name for name, _line in self.QUOTED} > {"tickets/jobs.py", "commissions/handlers.py"}
        assert [
            f"{name}: {line}" for name, line in self.QUOTED if f"\n{line}\n" not in f"\n{(ROOT / name).read_text()}"
        ] == []


class TestTheStatementThatIsWrittenOut:
    def test_is_the_one_that_runs(self):
        assert f"written out, it is:\n{HOLDING}\n" in (ROOT / "tickets/services/outages/attaching.py").read_text()

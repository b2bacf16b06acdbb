"""What `docs/` says is what the code does."""

import doctest
import re
from pathlib import Path

import pytest

from config.pictures import PAGES
from foundation.people.states import ROLE_PERMISSIONS, Permission, Role
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


APPROVALS = re.findall(
    r"^\| [^|]+ \| `([\w/.]+): (\w+)` \| ([^|]+) \| ([^|]+) \| (?:yes|no|for money) \| ([^|]+) \|$",
    (ROOT / "docs" / "visibility.md").read_text(),
    re.MULTILINE,
)


class TestWhoApprovesWhat:
    def test_is_told_of_every_service_that_asks_for_a_second_person(self):
        asking = {
            str(file.relative_to(ROOT))
            for app in ("commissions", "tickets", "foundation/people")
            for file in (ROOT / app).rglob("*.py")
            if "require_second_person(" in file.read_text()
        }

        assert asking <= {file for file, *_rest in APPROVALS}

    @pytest.mark.parametrize(("file", "service", "permissions", "roles", "refusals"), APPROVALS)
    def test_is_what_roles_and_services_say(self, file, service, permissions, roles, refusals):
        source = (ROOT / file).read_text()
        app = ROOT / file.partition("/")[0]
        refused = source + "".join(one.read_text() for one in app.rglob("*.py") if "models" in one.parts)
        granted = [
            ", ".join(str(role.label) for role in Role if Permission(one) in ROLE_PERMISSIONS[role])
            for one in re.findall(r"`(\w+)`", permissions)
        ]

        assert f"def {service}(" in source
        assert "; ".join(granted) == roles
        for code in re.findall(r"`(\w+)`", refusals):
            is_known = "require_second_person(" in source if code == "unconfirmed" else f'code="{code}"' in refused
            assert is_known, code
        for one in re.findall(r"`(\w+)`", permissions):
            is_asked = f"Permission.{Permission(one).name}" in source
            assert is_asked or "may_manage(" in source


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

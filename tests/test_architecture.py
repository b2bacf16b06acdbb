"""The house's rules that no linter knows."""

import ast
import re
import tomllib
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models

ROOT = Path(__file__).parent.parent
CONTRACT = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
LAYERS = [[app.strip() for app in layer.split("|")] for layer in CONTRACT["layers"]]
PUBLIC_MODULES = {"models", "states", "services", "queries", "events", "ports", "http", "testing", "settings"}
OUTSIDE_THE_LAYERS = {"bench", "sandbox", "tests"}


def height_of(module: str) -> int:
    """How far above the ground a module's layer is; the ground is 0."""
    for height, layer in enumerate(reversed(LAYERS)):
        if any(module == member or module.startswith(f"{member}.") for member in layer):
            return height
    raise LookupError(module)


def app_of(module: str) -> str | None:
    return next((app for app in settings.LOCAL_APPS if module == app or module.startswith(f"{app}.")), None)


def our_files(*, tests: bool = False) -> list[Path]:
    tops = {name.split(".")[0] for name in settings.LOCAL_APPS}
    folders = [ROOT / top for top in sorted(tops)] + ([ROOT / "tests"] if tests else [])
    return [file for folder in folders for file in sorted(folder.rglob("*.py"))]


def name_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def local_models() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if app_of(model.__module__)]


def imports_of(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{name.name}" for name in node.names}
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
    return found


class TestTheLayers:
    @pytest.mark.parametrize("app", settings.LOCAL_APPS)
    def test_hold_every_app_of_ours(self, app):
        assert height_of(app) >= 0

    def test_hold_every_package_in_the_root_folder(self):
        packages = {folder.parent.name for folder in ROOT.glob("*/__init__.py")}
        tops = {member.split(".")[0] for layer in LAYERS for member in layer}

        assert packages - OUTSIDE_THE_LAYERS == tops

    def test_are_obeyed_by_every_foreign_key(self):
        upward = [
            f"{model._meta.label}.{field.name}"
            for model in local_models()
            for field in model._meta.get_fields()
            if field.concrete
            and field.is_relation
            and app_of(field.related_model.__module__)
            and height_of(field.related_model.__module__) > height_of(model.__module__)
        ]

        assert upward == []


class TestApps:
    def test_meet_only_in_public_modules(self):
        private = []
        for file in our_files():
            mine = app_of(name_of(file))
            for imported in imports_of(file):
                theirs = app_of(imported)
                if not theirs or mine in {theirs, "config.demonstration"}:
                    continue
                rest = imported.removeprefix(theirs).strip(".").split(".")[0]
                is_ground = theirs.startswith("foundation.")
                if rest and rest not in PUBLIC_MODULES and not (is_ground or name_of(file).startswith("config")):
                    private.append(f"{name_of(file)} → {imported}")

        assert private == []

    def test_have_no_rooms_for_lumber(self):
        lumber = {"utils", "helpers", "managers", "signals", "exceptions"}

        assert [str(file) for file in our_files() if file.stem in lumber] == []


class TestStatus:
    def test_is_assigned_only_by_a_move(self):
        assigned = []
        for file in our_files():
            for node in ast.walk(ast.parse(file.read_text())):
                targets = node.targets if isinstance(node, ast.Assign) else []
                if any(isinstance(target, ast.Attribute) and target.attr == "status" for target in targets):
                    assigned.append(f"{name_of(file)}:{node.lineno}")

        assert [place for place in assigned if not place.startswith("foundation.lifecycle:")] == []

    def test_is_known_to_the_database_wherever_there_are_moves(self):
        from foundation.lifecycle import Lifecycle  # noqa: PLC0415  # after the apps are loaded

        for model in local_models():
            if issubclass(model, Lifecycle):
                checks = [c for c in model._meta.constraints if isinstance(c, models.CheckConstraint)]
                assert any("status" in str(check.condition) for check in checks), model


class TestTheClock:
    def test_is_the_only_one_even_in_sql(self):
        sql_clock = re.compile(r"\b(now\(\)|current_timestamp|current_date|clock_timestamp)", re.IGNORECASE)
        guilty = []
        for file in our_files():
            if "migrations" in file.parts:
                continue
            for node in ast.walk(ast.parse(file.read_text())):
                is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
                if (
                    is_text
                    and re.search(r"\b(SELECT|UPDATE|INSERT|DELETE)\b", node.value)
                    and sql_clock.search(node.value)
                ):
                    guilty.append(f"{name_of(file)}:{node.lineno}")

        assert guilty == []


class TestZones:
    def test_no_template_shows_a_moment_in_utc(self):
        shown = re.compile(r"_at\|(?:date|time):")
        pages = {path: path.read_text(encoding="utf-8") for path in (ROOT / "templates").rglob("*.*")}

        assert [path for path, page in pages.items() if shown.search(page) and "{% timezone " not in page] == []


class TestMoney:
    def test_is_never_a_float(self):
        floats = [
            f"{model._meta.label}.{field.name}"
            for model in local_models()
            for field in model._meta.get_fields()
            if isinstance(field, models.FloatField) and field.name not in {"latitude", "longitude"}
        ]

        assert floats == []

"""The pages of `docs/` that are made from the code: `make docs` writes them, a test says that they are current."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import django

ROOT = Path(__file__).resolve().parent.parent


def states_page() -> str:
    """Draw every lifecycle's moves as a Mermaid diagram; where each kind of a thing has its own, one for each."""
    from django.apps import apps  # noqa: PLC0415  # after the set-up

    from foundation.lifecycle import Lifecycle  # noqa: PLC0415

    models = sorted((m for m in apps.get_models() if issubclass(m, Lifecycle)), key=lambda m: m._meta.label)
    parts = ["# Lifecycles\n\nMade from the `MOVES` tables by `make docs`.\n"]
    for model in models:
        parts.append(f"## {model._meta.label}\n\n{model.__doc__ and model.__doc__.strip().splitlines()[0]}\n")
        start = model._meta.get_field("status").get_default()  # type: ignore[misc]  # each has its own
        if model.MOVES_OF:
            parts += [f"### {kind.label}\n\n{_diagram(start, moves)}" for kind, moves in model.MOVES_OF.items()]
        else:
            parts.append(_diagram(start, model.MOVES))
    return "\n".join(parts)


def _diagram(start: str, moves: Mapping[Any, Iterable[Any]]) -> str:
    lines = [f"    {here} --> {there}" for here, targets in moves.items() for there in sorted(targets)]
    return "\n".join(["```mermaid", "stateDiagram-v2", f"    [*] --> {start}", *lines, "```", ""])


def permissions_page() -> str:
    """Show which role may do what."""
    from foundation.people.states import ROLE_PERMISSIONS, Permission, Role  # noqa: PLC0415

    head = f"| | {' | '.join(str(role.label) for role in Role)} |\n|---|{'---|' * len(Role)}"
    rows = [
        f"| {permission.label} | {' | '.join('✓' if permission in ROLE_PERMISSIONS[role] else '' for role in Role)} |"
        for permission in Permission
    ]
    return "\n".join(["# Who may do what\n\nMade from `ROLE_PERMISSIONS` by `make docs`.\n", head, *rows, ""])


PAGES = {"docs/states.md": states_page, "docs/permissions.md": permissions_page}


def write_pages() -> None:
    """Write every page anew."""
    for name, make in PAGES.items():
        (ROOT / name).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    write_pages()

"""A secret that a stand-in and its clients share by a file."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def secret_of(file: Path) -> str:
    """Return the secret that a file holds; make one, readable by its owner alone, where there is none."""
    if not file.exists():
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            opened.write(secrets.token_urlsafe(32))
    return file.read_text(encoding="utf-8").strip()

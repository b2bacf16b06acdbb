import subprocess
from pathlib import Path

SCRIPT = Path(__file__).parent.parent.parent / "config" / "local" / "install.sh"


def install(folder: Path, python: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHON": str(python), "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        ["sh", SCRIPT, folder / "venv"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=SCRIPT.parents[2],
    )


class TestInstall:
    def test_says_in_one_line_that_python_is_missing(self, tmp_path):
        done = install(tmp_path, tmp_path / "no-python")

        assert done.returncode == 1
        assert done.stderr.startswith("Python is missing: install Python 3.11 or later")
        assert len(done.stderr.splitlines()) == 1

    def test_says_in_one_line_that_python_is_too_old(self, tmp_path):
        old = tmp_path / "python"
        old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2 && exit\nexit 1\n')
        old.chmod(0o755)

        done = install(tmp_path, old)

        assert done.returncode == 1
        assert done.stderr.startswith("Python 3.9.2 is too old: install Python 3.11 or later")
        assert len(done.stderr.splitlines()) == 1

"""The commands behind the Makefile: `run`, `with-servers`, `code`, `forget`."""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

import environ

from config.local import servers, sign_ins, supervisor
from config.local.postgres import Postgres
from config.local.processes import LocalError


def main() -> int:
    """Carry out one command and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m config.local", description=__doc__)
    commands = parser.add_subparsers(required=True)
    run = commands.add_parser("run", help="start the whole system")
    run.add_argument("--port", type=int, default=os.environ.get("PORT") or 8000, help="of the website")
    run.set_defaults(carry_out=_run)
    with_servers = commands.add_parser("with-servers", help="run a Python program while the servers run")
    with_servers.add_argument("program", nargs=argparse.REMAINDER)
    with_servers.set_defaults(carry_out=_with_servers)
    code = commands.add_parser("code", help="print the current code of a demonstration account")
    code.add_argument("email")
    code.set_defaults(carry_out=_code)
    commands.add_parser("forget", help="remove the local data").set_defaults(carry_out=_forget)
    options = parser.parse_args()
    environ.Env.read_env(servers.ROOT / ".env")
    try:
        exit_code: int = options.carry_out(options)
    except LocalError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return exit_code


def _run(options: argparse.Namespace) -> int:
    supervisor.run(servers.data_folder(), port=options.port)
    return 0


def _with_servers(options: argparse.Namespace) -> int:
    with servers.running(servers.data_folder()):
        return subprocess.run([sys.executable, *options.program], check=False).returncode


def _code(options: argparse.Namespace) -> int:
    for person in sign_ins.load(servers.data_folder()):
        if person.email == options.email:
            print(person.code() or "This account needs no code.")
            return 0
    raise LocalError(f"Nobody in the demonstration is called {options.email}.")


def _forget(_options: argparse.Namespace) -> int:
    data = servers.data_folder()
    postgres = Postgres(data)
    if postgres.is_running():
        raise LocalError("The system runs; stop it first.")
    for folder in {data, postgres.place, postgres.socket}:
        _remove(folder)
    return 0


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())

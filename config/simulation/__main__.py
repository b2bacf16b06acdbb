"""`make simulate`: play the demonstration operator's business over some months, on the local data."""

import argparse
import os
import sys
from contextlib import ExitStack
from pathlib import Path

import environ

from config.local import parts, servers, supervisor
from config.local.parts import Ports
from config.local.postgres import Postgres
from config.local.processes import LocalError
from config.simulation.clock import FIRST_DAY, SharedClock, daytime_of

CUSTOMERS = 60
NO_BROKER = "memory://"
"""The play delivers everything itself, one after the other: nobody is nudged."""


def main() -> int:
    """Carry out the command and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m config.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the same seed plays the same months")
    parser.add_argument("--months", type=int, default=8, help="0 only prepares the data")
    parser.add_argument("--customers", type=int, default=CUSTOMERS, help="new households")
    parser.add_argument("--port", type=int, default=os.environ.get("PORT") or 8000, help="that `make run` will use")
    parser.add_argument("--forgetful", action="store_true", help="the data need not outlive the machine")
    options = parser.parse_args()
    environ.Env.read_env(servers.ROOT / ".env")
    try:
        return simulate(options)
    except LocalError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        return 130


def simulate(options: argparse.Namespace) -> int:
    """
    Start what the play needs, prepare the data, play.

    :raises LocalError: if the system runs on the same data, or something cannot be started
    """
    data, ports = servers.data_folder(), Ports(web=options.port)
    data.mkdir(parents=True, exist_ok=True)
    with supervisor.alone_in(data), supervisor.stoppable(), ExitStack() as on_leaving:
        supervisor.refuse_taken_ports(ports)
        begin_time(data)
        os.environ["REDIS_URL"] = NO_BROKER
        started = on_leaving.enter_context(servers.running(data, is_durable=not options.forgetful))
        environment = {
            **parts.environment_of(data, ports),
            "SIMULATION_SEED": str(options.seed),
            "SIMULATION_MONTHS": str(options.months),
            "SIMULATION_CUSTOMERS": str(options.customers),
            "LOG_LEVEL": os.environ.get("LOG_LEVEL", "ERROR"),
        }
        running = supervisor.Running(data, environment, [server for server, _address in started.values()])
        on_leaving.callback(running.stop)
        running.start(parts.surroundings(data, ports, with_webhooks=False))
        running.carry_out("config.local.preparation", STATEMENT_TIMEOUT="0")
        if options.months:
            running.carry_out("config.simulation.stage", STATEMENT_TIMEOUT="0")
            print("`make run` shows what has come of it.")  # noqa: T201
        return 0
    return 130


def begin_time(data: Path) -> None:
    """On fresh data, let time begin where it always does; on others it goes on from where it is."""
    clock = SharedClock(data / "clock.json")
    if not clock.is_set and not (Postgres(data).cluster / "PG_VERSION").exists():
        clock.set_to(daytime_of(FIRST_DAY))


if __name__ == "__main__":
    sys.exit(main())

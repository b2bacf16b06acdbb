"""Run the stand-in for a device management server until it is stopped."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from pathlib import Path

from sandbox.billing.clock import Clock
from sandbox.network.devices import Devices
from sandbox.network.server import make_server
from sandbox.secret_file import secret_of


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.network", description="A stand-in that reads devices.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True, help="0 takes a free port and prints it")
    parser.add_argument("--data", type=Path, required=True, help="folder that keeps its memory")
    parser.add_argument("--clock", type=Path, help='file with {"offset_seconds": n}, shared with the application')
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> None:
    """Serve until SIGTERM or Ctrl-C."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    options = parse(arguments)
    options.data.mkdir(parents=True, exist_ok=True)
    devices, token = Devices(options.data / "devices.sqlite3"), secret_of(options.data / "token")
    server = make_server(options.host, options.port, devices, clock=Clock(options.clock), token=token)

    def stop(*_: object) -> None:
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"Network at http://{options.host}:{server.server_port}/", flush=True)  # noqa: T201
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])

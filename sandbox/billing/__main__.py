"""Run the stand-in billing vendor until it is stopped."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from pathlib import Path

from sandbox.billing.clock import Clock
from sandbox.billing.server import make_server
from sandbox.billing.vendor import Vendor
from sandbox.billing.webhooks import WebhookSender
from sandbox.secret_file import secret_of


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.billing", description="A stand-in billing vendor.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True, help="0 takes a free port and prints it")
    parser.add_argument("--data", type=Path, required=True, help="folder that keeps the vendor's memory")
    parser.add_argument("--name", default="Sandbox Billing", help="name on the page")
    parser.add_argument("--webhook", default="", help="address that is told of every event")
    parser.add_argument("--secret-file", type=Path, help="file with the secret of webhooks; made if missing")
    parser.add_argument("--token-file", type=Path, help="file with the clients' token; made if missing")
    parser.add_argument("--clock", type=Path, help='file with {"offset_seconds": n}, shared with the application')
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> None:
    """Serve until SIGTERM or Ctrl-C."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    options = parse(arguments)
    options.data.mkdir(parents=True, exist_ok=True)
    token = secret_of(options.token_file or options.data / "token")
    secret = secret_of(options.secret_file or options.data / "webhook-secret")
    vendor = Vendor(options.data, Clock(options.clock))
    if options.webhook:
        vendor.store.unsubscribe("command-line")
        vendor.store.subscribe("command-line", options.webhook)
    server = make_server(options.host, options.port, vendor, name=options.name, token=token)
    sender = WebhookSender(vendor, secret)
    sender.start()

    def stop(*_: object) -> None:
        sender.stop()
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"{options.name} at http://{options.host}:{server.server_port}/", flush=True)  # noqa: T201
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])

"""Of what the whole system consists on one machine: its programs, their ports and their environment."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

VENDORS = ("main", "franchise")
"""The demonstration's billing systems, by their codes."""


@dataclass(frozen=True, kw_only=True)
class Ports:
    """The ports of the loopback address that the system listens on, all derived from the website's."""

    web: int

    @property
    def mail_page(self) -> int:
        """Where the mail is read: 8025 beside a website on 8000."""
        return self.web + 25

    @property
    def smtp(self) -> int:
        """Where the mail is sent to."""
        return self.web + 26

    @property
    def billing(self) -> dict[str, int]:
        """Where each vendor's billing system listens: 8101 and 8102."""
        return {vendor: self.web + 101 + number for number, vendor in enumerate(VENDORS)}

    @property
    def network(self) -> int:
        """Where the system listens that reads equipment: 8103."""
        return self.web + 103

    def all(self) -> dict[str, int]:
        """Return every port by what it is for."""
        billing = {f"{vendor} billing system": port for vendor, port in self.billing.items()}
        ours = {"website": self.web, "mail page": self.mail_page, "mail server": self.smtp}
        return {**ours, **billing, "system that reads equipment": self.network}


@dataclass(frozen=True)
class Part:
    """One program of the system, run by our own Python."""

    name: str
    arguments: list[str]
    port: int | None = None
    """Where it listens, if it does."""
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def command(self) -> list[str]:
        """What starts it."""
        return [sys.executable, *self.arguments]


def environment_of(data: Path, ports: Ports) -> dict[str, str]:
    """Return the environment of every part: ours, and what follows from the data folder and the ports."""
    derived = {
        "DATA_DIR": str(data),
        "SITE_URL": f"http://localhost:{ports.web}",
        "EMAIL_URL": f"smtp://127.0.0.1:{ports.smtp}",
        "CLOCK_FILE": str(data / "clock.json"),
        "MAIL_PAGE_URL": f"http://localhost:{ports.mail_page}",
        "MAILBOX_SUPPORT_SECRET_FILE": str(data / "mailbox-secret"),
        "DIAGNOSTICS_NETWORK_URL": f"http://127.0.0.1:{ports.network}",
        "DIAGNOSTICS_NETWORK_TOKEN_FILE": str(data / "network" / "token"),
    }
    for vendor, port in ports.billing.items():
        name, memory = f"BILLING_{vendor.upper()}", data / "billing" / vendor
        derived |= {
            f"{name}_URL": f"http://127.0.0.1:{port}",
            f"{name}_TOKEN_FILE": str(memory / "token"),
            f"{name}_WEBHOOK_SECRET_FILE": str(memory / "webhook-secret"),
        }
    return {**derived, **os.environ}


def surroundings(data: Path, ports: Ports, *, with_webhooks: bool = True) -> list[Part]:
    """
    List what stands around the system, and is there before it: the mail catcher and the vendors.

    :param with_webhooks: False = nobody listens for them; what the vendors tell is read from them
    """
    vendors = (_vendor(vendor, data, ports, with_webhooks=with_webhooks) for vendor in VENDORS)
    return [_mail_catcher(data, ports), *vendors, _network(data, ports)]


def system(ports: Ports) -> list[Part]:
    """List the system's own programs: web, worker and beat."""
    return [_web(ports), _worker(), _beat()]


def _mail_catcher(data: Path, ports: Ports) -> Part:
    arguments = ["--data", str(data), "--smtp-port", str(ports.smtp), "--page-port", str(ports.mail_page)]
    arguments += ["--website", f"http://localhost:{ports.web}"]
    return Part("mail", ["-m", "config.local.mail_catcher", *arguments], ports.mail_page)


def _vendor(vendor: str, data: Path, ports: Ports, *, with_webhooks: bool) -> Part:
    """Describe one vendor's stand-in, which tells our webhook what happens and shares our clock."""
    port = ports.billing[vendor]
    arguments = [
        "--port", str(port), "--data", str(data / "billing" / vendor), "--name", f"{vendor.capitalize()} billing",
        "--clock", str(data / "clock.json"),
    ]  # fmt: skip
    if with_webhooks:
        arguments += ["--webhook", f"http://localhost:{ports.web}/webhooks/billing/{vendor}"]
    return Part(f"billing-{vendor}", ["-m", "sandbox.billing", *arguments], port)


def _network(data: Path, ports: Ports) -> Part:
    arguments = ["--port", str(ports.network), "--data", str(data / "network"), "--clock", str(data / "clock.json")]
    return Part("network", ["-m", "sandbox.network", *arguments], ports.network)


def _web(ports: Ports) -> Part:
    arguments = [
        "--bind", f"127.0.0.1:{ports.web}", "--workers", "2", "--threads", "4", "--graceful-timeout", "4",
        "--no-control-socket",
    ]  # fmt: skip
    return Part("web", ["-m", "gunicorn", "config.wsgi", *arguments], ports.web)


def _worker() -> Part:
    arguments = ["worker", "--pool", "prefork", "--concurrency", "2", "--loglevel", "INFO"]
    soon = {"REMAP_SIGTERM": "SIGQUIT"}  # what was begun is done again by the next worker
    return Part("worker", ["-m", "celery", "--app", "config.celery", *arguments], variables=soon)


def _beat() -> Part:
    arguments = [
        "beat", "--scheduler", "django_celery_beat.schedulers:DatabaseScheduler", "--loglevel", "WARNING", "--pidfile=",
    ]  # fmt: skip
    return Part("beat", ["-m", "celery", "--app", "config.celery", *arguments])

"""Encrypt under a new key what an older one encrypted."""

from typing import Any

from django.core.management.base import BaseCommand

from foundation.people.encryption import RENEWALS


class Command(BaseCommand):
    """
    Run after a new key was put in front of `FIELD_KEYS`.

    Sessions are written anew as they are used, and the last that an older key wrote is over after
    `SESSION_COOKIE_AGE` seconds (30 days): only then take the older key out of `FIELD_KEYS`.
    """

    help = "Encrypt everything that is kept encrypted under the first of FIELD_KEYS."

    def handle(self, **_options: Any) -> None:
        """Renew all of a kind at once, or none of them."""
        for what, renewal in RENEWALS.items():
            self.stdout.write(f"{renewal()} {what} are encrypted under the first key.")

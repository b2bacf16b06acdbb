"""Encrypt under a new key what an older one encrypted."""

from typing import Any

from django.core.management.base import BaseCommand

from foundation.people.services import renew_seeds


class Command(BaseCommand):
    """
    Run after a new key was put in front of `FIELD_KEYS`.

    Sessions are written anew as they are used, and the last that an older key wrote is over after
    `SESSION_COOKIE_AGE` seconds (30 days): only then take the older key out of `FIELD_KEYS`.
    """

    help = "Encrypt the seeds of all second factors under the first of FIELD_KEYS."

    def handle(self, **_options: Any) -> None:
        """Renew them all at once, or none of them."""
        self.stdout.write(f"{renew_seeds()} second factors are encrypted under the first key.")

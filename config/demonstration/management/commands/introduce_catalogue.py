"""Tell the demonstration's billing systems what may be ordered."""

from typing import Any

from django.core.management.base import BaseCommand

from config.demonstration.billing_systems import introduce_catalogue
from config.demonstration.tickets import introduce_devices


class Command(BaseCommand):
    """Tell the demonstration's billing systems which products there are."""

    help = "Tell the demonstration's billing systems which products may be ordered."

    def handle(self, **_options: Any) -> None:
        """Tell both, and the one that reads modems which there are; telling them again is harmless."""
        introduce_catalogue()
        introduce_devices()

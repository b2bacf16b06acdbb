"""Mailboxes for tests."""

from typing import Any

from foundation.correspondence.models import Mailbox
from foundation.divisions.models import Division
from foundation.divisions.testing import make_division


def make_mailbox(division: Division | None = None, *, code: str = "support", **changes: Any) -> Mailbox:
    """Make a mailbox whose mail is posted to us, unless `host` says where it is fetched."""
    address = changes.pop("address", f"{code}@larkspur.example")
    return Mailbox.objects.create(code=code, division=division or make_division(), address=address, **changes)

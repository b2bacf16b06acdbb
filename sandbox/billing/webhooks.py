"""Telling subscribers what has happened: signed, retried, and, when told to, doubled, shuffled or lost."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import threading
import urllib.error
import urllib.request
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from sandbox.billing.store import Document, DueDelivery
    from sandbox.billing.vendor import Vendor

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 0.1
SHUFFLE_SECONDS = 0.5
"""How long events gather before they are sent in a random order."""
TIMEOUT_SECONDS = 5
LONGEST_WAIT = timedelta(minutes=5)


def signed_headers(secret: str, body: bytes, at: datetime) -> dict[str, str]:
    """Return the headers of a webhook: the second it was signed, and HMAC-SHA256 over ``<second>.<body>``."""
    second = str(int(at.timestamp()))
    signature = hmac.new(secret.encode(), second.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "X-Webhook-Timestamp": second,
        "X-Webhook-Signature": f"v1={signature}",
    }


class WebhookSender(threading.Thread):
    """Sends what is owed to subscribers until stopped."""

    def __init__(self, vendor: Vendor, secret: str) -> None:
        """Prepare to send a vendor's events, signed with a secret that the receiver shares."""
        super().__init__(name="webhooks", daemon=True)
        self._vendor, self._secret = vendor, secret
        self._stopping = threading.Event()

    def run(self) -> None:
        """Send what is due, pause, repeat."""
        while not self._stopping.wait(PAUSE_SECONDS):
            self.send_due()

    def stop(self) -> None:
        """Send nothing more."""
        self._stopping.set()

    def send_due(self) -> None:
        """Send every webhook that is due, once."""
        faults, now = self._vendor.faults(), self._vendor.clock.now()
        if faults.is_away(now):
            return
        if faults.webhook_shuffle:
            self._stopping.wait(SHUFFLE_SECONDS)
        due = self._vendor.store.due_deliveries(self._vendor.clock.stamp(), shuffled=faults.webhook_shuffle)
        for delivery in due:
            if self._vendor.strikes("webhook_drop"):
                self._vendor.store.finish_delivery(delivery.id)
            else:
                self._deliver(delivery, copies=faults.webhook_copies)

    def _deliver(self, delivery: DueDelivery, *, copies: int) -> None:
        arrived = [self._post(delivery.callback, delivery.event) for _ in range(1 + copies)]
        if any(arrived):
            self._vendor.store.finish_delivery(delivery.id)
        else:
            wait = min(timedelta(seconds=2**delivery.attempts), LONGEST_WAIT)
            self._vendor.store.delay_delivery(delivery.id, (self._vendor.clock.now() + wait).isoformat())

    def _post(self, callback: str, event: Document) -> bool:
        body = json.dumps(event).encode()
        headers = signed_headers(self._secret, body, self._vendor.clock.now())
        request = urllib.request.Request(callback, data=body, headers=headers, method="POST")  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - set by the operator
                return bool(answer.status < HTTPStatus.MULTIPLE_CHOICES)
        except (urllib.error.URLError, OSError, ValueError) as problem:
            logger.info("webhook to %s failed: %s", callback, problem)
            return False

"""Everything the vendor remembers, in one SQLite file that survives kill -9."""

from __future__ import annotations

import json
import sqlite3
import threading
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sandbox.billing.clock import Clock

Document: TypeAlias = dict[str, Any]

ACCOUNT, INVOICE = "json_extract(body, '$.billingAccount.id')", "json_extract(body, '$.invoice.id')"

SCHEMA = f"""
CREATE TABLE IF NOT EXISTS document (
    kind TEXT NOT NULL, id TEXT NOT NULL, external_id TEXT NOT NULL DEFAULT '', digest TEXT NOT NULL DEFAULT '',
    body TEXT NOT NULL, PRIMARY KEY (kind, id));
CREATE INDEX IF NOT EXISTS document_by_external_id ON document (kind, external_id);
CREATE INDEX IF NOT EXISTS document_by_account ON document (kind, {ACCOUNT});
CREATE INDEX IF NOT EXISTS document_by_invoice ON document (kind, {INVOICE});
CREATE TABLE IF NOT EXISTS event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS subscription (id TEXT PRIMARY KEY, callback TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS delivery (
    id INTEGER PRIMARY KEY AUTOINCREMENT, event_seq INTEGER NOT NULL, subscription_id TEXT NOT NULL,
    due_at TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, done INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (done, due_at);
CREATE TABLE IF NOT EXISTS counter (kind TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, body TEXT NOT NULL);
"""


@dataclass(frozen=True)
class DueDelivery:
    """One webhook that is owed: which event, to which address, tried how often."""

    id: int
    callback: str
    attempts: int
    event: Document


class Store:
    """The file, behind one lock: a vendor of this size needs no more."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it."""
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.executescript(SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the block as one transaction: all of it is kept, or nothing."""
        with self._lock:
            if self._db.in_transaction:  # a part of the one that has begun
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def _rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    # Documents: work orders, the requests about them, credits, invoices, receipts.

    def next_number(self, kind: str) -> int:
        """Return the next number of a kind of document, counting from 1."""
        rows = self._rows(
            "INSERT INTO counter VALUES (?, 1) ON CONFLICT (kind) DO UPDATE SET value = value + 1 RETURNING value", kind
        )
        return int(rows[0][0])

    def put(self, kind: str, document: Document, *, digest: str = "") -> None:
        """Keep a document, or its newer version."""
        self._rows(
            "INSERT INTO document VALUES (?, ?, ?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
            *(kind, document["id"], document.get("externalId", ""), digest, json.dumps(document)),
        )

    def get(self, kind: str, document_id: str) -> Document | None:
        """Return a document by the vendor's id."""
        rows = self._rows("SELECT body FROM document WHERE kind = ? AND id = ?", kind, document_id)
        return json.loads(rows[0][0]) if rows else None

    def digest(self, kind: str, external_id: str) -> str | None:
        """Return the digest of what was asked under a request id, or None where nothing was."""
        rows = self._rows("SELECT digest FROM document WHERE kind = ? AND external_id = ?", kind, external_id)
        return str(rows[0][0]) if rows else None

    def find(self, kind: str, external_id: str) -> list[Document]:
        """Return the documents made under a request id: one at most, unless the vendor forgot request ids."""
        sql = "SELECT body FROM document WHERE kind = ? AND external_id = ? ORDER BY rowid"
        return [json.loads(body) for (body,) in self._rows(sql, kind, external_id)]

    def latest(self, kind: str, limit: int = 200) -> list[Document]:
        """Return the newest documents of a kind, newest first."""
        sql = "SELECT body FROM document WHERE kind = ? ORDER BY rowid DESC LIMIT ?"
        return [json.loads(body) for (body,) in self._rows(sql, kind, limit)]

    def all(self, kind: str) -> list[Document]:
        """Return the documents of a kind, oldest first."""
        sql = "SELECT body FROM document WHERE kind = ? ORDER BY rowid"
        return [json.loads(body) for (body,) in self._rows(sql, kind)]

    def of_account(self, kind: str, account: str) -> list[Document]:
        """Return the documents of a kind about a billing account, oldest first."""
        sql = f"SELECT body FROM document WHERE kind = ? AND {ACCOUNT} = ? ORDER BY rowid"  # noqa: S608 - a constant
        return [json.loads(body) for (body,) in self._rows(sql, kind, account)]

    def of_invoice(self, kind: str, invoice: str) -> list[Document]:
        """Return the documents of a kind that name an invoice, oldest first."""
        sql = f"SELECT body FROM document WHERE kind = ? AND {INVOICE} = ? ORDER BY rowid"  # noqa: S608 - a constant
        return [json.loads(body) for (body,) in self._rows(sql, kind, invoice)]

    # Events, and the webhooks owed for them.

    def add_event(self, event: Document, due_at: str) -> None:
        """Keep an event and owe a webhook to every subscriber."""
        (row,) = self._rows(
            "INSERT INTO event (id, body) VALUES (?, ?) RETURNING seq", event["eventId"], json.dumps(event)
        )
        self._rows(
            "INSERT INTO delivery (event_seq, subscription_id, due_at) SELECT ?, id, ? FROM subscription",
            row[0],
            due_at,
        )

    def events_after(self, cursor: int, limit: int) -> list[tuple[int, Document]]:
        """Return events with their numbers, oldest first, from behind the cursor."""
        rows = self._rows("SELECT seq, body FROM event WHERE seq > ? ORDER BY seq LIMIT ?", cursor, limit)
        return [(seq, json.loads(body)) for seq, body in rows]

    def due_deliveries(self, at: str, *, shuffled: bool) -> list[DueDelivery]:
        """Return the webhooks to be sent by now."""
        order = "random()" if shuffled else "delivery.id"
        sql = (
            "SELECT delivery.id, callback, attempts, event.body FROM delivery"  # noqa: S608 - one of two constants
            " JOIN subscription ON subscription.id = subscription_id JOIN event ON event.seq = event_seq"
            f" WHERE NOT done AND due_at <= ? ORDER BY {order} LIMIT 100"
        )
        return [DueDelivery(row[0], row[1], row[2], json.loads(row[3])) for row in self._rows(sql, at)]

    def finish_delivery(self, delivery_id: int) -> None:
        """Strike a webhook off."""
        self._rows("UPDATE delivery SET done = 1 WHERE id = ?", delivery_id)

    def delay_delivery(self, delivery_id: int, due_at: str) -> None:
        """Count a failed try and set the time of the next."""
        self._rows("UPDATE delivery SET attempts = attempts + 1, due_at = ? WHERE id = ?", due_at, delivery_id)

    def subscribe(self, subscription_id: str, callback: str) -> str:
        """Send every event to an address from now on; the same address keeps its first id."""
        rows = self._rows(
            "INSERT INTO subscription VALUES (?, ?)"
            " ON CONFLICT (callback) DO UPDATE SET callback = excluded.callback RETURNING id",
            *(subscription_id, callback),
        )
        return str(rows[0][0])

    def unsubscribe(self, subscription_id: str) -> bool:
        """Send an address nothing more; tell whether it was known."""
        return bool(self._rows("DELETE FROM subscription WHERE id = ? RETURNING id", subscription_id))

    # Settings: the product list, the faults.

    def read_setting(self, name: str) -> Any:
        """Return a setting, or None."""
        rows = self._rows("SELECT body FROM setting WHERE name = ?", name)
        return json.loads(rows[0][0]) if rows else None

    def write_setting(self, name: str, value: object) -> None:
        """Keep a setting."""
        self._rows(
            "INSERT INTO setting VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET body = excluded.body",
            *(name, json.dumps(value)),
        )


def announce(store: Store, clock: Clock, event_type: str, resource: Document) -> None:
    """Keep an event that says what has just happened."""
    now = clock.stamp()
    event = {"eventId": str(uuid.uuid4()), "eventTime": now, "eventType": event_type, "event": resource}
    store.add_event(event, due_at=now)

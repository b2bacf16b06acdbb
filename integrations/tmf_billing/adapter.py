"""
Speak to a billing system over HTTP, as docs/billing-contract.md says.

What matters most is telling three kinds of silence apart. *Refused*: the vendor said no, in the contract's words.
*Unavailable*: it surely did nothing, because no connection was made, or it said so (401, 429, 503), or something in
between answered in words that are not the contract's. *Unclear*: all else, because it may have done it.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

import httpx

from billing.ports import (
    Changes,
    Confirmation,
    Connection,
    Forged,
    Refused,
    Request,
    Unavailable,
    Unclear,
    VendorFact,
)
from billing.states import SubmissionKind
from integrations.calls import Answer, call
from integrations.tmf_billing import translation

TIMEOUT = httpx.Timeout(connect=4, write=5, read=15, pool=1)
"""How long each part of a call may take."""
LONGEST_CALL = 25.0
"""Seconds after which an answer that still trickles in is none: well below the lease of whoever calls."""
LONGEST_ANSWER = 10 * 1024 * 1024
"""Bytes."""
SIGNATURE_AGE = timedelta(minutes=5)
SECOND = re.compile("[0-9]{1,12}")
"""A moment as the contract writes it; longer ones are no number of seconds that anybody means."""
PAGE = 200
NEVER_REACHED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
SURELY_NOT_DONE = {HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
LONGEST_REASON = 300

COLLECTIONS = {
    SubmissionKind.WORK_ORDER: "workOrder",
    SubmissionKind.WORK_ORDER_CHANGE: "changeWorkOrder",
    SubmissionKind.WORK_ORDER_CANCELLATION: "cancelWorkOrder",
    SubmissionKind.CREDIT: "credit",
}


class TmfBilling:
    """A billing system that follows the contract. Implements `billing.ports.BillingPort`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def send(self, request: Request) -> Confirmation:
        """Ask for something, under its request id."""
        answer = self._call("POST", f"/{COLLECTIONS[request.kind]}", json=translation.request(request))
        return Confirmation(external_id=_id_of(answer))

    def find(self, kind: SubmissionKind, request_id: str) -> Confirmation | None:
        """Look up what was asked under a request id; of several, the first."""
        found = self._read(f"/{COLLECTIONS[kind]}", {"externalId": request_id})
        if not isinstance(found, list):
            raise Unclear("A list was expected.")
        return Confirmation(external_id=_id_of(found[0])) if found else None

    def changes_since(self, cursor: str) -> Changes:
        """Return what has happened since a cursor."""
        page = self._read("/event", {"after": cursor or "0", "limit": str(PAGE)})
        try:
            facts = tuple(translation.vendor_fact(event) for event in page["event"])
            return Changes(facts=facts, cursor=translation.short_text(page["cursor"]), more=bool(page["more"]))
        except (KeyError, TypeError, ValueError) as problem:
            raise Unclear(f"The events cannot be read: {problem!r}") from problem

    def declare_products(self, products: Mapping[str, str]) -> None:
        """Replace the vendor's list of products."""
        content = [{"id": code, "name": name} for code, name in products.items()]
        try:
            self._call("PUT", "/products", json=content)
        except Refused as refusal:
            raise Unclear(str(refusal)) from refusal

    def read_webhook(self, headers: Mapping[str, str], body: bytes, at: datetime) -> VendorFact:
        """Check who posted it and when, and read it."""
        self._check_signature(headers, body, at)
        try:
            event = json.loads(body)
        except RecursionError as problem:
            raise ValueError("It is nested too deep.") from problem
        return translation.vendor_fact(event)

    def check(self) -> None:
        """Read one event, which needs address and token to be right."""
        self._read("/event", {"after": "0", "limit": "1"})

    def _check_signature(self, headers: Mapping[str, str], body: bytes, at: datetime) -> None:
        second = headers.get("X-Webhook-Timestamp", "")
        if not SECOND.fullmatch(second) or abs(at.timestamp() - int(second)) > SIGNATURE_AGE.total_seconds():
            raise Forged("The time is missing, or too far from ours.")
        signed = headers.get("X-Webhook-Signature", "").encode()
        for secret in self._connection.webhook_secrets:
            expected = hmac.new(secret.encode(), f"{second}.".encode() + body, hashlib.sha256).hexdigest()
            if hmac.compare_digest(signed, f"v1={expected}".encode()):
                return
        raise Forged("The signature does not match.")

    def _read(self, path: str, query: Mapping[str, str]) -> Any:
        try:
            return self._call("GET", path, params=query)
        except Refused as refusal:  # nothing that we read can be refused: this is not the vendor we know
            raise Unclear(str(refusal)) from refusal

    def _call(self, method: str, path: str, **content: Any) -> Any:
        try:
            answer = call(
                method, self._connection.base_url + path,
                token=self._connection.token, timeout=TIMEOUT, longest=LONGEST_CALL, most=LONGEST_ANSWER, **content,
            )  # fmt: skip
        except (*NEVER_REACHED, httpx.InvalidURL) as problem:
            raise Unavailable(f"No connection: {problem!r}") from problem
        except httpx.HTTPError as problem:
            raise Unclear(f"No answer: {problem!r}") from problem
        return _read_answer(answer)


def _read_answer(answer: Answer) -> Any:
    if answer.status in SURELY_NOT_DONE or httpx.codes.is_redirect(answer.status):
        raise Unavailable(f"HTTP {answer.status}")
    if httpx.codes.is_client_error(answer.status):
        reason = _reason_of(answer)
        raise Refused(reason) if reason else Unavailable(f"HTTP {answer.status}, not in the contract's words")
    if not httpx.codes.is_success(answer.status):
        raise Unclear(f"HTTP {answer.status}")
    try:
        return answer.document()
    except ValueError as problem:
        raise Unclear("The answer is not JSON.") from problem


def _reason_of(answer: Answer) -> str:
    """Return the vendor's words for a refusal; nothing where the answer is not a refusal by the contract."""
    try:
        error = answer.document()
        return f"{error['reason']} ({error['code']})"[:LONGEST_REASON]
    except (ValueError, KeyError, TypeError):
        return ""


def _id_of(document: Any) -> str:
    try:
        external_id = translation.short_text(document["id"])
    except (KeyError, TypeError, ValueError) as problem:
        raise Unclear("The answer has no id that we can keep.") from problem
    if not external_id:
        raise Unclear("The answer has an empty id.")
    return external_id

"""Answer a caught mail as its recipient, through the door at which mail servers post what comes in."""

import hashlib
import hmac
import secrets
import time
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path

import httpx

from config.local.mailbox import Mail

MAILBOX = "support"
"""The demonstration's mailbox, by its code."""
LONGEST_TEXT = 20_000


def secret_in(data: Path) -> str:
    """Return the secret that what is posted is signed with, made at first use."""
    file = data / "mailbox-secret"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(40), encoding="utf-8")
    return file.read_text(encoding="utf-8")


def reply_to(mail: Mail, text: str) -> bytes:
    """Write the recipient's answer to a mail, as a mail program would."""
    given = mail.message
    reply = EmailMessage()
    reply["From"] = mail.recipients.split(",")[0].strip()
    reply["To"] = str(given.get("Reply-To", "") or given.get("From", ""))
    reply["Subject"] = mail.subject if mail.subject.lower().startswith("re:") else f"Re: {mail.subject}"
    reply["Date"] = formatdate(time.time())
    reply["Message-ID"] = f"<{secrets.token_hex(12)}@mail-page.example>"
    if answered := str(given.get("Message-ID", "")):
        reply["In-Reply-To"] = answered
        reply["References"] = f"{given.get('References', '')} {answered}".strip()
    quoted = "\n".join(f"> {line}" for line in mail.text.splitlines())
    reply.set_content(f"{text[:LONGEST_TEXT]}\n\nOn {given.get('Date', 'that day')}, {mail.sender} wrote:\n{quoted}\n")
    return reply.as_bytes()


def post(content: bytes, *, website: str, data: Path) -> bool:
    """Post a message for the demonstration's mailbox; tell whether it was taken."""
    second = str(int(time.time()))
    signature = hmac.new(secret_in(data).encode(), second.encode() + b"." + content, hashlib.sha256).hexdigest()
    headers = {"X-Mail-Second": second, "X-Mail-Signature": signature, "Content-Type": "message/rfc822"}
    headers["Host"] = "localhost"  # by whatever name it is reached within a network of containers
    try:
        answer = httpx.post(f"{website}/mail/incoming/{MAILBOX}/", content=content, headers=headers, timeout=10)
    except httpx.HTTPError:
        return False
    return answer.status_code == httpx.codes.ACCEPTED

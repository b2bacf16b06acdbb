"""What opens something is kept encrypted: the keys are in the environment, not in the database."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


def encrypt(text: str) -> str:
    """Encrypt a text under the first of `FIELD_KEYS` (Fernet: AES-128-CBC with HMAC-SHA-256)."""
    return _cipher().encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """
    Read what `encrypt` wrote, under whichever of `FIELD_KEYS` that was.

    :raises cryptography.fernet.InvalidToken: if none of the keys fits
    """
    return _cipher().decrypt(token.encode()).decode()


def renew(token: str) -> str:
    """Encrypt again, under the first key, what an older key encrypted."""
    return _cipher().rotate(token.encode()).decode()


def digest_of(text: str) -> str:
    """
    Return 64 letters by which the same text is known again and nobody can guess it (HMAC-SHA-256).

    They are made under the first of `FIELD_KEYS`: with another key in front they are other ones, until what is kept was
    renewed (`rotate_field_keys`).
    """
    return _digest(settings.FIELD_KEYS[0], text)


def fits_digest(text: str, digest: str) -> bool:
    """Tell whether a digest is that of a text, under whichever of `FIELD_KEYS` it was made."""
    return any(hmac.compare_digest(_digest(key, text), digest) for key in settings.FIELD_KEYS)


def _digest(key: str, text: str) -> str:
    return hmac.new(_derived(key, b"people.digest"), text.encode(), "sha256").hexdigest()


RENEWALS: dict[str, Callable[[], int]] = {}
"""What is encrypted, by name, with what encrypts all of it under the first key and counts it: each app adds its own."""


def renewed_by(what: str) -> Callable[[Callable[[], int]], Callable[[], int]]:
    """
    Let `rotate_field_keys` renew something that is kept encrypted.

    :param what: how it is called there, in the plural
    """

    def remember(renewal: Callable[[], int]) -> Callable[[], int]:
        RENEWALS[what] = renewal
        return renewal

    return remember


class EncryptedSession:
    """
    The session's serializer (`SESSION_SERIALIZER`).

    A session holds the seed of a second factor while it is being set up, and the e-mail address signed in with.
    """

    def dumps(self, content: dict[str, Any]) -> bytes:
        """Turn a session's content into what the database keeps."""
        return _cipher().encrypt(json.dumps(content, separators=(",", ":")).encode())

    def loads(self, stored: bytes) -> Any:
        """Turn it back."""
        return json.loads(_cipher().decrypt(stored))


def _cipher() -> MultiFernet:
    return _cipher_of(tuple(settings.FIELD_KEYS))


@lru_cache(maxsize=8)
def _cipher_of(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_derived(key, b"people.encryption")) for key in keys])


def _derived(key: str, info: bytes) -> bytes:
    """Derive a key of the right length (RFC 5869), for one use, from a secret of any length."""
    return urlsafe_b64encode(HKDF(SHA256(), length=32, salt=None, info=info).derive(key.encode()))

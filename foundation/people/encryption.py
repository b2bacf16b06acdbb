"""Seeds and sessions are kept encrypted: the keys are in the environment, not in the database."""

import json
from base64 import urlsafe_b64encode
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
    return MultiFernet([Fernet(_derived(key)) for key in keys])


def _derived(key: str) -> bytes:
    """Derive a key of the right length (RFC 5869) from a secret of any length."""
    return urlsafe_b64encode(HKDF(SHA256(), length=32, salt=None, info=b"people.encryption").derive(key.encode()))

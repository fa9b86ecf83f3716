"""A queued command with a secret in it waits sealed: the database alone does not tell it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ohmstead.apps.stations.commanding.masking import has_secret

_MARK = "sealed:"
_NONCE_BYTES = 12


class Unreadable(Exception):
    """It was sealed under another pepper."""


class Seal:
    """AES-256-GCM under a key of its own, derived from the house's pepper."""

    def __init__(self, pepper: bytes) -> None:
        self._cipher = AESGCM(hmac.new(pepper, b"queued commands", hashlib.sha256).digest())

    def close(self, command_id: str, payload: bytes) -> str:
        """Return what to store for a payload: itself, or sealed to its id if it has a secret."""
        if not has_secret(payload):
            return payload.decode()
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, payload, command_id.encode())
        return _MARK + base64.b64encode(sealed).decode()

    def open(self, command_id: str, body: str) -> bytes:
        """Return the payload; raises Unreadable."""
        if not body.startswith(_MARK):
            return body.encode()
        try:
            sealed = base64.b64decode(body.removeprefix(_MARK), validate=True)
            nonce, text = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
            return self._cipher.decrypt(nonce, text, command_id.encode())
        except (InvalidTag, ValueError):
            raise Unreadable from None

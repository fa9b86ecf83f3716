"""The two hashes of the house, and the one place that names a hash library.

Keccak-256 is Ethereum's, which is not ``hashlib.sha3_256``: the padding differs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from sha3 import keccak_256

HASH_LENGTH = 32


def keccak(data: bytes) -> bytes:
    """Return the 32-byte keccak-256 of ``data``."""
    return keccak_256(data).digest()  # type: ignore[no-any-return]


def keccak_each(messages: Iterable[bytes]) -> list[bytes]:
    """Return the keccak-256 of each message; the loop is here to save a call for every node."""
    return [state.digest() for state in map(keccak_256, messages)]


def sha256(data: bytes) -> bytes:
    """Return the 32-byte SHA-256 of ``data``."""
    return hashlib.sha256(data).digest()

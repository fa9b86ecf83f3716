"""Looking through everything that is kept, a page at a time, for what names a person.

Nothing is indexed by what a driver presents, except id_tokens themselves: it would cost each
session for a question that is asked once a month. A page is read between two turns of the event
loop, so stations do not wait for it.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ohmstead.adapters.store.schema import TABLES
from ohmstead.adapters.store.tables import Table
from ohmstead.core.attempt import card_of
from ohmstead.core.local_list import UID_LENGTH_MAX_16
from ohmstead.core.person import Names
from ohmstead.errors import OperatorError
from ohmstead.flows.persons.kinds import IMPERSONAL, KEPT
from ohmstead.ports import Record, Store

PAGE = 100  # of which each may hold a frame of 64 KiB: some 15 ms
_RUN = re.compile(r"[^\W_]+")
NONCE_BYTES = 12
_encode = msgspec.json.Encoder().encode


def tables() -> Iterator[Table]:
    """The tables a person may stand in and whose records may be changed."""
    for table in TABLES:
        if table.kind not in KEPT and table.kind not in IMPERSONAL:
            yield table


class Sieve:
    """Tells quickly which records cannot name a person: the letters are not in them."""

    def __init__(self, names: Names) -> None:
        # As a group on a list of 1.6 no more of a name stands there.
        heads = [word[:UID_LENGTH_MAX_16] for word in names.words]
        runs = [max(_RUN.findall(head) or [""], key=len) for head in heads]
        self._needles = tuple({*runs, *(card_of(uid) for uid in names.uids)})

    def keeps(self, record: Record) -> bool:
        """Whether this record is worth a look."""
        text = _encode(record).decode().casefold()
        return any(needle in text for needle in self._needles)


async def pages(store: Store, kind: type[Any], after: str = "") -> AsyncIterator[list[Any]]:
    """The records of a table in the order of their keys; others have their turn between two."""
    while page := store.find(kind, PAGE, after):
        yield page
        after = page[-1].key
        await asyncio.sleep(0)


async def named(store: Store, kind: type[Any], sieve: Sieve) -> AsyncIterator[Any]:
    """The records of a table that may name the person."""
    async for page in pages(store, kind):
        for record in page:
            if sieve.keeps(record):
                await asyncio.sleep(0)  # a hostile payload takes its time to be read
                yield record


class Envelope:
    """Names of a request that is under way: the database alone does not tell them."""

    def __init__(self, pepper: bytes) -> None:
        self._key = _derived(pepper)

    def close(self, request_id: str, names: Names, nonce: bytes) -> str:
        """Seal names to their request."""
        text = msgspec.json.encode(names)
        sealed = AESGCM(self._key).encrypt(nonce, text, request_id.encode())
        return base64.b64encode(nonce + sealed).decode()

    def open(self, request_id: str, sealed: str) -> Names:
        """Read them again; raises OperatorError for what another house sealed."""
        try:
            raw = base64.b64decode(sealed, validate=True)
            cipher = AESGCM(self._key)
            text = cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], request_id.encode())
            return msgspec.json.decode(text, type=Names)
        except (InvalidTag, ValueError, msgspec.MsgspecError):
            raise OperatorError(
                f"request {request_id} was sealed under another pepper; ask for it anew"
            ) from None


def _derived(pepper: bytes) -> bytes:
    return hmac.digest(pepper, b"persons who ask", "sha256")

"""Closed epochs, built again from what was kept of them, and their public bundles.

The bundle hash in an epoch's header is keccak-256 over the concatenated keccak-256 hashes of the
epoch's canonical session documents, in the order of its leaves. So whoever downloads the bundle can
check every line by itself, and that none is missing.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

from ohmstead.core.canonical import encode
from ohmstead.core.epoch import BuiltEpoch
from ohmstead.core.onchain import EpochLeaf, EpochRecord, epoch_key
from ohmstead.core.receipt import header_document
from ohmstead.core.receipt_view import Json
from ohmstead.errors import OperatorError
from ohmstead.flows.receipts import rebuild
from ohmstead.hashing import keccak, keccak_each
from ohmstead.ports import Store

BUNDLE_FORMAT = "ohmstead-bundle/1"
EPOCHS_KEPT = 32
RECEIPTS_KEPT = 200_000  # over all epochs kept; a receipt with its proofs is about 1.5 kB


def bundle_hash(documents: Sequence[bytes]) -> bytes:
    """Return the ``bundle`` of a header over these canonical session documents, in order."""
    return keccak(b"".join(keccak_each(documents)))


class EpochArchive:
    """Built epochs, the last used of them in memory; building runs in a thread.

    A thread and not a process, because it reads the store, whose readers belong to this process.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._built: OrderedDict[int, BuiltEpoch] = OrderedDict()
        self._building: dict[int, asyncio.Lock] = {}

    def put(self, built: BuiltEpoch) -> None:
        """Keep an epoch that was just built and closed."""
        self._built[built.header.number] = built
        self._built.move_to_end(built.header.number)
        while len(self._built) > 1 and self._is_full():
            self._built.popitem(last=False)

    async def get(self, number: int) -> BuiltEpoch:
        """Return a closed epoch; raises OperatorError when there is none of this number."""
        lock = self._building.setdefault(number, asyncio.Lock())
        try:
            async with lock:
                if number not in self._built:
                    self.put(await asyncio.to_thread(rebuild, self._store, number))
                self._built.move_to_end(number)
                return self._built[number]
        finally:
            if not lock.locked():
                self._building.pop(number, None)

    async def bundle(self, number: int) -> bytes:
        """Return the public bundle: a line for the header, then one for each session document.

        Every line is canonical JSON. Raises OperatorError when there is no such epoch.
        """
        record = self._store.get(EpochRecord, epoch_key(number))
        if record is None:
            raise OperatorError(f"there is no epoch {number}")
        built = await self.get(number)
        head: Json = {
            "format": BUNDLE_FORMAT,
            "header": header_document(built.header),
            "header_hash": record.header_hash,
        }
        return await asyncio.to_thread(self._lines, number, record.receipt_count, head)

    def _lines(self, number: int, count: int, head: Json) -> bytes:
        leaves = self._store.find(EpochLeaf, count, epoch=number)
        return b"".join(
            line + b"\n" for line in (encode(head), *(leaf.document for leaf in leaves))
        )

    def _is_full(self) -> bool:
        receipts = sum(built.header.receipt_count for built in self._built.values())
        return len(self._built) > EPOCHS_KEPT or receipts > RECEIPTS_KEPT

"""Checks signatures: a few on the event loop, many beside it.

One P-256 verification costs less than handing it to a thread and back, so what a station usually
sends is checked where it arrived. What would hold up the loop (a message of many records, a curve
that OpenSSL is slow on) goes to threads: OpenSSL lets go of the interpreter while it verifies.
"""

from __future__ import annotations

import asyncio
import contextlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

from ohmstead.core.meter import (
    KeyFinding,
    MeterKey,
    Reading,
    SignedReading,
    fits_leaf,
    registered_key,
)
from ohmstead.flows.charging.evidence import VALID, Evidence
from ohmstead.hashing import sha256
from ohmstead.wire import ocmf

THREADS = 2
BATCH_MAX = 64
INLINE_MAX = 4  # records of one message that are checked on the loop: a third of a millisecond
INLINE_BYTES_MAX = 16_384  # of all of them; what a meter writes ends at 1 kB
INLINE_CURVES = frozenset({"secp256r1", "secp256k1"})  # 70 us a check; others take up to 320


@dataclass(slots=True)
class _Item:
    raws: tuple[bytes, ...]
    keys: tuple[MeterKey, ...]
    done: asyncio.Future[tuple[Evidence, ...]]


class Verifier:
    """Checks records on the loop or on its own threads; made and used on one event loop."""

    def __init__(self, threads: int = THREADS) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="verify")
        self._threads = threads
        self._waiting: list[_Item] = []
        self.checked = 0  # signatures, for ``status`` and /metrics

    def examine_now(
        self, raws: tuple[bytes, ...], keys: tuple[MeterKey, ...]
    ) -> tuple[Evidence, ...] | None:
        """Return one Evidence per record, in order, or None: too much for the loop."""
        if not raws:
            return ()
        if len(raws) > INLINE_MAX:
            return None
        for key in keys:
            if key.curve not in INLINE_CURVES:
                return None
        size = 0
        for raw in raws:
            size += len(raw)
        if size > INLINE_BYTES_MAX:
            return None
        self.checked += len(raws)
        return tuple([examine(raw, keys) for raw in raws])

    async def examine(
        self, raws: tuple[bytes, ...], keys: tuple[MeterKey, ...]
    ) -> tuple[Evidence, ...]:
        """Return one Evidence per record, in order; raises nothing for what a record holds."""
        found = self.examine_now(raws, keys)
        if found is not None:
            return found
        loop = asyncio.get_running_loop()
        item = _Item(raws, keys, loop.create_future())
        if not self._waiting:
            loop.call_soon(self._flush, loop)
        self._waiting.append(item)
        return await item.done

    def _flush(self, loop: asyncio.AbstractEventLoop) -> None:
        waiting, self._waiting = self._waiting, []
        share = max(1, min(BATCH_MAX, -(-len(waiting) // self._threads)))
        for at in range(0, len(waiting), share):
            self._pool.submit(self._work, waiting[at : at + share], loop)

    def _work(self, items: list[_Item], loop: asyncio.AbstractEventLoop) -> None:
        found = [tuple(examine(raw, item.keys) for raw in item.raws) for item in items]
        with contextlib.suppress(RuntimeError):  # the loop has closed: nobody waits any more
            loop.call_soon_threadsafe(self._resolve, items, found)

    def _resolve(self, items: list[_Item], found: list[tuple[Evidence, ...]]) -> None:
        for item, evidence in zip(items, found, strict=True):
            self.checked += len(evidence)
            if not item.done.done():
                item.done.set_result(evidence)

    def close(self) -> None:
        """Let the threads end when their work is done."""
        self._pool.shutdown(wait=False)


@lru_cache(maxsize=100_000)
def _public_key(public_key: str) -> ocmf.PublicKey:
    return ocmf.load_key(public_key)


def examine(raw: bytes, keys: tuple[MeterKey, ...]) -> Evidence:
    """Check one record against the key registered for the meter it names."""
    try:
        record = ocmf.parse(raw)
    except ocmf.UnsupportedFormat:
        return _refused("unsupported_format", raw)
    except ocmf.MalformedRecord:
        return _refused("malformed", raw)
    at_ms = record.readings[0].at_ms
    key = registered_key(keys, (record.meter_serial, record.gateway_serial), at_ms)
    if isinstance(key, KeyFinding):
        # A signature nobody can check is no proof, and a meter nobody registered is a question.
        return _refused("unknown_meter", raw)
    try:
        public_key = _public_key(key.public_key)
    except ocmf.KeyUnreadable:
        return _refused("key_unreadable", raw)
    verdict = ocmf.verify(record, public_key)
    if verdict is not ocmf.Verdict.VALID:
        return _refused(verdict.value, raw)
    signed = _signed(record, key.key_id, public_key.curve)
    if signed is None:
        return _refused("unpostable", raw)
    return Evidence(VALID, signed.payload_sha256, raw, signed)


def _signed(record: ocmf.OcmfRecord, key_id: str, curve: ocmf.Curve) -> SignedReading | None:
    """Return what is kept of a valid record; None where it says nothing that could be posted.

    "What does not fit that grammar cannot be posted as proven": it stays evidence for people.
    """
    r, s = ocmf.posted_rs(record, curve)
    signed = SignedReading(
        "",
        key_id,
        record.context,
        record.page,
        record.payload_sha256.hex(),
        record.raw,
        r,
        s,
        tuple(
            [
                Reading(o.register, o.mwh, o.at_ms, o.tx, o.status, o.clock, o.error_flags, o.entry)
                for o in record.readings
                if o.fits_chain and o.mwh is not None
            ]
        ),
    )
    for reading in signed.readings:
        if not fits_leaf(signed, reading):
            return None
    return signed if signed.readings else None


def _refused(verdict: str, raw: bytes) -> Evidence:
    return Evidence(verdict, sha256(raw).hex(), raw)

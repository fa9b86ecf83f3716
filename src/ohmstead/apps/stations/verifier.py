"""Checks signatures off the event loop, many at a time.

OpenSSL lets go of the interpreter while it verifies, so a thread really is another core. What
arrives in one turn of the loop is checked as one batch: a thread hop costs as much as half a
verification.
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
    SignedReading,
    fits_leaf,
    registered_key,
)
from ohmstead.core.meter import Reading as MeterReading
from ohmstead.flows.charging.evidence import VALID, Evidence
from ohmstead.hashing import sha256
from ohmstead.wire import ocmf

THREADS = 2
BATCH_MAX = 64


@dataclass(slots=True)
class _Item:
    raws: tuple[bytes, ...]
    keys: tuple[MeterKey, ...]
    done: asyncio.Future[tuple[Evidence, ...]]


class Verifier:
    """Checks records on its own threads; made and used on one event loop."""

    def __init__(self, threads: int = THREADS) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="verify")
        self._threads = threads
        self._waiting: list[_Item] = []
        self.checked = 0  # signatures, for ``status`` and /metrics

    async def examine(
        self, raws: tuple[bytes, ...], keys: tuple[MeterKey, ...]
    ) -> tuple[Evidence, ...]:
        """Return one Evidence per record, in order; raises nothing for what a record holds."""
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
    at_ms = record.readings[0].at_ms if record.readings else 0
    key = registered_key(keys, (record.meter_serial, record.gateway_serial), at_ms)
    if isinstance(key, KeyFinding):
        # A signature nobody can check is no proof, and a meter nobody registered is a question.
        return _refused("unknown_meter", raw)
    try:
        verdict = ocmf.verify(record, _public_key(key.public_key))
    except ocmf.KeyUnreadable:
        return _refused("key_unreadable", raw)
    if verdict is not ocmf.Verdict.VALID:
        return _refused(verdict.value, raw)
    r, s = ocmf.low_s(*ocmf.signature_rs(record), ocmf.CURVES[key.curve])
    width = max(64, 2 * ((ocmf.CURVES[key.curve].order.bit_length() + 7) // 8))
    payload_sha256 = record.payload_sha256.hex()
    # "What does not fit that grammar cannot be posted as proven": it stays evidence for people.
    readings = tuple(
        MeterReading(
            r_.register, r_.mwh, r_.at_ms, r_.tx, r_.status, r_.clock, r_.error_flags, r_.entry
        )
        for r_ in record.readings
        if r_.mwh is not None and ocmf.fits_chain(record, r_.entry)
    )
    signed = SignedReading(
        session_id="",
        key_id=key.key_id,
        context=record.context,
        page=record.page,
        payload_sha256=payload_sha256,
        record=raw,
        r=f"{r:0{width}x}",
        s=f"{s:0{width}x}",
        readings=readings,
    )
    if not all(fits_leaf(signed, reading) for reading in readings) or not readings:
        return _refused("unpostable", raw)
    return Evidence(VALID, payload_sha256, raw, signed)


def _refused(verdict: str, raw: bytes) -> Evidence:
    return Evidence(verdict, sha256(raw).hex(), raw)

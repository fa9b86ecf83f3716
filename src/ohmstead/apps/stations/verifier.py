"""Checks signatures, many at a time: on the event loop what is usual, on threads what is much.

What arrives in one turn of the loop is checked in a row when that turn is over. Checking each where
it arrives was measured, and a message cost a tenth more: verification and the rest of the work push
each other out of the processor's caches. What would hold up the loop (a message of many records, a
curve that OpenSSL is slow on) goes to threads: OpenSSL lets go of the interpreter meanwhile.
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
TURN_MAX = 64  # messages checked in one turn of the loop: nearly always 5 ms, and 20 at most
LIGHT_MAX = 4  # records of one message that is checked on the loop
LIGHT_BYTES_MAX = 16_384  # of all of them; what a meter writes ends at 1 kB
LIGHT_CURVES = frozenset({"secp256r1", "secp256k1"})  # 70 us a check; others take up to 320


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
        self._light: list[_Item] = []
        self._heavy: list[_Item] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self.checked = 0  # signatures, for ``status`` and /metrics

    async def examine(
        self, raws: tuple[bytes, ...], keys: tuple[MeterKey, ...]
    ) -> tuple[Evidence, ...]:
        """Return one Evidence per record, in order; raises nothing for what a record holds."""
        if not raws:
            return ()
        loop = self._loop
        if loop is None:  # once: asking asyncio costs Python 3.11 a system call each time
            loop = self._loop = asyncio.get_running_loop()
        item = _Item(raws, keys, loop.create_future())
        if is_light(raws, keys):
            if not self._light:
                loop.call_soon(self._check, loop)
            self._light.append(item)
        else:
            if not self._heavy:
                loop.call_soon(self._hand_over, loop)
            self._heavy.append(item)
        return await item.done

    def _check(self, loop: asyncio.AbstractEventLoop) -> None:
        items, self._light = self._light[:TURN_MAX], self._light[TURN_MAX:]
        if self._light:
            loop.call_soon(self._check, loop)
        self._resolve(items, [_evidence(item) for item in items])

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        items, self._heavy = self._heavy, []
        share = max(1, min(BATCH_MAX, -(-len(items) // self._threads)))
        for at in range(0, len(items), share):
            self._pool.submit(self._work, items[at : at + share], loop)

    def _work(self, items: list[_Item], loop: asyncio.AbstractEventLoop) -> None:
        found = [_evidence(item) for item in items]
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


def is_light(raws: tuple[bytes, ...], keys: tuple[MeterKey, ...]) -> bool:
    """Whether the event loop can check these itself, beside everything else it serves."""
    if len(raws) > LIGHT_MAX or sum(map(len, raws)) > LIGHT_BYTES_MAX:
        return False
    return LIGHT_CURVES.issuperset([key.curve for key in keys])


def _evidence(item: _Item) -> tuple[Evidence, ...]:
    return tuple([examine(raw, item.keys) for raw in item.raws])


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

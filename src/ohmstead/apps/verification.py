"""Verifying a receipt outside core: OCMF behind its port, time zones, and a chain to look at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import cast

from ohmstead.adapters.chain.evm.finality import FinalByDepth
from ohmstead.apps.settler import chain_facts, open_reader
from ohmstead.apps.stations.services import zone_of
from ohmstead.core.canonical import decode
from ohmstead.core.leaves import ReadingLeaf
from ohmstead.core.meter import Reading, SignedReading
from ohmstead.core.receipt_checks import ChainFacts, Check, Trust, check_receipt
from ohmstead.core.receipt_session import LedgerRef
from ohmstead.core.receipt_shape import PUBLIC, WITH_RECORDS, mismatch
from ohmstead.core.receipt_view import part, whole
from ohmstead.errors import ChainUnavailable, ProtocolError
from ohmstead.wire import ocmf


class OcmfVerifier:
    """Implements :class:`ohmstead.core.receipt_findings.MeterVerifier`; raises nothing."""

    def readings(self, record: bytes, public_key: str) -> Sequence[ReadingLeaf]:
        """The leaf of every reading that could have been posted; none if the signature is wrong."""
        examined = ocmf.examine(record, public_key)
        if examined.verdict is not ocmf.Verdict.VALID or examined.record is None:
            return ()
        found = examined.record
        curve = ocmf.load_key(public_key).curve
        r, s = ocmf.low_s(*ocmf.signature_rs(found), curve)
        readings = tuple(
            Reading(one.register, one.mwh, one.at_ms, one.tx, one.status, entry=one.entry)
            for one in found.readings
            if one.mwh is not None and ocmf.fits_chain(found, one.entry)
        )
        signed = SignedReading(
            session_id="",
            key_id="",
            context=found.context,
            page=found.page,
            payload_sha256=found.payload_sha256.hex(),
            record=record,
            r=f"{r:0{2 * curve.size}x}",
            s=f"{s:0{2 * curve.size}x}",
            readings=readings,
        )
        return [signed.leaf(reading.entry) for reading in readings]

    def key_id(self, public_key: str) -> bytes:
        """The id by which a registry names this key."""
        try:
            return bytes.fromhex(ocmf.load_key(public_key).key_id)
        except ProtocolError:
            return b""


def zone(name: str) -> tzinfo:
    """Load a time zone of a receipt; raises ValueError for a name that is none."""
    try:
        return zone_of(name)
    except (LookupError, OSError, ValueError):
        raise ValueError(f"no time zone is called {name[:60]!r}") from None


def verify(document: bytes, trust: Trust | None, facts: ChainFacts | None) -> list[Check]:
    """Judge a receipt; one line for each check."""
    return check_receipt(document, OcmfVerifier(), zone, trust, facts)


def ledger_of(document: bytes) -> LedgerRef | None:
    """The ledger that a receipt names; None for bytes that are no receipt."""
    try:
        body = decode(document)
    except ProtocolError:
        return None
    if not isinstance(body, dict):
        return None
    if mismatch(body, WITH_RECORDS if "records" in body else PUBLIC):
        return None
    said = part(body, "ledger")
    settlement, registry, escrow = (
        cast(str, said[name]) for name in ("settlement", "registry", "escrow")
    )
    return LedgerRef(whole(said["chain_id"]), settlement, registry, escrow)


async def look_up(
    url: str, document: bytes, trust: Trust | None, depth: int | None = None
) -> ChainFacts | None:
    """Ask a node about a receipt, at the contracts that the reader trusts if any are pinned.

    None for bytes that are no receipt: the checks say why. Raises ChainUnavailable.
    """
    ledger = ledger_of(document)
    if ledger is None:
        return None
    if trust is not None:
        ledger = LedgerRef(trust.chain_id, trust.settlement, trust.registry, trust.escrow)
    reader = open_reader(url, ledger, FinalByDepth(depth) if depth is not None else None)
    try:
        return await chain_facts(reader, document)
    except ChainUnavailable as error:
        raise ChainUnavailable(
            f"the anchor cannot be looked up at {url}: {error}; name a node of chain "
            f"{ledger.chain_id} with --rpc"
        ) from None
    finally:
        await reader.close()

"""Write vectors/receipts.json: an epoch of receipts with what a trust file and a chain say of them.

Meters sign real OCMF records (deterministic ECDSA, keys from small numbers: never for use). The
``forged`` receipt is built by the same code with other meter keys: everything in it agrees with
itself. Run with ``--check`` to compare instead of write.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from ohmstead.core.bill import Bill
from ohmstead.core.epoch import LaneHead, ReadingLeaf, build
from ohmstead.core.meter import MeterKey, Reading, SignedReading, Tier
from ohmstead.core.receipt import Anchor, epoch_receipt, public_copy, receipt_document
from ohmstead.core.receipt_session import Evidence, LedgerRef, SessionFacts, session_document
from ohmstead.core.session import Share
from ohmstead.core.split import split
from ohmstead.core.tariff import (
    Component,
    Dimension,
    Element,
    Restrictions,
    Rounding,
    Tariff,
    Usage,
    price,
)
from ohmstead.errors import ProtocolError
from ohmstead.frozen import asdict, replace
from ohmstead.hashing import keccak
from ohmstead.units import Asset, Price
from ohmstead.wire.ocmf import (
    CURVES,
    Entry,
    Identity,
    Verdict,
    examine,
    load_key,
    low_s,
    sign_record,
    signature_rs,
)
from ohmstead.wire.ocmf.keys import public_key as loaded_key

VECTORS = Path(__file__).resolve().parent.parent / "vectors" / "receipts.json"
HEADER = "written by tools/gen_vectors_receipts.py; do not edit"
ZONE = "Europe/Zurich"
START_MS = 1_794_846_600_000  # 17:30 in Zurich: the evening's price begins on the way
MINUTE_MS = 60_000
ASSET = Asset("tUSD", 6)
REGISTRY_VERSION = 3


def address(name: str) -> str:
    """An account that nobody holds a key to."""
    return "0x" + keccak(name.encode())[12:].hex()


LEDGER = LedgerRef(31_337, address("settlement"), address("registry"), address("escrow"))
SHARES = (
    Share(address("host"), 7_500, rest=True),
    Share(address("protocol"), 1_500),
    Share(address("referrer"), 1_000),
)
NAMES = {address("host"): "Bakery at the corner", address("protocol"): "protocol"}
TARIFF = Tariff(
    id="evening",
    asset=ASSET,
    elements=(
        Element(
            (Component(Dimension.ENERGY, Price(4_100, 4), 1, 810),),
            Restrictions(start_minute=1_080, end_minute=1_320, weekdays=(0, 1, 2, 3, 4)),
        ),
        Element(
            (
                Component(Dimension.ENERGY, Price(2_935, 4)),
                Component(Dimension.PARKING_TIME, Price(12, 1), 300),
                Component(Dimension.FLAT, Price(5, 1)),
            )
        ),
    ),
    rounding=Rounding.HALF_EVEN,
    max_price_minor=60_000_000,
)
FREE = Tariff(
    "free", ASSET, (Element((Component(Dimension.ENERGY, Price(0, 0)),)),), free_of_charge=True
)


class OcmfVerifier:
    """core's MeterVerifier over wire/ocmf."""

    def readings(self, record: bytes, public_key: str) -> Sequence[ReadingLeaf]:
        """Every energy reading of a record that verifies, as a leaf."""
        examined = examine(record, public_key)
        if examined.verdict is not Verdict.VALID or examined.record is None:
            return ()
        signed = signed_reading("", "", examined.record.raw, public_key)
        return [signed.leaf(reading.entry) for reading in signed.readings]

    def key_id(self, public_key: str) -> bytes:
        """The id that a registry names the key by."""
        try:
            return bytes.fromhex(load_key(public_key).key_id)
        except ProtocolError:
            return b""


def signed_reading(session_id: str, key_id: str, raw: bytes, public_key: str) -> SignedReading:
    """A verified record as the core keeps it."""
    record = examine(raw, public_key).record
    assert record is not None
    r, s = low_s(*signature_rs(record), CURVES["secp256r1"])
    readings = tuple(
        Reading(one.register, one.mwh, one.at_ms, one.tx, one.status, entry=one.entry)
        for one in record.readings
        if one.mwh is not None
    )
    digest = record.payload_sha256.hex()
    page = (record.context, record.page)
    return SignedReading(session_id, key_id, *page, digest, raw, f"{r:064x}", f"{s:064x}", readings)


class Meter:
    """A meter with a key made from a number."""

    def __init__(self, secret: int, station_id: str) -> None:
        self._key = ec.derive_private_key(secret, ec.SECP256R1())
        public = loaded_key(self._key.public_key())
        self.key = MeterKey(
            public.key_id, "secp256r1", public.der_hex, Tier.SOFT, f"M{station_id}", station_id, 0
        )

    def record(self, session_id: str, page: int, *entries: Entry) -> SignedReading:
        """Sign one page."""
        identity = Identity("Ohmstead edge", "G1", "1", self.key.serial)
        algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        raw = sign_record(lambda data: self._key.sign(data, algorithm), identity, page, entries)
        return signed_reading(session_id, self.key.key_id, raw, self.key.public_key)


def facts(
    number: int, meter: Meter | None, tariff: Tariff = TARIFF, covered_minor: int = 10**9
) -> SessionFacts:
    """Session ``number``: an hour of charging, then ten minutes of parking."""
    session_id, station_id = f"S-{number:04d}", f"CH-{number:02d}"
    begin_ms = START_MS + number * 7 * MINUTE_MS + 123
    times = [begin_ms + minutes * MINUTE_MS for minutes in (0, 20, 60, 70)]
    values = [12_345_678_901 + n * 7_654_321 for n in (0, 1, 3, 3)]
    usage = Usage(times[0], times[3], tuple(zip(times, values, strict=True)), times[2])
    priced = price(tariff, usage, ZoneInfo(ZONE))
    covered = min(priced.total_minor, covered_minor)
    parts = split(covered, {s.payee: s.bps for s in SHARES if not s.rest}, SHARES[0].payee)
    bill = Bill(
        session_id=session_id,
        tier="none" if meter is None else "soft",
        begin_mwh=values[0],
        end_mwh=values[3],
        begin_ms=times[0],
        end_ms=times[3],
        usage=usage,
        time_zone=ZONE,
        lines=priced.lines,
        adjustment_minor=priced.adjustment_minor,
        rounding=priced.rounding,
        total_minor=priced.total_minor,
        covered_minor=covered,
        parts=tuple((payee, minor) for payee, minor in parts.items() if minor),
    )
    first, last = Entry(times[0], "B", values[0]), Entry(times[3], "E", values[3])
    begin: Evidence | Reading
    end: Evidence | Reading
    if meter is None:
        begin = Reading("Energy.Active.Import.Register", values[0], times[0], "B")
        end = replace(begin, mwh=values[3], at_ms=times[3], kind="E")
    elif number % 2:  # one record with both values
        both = meter.record(session_id, 9, first, last)
        begin, end = Evidence(both, 0), Evidence(both, 1)
    else:
        begin = Evidence(meter.record(session_id, 7, first), 0)
        end = Evidence(meter.record(session_id, 8, last), 0)
    return SessionFacts(
        network="Ohmstead demo",
        ledger=LEDGER,
        session_id=session_id,
        station_id=station_id,
        evse_id=1,
        id_token=keccak(b"card of November").hex()[:16],
        protocol="ocpp2.0.1" if number % 2 else "ocpp1.6",
        begin=begin,
        end=end,
        key=None if meter is None else meter.key,
        tariff=tariff,
        usage=usage,
        time_zone=ZONE,
        bill=bill,
        shares=SHARES,
        payer_kind="wallet_lock" if number == 2 else "prepaid",
        payer=address("driver"),
        payer_pseudonym=keccak(b"driver of November").hex()[:16],
        findings=("clock_skew",) if number == 1 else (),
        names=NAMES,
    )


def epoch_of(first_secret: int) -> tuple[list[bytes], dict[str, Any]]:
    """An epoch of five receipts (the driver's copies), and what a chain would say of it."""
    meters = [Meter(first_secret + n, f"CH-{n:02d}") for n in range(5)]
    everything = [
        facts(0, meters[0]),
        facts(1, meters[1]),
        facts(2, meters[2], covered_minor=2_000_000),
        facts(3, None),
        facts(4, meters[4], FREE),
    ]
    sessions = [session_document(one) for one in everything]
    receipts = [epoch_receipt(session, REGISTRY_VERSION) for session in sessions]
    parent = keccak(b"the epoch before")
    heads = {(0, bytes.fromhex(address("host")[2:])): LaneHead(1, 4, 77_000_000)}
    epoch = build(2, parent, receipts, heads, (99_000_000, 0), REGISTRY_VERSION, keccak(b"bundle"))
    proposed_at_s = (START_MS + 200 * MINUTE_MS) // 1_000
    anchor = Anchor("0x" + keccak(b"tx").hex(), 123, "0x" + keccak(b"block").hex())
    documents = []
    for index, one in enumerate(everything):
        found = [e.record.record for e in (one.begin, one.end) if isinstance(e, Evidence)]
        records = list(dict.fromkeys(found))
        documents.append(
            receipt_document(sessions[index], epoch, index, proposed_at_s, anchor, records)
        )
    ledger = {
        name: getattr(LEDGER, name) for name in ("chain_id", "settlement", "registry", "escrow")
    }
    chain = {
        **ledger,
        "seal": "0x" + epoch.header.seal(proposed_at_s).hash().hex(),
        "is_final": True,
        **asdict(anchor),
        "meter_keys": sorted("0x" + meter.key.key_id for meter in meters),
    }
    return documents, chain


def content() -> dict[str, Any]:
    """Everything the file holds."""
    genuine, chain = epoch_of(0x0A11CE)
    forged, _ = epoch_of(0xF0A6ED)
    names = ("two_records", "one_record", "walk_up_partly_covered", "unproven", "free")
    cases = dict(zip(names, genuine, strict=True))
    cases["public_copy"] = public_copy(genuine[0])
    cases["forged"] = forged[0]
    trust = {
        "network": "Ohmstead demo",
        **{name: chain[name] for name in ("chain_id", "settlement", "registry", "escrow")},
    }
    documents = {name: document.decode() for name, document in cases.items()}
    return {"trust": trust, "chain": chain, "documents": documents}


def main() -> int:
    """Write the file, or say that it is stale."""
    text = json.dumps({"header": HEADER, **content()}, indent=1, ensure_ascii=True) + "\n"
    if "--check" not in sys.argv[1:]:
        VECTORS.write_text(text)
    elif not VECTORS.exists() or VECTORS.read_text() != text:
        print("stale: receipts.json; run python tools/gen_vectors_receipts.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What a receipt says of a session: facts of the core, written as the ``session`` part.

Every field of it is under one hash of the leaf, network and contracts among them, so that a
receipt means one ledger only.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from ohmstead.core.bill import Bill
from ohmstead.core.canonical import JsonValue
from ohmstead.core.merkle import ZERO
from ohmstead.core.meter import MeterKey, Reading, SignedReading
from ohmstead.core.receipt_view import Json, hex_of
from ohmstead.core.session import Share
from ohmstead.core.tariff import Tariff, Usage
from ohmstead.core.tariff_document import line_document, tariff_document, usage_document
from ohmstead.errors import LocalProtocolError
from ohmstead.frozen import Frozen, field
from ohmstead.hashing import sha256

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class LedgerRef(Frozen):
    """Where a network settles: an EVM chain and three contracts, lower-case 0x addresses."""

    chain_id: int
    settlement: str
    registry: str
    escrow: str
    kind: str = "evm"


class Evidence(Frozen):
    """One reading of a verified record: the record and the number of its RD entry."""

    record: SignedReading
    entry: int


class SessionFacts(Frozen):
    """Everything a receipt says of a session. ``begin`` and ``end`` are both signed or both not.

    ``id_token`` and ``payer_pseudonym`` are pseudonyms, never a card number; ``payer`` is a
    lower-case 0x address or empty; ``names`` may name payees by their addresses. A price that was
    not covered is shown, and only ``bill.covered_minor`` of it moves on chain.
    """

    network: str
    ledger: LedgerRef
    session_id: str
    station_id: str
    evse_id: int
    id_token: str
    protocol: str
    begin: Evidence | Reading
    end: Evidence | Reading
    key: MeterKey | None
    tariff: Tariff
    usage: Usage
    time_zone: str
    bill: Bill
    shares: tuple[Share, ...]
    payer_kind: str
    payer: str
    payer_pseudonym: str
    findings: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)


def session_document(facts: SessionFacts) -> Json:
    """Return the ``session`` part: what the leaf commits to, field by field.

    Raises LocalProtocolError if only one of the readings is signed, or signed without a key.
    """
    bill = facts.bill
    return {
        "network": facts.network,
        "ledger": ledger_document(facts.ledger),
        "id": facts.session_id,
        "station": facts.station_id,
        "evse": facts.evse_id,
        "id_token": facts.id_token,
        "protocol": facts.protocol,
        "started": utc_text(bill.begin_ms),
        "ended": utc_text(bill.end_ms),
        "energy_mwh": bill.energy_mwh,
        "tier": bill.tier,
        "proven": bill.is_proven,
        "findings": list(facts.findings),
        "meter": _meter(facts),
        "usage": usage_document(facts.usage, facts.time_zone),
        "tariff": tariff_document(facts.tariff),
        "lines": [line_document(line) for line in bill.lines],
        "adjustment_minor": str(bill.adjustment_minor),
        "rounding": bill.rounding.value,
        "asset": str(facts.tariff.asset),
        "total_minor": str(bill.total_minor),
        "covered_minor": str(bill.covered_minor),
        "split": _split(facts),
        "payer": {
            "kind": facts.payer_kind,
            "address": facts.payer,
            "pseudonym": facts.payer_pseudonym,
        },
    }


def utc_text(at_ms: int) -> str:
    """Return a moment as RFC 3339 UTC text with milliseconds."""
    moment = _EPOCH + timedelta(milliseconds=at_ms)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def ledger_document(ledger: LedgerRef) -> Json:
    """Return the ``ledger`` part."""
    return {
        "kind": ledger.kind,
        "chain_id": ledger.chain_id,
        "settlement": ledger.settlement,
        "registry": ledger.registry,
        "escrow": ledger.escrow,
    }


def _meter(facts: SessionFacts) -> Json:
    begin, end, key = facts.begin, facts.end, facts.key
    if isinstance(begin, Evidence) and isinstance(end, Evidence) and key is not None:
        records = [begin.record, end.record]
        hashes = [sha256(record.record) for record in records]
        return {
            "key_id": "0x" + key.key_id,
            "curve": key.curve,
            "public_key": key.public_key,
            "records": [hex_of(one) for one in dict.fromkeys(hashes)],
            "begin": _signed(begin),
            "end": _signed(end),
        }
    if isinstance(begin, Evidence) or isinstance(end, Evidence):
        raise LocalProtocolError("both readings are signed by a registered key, or neither is")
    return {
        "key_id": hex_of(ZERO),
        "curve": "",
        "public_key": "",
        "records": [],
        "begin": _unsigned(begin),
        "end": _unsigned(end),
    }


def _signed(evidence: Evidence) -> Json:
    record, reading = evidence.record, evidence.record.reading(evidence.entry)
    leaf = record.leaf(evidence.entry)
    leaf.hash()  # refuses what does not fit, as a signature on secp384r1
    return {
        "payload_sha256": hex_of(leaf.payload),
        "r": hex_of(leaf.r),
        "s": hex_of(leaf.s),
        "entry": leaf.entry,
        "energy_mwh": leaf.energy_mwh,
        "time_s": leaf.time_s,
        "kind": leaf.kind,
        "status": leaf.status,
        "context": leaf.context,
        "page": leaf.page,
        "register": reading.register,
    }


def _unsigned(reading: Reading) -> Json:
    return {
        "register": reading.register,
        "energy_mwh": reading.mwh,
        "time_ms": reading.at_ms,
        "kind": reading.kind,
    }


def _split(facts: SessionFacts) -> list[JsonValue]:
    parts = dict(facts.bill.parts)
    return [
        {
            "payee": facts.names.get(share.payee, share.payee),
            "address": share.payee,
            "share_bps": share.bps,
            "amount": str(parts.get(share.payee, 0)),
            "rest": share.rest,
        }
        for share in facts.shares
    ]

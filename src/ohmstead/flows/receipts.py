"""Receipts: what a settled session says of itself, and where it stands in its epoch.

The session document is made once, when its epoch closes, and kept as it was: what was learned
later must not change what a leaf committed to.
"""

from __future__ import annotations

from ohmstead.core.bill import Bill
from ohmstead.core.canonical import decode
from ohmstead.core.epoch import BuiltEpoch, Receipt, build
from ohmstead.core.epoch import LaneHead as Head
from ohmstead.core.meter import MeterKey, Reading, SignedReading
from ohmstead.core.onchain import (
    EpochLane,
    EpochLeaf,
    EpochRecord,
    EpochState,
    epoch_key,
)
from ohmstead.core.receipt import Anchor, epoch_receipt, receipt_document
from ohmstead.core.receipt_session import Evidence, LedgerRef, SessionFacts, session_document
from ohmstead.core.receipt_view import Json, part
from ohmstead.core.session import Session
from ohmstead.core.tariff import Tariff
from ohmstead.errors import LocalProtocolError, OperatorError
from ohmstead.frozen import Frozen
from ohmstead.hashing import keccak
from ohmstead.ports import Store

PSEUDONYM_BYTES = 16
MONTH_LENGTH = 7  # YYYY-MM


class Issuer(Frozen):
    """Who issues receipts: the network, where it settles, and its pseudonym secret."""

    network: str
    ledger: LedgerRef
    secret: bytes
    names: dict[str, str]  # payee address -> a word for people


def pseudonym(secret: bytes, month: str, what: str) -> str:
    """``H(secret, month)`` of a driver or card: the same within a month, unlinkable beyond it."""
    text = secret + b"\0" + month.encode() + b"\0" + what.casefold().encode()
    return keccak(text)[:PSEUDONYM_BYTES].hex()


def document_of(store: Store, session: Session, issuer: Issuer) -> Json:
    """Write the session part of a receipt from the records; raises LocalProtocolError for a gap."""
    bill = store.get(Bill, session.id)
    tariff = store.get(Tariff, session.tariff_key)
    if bill is None or tariff is None:
        raise LocalProtocolError(f"session {session.id} has no bill or no tariff")
    begin: Evidence | Reading = Reading("gateway", bill.begin_mwh, bill.begin_ms, "B")
    end: Evidence | Reading = Reading("gateway", bill.end_mwh, bill.end_ms, "E")
    key = None
    if bill.is_proven:
        begin = _evidence(store, session.begin_page, session.begin_entry)
        end = _evidence(store, session.end_page, session.end_entry)
        key = store.get(MeterKey, session.meter_key_id)
    facts = SessionFacts(
        network=issuer.network,
        ledger=issuer.ledger,
        session_id=session.id,
        station_id=session.station_id,
        evse_id=session.evse_id,
        id_token="",
        protocol=session.protocol,
        begin=begin,
        end=end,
        key=key,
        tariff=tariff,
        usage=bill.usage,
        time_zone=bill.time_zone,
        bill=bill,
        shares=session.shares,
        payer_kind=session.payer_kind.value,
        payer=session.payer,
        payer_pseudonym="",
        findings=session.findings,
        names=issuer.names,
    )
    document = session_document(facts)
    month = str(document["started"])[:MONTH_LENGTH]
    document["id_token"] = pseudonym(issuer.secret, month, session.id_token)
    part(document, "payer")["pseudonym"] = pseudonym(issuer.secret, month, session.payer)
    return document


def _evidence(store: Store, page: str, entry: int) -> Evidence:
    record = store.get(SignedReading, page)
    if record is None:
        raise LocalProtocolError(f"the signed record {page} is not in the store")
    return Evidence(record, entry)


def rebuild(store: Store, number: int) -> BuiltEpoch:
    """Build a closed epoch again from what was kept of it; the header must come out the same."""
    record = store.get(EpochRecord, epoch_key(number))
    if record is None:
        raise OperatorError(f"there is no epoch {number}")
    before = store.get(EpochRecord, epoch_key(number - 1))
    leaves = store.find(EpochLeaf, record.receipt_count, epoch=number)
    lanes = store.find(EpochLane, 4 * 8 * record.receipt_count, epoch=number)
    heads = {
        (lane.lane, bytes.fromhex(lane.account[2:])): Head(
            lane.prev_epoch, lane.prev_index, lane.prev_cumulative_minor
        )
        for lane in lanes
        if lane.prev_epoch
    }
    built = build(
        number,
        bytes.fromhex(before.seal_hash[2:]) if before else bytes(32),
        [receipt_of(leaf.document, record.registry_version) for leaf in leaves],
        heads,
        (record.settled_before_minor, 0),
        record.registry_version,
        bytes.fromhex(record.bundle[2:]),
    )
    if "0x" + built.header.hash().hex() != record.header_hash:
        raise LocalProtocolError(f"epoch {number} does not come out as it was anchored")
    return built


def receipt_of(document: bytes, registry_version: int) -> Receipt:
    """What a kept session document brings to its epoch."""
    body = decode(document)
    assert isinstance(body, dict)  # written by document_of
    return epoch_receipt(body, registry_version)


def receipt(store: Store, session_id: str, built: BuiltEpoch, with_records: bool) -> bytes:
    """The receipt of an anchored session; raises OperatorError saying why there is none yet."""
    session = store.get(Session, session_id)
    if session is None:
        raise OperatorError(f"there is no session {session_id}")
    leaf = leaf_of(store, session)
    record = store.get(EpochRecord, epoch_key(leaf.epoch))
    if record is None or record.state is EpochState.CLOSED:
        raise OperatorError(f"session {session_id} is not anchored yet; ask again in a while")
    body = decode(leaf.document)
    assert isinstance(body, dict)
    anchor = Anchor(record.tx, record.block_number, record.block_hash)
    records = _records(store, session) if with_records else None
    return receipt_document(body, built, leaf.index, record.proposed_at_s, anchor, records)


def leaf_of(store: Store, session: Session) -> EpochLeaf:
    """Where a session stands in its epoch; raises OperatorError when it is in none."""
    leaves = store.find(EpochLeaf, 1, session_id=session.id) if session.epoch else []
    if not leaves:
        raise OperatorError(
            f"session {session.id} is {session.state.value} and in no epoch yet; its receipt is "
            "there once its epoch is anchored"
        )
    return leaves[0]


def _records(store: Store, session: Session) -> list[bytes]:
    pages = dict.fromkeys(page for page in (session.begin_page, session.end_page) if page)
    records = [store.get(SignedReading, page) for page in pages]
    bill = store.get(Bill, session.id)
    if bill is None or not bill.is_proven:
        return []
    return [record.record for record in records if record is not None]

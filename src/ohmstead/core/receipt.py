"""The receipt of a session: ``ohmstead-receipt/1``, RFC 8785 canonical JSON.

Its ``session`` part (``receipt_session``) is written when the session is settled; one leaf of an
epoch holds the hashes of every field of it, of its readings and of its money
(:func:`epoch_receipt`). Once the epoch is anchored :func:`receipt_document` adds the proof.
``receipt_checks`` judges what is written here.

The driver's and the host's copy carry the meter's signed records; the public copy carries only
their hashes, because "OCMF's signed bytes often contain the driver's card" (design 3).
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

from ohmstead.core.canonical import decode, encode
from ohmstead.core.epoch import (
    BuiltEpoch,
    Direction,
    Header,
    Receipt,
    ReceiptLeaf,
    Seal,
    Slot,
    lane_of,
)
from ohmstead.core.receipt_shape import FORMAT
from ohmstead.core.receipt_view import Json, hex_of, items, part, raw, read_reading, whole
from ohmstead.errors import LocalProtocolError, RemoteProtocolError
from ohmstead.frozen import Frozen
from ohmstead.hashing import keccak

STABLECOIN = 0  # the asset's place on chain; the second place is reserved


class Anchor(Frozen):
    """The transaction that anchored an epoch; hashes as 0x hex."""

    tx: str
    block_number: int
    block_hash: str


def epoch_receipt(session: Json, registry_version: int) -> Receipt:
    """Return what this session brings to an epoch: hashes, slots and energy, all from its text."""
    meter = part(session, "meter")
    energy_mwh, proven = whole(session["energy_mwh"]), session["proven"] is True
    return Receipt(
        begin=reading_hash(part(meter, "begin")),
        end=reading_hash(part(meter, "end")),
        session=keccak(encode(session)),
        slots=slots_of(session),
        key=raw(meter["key_id"]),
        registry_version=registry_version,
        proven_mwh=energy_mwh if proven else 0,
        unproven_mwh=0 if proven else energy_mwh,
    )


def reading_hash(body: Json) -> bytes:
    """Hash a reading: a signed one as contracts do, an unsigned one as its canonical text."""
    return read_reading(body).hash() if "payload_sha256" in body else keccak(encode(body))


def slots_of(session: Json) -> tuple[Slot, ...]:
    """Return the money of a session: one spend by the payer, one credit for each payee."""
    covered = whole(session["covered_minor"])
    if not covered:
        return ()
    payer = raw(part(session, "payer")["address"])
    credit = lane_of(STABLECOIN, Direction.CREDIT)
    return (
        Slot(lane_of(STABLECOIN, Direction.SPEND), payer, covered),
        *(
            Slot(credit, raw(payee["address"]), whole(payee["amount"]))
            for payee in items(session["split"])
            if payee["amount"] != "0"
        ),
    )


def receipt_document(
    session: Json,
    epoch: BuiltEpoch,
    index: int,
    proposed_at_s: int,
    anchor: Anchor,
    records: Sequence[bytes] | None,
) -> bytes:
    """Return the receipt at ``index`` of an epoch, canonical; ``records`` None: the public copy.

    Raises LocalProtocolError if the leaf there is another session's.
    """
    leaf, header = epoch.receipts[index], epoch.header
    if leaf.session != keccak(encode(session)):
        raise LocalProtocolError(f"leaf {index} of epoch {header.number} is another session's")
    seal = header.seal(proposed_at_s)
    document: Json = {
        "format": FORMAT,
        "network": {"name": session["network"]},
        "ledger": session["ledger"],
        "session": session,
        "leaf": _leaf(leaf, index, header.receipt_count),
        "slots": [
            {"lane": slot.lane, "account": hex_of(slot.account), "amount": str(slot.amount)}
            for slot in slots_of(session)
        ],
        "proof": [hex_of(node) for node in epoch.receipts_tree.proof(index)],
        "epoch": {
            "number": header.number,
            "header": header_document(header),
            "header_hash": hex_of(header.hash()),
            "seal": seal_document(seal),
            "seal_hash": hex_of(seal.hash()),
        },
        "attestations": [],
        "anchor": {
            "tx": anchor.tx,
            "block_number": anchor.block_number,
            "block_hash": anchor.block_hash,
        },
    }
    if records is not None:
        document["records"] = [base64.b64encode(record).decode() for record in records]
    return encode(document)


def public_copy(document: bytes) -> bytes:
    """Return the receipt without the meter's records; raises RemoteProtocolError."""
    body = decode(document)
    if not isinstance(body, dict):
        raise RemoteProtocolError("a receipt is an object")
    return encode({name: value for name, value in body.items() if name != "records"})


def header_document(header: Header) -> Json:
    """Return an epoch's header as JSON: hashes as 0x hex, amounts as strings."""
    return {
        "number": header.number,
        "parent": hex_of(header.parent),
        "receipts": hex_of(header.receipts),
        "receipt_count": header.receipt_count,
        "entries": hex_of(header.entries),
        "entry_count": header.entry_count,
        "balances": hex_of(header.balances),
        "balance_count": header.balance_count,
        "totals": [
            {
                "credits": str(totals.credits),
                "burns": str(totals.burns),
                "spends": str(totals.spends),
                "settled": str(totals.settled),
            }
            for totals in header.totals
        ],
        "rewards": str(header.rewards),
        "proven_mwh": header.proven_mwh,
        "unproven_mwh": header.unproven_mwh,
        "registry_version": header.registry_version,
        "bundle": hex_of(header.bundle),
    }


def seal_document(seal: Seal) -> Json:
    """Return an epoch's seal as JSON."""
    return {
        "entries": hex_of(seal.entries),
        "balances": hex_of(seal.balances),
        "entry_count": seal.entry_count,
        "proposed_at_s": seal.proposed_at_s,
        "header": hex_of(seal.header),
    }


def _leaf(leaf: ReceiptLeaf, index: int, count: int) -> Json:
    return {
        "index": index,
        "count": count,
        "begin": hex_of(leaf.begin),
        "end": hex_of(leaf.end),
        "session": hex_of(leaf.session),
        "slots": hex_of(leaf.slots),
        "key": hex_of(leaf.key),
        "registry_version": leaf.registry_version,
        "proven_mwh": leaf.proven_mwh,
        "unproven_mwh": leaf.unproven_mwh,
    }

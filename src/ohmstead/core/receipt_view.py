"""Typed views of the parts of a receipt that has matched its shape, and the way back to text."""

from __future__ import annotations

from typing import cast

from ohmstead.core.canonical import JsonValue
from ohmstead.core.epoch import Header, ReadingLeaf, ReceiptLeaf, Seal, Slot, Totals
from ohmstead.hashing import keccak

Json = dict[str, JsonValue]


def hex_of(data: bytes) -> str:
    """Return lower-case 0x hex."""
    return "0x" + data.hex()


def raw(value: JsonValue) -> bytes:
    """Return the bytes of 0x hex that has matched its shape."""
    return bytes.fromhex(cast(str, value)[2:])


def whole(value: JsonValue) -> int:
    """Return a whole number or the number of an amount that has matched its shape."""
    return int(cast("str | int", value))


def part(value: JsonValue, *names: str) -> Json:
    """Return the object at ``names`` of a value that has matched its shape."""
    for name in names:
        value = cast(Json, value)[name]
    return cast(Json, value)


def items(value: JsonValue) -> list[Json]:
    """Return a list of objects that has matched its shape."""
    return cast("list[Json]", value)


def read_reading(body: Json) -> ReadingLeaf:
    """Return the leaf of a signed reading's fields."""
    return ReadingLeaf(
        payload=raw(body["payload_sha256"]),
        r=raw(body["r"]),
        s=raw(body["s"]),
        entry=whole(body["entry"]),
        energy_mwh=whole(body["energy_mwh"]),
        time_s=whole(body["time_s"]),
        kind=str(body["kind"]),
        status=str(body["status"]),
        context=str(body["context"]),
        page=whole(body["page"]),
        register=keccak(str(body["register"]).encode())[:16],
    )


def read_leaf(body: Json) -> ReceiptLeaf:
    """Return the leaf of the receipts tree."""
    return ReceiptLeaf(
        begin=raw(body["begin"]),
        end=raw(body["end"]),
        session=raw(body["session"]),
        slots=raw(body["slots"]),
        key=raw(body["key"]),
        registry_version=whole(body["registry_version"]),
        proven_mwh=whole(body["proven_mwh"]),
        unproven_mwh=whole(body["unproven_mwh"]),
    )


def read_slots(value: JsonValue) -> tuple[Slot, ...]:
    """Return the slots of a receipt."""
    return tuple(
        Slot(whole(slot["lane"]), raw(slot["account"]), whole(slot["amount"]))
        for slot in items(value)
    )


def read_header(body: Json) -> Header:
    """Return the header of an epoch."""
    totals = tuple(
        Totals(*(whole(one[name]) for name in ("credits", "burns", "spends", "settled")))
        for one in items(body["totals"])
    )
    return Header(
        whole(body["number"]),
        raw(body["parent"]),
        raw(body["receipts"]),
        whole(body["receipt_count"]),
        raw(body["entries"]),
        whole(body["entry_count"]),
        raw(body["balances"]),
        whole(body["balance_count"]),
        totals,
        whole(body["rewards"]),
        whole(body["proven_mwh"]),
        whole(body["unproven_mwh"]),
        whole(body["registry_version"]),
        raw(body["bundle"]),
    )


def read_seal(body: Json) -> Seal:
    """Return the seal of an epoch."""
    return Seal(
        raw(body["entries"]),
        raw(body["balances"]),
        whole(body["entry_count"]),
        whole(body["proposed_at_s"]),
        raw(body["header"]),
    )

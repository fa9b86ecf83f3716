"""The shape of an ``ohmstead-receipt/1`` document, as one table.

A document that does not match the table exactly (a field missing, one too many, one of another
type or spelling) is refused before anything in it is believed. Hashes and addresses are lower-case
0x hex, amounts decimal strings in minor units, energies whole mWh.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from ohmstead.core.canonical import JsonValue

Shape: TypeAlias = "str | dict[str, Shape] | list[Shape] | tuple[Shape, ...]"

FORMAT: Final = "ohmstead-receipt/1"
TEXT_MAX = 2_000  # characters of one text; OCMF's longest, the tariff text, has 250
LIST_MAX = 100_000  # members of one list; a session's points are the longest

# A scalar is named by the pattern of its text, or by what kind of value it is.
_PATTERNS = {
    "hash": re.compile(r"0x[0-9a-f]{64}"),
    "address": re.compile(r"0x[0-9a-f]{40}"),
    "no_address": re.compile(r"(0x[0-9a-f]{40})?"),
    "amount": re.compile(r"0|[1-9][0-9]{0,38}"),
    "time": re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z", re.ASCII),
    "letter": re.compile(r"[ -~]?"),
    "base64": re.compile(r"[A-Za-z0-9+/]+={0,2}"),
    "hex": re.compile(r"([0-9a-f]{2})*"),
    "signed_amount": re.compile(r"0|-?[1-9][0-9]{0,38}"),
}

LEDGER: Shape = {
    "kind": "text",
    "chain_id": "whole",
    "settlement": "address",
    "registry": "address",
    "escrow": "address",
}
SIGNED: Shape = {
    "payload_sha256": "hash",
    "r": "hash",
    "s": "hash",
    "entry": "whole",
    "energy_mwh": "whole",
    "time_s": "whole",
    "kind": "letter",
    "status": "letter",
    "context": "letter",
    "page": "whole",
    "register": "text",
}
UNSIGNED: Shape = {
    "register": "text",
    "energy_mwh": "whole",
    "time_ms": "whole",
    "kind": "letter",
}
_METER: dict[str, Shape] = {
    "key_id": "hash",
    "curve": "text",
    "public_key": "hex",
    "records": ["hash"],
}
SESSION: Shape = {
    "network": "text",
    "ledger": LEDGER,
    "id": "text",
    "station": "text",
    "evse": "whole",
    "id_token": "text",
    "protocol": "text",
    "started": "time",
    "ended": "time",
    "energy_mwh": "whole",
    "tier": "text",
    "proven": "bool",
    "findings": ["text"],
    "meter": (
        {**_METER, "begin": SIGNED, "end": SIGNED},
        {**_METER, "begin": UNSIGNED, "end": UNSIGNED},
    ),
    "usage": "object",  # read strictly by tariff_document.read_usage
    "tariff": "object",  # and by read_tariff
    "lines": ["object"],  # and compared whole with the recomputed ones
    "adjustment_minor": "signed_amount",
    "rounding": "text",
    "asset": "text",
    "total_minor": "amount",
    "covered_minor": "amount",
    "split": [
        {
            "payee": "text",
            "address": "address",
            "share_bps": "whole",
            "amount": "amount",
            "rest": "bool",
        }
    ],
    "payer": {"kind": "text", "address": "no_address", "pseudonym": "text"},
}
HEADER: Shape = {
    "number": "whole",
    "parent": "hash",
    "receipts": "hash",
    "receipt_count": "whole",
    "entries": "hash",
    "entry_count": "whole",
    "balances": "hash",
    "balance_count": "whole",
    "totals": [
        {"credits": "amount", "burns": "amount", "spends": "amount", "settled": "amount"},
    ],
    "rewards": "amount",
    "proven_mwh": "whole",
    "unproven_mwh": "whole",
    "registry_version": "whole",
    "bundle": "hash",
}
PUBLIC: dict[str, Shape] = {
    "format": "text",
    "network": {"name": "text"},
    "ledger": LEDGER,
    "session": SESSION,
    "leaf": {
        "index": "whole",
        "count": "whole",
        "begin": "hash",
        "end": "hash",
        "session": "hash",
        "slots": "hash",
        "key": "hash",
        "registry_version": "whole",
        "proven_mwh": "whole",
        "unproven_mwh": "whole",
    },
    "slots": [{"lane": "whole", "account": "address", "amount": "amount"}],
    "proof": ["hash"],
    "epoch": {
        "number": "whole",
        "header": HEADER,
        "header_hash": "hash",
        "seal": {
            "entries": "hash",
            "balances": "hash",
            "entry_count": "whole",
            "proposed_at_s": "whole",
            "header": "hash",
        },
        "seal_hash": "hash",
    },
    "attestations": [],  # none can be checked before validators exist, so none may stand here
    "anchor": {"tx": "hash", "block_number": "whole", "block_hash": "hash"},
}
WITH_RECORDS: dict[str, Shape] = {**PUBLIC, "records": ["base64"]}


def mismatch(value: JsonValue, shape: Shape, path: str = "") -> str:
    """Return where ``value`` departs from ``shape``, or an empty text."""
    if isinstance(shape, str):
        return "" if _is_scalar(value, shape) else f"{path} is no {shape}"
    if isinstance(shape, tuple):
        return "" if any(not mismatch(value, one, path) for one in shape) else f"{path} is neither"
    if isinstance(shape, list):
        if not isinstance(value, list) or len(value) > (LIST_MAX if shape else 0):
            return f"{path} is no list of that length"
        found = (mismatch(item, shape[0], f"{path}[{at}]") for at, item in enumerate(value))
        return next(filter(None, found), "")
    if not isinstance(value, dict) or value.keys() != shape.keys():
        names = value.keys() ^ shape.keys() if isinstance(value, dict) else shape.keys()
        return f"{path or 'the document'} lacks or should not have {', '.join(sorted(names))}"
    inner = (mismatch(value[name], one, f"{path}.{name}") for name, one in shape.items())
    return next(filter(None, inner), "")


def _is_scalar(value: JsonValue, kind: str) -> bool:
    if kind == "whole":
        return type(value) is int and value >= 0
    if kind == "bool":
        return type(value) is bool
    if kind == "object":
        return isinstance(value, dict)
    if not isinstance(value, str):
        return False
    if kind == "text":
        return len(value) <= TEXT_MAX
    return _PATTERNS[kind].fullmatch(value) is not None

"""Could the settlement contract read this reading itself?

A dispute parses the signed bytes on chain, with a strict part of JSON: at most 1,024 bytes, one
flat object whose only nested values are flat arrays and RD, no backslash, no white space but the
space, and every used field stated by the entry itself. What does not fit that grammar is still
evidence, but cannot be posted as proven.
"""

from __future__ import annotations

import re

from ohmstead.wire.ocmf.record import MWH_MAX, UNIT_DECIMALS, OcmfReading, OcmfRecord

PAYLOAD_MAX = 1_024  # bytes
ENTRY_MAX = 255  # the leaf holds the entry's number in one byte
_USED = frozenset({"RV", "RU", "RI", "TM", "TX", "ST"})
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}..{3}[+-][0-9]{4}.*")
_UNREADABLE = re.compile(rb"[\x00-\x1f\\]")


def fits_chain(record: OcmfRecord, entry: int) -> bool:
    """Return whether RD entry ``entry`` of a parsed record fits the contract's grammar."""
    return 0 <= entry < len(record.readings) and record.readings[entry].fits_chain


def payload_fits(payload: bytes) -> bool:
    """Return whether a payload, known to be flat JSON, is written as the contract reads it."""
    if len(payload) > PAYLOAD_MAX or _UNREADABLE.search(payload):
        return False
    return payload[:1] == b"{" and payload[-1:] == b"}"


def entry_fits(reading: OcmfReading) -> bool:
    """Return whether an entry of a payload that fits is itself one that the contract reads."""
    if reading.entry > ENTRY_MAX:
        return False
    if not reading.own_fields.issuperset(_USED) or reading.unit not in UNIT_DECIMALS:
        return False
    # A finer value than mWh, a sign, or a space behind the digits is refused there.
    if reading.mwh is None or reading.value.lstrip(" ").strip("0123456789.") != "":
        return False
    if reading.mwh > MWH_MAX or len(reading.tx) != 1 or len(reading.status) != 1:
        return False
    return _TIME.fullmatch(reading.time) is not None

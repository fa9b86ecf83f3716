"""Meters: which key speaks for which meter, what one page of evidence holds, what two values say.

A record is evidence of one (key, context letter, page), unique in the whole network: equal bytes
again are a resend, other bytes under the same page are fraud. Energy is a difference of two values
of one register, in whole mWh.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence

from ohmstead.core.leaves import ReadingLeaf
from ohmstead.frozen import Frozen
from ohmstead.hashing import HASH_LENGTH, keccak
from ohmstead.units import MS_PER_S

BEGIN_KINDS = frozenset("B")
END_KINDS = frozenset("ELRAP")  # OCMF table 7: E, "alternatively more precise codes" L R A P
GOOD = "G"
REGISTER_HASH_LENGTH = 16
ENTRIES_MAX = 256  # the leaf holds an entry's number in one byte
MWH_BITS, TIME_BITS, PAGE_BITS = 64, 40, 32
MWH_END, TIME_END_MS, PAGE_END = 1 << MWH_BITS, (1 << TIME_BITS) * MS_PER_S, 1 << PAGE_BITS


class Tier(enum.Enum):
    """How far a meter's word goes, strongest first. Only ``NONE`` carries no signature."""

    LEGAL = "legal"  # certified meter, key in a maker's list or approved by the arbiter
    SECURE = (
        "secure"  # TPM or PKCS#11 of the edge agent: cannot be cloned, can be told what to sign
    )
    SOFT = "soft"  # a file key of the edge agent
    NONE = "none"  # the gateway's own record: `unproven` on every bill, receipt and total


class KeyFinding(enum.Enum):
    """Why no registered key stands for a record, in the order the checks run."""

    NO_KEY_REGISTERED = "no_key_registered"  # the station has none at all
    UNKNOWN_METER = "unknown_meter"  # it has some, of other meters
    SERIAL_AMBIGUOUS = "serial_ambiguous"
    NOT_VALID_THEN = "not_valid_then"  # history decides history


class PageFinding(enum.Enum):
    """What a (key, context, page) with these bytes is."""

    NEW = "new"
    RESEND = "resend"
    REPLAYED_WITH_OTHER_BYTES = "replayed_with_other_bytes"  # fraud evidence


class Unmeasurable(enum.Enum):
    """Why two readings are no energy, in the order the checks run."""

    NO_BEGIN = "no_begin"
    NO_END = "no_end"
    REGISTERS_DIFFER = "registers_differ"
    TIME_NOT_MONOTONE = "time_not_monotone"
    NEGATIVE_VALUE = "negative_value"
    REGISTER_DECREASED = "register_decreased"


class MeterKey(Frozen):
    """The registration of one meter's public key at one station."""

    key_id: str  # 64 hex digits: keccak(abi.encode(curve number, qx, qy))
    curve: str  # its name, as in secp256r1
    public_key: str  # SubjectPublicKeyInfo, DER in lower-case hex
    tier: Tier
    serial: str  # the meter's, or of the gateway that signs for it
    station_id: str
    valid_from_ms: int
    valid_until_ms: int | None = None  # exclusive; None: still valid

    @property
    def key(self) -> str:
        return self.key_id


class Reading(Frozen, array_like=True):
    """One value of one register at one time, whoever says so. ``kind`` is OCMF's TX letter
    (B begin; C S T X between; E L R A P end), ``status`` its ST letter (G is good)."""

    register: str
    mwh: int
    at_ms: int
    kind: str
    status: str = GOOD
    clock: str = "S"  # S synchronised, R relative, I informative, U unknown
    error_flags: str = ""  # E: energy unusable, t: time unusable
    entry: int = 0  # the number of its entry in the signed record

    @property
    def begins(self) -> bool:
        return self.kind in BEGIN_KINDS

    @property
    def ends(self) -> bool:
        return self.kind in END_KINDS


class SignedReading(Frozen, array_like=True):
    """One verified record: the bytes as received and the readings of its energy registers.

    One record may hold several readings (begin and end together, several registers), so the page
    is the key and a reading is named by page and entry.
    """

    session_id: str
    key_id: str
    context: str  # T transaction, F fiscal: each letter counts its own pages
    page: int
    payload_sha256: str  # hex
    record: bytes
    r: str  # 64 hex digits (96 on secp384r1)
    s: str  # low s, the same length
    readings: tuple[Reading, ...]

    @property
    def key(self) -> str:
        return page_key(self.key_id, self.context, self.page)

    def reading(self, entry: int) -> Reading:
        """Return the reading of RD entry ``entry``; raises KeyError where it holds none."""
        for reading in self.readings:
            if reading.entry == entry:
                return reading
        raise KeyError(f"{self.key} has no reading {entry}")

    def leaf(self, entry: int) -> ReadingLeaf:
        """Return what Settlement hashes of RD entry ``entry``.

        Raises KeyError where there is no such reading, and ``hash()`` raises for what does not
        fit, as a signature on secp384r1: see :func:`fits_leaf`.
        """
        reading = self.reading(entry)
        return ReadingLeaf(
            payload=bytes.fromhex(self.payload_sha256),
            r=bytes.fromhex(self.r),
            s=bytes.fromhex(self.s),
            entry=entry,
            energy_mwh=reading.mwh,
            time_s=reading.at_ms // MS_PER_S,  # the contract reads whole seconds, rounded down
            kind=reading.kind,
            status=reading.status,
            context=self.context,
            page=self.page,
            register=keccak(reading.register.encode())[:REGISTER_HASH_LENGTH],
        )


def fits_leaf(record: SignedReading, reading: Reading) -> bool:
    """Return whether every field has its width: only such a reading can be anchored as proven."""
    kind, status, context = reading.kind, reading.status, record.context
    return (
        len(record.r) == len(record.s) == len(record.payload_sha256) == 2 * HASH_LENGTH
        and len(kind) == len(status) == len(context) == 1
        and kind.isascii()
        and status.isascii()
        and context.isascii()
        and 0 <= reading.entry < ENTRIES_MAX
        and 0 <= reading.mwh < MWH_END
        and 0 <= reading.at_ms < TIME_END_MS
        and 0 <= record.page < PAGE_END
    )


def page_key(key_id: str, context: str, page: int) -> str:
    """Return the name of a page, unique in the whole network."""
    return f"{key_id}/{context}/{page}"


def page_rule(known_sha256: str | None, sha256: str) -> PageFinding:
    """Judge a page by the digest known for it and the digest that arrived (of the payload).

    The payload and not the record is compared: the same bytes signed again are the same evidence.
    """
    if known_sha256 is None:
        return PageFinding.NEW
    if known_sha256 == sha256:
        return PageFinding.RESEND
    return PageFinding.REPLAYED_WITH_OTHER_BYTES


def registered_key(
    keys: Sequence[MeterKey], serials: Sequence[str], at_ms: int
) -> MeterKey | KeyFinding:
    """Choose the key a record must be checked against: always a registered one.

    ``keys`` are the station's, ``serials`` what the record states (MS, GS), ``at_ms`` the time the
    record states. "If the signature component is attributable to the energy meter, its serial
    number is sufficient." A record that states no serial can only mean a station's only meter.
    """
    if not keys:
        return KeyFinding.NO_KEY_REGISTERED
    is_stated = any(serials)
    meant = chosen = None
    for key in keys:
        if is_stated and (not key.serial or key.serial not in serials):
            continue
        if meant is not None and meant != key.serial:
            return KeyFinding.SERIAL_AMBIGUOUS
        meant = key.serial
        if key.valid_from_ms > at_ms or (
            key.valid_until_ms is not None and at_ms >= key.valid_until_ms
        ):
            continue
        if chosen is None or (key.valid_from_ms, key.key_id) > (
            chosen.valid_from_ms,
            chosen.key_id,
        ):
            chosen = key
    if meant is None:
        return KeyFinding.UNKNOWN_METER
    return chosen or KeyFinding.NOT_VALID_THEN


def measure(begin: Reading, end: Reading) -> int | Unmeasurable:
    """Return the energy between two readings of one register in whole mWh, or why there is none."""
    if not begin.begins:
        return Unmeasurable.NO_BEGIN
    if not end.ends:
        return Unmeasurable.NO_END
    if begin.register != end.register:
        return Unmeasurable.REGISTERS_DIFFER
    if end.at_ms < begin.at_ms:
        return Unmeasurable.TIME_NOT_MONOTONE
    if begin.mwh < 0 or end.mwh < 0:
        return Unmeasurable.NEGATIVE_VALUE
    if end.mwh < begin.mwh:
        return Unmeasurable.REGISTER_DECREASED
    return end.mwh - begin.mwh

"""Writing OCMF: for the edge agent beside a station and for the virtual meter.

Every entry states all its fields, although the format lets equal ones be omitted, and the payload
has no spaces and no escapes: so the settlement contract can read it in a dispute.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from ohmstead.errors import LocalProtocolError
from ohmstead.frozen import Frozen
from ohmstead.units import MWH_PER_KWH
from ohmstead.wire.ocmf.chain import PAYLOAD_MAX
from ohmstead.wire.ocmf.record import DEFAULT_ALGORITHM, MWH_MAX

PAGE_MAX = 999_999_999
TIME_MAX_MS = 253_402_300_799_999  # the last millisecond of 9999
IMPORT_REGISTER = "1-b:1.8.0"  # active energy import, total

Sign = Callable[[bytes], bytes]
"""Payload bytes -> DER of an ECDSA signature over their SHA-256: a file key, a TPM, a token."""

_PLAIN = re.compile(r'[^"\\|\x00-\x1f\ud800-\udfff]{0,250}')
_LETTERS = re.compile(r"[A-Z]")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Identity(Frozen):
    """Who signs: gateway (the signing component) and meter."""

    gateway: str  # GI, maker and model
    gateway_serial: str  # GS
    gateway_version: str  # GV
    meter_serial: str  # MS
    meter_vendor: str = ""  # MV
    meter_model: str = ""  # MM


class Entry(Frozen):
    """One value of one register at one moment."""

    at_ms: int
    tx: str  # B begin, C charging, E end, L R A P other ends, S suspended, T tariff change, X error
    mwh: int
    register: str = IMPORT_REGISTER
    clock: str = "S"  # S synchronised, I informative, R relative, U unknown
    status: str = "G"
    error_flags: str = ""


def p256_signer(key: ec.EllipticCurvePrivateKey) -> Sign:
    """Return a signer with a P-256 key held in this process (the ``soft`` tier)."""
    if not isinstance(key.curve, ec.SECP256R1):
        raise LocalProtocolError(f"this writer signs with secp256r1, not {key.curve.name}")
    algorithm = ec.ECDSA(hashes.SHA256())
    return lambda payload: key.sign(payload, algorithm)


def sign_record(
    sign: Sign,
    identity: Identity,
    page: int,
    entries: Sequence[Entry],
    id_data: str = "",
    context: str = "T",
) -> bytes:
    """Return ``OCMF|payload|signature``.

    ``page`` is the next value of the counter of this key and context: "incremented after each use
    for a record". ``id_data`` should be a pseudonym. Raises
    :class:`ohmstead.errors.LocalProtocolError` for what OCMF cannot say or the contract not read.
    """
    payload = _payload(identity, page, entries, id_data, context).encode("utf-8")
    if len(payload) > PAYLOAD_MAX:
        raise LocalProtocolError(f"a payload of {len(payload)} bytes could not be read on chain")
    tail = f'{{"SA":"{DEFAULT_ALGORITHM}","SD":"{sign(payload).hex()}"}}'
    return b"OCMF|" + payload + b"|" + tail.encode("ascii")


def _payload(
    identity: Identity, page: int, entries: Sequence[Entry], id_data: str, context: str
) -> str:
    if not 0 <= page <= PAGE_MAX or not _LETTERS.fullmatch(context):
        raise LocalProtocolError(f"no page {context}{page}: a letter and 0 to {PAGE_MAX}")
    if not entries:
        raise LocalProtocolError("a record has at least one entry")
    fields = [
        '"FV":"1.2"',
        _member("GI", identity.gateway),
        _member("GS", identity.gateway_serial),
        _member("GV", identity.gateway_version),
        f'"PG":"{context}{page}"',
        _member("MV", identity.meter_vendor),
        _member("MM", identity.meter_model),
        _member("MS", identity.meter_serial),
        f'"IS":{"true" if id_data else "false"}',
        f'"IT":"{"CENTRAL" if id_data else "NONE"}"',  # table 17: centrally generated, any format
        _member("ID", id_data),
        f'"RD":[{",".join(_entry(entry) for entry in entries)}]',
    ]
    return "{" + ",".join(fields) + "}"


def _entry(entry: Entry) -> str:
    if not 0 <= entry.mwh <= MWH_MAX or not 0 <= entry.at_ms <= TIME_MAX_MS:
        raise LocalProtocolError(f"{entry.mwh} mWh at {entry.at_ms} ms is out of range")
    letters = (entry.tx, entry.status, entry.clock)
    if not all(_LETTERS.fullmatch(letter) for letter in letters):
        raise LocalProtocolError(f"TX, ST and the clock state are one letter each, not {letters}")
    # divmod keeps the six decimals exact: 1 mWh is 0.000001 kWh.
    whole, rest = divmod(entry.mwh, MWH_PER_KWH)
    at = _EPOCH + timedelta(milliseconds=entry.at_ms)
    time = f"{at:%Y-%m-%dT%H:%M:%S},{at.microsecond // 1_000:03d}+0000 {entry.clock}"
    return (
        f'{{"TM":"{time}","TX":"{entry.tx}","RV":{whole}.{rest:06d},'
        f'{_member("RI", entry.register)},"RU":"kWh",{_member("EF", entry.error_flags)},'
        f'"ST":"{entry.status}"}}'
    )


def _member(name: str, value: str) -> str:
    if not _PLAIN.fullmatch(value):
        raise LocalProtocolError(f"{name} is a plain text of at most 250 characters")
    return f'"{name}":"{value}"'

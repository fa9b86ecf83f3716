"""Is this record signed by this key? A verdict for every input, an exception for none.

The payload bytes are hashed and checked exactly as they arrived; nothing is normalised before.
"""

from __future__ import annotations

import enum

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
    encode_dss_signature,
)

from ohmstead.frozen import Frozen
from ohmstead.wire.ocmf.keys import CURVES, WORD, Curve, KeyUnreadable, PublicKey, load_key
from ohmstead.wire.ocmf.record import (
    DEFAULT_SIGNATURE_TYPE,
    MalformedRecord,
    OcmfRecord,
    UnsupportedFormat,
)
from ohmstead.wire.ocmf.usual import parse

_ECDSA = ec.ECDSA(Prehashed(hashes.SHA256()))  # the record carries its hash already


class Verdict(enum.Enum):
    """What became of a signed record, in the order the checks run."""

    UNSUPPORTED_FORMAT = "unsupported_format"  # not OCMF: kept raw
    MALFORMED = "malformed"  # OCMF that does not follow the format
    UNSUPPORTED_ALGORITHM = "unsupported_algorithm"  # never a pass
    NO_KEY = "no_key"  # nothing registered for that meter
    KEY_UNREADABLE = "key_unreadable"
    INVALID_SIGNATURE = "invalid_signature"
    VALID = "valid"


class Examined(Frozen):
    """A verdict with the record, where there is one, and a reason for people, where not valid."""

    verdict: Verdict
    record: OcmfRecord | None
    reason: str


# Table 22 writes brainpool256r1; makers also write the curve's own name.
_BY_LOWER: dict[str, Curve] = {
    f"ecdsa-{name.lower()}-sha256": curve for name, curve in CURVES.items()
} | {"ecdsa-brainpool256r1-sha256": CURVES["brainpoolP256r1"]}
_AS_WRITTEN = {f"ECDSA-{name}-SHA256": curve for name, curve in CURVES.items()}


def algorithm_curve(record: OcmfRecord) -> Curve | None:
    """Return the curve of the record's signature algorithm, None where we do not verify it."""
    if record.signature_type != DEFAULT_SIGNATURE_TYPE:
        return None
    return _AS_WRITTEN.get(record.algorithm) or _BY_LOWER.get(record.algorithm.lower())


def verify(record: OcmfRecord, key: PublicKey | None) -> Verdict:
    """Check ``record`` against the key registered for its meter, None where none is.

    A key on another curve than the record names did not make that signature: INVALID_SIGNATURE.
    """
    curve = algorithm_curve(record)
    if curve is None:
        return Verdict.UNSUPPORTED_ALGORITHM
    if key is None:
        return Verdict.NO_KEY
    if key.curve is not curve or not record.signature:
        return Verdict.INVALID_SIGNATURE
    try:
        if key.fast is not None:
            # libsecp256k1 accepts only low s; (r, n - s) is the same signature.
            r, s = low_s(*decode_dss_signature(record.signature), curve)
            if key.fast.verify(encode_dss_signature(r, s), record.payload_sha256, hasher=None):
                return Verdict.VALID
            return Verdict.INVALID_SIGNATURE
        key.loaded.verify(record.signature, record.payload_sha256, _ECDSA)
    except (InvalidSignature, ValueError):
        return Verdict.INVALID_SIGNATURE
    except UnsupportedAlgorithm:  # a build of OpenSSL without that curve
        return Verdict.UNSUPPORTED_ALGORITHM
    return Verdict.VALID


def examine(received: bytes, key_text: str | None) -> Examined:
    """Parse and verify in one step against a key in text; never raises."""
    try:
        record = parse(received)
    except UnsupportedFormat as wrong:
        return Examined(Verdict.UNSUPPORTED_FORMAT, None, str(wrong))
    except MalformedRecord as wrong:
        return Examined(Verdict.MALFORMED, None, str(wrong))
    curve = algorithm_curve(record)
    if curve is None:
        return Examined(Verdict.UNSUPPORTED_ALGORITHM, record, record.algorithm)
    if not key_text:
        return Examined(Verdict.NO_KEY, record, "no key is registered for this meter")
    try:
        key = load_key(key_text, point_curve=curve.name)  # a bare point says no curve
    except KeyUnreadable as wrong:
        return Examined(Verdict.KEY_UNREADABLE, record, str(wrong))
    verdict = verify(record, key)
    reason = "" if verdict is Verdict.VALID else f"{record.algorithm} does not verify"
    return Examined(verdict, record, reason)


def signature_rs(record: OcmfRecord) -> tuple[int, int]:
    """Return (r, s) as the meter made them; raises :class:`MalformedRecord` where SD is not DER."""
    try:
        return decode_dss_signature(record.signature)
    except ValueError:
        raise MalformedRecord("SD is not an ECDSA signature in DER") from None


def low_s(r: int, s: int, curve: Curve) -> tuple[int, int]:
    """Return (r, min(s, n - s)): what contracts take; the stored bytes stay as they are."""
    return r, min(s, curve.order - s)


def posted_rs(record: OcmfRecord, curve: Curve) -> tuple[str, str]:
    """Return (r, low s) of a valid signature in hex, 64 digits or more on a larger curve.

    Raises :class:`MalformedRecord` where SD is not DER.
    """
    r, s = signature_rs(record)
    width = max(WORD, curve.size)
    low = min(s, curve.order - s)
    return r.to_bytes(width, "big").hex(), low.to_bytes(width, "big").hex()

"""Public keys of meters, in every spelling found in the wild.

A key is loaded once, when a meter is registered or first used, and kept: making the key object
costs more than a signature check.
"""

from __future__ import annotations

import base64
import binascii
import functools
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import coincurve
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from ohmstead.errors import RemoteProtocolError
from ohmstead.frozen import Frozen
from ohmstead.hashing import keccak

KEY_TEXT_MAX = 4_096  # characters; a P-384 key in spaced hex inside base64 has about 500
KEYS_CACHED_MAX = 65_536
OCA_PREFIX = b"oca:base16:asn1:"
WORD = 32

_SPACE = re.compile(r"\s+")
_ARMOUR = re.compile(r"-----(?:BEGIN|END) PUBLIC KEY-----")


class KeyUnreadable(RemoteProtocolError):
    """The text is no public key on a curve we verify."""


class Curve(Frozen):
    """A curve we verify on. ``number`` enters the key id; 1 and 2 are also what the contracts
    verify, and numbers never change meaning."""

    name: str
    number: int
    size: int  # bytes of a coordinate
    order: int
    make: Callable[[], ec.EllipticCurve]


_TABLE = (
    Curve(
        "secp256r1",
        1,
        32,
        0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
        ec.SECP256R1,
    ),
    Curve(
        "secp256k1",
        2,
        32,
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
        ec.SECP256K1,
    ),
    Curve(
        "secp384r1",
        3,
        48,
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
        ec.SECP384R1,
    ),
    Curve("secp192r1", 4, 24, 0xFFFFFFFFFFFFFFFFFFFFFFFF99DEF836146BC9B1B4D22831, ec.SECP192R1),
    Curve(
        "brainpoolP256r1",
        5,
        32,
        0xA9FB57DBA1EEA9BC3E660A909D838D718C397AA3B561A6F7901E0E82974856A7,
        ec.BrainpoolP256R1,
    ),
)
CURVES: dict[str, Curve] = {curve.name: curve for curve in _TABLE}
_BARE_POINT = {64: "secp256r1", 96: "secp384r1", 48: "secp192r1"}  # the default of its length


@dataclass(frozen=True, slots=True)  # two fields are no part of what it is
class PublicKey:
    """A loaded key. Equal keys have equal ids, whatever text they came from."""

    curve: Curve
    qx: bytes  # as long as the curve's coordinates
    qy: bytes
    key_id: str  # 64 hex digits, see key_id()
    der_hex: str  # SubjectPublicKeyInfo, lower case: the one spelling we store
    loaded: ec.EllipticCurvePublicKey = field(repr=False, compare=False)
    fast: coincurve.PublicKey | None = field(default=None, repr=False, compare=False)


def key_id(curve: Curve, qx: bytes, qy: bytes) -> str:
    """Return keccak(abi.encode(uint8 curve, qx, qy)) as hex.

    Each coordinate is left-padded to whole 32-byte words: one for curves up to 256 bits (then it
    is exactly what the contracts compute from ``uint8, bytes32, bytes32``), two for secp384r1.
    """
    width = -(-curve.size // WORD) * WORD
    return keccak(
        curve.number.to_bytes(WORD, "big") + qx.rjust(width, b"\0") + qy.rjust(width, b"\0")
    ).hex()


@functools.lru_cache(maxsize=KEYS_CACHED_MAX)
def load_key(text: str, point_curve: str = "") -> PublicKey:
    """Read a key: DER in hex (spaces allowed) or base64, base64 of hex DER, base64 of
    ``oca:base16:asn1:`` + hex DER or that text itself, PEM, or a bare point in hex or base64.

    DER names its curve. A bare point does not: ``point_curve`` does, else 64 bytes mean
    secp256r1, 96 secp384r1 and 48 secp192r1. Raises :class:`KeyUnreadable`.
    """
    if len(text) > KEY_TEXT_MAX:
        raise KeyUnreadable(f"a key has at most {KEY_TEXT_MAX} characters")
    if point_curve and point_curve not in CURVES:
        raise KeyUnreadable("the curve is not one we verify")
    return _from_bytes(_decoded(_SPACE.sub("", _ARMOUR.sub("", text))), point_curve)


def public_key(loaded: ec.EllipticCurvePublicKey) -> PublicKey:
    """Wrap a loaded key; raises :class:`KeyUnreadable` for a curve we do not verify."""
    curve = CURVES.get(loaded.curve.name)
    if curve is None:
        raise KeyUnreadable("the key is on a curve we do not verify")
    point = loaded.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    qx, qy = point[1 : 1 + curve.size], point[1 + curve.size :]
    return PublicKey(
        curve=curve,
        qx=qx,
        qy=qy,
        key_id=key_id(curve, qx, qy),
        der_hex=loaded.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo).hex(),
        loaded=loaded,
        # libsecp256k1: 27 us a check where OpenSSL takes 230 us on this curve.
        fast=coincurve.PublicKey(point) if curve.name == "secp256k1" else None,
    )


def _decoded(text: str) -> bytes:
    """Undo hex, base64 and the oca: prefix, in any of the orders seen."""
    if text.startswith(OCA_PREFIX.decode()):
        text = text[len(OCA_PREFIX) :]
    try:
        return bytes.fromhex(text)
    except ValueError:
        pass
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (ValueError, binascii.Error):
        raise KeyUnreadable("the key is neither hex nor base64") from None
    inner = _SPACE.sub("", raw.removeprefix(OCA_PREFIX).decode("latin-1"))
    try:
        return bytes.fromhex(inner)
    except ValueError:
        return raw


def _from_bytes(raw: bytes, point_curve: str) -> PublicKey:
    try:
        loaded = load_der_public_key(raw)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return _from_point(raw, point_curve)
    if not isinstance(loaded, ec.EllipticCurvePublicKey):
        raise KeyUnreadable("the key is not an elliptic-curve key")
    return public_key(loaded)


def _from_point(raw: bytes, point_curve: str) -> PublicKey:
    bare = raw[1:] if len(raw) % 2 and raw[:1] == b"\x04" else raw
    name = point_curve or _BARE_POINT.get(len(bare), "")
    if not name or len(bare) != 2 * CURVES[name].size:
        raise KeyUnreadable("the bytes are neither a DER public key nor a point of that curve")
    try:
        point = ec.EllipticCurvePublicKey.from_encoded_point(CURVES[name].make(), b"\x04" + bare)
    except (ValueError, UnsupportedAlgorithm):
        raise KeyUnreadable(f"the point is not on {name}") from None
    return public_key(point)

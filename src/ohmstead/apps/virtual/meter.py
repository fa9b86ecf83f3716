"""A meter that counts, signs and numbers its records, as the one inside a charging station does.

Its keys are derived from a seed, so a replay can be repeated byte for byte. That makes them worth
nothing outside demonstrations and tests: whoever knows the seed can sign.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from ohmstead.errors import LocalProtocolError
from ohmstead.frozen import Frozen
from ohmstead.hashing import sha256
from ohmstead.wire.ocmf import CURVES, Entry, Identity, PublicKey, Sign, sign_record
from ohmstead.wire.ocmf.keys import OCA_PREFIX, public_key

BEGIN, CHARGING, END = "B", "C", "E"  # OCMF table 7, TX
TRANSACTION = "T"  # OCMF PG: "T" counts records made in a transaction
FISCAL = "F"  # "F": records made outside of one
VENDOR = "Ohmstead"
MODEL = "virtual meter"


def key_from_seed(seed: str) -> ec.EllipticCurvePrivateKey:
    """Return the P-256 key a seed names; the same seed is the same key, anywhere."""
    # 32 bytes more than the order has, so that the reduction favours no key one could notice.
    wide = sha256(b"meter key 1:" + seed.encode()) + sha256(b"meter key 2:" + seed.encode())
    scalar = int.from_bytes(wide) % (CURVES["secp256r1"].order - 1) + 1
    return ec.derive_private_key(scalar, ec.SECP256R1())


def repeatable_signer(key: ec.EllipticCurvePrivateKey) -> Sign:
    """Return a signer with RFC 6979 nonces: the same payload has the same signature."""
    algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
    return lambda payload: key.sign(payload, algorithm)


class Sample(Frozen):
    """What a meter said at one moment: the register, and its signed record where it signed."""

    at_ms: int
    mwh: int
    record: bytes | None = None


class VirtualMeter:
    """One register of active energy import, one key, one page counter per context letter.

    Args:
        key: P-256; see :func:`key_from_seed`.
        serial: MS of every record.
        register_mwh: what it has counted before.
        page: the last page it used in a transaction.
    """

    def __init__(
        self,
        key: ec.EllipticCurvePrivateKey,
        serial: str,
        register_mwh: int = 0,
        page: int = 0,
    ) -> None:
        if not isinstance(key.curve, ec.SECP256R1):
            raise LocalProtocolError(f"this meter signs with secp256r1, not {key.curve.name}")
        self.serial = serial
        self.register_mwh = register_mwh
        self.public_key: PublicKey = public_key(key.public_key())
        self._sign = repeatable_signer(key)
        self._identity = Identity(
            gateway=f"{VENDOR} {MODEL}",
            gateway_serial=serial,
            gateway_version="1",
            meter_serial=serial,
            meter_vendor=VENDOR,
            meter_model=MODEL,
        )
        self._pages: dict[str, int] = {TRANSACTION: page}

    @classmethod
    def from_seed(cls, seed: str, serial: str, register_mwh: int = 0) -> VirtualMeter:
        """Return the meter whose key is derived from ``seed`` and ``serial``."""
        return cls(key_from_seed(f"{seed}/{serial}"), serial, register_mwh)

    @property
    def key_hex(self) -> str:
        """The public key as SubjectPublicKeyInfo in hex: what a host registers."""
        return self.public_key.der_hex

    @property
    def key_carried(self) -> str:
        """The public key as OCPP 2 carries it: base64 of ``oca:base16:asn1:`` and the hex DER."""
        return base64.b64encode(OCA_PREFIX + self.public_key.der_hex.encode()).decode()

    def page(self, context: str = TRANSACTION) -> int:
        """Return the last page used of a context, 0 before the first."""
        return self._pages.get(context, 0)

    def count(self, to_mwh: int) -> None:
        """Move the register on; raises LocalProtocolError backwards, as no honest meter goes."""
        if to_mwh < self.register_mwh:
            raise LocalProtocolError(f"a register never falls: {to_mwh} < {self.register_mwh} mWh")
        self.register_mwh = to_mwh

    def read(self, at_ms: int, to_mwh: int | None = None) -> Sample:
        """Return a plain value, the register moved to ``to_mwh`` first."""
        self.count(self.register_mwh if to_mwh is None else to_mwh)
        return Sample(at_ms, self.register_mwh)

    def read_signed(
        self, at_ms: int, tx: str, to_mwh: int | None = None, id_data: str = ""
    ) -> Sample:
        """Return a value with its signed record; ``tx`` is BEGIN, CHARGING or END."""
        self.count(self.register_mwh if to_mwh is None else to_mwh)
        record = self.sign([Entry(at_ms, tx, self.register_mwh)], id_data)
        return Sample(at_ms, self.register_mwh, record)

    def sign(
        self,
        entries: Sequence[Entry],
        id_data: str = "",
        *,
        context: str = TRANSACTION,
        page: int | None = None,
    ) -> bytes:
        """Return a signed record of any entries, on the next page of its context.

        ``page`` makes it lie about its page, and then the counter stays: for misbehaviour only, as
        are entries that differ from the register.
        """
        if page is None:
            page = self._pages[context] = self.page(context) + 1
        return sign_record(self._sign, self._identity, page, entries, id_data, context)

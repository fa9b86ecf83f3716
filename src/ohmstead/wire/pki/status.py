"""OCSP (RFC 6960): what is asked about a certificate, and what a responder's answer is worth."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from ohmstead.errors import RemoteProtocolError
from ohmstead.frozen import Frozen
from ohmstead.wire.pki.certificate import (
    UNREADABLE,
    Certificate,
    ms_of,
    read_certificate,
)
from ohmstead.wire.pki.path import Finding, judge

ALGORITHMS: dict[str, hashes.HashAlgorithm] = {
    "SHA256": hashes.SHA256(),
    "SHA384": hashes.SHA384(),
    "SHA512": hashes.SHA512(),
}
RESPONSE_LENGTH_MAX = 16_384
EMBEDDED_MAX = 8  # certificates in one response that are looked at
SKEW_MS = 300_000
AGE_MAX_MS = 7 * 24 * 3_600_000  # of an answer that does not say until when it is good
UNDATED_MS = 3_600_000  # for which such an answer is kept
_HEX = re.compile(r"[0-9A-Fa-f]+", re.ASCII)
GOOD, REVOKED, UNKNOWN = "good", "revoked", "unknown"
_WORDS = {
    ocsp.OCSPCertStatus.GOOD: GOOD,
    ocsp.OCSPCertStatus.REVOKED: REVOKED,
    ocsp.OCSPCertStatus.UNKNOWN: UNKNOWN,
}


class CertificateId(Frozen):
    """How OCSP, and OCPP after it, names a certificate (RFC 6960, 4.1.1: CertID)."""

    algorithm: str  # SHA256, SHA384, SHA512
    name_hash: bytes  # of the issuer's name
    key_hash: bytes  # of the issuer's key
    serial: int

    @property
    def text(self) -> str:
        return f"{self.algorithm}/{self.name_hash.hex()}/{self.key_hash.hex()}/{self.serial:x}"


class Answer(Frozen):
    """What a responder said; ``is_proven`` False: nobody here knows the issuer, so it may be by
    anybody."""

    word: str  # GOOD, REVOKED, UNKNOWN
    until_ms: int
    is_proven: bool


def read_id(algorithm: str, name_hash: str, key_hash: str, serial: str) -> CertificateId:
    """Read OCPP's certificate hash data; raises RemoteProtocolError naming the field."""
    known = ALGORITHMS.get(algorithm)
    if known is None:
        raise RemoteProtocolError(f"hashAlgorithm {algorithm[:20]!r} is not known")
    length = 2 * known.digest_size
    for field, text in (("issuerNameHash", name_hash), ("issuerKeyHash", key_hash)):
        if len(text) != length or not _HEX.fullmatch(text):
            raise RemoteProtocolError(f"{field}: expected {length} hexadecimal digits")
    digits = serial.removeprefix("0x")
    if len(digits) > 40 or not _HEX.fullmatch(digits):
        raise RemoteProtocolError("serialNumber: expected at most 40 hexadecimal digits")
    return CertificateId(
        algorithm, bytes.fromhex(name_hash), bytes.fromhex(key_hash), int(digits, 16)
    )


def id_of(one: Certificate, issuer: Certificate, algorithm: str = "SHA256") -> CertificateId:
    """Name a certificate of this issuer; raises RemoteProtocolError for one nobody can name."""
    builder = ocsp.OCSPRequestBuilder()
    try:
        made = builder.add_certificate(one.x509, issuer.x509, ALGORITHMS[algorithm]).build()
    except UNREADABLE:
        raise RemoteProtocolError("the certificate has no usable serial number") from None
    serial = one.x509.serial_number
    return CertificateId(algorithm, made.issuer_name_hash, made.issuer_key_hash, serial)


def request_of(asked: CertificateId) -> bytes:
    """The OCSPRequest in DER that asks about one certificate; raises RemoteProtocolError."""
    try:
        builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
            asked.name_hash, asked.key_hash, asked.serial, ALGORITHMS[asked.algorithm]
        )
        return builder.build().public_bytes(Encoding.DER)
    except UNREADABLE:
        raise RemoteProtocolError("serialNumber is none that a certificate can have") from None


def read_answer(
    der: bytes,
    asked: CertificateId,
    authorities: Sequence[Certificate],
    roots: Sequence[Certificate],
    now_ms: int,
) -> Answer:
    """Judge a response; raises RemoteProtocolError for one that is none, or says nothing now.

    Args:
        authorities: that are known to be genuine, and may have issued the certificate.
        roots: by which an authority that the response brings along may be proven.
    """
    if len(der) > RESPONSE_LENGTH_MAX:
        raise RemoteProtocolError(f"the OCSP response is longer than {RESPONSE_LENGTH_MAX} bytes")
    try:
        return _read(der, asked, authorities, roots, now_ms)
    except UNREADABLE:
        raise RemoteProtocolError("the OCSP response cannot be read") from None


def _read(
    der: bytes,
    asked: CertificateId,
    authorities: Sequence[Certificate],
    roots: Sequence[Certificate],
    now_ms: int,
) -> Answer:
    response = ocsp.load_der_ocsp_response(der)
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        word = response.response_status.name.lower()
        raise RemoteProtocolError(f"the OCSP responder answered {word}")
    about = _about(response, asked)
    this_ms = ms_of(about.this_update_utc)
    next_ms = ms_of(about.next_update_utc) if about.next_update_utc is not None else None
    if this_ms > now_ms + SKEW_MS:
        raise RemoteProtocolError("the OCSP response is of a time to come")
    last_ms = this_ms + AGE_MAX_MS if next_ms is None else next_ms
    if last_ms < now_ms - SKEW_MS:
        raise RemoteProtocolError("the OCSP response is out of date")
    embedded = [read_certificate(one) for one in response.certificates[:EMBEDDED_MAX]]
    issuer = _issuer(asked, authorities, embedded, roots, now_ms)
    if issuer is not None and not _is_by(response, issuer, embedded, now_ms):
        problem = "the OCSP response is signed neither by the issuer nor by a responder of its"
        raise RemoteProtocolError(problem)
    until_ms = now_ms + UNDATED_MS if next_ms is None else next_ms
    return Answer(_WORDS[about.certificate_status], until_ms, issuer is not None)


def _about(response: ocsp.OCSPResponse, asked: CertificateId) -> ocsp.OCSPSingleResponse:
    """What the response says of the certificate that was asked about."""
    for one in response.responses:
        same = one.serial_number == asked.serial and one.issuer_key_hash == asked.key_hash
        if same and one.issuer_name_hash == asked.name_hash:
            return one
    raise RemoteProtocolError("the OCSP response is about another certificate")


def _issuer(
    asked: CertificateId,
    authorities: Sequence[Certificate],
    embedded: Sequence[Certificate],
    roots: Sequence[Certificate],
    now_ms: int,
) -> Certificate | None:
    for one in (*authorities, *roots):
        if is_named(asked, one):
            return one
    for one in embedded:
        if one.is_ca and is_named(asked, one):
            others = [other for other in (*embedded, *authorities) if other is not one]
            if judge((one, *others), roots, now_ms, is_leaf=False).finding is Finding.GOOD:
                return one
    return None


def is_named(asked: CertificateId, issuer: Certificate) -> bool:
    """Whether the hashes are those of this issuer; the serial number is not looked at."""
    digest = hashlib.new(asked.algorithm, issuer.subject).digest()
    made = id_of(issuer, issuer, asked.algorithm)  # its key's; the name is its own issuer's
    return digest == asked.name_hash and made.key_hash == asked.key_hash


def _is_by(
    response: ocsp.OCSPResponse, issuer: Certificate, embedded: Sequence[Certificate], now_ms: int
) -> bool:
    """RFC 6960, 4.2.2.2: the issuer itself, or a responder that the issuer gave this right."""
    if _signed(response, issuer):
        return True
    return any(
        one.signs_ocsp
        and one.not_before_ms <= now_ms <= one.not_after_ms
        and one.is_signed_by(issuer)
        and _signed(response, one)
        for one in embedded
    )


def _signed(response: ocsp.OCSPResponse, signer: Certificate) -> bool:
    key, algorithm = signer.x509.public_key(), response.signature_hash_algorithm
    signature, said = response.signature, response.tbs_response_bytes
    try:
        if isinstance(key, ec.EllipticCurvePublicKey) and algorithm is not None:
            key.verify(signature, said, ec.ECDSA(algorithm))
        elif isinstance(key, rsa.RSAPublicKey) and algorithm is not None:
            key.verify(signature, said, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ed448.Ed448PublicKey | ed25519.Ed25519PublicKey):
            key.verify(signature, said)
        else:
            return False
    except (InvalidSignature, *UNREADABLE):
        return False
    return True


__all__ = [
    "GOOD",
    "REVOKED",
    "UNKNOWN",
    "Answer",
    "CertificateId",
    "id_of",
    "is_named",
    "read_answer",
    "read_id",
    "request_of",
]

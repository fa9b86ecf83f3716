"""X.509 certificates, read whole and at once: what is wrong with one is said by one error.

``cryptography`` parses a certificate when it is asked for a part of it. Here every part that
anybody looks at is read in one place, so that whatever a peer wrote is a RemoteProtocolError there
and no surprise anywhere else.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import (
    AuthorityInformationAccessOID,
    ExtendedKeyUsageOID,
    ExtensionOID,
    NameOID,
)

from ohmstead.errors import RemoteProtocolError
from ohmstead.frozen import Frozen

PEM_LENGTH_MAX = 65_536
CERTIFICATES_MAX = 64  # of one text
UNREADABLE = (
    ValueError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
    NotImplementedError,
)
# What path validation here looks at, or what needs no look in it (RFC 5280, 4.2).
UNDERSTOOD = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
        ExtensionOID.CERTIFICATE_POLICIES,
    }
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Certificate(Frozen):
    """What is looked at of a certificate; times in ms since 1970."""

    x509: x509.Certificate
    subject: bytes  # DER
    issuer: bytes
    common_names: tuple[str, ...]
    key: str  # secp256r1, secp521r1, ed448 ..., or the name of its class
    not_before_ms: int
    not_after_ms: int
    is_ca: bool
    path_length: int | None  # how many authorities may stand below it; None: any number
    signs_certificates: bool  # False only where its key usage says no
    signs_digitally: bool
    signs_ocsp: bool  # its extended key usage says OCSPSigning
    ocsp_urls: tuple[str, ...]
    strange: str = ""  # a critical extension nobody here understands

    @property
    def der(self) -> bytes:
        return self.x509.public_bytes(Encoding.DER)

    @property
    def common_name(self) -> str:
        """Its CN; "" for one that has none or several, so that nobody chooses."""
        return self.common_names[0] if len(self.common_names) == 1 else ""

    @property
    def is_self_issued(self) -> bool:
        return self.subject == self.issuer

    def is_signed_by(self, issuer: Certificate) -> bool:
        """Whether the signature is by this issuer's key."""
        try:
            self.x509.verify_directly_issued_by(issuer.x509)
        except (InvalidSignature, *UNREADABLE):
            return False
        return True


def ms_of(moment: datetime) -> int:
    """Whole milliseconds since 1970; exact."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def read_pem(text: str | bytes, what: str = "the certificate chain") -> tuple[Certificate, ...]:
    """Read certificates in PEM, one or more; raises RemoteProtocolError that names ``what``."""
    raw = text.encode("utf-8", "replace") if isinstance(text, str) else text
    if len(raw) > PEM_LENGTH_MAX:
        raise RemoteProtocolError(f"{what} is longer than {PEM_LENGTH_MAX} bytes")
    try:
        found = x509.load_pem_x509_certificates(raw)
    except UNREADABLE:
        raise RemoteProtocolError(f"{what} is no list of certificates in PEM") from None
    if len(found) > CERTIFICATES_MAX:
        raise RemoteProtocolError(f"{what} has more than {CERTIFICATES_MAX} certificates")
    return tuple(read_certificate(one, what) for one in found)


def read_der(der: bytes, what: str = "the certificate") -> Certificate:
    """Read one certificate in DER; raises RemoteProtocolError that names ``what``."""
    try:
        found = x509.load_der_x509_certificate(der)
    except UNREADABLE:
        raise RemoteProtocolError(f"{what} is no certificate in DER") from None
    return read_certificate(found, what)


def read_certificate(found: x509.Certificate, what: str = "the certificate") -> Certificate:
    """Look at everything that matters of a certificate, once."""
    try:
        return _read(found)
    except UNREADABLE as error:
        why = str(error)[:80] or type(error).__name__
        raise RemoteProtocolError(f"{what} has a part that cannot be read: {why}") from None


def _read(found: x509.Certificate) -> Certificate:
    extensions = list(found.extensions)
    values = {one.oid: one.value for one in extensions}
    strange = next((one for one in extensions if one.critical and one.oid not in UNDERSTOOD), None)
    constraints = values.get(ExtensionOID.BASIC_CONSTRAINTS)
    usage = values.get(ExtensionOID.KEY_USAGE)
    purposes = values.get(ExtensionOID.EXTENDED_KEY_USAGE)
    is_ca, length = False, None
    if isinstance(constraints, x509.BasicConstraints):
        is_ca, length = constraints.ca, constraints.path_length
    may_sign = may_certify = True
    if isinstance(usage, x509.KeyUsage):
        may_certify, may_sign = usage.key_cert_sign, usage.digital_signature
    key = found.public_key()
    names = found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return Certificate(
        x509=found,
        subject=found.subject.public_bytes(),
        issuer=found.issuer.public_bytes(),
        common_names=tuple(str(name.value) for name in names),
        key=key.curve.name
        if isinstance(key, ec.EllipticCurvePublicKey)
        else "ed448"
        if isinstance(key, ed448.Ed448PublicKey)
        else type(key).__name__.removesuffix("PublicKey"),
        not_before_ms=ms_of(found.not_valid_before_utc),
        not_after_ms=ms_of(found.not_valid_after_utc),
        is_ca=is_ca,
        path_length=length,
        signs_certificates=may_certify,
        signs_digitally=may_sign,
        signs_ocsp=isinstance(purposes, x509.ExtendedKeyUsage)
        and ExtendedKeyUsageOID.OCSP_SIGNING in purposes,
        ocsp_urls=_responders(values.get(ExtensionOID.AUTHORITY_INFORMATION_ACCESS)),
        strange=strange.oid.dotted_string if strange is not None else "",
    )


def _responders(access: x509.ExtensionType | None) -> tuple[str, ...]:
    if not isinstance(access, x509.AuthorityInformationAccess):
        return ()
    return tuple(
        one.access_location.value
        for one in access
        if one.access_method == AuthorityInformationAccessOID.OCSP
        and isinstance(one.access_location, x509.UniformResourceIdentifier)
    )

"""Who signs the stations' own certificates: a port, and an authority that is a file of this house.

Only CSRs that are what they should be are signed: the station's id as CN (or its serial number, see
``ocpp.tls.names``), a key nobody breaks today (RSA of 2048 bits, P-256 or better: OCPP security
whitepaper, 2.0.1 A00.FR.503 to A00.FR.507), and a signature by that key.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from ohmstead.apps.trust import write_whole
from ohmstead.errors import ConfigError, OperatorError
from ohmstead.frozen import Frozen
from ohmstead.wire.pki.certificate import read_certificate
from ohmstead.wire.pki.status import CertificateId, is_named

KEY_FILE, CERTIFICATE_FILE = "ca.key", "ca.pem"  # in keys/, and beside network.toml
AUTHORITY_DAYS = 20 * 365
LEAF_DAYS = 365
PRIVATE = 0o600
BACKDATED = timedelta(hours=1)  # a station's clock may be behind
RSA_BITS_MIN, RSA_BITS_MAX = 2_048, 8_192
CURVES = {"secp256r1", "secp384r1", "secp521r1"}
V2G_CURVES = {2: ("secp256r1",), 20: ("secp521r1",)}
OCSP_PATH, CRL_PATH = "/api/v1/pki/ocsp", "/api/v1/pki/ca.crl"
HASHES = {"sha256", "sha384", "sha512"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Unsuitable(OperatorError):
    """A CSR that is not signed; ``code`` fits OCPP's reasonCode (20 characters)."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Issued(Frozen):
    """A certificate, with what it takes to remember it."""

    chain: str  # PEM, the station's own first
    serial: str  # hex
    not_after_ms: int


def suitable(names: Sequence[str], csr: str) -> x509.CertificateSigningRequest:
    """Read a CSR of a station that goes by one of these names; raises Unsuitable."""
    request, found = _read(csr)
    if len(found) != 1 or found[0] not in names:
        which = " or ".join(names)
        raise Unsuitable("CsrWrongName", f"the CSR's CN has to be the station's id {which}")
    key = request.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        is_strong = RSA_BITS_MIN <= key.key_size <= RSA_BITS_MAX
    else:
        is_strong = isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in CURVES
    if not is_strong:
        raise Unsuitable("CsrWeakKey", "the CSR's key has to be RSA of 2048 bits, P-256 or better")
    return request


def suitable_for_v2g(csr: str, generation: int) -> x509.CertificateSigningRequest:
    """Read a CSR for ISO 15118; raises Unsuitable. Its CN is the PKI's to judge: it names the
    controller at the connector (SECC), not the station."""
    request, found = _read(csr)
    if len(found) != 1 or not found[0]:
        raise Unsuitable("CsrWrongName", "the CSR has to have one CN, the id of its controller")
    key = request.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        is_known = key.curve.name in V2G_CURVES[generation]
    else:
        is_known = generation == 20 and isinstance(key, ed448.Ed448PublicKey)
    if not is_known:
        curves = " or ".join(V2G_CURVES[generation])
        raise Unsuitable("CsrWeakKey", f"ISO 15118-{generation} asks for a key on {curves}")
    return request


def _read(csr: str) -> tuple[x509.CertificateSigningRequest, list[str]]:
    """A CSR that is signed by its own key, and its common names; raises Unsuitable."""
    try:
        request = x509.load_pem_x509_csr(csr.encode())
        key = request.public_key()
        names = request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        algorithm = request.signature_hash_algorithm
        is_signed = request.is_signature_valid
        is_ed448 = isinstance(key, ed448.Ed448PublicKey)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion):
        raise Unsuitable("CsrUnreadable", "the CSR is no PKCS#10 in PEM") from None
    is_well = is_ed448 or (algorithm is not None and algorithm.name in HASHES)
    if not is_signed or not is_well:
        raise Unsuitable("CsrBadSignature", "the CSR is not signed by its key with SHA-256")
    return request, [str(name.value) for name in names]


class FileAuthority:
    """The authority of a small network: one P-256 key in ``keys/ca.key``."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        self.key = key
        self.certificate = certificate
        self.public_url = ""  # where revocations can be asked about; "" for nowhere
        self.organization = ""  # the O of what it issues; "" for that of the authority itself

    def issue(self, names: Sequence[str], csr: str, now_ms: int) -> Issued:
        """Sign for a year, for a TLS client and server; what else the CSR asks for is ignored.

        2.0.1 A00.FR.509: its O is the operator's name, which the door may ask for, not the CSR's.
        """
        request = suitable(names, csr)
        now = _EPOCH + timedelta(milliseconds=now_ms)
        not_after = min(now + timedelta(days=LEAF_DAYS), self.certificate.not_valid_after_utc)
        if not_after <= now:
            raise Unsuitable("AuthorityExpired", "our authority has expired; make a new one")
        serial = x509.random_serial_number()
        purposes = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
        operator = self.certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        if self.organization:
            operator = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, self.organization)]
        common = request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([*operator, *common]))
            .issuer_name(self.certificate.subject)
            .public_key(request.public_key())
            .serial_number(serial)
            .not_valid_before(max(now - BACKDATED, self.certificate.not_valid_before_utc))
            .not_valid_after(not_after)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
                critical=False,
            )
        )
        for extension in self._where():
            builder = builder.add_extension(extension, critical=False)
        leaf = builder.sign(self.key, hashes.SHA256())
        until_ms = (not_after - _EPOCH) // timedelta(milliseconds=1)
        return Issued(_pem(leaf), f"{serial:x}", until_ms)

    def is_root(self, named: CertificateId) -> bool:
        """Whether these are the hashes of our own certificate."""
        own = read_certificate(self.certificate)
        return is_named(named, own) and named.serial == self.certificate.serial_number

    def _where(self) -> list[x509.ExtensionType]:
        """Where a certificate says that its revocation can be asked about."""
        if not self.public_url:
            return []
        status = x509.UniformResourceIdentifier(self.public_url + OCSP_PATH)
        crl = x509.UniformResourceIdentifier(self.public_url + CRL_PATH)
        access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, status)
        point = x509.DistributionPoint([crl], None, None, None)
        return [x509.AuthorityInformationAccess([access]), x509.CRLDistributionPoints([point])]

    @classmethod
    def load(cls, directory: Path) -> FileAuthority | None:
        """The authority of a directory, None where there is none; raises ConfigError."""
        key_path, path = directory / "keys" / KEY_FILE, directory / CERTIFICATE_FILE
        if not key_path.exists():
            return None
        try:
            key = serialization.load_pem_private_key(key_path.read_bytes(), None)
            certificate = x509.load_pem_x509_certificate(path.read_bytes())
        except (OSError, ValueError, TypeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no PEM"
            raise ConfigError(f"the authority in {path} cannot be read: {why}") from None
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ConfigError(f"{key_path} holds no elliptic key; `ohmstead ca init` makes one")
        if key.public_key() != certificate.public_key():
            raise ConfigError(f"{path} is not the certificate of {key_path}; restore both together")
        return cls(key, certificate)

    @classmethod
    def make(cls, directory: Path, operator: str, now_ms: int) -> FileAuthority:
        """Make the authority of a directory; raises OperatorError where there is one."""
        key_path, path = directory / "keys" / KEY_FILE, directory / CERTIFICATE_FILE
        if key_path.exists():
            raise OperatorError(
                f"there is an authority in {directory} already, and stations trust it: to begin "
                f"anew move {CERTIFICATE_FILE} and keys/{KEY_FILE} away first"
            )
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _own(key, operator, _EPOCH + timedelta(milliseconds=now_ms))
        key_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        secret = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        # The key last: a certificate without its key is no authority, and is written anew.
        write_whole(path, _pem(certificate).encode())
        write_whole(key_path, secret, PRIVATE)
        return cls(key, certificate)


def _own(key: ec.EllipticCurvePrivateKey, operator: str, now: datetime) -> x509.Certificate:
    """The certificate an authority gives itself."""
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, operator[:64] or "Ohmstead"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{operator[:48] or 'Ohmstead'} stations"),
        ]
    )
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + timedelta(days=AUTHORITY_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()

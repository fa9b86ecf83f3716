"""A PKI for trying Plug & Charge out, every name of which says TEST: never one to trust.

As ISO 15118-2 and -20 have it: a V2G root with a CPO's two authorities below it, a mobility
operator's root with two, a contract, and a responder that the lower MO authority lets speak for it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from ohmstead.apps.trust import write_whole
from ohmstead.core.emaid import read_emaid
from ohmstead.errors import OperatorError
from ohmstead.frozen import Frozen

FOLDER = "pki-test"
CA_DAYS, LEAF_DAYS = 3_650, 730
PRIVATE = 0o600
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR = timedelta(hours=1)


class Pair(Frozen):
    """A certificate and its key."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def key_pem(self) -> bytes:
        form = serialization.PrivateFormat.PKCS8
        return self.key.private_bytes(
            serialization.Encoding.PEM, form, serialization.NoEncryption()
        )


class TestAuthorities:
    """Makes the certificates of one test PKI.

    Args:
        now_ms: from when they are good.
        generation: 2 (secp256r1, SHA-256) or 20 (secp521r1, SHA-512) of ISO 15118.
        ocsp_url: what the certificates name as their responder; "" for none.
    """

    __test__ = False  # of pytest, which goes by the name

    def __init__(self, now_ms: int, generation: int = 2, ocsp_url: str = "") -> None:
        self._now = _EPOCH + timedelta(milliseconds=now_ms)
        self._curve: ec.EllipticCurve = ec.SECP256R1() if generation == 2 else ec.SECP521R1()
        self._hash: hashes.SHA256 | hashes.SHA512 = hashes.SHA256()
        if generation == 20:
            self._hash = hashes.SHA512()
        self._ocsp_url = ocsp_url
        self.v2g_root = self.authority("TEST V2G Root", None, 2)
        self.cpo_1 = self.authority("TEST CPO Sub 1", self.v2g_root, 1)
        self.cpo_2 = self.authority("TEST CPO Sub 2", self.cpo_1, 0)
        self.mo_root = self.authority("TEST MO Root", None, 2)
        self.mo_1 = self.authority("TEST MO Sub 1", self.mo_root, 1)
        self.mo_2 = self.authority("TEST MO Sub 2", self.mo_1, 0)
        self.responder = self.leaf("TEST OCSP Responder", self.mo_2, is_responder=True)

    def authority(self, name: str, issuer: Pair | None, length: int, days: int = CA_DAYS) -> Pair:
        """An authority; its own issuer if it has none."""
        key = ec.generate_private_key(self._curve)
        builder = self._builder(name, key.public_key(), issuer, days)
        builder = builder.add_extension(x509.BasicConstraints(True, length), critical=True)
        builder = builder.add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
        signer = key if issuer is None else issuer.key
        return Pair(key, builder.sign(signer, self._hash))

    def leaf(
        self, name: str, issuer: Pair, days: int = LEAF_DAYS, *, is_responder: bool = False
    ) -> Pair:
        """A certificate of somebody: a contract, or an OCSP responder."""
        key = ec.generate_private_key(self._curve)
        builder = self._builder(name, key.public_key(), issuer, days)
        builder = builder.add_extension(x509.BasicConstraints(False, None), critical=True)
        usage = _usage("digital_signature", "content_commitment", "key_agreement")
        builder = builder.add_extension(usage, critical=True)
        if is_responder:
            purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
            builder = builder.add_extension(purposes, critical=False)
        return Pair(key, builder.sign(issuer.key, self._hash))

    def sign_csr(self, csr: x509.CertificateSigningRequest, issuer: Pair) -> x509.Certificate:
        """Sign what a station asks for, as a CPO's authority would."""
        name = csr.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        key = csr.public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise OperatorError("ISO 15118 knows keys on elliptic curves only")
        builder = self._builder(str(name), key, issuer, 90)
        return builder.sign(issuer.key, self._hash)

    def _builder(
        self, name: str, key: ec.EllipticCurvePublicKey, issuer: Pair | None, days: int
    ) -> x509.CertificateBuilder:
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Ohmstead TEST PKI"),
                x509.NameAttribute(NameOID.COMMON_NAME, name),
            ]
        )
        above = issuer.certificate.subject if issuer is not None else subject
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(above)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - _HOUR)
            .not_valid_after(self._now + timedelta(days=days))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        )
        if self._ocsp_url and issuer is not None:
            where = x509.UniformResourceIdentifier(self._ocsp_url)
            access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, where)
            information = x509.AuthorityInformationAccess([access])
            builder = builder.add_extension(information, critical=False)
        return builder


def _usage(*wanted: str) -> x509.KeyUsage:
    every = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: name in wanted for name in every})


def write_test_pki(
    directory: Path, now_ms: int, emaid: str, generation: int = 2, ocsp_url: str = ""
) -> Path:
    """Write a test PKI into ``pki-test``; raises OperatorError where there is one."""
    read = read_emaid(emaid)
    if read is None:
        raise OperatorError(f"{emaid[:40]!r} is no eMAID; --emaid is as in DE-ABC-C12345678")
    folder = directory / FOLDER
    if folder.exists():
        raise OperatorError(
            f"there is a test PKI in {folder} already; move it away to make another"
        )
    made = TestAuthorities(now_ms, generation, ocsp_url)
    contract = made.leaf(read.name, made.mo_2)
    folder.mkdir(mode=0o700)
    for name, pair in {
        "v2g-root": made.v2g_root,
        "cpo-sub-1": made.cpo_1,
        "cpo-sub-2": made.cpo_2,
        "mo-root": made.mo_root,
        "mo-sub-1": made.mo_1,
        "mo-sub-2": made.mo_2,
        "ocsp-responder": made.responder,
        "contract": contract,
    }.items():
        write_whole(folder / f"{name}.pem", pair.pem.encode())
        write_whole(folder / f"{name}.key", pair.key_pem, PRIVATE)
    chain = contract.pem + made.mo_2.pem + made.mo_1.pem
    authorities = made.mo_1.pem + made.mo_2.pem + made.cpo_1.pem + made.cpo_2.pem
    write_whole(folder / "contract-chain.pem", chain.encode())
    write_whole(folder / "roots.pem", (made.mo_root.pem + made.v2g_root.pem).encode())
    write_whole(folder / "authorities.pem", authorities.encode())
    return folder

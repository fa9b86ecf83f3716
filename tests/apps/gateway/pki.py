"""A small public key infrastructure, made for one test: a CA, servers, stations, revocations."""

from __future__ import annotations

import datetime
import ipaddress
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)
LOOPBACK = x509.SubjectAlternativeName(
    [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
)


def new_key(kind):
    if kind == "ecdsa":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(65537, 2048)


class Pki:
    """One CA and the files it gave out, in one folder."""

    def __init__(self, folder, name="the CA", kind="ecdsa"):
        self.folder, self.kind = folder, kind
        self.key = new_key("ecdsa")
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        usage = x509.KeyUsage(
            **dict.fromkeys(
                (
                    "digital_signature",
                    "content_commitment",
                    "key_encipherment",
                    "data_encipherment",
                    "key_agreement",
                    "encipher_only",
                    "decipher_only",
                ),
                False,
            ),
            key_cert_sign=True,
            crl_sign=True,
        )
        ca = self._builder(self.name, self.key, DAY)
        ca = ca.add_extension(x509.BasicConstraints(True, None), critical=True)
        self.certificate = ca.add_extension(usage, critical=True).sign(self.key, hashes.SHA256())
        self.ca = self._write(f"{name}.pem", self.certificate.public_bytes(Encoding.PEM))
        self.revoked = []

    def _builder(self, subject, key, until):
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 2 * DAY)
            .not_valid_after(now + until)
        )

    def _write(self, name, data):
        path = self.folder / name
        path.write_bytes(data)
        return path

    def issue(self, common_name, organization="ACME", kind=None, until=DAY, file=None):
        """Return the PEM files of a new certificate and its key, and the certificate."""
        key = new_key(kind or self.kind)
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
                x509.NameAttribute(NameOID.COMMON_NAME, common_name),
            ]
        )
        made = self._builder(subject, key, until).add_extension(LOOPBACK, critical=False)
        certificate = made.sign(self.key, hashes.SHA256())
        file = file or common_name
        form = PrivateFormat.PKCS8
        return (
            self._write(f"{file}.crt", certificate.public_bytes(Encoding.PEM)),
            self._write(f"{file}.key", key.private_bytes(Encoding.PEM, form, NoEncryption())),
            certificate,
        )

    def revoke(self, *certificates, until=DAY):
        """Write the CA's revocation list with these certificates on it."""
        now = datetime.datetime.now(datetime.UTC)
        made = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.name)
            .last_update(now - 2 * DAY)
            .next_update(now + until)
        )
        for certificate in certificates:
            entry = x509.RevokedCertificateBuilder().serial_number(certificate.serial_number)
            made = made.add_revoked_certificate(entry.revocation_date(now - DAY).build())
        signed = made.sign(self.key, hashes.SHA256())
        return self._write("revoked.crl", signed.public_bytes(Encoding.PEM))

    def client(self, certificate=None, key=None, version=None, ciphers=None):
        """A station's context, which trusts this CA."""
        context = ssl.create_default_context(cafile=str(self.ca))
        if certificate is not None:
            context.load_cert_chain(certificate, key)
        if version is not None:
            context.minimum_version = context.maximum_version = version
        if ciphers is not None:
            context.set_ciphers(ciphers)
        return context

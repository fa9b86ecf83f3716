"""What our authority says of what it took back: a revocation list, and answers to OCSP.

The list is written to ``ca.crl`` beside ``ca.pem``, for ``ocpp.tls.revoked``, and served by the API
as /pki/ca.crl; /pki/ocsp answers RFC 6960. Both are signed by the authority's own key.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from ohmstead.apps.stations.authority import FileAuthority
from ohmstead.apps.trust import write_whole
from ohmstead.core.revocation import REVOCATIONS_MAX, Revocation
from ohmstead.ports import Clock, Store
from ohmstead.wire.pki.certificate import UNREADABLE

CRL_FILE = "ca.crl"  # beside ca.pem
CRL_DAYS = 7  # until OpenSSL refuses every certificate
CRL_EVERY_MS = 24 * 3_600_000  # it is written anew
OCSP_HOURS = 12
REQUEST_LENGTH_MAX = 4_096
PAGE = 1_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_REASONS = {
    "keyCompromise": x509.ReasonFlags.key_compromise,
    "affiliationChanged": x509.ReasonFlags.affiliation_changed,
    "superseded": x509.ReasonFlags.superseded,
    "cessationOfOperation": x509.ReasonFlags.cessation_of_operation,
}


class Revoking:
    """Speaks for one authority."""

    def __init__(
        self, authority: FileAuthority, store: Store, clock: Clock, directory: Path
    ) -> None:
        self._authority, self._store, self._clock = authority, store, clock
        self._path = directory / CRL_FILE
        self._written_ms = 0
        self._der = b""

    def sweep(self) -> None:
        """Write the list anew once a day, so that it never runs out."""
        if self._clock.now_ms() - self._written_ms >= CRL_EVERY_MS:
            self.write()

    def write(self) -> None:
        """Write the list, whole or not at all."""
        self._written_ms = self._clock.now_ms()
        made = self._list()
        self._der = made.public_bytes(Encoding.DER)
        write_whole(self._path, made.public_bytes(Encoding.PEM))

    def crl(self) -> bytes:
        """The list in DER, as it was last written; anybody may ask for it, so it is not made anew
        for each."""
        if not self._der:
            self.write()
        return self._der

    def _list(self) -> x509.CertificateRevocationList:
        now = self._now()
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._authority.certificate.subject)
            .last_update(now - timedelta(hours=1))
            .next_update(now + timedelta(days=CRL_DAYS))
            .add_extension(x509.CRLNumber(self._clock.now_ms()), critical=False)
        )
        for one in self.revoked():
            entry = (
                x509.RevokedCertificateBuilder()
                .serial_number(int(one.serial, 16))
                .revocation_date(_moment(one.revoked_ms))
            )
            if one.reason in _REASONS:
                reason = x509.CRLReason(_REASONS[one.reason])
                entry = entry.add_extension(reason, critical=False)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(self._authority.key, hashes.SHA256())

    def revoked(self) -> list[Revocation]:
        """What is revoked and would be good still."""
        now_ms, after, found = self._clock.now_ms(), "", list[Revocation]()
        while len(found) < REVOCATIONS_MAX:
            page = self._store.find(Revocation, PAGE, after)
            if not page:
                break
            found += [one for one in page if one.not_after_ms >= now_ms]
            after = page[-1].key
        return found

    def answer(self, request: bytes) -> bytes:
        """An OCSPResponse in DER to an OCSPRequest; what is no request is told so, signed by
        nobody (RFC 6960, 2.3)."""
        try:
            if len(request) > REQUEST_LENGTH_MAX:
                raise ValueError("too long")
            asked = ocsp.load_der_ocsp_request(request)
            algorithm, serial = asked.hash_algorithm, asked.serial_number
            name, key = asked.issuer_name_hash, asked.issuer_key_hash
            if serial < 0:
                raise ValueError("no serial number")
            # Our certificate is its own issuer, so this is how it is named in theirs; by SHA-1 too,
            # which most clients use, and which proves nothing here.
            certificate = self._authority.certificate
            own = ocsp.OCSPRequestBuilder().add_certificate(certificate, certificate, algorithm)
            named = own.build()
        except UNREADABLE:
            return _refused(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)
        if (named.issuer_name_hash, named.issuer_key_hash) != (name, key):
            return _refused(ocsp.OCSPResponseStatus.UNAUTHORIZED)
        gone = self._store.get(Revocation, f"{serial:x}")
        # RFC 6960, 2.2: "good" says that it is not revoked, not that it was ever issued.
        word = ocsp.OCSPCertStatus.REVOKED if gone is not None else ocsp.OCSPCertStatus.GOOD
        now = self._now()
        builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
            issuer_name_hash=name,
            issuer_key_hash=key,
            serial_number=serial,
            algorithm=algorithm,
            cert_status=word,
            this_update=now - timedelta(minutes=5),
            next_update=now + timedelta(hours=OCSP_HOURS),
            revocation_time=_moment(gone.revoked_ms) if gone is not None else None,
            revocation_reason=_REASONS.get(gone.reason) if gone is not None else None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, certificate)
        made = builder.sign(self._authority.key, hashes.SHA256())
        return made.public_bytes(Encoding.DER)

    def _now(self) -> datetime:
        return _moment(self._clock.now_ms())


def _moment(at_ms: int) -> datetime:
    return _EPOCH + timedelta(seconds=at_ms // 1_000)


def _refused(status: ocsp.OCSPResponseStatus) -> bytes:
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)

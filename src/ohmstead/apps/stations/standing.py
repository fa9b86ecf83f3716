"""Were stations' certificates revoked? Known at the door at once, asked beside it.

What our own authority took back is in our store, and looked up each time. About the certificates of
others an OCSP responder is asked in the background (the security whitepaper's A00.FR.702), and its
answer kept until its next update: the door itself waits for nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from ohmstead.apps.gateway.interface import CertificateWord
from ohmstead.apps.stations.authority import FileAuthority
from ohmstead.core.revocation import Revocation
from ohmstead.core.station_log import CERTIFICATES_MAX, StationCertificate
from ohmstead.errors import PkiUnavailable, RemoteProtocolError
from ohmstead.hashing import sha256
from ohmstead.ports import Clock, Pki, Store
from ohmstead.wire.pki.certificate import Certificate, read_certificate, read_der, read_pem
from ohmstead.wire.pki.status import GOOD, REVOKED, id_of, read_answer

KEPT_MAX = 20_000  # certificates
KEPT_MS_MAX = 3_600_000  # for which a good word is kept, however long the responder gave it
FAILED_MS = 30_000
ASKING_MAX = 1_000  # at a time; a further one is asked about when it comes again

log = structlog.get_logger("ohmstead.gateway")


@dataclass(slots=True)
class _Kept:
    word: CertificateWord
    until_ms: int


class Standing:
    """What is known of stations' certificates.

    Args:
        mode: ``off``: only what our own authority took back; ``hard`` and ``soft``: others' too.
        client_ca: the file of the authorities whose certificates the listener takes.
        on_revoked: told of a station that was let in before the answer came.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        pki: Pki,
        authority: FileAuthority | None,
        mode: str,
        client_ca: Path | None,
        on_revoked: Callable[[str], None],
    ) -> None:
        self._store, self._clock, self._pki = store, clock, pki
        self._own = read_certificate(authority.certificate) if authority is not None else None
        self._mode, self._client_ca, self._on_revoked = mode, client_ca, on_revoked
        self._kept: dict[bytes, _Kept] = {}
        self._asking: dict[bytes, asyncio.Task[None]] = {}

    def word(self, station_id: str, der: bytes) -> CertificateWord:
        """What is known of a certificate now; begins to ask where nothing is."""
        if self._own is None and (self._mode == "off" or not der):
            return CertificateWord.GOOD
        if not der:
            return self._word_of_name(station_id)
        try:
            certificate = read_der(der)
        except RemoteProtocolError:
            return CertificateWord.UNKNOWN
        if self._own is not None and certificate.issuer == self._own.subject:
            serial = f"{certificate.x509.serial_number:x}"
            gone = self._store.get(Revocation, serial)
            return CertificateWord.GOOD if gone is None else CertificateWord.REVOKED
        if self._mode == "off":
            return CertificateWord.GOOD
        key, now_ms = sha256(der), self._clock.now_ms()
        kept = self._kept.get(key)
        if kept is not None and now_ms < kept.until_ms:
            return self._as_configured(kept.word)
        if key not in self._asking and len(self._asking) < ASKING_MAX:
            task = asyncio.get_running_loop().create_task(self._ask(station_id, key, certificate))
            self._asking[key] = task
            task.add_done_callback(lambda _: self._asking.pop(key, None))
        return self._as_configured(CertificateWord.ASKING)

    def _word_of_name(self, station_id: str) -> CertificateWord:
        """A proxy that ends TLS told the certificate's name alone, so nobody knows which it was:
        revoked, if our authority revoked one and the station has no other of it that counts.
        """
        now_ms, taken_back = self._clock.now_ms(), False
        for one in self._store.find(StationCertificate, CERTIFICATES_MAX, station_id=station_id):
            if one.is_v2g or not one.chain:
                continue
            if not one.revoked_ms and one.not_after_ms > now_ms:
                return CertificateWord.GOOD
            taken_back = taken_back or bool(one.revoked_ms)
        return CertificateWord.REVOKED if taken_back else CertificateWord.GOOD

    async def close(self) -> None:
        """Give up what is being asked."""
        tasks = list(self._asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _as_configured(self, word: CertificateWord) -> CertificateWord:
        """``soft``: who cannot be asked about is let in; only a revoked certificate is not."""
        if self._mode == "soft" and word is not CertificateWord.REVOKED:
            return CertificateWord.GOOD
        return word

    async def _ask(self, station_id: str, key: bytes, certificate: Certificate) -> None:
        word, until_ms = CertificateWord.UNKNOWN, self._clock.now_ms() + FAILED_MS
        try:
            word, until_ms = await self._answer(certificate)
        except (PkiUnavailable, RemoteProtocolError) as error:
            log.warning("a certificate cannot be checked", station=station_id, reason=str(error))
        while len(self._kept) >= KEPT_MAX:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = _Kept(word, until_ms)
        if word is CertificateWord.REVOKED:
            log.warning("a station's certificate was revoked", station=station_id)
            self._on_revoked(station_id)

    async def _answer(self, certificate: Certificate) -> tuple[CertificateWord, int]:
        issuer = next((one for one in self._authorities() if certificate.is_signed_by(one)), None)
        if issuer is None:
            raise RemoteProtocolError("ocpp.tls.client_ca has no certificate of its issuer")
        named, problem = id_of(certificate, issuer), "it names no OCSP responder"
        for url in certificate.ocsp_urls[:4]:
            try:
                der = await self._pki.certificate_status(
                    named.algorithm, named.name_hash, named.key_hash, named.serial, url
                )
                found = read_answer(der, named, [issuer], [], self._clock.now_ms())
            except (PkiUnavailable, RemoteProtocolError) as error:
                problem = str(error)
                continue
            until_ms = min(found.until_ms, self._clock.now_ms() + KEPT_MS_MAX)
            if found.word == REVOKED:
                return CertificateWord.REVOKED, until_ms
            if found.word == GOOD:
                return CertificateWord.GOOD, until_ms
            problem = "the responder does not know it"
        raise PkiUnavailable("NoOcspAnswer", problem)

    def _authorities(self) -> Sequence[Certificate]:
        """Read each time it is needed, because the file may be written anew."""
        if self._client_ca is None:
            return ()
        try:
            return read_pem(self._client_ca.read_bytes(), str(self._client_ca))
        except OSError as error:
            raise RemoteProtocolError(f"{self._client_ca}: {error.strerror}") from None

"""Who is let in, by the security profiles of OCPP (2.0.1 part 2, A00; the 1.6 whitepaper, 3).

    0  nothing is asked: stations that are registered for it, from networks listed for it
    1  HTTP Basic: the user is the station id
    2  the same over TLS
    3  a client certificate: CN is the station id, O the operator

A station proves what it can and is let in with the highest profile it proved, never with one below
its own. The first refusal is the answer.
"""

from __future__ import annotations

from http import HTTPStatus

import structlog

from ohmstead.apps.config import OcppConfig
from ohmstead.apps.gateway.closing import monotonic_ms
from ohmstead.apps.gateway.failures import FAILURES_MAX, Failures, Guesses
from ohmstead.apps.gateway.interface import CertificateWord, Directory, Stranger, Turned
from ohmstead.apps.gateway.origin import Networks, Origin, household
from ohmstead.apps.gateway.upgrade import (
    Headers,
    UpgradeRefused,
    basic_credentials,
    password_of,
)
from ohmstead.core.network import Station

CHALLENGE = ("WWW-Authenticate", 'Basic realm="ohmstead", charset="UTF-8"')
NEEDS = {
    1: "Basic credentials that fit are needed: the station id and its password",
    2: "this station must use TLS (wss) with its password: security profile 2",
    3: "this station must use TLS with its own client certificate: security profile 3",
}
STATUS = {
    Turned.UNKNOWN: HTTPStatus.NOT_FOUND,
    Turned.REJECTED: HTTPStatus.FORBIDDEN,
    Turned.ANOTHER_SECRET: HTTPStatus.UNAUTHORIZED,
}
GUESSED = "its password is weak and is being guessed: one guess a second is looked at; rotate it"
TOO_MANY = "too many failed log-ins for this station from this address"
RETRY_S = 600  # a person has to act first
ASKING_S = 5  # an OCSP responder has answered by then

_log = structlog.get_logger("ohmstead.gateway")


class Doorkeeper:
    """Checks what a station proves of itself."""

    def __init__(self, directory: Directory, config: OcppConfig) -> None:
        self._directory = directory
        self._failures = Failures()
        self.guesses = Guesses()
        self.reconfigure(config)

    def reconfigure(self, config: OcppConfig) -> None:
        """Decide so from now on; who failed too often is not forgotten."""
        self._open = Networks(config.open_networks)
        self._organization = config.tls.organization
        self._takes_serials = config.tls.names == "serial"
        self._asks_people = config.onboarding == "approve"

    def admit(self, station_id: str, origin: Origin, headers: Headers) -> tuple[Station, int]:
        """Return the station and the profile it came with; raises UpgradeRefused."""
        station = self._directory.find(station_id)
        if station is None:
            return self._meet(station_id, origin, headers)
        least = station.security_profile
        if origin.certificate is not None:
            profile = self._certified(station_id, origin, station.serial)
        elif least == 0 and origin.address in self._open:
            profile = 0
        else:
            profile = self._with_password(station, origin, headers)
        if profile < least:
            raise self._failed(station_id, origin, HTTPStatus.FORBIDDEN, NEEDS[least])
        self._failures.forget((origin.address, station.id))
        return station, profile

    def _meet(self, station_id: str, origin: Origin, headers: Headers) -> tuple[Station, int]:
        """Somebody unknown: refused, or let in to wait for a person's word."""
        if not self._asks_people:
            raise UpgradeRefused(HTTPStatus.NOT_FOUND, Turned.UNKNOWN.value)
        password: bytes | None = None
        profile = 3
        if origin.certificate is not None:
            self._certified(station_id, origin)
        else:
            password = password_of(station_id, basic_credentials(headers))
            profile = 2 if origin.is_encrypted else 1
            if not password:
                challenge = [CHALLENGE]
                raise self._failed(station_id, origin, HTTPStatus.UNAUTHORIZED, NEEDS[1], challenge)
        met = self._directory.meet(Stranger(station_id, password, profile, origin.address))
        if isinstance(met, Station):
            return met, profile
        if met is Turned.TOO_MANY:
            wait = [("Retry-After", str(RETRY_S))]
            raise UpgradeRefused(HTTPStatus.SERVICE_UNAVAILABLE, met.value, wait)
        raise self._failed(station_id, origin, STATUS[met], met.value)

    def _certified(self, station_id: str, origin: Origin, serial: str = "") -> int:
        """Profile 3. A certificate of somebody else is no reason to look at a password.

        2.0.1 A00.FR.405 asks for the station's serial number as CN; most operators write its id.
        """
        certificate = origin.certificate
        assert certificate is not None
        names = {station_id, serial} - {""} if self._takes_serials else {station_id}
        if certificate.common_name not in names:
            why = "the certificate's common name (CN) is not this station's id"
        elif self._organization and certificate.organization != self._organization:
            why = "the certificate's organization (O) is not the operator of this network"
        else:
            word = self._directory.certificate_word(station_id, certificate.der)
            if word is CertificateWord.GOOD:
                return 3
            if word is not CertificateWord.REVOKED:
                wait = [("Retry-After", str(ASKING_S))]
                raise UpgradeRefused(HTTPStatus.SERVICE_UNAVAILABLE, word.value, wait)
            why = word.value
        raise self._failed(station_id, origin, HTTPStatus.FORBIDDEN, why)

    def _with_password(self, station: Station, origin: Origin, headers: Headers) -> int:
        """Profiles 1 and 2; the password of a station that needs a certificate is not looked at."""
        if station.security_profile > 2:
            return 0
        pair = (household(origin.address), station.id)
        password = password_of(station.id, basic_credentials(headers))
        note = _wrong(headers, password)
        if password is not None:
            guessable = station.secret_is_weak or bool(station.secret_hash)
            if guessable and not self.guesses.may_look(pair, monotonic_ms()):
                note = GUESSED
            elif self._directory.password_ok(station, password):
                self.guesses.forget(pair)
                return 2 if origin.is_encrypted else 1
            elif guessable and self.guesses.missed(pair, monotonic_ms()):
                note = GUESSED
        challenge = [CHALLENGE]
        status = HTTPStatus.UNAUTHORIZED
        raise self._failed(station.id, origin, status, NEEDS[1], challenge, note)

    def _failed(
        self,
        station_id: str,
        origin: Origin,
        status: HTTPStatus,
        why: str,
        headers: list[tuple[str, str]] | None = None,
        note: str = "",
    ) -> UpgradeRefused:
        """Count a failure: 429 after five of them in a minute, for this station from there.

        Whoever guesses is not told that a password is weak, nor which of his guesses were looked
        at, nor what is wrong with his log-in: only the operator's ``note`` says so.
        """
        now_ms = monotonic_ms()
        count, end_ms = self._failures.count((origin.address, station_id), now_ms)
        note = note or why
        if count == FAILURES_MAX + 1 and note == GUESSED:
            _log.warning(note, station=station_id, address=origin.address)
        if count <= FAILURES_MAX and note != GUESSED:
            _log.warning(
                "log-in failed", station=station_id, address=origin.address, count=count, why=note
            )
            return UpgradeRefused(status, why, headers or [], note)
        return UpgradeRefused(
            HTTPStatus.TOO_MANY_REQUESTS,
            TOO_MANY,
            [("Retry-After", str((end_ms - now_ms) // 1_000 + 1))],
            note if note == GUESSED else f"{note}; {TOO_MANY}",
        )


def _wrong(headers: Headers, password: bytes | None) -> str:
    """What is wrong with a log-in whose password does not fit; nobody's user or password."""
    if password is not None:
        return "its password is wrong" if password else "its password is empty"
    if not headers.getall("Authorization", []):
        return "it sent no credentials: HTTP Basic with its id and its password is needed"
    if basic_credentials(headers) is None:
        return "its Authorization header is not HTTP Basic that can be read"
    return "the user of its credentials is not its station id"

"""Certificates of stations: issued once for a request, delivered until the station has spoken."""

from __future__ import annotations

from ohmstead.core.network import Counter
from ohmstead.core.station_log import CERTIFICATES_MAX, StationCertificate
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Decision, Job, State

JOB = "certificate"
REPEAT_MAX = 8  # times that one certificate is sent again because its station asks again


class Issue(Frozen):
    """A certificate that an authority just signed."""

    station_id: str
    csr_sha256: str
    chain: str
    serial: str
    not_after_ms: int


def issue(state: State, command: Issue, now_ms: int) -> Decision[StationCertificate]:
    """Remember a certificate and have it delivered.

    2.0.1 A02: a station that did not get its certificate asks again with the same CSR; it gets the
    same certificate again, and the new one is dropped.
    """
    for known in state.find(StationCertificate, CERTIFICATES_MAX, station_id=command.station_id):
        same = known.csr_sha256 == command.csr_sha256 and known.not_after_ms > now_ms
        if same and known.deliveries < REPEAT_MAX:
            again = replace(known, state="issued", deliveries=known.deliveries + 1)
            return Decision(again, (again,), jobs=(_delivery(again),))
    name = f"certificate/{command.station_id}"
    counter = state.get(Counter, name) or Counter(name, 0)
    fresh = StationCertificate(
        station_id=command.station_id,
        number=counter.value,
        serial=command.serial,
        csr_sha256=command.csr_sha256,
        chain=command.chain,
        not_after_ms=command.not_after_ms,
        issued_ms=now_ms,
    )
    counter = Counter(name, counter.value + 1)
    return Decision(fresh, (fresh, counter), jobs=(_delivery(fresh),))


def _delivery(certificate: StationCertificate) -> Job:
    station = certificate.station_id
    name = f"{JOB}/{station}/{certificate.number}/{certificate.deliveries}"
    payload = {"station": station, "certificate": certificate.key, "serial": certificate.serial}
    return Job(name, f"{JOB}/{station}", JOB, payload)


class Delivered(Frozen):
    """What the station said to its certificate."""

    key: str
    serial: str
    accepted: bool


def delivered(state: State, command: Delivered, _now_ms: int) -> Decision[bool]:
    """Keep the station's word; False where the certificate's place was taken meanwhile."""
    known = state.get(StationCertificate, command.key)
    if known is None or known.serial != command.serial:
        return Decision(False)
    told = replace(known, state="accepted" if command.accepted else "rejected")
    return Decision(True, (told,))

"""Certificates of stations: asked for, issued once for a request, delivered until the station has
spoken, and revoked."""

from __future__ import annotations

from ohmstead.core.network import Counter
from ohmstead.core.revocation import REASONS, Revocation
from ohmstead.core.station_log import CERTIFICATES_MAX, StationCertificate
from ohmstead.errors import OperatorError
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Decision, Job, State

JOB = "certificate"
ENROL = "enrol"
DAY_MS = 24 * 3_600_000  # for which the PKI may take its time
REPEAT_MAX = 8  # times that one certificate is sent again because its station asks again
WANTED_MAX = 3  # of one station, that the PKI has not answered yet


class Issue(Frozen):
    """A certificate that an authority just signed."""

    station_id: str
    csr_sha256: str
    chain: str
    serial: str
    not_after_ms: int
    kind: str = ""
    request_id: int = -1


def issue(state: State, command: Issue, now_ms: int) -> Decision[StationCertificate]:
    """Remember a certificate and have it delivered.

    2.0.1 A02: a station that did not get its certificate asks again with the same CSR; it gets the
    same certificate again, and the new one is dropped.
    """
    for known in _of(state, command.station_id):
        same = known.csr_sha256 == command.csr_sha256 and known.not_after_ms > now_ms
        if same and known.kind == command.kind and _may_repeat(known):
            again = _again(known, command.request_id)
            return Decision(again, (again,), jobs=(_delivery(again),))
    number, counter = _next(state, command.station_id)
    fresh = StationCertificate(
        station_id=command.station_id,
        number=number,
        serial=command.serial,
        csr_sha256=command.csr_sha256,
        chain=command.chain,
        not_after_ms=command.not_after_ms,
        issued_ms=now_ms,
        kind=command.kind,
        request_id=command.request_id,
    )
    return Decision(fresh, (fresh, counter), jobs=(_delivery(fresh),))


class Want(Frozen):
    """A CSR that somebody else has to sign, in their own time."""

    station_id: str
    csr_sha256: str
    csr: str
    kind: str
    request_id: int = -1


def want(state: State, command: Want, now_ms: int) -> Decision[StationCertificate | None]:
    """Keep a CSR until the PKI has signed it; None when too many of this station wait."""
    waiting = 0
    for known in _of(state, command.station_id):
        if known.state == "wanted" and now_ms - known.issued_ms < DAY_MS:
            waiting += 1
        if known.csr_sha256 != command.csr_sha256 or known.kind != command.kind:
            continue
        if known.state == "wanted" and now_ms - known.issued_ms < DAY_MS:
            return Decision(known)
        if known.chain and known.not_after_ms > now_ms and _may_repeat(known):
            again = _again(known, command.request_id)
            return Decision(again, (again,), jobs=(_delivery(again),))
    if waiting >= WANTED_MAX:
        return Decision(None)
    number, counter = _next(state, command.station_id)
    fresh = StationCertificate(
        station_id=command.station_id,
        number=number,
        serial="",
        csr_sha256=command.csr_sha256,
        chain="",
        not_after_ms=0,
        issued_ms=now_ms,
        state="wanted",
        kind=command.kind,
        request_id=command.request_id,
        csr=command.csr,
    )
    name = f"{ENROL}/{fresh.station_id}/{fresh.number}"
    payload = {"station": fresh.station_id, "certificate": fresh.key, "number": fresh.number}
    return Decision(fresh, (fresh, counter), jobs=(Job(name, name, ENROL, payload),))


class Enrolled(Frozen):
    """What became of a CSR at the PKI; an empty ``chain`` for one that it will not sign."""

    key: str
    number: int
    chain: str = ""
    serial: str = ""
    not_after_ms: int = 0


def enrolled(state: State, command: Enrolled, now_ms: int) -> Decision[StationCertificate | None]:
    """Keep the PKI's word, and have the certificate delivered; None where nobody waits for it."""
    known = state.get(StationCertificate, command.key)
    if known is None or known.number != command.number or known.state != "wanted":
        return Decision(None)
    if not command.chain:
        failed = replace(known, state="failed", csr="")
        return Decision(failed, (failed,))
    made = replace(
        known,
        state="issued",
        csr="",
        chain=command.chain,
        serial=command.serial,
        not_after_ms=command.not_after_ms,
        issued_ms=now_ms,
    )
    return Decision(made, (made,), jobs=(_delivery(made),))


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


class Revoke(Frozen):
    """Take a certificate of our authority back."""

    station_id: str
    serial: str
    reason: str = REASONS[0]


def revoke(state: State, command: Revoke, now_ms: int) -> Decision[Revocation]:
    """Revoke a certificate, once; raises OperatorError for one our authority did not issue."""
    known = state.get(Revocation, command.serial)
    if known is not None:
        return Decision(known)
    found = [one for one in _of(state, command.station_id) if one.serial == command.serial]
    if not found or found[0].is_v2g:
        raise OperatorError(
            f"station {command.station_id} has no certificate {command.serial[:40]!r} of our "
            "authority; `ohmstead station certificates` lists those it has"
        )
    if command.reason not in REASONS:
        raise OperatorError(f"reason: one of {', '.join(REASONS)}")
    one = replace(found[0], revoked_ms=now_ms)
    gone = Revocation(one.serial, one.station_id, now_ms, one.not_after_ms, command.reason)
    return Decision(gone, (one, gone))


def _of(state: State, station_id: str) -> list[StationCertificate]:
    return state.find(StationCertificate, CERTIFICATES_MAX, station_id=station_id)


def _may_repeat(known: StationCertificate) -> bool:
    return known.deliveries < REPEAT_MAX and not known.revoked_ms


def _again(known: StationCertificate, request_id: int) -> StationCertificate:
    deliveries = known.deliveries + 1
    return replace(known, state="issued", deliveries=deliveries, request_id=request_id)


def _next(state: State, station_id: str) -> tuple[int, Counter]:
    name = f"certificate/{station_id}"
    counter = state.get(Counter, name) or Counter(name, 0)
    return counter.value, Counter(name, counter.value + 1)


def _delivery(certificate: StationCertificate) -> Job:
    station = certificate.station_id
    name = f"{JOB}/{station}/{certificate.number}/{certificate.deliveries}"
    payload = {"station": station, "certificate": certificate.key, "serial": certificate.serial}
    return Job(name, f"{JOB}/{station}", JOB, payload)

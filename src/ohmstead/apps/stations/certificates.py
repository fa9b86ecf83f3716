"""Certificates on their way: asked for by a station, signed, and delivered.

A station's own is signed by our authority at once. One for ISO 15118 is signed by the V2G PKI in
its own time: the CSR is kept, the station is told ``Accepted``, and an outbox job sees to the rest.
"""

from __future__ import annotations

import msgspec
import structlog
from cryptography import x509

from ohmstead.apps.gateway.interface import Answered, Refused
from ohmstead.apps.stations.authority import Unsuitable, suitable_for_v2g
from ohmstead.apps.stations.commanding.author import because, speaking
from ohmstead.apps.stations.commands import Links, command
from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.stations.services import Services
from ohmstead.core.network import Station
from ohmstead.core.station_log import CERTIFICATES_MAX, StationCertificate
from ohmstead.errors import PkiUnavailable, RemoteProtocolError
from ohmstead.flows.certificates import (
    ENROL,
    JOB,
    Delivered,
    Enrolled,
    Issue,
    Want,
    delivered,
    enrolled,
    issue,
    want,
)
from ohmstead.flows.station_log import Happening, Tell, tell
from ohmstead.frozen import Frozen, replace
from ohmstead.hashing import sha256
from ohmstead.ports import Job, Store
from ohmstead.wire.ocpp.base import Version
from ohmstead.wire.pki.certificate import UNREADABLE, read_pem
from ohmstead.wire.pki.status import CertificateId, is_named

CHAIN_LENGTH_MAX = 10_000  # characters of certificateChain
PAGE = 1_000
JOBS = frozenset({JOB, ENROL})
V2G_GENERATIONS = {"V2GCertificate": 2, "V2G20Certificate": 20}

__all__ = ["JOBS", "Asked", "carry_out", "sign"]

log = structlog.get_logger()


class Asked(Frozen):
    """What a SignCertificate asks for; ``root`` under which (2.1), ``request_id`` -1 for none."""

    csr: str
    kind: str = ""
    request_id: int = -1
    root: CertificateId | None = None

    @property
    def digest(self) -> str:
        return sha256(self.csr.encode("utf-8", "replace")).hex()


async def sign(peer: StationPeer, asked: Asked) -> Unsuitable | None:
    """Sign a CSR and have it delivered; returns why it was not. Both are told to the operator."""
    services, station_id = peer.services, peer.station_id
    try:
        if asked.kind in V2G_GENERATIONS:
            await _want(peer, asked)
            text = f"{asked.kind} is asked for at the certificate pool"
        else:
            text = await _sign(peer, asked)
    except Unsuitable as refused:
        event = Happening("SignCertificate", code=refused.code, text=str(refused), security=True)
        await services.store.run(tell, Tell(station_id, (event,)))
        return refused
    code = "Wanted" if asked.kind in V2G_GENERATIONS else "Issued"
    event = Happening("SignCertificate", code=code, text=text, security=True)
    await services.store.run(tell, Tell(station_id, (event,)))
    return None


async def _sign(peer: StationPeer, asked: Asked) -> str:
    """A certificate of our own authority; raises Unsuitable."""
    services, authority = peer.services, peer.services.authority
    if authority is None:
        raise Unsuitable("NoAuthority", "there is no authority; `ohmstead ca init` makes one")
    if asked.root is not None and not authority.is_root(asked.root):
        raise Unsuitable("UnknownRoot", "hashRootCertificate is not the root of our authority")
    issued = authority.issue(names_of(peer), asked.csr, services.clock.now_ms())
    if is_taken_back(services.store, peer.station_id, issued.chain):
        raise Unsuitable("CsrRevoked", "this key was revoked; the station has to make another")
    # A CSR that comes again gets its certificate again, but not one with the O of before.
    about = f"{authority.organization}\0" if authority.organization else ""
    made = Issue(
        peer.station_id,
        replace(asked, csr=about + asked.csr).digest,
        issued.chain,
        issued.serial,
        issued.not_after_ms,
        asked.kind,
        asked.request_id,
    )
    kept = await services.store.run(issue, made)
    return f"serial {kept.serial}"


async def _want(peer: StationPeer, asked: Asked) -> None:
    """A certificate of the V2G PKI; raises Unsuitable."""
    contracts = peer.services.contracts
    if contracts is None or not contracts.has_pool:
        raise Unsuitable("NoV2gAuthority", "nobody signs for ISO 15118 here: set pki.pool_url")
    suitable_for_v2g(asked.csr, V2G_GENERATIONS[asked.kind])
    if asked.root is not None:
        try:
            roots = await contracts.roots()
        except PkiUnavailable as error:
            raise Unsuitable(error.code, str(error)) from None
        if not any(is_named(asked.root, one) for one in roots):
            raise Unsuitable("UnknownRoot", "hashRootCertificate is of no root that we trust")
    wanted = Want(peer.station_id, asked.digest, asked.csr, asked.kind, asked.request_id)
    if await peer.services.store.run(want, wanted) is None:
        raise Unsuitable("TooManyRequests", "too many requests of this station wait for the pool")


def names_of(peer: StationPeer) -> tuple[str, ...]:
    """What a station may be called in its certificate.

    2.0.1 A00.FR.511: its serial number; only while no other station goes by it, because a station
    tells its number itself.
    """
    serial, tls = peer.station.serial, peer.services.config.tls
    if tls.names != "serial" or serial in ("", peer.station_id):
        return (peer.station_id,)
    store, after = peer.services.store, ""
    while page := store.find(Station, PAGE, after):
        for one in page:
            if one.id != peer.station_id and serial in (one.id, one.serial):
                log.warning("two stations of one serial", station=peer.station_id, other=one.id)
                return (peer.station_id,)
        after = page[-1].key
    return (peer.station_id, serial)


def is_taken_back(store: Store, station_id: str, chain: str) -> bool:
    """Whether the key of this certificate is one that was revoked for this station."""
    key = x509.load_pem_x509_certificate(chain.encode()).public_key()
    for known in store.find(StationCertificate, CERTIFICATES_MAX, station_id=station_id):
        if known.revoked_ms and known.chain:
            try:
                if x509.load_pem_x509_certificate(known.chain.encode()).public_key() == key:
                    return True
            except UNREADABLE:
                continue
    return False


async def carry_out(services: Services, links: Links, job: Job) -> bool:
    """Deliver a certificate, or have one signed; False while that has to wait."""
    if job.kind == ENROL:
        return await _enrol(services, job)
    station_id, key = job.payload["station"], job.payload["certificate"]
    link = links.link(station_id)
    if link is None:
        return False
    known = services.store.get(StationCertificate, key)
    if known is None or known.serial != job.payload["serial"] or known.revoked_ms:
        return True  # a newer one took its place
    payload = {"certificateChain": known.chain}
    if link.version is not Version.V16 and known.kind:
        payload["certificateType"] = known.kind
    message = msgspec.json.encode(
        {**payload, "requestId": known.request_id}
        if link.version is Version.V21 and known.request_id >= 0
        else payload
    )
    with speaking(because("the station asked for a certificate")):
        done = await command(links, station_id, "CertificateSigned", message)
    if not isinstance(done.outcome, Answered | Refused):
        return False
    accepted = b'"Accepted"' in done.payload
    await services.store.run(delivered, Delivered(key, known.serial, accepted))
    code = "Accepted" if accepted else "Rejected"
    event = Happening("CertificateSigned", code=code, text=f"serial {known.serial}", security=True)
    await services.store.run(tell, Tell(station_id, (event,)))
    return True


async def _enrol(services: Services, job: Job) -> bool:
    station_id, key, number = (job.payload[name] for name in ("station", "certificate", "number"))
    known, contracts = services.store.get(StationCertificate, key), services.contracts
    if known is None or known.number != number or known.state != "wanted" or contracts is None:
        return True
    try:
        chain = await contracts.pki.sign_v2g(known.csr, V2G_GENERATIONS[known.kind])
        leaf = read_pem(chain, "the pool's chain")[0]
        if len(chain) > CHAIN_LENGTH_MAX:
            raise PkiUnavailable("AnswerTooLong", "the chain is too long for OCPP", is_final=True)
    except (PkiUnavailable, RemoteProtocolError) as error:
        if isinstance(error, PkiUnavailable) and not error.is_final:
            log.warning("a certificate waits for the pool", station=station_id, reason=str(error))
            return False
        code = error.code if isinstance(error, PkiUnavailable) else "BadPkiAnswer"
        await services.store.run(enrolled, Enrolled(key, number))
        event = Happening("SignCertificate", code=code, text=str(error)[:400], security=True)
        await services.store.run(tell, Tell(station_id, (event,)))
        return True
    serial = f"{leaf.x509.serial_number:x}"
    await services.store.run(enrolled, Enrolled(key, number, chain, serial, leaf.not_after_ms))
    event = Happening("SignCertificate", code="Issued", text=f"serial {serial}", security=True)
    await services.store.run(tell, Tell(station_id, (event,)))
    return True

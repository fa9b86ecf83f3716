"""Certificates on their way: asked for by a station, signed, delivered, and renewed in time."""

from __future__ import annotations

import asyncio

import msgspec
import structlog

from ohmstead.apps.gateway.interface import Answered, Refused
from ohmstead.apps.stations.authority import Unsuitable
from ohmstead.apps.stations.commanding.author import because, speaking
from ohmstead.apps.stations.commands import Links, command
from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.stations.services import Services
from ohmstead.core.station_log import StationCertificate
from ohmstead.errors import OhmsteadError
from ohmstead.flows.certificates import JOB, Delivered, Issue, delivered, issue
from ohmstead.flows.station_log import Happening, Tell, tell
from ohmstead.hashing import sha256
from ohmstead.ports import Job
from ohmstead.wire.ocpp.base import Version

RENEW_MS = 30 * 24 * 3_600_000  # before its end
ASK_MS = 24 * 3_600_000  # a station is asked to renew once a day
LOOK_MS = 3_600_000  # certificates end on a day, so an hour is soon enough
PAGE = 200

__all__ = ["JOB", "Renewals", "carry_out", "sign"]

log = structlog.get_logger()


async def sign(peer: StationPeer, csr: str, is_v2g: bool = False) -> Unsuitable | None:
    """Sign a CSR and have it delivered; returns why it was not. Both are told to the operator."""
    services = peer.services
    try:
        if is_v2g:
            raise Unsuitable("NoV2gAuthority", "nobody here signs certificates for ISO 15118")
        if services.authority is None:
            raise Unsuitable("NoAuthority", "there is no authority; `ohmstead ca init` makes one")
        issued = services.authority.issue(peer.station_id, csr, services.clock.now_ms())
    except Unsuitable as refused:
        event = Happening("SignCertificate", code=refused.code, text=str(refused), security=True)
        await services.store.run(tell, Tell(peer.station_id, (event,)))
        return refused
    digest = sha256(csr.encode("utf-8", "replace")).hex()
    asked = Issue(peer.station_id, digest, issued.chain, issued.serial, issued.not_after_ms)
    kept = await services.store.run(issue, asked)
    event = Happening("SignCertificate", code="Issued", text=f"serial {kept.serial}", security=True)
    await services.store.run(tell, Tell(peer.station_id, (event,)))
    return None


async def carry_out(services: Services, links: Links, job: Job) -> bool:
    """Deliver a certificate; False while the station cannot be asked."""
    station_id, key = job.payload["station"], job.payload["certificate"]
    if links.link(station_id) is None:
        return False
    known = services.store.get(StationCertificate, key)
    if known is None or known.serial != job.payload["serial"]:
        return True  # a newer one took its place
    payload = msgspec.json.encode({"certificateChain": known.chain})
    with speaking(because("the station asked for a certificate")):
        done = await command(links, station_id, "CertificateSigned", payload)
    if not isinstance(done.outcome, Answered | Refused):
        return False
    accepted = b'"Accepted"' in done.payload
    await services.store.run(delivered, Delivered(key, known.serial, accepted))
    code = "Accepted" if accepted else "Rejected"
    event = Happening("CertificateSigned", code=code, text=f"serial {known.serial}", security=True)
    await services.store.run(tell, Tell(station_id, (event,)))
    return True


class Renewals:
    """Asks stations whose certificate ends soon to ask for another."""

    def __init__(self, services: Services, links: Links) -> None:
        self._services, self._links = services, links
        self._asked_ms: dict[str, int] = {}
        self._looked_ms = -LOOK_MS

    async def sweep(self) -> None:
        """Look at the stations that have a certificate of ours; asks each at most once a day."""
        now_ms = self._services.clock.now_ms()
        if now_ms - self._looked_ms < LOOK_MS:
            return
        self._looked_ms = now_ms
        for station_id, known in (await self._newest()).items():
            is_due = known.not_after_ms - now_ms < RENEW_MS
            if is_due and now_ms - self._asked_ms.get(station_id, -ASK_MS) >= ASK_MS:
                await self._ask(station_id, now_ms)

    async def _newest(self) -> dict[str, StationCertificate]:
        """The certificate that each station uses, read a page at a time for the others' sake."""
        newest: dict[str, StationCertificate] = {}
        after = ""
        while page := self._services.store.find(StationCertificate, PAGE, after):
            for known in page:
                before = newest.get(known.station_id)
                is_newer = before is None or known.not_after_ms > before.not_after_ms
                if known.state == "accepted" and is_newer:
                    newest[known.station_id] = known
            after = page[-1].key
            await asyncio.sleep(0)
        return newest

    async def _ask(self, station_id: str, now_ms: int) -> None:
        link = self._links.link(station_id)
        if link is None:
            return
        self._asked_ms[station_id] = now_ms
        if link.version is Version.V16:
            action, message = "ExtendedTriggerMessage", "SignChargePointCertificate"
        else:
            action, message = "TriggerMessage", "SignChargingStationCertificate"
        payload = msgspec.json.encode({"requestedMessage": message})
        try:
            with speaking(because("its certificate ends within 30 days")):
                await command(self._links, station_id, action, payload)
        except OhmsteadError as error:
            log.warning("a renewal waits", station=station_id, reason=str(error))

"""Asks stations whose certificate ends soon to ask for another: their own, and those for V2G."""

from __future__ import annotations

import asyncio

import msgspec
import structlog

from ohmstead.apps.stations.commanding.author import because, speaking
from ohmstead.apps.stations.commands import Links, command
from ohmstead.apps.stations.services import Services
from ohmstead.apps.stations.unfit import organization_of
from ohmstead.core.station_log import StationCertificate
from ohmstead.errors import OhmsteadError
from ohmstead.wire.ocpp.base import Version

ASK_MS = 24 * 3_600_000  # a station is asked to renew once a day
LOOK_MS = 3_600_000  # certificates end on a day, so an hour is soon enough
DAY_MS = 24 * 3_600_000
PAGE = 200
OWN = "ChargingStationCertificate"
TRIGGERS = {
    OWN: "SignChargingStationCertificate",
    "V2GCertificate": "SignV2GCertificate",
    "V2G20Certificate": "SignV2G20Certificate",
}

log = structlog.get_logger()


class Renewals:
    """Looks at what was issued; ``days`` before its end a certificate is to be renewed."""

    def __init__(self, services: Services, links: Links, days: int) -> None:
        self._services, self._links, self._days = services, links, days
        self._asked_ms: dict[tuple[str, str], int] = {}
        self._looked_ms = -LOOK_MS

    async def sweep(self) -> None:
        """Look at the stations that have a certificate; asks for each at most once a day."""
        now_ms = self._services.clock.now_ms()
        if now_ms - self._looked_ms < LOOK_MS:
            return
        self._looked_ms = now_ms
        for (station_id, kind), known in (await self._newest()).items():
            why = self._why_due(known, now_ms)
            asked_ms = self._asked_ms.get((station_id, kind), -ASK_MS)
            if why and now_ms - asked_ms >= ASK_MS:
                await self._ask(station_id, kind, now_ms, why)

    def _why_due(self, known: StationCertificate, now_ms: int) -> str:
        if known.not_after_ms - now_ms < self._days * DAY_MS:
            return f"its certificate ends within {self._days} days"
        authority = self._services.authority
        if known.is_v2g or authority is None or not authority.organization:
            return ""
        if organization_of(known.chain) == authority.organization:
            return ""
        return "its certificate does not have the O of ocpp.tls.organization"

    async def _newest(self) -> dict[tuple[str, str], StationCertificate]:
        """The certificates that stations use, read a page at a time for the others' sake."""
        newest: dict[tuple[str, str], StationCertificate] = {}
        after = ""
        while page := self._services.store.find(StationCertificate, PAGE, after):
            for known in page:
                name = (known.station_id, known.kind or OWN)
                before = newest.get(name)
                is_newer = before is None or known.not_after_ms > before.not_after_ms
                if known.state == "accepted" and not known.revoked_ms and is_newer:
                    newest[name] = known
            after = page[-1].key
            await asyncio.sleep(0)
        return newest

    async def _ask(self, station_id: str, kind: str, now_ms: int, why: str) -> None:
        link = self._links.link(station_id)
        if link is None or kind not in TRIGGERS:
            return
        message = TRIGGERS[kind]
        if kind == "V2G20Certificate" and link.version is not Version.V21:
            return  # 2.0.1 has no word for it
        action = "TriggerMessage"
        if link.version is Version.V16:
            action, message = "ExtendedTriggerMessage", "SignChargePointCertificate"
            if kind != OWN:
                return
        self._asked_ms[station_id, kind] = now_ms
        payload = msgspec.json.encode({"requestedMessage": message})
        try:
            with speaking(because(why)):
                await command(self._links, station_id, action, payload)
        except OhmsteadError as error:
            log.warning("a renewal waits", station=station_id, reason=str(error))

"""Unknown stations while they wait for approval: let in, heard, and told to wait.

Only with ``onboarding = "approve"``. A stranger proves that he is the same one each time (the
password he first came with is pinned) and may do what behaviour 12 leaves a pending station. Their
number, their rate and what is kept of each are bounded: anybody can reach this door.
"""

from __future__ import annotations

from hmac import compare_digest
from typing import Any

import msgspec
import structlog

from ohmstead.apps.gateway.closing import monotonic_ms
from ohmstead.apps.gateway.interface import Link, Stranger, Turned
from ohmstead.apps.stations.admission import BOOT, check_admission
from ohmstead.apps.stations.passwords import is_weak, spelt
from ohmstead.apps.stations.services import Services
from ohmstead.core.network import Admission, Station
from ohmstead.core.newcomer import Newcomer, NewcomerState
from ohmstead.flows.newcomers import Introduce, introduce
from ohmstead.frozen import replace
from ohmstead.units import MS_PER_S
from ohmstead.wire.ocpp.base import Version
from ohmstead.wire.ocpp.codec import ACTIONS, OF_TRANSACTIONS, Strictness, decode_as
from ohmstead.wire.ocpp.faults import CallRefused, ErrorCode
from ohmstead.wire.ocpp.frames import CallReceived, LateError, LateResult
from ohmstead.wire.ocpp.times import format_time

HOUR_MS = 3_600 * MS_PER_S
EVIDENCE_MAX = 100  # messages of transactions kept of one newcomer, while this process runs
TEXT_LENGTH_MAX = 64

log = structlog.get_logger()


class Newcomers:
    """Who came and is not registered; in the store from the first boot on.

    Args:
        services: store, clock, configuration, and what passwords are pinned under.
    """

    def __init__(self, services: Services) -> None:
        self.services = services
        self._last: Newcomer | None = None
        self._new: dict[str, Newcomer] = {}  # connected and not booted yet
        self._hour_ends_ms = 0
        self._this_hour = 0
        self._evidence: dict[str, int] = {}  # one entry for each that waits, at most

    def meet(self, stranger: Stranger) -> Station | Turned:
        """Decide about somebody unknown; the Station is pending and stands in no store."""
        mac = ""
        if stranger.password is not None:
            mac = self.services.registry.mac(stranger.station_id, stranger.password)
        known = self.services.store.get(Newcomer, stranger.station_id)
        known = known or self._new.get(stranger.station_id)
        if known is None:
            if not self._has_room():
                return Turned.TOO_MANY
            known = Newcomer(
                stranger.station_id,
                mac,
                stranger.profile,
                stranger.address,
                self.services.clock.now_ms(),
                secret_is_weak=is_weak(spelt(stranger.password or b"")),
            )
        elif known.state is NewcomerState.REJECTED:
            return Turned.REJECTED
        elif not compare_digest(mac, known.secret_mac):
            return Turned.ANOTHER_SECRET
        self._last = replace(known, address=stranger.address)
        return Station(
            known.id,
            *(mac, (), "", ()),
            admission=Admission.PENDING,
            security_profile=stranger.profile,
        )

    def peer(self, station: Station, version: Version) -> NewcomerPeer:
        """Return the handlers of who was met last: the gateway asks in the same turn."""
        newcomer = self._last
        assert newcomer is not None and newcomer.id == station.id
        return NewcomerPeer(self, station, replace(newcomer, version=version.subprotocol))

    def _has_room(self) -> bool:
        """Whether one more may wait: there are few enough, and few came lately."""
        config, waiting = self.services.config, NewcomerState.WAITING.value
        if monotonic_ms() >= self._hour_ends_ms:
            self._hour_ends_ms, self._this_hour = monotonic_ms() + HOUR_MS, 0
        most = config.newcomers_max
        if self._this_hour >= config.newcomers_per_hour or len(self._new) >= most:
            return False
        return len(self.services.store.find(Newcomer, most, state=waiting)) < most

    def came(self, newcomer: Newcomer) -> None:
        """It is connected; without a boot nothing will be left of it."""
        if not newcomer.booted_ms:
            self._new[newcomer.id] = newcomer

    def went(self, newcomer: Newcomer) -> None:
        """Its connection has ended."""
        self._new.pop(newcomer.id, None)

    async def introduce(self, newcomer: Newcomer) -> bool:
        """Write down what it says of itself; False when there is no room for it."""
        is_new = self.services.store.get(Newcomer, newcomer.id) is None
        if is_new and not self._has_room_for(newcomer):
            return False
        most = self.services.config.newcomers_max
        done = await self.services.store.run(introduce, Introduce(newcomer, most))
        if is_new and done:
            self._this_hour += 1
            self._new.pop(newcomer.id, None)
            log.warning("unknown station waits", station=newcomer.id, address=newcomer.address)
        return done

    def _has_room_for(self, newcomer: Newcomer) -> bool:
        self._new.pop(newcomer.id, None)
        return self._has_room()

    def may_keep(self, newcomer: Newcomer) -> bool:
        """Whether one more message of it is kept as evidence."""
        if not newcomer.booted_ms:
            return False
        count = self._evidence.get(newcomer.id, 0)
        if count < EVIDENCE_MAX:
            self._evidence[newcomer.id] = count + 1
        return count < EVIDENCE_MAX


class NewcomerPeer:
    """One connection of an unknown station; implements the gateway's Peer."""

    def __init__(self, newcomers: Newcomers, station: Station, newcomer: Newcomer) -> None:
        self._newcomers = newcomers
        self._station = station
        self._newcomer = newcomer

    async def handle(self, call: CallReceived) -> bytes:
        """Boot is answered Pending; the rest as behaviour 12 says of a pending station."""
        if call.action == BOOT:
            return await self._boot(call)
        if call.action in OF_TRANSACTIONS and not self._newcomers.may_keep(self._newcomer):
            raise CallRefused(ErrorCode.SECURITY_ERROR, "this station waits for approval")
        await check_admission(self._newcomers.services, self._station, call)
        raise CallRefused(ErrorCode.NOT_SUPPORTED, f"{call.action}: not before the approval")

    async def _boot(self, call: CallReceived) -> bytes:
        services, version = self._newcomers.services, Version(self._newcomer.version[4:])
        decode_as(ACTIONS[version][BOOT].request, call.payload, Strictness.LENIENT)
        told = _of_itself(msgspec.json.decode(call.payload))
        introduced = replace(self._newcomer, **told)
        if not await self._newcomers.introduce(introduced):
            raise CallRefused(ErrorCode.SECURITY_ERROR, "too many unknown stations wait already")
        now_ms = services.clock.now_ms()
        self._newcomer = replace(introduced, booted_ms=now_ms)
        return msgspec.json.encode(
            {
                "currentTime": format_time(now_ms),
                "interval": services.config.retry_s,
                "status": Admission.PENDING.value,
            }
        )

    def connected(self, link: Link) -> None:
        self._newcomers.came(self._newcomer)

    def disconnected(self, link: Link) -> None:
        self._newcomers.went(self._newcomer)

    def late(self, event: LateResult | LateError) -> None:
        """Nothing was asked of it."""


def _of_itself(payload: dict[str, Any]) -> dict[str, str]:
    """What a boot tells of the station, in 1.6 and in 2.x; the text of strangers is cut."""
    inner = payload.get("chargingStation")
    said = inner if isinstance(inner, dict) else payload
    names = {
        "vendor": ("vendorName", "chargePointVendor"),
        "model": ("model", "chargePointModel"),
        "serial": ("serialNumber", "chargePointSerialNumber"),
        "firmware": ("firmwareVersion",),
    }
    return {
        ours: str(next((said[one] for one in theirs if one in said), ""))[:TEXT_LENGTH_MAX]
        for ours, theirs in names.items()
    }

"""Sessions whose stop is missing: the station is asked, and silence ends in review.

Behaviour 9: "Otherwise GetTransactionStatus on each reconnect, up to 24 h, then review;
`messagesInQueue` keeps it open." OCPP 1.6 has no such question, so there time alone decides. A
station that is away is waited for: what it keeps offline is still to come.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping

import structlog

from ohmstead.apps.gateway.interface import Answered, Refused
from ohmstead.apps.stations.commanding.author import because, speaking
from ohmstead.apps.stations.commands import Links, command
from ohmstead.apps.stations.peer import Presence
from ohmstead.apps.stations.services import Services, zone_of
from ohmstead.core.network import Admission
from ohmstead.core.session import OPEN_STATES, Session
from ohmstead.errors import OhmsteadError
from ohmstead.flows.charging.kept import progress_of
from ohmstead.flows.charging.missing import GiveUp, give_up, is_silent
from ohmstead.flows.charging.review import Expire, expire
from ohmstead.ports import Store
from ohmstead.units import MS_PER_HOUR
from ohmstead.wire.ocpp.base import Version
from ohmstead.wire.ocpp.codec import Strictness, decode_as, encode
from ohmstead.wire.ocpp.faults import CallRefused, ErrorCode
from ohmstead.wire.ocpp.v201 import GetTransactionStatusRequest, GetTransactionStatusResponse

PAGE = 200
DELIVERY_MS = MS_PER_HOUR  # a station that is back gets this long to send what it kept
_UNKNOWN_TO_IT = frozenset({ErrorCode.NOT_IMPLEMENTED, ErrorCode.NOT_SUPPORTED})

log = structlog.get_logger()


class MissingStops:
    """Looks after the open sessions of all stations; owns nothing but the rules above."""

    def __init__(self, services: Services, links: Links, presence: Mapping[str, Presence]) -> None:
        self._services = services
        self._links = links
        self._presence = presence

    def of(self, station_id: str) -> list[Session]:
        """The open sessions of a station that is back; those beyond wait for the sweep."""
        return self._services.store.find(Session, PAGE, open_at=station_id)

    async def ask_again(self, sessions: Iterable[Session]) -> None:
        """A station is back: ask it about each of its open sessions."""
        try:
            await self._look_at(sessions)
        except OhmsteadError as error:
            log.warning("open sessions wait", reason=str(error))

    async def sweep(self) -> None:
        """Look at every session that has been silent too long or whose hold is over."""
        store, now_ms = self._services.store, self._services.clock.now_ms()
        by_station: dict[str, list[Session]] = defaultdict(list)
        async for session in _open(store):
            if (
                is_silent(session, progress_of(store, session), now_ms)
                or 0 < session.hold_expires_ms <= now_ms
            ):
                by_station[session.station_id].append(session)
        await asyncio.gather(*(self._look_at(sessions) for sessions in by_station.values()))

    async def _look_at(self, sessions: Iterable[Session]) -> None:
        store, registry = self._services.store, self._services.registry
        for session in sessions:
            if self._links.link(session.station_id) is None:
                await store.run(expire, Expire(session.id))
                continue
            station = registry.find(session.station_id)
            if station is None or await self._may_still_end(session):
                continue
            if await store.run(give_up, GiveUp(session.id, zone_of(station.time_zone))):
                log.warning("a stop never came", station=station.id, session=session.id)

    async def _may_still_end(self, session: Session) -> bool:
        """Whether the station goes on with a transaction, or has messages about it to send."""
        link = self._links.link(session.station_id)
        if link is None:
            return True
        station = self._services.registry.find(session.station_id)
        is_admitted = station is not None and station.admission is Admission.ACCEPTED
        if link.version is Version.V16 or session.protocol == Version.V16 or not is_admitted:
            return self._is_delivering(session.station_id)
        question = encode(GetTransactionStatusRequest(transaction_id=session.transaction_id))
        try:
            with speaking(because("a session of it has no end: is it still going on?")):
                told = await command(
                    self._links, session.station_id, "GetTransactionStatus", question
                )
            if isinstance(told.outcome, Refused):
                unknown = told.outcome.code in _UNKNOWN_TO_IT
                return not unknown or self._is_delivering(session.station_id)
            if not isinstance(told.outcome, Answered):
                return True  # no answer is no reason to give up: it is asked again
            answer = decode_as(GetTransactionStatusResponse, told.payload, Strictness.LENIENT)
        except (OhmsteadError, CallRefused):
            return True
        return answer.messages_in_queue or bool(answer.ongoing_indicator)

    def _is_delivering(self, station_id: str) -> bool:
        presence = self._presence.get(station_id)
        since_ms = presence.connected_ms if presence else 0
        return self._services.clock.now_ms() - since_ms < DELIVERY_MS


async def _open(store: Store) -> AsyncIterator[Session]:
    """Every session that waits for its stop, a page at a time so that others get their turn."""
    for state in OPEN_STATES:
        after = ""
        while page := store.find(Session, PAGE, after, state=state.value):
            for session in page:
                yield session
            after = page[-1].key
            await asyncio.sleep(0)

"""Looks at everything once a minute and has what changed written down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import structlog

from ohmstead.adapters.store.watched import WatchedStore
from ohmstead.apps.config import AlertsConfig
from ohmstead.apps.operations.mail import Mailer
from ohmstead.apps.operations.posting import NotPosted
from ohmstead.apps.operations.presence import faults_of
from ohmstead.apps.stations.peer import Presence
from ohmstead.core.alerts import (
    TEXT_LENGTH_MAX,
    Alert,
    Expiry,
    Finding,
    LastSession,
    Rule,
    Rules,
    StationFacts,
    expiry_finding,
    span,
    station_findings,
    when,
)
from ohmstead.core.meter import MeterKey
from ohmstead.core.network import EvseHead, Station, evse_key
from ohmstead.core.reservation_fee import PROTOCOLS
from ohmstead.core.session import OPEN_STATES, Session
from ohmstead.core.standing import TROUBLE, Standing
from ohmstead.core.station_log import StationCertificate, StationEvent
from ohmstead.flows.operations.alerting import Changed, Observed, observe
from ohmstead.ports import Clock, Decision, R, State
from ohmstead.units import MS_PER_S

PAGE = 1_000
OPEN_MAX = 100_000  # alerts: a few for each station
PER_COMMIT = 500
LOGGED_MAX = 20  # of one look
DAY_MS = 86_400_000
START_MS = 60_000
HOUSE, SETTLER = "house", "settler"
WHILE_SAID = (Rule.CERTIFICATE, Rule.CONFIGURATION)  # over once nothing says so any more

log = structlog.get_logger()


def rules_of(config: AlertsConfig) -> Rules:
    """The rules that a configuration asks for."""
    return Rules(
        offline_ms=config.offline_s * MS_PER_S,
        fault_ms=config.fault_s * MS_PER_S,
        idle_ms=config.idle_days * DAY_MS,
        clock_off_ms=config.clock_off_s * MS_PER_S,
        certificate_ms=config.certificate_days * DAY_MS,
        store_down_ms=config.store_down_s * MS_PER_S,
        settler_ms=config.settler_s * MS_PER_S,
        flooding_ms=config.flooding_s * MS_PER_S,
        rivals=config.rivals,
    )


class Alarms:
    """One for each house; ``settler_trouble`` is what the settler says is wrong, or empty."""

    def __init__(
        self,
        store: WatchedStore,
        clock: Clock,
        config: AlertsConfig,
        presence: Mapping[str, Presence],
        is_connected: Callable[[str], bool],
        mailer: Mailer,
    ) -> None:
        self.settler_trouble: Callable[[], str] = lambda: ""
        self.of_house: Callable[[], Iterable[Expiry]] = lambda: ()  # certificates of the house
        # How long a station has been flooding, and where two connections with its id are.
        self.flooding_ms: Callable[[str], int] = lambda _station_id: 0
        self.rivals: Callable[[str], tuple[str, int] | None] = lambda _station_id: None
        self.guessed_from: Callable[[str], str] = lambda _station_id: ""
        self._store = store
        self._clock = clock
        self._rules = rules_of(config)
        self._presence = presence
        self._is_connected = is_connected
        self._mailer = mailer
        self._began_ms = clock.now_ms()
        self._last_session: dict[str, int] = {}
        self._unsaved: set[str] = set()
        self._clock_off: dict[str, int] = {}
        self._fault_since: dict[tuple[str, tuple[int, int]], int] = {}
        self._down_since: int | None = None
        self._down_told = False
        self._settler_since: int | None = None

    def reconfigure(self, config: AlertsConfig) -> None:
        """Judge by other rules from the next look on."""
        self._rules = rules_of(config)

    def load(self) -> None:
        """Read what is known of stations' sessions."""
        after = ""
        while page := self._store.find(LastSession, PAGE, after):
            after = page[-1].key
            self._last_session.update({one.station_id: one.at_ms for one in page})

    # Of every decision: what it says of stations' clocks and of their last sessions.

    def see(self, state: State, decision: Decision[Any], now_ms: int) -> None:
        """Remember what a new or ended session, or a dated event, tells of its station."""
        for record in decision.puts:
            if type(record) is Session and record.protocol not in PROTOCOLS:
                old = state.get(Session, record.id)
                if old is None or bool(old.ended_ms) != bool(record.ended_ms):
                    self._last_session[record.station_id] = now_ms
                    self._unsaved.add(record.station_id)
                    self._see_session(record, old is None, now_ms)
            elif type(record) is StationEvent and record.at_ms != record.received_ms:
                self._see_clock(record.station_id, record.at_ms, now_ms)

    def _see_session(self, session: Session, is_new: bool, now_ms: int) -> None:
        if is_new and "clock_skew" in session.findings:
            # It is ahead by more than is tolerated; by how much the session does not keep.
            self._clock_off[session.station_id] = max(1, self._rules.clock_off_ms)
        else:
            said_ms = session.started_ms if is_new else session.ended_ms
            self._see_clock(session.station_id, said_ms, now_ms)

    def _see_clock(self, station_id: str, said_ms: int, now_ms: int) -> None:
        """A message that cannot have waited tells what its station's clock shows."""
        presence = self._presence.get(station_id)
        off_ms = said_ms - now_ms
        here_ms = presence.connected_ms if presence is not None else now_ms
        if off_ms > 0 or here_ms <= said_ms:
            self._clock_off[station_id] = off_ms

    # Once a minute.

    async def look(self) -> Changed:
        """Record what changed since the last look; raises StoreUnavailable."""
        now_ms = self._clock.now_ms()
        if not self._store.available:
            await self._store_is_down(now_ms)
            return Changed()
        if self._down_since is not None:
            await self._store_is_back(now_ms)
        findings = await asyncio.to_thread(self._differences, now_ms)
        saved = tuple(LastSession(id_, self._last_session[id_]) for id_ in sorted(self._unsaved))
        self._unsaved.clear()
        opened: list[Alert] = []
        closed: list[Alert] = []
        for at in range(0, max(len(findings), len(saved)), PER_COMMIT):
            # The first commit mails of them all: who loses an uplink gets one mail, not forty.
            by_mail = self._mailer.is_on and at == 0
            some = tuple(findings[at : at + PER_COMMIT])
            others = len(findings) - len(some)
            command = Observed(some, saved[at : at + PER_COMMIT], by_mail, others)
            changed = await self._store.run(observe, command)
            opened += changed.opened
            closed += changed.closed
        for alert in opened[:LOGGED_MAX]:
            log.warning("alert", text=alert.text)
        if len(opened) > LOGGED_MAX:
            log.warning("alerts", opened=len(opened))
        return Changed(tuple(opened), tuple(closed))

    def open(self) -> list[Alert]:
        """What is wrong now."""
        return self._store.find(Alert, OPEN_MAX, closed_ms=0)

    def _differences(self, now_ms: int) -> list[Finding]:
        """What the rules say that the records do not: a thread's work, stations may be many."""
        open_ = {alert.key: alert for alert in self.open()}
        said: dict[str, Finding] = {}
        stations: set[str] = set()
        for station in self._all(Station):
            if station.retired_ms:
                continue
            stations.add(station.id)
            for finding in station_findings(self._rules, self._facts(station, now_ms), now_ms):
                said[finding.key] = finding
        for expiry in self._expiries(stations):
            finding = expiry_finding(self._rules, expiry, now_ms)
            said[finding.key] = finding
        for standing in self._troubled(stations):
            text = f"the configuration of station {standing.station_id}: {standing.reason}"
            id_ = standing.station_id
            finding = Finding(Rule.CONFIGURATION, id_, True, text[:TEXT_LENGTH_MAX], id_)
            said[finding.key] = finding
        settler = self._settler(now_ms)
        said |= {} if settler is None else {settler.key: settler}
        for key, alert in open_.items():
            gone = alert.station_id and alert.station_id not in stations
            if gone or not self._rules.is_on(alert.rule):
                said[key] = Finding(alert.rule, alert.subject, False)
            elif alert.rule in WHILE_SAID and key not in said:
                said[key] = Finding(alert.rule, alert.subject, False)  # replaced by another
        return [one for key, one in said.items() if one.fires != (key in open_)]

    def _facts(self, station: Station, now_ms: int) -> StationFacts:
        presence = self._presence.get(station.id)
        last_ms = self._last_session.get(station.id)
        if last_ms is None:
            last_ms = self._last_session[station.id] = now_ms
            self._unsaved.add(station.id)
        heard_ms = 0 if presence is None else max(presence.last_seen_ms, presence.connected_ms)
        return StationFacts(
            id=station.id,
            connected=self._is_connected(station.id),
            away_since_ms=max(self._began_ms, heard_ms),
            faults=None if presence is None else self._faults(station.id, presence, now_ms),
            last_session_ms=last_ms,
            charging=now_ms - last_ms >= self._rules.idle_ms > 0 and self._is_charging(station),
            clock_off_ms=self._clock_off.get(station.id),
            flooding_ms=self.flooding_ms(station.id),
            rivals=self.rivals(station.id),
            guessed_from=self.guessed_from(station.id),
        )

    def _faults(
        self, station_id: str, presence: Presence, now_ms: int
    ) -> tuple[tuple[str, str, int], ...] | None:
        if not presence.connectors:
            return None  # it has not said anything of them since this house began
        faults = faults_of(presence)
        for place in set(presence.connectors) - faults.keys():
            self._fault_since.pop((station_id, place), None)
        since = [self._fault_since.setdefault((station_id, place), now_ms) for place in faults]
        return tuple(
            (f"evse {place[0]}", word, since_ms)
            for (place, word), since_ms in zip(faults.items(), since, strict=True)
        )

    def _is_charging(self, station: Station) -> bool:
        heads = [self._store.get(EvseHead, evse_key(station.id, evse.id)) for evse in station.evses]
        ids = [id_ for head in heads if head is not None for id_ in head.session_ids]
        sessions = [self._store.get(Session, id_) for id_ in ids]
        return any(session is not None and session.state in OPEN_STATES for session in sessions)

    def _expiries(self, stations: set[str]) -> Iterator[Expiry]:
        yield from self.of_house()
        for key in self._all(MeterKey):
            if key.valid_until_ms is not None and key.station_id in stations and self._speaks(key):
                what = f"the meter key {key.key_id[:16]} of station {key.station_id}"
                yield Expiry(f"meter/{key.key_id}", what, key.valid_until_ms, key.station_id)
        newest: dict[str, StationCertificate] = {}
        for one in self._all(StationCertificate):
            name = f"{one.station_id}/{one.kind}" if one.is_v2g else one.station_id
            known = newest.get(name)
            if one.is_used and (known is None or one.not_after_ms > known.not_after_ms):
                newest[name] = one
        for name, one in newest.items():
            if one.station_id in stations:
                what = f"the certificate {one.serial[:16]} of station {one.station_id}"
                yield Expiry(f"station/{name}", what, one.not_after_ms, one.station_id)

    def _speaks(self, key: MeterKey) -> bool:
        """Whether an evse still has this key: one that an exchange ended, or that has a successor,
        was ended on purpose, and nobody has to be told."""
        station = self._store.get(Station, key.station_id)
        return station is not None and any(one.meter_key_id == key.key_id for one in station.evses)

    def _troubled(self, stations: set[str]) -> Iterator[Standing]:
        """The configurations at which a person has to look: found by their state."""
        for state in TROUBLE:
            after = ""
            while page := self._store.find(Standing, PAGE, after, state=state.value):
                after = page[-1].key
                yield from (one for one in page if one.station_id in stations)

    def _settler(self, now_ms: int) -> Finding | None:
        trouble = self.settler_trouble()
        if not trouble:
            self._settler_since = None
            if now_ms - self._began_ms < START_MS:
                return None  # it has hardly looked yet
            return Finding(Rule.SETTLER, SETTLER, False)
        if self._settler_since is None:
            self._settler_since = now_ms
        if now_ms - self._settler_since < self._rules.settler_ms or not self._rules.settler_ms:
            return None
        return Finding(Rule.SETTLER, SETTLER, True, f"the settler waits: {trouble}"[:400])

    def _all(self, kind: type[R]) -> Iterator[R]:
        after = ""
        while page := self._store.find(kind, PAGE, after):
            after = page[-1].key
            yield from page

    # Nothing can be written then, not even that nothing can be written.

    async def _store_is_down(self, now_ms: int) -> None:
        if self._down_since is None:
            self._down_since = now_ms
        down_ms, limit_ms = now_ms - self._down_since, self._rules.store_down_ms
        if limit_ms and down_ms >= limit_ms and not self._down_told:
            self._down_told = True
            since = when(self._down_since)
            text = f"nothing has been stored since {since}: stations are not answered"
            log.error("alert", text=text)
            try:
                await self._mailer.say(f"store/{self._down_since}", text)
            except NotPosted as error:
                log.error("nobody could be told by mail", reason=str(error))

    async def _store_is_back(self, now_ms: int) -> None:
        since_ms, told = self._down_since, self._down_told
        if told and since_ms is not None:
            text = f"nothing could be stored for {span(now_ms - since_ms)}"
            fired = Finding(Rule.STORE, HOUSE, True, text)
            await self._store.run(observe, Observed((fired,), since_ms=since_ms))
            over = Observed((Finding(Rule.STORE, HOUSE, False),), by_mail=self._mailer.is_on)
            await self._store.run(observe, over)
        self._down_since, self._down_told = None, False

"""The workload of a replay: which station does what, when, and who pays. Decided before it runs.

Sessions of several files, recorded years and continents apart, are moved by whole weeks into one
window, so that each keeps its weekday and its local time; then they are given to stations so that
no two of them ever hold the same evse. The same sources and seed give the same plan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from random import Random

from ohmstead.apps.replay.plan_pick import Moved, choose, everything
from ohmstead.apps.replay.plan_profile import readings
from ohmstead.apps.replay.plan_roles import Roles, give_roles, hosts_of, protocol_of
from ohmstead.apps.replay.plan_stations import Berth, berths_of
from ohmstead.apps.replay.sources import Source
from ohmstead.core.session import PayerKind
from ohmstead.errors import OperatorError
from ohmstead.frozen import Frozen, replace

WINDOW_MONDAY = date(2026, 11, 2)  # no clock change in Europe or America until 2027-03-14
SAMPLES_MAX = 6
WALK_UP_BPS = 1_000


class PlannedEvse(Frozen):
    """One place to charge; ``name`` is what the file calls it."""

    id: int
    rated_w: int
    meter_serial: str
    name: str


class PlannedStation(Frozen):
    """A station to be registered and connected. ``host`` names who is paid for it."""

    id: str
    protocol: str  # "1.6", "2.0.1" or "2.1"
    source: str
    site: str
    host: str
    zone: str
    evses: tuple[PlannedEvse, ...]


class PlannedSession(Frozen):
    """One session. Energy and samples count from the session's begin, not the register's.

    ``samples`` are (at_ms, mwh) strictly between begin and end, neither ever falling.
    """

    number: int  # 1 and up, by start
    station_id: str
    evse: int
    protocol: str
    driver: str  # the id_token, at most 20 characters
    start_ms: int
    end_ms: int
    energy_mwh: int
    samples: tuple[tuple[int, int], ...]
    payer: PayerKind
    source: str
    source_session: str
    zone: str
    misbehaviour: str | None = None


class Wishes(Frozen):
    """What a plan should look like.

    ``sessions`` None: all there are. ``protocol`` is "mixed", "1.6", "2.0.1" or "2.1". Each name in
    ``misbehaviours`` is given to one session.
    """

    sessions: int | None = None
    seed: str = "ohmstead"
    window: date = WINDOW_MONDAY
    protocol: str = "mixed"
    walk_up_bps: int = WALK_UP_BPS
    samples_max: int = SAMPLES_MAX
    misbehaviours: tuple[str, ...] = ()


class Plan(Frozen):
    """All stations and sessions, sessions by start; ``skipped`` counts what was left out, by
    reason, of the part of the files that was looked at."""

    stations: tuple[PlannedStation, ...]
    sessions: tuple[PlannedSession, ...]
    skipped: tuple[tuple[str, int], ...]

    @property
    def start_ms(self) -> int:
        """The first begin."""
        return self.sessions[0].start_ms

    @property
    def end_ms(self) -> int:
        """The last end."""
        return max(session.end_ms for session in self.sessions)

    def moments(self) -> list[int]:
        """Return every moment at which something happens, each once, in order."""
        found = {session.start_ms for session in self.sessions}
        found |= {session.end_ms for session in self.sessions}
        found |= {at_ms for session in self.sessions for at_ms, _ in session.samples}
        return sorted(found)

    def gaps(self, longer_than_ms: int) -> list[tuple[int, int]]:
        """Return the (from_ms, to_ms) in which nothing happens: a clock may jump over them."""
        return [
            (before, after)
            for before, after in pairwise(self.moments())
            if after - before > longer_than_ms
        ]

    def idle(self, longer_than_ms: int) -> list[tuple[int, int]]:
        """Return the (from_ms, to_ms) in which no car is plugged in anywhere."""
        found, busy_ms = [], self.start_ms
        for session in self.sessions:
            if session.start_ms - busy_ms > longer_than_ms:
                found.append((busy_ms, session.start_ms))
            busy_ms = max(busy_ms, session.end_ms)
        return found

    def station(self, station_id: str) -> PlannedStation:
        """Return a station; raises KeyError."""
        for station in self.stations:
            if station.id == station_id:
                return station
        raise KeyError(station_id)


def build(sources: Sequence[Source], wishes: Wishes | None = None) -> Plan:
    """Return the plan of these sources.

    With ``wishes.sessions`` it takes the busiest weeks of each file, as few as hold that many, and
    shares them between the files as evenly as these allow. Raises OperatorError where there is
    nothing to replay, or less than wished.
    """
    wishes = wishes or Wishes()
    random = Random(f"plan/{wishes.seed}")
    if wishes.sessions is None:
        moved, skipped = everything(sources, wishes.window)
    else:
        moved, skipped = choose(sources, wishes.sessions, wishes.window, random)
    berths = berths_of(moved, skipped)
    if not berths:
        raise OperatorError("there is no session to replay in these files")
    stations = _stations(berths, wishes.protocol)
    roles = give_roles(berths, wishes.walk_up_bps, wishes.misbehaviours, random)
    by_id = {station.id: station for station in stations}
    sessions = tuple(
        _session(number, berth, role, by_id[berth.station_id], wishes.samples_max)
        for number, (berth, role) in enumerate(zip(berths, roles, strict=True), 1)
    )
    return Plan(stations, sessions, tuple(sorted(skipped.items())))


def _stations(berths: Sequence[Berth], protocol: str) -> tuple[PlannedStation, ...]:
    made: dict[str, PlannedStation] = {}
    for berth in sorted(berths, key=lambda one: (one.source_rank, one.station_rank, one.evse)):
        raw = berth.moved.raw
        station = made.get(berth.station_id) or PlannedStation(
            id=berth.station_id,
            protocol=protocol_of(len(made), protocol),
            source=raw.source,
            site=raw.site,
            host="",
            zone=raw.zone,
            evses=(),
        )
        if all(evse.id != berth.evse for evse in station.evses):
            serial = f"{station.id}-M{berth.evse}"
            evse = PlannedEvse(berth.evse, berth.rated_w, serial, raw.station_key)
            station = replace(station, evses=(*station.evses, evse))
        made[station.id] = station
    hosts = hosts_of([(station.source, station.site) for station in made.values()])
    return tuple(
        replace(station, host=host) for station, host in zip(made.values(), hosts, strict=True)
    )


def _session(
    number: int, berth: Berth, role: Roles, station: PlannedStation, samples_max: int
) -> PlannedSession:
    moved: Moved = berth.moved
    return PlannedSession(
        number=number,
        station_id=station.id,
        evse=berth.evse,
        protocol=station.protocol,
        driver=role.driver,
        start_ms=moved.start_ms,
        end_ms=moved.end_ms,
        energy_mwh=moved.raw.energy_mwh,
        samples=readings(moved, berth.rated_w, samples_max),
        payer=role.payer,
        source=moved.raw.source,
        source_session=moved.raw.session,
        zone=moved.raw.zone,
        misbehaviour=role.misbehaviour,
    )


def left_out(plan: Plan) -> Counter[str]:
    """Return what was skipped, by reason, as a counter."""
    return Counter(dict(plan.skipped))

"""What stations do beside their sessions: they come, boot, report faults and go away.

Subscribers are told of changes, so what they were told is durable (:class:`Told`), written in the
commit that tells them. After a start the stations of before are expected back for a while: who
comes within it was never away to them, and who does not is told to have gone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ohmstead.apps.stations.peer import Presence
from ohmstead.core.told import Told, ToldFault, bucket_of, told
from ohmstead.core.webhooks import Event, Topic
from ohmstead.frozen import Frozen

FAULTED = "Faulted"
NO_ERROR = ("", "NoError")
STATIONS_PER_COMMIT = 500

Place = tuple[int, int]  # evse and connector


class _Seen(Frozen):
    """A station as subscribers know it; ``connected_ms`` is 0 for what the process before told."""

    is_connected: bool = False
    connected_ms: int = 0
    booted_ms: int = 0
    faults: frozenset[Place] = frozenset()

    @property
    def is_expected(self) -> bool:
        """Whether it was connected to the process before, and has not come to this one yet."""
        return self.is_connected and not self.connected_ms


class Change(Frozen):
    """One station that is not as it was at the last look."""

    station_id: str
    seen: _Seen
    events: tuple[Event, ...]


def faults_of(presence: Presence) -> dict[Place, str]:
    """Connectors that report a fault: (evse, connector) and the station's word for it."""
    return {
        place: one.error_code if one.error_code not in NO_ERROR else one.status
        for place, one in list(presence.connectors.items())  # whole at once: a thread asks too
        if one.status == FAULTED or one.error_code not in NO_ERROR
    }


class PresenceWatch:
    """Compares what is with what was told, a second ago or before the start; one for each house.

    :meth:`look` changes nothing: what it finds counts once it is kept, with :meth:`rows` durable.
    """

    def __init__(
        self, presence: Mapping[str, Presence], is_connected: Callable[[str], bool]
    ) -> None:
        self._presence = presence
        self._is_connected = is_connected
        self._seen: dict[str, _Seen] = {}
        self._members: defaultdict[str, set[str]] = defaultdict(set)
        self._rows: dict[str, Told] = {}
        self._expected: set[str] = set()  # told to be connected before the start, and not here yet

    def load(self, rows: Iterable[Told]) -> None:
        """Begin with what subscribers were told; whoever was connected is expected back."""
        for row in rows:
            self._rows[row.bucket] = row
            faults: defaultdict[str, set[Place]] = defaultdict(set)
            for one in row.faults:
                faults[one.station_id].add((one.evse_id, one.connector_id))
            for station_id in {*row.connected, *faults}:
                is_connected = station_id in row.connected
                seen = _Seen(is_connected, faults=frozenset(faults[station_id]))
                self._keep(station_id, seen)
        self._expected = {id_ for id_, seen in self._seen.items() if seen.is_connected}

    def look(self, is_patient: bool) -> list[list[Change]]:
        """Return what happened since the last look, in parts for a commit each.

        While ``is_patient`` nobody is told of stations that have not come back since the start.
        """
        changes = list(self._changes(is_patient))
        if not is_patient:
            for station_id in self._expected - self._presence.keys():
                gone = _Seen(faults=self._seen[station_id].faults)
                changes.append(Change(station_id, gone, (_gone(station_id),)))
        changes.sort(key=lambda one: bucket_of(one.station_id))  # so that a row is in few commits
        return [
            changes[at : at + STATIONS_PER_COMMIT]
            for at in range(0, len(changes), STATIONS_PER_COMMIT)
        ]

    def rows(self, changes: Sequence[Change]) -> list[Told]:
        """Return the rows that these changes alter."""
        new: defaultdict[str, dict[str, _Seen]] = defaultdict(dict)
        for one in changes:
            new[bucket_of(one.station_id)][one.station_id] = one.seen
        found = []
        for bucket, changed in new.items():
            members = {id_: self._seen[id_] for id_ in self._members[bucket]} | changed
            row = told(
                bucket,
                (id_ for id_, seen in members.items() if seen.is_connected),
                (ToldFault(id_, *at) for id_, seen in members.items() for at in seen.faults),
            )
            if row != self._rows.get(bucket, Told(bucket)):
                found.append(row)
        return found

    def keep(self, changes: Iterable[Change], rows: Iterable[Told]) -> None:
        """These changes are told and these rows are durable."""
        for change in changes:
            self._keep(change.station_id, change.seen)
            if change.seen.connected_ms or not change.seen.is_connected:
                self._expected.discard(change.station_id)
        self._rows |= {row.bucket: row for row in rows}

    def forgotten(self) -> list[Told]:
        """Return the rows as they are when nobody wants to know of stations; keep them so."""
        return [Told(bucket) for bucket, row in self._rows.items() if row != Told(bucket)]

    def forget(self) -> None:
        """Nobody wants to know: begin anew, with what is at the next look."""
        self._seen.clear()
        self._members.clear()
        self._rows.clear()
        self._expected.clear()

    def _keep(self, station_id: str, seen: _Seen) -> None:
        self._seen[station_id] = seen
        self._members[bucket_of(station_id)].add(station_id)

    def _changes(self, is_patient: bool) -> Iterator[Change]:
        nothing = _Seen()
        for station_id, now in self._presence.items():
            seen = self._seen.get(station_id, nothing)
            here_ms = now.connected_ms if self._is_connected(station_id) else 0
            is_here = bool(here_ms)
            if is_patient and not is_here and seen.is_expected:
                is_here = True
            faults = faults_of(now) if now.connectors else {}
            if (
                seen.connected_ms == here_ms
                and seen.is_connected is is_here
                and seen.booted_ms == now.booted_ms
                and seen.faults == faults.keys()
            ):
                continue
            new = _Seen(is_here, here_ms, now.booted_ms, frozenset(faults))
            yield Change(station_id, new, tuple(_events(station_id, seen, new, faults)))


def _events(
    station_id: str, seen: _Seen, new: _Seen, faults: Mapping[Place, str]
) -> Iterator[Event]:
    """Between two connections that were both told, the end of the first is told too."""
    is_another = new.connected_ms != seen.connected_ms and not seen.is_expected
    if seen.is_connected and (is_another or not new.is_connected):
        yield _gone(station_id)
    if new.is_connected and (is_another or not seen.is_connected):
        yield Event(Topic.STATION_CONNECTED, {"station": station_id})
    if seen.booted_ms != new.booted_ms:
        yield Event(Topic.STATION_BOOTED, {"station": station_id})
    for place in sorted(new.faults - seen.faults):
        what = {"evse": place[0], "connector": place[1], "error": faults[place]}
        yield Event(Topic.STATION_FAULTED, {"station": station_id, **what})


def _gone(station_id: str) -> Event:
    return Event(Topic.STATION_DISCONNECTED, {"station": station_id})

"""Subscribers are told of stations' coming and going as if the house had never been restarted."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from hypothesis import given
from hypothesis import strategies as st

from ohmstead.apps.operations import office
from ohmstead.apps.operations.presence import STATIONS_PER_COMMIT, PresenceWatch
from ohmstead.apps.stations.peer import Presence
from ohmstead.core.connectors import ConnectorState
from ohmstead.core.told import BUCKETS, Told, bucket_of
from ohmstead.core.webhooks import Topic
from tests.apps.operations.stage import Ear, stage
from tests.apps.stations.field import V16, V201

W = "/api/v1/webhooks"
CAME, WENT = Topic.STATION_CONNECTED, Topic.STATION_DISCONNECTED


class Watched:
    """A watch over imitated stations, and what its rows say, which outlive it."""

    def __init__(self):
        self.rows = {}
        self.restart()

    def restart(self):
        """Another process begins; no station is there yet."""
        self.presence, self.here, self.moments = {}, set(), 0
        self.watch = PresenceWatch(self.presence, self.here.__contains__)
        self.watch.load(self.rows.values())

    def come(self, *names):
        for name in names:
            self.moments += 1
            self.here.add(name)
            self.presence.setdefault(name, Presence()).connected_ms = self.moments

    def look(self, is_patient=True):
        told = []
        for changes in self.watch.look(is_patient):
            assert len(changes) <= STATIONS_PER_COMMIT
            rows = self.watch.rows(changes)
            self.watch.keep(changes, rows)
            self.rows |= {row.bucket: row for row in rows}
            told += [event for change in changes for event in change.events]
        return [(event.topic, event.data["station"]) for event in told]


def test_who_does_not_come_back_after_a_restart_is_told_to_have_gone_and_who_does_is_not():
    it = Watched()
    it.come("A", "B", "C")
    assert sorted(it.look(), key=str) == sorted([(CAME, "A"), (CAME, "B"), (CAME, "C")], key=str)
    it.restart()
    assert it.look() == []
    it.come("A", "C")
    assert it.look() == []
    it.here.remove("C")  # it came, so that it goes is news
    assert it.look() == [(WENT, "C")]
    assert it.look(is_patient=False) == [(WENT, "B")]
    assert it.look(is_patient=False) == []
    it.come("B")
    assert it.look(is_patient=False) == [(CAME, "B")]
    it.restart()
    assert sorted(name for _, name in it.look(is_patient=False)) == ["A", "B"]


def test_a_connection_that_followed_another_within_a_look_ended_the_one_before():
    it = Watched()
    it.come("A")
    it.look()
    it.come("A")
    assert it.look() == [(WENT, "A"), (CAME, "A")]


def test_a_fault_that_was_told_is_not_told_again_by_the_next_process():
    it = Watched()
    faulted = ConnectorState(1, 2, "Faulted")
    it.come("A")
    it.presence["A"].connectors[1, 2] = faulted
    assert it.look() == [(CAME, "A"), (Topic.STATION_FAULTED, "A")]
    it.restart()
    it.come("A")
    it.presence["A"].connectors[1, 2] = faulted  # as the store kept it
    assert it.look() == []
    it.presence["A"].connectors[1, 2] = ConnectorState(1, 2, "Available")
    assert it.look() == []
    it.presence["A"].connectors[1, 2] = faulted
    assert it.look() == [(Topic.STATION_FAULTED, "A")]


def test_a_station_that_left_while_nobody_was_there_and_faults_is_awaited_all_the_same():
    it = Watched()
    it.come("A")
    it.look()
    it.restart()
    # Known to this process before it connects, as one is of which a late message was kept.
    it.presence["A"] = Presence(connectors={(1, 1): ConnectorState(1, 1, "Faulted")})
    assert it.look() == [(Topic.STATION_FAULTED, "A")]
    assert it.look() == []
    assert it.look(is_patient=False) == [(WENT, "A")]


def test_what_could_not_be_kept_is_told_at_the_next_look():
    it = Watched()
    it.come("A")
    [changes] = it.watch.look(is_patient=True)
    assert [change.station_id for change in changes] == ["A"]
    assert it.look() == [(CAME, "A")]  # the store had refused


def test_a_fleet_that_comes_at_once_changes_a_row_for_each_bucket_and_little_more():
    it = Watched()
    it.come(*(f"CP{number:05d}" for number in range(4_000)))
    written = 0
    for changes in it.watch.look(is_patient=True):
        rows = it.watch.rows(changes)
        it.watch.keep(changes, rows)
        it.rows |= {row.bucket: row for row in rows}
        written += len(rows)
    assert len(it.rows) == BUCKETS
    assert written <= BUCKETS + 4_000 // STATIONS_PER_COMMIT
    assert sum(len(row.connected) for row in it.rows.values()) == 4_000
    assert all(bucket_of(id_) == row.bucket for row in it.rows.values() for id_ in row.connected)


_MOVES = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["come", "go"]), st.sampled_from("ABCD")),
        st.tuples(st.sampled_from(["look", "late look", "restart"]), st.just("")),
    ),
    max_size=40,
)


@given(_MOVES)
def test_whatever_happens_coming_and_going_alternate_and_end_with_what_is(moves):
    it, told = Watched(), []
    for what, name in moves:
        if what == "come":
            it.come(name)
        elif what == "go":
            it.here.discard(name)
        elif what == "restart":
            it.restart()
        else:
            told += it.look(is_patient=what == "look")
    told += it.look(is_patient=False)
    for name in "ABCD":
        mine = [topic for topic, station in told if station == name]
        assert mine == [CAME, WENT] * (len(mine) // 2) + [CAME] * (len(mine) % 2)
        assert bool(len(mine) % 2) is (name in it.here)
    kept = {id_ for row in it.rows.values() for id_ in row.connected}
    assert kept == it.here


def test_a_restarted_house_tells_of_the_station_that_never_came_back(tmp_path, monkeypatch):
    monkeypatch.setattr(office, "COME_BACK_S", 3_600.0)

    async def scenario():
        ear = await Ear().open()
        topics = ["station.connected", "station.disconnected"]
        async with AsyncExitStack() as outside, stage(tmp_path) as it:
            made = await it.admin.post(W, json={"url": ear.url, "topics": topics})
            assert made.status_code == 201, made.text
            for version, name in ((V16, "S"), (V201, "OTHER")):
                await outside.enter_async_context(it.field.station(version, name))
            await ear.hears(2)
        assert ear.types == ["station.connected"] * 2
        async with stage(tmp_path, furnished=True) as it:
            async with it.field.station(V16, "S"):
                await it.house.office.look()
                it.house.office._patient_until_s = 0.0  # the time to come back is over
                await ear.hears(3)
                assert ear.types[2:] == ["station.disconnected"]
                assert [one["station"] for one in ear.data("station.disconnected")] == ["OTHER"]
            await ear.hears(4)
        assert ear.types[3:] == ["station.disconnected"]
        assert ear.data("station.disconnected")[1] == {"station": "S"}

    asyncio.run(scenario())


def test_nothing_is_kept_of_who_was_told_once_nobody_wants_to_know(tmp_path):
    async def scenario():
        ear = await Ear().open()
        async with stage(tmp_path) as it:
            made = await it.admin.post(W, json={"url": ear.url, "topics": ["station.connected"]})
            async with it.field.station(V16, "S"):
                await ear.hears(1)
                rows = it.house.store.find(Told, BUCKETS)
                assert [row.connected for row in rows] == [("S",)]
                assert (await it.admin.delete(f"{W}/{made.json()['id']}")).status_code == 204
                await it.house.office.look()
                [row] = it.house.store.find(Told, BUCKETS)
                assert row == Told(row.bucket)
                # Who subscribes later is told of what comes then, and the start of that is known.
                await it.admin.post(W, json={"url": ear.url, "topics": ["station.disconnected"]})
                await it.house.office.look()
                [row] = it.house.store.find(Told, BUCKETS)
                assert row.connected == ("S",)
            await ear.hears(2)
            assert ear.types == ["station.connected", "station.disconnected"]

    asyncio.run(scenario())

"""What hostile stations make us keep stays bounded, and nobody else loses anything by it."""

from __future__ import annotations

import asyncio
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ohmstead.adapters.clock import ManualClock
from ohmstead.adapters.store.memory import MemoryStore
from ohmstead.adapters.store.schema import TABLES
from ohmstead.adapters.store.watched import WatchedStore
from ohmstead.apps.config import RetentionConfig
from ohmstead.apps.gateway.wirelog import WireLog
from ohmstead.apps.operations.retention import Retention
from ohmstead.core.access import KeptAnswer
from ohmstead.core.attempt import Attempt
from ohmstead.core.attempt_stages import Stage
from ohmstead.core.command import Author, CommandBody, CommandState, StationCommand
from ohmstead.core.foreign import ForeignTransaction
from ohmstead.core.network import (
    Admission,
    Counter,
    Quarantined,
    SeenMessage,
    Station,
    TransactionRef,
)
from ohmstead.core.reservation import Reservation, ReservationState
from ohmstead.core.retention import DAY_MS
from ohmstead.core.session import PayerKind, Session, SessionState
from ohmstead.core.station_log import StationEvent
from ohmstead.core.terminal_payment import TerminalPayment
from ohmstead.core.webhooks import DeadLetter
from ohmstead.errors import StoreUnavailable
from ohmstead.flows import turned_away
from ohmstead.flows.operations.retention import PAGE_MAX, Purge, purge
from ohmstead.ports import Decision
from ohmstead.units import Asset
from tests.apps.stations.field import QUICK, V16, V201, VERSIONS, running
from tests.flows.world import NOON

STORES = {
    "memory": lambda folder, clock: MemoryStore(TABLES, clock),
    "sqlite": lambda folder, clock: WatchedStore.open(folder / "s.db", TABLES, clock, QUICK),
}
SMALL = RetentionConfig(
    quarantine_max=20, commands_max=5, reservations_max=3, terminal_payments_max=4, answers_max=3,
    dead_letters_max=2,
)  # fmt: skip


def keep_all(_state, records, _now_ms):
    return Decision(None, tuple(records))


def station(name):
    return Station(name, "", (), "T", ())


def kept(name, number, at_ms, payload="{}", transaction="", id_=None, reason="unknown_transaction"):
    return Quarantined(
        id_ or f"{name}/stop/{number:06d}", name, reason, payload, at_ms, transaction
    )


def command(number, name, at_ms, state=CommandState.ANSWERED):
    id_ = f"{10**13 - 1 - at_ms:013d}-{number:04x}-x"
    return StationCommand(id_, name, "Reset", "{}", Author(), state, at_ms)


class Room:
    """A store of either kind, and the sweep over it."""

    def __init__(self, store, clock, config):
        self.store, self.clock = store, clock
        self.sweeping = Retention(store, clock, config, lambda: False)

    async def put(self, *records):
        await self.store.run(keep_all, records)

    async def sweep(self, whole=True):
        await self.sweeping.sweep(whole=whole)

    def keys(self, kind, **where):
        return [one.key for one in self.store.find(kind, 100_000, **where)]


def play(kind, folder, scenario, config=SMALL):
    async def whole():
        clock = ManualClock(NOON)
        store = STORES[kind](folder, clock)
        try:
            await scenario(Room(store, clock, config))
        finally:
            await store.close()

    asyncio.run(whole())


each = pytest.mark.parametrize("kind", sorted(STORES))


@each
def test_a_flood_of_one_station_costs_no_other_its_evidence(kind, tmp_path):
    async def scenario(room):
        await room.put(station("GOOD"), station("BAD"))
        good = [kept("GOOD", n, NOON - n) for n in range(10)]
        await room.put(*good, *(kept("BAD", n, NOON + n) for n in range(500)))
        await room.sweep(whole=False)
        assert room.keys(Quarantined, station_id="GOOD") == sorted(one.key for one in good)
        # The newest are there.
        left = [f"BAD/stop/{n:06d}" for n in range(480, 500)]
        assert room.keys(Quarantined, station_id="BAD") == left

    play(kind, tmp_path, scenario)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    floods=st.lists(
        st.tuples(st.integers(0, 90), st.integers(0, 3), st.integers(0, 4_000)), max_size=5
    )
)
def test_whatever_a_hostile_station_sends_is_bounded_and_the_others_stay(floods, tmp_path_factory):
    async def scenario(room):
        await room.put(station("GOOD"), station("BAD"))
        good = [kept("GOOD", 1, NOON), command(1, "GOOD", NOON), Reservation(
            1, "GOOD", 1, "U", "", ReservationState.USED, NOON, NOON, ended_ms=NOON
        )]  # fmt: skip
        await room.put(*good)
        number = 0
        for many, what, size in floods:
            for _ in range(many):
                number += 1
                at_ms = NOON + number
                await room.put(
                    kept("BAD", number, at_ms, "x" * size, f"tx-{number}")
                    if what == 0
                    else command(number, "BAD", at_ms)
                    if what == 1
                    else TerminalPayment(f"{number}", "BAD", "p", "Settled", "1", at_ms, at_ms)
                    if what == 2
                    else TransactionRef("BAD", f"tx-{number}", "")
                )
            await room.sweep(whole=False)
        count = room.store.count
        assert count(Quarantined, station_id="BAD") <= SMALL.quarantine_max
        assert count(StationCommand, station_id="BAD") <= SMALL.commands_max
        assert count(TerminalPayment, station_id="BAD") <= SMALL.terminal_payments_max
        for one in good:
            assert room.store.get(type(one), one.key) == one

    play("memory", tmp_path_factory.mktemp("flood"), scenario)


@each
def test_evidence_about_money_that_is_not_settled_outlives_its_days(kind, tmp_path):
    async def scenario(room):
        old = NOON - 800 * DAY_MS
        await room.put(station("S"))
        for name, state in (("open", SessionState.REVIEW), ("done", SessionState.SETTLED)):
            session = Session(
                f"S-{name}", state, "S", 1, f"tx-{name}", "2.0.1", "U", "", PayerKind.NONE, "T",
                Asset("tUSD", 6), (), old,
            )  # fmt: skip
            await room.put(session, TransactionRef("S", f"tx-{name}", session.id))
            await room.put(
                kept("S", 0, old, id_=f"S-{name}/unreadable/1", reason="unreadable"),
                kept("S", 0, old, transaction=f"tx-{name}", id_=f"S/readings/{name}"),
                kept("S", 0, old, id_=f"S-{name}/stop/1", reason="contradicting_stop"),
            )
        await room.put(SeenMessage("S/start/1", "S-done", "d"))
        await room.sweep()
        left = room.keys(Quarantined)
        assert left == [
            "S-done/stop/1",
            "S-open/stop/1",
            "S-open/unreadable/1",
            "S/readings/open",
        ]
        # What makes a repeat harmless stays as long as its session: for ever.
        assert room.keys(SeenMessage) == ["S/start/1"]
        assert room.keys(Session) == ["S-done", "S-open"]
        assert len(room.keys(TransactionRef)) == 2

    play(kind, tmp_path, scenario)


@each
def test_a_transaction_that_never_began_is_forgotten_with_its_last_message(kind, tmp_path):
    async def scenario(room):
        await room.put(station("S"), TransactionRef("S", "t1", ""), TransactionRef("S", "t2", ""))
        old, young = NOON - 731 * DAY_MS, NOON
        await room.put(
            kept("S", 1, old, transaction="t1"),
            kept("S", 2, old, transaction="t1"),
            kept("S", 3, old, transaction="t2"),
            kept("S", 4, young, transaction="t2"),
        )
        await room.sweep()
        assert room.keys(Quarantined) == ["S/stop/000004"]
        assert room.keys(TransactionRef) == ["S/t2"]

    play(kind, tmp_path, scenario)


@each
def test_commands_go_by_age_and_by_count_but_never_while_they_are_under_way(kind, tmp_path):
    async def scenario(room):
        await room.put(station("S"), station("T"))
        old = NOON - 401 * DAY_MS
        queued = command(1, "S", old, CommandState.QUEUED)
        await room.put(queued, CommandBody(queued.id, "{}"), command(2, "T", old))
        new = [command(n, "S", NOON + n) for n in range(10)]
        await room.put(*new, *(CommandBody(one.id, "") for one in new))
        await room.sweep()
        left = sorted([queued.id, *(one.id for one in new[-5:])])
        assert room.keys(StationCommand) == left
        assert room.keys(CommandBody) == left

    play(kind, tmp_path, scenario)


@each
def test_what_is_old_goes_and_what_is_open_stays(kind, tmp_path):
    async def scenario(room):
        old, young = NOON - 2_000 * DAY_MS, NOON - DAY_MS
        stay = (
            Attempt("S", 1, Stage.REJECTED, old, old),
            Attempt("S", 3, Stage.REJECTED, old, old, closed_ms=young),
            StationEvent("S", "events", 2, "k", young, young),
            Reservation(1, "S", 1, "U", "", ReservationState.ACTIVE, old, NOON),
            Reservation(2, "S", 1, "U", "", ReservationState.USED, old, old, ended_ms=young),
            KeptAnswer("k1 a", "d", 200, "{}", young),
            DeadLetter("j1", "lane", "k", "w", {}, 1, "e", young),
        )
        go = (
            Attempt("S", 2, Stage.REJECTED, old, old, closed_ms=old),
            StationEvent("S", "events", 1, "k", old, old),
            Reservation(3, "S", 1, "U", "", ReservationState.USED, old, old, ended_ms=old),
            KeptAnswer("k1 b", "d", 200, "{}", old),
            DeadLetter("j2", "lane", "k", "w", {}, 1, "e", old),
        )
        await room.put(station("S"), *stay, *go)
        await room.sweep()
        assert [one for one in stay if room.store.get(type(one), one.key) is None] == []
        assert [one for one in go if room.store.get(type(one), one.key) is not None] == []

    play(kind, tmp_path, scenario)


@each
def test_answers_of_a_time_without_dates_count_from_the_first_sweep(kind, tmp_path):
    async def scenario(room):
        await room.put(KeptAnswer("k1 a", "d", 200, "{}"))
        await room.sweep()
        assert room.store.get(KeptAnswer, "k1 a").at_ms == NOON
        room.clock.advance(31 * DAY_MS)
        await room.sweep()
        assert room.keys(KeptAnswer) == []
        # A key with many answers pushes out its own only.
        dated = [KeptAnswer(f"k2 {n}", "d", 200, "{}", room.clock.now_ms() + n) for n in range(9)]
        other = KeptAnswer("k3 a", "d", 200, "{}", room.clock.now_ms())
        await room.put(*dated, other)
        await room.sweep()
        assert room.keys(KeptAnswer) == ["k2 6", "k2 7", "k2 8", "k3 a"]

    play(kind, tmp_path, scenario)


def test_there_is_room_again_for_what_is_turned_away(tmp_path, monkeypatch):
    monkeypatch.setattr(turned_away, "EVIDENCE_MAX", 3)

    async def scenario(room):
        await room.put(station("S"))

        async def say(number):
            told = turned_away.TurnedAway("S", Admission.REJECTED, json.dumps(number))
            return await room.store.run(turned_away.keep_turned_away, told)

        assert [await say(number) for number in range(4)] == [True, True, True, False]
        room.clock.advance(731 * DAY_MS)
        await room.sweep()
        assert room.keys(Quarantined) == []
        assert room.store.get(Counter, "turned_away/S").value == 0
        assert await say(5)

    play("memory", tmp_path, scenario)


@pytest.mark.parametrize("version", VERSIONS)
def test_stops_of_nobody_over_a_socket_are_answered_and_bounded(version, tmp_path):
    """Behaviour 6 holds before and after the sweep: accepted each time, kept once."""

    def stop(number):
        if version == V16:
            told = {"transactionId": 900_000 + number, "meterStop": 5, "timestamp": _iso(number)}
            return "StopTransaction", told
        info = {"transactionId": f"tx-{number}"}
        told = {"eventType": "Ended", "timestamp": _iso(number), "triggerReason": "EVDeparted"}
        return "TransactionEvent", told | {"seqNo": 1, "transactionInfo": info}

    async def whole():
        async with running(tmp_path) as field:
            house = field.house
            house.retention = Retention(house.store, house.clock, SMALL, lambda: False)
            async with field.station(version), field.station(version, "OTHER") as other:
                await other.say(other.stop_of("77777", 5)) if version == V16 else None
            theirs = [one for one in field.kept() if one.station_id == "OTHER"]
            async with field.station(version) as station:
                for number in range(30):
                    field.clock.advance(1)
                    action, told = stop(number)
                    assert (await station.send(action, told))[0] == 3
            await house.retention.sweep()
            assert house.store.count(Quarantined, station_id="S") <= SMALL.quarantine_max
            assert [one for one in field.kept() if one.station_id == "OTHER"] == theirs
            before = len(field.kept())
            async with field.station(version) as station:
                action, told = stop(0)  # it was purged, and comes once more
                for _ in range(2):
                    assert (await station.send(action, told))[0] == 3
            assert len(field.kept()) == before + 1
            assert field.sessions() == []
            assert field.books_balance()

    asyncio.run(whole())


@pytest.mark.parametrize("version", [V16, V201])
def test_a_stop_repeated_years_later_still_pays_nothing_twice(version, tmp_path):
    async def whole():
        async with running(tmp_path) as field:
            async with field.station(version) as station:
                started = station.start_of("CARD", 0, tx="tx-1")
                answer = await station.say(started)
                tx = str(answer.transaction_id) if version == V16 else "tx-1"
                field.wait(30)
                stopped = station.stop_of(tx, 4_000)
                await station.say(stopped)
            before = field.sessions(), field.accounts()
            field.wait(3_000 * 24 * 60)
            await field.house.retention.sweep(whole=True)
            assert field.sessions() == before[0]
            async with field.station(version) as station:
                await station.say(started)
                await station.say(stopped)
            assert (field.sessions(), field.accounts()) == before

    asyncio.run(whole())


def _iso(number):
    return f"2023-11-14T22:{number:02d}:00Z"


@each
def test_a_sweep_lets_others_have_their_turn_and_never_commits_much_at_once(kind, tmp_path):
    async def scenario(room):
        await room.put(station("S"))
        await room.put(*(kept("S", n, NOON - n) for n in range(1_500)))
        commits = []
        run = room.store.run

        async def counted(flow, command):
            if isinstance(command, Purge):
                commits.append(len(command.keys))
            return await run(flow, command)

        room.store.run = counted
        sweeping = asyncio.create_task(room.sweep())
        turns = 0
        while not sweeping.done():
            await run(keep_all, (station("OTHER"),))  # as a station's message is kept
            turns += 1
        await sweeping
        assert max(commits) <= PAGE_MAX
        assert turns > len(commits)
        assert room.sweeping.gone == {"Quarantined": 1_480}

    play(kind, tmp_path, scenario)


def test_a_sweep_that_finds_the_store_down_goes_on_later(tmp_path):
    async def scenario(room):
        await room.put(station("S"), *(kept("S", n, NOON + n) for n in range(50)))
        room.store.imitate_outage("the disk is full")
        with pytest.raises(StoreUnavailable):
            await room.sweep()
        assert len(room.keys(Quarantined)) == 50
        room.store.imitate_outage("")
        await room.sweep()
        assert len(room.keys(Quarantined)) == 20

    play("memory", tmp_path, scenario)


def test_what_became_needed_while_it_was_looked_at_stays(tmp_path):
    async def scenario(room):
        open_ = Reservation(1, "S", 1, "U", "", ReservationState.ACTIVE, NOON, NOON)
        under_way = command(1, "S", NOON, CommandState.SENT)
        attempt = Attempt("S", 1, Stage.REJECTED, NOON, NOON)
        await room.put(open_, under_way, attempt)
        for one in (open_, under_way, attempt):
            assert await room.store.run(purge, Purge(type(one), (one.key, "gone"))) == 0
            assert room.store.get(type(one), one.key) == one

    play("memory", tmp_path, scenario)


def test_a_house_looks_each_minute_only_where_something_came(tmp_path):
    async def whole():
        async with running(tmp_path) as field:
            sweeping = field.house.retention
            await sweeping.sweep()  # the first one looks at everything
            looked = []
            sweeping._has_more = lambda kind, station_id, most: looked.append(station_id)
            await sweeping.sweep()
            assert looked == []
            async with field.station(V16) as station:
                await station.send(
                    "StopTransaction",
                    {"transactionId": 99_999, "meterStop": 5, "timestamp": _iso(1)},
                )
            assert field.quarantine() == ["unknown_transaction"]
            await sweeping.sweep()
            assert set(looked) == {"S"}

    asyncio.run(whole())


@each
def test_transactions_that_another_system_knew_outlive_those_a_station_invented(kind, tmp_path):
    async def scenario(room):
        await room.put(station("S"))
        told = [ForeignTransaction("S", f"{n}", "steve") for n in range(30)]
        await room.put(*told)
        await room.put(*(ForeignTransaction("S", f"9{n:03d}", "", stopped_ms=n) for n in range(99)))
        await room.sweep()
        left = room.store.find(ForeignTransaction, 1_000)
        assert [one for one in left if one.source] == sorted(told, key=lambda one: one.key)
        assert len([one for one in left if not one.source]) == SMALL.quarantine_max

    play(kind, tmp_path, scenario)


def test_a_sweep_that_failed_looks_at_the_same_stations_again(tmp_path):
    async def scenario(room):
        await room.sweep()
        room.sweeping.fresh = {"S"}
        await room.put(*(kept("S", n, NOON + n) for n in range(50)))
        room.store.imitate_outage("the disk is full")
        with pytest.raises(StoreUnavailable):
            await room.sweep(whole=False)
        room.store.imitate_outage("")
        assert room.sweeping.fresh == {"S"}
        await room.sweep(whole=False)
        assert (len(room.keys(Quarantined)), room.sweeping.fresh) == (20, set())

    play("memory", tmp_path, scenario)


def test_frames_in_memory_grow_old_too():
    log = WireLog()
    for at_ms in range(5):
        log.received(b"frame", at_ms)
    log.forget(3)
    assert [at_ms for at_ms, _, _ in log.frames] == [3, 4]
    log.watch(5)
    log.received(b"frame", 6)
    log.forget(10)
    assert (len(log.frames), log._bytes) == (0, 0)

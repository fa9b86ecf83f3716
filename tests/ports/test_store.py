"""The store's contract, one class for every adapter; a third is one more line in STORES."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ohmstead.adapters.clock import ManualClock
from ohmstead.adapters.store.memory import MemoryStore
from ohmstead.adapters.store.sqlite import SqliteStore
from ohmstead.adapters.store.tables import DONE_KEPT_MS, RecordConflict, Table
from ohmstead.adapters.store.writer import Options
from ohmstead.errors import StoreUnavailable
from ohmstead.ports import Decision, Job

ATTEMPTS_MAX = 3


@dataclass(frozen=True, slots=True)
class Thing:
    """A record with everything a body must survive."""

    id: str
    owner: str = ""
    state: str | None = None
    rank: int = 0
    amount: int = 0
    blob: bytes = b""
    parts: tuple[tuple[str, int], ...] = ()
    extra: Any = None

    @property
    def key(self) -> str:
        return self.id

    @property
    def heavy(self) -> int:
        return int(self.amount > 2**64)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A record that is only ever added."""

    key: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Stranger:
    """A record no table was made for."""

    key: str


TABLES = (
    Table(Thing, "things", ("owner", "state", "rank", "heavy")),
    Table(Evidence, "evidence"),
)


@dataclass
class Opener:
    """Opens stores of one kind and remembers its clock."""

    kind: str
    path: Path
    clock: ManualClock = field(default_factory=lambda: ManualClock(1_000))

    def __call__(self) -> Any:
        return STORES[self.kind](self)


STORES = {
    "memory": lambda o, tables=TABLES: MemoryStore(tables, o.clock, attempts_max=ATTEMPTS_MAX),
    "sqlite": lambda o, tables=TABLES: SqliteStore.open(
        o.path / "store.db", tables, o.clock, Options(attempts_max=ATTEMPTS_MAX)
    ),
}


@pytest.fixture(params=sorted(STORES))
def open_store(request, tmp_path):
    return Opener(request.param, tmp_path)


def keep(state, records, now_ms):
    return Decision("kept", puts=tuple(records))


def add(state, records, now_ms):
    return Decision("added", appends=tuple(records))


def enqueue(state, jobs, now_ms):
    return Decision("queued", jobs=tuple(jobs))


def count_up(state, key, now_ms):
    old = state.get(Thing, key)
    new = Thing(key, rank=(old.rank if old else 0) + 1)
    return Decision(new.rank, puts=(new,))


def ids(records):
    return [record.key for record in records]


class TestAnyStore:
    async def test_what_a_flow_puts_is_read_back_whole(self, open_store):
        store = open_store()
        thing = Thing("a", "ann", None, -5, 2**300, b"\x00\xff", (("x", -(2**90)),), {"n": [1, 2]})
        assert await store.run(keep, [thing]) == "kept"
        assert store.get(Thing, "a") == thing
        assert store.get(Thing, "b") is None
        await store.run(keep, [Thing("a", "bob")])
        assert store.get(Thing, "a") == Thing("a", "bob")
        await store.close()

    async def test_a_flow_reads_what_earlier_flows_decided(self, open_store):
        store = open_store()
        ranks = await asyncio.gather(*(store.run(count_up, "n") for _ in range(500)))
        assert sorted(ranks) == list(range(1, 501))
        assert store.get(Thing, "n").rank == 500
        await store.close()

    async def test_a_record_that_changed_is_never_seen_as_it_was(self, open_store):
        store = open_store()
        for rank in range(1, 6):
            assert await store.run(count_up, "n") == rank
            assert store.get(Thing, "n").rank == rank
            assert [thing.rank for thing in store.find(Thing, 9)] == [rank]
        await store.close()

    async def test_a_search_inside_a_flow_sees_earlier_flows_of_the_same_commit(self, open_store):
        def join(state, key, now_ms):
            there = state.find(Thing, 1000, owner="ann")
            return Decision(len(there), puts=(Thing(key, "ann"),))

        store = open_store()
        seen = await asyncio.gather(*(store.run(join, f"k{n}") for n in range(50)))
        assert sorted(seen) == list(range(50))
        assert len(store.find(Thing, 1000, owner="ann")) == 50
        await store.close()

    async def test_a_search_never_finds_a_record_by_a_value_it_had_before(self, open_store):
        def move(state, command, now_ms):
            before = ids(state.find(Thing, 9, owner="ann"))
            return Decision(before, puts=(Thing("a", "bob"),))

        store = open_store()
        await store.run(keep, [Thing("a", "ann")])
        assert await store.run(move, None) == ["a"]
        assert await store.run(move, None) == []
        assert store.find(Thing, 9, owner="ann") == []
        assert ids(store.find(Thing, 9, owner="bob")) == ["a"]
        await store.close()

    async def test_a_flow_that_raises_leaves_no_trace_and_harms_nobody(self, open_store):
        def fail(state, command, now_ms):
            raise ZeroDivisionError(command)

        store = open_store()
        results = await asyncio.gather(
            *(store.run(fail if n % 3 == 0 else count_up, "n") for n in range(60)),
            return_exceptions=True,
        )
        assert sum(isinstance(r, ZeroDivisionError) for r in results) == 20
        assert store.get(Thing, "n").rank == 40
        await store.close()

    @pytest.mark.parametrize(
        "decision, error",
        [
            (Decision(1, puts=(Thing("x"), Stranger("s"))), LookupError),
            (Decision(1, puts=(Thing("x"), Thing("y", extra=object()))), TypeError),
            (Decision(1, puts=(Thing("x"), Thing("y", rank=2**63))), ValueError),
            (Decision(1, puts=(Thing("x"), Thing("y", owner="\ud800"))), ValueError),
            (Decision(1, puts=(Thing("x"), Thing(""))), TypeError),
            (Decision(1, puts=(Thing("x"), Thing(7))), TypeError),
            (Decision(1, puts=(Thing("x"),), jobs=(Job("j", "l", "k", {"x": {1j}}),)), TypeError),
            (Decision(1, puts=(Thing("x"),), jobs=(Job("j", "l", "k", {}, "now"),)), TypeError),
            (Decision(1, puts=(Thing("x"),), jobs=(Job("", "l", "k", {}),)), TypeError),
            (
                Decision(1, puts=(Thing("x"),), appends=(Evidence("e", "a"), Evidence("e", "b"))),
                RecordConflict,
            ),
            (
                Decision(
                    1,
                    puts=(Thing("x"),),
                    jobs=(Job("j", "l", "k", {}), Job("j", "l", "other", {})),
                ),
                RecordConflict,
            ),
        ],
    )
    async def test_a_decision_that_cannot_be_kept_is_refused_whole(
        self, open_store, decision, error
    ):
        store = open_store()
        good, bad, after = await asyncio.gather(
            store.run(keep, [Thing("good")]),
            store.run(lambda s, c, n: decision, None),
            store.run(keep, [Thing("after")]),
            return_exceptions=True,
        )
        assert (good, after) == ("kept", "kept")
        assert isinstance(bad, error)
        assert ids(store.find(Thing, 9)) == ["after", "good"]
        assert store.find(Evidence, 9) == []
        assert list(store.due_jobs(10**12, 9)) == []
        assert store.available
        await store.close()

    async def test_an_appended_row_is_added_once_and_never_changed(self, open_store):
        store = open_store()
        await store.run(add, [Evidence("e", "one"), Evidence("f", "two")])
        await store.run(add, [Evidence("e", "one")])
        with pytest.raises(RecordConflict, match="'e'"):
            await store.run(add, [Evidence("g", "new"), Evidence("e", "forged")])
        results = await asyncio.gather(
            store.run(add, [Evidence("h", "x")]),
            store.run(add, [Evidence("h", "x")]),
            store.run(add, [Evidence("h", "y")]),
            return_exceptions=True,
        )
        assert sum(r == "added" for r in results) == 2
        assert sum(isinstance(r, RecordConflict) for r in results) == 1
        assert store.find(Evidence, 9) == [
            Evidence("e", "one"),
            Evidence("f", "two"),
            Evidence("h", "x"),
        ]
        await store.close()

    async def test_a_search_answers_in_key_order_by_pages(self, open_store):
        store = open_store()
        keys = ["b", "a", "Z", "ä", "a/1", "\U0001f50c", "～"]
        await store.run(keep, [Thing(key, "ann", "open") for key in keys])
        await store.run(keep, [Thing("c", "bob", "open"), Thing("d", "ann", None)])
        assert ids(store.find(Thing, 99)) == sorted([*keys, "c", "d"])
        assert ids(store.find(Thing, 99, owner="ann", state="open")) == sorted(keys)
        assert ids(store.find(Thing, 99, state=None)) == ["d"]
        assert ids(store.find(Thing, 2, after="a", owner="ann")) == ["a/1", "b"]
        assert store.find(Thing, 0) == []
        assert await store.run(
            lambda s, c, n: Decision(ids(s.find(Thing, 3, owner="ann"))), None
        ) == ["Z", "a", "a/1"]
        await store.close()

    async def test_a_property_can_be_searched_like_a_field(self, open_store):
        store = open_store()
        await store.run(keep, [Thing("a", amount=2**65), Thing("b", amount=1)])
        assert ids(store.find(Thing, 9, heavy=1)) == ["a"]
        await store.close()

    async def test_a_search_on_what_is_not_indexed_is_refused(self, open_store):
        store = open_store()
        with pytest.raises(LookupError, match="amount"):
            store.find(Thing, 9, amount=1)
        with pytest.raises(LookupError, match="amount"):
            await store.run(lambda s, c, n: Decision(s.find(Thing, 9, amount=1)), None)
        with pytest.raises(LookupError, match="Stranger"):
            store.get(Stranger, "s")
        await store.close()

    async def test_a_flow_is_told_the_time_of_the_stores_clock(self, open_store):
        store = open_store()
        tell = lambda state, command, now_ms: Decision(now_ms)  # noqa: E731
        assert await store.run(tell, None) == 1_000
        open_store.clock.advance(5)
        assert await store.run(tell, None) == 1_005
        await store.close()

    async def test_jobs_of_a_lane_run_one_after_the_other(self, open_store):
        store = open_store()
        jobs = [
            Job(f"{lane}{n}", lane, "do", {"n": n}, due_ms=10 * n) for n in (1, 2) for lane in "ab"
        ]
        await store.run(enqueue, jobs)
        assert ids_of(store.due_jobs(9, 9)) == []
        assert list(store.due_jobs(10, 9)) == [jobs[0], jobs[1]]
        assert ids_of(store.due_jobs(99, 1)) == ["a1"]
        await store.finish_job("a1")
        await store.finish_job("a1")
        assert ids_of(store.due_jobs(99, 9)) == ["b1", "a2"]
        assert ids_of(store.due_jobs(19, 9)) == ["b1"]
        await store.postpone_job("b1", 500, "no answer")
        assert ids_of(store.due_jobs(99, 9)) == ["a2"]
        assert ids_of(store.due_jobs(500, 9)) == ["b1", "a2"]
        await store.close()

    async def test_a_job_is_written_with_its_cause_or_not_at_all(self, open_store):
        def cause(state, key, now_ms):
            return Decision(1, puts=(Thing(key),), jobs=(Job(f"j-{key}", key, "do", {}),))

        store = open_store()
        await store.run(cause, "a")
        await asyncio.gather(
            store.run(cause, "a"),
            store.run(lambda s, c, n: Decision(1, jobs=(Job("j-a", "a", "other", {}),)), None),
            return_exceptions=True,
        )
        assert ids_of(store.due_jobs(0, 9)) == ["j-a"]
        assert store.due_jobs(0, 9)[0].kind == "do"
        await store.close()

    async def test_the_same_job_twice_is_one_job_wherever_its_due_time_went(self, open_store):
        store = open_store()
        await store.run(enqueue, [Job("j", "l", "k", {"a": [1, "2"]}, 5)])
        await store.postpone_job("j", 50, "later")
        await store.run(enqueue, [Job("j", "l", "k", {"a": [1, "2"]}, 7)])
        assert list(store.due_jobs(49, 9)) == []
        assert list(store.due_jobs(50, 9)) == [Job("j", "l", "k", {"a": [1, "2"]}, 50)]
        with pytest.raises(RecordConflict, match="'j'"):
            await store.run(enqueue, [Job("j", "l", "k", {"a": []}, 5)])
        await store.close()

    async def test_a_job_that_fails_too_often_is_dead_and_holds_its_lane(self, open_store):
        store = open_store()
        await store.run(enqueue, [Job("a", "l", "k", {}), Job("b", "l", "k", {})])
        for attempt in range(ATTEMPTS_MAX):
            assert store.dead_jobs() == []
            await store.postpone_job("a", 0, f"failure {attempt}")
        assert list(store.due_jobs(99, 9)) == []
        (dead,) = store.dead_jobs()
        assert (dead.job.id, dead.attempts, dead.error) == ("a", ATTEMPTS_MAX, "failure 2")
        await store.revive_job("a", 7)
        assert store.dead_jobs() == []
        assert list(store.due_jobs(99, 9)) == [Job("a", "l", "k", {}, 7)]
        for _ in range(ATTEMPTS_MAX):
            await store.postpone_job("a", 0, "again")
        await store.finish_job("a")
        assert store.dead_jobs() == []
        assert ids_of(store.due_jobs(99, 9)) == ["b"]
        await store.close()

    async def test_a_job_that_never_was_cannot_be_finished_or_postponed(self, open_store):
        store = open_store()
        for attempt in (
            store.finish_job("x"),
            store.postpone_job("x", 0, "e"),
            store.revive_job("x", 0),
        ):
            with pytest.raises(LookupError, match="'x'"):
                await attempt
        await store.close()

    async def test_a_finished_job_is_forgotten_after_thirty_days(self, open_store):
        store = open_store()
        await store.run(enqueue, [Job("a", "l", "k", {}), Job("b", "m", "k", {})])
        await store.finish_job("a")
        open_store.clock.advance(DONE_KEPT_MS - 10)
        await store.run(keep, [Thing("x")])
        await store.finish_job("a")  # still known
        open_store.clock.advance(24 * 3_600_000)
        await store.run(keep, [Thing("x")])
        with pytest.raises(LookupError):
            await store.finish_job("a")
        assert ids_of(store.due_jobs(10**13, 9)) == ["b"]
        await store.close()

    async def test_a_caller_that_gives_up_harms_nobody(self, open_store):
        store = open_store()
        tasks = [asyncio.ensure_future(store.run(count_up, "n")) for _ in range(20)]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(r, (int, asyncio.CancelledError)) for r in results)
        assert await store.run(count_up, "n") > 10
        await store.close()

    async def test_a_closed_store_refuses_and_closes_again_quietly(self, open_store):
        store = open_store()
        await store.run(keep, [Thing("a")])
        assert store.available
        await store.close()
        await store.close()
        assert not store.available
        with pytest.raises(StoreUnavailable):
            await store.run(keep, [Thing("b")])
        with pytest.raises(StoreUnavailable):
            await store.finish_job("a")

    async def test_everything_submitted_before_the_end_is_answered(self, open_store):
        store = open_store()
        tasks = [asyncio.ensure_future(store.run(count_up, "n")) for _ in range(100)]
        await asyncio.sleep(0)
        await store.close()
        assert sorted(await asyncio.gather(*tasks)) == list(range(1, 101))


def ids_of(jobs):
    return [job.id for job in jobs]


@pytest.mark.parametrize("name, indexes", [("jobs", ()), ("a b", ()), ("t", ("key",)), ("", ())])
def test_a_table_with_a_name_that_cannot_be_is_refused(name, indexes):
    with pytest.raises(ValueError):
        Table(Thing, name, indexes)


def test_two_tables_cannot_share_a_kind_or_a_name(tmp_path):
    for tables in (
        (Table(Thing, "a"), Table(Thing, "b")),
        (Table(Thing, "a"), Table(Evidence, "a")),
    ):
        for kind in STORES:
            with pytest.raises(ValueError):
                STORES[kind](Opener(kind, tmp_path), tables)

"""Whatever is done to them, all stores answer alike and hold the same."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path

import uvloop
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.adapters.clock import ManualClock
from ohmstead.adapters.store.memory import MemoryStore
from ohmstead.adapters.store.sqlite import SqliteStore
from ohmstead.adapters.store.tables import Table
from ohmstead.adapters.store.writer import Options
from ohmstead.ports import Decision, Job


@dataclass(frozen=True, slots=True)
class Box:
    key: str
    place: str | None
    size: int


TABLES = (Table(Box, "boxes", ("place", "size")),)
SPARSE = (Table(Box, "boxes", ("place", "size"), ("place",)),)

keys = st.sampled_from(["a", "ü", "z/1"])
places = st.sampled_from([None, "here", "there"])
sizes = st.sampled_from(
    [*range(9), -(2**63) + 1, 2**63 - 1, 2**63]
)  # the last does not fit an index
boxes = st.builds(Box, keys, places, sizes)
jobs = st.builds(Job, keys, st.sampled_from("xy"), st.just("k"), st.just({}), st.integers(0, 3))
flows = st.tuples(
    st.just("flow"),
    st.lists(boxes, max_size=2),
    st.lists(boxes, max_size=2),
    st.lists(jobs, max_size=2),
    st.integers(0, 5).map(lambda n: n == 5),  # some raise
)
steps = st.one_of(
    flows,
    flows,
    st.tuples(st.just("look"), keys, places, st.integers(0, 3)),
    st.just(("warm",)),
    st.tuples(st.just("drop"), keys),
    st.tuples(st.just("finish"), keys),
    st.tuples(st.just("postpone"), keys, st.integers(0, 3)),
    st.tuples(st.just("revive"), keys, st.integers(0, 3)),
)


def change(state, command, now_ms):
    _, puts, appends, new_jobs, fails = command
    if fails:
        raise ArithmeticError("on purpose")
    seen = [state.get(Box, box.key) for box in puts]
    return Decision(seen, tuple(puts), tuple(appends), tuple(new_jobs))


def drop(state, key, now_ms):
    return Decision(None, drops=((Box, key),))


def look(state, command, now_ms):
    _, key, place, limit = command
    return Decision((state.get(Box, key), state.find(Box, limit, place=place)))


async def do(store, step):
    try:
        if step[0] == "flow":
            return await store.run(change, step)
        if step[0] == "look":
            return await store.run(look, step)
        if step[0] == "drop":
            return await store.run(drop, step[1])
        if step[0] == "warm":
            return store.warm(Box)
        if step[0] == "finish":
            return await store.finish_job(step[1])
        if step[0] == "postpone":
            return await store.postpone_job(step[1], step[2], "why")
        return await store.revive_job(step[1], step[2])
    except Exception as error:
        return type(error)


async def live(store, groups):
    """Do the steps of each group at once, and tell everything that can be seen."""
    told = []
    for group in groups:
        told.append(await asyncio.gather(*(do(store, step) for step in group)))
        told.append(store.find(Box, 99))
        told.append([store.get(Box, key) for key in ("a", "ü", "z/1", "never")])
        for place in (None, "here", "there", "nowhere"):
            told.append(store.find(Box, 2, after="a", place=place))
        told.append([list(store.due_jobs(now_ms, 9)) for now_ms in range(4)])
        told.append(list(store.dead_jobs()))
    await store.close()
    return told


@given(
    st.lists(st.lists(steps, min_size=1, max_size=4), min_size=4, max_size=9),
    st.sampled_from([TABLES, SPARSE]),
    st.sampled_from([1, 2, 16_384]),
)
def test_memory_and_sqlite_cannot_be_told_apart(groups, tables, cached):
    options = Options(attempts_max=2, cache_records=cached)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "s.db")
        sqlite = SqliteStore.open(path, tables, ManualClock(1), options)
        memory = MemoryStore(tables, ManualClock(1), attempts_max=2)
        assert uvloop.run(live(sqlite, groups)) == uvloop.run(live(memory, groups))

"""What a flow lets go is gone, in every store, whatever is decided about it before and after."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ohmstead.ports import Decision
from tests.ports.test_store import Evidence, Opener, Thing, keep, open_store

__all__ = ["open_store"]


def drop(state, keys, now_ms):
    return Decision("dropped", drops=tuple((Thing, key) for key in keys))


async def test_a_dropped_record_is_not_found_again(open_store):
    store = open_store()
    await store.run(keep, [Thing("a", "ann"), Thing("b", "ann")])
    assert await store.run(drop, ["a", "never-there"]) == "dropped"
    assert store.get(Thing, "a") is None
    assert [one.id for one in store.find(Thing, 9, owner="ann")] == ["b"]
    await store.run(keep, [Thing("a", "bob")])
    assert store.get(Thing, "a") == Thing("a", "bob")
    assert [one.id for one in store.find(Thing, 9, owner="ann")] == ["b"]
    await store.close()


async def test_flows_of_the_same_commit_see_that_it_is_gone(open_store):
    def look(state, key, now_ms):
        here = state.get(Thing, key), [one.id for one in state.find(Thing, 9)]
        return Decision(here)

    store = open_store()
    await store.run(keep, [Thing("a"), Thing("b")])
    _, seen, _, again = await asyncio.gather(
        store.run(drop, ["a"]),
        store.run(look, "a"),
        store.run(keep, [Thing("a", rank=2)]),
        store.run(look, "a"),
    )
    assert seen == (None, ["b"])
    assert again == (Thing("a", rank=2), ["a", "b"])
    assert store.get(Thing, "a") == Thing("a", rank=2)
    await store.close()


async def test_what_was_only_ever_added_may_be_added_otherwise_once_it_is_gone(open_store):
    def swap(state, text, now_ms):
        return Decision(None, appends=(Evidence("e", text),))

    def let_go(state, key, now_ms):
        return Decision(None, drops=((Evidence, key),))

    store = open_store()
    await store.run(swap, "one")
    await asyncio.gather(store.run(let_go, "e"), store.run(swap, "two"))
    assert store.get(Evidence, "e") == Evidence("e", "two")
    await asyncio.gather(store.run(let_go, "e"), store.run(swap, "three"), store.run(let_go, "e"))
    assert store.get(Evidence, "e") is None
    await store.close()


async def test_a_decision_that_writes_and_drops_one_record_is_refused_whole(open_store):
    def both(state, key, now_ms):
        return Decision(None, (Thing(key), Thing("other")), drops=((Thing, key),))

    store = open_store()
    with pytest.raises(ValueError, match="writes things 'a' and drops it"):
        await store.run(both, "a")
    assert store.get(Thing, "other") is None
    await store.close()


async def test_what_is_dropped_is_overwritten_in_the_file(tmp_path):
    opener = Opener("sqlite", tmp_path)
    store = opener()
    await store.run(keep, [Thing("a", "a-word-that-nobody-may-read-again")])
    await store.run(drop, ["a"])
    await store.close()
    assert b"nobody-may-read" not in (tmp_path / "store.db").read_bytes()
    with sqlite3.connect(tmp_path / "store.db") as db:
        assert db.execute("SELECT count(*) FROM things").fetchone() == (0,)


STEPS = st.lists(
    st.lists(
        st.tuples(st.sampled_from(["put", "drop"]), st.sampled_from("abc"), st.integers(0, 3)),
        min_size=1,
        max_size=6,
    ),
    max_size=6,
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_both_stores_keep_the_same_whatever_comes_and_goes(steps, tmp_path_factory):
    async def play(kind):
        store = Opener(kind, tmp_path_factory.mktemp("drops"))()
        for step in steps:
            await asyncio.gather(
                *(
                    store.run(drop, [key])
                    if what == "drop"
                    else store.run(keep, [Thing(key, rank=rank)])
                    for what, key, rank in step
                )
            )
        found = store.find(Thing, 9), [store.find(Thing, 9, rank=rank) for rank in range(4)]
        await store.close()
        return found

    assert asyncio.run(play("memory")) == asyncio.run(play("sqlite"))

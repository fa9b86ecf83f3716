"""Messages that their station numbers: each number once, whatever arrives again or late."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ohmstead.core.network import EvseHead, Quarantined, SeenMessage
from ohmstead.core.progress import BLOCK_READINGS, Progress, ReadingBlock
from ohmstead.flows.charging import review
from ohmstead.flows.charging.funding import Authorisation
from ohmstead.flows.charging.holding import Fund, fund
from ohmstead.flows.charging.kept import readings_of
from ohmstead.flows.charging.progress import ProgressOutcome
from ohmstead.flows.charging.stop import StopOutcome
from ohmstead.frozen import replace
from ohmstead.hashing import sha256
from tests.flows.world import KWH, World

EXISTS, RECORDED = ProgressOutcome.EXISTS, ProgressOutcome.RECORDED


def digest(*content):
    return sha256(repr(content).encode()).hex()


def begun(world, seq=0, content="start", **changes):
    changes = {"transaction_id": "TX", "seq": seq, "digest": digest(content)} | changes
    return world.start(seen_id=f"ST/TX/{seq}", **changes)


def tell(world, seq, content, *values):
    return world.readings(
        "TX", *values, seq=seq, seen_id=f"ST/TX/{seq}", digest=digest(content)
    ).outcome


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    told=st.lists(
        st.tuples(st.integers(0, 3 * BLOCK_READINGS), st.integers(0, 1), st.integers(0, 2)),
        max_size=4 * BLOCK_READINGS,
    )
)
def test_of_two_contents_under_one_number_the_first_stands_and_the_other_is_kept(told):
    world = World(signed=False)
    started = begun(world)
    first, others, moments = {0: digest("start")}, set(), []
    for seq, content, count in told:
        name = (seq, content)
        values = [(world.now + n, KWH) for n in range(count)]
        world.wait(1)
        outcome = tell(world, seq, name, *values)
        if seq in first:
            assert outcome is EXISTS
            others |= {digest(name)} - {first[seq]}
        else:
            assert outcome is RECORDED
            first[seq] = digest(name)
            moments += [at_ms for at_ms, _ in values]
    kept = {item.id.rpartition("/")[2] for item in world.store.find(Quarantined, 1_000)}
    assert kept == others
    assert [at_ms for at_ms, _ in readings_of(world.store, world.session(started))] == moments
    assert not world.store.find(SeenMessage, 10)
    assert len(world.store.get(Progress, started.session_id).seen) < BLOCK_READINGS


def test_numbers_without_values_fill_blocks_as_well():
    world = World(signed=False)
    started = begun(world)
    for seq in range(1, 3 * BLOCK_READINGS):
        assert tell(world, seq, seq) is RECORDED
    blocks = world.store.find(ReadingBlock, 10)
    assert [len(block.seen) for block in blocks] == [BLOCK_READINGS] * 3
    assert world.store.get(Progress, started.session_id).blocks == 3
    assert tell(world, 3, 3) is EXISTS
    assert not world.store.find(Quarantined, 10)


def test_a_start_that_comes_again_after_its_stop_is_answered_as_before():
    world = World(signed=False)
    first = begun(world)
    world.wait(30)
    world.stop("TX", KWH, seq=1)
    assert not first.earlier
    assert begun(world) == replace(first, earlier=True)
    world.wait(5)
    assert begun(world, content="another").authorisation is Authorisation.INVALID
    assert begun(world, seq=7).authorisation is Authorisation.INVALID


@pytest.mark.parametrize("what", ["readings", "stop", "nothing"])
def test_a_start_says_whether_anything_of_its_transaction_came_before_it(what):
    world = World(signed=False)
    if what == "readings":
        assert tell(world, 3, "early", (world.now, KWH)) is ProgressOutcome.QUARANTINED
        assert tell(world, 4, "early", (world.now, KWH)) is ProgressOutcome.QUARANTINED
    elif what == "stop":
        assert world.stop("TX", KWH, seq=9).outcome is StopOutcome.QUARANTINED
        assert world.stop("TX", KWH, seq=9).outcome is StopOutcome.QUARANTINED
        answer = world.run(fund, Fund("ST", "TX", "card"))
        assert answer.authorisation is Authorisation.INVALID
    world.wait(1)
    started = begun(world)
    assert started.authorisation is Authorisation.ACCEPTED
    assert started.earlier == (what != "nothing")
    assert tell(world, 1, "now", (world.now, KWH)) is RECORDED
    assert world.stop("TX", KWH, seq=2).session_id == started.session_id


def test_a_stop_says_what_it_is_only_where_nothing_else_does():
    world = World(signed=False)
    begun(world)
    world.wait(30)
    world.stop("TX", KWH, seq=1)
    assert not world.store.find(SeenMessage, 10)
    plain = world.start(KWH)
    world.wait(30)
    world.stop(plain.transaction_id, 2 * KWH)
    assert len(world.store.find(SeenMessage, 10)) == 2  # of the start and of the stop


def test_an_evse_remembers_only_who_may_charge_there_still():
    world = World(signed=False)
    stranger = world.start(token="stranger")
    world.wait(1)
    first = world.start()
    assert "evse_already_in_session" not in world.session(first).findings  # it had no money
    world.wait(1)
    second = world.start(KWH)
    assert "evse_already_in_session" in world.session(second).findings
    other = world.start(KWH, evse=2)
    assert "evse_already_in_session" not in world.session(other).findings
    world.wait(30)
    for started in (first, second):
        world.stop(started.transaction_id, 2 * KWH)
    third = world.start(2 * KWH)
    assert "evse_already_in_session" not in world.session(third).findings
    head = world.store.get(EvseHead, "ST/1")
    assert head.session_ids == (stranger.session_id, third.session_id)


def test_a_session_that_found_its_money_late_holds_the_evse_too():
    world = World(signed=False)
    started = begun(world, token="")
    world.run(fund, Fund("ST", "TX", "card"))
    world.wait(1)
    second = world.start(KWH)
    assert "evse_already_in_session" in world.session(second).findings
    world.wait(6 * 24 * 60)
    for session_id in (started.session_id, second.session_id):
        world.run(review.expire, review.Expire(session_id))
    third = world.start(2 * KWH)
    assert "evse_already_in_session" not in world.session(third).findings

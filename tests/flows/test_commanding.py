"""A command's life as a table: what may follow what, and that doing it twice is doing it once."""

from __future__ import annotations

import asyncio

import pytest

from ohmstead.adapters.clock import ManualClock
from ohmstead.adapters.store.memory import MemoryStore
from ohmstead.adapters.store.schema import TABLES
from ohmstead.core.command import Author, CommandBody, CommandState, StationCommand
from ohmstead.errors import OperatorError
from ohmstead.flows.commanding import (
    ATTEMPTS_MAX,
    QUEUED_MAX,
    Conclude,
    Dispatch,
    Enqueue,
    Late,
    attach_late,
    cancel,
    conclude,
    dispatch,
    enqueue,
    expire,
)

NOW, END = 1_000, 61_000
S = CommandState


class Life:
    """One store, and commands of one station in it."""

    def __init__(self):
        self.clock = ManualClock(NOW)
        self.store = MemoryStore(TABLES, self.clock)
        self.last = 0

    def run(self, flow, command):
        return asyncio.run(self.store.run(flow, command))

    def queue(self, station="S"):
        self.last += 1
        name = f"c{999 - self.last}"
        one = StationCommand(
            name, station, "ClearCache", "{}", Author(), S.QUEUED, NOW, expires_ms=END
        )
        taken = self.run(enqueue, Enqueue(((one, '{"x":1}'),)))
        return name if taken else None

    def get(self, name):
        return self.store.get(StationCommand, name)

    def body(self, name):
        return self.store.get(CommandBody, name).body


@pytest.mark.parametrize("state", [S.ANSWERED, S.INVALID, S.REFUSED, S.TIMEOUT, S.UNKNOWN])
def test_what_ended_stays_ended_and_its_body_is_emptied(state):
    life = Life()
    name = life.queue()
    assert life.run(dispatch, Dispatch(name, "1.6")).state is S.SENT
    assert life.run(dispatch, Dispatch(name, "1.6")) is None  # it leaves once
    assert life.body(name) == '{"x":1}'
    life.run(conclude, Conclude(name, state, answer="{}"))
    ended = life.get(name)
    assert (ended.state, ended.ended_ms, life.body(name)) == (state, NOW, "")
    life.run(conclude, Conclude(name, S.ANSWERED, answer="[]"))
    assert life.get(name) == ended
    with pytest.raises(OperatorError, match=r"only one that is queued"):
        life.run(cancel, name)


def test_what_never_left_waits_again_and_that_is_no_attempt():
    life = Life()
    name = life.queue()
    for _ in range(3 * ATTEMPTS_MAX):
        life.run(dispatch, Dispatch(name, "1.6"))
        assert life.run(conclude, Conclude(name, S.UNSENT)).state is S.QUEUED
    assert life.get(name).attempts == 0


@pytest.mark.parametrize("how", [S.TIMEOUT, S.UNKNOWN])
def test_what_may_be_repeated_is_until_its_attempts_or_its_time_are_over(how):
    life = Life()
    name, other = life.queue(), life.queue()
    for attempt in range(1, ATTEMPTS_MAX + 1):
        life.run(dispatch, Dispatch(name, "1.6"))
        ended = life.run(conclude, Conclude(name, how, repeatable=True))
        assert ended.attempts == attempt
        assert ended.state is (S.QUEUED if attempt < ATTEMPTS_MAX else how)
    life.run(dispatch, Dispatch(other, "1.6"))
    life.clock.advance(END - NOW)
    assert life.run(conclude, Conclude(other, how, repeatable=True)).state is how


def test_what_expired_does_not_leave():
    life = Life()
    name, other = life.queue(), life.queue()
    assert life.run(expire, name) is False
    life.clock.advance(END - NOW)
    assert life.run(dispatch, Dispatch(name, "1.6")) is None
    assert life.get(name).state is S.EXPIRED
    assert life.run(expire, other) is True
    assert life.run(expire, other) is False


def test_a_late_answer_is_kept_once_and_ends_what_waited_to_be_repeated():
    life = Life()
    name, other = life.queue(), life.queue()
    for one, repeatable in ((name, True), (other, False)):
        life.run(dispatch, Dispatch(one, "1.6"))
        life.run(conclude, Conclude(one, S.TIMEOUT, repeatable=repeatable))
    assert life.run(attach_late, Late(name, S.ANSWERED, '{"late":1}'))
    assert (life.get(name).state, life.get(name).answer) == (S.ANSWERED, '{"late":1}')
    assert life.run(attach_late, Late(other, S.REFUSED, '"NotSupported"', "NotSupported"))
    assert (life.get(other).state, life.get(other).late) == (S.TIMEOUT, '"NotSupported"')
    assert not life.run(attach_late, Late(other, S.ANSWERED, "{}"))
    assert not life.run(attach_late, Late("none", S.ANSWERED, "{}"))


def test_a_stations_queue_is_bounded_and_anothers_is_not_its_business():
    life = Life()
    assert all(life.queue() for _ in range(QUEUED_MAX))
    assert life.queue() is None
    assert life.queue("OTHER")


def test_what_is_asked_once_waits_once_and_as_long_as_the_longest_may():
    life = Life()

    def once(name, station="S", expires_ms=END):
        one = StationCommand(
            *(name, station, "ClearCache", "{}", Author(), S.QUEUED, NOW), expires_ms=expires_ms
        )
        return life.run(enqueue, Enqueue(((one, "{}"),), once=True))

    while life.queue("FULL"):
        pass
    assert once("b9", "FULL") == ()  # the same waits there already
    assert once("b8") == ("b8",)
    assert once("b7", expires_ms=END + 5) == ()
    assert once("b6", expires_ms=END) == ()
    assert life.get("b8").expires_ms == END + 5
    assert life.get("b7") is None
    life.run(dispatch, Dispatch("b8", "1.6"))
    assert once("b5") == ("b5",)  # one that has left knows nothing of what came after


def test_what_is_asked_once_has_room_in_a_full_queue():
    life = Life()
    for number in range(QUEUED_MAX):
        one = StationCommand(
            *(f"c{number}", "S", "GetLocalListVersion", "{}", Author(), S.QUEUED, NOW),
            expires_ms=END,
        )
        assert life.run(enqueue, Enqueue(((one, "{}"),)))
    assert life.queue() is None
    clear = StationCommand("b", "S", "ClearCache", "{}", Author(), S.QUEUED, NOW, expires_ms=END)
    assert life.run(enqueue, Enqueue(((clear, "{}"),), once=True)) == ("b",)
    assert life.run(enqueue, Enqueue(((clear, "{}"),), once=True)) == ()

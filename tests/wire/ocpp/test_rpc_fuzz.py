"""Whatever a peer sends, there are events or RemoteProtocolError, and memory stays bounded."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ohmstead.errors import RemoteProtocolError
from ohmstead.wire.ocpp import memory as memory_module
from ohmstead.wire.ocpp import rpc as rpc_module
from ohmstead.wire.ocpp.base import Version
from ohmstead.wire.ocpp.faults import ErrorCode
from ohmstead.wire.ocpp.frames import CallReceived, RepeatReceived
from ohmstead.wire.ocpp.memory import StationMemory
from ohmstead.wire.ocpp.rpc import Rpc
from tests.conftest import DEEP

FRAMES = [
    b'[2,"19223201","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]',
    b'[3,"19223201",{"currentTime":"2013-02-01T20:53:32.486Z","interval":300}]',
    b'[4,"162376037","NotSupported","SetDisplayMessageRequest not implemented",{}]',
    b'[5,"162376037","FormatViolation","statusInfo cannot be read",{}]',
    b'[6,"19223201","NotifyPeriodicEventStream",{"id":1,"pending":0}]',
]


def feed(rpc: Rpc, data: bytes | str) -> None:
    try:
        rpc.receive(data, 0)
    except RemoteProtocolError:
        return
    for written in rpc.data_to_send():
        json.loads(written)


@pytest.mark.parametrize("version", list(Version))
@pytest.mark.parametrize("frame", FRAMES, ids=["call", "result", "error", "dispute", "send"])
def test_no_frame_changed_or_cut_at_any_byte_breaks_the_conversation(version, frame):
    for i in range(len(frame) + 1):
        feed(Rpc(version), frame[:i])
        for byte in range(256):
            feed(Rpc(version), frame[:i] + bytes([byte]) + frame[i + 1 :])


@settings(max_examples=20_000 if DEEP else 300)
@given(
    st.sampled_from(Version),
    st.lists(
        st.binary(max_size=80)
        | st.text(max_size=80)
        | st.lists(
            st.integers(0, 9)
            | st.sampled_from(["a", "b", "Heartbeat", {}, [], None, "x" * 37, 1e300])
            | st.text(max_size=5),
            max_size=6,
        ).map(lambda parts: json.dumps(parts).encode()),
        max_size=8,
    ),
)
def test_whatever_bytes_a_peer_sends_there_are_events_or_a_remote_protocol_error(version, messages):
    rpc = Rpc(version)
    rpc.call("a", "Reset", b"{}", 0, 1000)
    for message in messages:
        feed(rpc, message)


class Conversation(RuleBasedStateMachine):
    """Random calls, repeats, answers and reconnections, against a plain book-keeping."""

    def __init__(self) -> None:
        super().__init__()
        self.memory = StationMemory()
        self.rpc = Rpc(Version.V16, self.memory)
        self.now_ms = 0
        self.owed: list[str] = []  # replies owed on this connection, in order of arrival
        self.working: str | None = None
        self.effects: list[str] = []

    def take(self, events) -> None:
        for event in events:
            if isinstance(event, CallReceived):
                assert self.working is None, "two calls at once"
                self.working = event.message_id
                self.effects.append(event.message_id)
            else:
                assert isinstance(event, RepeatReceived)

    @rule(number=st.integers(0, 5))
    def they_call(self, number):
        text = json.dumps([2, f"id{number}", "StopTransaction", {"n": number}])
        try:
            self.take(self.rpc.receive(text, self.now_ms))
        except RemoteProtocolError:
            self.reconnect()
        else:
            self.owed.append(f"id{number}")

    @rule(refuse=st.booleans())
    def we_reply(self, refuse):
        if self.working is None:
            return
        message_id, self.working = self.working, None
        if refuse:
            self.effects.remove(message_id)  # a refused call had no effect
            self.take(self.rpc.refuse(message_id, ErrorCode.INTERNAL_ERROR))
        else:
            self.take(self.rpc.answer(message_id, b'{"for":"%b"}' % message_id.encode()))

    @rule()
    def time_passes(self):
        self.now_ms += 1000
        self.take(self.rpc.tick(self.now_ms))

    @rule()
    def reconnect(self):
        if self.working is not None:
            self.rpc.abandon(self.working)
            self.effects.remove(self.working)
        self.rpc.close()
        self.rpc = Rpc(Version.V16, self.memory)
        self.owed, self.working = [], None

    @invariant()
    def each_reply_is_owed_and_right(self):
        for data in self.rpc.data_to_send():
            kind, message_id, *rest = json.loads(data)
            self.owed.remove(message_id)
            assert kind == 4 or rest == [{"for": message_id}]

    @invariant()
    def nothing_took_effect_twice(self):
        assert len(self.effects) == len(set(self.effects))

    @invariant()
    def nobody_is_kept_waiting_without_reason(self):
        assert (self.working is None) <= (not self.owed)

    @invariant()
    def memory_is_bounded(self):
        assert len(self.rpc._waiting) + self.rpc._repeats <= rpc_module.CALLS_WAITING_MAX
        assert len(self.memory._answers) <= memory_module.ANSWERS_MAX


TestConversation = Conversation.TestCase


@pytest.mark.parametrize("version", list(Version))
def test_a_station_that_sends_for_ever_leaves_no_trace_beyond_the_bounds(version):
    memory = StationMemory()
    rpc = Rpc(version, memory)
    for i in range(2_000):
        frame = json.dumps([2, f"{i}", "StatusNotification", {"n": i}])
        (event,) = rpc.receive(frame, i)
        rpc.answer(event.message_id, b"{}")
        rpc.receive(f'[3,"{i}",{{}}]', i)
        rpc.receive(b"[nonsense", i)
        rpc.call(f"c{i}", "ClearCache", b"{}", i, 1)
        rpc.tick(i + 1)
        rpc.data_to_send()
    assert len(memory._answers) == len(memory._uses) == memory_module.ANSWERS_MAX
    assert len(memory._given_up) == memory_module.GIVEN_UP_MAX
    assert len(memory._until_ms) == memory_module.ANSWERS_MAX
    assert not memory._working

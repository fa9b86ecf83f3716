"""The OCPP-J conversation: one test per behaviour of the list, then the cases around them."""

from __future__ import annotations

import json

import pytest

from ohmstead.errors import LocalProtocolError, RemoteProtocolError
from ohmstead.wire.ocpp import rpc as rpc_module
from ohmstead.wire.ocpp.base import Version
from ohmstead.wire.ocpp.codec import decode_request
from ohmstead.wire.ocpp.faults import CallRefused, ErrorCode, MustClose
from ohmstead.wire.ocpp.frames import (
    CallExpired,
    CallFailed,
    CallReceived,
    ErrorReceived,
    FrameRefused,
    LateError,
    LateResult,
    RepeatReceived,
    ResultDisputed,
    ResultReceived,
    SendReceived,
)
from ohmstead.wire.ocpp.memory import (
    ANSWERS_MAX,
    BRIEF_MS,
    WORKING_MAX,
    AnswerCache,
    StationMemory,
)
from ohmstead.wire.ocpp.rpc import Rpc

START = {"connectorId": 1, "idTag": "CARD", "meterStart": 5, "timestamp": "2026-11-20T12:00:00Z"}
BOTH_VERSIONS = pytest.mark.parametrize("version", list(Version))


def call(message_id, action="StartTransaction", payload=START) -> bytes:
    return json.dumps([2, message_id, action, payload]).encode()


def sent(rpc: Rpc) -> list:
    return [json.loads(data) for data in rpc.data_to_send()]


def kinds(events) -> list[type]:
    return [type(event) for event in events]


def new(version=Version.V16, memory=None, **options) -> Rpc:
    return Rpc(version, memory, **options)


# Behaviour 1: one reply per CALL, with its id.


def test_behaviour_01_one_reply_per_call_with_its_id():
    rpc = new()
    (event,) = rpc.receive(call("a", "Heartbeat", {}), 0)
    assert event == CallReceived("a", "Heartbeat", event.payload)
    assert bytes(event.payload) == b"{}"
    assert sent(rpc) == []
    assert rpc.answer("a", b'{"currentTime":"t"}') == []
    assert sent(rpc) == [[3, "a", {"currentTime": "t"}]]
    for reply in (
        lambda: rpc.answer("a", b"{}"),
        lambda: rpc.refuse("a", ErrorCode.GENERIC_ERROR),
        lambda: rpc.abandon("a"),
    ):
        with pytest.raises(LocalProtocolError):
            reply()
    assert sent(rpc) == []


def test_behaviour_01_a_call_that_is_not_the_one_being_worked_on_cannot_be_answered():
    rpc = new()
    rpc.receive(call("a"), 0)
    rpc.receive(call("b", payload={}), 0)
    with pytest.raises(LocalProtocolError):
        rpc.answer("b", b"{}")
    rpc.answer("a", b"{}")
    rpc.answer("b", b"{}")
    assert sent(rpc) == [[3, "a", {}], [3, "b", {}]]


# Behaviour 2: one CALL in flight per direction; the directions are independent.


def test_behaviour_02_a_second_call_of_ours_waits_for_the_answer_of_the_first():
    rpc = new()
    rpc.call("1", "Reset", b'{"type":"Hard"}', 0, 1000)
    rpc.call("2", "ClearCache", b"{}", 0, 1000)
    assert sent(rpc) == [[2, "1", "Reset", {"type": "Hard"}]]
    assert kinds(rpc.receive(b'[3,"1",{"status":"Accepted"}]', 5)) == [ResultReceived]
    assert sent(rpc) == [[2, "2", "ClearCache", {}]]


def test_behaviour_02_a_second_call_of_theirs_is_worked_on_after_the_first_in_order():
    rpc = new()
    assert kinds(rpc.receive(call("a"), 0)) == [CallReceived]
    assert rpc.receive(call("b"), 0) == []
    assert rpc.receive(call("c"), 0) == []
    assert [event.message_id for event in rpc.answer("a", b"{}")] == ["b"]
    assert [event.message_id for event in rpc.refuse("b", ErrorCode.INTERNAL_ERROR)] == ["c"]
    assert rpc.answer("c", b"{}") == []
    assert [frame[:2] for frame in sent(rpc)] == [[3, "a"], [4, "b"], [3, "c"]]


def test_behaviour_02_the_directions_are_independent():
    rpc = new()
    rpc.call("x", "ClearCache", b"{}", 0, 1000)
    rpc.receive(call("x", "Heartbeat", {}), 0)  # even with the same id
    assert kinds(rpc.receive(b'[3,"x",{"status":"Accepted"}]', 0)) == [ResultReceived]
    rpc.answer("x", b"{}")
    assert sent(rpc) == [[2, "x", "ClearCache", {}], [3, "x", {}]]


def test_behaviour_02_a_station_that_floods_is_closed_and_memory_stays_bounded():
    rpc = new()
    rpc.receive(call("0"), 0)
    for i in range(rpc_module.CALLS_WAITING_MAX):
        rpc.receive(call(str(i + 1)), 0)
    with pytest.raises(MustClose) as caught:
        rpc.receive(call("one too many"), 0)
    assert caught.value.close_code == 1008


@pytest.mark.parametrize("same", [True, False])
def test_behaviour_02_waiting_calls_are_bounded_in_bytes_and_repeats_in_number(same):
    rpc = new(frame_bytes_max=1000)
    big = {"x": "y" * 800}
    rpc.receive(call("0", payload=big), 0)
    with pytest.raises(MustClose):
        for i in range(rpc_module.CALLS_WAITING_MAX + 1):
            rpc.receive(call("0" if same else str(i), payload=big), 0)
    assert not same or rpc._repeats == rpc_module.CALLS_WAITING_MAX
    assert same or len(rpc._waiting) == 1


# Behaviour 3: a late CALLRESULT is stored on its command and never answered.


@BOTH_VERSIONS
def test_behaviour_03_a_late_result_is_reported_once_and_never_answered(version):
    rpc = new(version)
    rpc.call("1", "Reset", b"{}", 0, 1000)
    rpc.data_to_send()
    assert rpc.tick(999) == []
    assert rpc.tick(1000) == [CallExpired("1", "Reset")]
    (late,) = rpc.receive(b'[3,"1",{"status":"Accepted"}]', 2000)
    assert (type(late), late.message_id, late.action) == (LateResult, "1", "Reset")
    assert bytes(late.payload) == b'{"status":"Accepted"}'
    assert rpc.receive(b'[3,"1",{"status":"Accepted"}]', 2000) == []
    assert sent(rpc) == []


def test_behaviour_03_a_late_error_is_reported_too():
    rpc = new()
    rpc.call("1", "Reset", b"{}", 0, 1000)
    rpc.tick(1000)
    (late,) = rpc.receive(b'[4,"1","GenericError","busy",{}]', 2000)
    assert late == LateError("1", "Reset", ErrorCode.GENERIC_ERROR, "GenericError", "busy")


def test_behaviour_03_an_unknown_result_or_error_is_ignored():
    rpc = new(Version.V201)
    assert rpc.receive(b'[3,"never",{}]', 0) == []
    assert rpc.receive(b'[4,"never","GenericError","",{}]', 0) == []
    assert sent(rpc) == []


def test_behaviour_03_a_result_on_the_next_connection_finds_its_command():
    memory = StationMemory()
    old = new(memory=memory)
    old.call("1", "Reset", b"{}", 0, 1000)
    old.close()
    assert kinds(new(memory=memory).receive(b'[3,"1",{}]', 0)) == [LateResult]


# Behaviour 4: a repeated message gets the same answer and has no second effect.


@BOTH_VERSIONS
def test_behaviour_04_a_repeat_gets_the_same_answer_and_has_no_second_effect(version):
    rpc = new(version)
    assert kinds(rpc.receive(call("a"), 0)) == [CallReceived]
    rpc.answer("a", b'{"transactionId":7}')
    first = rpc.data_to_send()
    assert rpc.receive(call("a"), BRIEF_MS * 100) == [RepeatReceived("a", "StartTransaction")]
    assert rpc.data_to_send() == first


def test_behaviour_04_the_answer_survives_a_reconnection():
    cache = AnswerCache()
    old = new(memory=cache.of("CP1"))
    old.receive(call("a"), 0)
    old.answer("a", b'{"transactionId":7}')
    old.close()
    fresh = new(memory=cache.of("CP1"))
    assert kinds(fresh.receive(call("a"), 5)) == [RepeatReceived]
    assert sent(fresh) == [[3, "a", {"transactionId": 7}]]
    stranger = new(memory=cache.of("CP2"))
    assert kinds(stranger.receive(call("a"), 5)) == [CallReceived]


def test_behaviour_04_the_same_id_with_another_payload_is_a_new_call_and_flagged():
    rpc = new()
    (first,) = rpc.receive(call("1"), 0)
    rpc.answer("1", b'{"transactionId":7}')
    (second,) = rpc.receive(call("1", payload={**START, "meterStart": 6}), 0)
    rpc.answer("1", b'{"transactionId":8}')
    (third,) = rpc.receive(call("1", "StopTransaction"), 0)
    rpc.answer("1", b"{}")
    assert [e.id_reused for e in (first, second, third)] == [False, True, True]
    rpc.data_to_send()
    assert kinds(rpc.receive(call("1"), 0)) == [RepeatReceived]
    assert sent(rpc) == [[3, "1", {"transactionId": 7}]]


def test_behaviour_04_a_repeat_while_the_first_is_worked_on_waits_for_the_same_answer():
    rpc = new()
    rpc.receive(call("a"), 0)
    assert kinds(rpc.receive(call("a"), 1)) == [RepeatReceived]
    assert sent(rpc) == []
    rpc.answer("a", b'{"transactionId":7}')
    assert sent(rpc) == [[3, "a", {"transactionId": 7}]] * 2


def test_behaviour_04_a_repeat_on_a_new_connection_waits_for_the_work_of_the_old_one():
    memory = StationMemory()
    old, fresh = new(memory=memory), new(memory=memory)
    old.receive(call("a"), 0)
    old.close()
    assert kinds(fresh.receive(call("a"), 1)) == [RepeatReceived]
    assert fresh.receive(call("b", "Heartbeat", {}), 2) == []  # in order, so it waits too
    assert fresh.tick(1000) == []
    assert old.answer("a", b'{"transactionId":7}') == []
    assert old.data_to_send() == []
    assert [event.message_id for event in fresh.tick(2000)] == ["b"]
    assert sent(fresh) == [[3, "a", {"transactionId": 7}]]


def test_behaviour_04_work_that_was_abandoned_is_begun_again_for_the_repeat():
    memory = StationMemory()
    old, fresh = new(memory=memory), new(memory=memory)
    old.receive(call("a"), 0)
    fresh.receive(call("a"), 1)
    old.abandon("a")
    (event,) = fresh.tick(1000)
    assert (type(event), event.message_id) == (CallReceived, "a")
    fresh.answer("a", b"{}")
    assert sent(fresh) == [[3, "a", {}]]


def test_behaviour_04_work_that_never_ends_does_not_hold_the_repeat_for_ever():
    memory = StationMemory()
    old, fresh = new(memory=memory), new(memory=memory)
    old.receive(call("a"), 0)
    fresh.receive(call("a"), 0)
    assert fresh.tick(rpc_module.ANSWER_WAIT_MS_MAX - 1) == []
    assert kinds(fresh.tick(rpc_module.ANSWER_WAIT_MS_MAX)) == [CallReceived]
    fresh.answer("a", b'{"new":1}')
    old.answer("a", b'{"old":1}')  # too late: what was told the station stays
    fresh.data_to_send()
    fresh.receive(call("a"), 1)
    assert sent(fresh) == [[3, "a", {"new": 1}]]


def test_behaviour_04_the_last_64_answers_are_kept_and_no_more():
    memory = StationMemory()
    rpc = new(memory=memory)
    for i in range(ANSWERS_MAX + 1):
        rpc.receive(call(f"id{i}"), 0)
        rpc.answer(f"id{i}", b"{}")
    assert len(memory._answers) == len(memory._uses) == ANSWERS_MAX
    assert kinds(rpc.receive(call("id1"), 0)) == [RepeatReceived]
    assert kinds(rpc.receive(call("id0"), 0)) == [CallReceived]
    assert memory._working.keys() == {memory.key("id0", "StartTransaction", _payload())}


def test_behaviour_04_a_refused_call_is_tried_again():
    rpc = new()
    rpc.receive(call("a"), 0)
    rpc.refuse("a", ErrorCode.INTERNAL_ERROR)
    assert kinds(rpc.receive(call("a"), 0)) == [CallReceived]


def test_behaviour_04_a_heartbeat_is_always_answered_afresh_because_its_answer_is_the_time():
    rpc = new()
    for now in (0, 1):
        assert kinds(rpc.receive(call("1", "Heartbeat", {}), now)) == [CallReceived]
        rpc.answer("1", b"{}")


def test_behaviour_04_what_carries_no_time_is_a_repeat_only_when_it_comes_promptly():
    boot = call("1", "BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"})
    rpc = new()
    assert kinds(rpc.receive(boot, 0)) == [CallReceived]
    rpc.answer("1", b'{"status":"Accepted"}')
    assert kinds(rpc.receive(boot, BRIEF_MS - 1)) == [RepeatReceived]
    assert kinds(rpc.receive(boot, BRIEF_MS)) == [CallReceived]


def test_the_cache_forgets_the_stations_that_connected_longest_ago():
    cache = AnswerCache(stations_max=2)
    first = cache.of("a")
    cache.of("b")
    assert cache.of("a") is first
    cache.of("c")
    assert cache.of("a") is first
    assert len(cache) == 2


# Behaviours 14 and 15: the right error code, in the version's spelling.


@pytest.mark.parametrize(
    ("version", "action", "payload", "code"),
    [
        (Version.V16, "Nonsense", {}, "NotImplemented"),
        (Version.V201, "Nonsense", {}, "NotImplemented"),
        (Version.V201, "StartTransaction", {}, "NotImplemented"),
        (Version.V16, "Reset", {"type": "Hard"}, "NotSupported"),
        (Version.V201, "Reset", {"type": "Immediate"}, "NotSupported"),
        (Version.V21, "Reset", {"type": "Immediate"}, "NotSupported"),
        (Version.V201, "NotifySettlement", {}, "NotImplemented"),
        (Version.V21, "NotifyPeriodicEventStream", {}, "NotImplemented"),  # a SEND, not a CALL
    ],
)
def test_behaviour_14_unknown_is_not_implemented_and_unsupported_is_not_supported(
    version, action, payload, code
):
    assert _refusal(version, action, payload)[2] == code


@pytest.mark.parametrize(
    ("action", "payload", "code_16", "code_201"),
    [
        ("Heartbeat", {"x": 1}, "FormationViolation", "FormatViolation"),
        ("Heartbeat", [], "FormationViolation", "FormatViolation"),
        ("Authorize", {}, "OccurenceConstraintViolation", "OccurrenceConstraintViolation"),
        ("Authorize", {"idTag": 5, "idToken": 5}, "TypeConstraintViolation", None),
        ("MeterValues", {"connectorId": 1, "evseId": 1, "meterValue": []}, None, None),
    ],
)
def test_behaviour_15_the_error_code_is_spelled_as_the_version_spells_it(
    action, payload, code_16, code_201
):
    if code_16 is None:
        code_16, code_201 = "OccurenceConstraintViolation", "OccurrenceConstraintViolation"
    by_version = {Version.V16: code_16, Version.V201: code_201 or code_16}
    foreign = {
        Version.V16: {"idToken", "evseId"},
        Version.V201: {"idTag", "connectorId"},
    }
    for version, code in by_version.items():
        own = payload
        if isinstance(payload, dict):
            own = {k: v for k, v in payload.items() if k not in foreign[version]}
        assert _refusal(version, action, own)[2] == code


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"idTag": "x" * 21}, "PropertyConstraintViolation"),
        ({"idTag": None}, "TypeConstraintViolation"),
        ({"idTag": {}}, "TypeConstraintViolation"),
    ],
)
def test_behaviour_15_values_and_types_have_codes_of_their_own(payload, code):
    frame = _refusal(Version.V16, "Authorize", payload)
    assert frame[2] == code
    assert "idTag" in frame[3]  # the description names the field


def test_behaviour_15_both_spellings_are_understood_from_a_peer():
    for text in ("OccurenceConstraintViolation", "OccurrenceConstraintViolation"):
        assert ErrorCode.parse(text) is ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION
    for text in ("FormationViolation", "FormatViolation"):
        assert ErrorCode.parse(text) is ErrorCode.FORMAT_VIOLATION
    assert ErrorCode.parse("OwnInvention") is None


def test_behaviour_15_every_code_sent_in_1_6_exists_in_1_6():
    known = {
        "NotImplemented NotSupported InternalError ProtocolError SecurityError FormationViolation",
        "PropertyConstraintViolation OccurenceConstraintViolation TypeConstraintViolation",
        "GenericError",
    }
    assert {c.spelled(Version.V16) for c in ErrorCode} <= set(" ".join(known).split())


# Behaviour 16: malformed JSON.

BROKEN = [
    b"",
    b"{",
    b"[2",
    b"nonsense",
    b'[2,"a","Heartbeat",{]',
    b"\xff\xfe",
    b"[" * 50_000,
    b"[]",
]
BROKEN += [b"{}", b"null", b'[2,"\\ud800","Heartbeat",{}]', b"\xef\xbb\xbf[]", b'["2","a"]']


@pytest.mark.parametrize("data", BROKEN, ids=range(len(BROKEN)))
def test_behaviour_16_malformed_json_is_answered_with_id_minus_1_in_2_x_and_dropped_in_1_6(data):
    modern, old = new(Version.V201), new(Version.V16)
    assert kinds(modern.receive(data, 0)) == [FrameRefused]
    ((kind, message_id, code, _, details),) = sent(modern)
    assert (kind, message_id, code, details) == (4, "-1", "RpcFrameworkError", {})
    assert kinds(old.receive(data, 0)) == [FrameRefused]
    assert sent(old) == []
    for rpc in (modern, old):  # the conversation goes on
        assert kinds(rpc.receive(call("a"), 0)) == [CallReceived]


def test_behaviour_16_a_call_whose_id_can_be_read_is_answered_with_it():
    for version, code in ((Version.V16, "FormationViolation"), (Version.V201, "RpcFrameworkError")):
        rpc = new(version)
        rpc.receive(b'[2,"a","Heartbeat"]', 0)
        rpc.receive(b'[2,"b",5,{}]', 0)
        assert [frame[:3] for frame in sent(rpc)] == [[4, "a", code], [4, "b", code]]


@pytest.mark.parametrize("data", [b'[3,"a"]', b'[4,"a"]', b"[3,5,{}]", b'[4,"a","X",null,{}]'])
@BOTH_VERSIONS
def test_behaviour_16_a_broken_answer_is_never_answered(version, data):
    rpc = new(version)
    assert kinds(rpc.receive(data, 0)) == [FrameRefused]
    assert sent(rpc) == []


def test_behaviour_16_an_unknown_message_type_is_not_supported_in_2_x():
    for version in (Version.V201, Version.V21):
        rpc = new(version)
        rpc.receive(b'[9,"a",{}]', 0)
        assert [frame[:3] for frame in sent(rpc)] == [[4, "a", "MessageTypeNotSupported"]]


# OCPP 2.1 part 4, 4.1.3: CALLRESULTERROR (5) and SEND (6).

SEND_FRAME = b'[6,"s","NotifyPeriodicEventStream",{"id":1}]'
DISPUTE_FRAME = b'[5,"a","FormatViolation","idTokenInfo is missing",{}]'


def test_2_1_what_is_sent_without_a_question_is_heard_and_never_answered():
    rpc = new(Version.V21)
    rpc.receive(call("a", "Heartbeat", {}), 0)
    (event,) = rpc.receive(SEND_FRAME, 0)  # while a call is being worked on
    assert event == SendReceived("s", "NotifyPeriodicEventStream", b'{"id":1}')
    assert kinds(rpc.receive(SEND_FRAME, 0)) == [SendReceived]
    assert sent(rpc) == []


def test_2_1_a_station_says_that_it_could_not_process_our_answer():
    rpc = new(Version.V21)
    rpc.receive(call("a", "Heartbeat", {}), 0)
    rpc.answer("a", b"{}")
    sent(rpc)
    (event,) = rpc.receive(DISPUTE_FRAME, 0)
    assert event == ResultDisputed("a", "FormatViolation", "idTokenInfo is missing")
    assert sent(rpc) == []


@pytest.mark.parametrize(
    "data", [b'[5,"a"]', b'[6,"a"]', b'[6,5,"x",{}]', b'[6,"a","x",{}', b"[6]"]
)
def test_2_1_a_broken_message_that_wants_no_answer_gets_none(data):
    rpc = new(Version.V21)
    assert kinds(rpc.receive(data, 0)) == [FrameRefused]
    whole = data.endswith(b"]")
    assert [frame[1:3] for frame in sent(rpc)] == ([] if whole else [["-1", "RpcFrameworkError"]])


@pytest.mark.parametrize("data", [SEND_FRAME, DISPUTE_FRAME, b'[6,"s"]', b'[5,"a"]'])
def test_2_1_message_types_are_unknown_to_the_versions_before(data):
    modern, old = new(Version.V201), new(Version.V16)
    assert kinds(modern.receive(data, 0)) == kinds(old.receive(data, 0)) == [FrameRefused]
    assert [frame[2] for frame in sent(modern)] == ["MessageTypeNotSupported"]
    assert sent(old) == []


@BOTH_VERSIONS
def test_2_1_an_answer_we_cannot_process_is_disputed_where_there_is_a_word_for_it(version):
    rpc = new(version)
    rpc.call("a", "Reset", b'{"type":"Immediate"}', 0, 1000)
    sent(rpc)
    assert kinds(rpc.receive(b'[3,"a",{"status":"Perhaps"}]', 0)) == [ResultReceived]
    rpc.dispute("a", ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, "Invalid enum value 'Perhaps'")
    frame = [5, "a", "PropertyConstraintViolation", "Invalid enum value 'Perhaps'", {}]
    assert sent(rpc) == ([frame] if version is Version.V21 else [])
    rpc.close()
    rpc.dispute("a", ErrorCode.GENERIC_ERROR, "")
    assert sent(rpc) == []


# Behaviour 17: oversize.


@pytest.mark.parametrize("data", [b"x" * 1001, "x" * 1001, "\u00e9" * 600])
def test_behaviour_17_an_oversize_message_closes_with_1009(data):
    rpc = new(frame_bytes_max=1000)
    with pytest.raises(MustClose) as caught:
        rpc.receive(data, 0)
    assert caught.value.close_code == 1009
    assert isinstance(caught.value, RemoteProtocolError)


# Behaviour 18: binary frames, integer ids, ids over 36 characters.


def test_behaviour_18_a_binary_message_closes_with_1003():
    with pytest.raises(MustClose) as caught:
        new().receive(call("a"), 0, binary=True)
    assert caught.value.close_code == 1003


@pytest.mark.parametrize("message_id", [5, "", "x" * 37, None, ["a"], True, 1.5])
@BOTH_VERSIONS
def test_behaviour_18_an_id_that_is_no_text_of_1_to_36_characters_is_refused(version, message_id):
    rpc = new(version)
    assert kinds(rpc.receive(call(message_id), 0)) == [FrameRefused]
    frames = sent(rpc)
    if version is Version.V16:
        assert frames == []
    else:
        assert [frame[:3] for frame in frames] == [[4, "-1", "RpcFrameworkError"]]


def test_behaviour_18_an_id_of_36_characters_is_fine():
    assert kinds(new().receive(call("x" * 36), 0)) == [CallReceived]


# Behaviour 23: our CALL times out; a disconnect fails what was queued.


def test_behaviour_23_our_call_times_out_and_the_next_is_sent():
    rpc = new()
    rpc.call("1", "Reset", b"{}", 0, 1000)
    rpc.call("2", "ClearCache", b"{}", 0, 500)
    rpc.data_to_send()
    assert rpc.tick(1000) == [CallExpired("1", "Reset")]
    assert sent(rpc) == [[2, "2", "ClearCache", {}]]
    assert rpc.tick(1499) == []  # its time runs from the moment it is sent
    assert rpc.tick(1500) == [CallExpired("2", "ClearCache")]


def test_behaviour_23_a_disconnect_fails_what_was_queued_cleanly():
    rpc = new()
    rpc.call("1", "Reset", b"{}", 0, 1000)
    rpc.call("2", "ClearCache", b"{}", 0, 1000)
    rpc.receive(call("a"), 0)
    rpc.receive(call("b"), 0)
    assert rpc.close() == [CallFailed("1", "Reset", True), CallFailed("2", "ClearCache", False)]
    assert rpc.close() == rpc.tick(9999) == rpc.receive(call("c"), 9999) == []
    assert rpc.answer("a", b"{}") == rpc.data_to_send() == []
    with pytest.raises(LocalProtocolError):
        rpc.call("3", "Reset", b"{}", 0, 1000)


# Around them.


def test_an_error_from_the_peer_settles_our_call_whatever_it_invents():
    rpc = new()
    for i, frame in enumerate(
        [b'[4,"0","FormationViolation","bad",{"a":1}]', b'[4,"1","OwnInvention"]']
    ):
        rpc.call(str(i), "Reset", b"{}", 0, 1000)
        (event,) = rpc.receive(frame, 1)
        assert isinstance(event, ErrorReceived)
        assert event.code is (ErrorCode.FORMAT_VIOLATION if i == 0 else None)
    assert (event.code_text, event.description) == ("OwnInvention", "")


def test_a_result_with_an_invalid_payload_still_settles_our_call():
    rpc = new()
    rpc.call("1", "Reset", b"{}", 0, 1000)
    (event,) = rpc.receive(b'[3,"1",null]', 1)
    assert isinstance(event, ResultReceived)
    assert bytes(event.payload) == b"null"


@pytest.mark.parametrize("message_id", ["", "x" * 37, "taken"])
def test_an_id_we_cannot_use_is_our_mistake(message_id):
    rpc = new()
    rpc.call("taken", "Reset", b"{}", 0, 1000)
    with pytest.raises(LocalProtocolError):
        rpc.call(message_id, "Reset", b"{}", 0, 1000)


def test_our_queue_is_bounded():
    rpc = new()
    for i in range(rpc_module.CALLS_QUEUED_MAX + 1):
        rpc.call(str(i), "Reset", b"{}", 0, 1000)
    with pytest.raises(LocalProtocolError):
        rpc.call("one too many", "Reset", b"{}", 0, 1000)


def test_a_refusal_is_cut_to_255_characters_and_keeps_its_details():
    rpc = new()
    rpc.receive(call("a"), 0)
    rpc.refuse("a", ErrorCode.SECURITY_ERROR, "x" * 300, b'{"why":1}')
    assert sent(rpc) == [[4, "a", "SecurityError", "x" * 255, {"why": 1}]]


def _payload() -> bytes:
    return json.dumps(START).encode()


def _refusal(version, action, payload) -> list:
    """Walk a call through the conversation and the decoder, and return the CALLERROR."""
    rpc = new(version)
    (event,) = rpc.receive(call("a", action, payload), 0)
    with pytest.raises(CallRefused) as caught:
        decode_request(version, event.action, event.payload)
    rpc.refuse("a", caught.value.code, caught.value.description)
    (frame,) = sent(rpc)
    assert frame[:2] == [4, "a"]
    return frame


def test_repeats_of_an_abandoned_call_are_not_added_to_the_next_answer():
    rpc = new()
    rpc.receive(call("a"), 0)
    rpc.receive(call("a"), 0)
    rpc.abandon("a")
    rpc.receive(call("b"), 0)
    rpc.answer("b", b"{}")
    assert sent(rpc) == [[3, "b", {}]]


def test_a_refusal_leaves_nothing_in_memory():
    memory = StationMemory()
    rpc = new(memory=memory)
    rpc.receive(call("a"), 0)
    rpc.refuse("a", ErrorCode.INTERNAL_ERROR)
    assert not memory._answers
    (event,) = rpc.receive(call("a"), 0)
    assert event.id_reused is False


def test_connections_that_never_finish_their_work_leave_bounded_memory():
    memory = StationMemory()
    for i in range(2 * WORKING_MAX):
        new(memory=memory).receive(call(f"{i}"), 0)
    assert len(memory._working) == WORKING_MAX


def test_where_an_id_ends_and_an_action_begins_makes_a_difference():
    memory = StationMemory()
    keys = [memory.key("a", "bc", b"{}"), memory.key("ab", "c", b"{}"), memory.key("a", "b", b"c")]
    assert len(set(keys)) == 3


@BOTH_VERSIONS
def test_a_message_that_is_not_utf_8_anywhere_is_no_message(version):
    rpc = new(version)
    assert kinds(rpc.receive(b'[2,"a","DataTransfer",{"data":"\xff"}]', 0)) == [FrameRefused]
    assert kinds(rpc.receive('[2,"a","DataTransfer",{"data":"\u00e9"}]', 0)) == [CallReceived]

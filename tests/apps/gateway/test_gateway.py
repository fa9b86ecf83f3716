"""The gateway answers stations on real sockets: those of the 25 behaviours that live here."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
import tracemalloc

import pytest
import websockets
from structlog.testing import capture_logs

from ohmstead.apps.config import PaceConfig
from ohmstead.apps.gateway import Answered, Disconnected, QueueFull, Refused, TimedOut
from ohmstead.errors import LocalProtocolError, StoreUnavailable
from ohmstead.wire.ocpp.base import Version
from ohmstead.wire.ocpp.faults import ErrorCode
from ohmstead.wire.ocpp.frames import LateError, LateResult
from ohmstead.wire.ocpp.rpc import CALLS_QUEUED_MAX
from tests.apps.gateway.floor import (
    NOW_MS,
    PASSWORD,
    QUICK,
    TestDirectory,
    ask,
    basic,
    call,
    close_code,
    frame,
    read_frame,
    receive,
    serving,
    until,
    upgrade_headers,
)

TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10


async def test_behaviour_01_every_call_gets_one_reply_with_its_id():
    async with serving() as floor, floor.station() as station:
        for number in range(20):
            assert await ask(station, f"m{number}", "Echo", {"n": number}) == [
                3,
                f"m{number}",
                {"n": number},
            ]
        refused = [4, "r", "PropertyConstraintViolation", "not like this", {}]
        assert await ask(station, "r", "Refuse") == refused
        assert await ask(station, "last") == [3, "last", {}]  # nothing came in between
        assert len(floor.peer().handled) == 22


async def test_behaviour_01_a_defect_of_ours_is_one_internal_error_without_its_text():
    with capture_logs() as logs:
        async with serving() as floor, floor.station() as station:
            assert await ask(station, "b", "Break") == [4, "b", "InternalError", "", {}]
            assert await ask(station, "c") == [3, "c", {}]
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["a handler failed"]


async def test_behaviour_02_calls_of_a_station_are_handled_one_at_a_time_and_in_order():
    async with serving() as floor, floor.station() as station:
        await station.send(call("1", "Slow"))
        for number in range(2, 8):
            await station.send(call(str(number)))
        peer = floor.peer()
        await until(lambda: peer.gate is not None)
        await station.ping()  # answered, so everything before it has arrived
        assert [known.message_id for known in peer.handled] == ["1"]
        peer.gate.set()
        answers = [await receive(station) for _ in range(7)]
        assert [answer[1] for answer in answers] == list("1234567")
        assert [known.message_id for known in peer.handled] == list("1234567")


async def test_behaviour_02_one_call_of_ours_is_in_flight_and_the_directions_are_independent():
    async with serving() as floor, floor.station() as station:
        link = floor.gateway.link("S1")
        await station.send(call("theirs", "Slow"))
        calls = [asyncio.create_task(link.call("Reset", b'{"n":%d}' % n)) for n in range(3)]
        for n in range(3):
            kind, message_id, action, payload = await receive(station)
            assert (kind, action, payload) == (2, "Reset", {"n": n})
            with pytest.raises(TimeoutError):  # the next one waits for this answer
                await asyncio.wait_for(station.recv(), 0.05)
            await station.send(json.dumps([3, message_id, {"status": n}]))
        assert await asyncio.gather(*calls) == [Answered(b'{"status": %d}' % n) for n in range(3)]
        floor.peer().gate.set()
        assert await receive(station) == [3, "theirs", {}]


async def test_behaviour_02_a_station_that_does_not_wait_is_read_no_faster_than_it_is_answered():
    async with serving() as floor, floor.station() as station:
        for number in range(40):
            await station.send(call(str(number), "Slow"))
        peer = floor.peer()
        await until(lambda: peer.gate is not None)
        assert [known.message_id for known in peer.handled] == ["0"]
        peer.gate.set()
        answers = [await receive(station) for _ in range(40)]
        assert answers == [[3, str(number), {}] for number in range(40)]
        assert len(peer.handled) == 40


async def test_a_slow_station_does_not_hold_up_another():
    async with serving() as floor, floor.station("S1") as one, floor.station("S2") as two:
        slow = floor.directory.peers[0]
        await one.send(call("1", "Slow"))
        await until(lambda: slow.gate is not None)
        assert await ask(two, "2") == [3, "2", {}]
        slow.gate.set()
        assert await receive(one) == [3, "1", {}]


async def test_behaviour_03_a_late_answer_is_stored_and_not_answered_an_unknown_one_ignored():
    async with serving() as floor, floor.station() as station:
        link = floor.gateway.link("S1")
        outcome = await link.call("Reset", b"{}", 1, message_id="command-1")
        assert outcome == TimedOut()
        assert (await receive(station))[1] == "command-1"
        await station.send('[3,"command-1",{"status":"Accepted"}]')
        await station.send('[3,"nobody",{}]')
        await station.send('[4,"nobody","GenericError","",{}]')
        await until(lambda: floor.peer().lates)
        assert await ask(station, "next") == [3, "next", {}]  # nothing was answered before it
        (late,) = floor.peer().lates
        assert isinstance(late, LateResult)
        assert (late.message_id, late.action) == ("command-1", "Reset")
        assert bytes(late.payload) == b'{"status":"Accepted"}'


async def test_behaviour_03_a_late_answer_on_the_next_connection_is_still_known():
    async with serving() as floor:
        async with floor.station():
            link = floor.gateway.link("S1")
            waiting = asyncio.create_task(link.call("Reset", b"{}", message_id="command-2"))
            await asyncio.sleep(0)
        assert await waiting == Disconnected(sent=True)
        async with floor.station() as station:
            await station.send('[4,"command-2","NotSupported","no",{}]')
            await until(lambda: floor.peer().lates)
            (late,) = floor.peer().lates
            assert isinstance(late, LateError)
            assert (late.message_id, late.code) == ("command-2", ErrorCode.NOT_SUPPORTED)


async def test_an_answer_nobody_waits_for_any_more_is_stored_like_a_late_one():
    async with serving() as floor, floor.station() as station:
        waiting = asyncio.create_task(floor.gateway.link("S1").call("Reset", b"{}"))
        message_id = (await receive(station))[1]
        waiting.cancel()
        await asyncio.sleep(0)
        await station.send(json.dumps([3, message_id, {}]))
        await until(lambda: floor.peer().lates)
        assert floor.peer().lates[0].message_id == message_id


async def test_behaviour_04_a_repeat_gets_the_same_answer_and_no_second_effect():
    async with serving() as floor, floor.station() as station:
        first = await ask(station, "m", "StopTransaction", {"n": 1})
        assert await ask(station, "m", "StopTransaction", {"n": 1}) == first
        assert len(floor.peer().handled) == 1
        # The same id with other words is a new call, flagged: some firmware has constant ids.
        assert await ask(station, "m", "StopTransaction", {"n": 2}) == [3, "m", {"n": 2}]
        assert [known.id_reused for known in floor.peer().handled] == [False, True]


async def test_behaviour_04_what_was_answered_is_remembered_across_connections():
    async with serving() as floor:
        async with floor.station() as station:
            await ask(station, "m", "StopTransaction", {"n": 1})
        async with floor.station() as station:
            assert await ask(station, "m", "StopTransaction", {"n": 1}) == [3, "m", {"n": 1}]
        assert [len(peer.handled) for peer in floor.directory.peers] == [1, 0]


async def test_behaviour_04_a_call_begun_on_a_lost_connection_answers_its_repeat_on_the_next():
    async with serving(limits=type(QUICK)(sweep_ms=60_000)) as floor:  # not by the sweep
        async with floor.station() as station:
            await station.send(call("m", "Slow", {"n": 1}))
            older = floor.peer()
            await until(lambda: older.gate is not None)
        await until(lambda: older.ended)
        async with floor.station() as station:
            await station.send(call("m", "Slow", {"n": 1}))
            await station.ping()
            older.gate.set()
            assert await receive(station) == [3, "m", {"n": 1}]
            assert [len(peer.handled) for peer in floor.directory.peers] == [1, 0]


MALFORMED = ["", "{", "[]", "[2]", '[2,"a"]', '[9,"a",{}]', '{"a":1}', "null", '[2,"a",5,{}]']


async def test_behaviour_16_malformed_json_is_an_rpc_framework_error_in_2_and_the_socket_is_kept():
    async with serving() as floor, floor.station() as station:
        for text in MALFORMED:
            await station.send(text)
            kind, _id, code, *_ = await receive(station)
            assert kind == 4
            assert code in {"RpcFrameworkError", "MessageTypeNotSupported"}, text
        await station.send("{")
        assert (await receive(station))[1] == "-1"
        assert await ask(station, "fine") == [3, "fine", {}]
        assert len(floor.peer().handled) == 1


async def test_behaviour_16_malformed_json_is_dropped_in_1_6_and_the_socket_is_kept():
    async with serving() as floor, floor.station(protocols=["ocpp1.6"]) as station:
        for text in ("", "{", "[]", "[2]", '{"a":1}', "null"):
            await station.send(text)
        assert await ask(station, "fine") == [3, "fine", {}]


@pytest.mark.parametrize("size", [4_097, 1 << 20, 64 << 20])
async def test_behaviour_17_an_oversize_frame_is_closed_with_1009(size):
    async with serving(frame_bytes_max=4_096) as floor, floor.station() as station:
        sending = asyncio.create_task(station.send("x" * size))
        assert await close_code(station) == 1009
        await asyncio.gather(sending, return_exceptions=True)
        await until(lambda: not floor.gateway.connected())
        assert not floor.peer().handled


async def test_behaviour_17_a_frame_of_the_full_size_is_read():
    async with serving(frame_bytes_max=4_096) as floor, floor.station() as station:
        payload = "x" * (4_096 - len(call("full", "Echo", "")))
        assert await ask(station, "full", "Echo", payload) == [3, "full", payload]


async def test_behaviour_17_what_follows_an_oversize_header_is_not_kept():
    # In a thread, which reads nothing and so sees the connection end only when it cannot send.
    def flood(port):
        chunk = bytes(1 << 16)
        with socket.create_connection(("127.0.0.1", port)) as station:
            lines = ["GET /ocpp/S1 HTTP/1.1", "Host: x", *upgrade_headers(), "", ""]
            station.sendall("\r\n".join(lines).encode())
            station.sendall(b"\x81\xff" + (1 << 30).to_bytes(8, "big") + bytes(4))  # a gibibyte
            with contextlib.suppress(ConnectionError):
                while True:
                    station.sendall(chunk)

    async with serving(frame_bytes_max=4_096) as floor:
        tracemalloc.start()
        await asyncio.to_thread(flood, floor.port)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert floor.directory.peers
        assert peak < 1 << 20  # without the scratch buffer: tens of megabytes


async def test_behaviour_17_fragments_are_put_together_and_may_be_interleaved_with_control():
    async with serving() as floor:
        reader, writer = await floor.raw()
        text = call("f", "Echo", {"a": "ä" * 50}).encode()
        writer.write(frame(TEXT, text[:9], fin=False))
        writer.write(frame(CONTINUATION, text[9:60], fin=False))
        writer.write(frame(PING, b"still there?"))
        writer.write(frame(CONTINUATION, b"", fin=False))
        writer.write(frame(CONTINUATION, text[60:]))
        assert await read_frame(reader) == (PONG, b"still there?")
        opcode, payload = await read_frame(reader)
        assert (opcode, json.loads(payload)) == (TEXT, [3, "f", {"a": "ä" * 50}])
        writer.write(frame(TEXT, call("g").encode()))
        assert (await read_frame(reader))[1] == b'[3,"g",{}]'
        writer.close()


async def test_behaviour_17_fragments_that_together_are_too_long_are_closed_with_1009():
    async with serving(frame_bytes_max=4_096) as floor:
        reader, writer = await floor.raw()
        writer.write(frame(TEXT, bytes(4_000), fin=False))
        writer.write(frame(CONTINUATION, bytes(96), fin=False))
        writer.write(frame(CONTINUATION, b"x", fin=False))
        opcode, payload = await read_frame(reader)
        assert (opcode, payload[:2]) == (CLOSE, (1009).to_bytes(2, "big"))
        writer.close()


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([frame(CONTINUATION, b"x")], 1002),
        ([frame(TEXT, b"x", fin=False), frame(TEXT, b"x")], 1002),
        ([frame(TEXT, b"x", bits=0x40)], 1002),
        ([frame(CONTINUATION, b"x", bits=0x10)], 1002),
        ([frame(3, b"x")], 1002),
        ([frame(PING, bytes(126))], 1002),
        ([b"\x81\x01x"], 1002),  # a client's frame that is not masked
        ([frame(CLOSE, b"\x03\xed")], 1002),  # 1005 must not stand in a frame
        ([frame(BINARY, b"[2]")], 1003),
        ([frame(BINARY, b"[2]", fin=False)], 1003),
    ],
)
async def test_behaviour_18_what_rfc_6455_or_ocpp_does_not_allow_closes(frames, code):
    async with serving() as floor:
        reader, writer = await floor.raw()
        writer.write(b"".join(frames))
        opcode, payload = await read_frame(reader)
        assert (opcode, int.from_bytes(payload[:2], "big")) == (CLOSE, code)
        writer.close()
        await until(lambda: not floor.gateway.connected())
        assert not floor.peer().handled


async def test_behaviour_18_integer_ids_and_ids_over_36_characters_are_refused():
    async with serving() as floor, floor.station() as station:
        for message in ('[2,7,"Echo",{}]', f'[2,"{"x" * 37}","Echo",{{}}]', '[2,"","Echo",{}]'):
            await station.send(message)
            assert (await receive(station))[:3] == [4, "-1", "RpcFrameworkError"]
        assert not floor.peer().handled
        assert await ask(station, "x" * 36) == [3, "x" * 36, {}]


async def test_behaviour_19_a_client_that_does_not_read_is_dropped_and_the_others_served():
    async with serving() as floor, floor.station("S2") as other:
        _, writer = await floor.raw("S1")
        link = floor.gateway.link("S1")
        payload = b'"%b"' % (b"x" * 60_000)
        body = frame(TEXT, b'[2,"%d","Echo",' % 1 + payload + b"]")
        writer.transport.pause_reading()
        with capture_logs() as logs, pytest.raises(ConnectionError):
            for number in range(2_000):  # 120 MB of answers nobody reads
                writer.write(body.replace(b'"1"', b'"%d"' % (number % 10)))
                await writer.drain()
                assert link._transport is None or (
                    link._transport.underlying_transport.get_write_buffer_size() < 512 << 10
                )
        assert "station does not read" in [line["event"] for line in logs]
        assert await ask(other, "fine") == [3, "fine", {}]
        assert [line.station_id for line in floor.gateway.connected()] == ["S2"]
        writer.transport.abort()


async def test_behaviour_19_pings_without_end_do_not_fill_the_memory_either():
    async with serving(pace=PaceConfig(messages_per_s=1_000_000)) as floor:
        _, writer = await floor.raw("S1")
        writer.transport.pause_reading()
        pings = frame(PING, bytes(125)) * 500
        with pytest.raises(ConnectionError):
            for _ in range(2_000):
                writer.write(pings)
                await writer.drain()
        await until(lambda: not floor.gateway.connected())
        writer.transport.abort()


async def test_behaviour_20_the_new_socket_wins_and_the_old_ones_clean_up_leaves_it_alone():
    async with serving() as floor, floor.station() as old:
        old_link = floor.gateway.link("S1")
        waiting = asyncio.create_task(old_link.call("Reset", b"{}"))
        await asyncio.sleep(0)
        async with floor.station() as new:
            new_link = floor.gateway.link("S1")
            assert new_link is not old_link
            first, second = floor.directory.peers
            assert first.ended == [old_link]
            assert await close_code(old) == 1008
            assert await waiting == Disconnected(sent=True)
            await until(lambda: old_link._transport is None)
            assert floor.gateway.link("S1") is new_link
            assert len(floor.gateway.connected()) == 1
            assert await ask(new, "fine") == [3, "fine", {}]
            assert await old_link.call("Reset", b"{}") == Disconnected(sent=False)
            old_link.close(1000, "again")
            assert floor.gateway.link("S1") is new_link
            assert not second.ended
        await until(lambda: floor.gateway.link("S1") is None)
        assert second.ended == [new_link]
        assert len(first.ended) == 1


async def test_behaviour_20_a_dead_old_socket_is_dropped_without_its_half_of_the_handshake():
    async with serving() as floor:
        reader, writer = await floor.raw("S1")
        old = floor.gateway.link("S1")
        async with floor.station("S1"):
            await until(lambda: old._transport is None)
        assert (await read_frame(reader))[0] == CLOSE
        assert await reader.read() == b""
        writer.close()


@pytest.mark.parametrize("offered", [None, ["ocpp1.5"], ["ocpp2.0", "OCPP1.6", "mqtt"]])
async def test_behaviour_21_no_common_subprotocol_is_upgraded_without_one_and_closed(offered):
    # OCPP-J 3.2: "it MUST complete the WebSocket handshake with a response without a
    # Sec-WebSocket-Protocol header and then immediately close the WebSocket connection".
    async with serving() as floor, floor.station(protocols=offered or ()) as station:
        assert station.subprotocol is None
        assert await close_code(station) == 1002
        assert not floor.directory.peers


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["ocpp1.6"], Version.V16),
        (["ocpp1.6", "ocpp2.0.1"], Version.V201),
        (["ocpp2.0", "ocpp1.6"], Version.V16),
    ],
)
async def test_behaviour_21_of_several_offered_the_best_is_taken(offered, chosen):
    async with serving() as floor, floor.station(protocols=offered) as station:
        assert station.subprotocol == chosen.subprotocol
        assert floor.peer().version is chosen


async def test_behaviour_21_offers_in_several_headers_are_one_list():
    async with serving() as floor:
        _, writer = await floor.raw(protocol="mqtt\r\nSec-WebSocket-Protocol: ocpp1.6 ,ocpp9")
        assert floor.peer().version is Version.V16
        writer.close()


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        basic("S1", b"wrong"),
        basic("S2", PASSWORD),
        basic("s1", PASSWORD),
        basic("S1", b""),
        "Basic",
        "Basic !!!",
        "Basic UzE=",
        "Bearer " + basic("S1", PASSWORD)[6:],
        basic("S1", PASSWORD) + "\r\nAuthorization: " + basic("S1", PASSWORD),
        "Basic " + "A" * 4_000,
    ],
)
async def test_behaviour_22_wrong_credentials_are_401_before_the_upgrade(authorization):
    async with serving() as floor:
        status, fields, _ = await floor.request(
            "/ocpp/S1", *upgrade_headers(Authorization=authorization)
        )
        assert status == 401
        assert fields["www-authenticate"].startswith("Basic ")
        assert not floor.directory.peers
        assert not floor.gateway.connected()


@pytest.mark.parametrize("name", ["RDAM 123", "a*b-c_d=e+f|g@h.i", "CP:5"])
async def test_behaviour_22_any_station_id_ocpp_allows_may_log_in(name):
    async with serving() as floor, floor.station(name) as station:
        assert await ask(station, "fine") == [3, "fine", {}]
        assert floor.gateway.link(name).station_id == name


async def test_behaviour_22_the_colon_of_an_id_makes_nobody_somebody_else():
    async with serving() as floor:
        both = basic("CP:5", PASSWORD)
        for name in ("CP", "CP:"):  # to CP its password would be "5:correct horse battery"
            headers = upgrade_headers(Authorization=both)
            assert (await floor.request(f"/ocpp/{name}", *headers))[0] in (401, 404)
        headers = upgrade_headers(Authorization=basic("CP", PASSWORD))
        assert (await floor.request("/ocpp/CP%3A5", *headers))[0] == 401
        async with floor.station("CP:5") as station:
            assert await ask(station, "fine") == [3, "fine", {}]


async def test_behaviour_22_a_password_of_raw_bytes_reaches_the_directory_unchanged():
    seen = []

    class Directory(TestDirectory):
        def password_ok(self, station, password):
            seen.append(password)
            return True

    password = bytes(range(236, 256)) + b":\x00:"
    async with serving(Directory()) as floor, floor.station(password=password):
        assert seen == [password]


async def test_behaviour_22_failures_are_limited_by_address_and_station_but_success_never():
    async with serving() as floor:
        wrong = upgrade_headers("S1", b"wrong")
        statuses = [(await floor.request("/ocpp/S1", *wrong))[0] for _ in range(8)]
        assert statuses == [401] * 5 + [429] * 3
        _, fields, _ = await floor.request("/ocpp/S1", *wrong)
        assert 0 < int(fields["retry-after"]) <= 60
        # The same address, another station: its own count.
        assert (await floor.request("/ocpp/S2", *upgrade_headers("S2", b"wrong")))[0] == 401
        async with floor.station("S1") as station:
            assert await ask(station, "fine") == [3, "fine", {}]
        assert (await floor.request("/ocpp/S1", *wrong))[0] == 401  # the success forgave


async def test_behaviour_22_secrets_are_in_no_log(caplog):
    caplog.set_level(logging.NOTSET)
    with capture_logs() as logs:
        async with serving() as floor:
            for password in (b"hunter2-wrong", PASSWORD):
                headers = upgrade_headers("S1", password)
                await floor.request("/ocpp/S1", *headers, "Broken header")
                await floor.request("/ocpp/S1?key=hunter2-query", *headers)
                await answered(floor, "/ocpp/S1", *headers[:-1], "Sec-WebSocket-Protocol: nothing")
            await floor.request("/ocpp/S1", *upgrade_headers("S1", b"hunter2-wrong"))
            async with floor.station() as station:
                link = floor.gateway.link("S1")
                assert not link._transport.request.headers  # nor in memory any longer
                await ask(station, "1", "Echo", {"idToken": "hunter2-token"})
                await station.send('{"idToken": "hunter2-token"')
                await receive(station)
    assert "station connected" in [line["event"] for line in logs]
    ours = [line for line in caplog.records if not line.name.startswith("websockets")]
    text = repr(logs) + repr([(line.msg, line.args) for line in ours])
    for secret in ("hunter2", PASSWORD.decode(), basic("S1", PASSWORD)[6:], "token"):
        assert secret not in text


async def test_behaviour_22_an_unknown_station_is_404():
    async with serving() as floor:
        status, _, body = await floor.request("/ocpp/S77", *upgrade_headers("S77"))
        assert status == 404
        assert body == "this station is not registered here\n"
        assert not floor.directory.asked


async def test_behaviour_23_our_call_times_out_and_the_next_one_goes_out():
    async with serving() as floor, floor.station() as station:
        link = floor.gateway.link("S1")
        first = asyncio.create_task(link.call("Reset", b"{}", 1))
        second = asyncio.create_task(link.call("Trigger", b"{}", 60_000))
        assert await first == TimedOut()
        assert (await receive(station))[2] == "Reset"
        message_id = (await receive(station))[1]
        await station.send(json.dumps([4, message_id, "Invented", "why", {}]))
        assert await second == Refused(None, "Invented", "why")


async def test_behaviour_23_a_disconnect_fails_what_was_queued():
    async with serving() as floor:
        async with floor.station() as station:
            link = floor.gateway.link("S1")
            calls = [asyncio.create_task(link.call("Reset", b"{}")) for _ in range(3)]
            await receive(station)
            station.transport.abort()
            outcomes = await asyncio.gather(*calls)
        assert outcomes == [Disconnected(True), Disconnected(False), Disconnected(False)]
        assert floor.gateway.link("S1") is None
        assert await link.call("Reset", b"{}") == Disconnected(sent=False)


async def test_behaviour_23_the_queue_of_our_calls_is_bounded():
    async with serving() as floor, floor.station():
        link = floor.gateway.link("S1")
        calls = [
            asyncio.create_task(link.call("Reset", b"{}")) for _ in range(CALLS_QUEUED_MAX + 1)
        ]
        await asyncio.sleep(0)
        assert await link.call("Reset", b"{}") == QueueFull()
        assert floor.gateway.connected()[0].calls_waiting == CALLS_QUEUED_MAX + 1
        with pytest.raises(LocalProtocolError):
            await link.call("Reset", bytes(200_000))
        link.close(1000, "enough")
        assert set(await asyncio.gather(*calls)) == {Disconnected(True), Disconnected(False)}


@pytest.mark.parametrize("action", ["Store", "StoreAtOnce"])
async def test_behaviour_24_without_a_store_nothing_is_answered_and_1013_closes(action):
    async with serving() as floor:
        floor.directory.failing = StoreUnavailable("the disk is full")
        async with floor.station() as station:
            await station.send(call("m", action, {"n": 1}))
            with pytest.raises(websockets.ConnectionClosedError) as closed:
                await asyncio.wait_for(station.recv(), 10)
            assert closed.value.rcvd.code == 1013
        floor.directory.failing = None
        async with floor.station() as station:  # nothing was remembered: it is done now
            assert await ask(station, "m", action, {"n": 1}) == [3, "m", {"n": 1}]
            assert len(floor.peer().handled) == 1


async def test_behaviour_24_without_a_store_upgrades_are_503_and_sockets_close_with_1013():
    async with serving(retry_s=7) as floor, floor.station() as station:
        floor.directory.stored = False
        assert await close_code(station) == 1013
        status, fields, _ = await floor.request("/ocpp/S1", *upgrade_headers())
        assert status == 503
        assert 7 <= int(fields["retry-after"]) <= 14
        floor.directory.stored = True
        async with floor.station() as again:
            assert await ask(again, "fine") == [3, "fine", {}]


# Beside the twenty-five: HTTP, keep-alive, the closing handshake, limits and the end.


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/", 404),
        ("/ocpp", 404),
        ("/ocpp/", 404),
        ("/ocpp/S1/x", 404),
        ("/ocpp/S1%2Fx", 404),
        ("/ocpp/S1%00", 404),
        ("/ocpp/S%C3%A4", 404),
        ("/ocpp/S:1", 404),
        ("/ocpp/" + "x" * 49, 404),
        ("/ocpp/../ocpp/S1", 404),
        ("http://localhost/ocpp/S1", 404),
        ("/ocpp/S1?", 400),
        ("/ocpp/S1?version=1.6", 400),
        ("/ocpp/S1", 101),
        ("/ocpp/%531", 101),
    ],
)
async def test_only_the_endpoint_and_a_station_id_are_a_path(target, status):
    async with serving() as floor:
        answer = await answered(floor, target, *upgrade_headers())
        assert answer == status


async def answered(floor, target, *headers):
    """Return the status of a request whose connection the server may keep."""
    reader, writer = await asyncio.open_connection("127.0.0.1", floor.port)
    writer.write("\r\n".join([f"GET {target} HTTP/1.1", "Host: x", *headers, "", ""]).encode())
    line = await asyncio.wait_for(reader.readline(), 10)
    writer.close()
    return int(line.split()[1])


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"Upgrade": None, "Connection": None}, 426),
        ({"Upgrade": "h2c"}, 426),
        ({"Connection": "close"}, 426),
        ({"Connection": "keep-alive, Upgrade"}, 101),
        ({"Sec-WebSocket-Version": "8"}, 426),
        ({"Sec-WebSocket-Version": None}, 426),
        ({"Sec-WebSocket-Key": "short"}, 400),
        ({"Sec-WebSocket-Key": "\xff\xff"}, 400),
        ({"Sec-WebSocket-Key": None}, 400),
        ({"Content-Length": "5"}, 400),
        ({"Transfer-Encoding": "chunked"}, 400),
    ],
)
async def test_a_request_that_is_no_handshake_is_answered_clearly(changes, status):
    async with serving() as floor:
        assert await answered(floor, "/ocpp/S1", *upgrade_headers(**changes)) == status


async def test_a_plain_get_is_told_what_to_use_and_another_method_refused():
    async with serving() as floor:
        status, fields, body = await floor.request("/ocpp/S1")
        assert (status, fields["upgrade"]) == (426, "websocket")
        assert "WebSocket" in body
        assert (await floor.request("/ocpp/S1", method="POST"))[0] == 400


async def test_a_silent_peer_is_pinged_and_dropped_when_it_does_not_answer():
    limits = type(QUICK)(sweep_ms=10, ping_after_ms=50, pong_ms=50, close_ms=500)
    async with serving(limits=limits) as floor:
        async with floor.station("S1") as alive:  # this client answers pings by itself
            reader, writer = await floor.raw("S2")
            assert (await read_frame(reader))[0] == PING
            await until(lambda: floor.gateway.link("S2") is None)
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                while True:
                    await read_frame(reader)
            await asyncio.sleep(0.2)
            assert await ask(alive, "fine") == [3, "fine", {}]
        writer.close()


@pytest.mark.parametrize(
    ("sent", "echoed"), [(b"", 1000), (b"\x03\xe9bye", 1001), (b"\x0f\xa1", 4001)]
)
async def test_a_close_is_answered_with_a_close(sent, echoed):
    async with serving() as floor:
        reader, writer = await floor.raw()
        writer.write(frame(CLOSE, sent))
        assert await read_frame(reader) == (CLOSE, echoed.to_bytes(2, "big"))
        assert await reader.read() == b""
        writer.close()
        await until(lambda: floor.peer().ended)


async def test_what_arrives_after_our_close_is_not_handled():
    async with serving() as floor:
        reader, writer = await floor.raw()
        floor.gateway.link("S1").close(4000, "x" * 500)
        writer.write(frame(TEXT, call("late").encode()) + frame(BINARY, b"x"))
        opcode, payload = await read_frame(reader)
        assert (opcode, payload[:2], len(payload)) == (CLOSE, (4000).to_bytes(2, "big"), 125)
        writer.write(frame(CLOSE, payload[:2]))
        assert await reader.read() == b""
        assert not floor.peer().handled
        writer.close()


async def test_connections_that_ask_for_nothing_end_and_shut_nobody_out():
    limits = type(QUICK)(sweep_ms=10, handshake_ms=60_000, handshake_slow_ms=0)
    async with serving(limits=limits, handshakes_max=3) as floor:
        idle = [await asyncio.open_connection("127.0.0.1", floor.port) for _ in range(6)]
        async with floor.station() as station:
            assert await ask(station, "fine") == [3, "fine", {}]
        assert await asyncio.wait_for(ended(idle[0][0]), 10)
        for _, writer in idle:
            writer.close()


async def test_too_many_at_once_are_told_to_come_back():
    limits = type(QUICK)(sweep_ms=10, handshake_ms=60_000, handshake_slow_ms=60_000)
    async with serving(limits=limits, handshakes_max=3) as floor:
        idle = [await asyncio.open_connection("127.0.0.1", floor.port) for _ in range(3)]
        await until(lambda: len(floor.gateway._connecting) == 3)
        status, fields, _ = await floor.request("/ocpp/S1", *upgrade_headers())
        assert (status, "retry-after" in fields) == (503, True)
        idle.pop()[1].close()
        await until(lambda: len(floor.gateway._connecting) == 2)
        async with floor.station() as station:
            assert await ask(station, "fine") == [3, "fine", {}]
        for _, writer in idle:
            writer.close()


async def test_a_request_that_never_ends_is_given_up():
    limits = type(QUICK)(sweep_ms=10, handshake_ms=30)
    async with serving(limits=limits) as floor:
        reader, writer = await asyncio.open_connection("127.0.0.1", floor.port)
        writer.write(b"GET /ocpp/S1 HTTP/1.1\r\nHost: ")
        assert await asyncio.wait_for(ended(reader), 10)
        endless, flood = await asyncio.open_connection("127.0.0.1", floor.port)
        flood.write(b"GET /ocpp/S1 HTTP/1.1\r\nHost: " + b"x" * 200_000)
        assert await asyncio.wait_for(ended(endless), 10)
        writer.close()
        flood.close()


async def ended(reader):
    try:
        return await reader.read() == b""
    except ConnectionError:
        return True


async def test_stopping_answers_what_is_being_worked_on_and_closes_everyone():
    async with serving() as floor, floor.station("S1") as busy, floor.station("S2") as idle:
        slow = floor.directory.peers[0]
        await busy.send(call("1", "Slow", {"n": 1}))
        await until(lambda: slow.gate is not None)
        stopping = asyncio.create_task(floor.gateway.stop(drain_s=30))
        assert await close_code(idle) == 1001
        slow.gate.set()
        assert await receive(busy) == [3, "1", {"n": 1}]
        assert await close_code(busy) == 1001
        await stopping
        with pytest.raises(OSError):
            await floor.station("S1")


async def test_stopping_does_not_wait_for_a_handler_for_ever():
    async with serving() as floor, floor.station("S1") as busy:
        await busy.send(call("1", "Slow"))
        await until(lambda: floor.peer().gate is not None)
        stopping = asyncio.create_task(floor.gateway.stop(drain_s=0))
        assert await close_code(busy) == 1001  # and no answer before it
        await stopping


async def test_a_defect_of_a_peer_leaves_no_connection_half_ended():
    class Directory(TestDirectory):
        def peer(self, station, version):
            peer = super().peer(station, version)
            peer.disconnected = peer.connected = peer.late = lambda _: 1 // 0
            return peer

    async with serving(Directory()) as floor:
        async with floor.station() as station:
            await station.send('[3,"unknown",{}]')
            assert await ask(station, "fine") == [3, "fine", {}]
        await until(lambda: floor.gateway.link("S1") is None)
        assert not list(floor.gateway._registry)


async def test_a_defect_of_the_directory_is_a_500_that_says_nothing():
    class Directory(TestDirectory):
        def find(self, station_id):
            raise RuntimeError("hunter2")

    async with serving(Directory()) as floor:
        status, _, body = await floor.request("/ocpp/S1", *upgrade_headers())
        assert (status, body) == (500, "an internal error\n")


async def test_who_is_connected_can_be_listed():
    async with serving() as floor, floor.station("S3", protocols=["ocpp1.6"]) as station:
        await ask(station, "1")
        (line,) = floor.gateway.connected()
        assert (line.station_id, line.version, line.since_ms) == ("S3", Version.V16, NOW_MS)
        assert (line.address, line.received, line.sent) == ("127.0.0.1", 1, 1)

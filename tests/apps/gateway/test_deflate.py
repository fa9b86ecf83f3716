"""permessage-deflate (RFC 7692), which OCPP 2.x asks of a CSMS: agreed, read, sent, and bounded."""

from __future__ import annotations

import asyncio
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

from ohmstead.apps.config_sections import PaceConfig
from ohmstead.apps.gateway.deflate import COMPRESSED_FROM, agreed, deflated, inflated, window_bits
from ohmstead.wire.ocpp.faults import MustClose
from tests.apps.gateway.floor import (
    ask,
    call,
    frame,
    read_frame,
    serving,
    until,
    upgrade_headers,
)

CONTINUATION, TEXT, CLOSE, PING = 0, 1, 8, 9
RSV1, RSV2 = 0x40, 0x20
ALONE = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
LONG = {"a": "as long as a charging profile " * 100}


@pytest.mark.parametrize(
    ("offered", "answer"),
    [
        ([], None),
        (["permessage-deflate"], ALONE),
        (["Permessage-Deflate;client_max_window_bits"], ALONE),
        (["permessage-deflate; client_max_window_bits=10"], ALONE),
        (["permessage-deflate; client_max_window_bits=8"], ALONE),
        (["permessage-deflate; server_no_context_takeover; client_no_context_takeover"], ALONE),
        (["permessage-deflate; server_max_window_bits=10"], f"{ALONE}; server_max_window_bits=10"),
        (['permessage-deflate; server_max_window_bits="9"'], f"{ALONE}; server_max_window_bits=9"),
        (["permessage-deflate; server_max_window_bits=8, permessage-deflate"], ALONE),
        (["permessage-deflate; server_max_window_bits=8", "permessage-deflate"], ALONE),
        (["x-webkit-deflate-frame, permessage-deflate"], ALONE),
        (["permessage-deflate; server_max_window_bits=8"], None),
        (["permessage-deflate; server_max_window_bits"], None),
        (["permessage-deflate; server_max_window_bits=16"], None),
        (["permessage-deflate; server_max_window_bits=010"], None),
        (["permessage-deflate; client_max_window_bits=x"], None),
        (["permessage-deflate; client_no_context_takeover=1"], None),
        (["permessage-deflate; a"], None),
        (["permessage-deflate; client_max_window_bits; client_max_window_bits"], None),
        (["permessage-bzip2", "", ";", ",,"], None),
        (["x," * 8 + "permessage-deflate"], None),  # looked at: the first eight
    ],
)
def test_the_first_offer_that_can_be_taken_is_agreed_on(offered, answer):
    assert agreed(offered) == answer


@given(st.binary(max_size=5_000), st.integers(9, 15))
def test_what_is_packed_unpacks_in_the_window_that_was_agreed(message, bits):
    packed = deflated(message, bits)
    stream = zlib.decompressobj(-bits)
    assert stream.decompress(packed + b"\x00\x00\xff\xff") == message
    assert inflated(packed, 5_000) == message


@given(st.binary(max_size=200))
def test_of_any_bytes_no_more_is_unpacked_than_allowed(data):
    try:
        assert len(inflated(data, 1_000)) <= 1_000
    except MustClose as error:
        assert error.close_code in (1007, 1009)


def test_the_window_is_the_one_that_was_agreed():
    assert window_bits(ALONE) == 15
    assert window_bits(f"{ALONE}; server_max_window_bits=9") == 9


def test_a_stream_that_its_sender_ended_is_read_and_what_follows_its_end_is_not():
    # Section 7.2.3.4: BFINAL may be set; an empty block without it comes after.
    stream = zlib.compressobj(wbits=-15)
    ended = stream.compress(b"Hello") + stream.flush(zlib.Z_FINISH)
    assert inflated(ended + b"\x00", 100) == b"Hello"
    with pytest.raises(MustClose) as refused:
        inflated(ended + b"\x01more", 100)
    assert refused.value.close_code == 1007


@pytest.mark.parametrize("protocol", ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"])
async def test_a_station_that_compresses_is_understood_and_answered(protocol):
    offering = {"protocols": [protocol], "compression": "deflate"}
    async with serving() as floor, floor.station(**offering) as station:
        assert station.response.headers["Sec-WebSocket-Extensions"] == ALONE
        for number in range(3):  # each message stands alone
            assert await ask(station, f"short {number}") == [3, f"short {number}", {}]
            long = await ask(station, f"long {number}", "Echo", LONG)
            assert long == [3, f"long {number}", LONG]


async def test_a_station_may_ask_for_a_small_window():
    small = ClientPerMessageDeflateFactory(server_max_window_bits=9, client_max_window_bits=9)
    async with serving() as floor, floor.station(extensions=[small]) as station:
        assert station.response.headers["Sec-WebSocket-Extensions"].endswith("window_bits=9")
        assert await ask(station, "m", "Echo", LONG) == [3, "m", LONG]


async def test_nothing_is_compressed_where_it_was_not_offered_or_is_turned_off():
    async with serving() as floor, floor.station() as station:
        assert "Sec-WebSocket-Extensions" not in station.response.headers
        assert await ask(station, "m", "Echo", LONG) == [3, "m", LONG]
    async with serving(compression=False) as floor, floor.station(compression="deflate") as station:
        assert "Sec-WebSocket-Extensions" not in station.response.headers
        assert await ask(station, "m", "Echo", LONG) == [3, "m", LONG]


async def packing(floor):
    """A socket that sends any bytes, with compression agreed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", floor.port)
    headers = upgrade_headers("S1", Sec_WebSocket_Extensions="permessage-deflate")
    writer.write("\r\n".join(["GET /ocpp/S1 HTTP/1.1", "Host: h", *headers, "", ""]).encode())
    assert ALONE.encode() in await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def test_long_answers_are_sent_compressed_and_short_ones_as_they_are():
    async with serving() as floor:
        reader, writer = await packing(floor)
        writer.write(frame(TEXT, call("short").encode()))
        assert await read_frame(reader) == (TEXT, b'[3,"short",{}]')
        text = call("long", "Echo", LONG).encode()
        writer.write(frame(TEXT, deflated(text), bits=RSV1))
        first, *_ = await reader.readexactly(1)
        assert first == 0x80 | RSV1 | TEXT
        (size,) = await reader.readexactly(1)
        assert size < 126 < COMPRESSED_FROM < len(text)
        answer = inflated(await reader.readexactly(size), 1 << 16)
        assert json.loads(answer) == [3, "long", LONG]
        writer.close()


async def test_a_compressed_message_may_come_in_fragments_of_which_the_first_is_marked():
    async with serving() as floor:
        reader, writer = await packing(floor)
        packed = deflated(call("f").encode())
        writer.write(frame(TEXT, packed[:3], fin=False, bits=RSV1))
        writer.write(frame(PING, b""))
        writer.write(frame(CONTINUATION, packed[3:]))
        assert (await read_frame(reader))[0] == 10
        assert await read_frame(reader) == (TEXT, b'[3,"f",{}]')
        writer.close()


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([frame(TEXT, b"\xff\xff\xff", bits=RSV1)], 1007),
        ([frame(TEXT, deflated(bytes(1 << 20)), bits=RSV1)], 1009),
        ([frame(TEXT, deflated(bytes(1 << 17))[:100], bits=RSV1)], 1009),
        ([frame(TEXT, b"x", bits=RSV2)], 1002),
        ([frame(PING, b"", bits=RSV1)], 1002),
        ([frame(TEXT, b"x", fin=False), frame(CONTINUATION, b"x", bits=RSV1)], 1002),
        ([frame(TEXT, b"x", fin=False, bits=RSV1), frame(TEXT, b"x", bits=RSV1)], 1002),
    ],
)
async def test_what_rfc_7692_does_not_allow_closes_and_a_bomb_is_not_unpacked(frames, code):
    async with serving() as floor:
        reader, writer = await packing(floor)
        writer.write(b"".join(frames))
        opcode, payload = await read_frame(reader)
        assert (opcode, int.from_bytes(payload[:2], "big")) == (CLOSE, code)
        writer.close()
        assert not floor.peer().handled


async def test_what_a_station_compresses_counts_against_its_pace_as_long_as_it_is():
    pace = PaceConfig(messages_per_s=500, bytes_per_s=1_024, burst_s=1)
    async with serving(pace=pace) as floor, floor.station(compression="deflate") as station:
        assert await ask(station, "m", "Echo", LONG) == [3, "m", LONG]
        notes = [data for *_, data in floor.gateway.wire.of("S1").frames]
        assert "it sends more than it may, and is read more slowly from now on" in notes


async def test_what_has_to_wait_is_kept_as_it_came_and_not_unpacked():
    async with serving(frame_bytes_max=4_096) as floor:
        reader, writer = await packing(floor)
        link = floor.gateway.link("S1")
        calls = [call(str(n), "Slow", {"a": "b" * 3_000}).encode() for n in range(60)]
        writer.write(frame(TEXT, b"x" * 4_000))  # which makes the read buffer grow
        writer.write(b"".join(frame(TEXT, deflated(one), bits=RSV1) for one in calls))
        await until(lambda: link._intake._held)
        assert sum(map(len, link._intake._held)) <= 4 * 4_096 < len(link._intake._held) * 3_000
        await until(lambda: floor.peer().gate)
        floor.peer().gate.set()
        answered = []
        while len(answered) < len(calls):
            opcode, answer = await read_frame(reader)
            message_id = json.loads(answer if answer[:1] == b"[" else inflated(answer, 4_096))[1]
            answered += [message_id] if opcode == TEXT and message_id != "-1" else []
        assert answered == [str(n) for n in range(60)]
        writer.close()

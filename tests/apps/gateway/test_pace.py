"""A station that talks too fast is read more slowly: nothing it says is lost, nobody else waits."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl

import pytest

from ohmstead.apps.config import PaceConfig
from ohmstead.apps.gateway.pace import OVER_MS, Pace, PaceLimits, Paces
from ohmstead.apps.gateway.rivals import WINDOW_MS, Rivals
from tests.apps.gateway.floor import (
    ask,
    basic,
    call,
    close_code,
    frame,
    read_frame,
    receive,
    serving,
    until,
)
from tests.apps.gateway.pki import Pki
from tests.apps.gateway.test_tls import tls_floor

FEW = PaceLimits(messages_per_s=10, messages_burst=3, bytes_per_s=1_000, bytes_burst=500)
# One message a second after a thousand: nothing is as slow, so whoever sends more is held.
SLOW = PaceConfig(messages_per_s=1, bytes_per_s=1 << 20, burst_s=1_000)
MESSAGES = 1_600
TEXT = 1


def open_purse(link):
    """The operator's patience: what was held is let in at the next look."""
    link._intake._pace.limits = PaceLimits()


def test_a_purse_is_emptied_by_messages_or_by_bytes_and_filled_by_time_up_to_a_burst():
    pace = Pace(FEW, 0)
    assert [pace.spend(1) for _ in range(3)] == [True, True, False]
    assert not pace.fill(99)
    assert pace.fill(100)
    assert pace.messages == 1
    assert pace.fill(60_000)
    assert (pace.messages, pace.bytes_) == (3, 500)
    assert not pace.spend(500)
    assert pace.is_empty
    assert pace.fill(60_100)


def test_what_a_station_kept_in_a_day_without_its_network_is_read_as_fast_as_it_comes():
    pace = Pace(PaceLimits(), 0)
    kept = 10_000  # two kilobytes each: a signed value every ten seconds, and a boot
    assert all(pace.spend(2_048) for _ in range(kept))
    assert pace.flooding_since_ms == 0
    pace.fill(40_000)
    assert pace.messages == PaceLimits().messages_burst


def test_the_rests_of_messages_are_not_lost_by_looking_often():
    pace = Pace(FEW, 0)
    for _ in range(3):
        pace.spend(1)
    filled = sum(pace.fill(at_ms) and not pace.spend(0) for at_ms in range(1, 1_001))
    assert filled == 10


def test_a_flood_lasts_as_long_as_somebody_has_to_wait_now_and_then():
    paces = Paces(FEW)
    pace = paces.of("S", 0)
    assert paces.flooding_ms("S", 5) == paces.flooding_ms("NOBODY", 5) == 0
    for at_ms in (1_000, 30_000, 60_000):
        pace.hold(at_ms)
    assert paces.flooding_ms("S", 61_000) == 60_000
    assert paces.flooding_ms("S", 60_000 + OVER_MS) == 0
    pace.hold(500_000)
    assert paces.flooding_ms("S", 500_010) == 10


def test_a_purse_is_the_stations_and_reconnecting_does_not_fill_it():
    paces = Paces(FEW, stations_max=2)
    paces.of("S", 0).spend(400)
    assert paces.of("S", 1) is paces.of("S", 2)
    for other in ("A", "B"):
        paces.of(other, 3)
    assert paces.of("S", 4).messages == 3  # forgotten: no more stations than may be


async def test_everything_a_flooder_says_is_answered_and_the_others_are_not_kept_waiting():
    async with serving(pace=SLOW) as floor, floor.station("S1") as one, floor.station("S2") as two:
        link = floor.gateway.link("S1")

        async def flood():
            for number in range(MESSAGES):
                await one.send(call(str(number)))

        flooding = asyncio.create_task(flood())
        await until(lambda: link._intake._held is not None)
        held = link._intake._held
        told = [data for *_, data in floor.gateway.wire.of("S1").frames if isinstance(data, str)]
        assert told == ["it sends more than it may, and is read more slowly from now on"]
        assert len(floor.directory.peers[0].handled) >= 1_000  # the burst, and then it waits
        assert floor.gateway.flooding_ms("S1") > 0
        assert await ask(two, "mine") == [3, "mine", {}]
        assert floor.gateway.flooding_ms("S2") == 0
        assert sum(map(len, held)) <= 4 * link._registry.frame_bytes_max
        open_purse(link)
        answers = [await receive(one) for _ in range(MESSAGES)]
        await flooding
        assert answers == [[3, str(number), {}] for number in range(MESSAGES)]
        assert len(floor.directory.peers[0].handled) == MESSAGES
        assert floor.gateway.link("S1") is link  # never closed


async def test_a_flooder_that_sends_thousands_of_frames_at_once_holds_no_more_than_a_read():
    async with serving(pace=SLOW, frame_bytes_max=4_096) as floor:
        reader, writer = await floor.raw("S1")
        link = floor.gateway.link("S1")
        writer.write(frame(TEXT, b"x" * 4_000))  # which makes the read buffer grow
        burst = b"".join(frame(TEXT, call(str(n)).encode()) for n in range(1_400))
        writer.write(burst)
        await until(lambda: link._intake._held is not None)
        assert sum(map(len, link._intake._held)) <= 4 * 4_096
        open_purse(link)
        answers = 0
        while answers < 1_400:
            _, payload = await read_frame(reader)
            answers += json.loads(payload)[0] == 3
        writer.close()


async def test_a_flooder_that_ignores_our_close_leaves_nothing_behind():
    async with serving(pace=SLOW, frame_bytes_max=4_096) as floor:
        _, writer = await floor.raw("S1")
        link = floor.gateway.link("S1")
        burst = b"".join(frame(TEXT, call(str(n)).encode()) for n in range(1_100))
        writer.write(burst)
        await until(lambda: link._intake._held is not None)
        link.close(1000, "enough")
        with contextlib.suppress(ConnectionError):
            for _ in range(50):
                writer.write(burst)
                await writer.drain()
                assert link._intake._held is None
        await until(lambda: link._transport is None)
        writer.transport.abort()


async def test_a_held_station_that_leaves_is_gone_and_comes_back_to_a_purse_that_fills():
    async with serving(pace=PaceConfig(messages_per_s=1, burst_s=50)) as floor:
        one = await floor.station("S1")
        link = floor.gateway.link("S1")
        for number in range(80):
            await one.send(call(str(number)))
        await until(lambda: link._intake._held is not None)
        one.transport.abort()
        open_purse(link)
        await until(lambda: floor.gateway.link("S1") is None)
        async with floor.station("S1") as again:
            assert await ask(again, "again") == [3, "again", {}]


async def test_a_command_of_ours_is_answered_by_a_station_that_floods():
    async with serving(pace=SLOW) as floor, floor.station("S1") as one:
        for number in range(1_050):
            await one.send(call(str(number)))
        open_purse(floor.gateway.link("S1"))
        asked = asyncio.create_task(floor.gateway.link("S1").call("Reset", b"{}"))
        answers = 0
        while answers < 1_050:
            message = await receive(one)
            answers += message[0] == 3
            if message[0] == 2:
                await one.send(json.dumps([3, message[1], {"status": "Accepted"}]))
        assert (await asked).payload == b'{"status": "Accepted"}'


async def test_a_station_that_logs_in_without_end_is_told_to_wait_and_no_other_is():
    async with serving(pace=PaceConfig(log_ins_per_minute=3)) as floor:
        for _ in range(3):
            async with floor.station("S1") as station:
                assert await ask(station, "hello") == [3, "hello", {}]
        headers = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
        headers += ["Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw=="]
        password = f"Authorization: {basic('S1', b'correct horse battery')}"
        status, fields, body = await floor.request("/ocpp/S1", *headers, password)
        assert (status, "too often" in body) == (503, True)
        assert 1 <= int(fields["retry-after"]) <= 61
        assert floor.gateway.flooding_ms("S1") > 0
        async with floor.station("S2") as other:
            assert await ask(other, "fine") == [3, "fine", {}]


async def test_wrong_passwords_do_not_use_up_a_stations_log_ins():
    async with serving(pace=PaceConfig(log_ins_per_minute=1)) as floor:
        for _ in range(3):
            with pytest.raises(Exception, match="401"):
                async with floor.station("S1", password=b"wrong"):
                    pass
        async with floor.station("S1") as station:
            assert await ask(station, "in") == [3, "in", {}]


async def test_behaviour_20_two_machines_with_one_id_are_seen_because_both_are_alive():
    async with serving() as floor:
        assert floor.gateway.rivalry("S1") is None
        older = await floor.station("S1")
        for count in range(1, 4):
            newer = await floor.station("S1")
            assert await close_code(older) == 1008

            def seen(count=count):
                found = floor.gateway.rivalry("S1")
                return found is not None and found.count == count

            await until(seen)
            older = newer
        found = floor.gateway.rivalry("S1")
        assert found.addresses == ("127.0.0.1", "127.0.0.1")
        assert found.text == "both from 127.0.0.1"
        assert await ask(older, "still") == [3, "still", {}]  # behaviour 20: the newest speaks
        await older.close()


async def test_behaviour_20_a_socket_that_was_left_behind_is_no_rival():
    async with serving() as floor:
        _, writer = await floor.raw("S1")
        dead = floor.gateway.link("S1")
        async with floor.station("S1") as station:
            await until(lambda: dead._transport is None)  # dropped: it did not answer our Close
            assert await ask(station, "here") == [3, "here", {}]
            assert floor.gateway.rivalry("S1") is None
        writer.close()


def test_rivals_are_forgotten_after_ten_minutes_of_peace_and_kept_for_so_many_stations():
    rivals = Rivals(stations_max=2)
    rivals.note("S", "10.0.0.1", "10.0.0.2", 0)
    assert rivals.note("S", "10.0.0.2", "10.0.0.1", 5).count == 2
    assert rivals.of("S", 6).text == "from 10.0.0.2 and from 10.0.0.1"
    assert rivals.of("S", 5 + WINDOW_MS) is None
    assert rivals.note("S", "10.0.0.1", "10.0.0.2", 5 + WINDOW_MS).count == 1
    for name in ("A", "B"):
        rivals.note(name, "a", "b", 700_000)
    assert rivals.of("S", 700_000) is None


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_station_that_floods_over_tls_is_held_and_answered_as_well(tmp_path, version):
    pki = Pki(tmp_path)
    async with tls_floor(pki, ocpp={"pace": SLOW}) as floor:
        context = pki.client(version=version)
        async with floor.station("S1", ssl=context) as one:
            link = floor.gateway.link("S1")

            async def flood():
                for number in range(MESSAGES):
                    await one.send(call(str(number)))

            flooding = asyncio.create_task(flood())
            await until(lambda: link._intake._held is not None)
            open_purse(link)
            for number in range(MESSAGES):
                assert await receive(one) == [3, str(number), {}]
            await flooding

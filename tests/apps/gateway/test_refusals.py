"""What an installer reads at 10 pm of a charger that does not come in."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.apps.gateway import wirelog
from ohmstead.apps.gateway.refusals import path_shown
from ohmstead.apps.gateway.wirelog import (
    FRAMES_MAX,
    NOTE_CHARACTERS_MAX,
    REFUSAL_CHARACTERS_MAX,
    REFUSALS_MAX,
    WireLog,
    WireLogs,
    span,
)
from ohmstead.errors import StoreUnavailable
from tests.apps.gateway.floor import (
    PASSWORD,
    TestDirectory,
    basic,
    close_code,
    serving,
    upgrade_headers,
)
from tests.apps.gateway.test_gateway import answered


def lines(floor, name="S1"):
    return [text for _, _, text in floor.gateway.wire.of(name).frames]


@pytest.mark.parametrize(
    ("authorization", "word"),
    [
        (None, "it sent no credentials"),
        (basic("S1", b"hunter2"), "its password is wrong"),
        (basic("S1", b""), "its password is empty"),
        (basic("hunter2", PASSWORD), "the user of its credentials is not its station id"),
        ("Basic !!!", "its Authorization header is not HTTP Basic that can be read"),
        ("Basic " + base64.b64encode(b"S1").decode(), "is not HTTP Basic that can be read"),
        ("Bearer hunter2", "is not HTTP Basic that can be read"),
    ],
)
async def test_what_is_wrong_with_a_log_in_stands_in_the_log_and_not_in_the_answer(
    authorization, word
):
    async with serving() as floor:
        headers = upgrade_headers(Authorization=authorization)
        answers = [await floor.request("/ocpp/S1", *headers) for _ in range(7)]
        assert [status for status, _, _ in answers] == [401] * 5 + [429] * 2
        assert {body for _, _, body in answers[:5]} == {
            "Basic credentials that fit are needed: the station id and its password\n"
        }
        first, later = lines(floor)
        assert first.startswith("refused with 401: ") and word in first
        assert first.endswith(" (5 times, the first 0 s before)")
        assert later.startswith("refused with 429: ") and word in later
        assert "too many failed log-ins" in later and "(2 times, " in later
        assert "hunter2" not in first + later


@pytest.mark.parametrize(
    ("offered", "said"),
    [
        ("", "of OCPP it offers no version"),
        ("ocpp1.5", "of OCPP it offers 'ocpp1.5'"),
        ("ocpp1.2, ocpp1.5,a,b,c", "it offers 'ocpp1.2', 'ocpp1.5', 'a', 'b' and more"),
        ("\u00e4" * 300, r"it offers '\udc"),
    ],
)
async def test_a_station_that_speaks_nothing_of_ours_is_told_what_to_offer_and_the_log_what_it_did(
    offered, said
):
    async with serving() as floor:
        if offered.isascii():
            protocols = [one.strip() for one in offered.split(",") if one]
            async with floor.station(protocols=protocols) as station:
                assert await close_code(station) == 1002
                assert "ocpp2.1, ocpp2.0.1 or ocpp1.6" in station.close_reason
        else:
            headers = [*upgrade_headers(protocol=""), f"Sec-WebSocket-Protocol: {offered}"]
            assert await answered(floor, "/ocpp/S1", *headers) == 101
        (line,) = [line for line in lines(floor) if line.startswith("closed with 1002")]
        assert said in line and len(line) <= NOTE_CHARACTERS_MAX and line.isascii()


@pytest.mark.parametrize(
    ("target", "word"),
    [
        ("/ocpp1.6/S1", "and it asked for '/ocpp1.6/S1'"),
        ("/S1", "and it asked for '/S1'"),
        ("/ocpp/S1/", "and it asked for '/ocpp/S1/'"),
        ("/ocpp/S1/S1?hunter2", "and it asked for '/ocpp/S1/S1?...'"),
        ("/ocpp/S1?hunter2=1", "no query string is expected"),
        ("/" + "hunter2" * 4 + "/S1", "and it asked for '/***/S1'"),
        ("/x%1b[2J\u00e4/RDAM%20123", r"'/x%1b[2J\xe4/RDAM%20123'"),
    ],
)
async def test_a_wrong_path_that_ends_in_a_station_is_that_stations_trouble(target, word):
    async with serving() as floor:
        status, _, body = await floor.request(target, *upgrade_headers())
        assert status in (400, 404) and "it asked for" not in body
        (line,) = lines(floor, "RDAM 123" if "RDAM" in target else "S1")
        assert line.startswith(f"refused with {status}: ") and word in line
        assert "hunter2" not in line


async def test_what_is_about_nobody_leaves_nothing():
    async with serving() as floor:
        for target in ("/", "/ocpp/", "/ocpp/S77", "/S77", "/ocpp/S1/x", "/x/%ff", "/ocpp/S1%2F"):
            await floor.request(target, *upgrade_headers("S77"))
        assert not floor.gateway.wire.all()


async def test_strangers_who_knock_leave_no_log_where_newcomers_are_met(tmp_path):
    async with serving(onboarding="approve") as floor:
        for number in range(20, 30):
            headers = upgrade_headers(Authorization=None)
            assert (await floor.request(f"/ocpp/X{number}", *headers))[0] == 401
        assert not floor.gateway.wire.all()


async def test_a_store_that_is_away_and_a_hurry_are_told_of_too():
    directory = TestDirectory()
    async with serving(directory) as floor:
        assert (await floor.request("/ocpp/S1", "Upgrade: none"))[0] == 426
        directory.stored = False
        for name in ("S1", "S2"):  # a whole fleet may be told so: who has no log gets none
            assert (await floor.request(f"/ocpp/{name}", *upgrade_headers(name)))[0] == 503
        assert "S2" not in floor.gateway.wire
    assert [line.split(":")[0] for line in lines(floor)] == [
        "refused with 426",
        "refused with 503",
    ]


async def test_a_store_that_fails_while_a_refusal_is_noted_changes_no_answer():
    class Away(TestDirectory):
        def find(self, station_id):
            raise StoreUnavailable("the disk is full")

    async with serving(Away()) as floor:
        status, _, body = await floor.request("/x/S1", *upgrade_headers())
        assert (status, body) == (404, "stations connect to /ocpp/{station id}\n")
        assert not floor.gateway.wire.all()


def test_each_refusal_is_told_once_with_how_often_and_since_when(monkeypatch):
    now = [1_000_000]
    monkeypatch.setattr(wirelog, "monotonic_ms", lambda: now[0])
    log = WireLog()
    for number in range(60):
        log.refused("one" if number % 2 else "other")
        now[0] += 30_000
    assert [text for _, _, text in log.frames] == [
        "other (30 times, the first 29 min before)",
        "one (30 times, the first 29 min before)",
    ]
    assert log.count == 60 and log.outlasting() == []
    for _ in range(FRAMES_MAX):
        log.received(b"[]", now[0])
    assert [text for _, _, text in log.outlasting()] == [
        "other (30 times, the first 29 min before)",
        "one (30 times, the first 29 min before)",
    ]
    log.refused("one")
    assert log.frames[-1][2] == "one (31 times, the first 29 min before)"
    assert len(log.outlasting()) == 1


@given(st.lists(st.text(max_size=300) | st.sampled_from("abcdef") | st.none(), max_size=60))
def test_strangers_never_have_more_than_five_lines_of_a_log(said):
    log, logs = WireLog(), WireLogs()
    frames = 0
    for text in said:
        if text is None:
            frames += 1
            log.received(b"frame", frames)
        else:
            log.refused(text)
    told = [one for one in log.frames if one[1] == "note"]
    assert len(told) <= REFUSALS_MAX
    kept = [one for one in log.frames if one[1] == "in"]
    assert len(kept) >= min(frames, FRAMES_MAX - REFUSALS_MAX)
    assert len({one.text for one in log.refusals or ()}) == len(log.refusals or ())
    assert sum(one.count for one in log.refusals or ()) <= sum(text is not None for text in said)
    assert all(len(one[2]) <= NOTE_CHARACTERS_MAX for one in told)
    assert all(len(one.text) <= REFUSAL_CHARACTERS_MAX for one in log.refusals or ())
    assert not logs.all()


@given(st.binary(max_size=600))
def test_any_path_is_shown_short_and_plain(target):
    shown = path_shown(target)
    assert shown.isascii() and shown.isprintable() and len(shown) < 4 * 80 + 10


@pytest.mark.parametrize(
    ("ms", "said"),
    [
        (0, "0 s"),
        (119_999, "119 s"),
        (120_000, "2 min"),
        (7_200_000, "2 h"),
        (9 * 86_400_000, "9 days"),
    ],
)
def test_a_span_is_told_in_whole_units(ms, said):
    assert span(ms) == said

"""Guessing at a weak password that a station brought along: one look a second, and an alert."""

from __future__ import annotations

import json

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.apps.gateway import doorkeeper
from ohmstead.apps.gateway.closing import monotonic_ms
from ohmstead.apps.gateway.failures import LOOK_EVERY_MS, RECENT_MS, WINDOW_MS, Guesses
from ohmstead.apps.gateway.origin import household
from ohmstead.core.alerts import Rule
from ohmstead.frozen import replace
from tests.apps.api.desk import walk
from tests.apps.gateway.floor import PASSWORD, TestDirectory, serving, upgrade_headers

PAIR = ("192.0.2.1", "S1")


class Moment:
    """The door's clock, which stands still unless told otherwise."""

    def __init__(self):
        self.ms = monotonic_ms()

    def __call__(self):
        return self.ms


@pytest.fixture
def moment(monkeypatch):
    moment = Moment()
    monkeypatch.setattr(doorkeeper, "monotonic_ms", moment)
    return moment


def weakly(*names, **changes):
    directory = TestDirectory()
    for name in names:
        changed = {"secret_is_weak": True} | changes
        directory.stations[name] = replace(directory.stations[name], **changed)
    return directory


async def knock(floor, name="S1", password=b"wrong", *more):
    """The status a log-in is answered with, and the whole answer."""
    fields = [*upgrade_headers(name, password=password), *more]
    if password == PASSWORD and not more:
        async with floor.station(name) as station:
            return station.response.status_code, {}, ""
    return await floor.request(f"/ocpp/{name}", *fields)


@pytest.mark.parametrize("changes", [{}, {"secret_is_weak": False, "secret_hash": "$2b$x"}])
async def test_of_guesses_at_a_weak_password_one_a_second_is_looked_at(moment, changes):
    async with serving(weakly("S1", **changes)) as floor:
        codes = [(await knock(floor))[0] for _ in range(5)]
        assert codes == [401] * 5
        for second in range(20):
            moment.ms += LOOK_EVERY_MS
            codes = [(await knock(floor))[0] for _ in range(10)]
            assert codes == [429] * 10
            assert len(floor.directory.asked) == 5 + second + 1
        status, headers, _ = await floor.request("/ocpp/S1", *upgrade_headers("S1"))
        assert status == 429 and int(headers["retry-after"]) > 0  # right, and not looked at
        assert len(floor.directory.asked) == 25
        moment.ms += LOOK_EVERY_MS
        assert (await knock(floor, password=PASSWORD))[0] == 101
        assert (await knock(floor))[0] == 401  # and it counts anew


async def test_neither_other_stations_nor_other_addresses_are_held_back(moment):
    proxies = {"trusted_proxies": ("127.0.0.0/8",)}
    async with serving(weakly("S1", "S2"), **proxies) as floor:
        for _ in range(20):
            await knock(floor)
        assert len(floor.directory.asked) == 6
        assert (await knock(floor, "S2", PASSWORD))[0] == 101
        assert (await knock(floor, "S3", PASSWORD))[0] == 101
        elsewhere = "X-Forwarded-For: 203.0.113.9"
        assert (await knock(floor, "S1", b"wrong", elsewhere))[0] == 401
        assert len(floor.directory.asked) == 9


async def test_a_strong_password_is_looked_at_and_let_in_however_many_wrong_ones_came(moment):
    async with serving() as floor:
        for _ in range(50):
            await knock(floor)
        assert len(floor.directory.asked) == 50
        assert (await knock(floor, password=PASSWORD))[0] == 101


async def test_who_guesses_is_not_told_that_the_password_is_weak_and_the_operator_is(moment):
    async with serving(weakly("S1")) as floor:
        with structlog.testing.capture_logs() as logs:
            weak = [await knock(floor) for _ in range(9)]
        strong = [await knock(floor, "S2") for _ in range(9)]
        said = [
            [(code, one.get("retry-after"), text) for code, one, text in answers]
            for answers in (weak, strong)
        ]
        assert said[0] == said[1]
        assert sum("being guessed" in one["event"] for one in logs) == 1
        note = floor.gateway.wire.of("S1").frames[-1][2]
        assert "its password is weak and is being guessed" in note
        assert floor.gateway.guessing("S1").address == "127.0.0.1"
        assert floor.gateway.guessing("S2") is None


def test_an_imported_pin_cannot_be_guessed_in_a_second_and_an_alert_opens(tmp_path, moment):
    fleet = {"csv": "id,password,weak\nOLD,0934,yes\n", "owner": "0x" + "ab" * 20, "tariff": "T"}

    async def scenario(desk):
        gateway = desk.house.gateway
        assert (await desk.host.post("/api/v1/stations/import", json=fleet)).status_code < 300
        for pin in range(900, 1_000):  # the 35th is the one
            with pytest.raises(Exception, match=r"401|429"):
                await desk.field.socket("ocpp1.6", "OLD", f"{pin:04d}".encode())
        await desk.house.office.minute()
        (alert,) = [one for one in desk.house.office.alarms.open() if one.rule is Rule.GUESSING]
        assert alert.text == (
            "the weak password of station OLD is being guessed from 127.0.0.1: rotate it"
        )
        moment.ms += LOOK_EVERY_MS
        async with desk.field.socket("ocpp1.6", "OLD", b"0934") as socket:
            await socket.send(json.dumps([2, "1", "Heartbeat", {}]))
            assert json.loads(await socket.recv())[0] in (3, 4)
        gateway._doorkeeper.guesses._guessed.clear()  # ten minutes of peace
        await desk.house.office.minute()
        assert not [one for one in desk.house.office.alarms.open() if one.rule is Rule.GUESSING]

    walk(tmp_path, scenario)


def test_a_guesser_gets_five_looks_a_minute_and_then_one_a_second():
    guesses, looks = Guesses(), 0
    for now_ms in range(0, 10 * WINDOW_MS, 50):
        if guesses.may_look(PAIR, now_ms):
            looks += 1
            guesses.missed(PAIR, now_ms)
    assert looks <= 10 * 65  # of 12,000


def test_who_guessed_is_told_for_ten_minutes():
    guesses = Guesses()
    assert [guesses.missed(PAIR, 7) for _ in range(6)] == [False] * 5 + [True]
    assert guesses.of("S1", 6 + RECENT_MS).address == "192.0.2.1"
    assert guesses.of("S1", 7 + RECENT_MS) is None


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("123")), max_size=80))
def test_what_is_known_of_guesses_is_bounded(pairs):
    guesses = Guesses(pairs_max=4)
    for number, pair in enumerate(pairs):
        if guesses.may_look(pair, number):
            guesses.missed(pair, number)
        assert len(guesses._looked) <= 4 and len(guesses._failures) <= 4


def test_an_ipv6_line_is_one_guesser():
    assert household("2001:db8::1") == household("2001:db8::ffff:1") == "2001:db8::/64"
    assert household("2001:db8:0:1::1") != household("2001:db8::1")
    assert household("::ffff:192.0.2.1") == household("192.0.2.1") == "192.0.2.1"
    assert household("") == ""

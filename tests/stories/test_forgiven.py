"""How a lenient station writes its stop is forgiven, and said of its session: it is not lost."""

from __future__ import annotations

import pytest

from ohmstead.core.session import SessionState
from tests.apps.stations.field import HOUR, V16, V21, V201, VERSIONS, WH, iso, payload_of, running
from tests.flows.world import KWH

both = pytest.mark.parametrize("version", VERSIONS)
newer = pytest.mark.parametrize("version", [V201, V21])
SETTLED, REVIEW, ACTIVE = SessionState.SETTLED, SessionState.REVIEW, SessionState.ACTIVE


def action_of(station, message):
    """The name of a message of the ``ocpp`` package."""
    return type(message).__name__


def changed(payload, **members):
    """The payload with other members; ``a__b`` is b inside of a, None means without it."""
    payload = dict(payload)
    for name, value in members.items():
        outer, _, inner = name.partition("__")
        payload[outer] = changed(payload[outer], **{inner: value}) if inner else value
    return {name: value for name, value in payload.items() if value is not None}


async def say(station, message, **members):
    """Send a message with other members; it has to be taken."""
    reply = await station.send(action_of(station, message), changed(payload_of(message), **members))
    assert reply[0] == 3, reply
    return reply[2]


def misspelt(station, tx, wh):
    """The same stop in many hands, each with what is forgiven in it."""
    if station.version == V16:
        return [
            ({"meterStop": f"{wh}"}, "number_misspelt"),
            ({"meterStop": float(wh)}, "number_misspelt"),
            ({"transactionId": tx}, "number_misspelt"),
            ({"reason": "local"}, "unknown_word"),
            ({"timestamp": iso(station.field.now).removesuffix("Z")}, "time_without_zone"),
        ]
    sample = {"value": f"{wh}", "unitOfMeasure": {"unit": "Wh"}}
    value = {"timestamp": iso(station.field.now), "sampledValue": [sample]}
    zoneless = {"timestamp": value["timestamp"][:-1], "sampledValue": [sample | {"value": wh}]}
    return [
        ({"seqNo": "1"}, "number_misspelt"),
        ({"meterValue": [value]}, "number_misspelt"),
        ({"triggerReason": "Fnord"}, "unknown_word"),
        ({"transactionInfo__chargingState": "Fnord"}, "unknown_word"),
        ({"timestamp": iso(station.field.now).removesuffix("Z")}, "time_without_zone"),
        ({"meterValue": [zoneless]}, "time_without_zone"),
    ]


@both
@pytest.mark.parametrize("lenient", [True, False])
async def test_a_stop_settles_however_it_is_written_or_is_kept_if_strict(
    lenient, version, tmp_path
):
    house = running(tmp_path, meter=False, lenient=lenient)
    async with house as field, field.station(version) as station:
        for number in range(len(misspelt(station, "1", 4_000))):
            end_wh = 4_000 * (number + 1)
            tx, _ = await station.start("CARD", end_wh - 4_000)
            field.wait(30)
            members, finding = misspelt(station, tx, end_wh)[number]
            message = station.stop_of(tx, end_wh)
            payload = changed(payload_of(message), **members)
            reply = await station.send(action_of(station, message), payload)
            if lenient:
                assert reply[0] == 3, reply
                session = field.session(tx)
                assert (session.state, session.findings) == (SETTLED, (finding,))
                assert field.bill(tx).energy_mwh == 4 * KWH and field.kept() == []
            else:
                assert reply[0] == 4 and len(field.kept()) == number + 1
                assert field.session(tx).state is ACTIVE
                await station.say(message)
                assert field.session(tx).findings == ()
        assert field.books_balance()


@both
async def test_the_same_stop_told_properly_afterwards_is_the_same_stop(version, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        for number in range(len(misspelt(station, "1", 4_000))):
            end_wh = 4_000 * (number + 1)
            tx, _ = await station.start("CARD", end_wh - 4_000)
            field.wait(30)
            message = station.stop_of(tx, end_wh)
            await say(station, message, **misspelt(station, tx, end_wh)[number][0])
            before = field.session(tx)
            await station.say(message)
            assert before.state is SETTLED
            assert field.session(tx) == before and field.kept() == []


@both
async def test_an_unknown_reason_is_no_wish_of_the_drivers(version, tmp_path):
    """Absent, it would be `Local`: the driver's own stop, which settles without a signature."""
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        tx, _ = await station.start()
        field.wait(30)
        where = "reason" if version == V16 else "transactionInfo__stoppedReason"
        await say(station, station.stop_of(tx, 4_000), **{where: "Weird"})
        session = field.session(tx)
        assert session.state is REVIEW
        assert session.findings == ("unknown_word", "stop_not_approved")
        assert field.books_balance()


@both
async def test_what_a_meter_signed_settles_whatever_the_reason(version, tmp_path):
    async with running(tmp_path) as field, field.station(version) as station:
        first = field.meter.sign((field.now, "B", 0))
        tx, _ = await station.start("CARD", 0, record=first)
        field.wait(30)
        last = field.meter.sign((field.now, "E", 4_000 * WH))
        where = "reason" if version == V16 else "transactionInfo__stoppedReason"
        await say(station, station.stop_of(tx, 4_000, record=last), **{where: "Weird"})
        assert field.session(tx).state is SETTLED
        assert field.session(tx).findings == ("unknown_word",)
        assert field.bill(tx).tier == "soft"


@both
async def test_a_time_without_zone_that_is_not_now_is_for_a_person(version, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        tx, _ = await station.start()
        field.wait(60)
        local = iso(field.now - HOUR // 2).removesuffix("Z")
        await say(station, station.stop_of(tx, 4_000), timestamp=local)
        session = field.session(tx)
        assert (session.state, session.ended_ms) == (REVIEW, field.now - HOUR // 2)
        assert session.findings == ("time_without_zone", "time_zone_unknown")
        field.wait(60)
        begun = station.start_of(tx="T2", at_ms=field.now - HOUR)
        answer = await say(station, begun, timestamp=iso(field.now - HOUR).removesuffix("Z"))
        tx = str(answer.get("transactionId", "T2"))
        assert "time_zone_unknown" in field.session(tx).findings
        await station.stop(tx, 1_000)
        assert field.session(tx).state is REVIEW and field.books_balance()


@both
async def test_a_start_is_forgiven_too_and_its_session_says_so(version, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        begun = station.start_of(tx="T1")
        number = "meterStart" if version == V16 else "seqNo"
        answer = await say(station, begun, **{number: "0", "timestamp": iso(field.now)[:-1]})
        tx = str(answer.get("transactionId", "T1"))
        assert set(field.session(tx).findings) == {"number_misspelt", "time_without_zone"}
        field.wait(30)
        station.seqs.setdefault(tx, 0)
        await station.stop(tx, 4_000)
        assert field.session(tx).state is SETTLED
        assert field.bill(tx).energy_mwh == 4 * KWH


@both
async def test_of_values_only_those_of_unknown_words_are_left_out(version, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        tx, _ = await station.start()
        field.wait(30)
        message = station.values_of(tx, 1_000)
        (value,) = payload_of(message)["meterValue"]
        (sample,) = value["sampledValue"]
        strange = sample | {"value": "7" if version == V16 else 7}
        samples = [strange | {"measurand": "Fnord"}, sample, strange | {"phase": "Fnord"}]
        await say(station, message, meterValue=[value | {"sampledValue": samples}])
        session = field.session(tx)
        assert session.findings == ("unknown_word", "value_unreadable")
        assert [mwh for _, mwh in field.samples(tx)] == [KWH]
        assert field.quarantine() == ["value_unreadable"]  # whole, for whoever knows the words


@both
@pytest.mark.parametrize("late", [0, 20])
async def test_values_without_a_zone_are_believed_while_they_are_of_now(late, version, tmp_path):
    """Told later, they would move energy to an hour of another price."""
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        tx, _ = await station.start()
        field.wait(30)
        message = station.values_of(tx, 1_000)
        (value,) = payload_of(message)["meterValue"]
        field.wait(late)
        zoneless = value | {"timestamp": value["timestamp"].removesuffix("Z")}
        await say(station, message, meterValue=[zoneless])
        assert [mwh for _, mwh in field.samples(tx)] == [KWH]
        assert ("time_zone_unknown" in field.session(tx).findings) is (late > 0)
        field.wait(30)
        await station.stop(tx, 4_000)
        assert field.session(tx).state is (REVIEW if late else SETTLED)


@newer
async def test_an_end_without_values_is_an_end_whose_register_is_missing(version, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        tx, _ = await station.start()
        field.wait(30)
        await say(station, station.stop_of(tx, 4_000), meterValue=[])
        session = field.session(tx)
        assert session.state is REVIEW and "end_missing" in session.findings


@newer
async def test_an_end_of_which_the_last_value_is_left_out_is_not_free(version, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        tx, _ = await station.start()
        field.wait(30)
        message = station.stop_of(tx, 4_000)
        (value,) = payload_of(message)["meterValue"]
        (sample,) = value["sampledValue"]
        samples = [sample | {"value": 0}, sample | {"location": "Fnord"}]
        await say(station, message, meterValue=[value | {"sampledValue": samples}])
        session = field.session(tx)
        assert session.state is REVIEW and "end_missing" in session.findings
        assert field.books_balance()


@newer
@pytest.mark.parametrize("word", ["Energy.Active.Import.Register ", "Energy.Active.Import", ""])
async def test_an_end_of_which_the_register_is_misnamed_is_no_value_before_it(
    word, version, tmp_path
):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        tx, _ = await station.start()
        field.wait(30)
        message = station.stop_of(tx, 4_000)
        (value,) = payload_of(message)["meterValue"]
        (sample,) = value["sampledValue"]
        samples = [sample | {"value": 500}, sample | {"measurand": word}]
        await say(station, message, meterValue=[value | {"sampledValue": samples}])
        session = field.session(tx)
        assert session.state is REVIEW and "end_missing" in session.findings
        assert field.books_balance()


@newer
async def test_a_stop_before_its_start_is_forgiven_when_that_comes(version, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        begun = station.start_of(tx="T1")
        field.wait(30)
        stop = station.stop_of("T1", 4_000)
        await say(station, stop, triggerReason="Fnord", timestamp=iso(field.now)[:-1])
        assert field.quarantine() == ["unknown_transaction"]
        await station.say(begun)
        session = field.session("T1")
        assert session.state is SETTLED
        assert set(session.findings) == {"unknown_word", "time_without_zone"}


@both
async def test_whoever_looks_at_the_wire_is_told_what_was_forgiven(version, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        tx, _ = await station.start()
        await station.stop(tx, 0)
        frames = field.house.gateway.wire.of("S").frames
        assert not [text for _, kind, text in frames if kind == "note" and "forgiven" in text]
        message = station.stop_of("99", 4_000)
        where = "reason" if version == V16 else "transactionInfo__stoppedReason"
        local = iso(field.now).removesuffix("Z")
        await say(station, message, timestamp=local, **{where: "Weird"})
        notes = [text for _, kind, text in frames if kind == "note"]
        path = "$.reason" if version == V16 else "$.transaction_info.stopped_reason"
        assert f"forgiven in {action_of(station, message)}: {path} unknown_word" in notes
        assert f"forgiven in {action_of(station, message)}: times time_without_zone" in notes


@both
async def test_what_would_be_absurd_settles_no_more_than_before(version, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        tx, _ = await station.start()
        field.wait(1)
        message = station.stop_of(tx, 4_000)
        if version == V16:
            await say(station, message, meterStop="999999999999")
        else:
            sample = {"value": "999999999999"}
            value = {"timestamp": iso(field.now), "sampledValue": [sample]}
            await say(station, message, meterValue=[value])
        session = field.session(tx)
        assert session.state is REVIEW and "energy_above_rated" in session.findings
        assert field.books_balance()

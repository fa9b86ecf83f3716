"""A station's stop is always recorded: what cannot be read is evidence before it is refused.

"Some stations delete a stop after a few CALLERRORs": then this is the only copy there is.
"""

from __future__ import annotations

import asyncio
import json

import pytest

from ohmstead.apps.stations.v201 import earlier
from ohmstead.core.network import Admission
from ohmstead.core.session import SessionState
from ohmstead.errors import StoreUnavailable
from ohmstead.flows import turned_away
from ohmstead.flows.charging import stop as stopping
from ohmstead.flows.stations import ChangeStation, change_station
from tests.apps.gateway.floor import close_code
from tests.apps.stations.field import V16, V21, V201, VERSIONS, iso, payload_of, running
from tests.flows.world import KWH

both = pytest.mark.parametrize("version", VERSIONS)
newer = pytest.mark.parametrize("version", [V201, V21])
strictness = pytest.mark.parametrize("lenient", [True, False])


def stop_words(station, tx, wh, **how):
    """The action and the payload of a stop as it should be."""
    action = "StopTransaction" if station.version == V16 else "TransactionEvent"
    return action, payload_of(station.stop_of(tx, wh, **how))


def unreadable(station, tx):
    """Messages of a transaction that no leniency can read, with a word of why."""
    action, stop = stop_words(station, tx, 4_000)
    yield action, stop | {"timestamp": "yesterday"}, "yesterday"
    if station.version == V16:
        yield action, stop | {"meterStop": "a lot"}, "meterStop"
        yield "StartTransaction", {"connectorId": 1, "idTag": "CARD"}, "meterStart"
        yield "MeterValues", {"connectorId": 1, "meterValue": {}}, "meterValue"
    else:
        yield action, stop | {"eventType": "Fnord"}, "eventType"
        yield action, stop | {"transactionInfo": {"transactionId": ""}}, "transactionId"
        yield "MeterValues", {"evseId": 1, "meterValue": {}}, "meterValue"
        yield "StartTransaction", stop, "StartTransaction"  # a word of another version


@both
@strictness
async def test_what_tells_of_a_transaction_and_cannot_be_read_is_kept_once(
    lenient, version, tmp_path
):
    house = running(tmp_path, meter=False, lenient=lenient)
    async with house as field, field.station(version) as station:
        tx, _ = await station.start()
        field.wait(30)
        said = list(unreadable(station, tx))
        for action, payload, _ in said + said:
            assert (await station.send(action, payload))[0] == 4
        kept = {one.payload: one for one in field.kept()}
        assert len(kept) == len(field.kept()) == len(said)
        for action, payload, why in said:
            one = kept[json.dumps(payload)]
            assert (one.station_id, one.reason) == ("S", "message_refused")
            assert one.action == action and why in one.refusal
        assert len(field.sessions()) == 1
        assert field.session(tx).state is SessionState.ACTIVE
        await station.stop(tx, 4_000)  # said again so that it can be read
        assert field.bill(tx).energy_mwh == 4 * KWH and field.books_balance()


@both
async def test_a_strict_stations_departures_are_refused_as_ever_and_kept(version, tmp_path):
    house = running(tmp_path, meter=False, lenient=False)
    async with house as field, field.station(version) as station:
        tx, _ = await station.start()
        field.wait(30)
        action, stop = stop_words(station, tx, 4_000)
        reply = await station.send(action, stop | {"vendorNonsense": 1})
        wanted = "FormationViolation" if version == V16 else "FormatViolation"
        assert (reply[0], reply[2]) == (4, wanted)
        (kept,) = field.kept()
        assert (kept.reason, kept.transaction_id) == ("message_refused", tx)
        assert field.session(tx).state is SessionState.ACTIVE


@both
async def test_what_cannot_be_kept_is_not_refused_either(version, tmp_path):
    """Behaviour 24 holds for it too: with no store, no answer."""
    async with running(tmp_path, meter=False) as field, field.socket(version) as socket:
        field.house.services.registry.find("S")

        async def full(*_):
            raise StoreUnavailable("the disk is full")

        run, type(field.store).run = type(field.store).run, full
        try:
            action = "StopTransaction" if version == V16 else "TransactionEvent"
            await socket.send(json.dumps([2, "1", action, {"timestamp": iso(field.now)}]))
            assert await close_code(socket) == 1013
        finally:
            type(field.store).run = run


@both
async def test_a_stop_whose_handler_fails_is_kept_before_the_error(version, monkeypatch, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        tx, _ = await station.start()
        field.wait(30)
        run = type(field.store).run

        async def fails(store, flow, command):
            if flow is stopping.stop:
                raise ZeroDivisionError
            return await run(store, flow, command)

        action, stop = stop_words(station, tx, 4_000)
        with monkeypatch.context() as broken:
            broken.setattr(type(field.store), "run", fails)
            assert (await station.send(action, stop))[2] == "InternalError"
        (kept,) = field.kept()
        assert (kept.reason, kept.transaction_id, kept.action) == ("message_refused", tx, action)
        assert kept.refusal.startswith("InternalError") and json.loads(kept.payload) == stop
        assert field.session(tx).state is SessionState.ACTIVE and field.books_balance()
        await station.send(action, stop)
        assert field.bill(tx).energy_mwh == 4 * KWH and field.books_balance()


@both
async def test_readings_that_are_refused_leave_room_for_a_stop(version, monkeypatch, tmp_path):
    monkeypatch.setattr(turned_away, "EVIDENCE_MAX", 4)
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        tx, _ = await station.start()
        field.wait(30)
        action, stop = stop_words(station, tx, 4_000)
        message = station.values_of(tx, 1_000)
        readings = payload_of(message)
        for number in range(9):
            if version == V16:
                unread = readings | {"connectorId": f"x{number}"}
            else:
                unread = readings | {"timestamp": f"x{number}"}
            assert (await station.send(type(message).__name__, unread))[0] == 4
        assert len(field.kept()) == 2
        assert (await station.send(action, stop | {"timestamp": "yesterday"}))[0] == 4
        assert [one.action for one in field.kept()].count(action) == 1 + 2 * (version != V16)


@both
async def test_what_tells_of_no_transaction_is_refused_and_not_kept(version, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        assert (await station.send("Authorize", {"idTag": []}))[0] == 4
        assert field.kept() == []


@newer
async def test_what_was_refused_settles_nothing_when_its_start_comes(version, tmp_path):
    house = running(tmp_path, meter=False, lenient=False)
    async with house as field, field.station(version) as station:
        begun = station.start_of(tx="T1")
        field.wait(30)
        values, stop = station.values_of("T1", 1_000), payload_of(station.stop_of("T1", 4_000))
        await station.send("TransactionEvent", stop | {"vendorNonsense": 1})
        await station.say(values)  # before its start: this one is heard with it
        await station.say(begun)
        assert field.session("T1").state is SessionState.ACTIVE
        assert [mwh for _, mwh in field.samples("T1")] == [KWH]


@newer
async def test_what_was_kept_and_has_no_time_does_not_refuse_the_start_it_waited_for(
    version, tmp_path
):
    house = running(tmp_path, meter=False, admission="Pending")
    async with house as field, field.station(version, boot=False) as station:
        begun = station.start_of(tx="T1")
        values = payload_of(station.values_of("T1", 1_000)) | {"timestamp": "yesterday"}
        assert (await station.send("TransactionEvent", values))[2] == "SecurityError"
        await field.run(change_station, ChangeStation("S", admission=Admission.ACCEPTED))
        field.house.services.registry.forget("S")
        await station.boot()
        await station.say(begun)
        assert field.session("T1").state is SessionState.ACTIVE


@newer
async def test_others_have_their_turn_between_the_events_that_waited_for_a_start(
    version, monkeypatch, tmp_path
):
    monkeypatch.setattr(earlier, "PAGE", 3)
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        begun, heard, turns = station.start_of(tx="T1"), [], []
        for number in range(8):
            field.wait(1)
            await station.say(station.values_of("T1", 100 * number))
        reread, going = earlier._reread, True

        def slow(*what):
            heard.append(len(turns))
            return reread(*what)

        async def another():
            while going:
                turns.append(None)
                await asyncio.sleep(0)

        monkeypatch.setattr(earlier, "_reread", slow)
        other = asyncio.create_task(another())
        await station.say(begun)
        going = False
        await other
        assert len(heard) == len(set(heard)) == 8
        assert [mwh for _, mwh in field.samples("T1")] == [100_000 * n for n in range(8)]

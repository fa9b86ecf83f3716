"""The virtual station against a central system that is not ours, in both versions."""

from __future__ import annotations

import asyncio
import base64
import json

import pytest
import websockets
from ocpp.v16 import call as call16
from ocpp.v201 import call as call201

from ohmstead.adapters.clock import ManualClock
from ohmstead.apps.virtual.charging import Hooks
from ohmstead.apps.virtual.link import CsmsRefused, UpgradeRefused
from ohmstead.apps.virtual.meter import Sample, VirtualMeter
from ohmstead.apps.virtual.station import VirtualStation
from ohmstead.apps.virtual.uplink import Offline
from ohmstead.errors import LocalProtocolError
from ohmstead.wire import ocmf
from tests.apps.virtual.csms import PASSWORD, Csms

AT_MS = 1_790_000_000_000
MINUTE_MS = 60_000
BOTH = pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])


def make(csms, version, password=PASSWORD, **more):
    meters = {evse: VirtualMeter.from_seed("seed", f"M-{evse}", 1_000_000_001) for evse in (1, 2)}
    clock = ManualClock(AT_MS)
    return VirtualStation("ST-1", csms.url, password, version, meters, clock, seed="s", **more)


def story(version, scenario, *, boot=True, csms=None, **more):
    """Run ``scenario(csms, station)`` with both alive."""

    async def run():
        async with asyncio.timeout(60), csms or Csms() as central:
            station = make(central, version, **more)
            await station.connect()
            if boot:
                await station.boot()
            try:
                await scenario(central, station)
            finally:
                await station.close()

    asyncio.run(run())


def seconds(payload):
    return payload["timestamp"]


# A session.


def test_a_16_session_is_signed_at_both_ends():
    async def scenario(csms, station):
        tx = await station.start(1, "DRIVER-1", AT_MS)
        await station.meter_values(tx, 1_002_000_001, AT_MS + MINUTE_MS)
        await station.stop(tx, 1_005_500_001, AT_MS + 2 * MINUTE_MS)
        (start,), (stop,) = csms.all("StartTransaction"), csms.all("StopTransaction")
        assert start["meter_start"] == 1_000_000
        assert start["timestamp"] == "2026-09-21T14:13:20.000Z"
        assert (tx.transaction_id, tx.status) == ("1001", "Accepted")
        begin, middle = csms.all("MeterValues")
        assert begin["transaction_id"] == stop["transaction_id"] == 1001
        key = ocmf.load_key(station.places[1].meter.key_hex)
        values = [begin["meter_value"][0], stop["transaction_data"][0]]
        for value, tx_letter, mwh in zip(values, "BE", (1_000_000_001, 1_005_500_001), strict=True):
            plain, signed = value["sampled_value"]
            assert signed["format"] == "SignedData"
            record = ocmf.parse(ocmf.carried_in_16(signed["value"]).received)
            assert ocmf.verify(record, key) is ocmf.Verdict.VALID
            assert (record.readings[0].tx, record.readings[0].mwh) == (tx_letter, mwh)
            assert plain["value"] == f"{mwh // 1000}.{mwh % 1000:03d}"
        assert len(middle["meter_value"][0]["sampled_value"]) == 1
        assert stop["meter_stop"] == 1_005_500
        assert station.queued == 0
        assert station.refused == []

    story("1.6", scenario)


def test_a_201_session_is_signed_at_both_ends_and_numbered():
    async def scenario(csms, station):
        tx = await station.start(2, "DRIVER-1", AT_MS)
        await station.meter_values(tx, 1_002_000_001, AT_MS + MINUTE_MS, signed=True)
        await station.stop(tx, 1_005_500_001, AT_MS + 2 * MINUTE_MS)
        events = csms.all("TransactionEvent")
        assert [e["event_type"] for e in events] == ["Started", "Updated", "Ended"]
        assert [e["seq_no"] for e in events] == [0, 1, 2]
        assert {e["transaction_info"]["transaction_id"] for e in events} == {tx.transaction_id}
        assert all("offline" not in e for e in events)
        assert events[0]["evse"] == {"id": 2, "connector_id": 1}
        meter = station.places[2].meter
        for event, letter in zip(events, "BCE", strict=True):
            (value,) = event["meter_value"][0]["sampled_value"]
            signed = value["signed_meter_value"]
            carried = ocmf.carried_in_201(signed["signed_meter_data"], signed["public_key"])
            record = ocmf.parse(carried.received)
            assert ocmf.verify(record, ocmf.load_key(meter.key_hex)) is ocmf.Verdict.VALID
            assert record.readings[0].tx == letter
            if letter == "B":
                hint = ocmf.load_key(base64.b64decode(signed["public_key"]).decode())
                assert hint.key_id == meter.public_key.key_id
        assert tx.status == "Accepted"

    story("2.0.1", scenario)


@BOTH
def test_a_station_boots_authorizes_reports_its_state_and_asks_the_time(version):
    async def scenario(csms, station):
        boot = await station.boot()
        assert (boot.status, boot.interval_s) == ("Accepted", 300)
        assert await station.authorize("DRIVER-1") == "Accepted"
        await station.status(1, "Available")
        assert await station.heartbeat() > 0
        wanted = ["BootNotification", "Authorize", "StatusNotification", "Heartbeat"]
        assert csms.actions() == wanted
        assert csms.passwords == [PASSWORD]

    story(version, scenario, boot=False)


@BOTH
def test_a_station_never_has_two_calls_in_flight(version):
    async def scenario(csms, station):
        async def charge(evse):
            for number in range(5):
                tx = await station.start(evse, f"D{evse}", AT_MS + number)
                await station.meter_values(tx, at_ms=AT_MS + number)
                await station.stop(tx, at_ms=AT_MS + number)

        async def beat():
            for _ in range(10):
                await station.heartbeat()

        await asyncio.gather(charge(1), charge(2), beat())
        assert csms.in_flight_max == 1
        assert len(csms.frames) > 40

    story(version, scenario)


@BOTH
def test_nothing_is_reported_before_the_boot_is_accepted(version):
    async def scenario(csms, station):
        assert (await station.boot()).status == "Pending"
        tx = await station.start(1, "DRIVER-1")
        await station.stop(tx)
        assert set(csms.actions()) == {"BootNotification"}
        csms.boot_status = "Accepted"
        await station.boot()
        assert station.queued == 0
        assert len(csms.actions()) > 3

    story(version, scenario, boot=False, csms=Csms(boot_status="Pending"))


def test_an_id_token_that_is_refused_is_told_to_the_caller():
    async def scenario(csms, station):
        tx = await station.start(1, "DRIVER-1")
        assert tx.status == "Blocked"

    for version in ("1.6", "2.0.1", "2.1"):
        story(version, scenario, csms=Csms(id_status="Blocked"))


@BOTH
def test_the_same_seed_says_the_same_words(version):
    heard = []

    async def scenario(csms, station):
        tx = await station.start(1, "DRIVER-1", AT_MS)
        await station.stop(tx, 1_000_500_000, AT_MS + MINUTE_MS)
        heard.append(csms.frames)

    story(version, scenario)
    story(version, scenario)
    assert heard[0] == heard[1]


# A connection that is lost.


@BOTH
def test_what_happened_offline_is_delivered_in_order_with_its_own_times(version):
    async def scenario(csms, station):
        tx = await station.start(1, "DRIVER-1", AT_MS)
        told = len(csms.said)
        await station.drop()
        await station.meter_values(tx, 1_001_000_000, AT_MS + MINUTE_MS)
        await station.stop(tx, 1_002_000_001, AT_MS + 2 * MINUTE_MS)
        later = await station.start(1, "DRIVER-2", AT_MS + 3 * MINUTE_MS)
        assert station.queued
        assert len(csms.said) == told
        assert later.transaction_id == ("" if version == "1.6" else later.transaction_id)
        await station.connect()
        assert station.queued == 0
        late = [(a, p) for a, p in csms.said[told:] if a != "StatusNotification"]
        if version == "1.6":
            actions = ["MeterValues", "StopTransaction", "StartTransaction", "MeterValues"]
            assert [action for action, _ in late] == actions
            assert late[1][1]["timestamp"] == "2026-09-21T14:15:20.000Z"
            assert late[3][1]["transaction_id"] == 1002
            assert later.transaction_id == "1002"
        else:
            assert [p["event_type"] for _, p in late] == ["Updated", "Ended", "Started"]
            assert all(p["offline"] is True for _, p in late)
            assert late[1][1]["timestamp"] == "2026-09-21T14:15:20.000Z"

    story(version, scenario)


@BOTH
@pytest.mark.parametrize("times", [1, 3])
def test_a_message_closed_upon_with_1013_is_repeated_word_for_word(version, times):
    async def scenario(csms, station):
        tx = await station.start(1, "DRIVER-1", AT_MS)
        csms.mute = times
        await station.stop(tx, 1_002_000_001, AT_MS + MINUTE_MS)
        assert station.queued == 0
        stops = [f for f in csms.frames if "StopTransaction" in f or '"Ended"' in f]
        assert len(stops) == times + 1
        assert len(set(stops)) == 1
        assert csms.connections == times + 1

    story(version, scenario, announces=False)


@BOTH
def test_a_station_comes_back_by_itself(version):
    async def scenario(csms, station):
        await csms.point._connection.connection.close(1001)
        await csms.until(lambda: csms.connections == 2 and station.connected)
        assert await station.heartbeat() > 0

    story(version, scenario)


@BOTH
def test_a_message_refused_three_times_is_given_up_and_the_next_goes_on(version):
    async def scenario(csms, station):
        tx = await station.start(1, "DRIVER-1", AT_MS)
        csms.errors = 3
        await station.meter_values(tx)
        assert [refused.reason for refused in station.refused] == ["InternalError: no"]
        await station.stop(tx)
        assert station.queued == 0

    story(version, scenario)


def test_a_wrong_password_is_not_tried_again():
    async def run():
        async with Csms() as csms:
            station = make(csms, "1.6", password=b"wrong")
            with pytest.raises(UpgradeRefused) as refused:
                await station.connect()
            assert refused.value.status == 401
            assert not station.connected
            with pytest.raises(Offline):
                await station.heartbeat()

    asyncio.run(run())


def test_a_server_that_does_not_speak_this_version_is_left_alone():
    async def run():
        opened = []

        async def serve(connection):
            opened.append(connection)
            await connection.wait_closed()

        async with websockets.serve(serve, "127.0.0.1", 0) as server:
            url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            station = VirtualStation("S", url, "p", "1.6", {}, ManualClock())
            with pytest.raises(UpgradeRefused, match="chose the subprotocol None"):
                await station.connect()
            await asyncio.sleep(0.2)  # it does not come back on its own
            assert len(opened) == 1
            await station.close()

    asyncio.run(run())


def test_nobody_there_is_a_clear_error():
    async def run():
        station = VirtualStation("S", "ws://127.0.0.1:9/ocpp", "p", "1.6", {}, ManualClock())
        with pytest.raises(UpgradeRefused, match="no connection to ws"):
            await station.connect()

    asyncio.run(run())


# Misbehaviour, on purpose only.


@BOTH
def test_a_stop_can_be_sent_again_under_a_new_id(version):
    async def scenario(csms, station):
        tx = await station.start(1, "DRIVER-1", AT_MS)
        await station.stop(tx, 1_002_000_001, AT_MS + MINUTE_MS)
        with pytest.raises(LocalProtocolError):
            await station.stop(tx)
        await station.resend_last_stop()
        stops = [json.loads(f) for f in csms.frames if "StopTransac" in f or '"Ended"' in f]
        assert stops[0][1] != stops[1][1]
        assert stops[0][2:] == stops[1][2:]

    story(version, scenario)


@BOTH
def test_a_stop_can_contradict_the_first_and_a_record_can_be_forged(version):
    async def scenario(csms, station):
        tx = await station.start(1, "DRIVER-1", AT_MS)
        await station.stop(tx, 1_002_000_001, AT_MS + MINUTE_MS)
        forger = VirtualMeter.from_seed("another seed", "M-1", 5)
        end = forger.read_signed(AT_MS + MINUTE_MS, "E", 7_000)
        await station.stop_again(tx, end)
        lower = Sample(AT_MS, 3)  # a register that fell, and no record
        other = await station.start(1, "DRIVER-1", sample=lower)
        assert other.begin.mwh == 3
        stops = [f for f in csms.frames if "StopTransac" in f or '"Ended"' in f]
        assert len(set(stops)) == 2
        if version != "1.6":
            ends = [e for e in csms.all("TransactionEvent") if e["event_type"] == "Ended"]
            assert [e["seq_no"] for e in ends] == [1, 1]

    story(version, scenario)


def test_any_payload_and_any_frame_can_be_sent():
    async def scenario(csms, station):
        with pytest.raises(CsmsRefused):
            await station.call("Nonsense", b"{}")
        station.send_text(b"not even json")
        assert await station.heartbeat() > 0

    story("1.6", scenario)


# What the CSMS asks.


def test_a_16_csms_is_answered():
    async def scenario(csms, station):
        ask = csms.point.call
        answer = await ask(call16.RemoteStartTransaction(id_tag="DRIVER-9", connector_id=1))
        assert answer.status == "Accepted"
        await csms.until(lambda: csms.all("MeterValues"))
        assert csms.all("StartTransaction")[0]["id_tag"] == "DRIVER-9"
        again = await ask(call16.RemoteStartTransaction(id_tag="DRIVER-9", connector_id=1))
        assert again.status == "Rejected"
        busy = await ask(call16.ChangeAvailability(connector_id=1, type="Inoperative"))
        assert busy.status == "Scheduled"
        assert (await ask(call16.UnlockConnector(connector_id=1))).status == "UnlockFailed"
        assert (await ask(call16.RemoteStopTransaction(transaction_id=5))).status == "Rejected"
        assert (await ask(call16.RemoteStopTransaction(transaction_id=1001))).status == "Accepted"
        await csms.until(lambda: csms.all("StopTransaction"))
        assert csms.all("StopTransaction")[0]["reason"] == "Remote"
        await csms.until(lambda: not station.places[1].operative)
        assert (await ask(call16.UnlockConnector(connector_id=1))).status == "Unlocked"
        for message in ("BootNotification", "Heartbeat", "StatusNotification", "MeterValues"):
            before = len(csms.all(message))
            answer = await ask(call16.TriggerMessage(requested_message=message))
            assert answer.status == "Accepted"
            await csms.until(lambda m=message, n=before: len(csms.all(m)) > n)
        wrong = await ask(call16.TriggerMessage(requested_message="Heartbeat", connector_id=7))
        assert wrong.status == "Rejected"

    story("1.6", scenario)


def test_a_16_configuration_is_read_and_changed():
    async def scenario(csms, station):
        ask = csms.point.call
        change = call16.ChangeConfiguration
        assert (await ask(change(key="HeartbeatInterval", value="60"))).status == "Accepted"
        assert (await ask(change(key="HeartbeatInterval", value="soon"))).status == "Rejected"
        assert (await ask(change(key="NumberOfConnectors", value="9"))).status == "Rejected"
        assert (await ask(change(key="NoSuchKey", value="9"))).status == "NotSupported"
        answer = await ask(call16.GetConfiguration(key=["HeartbeatInterval", "NoSuchKey"]))
        assert answer.configuration_key[0]["value"] == "60"
        assert answer.unknown_key == ["NoSuchKey"]
        everything = await ask(call16.GetConfiguration())
        names = {row["key"]: row for row in everything.configuration_key}
        assert names["NumberOfConnectors"]["value"] == "2"
        assert "value" not in names["AuthorizationKey"]

    story("1.6", scenario)


def test_a_new_password_is_used_at_once_as_raw_bytes():
    async def scenario(csms, station):
        fresh = bytes(range(20))
        change = call16.ChangeConfiguration(key="AuthorizationKey", value=fresh.hex())
        assert (await csms.point.call(change)).status == "Accepted"
        await csms.until(lambda: csms.connections == 2)
        assert csms.passwords == [PASSWORD, fresh]

    story("1.6", scenario)


@BOTH
def test_a_reset_ends_transactions_reconnects_and_boots(version):
    async def scenario(csms, station):
        tx = await station.start(1, "DRIVER-1")
        call = call16.Reset(type="Hard") if version == "1.6" else call201.Reset(type="Immediate")
        assert (await csms.point.call(call)).status == "Accepted"
        await csms.until(lambda: len(csms.all("BootNotification")) == 2)
        assert not tx.active
        assert csms.connections == 2

    story(version, scenario)


def test_a_201_csms_is_answered():
    async def scenario(csms, station):
        ask = csms.point.call
        token = {"idToken": "DRIVER-9", "type": "Central"}
        start = call201.RequestStartTransaction(id_token=token, remote_start_id=77)
        assert (await ask(start)).status == "Accepted"
        await csms.until(lambda: csms.all("TransactionEvent"))
        started = csms.all("TransactionEvent")[0]
        assert started["trigger_reason"] == "RemoteStart"
        assert started["transaction_info"]["remote_start_id"] == 77
        tx = station.places[1].transaction
        status = call201.GetTransactionStatus(transaction_id=tx.transaction_id)
        answer = await ask(status)
        async with asyncio.timeout(20):
            while answer.messages_in_queue:  # it is still delivering what else has begun
                answer = await ask(status)
        assert (answer.ongoing_indicator, answer.messages_in_queue) == (True, False)
        late = await ask(call201.Reset(type="OnIdle"))
        assert late.status == "Scheduled"
        trigger = call201.TriggerMessage(requested_message="TransactionEvent", evse={"id": 1})
        assert (await ask(trigger)).status == "Accepted"
        await csms.until(lambda: len(csms.all("TransactionEvent")) == 2)
        assert (await ask(call201.UnlockConnector(evse_id=1, connector_id=1))).status == (
            "OngoingAuthorizedTransaction"
        )
        stop = call201.RequestStopTransaction(transaction_id=tx.transaction_id)
        assert (await ask(stop)).status == "Accepted"
        await csms.until(lambda: len(csms.all("BootNotification")) == 2)
        ended = csms.all("TransactionEvent")[-1]
        assert ended["transaction_info"]["stopped_reason"] == "Remote"

    story("2.0.1", scenario)


def test_a_201_device_model_is_read_changed_and_reported():
    async def scenario(csms, station):
        ask = csms.point.call

        def name(text):
            component, _, variable = text.partition(".")
            return {"component": {"name": component}, "variable": {"name": variable}}

        beat = name("OCPPCommCtrlr.HeartbeatInterval")
        secret = name("SecurityCtrlr.BasicAuthPassword")
        got = await ask(
            call201.GetVariables(
                get_variable_data=[
                    beat,
                    name("OCPPCommCtrlr.X"),
                    name("X.Y"),
                    secret,
                    {**beat, "attributeType": "Target"},
                ]
            )
        )
        assert [row["attribute_status"] for row in got.get_variable_result] == [
            "Accepted",
            "UnknownVariable",
            "UnknownComponent",
            "Rejected",
            "NotSupportedAttributeType",
        ]
        data = [{**beat, "attributeValue": "60"}, {**beat, "attributeValue": "soon"}]
        done = await ask(call201.SetVariables(set_variable_data=data))
        assert [row["attribute_status"] for row in done.set_variable_result] == [
            "Accepted",
            "Rejected",
        ]
        report = call201.GetBaseReport(request_id=5, report_base="FullInventory")
        assert (await ask(report)).status == "Accepted"
        await csms.until(lambda: csms.all("NotifyReport")[-1:] and not _more(csms))
        pages = csms.all("NotifyReport")
        assert [page["seq_no"] for page in pages] == list(range(len(pages)))
        assert [page["tbc"] for page in pages] == [True] * (len(pages) - 1) + [False]
        assert sum(len(page["report_data"]) for page in pages) == len(station.settings.names())

    def _more(csms):
        return csms.all("NotifyReport")[-1]["tbc"]

    story("2.0.1", scenario)


def test_a_hook_decides_what_a_remote_start_does():
    asked = []

    async def note(start):
        asked.append(start)

    async def scenario(csms, station):
        await csms.point.call(call16.RemoteStartTransaction(id_tag="DRIVER-9"))
        await csms.until(lambda: asked)
        assert (asked[0].evse, asked[0].id_token) == (1, "DRIVER-9")
        assert not csms.all("StartTransaction")

    story("1.6", scenario, hooks=Hooks(remote_start=note))

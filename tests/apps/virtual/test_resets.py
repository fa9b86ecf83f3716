"""A virtual station that is reset does what a real one does, in each version."""

from __future__ import annotations

import json

import pytest
from ocpp.v16 import call as call16
from ocpp.v201 import call as call201

from ohmstead.apps.virtual import resetting
from tests.apps.virtual.test_station import AT_MS, BOTH, story

RESETS = pytest.mark.parametrize(
    ("version", "kind", "reason"),
    [
        ("1.6", "Soft", "SoftReset"),
        ("1.6", "Hard", "HardReset"),
        ("2.0.1", "Immediate", "ImmediateReset"),
        ("2.1", "Immediate", "ImmediateReset"),
    ],
)


def reset(version, kind):
    return (call16 if version == "1.6" else call201).Reset(type=kind)


def sent(csms, *actions):
    """What stations said of these actions, as (message id, action, payload)."""
    calls = [json.loads(frame) for frame in csms.frames if frame.startswith("[2")]
    return [(one[1], one[2], one[3]) for one in calls if one[2] in actions]


async def booted(csms, times):
    await csms.until(lambda: len(csms.all("BootNotification")) == times)


@RESETS
def test_a_reset_ends_the_transaction_with_its_reason_and_boots_anew(version, kind, reason):
    async def scenario(csms, station):
        tx = await station.start(1, "DRIVER-1", AT_MS)
        assert (await csms.point.call(reset(version, kind))).status == "Accepted"
        await csms.until(lambda: len(csms.all("BootNotification")) == 2)
        assert csms.connections == 2 and station.connected and not tx.active
        told = sent(csms, "StopTransaction", "TransactionEvent", "BootNotification")
        (first, _, _), (_, _, stop), (second, _, boot) = told[0], told[-2], told[-1]
        assert first != second
        if version == "1.6":
            assert (stop["transactionId"], stop["reason"]) == (1001, reason)
        else:
            assert (stop["eventType"], stop["triggerReason"]) == ("Ended", "ResetCommand")
            assert stop["transactionInfo"]["stoppedReason"] == reason
            assert boot["reason"] == "RemoteReset"
        await csms.until(lambda: csms.actions()[-2:] == ["StatusNotification"] * 2)
        assert await station.heartbeat() > 0  # it is there, and charges again
        assert (await station.start(1, "DRIVER-1", AT_MS)).status == "Accepted"
        assert station.refused == []

    story(version, scenario)


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
def test_a_reset_on_idle_waits_for_the_transaction_and_lets_no_other_begin(version):
    async def scenario(csms, station):
        ask = csms.point.call
        tx = await station.start(1, "DRIVER-1", AT_MS)
        assert (await ask(reset(version, "OnIdle"))).status == "Scheduled"
        token = {"idToken": "DRIVER-2", "type": "Central"}
        start = call201.RequestStartTransaction(id_token=token, remote_start_id=7)
        assert (await ask(start)).status == "Rejected"
        assert csms.connections == 1 and tx.active
        await station.stop(tx, at_ms=AT_MS + 1)
        await booted(csms, 2)
        assert csms.all("BootNotification")[1]["reason"] == "ScheduledReset"
        ended = [e for e in csms.all("TransactionEvent") if e["event_type"] == "Ended"]
        assert [e["transaction_info"]["stopped_reason"] for e in ended] == ["Local"]
        await station.settled()  # before, another reset would be rejected
        assert (await csms.point.call(reset(version, "OnIdle"))).status == "Accepted"
        await booted(csms, 3)
        assert csms.all("BootNotification")[2]["reason"] == "RemoteReset"

    story(version, scenario)


@BOTH
def test_a_station_whose_server_is_away_after_a_reset_tries_until_it_is_back(version):
    async def scenario(csms, station):
        csms.away = 3
        kind = "Hard" if version == "1.6" else "Immediate"
        assert (await csms.point.call(reset(version, kind))).status == "Accepted"
        await booted(csms, 2)
        assert csms.away == 0 and csms.connections == 2

    story(version, scenario)


@BOTH
def test_a_station_that_is_pending_after_a_reset_boots_again_and_says_nothing_else(
    version, monkeypatch
):
    monkeypatch.setattr(resetting, "BOOT_RETRY_S", 0.01)

    async def scenario(csms, station):
        csms.boot_status, csms.interval = "Pending", 0
        kind = "Soft" if version == "1.6" else "OnIdle"
        assert (await csms.point.call(reset(version, kind))).status == "Accepted"
        await csms.until(lambda: len(csms.all("BootNotification")) >= 4)
        assert set(csms.actions()) == {"BootNotification"}
        csms.boot_status = "Accepted"
        await csms.until(lambda: csms.actions()[-2:] == ["StatusNotification"] * 2)
        ids = [message_id for message_id, _, _ in sent(csms, "BootNotification")]
        assert len(set(ids)) == len(ids)

    story(version, scenario)


@BOTH
def test_a_second_reset_before_the_first_is_done_is_rejected(version):
    async def scenario(csms, station):
        await station.start(1, "DRIVER-1", AT_MS)
        kind = "Hard" if version == "1.6" else "Immediate"
        for number in (1, 2):  # the second is on its way before the stop is answered
            await csms.point._connection.send(f'[2,"r{number}","Reset",{{"type":"{kind}"}}]')
        await booted(csms, 2)
        answers = [json.loads(f) for f in csms.frames if f.startswith('[3,"r')]
        assert [one[1:] for one in answers] == [
            ["r1", {"status": "Accepted"}],
            ["r2", {"status": "Rejected"}],
        ]
        assert csms.connections == 2

    story(version, scenario)


def test_a_21_transaction_that_shall_go_on_after_a_reset_keeps_the_station_from_it():
    async def scenario(csms, station):
        tx = await station.start(1, "DRIVER-1", AT_MS)
        frame = '[2,"r","Reset",{"type":"ImmediateAndResume"}]'
        await csms.point._connection.send(frame)
        await csms.until(lambda: any(f.startswith('[3,"r"') for f in csms.frames))
        (answer,) = [json.loads(f) for f in csms.frames if f.startswith('[3,"r"')]
        assert answer[2] == {"status": "Rejected"} and tx.active and csms.connections == 1

    story("2.1", scenario)

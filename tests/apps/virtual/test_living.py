"""A virtual station as whoever types `ohmstead virtual` meets it, with its Ctrl-C."""

from __future__ import annotations

import asyncio
import signal

import pytest
from ocpp.v16 import call as call16
from ocpp.v201 import call as call201

from ohmstead.apps.virtual import living, resetting
from ohmstead.apps.virtual.living import charge_once, stay
from ohmstead.apps.virtual.trial import Trial
from ohmstead.errors import OperatorError
from tests.apps.virtual.csms import Csms
from tests.apps.virtual.test_station import BOTH

LONG_S = 600


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    monkeypatch.setattr(living, "REPORT_S", 0.05)
    monkeypatch.setattr(living, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(living, "MOST_WAIT_S", 0.02)
    monkeypatch.setattr(resetting, "BOOT_RETRY_S", 0.01)


def tried(tmp_path, version, scenario, csms=None, password="secret", tries=5, url=None):
    """Run ``scenario(csms, trial, said)``; returns what was said to the person."""
    said = []

    async def run():
        async with asyncio.timeout(60), csms or Csms() as central:
            memory = tmp_path / "virtual" / "CP1.json"
            where = url or central.url
            trial = Trial("CP1", password, where, version, "try", memory, None, tries)
            await scenario(central, trial, said.append)

    asyncio.run(run())
    return said


def ctrl_c():
    assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    signal.raise_signal(signal.SIGINT)


def stops(csms):
    """The reasons of the stops that were told, in every version."""
    events = [e for e in csms.all("TransactionEvent") if e["event_type"] == "Ended"]
    told = [e["transaction_info"]["stopped_reason"] for e in events]
    return told + [payload.get("reason") for payload in csms.all("StopTransaction")]


async def stands(csms, say):
    """Wait until a station that stays has said that it does what it is asked."""
    await csms.until(lambda: any("it has booted" in line for line in say.__self__))


def values(csms):
    return csms.all("MeterValues")[1:] or csms.all("TransactionEvent")[1:]


@BOTH
def test_a_charge_boots_tells_its_state_charges_and_stops(version, tmp_path):
    async def scenario(csms, trial, say):
        assert await charge_once(trial, "CARD", 1, say)
        assert csms.actions()[:2] == ["BootNotification", "StatusNotification"]
        assert stops(csms) == ["Local"]

    said = tried(tmp_path, version, scenario)
    assert said[0].startswith("CP1 is connected to ws://")
    assert said[-1] == "stopped after 3 Wh; 0 messages unanswered"


@BOTH
def test_ctrl_c_stops_the_charging_as_its_driver_would_and_tells_so(version, tmp_path):
    async def scenario(csms, trial, say):
        charging = asyncio.create_task(charge_once(trial, "CARD", LONG_S, say))
        await csms.until(lambda: values(csms))
        ctrl_c()
        assert await charging
        assert stops(csms) == ["Local"]

    tried(tmp_path, version, scenario)


@BOTH
def test_a_stop_by_the_network_ends_the_charge_with_a_word_about_it(version, tmp_path):
    async def scenario(csms, trial, say):
        charging = asyncio.create_task(charge_once(trial, "CARD", LONG_S, say))
        await csms.until(lambda: values(csms))
        if version == "1.6":
            stop = call16.RemoteStopTransaction(transaction_id=1001)
        else:
            began = csms.all("TransactionEvent")[0]["transaction_info"]["transaction_id"]
            stop = call201.RequestStopTransaction(transaction_id=began)
        assert (await csms.point.call(stop)).status == "Accepted"
        assert await charging
        assert stops(csms) == ["Remote"]

    assert "the network ended it (Remote)" in tried(tmp_path, version, scenario)


@BOTH
def test_a_reset_ends_the_charge_and_the_station_boots_before_it_goes(version, tmp_path):
    async def scenario(csms, trial, say):
        charging = asyncio.create_task(charge_once(trial, "CARD", LONG_S, say))
        await csms.until(lambda: values(csms))
        is_16 = version == "1.6"
        reset = call16.Reset(type="Soft") if is_16 else call201.Reset(type="Immediate")
        assert (await csms.point.call(reset)).status == "Accepted"
        assert await charging
        assert stops(csms) == ["SoftReset" if is_16 else "ImmediateReset"]
        assert len(csms.all("BootNotification")) == 2

    said = tried(tmp_path, version, scenario)
    assert "it is back and has booted" in said
    assert said[-1].endswith("0 messages unanswered")


def test_a_server_that_is_away_at_first_is_tried_again_and_each_try_is_told(tmp_path):
    async def scenario(csms, trial, say):
        csms.away = 2
        assert await charge_once(trial, "CARD", 1, say)

    said = tried(tmp_path, "1.6", scenario)
    assert [line.startswith("the upgrade was refused with 503 (later); trying") for line in said][
        :3
    ] == [True, True, False]
    assert said[2] == "it answers now"


def test_a_server_that_stays_away_is_given_up_after_as_many_tries_as_were_asked_for(tmp_path):
    async def scenario(csms, trial, say):
        with pytest.raises(OperatorError, match=r"no connection to .*give the house's address"):
            await charge_once(trial, "CARD", 1, say)

    nowhere = "ws://127.0.0.1:1/ocpp"
    said = tried(tmp_path, "1.6", scenario, tries=3, url=nowhere)
    assert [line.partition(";")[2][:13] for line in said] == [" trying again"] * 2


@BOTH
def test_what_happened_while_the_server_was_away_is_told_when_it_is_back(version, tmp_path):
    async def scenario(csms, trial, say):
        charging = asyncio.create_task(charge_once(trial, "CARD", 1, say))
        await csms.until(lambda: values(csms))
        csms.away = 3
        await csms.point._connection.connection.close(1001)
        assert await charging
        assert stops(csms) == ["Local"]

    said = tried(tmp_path, version, scenario, tries=0)
    assert "the connection closed with 1001; connecting again" in said
    assert [line for line in said if line.startswith("connected to ws://")]


@BOTH
def test_a_wrong_password_is_one_sentence(version, tmp_path):
    async def scenario(csms, trial, say):
        for life in (charge_once(trial, "CARD", 1, say), stay(trial, say)):
            with pytest.raises(OperatorError, match="this is not the password of CP1; make a new"):
                await life

    assert tried(tmp_path, version, scenario, password="wrong", tries=0) == []


def test_a_password_that_is_no_more_ends_a_station_that_stayed(tmp_path):
    async def scenario(csms, trial, say):
        staying = asyncio.create_task(stay(trial, say))
        await stands(csms, say)
        change = call16.ChangeConfiguration(key="AuthorizationKey", value=b"wrong".hex() + "g")
        csms.check = lambda password: password == b"secret"
        assert (await csms.point.call(change)).status == "Accepted"
        with pytest.raises(OperatorError, match="this is not the password of CP1"):
            await staying

    tried(tmp_path, "1.6", scenario)


@BOTH
def test_a_station_that_stays_does_what_it_is_asked_and_ctrl_c_ends_it_well(version, tmp_path):
    async def scenario(csms, trial, say):
        staying = asyncio.create_task(stay(trial, say))
        await stands(csms, say)
        if version == "1.6":
            start = call16.RemoteStartTransaction(id_tag="CARD")
        else:
            token = {"idToken": "CARD", "type": "Central"}
            start = call201.RequestStartTransaction(id_token=token, remote_start_id=5)
        assert (await csms.point.call(start)).status == "Accepted"
        await csms.until(lambda: values(csms))
        ctrl_c()
        assert await staying
        assert stops(csms) == ["Local"]

    said = tried(tmp_path, version, scenario)
    asked = "RemoteStartTransaction" if version == "1.6" else "RequestStartTransaction"
    assert [f"asked: {asked}", "CARD charges at 11 kW ..."] == said[2:4]
    assert said[-2] == "stopped (Local)"


def test_a_station_that_may_not_charge_says_so_and_stays(tmp_path):
    async def scenario(csms, trial, say):
        staying = asyncio.create_task(stay(trial, say))
        await stands(csms, say)
        await csms.point.call(call16.RemoteStartTransaction(id_tag="CARD"))
        await csms.until(lambda: stops(csms))
        ctrl_c()
        assert await staying
        assert stops(csms) == ["DeAuthorized"]

    said = tried(tmp_path, "1.6", scenario, csms=Csms(id_status="Blocked"))
    assert "CARD may not charge (Blocked)" in said


def test_ctrl_c_while_the_server_is_away_does_not_wait_for_it(tmp_path):
    async def scenario(csms, trial, say):
        charging = asyncio.create_task(charge_once(trial, "CARD", LONG_S, say))
        await csms.until(lambda: values(csms))
        csms.away = 1_000_000
        await csms.point._connection.connection.close(1001)
        await csms.until(lambda: csms.away < 1_000_000)
        ctrl_c()
        assert not await charging

    said = tried(tmp_path, "1.6", scenario, tries=0)
    assert said[-1].endswith("messages unanswered") and "; 0 " not in said[-1]


def test_a_second_ctrl_c_pulls_the_plug(tmp_path):
    async def scenario(csms, trial, say):
        charging = asyncio.create_task(charge_once(trial, "CARD", LONG_S, say))
        await csms.until(lambda: values(csms))
        csms.silent, before = True, len(csms.frames)
        ctrl_c()
        await csms.until(lambda: len(csms.frames) > before)
        ctrl_c()
        with pytest.raises(asyncio.CancelledError):
            await charging
        assert stops(csms) == []

    said = tried(tmp_path, "1.6", scenario)
    assert said[-1].startswith("gone as in a power loss; ")


def test_who_is_pending_is_told_that_it_asks_again(tmp_path):
    async def scenario(csms, trial, say):
        csms.interval = 0
        staying = asyncio.create_task(stay(trial, say))
        await csms.until(lambda: len(csms.all("BootNotification")) > 2)
        csms.boot_status = "Accepted"
        await stands(csms, say)
        ctrl_c()
        assert await staying

    said = tried(tmp_path, "1.6", scenario, csms=Csms(boot_status="Pending"))
    assert said[1] == "the network answers its boot with Pending: again in 0.01 s"

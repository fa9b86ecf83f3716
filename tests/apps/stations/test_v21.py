"""What is new in OCPP 2.1, from a station's side over a real socket, and that 2.0.1's is all there.

The behaviours and stories of ``tests/stories`` run for 2.1 as for the versions before.
"""

from __future__ import annotations

import asyncio
import json
import random

import ocpp.v21
import pytest
from ocpp.routing import on

from ohmstead.apps.stations.directory import HANDLERS
from ohmstead.core.session import SessionState
from ohmstead.core.terminal_payment import TerminalPayment
from ohmstead.wire.ocpp.base import Side, Version
from ohmstead.wire.ocpp.codec import ACTIONS
from ohmstead.wire.ocpp.faults import CallRefused, ErrorCode
from tests.apps.api.desk import desk, problem
from tests.apps.stations.field import POINTS, V21, V201, ask, iso, payload_of, running
from tests.apps.stations.test_handlers_fuzz import Bench
from tests.conftest import DEEP
from tests.flows.world import KWH
from tests.wire.ocpp.schemas import instance, schemas

ROUNDS = 200 if DEEP else 12
SENT_BY_STATIONS = sorted(
    name for name, action in ACTIONS[Version.V21].items() if Side.STATION in action.senders
)
NOT_SUPPORTED = {
    "BatterySwap",
    "ClosePeriodicEventStream",
    "NotifyDERAlarm",
    "NotifyDERStartStop",
    "NotifyPriorityCharging",
    "OpenPeriodicEventStream",
    "PullDynamicScheduleUpdate",
    "ReportDERControl",
    "VatNumberValidation",
}


def test_what_a_station_may_send_is_handled_or_is_known_not_to_be():
    assert set(SENT_BY_STATIONS) - set(HANDLERS[Version.V21]) == NOT_SUPPORTED
    assert set(HANDLERS[Version.V201]) <= set(HANDLERS[Version.V21]) <= set(SENT_BY_STATIONS)


@pytest.mark.parametrize("action", SENT_BY_STATIONS)
def test_any_message_that_2_1_allows_is_answered_as_2_1_allows(action):
    """Whatever of 2.1's own fields it has: the handlers are those of 2.0.1."""
    rng = random.Random(action)
    schema = schemas(Version.V21)[f"{action}Request"]

    bench = Bench(Version.V21)

    async def talk():
        try:
            for i in range(ROUNDS):
                said = instance(rng, schema, schema, 1.0 if i == 0 else rng.random())
                answer = await bench.say(action, said)  # checks it by 2.1's schema
                if action in NOT_SUPPORTED:
                    assert isinstance(answer, CallRefused)
                    assert answer.code is ErrorCode.NOT_SUPPORTED
        finally:
            bench.verifier.close()

    asyncio.run(talk())
    bench.books_balance()


async def test_a_session_says_in_which_version_it_was_charged(tmp_path):
    async with running(tmp_path) as field, field.station(V21) as station:
        tx = await station.charge()
        assert field.session(tx).protocol == "2.1"
        assert (field.session(tx).state, field.bill(tx).tier) == (SessionState.SETTLED, "soft")


async def test_what_2_1_adds_to_an_event_does_not_disturb_its_session(tmp_path):
    async with running(tmp_path) as field, field.station(V21) as station:
        first = field.meter.sign((field.now, "B", 0))
        started = payload_of(station.start_of(tx="T1", record=first))
        started["transactionInfo"] |= {
            "tariffId": "T",
            "operationMode": "ChargingOnly",
            "transactionLimit": {"maxCost": 12.5, "maxSoC": 80},
        }
        started |= {"preconditioningStatus": "Ready", "evseSleep": False}
        # 2.1 needs neither a public key nor a signing method beside a signed value.
        signed = started["meterValue"][0]["sampledValue"][0]["signedMeterValue"]
        del signed["publicKey"], signed["signingMethod"]
        assert (await station.send("TransactionEvent", started))[0] == 3
        field.wait(30)
        last = field.meter.sign((field.now, "E", 4 * KWH))
        station.seqs["T1"] = started["seqNo"]
        ended = payload_of(station.stop_of("T1", 4_000, record=last))
        cost = {"currency": "EUR", "typeOfCost": "NormalCost", "total": {"inclTax": 2.0}}
        usage = {"energy": 4000, "chargingTime": 1800, "idleTime": 0}
        ended["costDetails"] = {"totalCost": cost, "totalUsage": usage}
        assert (await station.send("TransactionEvent", ended))[0] == 3
        session, bill = field.session("T1"), field.bill("T1")
        assert (session.state, session.findings) == (SessionState.SETTLED, ())
        assert (bill.tier, bill.energy_mwh) == ("soft", 4 * KWH)


async def test_a_newer_measurand_or_place_is_no_register(tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(V21) as station:
        tx, _ = await station.start()
        field.wait(30)
        update = payload_of(station.values_of(tx, 2_000))
        samples = update["meterValue"][0]["sampledValue"]
        samples.append({"value": 9, "measurand": "Energy.Active.Import.CableLoss"})
        samples.append({"value": 9_999, "location": "Upstream"})
        assert (await station.send("TransactionEvent", update))[0] == 3
        await station.stop(tx, 4_000)
        assert field.bill(tx).energy_mwh == 4 * KWH
        assert field.session(tx).findings == ()


def settlement(field, **changes):
    return {
        "pspRef": "PSP-1",
        "status": "Settled",
        "settlementAmount": 2.50,
        "settlementTime": iso(field.now),
        **changes,
    }


async def test_a_payment_at_the_terminal_is_kept_beside_its_session_once(tmp_path):
    async with desk(tmp_path) as it, it.field.station(V21) as station:
        field = it.field
        tx = await station.charge(wh=4_000)
        session = field.session(tx)
        told = settlement(
            field,
            transactionId=tx,
            vatNumber="NL1",
            vatCompany={"name": "A", "address1": "B", "city": "C", "country": "D"},
        )
        for _ in range(2):
            reply = await station.send("NotifySettlement", told)
            assert reply[0] == 3 and reply[2] == {"receiptId": session.id}
        (kept,) = field.store.find(TerminalPayment, 10)
        assert (kept.amount, kept.status, kept.session_id) == ("2.5", "Settled", session.id)
        shown = (await it.read.get("/api/v1/stations/S/payments")).json()["items"]
        assert [(one["psp_ref"], one["vat_company"]) for one in shown] == [("PSP-1", "A")]
        assert field.books_balance()  # evidence, nothing is booked by it


async def test_a_payment_that_failed_and_then_worked_is_read_in_full(tmp_path):
    async with running(tmp_path) as field, field.station(V21) as station:
        for status in ("Failed", "Settled"):
            reply = await station.send("NotifySettlement", settlement(field, status=status))
            assert reply[0] == 3 and reply[2] == {}
        statuses = {payment.status for payment in field.store.find(TerminalPayment, 10)}
        assert statuses == {"Failed", "Settled"}
        assert {payment.session_id for payment in field.store.find(TerminalPayment, 10)} == {""}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"status": "Perhaps"}, "PropertyConstraintViolation"),
        ({"settlementAmount": "2.50"}, "TypeConstraintViolation"),
        ({"settlementTime": "yesterday"}, "PropertyConstraintViolation"),
        ({"transactionId": "someone-elses"}, None),
    ],
)
async def test_a_payment_that_cannot_be_read_is_refused_and_a_foreign_one_accuses_nobody(
    change, code, tmp_path
):
    async with running(tmp_path) as field, field.station(V21) as station:
        reply = await station.send("NotifySettlement", settlement(field, **change))
        assert (reply[0], reply[2] if code else None) == ((4, code) if code else (3, None))
        assert len(field.store.find(TerminalPayment, 10)) == (0 if code else 1)


class WithQrCode(POINTS[V21]):
    """Shows a QR code at each evse; remembers of which it was told that somebody pays."""

    def __init__(self, *args):
        super().__init__(*args)
        self.paying = []

    @on("NotifyWebPaymentStarted")
    def notify_web_payment_started(self, evse_id, timeout, **_):
        self.paying.append((evse_id, timeout))
        return ocpp.v21.call_result.NotifyWebPaymentStarted()


async def test_a_station_is_told_that_somebody_pays_over_the_web(tmp_path):
    """C25: the CSMS tells the station that somebody has scanned its QR code."""
    path = "/api/v1/stations/S/commands/NotifyWebPaymentStarted"
    told = {"evseId": 1, "timeout": 60}
    async with desk(tmp_path) as it, it.field.station(V21, kind=WithQrCode) as station:
        done = await it.host.post(path, json=told)
        assert done.status_code == 200, done.text
        assert station.point.paying == [(1, 60)]
        done = await it.field.command("NotifyWebPaymentStarted", told)
        assert (bytes(done.payload), done.problem) == (b"{}", "")
        problem(await it.host.post(path, json={"evseId": 1}), 422)
        assert station.point.paying == [(1, 60)] * 2  # what breaks the schema never leaves


async def test_a_station_that_knows_no_web_payment_says_so(tmp_path):
    async with running(tmp_path) as field, field.station(V21):
        told = await field.command("NotifyWebPaymentStarted", {"evseId": 1, "timeout": 60})
        # The ocpp package's plain charge point does not do it, and says so.
        assert told.outcome.code is ErrorCode.NOT_IMPLEMENTED


async def test_of_several_versions_offered_the_newest_is_spoken(tmp_path):
    async with running(tmp_path) as field:
        offered = ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"]
        async with field.socket(V21, subprotocols=offered) as socket:
            assert socket.subprotocol == "ocpp2.1"
            assert field.link().version is Version.V21


async def test_event_streams_are_declined_and_their_data_is_not_answered(tmp_path):
    async with running(tmp_path) as field, field.socket(V21) as socket:
        stream = {"constantStreamData": {"id": 1, "variableMonitoringId": 1, "params": {}}}
        reply = await ask(socket, "1", "OpenPeriodicEventStream", stream)
        assert (reply[0], reply[2]) == (4, "NotSupported")
        data = [{"t": 0, "v": "1"}]
        told = {"id": 1, "pending": 0, "basetime": iso(field.now), "data": data}
        await socket.send(json.dumps([6, "2", "NotifyPeriodicEventStream", told]))
        await socket.send(json.dumps([5, "1", "FormatViolation", "", {}]))
        # Nothing came in between: the next word is the answer to the next question.
        assert (await ask(socket, "3", "Heartbeat", {}))[:2] == [3, "3"]
    (tmp_path / "old").mkdir()
    async with running(tmp_path / "old") as field, field.socket(V201) as socket:
        reply = await ask(socket, "1", "OpenPeriodicEventStream", stream)
        assert (reply[0], reply[2]) == (4, "NotImplemented")


@pytest.mark.parametrize("version", [V201, V21])
async def test_an_answer_that_cannot_be_read_is_disputed_in_2_1_and_shown_in_all(version, tmp_path):
    async with running(tmp_path) as field, field.socket(version) as socket:
        asking = asyncio.create_task(field.command("Reset", {"type": "Immediate"}))
        message_id = json.loads(await socket.recv())[1]
        await socket.send(json.dumps([3, message_id, {"status": "Perhaps"}]))
        told = await asking
        assert "Perhaps" in told.problem
        if version == V21:
            dispute = json.loads(await socket.recv())
            assert dispute[:3] == [5, message_id, "PropertyConstraintViolation"]
        assert (await ask(socket, "1", "Heartbeat", {}))[0] == 3

"""Commands of ours, against stations of another make in both versions."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import ocpp.v16
import ocpp.v201
import pytest
from ocpp.routing import on

from ohmstead.apps.gateway.interface import Answered, Refused, TimedOut
from ohmstead.apps.stations import commands
from ohmstead.apps.stations.commanding.actions import ONCE, REPEATABLE
from ohmstead.apps.stations.commands import ACTIONS, BadCommand, NotConnected
from ohmstead.ports import Decision, Job
from ohmstead.wire.ocpp.base import Version
from ohmstead.wire.ocpp.faults import ErrorCode
from tests.apps.gateway.floor import until
from tests.apps.stations.field import PACKAGES, V16, V21, V201, VERSIONS, running
from tests.apps.stations.minimal import EVERY, minimal, required

both = pytest.mark.parametrize("version", VERSIONS)
VARIABLE = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}}


def test_every_action_a_csms_may_ask_for_is_tried_here():
    for version in VERSIONS:
        tried = {action for one, action in EVERY if one == version}
        assert tried == ACTIONS[Version(version)]
    assert len(EVERY) == 26 + 40 + 55


def test_every_action_is_either_harmless_to_repeat_or_sent_once_with_a_reason():
    every = frozenset[str]().union(*ACTIONS.values())
    assert REPEATABLE | set(ONCE) == every
    assert not REPEATABLE & set(ONCE)
    assert all(ONCE.values())


def obedient(version, action, answer):
    """A ChargePoint that says ``answer`` to ``action``; the package checks both by the schemas."""
    module = PACKAGES[version]
    seen = []

    class Obedient(module.ChargePoint):
        @on(action)
        def obey(self, **request):
            seen.append(request)
            result = getattr(module.call_result, action)
            return result(**{snake(key): value for key, value in answer.items()})

    return Obedient, seen


def snake(name):
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


@pytest.mark.parametrize(("version", "action"), EVERY)
async def test_a_station_of_another_make_obeys_each_command(version, action, tmp_path):
    payload, answer = minimal(version, f"{action}Request"), minimal(version, f"{action}Response")
    kind, seen = obedient(version, action, answer)
    async with running(tmp_path) as field, field.station(version, kind=kind):
        told = await field.command(action, payload)
        assert isinstance(told.outcome, Answered) and told.problem == ""
        assert json.loads(told.payload) == answer
        assert len(seen) == 1


@pytest.mark.parametrize(("version", "action"), EVERY)
async def test_an_answer_that_breaks_its_schema_is_shown_and_survived(version, action, tmp_path):
    payload = minimal(version, f"{action}Request")
    async with running(tmp_path) as field, field.socket(version) as socket:
        await until(lambda: field.link())
        for bad in ({"status": 7, "messagesInQueue": "no"}, ["no", "object"], "nonsense", None, 9):
            command = asyncio.create_task(field.command(action, payload))
            asked = await next_call(socket)
            await socket.send(json.dumps([3, asked[1], bad]))
            told = await command
            assert isinstance(told.outcome, Answered)
            if isinstance(bad, dict) and not required(version, f"{action}Response"):
                continue  # all its fields are optional, and a lenient reader skips unknown ones
            assert told.problem.startswith("the station's answer: ")
            assert json.loads(told.payload) == bad
        await socket.send('[2,"still","Heartbeat",{}]')
        while (reply := json.loads(await socket.recv()))[0] == 5:
            assert version == V21  # it is told that its answers could not be read
        assert reply[:2] == [3, "still"]


async def next_call(socket):
    """The next CALL; in 2.1 a CALLRESULTERROR to our last answer may come first."""
    while (frame := json.loads(await asyncio.wait_for(socket.recv(), 10)))[0] != 2:
        pass
    return frame


# The package leaves what it does not know unanswered in 2.1.
@pytest.mark.parametrize(("version", "action"), [one for one in EVERY if one[0] != V21])
async def test_a_station_that_does_not_know_a_command_says_so(version, action, tmp_path):
    payload = minimal(version, f"{action}Request")
    async with running(tmp_path) as field, field.station(version):
        told = await field.command(action, payload)
        assert isinstance(told.outcome, Refused)
        assert told.outcome.code in (ErrorCode.NOT_IMPLEMENTED, ErrorCode.NOT_SUPPORTED)


@both
async def test_an_error_code_of_the_stations_own_invention_is_passed_on(version, tmp_path):
    async with running(tmp_path) as field, field.socket(version) as socket:
        await until(lambda: field.link())
        command = asyncio.create_task(field.command("Reset", reset(version)))
        asked = json.loads(await socket.recv())
        await socket.send(json.dumps([4, asked[1], "OnFire", "call somebody", {}]))
        outcome = (await command).outcome
        assert outcome == Refused(None, "OnFire", "call somebody")


@both
async def test_a_command_that_is_not_answered_times_out_and_the_next_one_goes(version, tmp_path):
    async with running(tmp_path) as field, field.socket(version) as socket:
        await until(lambda: field.link())
        told = await field.command("Reset", reset(version), timeout_ms=1)
        assert isinstance(told.outcome, TimedOut) and told.payload == b""
        command = asyncio.create_task(field.command("Reset", reset(version)))
        await socket.recv()
        asked = json.loads(await socket.recv())
        await socket.send(json.dumps([3, asked[1], {"status": "Accepted"}]))
        assert isinstance((await command).outcome, Answered)


async def test_a_station_that_is_not_connected_cannot_be_asked(tmp_path):
    async with running(tmp_path) as field:
        for ask in (
            field.command("Reset", {"type": "Soft"}),
            commands.remote_start(field.house.gateway, "S", 1, "CARD"),
            commands.remote_stop(field.house.gateway, "S", "7"),
        ):
            with pytest.raises(NotConnected, match="S is not connected"):
                await ask
        job = Job("j", "station:S", "stop", {"station": "S", "transaction": "7"})
        assert not await commands.carry_out(field.house.gateway, job)


@pytest.mark.parametrize(
    ("version", "action", "payload", "named"),
    [
        (V16, "Reset", {}, "type"),
        (V16, "Reset", {"type": "Gentle"}, "type: "),
        (V16, "RemoteStopTransaction", {"transactionId": "7"}, "transactionId: "),
        (V16, "RemoteStartTransaction", {"idTag": "x" * 21}, "idTag: "),
        (V16, "UnlockConnector", {"connectorId": 1, "force": True}, "force"),
        (V16, "GetVariables", {}, "GetVariables"),
        (V16, "Heartbeat", {}, "Heartbeat"),
        (V201, "GetVariables", {"getVariableData": []}, "getVariableData: "),
        (V201, "SetVariables", {}, "setVariableData"),
        (V201, "RequestStartTransaction", {"remoteStartId": 1}, "idToken"),
        (V201, "ChangeAvailability", {"operationalStatus": 1}, "operationalStatus: "),
        (V201, "RequestStopTransaction", {"transactionId": "x" * 37}, "transactionId: "),
        (V201, "GetConfiguration", {}, "GetConfiguration"),
        (V201, "Heartbeat", {}, "Heartbeat"),
    ],
)
async def test_a_bad_command_names_the_field_and_never_leaves(
    version, action, payload, named, tmp_path
):
    async with running(tmp_path) as field, field.station(version):
        with pytest.raises(BadCommand, match=named):
            await field.command(action, payload)


@pytest.mark.parametrize("raw", [b"[", b"[]", b'"x"', b"\xff", b"[" * 50_000, b"null"])
async def test_a_payload_that_is_no_object_is_a_bad_command(raw, tmp_path):
    async with running(tmp_path) as field, field.station(V16):
        with pytest.raises(BadCommand, match=r"Reset of OCPP 1\.6: "):
            await commands.command(field.house.gateway, "S", "Reset", raw)


@both
async def test_a_remote_start_begins_a_session_and_a_remote_stop_ends_it(version, tmp_path):
    start, stop = (
        ("RemoteStartTransaction", "RemoteStopTransaction")
        if version == V16
        else ("RequestStartTransaction", "RequestStopTransaction")
    )
    seen = []
    module = ocpp.v16 if version == V16 else ocpp.v201

    class Obedient(module.ChargePoint):
        @on(start)
        def begin(self, **request):
            seen.append(request)
            return getattr(module.call_result, start)("Accepted")

        @on(stop)
        def end(self, **request):
            seen.append(request)
            return getattr(module.call_result, stop)("Accepted")

    async with (
        running(tmp_path, meter=False) as field,
        field.station(version, kind=Obedient) as station,
    ):
        gateway = field.house.gateway
        await commands.remote_start(gateway, "S", 1, "CARD")
        await commands.remote_start(gateway, "S", 1, "CARD")
        assert seen[0] == seen[1]  # asking twice is asking once: the same remoteStartId
        tx, word = await station.start("CARD")
        assert word == "Accepted"
        field.wait(30)
        await commands.remote_stop(gateway, "S", tx)
        assert str(seen[2]["transaction_id"]) == tx
        await station.stop(tx, 4_000, reason="Remote")
        assert field.session(tx).state.value == "settled"


async def test_a_transaction_1_6_cannot_name_is_a_bad_command_and_not_a_defect(tmp_path):
    async with running(tmp_path) as field, field.station(V16):
        for transaction in ("T-1", "", "²", "-1", "9" * 30):
            with pytest.raises(BadCommand):
                await commands.remote_stop(field.house.gateway, "S", transaction)


async def test_a_stop_job_that_can_never_be_sent_holds_up_no_other(tmp_path):
    """A lenient station made up a transaction id of 40 characters; another waits for its stop."""

    def job(name, transaction):
        payload = {"station": name, "transaction": transaction, "protocol": "2.0.1"}
        return Job(f"{name}/stop", f"station:{name}", "stop", payload)

    kind, seen = obedient(V201, "RequestStopTransaction", {"status": "Accepted"})
    async with (
        running(tmp_path) as field,
        field.station(V201, kind=kind),
        field.station(V201, "OTHER", kind=kind),
    ):
        await field.run(put_jobs, (job("OTHER", "x" * 40), job("S", "T1")))
        await until(lambda: seen)
        assert seen == [{"transaction_id": "T1"}]
        await until(lambda: not field.store.due_jobs(field.now, 9))
        left = field.store.due_jobs(field.now + 10**9, 9)
        assert [item.id for item in left] == ["OTHER/stop"]


@both
async def test_a_station_that_does_not_answer_holds_up_no_other(version, tmp_path):
    action, answer = (
        ("RemoteStopTransaction", {"status": "Accepted"})
        if version == V16
        else ("RequestStopTransaction", {"status": "Accepted"})
    )
    kind, seen = obedient(version, action, answer)

    def job(name):
        payload = {"station": name, "transaction": "7", "protocol": version}
        return Job(f"{name}/stop", f"station:{name}", "stop", payload)

    async with (
        running(tmp_path) as field,
        field.socket(version, "OTHER") as deaf,
        field.station(version, kind=kind),
    ):
        await field.run(put_jobs, (job("OTHER"),))
        assert json.loads(await deaf.recv())[2] == action
        await field.run(put_jobs, (job("S"),))
        await until(lambda: seen)  # long before the 30 s that the other one has


def put_jobs(_state, jobs, _now_ms):
    return Decision(None, jobs=jobs)


def reset(version):
    return {"type": "Soft" if version == V16 else "Immediate"}


def test_every_call_of_ours_goes_through_the_log():
    """A new ``link.call`` elsewhere in the house would be a command nobody can account for."""
    apps = Path(commands.__file__).parents[1]
    calling = {
        path.relative_to(apps).as_posix()
        for path in apps.rglob("*.py")
        if re.search(r"link\w*\.call\(", path.read_text(encoding="utf-8"))
    }
    known = {name for name in calling if not name.startswith(("gateway/", "virtual/", "replay/"))}
    assert known == {"stations/commands.py", "stations/commanding/queue.py"}

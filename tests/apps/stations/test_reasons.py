"""Every command has a reason in the log: the house's own always, people's where it is asked for."""

from __future__ import annotations

import ast
import asyncio
import json
from pathlib import Path

import ohmstead.apps
from ohmstead.apps.config import HttpConfig, parse
from ohmstead.core.command import StationCommand
from ohmstead.frozen import replace
from tests.apps.api.desk import problem, walk
from tests.apps.stations.field import V16, V201, running

APPS = Path(ohmstead.apps.__file__).parent
SENDERS = {"ask", "command", "remote_start", "remote_stop", "ask_to_boot", "deliver_password"}
# Who sends without saying why itself, because whoever calls it has said so:
HAS_BEEN_SAID = {
    "api/commands.py:work": "a person's own command: Journal.author asks for the reason",
    "api/stations.py:patch_station": "stations/commanding/booting.py",
    "files/logs.py:ask_for_log": "a person asks for a log: Journal.author",
    "persons/at_stations.py:_report": "persons/desk.py",
    "persons/at_stations.py:tell": "persons/desk.py",
    "rollout/asking.py:_ask": "rollout/driver.py",
    "rollout/asking.py:offer": "rollout/driver.py",
    "stations/capabilities/local_lists.py:_its_version": "the keeper, or a person who syncs",
    "stations/capabilities/local_lists.py:_limits": "the keeper, or a person who syncs",
    "stations/capabilities/local_lists.py:_send": "the keeper, or a person who syncs",
    "stations/capabilities/smart_charging.py:ask": "passes on what others say",
    "stations/capabilities/smart_charging.py:clear_profiles": "a person clears profiles",
    "stations/capabilities/smart_charging.py:set_profile": "a person sets a profile",
    "stations/commands.py:remote_start": "api/sessions.py",
    "stations/commands.py:remote_stop": "api/sessions.py, and carry_out",
    "stations/configuration/reading.py:_report": "the caretaker, or a person who reads",
    "stations/configuration/reading.py:read": "the caretaker, or a person who reads",
    "stations/configuration/repairing.py:_read_back": "repair, in the same file",
    "stations/configuration/repairing.py:_send": "repair, in the same file",
    "stations/passwords.py:rotate_password": "deliver_password",
}


def unsaid(path):
    """Functions in which something is sent outside ``with speaking(...)``."""

    def walk_(node, function, said):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            function, said = node.name, False
        if isinstance(node, ast.With):
            names = {
                one.context_expr.func.id
                for one in node.items
                if isinstance(one.context_expr, ast.Call)
                and isinstance(one.context_expr.func, ast.Name)
            }
            said = said or "speaking" in names
        if isinstance(node, ast.Call) and not said:
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            known = isinstance(node.func, ast.Name) or (
                isinstance(node.func.value, ast.Name) and node.func.value.id == "commands"
            )
            if name in SENDERS and known:
                yield f"{path.relative_to(APPS)}:{function}"
        for child in ast.iter_child_nodes(node):
            yield from walk_(child, function, said)

    return walk_(ast.parse(path.read_text(encoding="utf-8")), "", False)


def test_whoever_sends_a_command_says_why_or_is_known_to_be_told():
    found = set()
    for path in sorted(APPS.rglob("*.py")):
        if path.parts[-2] in ("virtual", "replay", "cli", "transfers"):
            continue  # these are no central system, or ask no station
        found |= set(unsaid(path))
    assert found - set(HAS_BEEN_SAID) == set(), "wrap it in `with speaking(because(...))`"
    assert set(HAS_BEEN_SAID) - found == set(), "no longer there"


async def test_a_question_about_a_missing_stop_has_its_reason_in_the_log(tmp_path):
    async with running(tmp_path, meter=False, ocpp={"call_timeout_s": 1}) as field:
        async with field.station(V201) as station:
            await station.start()
        field.wait(30 * 60)
        async with field.socket(V201) as socket:
            call = json.loads(await asyncio.wait_for(socket.recv(), 10))
            assert call[2] == "GetTransactionStatus"
            (kept,) = field.house.store.find(StationCommand, 10, station_id="S")
            assert kept.author.via == "house"
            assert kept.author.reason == "a session of it has no end: is it still going on?"


def demanding(desk):
    desk.house.config = replace(desk.house.config, http=HttpConfig(reasons="required"))


RESET = "/api/v1/stations/S/commands/Reset"


def test_where_reasons_are_required_a_command_without_one_is_neither_sent_nor_queued(tmp_path):
    async def scenario(desk):
        demanding(desk)
        body = {"type": "Soft"}
        bulk = {"action": "Reset", "payload": body, "all": True}
        async with desk.field.socket(V16) as socket:
            for answer in (
                await desk.host.post(RESET, json=body),
                await desk.host.post(f"{RESET}?reason=%20%20", json=body),
                await desk.host.post(f"{RESET}?queue=true", json=body),
                await desk.host.post("/api/v1/commands", json=bulk),
            ):
                why = problem(answer, 400, "bad-command")["detail"]
                assert "--reason" in why and "Ohmstead-Reason" in why and "http.reasons" in why
            assert not desk.house.store.find(StationCommand, 10)
            headers = {"Ohmstead-Reason": "ticket 4711"}
            asked = asyncio.create_task(desk.host.post(RESET, json=body, headers=headers))
            call = json.loads(await asyncio.wait_for(socket.recv(), 10))
            await socket.send(json.dumps([3, call[1], {"status": "Accepted"}]))
            assert (await asked).status_code == 200
            (kept,) = desk.house.store.find(StationCommand, 10)
            assert kept.author.reason == "ticket 4711"
            assert (
                await desk.host.post(f"{RESET}?queue=true&reason=x", json=body)
            ).status_code == 202
            said = await desk.host.post("/api/v1/commands", json=bulk | {"reason": "CVE"})
            assert said.status_code == 202

    walk(tmp_path, scenario)


def test_where_they_are_required_what_drivers_want_and_the_house_does_goes_on(tmp_path):
    async def scenario(desk):
        demanding(desk)
        async with desk.field.socket(V16) as socket:
            start = {"station": "S", "evse": 1, "id_token": "CARD"}
            key = {"Idempotency-Key": "k" * 16}
            asked = asyncio.create_task(desk.host.post("/api/v1/sessions", json=start, headers=key))
            call = json.loads(await asyncio.wait_for(socket.recv(), 10))
            assert call[2] == "RemoteStartTransaction"
            await socket.send(json.dumps([3, call[1], {"status": "Accepted"}]))
            assert (await asked).status_code == 202
            (kept,) = desk.house.store.find(StationCommand, 10)
            assert kept.author.reason == "a session was asked for"

    walk(tmp_path, scenario)


def test_reasons_are_optional_unless_asked_for(tmp_path):
    assert parse(b"[http]\n", "network.toml").http.reasons == "optional"

    async def scenario(desk):
        body = {"type": "Soft"}
        assert (await desk.host.post(f"{RESET}?queue=true", json=body)).status_code == 202

    walk(tmp_path, scenario)

"""Commands to stations as a person types them, and every example of docs/operating/commands.md."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import shlex
import signal
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from websockets.sync.client import connect

from ohmstead.adapters.clock import SystemClock
from ohmstead.apps.virtual.charging import Nameplate
from ohmstead.apps.virtual.meter import VirtualMeter
from ohmstead.apps.virtual.station import VirtualStation
from tests.apps.cli.test_commands import OWNER, TARIFF, WAIT_S, Up, inside
from tests.apps.gateway.floor import basic
from tests.apps.stations.field import ask
from tests.apps.stations.field import connect as connect_async

PAGE = Path(__file__).parents[3] / "docs" / "operating" / "commands.md"
PERIOD = {"startPeriod": 0, "limit": 16.1}
PROFILE = {
    "connectorId": 1,
    "csChargingProfiles": {
        "chargingProfileId": 1,
        "stackLevel": 1,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [PERIOD]},
    },
}
PROFILE_201 = {
    "evseId": 1,
    "chargingProfile": {
        "id": 1,
        "stackLevel": 1,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": [
            {"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": [PERIOD]}
        ],
    },
}
FIRMWARE = {"location": "https://user:pa55@host/v2.bin", "retrieveDate": "2026-11-20T12:00:00Z"}


@contextmanager
def house_with_cp1(folder):
    """Yields a way to type commands to a house, the password of its CP1, and where it connects."""
    inside("init", "--dir", folder, "--json")
    tariff = folder / "tariff.json"
    tariff.write_text(json.dumps(TARIFF))
    with Up(folder) as up:

        def typed(*words, code=0):
            return inside(*words, "--dir", folder, code=code)

        typed("tariff", "add", tariff)
        made = typed("station", "add", "CP1", "--owner", OWNER, "--tariff", "T1", "--json")
        yield typed, json.loads(made.stdout)["password"], up.where["ocpp"]


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with house_with_cp1(tmp_path_factory.mktemp("commands") / "net") as made:
        yield made


@contextmanager
def station(url, password, version="1.6", name="CP1"):
    """A station, connected and booted, in a thread of its own."""
    booted, over = threading.Event(), threading.Event()

    async def serve():
        meters = {1: VirtualMeter.from_seed("seed", "M-1")}
        secret = bytes.fromhex(password)
        plate = Nameplate("ACME", "Wall 2 XL")
        where, clock = f"{url}/ocpp", SystemClock()
        one = VirtualStation(name, where, secret, version, meters, clock, plate=plate)
        await one.connect()
        await one.boot()
        booted.set()
        while not over.is_set():
            await asyncio.sleep(0.02)
        await one.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert booted.wait(20)
        yield
    finally:
        over.set()
        thread.join(20)


def log_of(typed, *options):
    return json.loads(typed("command", "list", "--json", *options).stdout)


def wait_for(condition):
    end = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_an_answer_that_breaks_its_schema_is_shown_without_its_secrets(house, monkeypatch):
    typed, password, url = house
    warned = []
    monkeypatch.setattr("ohmstead.apps.cli.commands.warn", warned.append)
    secret = base64.b64encode(b"CP1:" + bytes.fromhex(password)).decode()
    answers = ('{"status":7}', '{"configurationKey":[{"key":"AuthorizationKey","value":"geheim"}]}')

    def serve(socket):
        waiting = list(answers)
        while waiting:
            frame = json.loads(socket.recv(20))
            if frame[0] == 2:
                socket.send(f'[3,"{frame[1]}",{waiting.pop(0)}]')

    with connect(
        f"{url}/ocpp/CP1",
        subprotocols=["ocpp1.6"],
        additional_headers={"Authorization": f"Basic {secret}"},
        proxy=None,
    ) as socket:
        thread = threading.Thread(target=serve, args=(socket,))
        thread.start()
        for action, shown in (("ClearCache", answers[0]), ("GetConfiguration", "***")):
            warned.clear()
            told = typed("station", "command", "CP1", action, code=1).stderr + " ".join(warned)
            assert "The station answered" in told and shown in told and "geheim" not in told
            entry = re.search(r"ohmstead command show (\S+)", told)[1]
            kept = typed("command", "show", entry).stdout
            assert json.loads(kept)["state"] == "invalid"
            assert "geheim" not in kept and (shown == "***") == ("***" in kept)
        thread.join(20)


def test_why_may_stand_in_the_environment_for_commands_without_such_an_option(house, monkeypatch):
    typed, _, _ = house
    monkeypatch.setenv("OHMSTEAD_REASON", "für Zoë\n")
    kept = json.loads(typed("station", "command", "CP1", "ClearCache", "--queue").stdout)
    assert kept["author"]["reason"] == "für Zoë"
    typed("command", "cancel", kept["id"])


def test_a_command_waits_for_its_station_and_its_log_says_who_and_why(house, tmp_path):
    typed, password, url = house
    refused = typed("station", "command", "CP1", "ClearCache", code=1)
    assert "is not connected" in refused.stderr
    why = ["--queue", "--reason", "für Zoë"]
    kept = json.loads(typed("station", "command", "CP1", "ClearCache", "{}", *why).stdout)
    assert (kept["state"], kept["author"]["via"]) == ("queued", "cli")
    assert kept["author"]["reason"] == "für Zoë"
    gone = json.loads(typed("station", "command", "CP1", "ClearCache", *why).stdout)["id"]
    assert "cancelled" in typed("command", "cancel", gone).stdout
    wrong = typed("station", "command", "CP1", "Reset", '{"type": 1}', "--queue", code=1)
    assert "type: 1 is not one of Hard, Soft" in wrong.stderr
    counted = typed("command", "bulk", "ClearCache", "--all", "--dry-run").stdout
    assert counted == "1 station would be asked; nothing was queued.\n"
    batch = json.loads(typed("command", "bulk", "ClearCache", "--all", "--json").stdout)["id"]
    payload = tmp_path / "profile.json"
    payload.write_text(json.dumps(PROFILE))
    with station(url, password):
        wait_for(lambda: not log_of(typed, "--state", "queued"))
        answer = typed("station", "command", "CP1", "GetLocalListVersion").stdout
        assert json.loads(answer) == {"listVersion": 0}
        answer = typed("station", "command", "CP1", "SetChargingProfile", f"@{payload}").stdout
        assert json.loads(answer) == {"status": "Accepted"}
        for bad in ("@none.json", "{", "none.json"):
            typed("station", "command", "CP1", "Reset", bad, code=1)
        wrong = typed("station", "command", "CP1", "Reset", '{"type": "Gentle"}', code=1)
        assert "type: 'Gentle' is not one of Hard, Soft" in wrong.stderr
    shown = json.loads(typed("command", "show", kept["id"]).stdout)
    assert (shown["state"], shown["answer"]) == ("answered", {"status": "Accepted"})
    assert "It is over." in typed("command", "batch", batch).stdout
    assert [one["action"] for one in log_of(typed, "--station", "CP1")][:2] == [
        "SetChargingProfile", "GetLocalListVersion"
    ]  # fmt: skip
    assert "für Zoë" in typed("command", "list").stdout


def examples(kind):
    """The commands of one kind of block, each as its words."""
    blocks = re.findall(rf"^```{kind}\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    lines = re.split(r"^(?=ohmstead )", "".join(blocks), flags=re.MULTILINE)
    return [shlex.split(line) for line in lines if line.strip()]


def test_the_examples_of_the_page_work_as_they_stand(house, tmp_path, monkeypatch):
    typed, password, url = house
    monkeypatch.chdir(tmp_path)
    made = typed("station", "add", "CP2", "--owner", OWNER, "--tariff", "T1", "--json")
    passwords = {"CP1": password, "CP2": json.loads(made.stdout)["password"]}
    Path("profile-16.json").write_text(json.dumps(PROFILE))
    Path("profile-201.json").write_text(json.dumps(PROFILE_201))
    Path("firmware.json").write_text(json.dumps(FIRMWARE))
    for version, name in (("1.6", "CP1"), ("2.0.1", "CP2")):
        found = examples(version)
        assert len(found) == 5
        with station(url, passwords[name], version, name):
            for words in sorted(found, key=lambda words: "Reset" in words):
                said = json.loads(typed(*words[1:]).stdout)
                assert "Rejected" not in json.dumps(said), words
    known = {}
    wait_for(lambda: json.loads(typed("station", "show", "CP1").stdout)["connection"] is None)
    for words in examples("queue") + examples("bulk"):
        said = typed(*(known.get(word, word) for word in words[1:])).stdout
        if "bulk" in words and "Batch" in said:
            known["BATCH"] = said.split("Batch ")[1].split()[0]
        elif "--queue" in words:
            known["COMMAND"] = json.loads(said)["id"]
    assert len(known) == 2
    text = json.dumps(log_of(typed))
    assert "pa55" not in text


def test_a_killed_house_sends_again_only_what_may_be_sent_again(tmp_path):
    folder = tmp_path / "net"
    inside("init", "--dir", folder, "--json")
    tariff = folder / "tariff.json"
    tariff.write_text(json.dumps(TARIFF))

    def typed(*words):
        return inside(*words, "--dir", folder).stdout

    @contextmanager
    def raw(up):
        secret = base64.b64encode(b"CP1:" + bytes.fromhex(password)).decode()
        with connect(
            f"{up.where['ocpp']}/ocpp/CP1",
            subprotocols=["ocpp1.6"],
            additional_headers={"Authorization": f"Basic {secret}"},
            proxy=None,
        ) as socket:
            boot = {"chargePointModel": "M", "chargePointVendor": "V"}
            socket.send(json.dumps([2, "b", "BootNotification", boot]))
            yield socket

    def next_call(socket):
        while (frame := json.loads(socket.recv(20)))[0] != 2:
            pass
        return frame

    with Up(folder) as up:
        typed("tariff", "add", tariff)
        made = typed("station", "add", "CP1", "--owner", OWNER, "--tariff", "T1", "--json")
        password = json.loads(made)["password"]
        for words in (["Reset", '{"type":"Soft"}'], ["ClearCache"], ["GetLocalListVersion"]):
            typed("station", "command", "CP1", *words, "--queue")
        with raw(up) as socket:
            reset = next_call(socket)
            assert reset[2] == "Reset"
            up.stop(signal.SIGKILL)  # the station has heard it, and its answer goes nowhere
    (folder / "run.json").unlink()
    with Up(folder) as up, raw(up) as socket:
        first = next_call(socket)
        assert first[2] == "ClearCache"  # and no second Reset
        up.stop(signal.SIGKILL)
    (folder / "run.json").unlink()
    with Up(folder) as up, raw(up) as socket:
        again = next_call(socket)
        assert again == first  # the same message id
        socket.send(json.dumps([3, again[1], {"status": "Accepted"}]))
        last = next_call(socket)
        socket.send(json.dumps([3, last[1], {"listVersion": 3}]))

        def states():
            found = json.loads(typed("command", "list", "--json"))
            return [(one["action"], one["state"], one["attempts"]) for one in reversed(found)]

        wait_for(lambda: "answered" in states()[-1])
        assert states() == [
            ("Reset", "unknown", 1),
            ("ClearCache", "answered", 2),
            ("GetLocalListVersion", "answered", 1),
        ]


def test_what_was_typed_wrongly_is_told_with_what_to_type(house):
    typed = house[0]
    wrong = typed("station", "command", "CP1", "ClearCache", "--ttl", 60, code=2)
    assert "--queue" in wrong.stderr
    away = typed("station", "command", "CP1", "ClearCache", code=1)
    assert "--queue" in away.stderr
    none = typed("command", "bulk", "ClearCache", "--vendor", "nobody", code=1)
    assert "no station is meant" in none.stderr and "--vendor" in none.stderr
    for name in ("@none.json", "none.json"):
        unread = typed("station", "command", "CP1", "Reset", name, code=1).stderr
        assert unread == "none.json cannot be read: No such file or directory\n"
    unknown = typed("station", "command", "CP1", "Reest", "--queue", code=1)
    assert "did you mean Reset?" in unknown.stderr


def test_what_is_not_there_is_an_error_and_an_empty_list_is_a_sentence(house):
    typed = house[0]
    assert "there is no batch bogus" in typed("command", "list", "--batch", "bogus", code=1).stderr
    unknown = typed("session", "list", "--station", "bogus", code=1).stderr
    assert unknown == "there is no station bogus\n"
    none = typed("session", "resolve", "S-0", "pay", "--because", "read by hand", code=1)
    assert "there is no session S-0" in none.stderr
    none = typed("station", "approve", "CP9", "--owner", OWNER, "--tariff", "T1", code=1)
    assert "there is no station CP9 that waits" in none.stderr
    assert "--subject is a" in typed("key", "add", "--scope", "driver", code=1).stderr
    for words, sentence in {
        ("alert", "list", "--all"): "Nothing is wrong, nor was.",
        ("command", "list", "--state", "expired"): "No command is as you ask.",
        ("session", "list"): "There was no session yet.",
        ("session", "list", "--station", "CP1"): "No session is as you ask.",
        ("epoch", "show"): "No epoch was closed yet.",
        ("meter", "list", "CP1"): "No meter of CP1 has a key: its sessions are unproven.",
        ("meter", "exchanges", "CP1"): "No meter of CP1 was exchanged.",
        ("station", "pending"): "No unknown station waits or was rejected.",
        ("id-token", "list"): "There is no id_token yet.",
    }.items():
        assert typed(*words).stdout == f"{sentence}\n"
        assert json.loads(typed(*words, "--json").stdout) == []


def test_id_tokens_are_listed_as_they_were_put(house):
    typed, other = house[0], "0x" + "cd" * 20
    typed("id-token", "put", "B-1", "--payer", OWNER, "--group", "FLEET")
    typed("id-token", "put", "a-1", "--payer", other, "--status", "blocked")
    lines = [line.split() for line in typed("id-token", "list").stdout.splitlines()]
    assert lines == [
        ["ID_TOKEN", "STATUS", "TYPE", "GROUP", "EXPIRES", "PAYER"],
        ["a-1", "blocked", "ISO14443", "-", "-", other],
        ["B-1", "accepted", "ISO14443", "FLEET", "-", OWNER],
    ]
    [one] = json.loads(typed("id-token", "list", "--payer", OWNER, "--json").stdout)
    assert one["uid"] == "B-1"
    wrong = typed("id-token", "list", "--payer", "Zoë", code=1).stderr
    assert wrong.startswith("--payer: expected an address")
    none = typed("id-token", "list", "--payer", "0x" + "00" * 20).stdout
    assert none.startswith("No id_token spends the money of 0x00")


def test_a_long_answer_is_short_in_the_list_and_whole_as_json(house):
    typed, password, url = house
    with station(url, password):
        typed("station", "command", "CP1", "GetConfiguration", "--reason", "long " * 60)
    whole = log_of(typed, "--station", "CP1", "--limit", 1)[0]
    assert len(json.dumps(whole["answer"])) > 400
    line = typed("command", "list", "--station", "CP1", "--limit", 1).stdout.splitlines()[1]
    assert len(line) < 300
    assert whole["id"] in line


UNREADABLE = {"meterStop": 1, "timestamp": "yesterday", "transactionId": 7}


async def say(url, password, *calls):
    headers = {"Authorization": basic("CP1", bytes.fromhex(password))}
    how = {"subprotocols": ["ocpp1.6"], "additional_headers": headers, "proxy": None}
    async with connect_async(f"{url}/ocpp/CP1", **how) as socket:
        for number, (action, payload) in enumerate(calls):
            await ask(socket, str(number), action, payload)


def test_what_is_in_quarantine_is_shown_with_why_and_as_it_came(house):
    typed, password, url = house
    nothing = typed("station", "quarantine", "CP1").stdout
    assert nothing == "Nothing of CP1 is in quarantine.\n"
    unknown = UNREADABLE | {"timestamp": "2023-11-14T22:13:20Z"}
    asyncio.run(say(url, password, ("StopTransaction", UNREADABLE), ("StopTransaction", unknown)))
    lines = typed("station", "quarantine", "CP1").stdout.splitlines()
    texts = [line.strip() for line in lines]
    assert json.dumps(UNREADABLE) in texts and json.dumps(unknown) in texts
    assert any("not an RFC 3339 time: 'yesterday'" in line for line in lines)
    heads = [line for line in lines if not line.startswith(" ")]
    assert all("  StopTransaction  " in line for line in heads) and len(heads) == 2
    assert {line.split("  ")[2] for line in heads} == {"message_refused", "unknown_transaction"}
    found = json.loads(typed("station", "quarantine", "CP1", "--json").stdout)
    assert {one["payload"] for one in found} == {json.dumps(UNREADABLE), json.dumps(unknown)}
    assert "there is no station X" in typed("station", "quarantine", "X", code=1).stderr

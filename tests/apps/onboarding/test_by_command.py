"""Bringing chargers on as a person does it: the commands, against a house that runs."""

from __future__ import annotations

import asyncio
import json
import signal
import stat
import subprocess
from urllib.parse import unquote, urlsplit

import pytest
from websockets.asyncio.client import connect

from ohmstead.apps.cli.qr import access_url, qr_lines
from tests.apps.cli.test_commands import (
    COMMAND,
    ENVIRONMENT,
    OWNER,
    TARIFF,
    Up,
    inside,
    ohmstead,
)
from tests.apps.gateway.floor import basic


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    folder = tmp_path_factory.mktemp("network") / "net"
    inside("init", "--dir", folder)
    with Up(folder) as up:
        inside("tariff", "add", json.dumps(TARIFF), "--dir", folder)
        yield up


def test_a_new_station_is_told_as_text_and_as_a_code_to_scan(house):
    add = ("station", "add", "--owner", OWNER, "--tariff", "T1", "--dir", house.folder)
    said = ohmstead(*add, "QR-1", "--url", "wss://charge.example/ocpp/", "--qr").stdout
    password = said.split("Basic password  ")[1].split()[0]
    assert "wss://charge.example/ocpp/QR-1\n" in said
    url = f"wss://QR-1:{password}@charge.example/ocpp/QR-1"
    assert said.endswith(qr_lines(url) + "\n")
    plain = ohmstead(*add, "QR-2").stdout
    assert "█" not in plain  # nobody looks at a pipe
    assert f"{house.where['ocpp']}/ocpp/QR-2" in plain
    assert json.loads(inside(*add, "Q*3", "--json").stdout)["url"].endswith("/ocpp/Q*3")


async def comes_in(url, log_in):
    headers = {"Authorization": log_in}
    async with connect(url, additional_headers=headers, subprotocols=["ocpp1.6"], proxy=None):
        pass


def test_the_url_that_is_printed_leads_in_whatever_a_station_is_called(house):
    add = ("station", "add", "--owner", OWNER, "--tariff", "T1", "--dir", house.folder, "--json")
    for name, written in (("QR:5", "QR%3A5"), ("QR 4", "QR%204"), ("a|b@c", "a%7Cb@c")):
        made = json.loads(inside(*add, name).stdout)
        assert made["url"] == f"{house.where['ocpp']}/ocpp/{written}"
        whole = access_url(made["url"], name, made["password"])
        parts = urlsplit(whole)
        user, password = unquote(parts.username), unquote(parts.password)
        assert (user, password) == (name, made["password"])

        asyncio.run(comes_in(made["url"], basic(user, password.encode())))
        assert name in inside("station", "show", name, "--dir", house.folder).stdout
        assert "connected from" in inside("station", "frames", name, "--dir", house.folder).stdout
    said = ohmstead(*add, "QR/6", code=1).stderr
    assert "with blanks only between them" in said


def test_a_url_that_is_none_is_refused_before_anything_is_registered(house):
    add = ("station", "add", "QR-9", "--owner", OWNER, "--tariff", "T1", "--dir", house.folder)
    assert "wss://HOST/ocpp" in ohmstead(*add, "--url", "https://x", code=2).stderr
    assert "QR-9" not in inside("station", "list", "--dir", house.folder).stdout


def test_a_code_is_a_square_with_its_quiet_zone_and_its_log_in_is_escaped():
    assert access_url("ws://h/ocpp/A", "A@b", "p:/ w") == "ws://A%40b:p%3A%2F%20w@h/ocpp/A"
    lines = qr_lines("ws://A:b@h/ocpp/A").split("\n")
    assert len({len(line) for line in lines}) == 1
    assert set(lines[0]) == {"█"}


def test_a_fleet_comes_in_from_a_file_and_its_passwords_are_written_first(house, tmp_path):
    fleet, kept = tmp_path / "fleet.csv", tmp_path / "secrets.csv"
    fleet.write_text("id,evses\nF-1,1:22000\nF-2,\n")
    bring = ("station", "import", fleet, "--owner", OWNER, "--tariff", "T1", "--dir", house.folder)
    assert "2 would be new" in inside(*bring, "--dry-run").stdout
    assert "--secrets FILE" in inside(*bring, code=1).stderr
    assert "F-1" not in inside("station", "list", "--dir", house.folder).stdout
    said = ohmstead(*bring, "--secrets", kept).stdout
    assert "2 are new, 0 were there, 0 kept" in said
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    before = kept.read_text()
    passwords = dict(line.split(",") for line in before.splitlines()[1:])
    assert {len(one) for one in passwords.values()} == {40}
    assert not any(one in said for one in passwords.values())
    assert "0 are new, 2 were there" in inside(*bring, "--secrets", kept).stdout
    fleet.write_text(fleet.read_text() + "F-3,\n")
    done = json.loads(inside(*bring, "--secrets", kept, "--json").stdout)
    assert (done["new"], done["same"]) == (1, 2)
    assert kept.read_text().startswith(before)


def test_mistakes_in_a_file_are_told_as_a_compiler_tells_them(house, tmp_path):
    fleet = tmp_path / "fleet.csv"
    bring = ("station", "import", fleet, "--dir", house.folder)
    fleet.write_text("id,evses\nG-1,fast\na/b,1:1\n")
    refused = ohmstead(*bring, "--owner", OWNER, "--tariff", "T1", code=1)
    assert f"{fleet}:2:2: evses: expected ID:RATED_W" in refused.stderr
    assert f"{fleet}:3:1: id: " in refused.stderr
    assert refused.stderr.endswith("Nothing was imported.\n")
    fleet.write_bytes(b"id\nG\xff\n")
    assert ":2: not UTF-8" in inside(*bring, code=1).stderr
    missing = inside("station", "import", tmp_path / "no.csv", "--dir", house.folder, code=1)
    assert "cannot be read" in missing.stderr
    fleet.write_text("id\nG-1\n")
    (tmp_path / "bad.csv").write_text("x\n")
    known = ("--owner", OWNER, "--tariff", "T1", "--secrets", tmp_path / "bad.csv")
    assert "bad.csv:1: expected id,password" in inside(*bring, *known, code=1).stderr


def test_what_a_station_says_is_seen_without_what_would_steer_the_terminal(house):
    add = ("station", "add", "W-1", "--owner", OWNER, "--tariff", "T1", "--dir", house.folder)
    password = json.loads(inside(*add, "--json").stdout)["password"]
    frames = ("station", "frames", "W-1", "--dir", house.folder)
    assert "Nothing came yet" in inside(*frames).output

    headers = {"Authorization": basic("W-1", password.encode())}

    async def talk():
        options = {"subprotocols": ["ocpp1.6"], "additional_headers": headers}
        async with connect(f"{house.where['ocpp']}/ocpp/W-1", **options) as socket:
            await socket.send('[2,"1","Heartbeat",{}]')
            await socket.recv()
            await socket.send("\x1b[2J [")
            await asyncio.sleep(0.2)

    asyncio.run(talk())
    said = inside(*frames).stdout
    assert ' <- [2,"1","Heartbeat",{}]\n' in said
    assert ' -> [3,"1",{"currentTime"' in said
    assert " <- \\x1b[2J [\n" in said
    assert "-- connected from 127.0.0.1 with ocpp1.6" in said
    found = json.loads(inside(*frames, "--json").stdout)
    assert found["next"] == len(found["frames"])
    follow = [*COMMAND, "station", "frames", "W-1", "--follow", "--dir", str(house.folder)]
    with subprocess.Popen(follow, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as process:
        assert "connected from" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
    assert "there is no station X" in inside("station", "frames", "X", *frames[3:], code=1).stderr

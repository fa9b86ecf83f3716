"""Firmware as a person types it, and every example of docs/operating/firmware.md."""

from __future__ import annotations

import base64
import json
import re
import shlex
import signal
from contextlib import contextmanager
from pathlib import Path

import pytest
from websockets.sync.client import connect

from tests.apps.cli.test_commands import OWNER, TARIFF, Up, inside
from tests.apps.cli.test_station_commands import house_with_cp1, station, wait_for
from tests.apps.rollout.shed import certificate

PAGE = Path(__file__).parents[3] / "docs" / "operating" / "firmware.md"
URL = "https://files.example.com/wall-2.bin"


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with house_with_cp1(tmp_path_factory.mktemp("rollouts") / "net") as made:
        yield made


def examples(kind):
    blocks = re.findall(rf"^```{kind}\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    lines = re.split(r"^(?=ohmstead )", "".join(blocks), flags=re.MULTILINE)
    return [shlex.split(line.replace("\\\n", " ")) for line in lines if line.strip()]


def test_the_examples_of_the_page_work_as_they_stand(house, tmp_path, monkeypatch):
    typed, password, url = house
    monkeypatch.chdir(tmp_path)
    first, *rest = examples("sh")
    with station(url, password):
        done = typed(*first[1:])
        assert done.stdout.splitlines()[-1].startswith("CP1: confirmed")
    # It is away from here on, so that the roll-out of the page is still under way at its end.
    for words in rest:
        said = typed(*words[1:]).stdout
        if "--dry-run" in words:
            assert said == "1 station would take turns; nothing was begun.\n"
        elif "start" in words:
            assert "Roll-out 2 has begun" in said

            def is_written_down():
                shown = json.loads(typed("rollout", "show", 2, "--json").stdout)
                return shown["state"] == "running"

            wait_for(is_written_down)
        elif "list" in words:
            assert "ticket 4711" in said
            assert "running" in said
        elif "show" in words:
            assert re.search(r"^CP1 +\w+", said, re.MULTILINE)
        elif "pause" in words:
            status = typed("status").stdout
            assert "firmware   roll-out 2 to https://files.example.com/wall-2.bin" in status
    shown = typed("rollout", "show", 2).stdout
    for what in ("the maker calls back", "it was a bad cable", "version 2.1 is out"):
        assert what in shown
    Path("wall-2.sig").write_bytes(b"\x00sig")
    Path("maker.pem").write_text(certificate())
    (words,) = examples("shell")
    assert "has begun" in typed(*words[1:]).stdout
    typed("rollout", "cancel", 3)
    assert typed("rollout", "list").stdout.count("\n") == 1
    listed = json.loads(typed("rollout", "list", "--all", "--json").stdout)
    assert [one["state"] for one in listed] == ["done", "cancelled", "cancelled"]
    # Who was rolled back by decision has not failed: they stand in columns of their own.
    assert re.search(r"UPDATED +FAILED +ROLLED BACK +TO", typed("rollout", "list", "--all").stdout)
    # What it has already is no failure, and is not sent again.
    said = typed(*first[1:], "--version", "1").stdout
    assert said.splitlines()[-1] == "CP1: skipped, it has 1 already"


def test_what_was_typed_wrongly_is_told_with_what_to_type(house, tmp_path):
    typed = house[0]
    start = ["rollout", "start", URL]
    nobody = typed(*start, code=1).stderr
    assert (
        "choose stations by --station, by some of --vendor, --model, --from-version, --owner "
        in nobody
    )
    assert "and --location-cell, or by --all" in nobody
    for hours in ("25-99", "1-24", "-1-5", "١-5"):
        refused = typed(*start, "--all", f"--window={hours}", code=2).stderr
        assert "two hours from 0 to 23, as in 1-5 or 22-4" in refused, hours
    assert "no station CP9" in typed(*start, "--station", "CP9", "--dry-run", code=1).stderr
    there = [*start, "--version", "1", "--location-cell", "zzz", "--dry-run"]
    assert "no station is meant, so nothing was begun; --vendor" in typed(*there, code=1).stderr
    begun = json.loads(typed("rollout", "list", "--all", "--json").stdout)
    for words in (["--vendor", "Nobody"], ["--vendor", "Nobody", "--dry-run"]):
        assert "no station is meant, so nothing was begun" in typed(*start, *words, code=1).stderr
    assert json.loads(typed("rollout", "list", "--all", "--json").stdout) == begun
    assert "1,10,50,100" in typed(*start, "--all", "--stages", "ten", code=2).stderr
    assert "1-5" in typed(*start, "--all", "--window", "night", code=2).stderr
    assert "none" in typed("rollout", "start", "none", "--all", code=1).stderr
    for listed in ("[1]", "[]"):
        refused = typed(*start, "--all", "--plan", listed, code=2).stderr
        assert "--plan: a JSON object" in refused
    (tmp_path / "tariff.json").write_text("{}")
    garbage = ["--signature", tmp_path / "tariff.json"]
    garbage += ["--signing-certificate", tmp_path / "tariff.json"]
    for words in (
        [*start, "--all"],
        [*start, "--all", "--dry-run"],
        ["station", "update", "CP1", URL],
    ):
        refused = typed(*words, *garbage, code=1).stderr
        assert "firmware: signing_certificate: is no PEM certificate" in refused
    unread = typed(*start, "--all", "--signature", "none.sig", code=1).stderr
    assert "--signature" in unread
    assert "roll-out 99" in typed("rollout", "show", 99, code=1).stderr
    assert "roll-out 99" in typed("rollout", "pause", 99, code=1).stderr
    both = typed("rollout", "cancel", 1, "--now", "--roll-back", code=2).stderr
    assert "--now gives up the way back, too" in both


def test_a_start_says_who_is_left_out_and_does_not_claim_to_have_begun_with_nobody(house):
    typed = house[0]
    start = ["rollout", "start", URL, "--station", "CP1"]
    first = json.loads(typed(*start, "--version", "8", "--json").stdout)["number"]

    def is_written_down():
        shown = json.loads(typed("rollout", "show", first, "--json").stdout)
        return shown["state"] == "running"

    wait_for(is_written_down)
    for again in (start, ["station", "update", "CP1", URL]):
        lines = typed(*again, "--version", "9", code=1).stdout.splitlines()
        assert lines[0].startswith("Nobody takes a turn in roll-out ")
        assert lines[1] == f"1 station is skipped, it is in roll-out {first}: CP1"
    assert typed("rollout", "cancel", first, "--now").stdout == f"Roll-out {first} is cancelled.\n"
    lines = typed(*start, "--version", "9").stdout.splitlines()
    assert "has begun, 1 station takes its turn" in lines[0]
    assert len(lines) == 1
    typed("rollout", "cancel", first + 3)
    assert typed("rollout", "list").stdout.count("\n") == 1


def test_a_killed_house_asks_nobody_twice_and_hears_who_was_updated_meanwhile(tmp_path):
    folder = tmp_path / "net"
    inside("init", "--dir", folder, "--json")
    (folder / "tariff.json").write_text(json.dumps(TARIFF))

    def typed(*words):
        return inside(*words, "--dir", folder).stdout

    @contextmanager
    def raw(up, version):
        secret = base64.b64encode(b"CP1:" + bytes.fromhex(password)).decode()
        with connect(
            f"{up.where['ocpp']}/ocpp/CP1",
            subprotocols=["ocpp1.6"],
            additional_headers={"Authorization": f"Basic {secret}"},
            proxy=None,
            close_timeout=1,
        ) as socket:
            boot = {"chargePointModel": "M", "chargePointVendor": "V", "firmwareVersion": version}
            socket.send(json.dumps([2, "b", "BootNotification", boot]))
            yield socket

    def state():
        found = json.loads(typed("rollout", "show", 1, "--stations", "--json"))
        return [one["state"] for one in found["updates"]]

    with Up(folder) as up:
        typed("tariff", "add", folder / "tariff.json")
        made = typed("station", "add", "CP1", "--owner", OWNER, "--tariff", "T1", "--json")
        password = json.loads(made)["password"]
        with raw(up, "1.0") as socket:
            typed("station", "update", "CP1", URL, "--version", "2.0")
            while (frame := json.loads(socket.recv(20)))[:1] + frame[2:3] != [2, "UpdateFirmware"]:
                pass
            up.stop(signal.SIGKILL)  # the station has heard it, and its answer goes nowhere
    (folder / "run.json").unlink()
    with Up(folder) as up:
        assert state() == ["offered"]
        with raw(up, "2.0"):
            wait_for(lambda: state() == ["confirmed"])
        asked = json.loads(typed("command", "list", "--json"))
        assert [one["action"] for one in asked].count("UpdateFirmware") == 1

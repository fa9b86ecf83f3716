"""Bringing chargers on as a person does it: the commands, against a house that runs."""

from __future__ import annotations

import json

import pytest

from ohmstead.apps.cli.qr import access_url, qr_lines
from tests.apps.cli.test_commands import OWNER, TARIFF, Up, inside, ohmstead


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


def test_a_url_that_is_none_is_refused_before_anything_is_registered(house):
    add = ("station", "add", "QR-9", "--owner", OWNER, "--tariff", "T1", "--dir", house.folder)
    assert "wss://HOST/ocpp" in ohmstead(*add, "--url", "https://x", code=2).stderr
    assert "QR-9" not in inside("station", "list", "--dir", house.folder).stdout


def test_a_code_is_a_square_with_its_quiet_zone_and_its_log_in_is_escaped():
    assert access_url("ws://h/ocpp/A", "A@b", "p:/ w") == "ws://A%40b:p%3A%2F%20w@h/ocpp/A"
    lines = qr_lines("ws://A:b@h/ocpp/A").split("\n")
    assert len({len(line) for line in lines}) == 1
    assert set(lines[0]) == {"█"}

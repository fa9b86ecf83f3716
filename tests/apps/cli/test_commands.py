"""The commands as a person types them, in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from ohmstead.apps.cli.main import app
from ohmstead.errors import OhmsteadError

ROOT = Path(__file__).parents[3]
ENVIRONMENT = {
    **{k: v for k, v in os.environ.items() if not k.startswith("OHMSTEAD_")},
    "PYTHONPATH": str(ROOT / "src"),
}
COMMAND = [sys.executable, "-m", "ohmstead.apps.cli.main"]
VECTORS = json.loads((ROOT / "vectors" / "receipts.json").read_text())
TARIFF = {
    "id": "T1",
    "currency": "tUSD",
    "elements": [{"price_components": [{"type": "ENERGY", "price": 0.35, "step_size": 1}]}],
}
OWNER = "0x" + "ab" * 20
WAIT_S = 60


def ohmstead(*arguments, env=None, code=0):
    """Run a command to its end; assert its exit code and that no traceback is shown."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**ENVIRONMENT, **(env or {})},
        timeout=WAIT_S,
        check=False,
    )
    assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    return done


def inside(*arguments, code=0):
    """The same in this process, which saves loading the program again; run() is not passed."""
    done = CliRunner().invoke(app, list(map(str, arguments)))
    if isinstance(done.exception, OhmsteadError):
        assert code == 1, done.exception
        return SimpleNamespace(stdout=done.stdout, stderr=f"{done.exception}\n")
    assert done.exit_code == code, (arguments, done.output, done.exception)
    return done


class Up:
    """A house that runs as a process, without a chain."""

    def __init__(self, folder, *options):
        binds = ["--http", "127.0.0.1:0", "--ocpp", "127.0.0.1:0", "--chain", "none"]
        command = [*COMMAND, "up", "--dir", str(folder), *binds, *options]
        self.folder = folder
        self.process = subprocess.Popen(
            command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        deadline = time.monotonic() + WAIT_S
        while not (folder / "run.json").exists():
            assert self.process.poll() is None, self.process.stdout.read()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        self.where = json.loads((folder / "run.json").read_text())

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        said, _ = self.process.communicate(timeout=WAIT_S)
        return self.process.returncode, said

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """A folder that init wrote."""
    folder = tmp_path_factory.mktemp("network") / "net"
    made = json.loads(ohmstead("init", "--dir", folder, "--json").stdout)
    return folder, made["admin_key"]


@pytest.fixture(scope="module")
def house(network):
    with Up(network[0]) as up:
        yield up


def test_init_writes_a_network_that_only_its_owner_can_read(network):
    folder, key = network
    assert (folder / "network.toml").read_bytes() == (ROOT / "profiles/commons.toml").read_bytes()
    for file in (folder / "keys").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert stat.S_IMODE((folder / "keys").stat().st_mode) == 0o700
    assert (folder / "keys/admin.key").read_text().strip() == key
    again = ohmstead("init", "--dir", folder, code=1)
    assert "is a network already" in again.stderr
    assert key not in again.stdout + again.stderr


def test_init_names_the_profiles_there_are(tmp_path):
    refused = ohmstead("init", "--dir", tmp_path / "x", "--profile", "moon", code=1)
    assert "choose one of" in refused.stderr
    assert "commons" in refused.stderr
    assert not (tmp_path / "x").exists()


def test_a_house_is_run_from_the_command_line(house):
    folder = house.folder
    status = json.loads(ohmstead("status", "--dir", folder, "--json").stdout)
    assert status["network"] == "commons"
    assert "stations" in ohmstead("status", "--dir", folder).stdout
    inside("tariff", "add", json.dumps(TARIFF), "--dir", folder)
    station = ["station", "add", "CP1", "--owner", OWNER, "--tariff", "T1", "--dir", folder]
    made = json.loads(inside(*station, "--evse", "1:22000", "--json").stdout)
    assert len(made["password"]) == 40
    assert "exists already" in inside(*station, code=1).stderr
    assert "CP1" in inside("station", "list", "--dir", folder).stdout
    shown = json.loads(inside("station", "show", "CP1", "--dir", folder).stdout)
    assert shown["evses"][0]["rated_w"] == 22_000
    wrong = inside("station", "command", "CP1", "Reset", "--dir", folder, code=1)
    assert "type: missing" in wrong.stderr  # before it is told to be away
    refused = inside("station", "command", "CP1", "ClearCache", "--dir", folder, code=1)
    assert refused.stderr.startswith("station CP1 is not connected; try again when it is back")
    assert refused.stderr.endswith("--queue\n")
    put = inside("id-token", "put", "CARD", "--payer", OWNER, "--dir", folder)
    assert "is accepted" in put.stdout
    nothing = inside("epoch", "close", "--dir", folder, code=1)
    assert "without a chain" in nothing.stderr


def test_a_key_is_taken_from_the_environment_and_only_opens_what_it_may(house):
    made = json.loads(
        ohmstead("key", "add", "--scope", "read", "--dir", house.folder, "--json").stdout
    )
    reader = {"OHMSTEAD_KEY": made["key"]}
    ohmstead("status", "--dir", house.folder, env=reader)
    refused = ohmstead("tariff", "add", "{}", "--dir", house.folder, env=reader, code=1)
    assert "scopes admin, host" in refused.stderr
    wrong = ohmstead("status", "--dir", house.folder, "--key", "ohm_x", code=1)
    assert "not known here" in wrong.stderr


def test_a_second_house_in_the_same_folder_or_on_the_same_port_is_refused(house, tmp_path):
    refused = ohmstead("up", "--dir", house.folder, "--chain", "none", code=1)
    assert "in use by another process" in refused.stderr
    other = tmp_path / "other"
    ohmstead("init", "--dir", other)
    for option, what in (("--http", "http"), ("--ocpp", "ocpp")):
        taken = house.where[what].partition("//")[2]
        ports = {"--http": "127.0.0.1:0", "--ocpp": "127.0.0.1:0", option: taken}
        options = [part for pair in ports.items() for part in pair]
        refused = ohmstead("up", "--dir", other, "--chain", "none", *options, code=1)
        assert f"on {taken}: Address already in use" in refused.stderr
        assert option in refused.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_a_house_cleanly(tmp_path, number):
    ohmstead("init", "--dir", tmp_path / "n")
    with Up(tmp_path / "n") as up:
        code, said = up.stop(number)
    assert code == 0, said
    assert "Traceback" not in said
    assert said.rstrip().endswith("Stopped.")
    assert not (tmp_path / "n" / "run.json").exists()
    down = ohmstead("status", "--dir", tmp_path / "n", code=1)
    assert "ohmstead up" in down.stderr


def test_a_command_says_when_nothing_answers(tmp_path):
    ohmstead("init", "--dir", tmp_path / "n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (tmp_path / "n" / "run.json").write_text(json.dumps({"http": f"http://127.0.0.1:{port}"}))
    assert "nothing answers" in ohmstead("status", "--dir", tmp_path / "n", code=1).stderr


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("[chain]\nkidn = 'none'\n", "network.toml:2: key chain.kidn"),
        ("[http]\nbind = 'here'\n", "network.toml:2: key http.bind"),
        ("[", "network.toml:1: not TOML"),
    ],
)
def test_a_configuration_that_cannot_be_read_is_named_by_line_and_key(tmp_path, text, word):
    (tmp_path / "network.toml").write_text(text)
    assert word in ohmstead("up", "--dir", tmp_path, code=1).stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("up", "--http", "8080"),
        ("up", "--chain", "bitcoin"),
        ("nothing",),
        ("replay", "generated", "--protocol", "3"),
        ("epoch", "show", "0"),
        ("session", "resolve", "S-1", "keep", "--because", "x"),
        ("session", "resolve", "S-1", "pay"),  # and why?
        ("station", "add", "CP1", "--owner", OWNER, "--tariff", "T", "--evse", "fast"),
    ],
)
def test_a_command_that_is_typed_wrongly_is_a_usage_error(arguments):
    inside(*arguments, code=2)


def test_a_usage_error_names_the_option_and_what_was_expected():
    refused = ohmstead("up", "--http", "8080", code=2)
    assert "--http" in refused.stderr
    assert "HOST:PORT" in refused.stderr


def receipt(folder, name):
    path = folder / "receipt.json"
    path.write_text(VECTORS["documents"][name])
    return path


def test_verify_says_for_each_check_how_far_it_goes(tmp_path):
    path = receipt(tmp_path, "two_records")
    done = ohmstead("verify", path, code=3)
    lines = done.stdout.splitlines()
    assert lines[0].split()[:3] == ["~", "canonical", "consistent"]
    assert "add --trust trust.json and --rpc URL" in lines[-1]
    found = json.loads(inside("verify", path, "--json", code=3).stdout)
    assert found["exit_code"] == 3
    assert "proven" not in {one["outcome"] for one in found["checks"]}
    trust = tmp_path / "trust.json"
    trust.write_text(json.dumps({"format": "ohmstead-trust/1", **VECTORS["trust"]}))
    assert "✓ trust" in inside("verify", path, "--trust", trust, code=3).stdout
    trust.write_text(trust.read_text().replace("31337", "1"))
    assert "✗ trust" in inside("verify", path, "--trust", trust, code=1).stdout


def test_verify_refuses_what_is_no_receipt(tmp_path):
    path = receipt(tmp_path, "two_records")
    path.write_text(path.read_text().replace(":", ": ", 1))
    assert "not canonical" in inside("verify", path, code=1).stdout
    path.write_text("{}")
    assert "✗ format" in inside("verify", path, code=1).stdout
    assert "No such file" in inside("verify", tmp_path / "none.json", code=1).stderr
    path = receipt(tmp_path, "two_records")
    (tmp_path / "trust.json").write_text('{"format":"ohmstead-trust/1"}')
    wrong = inside("verify", path, "--trust", tmp_path / "trust.json", code=1)
    assert "is no trust file" in wrong.stderr
    deaf = inside("verify", path, "--rpc", "http://127.0.0.1:1", code=1)
    assert "http://127.0.0.1:1" in deaf.stderr

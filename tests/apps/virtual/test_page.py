"""docs/operating/virtual-station.md, as it stands: certificates made, house up, commands typed."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

from ohmstead.apps.config import parse
from tests.apps.cli.test_commands import COMMAND, ENVIRONMENT, OWNER, TARIFF, WAIT_S, Up, inside

PAGE = (Path(__file__).parents[3] / "docs/operating/virtual-station.md").read_text("utf-8")
NO_MONEY = "CARD-1 may not charge (NoCredit)"  # there is no chain here


def blocks(kind):
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A network as the page configures it, on ports of the system's choice."""
    if shutil.which("openssl") is None:
        pytest.skip("the page makes its certificates with openssl")
    monkeypatch.chdir(tmp_path)
    inside("init", "--json")
    (script,), (listener,) = blocks("sh"), blocks("toml")
    subprocess.run(["sh", "-ec", script], check=True, capture_output=True, timeout=WAIT_S)
    file = Path("network.toml")
    text, _, after = file.read_text().partition("[ocpp.tls]\n")
    after = after[after.index("\n[") :]
    file.write_text(text + listener.replace(":9443", ":0") + after)
    parse(file.read_bytes(), "network.toml")
    return tmp_path


@contextmanager
def typed(words):
    """A command that stays, in a process of its own, with what it has said so far."""
    process = subprocess.Popen(
        [*COMMAND, *words],
        env={**ENVIRONMENT, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def read_until(process, words):
    """Read lines up to the one with these words."""
    while words not in (line := process.stdout.readline()):
        assert line, f"it ended before it said {words!r}"


def stays_until_ctrl_c(words, wires):
    """`virtual run`: it obeys a reset, boots again, and Ctrl-C ends it well."""
    with typed(words) as process:
        read_until(process, f"connected to {wires}://")
        read_until(process, "it has booted")
        kind = "Soft" if "1.6" in words else "Immediate"
        asked = inside("station", "command", "CP1", "Reset", json.dumps({"type": kind}))
        assert json.loads(asked.stdout) == {"status": "Accepted"}
        read_until(process, "it is back and has booted")
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=WAIT_S)
    assert process.returncode == 0 and "0 messages unanswered" in said


def test_the_page_is_typed_as_it_stands(folder):
    with Up(folder):
        inside("tariff", "add", json.dumps(TARIFF))
        made = inside("station", "add", "CP1", "--owner", OWNER, "--tariff", "T1", "--json")
        inside("id-token", "put", "CARD-1", "--payer", OWNER)
        password = json.loads(made.stdout)["password"]
        for block, wires in zip(blocks("sh-up"), ("ws", "wss"), strict=True):
            for line in block.splitlines():
                words = shlex.split(line.replace("PASSWORD", password))[1:]
                if words[1] == "charge":
                    said = inside(*words, code=1).stdout
                    assert f"CP1 is connected to {wires}://" in said and NO_MONEY in said
                elif words[1] == "run":
                    stays_until_ctrl_c(words, wires)
                else:
                    inside(*words)
        bare = inside("virtual", "charge", "CP1", password, "CARD-1", "--ca", "tls/ca.pem", code=1)
        assert "must use TLS with its own client certificate" in bare.stderr


def test_what_is_missing_for_tls_is_one_sentence(tmp_path):
    inside("init", "--dir", tmp_path)
    run = {"http": "http://127.0.0.1:1", "ocpp": "ws://127.0.0.1:1"}
    (tmp_path / "run.json").write_text(json.dumps(run))
    charge = ("virtual", "charge", "CP1", "-", "CARD", "--dir", tmp_path)
    assert "--cert and --key" in inside(*charge, code=1).stderr
    ca = tmp_path / "ca.pem"
    assert f"--ca {ca}: No such file" in inside(*charge, "--ca", ca, code=1).stderr
    words = ("virtual", "charge", "CP1", "x", "CARD", "--dir", tmp_path, "--tries", 1)
    assert "--url" in inside(*words, code=1).stderr
    for wrong in ("http://house", "ws://", "wss://house:x"):
        inside(*words, "--url", wrong, code=2)
    inside(*words, "--protocol", "1.5", code=2)

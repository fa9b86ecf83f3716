"""The newcomer's page is run as it stands, command by command, so that it cannot rot."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ohmstead.adapters.chain.evm.anvil import find_anvil
from ohmstead.errors import OhmsteadError

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "start" / "README.md").read_text(encoding="utf-8")
LINES_MAX = 150
WAIT_S = 120
PORT = re.compile(r'^bind = "127\.0\.0\.1:\d+"', re.MULTILINE)


def blocks():
    return re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def newcomer(tmp_path):
    """An empty folder, and an environment in which ``ohmstead`` is this very program."""
    try:
        find_anvil()
    except OhmsteadError as absent:
        pytest.skip(str(absent))
    program = tmp_path / "bin" / "ohmstead"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m ohmstead.apps.cli.main "$@"\n')
    program.chmod(0o755)
    env = {name: text for name, text in os.environ.items() if not name.startswith("OHMSTEAD_")}
    env |= {"PATH": f"{program.parent}:{env['PATH']}", "PYTHONPATH": str(ROOT / "src")}
    folder = tmp_path / "network"
    folder.mkdir()
    return folder, env


def typed(script, folder, env):
    """What a person sees who types this; every command has to succeed."""
    command = ["bash", "-euo", "pipefail", "-c", script]
    done = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, timeout=WAIT_S, check=False
    )
    assert done.returncode == 0, (script, done.stdout, done.stderr)
    assert done.stderr == ""
    return done.stdout


def wait_for(file, process):
    deadline = time.monotonic() + WAIT_S
    while not file.exists():
        assert process.poll() is None, process.stdout.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_page_is_short_and_its_links_lead_somewhere():
    assert len(PAGE.splitlines()) < LINES_MAX
    for link in re.findall(r"\]\(([^)#:]+)\)", PAGE):
        assert (ROOT / "docs" / "start" / link).exists(), link


def test_a_newcomer_who_types_the_page_ends_with_a_receipt_that_says_proven(newcomer):
    setup, init, up, *rest = blocks()
    assert setup.split() == ["make", "setup", "export", 'PATH="$PWD/.venv/bin:$PATH"']
    folder, env = newcomer
    assert "keys/admin.key" in typed(init, folder, env)
    config = folder / "network.toml"  # the one thing that differs: the page's ports may be taken
    text, count = PORT.subn('bind = "127.0.0.1:0"', config.read_text())
    assert count == 2
    config.write_text(text)
    assert up.split() == ["ohmstead", "up"]
    house = subprocess.Popen(
        up.split(),
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        wait_for(folder / "run.json", house)
        said = typed("".join(rest), folder, env)
        house.send_signal(signal.SIGINT)
        log, _ = house.communicate(timeout=WAIT_S)
    finally:
        if house.poll() is None:
            house.kill()
            house.wait()
        house.stdout.close()
    assert house.returncode == 0
    assert log.rstrip().endswith("Stopped.")
    assert "Traceback" not in log
    assert "Every line is proven." in said
    assert "consistent" not in said
    assert "agree to the unit" in said
    listed = {file.name for file in folder.iterdir()}
    named = {name for row in re.findall(r"^\| (`.*`) \|", PAGE, re.M) for name in names_of(row)}
    assert named - {"run.json"} <= listed
    assert json.loads((folder / "receipt.json").read_bytes())["format"] == "ohmstead-receipt/1"
    offline = ["ohmstead", "verify", "receipt.json"]
    done = subprocess.run(
        offline, cwd=folder, env=env, capture_output=True, text=True, timeout=WAIT_S, check=False
    )
    assert done.returncode == 3, done.stdout


def names_of(row):
    return [name.rstrip("/") for name in re.findall(r"`([^`]+)`", row)]

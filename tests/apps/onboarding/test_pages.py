"""The pages about bringing chargers on are typed as they stand."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ohmstead.apps import config as configuration
from ohmstead.apps.onboarding.fleet_csv import COLUMNS
from ohmstead.apps.onboarding.left_csv import TOKEN_COLUMNS, TRANSACTION_COLUMNS
from tests.apps.cli.test_commands import ENVIRONMENT, OWNER, TARIFF, Up, inside
from tests.apps.onboarding.test_steve import PAYER, dump

DOCS = Path(__file__).parents[3] / "docs"
FLEET = (DOCS / "operating" / "bring-chargers-on.md").read_text(encoding="utf-8")
STEVE = (DOCS / "recipes" / "move-from-steve.md").read_text(encoding="utf-8")
ANY = (DOCS / "recipes" / "move-from-another-csms.md").read_text(encoding="utf-8")
WAIT_S = 90


def blocks(page, kind):
    return re.findall(rf"^```{kind}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


@pytest.fixture
def network(tmp_path):
    folder = tmp_path / "net"
    inside("init", "--dir", folder)
    program = tmp_path / "bin" / "ohmstead"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m ohmstead.apps.cli.main "$@"\n')
    program.chmod(0o755)
    env = ENVIRONMENT | {
        "PATH": f"{program.parent}:{ENVIRONMENT['PATH']}",
        "OHMSTEAD_DIR": str(folder),
        "HOST": OWNER,
        "PAYER": PAYER,
    }
    with Up(folder):
        inside("tariff", "add", json.dumps(TARIFF), "--dir", folder)
        yield folder, env


def typed(script, folder, env):
    command = ["bash", "-euo", "pipefail", "-c", script]
    done = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, timeout=WAIT_S, check=False
    )
    assert done.returncode == 0, (script, done.stdout, done.stderr)
    return done.stdout


def test_what_the_page_about_chargers_says_is_so(network):
    folder, env = network
    (fleet,) = blocks(FLEET, "csv")
    (folder / "fleet.csv").write_text(fleet)
    add, bring, look, change = blocks(FLEET, "sh")
    assert "wss://charge.example/ocpp/CP1\n" in typed(add, folder, env)
    said = typed(bring, folder, env)
    assert "2 would be new" in said
    assert "2 are new" in said
    typed(look, folder, env)
    assert '"password_state": "waiting"' in typed(change, folder, env)
    table = re.findall(r"^\| (`.*?`) \|", FLEET, re.MULTILINE)
    assert {name for cell in table for name in re.findall(r"`(\w+)`", cell)} >= set(COLUMNS)


def test_what_the_recipe_for_steve_says_is_so(network):
    folder, env = network
    (folder / "steve.sql").write_text(dump())
    (folder / "known.csv").write_text("id,password\nCP-2,1234\n")
    look, bring = blocks(STEVE, "sh")
    assert "would be taken over" in typed(look, folder, env)
    assert "3 id_tokens are taken over: 3 new." in typed(bring, folder, env)
    (alias,) = blocks(STEVE, "toml")
    assert configuration.parse(alias.encode(), "the recipe").ocpp.paths


def test_what_the_recipe_for_any_other_csms_says_is_so(network):
    folder, env = network
    for name, text in zip(("stations", "tokens", "open"), blocks(ANY, "csv"), strict=True):
        (folder / f"{name}.csv").write_text(text)
    (look, bring, watch), (alias,) = blocks(ANY, "sh"), blocks(ANY, "toml")
    said = typed(look, folder, env)
    assert "2 transactions under way would be taken over: 2 new." in said
    assert "The next OCPP 1.6 transaction id here: 104801." in said
    said = typed(bring, folder, env)
    assert "2 id_tokens are taken over: 2 new." in said
    assert "2 are new" in said
    said = typed(watch, folder, env)
    assert "CP-201" in said and "weak" in said
    assert "b6f0c1de-77" in said and "under way" in said
    assert configuration.parse(alias.encode(), "the recipe").ocpp.paths
    assert [set(text.splitlines()[0].split(",")) for text in blocks(ANY, "csv")[1:]] == [
        set(TOKEN_COLUMNS),
        set(TRANSACTION_COLUMNS),
    ]

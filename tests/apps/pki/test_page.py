"""docs/operating/plug-and-charge.md, as it stands: its configuration is one, its commands work."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
from pathlib import Path

import ocpp.v201
from ocpp.routing import on
from typer.testing import CliRunner

from ohmstead.apps.cli.main import app
from ohmstead.apps.config import parse
from ohmstead.apps.testpki import FOLDER
from tests.apps.api.desk import desk
from tests.apps.pki.test_contracts import authorize
from tests.apps.pki.test_revoking import with_roots
from tests.apps.stations.field import V201
from tests.flows.world import DRIVER

PAGE = (Path(__file__).parents[3] / "docs/operating/plug-and-charge.md").read_text("utf-8")


def blocks(kind):
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def lines(kind):
    return [shlex.split(line)[1:] for block in blocks(kind) for line in block.splitlines()]


def test_what_the_page_configures_is_a_configuration():
    (block,) = blocks("toml")
    assert parse(block.encode(), "plug-and-charge.md").pki.pool_url


async def test_the_page_is_typed_as_it_stands_and_the_test_contract_charges(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for words in lines("sh"):
        made = CliRunner().invoke(app, words)
        assert made.exit_code == 0, made.output
    printed = made.stdout[made.stdout.index("roots = ") :]
    config = parse(f"[pki]\n{printed}".encode(), "what test-init prints")
    fields = {name: getattr(config.pki, name) for name in ("roots", "authorities", "revocation")}

    class Station(with_roots(V201)):
        @on("TriggerMessage")
        def trigger_message(self, **_):
            return ocpp.v201.call_result.TriggerMessage(status="Accepted")

    async with desk(tmp_path, pki=fields) as it, it.field.station(V201, kind=Station) as station:
        (tmp_path / "run.json").write_text(json.dumps({"http": it.url}))
        key = it.keys["admin"][1]
        for words in lines("sh-up"):
            typed = ["S" if word == "CP1" else word for word in words]
            typed = [DRIVER if word.startswith("0x") else word for word in typed]
            done = await asyncio.to_thread(CliRunner().invoke, app, [*typed, "--key", key])
            assert done.exit_code == 0, (words, done.output, done.exception)
        chain = (tmp_path / FOLDER / "contract-chain.pem").read_text()
        field = it.field
        # The test PKI is of today, and this house's clock of a day before it.
        from ohmstead.adapters.clock import SystemClock

        field.clock.advance(SystemClock().now_ms() - field.now)
        assert await authorize(station, certificate=chain) == ("Accepted", "Accepted")


async def test_a_contract_that_is_mistyped_is_told_with_its_digit(tmp_path):
    async with desk(tmp_path) as it:
        body = {"payer": DRIVER, "type": "eMAID"}
        told = await it.admin.put("/api/v1/id-tokens/DE-ABC-C12345678-9", json=body)
        assert told.status_code == 400 and "it is 8" in told.json()["detail"]
        told = await it.admin.put("/api/v1/id-tokens/DE-ABC-C12345678-8", json=body)
        assert told.status_code == 200

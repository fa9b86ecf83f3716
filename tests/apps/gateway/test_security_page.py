"""docs/operating/security.md, as it stands: its listener is started and its commands are typed."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from ohmstead.apps.cli.client import RUN_FILE
from ohmstead.apps.config import parse
from tests.apps.cli.test_commands import OWNER, TARIFF, Up, inside, ohmstead
from tests.apps.gateway.floor import basic
from tests.apps.gateway.pki import Pki

PAGE = (Path(__file__).parents[3] / "docs/operating/security.md").read_text(encoding="utf-8")
SECRET = b"from the installer's sheet"
BOOT = {"chargePointVendor": "Maker", "chargePointModel": "Box"}


def blocks(kind):
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def commands():
    return [shlex.split(line)[1:] for block in blocks("sh-up") for line in block.splitlines()]


@pytest.fixture
def folder(tmp_path):
    """A network as the page configures it, on ports of the system's choice."""
    ohmstead("init", "--dir", tmp_path)
    file, (tls, proxies, unknown) = tmp_path / "network.toml", blocks("toml")
    text = file.read_text()
    text = text[: text.index("[ocpp]\n")] + text[text.index("[http]\n") :]
    both = proxies + unknown.removeprefix("[ocpp]\n")
    listener = tls.replace("0.0.0.0:9443", "127.0.0.1:0")
    file.write_text(f"{text}\n{both}{listener}")
    (tmp_path / "tls").mkdir()
    pki = Pki(tmp_path / "tls")
    certificate, key, _ = pki.issue("server")
    certificate.rename(tmp_path / "tls/server.crt"), key.rename(tmp_path / "tls/server.key")
    pki.revoke().rename(tmp_path / "tls/stations.crl")
    pki.ca.rename(tmp_path / "tls/stations-ca.pem")
    pki.ca = tmp_path / "tls/stations-ca.pem"
    return tmp_path, pki


def test_what_the_page_configures_is_a_configuration():
    for block in blocks("toml"):
        parse(block.encode(), "security.md")


async def boot(url, name, password, context=None):
    headers = {"Authorization": basic(name, password)}
    async with connect(
        f"{url}/ocpp/{name}",
        ssl=context,
        subprotocols=["ocpp1.6"],
        additional_headers=headers,
        proxy=None,
    ) as station:
        await station.send(json.dumps([2, name, "BootNotification", BOOT]))
        return json.loads(await asyncio.wait_for(station.recv(), 10))[2]["status"]


def test_the_page_is_typed_as_it_stands(folder, monkeypatch):
    directory, pki = folder
    monkeypatch.chdir(directory)
    (directory / "tariff.json").write_text(json.dumps(TARIFF | {"id": "standard"}))
    with Up(directory):
        run = json.loads((directory / RUN_FILE).read_bytes())
        inside("tariff", "add", "tariff.json")
        made = inside("station", "add", "CP1", "--owner", OWNER, "--tariff", "standard", "--json")
        password = json.loads(made.stdout)["password"].encode()
        for name in ("CP7", "CP8"):
            status = asyncio.run(boot(run["ocpp_tls"], name, SECRET, pki.client()))
            assert status == "Pending"
        for command in commands():
            done = inside(*command)
            if command[1] == "pending":
                assert "CP7" in done.stdout and "Maker Box" in done.stdout
        # Set to profile 2: not over the plain listener any more, and over TLS.
        with pytest.raises(InvalidStatus, match="403"):
            asyncio.run(boot(run["ocpp"], "CP1", password))
        assert asyncio.run(boot(run["ocpp_tls"], "CP1", password, pki.client())) == "Accepted"
        shown = json.loads(inside("station", "show", "CP7").stdout)
        assert shown["security_profile"] == 2  # what it came with
        with pytest.raises(InvalidStatus, match="403"):
            asyncio.run(boot(run["ocpp_tls"], "CP8", SECRET, pki.client()))


def test_a_listener_that_cannot_be_is_said_in_one_sentence(folder):
    directory, _ = folder
    (directory / "tls/server.key").unlink()
    done = ohmstead("up", "--dir", directory, "--chain", "none", code=1)
    (said,) = done.stderr.strip().splitlines()[-1:]
    assert "server.key: No such file or directory; ocpp.tls.key names it" in said

"""What docs/operating/files.md shows is typed as it stands there, and works."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

from ohmstead.apps import config as configuration
from ohmstead.apps.virtual.meter import VirtualMeter
from ohmstead.apps.virtual.station import VirtualStation
from tests.apps.api.desk import desk as served
from tests.apps.cli.test_commands import inside
from tests.apps.files.hands import HTTP
from tests.apps.gateway.pki import new_key
from tests.apps.stations.field import PASSWORD

PAGE = Path(__file__).resolve().parents[3] / "docs" / "operating" / "files.md"
TEXT = PAGE.read_text(encoding="utf-8")
REQUEST = re.compile(r"^```http\n(\w+) (\S+)\n(?:\n(.*?))?```$", re.MULTILINE | re.DOTALL)


def blocks(kind):
    return re.findall(rf"^```{kind}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def test_its_settings_are_settings():
    found = blocks("toml")
    assert len(found) == 2
    for text in found:
        configuration.parse(text.encode(), "files.md")


def test_its_links_lead_somewhere():
    for link in re.findall(r"\]\(([^)#:]+)\)", TEXT):
        assert (PAGE.parent / link).exists(), link


async def test_its_commands_and_requests_work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fw-2.4.1.bin").write_bytes(b"image")
    async with served(tmp_path, files=HTTP) as it:
        (tmp_path / "run.json").write_text(json.dumps({"http": it.url, "ocpp": "-"}))
        (tmp_path / "keys" / "admin.key").write_text(it.keys["admin"][1])
        meter = VirtualMeter(new_key("ecdsa"), "S")
        url = f"ws://127.0.0.1:{it.field.port}/ocpp"
        station = VirtualStation("S", url, PASSWORD, "2.0.1", {1: meter}, it.field.clock)
        await station.connect()
        await station.boot()
        typed = 0
        for line in "".join(blocks("sh")).splitlines():
            words = line.replace("CP1", "S").split()
            assert words[0] == "ohmstead"
            await asyncio.to_thread(inside, *words[1:])
            typed += 1
        assert typed == 5
        assert (tmp_path / "cp1.log").read_bytes().count(b"\n") == 100
        await asyncio.to_thread(inside, "station", "logs", "S", "--save", "newest.log")
        for method, path, body in REQUEST.findall(TEXT):
            payload = json.loads(body) if body else None
            answer = await it.host.request(method, path.replace("/CP1/", "/S/"), json=payload)
            assert answer.is_success, answer.text
        await station.close()

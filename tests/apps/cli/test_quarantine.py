"""What is in quarantine is shown as it came, by a command."""

from __future__ import annotations

import asyncio
import json

from ohmstead.apps.cli import quarantine
from tests.apps.cli.test_station_commands import house_with_cp1
from tests.apps.gateway.floor import basic
from tests.apps.stations.field import ask, connect

STOP = {"meterStop": 1, "timestamp": "yesterday", "transactionId": 7}


async def say(url, password, *calls):
    headers = {"Authorization": basic("CP1", bytes.fromhex(password))}
    how = {"subprotocols": ["ocpp1.6"], "additional_headers": headers, "proxy": None}
    async with connect(f"{url}/ocpp/CP1", **how) as socket:
        for number, (action, payload) in enumerate(calls):
            await ask(socket, str(number), action, payload)


def test_what_is_in_quarantine_is_shown_with_why_and_as_it_came(tmp_path):
    with house_with_cp1(tmp_path / "net") as (typed, password, url):
        nothing = typed("station", "quarantine", "CP1").stdout
        assert nothing == "Nothing of CP1 is in quarantine.\n"
        unknown = STOP | {"timestamp": "2023-11-14T22:13:20Z"}
        asyncio.run(say(url, password, ("StopTransaction", STOP), ("StopTransaction", unknown)))
        lines = typed("station", "quarantine", "CP1").stdout.splitlines()
        texts = [line.strip() for line in lines]
        assert json.dumps(STOP) in texts and json.dumps(unknown) in texts
        assert any("not an RFC 3339 time: 'yesterday'" in line for line in lines)
        heads = [line for line in lines if not line.startswith(" ")]
        assert all("  StopTransaction  " in line for line in heads) and len(heads) == 2
        assert {line.split("  ")[2] for line in heads} == {"message_refused", "unknown_transaction"}
        found = json.loads(typed("station", "quarantine", "CP1", "--json").stdout)
        assert {one["payload"] for one in found} == {json.dumps(STOP), json.dumps(unknown)}
        assert "there is no station X" in typed("station", "quarantine", "X", code=1).stderr


def test_nothing_a_station_said_moves_the_cursor():
    assert quarantine._shown("a\x9b2J\u202eb é") == "a\\u009b2J\\u202eb é"

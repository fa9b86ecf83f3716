"""A technician exchanges a meter: by the API, at a real station, and by the page it is told on."""

from __future__ import annotations

import json
import os
import re
import shlex
from pathlib import Path

import pytest

from ohmstead.core.session import SessionState
from tests.apps.api.desk import problem, walk
from tests.apps.cli.test_commands import OWNER, TARIFF, Up, inside
from tests.apps.stations.field import VERSIONS, WH
from tests.flows.world import Meter

PAGE = Path(__file__).resolve().parents[3] / "docs" / "operating" / "meter-exchange.md"
PATH = "/api/v1/stations/S/meters/exchange"
SAID = {
    "evse": 1,
    "old_final_mwh": 9_000 * WH,
    "new_initial_mwh": 0,
    "because": "calibration ended",
}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_station_goes_on_charging_after_its_meter_was_exchanged(tmp_path, version):
    async def scenario(desk):
        field = desk.field
        async with field.station(version) as station:
            before = await station.charge(4_000, begin_wh=5_000)
            field.wait(1)
            new = Meter("NEW-1", 9)
            meter = {"public_key": new.public.der_hex, "serial": "NEW-1"}
            answer = await desk.host.post(PATH, json=SAID | {"new_meter": meter})
            assert answer.status_code == 201, answer.text
            done = answer.json()
            assert (done["by"], done["because"], done["via"]) == ("host", SAID["because"], "api")
            assert done["old_key_id"] == field.meter.public.key_id
            assert done["new_key_id"] == new.public.key_id
            field.wait(1)
            field.meter = new
            after = await station.charge(3_000, begin_wh=0)
            field.wait(1)
            below = await station.charge(1_000, begin_wh=1_000)
        assert field.session(before).state is SessionState.SETTLED
        assert field.session(after).state is SessionState.SETTLED
        assert field.bill(after).tier == "soft"
        assert "begin_before_previous_end" in field.session(below).findings
        listed = (await desk.read.get(PATH + "s")).json()["items"]
        assert listed == [done]
        assert field.books_balance()

    walk(tmp_path, scenario)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_session_under_way_ends_in_review_with_both_meters_in_its_price(tmp_path, version):
    async def scenario(desk):
        field = desk.field
        async with field.station(version) as station:
            tx, _ = await station.start(wh=5_000)
            field.wait(10)
            await station.values(tx, 7_000)
            field.wait(1)
            said = SAID | {"old_final_mwh": 8_000 * WH, "new_initial_mwh": 100 * WH}
            done = (await desk.host.post(PATH, json=said)).json()
            assert done["sessions"] == [field.session(tx).id]
            shown = (await desk.host.get(f"/api/v1/sessions/{done['sessions'][0]}")).json()
            assert "meter_exchanged" in shown["findings"]
            field.wait(10)
            await station.values(tx, 1_100)
            field.wait(5)
            await station.stop(tx, 2_100)
        session = field.session(tx)
        assert session.state is SessionState.REVIEW
        assert "register_decreased" not in session.findings
        assert field.bill(tx).energy_mwh == 5_000 * WH
        assert field.books_balance()

    walk(tmp_path, scenario)


def test_what_does_not_fit_is_said_and_changes_nothing(tmp_path):
    async def scenario(desk):
        post = desk.host.post
        problem(await post(PATH, json=SAID | {"because": ""}), 400, "bad-request")
        problem(await post(PATH, json=SAID | {"new_initial_mwh": -1}), 400, "bad-request")
        why = problem(await post(PATH, json=SAID | {"evse": 9}), 409, "conflict")
        assert "no evse 9" in why["detail"]
        why = problem(await post(PATH, json=SAID | {"new_meter": {"public_key": "x"}}), 400)
        assert why["detail"].startswith("public_key: ")
        old = {"public_key": desk.field.meter.public.der_hex}
        why = problem(await post(PATH, json=SAID | {"new_meter": old}), 409)
        assert "registered before" in why["detail"]
        problem(await desk.driver.post(PATH, json=SAID), 403)
        assert (await desk.read.get(PATH + "s")).json()["items"] == []

    walk(tmp_path, scenario)


def test_the_page_is_typed_as_it_stands(tmp_path, monkeypatch):
    monkeypatch.setitem(os.environ, "KEY", Meter("NEW-1", 9).public.der_hex)
    inside("init", "--dir", tmp_path / "net")
    folder = tmp_path / "net"
    with Up(folder):
        inside("tariff", "add", json.dumps(TARIFF), "--dir", folder)
        inside("station", "add", "CP1", "--owner", OWNER, "--tariff", "T1", "--dir", folder)
        lines = re.findall(r"^ohmstead (.*)$", PAGE.read_text(), re.MULTILINE)
        assert len(lines) == 4
        said = []
        for line in lines:
            words = shlex.split(line.replace("$KEY", os.environ["KEY"]))
            said.append(inside(*words, "--dir", folder).stdout)
        assert "was exchanged at" in said[0]
        assert "Registered key" in said[1]
        assert "NEW-1" in said[2]
        assert "12345.678" in said[3] and "display dead" in said[3]
        refused = inside("meter", "exchange", "CP1", "1", "--old-final", "x", "--new-initial",
                         "0", "--because", "y", "--dir", folder, code=2)  # fmt: skip
        assert "expected kWh as the meter shows them" in " ".join(refused.stderr.split())

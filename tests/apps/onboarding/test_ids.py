"""Whatever can be registered can connect, by whichever door it came in."""

from __future__ import annotations

import pytest

from ohmstead.apps.onboarding.fleet_csv import read_fleet
from ohmstead.apps.onboarding.steve import plan_from
from tests.apps.api.desk import HOST, STATION, problem, walk
from tests.apps.onboarding.test_steve import CHOICES, ROWS, dump, tables_of
from tests.apps.stations.field import V16
from tests.apps.stations.test_newcomers import APPROVAL, APPROVE, BOOTS, SECRET, N, ask

STATIONS = "/api/v1/stations"
NAMES = ["CP:5", ":", "CP 4", "R D:M", "a|b@c+d=e*f", "...", "A" * 48]
NO_NAMES = ["a/b", "a%b", "a#b", "Säule", " CP", "CP ", "..", "A" * 49]


def path_of(name):
    """As the command line writes it; httpx would take ``...`` as it is."""
    return "".join(one if one.isalnum() else f"%{ord(one):02X}" for one in name)


async def comes_in(desk, name, password):
    async with desk.field.socket(V16, name, password) as socket:
        answer = await ask(socket, "BootNotification", BOOTS[V16])
        assert answer[2]["status"] == "Accepted"
        shown = await desk.read.get(f"{STATIONS}/{path_of(name)}")
        assert shown.status_code == 200 and shown.json()["id"] == name
        frames = (await desk.host.get(f"{STATIONS}/{path_of(name)}/frames")).json()
        assert frames["is_connected"] and "BootNotification" in frames["frames"][-2]["text"]
    problem(await desk.host.get(f"{STATIONS}/{path_of(name)}x"), 404)


def test_one_by_one(tmp_path):
    async def scenario(desk):
        for name in NAMES:
            made = await desk.host.post(STATIONS, json=STATION | {"id": name})
            assert made.status_code == 201, made.text
            await comes_in(desk, name, bytes.fromhex(made.json()["password"]))
        for name in NO_NAMES:
            refused = problem(await desk.host.post(STATIONS, json=STATION | {"id": name}), 400)
            assert "blanks only between them" in refused["detail"]

    walk(tmp_path, scenario)


def test_as_a_fleet(tmp_path):
    async def scenario(desk):
        text = "id\n" + "".join(f"{name}\n" for name in NAMES)
        body = {"csv": text, "owner": HOST, "tariff": "T"}
        done = (await desk.host.post(f"{STATIONS}/import", json=body)).json()
        for one in done["stations"]:
            await comes_in(desk, one["id"], bytes.fromhex(one["password"]))
        assert [one["id"] for one in done["stations"]] == NAMES

    walk(tmp_path, scenario)


def test_as_nobody_knew_them(tmp_path):
    async def scenario(desk):
        for name in NAMES:
            async with desk.field.socket(V16, name, SECRET) as socket:
                await ask(socket, "BootNotification", BOOTS[V16])
                url = f"{N}/{path_of(name)}/approve"
                assert (await desk.host.post(url, json=APPROVAL)).status_code == 201
            await comes_in(desk, name, SECRET)

    walk(tmp_path, scenario, ocpp=APPROVE | {"newcomers_per_hour": 100})


@pytest.mark.parametrize("name", NAMES + NO_NAMES)
def test_steves_and_a_files_are_taken_where_the_door_takes_them(tmp_path, name):
    boxes = [*ROWS["charge_box"], (9, name, "ocpp1.6J", "Accepted", None, 0, None)]
    plan = plan_from(tables_of(dump({**ROWS, "charge_box": boxes}), tmp_path), CHOICES)
    assert (name in [box.id for box in plan.boxes]) == (name in NAMES)
    assert (len(plan.problems) == 1) == (name in NO_NAMES)
    if name.strip() == name:  # a spreadsheet's cell has no blanks around it
        fleet = read_fleet(f"id\n{name}\n", HOST, "T")
        assert bool(fleet.rows) == (name in NAMES)

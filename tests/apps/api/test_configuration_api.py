"""What stations say of their configuration: read, kept without secrets, compared."""

from __future__ import annotations

import asyncio

import pytest

from ohmstead.core.device_model import Inventory
from tests.apps.api.configured import KINDS, ONE, TWO, Station16, Station201, eventually
from tests.apps.api.desk import problem, walk
from tests.apps.stations.field import PASSWORD, V16, V21, V201, VERSIONS

both = pytest.mark.parametrize("version", VERSIONS)
C = "/api/v1/stations/S/configuration"
READS = {"read_configuration": "boot"}


async def read(desk, station="S"):
    answer = await desk.host.post(f"/api/v1/stations/{station}/configuration/read")
    assert answer.status_code == 200, answer.text
    return answer.json()


def value_of(view, name):
    return next(one for one in view["variables"] if one["name"] == name)


@both
def test_a_station_is_asked_for_its_configuration_and_what_it_says_is_kept(tmp_path, version):
    async def scenario(desk):
        problem(await desk.host.get(C), 404, "not-found")
        problem(await desk.host.post(f"{C}/read"), 409, "not-connected")
        async with desk.field.station(version, kind=KINDS[version]) as station:
            said = await read(desk)
            assert said["standing"]["state"] == "no_template"
            assert said["standing"]["protocol"] == version
            assert said["standing"]["variables"] == len(station.point.values)
            one = value_of(said, ONE[version])
            assert one["value"] == station.point.values[ONE[version]]
            assert one["mutability"] == "ReadWrite"
        # It stays when the station goes, and in the store.
        kept = (await desk.read.get(C, params={"contains": ONE[version].lower()})).json()
        assert [v["name"] for v in kept["variables"]] == [ONE[version]]
        assert desk.house.store.get(Inventory, "S").protocol == version
        problem(await desk.driver.get(C), 403, "scope")

    walk(tmp_path, scenario)

"""Firmware for one station, over real sockets, in every version's words: well, and in every way
badly."""

from __future__ import annotations

import pytest

from tests.apps.api.desk import walk
from tests.apps.rollout.shed import (
    KINDS_OF_STORY,
    LOCATION,
    NEW,
    OLD,
    SIGNED,
    begun,
    unit,
    until,
    until_rollout,
)
from tests.apps.stations.field import V16, V201

every = pytest.mark.parametrize("story", KINDS_OF_STORY)


@every
def test_a_station_takes_its_firmware_and_its_boot_confirms_it(tmp_path, story):
    async def scenario(desk):
        async with unit(desk.field, story) as it:
            number = await begun(desk, story)
            request_id, location, signature = await it.offered()
            assert location == LOCATION
            assert signature == (None if story == V16 else "c2lnbmVk")
            assert (request_id is None) == (story == V16)
            await it.tell("Downloading")
            assert (await until(desk, number, "downloading"))["from_version"] == OLD
            await it.tell("Downloaded")
            await it.tell(*(() if story == V16 else ("SignatureVerified",)), "Installing")
            await until(desk, number, "installing")
            await it.boot(NEW)
            done = await until(desk, number, "confirmed")
            assert done["booted_with"] == NEW
            await it.tell("Installed")
            assert (await until_rollout(desk, number, "done"))["stations"]["updated"] == 1
            assert len(it.point.offers) == 1

    walk(tmp_path, scenario)

"""A password in a location: stations are told it, and nobody finds it in what is stored."""

from __future__ import annotations

import asyncio

import pytest

from ohmstead.apps.rollout.packages import location_of, with_sealed_locations
from ohmstead.apps.rollout.wire import without_password
from ohmstead.apps.stations.commanding.sealing import Seal
from ohmstead.core.rollout import Package, RolloutPlan, rollout_key
from ohmstead.errors import OperatorError
from ohmstead.frozen import replace
from tests.apps.api.desk import desk as running_desk
from tests.apps.api.desk import put_record
from tests.apps.rollout.shed import NEW, OLD, begun, eventually, shown, unit, until
from tests.apps.stations.field import V201
from tests.flows.test_rollouts import PLAN

SECRET = "r0llpw"
NEW_AT = f"http://u:{SECRET}@x.example/y.bin"
OLD_AT = f"https://x.example/1.bin?password={SECRET}"


def stored(folder):
    """Everything that is on disk of a house."""
    return b"".join(one.read_bytes() for one in folder.rglob("*") if one.is_file())


def test_a_station_is_told_the_password_and_the_store_is_not(tmp_path):
    async def whole():
        async with running_desk(tmp_path) as desk, unit(desk.field, V201) as it:
            firmware = {"version": NEW, "location": NEW_AT}
            previous = {"version": OLD, "location": OLD_AT}
            number = await begun(desk, firmware=firmware, previous=previous)
            assert (await it.offered())[1] == NEW_AT
            await it.tell("Installing", "InstallationFailed")
            assert (await it.offered(2))[1] == OLD_AT
            await it.update(OLD, count=2)
            await until(desk, number, "rolled_back")
            view = await shown(desk, number)
            assert view["firmware"]["location"] == "http://u@x.example/y.bin"
            assert view["previous"]["location"] == "https://x.example/1.bin?password=***"
        assert b"x.example/y.bin" in stored(tmp_path)
        assert SECRET.encode() not in stored(tmp_path)

    asyncio.run(whole())


def test_what_an_earlier_build_kept_in_the_clear_is_sealed_when_the_house_comes_up(tmp_path):
    plain = replace(PLAN, number=7, package=Package(version=NEW, location=NEW_AT))

    async def whole():
        async with running_desk(tmp_path) as desk:
            await desk.house.store.run(put_record, plain)
            clock = desk.field.clock
        assert SECRET.encode() in stored(tmp_path)
        async with running_desk(tmp_path, furnish=False, clock=clock) as desk:

            async def kept():
                return desk.house.store.get(RolloutPlan, rollout_key(7)).package

            package = await eventually(kept, lambda one: one.sealed)
            assert package.location == "http://u@x.example/y.bin"
            assert location_of(package, desk.house.queue.seal) == NEW_AT
        assert SECRET.encode() not in stored(tmp_path)

    asyncio.run(whole())


def test_a_location_without_a_secret_is_kept_as_it_is_and_sealing_twice_is_once():
    seal = Seal(b"p" * 32)
    assert with_sealed_locations(PLAN, seal) == PLAN
    secret = replace(PLAN, previous=Package(location=NEW_AT))
    once = with_sealed_locations(secret, seal)
    assert with_sealed_locations(once, seal) == once
    with pytest.raises(OperatorError, match="sealed by another house; begin another roll-out"):
        location_of(once.previous, Seal(b"q" * 32))


@pytest.mark.parametrize(
    ("location", "shown_as"),
    [
        ("ftp://me:hunter2@x.example/2", "ftp://me@x.example/2"),
        ("ftp://me:hunt@er2@x.example/2", "ftp://me@x.example/2"),
        ("http://x.example:80/a@b", "http://x.example:80/a@b"),
        ("http://x.example:80?a@b", "http://x.example:80?a@b"),
    ],
)
def test_no_part_of_a_password_is_shown(location, shown_as):
    assert without_password(location) == shown_as

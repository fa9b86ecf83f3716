"""What the commands `ohmstead replay` and `ohmstead demo` start, and how it is timed and told."""

from __future__ import annotations

import asyncio
import json

import pytest

from ohmstead.adapters.chain.evm.anvil import find_anvil
from ohmstead.adapters.clock import ScaledClock
from ohmstead.apps.replay import scenery
from ohmstead.apps.replay.casting import cast, cost_minor, parts_minor
from ohmstead.apps.replay.checks import Checks
from ohmstead.apps.replay.conductor import SLACK_MS, Conductor
from ohmstead.apps.replay.misbehaviours import MISBEHAVIOURS, Case
from ohmstead.apps.replay.options import ReplayOptions
from ohmstead.apps.replay.plan import Wishes, build
from ohmstead.apps.replay.plan_roles import MISBEHAVIOURS as PLANNED
from ohmstead.apps.replay.runner import demo_sources, run_replay
from ohmstead.apps.replay.sources import generated
from ohmstead.core.split import split
from ohmstead.errors import OhmsteadError, OperatorError

START = 1_800_000_000_000
HOUR = 3_600_000


async def test_idle_time_is_skipped_and_everybody_acts_in_order():
    clock, acted = ScaledClock(START, 1), []
    conductor = Conductor(clock)

    def actor(name, *moments):
        async def act():
            for moment in moments:
                await conductor.until(moment)
                acted.append((name, moment))
                assert moment <= clock.now_ms() <= moment + SLACK_MS + 60_000

        return act

    conductor.cast(START + HOUR, actor("a", START + 2 * HOUR, START + 500 * HOUR))
    conductor.cast(START + HOUR, actor("b", START + 3 * HOUR, START + 400 * HOUR))
    await conductor.run()
    assert acted == sorted(acted, key=lambda one: one[1])
    assert len(acted) == 4


async def test_an_actor_that_fails_ends_the_play():
    conductor = Conductor(ScaledClock(START, 1))
    ended = []

    async def fails():
        raise OperatorError("it does not work")

    async def waits():
        try:
            await conductor.until(START + 900 * HOUR)
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    conductor.cast(START, waits)
    conductor.cast(START + HOUR, fails)
    with pytest.raises(OperatorError, match="it does not work"):
        await conductor.run()
    assert ended == [True]


def test_no_check_is_no_success():
    checks = Checks()
    assert not checks.hold
    checks.add("something", [], "fine")
    assert checks.hold
    checks.add("something else", ["one", "two", "three", "four", "five"], "")
    assert not checks.hold
    assert checks.lines[-1].detail == "one; two; three and 2 more"


def test_a_case_remembers_what_differs():
    case = Case("name", "title")
    case.expect("price", 5, 5)
    case.expect("price", 5, 6)
    assert case.differences == ["price: expected 5, found 6"]


def test_every_misbehaviour_that_can_be_planned_can_be_acted():
    assert set(MISBEHAVIOURS) == set(PLANNED)


def test_what_a_misbehaviour_must_cost_is_split_as_the_core_splits():
    total = cost_minor(12_345_678)
    assert total == 12_346 * 420
    host = scenery.address_of("somebody")
    bps = {scenery.address_of(name): share for name, share in scenery.SHARES_BPS.items()}
    assert parts_minor(total, "somebody") == split(total, bps, host)


def test_the_late_driver_owes_more_than_is_left():
    wishes = Wishes(sessions=60, misbehaviours=tuple(MISBEHAVIOURS))
    dressed = cast(build([generated("seed", 120)], wishes))
    purses = {purse.driver: purse.deposit_minor for purse in dressed.purses}
    late = next(s for s in dressed.plan.sessions if s.misbehaviour == "late_offline_stop")
    assert purses[late.driver] < cost_minor(late.energy_mwh)
    assert sum(s.driver == late.driver for s in dressed.plan.sessions) == 1
    named = [s.misbehaviour for s in dressed.plan.sessions if s.misbehaviour]
    assert sorted(named) == sorted(MISBEHAVIOURS)


def test_without_the_published_data_it_says_that_the_workload_is_made_up(monkeypatch, tmp_path):
    monkeypatch.setenv("OHMSTEAD_SHARED", str(tmp_path))
    said = []
    sources, demands = demo_sources("x", said.append)
    assert [source.name for source in sources] == ["generated"]
    assert "generated workload" in said[0]
    assert demands.files == 0
    assert demands.sessions == 300


async def test_a_generated_replay_ends_well_and_says_so_as_json(capsys, tmp_path):
    try:
        find_anvil()
    except OhmsteadError as missing:
        pytest.skip(str(missing))
    any_port = "127.0.0.1:0"
    options = ReplayOptions(
        "generated", "", 5, 0, "mixed", "x", tmp_path / "new", any_port, any_port, True
    )
    assert await run_replay(options) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["holds"] is True
    assert said["sessions"] == 5
    assert said["receipts"] == 5
    assert said["checks"]


async def test_a_folder_that_holds_a_network_is_not_touched(tmp_path):
    (tmp_path / "ohmstead.db").write_bytes(b"somebody's")
    any_port = "127.0.0.1:0"
    options = ReplayOptions("generated", "", 5, 0, "mixed", "x", tmp_path, any_port, any_port, True)
    with pytest.raises(OperatorError, match="holds a network already"):
        await run_replay(options)
    assert (tmp_path / "ohmstead.db").read_bytes() == b"somebody's"

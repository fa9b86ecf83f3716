"""The demo, small: a made-up workload in which everybody who can misbehave does."""

from __future__ import annotations

import pytest

from ohmstead.adapters.chain.evm.anvil import find_anvil
from ohmstead.apps.replay.casting import cast
from ohmstead.apps.replay.checks import Demands
from ohmstead.apps.replay.misbehaviours import MISBEHAVIOURS
from ohmstead.apps.replay.plan import Wishes, build
from ohmstead.apps.replay.runner import perform
from ohmstead.apps.replay.sources import generated
from ohmstead.apps.replay.stage import Show, set_up
from ohmstead.core.ledger import Account
from ohmstead.errors import OhmsteadError
from ohmstead.frozen import replace
from ohmstead.ports import Decision

SEED = "story"
"""Chosen like any other: the same seed is the same plan."""


@pytest.fixture(autouse=True)
def _anvil():
    try:
        find_anvil()
    except OhmsteadError as missing:
        pytest.skip(str(missing))


def show(folder, sessions, misbehaviours=()):
    wishes = Wishes(sessions=sessions, seed=SEED, misbehaviours=tuple(misbehaviours))
    dressed = cast(build([generated(SEED, 2 * sessions)], wishes))
    return Show(dressed.plan, SEED, folder, dressed.purses)


def failed(done):
    return {line.what: line.detail for line in done.checks.lines if not line.holds}


async def test_every_misbehaviour_is_caught_and_the_money_comes_out_to_the_unit(tmp_path):
    demands = Demands(
        sessions=40,
        stations=10,
        payees=5,
        epochs=3,
        walk_up_bps=1_000,
        misbehaviours=10,
        both_protocols=True,
    )
    async with set_up(show(tmp_path, 40, MISBEHAVIOURS)) as stage:
        done = await perform(stage, demands, lambda note: None)
    assert failed(done) == {}
    assert done.exit_code == 0
    assert {case.name for case in done.played.cases} == set(MISBEHAVIOURS)
    assert done.figures.restarts == 1
    assert done.verified.proven > 0
    assert done.figures.proven_mwh > 0


async def test_a_unit_that_goes_missing_makes_the_demo_fail(tmp_path):
    async def steal(stage):
        await stage.house.store.run(_steal, None)

    async with set_up(show(tmp_path, 4)) as stage:
        done = await perform(stage, Demands(), lambda note: None, tamper=steal)
    assert "ledger and chain agree to the unit" in failed(done)
    assert done.exit_code == 1


def _steal(state, _command, _now_ms):
    """One unit leaves the mirror of the chain, and nobody got it."""
    [mirror] = [a for a in state.find(Account, 10_000) if a.code == "onchain"]
    return Decision(None, (replace(mirror, debits_posted=mirror.debits_posted - 1),))

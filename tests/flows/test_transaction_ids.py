"""Transaction ids of OCPP 1.6 begin again at 1, and then give no session's id to another."""

from __future__ import annotations

from ohmstead.core.session import SessionState
from ohmstead.flows.adoption import Adopt, adopt
from ohmstead.flows.charging.start import TRANSACTION_ID_MAX
from tests.flows.world import KWH, World


def test_an_id_that_a_session_of_the_station_has_is_not_given_again():
    world = World()
    world.deposit(100_000_000)
    first = world.start(0)
    world.run(adopt, Adopt((), (), TRANSACTION_ID_MAX - 1, False))
    others = []
    for _ in range(2):
        world.wait(1)
        others.append(world.start(0, evse=2))
    ids = [one.transaction_id for one in (first, *others)]
    assert ids == ["1", str(TRANSACTION_ID_MAX), "2"]
    world.wait(30)
    world.stop(first.transaction_id, 4 * KWH)
    assert world.session(first).state is not SessionState.ACTIVE
    assert [world.session(one).state for one in others] == [SessionState.ACTIVE] * 2

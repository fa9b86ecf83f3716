"""A house ends when it is told to, also in the moment in which it was given something to do."""

from __future__ import annotations

import asyncio

import pytest

from tests.apps.stations.field import running

LOOPS = {
    "jobs for stations": lambda house: (house._carry_out_jobs, house._job_event),
    "queued commands": lambda house: (house.queue.run, house.queue._event),
    "persons": lambda house: (house.persons.run, house.persons._wake),
}


@pytest.mark.parametrize("name", LOOPS)
def test_work_that_is_cancelled_in_the_moment_it_wakes_ends(tmp_path, name):
    async def scenario():
        async with running(tmp_path, furnish=False) as field:
            work, bell = LOOPS[name](field.house)
            for turns in range(5):
                task = asyncio.create_task(work())
                await asyncio.sleep(0.01)
                bell.set()
                for _ in range(turns):
                    await asyncio.sleep(0)
                task.cancel()
                done, _ = await asyncio.wait([task], timeout=10)
                assert done, f"it is still there, cancelled {turns} turns of the loop later"

    asyncio.run(scenario())

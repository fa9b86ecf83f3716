"""First-time success of each station and connector: on the status page, and in the API."""

from __future__ import annotations

import asyncio
import html
import re

import pytest

from ohmstead.adapters.clock import ManualClock
from ohmstead.adapters.store.memory import MemoryStore
from ohmstead.adapters.store.schema import TABLES
from ohmstead.adapters.store.watched import WatchedStore
from ohmstead.apps.api.attempts import worst
from ohmstead.core.attempt import AttemptHead, Moved
from ohmstead.core.attempt_day import DAY_MS, day_of
from ohmstead.core.attempt_stages import Cause
from ohmstead.core.attempt_tally import TALLY_DAYS, AttemptRank
from ohmstead.core.network import Station
from ohmstead.flows.attempts import Note, note
from ohmstead.frozen import replace
from ohmstead.ports import Decision
from tests.apps.api.desk import problem, put_record, walk
from tests.apps.stations.field import QUICK
from tests.flows.world import NOON

PLUGGED, SILENCE = (Cause.PLUGGED, 0), (Cause.SILENCE, 1)
NO_ID = (PLUGGED, SILENCE)
NOT_PLUGGED = ((Cause.AUTHORISED, 0), SILENCE)


def power(seconds):
    return (Cause.BEGUN, 0), (Cause.ENERGY, seconds)


@pytest.fixture
def attempts(tmp_path):
    """Run a story with a desk whose store is watched, as that of `ohmstead up` is."""

    def run(story):
        clock = ManualClock(NOON)
        store = WatchedStore.open(tmp_path / "ohmstead.db", TABLES, clock, QUICK)
        walk(tmp_path, story, store=store, clock=clock)

    return run


async def tried(desk, station, evse, *steps, connector=1):
    """An attempt at a connector, from its first cause to its last."""
    number = -1
    for cause, seconds in steps:
        desk.field.clock.advance(seconds * 1_000)
        moved = Moved(cause, desk.field.now, evse, connector)
        await desk.field.run(note, Note(station, moved, number=number))
        number = desk.house.store.get(AttemptHead, station).count - 1


async def some(desk):
    for steps in (power(25), power(25), power(100), NO_ID):
        await tried(desk, "S", 1, *steps)
    for steps in (NOT_PLUGGED, NOT_PLUGGED, NOT_PLUGGED, NO_ID):
        await tried(desk, "S", 2, *steps, connector=0)
    await tried(desk, "OTHER", 1, *power(5))


async def rows(desk, heading):
    """The cells of the table under a heading of the status page."""
    page = (await desk.read.get("/")).text
    table = page.split(f"<h2>{heading}</h2>")[1].split("</table>")[0]
    found = []
    for row in re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL):
        cells = re.findall(r"<td.*?>(.*?)</td>", row, re.DOTALL)
        found.append([html.unescape(re.sub(r"<.*?>", "", cell)).strip() for cell in cells])
    return [row for row in found if row]


def test_the_status_page_says_what_each_station_and_connector_did_the_worst_first(attempts):
    async def story(desk):
        assert "Charge attempts by station" not in (await desk.read.get("/")).text
        await some(desk)
        assert await rows(desk, "Charge attempts by station") == [
            ["S", "8", "37 %", "30 s", "not plugged 3"],
            ["evse 2", "4", "0 %", "–", "not plugged 3"],
            ["evse 1, connector 1", "4", "75 %", "30 s", "no id 1"],
            ["OTHER", "1", "100 %", "10 s", ""],
            ["evse 1, connector 1", "1", "100 %", "10 s", ""],
        ]
        assert await rows(desk, "Charge attempts") == [
            ["2023-11-14", "9", "44 %", "30 s", "not plugged 3, no id 2"],
        ]
        assert "Charge attempts" not in (await desk.nobody.get("/")).text

    attempts(story)


def test_the_api_says_the_same_of_all(attempts):
    async def story(desk):
        await some(desk)
        path = "/api/v1/attempts/stations"
        other, own = (await desk.read.get(path)).json()["items"]
        assert (other["station"], own["station"]) == ("OTHER", "S")
        assert own["success_bps"] == 3_750
        assert own["reasons"] == {"no_id": 2, "not_plugged": 3}
        assert [(one["evse"], one["connector"]) for one in own["connectors"]] == [(1, 1), (2, None)]
        assert own["connectors"][0]["half_within_s"] == 30
        first = (await desk.read.get(f"{path}?limit=1")).json()
        again = (await desk.read.get(f"{path}?limit=1&cursor={first['next']}")).json()
        assert [one["station"] for one in again["items"]] == ["S"]
        ranked = (await desk.read.get(f"{path}?order=worst")).json()
        assert [one["station"] for one in ranked["items"]] == ["S", "OTHER"]
        problem(await desk.read.get(f"{path}?order=worst&cursor=eA"), 400, "bad-request")
        problem(await desk.read.get(f"{path}?order=best"), 400)
        problem(await desk.driver.get(path), 403)
        # What has had no attempt for a week is of another week.
        desk.field.clock.advance((TALLY_DAYS - 1) * DAY_MS)
        await tried(desk, "OTHER", 1, *NO_ID)
        desk.field.clock.advance(DAY_MS)
        ranked = (await desk.read.get(f"{path}?order=worst")).json()["items"]
        assert [(one["station"], one["failures"]) for one in ranked] == [("OTHER", 1)]
        assert len((await desk.read.get(path)).json()["items"]) == 1
        assert [row[0] for row in await rows(desk, "Charge attempts by station")][::2] == ["OTHER"]

    attempts(story)


def test_a_station_has_one_rank_however_often_it_changes(attempts):
    async def story(desk):
        for day in range(3):
            for steps in (NO_ID, power(5), power(9)):
                await tried(desk, "S", 1, *steps)
                (rank,) = desk.house.store.find(AttemptRank, 9)
            assert rank.score == 10_000 * (2 * day + 3) // (3 * day + 5)
            desk.field.clock.advance(DAY_MS)
        retired = replace(desk.house.store.get(Station, "S"), retired_ms=1)
        await desk.field.run(put_record, retired)
        assert worst(desk.house.store, desk.field.now, 20) == []

    attempts(story)


def test_the_worst_of_many_are_found_without_looking_at_all():
    """A page view costs as much with 100,000 stations as with 50."""

    class Counted(MemoryStore):
        rows = 0

        def find(self, *asked, **where):
            found = super().find(*asked, **where)
            self.rows += len(found)
            return found

    clock = ManualClock(NOON)
    store = Counted(TABLES, clock)
    today = day_of(NOON)

    def fill(_state, _command, _now_ms):
        ranks = (AttemptRank(today - n % 9, 10_000 - n, f"ST{n}") for n in range(3_000))
        return Decision(None, tuple(ranks))

    asyncio.run(store.run(fill, None))
    worst(store, NOON, 20)
    assert store.rows <= (TALLY_DAYS + 1) * 40

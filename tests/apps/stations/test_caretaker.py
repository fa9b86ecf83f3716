"""A fleet that returns at once is looked after in turn, and a change of template is walked once."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

from ohmstead.adapters.clock import ManualClock
from ohmstead.adapters.store.memory import MemoryStore
from ohmstead.adapters.store.schema import TABLES
from ohmstead.apps.config import OcppConfig
from ohmstead.apps.stations.configuration import caretaker
from ohmstead.apps.stations.configuration.caretaker import (
    PARALLEL_MAX,
    SETTLE_MS,
    STARTS_MAX,
    Caretaker,
)
from ohmstead.apps.stations.configuration.collecting import (
    REPORTS_MAX,
    UNASKED_MAX,
    Collecting,
    Reports,
)
from ohmstead.apps.stations.peer import Presence
from ohmstead.core.device_model import CHARACTERS_MAX, VARIABLES_MAX, Inventory, Variable
from ohmstead.core.network import Evse
from ohmstead.core.network import Station as StationRecord
from ohmstead.core.standing import Stand, Standing
from ohmstead.core.template import Setting, Template
from ohmstead.flows.inventory import Reading, take_reading
from ohmstead.flows.templates import PutTemplate, Reassess, put_template, reassess, remove_template
from ohmstead.ports import Decision
from ohmstead.wire.ocpp.base import Version

FLEET = 100_000


def imitated(store=None):
    """A house whose stations are all here and ready."""
    clock = ManualClock(1_000_000)
    return SimpleNamespace(
        clock=clock,
        store=store or MemoryStore(TABLES, clock),
        gateway=SimpleNamespace(link=lambda _id: SimpleNamespace(version=Version.V16)),
        queue=SimpleNamespace(is_ready=lambda _id: True),
        stations=SimpleNamespace(presence={}, presence_of=lambda _id: Presence()),
        services=SimpleNamespace(registry=None),
        is_frozen=False,
    )


async def test_of_a_hundred_thousand_that_boot_at_once_a_few_are_asked_at_a_time(monkeypatch):
    house = imitated()
    asked, gate = [], asyncio.Event()

    async def read(_desk, _presence, station_id):
        asked.append(station_id)
        await gate.wait()

    monkeypatch.setattr(caretaker, "read", read)
    it = Caretaker(house, OcppConfig())
    for number in range(FLEET):
        it.arrived(f"S{number:06d}")
        it.booted(f"S{number:06d}")
    it._take_up()
    await asyncio.sleep(0)
    assert not asked  # they have just booted
    house.clock.advance(SETTLE_MS)
    for _ in range(20):
        before = len(asked)
        it._take_up()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert len(asked) - before <= STARTS_MAX
    assert len(asked) == PARALLEL_MAX == len(set(asked))
    gate.set()
    for _ in range(40):
        it._take_up()
        for _ in range(5):
            await asyncio.sleep(0)
    assert PARALLEL_MAX < len(asked) == len(set(asked)) <= PARALLEL_MAX + 40 * STARTS_MAX


async def test_what_is_told_of_a_station_while_it_is_looked_after_is_done_afterwards(monkeypatch):
    house = imitated()
    asked, gate = [], asyncio.Event()

    async def read(_desk, _presence, station_id):
        asked.append(station_id)
        await gate.wait()

    async def turns(it, count):
        for _ in range(count):
            it._take_up()
            for _ in range(5):
                await asyncio.sleep(0)

    monkeypatch.setattr(caretaker, "read", read)
    it = Caretaker(house, OcppConfig())
    it.booted("S")
    house.clock.advance(SETTLE_MS)
    await turns(it, 1)
    it.booted("S")  # again, before it has answered
    house.clock.advance(SETTLE_MS)
    await turns(it, 3)
    assert asked == ["S"]
    gate.set()
    await turns(it, 5)
    assert asked == ["S", "S"]


async def test_a_change_of_template_judges_each_station_once_and_keeps_nothing_else(monkeypatch):
    house = imitated()
    store = house.store
    ids = [f"S{number:03d}" for number in range(450)]
    for id_ in ids:
        vendor = "Other" if id_ == "S000" else "Vendor"
        record = StationRecord(id_, "", (Evse(1, 1),), "T", (), vendor=vendor)
        await store.run(lambda _s, one, _n: Decision(None, (one,)), record)
        variables = (Variable("Interval", "300", "ReadWrite"),)
        await store.run(take_reading, Reading(id_, "1.6", variables))
    it = Caretaker(house, OcppConfig(read_configuration="request"))
    template = Template("T", "1.6", (Setting("Interval", "60"),), vendor="Vendor")

    async def follow():
        it.templates_changed()
        it._take_up()
        await it._walk

    for _ in range(2):  # made, removed, made again
        await store.run(put_template, PutTemplate(template))
        await follow()
        assert len(store.find(Standing, 1_000, state=Stand.DRIFTED.value)) == len(ids) - 1
        await store.run(remove_template, "T")
        await follow()
        assert len(store.find(Standing, 1_000, state=Stand.NO_TEMPLATE.value)) == len(ids)
    assert not store.due_jobs(house.clock.now_ms(), 100)
    seen = await store.run(reassess, Reassess("T", tuple(ids)))
    assert seen == ()


async def test_a_reading_that_is_the_same_again_is_not_written_again():
    house = imitated()
    store = house.store
    variables = (Variable("Interval", "300", "ReadWrite"),)
    await store.run(take_reading, Reading("S", "1.6", variables))
    first = store.get(Inventory, "S")
    house.clock.advance(5_000)
    await store.run(take_reading, Reading("S", "1.6", variables))
    assert store.get(Inventory, "S") == first
    assert store.get(Standing, "S").read_ms == first.read_ms + 5_000


def test_reports_that_nobody_asked_for_have_an_end():
    reports = Reports()
    expected = reports.expect(Collecting(1, is_base=True))
    for number in range(2, 50):
        assert reports.part(number, 1, False, [], 0) is None
        assert len(reports.under_way) <= REPORTS_MAX
    assert reports.under_way[1] is expected
    taken = [reports.part(number, 0, True, [], 0) for number in range(50, 150)]
    assert len([one for one in taken if one is not None]) == UNASKED_MAX
    assert reports.part(1, 0, True, [], 0) is expected
    assert reports.part(200, 0, True, [], 60_000) is not None


def test_a_report_without_end_is_cut():
    report = Collecting(1)
    for part in range(40):
        report.add(part, False, [Variable(f"{part}.{n}", "x" * 2_500) for n in range(200)])
    assert len(report.variables) <= VARIABLES_MAX and report.dropped
    kept = sum(len(one.value) for one in report.variables.values())
    assert kept <= CHARACTERS_MAX
    assert report.add(40, True, [])

"""A roll-out of a firmware that this house keeps: each station fetches it by a URL of its own."""

from __future__ import annotations

from contextlib import AsyncExitStack

import httpx
import pytest

from ohmstead.apps.rollout.desk import NAMES_MAX
from ohmstead.core.network import Evse, Station
from ohmstead.core.session import Share
from ohmstead.frozen import replace
from ohmstead.ports import Decision
from tests.apps.api.desk import problem, walk
from tests.apps.files.hands import HTTP, Hands
from tests.apps.rollout.shed import NEW, OLD, SIGNED, begun, shown, unit, until, until_rollout
from tests.apps.stations.field import V16, V201
from tests.flows.world import HOST

CONTENT = b"firmware two" * 1_000
OF_ACME = {"content": CONTENT, "name": "acme-2", "version": NEW, "vendor": "Acme", "model": "M1"}


async def shelf(desk, stack):
    client = await stack.enter_async_context(httpx.AsyncClient(trust_env=False, timeout=20))
    return Hands(desk.field, client)


@pytest.mark.parametrize("story", [V16, SIGNED, V201])
def test_a_station_fetches_it_by_a_url_of_its_own_and_learns_who_signed_it(tmp_path, story):
    async def scenario(desk):
        async with AsyncExitStack() as stack:
            hands = await shelf(desk, stack)
            signed = {} if story == V16 else {"signature": "c2lnbmVk", "signing_certificate": "PEM"}
            kept = await hands.shelved(**OF_ACME, **signed)
            it = await stack.enter_async_context(unit(desk.field, story))
            number = await begun(desk, story, firmware={"file": "acme-2"})
            _, location, signature = await it.offered()
            assert signature == (None if story == V16 else "c2lnbmVk")
            assert (await hands.client.get(location)).content == CONTENT
            await it.update()
            await until(desk, number, "confirmed")
            firmware = (await shown(desk, number))["firmware"]
            assert (firmware["file"], firmware["version"]) == (kept.id, NEW)

    walk(tmp_path, scenario, files=HTTP)


def test_a_firmware_is_for_stations_of_its_vendor_and_model_alone(tmp_path):
    async def scenario(desk):
        async with AsyncExitStack() as stack:
            hands = await shelf(desk, stack)
            await hands.shelved(**OF_ACME | {"vendor": "Other"})
            it = await stack.enter_async_context(unit(desk.field, V16))
            number = await begun(desk, V16, firmware={"file": "acme-2"})
            skipped = await until(desk, number, "skipped")
            assert skipped["reason"] == "the firmware is for Other M1"
            assert it.point.offers == []

    walk(tmp_path, scenario, files=HTTP)


def test_a_dry_run_counts_as_the_roll_out_would_and_names_whom_it_would_skip(tmp_path):
    async def scenario(desk):
        async with AsyncExitStack() as stack:
            hands = await shelf(desk, stack)
            await hands.shelved(**OF_ACME)
            shares = (Share(HOST, 10_000, rest=True),)
            acme = Station("A", "", (Evse(1, 22_000),), "T", shares, vendor="ACME", model="M1b")
            others = [replace(acme, id=f"B{n:02d}", model="M2") for n in range(NAMES_MAX + 1)]
            has_it = replace(acme, id="C", firmware=NEW)

            def put_all(_state, _command, _now_ms):
                return Decision(None, (acme, *others, has_it))

            await desk.house.store.run(put_all, None)
            plan = {"firmware": {"file": "acme-2"}, "vendor": "acme"}
            dry = await desk.host.post("/api/v1/rollouts", json=plan | {"dry_run": True})
            found = dry.json()
            assert found["stations"] == 1
            by_reason = {one["reason"]: one for one in found["skipped"]}
            other = by_reason["the firmware is for Acme M1"]
            assert (other["count"], len(other["stations"])) == (NAMES_MAX + 1, NAMES_MAX)
            assert by_reason[f"it has {NEW} already"]["stations"] == ["C"]
            number = (await desk.host.post("/api/v1/rollouts", json=plan)).json()["number"]
            head = await until_rollout(desk, number, "running")
            assert (head["total"], head["stations"]["skipped"]) == (1, NAMES_MAX + 2)
            again = await desk.host.post("/api/v1/rollouts", json=plan | {"dry_run": True})
            assert again.json()["stations"] == 0
            assert {"reason": f"it is in roll-out {number}", "count": 1, "stations": ["A"]} in (
                again.json()["skipped"]
            )
            nobody = {"vendor": "", "stations": ["NOBODY"], "dry_run": True}
            answer = await desk.host.post("/api/v1/rollouts", json=plan | nobody)
            assert "there is no station NOBODY" in problem(answer, 400)["detail"]

    walk(tmp_path, scenario, files=HTTP)


def test_a_firmware_that_is_not_there_is_told_before_anything_begins(tmp_path):
    async def scenario(desk):
        plan = {"stations": ["S"], "firmware": {"file": "none"}}
        answer = problem(await desk.host.post("/api/v1/rollouts", json=plan), 400)
        assert "there is no firmware none" in answer["detail"]
        both = {"file": "none", "location": "https://x.example/1"}
        answer = problem(
            await desk.host.post("/api/v1/rollouts", json=plan | {"firmware": both}), 400
        )
        assert "and not both" in answer["detail"]

    walk(tmp_path, scenario, files=HTTP)


def test_it_goes_back_to_the_one_before_on_the_same_shelf(tmp_path):
    async def scenario(desk):
        async with AsyncExitStack() as stack:
            hands = await shelf(desk, stack)
            await hands.shelved(**OF_ACME)
            old = {"content": b"one" * 99, "name": "acme-1", "version": OLD}
            await hands.shelved(**OF_ACME | old)
            it = await stack.enter_async_context(unit(desk.field, V16))
            plan = {"firmware": {"file": "acme-2"}, "previous": {"file": "acme-1"}}
            number = await begun(desk, V16, **plan)
            await it.offered()
            await it.tell("Installing", "InstallationFailed")
            _, location, _ = await it.offered(2)
            assert (await hands.client.get(location)).content == b"one" * 99
            await it.update(OLD, count=2)
            await until(desk, number, "rolled_back")

    walk(tmp_path, scenario, files=HTTP)

"""Persons who do not stand alone: a card that names others' group, cards of one payer, and cards
that are put anew while a request waits."""

from __future__ import annotations

import json

import pytest

from ohmstead.core.local_list import LocalList
from ohmstead.core.network import IdToken, TokenStatus
from ohmstead.core.person import GONE
from ohmstead.core.reservation import Reservation, ReservationState, key_of
from ohmstead.frozen import replace
from tests.apps.api.desk import problem, put_record, walk
from tests.apps.api.test_local_lists_api import KINDS as LISTING
from tests.apps.api.test_local_lists_api import SYNC, card, eventually
from tests.apps.api.test_persons_api import (
    AGAIN,
    ANNA,
    FORGET,
    REPORT,
    UID,
    Station16,
    anna,
    forget,
    until_done,
)
from tests.apps.stations.field import V16, VERSIONS
from tests.flows.world import DRIVER

both = pytest.mark.parametrize("version", VERSIONS)


@both
def test_a_card_that_named_a_group_is_forgotten_and_the_group_stays_together(version, tmp_path):
    async def scenario(desk):
        store = desk.house.store
        await anna(desk)
        for uid in ("BEN-1", "CLEO-1"):
            await card(desk, uid, group=UID)
        his = ReservationState.USED
        past = Reservation(7, "S", 1, "BEN-1", DRIVER, his, 1, 2, group=UID, session_id="S-1")
        await desk.field.run(put_record, past)
        told = (await desk.admin.post(REPORT, json={"subjects": [UID]})).json()
        assert "BEN" not in json.dumps(told)  # nor any card of the group
        async with desk.field.station(version, kind=LISTING[version]) as station:
            assert (await desk.host.post(SYNC)).status_code == 200
            assert UID in json.dumps(station.point.list)
            kept, number = station.point.list, station.point.list_version
        request = (await forget(desk, UID, state="stations"))["id"]
        groups = {store.get(IdToken, uid).group for uid in ("ben-1", "cleo-1")}
        assert len(groups) == 1 and groups.pop().startswith(GONE)
        known = store.get(Reservation, key_of(7))
        assert (known.id_token, known.group) == ("BEN-1", store.get(IdToken, "ben-1").group)
        assert store.get(LocalList, "S") is None
        async with desk.field.station(version, kind=LISTING[version], boot=False) as station:
            station.point.list, station.point.list_version = kept, number
            await station.boot()
            await until_done(desk, request)
            assert sorted(station.point.list) == ["BEN-1", "CLEO-1"]
            assert UID not in json.dumps(station.point.list)
            await eventually(lambda: station.point.cleared >= 1)

    walk(tmp_path, scenario)
    assert UID.lower().encode() not in (tmp_path / "ohmstead.db").read_bytes().lower()


def test_a_long_card_is_found_as_the_short_group_that_a_list_of_1_6_has_of_it(tmp_path):
    long = "ANNAS-CARD-OF-MORE-THAN-TWENTY"

    async def scenario(desk):
        await anna(desk, long)
        await card(desk, "BEN-1", group=long)
        async with desk.field.station(V16, kind=LISTING[V16]) as station:
            assert (await desk.host.post(SYNC)).status_code == 200
            assert long[:20] in json.dumps(station.point.list)
            await forget(desk, long)
            await eventually(lambda: long[:20] not in json.dumps(station.point.list))
            assert list(station.point.list) == ["BEN-1"]

    walk(tmp_path, scenario)


def test_a_forgotten_card_is_not_written_anew_until_its_request_is_done(tmp_path):
    async def scenario(desk):
        await anna(desk)
        async with desk.field.station(V16, kind=Station16) as station:
            await station.charge(token=UID)
        request = (await forget(desk, UID, state="stations"))["id"]
        path, body = f"/api/v1/id-tokens/{UID.lower()}", {"payer": ANNA}
        refused = problem(await desk.host.put(path, json=body), 409, "being-forgotten")
        assert f"`ohmstead person show {request}`" in refused["detail"]
        adopted = {"source": "steve", "tokens": [{"uid": UID, "payer": ANNA}]}
        refused = await desk.host.post("/api/v1/adoption", json=adopted)
        assert request in problem(refused, 409, "being-forgotten")["detail"]
        await card(desk, "ANNAS-OTHER", payer=ANNA)  # only the card was to be forgotten
        async with desk.field.station(V16, kind=Station16):
            await until_done(desk, request)
        assert (await desk.host.put(path, json=body)).status_code == 200
        assert desk.house.store.get(IdToken, UID.casefold()).uid == UID.lower()

    walk(tmp_path, scenario)


def test_a_card_that_waits_to_be_forgotten_is_not_let_in_again(tmp_path):
    async def scenario(desk):
        await anna(desk)
        async with desk.field.station(V16, kind=Station16) as station:
            await station.start(UID)
            body = {"subjects": [ANNA], "when_settled": True, "leave_balance": True}
            assert (await desk.admin.post(FORGET, json=body)).json()["state"] == "waiting"
            path = f"/api/v1/id-tokens/{UID}"
            let_in = await desk.host.patch(path, json={"status": "accepted"})
            problem(let_in, 409, "being-forgotten")
            assert (await desk.host.patch(path, json={"status": "blocked"})).status_code == 200
            another = await desk.host.put("/api/v1/id-tokens/NEW", json={"payer": ANNA})
            assert "or its payer" in problem(another, 409, "being-forgotten")["detail"]

    walk(tmp_path, scenario)


def test_whoever_erases_the_last_card_of_a_payer_is_asked_about_its_money_in_that_moment(tmp_path):
    async def scenario(desk):
        store, persons = desk.house.store, desk.house.persons
        persons.recheck_s = 0.0
        await anna(desk)
        await anna(desk, "ANNAS-OTHER")
        # Both are looked at while there are two; the one that says nothing of money comes last.
        desk.house.is_frozen = True  # nothing is erased yet
        begun = await persons.forget([UID])
        other = store.get(IdToken, "annas-other")
        await desk.field.run(put_record, replace(other, payer=DRIVER))
        desk.house.is_frozen = False
        waiting = await until_done(desk, begun.id, "waiting")
        assert waiting["blocked_by"] == [
            f"100.00 tUSD of payer {ANNA} are left; pay them back, or say that they stay "
            "(leave_balance)"
        ]
        assert store.get(IdToken, UID.casefold()).uid == UID
        again = await desk.admin.post(FORGET, json={"subjects": [UID], "leave_balance": True})
        assert again.json()["id"] == begun.id  # the same request, which may do more now
        await until_done(desk, begun.id)
        assert store.get(IdToken, UID.casefold()) is None

    walk(tmp_path, scenario)


def test_a_frozen_house_tells_a_person_what_is_held_and_forgets_nobody(tmp_path):
    async def scenario(desk):
        await anna(desk)
        desk.house.is_frozen = True
        told = await desk.admin.post(REPORT, json={"subjects": [UID]})
        assert told.status_code == 200, told.text
        assert told.json()["records"]["id_tokens"][0]["uid"] == UID
        body = {"subjects": [UID], "leave_balance": True}
        plan = await desk.admin.post(FORGET, json=body | {"dry_run": True})
        assert plan.json()["erased"] == {"id_tokens": 1}
        known = await desk.admin.post("/api/v1/persons/forgotten", json={"subjects": [UID]})
        assert known.json() == {UID: []}
        problem(await desk.admin.post(FORGET, json=body), 423, "frozen")
        asked = await desk.admin.post(REPORT, json={"subjects": [UID], "stations": True})
        assert "leave `stations` out" in problem(asked, 423, "frozen")["detail"]
        problem(await desk.admin.post(AGAIN, json={"digests": ["00" * 32]}), 423, "frozen")
        assert desk.house.store.get(IdToken, UID.casefold()).status is TokenStatus.ACCEPTED

    walk(tmp_path, scenario)

"""Persons who do not stand alone: a card that names others' group, cards of one payer, and cards
that are put anew while a request waits."""

from __future__ import annotations

import json

import pytest

from ohmstead.core.local_list import LocalList
from ohmstead.core.network import IdToken
from ohmstead.core.person import GONE
from ohmstead.core.reservation import Reservation, ReservationState, key_of
from tests.apps.api.desk import put_record, walk
from tests.apps.api.test_local_lists_api import KINDS as LISTING
from tests.apps.api.test_local_lists_api import SYNC, card, eventually
from tests.apps.api.test_persons_api import REPORT, UID, anna, forget, until_done
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

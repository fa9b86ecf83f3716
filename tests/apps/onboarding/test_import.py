"""A fleet comes in as CSV: whole or not at all, once however often, each mistake by its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.apps.onboarding.fleet_csv import COLUMNS, STATIONS_MAX, read_fleet
from ohmstead.core.network import Admission, Evse, Station
from tests.apps.api.desk import HOST, problem, walk
from tests.apps.stations.field import V16

IMPORT = "/api/v1/stations/import"
FLEET = f"""id,evses,tariff,owner,name,strictness
CP-1,1:22000 2:50000:2,T,{HOST},"Market, square",strict
CP-2,,T,{HOST.upper().replace("0X", "0x")},,
"""


def mistakes(text, **given_once):
    return [(w.line, w.column, w.name) for w in read_fleet(text, **given_once).wrong]


def test_a_line_of_the_file_is_a_station():
    first, second = read_fleet(FLEET).rows
    assert first.evses == (Evse(1, 22_000), Evse(2, 50_000, "", 2))
    assert (first.name, first.lenient, first.line) == ("Market, square", False, 2)
    assert (second.owner, second.evses, second.admission) == (
        HOST,
        (Evse(1, 22_000),),
        Admission.ACCEPTED,
    )


def test_a_spreadsheets_semicolons_mark_and_line_ends_are_read():
    text = "\ufeffID;Name\r\nCP-1;Hof\r\n\r\nCP-2;Tor\r\n"
    table = read_fleet(text, HOST, "T")
    assert [(row.id, row.name, row.line) for row in table.rows] == [
        ("CP-1", "Hof", 2),
        ("CP-2", "Tor", 4),
    ]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", (1, 0, "")),
        ("name\nx\n", (1, 2, "id")),
        ("id,nmae\nCP,x\n", (1, 2, "nmae")),
        ("id,id\nCP,x\n", (1, 2, "id")),
        ("id\n", (1, 0, "")),
        ("id\na/b\n", (2, 1, "id")),
        ("name,id\nx,\n", (2, 2, "id")),
        ("id\nCP\nCP\n", (3, 1, "id")),
        ("id\nCP,x\n", (2, 2, "")),
        ("id,evses\nCP,fast\n", (2, 2, "evses")),
        ("id,evses\nCP,1:0\n", (2, 2, "evses")),
        ("id,evses\nCP,1:1 1:2\n", (2, 2, "evses")),
        ("id,evses\nCP,1:1:99\n", (2, 2, "evses")),
        ("id,evses\nCP,1:٣\n", (2, 2, "evses")),
        ("id,owner\nCP,me\n", (2, 2, "owner")),
        ("id,admission\nCP,maybe\n", (2, 2, "admission")),
        ("id,strictness\nCP,very\n", (2, 2, "strictness")),
        ("id,name\nCP," + "n" * 65 + "\n", (2, 2, "name")),
        ("id,password\nCP,p\tq\n", (2, 2, "password")),
        ('id,name\nA,x\nCP,"open\n', (3, 0, "")),
        ("id\nA\0B\n", (2, 1, "id")),
    ],
)
def test_each_mistake_is_named_by_line_and_column(text, place):
    assert place in mistakes(text, owner=HOST, tariff="T")


def test_what_is_given_neither_in_the_file_nor_once_is_missing():
    assert mistakes("id\nCP\n") == [(1, 2, "owner"), (1, 2, "tariff")]
    wrong = mistakes("id,owner\nCP,\nCP-2,\n", tariff="T")
    assert wrong == [(2, 2, "owner"), (3, 2, "owner")]  # the cell, where there is a column


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file():
    text = "id,evses,tarif,password\na/b,0:1,,short\nCP,x,,\nCP,1:1,,\nCP-2,1:1,,,,\n"
    assert mistakes(text, owner="me", tariff="T") == [
        (0, 0, "owner"),  # given once for all stations
        (1, 3, "tarif"),
        (2, 1, "id"),
        (2, 2, "evses"),
        (2, 4, "password"),
        (3, 2, "evses"),
        (4, 1, "id"),
        (5, 5, ""),
    ]


def test_a_password_shorter_than_ocpp_asks_comes_in_only_as_weak():
    text = "id,password,weak\nA,short,\nB,short,yes\nC,short,no\nD,0123456789abcdef,\n"
    assert mistakes(text, owner=HOST, tariff="T") == [(2, 2, "password"), (4, 2, "password")]
    assert mistakes(text, owner=HOST, tariff="T", weak=True) == [(4, 2, "password")]


def test_a_file_has_a_size():
    text = "id\n" + "".join(f"CP{n}\n" for n in range(STATIONS_MAX + 1))
    assert mistakes(text, owner=HOST, tariff="T") == [(STATIONS_MAX + 2, 0, "")]


@given(
    st.text()
    | st.lists(st.lists(st.sampled_from([*COLUMNS, "x", '"', "1:1", ""]))).map(
        lambda lines: "\n".join(",".join(line) for line in lines)
    )
)
def test_whatever_a_file_holds_is_rows_or_mistakes(text):
    table = read_fleet(text)
    assert table.rows or table.wrong


def test_a_fleet_is_registered_whole_and_a_repeat_changes_nothing(tmp_path):
    async def scenario(desk):
        body = {"csv": FLEET}
        dry = (await desk.host.post(IMPORT, json=body | {"dry_run": True})).json()
        assert (dry["new"], dry["same"]) == (2, 0)
        assert all(one["needs_password"] and not one["password"] for one in dry["stations"])
        assert desk.house.store.get(Station, "CP-1") is None

        done = (await desk.host.post(IMPORT, json=body)).json()
        assert [one["outcome"] for one in done["stations"]] == ["new", "new"]
        password = done["stations"][0]["password"]
        async with desk.field.socket(V16, "CP-1", bytes.fromhex(password)):
            pass
        before = desk.house.store.get(Station, "CP-1")
        again = (await desk.host.post(IMPORT, json=body)).json()
        assert (again["new"], again["same"]) == (0, 2)
        assert {one["password"] for one in again["stations"]} == {None}
        assert desk.house.store.get(Station, "CP-1") == before
        more = FLEET + f"CP-3,,T,{HOST},,\n"
        grown = (await desk.host.post(IMPORT, json={"csv": more})).json()
        assert [one["outcome"] for one in grown["stations"]] == ["same", "same", "new"]

    walk(tmp_path, scenario)


def test_one_bad_line_keeps_the_whole_file_out(tmp_path):
    async def scenario(desk):
        for line, column, name in (
            (f"CP-9,,NO,{HOST},,", 3, "tariff"),
            (f"S,,T,{HOST},,", 2, "evses"),  # registered with others
            (f"CP-9,1:x,T,{HOST},,", 2, "evses"),
        ):
            answer = await desk.host.post(IMPORT, json={"csv": FLEET + line + "\n"})
            found = problem(answer, 400, "import-refused")
            assert "nothing was imported; line 4" in found["detail"]
            assert [(e["line"], e["column"], e["name"]) for e in found["errors"]] == [
                (4, column, name)
            ]
            if line.startswith("S,"):
                assert "`ohmstead station set S --evse`" in found["errors"][0]["detail"]
        assert desk.house.store.get(Station, "CP-1") is None
        kept = {"csv": FLEET + f"S,,T,{HOST},,\n", "keep": True}
        done = (await desk.host.post(IMPORT, json=kept)).json()
        assert (done["new"], done["kept"]) == (2, 1)
        await desk.host.delete("/api/v1/stations/CP-2")
        answer = await desk.host.post(IMPORT, json={"csv": FLEET})
        assert "never used again" in problem(answer, 400)["detail"]
        several = f"CP-9,,NO,0x,,\nS,,T,{HOST},,\nCP-8,1:x,NO,{HOST},,\n"
        answer = await desk.host.post(IMPORT, json={"csv": FLEET + several})
        found = problem(answer, 400)["errors"]
        assert [(e["line"], e["column"], e["name"]) for e in found] == [
            (3, 1, "id"),  # retired
            (4, 3, "tariff"),
            (4, 4, "owner"),
            (5, 2, "evses"),
            (6, 2, "evses"),
            (6, 3, "tariff"),
        ]
        once = {"csv": "id\nCP-6\nCP-7\n", "owner": HOST, "tariff": "NO"}
        found = problem(await desk.host.post(IMPORT, json=once), 400)["errors"]
        assert [(e["line"], e["name"]) for e in found] == [(0, "tariff")]  # once, for both
        zone = {"csv": "id,time_zone\nCP-5,Moon/Sea\n", "owner": HOST, "tariff": "T"}
        assert "time_zone" in problem(await desk.host.post(IMPORT, json=zone), 400)["detail"]
        problem(await desk.read.post(IMPORT, json={"csv": FLEET}), 403)
        problem(await desk.host.post(IMPORT, content=b" " * (5 << 20)), 413)

    walk(tmp_path, scenario)


def test_a_key_that_a_station_has_already_is_taken_along_in_every_spelling(tmp_path):
    async def scenario(desk):
        key = "00AABBCCDDEEFF112233445566778899AABBCCDD"
        fleet = f"id,password\nOLD-1,{key}\nOLD-2,1234\n"
        body = {"csv": fleet, "owner": HOST, "tariff": "T", "passwords": {"OLD-1": "unused"}}
        told = problem(await desk.host.post(IMPORT, json=body), 400)["errors"]
        assert [(one["line"], one["name"]) for one in told] == [(3, "password")]
        beside = body | {"csv": "id\nOLD-3\n", "passwords": {"OLD-3": "short"}}
        told = problem(await desk.host.post(IMPORT, json=beside), 400)["errors"]
        assert [(one["line"], one["name"]) for one in told] == [(0, "passwords")]
        body["accept_weak"] = True
        done = (await desk.host.post(IMPORT, json=body)).json()
        assert [one["password"] for one in done["stations"]] == [None, None]
        for spelling in (key.encode(), key.lower().encode(), bytes.fromhex(key)):
            async with desk.field.socket(V16, "OLD-1", spelling):
                pass
        async with desk.field.socket(V16, "OLD-2", b"1234"):
            pass
        assert desk.house.store.get(Station, "OLD-2").secret_is_weak
        assert not desk.house.store.get(Station, "OLD-1").secret_is_weak
        assert (await desk.host.post(IMPORT, json=body)).json()["same"] == 2
        other = body | {"csv": fleet.replace("1234", "4321")}
        found = problem(await desk.host.post(IMPORT, json=other), 400)
        assert found["errors"][0]["name"] == "password"

    walk(tmp_path, scenario)

"""Everything the API tells of a station has a small command."""

from __future__ import annotations

import json

import pytest

from tests.apps.cli.test_commands import OWNER, TARIFF, Up, inside
from tests.apps.cli.test_station_commands import station

CARD = "CARD-1"
PROFILE = {
    "evse": 1,
    "id": 7,
    "purpose": "TxDefaultProfile",
    "stack_level": 0,
    "schedule": {
        "unit": "A",
        "start": "2023-11-14T22:00:00Z",
        "periods": [{"start_s": 0, "limit": "6.5"}],
    },
}


@pytest.fixture(scope="module")
def typed(tmp_path_factory):
    """Ways to type to a house with a station of 1.6 and one of 2.0.1, both connected."""
    folder = tmp_path_factory.mktemp("looking") / "net"
    inside("init", "--dir", folder)
    with Up(folder) as up:

        def typed(*words, code=0):
            return inside(*words, "--dir", folder, code=code)

        typed("tariff", "add", json.dumps(TARIFF))
        passwords = {}
        for name in ("CP1", "CP2"):
            made = typed("station", "add", name, "--owner", OWNER, "--tariff", "T1", "--json")
            passwords[name] = json.loads(made.stdout)["password"]
        more = ("--group", "G", "--offline-at", "*", "--expires", "2099-01-01T00:00:00Z")
        typed("id-token", "put", CARD, "--payer", OWNER, *more)
        url = up.where["ocpp"]
        with station(url, passwords["CP1"]), station(url, passwords["CP2"], "2.0.1", "CP2"):
            yield typed


both = pytest.mark.parametrize("name", ["CP1", "CP2"])


def asked(typed, *words):
    return json.loads(typed(*words).stdout)


@both
def test_attempts_events_and_payments_are_told(typed, name):
    assert typed("station", "attempts", name).stdout == f"{name}: no attempt has ended.\n"
    assert asked(typed, "station", "attempts", name, "--json")["attempts"] == []
    assert "no attempt has ended" in typed("attempts").stdout
    typed("station", "events", name)
    asked(typed, "station", "events", name, "--json")
    assert asked(typed, "station", "payments", name) == []
    wrong = typed("station", "attempts", name, "--which", "x", code=1).stderr
    assert wrong == "--which: 'x' is not one of all, failure, open, success\n"
    missing = typed("station", "report", name, "monitors", code=1).stderr
    assert "there is no report monitors" in missing


@both
def test_a_local_list_is_brought_up_to_date_and_shown(typed, name):
    assert asked(typed, "id-token", "show", CARD)["group"] == "G"
    found = asked(typed, "station", "local-list", name, "--sync")
    assert [one["uid"] for one in found["entries"]] == [CARD]
    assert asked(typed, "station", "local-list", name)["up_to_date"]


@both
def test_profiles_are_put_computed_and_cleared(typed, name):
    typed("station", "profile-put", name, json.dumps(PROFILE))
    shown = typed("station", "profiles", name).stdout
    assert "6.5" in shown
    assert asked(typed, "station", "schedule", name, "--hours", 1)["duration_s"] == 3_600
    assert "--all" in typed("station", "profile-clear", name, code=2).stderr
    typed("station", "profile-clear", name, "--id", 7)
    assert "6.5" not in typed("station", "profiles", name).stdout


@both
def test_a_reservation_of_a_card_without_money_is_refused_with_the_reason(typed, name):
    typed("station", "reserve", name, CARD, code=1)
    assert asked(typed, "station", "reservations", name, "--json") == []
    assert typed("station", "reservations", name).stdout.startswith("NUMBER")
    assert "no reservation 9" in typed("station", "unreserve", name, 9, code=1).stderr


def test_a_card_is_blocked_and_let_charge_again_without_saying_all_of_it_anew(typed):
    more = ("--group", "G", "--offline-at", "*", "--session-limit", "5000000")
    typed("id-token", "put", "LOST-1", "--payer", OWNER, *more)
    before = asked(typed, "id-token", "show", "LOST-1")
    said = typed("id-token", "block", "lost-1", "--because", "its driver lost it").stdout
    assert said == "id_token LOST-1 is blocked.\n"
    assert asked(typed, "id-token", "show", "LOST-1") == before | {"status": "blocked"}
    assert asked(typed, "id-token", "unblock", "LOST-1", "--json") == before
    said = typed("id-token", "put", "LOST-1", "--payer", OWNER, "--status", "blocked").stdout
    assert "`id-token block` keeps it there" in said
    typed("id-token", "put", "LOST-1", "--payer", OWNER, "--status", "invalid")
    assert (
        "`ohmstead id-token put` makes it new"
        in typed("id-token", "unblock", "LOST-1", code=1).stderr
    )
    assert "LOST-2" in typed("id-token", "block", "LOST-2", code=1).stderr
    assert "its driver lost it" in typed("command", "list").stdout

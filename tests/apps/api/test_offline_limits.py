"""What a stranger may cost while a station is alone: the template's limits, and who pays.

Stations that obey their own settings: 1.6 4.8 and 9.1, 2.0.1 C15, E05 and its referenced variables.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import ClassVar

import pytest

from ohmstead.core.ledger import Account
from ohmstead.core.session import SessionState
from tests.apps.api.configured import Station16, Station21, Station201, hurried
from tests.apps.api.desk import walk
from tests.apps.api.test_configuration_api import read
from tests.apps.stations.field import V16, V21, V201, VERSIONS, WH

both = pytest.mark.parametrize("version", VERSIONS)
T, C = "/api/v1/templates", "/api/v1/stations/S/configuration"
UNKNOWN, STOPS, ENERGY, OFFLINE = "unknown", "stops", "energy", "offline"
NAMES_16 = {
    OFFLINE: "LocalAuthorizeOffline",
    UNKNOWN: "AllowOfflineTxForUnknownId",
    STOPS: "StopTransactionOnInvalidId",
    ENERGY: "MaxEnergyOnInvalidId",
}
NAMES_2X = {
    OFFLINE: "AuthCtrlr.LocalAuthorizeOffline",
    UNKNOWN: "AuthCtrlr.OfflineTxForUnknownIdEnabled",
    STOPS: "TxCtrlr.StopTxOnInvalidId",
    ENERGY: "TxCtrlr.MaxEnergyOnInvalidId",
}
NAMES = {V16: NAMES_16, V201: NAMES_2X, V21: NAMES_2X}
AS_BUILT = {OFFLINE: "false", UNKNOWN: "true", STOPS: "false", ENERGY: "50000"}
NOTHING = {OFFLINE: "true", UNKNOWN: "false", STOPS: "true", ENERGY: "0"}
LITTLE = {OFFLINE: "true", UNKNOWN: "true", STOPS: "true", ENERGY: "500"}
AT_ONCE = LITTLE | {ENERGY: "0"}
INVALID = {V16: "Invalid", V201: "Unknown", V21: "Unknown"}


def built(version):
    return {NAMES[version][name]: value for name, value in AS_BUILT.items()}


class Limited16(Station16):
    factory: ClassVar = Station16.factory | built(V16)


class Limited201(Station201):
    factory: ClassVar = Station201.factory | built(V201)


class Limited21(Station21):
    factory: ClassVar = Station21.factory | built(V21)


KINDS = {V16: Limited16, V201: Limited201, V21: Limited21}


PAGE = Path(__file__).resolve().parents[3] / "docs" / "operating" / "local-lists.md"


def test_the_page_for_operators_recommends_what_is_tried_here():
    text = PAGE.read_text(encoding="utf-8")
    (body,) = re.findall(r"^PUT /api/v1/templates/\S+\n\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert json.loads(body)["settings"] == {NAMES_16[name]: NOTHING[name] for name in NAMES_16}
    for name, value in NOTHING.items():
        row = f"| `{NAMES_16[name]}` | `{NAMES_2X[name]}` | `{value}`"
        assert row in text, row


@pytest.fixture(autouse=True)
def _hurry(monkeypatch):
    hurried(monkeypatch)


def is_let_in_alone(version, values, card, known=()):
    """Whether a station that is set so begins by itself."""
    name = NAMES[version]
    if card in known:
        return values[name[OFFLINE]] == "true"
    return values[name[UNKNOWN]] == "true"


def wh_after_refusal(version, values, wanted):
    """What it still delivers when it has learnt that the id_token is refused."""
    name = NAMES[version]
    left = int(values[name[ENERGY]])
    return min(wanted, left) if left else 0


async def limit(desk, version, limits):
    """A template for every station of the model, and the station as it says."""
    settings = {NAMES[version][name]: value for name, value in limits.items()}
    words = "1.6" if version == V16 else "2.x"
    body = {"ocpp": words, "settings": settings, "vendor": "Vend*"}
    answer = await desk.host.put(f"{T}/offline", json=body)
    assert answer.status_code == 200, answer.text
    return settings


async def repaired(desk):
    fixed = (await desk.host.post(f"{C}/repair")).json()
    assert fixed["state"] == "as_wanted", fixed


@both
def test_a_template_gives_strangers_nothing_and_puts_it_right_again(tmp_path, version):
    async def scenario(desk):
        settings = await limit(desk, version, NOTHING)
        async with desk.field.station(version, kind=KINDS[version]) as station:
            values = station.point.values
            said = (await read(desk))["standing"]
            assert {one["name"] for one in said["drift"]} == set(settings)
            assert is_let_in_alone(version, values, "STRANGER")
            await repaired(desk)
            assert {name: values[name] for name in settings} == settings
            assert not is_let_in_alone(version, values, "STRANGER")
            assert is_let_in_alone(version, values, "CARD", ("CARD",))
            # An installer turns it on again to try the charger.
            values[NAMES[version][UNKNOWN]] = "true"
            (drift,) = (await read(desk))["standing"]["drift"]
            assert (drift["name"], drift["found"]) == (NAMES[version][UNKNOWN], "true")
            await repaired(desk)
            assert not is_let_in_alone(version, values, "STRANGER")

    walk(tmp_path, scenario)


async def limited_station(desk, version, limits):
    """Push the limits to the station, and return how it is set when it loses us."""
    await limit(desk, version, limits)
    async with desk.field.station(version, kind=KINDS[version]) as station:
        await read(desk)
        await repaired(desk)
        return dict(station.point.values)


@both
@pytest.mark.parametrize(
    ("limits", "wh", "signed", "state", "findings"),
    [
        (LITTLE, 2_500, True, SessionState.OWED, ()),
        (AT_ONCE, 2_000, False, SessionState.REVIEW, ("signature_missing", "stop_not_approved")),
    ],
)
def test_what_a_stranger_drew_alone_is_limited_and_on_nobodys_money(
    tmp_path, version, limits, wh, signed, state, findings
):
    async def scenario(desk):
        field = desk.field
        values = await limited_station(desk, version, limits)
        assert is_let_in_alone(version, values, "STRANGER")
        before = set(field.accounts())
        began = field.now

        def record(kind, wh):
            return field.meter.sign((field.now, kind, wh * WH)) if signed else None

        first = record("B", 0)
        field.wait(30)  # in which 2 kWh were drawn
        async with field.station(version, kind=KINDS[version]) as station:
            how = {"at_ms": began, "record": first, "offline": True}
            tx, status = await station.start("STRANGER", 0, **how)
            assert status == INVALID[version]
            session = field.session(tx)
            assert (session.state, session.payer) == (SessionState.UNFUNDED, "")
            assert session.offline_start and session.holds == 0
            # It stops by its own setting: at once, or after what it may give one who is refused.
            assert 2_000 + wh_after_refusal(version, values, 40_000) == wh
            how = {"token": None, "record": record("E", wh), "reason": "DeAuthorized"}
            for _ in range(2):
                await station.stop(tx, wh, **how, **({} if version == V16 else {"seq": 1}))
        session = field.session(tx)
        assert (session.state, session.payer, session.findings) == (state, "", findings)
        assert field.bill(tx).energy_mwh == wh * WH
        # Receivable of nobody, paid to nobody: no driver's and no payee's account has moved.
        moved = {one.code: one.debits_posted for one in set(field.accounts()) - before}
        assert set(moved) == ({"escrow", "receivable", "uncollected"} if signed else set())
        assert field.store.get(Account, "receivable:nobody@tUSD") is not None or not signed
        assert field.books_balance() and field.quarantine() == []
        shown = (await desk.host.get(f"/api/v1/sessions/{session.id}")).json()
        assert (shown["id_token"], shown["state"]) == ("STRANGER", state.value)

    walk(tmp_path, scenario)


@both
def test_what_a_blocked_card_drew_alone_is_owed_by_nobody(tmp_path, version):
    """Its local list was an old one; whoever blocked the card did not charge."""

    async def scenario(desk):
        field = desk.field
        values = await limited_station(desk, version, NOTHING)
        assert is_let_in_alone(version, values, "LOST", known=("LOST",))
        began, first = field.now, field.meter.sign((field.now, "B", 0))
        field.wait(30)
        async with field.station(version, kind=KINDS[version]) as station:
            how = {"at_ms": began, "record": first, "offline": True}
            tx, status = await station.start("LOST", 0, **how)
            assert status == "Blocked"
            record = field.meter.sign((field.now, "E", 2_000 * WH))
            await station.stop(tx, 2_000, token=None, record=record, reason="DeAuthorized")
        session = field.session(tx)
        assert (session.state, session.payer, session.findings) == (SessionState.OWED, "", ())
        assert field.books_balance()

    walk(tmp_path, scenario)

"""Sessions that no meter proves, over real sockets: which settle, and which wait for a person."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ohmstead.core.attempt import Attempt
from ohmstead.core.session import SessionState
from ohmstead.wire.ocpp import v16, v21, v201
from tests.apps.stations.field import V16, V21, V201, VERSIONS, iso, running, values_201
from tests.flows.world import DRIVER, KWH

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operating" / "unproven-sessions.md"
REASONS = {V16: v16.Reason, V201: v201.ReasonEnumType, V21: v21.ReasonEnumType}
SETTLED, REVIEW, VOID = SessionState.SETTLED, SessionState.REVIEW, SessionState.VOID
FULL = 100_000_000
newer = pytest.mark.parametrize("version", [V201, V21])


def documented():
    """What the page for operators says of each reason; None is an absent one."""
    rows = re.findall(
        r"^\| (absent|`\w+`) \| (settles|waits) \|", PAGE.read_text("utf-8"), re.MULTILINE
    )
    return {None if name == "absent" else name.strip("`"): word for name, word in rows}


def test_every_reason_of_every_version_is_documented_and_no_other():
    known = {reason.value for reasons in REASONS.values() for reason in reasons}
    assert set(documented()) == known | {None}


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_session_ends_by_each_reason_as_operators_are_told(version, tmp_path):
    words = documented()
    at_wh = 0
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        for reason in (None, *(reason.value for reason in REASONS[version])):
            tx, _ = await station.start(wh=at_wh)
            field.wait(30)
            at_wh += 1_000
            await station.stop(tx, at_wh, reason=reason, token=None)
            session = field.session(tx)
            if words[reason] == "settles":
                assert (session.state, session.findings) == (SETTLED, ()), reason
                assert field.bill(tx).total_minor == 500_000
            else:
                assert (session.state, session.findings) == (REVIEW, ("stop_not_approved",)), reason
            field.wait(1)
        assert field.books_balance()


@pytest.mark.parametrize("version", VERSIONS)
async def test_whatever_the_reason_who_pays_nothing_is_asked_nothing(version, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        for reason in REASONS[version]:
            tx, _ = await station.start(wh=1_000)
            field.wait(2)
            await station.stop(tx, 1_000, reason=reason.value, token=None)
            assert field.session(tx).state is VOID, reason
        assert field.balance(f"payer:{DRIVER}") == FULL and field.books_balance()


async def at_card(station, tx="TX-1", token="CARD"):
    """A card is shown before any cable is in: neither an evse nor a register."""
    await station.say(station.start_of(token, None, tx=tx, evse=None))


async def plugged(station, tx, evse, wh):
    """The cable is in, and the station reads that evse's meter."""
    event = station.values_of(tx, wh, context="Begin", evse=evse)
    await station.say(event)


@newer
async def test_a_card_shown_before_the_cable_begins_where_the_cable_goes(version, tmp_path):
    """S has two evses, and a meter that signs at the first: what is charged at the second is none
    of it."""
    async with running(tmp_path) as field, field.station(version) as station:
        await at_card(station)
        assert (field.session("TX-1").evse_id, field.session("TX-1").meter_key_id) == (0, "")
        field.wait(1)
        await plugged(station, "TX-1", 2, 7_000)
        field.wait(15)
        await station.values("TX-1", 9_000)
        field.wait(15)
        await station.stop("TX-1", 11_000, reason="StoppedByEV", token=None)
        session, bill = field.session("TX-1"), field.bill("TX-1")
        assert (session.state, session.findings, session.evse_id) == (SETTLED, (), 2)
        assert (bill.tier, bill.begin_mwh, bill.energy_mwh) == ("none", 7 * KWH, 4 * KWH)
        assert field.books_balance()


@newer
async def test_two_cards_shown_one_after_the_other_are_told_apart_by_their_cables(
    version, tmp_path
):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        await at_card(station, "TX-1")
        await at_card(station, "TX-2")
        await plugged(station, "TX-2", 1, 0)
        await plugged(station, "TX-1", 2, 50_000)
        field.wait(30)
        await station.stop("TX-1", 51_000)
        await station.stop("TX-2", 2_000)
        assert [field.session(tx).findings for tx in ("TX-1", "TX-2")] == [(), ()]
        assert [field.bill(tx).energy_mwh for tx in ("TX-1", "TX-2")] == [KWH, 2 * KWH]


@newer
async def test_a_begin_that_came_before_its_started_is_heard_with_it(version, tmp_path):
    """Behaviour 8: out of order; what is kept is what counts."""
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        await plugged_first(field, station)
        field.wait(30)
        await station.stop("TX-1", 11_000, seq=2)
        assert (field.session("TX-1").state, field.session("TX-1").evse_id) == (SETTLED, 2)
        assert field.bill("TX-1").energy_mwh == 4 * KWH


async def plugged_first(field, station):
    await station.say(station.values_of("TX-1", 7_000, context="Begin", evse=2, seq=1))
    await station.say(station.start_of("CARD", None, tx="TX-1", evse=None, seq=0))


@newer
async def test_who_shows_a_card_and_leaves_pays_nothing_and_keeps_nobody_busy(version, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        await at_card(station)
        assert field.balance(f"payer:{DRIVER}") < FULL
        field.wait(2)
        await station.stop("TX-1", None, reason="Timeout", token=None)
        assert (field.session("TX-1").state, field.session("TX-1").findings) == (VOID, ())
        assert field.balance(f"payer:{DRIVER}") == FULL and field.books_balance()


@newer
async def test_a_begin_in_the_message_of_the_end_is_no_end(version, tmp_path):
    """An end without its own register would else cost nothing, whatever was charged."""
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        await at_card(station)
        await plugged(station, "TX-1", 2, 7_000)
        field.wait(30)
        end = station.event("Ended", "TX-1", 7_000, field.now, "CARD", context="Begin")
        await station.say(end)
        assert field.session("TX-1").state is REVIEW
        assert "end_missing" in field.session("TX-1").findings


@newer
async def test_begin_and_end_may_come_in_one_message(version, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        await at_card(station)
        begun_ms = field.now
        field.wait(30)
        end = station.stop_of("TX-1", 11_000, reason="Local", evse=2)
        end.meter_value = [*values_201(7_000, begun_ms, context="Begin"), *end.meter_value]
        assert end.meter_value[0]["timestamp"] == iso(begun_ms)
        await station.say(end)
        assert field.session("TX-1").state is SETTLED
        assert field.bill("TX-1").energy_mwh == 4 * KWH


@newer
async def test_the_attempt_of_a_card_shown_first_learns_where_it_was(version, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        await at_card(station)
        await plugged(station, "TX-1", 2, 7_000)
        attempts = field.store.find(Attempt, 10)
        assert [(one.evse_id, one.session_id) for one in attempts] == [
            (2, field.session("TX-1").id)
        ]

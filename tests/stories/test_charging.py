"""From the charger's socket to settled money: what a driver, a host and a treasury see."""

from __future__ import annotations

import json

import pytest

from ohmstead.core.session import SessionState
from ohmstead.flows.charging.review import Collect, Resolve, collect, resolve
from tests.apps.gateway.floor import until
from tests.apps.stations.field import (
    POOR,
    V16,
    V201,
    VERSIONS,
    iso,
    payload_of,
    running,
)
from tests.flows.world import DRIVER, HOST, KWH, MINUTE, TREASURY, WALLET, Meter

both = pytest.mark.parametrize("version", VERSIONS)
FULL = 100_000_000
SETTLED, REVIEW, ACTIVE = SessionState.SETTLED, SessionState.REVIEW, SessionState.ACTIVE


@both
async def test_a_signed_session_is_proven_priced_and_split(version, tmp_path):
    async with running(tmp_path) as field, field.station(version) as station:
        assert await station.authorize("card") == "Accepted"
        tx = await station.charge(wh=4_000)
        session, bill = field.session(tx), field.bill(tx)
        assert (session.state, session.findings) == (SETTLED, ())
        assert (bill.tier, bill.energy_mwh, bill.total_minor) == ("soft", 4 * KWH, 2_000_000)
        assert field.balance(f"payee:{TREASURY}") == 400_000
        assert field.balance(f"payee:{HOST}") == 1_600_000
        assert field.balance(f"payer:{DRIVER}") == FULL - 2_000_000
        assert field.books_balance()


@both
async def test_an_unsigned_session_settles_as_unproven(version, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        tx = await station.charge(signed=False)
        assert field.session(tx).state is SETTLED
        assert field.bill(tx).tier == "none" and field.bill(tx).total_minor == 2_000_000


@both
async def test_an_unsigned_session_that_its_driver_did_not_end_waits_for_a_person(
    version, tmp_path
):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        tx, _ = await station.start()
        field.wait(30)
        await station.stop(tx, 4_000, reason="PowerLoss")
        session = field.session(tx)
        assert session.state is REVIEW and "stop_not_approved" in session.findings
        await field.run(resolve, Resolve(session.id, pay=False))
        assert field.balance(f"payer:{DRIVER}") == FULL and field.books_balance()


@both
async def test_a_walk_up_wallets_lock_is_released_with_its_cost(version, tmp_path):
    async with running(tmp_path) as field, field.station(version) as station:
        token = await field.lock(5_000_000)
        tx = await station.charge(token=token)
        assert field.session(tx).state is SETTLED
        jobs = field.store.due_jobs(field.now, 10)
        assert [(job.kind, job.payload) for job in jobs] == [
            ("release_lock", {"lock": "0xl0c4", "cost": "2000000"})
        ]
        word = (await station.start(token))[1]
        assert word == "ConcurrentTx"  # one lock, one session
        assert field.balance(f"payer:{WALLET}") == 0 and field.books_balance()


@both
async def test_nothing_delivered_costs_nothing(version, tmp_path):
    async with running(tmp_path) as field, field.station(version) as station:
        tx = await station.charge(wh=0)
        assert field.session(tx).state is SessionState.VOID
        assert field.balance(f"payer:{DRIVER}") == FULL and field.books_balance()


# Who may charge.

WORDS = {
    "NOBODY": ("Invalid", "Unknown"),
    "LOST": ("Blocked", "Blocked"),
    "OLD": ("Expired", "Expired"),
    "POOR": ("Blocked", "NoCredit"),
}


@both
@pytest.mark.parametrize("token", WORDS)
async def test_who_may_not_charge_is_told_so_and_what_is_delivered_all_the_same_is_kept(
    token, version, tmp_path
):
    word = WORDS[token][version != V16]
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        assert await station.authorize(token) == word
        tx, told = await station.start(token)
        assert told == word and field.session(tx).state is SessionState.UNFUNDED
        field.wait(30)
        await station.stop(tx, 4_000, token=token)
        assert field.session(tx).state is SessionState.OWED
        assert field.bill(tx).total_minor == 2_000_000 and field.bill(tx).covered_minor == 0
        assert field.balance(f"payee:{HOST}") == 0 and field.books_balance()


@both
async def test_an_owed_session_is_collected_when_its_payer_has_money(version, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        tx = await station.charge(token="POOR", signed=False)
        await field.deposit(2_000_000, POOR)
        assert await field.run(collect, Collect(field.session(tx).id))
        assert field.session(tx).state is SETTLED
        assert field.balance(f"payee:{HOST}") == 1_600_000 and field.books_balance()


@both
async def test_a_cost_that_reaches_the_hold_stops_the_session(version, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        await field.deposit(1_500_000, POOR)
        tx, word = await station.start("POOR")
        assert word == "Accepted" and field.balance(f"payer:{POOR}") == 0
        field.wait(8)
        await station.values(tx, 2_900)
        assert "stopped_at_hold" in field.session(tx).findings
        # The ocpp package's plain charge point knows no remote stop, and a refusal is an answer.
        await until(lambda: not field.store.due_jobs(field.now + 10**9, 9))
        field.wait(1)
        await station.stop(tx, 3_200, token="POOR", reason="Remote")
        bill = field.bill(tx)
        assert (bill.total_minor, bill.covered_minor) == (1_600_000, 1_500_000)
        assert field.session(tx).state is SETTLED
        assert field.balance(f"payee:{HOST}") == 1_200_000 and field.books_balance()


@both
async def test_a_long_session_of_a_driver_with_money_is_held_for_further(version, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        tx, _ = await station.start()
        for wh in (10_000, 19_500, 30_000):
            field.wait(30)
            await station.values(tx, wh)
        assert field.session(tx).holds == 2
        await station.stop(tx, 30_000)
        assert field.session(tx).state is SETTLED
        assert field.balance(f"payer:{DRIVER}") == FULL - 15_000_000 and field.books_balance()


@both
async def test_a_stop_after_its_hold_has_expired_is_owed_and_not_given_away(version, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        tx, _ = await station.start()
        ended = field.now + 30 * MINUTE
        field.clock.advance(field.session(tx).hold_expires_ms - field.now)
        await station.stop(tx, 4_000, at_ms=ended)
        session = field.session(tx)
        assert session.state is SessionState.OWED and "hold_expired" in session.findings
        assert field.balance(f"payer:{DRIVER}") == FULL
        assert await field.run(collect, Collect(session.id))
        assert field.balance(f"payer:{DRIVER}") == FULL - 2_000_000 and field.books_balance()


# Stops that disagree.


@both
async def test_a_contradicting_stop_is_answered_and_freezes_the_money(version, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        tx = await station.charge(signed=False)
        await station.stop(tx, 3_000)
        session = field.session(tx)
        assert session.state is SessionState.CONTESTED
        assert "contradicting_stop" in field.quarantine()
        assert field.balance(f"payee:{HOST}") == 0 and field.books_balance()
        await station.stop(tx, 2_000)  # a third opinion changes nothing but is kept
        assert field.session(tx).state is SessionState.CONTESTED
        assert len(field.kept()) == 2
        await field.run(resolve, Resolve(session.id, pay=False))
        assert field.balance(f"payer:{DRIVER}") == FULL and field.books_balance()


@both
async def test_a_stop_before_its_start_by_the_clock_goes_to_review(version, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        tx, _ = await station.start()
        await station.stop(tx, 4_000, at_ms=field.now - MINUTE)
        session = field.session(tx)
        assert session.state is REVIEW and "time_not_monotone" in session.findings
        assert field.books_balance()


# Values no meter counts.


@both
@pytest.mark.parametrize(
    ("begin", "end", "finding"),
    [
        (0, -1, "negative_value"),
        (-5_000, 0, "negative_value"),
        (5_000, 1_000, "register_decreased"),
        (0, 10**9, "energy_above_rated"),
    ],
)
async def test_a_register_that_cannot_be_goes_to_review(begin, end, finding, version, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        tx, _ = await station.start(wh=begin)
        field.wait(30)
        await station.stop(tx, end)
        session = field.session(tx)
        assert session.state is REVIEW and finding in session.findings
        assert field.balance(f"payee:{HOST}") == 0 and field.books_balance()


@both
@pytest.mark.parametrize("which", ["start", "stop", "both"])
async def test_a_register_beyond_what_any_meter_counts_is_kept_and_reviewed(
    which, version, tmp_path
):
    huge = 2**63 - 1  # the most an OCPP integer of ours may be; 9 EWh
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        tx, word = await station.start(wh=huge if which != "stop" else 0)
        assert word == "Accepted"
        field.wait(30)
        await station.stop(tx, huge if which != "start" else 4_000)
        session = field.session(tx)
        assert session.state is REVIEW
        assert {"begin_missing", "end_missing"} & set(session.findings)
        assert field.books_balance()
        if which != "start":
            assert "value_unreadable" in field.quarantine()
            assert any(str(huge) in kept.payload for kept in field.kept())


@pytest.mark.parametrize(
    "value",
    [
        "NaN",
        "inf",
        "-Infinity",
        "1e400000",
        str(2**70),
        "",
        "4 kWh",
        "0x10",
        "1_000",
        "٣",
        "9" * 60,
    ],
)
async def test_a_1_6_value_that_is_no_number_is_kept_and_bills_nothing(value, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(V16) as station:
        tx, _ = await station.start()
        field.wait(10)
        message = station.values_of(tx, 0)
        message.meter_value[0]["sampledValue"][0]["value"] = value
        await station.say(message, skip_schema_validation=True)
        assert field.samples(tx) == [] and field.quarantine() == ["value_unreadable"]
        assert (
            json.dumps(value)[1:-1] in field.kept()[0].payload or value in field.kept()[0].payload
        )
        field.wait(20)
        await station.stop(tx, 4_000)
        session = field.session(tx)
        assert session.state is SETTLED and session.findings == ("value_unreadable",)
        assert field.bill(tx).energy_mwh == 4 * KWH


@pytest.mark.parametrize("value", ["1e400000", str(2**200), '"4000 Wh"', '"NaN"', "null"])
async def test_a_2_0_1_value_that_is_no_number_is_refused_with_its_place(value, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(V201) as station:
        tx, _ = await station.start()
        field.wait(30)
        text = json.dumps(payload_of(station.stop_of(tx, 4_000))).replace("4000", value)
        reply = await station.send("TransactionEvent", text)
        assert reply[0] == 4 and reply[2].endswith("Violation"), reply
        assert field.session(tx).state is ACTIVE  # the station keeps its stop, or sends it mended
        await station.stop(tx, 4_000)
        assert field.session(tx).state is SETTLED


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "4_000", "04000", "0x10"])
async def test_a_number_that_is_no_json_loses_neither_socket_nor_stop(value, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(V201) as station:
        tx, _ = await station.start()
        field.wait(30)
        text = json.dumps(payload_of(station.stop_of(tx, 4_000))).replace("4000", value)
        await station.socket.send(f'[2,"m","TransactionEvent",{text}]')
        answer = await station.point._get_specific_response("-1", 10)
        assert answer.error_code == "RpcFrameworkError"
        await station.stop(tx, 4_000)
        assert field.session(tx).state is SETTLED


@pytest.mark.parametrize("value", [2**62, 1e22, 10**27])
async def test_a_2_0_1_stop_beyond_what_any_meter_counts_is_kept_and_reviewed(value, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(V201) as station:
        tx, _ = await station.start()
        field.wait(30)
        payload = payload_of(station.stop_of(tx, value))
        assert (await station.send("TransactionEvent", payload))[0] == 3
        session = field.session(tx)
        assert session.state is REVIEW
        assert {"value_unreadable", "end_missing"} <= set(session.findings)
        assert field.quarantine() == ["value_unreadable"] and field.books_balance()


@pytest.mark.parametrize(
    ("sample", "mwh"),
    [
        ({"value": 1.5, "unitOfMeasure": {"unit": "kWh"}}, 1_500_000),
        ({"value": 1500}, 1_500_000),
        ({"value": 1.5, "unitOfMeasure": {"unit": "Wh", "multiplier": 3}}, 1_500_000),
        ({"value": 1500.0009}, 1_500_000),
        ({"value": 1.5e3, "measurand": "Energy.Active.Import.Register"}, 1_500_000),
        ({"value": 1500, "measurand": "Power.Active.Import"}, None),
        ({"value": 1500, "phase": "L1"}, None),
        ({"value": 1500, "location": "EV"}, None),
        ({"value": 1500, "unitOfMeasure": {"unit": "varh"}}, None),
        ({"value": 1500, "unitOfMeasure": {"unit": "Wh", "multiplier": 400_000}}, None),
    ],
)
async def test_only_the_outlets_energy_register_counts_in_whole_mwh(sample, mwh, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(V201) as station:
        tx, _ = await station.start()
        field.wait(30)
        payload = payload_of(station.values_of(tx, 0))
        payload["meterValue"] = [{"timestamp": iso(field.now), "sampledValue": [sample]}]
        assert (await station.send("TransactionEvent", payload))[0] == 3
        assert [value for _, value in field.samples(tx)] == ([mwh] if mwh else [])


# Signatures nobody can check.


@both
async def test_what_we_cannot_check_proves_nothing_and_accuses_nobody(version, tmp_path):
    """An EDL signature of another format: the session is unproven, and settles as such."""
    async with running(tmp_path) as field, field.station(version) as station:
        tx, _ = await station.start()
        field.wait(30)
        await station.stop(tx, 4_000, record=b"<signedMeterValue>EDL</signedMeterValue>")
        session = field.session(tx)
        assert session.state is SETTLED and "unsupported_format" in session.findings
        assert field.bill(tx).tier == "none"
        assert "unsupported_format" in field.quarantine()


@both
async def test_a_meter_nobody_registered_is_a_question(version, tmp_path):
    stranger = Meter("STRANGER", 8)
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        tx, _ = await station.start(record=stranger.sign((field.now, "B", 0)))
        field.wait(30)
        await station.stop(tx, 4_000, record=stranger.sign((field.now, "E", 4 * KWH)))
        session = field.session(tx)
        assert session.state is REVIEW and "unknown_meter" in session.findings
        assert field.quarantine() == ["unknown_meter"] * 2
        assert field.signed() == []


# 2.0.1: the cable first, the card second; what it costs meanwhile.


async def test_a_card_shown_after_the_start_pays_for_the_session(tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(V201) as station:
        tx, word = await station.start(token=None)
        assert word is None and field.session(tx).state is SessionState.UNFUNDED
        field.wait(1)
        answer = await station.values(tx, 0, token="CARD")
        assert answer.id_token_info["status"] == "Accepted"
        assert field.session(tx).state is ACTIVE
        field.wait(30)
        await station.stop(tx, 4_000)
        assert field.session(tx).state is SETTLED


async def test_the_running_cost_is_told_in_the_currency_of_the_network(tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(V201) as station:
        tx, _ = await station.start()
        field.wait(30)
        answer = await station.values(tx, 5_001)
        assert answer.total_cost == 2.5005


async def test_an_event_without_a_transaction_is_refused_by_its_name(tmp_path):
    async with running(tmp_path) as field, field.station(V201) as station:
        payload = payload_of(station.start_of(tx="T1")) | {"transactionInfo": {"transactionId": ""}}
        reply = await station.send("TransactionEvent", payload)
        assert (reply[0], reply[2]) == (4, "PropertyConstraintViolation")
        assert "transactionId" in reply[3] and field.sessions() == []

"""The behaviours of a CSMS that touch charging, each from the station's socket to the store.

Their numbers are those of the design's list; what is only transport is held in tests/apps/gateway.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from socket import SO_SNDBUF, SOL_SOCKET

import pytest
import websockets
from ocpp.routing import on

from ohmstead.adapters.clock import ManualClock
from ohmstead.adapters.store.memory import MemoryStore
from ohmstead.adapters.store.schema import TABLES
from ohmstead.apps.gateway.closing import monotonic_ms
from ohmstead.apps.gateway.interface import Answered, Disconnected, TimedOut
from ohmstead.core.network import Admission, TransactionRef
from ohmstead.core.session import SessionState
from ohmstead.errors import OperatorError, StoreUnavailable
from ohmstead.flows.charging.review import Resolve, resolve
from ohmstead.flows.stations import ChangeStation, change_station
from tests.apps.gateway.floor import close_code, until
from tests.apps.stations.field import (
    HOUR,
    POINTS,
    V16,
    V21,
    V201,
    VERSIONS,
    ask,
    iso,
    payload_of,
    running,
)
from tests.flows.world import DRIVER, HOST, KWH, MINUTE, NOON, Meter

both = pytest.mark.parametrize("version", VERSIONS)
newer = pytest.mark.parametrize("version", [V201, V21])
SETTLED, REVIEW, ACTIVE = SessionState.SETTLED, SessionState.REVIEW, SessionState.ACTIVE
FULL = 100_000_000


def action_of(message):
    return type(message).__name__


# 1 to 4: one reply, one at a time, late ones, repeats.


@both
async def test_behaviour_01_every_message_of_a_session_has_one_reply_with_its_id(version, tmp_path):
    async with running(tmp_path) as field, field.socket(version) as socket:
        station = plain_words(version, field)
        tx = None
        for number, make in enumerate(
            (station.start, station.values, station.stop, station.heartbeat)
        ):
            reply = await ask(socket, f"id-{number}", *make(tx))
            assert reply[:2] == [3, f"id-{number}"]
            tx = tx or reply[2].get("transactionId", "T1")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.recv(), 0.05)


@both
async def test_behaviour_02_a_station_may_answer_us_while_it_waits_for_its_own_answer(
    version, tmp_path
):
    async with running(tmp_path) as field, field.socket(version) as socket:
        await until(lambda: field.link())
        ours = asyncio.create_task(field.command("TriggerMessage", trigger(version)))
        asked = json.loads(await socket.recv())
        assert asked[0] == 2 and asked[2] == "TriggerMessage"
        reply = await ask(socket, "mine", *plain_words(version, field).start(None))
        assert reply[:2] == [3, "mine"]  # ours is still in flight
        await socket.send(json.dumps([3, asked[1], {"status": "Accepted"}]))
        assert isinstance((await ours).outcome, Answered)


@both
async def test_behaviour_03_a_late_answer_is_stored_on_its_command(version, tmp_path):
    async with running(tmp_path) as field, field.socket(version) as socket:
        await until(lambda: field.link())
        command = asyncio.create_task(
            field.command("TriggerMessage", trigger(version), timeout_ms=1)
        )
        asked = json.loads(await socket.recv())
        told = await command
        assert isinstance(told.outcome, TimedOut) and told.message_id == asked[1]
        await socket.send(json.dumps([3, asked[1], {"status": "Rejected"}]))
        await socket.send(json.dumps([3, "never asked", {}]))
        reply = await ask(socket, "next", "Heartbeat", {})  # nothing answered the late one
        assert reply[:2] == [3, "next"]
        late = field.house.stations.presence["S"].late
        assert list(late) == [told.message_id]
        assert json.loads(bytes(late[told.message_id].payload)) == {"status": "Rejected"}


@both
async def test_behaviour_04_the_same_message_again_gets_the_same_answer_and_no_second_effect(
    version, tmp_path
):
    async with running(tmp_path, meter=False) as field, field.socket(version) as socket:
        words = plain_words(version, field)
        first = await ask(socket, "start", *words.start(None))
        assert await ask(socket, "start", *words.start(None)) == first
        tx = first[2].get("transactionId", "T1")
        field.wait(30)
        stop = words.stop(tx)
        paid = await ask(socket, "stop", *stop)
        accounts = field.accounts()
        field.wait(1)
        assert await ask(socket, "stop", *stop) == paid
        assert field.accounts() == accounts and len(field.sessions()) == 1


@both
async def test_behaviour_04_the_same_id_with_another_payload_is_a_new_call(version, tmp_path):
    """Some firmware numbers all its messages alike."""
    async with running(tmp_path, meter=False) as field, field.socket(version) as socket:
        words = plain_words(version, field)
        tx = (await ask(socket, "1", *words.start(None)))[2].get("transactionId", "T1")
        field.wait(30)
        await ask(socket, "1", *words.values(tx))
        await ask(socket, "1", *words.stop(tx))
        assert field.session(tx).state is SETTLED and len(field.samples(tx)) == 1


# 5: the same payload under a new id.


@both
async def test_behaviour_05_the_same_start_under_a_new_id_is_the_same_transaction(
    version, tmp_path
):
    async with running(tmp_path) as field, field.station(version) as station:
        message = station.start_of(tx="T1")
        first = await station.say(message, unique_id="first")
        second = await station.say(message, unique_id="second")
        assert first == second
        assert len(field.sessions()) == 1
        assert field.balance(f"payer:{DRIVER}") == FULL - 10_000_000


@both
async def test_behaviour_05_another_start_is_another_transaction(version, tmp_path):
    async with running(tmp_path) as field, field.station(version) as station:
        first, _ = await station.start(evse=1)
        field.wait(1)
        second, _ = await station.start(evse=2)
        assert first != second and len(field.sessions()) == 2


@both
async def test_behaviour_05_the_same_values_under_a_new_id_are_kept_once(version, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        tx, _ = await station.start()
        field.wait(10)
        message = station.values_of(tx, 1_000)
        for number in range(3):
            await station.say(message, unique_id=f"again-{number}")
        assert [mwh for _, mwh in field.samples(tx)] == [KWH]


@newer
async def test_behaviour_05_a_seq_no_used_again_for_something_else_is_kept(version, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        tx, _ = await station.start()
        field.wait(10)
        await station.values(tx, 1_000, seq=1)
        field.wait(10)
        await station.values(tx, 2_000, seq=1)
        assert [mwh for _, mwh in field.samples(tx)] == [KWH]
        assert len(field.kept()) == 1 and "2000" in field.kept()[0].payload


@both
async def test_behaviour_05_the_same_stop_under_a_new_id_pays_once(version, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        tx, _ = await station.start()
        field.wait(30)
        message = station.stop_of(tx, 4_000)
        first = await station.say(message, unique_id="first")
        accounts, session = field.accounts(), field.session(tx)
        field.wait(5)
        assert await station.say(message, unique_id="second") == first
        assert (field.accounts(), field.session(tx)) == (accounts, session)
        assert session.state is SETTLED


async def test_behaviour_05_an_offline_stop_without_its_id_is_the_same_by_content(tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(V16) as station:
        tx, _ = await station.start()
        field.wait(30)
        message = station.stop_of("-1", 4_000)
        await station.say(message, unique_id="first")
        other, _ = await station.start(evse=2)
        await station.say(message, unique_id="second")
        assert field.session(tx).state is REVIEW
        assert field.session(other).state is ACTIVE  # the resent stop ended nobody else's
        assert field.quarantine() == []


# 6 to 8: whose stop it is.


@both
async def test_behaviour_06_a_stop_for_an_unknown_transaction_is_accepted_and_kept(
    version, tmp_path
):
    async with running(tmp_path) as field, field.station(version) as station:
        await station.stop("4711", 4_000)
        await station.stop("4711", 5_000)
        assert field.sessions() == []
        reasons = [(kept.reason, kept.transaction_id) for kept in field.kept()]
        assert reasons == [("unknown_transaction", "4711")] * 2


@both
async def test_behaviour_06_a_foreign_stop_never_stops_anothers_transaction(version, tmp_path):
    async with (
        running(tmp_path) as field,
        field.station(version) as station,
        field.station(version, "OTHER") as other,
    ):
        tx, _ = await station.start()
        field.wait(30)
        await other.stop(tx, 4_000)
        assert field.session(tx).state is ACTIVE
        assert field.quarantine() == ["unknown_transaction"]
        assert field.kept()[0].station_id == "OTHER"


@pytest.mark.parametrize("number", ["-1", "0"])
async def test_behaviour_07_a_stop_without_an_id_ends_the_one_session_it_can_mean(number, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(V16) as station:
        tx, _ = await station.start()
        field.wait(30)
        await station.stop(number, 4_000)
        session = field.session(tx)
        assert session.state is REVIEW and "transaction_id_missing" in session.findings
        assert field.bill(tx).energy_mwh == 4 * KWH
        await field.run(resolve, Resolve(session.id, pay=True))
        assert field.session(tx).state is SETTLED and field.books_balance()


@pytest.mark.parametrize("number", ["-1", "0"])
async def test_behaviour_07_a_stop_without_an_id_that_can_mean_two_is_kept(number, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(V16) as station:
        first, _ = await station.start(evse=1)
        second, _ = await station.start(evse=2)
        field.wait(30)
        await station.stop(number, 4_000)
        assert {field.session(tx).state for tx in (first, second)} == {ACTIVE}
        assert field.quarantine() == ["unknown_transaction"]


async def test_behaviour_07_a_stop_without_an_id_by_another_card_ends_nobodys(tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(V16) as station:
        tx, _ = await station.start()
        field.wait(30)
        await station.stop("-1", 4_000, token="POOR")
        assert field.session(tx).state is ACTIVE


async def test_behaviour_08_values_before_the_starts_answer_belong_to_its_connector(tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(V16) as station:
        tx, _ = await station.start()  # recorded, but imagine that the answer was lost
        field.wait(10)
        message = station.values_of(tx, 1_000)
        message.transaction_id = None
        await station.say(message)
        assert [mwh for _, mwh in field.samples(tx)] == [KWH]


@newer
async def test_behaviour_08_what_came_before_its_started_is_heard_in_its_order(version, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        begun = station.start_of(tx="T1")
        field.wait(10)
        values = station.values_of("T1", 1_000)
        field.wait(20)
        stop = station.stop_of("T1", 4_000)
        for message in (stop, values):
            await station.say(message)
        assert field.sessions() == [] and len(field.kept()) == 2
        await station.say(begun)
        session = field.session("T1")
        assert (session.state, session.findings) == (SETTLED, ())
        assert [mwh for _, mwh in field.samples("T1")] == [KWH]
        assert field.bill("T1").energy_mwh == 4 * KWH


@newer
async def test_behaviour_08_what_was_read_leniently_before_its_started_is_read_so_again(
    version, tmp_path
):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        begun = station.start_of(tx="T1")
        field.wait(30)
        stop = payload_of(station.stop_of("T1", 4_000)) | {"vendorNonsense": [1]}
        assert (await station.send("TransactionEvent", stop))[0] == 3
        await station.say(begun)
        assert field.session("T1").state is SETTLED


@newer
async def test_behaviour_08_late_values_keep_their_own_words_when_the_start_comes_again(
    version, tmp_path
):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        begun = station.start_of(tx="T1")
        await station.say(begun)
        field.wait(30)
        values = station.values_of("T1", 3_000)
        await station.say(station.stop_of("T1", 4_000))
        await station.say(values)
        before = field.kept()
        assert [kept.reason for kept in before] == ["readings_without_open_session"]
        await station.say(begun, unique_id="again")
        assert field.kept() == before and '"Updated"' in before[0].payload


# 9: the stop that never came.


class Asked:
    """Answers GetTransactionStatus with what the test says; remembers what it was asked."""

    ongoing, queued = False, False

    def __init__(self, *args):
        super().__init__(*args)
        self.asked = []

    @on("GetTransactionStatus")
    def get_transaction_status(self, transaction_id=None, **_):
        self.asked.append(transaction_id)
        known = {"ongoing_indicator": self.ongoing} if self.ongoing is not None else {}
        return self._call_result.GetTransactionStatus(messages_in_queue=self.queued, **known)


def asked(version, ongoing, queued):
    return type("AskedSo", (Asked, POINTS[version]), {"ongoing": ongoing, "queued": queued})


@newer
async def test_behaviour_09_started_and_ended_with_both_registers_settle(version, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        tx, _ = await station.start()
        field.wait(10)
        station.values_of(tx, 1_000)  # dropped by a full memory
        field.wait(20)
        await station.stop(tx, 4_000)
        session = field.session(tx)
        assert session.state is SETTLED and session.findings == ("seq_gap",)


@newer
@pytest.mark.parametrize(("begin", "end"), [(None, 4_000), (0, None), (None, None)])
async def test_behaviour_09_without_a_register_a_person_decides(begin, end, version, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        tx, _ = await station.start(wh=begin)
        field.wait(30)
        await station.stop(tx, end)
        session = field.session(tx)
        missing = {"begin_missing"} if begin is None else set()
        missing |= {"end_missing"} if end is None else set()
        assert session.state is REVIEW and missing <= set(session.findings)
        assert field.books_balance()


@newer
async def test_behaviour_09_a_station_is_asked_on_each_reconnect(version, tmp_path):
    async with running(tmp_path) as field:
        async with field.station(version) as station:
            tx, _ = await station.start()
        for _ in range(2):
            async with field.station(
                version, kind=asked(version, ongoing=True, queued=False)
            ) as again:
                await until(lambda point=again.point: point.asked)
                assert again.point.asked == [tx]
        assert field.session(tx).state is ACTIVE


@newer
@pytest.mark.parametrize("ongoing", [False, None])
async def test_behaviour_09_after_a_day_of_silence_the_session_goes_to_review(
    ongoing, version, tmp_path
):
    async with running(tmp_path, meter=False) as field:
        async with field.station(version) as station:
            tx, _ = await station.start()
            field.wait(30)
            await station.values(tx, 4_000)
        field.wait(24 * 60)
        async with field.station(version, kind=asked(version, ongoing, queued=False)) as again:
            await until(lambda: again.point.asked)
            await field.house.missing_stops.sweep()
            assert field.session(tx).state is ACTIVE  # a day, but not more
            field.clock.advance(1)
            await field.house.missing_stops.sweep()
            session = field.session(tx)
            assert session.state is REVIEW and "stop_never_came" in session.findings
            assert session.ended_ms == NOON + 30 * MINUTE
            assert field.bill(tx).energy_mwh == 4 * KWH
            assert field.balance(f"payer:{DRIVER}") == FULL - 2_000_000 and field.books_balance()
            # The stop comes after all: kept beside it, and the person decides.
            await again.say(again.event("Ended", tx, 4_500, field.now, "CARD", seq=2))
            assert field.session(tx).state is REVIEW
            assert field.quarantine() == ["late_stop"]
        await field.run(resolve, Resolve(session.id, pay=True))
        assert field.session(tx).state is SETTLED
        assert field.balance(f"payee:{HOST}") == 1_600_000 and field.books_balance()


@newer
@pytest.mark.parametrize(("ongoing", "queued"), [(True, False), (False, True), (None, True)])
async def test_behaviour_09_messages_in_queue_and_ongoing_keep_it_open(
    ongoing, queued, version, tmp_path
):
    async with running(tmp_path, meter=False) as field:
        async with field.station(version) as station:
            tx, _ = await station.start()
        field.wait(30 * 60)
        async with field.station(version, kind=asked(version, ongoing, queued)) as again:
            await until(lambda: again.point.asked)
            await field.house.missing_stops.sweep()
            assert field.session(tx).state is ACTIVE
            await again.say(again.event("Ended", tx, 4_000, field.now, "CARD", seq=1))
            assert field.session(tx).state is SETTLED


@both
async def test_behaviour_09_who_cannot_be_asked_is_given_a_day_and_an_hour_to_deliver(
    version, tmp_path
):
    """1.6 has no such question, and a 2.0.1 station may not know it."""
    async with running(tmp_path, meter=False) as field:
        async with field.station(version) as station:
            tx, _ = await station.start()
            field.wait(30)
            await station.values(tx, 4_000)
        field.wait(2 * 24 * 60)
        await field.house.missing_stops.sweep()
        assert field.session(tx).state is ACTIVE  # it is away: its stop is still to come
        async with field.station(version) as station:
            await field.house.missing_stops.sweep()
            assert field.session(tx).state is ACTIVE
            field.wait(60)
            await field.house.missing_stops.sweep()
            assert field.session(tx).state is REVIEW


@both
async def test_behaviour_09_a_station_that_stays_away_keeps_no_money_beyond_the_hold(
    version, tmp_path
):
    async with running(tmp_path, meter=False) as field:
        async with field.station(version) as station:
            tx, _ = await station.start()
        field.clock.advance(field.session(tx).hold_expires_ms - NOON)
        await field.house.missing_stops.sweep()
        assert field.session(tx).state is SessionState.EXPIRED
        assert field.balance(f"payer:{DRIVER}") == FULL and field.books_balance()


@newer
async def test_behaviour_09_a_station_that_does_not_answer_is_asked_another_time(version, tmp_path):
    async with running(tmp_path, meter=False, ocpp={"call_timeout_s": 1}) as field:
        async with field.station(version) as station:
            tx, _ = await station.start()
        field.wait(30 * 60)
        async with field.socket(version) as socket:
            assert json.loads(await socket.recv())[2] == "GetTransactionStatus"
            await field.house.missing_stops.sweep()
        assert field.session(tx).state is ACTIVE


# 10: numbers out of order.


@newer
async def test_behaviour_10_events_that_overtook_each_other_are_all_kept(version, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        tx, _ = await station.start()
        made = []
        for wh in (1_000, 2_000, 3_000):
            field.wait(10)
            made.append(station.values_of(tx, wh))
        for at in (0, 2, 1):
            await station.say(made[at])
        await station.say(made[1], unique_id="again")
        assert sorted(mwh for _, mwh in field.samples(tx)) == [KWH, 2 * KWH, 3 * KWH]
        field.wait(10)
        await station.stop(tx, 4_000)
        session = field.session(tx)
        assert (session.state, session.findings) == (SETTLED, ())
        assert field.quarantine() == []


@newer
async def test_behaviour_10_a_number_given_twice_is_a_finding_and_the_first_one_stands(
    version, tmp_path
):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        tx, _ = await station.start()
        field.wait(10)
        await station.values(tx, 1_000, seq=1)
        field.wait(10)
        await station.values(tx, 2_000, seq=1)
        await station.values(tx, 2_000, seq=2)
        field.wait(10)
        await station.stop(tx, 4_000, seq=3)
        session = field.session(tx)
        assert session.findings == ("seq_reused",) and session.state is SETTLED
        assert field.quarantine() == ["seq_reused"]
        assert field.bill(tx).energy_mwh == 4 * KWH


@newer
async def test_behaviour_10_a_station_that_counts_from_0_again_is_told_apart(version, tmp_path):
    """It rebooted within the transaction: what it says is new, whatever number it gives it."""
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        tx, _ = await station.start()
        for seq, wh in ((1, 1_000), (2, 2_000), (0, 3_000), (1, 4_000)):
            field.wait(10)
            message = station.values_of(tx, wh, seq=seq)
            await station.say(message)
            await station.say(message, unique_id=f"again-{wh}")
        assert [mwh for _, mwh in field.samples(tx)] == [KWH, 2 * KWH, 3 * KWH, 4 * KWH]
        field.wait(10)
        await station.stop(tx, 5_000, seq=2)
        session = field.session(tx)
        assert session.findings == ("seq_restarted",) and session.state is SETTLED
        assert field.bill(tx).energy_mwh == 5 * KWH and field.quarantine() == []


@newer
async def test_behaviour_10_a_station_that_numbers_everything_0_is_heard(version, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        tx, _ = await station.start(seq=0)
        for wh in (1_000, 2_000):
            field.wait(10)
            await station.values(tx, wh, seq=0)
        field.wait(10)
        await station.stop(tx, 3_000, seq=0)
        session = field.session(tx)
        assert session.findings == ("seq_restarted",) and session.state is SETTLED
        assert [mwh for _, mwh in field.samples(tx)] == [KWH, 2 * KWH]


@newer
async def test_behaviour_10_an_end_that_was_overtaken_says_so(version, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        tx, _ = await station.start()
        field.wait(10)
        await station.values(tx, 1_000, seq=2)
        await station.stop(tx, 1_500, seq=1)
        session = field.session(tx)
        assert session.findings == ("seq_reordered",) and session.state is SETTLED


@newer
async def test_behaviour_10_another_start_of_a_transaction_is_kept_and_holds_nothing(
    version, tmp_path
):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        tx, _ = await station.start(seq=0)
        accounts = field.accounts()
        await station.start(tx=tx, wh=500, seq=0)
        assert field.session(tx).findings == ("seq_reused",)
        field.wait(10)
        await station.start(tx=tx, wh=1_000, seq=0)
        assert field.session(tx).findings == ("seq_reused", "seq_restarted")
        assert field.session(tx).begin_mwh == 0 and len(field.sessions()) == 1
        assert sorted(field.quarantine()) == ["seq_restarted", "seq_reused"]
        assert field.accounts() == accounts


@newer
async def test_behaviour_10_what_comes_after_the_end_changes_no_bill(version, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        tx, _ = await station.start(seq=0)
        field.wait(10)
        overtaken = station.values_of(tx, 2_000, seq=1)
        field.wait(10)
        await station.stop(tx, 4_000, seq=2)
        settled, bill, accounts = field.session(tx), field.bill(tx), field.accounts()
        await station.say(overtaken)
        assert field.session(tx) == settled  # it is older than the end: nothing is wrong with it
        field.wait(10)
        await station.values(tx, 9_000, seq=3)
        await station.start(tx=tx, wh=9_000, seq=0)
        assert field.session(tx).findings == ("seq_gap", "after_end")
        assert field.session(tx).state is SETTLED
        assert (field.bill(tx), field.accounts()) == (bill, accounts)
        reasons = ["after_end", "after_end", "readings_without_open_session"]
        assert sorted(field.quarantine()) == reasons


# 11, 13: times.


@both
async def test_behaviour_11_what_happened_offline_keeps_its_own_time(version, tmp_path):
    async with running(tmp_path) as field, field.station(version) as station:
        begun, ended = NOON - 10 * HOUR, NOON - 9 * HOUR
        first = field.meter.sign((begun, "B", 0))
        last = field.meter.sign((ended, "E", 4 * KWH))
        if version != V16:
            tx, _ = await station.start(at_ms=begun, record=first, offline=True)
        else:
            tx, _ = await station.start(at_ms=begun)
            await station.values(tx, 0, at_ms=begun, record=first, context="Begin")
        await station.stop(tx, 4_000, at_ms=ended, record=last)
        session, bill = field.session(tx), field.bill(tx)
        assert (session.started_ms, session.ended_ms) == (begun, ended)
        assert (bill.begin_ms, bill.end_ms, bill.tier) == (begun, ended, "soft")
        assert session.offline_start and session.state is SETTLED


@both
async def test_behaviour_13_times_are_utc_with_z_and_the_interval_is_the_configured_one(
    version, tmp_path
):
    house = running(tmp_path, ocpp={"heartbeat_s": 77})
    async with house as field, field.station(version, boot=False) as station:
        booted = await station.boot()
        assert (booted.status, booted.interval) == ("Accepted", 77)
        beat = await station.heartbeat()
        assert booted.current_time == beat.current_time == "2023-11-14T22:13:20.000Z"


@both
@pytest.mark.parametrize("admission", ["Pending", "Rejected"])
async def test_behaviour_13_who_is_not_accepted_is_told_when_to_come_back(
    admission, version, tmp_path
):
    house = running(tmp_path, ocpp={"retry_s": 55}, admission=admission)
    async with house as field, field.station(version, boot=False) as station:
        booted = await station.boot()
        assert (booted.status, booted.interval) == (admission, 55)


@both
@pytest.mark.parametrize("zone", ["+02:00", "-09:30"])
async def test_behaviour_13_a_time_with_another_offset_is_the_same_moment(zone, version, tmp_path):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        sign = 1 if zone[0] == "+" else -1
        hours, minutes = zone[1:].split(":")
        offset_ms = sign * (int(hours) * HOUR + int(minutes) * MINUTE)
        local = iso(NOON + offset_ms).removesuffix("Z") + zone
        payload = payload_of(station.start_of(tx="T1")) | {"timestamp": local}
        action = "StartTransaction" if version == V16 else "TransactionEvent"
        reply = await station.send(action, payload)
        tx = reply[2].get("transactionId", "T1")
        assert field.session(tx).started_ms == NOON


# 12: who is not accepted yet.

not_accepted = pytest.mark.parametrize("admission", ["Pending", "Rejected"])


async def admit(field, word, name="S"):
    await field.run(change_station, ChangeStation(name, admission=Admission(word)))
    field.house.services.registry.forget(name)


@both
@not_accepted
async def test_behaviour_12_only_boot_is_served_and_the_rest_is_a_security_error(
    admission, version, tmp_path
):
    house = running(tmp_path, meter=False, ocpp={"retry_s": 55}, admission=admission)
    async with house as field, field.station(version, boot=False) as station:
        status = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
        said = [
            ("Heartbeat", {}),
            ("StatusNotification", status),
            ("Authorize", {"idTag": "CARD"}),
            ("FirmwareStatusNotification", {"status": "Idle"}),
            ("Heartbeat", {"nonsense": 1}),
        ]
        for action, payload in said:
            reply = await station.send(action, payload)
            assert (reply[0], reply[2]) == (4, "SecurityError"), reply
        booted = await station.boot()
        assert (booted.status, booted.interval) == (admission, 55)
        await admit(field, "Accepted")
        assert (await station.boot()).status == "Accepted"
        assert (await station.heartbeat()).current_time


@both
@not_accepted
async def test_behaviour_12_what_it_tells_of_transactions_is_evidence_before_the_error(
    admission, version, tmp_path
):
    async with (
        running(tmp_path, meter=False, admission=admission) as field,
        field.station(version, boot=False) as station,
    ):
        words = plain_words(version, field)
        for make in (words.start, words.values, words.stop, words.stop):
            reply = await station.send(*make(4711 if version == V16 else "T1"))
            assert (reply[0], reply[2]) == (4, "SecurityError")
        assert field.sessions() == []
        reason = f"station_{admission.lower()}"
        assert field.quarantine() == [reason] * 3  # the same stop twice is one
        assert all(kept.station_id == "S" for kept in field.kept())


@both
async def test_behaviour_12_no_evidence_no_error(version, tmp_path):
    """Behaviour 24 holds for it too: what cannot be kept is not answered."""
    async with (
        running(tmp_path, meter=False, admission="Pending") as field,
        field.socket(version) as socket,
    ):
        field.house.services.registry.find("S")

        async def full(*_):
            raise StoreUnavailable("the disk is full")

        run, type(field.store).run = type(field.store).run, full
        try:
            action, payload = plain_words(version, field).stop(4711)
            await socket.send(json.dumps([2, "1", action, payload]))
            assert await close_code(socket) == 1013
        finally:
            type(field.store).run = run


@newer
async def test_behaviour_12_a_stop_the_station_deleted_is_heard_when_its_start_comes_again(
    version,
    tmp_path,
):
    async with (
        running(tmp_path, meter=False, admission="Pending") as field,
        field.station(version, boot=False) as station,
    ):
        begun = station.start_of(tx="T1")
        field.wait(30)
        for message in (begun, station.stop_of("T1", 4_000)):
            reply = await station.send("TransactionEvent", payload_of(message))
            assert reply[2] == "SecurityError"
        await admit(field, "Accepted")
        await station.boot()
        await station.say(begun)
        assert field.session("T1").state is SETTLED
        assert field.bill("T1").energy_mwh == 4 * KWH


@newer
async def test_behaviour_12_what_a_rejected_station_said_waits_for_a_person(version, tmp_path):
    async with (
        running(tmp_path, meter=False, admission="Rejected") as field,
        field.station(version, boot=False) as station,
    ):
        begun = station.start_of(tx="T1")
        field.wait(30)
        stop = payload_of(station.stop_of("T1", 4_000))
        await station.send("TransactionEvent", stop)
        await admit(field, "Accepted")
        await station.boot()
        await station.say(begun)
        assert field.session("T1").state is ACTIVE


@both
@not_accepted
async def test_behaviour_12_what_was_triggered_is_served(admission, version, tmp_path):
    async with (
        running(tmp_path, meter=False, admission=admission) as field,
        field.station(version, boot=False) as station,
    ):
        assert (await station.send("Heartbeat", {}))[2] == "SecurityError"
        await field.command("TriggerMessage", trigger(version), timeout_ms=50)
        assert (await station.send("Heartbeat", {}))[0] == 3
        assert (await station.send("Authorize", {}))[2] == "SecurityError"
        field.wait(11)  # that was long ago
        assert (await station.send("Heartbeat", {}))[2] == "SecurityError"


@newer
@not_accepted
async def test_behaviour_12_a_pending_station_may_report_what_it_was_asked(
    admission, version, tmp_path
):
    async with (
        running(tmp_path, meter=False, admission=admission) as field,
        field.station(version, boot=False) as station,
    ):
        report = {"requestId": 1, "generatedAt": iso(field.now), "seqNo": 0}
        assert (await station.send("NotifyReport", report))[2] == "SecurityError"
        asked = {"requestId": 1, "reportBase": "FullInventory"}
        if admission == "Rejected":  # B03: it is not even asked
            with pytest.raises(OperatorError, match="is rejected, so GetBaseReport is not sent"):
                await field.command("GetBaseReport", asked, timeout_ms=50)
        else:
            await field.command("GetBaseReport", asked, timeout_ms=50)
        reply = await station.send("NotifyReport", report)
        assert (reply[0] == 3) is (admission == "Pending")


@both
async def test_behaviour_12_a_station_that_is_rejected_while_it_charges_keeps_its_session(
    version, tmp_path
):
    async with running(tmp_path, meter=False) as field, field.station(version) as station:
        tx, _ = await station.start()
        field.wait(30)
        await admit(field, "Rejected")
        message = station.stop_of(tx, 4_000)
        reply = await station.send(action_of(message), payload_of(message))
        assert reply[2] == "SecurityError" and field.quarantine() == ["station_rejected"]
        assert field.session(tx).state is ACTIVE
        await admit(field, "Accepted")
        await station.say(message)
        assert field.session(tx).state is SETTLED


# 14, 15: the right refusal.


@both
async def test_behaviour_14_unknown_is_not_implemented_and_known_is_not_supported(
    version, tmp_path
):
    async with running(tmp_path) as field, field.station(version) as station:
        unknown = "TransactionEvent" if version == V16 else "StartTransaction"
        assert (await station.send("Fnord", {}))[2] == "NotImplemented"
        assert (await station.send(unknown, {}))[2] == "NotImplemented"
        assert (await station.send("Reset", {"type": "Hard"}))[2] == "NotSupported"
        assert (await station.heartbeat()).current_time  # the socket is as good as before


SPELLED = {
    V16: {
        "format": "FormationViolation",
        "occurrence": "OccurenceConstraintViolation",
        "type": "TypeConstraintViolation",
        "property": "PropertyConstraintViolation",
    },
    V201: {
        "format": "FormatViolation",
        "occurrence": "OccurrenceConstraintViolation",
        "type": "TypeConstraintViolation",
        "property": "PropertyConstraintViolation",
    },
}
SPELLED[V21] = SPELLED[V201]


@both
@pytest.mark.parametrize("lenient", [True, False])
async def test_behaviour_15_each_fault_has_its_versions_code_and_begins_no_session(
    lenient, version, tmp_path
):
    async with running(tmp_path, lenient=lenient) as field, field.station(version) as station:
        message = station.start_of(tx="T1")
        good, action = payload_of(message), action_of(message)
        bad = {
            "occurrence": {k: v for k, v in good.items() if k != "timestamp"},
            "property": good | {"timestamp": "yesterday"},
        }
        if version == V16:
            bad["type"] = good | {"meterStart": [0]}
        else:
            bad["type"] = good | {"seqNo": [0]}
        for kind, payload in bad.items():
            reply = await station.send(action, payload)
            assert (reply[0], reply[2]) == (4, SPELLED[version][kind]), (kind, reply)
            assert len(reply[3]) <= 255
        assert field.sessions() == []
        reply = await station.send(action, good | {"vendorNonsense": 1})
        expected = (3, None) if lenient else (4, SPELLED[version]["format"])
        assert (reply[0], reply[2] if reply[0] == 4 else None) == expected
        assert len(field.sessions()) == int(lenient)


# 16 to 21: what is no OCPP, and sockets.


@both
async def test_behaviour_16_malformed_json_loses_neither_the_socket_nor_the_session(
    version, tmp_path
):
    async with running(tmp_path, meter=False) as field, field.socket(version) as socket:
        words = plain_words(version, field)
        tx = (await ask(socket, "1", *words.start(None)))[2].get("transactionId", "T1")
        await socket.send('[2,"x","StopTransaction",{"meterStop":')
        if version != V16:
            reply = json.loads(await socket.recv())
            assert reply[:3] == [4, "-1", "RpcFrameworkError"]
        field.wait(30)
        assert (await ask(socket, "2", *words.stop(tx)))[:2] == [3, "2"]
        assert field.session(tx).state is SETTLED


@both
async def test_behaviour_17_an_oversize_frame_ends_the_socket_and_not_the_session(
    version, tmp_path
):
    async with running(tmp_path, meter=False) as field:
        words = plain_words(version, field)
        async with field.socket(version) as socket:
            tx = (await ask(socket, "1", *words.start(None)))[2].get("transactionId", "T1")
            await socket.send("[" * ((1 << 16) + 1))
            assert await close_code(socket) == 1009
        field.wait(30)
        async with field.socket(version) as socket:
            assert (await ask(socket, "2", *words.stop(tx)))[0] == 3
        assert field.session(tx).state is SETTLED


@both
async def test_behaviour_18_binary_frames_and_bad_ids_record_nothing(version, tmp_path):
    async with running(tmp_path) as field:
        words = plain_words(version, field)
        action, payload = words.start(None)
        async with field.socket(version) as socket:
            for bad_id in (17, "x" * 37):
                await socket.send(json.dumps([2, bad_id, action, payload]))
            assert (await last_reply(socket))[1] == "probe"
            await socket.send(json.dumps([2, "1", action, payload]).encode())
            assert await close_code(socket) == 1003
        assert field.sessions() == []


@both
async def test_behaviour_19_one_that_does_not_read_is_dropped_and_holds_up_no_other(
    version, tmp_path
):
    async with running(tmp_path, meter=False) as field:
        deaf = await field.socket(version, "OTHER", max_queue=1)
        deaf.transport.pause_reading()
        await until(lambda: field.link("OTHER"))
        sending = field.link("OTHER")._transport.underlying_transport.get_extra_info("socket")
        sending.setsockopt(SOL_SOCKET, SO_SNDBUF, 1 << 16)  # else the kernel takes megabytes
        much = {"vendorId": "org.example", "data": "x" * 100_000}
        async with field.station(version) as station:
            tx, _ = await station.start()
            for number in range(100):  # far more than the kernel and we keep for it
                if (link := field.link("OTHER")) is None:
                    break
                told = asyncio.create_task(field.command("DataTransfer", much, "OTHER", 1))
                while not told.done():
                    await asyncio.sleep(0.002)
                    link.sweep(monotonic_ms())  # else the next one waits a second
                assert isinstance(told.result().outcome, TimedOut | Disconnected)
                await station.values(tx, number)
            assert field.link("OTHER") is None
            field.wait(30)
            await station.stop(tx, 4_000)
            assert field.session(tx).state is SETTLED
        deaf.transport.abort()


@both
async def test_behaviour_20_the_new_socket_goes_on_with_the_transaction(version, tmp_path):
    async with running(tmp_path, meter=False) as field:
        old = await field.socket(version)
        words = plain_words(version, field)
        tx = (await ask(old, "1", *words.start(None)))[2].get("transactionId", "T1")
        async with field.socket(version) as new:
            await close_code(old)
            assert field.link() is not None  # the old one's clean-up left the new one alone
            field.wait(30)
            assert (await ask(new, "2", *words.stop(tx)))[:2] == [3, "2"]
        assert field.session(tx).state is SETTLED


async def test_behaviour_21_without_a_common_subprotocol_nobody_charges(tmp_path):
    async with running(tmp_path) as field:
        with pytest.raises((websockets.NegotiationError, websockets.ConnectionClosed)):
            async with field.socket("ocpp9.9") as socket:
                await socket.recv()
        assert field.link() is None


# 22, 23: who may speak, and our own calls.


@both
async def test_behaviour_22_a_wrong_password_or_an_unknown_station_never_gets_a_socket(
    version, tmp_path
):
    async with running(tmp_path) as field:
        for how, status in (
            ({"password": b"wrong"}, 401),
            ({"user": "OTHER"}, 401),
            ({"password": None}, 401),
            ({"name": "NOBODY"}, 404),
        ):
            with pytest.raises(websockets.InvalidStatus) as refused:
                await field.socket(version, **how)
            assert refused.value.response.status_code == status
        async with field.station(version) as station:  # failures never shut the right one out
            assert (await station.heartbeat()).current_time


@both
async def test_behaviour_23_a_disconnect_fails_our_call_and_a_stop_job_waits(version, tmp_path):
    async with running(tmp_path, meter=False, ocpp={"call_timeout_s": 1}) as field:
        async with field.socket(version) as socket:
            await until(lambda: field.link())
            ours = asyncio.create_task(field.command("TriggerMessage", trigger(version)))
            await socket.recv()
        assert (await ours).outcome == Disconnected(sent=True)
        async with field.socket(version) as socket:
            words = plain_words(version, field, token="POOR")
            await field.deposit(1_000_000, f"0x{9:040x}")
            tx = (await ask(socket, "1", *words.start(None)))[2].get("transactionId", "T1")
            field.wait(5)
            await ask(socket, "2", *words.values(tx, 1_900))
            stop = json.loads(await socket.recv())
            assert stop[2] in ("RemoteStopTransaction", "RequestStopTransaction")
        # It left without an answer: the job waits for it and is sent again, later.
        await until(lambda: not field.store.due_jobs(field.now, 9))
        field.wait(1)
        async with field.socket(version) as socket:
            again = json.loads(await socket.recv())
            while "Stop" not in again[2]:
                again = json.loads(await socket.recv())
            await socket.send(json.dumps([3, again[1], {"status": "Accepted"}]))
            await until(lambda: not field.store.due_jobs(field.now + 10 * HOUR, 9))


# 24: durable, or no answer.


def memory_field(tmp_path, **what):
    clock = ManualClock(NOON)
    return running(tmp_path, store=MemoryStore(TABLES, clock), clock=clock, **what)


@both
async def test_behaviour_24_without_a_store_there_is_no_answer_and_the_resend_counts_once(
    version, tmp_path
):
    async with memory_field(tmp_path, meter=False) as field:
        words = plain_words(version, field)
        async with field.socket(version) as socket:
            tx = (await ask(socket, "1", *words.start(None)))[2].get("transactionId", "T1")
            field.wait(30)
            stop = words.stop(tx)
            field.store.imitate_outage("the disk is gone")
            await socket.send(json.dumps([2, "2", *stop]))
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await asyncio.wait_for(socket.recv(), 10)
            assert closed.value.rcvd.code == 1013
        with pytest.raises(websockets.InvalidStatus) as refused:
            await field.socket(version)
        assert refused.value.response.status_code == 503
        assert int(refused.value.response.headers["Retry-After"]) > 0
        assert field.session(tx).state is ACTIVE
        field.store.imitate_outage("")
        async with field.socket(version) as socket:
            for message_id in ("2", "3"):
                assert (await ask(socket, message_id, *stop))[:2] == [3, message_id]
        assert field.session(tx).state is SETTLED
        assert field.balance(f"payee:{HOST}") == 1_600_000 and field.books_balance()


@both
async def test_behaviour_24_a_locked_database_is_an_outage_and_loses_nothing(version, tmp_path):
    async with running(tmp_path, meter=False) as field:
        words = plain_words(version, field)
        async with field.socket(version) as socket:
            tx = (await ask(socket, "1", *words.start(None)))[2].get("transactionId", "T1")
            field.wait(30)
            other = sqlite3.connect(tmp_path / "ohmstead.db", isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            await socket.send(json.dumps([2, "2", *words.stop(tx)]))
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await asyncio.wait_for(socket.recv(), 10)
            assert closed.value.rcvd.code == 1013
        other.execute("ROLLBACK")
        other.close()
        await until(lambda: field.store.available)
        assert field.session(tx).state is ACTIVE
        async with field.socket(version) as socket:
            assert (await ask(socket, "2", *words.stop(tx)))[:2] == [3, "2"]
        assert field.session(tx).state is SETTLED


@both
async def test_behaviour_24_what_was_answered_is_there_after_a_restart(version, tmp_path):
    async with running(tmp_path, meter=False) as field:
        words = plain_words(version, field)
        async with field.socket(version) as socket:
            tx = (await ask(socket, "1", *words.start(None)))[2].get("transactionId", "T1")
    clock = ManualClock(NOON + 30 * MINUTE)
    async with running(tmp_path, clock=clock, furnish=False) as field:
        async with field.socket(version) as socket:
            await ask(socket, "2", *plain_words(version, field).stop(tx))
        assert field.session(tx).state is SETTLED
        assert field.store.find(TransactionRef, 10)


# 25: signed values.


@both
@pytest.mark.parametrize(
    ("finding", "make"),
    [
        (
            "invalid_signature",
            lambda f: forged(f.meter.sign((f.now, "E", 4 * KWH))),
        ),
        ("unknown_meter", lambda f: Meter("STRANGER", 8).sign((f.now, "E", 4 * KWH))),
        ("page_conflict", lambda f: f.meter.sign((f.now, "E", 4 * KWH), page=1)),
        ("register_decreased", lambda f: f.meter.sign((f.now, "E", KWH))),
        ("malformed", lambda f: b"OCMF|{}|{}"),
    ],
)
async def test_behaviour_25_evidence_that_does_not_hold_is_refused_and_kept(
    finding, make, version, tmp_path
):
    async with running(tmp_path) as field, field.station(version) as station:
        tx, _ = await station.start(wh=2_000, record=field.meter.sign((field.now, "B", 2 * KWH)))
        field.wait(30)
        await station.stop(tx, 4_000, record=make(field))
        session = field.session(tx)
        assert session.state is REVIEW and finding in session.findings
        assert field.balance(f"payee:{HOST}") == 0 and field.books_balance()
        if finding != "register_decreased":
            assert finding in field.quarantine()


@both
async def test_behaviour_25_a_replayed_record_of_another_session_is_refused(version, tmp_path):
    async with running(tmp_path) as field, field.station(version) as station:
        first = field.meter.sign((field.now, "B", 0))
        tx, _ = await station.start(record=first)
        field.wait(30)
        last = field.meter.sign((field.now, "E", 4 * KWH))
        await station.stop(tx, 4_000, record=last)
        assert field.session(tx).state is SETTLED
        field.wait(5)
        replay, _ = await station.start(wh=4_000, record=first)
        field.wait(30)
        await station.stop(replay, 8_000, record=last)
        session = field.session(replay)
        assert session.state is REVIEW and "replayed_page" in session.findings


@both
async def test_behaviour_25_a_register_rolled_back_between_sessions_is_seen(version, tmp_path):
    async with running(tmp_path) as field, field.station(version) as station:
        await station.charge(begin_wh=10_000)
        field.wait(5)
        tx = await station.charge(begin_wh=2_000)
        session = field.session(tx)
        assert session.state is REVIEW and "begin_before_previous_end" in session.findings


# What the tests above say with bare frames.


class plain_words:
    """(action, payload) of a session's messages, as plain JSON."""

    def __init__(self, version, field, token="CARD"):
        self.is_16, self.field, self.token = version == V16, field, token

    def start(self, _tx):
        if self.is_16:
            return "StartTransaction", {
                "connectorId": 1,
                "idTag": self.token,
                "meterStart": 0,
                "timestamp": iso(self.field.now),
            }
        return self._event("Started", "T1", 0, 0)

    def values(self, tx, wh=1_000):
        if self.is_16:
            sample = {"value": str(wh)}
            return "MeterValues", {
                "connectorId": 1,
                "transactionId": tx,
                "meterValue": [{"timestamp": iso(self.field.now), "sampledValue": [sample]}],
            }
        return self._event("Updated", tx, wh, 1)

    def stop(self, tx, wh=4_000):
        if self.is_16:
            return "StopTransaction", {
                "transactionId": tx,
                "idTag": self.token,
                "meterStop": wh,
                "timestamp": iso(self.field.now),
            }
        return self._event("Ended", tx, wh, 2)

    def heartbeat(self, _tx):
        return "Heartbeat", {}

    def _event(self, kind, tx, wh, seq):
        return "TransactionEvent", {
            "eventType": kind,
            "timestamp": iso(self.field.now),
            "triggerReason": "Trigger",
            "seqNo": seq,
            "transactionInfo": {"transactionId": tx},
            "idToken": {"idToken": self.token, "type": "ISO14443"},
            "evse": {"id": 1},
            "meterValue": [{"timestamp": iso(self.field.now), "sampledValue": [{"value": wh}]}],
        }


def forged(record):
    return record.replace(b"4.0", b"3.9")


def trigger(version):
    return {"requestedMessage": "Heartbeat"}


async def last_reply(socket):
    """Send a heartbeat and read until its reply."""
    await socket.send(json.dumps([2, "probe", "Heartbeat", {}]))
    while (reply := json.loads(await socket.recv()))[1] != "probe":
        pass
    return reply

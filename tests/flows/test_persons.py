"""Every kind of record without a person: nothing of the person is left, everything else is."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from ohmstead.adapters.clock import ManualClock
from ohmstead.adapters.store.memory import MemoryStore
from ohmstead.adapters.store.schema import TABLES
from ohmstead.adapters.store.watched import WatchedStore
from ohmstead.apps.persons.report import Gathering
from ohmstead.apps.persons.scan import Sieve, tables
from ohmstead.apps.persons.survey import survey
from ohmstead.core.access import ApiKey, KeptAnswer, Scope
from ohmstead.core.alerts import Alert, Rule
from ohmstead.core.attempt import Attempt, card_of
from ohmstead.core.attempt_stages import Stage
from ohmstead.core.command import Author, CommandBatch, CommandBody, CommandState, StationCommand
from ohmstead.core.foreign import ForeignTransaction
from ohmstead.core.ledger import Account
from ohmstead.core.local_list import ListEntry, ListState, ListStatus, LocalList
from ohmstead.core.network import IdToken, Quarantined, TokenStatus
from ohmstead.core.person import (
    PersonRequest,
    PersonState,
    StationTask,
    TaskState,
    read_names,
)
from ohmstead.core.reservation import Reservation, ReservationState
from ohmstead.core.session import PayerKind, Session, SessionState
from ohmstead.core.station_log import StationEvent
from ohmstead.core.webhooks import DeadLetter
from ohmstead.flows.persons.balance import in_words, money_of
from ohmstead.flows.persons.forgetting import (
    Begin,
    Move,
    Page,
    Told,
    begin,
    erase_page,
    move,
    told,
)
from ohmstead.flows.persons.kinds import IMPERSONAL, KEPT
from ohmstead.flows.persons.records import rewritten
from ohmstead.flows.persons.standing import blocker_of
from ohmstead.frozen import replace
from ohmstead.ports import Decision
from ohmstead.units import Asset
from tests.apps.stations.field import QUICK
from tests.flows.world import NOON

UID, PAYER = "Annas-Card", "0x" + "a1" * 20
NAMES = read_names((UID, PAYER), "5a" * 16)
BY = Author("k", "desk", "api", f"for {UID}")
SETTLED = SessionState.SETTLED


def session(uid=UID, payer=PAYER, state=SETTLED, id_="S-1"):
    return Session(
        id_, state, "S", 1, "7", "1.6", uid, payer, PayerKind.PREPAID, "T", Asset("tUSD", 6), (), 1
    )


def records(uid=UID, payer=PAYER):
    """One of each kind that may name a driver; those of ``uid`` are Anna's."""
    json_text = f'{{"idTag":"{uid}","n":1.50}}'
    n = uid.casefold()
    return (
        IdToken(uid, TokenStatus.ACCEPTED, payer, PayerKind.PREPAID),
        session(uid, payer, id_=f"S-{n}"),
        Reservation(len(n), "S", 1, uid, payer, ReservationState.USED, 1, 2, group="HOME"),
        Attempt("S", len(n), Stage.REJECTED, 1, 1, closed_ms=2, card=card_of(uid)),
        ForeignTransaction(
            "S", n, "steve", 1, uid, stops=(json_text,), last_reading=json_text
        ),
        Quarantined(f"q-{n}", "S", "r", json_text, 1),
        StationCommand(
            f"c-{n}", "S", "A", json_text, replace(BY, reason=f"for {uid}"),
            CommandState.ANSWERED, 1, answer=json_text, late=json_text, problem=f"no {uid} here",
        ),
        CommandBody(f"c-{n}", json_text),
        CommandBatch(f"b-{n}", "A", json_text, replace(BY, reason=uid), 1, 2, 3),
        KeptAnswer(f"k {n[:3]}", "d", 200, json_text),
        LocalList(f"L-{n[:3]}", 4, (ListEntry(uid, ListStatus.ACCEPTED),)),
        StationEvent(f"E-{n[:3]}", "events", 1, "k", 1, 1, text=f"{uid} was seen"),
        Alert(Rule.FAULT, f"x-{n[:3]}", f"{uid} is stuck", 1),
        DeadLetter(f"j-{n[:3]}", "l", "k", "s", {"data": {"uid": uid}}, 1, f"{uid}?", 1),
    )  # fmt: skip


HERS, HIS = records(), records("Bens-Other-Card", "0x" + "b2" * 20)
KEYED = {"c-annas-card", "q-annas-card", "b-annas-card"}  # keys made for this test


def is_clean(record):
    """Whether nothing of Anna but the keys of these very tests is in it."""
    body = msgspec.json.encode(record).decode().casefold()
    for key in (*KEYED, "s-annas-card", '"annas-card"]'):
        body = body.replace(key, "")
    return "annas-card" not in body.replace('"transaction_id":"annas-card"', "")


@pytest.mark.parametrize("record", HERS, ids=lambda one: type(one).__name__)
def test_nothing_of_her_is_left_in_any_kind_and_twice_is_once(record):
    after = rewritten(record, NAMES)
    assert after != record
    if after is None:
        assert isinstance(record, IdToken | LocalList)
        return
    assert after.key == record.key
    assert is_clean(after)
    assert rewritten(after, NAMES) == after
    # It is read back as what it is.
    assert msgspec.json.decode(msgspec.json.encode(after), type=type(after)) == after


@pytest.mark.parametrize("record", HIS, ids=lambda one: type(one).__name__)
def test_nothing_of_him_changes_when_she_is_forgotten(record):
    assert rewritten(record, NAMES) == record


@pytest.mark.parametrize("record", HERS, ids=lambda one: type(one).__name__)
def test_the_sieve_lets_nothing_of_her_through(record):
    assert Sieve(NAMES).keeps(record)


def test_a_group_that_was_called_by_her_card_is_called_otherwise_by_all_who_are_in_it():
    his = IdToken("BEN", TokenStatus.ACCEPTED, "0xb", PayerKind.PREPAID, group=UID.upper())
    held = Reservation(
        3, "S", 1, "BEN", "0xb", ReservationState.ACTIVE, 1, 2, group=UID, reason="r"
    )
    called = {rewritten(one, NAMES).group for one in (his, replace(his, uid="CLEO"), held)}
    assert called == {NAMES.gone(UID)}
    assert replace(rewritten(held, NAMES), group=UID) == held
    assert replace(rewritten(his, NAMES), group=his.group) == his
    listed = LocalList("L", 4, (ListEntry("BEN", ListStatus.ACCEPTED, 0, UID),))
    assert rewritten(listed, NAMES) is None
    assert all(Sieve(NAMES).keeps(one) for one in (his, held, listed))


def test_her_key_opens_nothing_any_more():
    key = ApiKey("k1", "mac", (Scope.DRIVER,), f"app of {UID}", 1, PAYER)
    after = rewritten(key, NAMES)
    assert (after.subject, after.revoked_ms > 0) == ("", True)
    assert UID.casefold() not in after.name.casefold()


def test_every_table_is_kept_for_a_reason_or_looked_through():
    looked = {table.kind for table in tables()}
    assert looked | set(KEPT) | IMPERSONAL >= {table.kind for table in TABLES}
    assert {IdToken, Session, Reservation, Attempt, Quarantined, StationCommand} <= looked
    assert all("law" in why or "ledger" in why for why in KEPT.values())


@pytest.mark.parametrize("state", SessionState)
def test_what_is_under_way_or_owed_stands_in_the_way(state):
    blocks = state not in {SETTLED, SessionState.VOID, SessionState.REFUNDED}
    assert bool(blocker_of(session(state=state), NAMES)) is blocks
    assert not blocker_of(session("BEN", "0x", state), NAMES)


def test_what_nobody_owes_stands_in_nobodys_way():
    assert not blocker_of(session(payer="", state=SessionState.OWED), NAMES)


@pytest.mark.parametrize(
    ("minor", "scale", "words"),
    [
        (99_993_350, 6, "99.99335 T"),
        (99_900_000, 6, "99.90 T"),
        (7, 6, "0.000007 T"),
        (5, 0, "5 T"),
        (50, 1, "5.0 T"),
    ],
)
def test_amounts_are_written_for_people_and_exactly(minor, scale, words):
    assert in_words(minor, Asset("T", scale)) == words


def test_what_is_held_or_owed_is_told_with_whom_it_is_about():
    asset = Asset("T", 2)
    paid = Account("payer:0xa@T", asset, "payer", credits_posted=900, debits_pending=250)
    owed = Account("receivable:0xa@T", asset, "r", must_stay_funded=False, debits_posted=120)
    assert money_of((paid, owed)) == (
        ("2.50 T of payer 0xa are held for a session or reservation",),
        ("payer 0xa owes 1.20 T; collect it",),
    )


STORES = {
    "memory": lambda folder, clock: MemoryStore(TABLES, clock),
    "sqlite": lambda folder, clock: WatchedStore.open(folder / "s.db", TABLES, clock, QUICK),
}


def keep_all(_state, wanted, _now_ms):
    return Decision(None, tuple(wanted))


def request(state=PersonState.ERASING, digests=("d",), **how):
    return PersonRequest("P-1", state, digests, "sealed", BY, 1, **how)


@pytest.mark.parametrize("kind", sorted(STORES))
def test_page_by_page_in_every_store_she_goes_and_he_stays(kind, tmp_path):
    async def scenario():
        store = STORES[kind](tmp_path, ManualClock(NOON))
        await store.run(keep_all, (*HERS, *HIS))
        found = await survey(store, NAMES)
        assert found.erased == {"id_tokens": 1, "local_lists": 1}
        assert found.changed["sessions"] == 1
        report = await Gathering(store, NAMES).whole()
        assert [one["id"] for one in report["sessions"]] == ["S-annas-card"]
        assert "Bens" not in str(report)
        await store.run(begin, Begin(request(), NAMES.uids))
        assert store.get(IdToken, UID.casefold()).status is TokenStatus.BLOCKED
        for table in tables():
            keys = tuple(one.key for one in store.find(table.kind, 99))
            for _ in range(2):
                page = Page("P-1", table.kind, table.name, keys, NAMES, (table.name, "z"))
                assert await store.run(erase_page, page) == ""
        for one in HIS:
            assert store.get(type(one), one.key) == one
        left = [one for table in tables() for one in store.find(table.kind, 99)]
        assert all(is_clean(one) for one in left if not isinstance(one, PersonRequest))
        assert store.get(ListState, "L-ann").revision == -1
        counts = dict(store.get(PersonRequest, "P-1").changed)
        assert counts["sessions"] == counts["id_tokens"] == counts["local_lists"] == 1
        assert await survey(store, NAMES) == await survey(store, NAMES)
        await store.close()

    asyncio.run(scenario())


def play(scenario):
    async def whole():
        store = MemoryStore(TABLES, ManualClock(NOON))
        await scenario(store)

    asyncio.run(whole())


def test_a_session_that_began_meanwhile_makes_the_request_wait():
    async def scenario(store):
        await store.run(keep_all, (session(state=SessionState.ACTIVE), request()))
        page = Page("P-1", Session, "sessions", ("S-1",), NAMES, ("sessions", "S-1"))
        assert "under way" in await store.run(erase_page, page)
        waiting = store.get(PersonRequest, "P-1")
        assert waiting.state is PersonState.WAITING
        assert waiting.cursor == ("", "")
        assert store.get(Session, "S-1").id_token == UID

    play(scenario)


def test_the_same_names_are_one_request_until_it_is_done():
    async def scenario(store):
        first = await store.run(begin, Begin(request(), ()))
        again = replace(request(), id="P-2")
        assert await store.run(begin, Begin(again, ())) == first
        await store.run(move, Move("P-1", PersonState.DONE))
        done = store.get(PersonRequest, "P-1")
        assert (done.sealed, done.author.reason, done.done_ms) == ("", "", NOON)
        assert (await store.run(begin, Begin(again, ()))).id == "P-2"
        # What is done stays so.
        assert await store.run(move, Move("P-1", PersonState.ERASING)) == done

    play(scenario)


def test_what_a_station_said_first_stands():
    async def scenario(store):
        tasks = (StationTask("S"), StationTask("T"))
        await store.run(keep_all, (request(PersonState.STATIONS, stations=tasks),))
        done = StationTask("S", TaskState.DONE, "Accepted")
        await store.run(told, Told("P-1", done))
        await store.run(told, Told("P-1", StationTask("S", TaskState.UNREACHED)))
        found = {one.station_id: one.state for one in store.get(PersonRequest, "P-1").stations}
        assert found == {"S": TaskState.DONE, "T": TaskState.WAITING}

    play(scenario)

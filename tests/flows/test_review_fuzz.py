"""Whatever a station says, a flow answers: nothing it controls may raise, and money stays whole.

Every conversation is random, hostile in every field, and on one network whose books must balance
after each step; what a person or the chain does comes in between.
"""

from __future__ import annotations

import contextlib
import os

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ohmstead.core.network import IdToken, TokenStatus
from ohmstead.core.onchain import Lock, LockState, Released, Returned
from ohmstead.core.session import OPEN_STATES, PayerKind, Session, SessionState
from ohmstead.core.tariff import Component, Dimension, Element, Tariff
from ohmstead.core.tariff_restrictions import Restrictions
from ohmstead.errors import LocalProtocolError, OperatorError
from ohmstead.flows.charging import missing, review
from ohmstead.flows.charging.evidence import Evidence
from ohmstead.flows.charging.holding import Fund, fund
from ohmstead.units import Price
from tests.flows.test_review_money import publish
from tests.flows.world import ASSET, DRIVER, KWH, MINUTE, WALLET, ZONE, World

TIME_MIN_MS, TIME_MAX_MS = -62_135_596_800_000, 253_402_386_300_000  # what parse_time can return
NEAR_MS = 3 * 24 * 60 * MINUTE  # a time so small counts from now: most stations tell the truth
TIMES = st.one_of(
    st.just(0),
    st.just(0),
    st.integers(-600, 20).map(lambda minutes: minutes * MINUTE),
    st.integers(TIME_MIN_MS, TIME_MAX_MS),
    st.sampled_from([TIME_MIN_MS, TIME_MAX_MS]),
)
ENERGY = st.one_of(
    st.integers(0, 12).map(lambda kwh: kwh * KWH),
    st.integers(0, 12).map(lambda kwh: kwh * KWH),
    st.integers(-(2**62), 2**62),
    st.sampled_from([-1, 0, 2**62, -(2**62)]),
)
MAYBE = st.none() | ENERGY
KINDS = st.sampled_from(["B", "E", "C", "X", "L", "T"])
RECORDS = st.lists(
    st.tuples(
        st.integers(1, 4),
        st.lists(st.tuples(TIMES, KINDS, ENERGY), min_size=1, max_size=3),
    ),
    max_size=3,
)
TOKENS = st.sampled_from(["card", "lock", "CARD", "lock", "", "stranger", "blocked", "\x00é"])
TRANSACTIONS = st.sampled_from(["1", "1", "2", "2", "TX", "TX", "a/b", "0", "-1", ""])
EVSES = st.sampled_from([1, 1, 1, 1, 0, 2, -1])
STEPS = st.one_of(
    st.tuples(st.just("start"), TIMES, MAYBE, TOKENS, EVSES, TRANSACTIONS),
    st.tuples(
        st.just("read"), TRANSACTIONS, st.lists(st.tuples(TIMES, ENERGY), max_size=20), RECORDS
    ),
    st.tuples(st.just("stop"), TRANSACTIONS, TIMES, MAYBE, RECORDS, st.booleans()),
    st.tuples(st.just("charge"), st.sampled_from(["card", "lock"]), st.integers(0, 9), EVSES),
    st.tuples(st.just("contradict"), st.integers(0, 9)),
    st.tuples(st.just("fund"), TRANSACTIONS, TOKENS),
    st.tuples(st.just("wait"), st.integers(5, 90)),
    st.tuples(st.just("wait"), st.sampled_from([30, 30, 24 * 60, 5 * 24 * 60])),
    st.tuples(st.just("people"), st.booleans()),
    st.tuples(st.just("reclaim")),
)


def hostile_tariff():
    night = Restrictions(start_minute=22 * 60, end_minute=6 * 60, weekdays=(0, 5))
    parts = (
        Component(Dimension.TIME, Price(3, 2), 60),
        Component(Dimension.PARKING_TIME, Price(7, 2), 300),
        Component(Dimension.FLAT, Price(1, 1)),
    )
    energy = (Component(Dimension.ENERGY, Price(50, 2), 100),)
    capped = Restrictions(max_mwh=30 * KWH, max_duration_ms=10 * 24 * 60 * MINUTE)
    return Tariff("MANY", ASSET, (Element(parts, night), Element(energy, capped)))


def town():
    world = World()
    publish(world, hostile_tariff())
    token = world.lock(5_000_000)
    blocked = IdToken("BLOCKED", TokenStatus.BLOCKED, DRIVER, PayerKind.PREPAID)
    world.run(lambda _s, it, _n: review.Decision(None, (it,)), blocked)
    return world, token


def moment(world, at_ms):
    return world.now + at_ms if abs(at_ms) <= NEAR_MS else at_ms


def signed(world, records):
    found = []
    for page, entries in records:
        rows = [(moment(world, at), tx, mwh) for at, tx, mwh in entries]
        try:
            found += world.evidence(world.meter.sign(*rows, page=page))
        except LocalProtocolError:  # a meter cannot even write that
            found.append(Evidence("malformed", "00" * 32, b"?"))
    return tuple(found)


def take_step(world, token, number, step):
    kind, *given_ = step
    if kind == "start":
        at, mwh, who, evse, tx = given_
        seen = f"ST/{number}/start"
        world.start(
            mwh,
            token if who == "lock" else who,
            evse,
            at_ms=moment(world, at),
            transaction_id=tx if tx in ("TX", "a/b") else "",
            seen_id=seen,
            digest=str(step),
        )
    elif kind == "read":
        tx, values, records = given_
        values = [(moment(world, at), mwh) for at, mwh in values]
        world.readings(tx, *values, evidence=signed(world, records), digest=str(step))
    elif kind == "stop":
        tx, at, mwh, records, approved = given_
        world.stop(tx, mwh, signed(world, records), approved, at_ms=moment(world, at))
    elif kind == "charge":
        who, kwh, evse = given_
        started = world.start(0, token if who == "lock" else who, evse)
        world.wait(30)
        world.stop(started.transaction_id, kwh * KWH)
    elif kind == "contradict":
        for session in world.store.find(Session, 2, "S-"):
            world.stop(session.transaction_id, given_[0] * KWH)
    elif kind == "fund":
        tx, who = given_
        world.run(fund, Fund("ST", tx, token if who == "lock" else who))
    elif kind == "wait":
        world.wait(given_[0])
    elif kind == "people":
        for session in world.store.find(Session, 100):
            world.run(review.expire, review.Expire(session.id))
            world.run(review.collect, review.Collect(session.id))
            world.run(missing.give_up, missing.GiveUp(session.id, ZONE))
            with contextlib.suppress(OperatorError):  # nothing to resolve, or nothing to pay
                world.run(review.resolve, review.Resolve(session.id, given_[0]))
    else:
        end_lock(world)


def end_lock(world, reclaim=True):
    """The chain ends the lock: as the outbox asks, or whole and early because it expired."""
    [lock] = world.store.find(Lock, 2)
    if lock.state is not LockState.OPEN:
        return
    asked = [j for j in world.store.due_jobs(world.now, 500) if j.payload.get("lock") == lock.id]
    if asked and not reclaim:
        cost = int(asked[0].payload["cost"])
        world.book(Released(world.event(), lock.id, cost, lock.amount_minor - cost))
    else:
        world.book(Returned(world.event(), lock.id, lock.amount_minor, True))


def books_balance(world):
    accounts = world.accounts()
    assert sum(a.debits_posted for a in accounts) == sum(a.credits_posted for a in accounts)
    assert sum(a.debits_pending for a in accounts) == sum(a.credits_pending for a in accounts)
    for account in accounts:
        assert not account.must_stay_funded or account.available >= 0, account.id
    for session in world.store.find(Session, 1_000):
        account = next((a for a in accounts if a.id == f"escrow:{session.id}@tUSD"), None)
        if account is not None and session.state not in OPEN_STATES:
            assert account.available == 0, session
            assert account.credits_posted == account.debits_posted + account.debits_pending
            if session.state is not SessionState.REVIEW:
                assert account.debits_pending == 0, session


@settings(
    max_examples=2_000 if os.environ.get("OHMSTEAD_DEEP") else 60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(steps=st.lists(STEPS, min_size=3, max_size=25), ends_well=st.booleans())
@example(
    steps=[
        ("start", 0, 0, "lock", 1, ""),
        ("wait", 30),
        ("stop", "1", 0, 4 * KWH, [], True),
        ("stop", "1", 0, 3 * KWH, [], True),
        ("people", False),
    ],
    ends_well=False,
)
def test_no_station_makes_a_flow_raise_or_the_books_lean(steps, ends_well):
    world, token = town()
    for number, step in enumerate(steps):
        take_step(world, token, number, step)
        books_balance(world)
    if ends_well:
        end_lock(world, reclaim=False)
    else:
        end_lock(world)
    books_balance(world)
    assert world.balance("payer:lock:0xl0c4") == 0


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEPS, min_size=3, max_size=15))
def test_every_session_has_a_way_out_that_time_or_a_person_takes(steps):
    world, token = town()
    for number, step in enumerate(steps):
        take_step(world, token, number, step)
    world.wait(10 * 24 * 60)
    for _ in range(2):
        take_step(world, token, 0, ("people", False))
    left = {session.state for session in world.store.find(Session, 1_000)}
    assert left <= {
        SessionState.SETTLED,
        SessionState.VOID,
        SessionState.REFUNDED,
        SessionState.OWED,
    }


@pytest.mark.parametrize("mwh", [None, -KWH])
def test_a_start_without_a_usable_register_never_takes_money(mwh):
    world = World(signed=False)
    started = world.start(mwh)
    world.wait(30)
    world.stop(started.transaction_id, 4 * KWH)
    assert world.session(started).state is SessionState.REVIEW
    assert world.balance(f"payer:{DRIVER}") == 90_000_000
    assert world.balance(f"payer:{WALLET}") == 0

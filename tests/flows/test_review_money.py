"""Ways to lose, gain or freeze money that an adversary found, each told as what must not happen."""

from __future__ import annotations

import pytest

from ohmstead.core.command import Author
from ohmstead.core.network import IdToken, TokenStatus
from ohmstead.core.onchain import BlockRef, ChainCursor, Locked, Released, Returned
from ohmstead.core.session import PayerKind, SessionState
from ohmstead.core.tariff import Component, Dimension, Element, Tariff
from ohmstead.core.tariff_restrictions import Restrictions
from ohmstead.core.verdict import Verdicts
from ohmstead.errors import OperatorError
from ohmstead.flows import mirror, onboarding
from ohmstead.flows.charging import review
from ohmstead.flows.charging.funding import Authorisation
from ohmstead.frozen import replace
from ohmstead.units import Price
from tests.flows.world import ASSET, DRIVER, HOST, KWH, MINUTE, WALLET, World

DAY = 24 * 60 * MINUTE


def jobs(world):
    return [(job.kind, job.payload.get("lock")) for job in world.store.due_jobs(world.now, 100)]


def publish(world, tariff):
    world.run(onboarding.add_tariff, tariff)
    station = next(s for s in world.store.find(onboarding.Station, 9) if s.id == "ST")
    asyncio_put(world, replace(station, tariff_key=tariff.id))


def asyncio_put(world, record):
    world.run(lambda _state, it, _now: onboarding.Decision(None, (it,)), record)


def timed(world, minor_per_hour=1_000_000):
    component = Component(Dimension.TIME, Price(minor_per_hour, 6))
    publish(world, Tariff("TIME", ASSET, (Element((component,)),)))


def test_a_second_session_with_a_spent_lock_never_refunds_the_lock_of_the_first():
    world = World(signed=False)
    token = world.lock(5_000_000)
    first = world.start(token=token)
    world.wait(1)
    second = world.start(token=token)
    assert second.authorisation is Authorisation.CONCURRENT
    world.wait(1)
    world.stop(second.transaction_id, 0)
    assert jobs(world) == []
    assert world.session(first).state is SessionState.ACTIVE


def test_a_session_without_a_lock_of_its_own_settles_nothing_unproven():
    world = World(signed=False)
    token = world.lock(5_000_000)
    world.start(token=token)
    world.wait(1)
    second = world.start(token=token)
    world.wait(30)
    world.stop(second.transaction_id, 4 * KWH, approved=False)
    assert world.session(second).state is SessionState.REVIEW


@pytest.mark.parametrize("status", [TokenStatus.BLOCKED, TokenStatus.EXPIRED, TokenStatus.INVALID])
def test_a_card_that_was_refused_never_pays_for_what_its_thief_took(status):
    world = World(signed=False)
    stolen = IdToken("STOLEN", status, DRIVER, PayerKind.PREPAID)
    world.run(onboarding.put_id_token, stolen)
    started = world.start(token="stolen")
    assert started.authorisation is not Authorisation.ACCEPTED
    world.wait(30)
    world.stop(started.transaction_id, 4 * KWH)
    world.run(review.collect, review.Collect(started.session_id))
    assert world.balance(f"payer:{DRIVER}") == 100_000_000
    assert world.balance(f"receivable:{DRIVER}") == 0


def test_a_lock_reclaimed_after_its_session_was_refunded_still_books():
    """The mirror must never meet an event that it cannot book: that stops the whole network."""
    world = World(signed=False)
    started = world.start(token=world.lock(5_000_000))
    world.wait(30)
    world.stop(started.transaction_id, 4 * KWH)
    world.stop(started.transaction_id, 3 * KWH)  # contested before the release landed
    world.run(review.resolve, review.Resolve(started.session_id, pay=False))
    world.book(Returned(world.event(), "0xl0c4", 5_000_000, True))
    assert world.balance("payer:lock:0xl0c4") == 0
    assert world.balance(f"payer:{WALLET}") == 0
    assert world.balance("onchain:anvil") == -100_000_000


def test_what_a_refunded_wallet_spent_meanwhile_is_owed_when_it_reclaims_its_lock_too():
    world = World(signed=False)
    started = world.start(token=world.lock(5_000_000))
    world.wait(30)
    world.stop(started.transaction_id, 4 * KWH)
    world.stop(started.transaction_id, 3 * KWH)
    world.run(review.resolve, review.Resolve(started.session_id, pay=False))
    card = IdToken("WCARD", TokenStatus.ACCEPTED, WALLET, PayerKind.PREPAID)
    world.run(onboarding.put_id_token, card)
    other = world.start(token="wcard")
    assert world.session(other).hold_minor == 2_000_000
    world.book(Returned(world.event(), "0xl0c4", 5_000_000, True))
    assert world.balance(f"receivable:{WALLET}") == -2_000_000
    assert world.session(other).state is SessionState.ACTIVE


def test_a_session_that_no_part_of_its_tariff_covers_goes_to_a_person():
    world = World(signed=False)
    never = Restrictions(min_mwh=1_000 * KWH)
    element = Element((Component(Dimension.ENERGY, Price(50, 2)),), never)
    publish(world, Tariff("HOLE", ASSET, (element,)))
    started = world.start()
    world.wait(30)
    world.stop(started.transaction_id, 4 * KWH)
    assert world.session(started).state is SessionState.REVIEW
    assert "tariff_not_covering" in world.session(started).findings


def test_a_review_that_is_paid_keeps_what_exceeds_its_hold_as_owed():
    world = World(signed=False)
    started = world.start(token=world.lock(2_000_000))
    world.wait(30)
    world.stop(started.transaction_id, 5 * KWH, findings=("transaction_id_missing",))
    assert world.session(started).state is SessionState.REVIEW
    world.run(review.resolve, review.Resolve(started.session_id, pay=True))
    assert world.balance(f"receivable:{WALLET}") == -500_000
    assert world.balance(f"payee:{HOST}") == 1_600_000


def test_a_stop_from_the_future_takes_no_money_for_time_that_never_passed():
    world = World(signed=False)
    timed(world)
    started = world.start()
    world.wait(10)
    world.stop(started.transaction_id, KWH, at_ms=world.now + 9 * 60 * MINUTE)
    assert world.session(started).state is SessionState.REVIEW
    assert world.balance(f"payee:{HOST}") == 0


def test_readings_from_the_future_reserve_no_more_money():
    world = World(signed=False)
    timed(world)
    started = world.start()
    for day in range(1, 9):
        world.readings(started.transaction_id, (world.now + day * DAY, KWH))
    assert world.session(started).hold_minor == 10_000_000


def test_a_start_long_before_any_offline_window_goes_to_a_person():
    world = World(signed=False)
    timed(world, 10_000)
    started = world.start(at_ms=world.now - 30 * DAY)
    world.wait(1)
    world.stop(started.transaction_id, KWH)
    assert world.session(started).state is SessionState.REVIEW


def test_a_start_from_the_future_is_kept_with_our_time():
    world = World(signed=False)
    started = world.start(at_ms=world.now + 3_000 * DAY)
    assert world.session(started).started_ms <= world.now
    assert "clock_skew" in world.session(started).findings


def test_a_lock_that_ends_twice_in_the_ledger_is_refused_by_the_chain_not_by_chance():
    world = World(signed=False)
    started = world.start(token=world.lock(5_000_000))
    world.wait(30)
    world.stop(started.transaction_id, 4 * KWH)
    world.book(Released(world.event(), "0xl0c4", 2_000_000, 3_000_000))
    assert world.balance("payer:lock:0xl0c4") == 0
    world.stop(started.transaction_id, 3 * KWH)
    world.run(review.resolve, review.Resolve(started.session_id, pay=False))
    assert world.balance(f"payer:{WALLET}") == 2_000_000


def test_a_session_in_doubt_without_a_hold_can_still_be_owed_once():
    world = World(signed=False)
    started = world.start()
    at = world.now + 30 * MINUTE
    world.wait(4 * 24 * 60)  # the hold is over
    world.stop(started.transaction_id, 4 * KWH, at_ms=at, approved=False)
    assert world.session(started).state is SessionState.REVIEW
    world.run(review.resolve, review.Resolve(started.session_id, pay=True))
    assert world.session(started).state is SessionState.OWED
    assert world.balance(f"receivable:{DRIVER}") == -2_000_000
    world.stop(started.transaction_id, 3 * KWH, at_ms=at)
    assert world.session(started).state is SessionState.REVIEW
    world.run(review.resolve, review.Resolve(started.session_id, pay=True))
    assert world.balance(f"receivable:{DRIVER}") == -2_000_000
    assert world.run(review.collect, review.Collect(started.session_id))
    assert world.balance(f"payee:{HOST}") == 1_600_000
    assert world.balance(f"receivable:{DRIVER}") == 0
    kept = world.store.get(Verdicts, started.session_id).given
    assert [(one.found, one.outcome) for one in kept] == [("review", "pay")] * 2


def test_a_person_who_decides_says_why_and_a_decision_that_is_refused_leaves_no_word():
    world = World(signed=False)
    started = world.start(token=world.lock(2_000_000))
    world.wait(30)
    world.stop(started.transaction_id, 5 * KWH, findings=("transaction_id_missing",))
    by = Author("k1", "Zoë", "api", " ")
    with pytest.raises(OperatorError, match="say why"):
        world.run(review.resolve, review.Resolve(started.session_id, True, by))
    assert world.store.get(Verdicts, started.session_id) is None
    said = replace(by, reason="the meter was read on the spot")
    world.run(review.resolve, review.Resolve(started.session_id, True, said))
    with pytest.raises(OperatorError, match="only one in review"):
        world.run(review.resolve, review.Resolve(started.session_id, False, said))
    [verdict] = world.store.get(Verdicts, started.session_id).given
    assert (verdict.outcome, verdict.author) == ("pay", said)


def test_a_session_that_is_refunded_is_owed_by_nobody():
    world = World(signed=False)
    started = world.start(token=world.lock(2_000_000))
    world.wait(30)
    world.stop(started.transaction_id, 5 * KWH)
    assert world.balance(f"receivable:{WALLET}") == -500_000
    world.stop(started.transaction_id, 4 * KWH)
    world.run(review.resolve, review.Resolve(started.session_id, pay=False))
    assert world.balance(f"receivable:{WALLET}") == 0


def lock_until(world, expiry_s, lock_id="0x5h0r7"):
    world.book(Locked(world.event(), lock_id, WALLET, 0, 5_000_000, expiry_s))
    token = onboarding.TokenForLock(lock_id, f"W-{lock_id}")
    return world.run(onboarding.token_for_lock, token).uid


def test_a_lock_that_its_wallet_can_soon_take_back_pays_for_nothing():
    world = World(signed=False)
    token = lock_until(world, 10 * 60)
    started = world.start(token=token)
    assert started.authorisation is Authorisation.EXPIRED
    assert world.session(started).state is SessionState.UNFUNDED


def test_a_session_is_stopped_while_its_lock_still_holds():
    world = World(signed=False)
    started = world.start(token=lock_until(world, 3_600))
    assert started.authorisation is Authorisation.ACCEPTED
    world.wait(10)
    world.readings(started.transaction_id, (world.now, KWH))
    assert jobs(world) == []
    since = world.store.get(ChainCursor, "anvil")
    block = BlockRef(since.block_number + 1, "0xlater", 3_600 - 10 * 60)
    world.run(mirror.book_final, mirror.BookFinal(since, block, ()))
    world.wait(40)
    world.readings(started.transaction_id, (world.now, 2 * KWH))
    assert [kind for kind, _ in jobs(world)] == ["stop"]


def test_energy_that_no_evse_can_give_reserves_no_more_of_a_drivers_money():
    world = World(signed=False)
    started = world.start()
    for minute in range(1, 9):
        world.wait(1)
        world.readings(started.transaction_id, (world.now, minute * 1_000 * KWH))
    assert world.session(started).hold_minor == 10_000_000
    assert [kind for kind, _ in jobs(world)] == ["stop"]

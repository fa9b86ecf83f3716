"""What becomes of a session and its money, told as sentences."""

from __future__ import annotations

import pytest

from ohmstead.core.network import Quarantined
from ohmstead.core.session import SessionState
from ohmstead.errors import OperatorError
from ohmstead.flows import onboarding
from ohmstead.flows.charging import review
from ohmstead.flows.charging.funding import Authorisation
from ohmstead.flows.charging.progress import ProgressOutcome
from ohmstead.flows.charging.stop import StopOutcome
from tests.flows.world import DRIVER, HOST, KWH, MINUTE, TREASURY, WALLET, Meter, World


def forged(record: bytes) -> bytes:
    """The same record with another energy under the old signature."""
    return record.replace(b'"RV":4', b'"RV":5')


def test_an_honest_signed_session_is_proven_priced_and_split():
    world = World()
    started = world.signed_session(energy_mwh=4 * KWH)
    session, bill = world.session(started), world.bill(started)
    assert session.state is SessionState.SETTLED and session.findings == ()
    assert (bill.tier, bill.energy_mwh, bill.total_minor) == ("soft", 4 * KWH, 2_000_000)
    assert world.balance(f"payee:{TREASURY}") == 400_000
    assert world.balance(f"payee:{HOST}") == 1_600_000
    assert world.balance(f"payer:{DRIVER}") == 98_000_000


def test_a_start_that_arrives_twice_holds_once():
    world = World()
    first, second = world.start(), world.start()
    assert first == second
    assert world.balance(f"payer:{DRIVER}") == 90_000_000


def test_a_stop_that_arrives_twice_pays_once():
    world = World(signed=False)
    started = world.start()
    world.wait(30)
    at = world.now
    assert world.stop(started.transaction_id, KWH, at_ms=at).outcome is StopOutcome.RECORDED
    before = world.accounts()
    world.wait(1)
    assert world.stop(started.transaction_id, KWH, at_ms=at).outcome is StopOutcome.EXISTS
    assert world.accounts() == before


def test_a_contradicting_stop_freezes_what_payees_got_until_somebody_decides():
    world = World(signed=False)
    started = world.start()
    world.wait(30)
    world.stop(started.transaction_id, 4 * KWH)
    assert world.stop(started.transaction_id, 3 * KWH).outcome is StopOutcome.CONTRADICTED
    assert world.session(started).state is SessionState.CONTESTED
    assert world.balance(f"payee:{HOST}") == 0
    world.run(review.resolve, review.Resolve(started.session_id, pay=True))
    assert world.session(started).state is SessionState.SETTLED
    assert world.balance(f"payee:{HOST}") == 1_600_000


def test_a_contested_session_can_be_refunded_whole():
    world = World(signed=False)
    started = world.start()
    world.wait(30)
    world.stop(started.transaction_id, 4 * KWH)
    world.stop(started.transaction_id, 3 * KWH)
    world.run(review.resolve, review.Resolve(started.session_id, pay=False))
    assert world.balance(f"payer:{DRIVER}") == 100_000_000
    assert world.balance(f"payee:{HOST}") == 0


@pytest.mark.parametrize(
    ("finding", "make"),
    [
        (
            "invalid_signature",
            lambda w: w.meter.sign((w.now, "E", 4 * KWH)).replace(b"4.0", b"4.1"),
        ),
        ("unknown_meter", lambda w: Meter("STRANGER", 8).sign((w.now, "E", 4 * KWH))),
        ("page_conflict", lambda w: w.meter.sign((w.now, "E", 4 * KWH), page=1)),
        ("register_decreased", lambda w: w.meter.sign((w.now, "E", KWH))),
        ("malformed", lambda w: b"OCMF|{}|{}"),
    ],
)
def test_evidence_that_does_not_hold_sends_the_session_to_review(finding, make):
    """Behaviour 25: refused as evidence, kept, and the money waits in dispute."""
    world = World()
    started = world.start(2 * KWH)
    first = world.meter.sign((world.now, "B", 2 * KWH))
    world.readings(started.transaction_id, evidence=world.evidence(first))
    world.wait(30)
    world.stop(started.transaction_id, 4 * KWH, world.evidence(make(world)))
    session = world.session(started)
    assert session.state is SessionState.REVIEW
    assert finding in session.findings
    assert world.balance(f"payee:{HOST}") == 0
    if finding != "register_decreased":
        assert any(q.reason == finding for q in world.store.find(Quarantined, 10))


def test_a_page_of_another_session_is_a_replay():
    world = World()
    first = world.start()
    begin = world.meter.sign((world.now, "B", 0))
    world.readings(first.transaction_id, evidence=world.evidence(begin))
    world.wait(30)
    end = world.meter.sign((world.now, "E", KWH))
    world.stop(first.transaction_id, KWH, world.evidence(end))
    world.wait(5)
    second = world.start(KWH)
    world.readings(second.transaction_id, evidence=world.evidence(begin))
    world.wait(30)
    world.stop(second.transaction_id, 2 * KWH, world.evidence(end))
    assert world.session(first).state is SessionState.SETTLED
    assert world.session(second).state is SessionState.REVIEW
    assert "replayed_page" in world.session(second).findings


def test_a_register_that_begins_below_the_end_before_goes_to_review():
    world = World()
    world.signed_session(begin_mwh=10 * KWH)
    world.wait(10)
    rolled = world.signed_session(begin_mwh=2 * KWH)
    assert "begin_before_previous_end" in world.session(rolled).findings
    assert world.session(rolled).state is SessionState.REVIEW


def test_more_energy_than_the_evse_can_give_goes_to_review():
    world = World(evse_w=11_000)
    started = world.signed_session(energy_mwh=9 * KWH, minutes=30)
    assert "energy_above_rated" in world.session(started).findings
    assert world.session(started).state is SessionState.REVIEW


def test_unproven_energy_settles_only_when_the_driver_approved_the_stop():
    world = World(signed=False)
    started = world.start()
    world.wait(30)
    world.stop(started.transaction_id, KWH, approved=False)
    assert world.session(started).state is SessionState.REVIEW
    assert "stop_not_approved" in world.session(started).findings


def test_an_unproven_session_is_marked_and_settles_with_the_drivers_approval():
    world = World(signed=False)
    started = world.start()
    world.wait(30)
    world.stop(started.transaction_id, KWH)
    assert world.session(started).state is SessionState.SETTLED
    assert world.bill(started).tier == "none" and not world.bill(started).is_proven


def test_a_registered_meter_that_does_not_sign_proves_nothing():
    world = World()
    started = world.start()
    world.wait(30)
    world.stop(started.transaction_id, KWH)
    assert world.bill(started).tier == "none"
    assert "signature_missing" in world.session(started).findings


def test_nothing_delivered_gives_the_hold_back_whole():
    world = World(signed=False)
    started = world.start()
    world.wait(5)
    world.stop(started.transaction_id, 0)
    assert world.session(started).state is SessionState.VOID
    assert world.balance(f"payer:{DRIVER}") == 100_000_000


def test_a_hold_is_raised_before_the_cost_reaches_it():
    world = World(signed=False)
    started = world.start()
    for step in range(1, 6):
        world.wait(15)
        world.readings(started.transaction_id, (world.now, step * 5 * KWH))
    assert world.session(started).hold_minor > 12_500_000
    world.wait(1)
    world.stop(started.transaction_id, 25 * KWH)
    assert world.bill(started).covered_minor == world.bill(started).total_minor == 12_500_000


def test_a_session_that_cannot_hold_more_is_stopped_and_the_excess_is_owed():
    world = World(signed=False)
    token = world.lock(2_000_000)
    started = world.start(token=token)
    world.wait(12)
    world.readings(started.transaction_id, (world.now, 4 * KWH))
    jobs = world.store.due_jobs(world.now, 10)
    assert [job.kind for job in jobs] == ["stop"]
    world.wait(3)
    world.stop(started.transaction_id, 5 * KWH)
    bill = world.bill(started)
    assert (bill.total_minor, bill.covered_minor) == (2_500_000, 2_000_000)
    assert world.balance(f"receivable:{WALLET}") == -500_000
    assert world.session(started).state is SessionState.SETTLED


def test_a_delivery_after_the_hold_expired_is_owed_and_collected_when_money_comes():
    world = World(signed=False)
    started = world.start()
    at = world.now + 30 * MINUTE
    world.wait(4 * 24 * 60)
    world.stop(started.transaction_id, 4 * KWH, at_ms=at)
    assert world.session(started).state is SessionState.OWED
    assert world.balance(f"payee:{HOST}") == 0
    assert world.balance(f"receivable:{DRIVER}") == -2_000_000
    assert world.run(review.collect, review.Collect(started.session_id))
    assert world.session(started).state is SessionState.SETTLED
    assert world.balance(f"receivable:{DRIVER}") == 0
    assert world.balance(f"payee:{HOST}") == 1_600_000


def test_a_stop_of_an_unknown_transaction_is_kept_and_stops_nothing():
    """Behaviour 6."""
    world = World(signed=False)
    started = world.start()
    assert world.stop("999", KWH).outcome is StopOutcome.QUARANTINED
    foreign = world.stop(started.transaction_id, KWH, station_id="OTHER")
    assert foreign.outcome is StopOutcome.QUARANTINED
    assert world.session(started).state is SessionState.ACTIVE


def test_readings_of_an_unknown_transaction_are_kept():
    world = World()
    answer = world.readings("999", (world.now, KWH))
    assert answer.outcome is ProgressOutcome.QUARANTINED


def test_readings_after_the_stop_change_no_bill():
    world = World(signed=False)
    started = world.start()
    world.wait(30)
    world.stop(started.transaction_id, KWH)
    before = world.bill(started)
    assert world.readings(started.transaction_id, (world.now, 9 * KWH)).outcome is (
        ProgressOutcome.LATE
    )
    assert world.bill(started) == before


def test_an_unknown_card_is_refused_but_its_transaction_is_recorded():
    world = World(signed=False)
    started = world.start(token="stranger")
    assert started.authorisation is Authorisation.INVALID
    assert world.session(started).state is SessionState.UNFUNDED
    world.wait(1)
    world.stop(started.transaction_id, 0)
    assert world.session(started).state is SessionState.VOID


def test_a_driver_without_money_is_told_so():
    world = World(signed=False)
    world.book()
    for _ in range(10):
        world.wait(1)
        last = world.start()
    world.wait(1)
    assert last.authorisation is Authorisation.ACCEPTED
    assert world.start().authorisation is Authorisation.NO_CREDIT


def test_a_lock_pays_for_one_session_only():
    world = World(signed=False)
    token = world.lock(2_000_000)
    assert world.start(token=token).authorisation is Authorisation.ACCEPTED
    world.wait(1)
    assert world.start(token=token).authorisation is Authorisation.CONCURRENT
    again = onboarding.TokenForLock("0xl0c4", "W-again")
    with pytest.raises(OperatorError, match="used already"):
        world.run(onboarding.token_for_lock, again)


def test_a_settled_walk_up_session_releases_its_lock_with_the_cost():
    world = World(signed=False)
    started = world.start(token=world.lock(5_000_000))
    world.wait(30)
    world.stop(started.transaction_id, 4 * KWH, approved=False)
    [job] = world.store.due_jobs(world.now, 10)
    assert (job.kind, job.payload["cost"]) == ("release_lock", "2000000")


def test_only_a_session_in_doubt_can_be_resolved():
    world = World(signed=False)
    started = world.start()
    with pytest.raises(OperatorError, match="only one in review or contested"):
        world.run(review.resolve, review.Resolve(started.session_id, pay=True))
    with pytest.raises(OperatorError, match="there is no session"):
        world.run(review.resolve, review.Resolve("S-none", pay=True))

"""Epochs over time: accounts that pay and are paid, later changes, and what a receipt tells."""

from __future__ import annotations

import json
import random

from ohmstead.core.canonical import encode
from ohmstead.core.epoch import LaneHead, build
from ohmstead.core.network import IdToken, Station, TokenStatus
from ohmstead.core.onchain import (
    AccountHead,
    Anchored,
    Claimed,
    EpochLane,
    EpochRecord,
    EpochState,
    epoch_key,
)
from ohmstead.core.receipt_session import LedgerRef
from ohmstead.core.session import PayerKind, Session, SessionState, Share
from ohmstead.flows import onboarding, payout, receipts
from ohmstead.frozen import replace
from tests.flows.world import DRIVER, HOST, KWH, TREASURY, World

ISSUER = receipts.Issuer(
    "commons", LedgerRef(31337, "0x" + "01" * 20, "0x" + "02" * 20, "0x" + "03" * 20), b"secret", {}
)


def close(world):
    """Close the next epoch of everything settled, as the settler does."""
    number = len(world.store.find(EpochRecord, 99)) + 1
    before = world.store.get(EpochRecord, epoch_key(number - 1))
    sessions = tuple(world.store.find(Session, 999, state=SessionState.SETTLED.value, epoch=0))
    documents = tuple(encode(receipts.document_of(world.store, s, ISSUER)) for s in sessions)
    heads = {
        (h.lane, bytes.fromhex(h.account[2:])): LaneHead(h.epoch, h.index, h.cumulative_minor)
        for h in world.store.find(AccountHead, 999)
    }
    built = build(
        number,
        bytes.fromhex(before.seal_hash[2:]) if before else bytes(32),
        [receipts.receipt_of(document, 1) for document in documents],
        heads,
        (before.settled_before_minor + before.total_minor if before else 0, 0),
        1,
        bytes(32),
    )
    assert world.run(payout.close_epoch, payout.CloseEpoch(built, sessions, documents)) is not None
    return built


def anchor(world, built, at_s=1_000):
    seal = "0x" + built.header.seal(at_s).hash().hex()
    header = "0x" + built.header.hash().hex()
    world.book(Anchored(world.event(), built.header.number, header, seal, at_s))


def finalise(world, number, at_s=2_000):
    return world.run(payout.finalise_epoch, payout.FinaliseEpoch(number, at_s, 100))


def payee_who_drives(world):
    """A driver that is also a payee of the station."""
    station = world.store.get(Station, "ST")
    shares = (Share(DRIVER, 3_000), Share(TREASURY, 1), Share(HOST, 6_999, rest=True))
    changed = replace(station, shares=shares)
    world.run(lambda _s, it, _n: onboarding.Decision(None, (it,)), changed)


def test_an_account_that_pays_and_is_paid_stands_right_over_many_epochs():
    world, chance = World(signed=False), random.Random(5)
    payee_who_drives(world)
    host = IdToken("HOSTCARD", TokenStatus.ACCEPTED, HOST, PayerKind.PREPAID)
    world.run(onboarding.put_id_token, host)
    world.deposit(50_000_000, HOST)
    paid, credited, claimed, register = {}, {}, {}, 0
    for number in range(1, 9):
        for _ in range(chance.randrange(1, 5)):
            world.wait(5)
            card, kwh = chance.choice(["card", "hostcard"]), chance.randrange(1, 8)
            started = world.start(register, card)
            world.wait(30)
            register += kwh * KWH + chance.randrange(999)
            world.stop(started.transaction_id, register)
            bill = world.bill(started)
            payer = world.session(started).payer
            paid[payer] = paid.get(payer, 0) + bill.covered_minor
            for payee, minor in bill.parts:
                credited[payee] = credited.get(payee, 0) + minor
        built = close(world)
        anchor(world, built)
        assert finalise(world, number)
        assert receipts.rebuild(world.store, number).header == built.header
        for payee, total in credited.items():
            due = total - claimed.get(payee, 0)
            assert world.balance(f"claimable:{payee}") == due
            if due and chance.random() < 0.5:
                world.book(Claimed(world.event(), payee, 0, due))
                claimed[payee] = total
    heads = {(h.lane, h.account): h.cumulative_minor for h in world.store.find(AccountHead, 99)}
    assert {a: m for (lane, a), m in heads.items() if lane == 0} == credited
    assert {a: m for (lane, a), m in heads.items() if lane == 2} == paid
    for lane in world.store.find(EpochLane, 999):
        assert lane.cumulative_minor == lane.prev_cumulative_minor + lane.amount_minor
        assert lane.prev_epoch < lane.epoch
    for payee, total in credited.items():
        assert world.balance(f"payee:{payee}") == 0
        assert world.balance(f"claimable:{payee}") == total - claimed.get(payee, 0)


def test_an_epoch_is_rebuilt_the_same_after_everything_around_it_changed():
    world = World()
    first = world.signed_session(energy_mwh=4 * KWH)
    built = close(world)
    anchor(world, built)
    world.wait(1)
    world.stop(first.transaction_id, 3 * KWH)  # contradicted after its anchor
    assert "contradicted_after_anchor" in world.session(first).findings
    payee_who_drives(world)
    world.wait(30)
    world.signed_session(begin_mwh=4 * KWH)
    anchor(world, close(world))
    assert receipts.rebuild(world.store, 1).header == built.header
    assert world.session(first).state is SessionState.SETTLED


def test_a_session_document_names_no_card_and_carries_no_signed_bytes():
    world = World()
    started = world.signed_session()
    document = receipts.document_of(world.store, world.session(started), ISSUER)
    text = json.dumps(document).casefold()
    assert "card" not in text and "secret" not in text and "ocmf|" not in text
    other = replace(ISSUER, secret=b"another")
    again = receipts.document_of(world.store, world.session(started), other)
    assert again["id_token"] != document["id_token"]


def test_an_epoch_that_is_finalised_twice_pays_once():
    world = World(signed=False)
    started = world.start()
    world.wait(30)
    world.stop(started.transaction_id, 4 * KWH)
    anchor(world, close(world))
    assert not finalise(world, 1, at_s=1_050)
    assert finalise(world, 1) and finalise(world, 1)
    assert world.balance(f"claimable:{HOST}") == 1_600_000
    assert world.store.get(EpochRecord, epoch_key(1)).state is EpochState.FINAL


def test_a_session_contested_while_its_epoch_is_built_is_in_no_epoch():
    world = World(signed=False)
    started = world.start()
    world.wait(30)
    world.stop(started.transaction_id, 4 * KWH)
    session = world.session(started)
    document = encode(receipts.document_of(world.store, session, ISSUER))
    receipt = receipts.receipt_of(document, 1)
    built = build(1, bytes(32), [receipt], {}, (0, 0), 1, bytes(32))
    world.stop(started.transaction_id, 3 * KWH)
    command = payout.CloseEpoch(built, (session,), (document,))
    assert world.run(payout.close_epoch, command) is None

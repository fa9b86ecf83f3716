"""Ten ways to misbehave on the wire, on the meter and on the chain, and what must come of each.

Each acts one planned session out and then holds the house's books against what must be there: the
state, the findings in their order, and every amount to the unit, worked out here from the plan and
not by the code under test.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from ohmstead.apps.replay.books import Books
from ohmstead.apps.replay.casting import cost_minor, parts_minor
from ohmstead.apps.replay.driving import Drive
from ohmstead.apps.replay.plan import PlannedSession
from ohmstead.apps.replay.scenery import (
    HOLD_MINOR,
    OFFLINE_WINDOW_S,
    REPORT_INTERVAL_S,
    SESSION_MAX_S,
)
from ohmstead.apps.replay.stage import Stage
from ohmstead.apps.virtual.meter import BEGIN, END, Sample, VirtualMeter
from ohmstead.core.session import SessionState
from ohmstead.frozen import Frozen
from ohmstead.units import MS_PER_S, MWH_PER_KWH, MWH_PER_WH, S_PER_HOUR
from ohmstead.wire.ocmf import Entry

T = TypeVar("T")
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
KILL_WAIT_S = 60
POLL_S = 0.05
TOP_UP_MINOR = 50_000_000


@dataclass(slots=True, eq=False)
class Case:
    """One misbehaviour as it went: ``differences`` is empty when all was as it must be."""

    name: str
    title: str
    session_id: str = ""
    outcome: str = ""
    differences: list[str] = field(default_factory=list)

    def expect(self, what: str, wanted: T, found: T) -> None:
        """Keep a difference; nothing is raised, so that every difference is seen."""
        if wanted != found:
            self.differences.append(f"{what}: expected {wanted}, found {found}")


@dataclass(slots=True, eq=False)
class Scene:
    """What a misbehaviour acts in."""

    stage: Stage
    planned: PlannedSession
    run: Drive
    case: Case
    books: Books

    @property
    def meter(self) -> VirtualMeter:
        return self.run.post.station.places[self.planned.evse].meter

    def energy_by_gateway(self, mwh: int) -> int:
        """Return the energy that the gateway's own record shows: OCPP 1.6 counts whole Wh."""
        return mwh - mwh % MWH_PER_WH if self.planned.protocol == "1.6" else mwh

    def interval_cost_minor(self) -> int:
        """Return what this evse could cost from one report to the next."""
        evse = next(e for e in self.run.post.planned.evses if e.id == self.planned.evse)
        return cost_minor(evse.rated_w * REPORT_INTERVAL_S * MWH_PER_WH // S_PER_HOUR)

    def settled(self, energy_mwh: int, findings: tuple[str, ...] = ()) -> None:
        """Expect a session that was proven, paid and split as it should."""
        self.ended(SessionState.SETTLED, findings)
        bill, total = self.books.bill(self.case.session_id), cost_minor(energy_mwh)
        self.case.expect("tier", "soft", bill.tier if bill else "")
        self.case.expect("energy in mWh", energy_mwh, bill.energy_mwh if bill else 0)
        self.case.expect("price", total, bill.total_minor if bill else 0)
        self.case.expect("taken", total, self.books.takes(self.case.session_id))
        self.paid(total)
        self.case.outcome = f"settled once, {energy_mwh // MWH_PER_WH} Wh proven"

    def paid(self, total_minor: int) -> None:
        """Expect the payees' parts of a sum, and an escrow closed at zero."""
        parts = parts_minor(total_minor, self.run.post.planned.host)
        self.case.expect("paid to payees", parts, self.books.paid(self.case.session_id))
        closed = self.books.escrow_is_closed(self.case.session_id)
        self.case.expect("escrow is closed", True, closed)

    def ended(self, state: SessionState, findings: tuple[str, ...]) -> None:
        """Expect a state and exactly these findings."""
        self.case.session_id = self.run.session_id
        session = self.books.session(self.case.session_id)
        self.case.expect("state", state, session.state)
        self.case.expect("findings", findings, session.findings)

    def in_review(self, disputed_minor: int, *findings: str) -> None:
        """Expect a session in review with so much on the dispute account and nobody paid."""
        self.ended(SessionState.REVIEW, findings)
        session_id = self.case.session_id
        self.case.expect("in dispute", disputed_minor, self.books.disputed(session_id))
        self.case.expect("paid to payees", {}, self.books.paid(session_id))
        self.case.outcome = f"refused as evidence, {_money(disputed_minor)} kept in dispute"

    def unproven_in_review(self, energy_mwh: int, *findings: str) -> None:
        """Expect a review over what the gateway recorded, because nothing was proven."""
        energy_mwh = self.energy_by_gateway(energy_mwh)
        self.in_review(cost_minor(energy_mwh), *findings)
        bill = self.books.bill(self.case.session_id)
        self.case.expect("tier", "none", bill.tier if bill else "")
        self.case.expect("energy in mWh", energy_mwh, bill.energy_mwh if bill else 0)


async def _fake_signature(scene: Scene) -> None:
    """The end claims one part in a hundred more, signed by a key that only calls itself ours."""
    run, planned = scene.run, scene.planned
    await run.begin()
    await run.charge()
    await scene.stage.conductor.until(planned.end_ms)
    claimed_mwh = planned.energy_mwh + planned.energy_mwh // 100
    register_mwh = run.register(claimed_mwh)
    impostor = VirtualMeter.from_seed("impostor", scene.meter.serial, register_mwh)
    forged = impostor.sign([Entry(planned.end_ms, END, register_mwh)], page=scene.meter.page() + 1)
    sample = Sample(planned.end_ms, register_mwh, forged)
    await run.post.station.stop(run.transaction, sample=sample)
    energy_mwh = register_mwh - run.begin_mwh
    scene.unproven_in_review(energy_mwh, "invalid_signature", "signature_missing")


async def _replayed_page(scene: Scene) -> None:
    """The end is the genuine record of an earlier session of the same meter."""
    run, planned = scene.run, scene.planned
    old = run.post.last_end[planned.evse]  # casting chose an evse with an earlier session
    await run.begin()
    await run.charge()
    await scene.stage.conductor.until(planned.end_ms)
    sample = Sample(planned.end_ms, run.end_mwh, old)
    await run.post.station.stop(run.transaction, sample=sample)
    energy_mwh = run.end_mwh - run.begin_mwh
    scene.unproven_in_review(energy_mwh, "replayed_page", "signature_missing")


async def _double_stop(scene: Scene) -> None:
    """The same stop arrives twice, under another message id."""
    await _honest(scene)
    scene.settled(scene.run.end_mwh - scene.run.begin_mwh)
    await scene.run.post.station.resend_last_stop()
    scene.settled(scene.run.end_mwh - scene.run.begin_mwh)


async def _contradicting_stop(scene: Scene) -> None:
    """A second stop says another register, signed too: the money that was split is frozen."""
    run, planned = scene.run, scene.planned
    await run.begin()
    await run.charge()
    await scene.stage.conductor.until(planned.end_ms)
    async with scene.stage.epoch_lock:  # an epoch that closed in between could not be undone
        await run.end()
        total = cost_minor(run.end_mwh - run.begin_mwh)
        other_mwh = run.end_mwh + MWH_PER_KWH
        record = scene.meter.sign([Entry(planned.end_ms, END, other_mwh)])
        sample = Sample(planned.end_ms, other_mwh, record)
        await run.post.station.stop_again(run.transaction, sample)
        scene.ended(SessionState.CONTESTED, ("contradicting_stop",))
        parts = parts_minor(total, run.post.planned.host)
        scene.case.expect("frozen", parts, scene.books.frozen(scene.case.session_id))
        scene.paid(total)
    scene.case.outcome = f"{_money(total)} frozen with its payees until a person decides"


async def _drop_in_mid_session(scene: Scene) -> None:
    """The connection is lost; the rest of the session is delivered half an hour after its end."""
    run, planned, station = scene.run, scene.planned, scene.run.post.station
    middle_ms = (planned.start_ms + planned.end_ms) // 2
    await run.begin()
    await run.charge(until_ms=middle_ms)
    await scene.stage.conductor.until(middle_ms)
    await station.drop()
    await run.charge(after_ms=middle_ms)
    await run.end()
    scene.case.expect("stop waits in the station", True, station.queued > 0)
    await scene.stage.conductor.until(planned.end_ms + 30 * MINUTE_MS)
    await station.connect()
    scene.case.expect("messages left in the station", 0, station.queued)
    scene.settled(run.end_mwh - run.begin_mwh)


async def _register_rollback(scene: Scene) -> None:
    """A properly signed end stands below the begin."""
    run, planned = scene.run, scene.planned
    await run.begin()
    await run.charge()
    await scene.stage.conductor.until(planned.end_ms)
    below_mwh = run.begin_mwh - MWH_PER_KWH
    record = scene.meter.sign([Entry(planned.end_ms, END, below_mwh)])
    await run.post.station.stop(run.transaction, sample=Sample(planned.end_ms, below_mwh, record))
    # Readings that run backwards have no price: the whole hold waits.
    holds = scene.books.session(run.session_id).holds
    scene.in_review(HOLD_MINOR * holds, "register_decreased", "not_priceable")


async def _unknown_meter(scene: Scene) -> None:
    """Begin and end are signed well, by a meter that nobody registered."""
    run, planned = scene.run, scene.planned
    stranger = VirtualMeter.from_seed("stranger", f"STRANGER-{planned.number}", run.begin_mwh)
    begin_mwh = scene.meter.register_mwh
    stranger.count(begin_mwh)
    await run.begin(stranger.read_signed(planned.start_ms, BEGIN))
    await run.charge()
    await scene.stage.conductor.until(planned.end_ms)
    sample = stranger.read_signed(planned.end_ms, END, run.end_mwh)
    await run.post.station.stop(run.transaction, sample=sample)
    energy_mwh = run.end_mwh - run.begin_mwh
    scene.unproven_in_review(energy_mwh, "unknown_meter", "signature_missing")


async def _cost_above_hold(scene: Scene) -> None:
    """The driver has half the price, and the station does not stop when it is told to."""
    run = scene.run
    payer = scene.stage.accounts.payer_of(scene.planned.driver)
    held = scene.books.balance(f"payer:{payer}")
    await run.begin()
    await run.charge()
    transaction_id = run.transaction.transaction_id
    await _until(lambda: transaction_id in run.post.stop_asked)
    asked = transaction_id in run.post.stop_asked
    await run.end()
    total = cost_minor(run.end_mwh - run.begin_mwh)
    scene.ended(SessionState.SETTLED, ("stopped_at_hold",))
    scene.case.expect("the station was asked to stop", True, asked)
    scene.case.expect("held", held, scene.books.takes(scene.case.session_id))
    scene.case.expect("receivable", total - held, scene.books.receivable(payer))
    scene.case.expect("left to spend", 0, scene.books.balance(f"payer:{payer}"))
    scene.paid(held)
    scene.case.outcome = f"{_money(held)} paid, {_money(total - held)} owed by its driver"


async def _late_offline_stop(scene: Scene) -> None:
    """The stop comes after the hold has expired: it is owed, and collected after a top-up."""
    run, planned, station = scene.run, scene.planned, scene.run.post.station
    payer = scene.stage.accounts.payer_of(planned.driver)
    held = scene.books.balance(f"payer:{payer}")
    await run.begin()
    await station.drop()
    await run.charge()
    await run.end()
    expires_ms = planned.start_ms + (SESSION_MAX_S + OFFLINE_WINDOW_S) * MS_PER_S
    await scene.stage.conductor.until(expires_ms + HOUR_MS)
    session_id = run.session_id
    expired = SessionState.EXPIRED
    await scene.stage.booked(lambda: scene.books.session(session_id).state is expired)
    await station.connect()
    energy_mwh = run.end_mwh - run.begin_mwh
    total = cost_minor(energy_mwh)
    findings: tuple[str, ...] = ("hold_expired",)
    if held // scene.interval_cost_minor() <= 1:  # at full power it would not last for two reports
        findings = ("stopped_at_hold", "hold_expired")
    scene.ended(SessionState.OWED, findings)
    scene.case.expect("receivable", total, scene.books.receivable(payer))
    scene.case.expect("paid before", {}, scene.books.paid(scene.case.session_id))
    scene.case.expect("hold given back", held, scene.books.balance(f"payer:{payer}"))
    await scene.stage.accounts.top_up(planned.driver, TOP_UP_MINOR)
    await scene.stage.booked(lambda: scene.books.receivable(payer) == 0)
    scene.ended(SessionState.SETTLED, findings)
    left = held + TOP_UP_MINOR - total
    scene.case.expect("left to spend", left, scene.books.balance(f"payer:{payer}"))
    scene.paid(total)
    scene.case.outcome = f"{_money(total)} owed, collected after a top-up"


async def _chain_killed(scene: Scene) -> None:
    """The chain is killed with an epoch under way; stations charge on and nothing is lost."""
    run, planned, stage = scene.run, scene.planned, scene.stage
    middle_ms = (planned.start_ms + planned.end_ms) // 2
    await run.begin()
    await run.charge(until_ms=middle_ms)
    anvil = stage.opened.anvil
    assert anvil is not None  # the embedded chain
    async with stage.epoch_lock:
        await stage.settler.close_epoch()
        await stage.settler.step()  # the anchor is on its way
        before = anvil.restarts
        os.kill(anvil.pid, signal.SIGKILL)
    await run.charge(after_ms=middle_ms)
    await run.end()
    await _until(lambda: anvil.restarts > before)
    scene.case.expect("restarts", before + 1, anvil.restarts)
    scene.settled(run.end_mwh - run.begin_mwh)
    scene.case.outcome += "; the chain came back from its last dump"


async def _honest(scene: Scene) -> None:
    await scene.run.begin()
    await scene.run.charge()
    await scene.run.end()


async def _until(holds: Callable[[], bool]) -> None:
    """Wait for something of the real world; the caller's expectations say if it came."""
    for _ in range(int(KILL_WAIT_S / POLL_S)):
        if holds():
            return
        await asyncio.sleep(POLL_S)


def _money(minor: int) -> str:
    return f"{minor / 10**6:.6f} tUSD"


class Misbehaviour(Frozen):
    """A name, a sentence for people, and how it is acted."""

    title: str
    act: Callable[[Scene], Awaitable[None]]


MISBEHAVIOURS: dict[str, Misbehaviour] = {
    "fake_signature": Misbehaviour("a forged signature", _fake_signature),
    "replayed_page": Misbehaviour("an old record again", _replayed_page),
    "double_stop": Misbehaviour("the same stop twice", _double_stop),
    "contradicting_stop": Misbehaviour("a second, other stop", _contradicting_stop),
    "drop_in_mid_session": Misbehaviour("connection lost under way", _drop_in_mid_session),
    "register_rollback": Misbehaviour("a register turned back", _register_rollback),
    "unknown_meter": Misbehaviour("a meter nobody registered", _unknown_meter),
    "cost_above_hold": Misbehaviour("more than was held", _cost_above_hold),
    "late_offline_stop": Misbehaviour("a stop after the hold expired", _late_offline_stop),
    "chain_killed": Misbehaviour("the chain killed (kill -9)", _chain_killed),
}


async def misbehave(stage: Stage, planned: PlannedSession) -> Case:
    """Act the session's misbehaviour out and return what came of it."""
    what = MISBEHAVIOURS[planned.misbehaviour or ""]
    post = stage.fleet.post_of(planned)
    case = Case(planned.misbehaviour or "", what.title)
    books = Books(stage.house.store, stage.house.config.asset.code)
    async with post.locks[planned.evse]:
        await what.act(Scene(stage, planned, Drive(stage, planned, post), case, books))
    return case

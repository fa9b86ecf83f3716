"""Plays a plan on a stage, from the first car to the last claim."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from ohmstead.apps.replay.driving import Drive, drive
from ohmstead.apps.replay.misbehaviours import Case, misbehave
from ohmstead.apps.replay.plan import PlannedSession
from ohmstead.apps.replay.stage import POLL_S, Note, Stage
from ohmstead.core.bill import Bill
from ohmstead.core.onchain import EpochRecord, EpochState, Lock, LockState
from ohmstead.core.session import Session, SessionState
from ohmstead.errors import ChainUnavailable
from ohmstead.flows.charging.review import Resolve, resolve

EPOCHS_MAX = 10_000
SESSIONS_MAX = 1_000_000
CLOSE_TRIES = 100
EPOCHS_UNDER_WAY = 3  # closed while the replay goes on; another one at its end

# What a person decides who looks at the evidence: True pays the parties, False the payer. What is
# not named here is left for another day, as in every network.
DECISIONS = {
    "fake_signature": False,
    "replayed_page": False,
    "register_rollback": False,
    "contradicting_stop": True,
}


@dataclass(slots=True)
class Played:
    """What happened: honest sessions as driven, misbehaviours as cases."""

    drives: list[Drive] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    resolved: list[tuple[Case, bool]] = field(default_factory=list)
    real_s: float = 0.0  # how long the driving took

    @property
    def done(self) -> int:
        return len(self.drives) + len(self.cases)


async def play(stage: Stage, progress: Callable[[Played], None]) -> Played:
    """Drive every session of the plan, closing epochs on the way."""
    played = Played()
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    locks = asyncio.ensure_future(stage.accounts.make_locks())

    for planned in stage.plan.sessions:
        stage.conductor.cast(planned.start_ms, partial(_act, stage, planned, played, progress))
    for at_ms in _closings(stage):
        stage.conductor.cast(at_ms, partial(_close, stage))
    try:
        await stage.conductor.run()
        await locks
    finally:
        locks.cancel()
    played.real_s = loop.time() - began_s
    return played


async def settle(stage: Stage, played: Played, say: Note) -> None:
    """Decide reviews, close the last epochs, wait for finality and claim for every payee."""
    for case in played.cases:
        if case.name in DECISIONS:
            pay = DECISIONS[case.name]
            await stage.house.store.run(resolve, Resolve(case.session_id, pay))
            played.resolved.append((case, pay))
    say("Waiting until every walk-up wallet has its remainder back")
    await stage.booked(lambda: not _open_locks(stage))
    say("Closing the last epoch and waiting until all are final")
    while _unanchored(stage):
        await _close(stage)
        await stage.booked(lambda: not _epochs(stage, EpochState.CLOSED))
    await stage.booked(lambda: len(_epochs(stage, EpochState.FINAL)) == len(_epochs(stage)))
    say("Claiming for every payee")
    for claiming in await stage.claims.claim_all(stage.opened.chain):
        await stage.opened.chain.wait(claiming.status.intent, final=False)
    await stage.all_final()


async def _act(
    stage: Stage, planned: PlannedSession, played: Played, progress: Callable[[Played], None]
) -> None:
    if planned.misbehaviour is None:
        played.drives.append(await drive(stage, planned))
    else:
        played.cases.append(await misbehave(stage, planned))
    progress(played)


async def _close(stage: Stage) -> None:
    """Close an epoch over everything that has settled, once the one before is anchored."""
    for _ in range(CLOSE_TRIES):
        await stage.booked(lambda: not _epochs(stage, EpochState.CLOSED))
        async with stage.epoch_lock:
            with contextlib.suppress(ChainUnavailable):  # it was killed; it comes back
                await stage.settler.close_epoch()
                return
        await asyncio.sleep(POLL_S)


def _closings(stage: Stage) -> list[int]:
    """Return the ends of sessions at which an epoch is closed under way, evenly spread."""
    ends = sorted(session.end_ms for session in stage.plan.sessions)
    parts = EPOCHS_UNDER_WAY + 1
    return [ends[len(ends) * part // parts] for part in range(1, parts)]


def _epochs(stage: Stage, state: EpochState | None = None) -> list[EpochRecord]:
    where = {} if state is None else {"state": state.value}
    return stage.house.store.find(EpochRecord, EPOCHS_MAX, **where)


def _unanchored(stage: Stage) -> list[Session]:
    """Return settled sessions that are in no epoch though money moved for them."""
    settled = SessionState.SETTLED.value
    found = stage.house.store.find(Session, SESSIONS_MAX, state=settled, epoch=0)
    return [one for one in found if _covered(stage, one.id)]


def _covered(stage: Stage, session_id: str) -> int:
    bill = stage.house.store.get(Bill, session_id)
    return 0 if bill is None else bill.covered_minor


def _open_locks(stage: Stage) -> list[Lock]:
    """Return locks whose session has ended and whose remainder is not back."""
    return stage.house.store.find(Lock, SESSIONS_MAX, state=LockState.OPEN.value)

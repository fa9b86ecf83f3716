"""Epochs: settled sessions become leaves, payees' credits become claimable, finality posts them.

An epoch is built outside the writer from what was read there; closing it here refuses if any of
its sessions changed meanwhile, so a contested session is never anchored by accident.
"""

from __future__ import annotations

from ohmstead.core.epoch import BuiltEpoch
from ohmstead.core.leaves import LANE_STEP, Direction
from ohmstead.core.onchain import (
    AccountHead,
    EpochLane,
    EpochLeaf,
    EpochRecord,
    EpochState,
    epoch_key,
)
from ohmstead.core.session import Session, SessionState
from ohmstead.errors import LocalProtocolError
from ohmstead.flows.charging.funding import policy_of
from ohmstead.flows.money import Till
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Decision, Job, Record, State

ANCHOR = "anchor"


class CloseEpoch(Frozen):
    """A built epoch, the sessions as they were read for it, and their documents, in order."""

    built: BuiltEpoch
    sessions: tuple[Session, ...]
    documents: tuple[bytes, ...]


def close_epoch(state: State, command: CloseEpoch, now_ms: int) -> Decision[EpochRecord | None]:
    """Fix an epoch's content; None when a session changed or another epoch is still on its way."""
    header = command.built.header
    before = state.get(EpochRecord, epoch_key(header.number - 1))
    if state.get(EpochRecord, epoch_key(header.number)) is not None:
        return Decision(None)
    if header.number > 1 and (before is None or before.state is EpochState.CLOSED):
        return Decision(None)
    for session in command.sessions:
        if state.get(Session, session.id) != session:
            return Decision(None)
        if session.state is not SessionState.SETTLED or session.epoch:
            return Decision(None)
    policy = policy_of(state)
    totals = header.totals[0]
    record = EpochRecord(
        number=header.number,
        state=EpochState.CLOSED,
        header="0x" + header.encode().hex(),
        header_hash="0x" + header.hash().hex(),
        receipt_count=header.receipt_count,
        total_minor=totals.spends,
        proven_mwh=header.proven_mwh,
        unproven_mwh=header.unproven_mwh,
        closed_ms=now_ms,
        registry_version=header.registry_version,
        settled_before_minor=totals.settled - totals.spends,
        bundle="0x" + header.bundle.hex(),
    )
    puts: list[Record] = [record]
    till = Till(state, policy.asset, now_ms)
    for lane in _lanes(state, command.built):
        puts += (
            lane,
            AccountHead(
                lane.lane, lane.account, lane.epoch, lane.last_index, lane.cumulative_minor
            ),
        )
        if lane.lane % LANE_STEP == Direction.CREDIT:
            id_ = f"epoch/{lane.epoch}/{lane.account}"
            payee, claimable = f"payee:{lane.account}", f"claimable:{lane.account}"
            till.must_move([till.pend(id_, payee, claimable, lane.amount_minor)])
    for index, (session, document) in enumerate(
        zip(command.sessions, command.documents, strict=True)
    ):
        puts.append(replace(session, epoch=header.number))
        puts.append(EpochLeaf(header.number, index, session.id, document))
    job = Job(f"epoch/{header.number}/{ANCHOR}", "epochs", ANCHOR, {"number": header.number})
    return Decision(record, (*puts, *till.puts()), jobs=(job,))


def _lanes(state: State, built: BuiltEpoch) -> list[EpochLane]:
    lanes = []
    for (lane, raw), head in built.heads.items():
        account = "0x" + raw.hex()
        known = state.get(AccountHead, f"{lane:05d}/{account}")
        before = known or AccountHead(lane, account, 0, 0, 0)
        lanes.append(
            EpochLane(
                epoch=built.header.number,
                lane=lane,
                account=account,
                amount_minor=head.cumulative - before.cumulative_minor,
                cumulative_minor=head.cumulative,
                last_index=head.index,
                prev_epoch=before.epoch,
                prev_index=before.index,
                prev_cumulative_minor=before.cumulative_minor,
            )
        )
    return lanes


class FinaliseEpoch(Frozen):
    """An anchored epoch may be final: ``final_block_s`` is the time of the last final block."""

    number: int
    final_block_s: int
    window_s: int


def finalise_epoch(state: State, command: FinaliseEpoch, now_ms: int) -> Decision[bool]:
    """Post what the epoch made claimable; "nothing booked before it is final"."""
    record = state.get(EpochRecord, epoch_key(command.number))
    if record is None:
        raise LocalProtocolError(f"there is no epoch {command.number} to finalise")
    if record.state is not EpochState.ANCHORED:
        return Decision(record.state is EpochState.FINAL)
    if command.final_block_s < record.proposed_at_s + command.window_s:
        return Decision(False)
    till = Till(state, policy_of(state).asset, now_ms)
    lanes = state.find(EpochLane, LANE_STEP * 8 * record.receipt_count, epoch=record.number)
    for lane in lanes:
        if lane.lane % LANE_STEP == Direction.CREDIT:
            id_ = f"epoch/{record.number}/{lane.account}"
            till.must_move([till.resolve(f"{id_}/final", id_, lane.amount_minor)])
    return Decision(True, (replace(record, state=EpochState.FINAL), *till.puts()))

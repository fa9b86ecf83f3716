"""The hold stays ahead of the cost: it is raised, or the session is stopped."""

from __future__ import annotations

from datetime import tzinfo

from ohmstead.core.ledger import AMOUNT_MAX
from ohmstead.core.network import IdToken, NetworkPolicy, Station
from ohmstead.core.onchain import Lock
from ohmstead.core.plausibility import above_rated
from ohmstead.core.progress import Progress
from ohmstead.core.session import PayerKind, Session
from ohmstead.core.tariff import Tariff, worst_case_minor
from ohmstead.flows.charging import judge, payment
from ohmstead.flows.charging.exchanged import counted
from ohmstead.flows.charging.funding import (
    LOCK_MARGIN_MS,
    lock_left_ms,
    payer_account,
)
from ohmstead.flows.money import Till
from ohmstead.frozen import replace
from ohmstead.ports import Decision, Job, State
from ohmstead.units import mul_div_down


def keep_ahead(
    state: State,
    session: Session,
    progress: Progress,
    policy: NetworkPolicy,
    zone: tzinfo,
    now_ms: int,
) -> tuple[Session, Progress, int | None, Decision[None]]:
    """Raise the hold "when cost plus one reporting interval reaches" it, else stop the session."""
    tariff = state.get(Tariff, session.tariff_key)
    if tariff is None or progress.last_mwh is None:
        return session, progress, None, Decision(None)
    at_ms, mwh = progress.last_ms, counted(state, session, progress.last_ms, progress.last_mwh)
    cost = judge.running_cost_minor(session, tariff, at_ms, mwh, zone)
    step_ms = policy.report_interval_ms
    station = state.get(Station, session.station_id)
    rated_w = station.rated_w(session.evse_id) if station else 0
    interval_minor = worst_case_minor(tariff, rated_w, step_ms)
    room_minor = max(0, session.hold_minor - cost)
    intervals_left = mul_div_down(room_minor, 1, max(1, interval_minor))
    lock = state.get(Lock, session.lock_id) if session.lock_id else None
    if lock is not None:
        left_ms = lock_left_ms(state, policy, lock) - LOCK_MARGIN_MS
        intervals_left = min(intervals_left, mul_div_down(max(0, left_ms), 1, step_ms))
    if intervals_left > 1:
        # However hard it charges, nothing can reach the hold before half of these have passed.
        later_ms = at_ms + max(1, intervals_left >> 1) * step_ms
        return session, replace(progress, check_ms=later_ms), cost, Decision(None)
    till = Till(state, session.asset, now_ms)
    raised = None
    charged_ms = at_ms - session.started_ms + step_ms
    if session.payer_kind is PayerKind.PREPAID and not above_rated(
        mwh - (mwh if session.begin_mwh is None else session.begin_mwh), rated_w, charged_ms
    ):
        account = payer_account(session.payer_kind, session.payer, session.lock_id)
        more = min(policy.hold_minor, till.available(account), _left(state, session))
        raised = payment.raise_hold(till, session, account, more)
    if raised is not None:
        return raised, progress, cost, Decision(None, till.puts())
    if "stopped_at_hold" in session.findings:
        return session, progress, cost, Decision(None)
    stopping = replace(session, findings=(*session.findings, "stopped_at_hold"))
    return stopping, progress, cost, Decision(None, jobs=(stop_job(session),))


def _left(state: State, session: Session) -> int:
    """How much more the id_token of a session lets it hold."""
    token = state.get(IdToken, session.id_token.casefold())
    limit = token.session_limit_minor if token is not None else 0
    return max(0, limit - session.hold_minor) if limit else AMOUNT_MAX


def stop_job(session: Session) -> Job:
    """Ask the station to end a transaction; kept until it has answered."""
    payload = {
        "station": session.station_id,
        "transaction": session.transaction_id,
        "protocol": session.protocol,
    }
    return Job(f"{session.id}/remote_stop", f"station:{session.station_id}", "stop", payload)

"""What a decision means to others: events follow from the records it writes, in its own commit.

Flows stay unaware of who listens. The store hands each decision over before it is applied; what
comes back is the same decision with the jobs that tell of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ohmstead.core.alerts import Alert
from ohmstead.core.bill import Bill
from ohmstead.core.ledger import Kind, Transfer
from ohmstead.core.network import Counter
from ohmstead.core.onchain import EpochRecord, EpochState
from ohmstead.core.receipt_session import utc_text
from ohmstead.core.reservation_fee import PROTOCOLS
from ohmstead.core.session import OPEN_STATES, Session, SessionState
from ohmstead.core.told import Told
from ohmstead.core.webhooks import ALWAYS, Event, Subscription, Topic
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Decision, Job, Record, State

EVENT_COUNTER = "event"
WEBHOOK = "webhook"
_DOUBT = frozenset({SessionState.REVIEW, SessionState.CONTESTED})

Derive = Callable[[State, Any, Decision[Any]], Iterable[Event]]


def watched(
    state: State, decision: Decision[Any], subscriptions: Sequence[Subscription], now_ms: int
) -> Decision[Any]:
    """Return the decision with the jobs that tell of it; the same one where nobody listens."""
    events: list[Event] = []
    for record in (*decision.puts, *decision.appends):
        derive = DERIVES.get(type(record))
        if derive is not None:
            events += derive(state, record, decision)
    return told(state, decision, events, subscriptions, now_ms) if events else decision


def told(
    state: State,
    decision: Decision[Any],
    events: Sequence[Event],
    subscriptions: Sequence[Subscription],
    now_ms: int,
) -> Decision[Any]:
    """Number the events that somebody wants, and write a job for each who does."""
    counter = state.get(Counter, EVENT_COUNTER) or Counter(EVENT_COUNTER, 0)
    number, jobs = counter.value, []
    for event in events:
        listeners = [one for one in subscriptions if event.topic in one.topics]
        if event.topic in ALWAYS:
            listeners = [one for one in subscriptions if one.id == event.data["webhook"]]
        if not listeners:
            continue
        number += 1
        event_id = f"evt_{number:012d}"
        payload = {
            "id": event_id,
            "type": event.topic.value,
            "timestamp": utc_text(now_ms),
            "data": event.data,
        }
        jobs += [
            Job(f"{event_id}/{one.id}", one.lane, WEBHOOK, payload | {"to": one.id}, now_ms)
            for one in listeners
        ]
    if not jobs:
        return decision
    puts = (*decision.puts, Counter(EVENT_COUNTER, number))
    return replace(decision, puts=puts, jobs=(*decision.jobs, *jobs))


class Tell(Frozen):
    """Events that no record stands behind, as that a station is connected.

    ``known`` is what subscribers know of stations from then on; written although nobody is told.
    """

    events: tuple[Event, ...]
    subscriptions: tuple[Subscription, ...]
    known: tuple[Told, ...] = ()


def tell(state: State, command: Tell, now_ms: int) -> Decision[None]:
    """Write the jobs that tell of these events."""
    decision = Decision(None, command.known)
    return told(state, decision, command.events, command.subscriptions, now_ms)


def _session(state: State, new: Session, decision: Decision[Any]) -> list[Event]:
    old = state.get(Session, new.id)
    if old is not None and old.state is new.state and bool(old.ended_ms) == bool(new.ended_ms):
        return []  # nearly always: it has only come further
    data = {
        "session": new.id,
        "station": new.station_id,
        "evse": new.evse_id,
        "state": new.state.value,
        "started": utc_text(new.started_ms),
        "ended": utc_text(new.ended_ms) if new.ended_ms else None,
        "findings": list(new.findings),
        **_bill(state, new, decision),
    }
    if new.protocol in PROTOCOLS and old is None:
        return [Event(Topic.SESSION_SETTLED, data)]  # a fee: nothing began or ended at a station
    topics = []
    if old is None:
        topics.append(Topic.SESSION_STARTED)
    if new.ended_ms and not (old is not None and old.ended_ms):
        topics.append(Topic.SESSION_ENDED)
    was = None if old is None else old.state
    if new.state is SessionState.SETTLED and was is not SessionState.SETTLED:
        topics.append(Topic.SESSION_SETTLED)
    if new.state in _DOUBT and was not in _DOUBT:
        topics.append(Topic.SESSION_IN_REVIEW)
    if was in OPEN_STATES and new.state not in OPEN_STATES and Topic.SESSION_ENDED not in topics:
        topics.insert(0, Topic.SESSION_ENDED)  # its stop never came
    return [Event(topic, data) for topic in topics]


def _bill(state: State, session: Session, decision: Decision[Any]) -> dict[str, Any]:
    """What it cost, once it has a bill; the bill is often written beside the session."""
    beside = (*decision.puts, *decision.appends)
    found = [one for one in beside if isinstance(one, Bill) and one.key == session.id]
    bill = found[0] if found else state.get(Bill, session.id)
    if bill is None:
        return {}
    money = {"amount": str(bill.total_minor), "asset": str(session.asset)}
    return {"energy_mwh": bill.energy_mwh, "proven": bill.is_proven, "total": money}


def _epoch(state: State, new: EpochRecord, _decision: Decision[Any]) -> list[Event]:
    old = state.get(EpochRecord, new.key)
    if new.state is not EpochState.FINAL or (old is not None and old.state is EpochState.FINAL):
        return []
    data = {
        "epoch": new.number,
        "receipts": new.receipt_count,
        "total_minor": str(new.total_minor),
        "tx": new.tx,
    }
    return [Event(Topic.PAYOUT_FINAL, data)]


def _transfer(state: State, new: Transfer, _decision: Decision[Any]) -> list[Event]:
    if new.kind is not Kind.POST or not new.debit.startswith("claimable:"):
        return []
    if state.get(Transfer, new.id) is not None:
        return []
    payee, _, asset = new.debit.removeprefix("claimable:").partition("@")
    data = {
        "payee": payee,
        "asset": asset,
        "amount_minor": str(new.amount),
        "tx": new.id.removeprefix("chain/"),
    }
    return [Event(Topic.PAYOUT_CLAIMED, data)]


def _alert(_state: State, new: Alert, _decision: Decision[Any]) -> list[Event]:
    data = {
        "rule": new.rule.value,
        "subject": new.subject,
        "station": new.station_id or None,
        "text": new.text,
        "opened": utc_text(new.opened_ms),
        "closed": utc_text(new.closed_ms) if new.closed_ms else None,
    }
    return [Event(Topic.ALERT_CLOSED if new.closed_ms else Topic.ALERT_OPENED, data)]


DERIVES: dict[type[Record], Derive] = {
    Alert: _alert,
    Session: _session,
    EpochRecord: _epoch,
    Transfer: _transfer,
}

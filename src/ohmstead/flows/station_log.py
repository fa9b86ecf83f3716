"""What stations tell besides charging is written down: bounded, and each thing once."""

from __future__ import annotations

from ohmstead.core.station_log import (
    EVENTS,
    NO_SEVERITY,
    RECENT_MAX,
    SECURITY,
    STATES_MAX,
    TEXT_MAX,
    LastState,
    StationEvent,
    StationLog,
)
from ohmstead.frozen import Frozen, replace
from ohmstead.hashing import sha256
from ohmstead.ports import Decision, State

DIGEST_DIGITS = 16


class Happening(Frozen):
    """One event in the station's words; ``at_ms`` is -1 where it does not date it.

    ``name`` is what makes it the same event when it is told again, beside its time and its words.
    """

    kind: str
    at_ms: int = -1
    severity: int = NO_SEVERITY
    component: str = ""
    variable: str = ""
    code: str = ""
    text: str = ""
    transaction_id: str = ""
    name: str = ""
    security: bool = False


class Tell(Frozen):
    """What one message tells: events, and states that follow the last ones of their name."""

    station_id: str
    happenings: tuple[Happening, ...] = ()
    states: tuple[LastState, ...] = ()


def tell(state: State, command: Tell, now_ms: int) -> Decision[int]:
    """Write down what is new of it; answers how many events that were.

    A state that changed is an event too, so that its history can be read.
    """
    head = state.get(StationLog, command.station_id) or StationLog(command.station_id)
    before, told = head, list(command.happenings)
    for new in command.states:
        old = next((known for known in head.states if known.about == new.about), None)
        if old is None or replace(old, at_ms=new.at_ms) != new:
            code = new.status if new.request_id < 0 else f"{new.status} #{new.request_id}"
            told.append(Happening(new.about, component=new.about, code=code, text=new.text))
        others = tuple(known for known in head.states if known.about != new.about)
        head = replace(head, states=(*others[-(STATES_MAX - 1) :], new))
    events: list[StationEvent] = []
    for happening in told:
        digest = _digest(happening)
        if happening.at_ms >= 0 and digest in head.recent:
            continue  # it is dated, so it is the same one told again
        events.append(_event(head, happening, now_ms))
        recent = (*head.recent, digest)[-RECENT_MAX:]
        if happening.security:
            head = replace(head, security=head.security + 1, recent=recent)
        else:
            head = replace(head, events=head.events + 1, recent=recent)
    if head == before:
        return Decision(0)
    return Decision(len(events), (*events, head))


def _event(head: StationLog, told: Happening, now_ms: int) -> StationEvent:
    log = SECURITY if told.security else EVENTS
    return StationEvent(
        station_id=head.station_id,
        log=log,
        number=head.count(log),
        kind=told.kind,
        at_ms=told.at_ms if told.at_ms >= 0 else now_ms,
        received_ms=now_ms,
        severity=told.severity,
        component=told.component[:TEXT_MAX],
        variable=told.variable[:TEXT_MAX],
        code=told.code[:TEXT_MAX],
        text=told.text[:TEXT_MAX],
        transaction_id=told.transaction_id,
    )


def _digest(told: Happening) -> str:
    words = (told.kind, told.at_ms, told.component, told.variable, told.code, told.text, told.name)
    return sha256("\x1f".join(map(str, words)).encode("utf-8", "replace")).hex()[:DIGEST_DIGITS]

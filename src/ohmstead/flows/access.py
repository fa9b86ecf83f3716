"""API keys come and go, and a request that moves money is carried out once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic

from ohmstead.core.access import PENDING, REFUSED, ApiKey, KeptAnswer, Scope
from ohmstead.errors import OperatorError
from ohmstead.flows.onboarding import ADDRESS
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import C, Decision, Flow, State

NAME_LENGTH_MAX = 64


class AnswerConflict(OperatorError):
    """The Idempotency-Key was used before, for another request."""


class AnswerPending(OperatorError):
    """The request with this Idempotency-Key began, and how it ended is not known."""


def add_key(state: State, key: ApiKey, _now_ms: int) -> Decision[ApiKey]:
    """Put a new key in force; raises OperatorError for one that would open too much or nothing."""
    if state.get(ApiKey, key.id) is not None:
        raise OperatorError(f"key {key.id} exists already; make another")
    if not key.scopes:
        raise OperatorError("a key has at least one scope")
    if len(key.name) > NAME_LENGTH_MAX:
        raise OperatorError(f"the name of a key has at most {NAME_LENGTH_MAX} characters")
    if Scope.DRIVER in key.scopes and not ADDRESS.fullmatch(key.subject):
        raise OperatorError("a driver's key names its payer: `subject` is a lower-case 0x address")
    return Decision(key, (key,))


def revoke_key(state: State, key_id: str, now_ms: int) -> Decision[ApiKey]:
    """End a key; doing it twice is doing it once."""
    key = state.get(ApiKey, key_id)
    if key is None:
        raise OperatorError(f"there is no key {key_id}")
    if key.revoked_ms:
        return Decision(key)
    revoked = replace(key, revoked_ms=max(1, now_ms))
    return Decision(revoked, (revoked,))


class Once(Frozen, Generic[C]):
    """A flow whose answer is kept under ``id`` in the same commit as what it changes.

    ``render`` turns the flow's answer into the JSON text that is answered now and again.
    """

    id: str
    digest: str
    flow: Flow[C, Any]
    command: C
    render: Callable[[Any], str]
    status: int


def once(state: State, command: Once[C], now_ms: int) -> Decision[KeptAnswer]:
    """Run a flow unless it was run under this id before; raises AnswerConflict, AnswerPending."""
    kept = state.get(KeptAnswer, command.id)
    if kept is not None:
        return Decision(same_request(kept, command.digest))
    done = command.flow(state, command.command, now_ms)
    text = command.render(done.answer)
    answer = KeptAnswer(command.id, command.digest, command.status, text, now_ms)
    return Decision(answer, (*done.puts, answer), done.appends, done.jobs, done.drops)


def begin(state: State, wanted: KeptAnswer, now_ms: int) -> Decision[KeptAnswer | None]:
    """Note that a request with an effect elsewhere begins; answers what was kept, if it is over."""
    kept = state.get(KeptAnswer, wanted.id)
    if kept is None or (kept.status == REFUSED and kept.digest == wanted.digest):
        return Decision(None, (replace(wanted, at_ms=now_ms),))
    return Decision(same_request(kept, wanted.digest))


def keep(_state: State, answer: KeptAnswer, now_ms: int) -> Decision[KeptAnswer]:
    """Keep how a request that began has ended."""
    dated = replace(answer, at_ms=now_ms)
    return Decision(dated, (dated,))


def same_request(kept: KeptAnswer, digest: str) -> KeptAnswer:
    """Return the kept answer; raises AnswerConflict or AnswerPending."""
    if kept.digest != digest:
        raise AnswerConflict(
            "this Idempotency-Key was used with another body; use a fresh one for a new request"
        )
    if kept.status in (PENDING, REFUSED):
        raise AnswerPending(
            "a request with this Idempotency-Key began and its end is not known; look at what it "
            "was about, then use a fresh key"
        )
    return kept

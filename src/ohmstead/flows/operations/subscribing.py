"""Who is told what: subscriptions come and go, and what was given up is sent again."""

from __future__ import annotations

from ohmstead.core.webhooks import SUBSCRIPTIONS_MAX, DeadLetter, Subscription
from ohmstead.errors import OperatorError
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Decision, Job, State

NAME_LENGTH_MAX = 64


def subscribe(state: State, subscription: Subscription, _now_ms: int) -> Decision[Subscription]:
    """Put a subscription in force."""
    there = [one for one in state.find(Subscription, 10_000) if not one.ended_ms]
    if len(there) >= SUBSCRIPTIONS_MAX:
        raise OperatorError(f"there are {SUBSCRIPTIONS_MAX} webhooks already; remove one first")
    if not subscription.topics:
        raise OperatorError("a webhook has at least one topic")
    if len(subscription.name) > NAME_LENGTH_MAX:
        raise OperatorError(f"the name of a webhook has at most {NAME_LENGTH_MAX} characters")
    return Decision(subscription, (subscription,))


def unsubscribe(state: State, subscription_id: str, now_ms: int) -> Decision[Subscription]:
    """End a subscription for good; doing it twice is doing it once."""
    known = _known(state, subscription_id)
    if known.ended_ms:
        return Decision(known)
    ended = replace(known, ended_ms=max(1, now_ms))
    return Decision(ended, (ended,))


class Disable(Frozen):
    """Keep nothing more for a subscription that nobody listens at; empty ``why`` enables it."""

    subscription_id: str
    why: str


def disable(state: State, command: Disable, _now_ms: int) -> Decision[Subscription]:
    """Say why a subscription gets nothing, or that it gets everything again."""
    known = _known(state, command.subscription_id)
    if known.ended_ms or known.disabled == command.why:
        return Decision(known)
    changed = replace(known, disabled=command.why)
    return Decision(changed, (changed,))


def give_up(state: State, letter: DeadLetter, _now_ms: int) -> Decision[None]:
    """Keep what could not be delivered, so that its lane goes on without it."""
    return Decision(None, () if state.get(DeadLetter, letter.key) else (letter,))


class Replay(Frozen):
    """Send a job again, be it delivered or given up; ``fresh`` makes the new job's id unique."""

    job: Job
    fresh: str


def replay(state: State, command: Replay, now_ms: int) -> Decision[Job]:
    """Write the job anew: the receiver sees the same webhook-id and body."""
    old = command.job
    job = Job(f"{old.id}/again/{command.fresh}", old.lane, old.kind, old.payload, now_ms)
    letter = state.get(DeadLetter, old.id)
    if letter is None:
        return Decision(job, jobs=(job,))
    return Decision(job, (replace(letter, replayed_ms=max(1, now_ms)),), jobs=(job,))


def _known(state: State, subscription_id: str) -> Subscription:
    known = state.get(Subscription, subscription_id)
    if known is None:
        raise OperatorError(f"there is no webhook {subscription_id}")
    return known

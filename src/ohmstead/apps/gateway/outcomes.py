"""What became of our calls on one connection, for whoever waits for it."""

from __future__ import annotations

import asyncio

from ohmstead.apps.gateway.interface import (
    Answered,
    CallOutcome,
    Disconnected,
    Refused,
    TimedOut,
)
from ohmstead.wire.ocpp.frames import (
    CallExpired,
    CallFailed,
    ErrorReceived,
    Event,
    LateError,
    LateResult,
    ResultReceived,
)


class Outcomes:
    """The callers of our calls in flight and queued; Rpc bounds how many there are."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Future[CallOutcome]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def expect(self, message_id: str) -> asyncio.Future[CallOutcome]:
        """Return the future of a call just handed to Rpc."""
        future = self._waiting[message_id] = asyncio.get_running_loop().create_future()
        return future

    def take(self, event: Event) -> LateResult | LateError | None:
        """Settle what the event settles; returns an answer nobody waits for any more."""
        match event:
            case ResultReceived(message_id, action, payload):
                if not self._settle(message_id, Answered(bytes(payload))):
                    return LateResult(message_id, action, payload)
            case ErrorReceived(message_id, action, code, code_text, description):
                if not self._settle(message_id, Refused(code, code_text, description)):
                    return LateError(message_id, action, code, code_text, description)
            case CallExpired(message_id):
                self._settle(message_id, TimedOut())
            case CallFailed(message_id, _, sent):
                self._settle(message_id, Disconnected(sent))
            case LateResult() | LateError():
                return event
        return None

    def _settle(self, message_id: str, outcome: CallOutcome) -> bool:
        future = self._waiting.pop(message_id, None)
        if future is None or future.done():
            return False
        future.set_result(outcome)
        return True

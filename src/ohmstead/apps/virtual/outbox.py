"""Messages about transactions that a station owes its CSMS: kept in order until answered.

OCPP 1.6 4.9 and 2.0.1 E04: they are queued while there is no connection and sent in the order in
which they happened, and one that got no answer is sent again as it was.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from ohmstead.apps.virtual.link import CsmsRefused, LinkLost, NoAnswer
from ohmstead.frozen import Frozen

QUEUE_MAX = 10_000  # a flash memory ends, too
ATTEMPTS_MAX = 3  # 1.6: TransactionMessageAttempts, for a CALLERROR or a missing answer

Send = Callable[[str, str, bytes], Awaitable[bytes]]
"""(message id, action, payload) -> the answer's payload."""


class Refused(Frozen):
    """A message the CSMS would not take, and was therefore given up."""

    action: str
    payload: bytes
    reason: str


@dataclass(slots=True, eq=False)
class Owed:
    """One message. ``build`` runs when it is first sent: a 1.6 stop has to wait for the id that
    answers its start. ``learn`` gets the answer."""

    action: str
    build: Callable[[], bytes]
    learn: Callable[[bytes], None]
    about: str = ""  # the transaction, where its id is known already
    message_id: str = ""
    payload: bytes | None = None
    attempts: int = 0
    done: bool = False


@dataclass(slots=True)
class Outbox:
    """The queue of one station. ``fresh_id`` names messages; an id stays when one is repeated."""

    fresh_id: Callable[[], str]
    owed: deque[Owed] = field(default_factory=deque)
    refused: list[Refused] = field(default_factory=list)
    _sending: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __len__(self) -> int:
        return len(self.owed)

    def put(self, message: Owed) -> None:
        """Keep one more; raises OverflowError when the memory is full."""
        if len(self.owed) >= QUEUE_MAX:
            raise OverflowError(f"{QUEUE_MAX} messages wait already")
        message.message_id = self.fresh_id()
        self.owed.append(message)

    async def deliver(self, send: Send, until: Owed | None = None) -> None:
        """Send what is owed, oldest first, until all or ``until`` is answered.

        Several tasks may deliver at once; they take turns. Raises LinkLost, with everything that
        was not answered still owed.
        """
        while self.owed and not (until is not None and until.done):
            async with self._sending:
                if self.owed and not (until is not None and until.done):
                    await self._deliver_one(self.owed[0], send)

    async def _deliver_one(self, message: Owed, send: Send) -> None:
        if message.payload is None:
            message.payload = message.build()
        message.attempts += 1
        try:
            answer = await send(message.message_id, message.action, message.payload)
            message.learn(answer)
        except LinkLost:
            message.attempts -= 1  # a lost connection is not the message's fault
            raise
        except (CsmsRefused, NoAnswer) as error:
            if message.attempts < ATTEMPTS_MAX:
                return
            self.refused.append(Refused(message.action, message.payload, str(error)))
        message.done = True
        self.owed.popleft()

"""What the ledger does by itself as time passes: holds run out, debts are paid once money is there.

It needs no chain, so it goes on while there is none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from ohmstead.core.bill import Bill
from ohmstead.core.ledger import Account
from ohmstead.core.session import Session, SessionState
from ohmstead.errors import ProtocolError
from ohmstead.flows.charging.review import Collect, Expire, collect, expire
from ohmstead.ports import C, Clock, Flow, Store

PAGE = 500
LOOK_EVERY_MS = 60_000


class Housekeeper:
    """Runs ``review.expire`` and ``review.collect`` where they would do something.

    ``alarms`` names the sessions for which that is refused, and why; the others go on.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self.alarms: dict[str, str] = {}
        self._store = store
        self._clock = clock
        self._next_expiry_ms = 0
        self._next_collection_ms = 0

    async def expire(self) -> int:
        """Void the holds whose time is over; returns how many sessions that were."""
        now_ms = self._clock.now_ms()
        if now_ms < self._next_expiry_ms:
            return 0
        expired, next_ms = 0, now_ms + LOOK_EVERY_MS
        for session in await self._sessions(SessionState.ACTIVE):
            if now_ms < session.hold_expires_ms:
                next_ms = min(next_ms, session.hold_expires_ms)
            else:
                expired += await self._try(expire, Expire(session.id), session)
        self._next_expiry_ms = next_ms
        return expired

    async def collect(self, deposits_came: bool) -> int:
        """Collect what is owed from payers that have it by now; returns how many sessions."""
        now_ms = self._clock.now_ms()
        if now_ms < self._next_collection_ms and not deposits_came:
            return 0
        self._next_collection_ms = now_ms + LOOK_EVERY_MS
        collected = 0
        for session in await self._sessions(SessionState.OWED):
            bill = self._store.get(Bill, session.id)
            account = self._store.get(Account, f"payer:{session.payer}@{session.asset.code}")
            if bill is None or account is None or account.available < bill.total_minor:
                continue
            collected += await self._try(collect, Collect(session.id), session)
        return collected

    async def _try(self, flow: Flow[C, bool], command: C, session: Session) -> bool:
        try:
            done = await self._store.run(flow, command)
        except ProtocolError as wrong:
            self.alarms[session.id] = f"session {session.id}: {wrong}"
            return False
        self.alarms.pop(session.id, None)
        return done

    async def _sessions(self, state: SessionState) -> list[Session]:
        """Read them in a thread: there may be tens of thousands."""
        return await asyncio.to_thread(lambda: list(self._pages(state)))

    def _pages(self, state: SessionState) -> Iterator[Session]:
        after = ""
        while page := self._store.find(Session, PAGE, after, state=state.value):
            after = page[-1].key
            yield from page

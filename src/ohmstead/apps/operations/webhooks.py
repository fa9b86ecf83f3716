"""Webhooks of one house: who subscribes, what is watched for them, and how a delivery is made."""

from __future__ import annotations

import ipaddress
import secrets
import time
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import structlog

from ohmstead.adapters.store.watched import WatchedStore
from ohmstead.apps.config import WebhooksConfig
from ohmstead.apps.operations import posting
from ohmstead.core.told import Told
from ohmstead.core.webhooks import (
    ID_HEADER,
    SIGNATURE_HEADER,
    TIME_HEADER,
    DeadLetter,
    Event,
    Subscription,
    Topic,
    derived_secret,
    secret_text,
    signature,
)
from ohmstead.errors import OperatorError
from ohmstead.flows.operations import subscribing
from ohmstead.flows.operations.subscribing import Disable, Replay
from ohmstead.flows.operations.telling import Tell, tell, watched
from ohmstead.ports import Clock, Decision, Job, State

BACKLOG_MAX = 100_000  # deliveries of one subscription; beyond them nobody listens there
LETTERS_MAX = 1_000
EVENTS_PER_COMMIT = 500
FULL = f"{BACKLOG_MAX} deliveries wait for it: nobody listens there"

log = structlog.get_logger()


class Webhooks:
    """Keeps the subscriptions in memory, because every decision of the house asks for them."""

    def __init__(
        self, store: WatchedStore, clock: Clock, pepper: bytes, config: WebhooksConfig
    ) -> None:
        self.subscriptions: tuple[Subscription, ...] = ()  # those in force
        self.on_told: Callable[[], None] = lambda: None
        self._store = store
        self._clock = clock
        self._pepper = pepper
        self.reconfigure(config)

    def reconfigure(self, config: WebhooksConfig) -> None:
        """Tell so from the next delivery on."""
        self._timeout_s = config.timeout_s
        self._allowed = tuple(ipaddress.ip_network(text) for text in config.allow)

    def load(self) -> None:
        """Read the subscriptions anew."""
        found = self._store.find(Subscription, 10_000)
        self.subscriptions = tuple(one for one in found if one.in_force)

    def watch(self, state: State, decision: Decision[Any], now_ms: int) -> Decision[Any]:
        """Add what is to be told to the decision that is the cause; never stands in its way."""
        if not self.subscriptions:
            return decision
        try:
            told = watched(state, decision, self.subscriptions, now_ms)
        except Exception as error:  # a defect here must cost nobody a session
            log.error("nobody is told of a decision", exc_info=error)
            return decision
        if told is not decision:
            self.on_told()
        return told

    def wants(self, topics: frozenset[Topic]) -> bool:
        """Whether anybody wants to be told of any of these."""
        return any(not topics.isdisjoint(one.topics) for one in self.subscriptions)

    def all(self) -> list[Subscription]:
        """Everything that was not removed."""
        return [one for one in self._store.find(Subscription, 10_000) if not one.ended_ms]

    async def add(self, url: str, topics: Iterable[Topic], name: str) -> tuple[Subscription, str]:
        """Subscribe; returns the secret, this once. Raises OperatorError and NotPosted."""
        await posting.resolve(posting.target_of(url), self._allowed)
        now_ms = self._clock.now_ms()
        wanted = Subscription(
            f"wh_{secrets.token_hex(8)}",
            url,
            tuple(dict.fromkeys(topics)),
            name,
            secrets.token_hex(16),
            now_ms,
        )
        await self._store.run(subscribing.subscribe, wanted)
        self.load()
        return wanted, secret_text(derived_secret(self._pepper, wanted))

    async def remove(self, subscription_id: str) -> None:
        """Unsubscribe; what still waits for it is dropped when its turn comes."""
        await self._store.run(subscribing.unsubscribe, subscription_id)
        self.load()

    async def set_disabled(self, subscription_id: str, why: str) -> Subscription:
        """Stop keeping deliveries for one that does not take them; empty: begin again."""
        done = await self._store.run(subscribing.disable, Disable(subscription_id, why))
        self.load()
        return done

    async def tell_of_stations(self, events: Iterable[Event], known: Iterable[Told]) -> None:
        """Tell of events and keep what is known by them, in one commit."""
        command = Tell(tuple(events), self.subscriptions, tuple(known))
        if command.events or command.known:
            await self._store.run(tell, command)

    async def tell(self, events: list[Event]) -> None:
        """Tell of events that no record stands behind."""
        wanted = {topic for one in self.subscriptions for topic in one.topics} | {Topic.TEST}
        asked = [event for event in events if event.topic in wanted]
        for at in range(0, len(asked), EVENTS_PER_COMMIT):
            some = tuple(asked[at : at + EVENTS_PER_COMMIT])
            await self._store.run(tell, Tell(some, self.subscriptions))

    async def replay(self, subscription_id: str, event_id: str) -> Job:
        """Send an event again to one subscription; raises OperatorError if it is not kept."""
        job_id = f"{event_id}/{subscription_id}"
        letter = self._store.get(DeadLetter, job_id)
        job = self._store.job(job_id)
        if job is None and letter is not None:
            job = Job(letter.job, letter.lane, letter.kind, letter.payload)
        if job is None:
            raise OperatorError(
                f"there is no event {event_id} for {subscription_id}; deliveries are kept 30 days"
            )
        return await self._store.run(subscribing.replay, Replay(job, secrets.token_hex(4)))

    async def look(self) -> None:
        """Disable who lets deliveries pile up without end; once a minute is enough."""
        for one in self.subscriptions:
            if self._store.waiting_in(one.lane, BACKLOG_MAX) >= BACKLOG_MAX:
                await self.set_disabled(one.id, FULL)

    async def carry(self, job: Job) -> None:
        """Make one delivery; raises NotPosted."""
        payload = job.payload
        to = self._store.get(Subscription, str(payload["to"]))
        if to is None or to.ended_ms:
            return  # nobody wants it any more
        body = msgspec.json.encode(
            {"type": payload["type"], "timestamp": payload["timestamp"], "data": payload["data"]}
        )
        # Their clocks judge it, so it is this machine's time whatever clock the house runs by.
        sent_s = int(time.time())
        secret = derived_secret(self._pepper, to)
        headers = {
            ID_HEADER: payload["id"],
            TIME_HEADER: str(sent_s),
            SIGNATURE_HEADER: signature(secret, payload["id"], sent_s, body),
        }
        await posting.post(to.url, headers, body, self._allowed, self._timeout_s)

    def letters(self) -> list[DeadLetter]:
        """What was given up and not sent again."""
        return self._store.find(DeadLetter, LETTERS_MAX, replayed_ms=0)

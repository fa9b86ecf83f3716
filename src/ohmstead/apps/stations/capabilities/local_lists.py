"""Brings a station's local authorisation list up to date, a message at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from ohmstead.apps.stations.capabilities.lists_wire import (
    Limits,
    limits_of,
    limits_request,
    list_request,
)
from ohmstead.apps.stations.capabilities.smart_charging import Asked, Desk, ask, link_of, words_of
from ohmstead.core.local_list import (
    ENTRIES_MAX,
    REVISION,
    VERSION_MAX,
    ListEntry,
    ListMessage,
    ListState,
    LocalList,
    differential,
    entry_of,
    full,
    in_order,
)
from ohmstead.core.network import Counter, IdToken
from ohmstead.errors import OperatorError
from ohmstead.flows.local_lists import Synced, Taken, synced, taken
from ohmstead.wire.ocpp import v16, v201
from ohmstead.wire.ocpp.base import Version

PAGE = 1_000


class ListRefused(OperatorError):
    """The station has no list, or did not take ours; the sentence says which."""


class ListSync:
    """One attempt at a time for each station; whoever asks meanwhile waits for it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._locks: dict[str, asyncio.Lock] = {}

    async def sync(self, station_id: str) -> ListState:
        """Bring a list up to date, and say how it stands; raises ListRefused, NotConnected."""
        async with self.locked(station_id):
            link_of(self._desk, station_id)
            # Read before the id_tokens: what changes meanwhile makes it look old, never new.
            revision, store = self.revision(), self._desk.store
            try:
                await self._bring(station_id)
            except ListRefused as error:
                await store.run(synced, Synced(station_id, -1, str(error)))
                raise
            return await store.run(synced, Synced(station_id, revision))

    def locked(self, station_id: str) -> asyncio.Lock:
        """Held while a station's list is being brought up to date, or forgotten."""
        return self._locks.setdefault(station_id, asyncio.Lock())

    def revision(self) -> int:
        """How often id_tokens that lists may hold have changed."""
        counter = self._desk.store.get(Counter, REVISION)
        return counter.value if counter is not None else 0

    def is_old(self, station_id: str) -> bool:
        """Whether a station's list is kept and not up to date."""
        known = self._desk.store.get(ListState, station_id)
        return known is not None and known.revision != self.revision()

    def _known(self, station_id: str) -> LocalList:
        return self._desk.store.get(LocalList, station_id) or LocalList(station_id)

    async def _bring(self, station_id: str) -> None:
        version = words_of(link_of(self._desk, station_id))
        limits = await self._limits(station_id, version)
        want = await self._wanted(station_id, version is Version.V16)
        if limits.entries and len(want) > limits.entries:
            raise ListRefused(
                f"station {station_id} takes {limits.entries} entries and its list has "
                f"{len(want)}; name fewer id_tokens for it in offline_at"
            )
        its = await self._its_version(station_id, version)
        known = self._known(station_id)
        next_version = max(its, known.version, 0) + 1
        items = limits.items_max
        # After an update of its firmware a station may speak another version of OCPP, whose lists
        # are worded otherwise.
        same_words = all(bool(entry.type) != (version is Version.V16) for entry in known.entries)
        if its == known.version and known.version > 0 and same_words:
            steps = differential(known.entries, want, next_version, items)
            if await self._send(station_id, version, steps):
                return
            # Its list is not the one we know, whatever its version said.
            next_version = max(await self._its_version(station_id, version), next_version) + 1
        if not await self._send(station_id, version, full(want, next_version, items)):
            raise ListRefused(
                f"station {station_id} answered VersionMismatch to a full list; its list is broken"
            )

    async def _send(
        self, station_id: str, version: Version, steps: tuple[ListMessage, ...]
    ) -> bool:
        """Send messages until all are accepted; False for a VersionMismatch, else ListRefused."""
        for message in steps:
            if message.version > VERSION_MAX:
                raise ListRefused(f"station {station_id}: no list version is left; reset its list")
            request = list_request(version, message)
            asked = await ask(self._desk, station_id, "SendLocalList", request)
            if asked.status == "VersionMismatch":
                return False
            if asked.status != "Accepted":
                raise ListRefused(f"station {station_id} did not take its list: {said(asked)}")
            await self._desk.store.run(taken, Taken(station_id, message))
        return True

    async def _its_version(self, station_id: str, version: Version) -> int:
        request = (
            v16.GetLocalListVersionRequest()
            if version is Version.V16
            else v201.GetLocalListVersionRequest()
        )
        asked = await ask(self._desk, station_id, "GetLocalListVersion", request)
        match asked.answer:
            case v16.GetLocalListVersionResponse(list_version=number):
                # 1.6 5.10: "-1 if the Charge Point does not support Local Authorization Lists".
                if number < 0:
                    raise ListRefused(f"station {station_id} has no local authorisation list")
                return number
            case v201.GetLocalListVersionResponse(version_number=number):
                return max(number, 0)
        raise ListRefused(f"station {station_id} did not say its list's version: {said(asked)}")

    async def _limits(self, station_id: str, version: Version) -> Limits:
        action, request = limits_request(version)
        asked = await ask(self._desk, station_id, action, request)
        # A station that cannot say its limits is sent what we have, and says no if it has to.
        return limits_of(asked.answer) if asked.answer is not None else Limits()

    async def _wanted(self, station_id: str, is_16: bool) -> tuple[ListEntry, ...]:
        store, now_ms = self._desk.store, self._desk.clock.now_ms()
        found: list[ListEntry] = []
        after = ""
        while page := store.find(IdToken, PAGE, after):
            entries = (entry_of(token, station_id, now_ms, is_16=is_16) for token in page)
            found += [entry for entry in entries if entry is not None]
            if len(found) > ENTRIES_MAX:
                raise ListRefused(
                    f"station {station_id}: a list holds at most {ENTRIES_MAX} id_tokens; name "
                    "fewer for it in offline_at"
                )
            after = page[-1].key
            await asyncio.sleep(0)
        return in_order(found)


def said(asked: Asked) -> str:
    """What came instead of a good answer, in a few words."""
    words: Mapping[bool, str] = {True: asked.status, False: type(asked.done.outcome).__name__}
    return asked.done.problem or words[bool(asked.status)]

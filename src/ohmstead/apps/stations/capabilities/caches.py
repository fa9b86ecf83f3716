"""Stations remember whom they let charge; what they remember is struck out when that ends.

A station tells nobody what its cache holds, and an Authorize alone leaves no session, so every
station in service is one that may know an id_token. One that is away gets its ClearCache when it is
back, once, however many id_tokens ended meanwhile (1.6 3.4.1, 2.0.1 C11: the whole cache goes).
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from ohmstead.apps.stations.commanding.bulk import Commanding, batch_of, queued
from ohmstead.core.command import CommandState, StationCommand
from ohmstead.core.network import Station
from ohmstead.frozen import replace
from ohmstead.ports import Store

ACTION, PAYLOAD = "ClearCache", b"{}"
KEEP_MS = 365 * 24 * 3_600_000  # how long one waits for a station that is away
PAGE = 500
CHUNK = 100  # stations of one commit, so that others get their turn


class House(Commanding, Protocol):
    """What is needed of a house."""

    @property
    def store(self) -> Store: ...


async def clear_caches(house: House) -> int:
    """Queue a ClearCache for each station in service, of whoever speaks now; returns for how many
    none waited already."""
    expires_ms = house.clock.now_ms() + KEEP_MS
    ids = await _without(house, expires_ms - KEEP_MS // 2)
    if not ids:
        return 0
    batch, done = batch_of(house, ACTION, PAYLOAD, expires_ms, len(ids)), 0
    for at in range(0, len(ids), CHUNK):
        some = ids[at : at + CHUNK]
        commands = tuple(
            (queued(house, one, ACTION, PAYLOAD, expires_ms, batch.id), PAYLOAD) for one in some
        )
        batch = replace(batch, spread=at + CHUNK >= len(ids))
        done += len(await house.queue.put(commands, batch, once=True))
        await asyncio.sleep(0)
    return done


async def _without(house: House, until_ms: int) -> list[str]:
    """The stations in service for which none waits for long enough."""
    state = CommandState.QUEUED.value
    waiting = set()
    after = ""
    while page := house.store.find(StationCommand, PAGE, after, state=state):
        waiting |= {
            one.station_id
            for one in page
            if (one.action, one.payload.encode()) == (ACTION, PAYLOAD)
            and one.expires_ms >= until_ms
        }
        after = page[-1].key
        await asyncio.sleep(0)
    ids, after = [], ""
    while stations := house.store.find(Station, PAGE, after):
        ids += [one.id for one in stations if not one.retired_ms and one.id not in waiting]
        after = stations[-1].key
        await asyncio.sleep(0)
    return ids

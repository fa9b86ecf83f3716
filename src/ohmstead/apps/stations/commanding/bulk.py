"""One request for many stations: who is meant, and how it is queued without holding anybody up."""

from __future__ import annotations

import asyncio
from typing import Protocol

from ohmstead.apps.stations.commanding.checks import BadCommand, check_for, check_for_any
from ohmstead.apps.stations.commanding.journal import Journal
from ohmstead.apps.stations.commanding.masking import masked
from ohmstead.apps.stations.commanding.queue import CommandQueue
from ohmstead.core.command import CommandBatch, CommandState, StationCommand
from ohmstead.core.network import Station
from ohmstead.errors import OperatorError
from ohmstead.flows.commanding import cancel
from ohmstead.frozen import replace
from ohmstead.ports import Clock, Store
from ohmstead.wire.ocpp.base import Version

PAGE = 500
CHUNK = 100  # stations of one commit, so that others get their turn


class Commanding(Protocol):
    """What is needed of a house."""

    @property
    def journal(self) -> Journal: ...
    @property
    def queue(self) -> CommandQueue: ...
    @property
    def clock(self) -> Clock: ...


def checked(action: str, payload: bytes, version: Version | None) -> bytes:
    """Return the payload to queue; raises BadCommand. Without a version any that has it will do."""
    if version is not None:
        return check_for(version, action, payload)
    check_for_any(action, payload)
    return payload or b"{}"


def queued(
    house: Commanding,
    station_id: str,
    action: str,
    payload: bytes,
    expires_ms: int,
    batch: str = "",
) -> StationCommand:
    """A command that waits, of whoever speaks now; raises NoReason."""
    return StationCommand(
        id=house.journal.fresh_id(),
        station_id=station_id,
        action=action,
        payload=masked(payload),
        author=house.journal.author(),
        state=CommandState.QUEUED,
        created_ms=house.clock.now_ms(),
        expires_ms=expires_ms,
        batch=batch,
    )


def chosen(
    store: Store, ids: tuple[str, ...], vendor: str, model: str, everyone: bool, limit: int
) -> list[str]:
    """The stations meant, by id; raises BadCommand for none, an unknown one, or all by mistake."""
    if sum((bool(ids), bool(vendor or model), everyone)) != 1:
        raise BadCommand("choose stations by `stations`, by `vendor` and `model`, or by `all`")
    if ids:
        missing = [one for one in dict.fromkeys(ids) if not _serves(store.get(Station, one))]
        if missing:
            raise BadCommand(f"there is no station {', '.join(missing[:5])}")
        return list(dict.fromkeys(ids))
    found: list[str] = []
    after = ""
    while page := store.find(Station, PAGE, after):
        found += [one.id for one in page if _serves(one) and _begins(one, vendor, model)]
        after = page[-1].key
    if not found:
        raise BadCommand(
            "no station is meant, so nothing was queued; `vendor` and `model` are compared with "
            "what a station said at its last boot"
        )
    if len(found) > limit:
        raise BadCommand(f"{len(found)} stations are meant, and a batch has at most {limit}")
    return found


def _serves(station: Station | None) -> bool:
    return station is not None and not station.retired_ms


def _begins(station: Station, vendor: str, model: str) -> bool:
    return station.vendor.casefold().startswith(
        vendor.casefold()
    ) and station.model.casefold().startswith(model.casefold())


def batch_of(
    house: Commanding, action: str, payload: bytes, expires_ms: int, total: int
) -> CommandBatch:
    """A batch of whoever speaks now; raises NoReason."""
    return CommandBatch(
        id=house.journal.fresh_id(),
        action=action,
        payload=masked(payload),
        author=house.journal.author(),
        created_ms=house.clock.now_ms(),
        expires_ms=expires_ms,
        total=total,
    )


async def spread(
    house: Commanding, batch: CommandBatch, payload: bytes, ids: list[str]
) -> CommandBatch:
    """Queue it for each, a chunk in each commit; returns the batch as it is then."""
    done = 0
    for at in range(0, max(1, len(ids)), CHUNK):
        some = ids[at : at + CHUNK]
        commands = tuple(
            (queued(house, one, batch.action, payload, batch.expires_ms, batch.id), payload)
            for one in some
        )
        last = at + CHUNK >= len(ids)
        done += len(await house.queue.put(commands, replace(batch, spread=last)))
        await asyncio.sleep(0)
    return replace(batch, queued=done, spread=True)


async def cancel_batch(store: Store, batch_id: str) -> None:
    """Take back what has not left; one that leaves meanwhile has left."""
    while page := store.find(StationCommand, PAGE, batch=batch_id, state=CommandState.QUEUED.value):
        for command in page:
            try:
                await store.run(cancel, command.id)
            except OperatorError:
                continue

"""Records are rewritten while the house works: some at a time, with a rest after each handful.

A handful is one flow: what it changes and how far it came are one commit, so it may be killed at
any point and goes on where it was. Flows decide in one order, so nothing that a station or a
person changes meanwhile is overwritten.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from ohmstead.adapters.store.migration import Migration, Rewrite, Rewriting, rewriting_key
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Decision, Record, State, Store

HANDFUL = 100  # records of one flow: about a millisecond of deciding
REST_FACTOR = 4  # rests four times as long as it worked: a fifth of the time at most
REST_MIN_S = 0.01


class Handful(Frozen):
    """Some records of one kind, in key order; ``is_last`` if none come after them."""

    number: int
    rewrite: Rewrite
    keys: tuple[str, ...]
    is_last: bool


def rewrite_handful(state: State, command: Handful, now_ms: int) -> Decision[Rewriting]:
    """The flow: change what is to be changed and note how far that is. Raises ValueError."""
    kind = command.rewrite.kind
    so_far = state.get(Rewriting, rewriting_key(command.number, kind.__name__))
    so_far = so_far or Rewriting(command.number, kind.__name__)
    puts: list[Record] = []
    for key in command.keys:
        old: Any = state.get(kind, key)
        new = None if old is None else command.rewrite.change(old)
        if new is not None and new != old:
            if new.key != key:
                raise ValueError(f"migration {command.number} changes the key {key!r}")
            puts.append(new)
    progress = replace(
        so_far,
        after=command.keys[-1] if command.keys else so_far.after,
        seen=so_far.seen + len(command.keys),
        changed=so_far.changed + len(puts),
        done_ms=now_ms if command.is_last else 0,
    )
    return Decision(progress, (*puts, progress))


async def rewrite_all(
    store: Store, migrations: Sequence[Migration], *, handful: int = HANDFUL, rests: bool = True
) -> int:
    """Rewrite everything that the migrations ask for; returns how many records were changed.

    Raises StoreUnavailable; called again, it goes on.
    """
    changed = 0
    for one in migrations:
        for rewrite in one.rewrites:
            changed += await _rewrite(store, one.number, rewrite, handful, rests)
    return changed


async def _rewrite(store: Store, number: int, rewrite: Rewrite, handful: int, rests: bool) -> int:
    kind: Any = rewrite.kind
    progress = store.get(Rewriting, rewriting_key(number, kind.__name__))
    progress = progress or Rewriting(number, kind.__name__)
    before = progress.changed
    while not progress.done_ms:
        began_s = time.monotonic()
        found = store.find(kind, handful, progress.after)
        keys = tuple(record.key for record in found)
        command = Handful(number, rewrite, keys, len(keys) < handful)
        progress = await store.run(rewrite_handful, command)
        if rests and not progress.done_ms:
            worked_s = time.monotonic() - began_s
            await asyncio.sleep(max(REST_MIN_S, REST_FACTOR * worked_s))
    return progress.changed - before


def unfinished(store: Store, migrations: Sequence[Migration]) -> list[Rewriting]:
    """Return what is left to do, and how far each has come."""
    left: list[Rewriting] = []
    for one in migrations:
        for rewrite in one.rewrites:
            name = rewrite.kind.__name__
            progress = store.get(Rewriting, rewriting_key(one.number, name))
            if progress is None or not progress.done_ms:
                left.append(progress or Rewriting(one.number, name))
    return left

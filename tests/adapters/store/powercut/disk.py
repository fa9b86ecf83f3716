"""A disk that loses power: what may be left of a folder at any moment of a recording.

A sync makes durable what was written to its file before the sync began. Of what was written since,
each 512-byte sector holds any version or none. Names change in order and last only once the folder
is synced. After a sync that failed the kernel forgets that the pages were dirty: what they held is
gone for good unless it is written again.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from random import Random
from typing import NamedTuple

SECTOR = 512
_HEAD = struct.Struct("<IIIIq")

MODES = {"none": 0.0, "few": 0.1, "half": 0.5, "most": 0.9, "first": 1.0}
"""How much of what was not synced survives; ``first`` keeps a first part of it, the last torn."""


class Kind(IntEnum):
    CREATE = 1
    WRITE = 2
    CUT = 3
    SYNC = 4
    SYNCED = 5
    FAILED = 6
    REMOVE = 7
    MOVE = 8
    FOREIGN = 9


class Event(NamedTuple):
    kind: Kind
    name: str  # "" is the folder itself
    number: int  # offset, size, or the number of a sync
    data: bytes


def read_recording(path: Path) -> list[Event]:
    """Read what the shim wrote; a last record cut short by a kill is left out."""
    raw, at, events = path.read_bytes(), 0, []
    while at + _HEAD.size <= len(raw):
        kind, name_size, data_size, _, number = _HEAD.unpack_from(raw, at)
        name_at = at + _HEAD.size
        at = name_at + name_size + data_size
        if at > len(raw):
            break
        name = raw[name_at : name_at + name_size].decode()
        event = Event(Kind(kind), name, number, raw[name_at + name_size : at])
        if event.kind is Kind.FOREIGN:
            raise AssertionError(f"{event.data.decode()} on {name}: the model does not know it")
        events.append(event)
    return events


class Change(NamedTuple):
    """Bytes written at an offset, or (data None) the file cut to that size."""

    at: int
    data: bytes | None

    def apply(self, image: bytearray) -> None:
        end = self.at + len(self.data or b"")
        if len(image) < end:
            image.extend(bytes(end - len(image)))
        if self.data is None:
            del image[self.at :]
        else:
            image[self.at : end] = self.data


@dataclass
class Pending:
    """Changes not yet durable, each with its number, so that a sync knows what came before it."""

    changes: list = field(default_factory=list)
    first: int = 0

    def add(self, change) -> None:
        self.changes.append(change)

    @property
    def end(self) -> int:
        return self.first + len(self.changes)

    def take(self, end: int) -> list:
        count = max(0, end - self.first)
        taken, self.changes = self.changes[:count], self.changes[count:]
        self.first += len(taken)
        return taken


class File:
    """What is durable, and what is on its way."""

    def __init__(self, durable: bytes = b"") -> None:
        self.durable = bytearray(durable)
        self.pending = Pending()
        self.seen = bytearray(durable)  # what the process reads: the page cache

    def change(self, change: Change) -> None:
        self.pending.add(change)
        change.apply(self.seen)

    def after_cut(self, rng: Random, mode: str) -> bytes:
        image = bytearray(self.durable)
        changes = self.pending.changes
        if mode == "first":
            changes = changes[: rng.randrange(len(changes) + 1)]
        for number, change in enumerate(changes):
            torn = mode != "first" or number == len(changes) - 1
            keep = 0.5 if mode == "first" else MODES[mode]
            self._survive(image, change, keep if torn else 1.0, rng)
        return bytes(image)

    @staticmethod
    def _survive(image: bytearray, change: Change, keep: float, rng: Random) -> None:
        if change.data is None or rng.random() < 0.3:  # some writes stay in one piece
            if rng.random() < keep:
                change.apply(image)
            return
        at, end = change.at, change.at + len(change.data)
        while at < end:
            stop = min(end, (at // SECTOR + 1) * SECTOR)
            if rng.random() < keep:
                Change(at, change.data[at - change.at : stop - change.at]).apply(image)
            at = stop


class Disk:
    """The folder, event by event. ``honest(name)`` False: a sync of that file does nothing."""

    def __init__(self, honest=lambda name: True) -> None:
        self.files: dict[str, File] = {}
        self.lasting: dict[str, File] = {}  # names that a sync of the folder made durable
        self.naming = Pending()
        self.honest = honest
        self._begun: dict[int, tuple[Pending, int]] = {}

    def apply(self, event: Event) -> None:
        kind, name = event.kind, event.name
        if kind is Kind.CREATE:
            if name not in self.files:
                self._name({name: File()})
            if event.number:
                self.files[name].change(Change(0, None))
        elif kind is Kind.WRITE:
            self.files[name].change(Change(event.number, event.data))
        elif kind is Kind.CUT:
            self.files[name].change(Change(event.number, None))
        elif kind is Kind.SYNC:
            pending = self._pending(name)
            self._begun[event.number] = (pending, pending.end)
        elif kind in (Kind.SYNCED, Kind.FAILED):
            self._synced(event)
        elif kind is Kind.REMOVE:
            self._name({name: None})
        elif kind is Kind.MOVE:
            self._name({name: None, event.data.decode(): self.files[name]})

    def after_cut(self, rng: Random, mode: str) -> dict[str, bytes]:
        """One folder that a power cut now may leave."""
        names = dict(self.lasting)
        renamed = self.naming.changes
        for change in renamed[: 0 if mode == "none" else rng.randrange(len(renamed) + 1)]:
            _rename(names, change)
        return {name: file.after_cut(rng, mode) for name, file in names.items()}

    def all_durable(self) -> bool:
        return not self.naming.changes and not any(f.pending.changes for f in self.files.values())

    def _pending(self, name: str) -> Pending:
        return self.files[name].pending if name else self.naming

    def _name(self, change: dict[str, File | None]) -> None:
        self.naming.add(change)
        _rename(self.files, change)

    def _synced(self, event: Event) -> None:
        pending, end = self._begun.pop(event.number)
        if event.kind is Kind.SYNCED and not self.honest(event.name):
            return
        for change in pending.take(end):
            if event.kind is Kind.FAILED:
                continue  # clean in the kernel's eyes, and never written
            if event.name:
                change.apply(self.files[event.name].durable)
            else:
                _rename(self.lasting, change)


def _rename(names: dict[str, File], change: dict[str, File | None]) -> None:
    for name, file in change.items():
        names.pop(name, None)
        if file is not None:
            names[name] = file

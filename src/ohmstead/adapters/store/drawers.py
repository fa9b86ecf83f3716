"""One table in memory: what was used last, what is decided and not yet at the disk.

Flows see the latest decision about a record; everybody else sees what is committed.
"""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

from ohmstead.adapters.store.sql import Statements, find_rows, values_of
from ohmstead.adapters.store.tables import Row, Shelf, Value
from ohmstead.errors import StoreUnavailable
from ohmstead.ports import Record

ABSENT_MAX = 65_536  # keys of one table that are known to be absent
WARM_PAGE = 1_000  # rows: each page has a read's whole time

Query = Callable[[Callable[[sqlite3.Connection], list[Any]]], list[Any]]
"""Runs a query on the calling thread's read-only connection; raises StoreUnavailable."""


class Taken(NamedTuple):
    """What one commit takes out of a drawer: the rows, and which of them are new or have moved;
    ``dropped`` go before the rows are written."""

    rows: dict[str, Row]
    added: set[str]
    moved: set[str]
    dropped: set[str]


class Drawer:
    """The rows of one table that are on their way, over a cache of the records used last.

    Flows change it under the store's lock. Other threads only ask :meth:`committed`.
    """

    __slots__ = (
        "_absent",
        "_is_whole",
        "_latest",
        "_occurring",
        "_query",
        "_size",
        "added",
        "dropped",
        "moved",
        "pending",
        "sealed",
        "shelf",
        "statements",
    )

    def __init__(self, shelf: Shelf[Any], statements: Statements, query: Query, size: int) -> None:
        self.shelf = shelf
        self.statements = statements
        self.pending: dict[str, Row] = {}  # decided, for the next commit
        self.sealed: dict[str, Row] = {}  # being committed
        self.added: set[str] = set()  # of those pending: may not exist yet
        self.moved: set[str] = set()  # of those pending: their indexed columns may have changed
        self.dropped: set[str] = set()  # go first, whether or not they are written anew after it
        self._query = query
        self._size = size
        self._latest: OrderedDict[str, Record] = OrderedDict()
        self._absent: set[str] = set()
        self._is_whole = False  # every record there is, is in ``_latest``
        # Of each sparse index: the values that may occur, too many sooner than too few.
        self._occurring: dict[str, set[Value]] = {}

    def warm(self) -> None:
        """Read what there is, up to the size of the cache: a start reads a table in one go where
        a fleet that comes back would ask for its rows one by one. A table that is read wholly is
        known to have no others; on a disk that is too slow for that, rows are asked for later."""
        rows: list[tuple[str, bytes]] = []
        is_whole = not self.pending and not self.sealed
        try:
            while len(rows) <= self._size and (page := self._page(rows[-1][0] if rows else "")):
                rows += page
        except StoreUnavailable:
            is_whole = False
        is_whole = is_whole and len(rows) <= self._size
        for key, body in rows[: self._size]:
            if key not in self._latest and key not in self.pending and key not in self.sealed:
                try:
                    self._latest[key] = self.shelf.decode(key, body)
                except StoreUnavailable:  # damaged: whoever asks for this one is told
                    is_whole = False
        self._is_whole = is_whole and len(self._latest) <= self._size

    def _page(self, after: str) -> list[tuple[str, bytes]]:
        return self._query(lambda db: list(find_rows(db, self.shelf, WARM_PAGE, after, [])))

    def lacks(self, where: list[tuple[str, Value]]) -> bool:
        """Whether no record can equal ``where``, decided or committed, by its sparse indexes."""
        for name, value in where:
            if name in self.shelf.sparse and value is not None:
                known = self._occurring.get(name)
                if known is None:
                    known = self._occurring[name] = self._values(name)
                if value not in known:
                    return True
        return False

    def _values(self, name: str) -> set[Value]:
        shelf, at = self.shelf, self.shelf.indexes.index(name)
        found = set(self._query(lambda db: values_of(db, shelf, name)))
        waiting = (*self.sealed.values(), *self.pending.values())
        return found | {row.columns[at] for row in waiting if row.record is not None}

    def load(self, key: str) -> Any:
        """Return the record as flows see it, or None."""
        record = self._latest.get(key)
        if record is not None:
            self._latest.move_to_end(key)
            return record
        row = self.pending.get(key) or self.sealed.get(key)  # pushed out of the cache meanwhile
        if row is not None:
            return row.record
        return None if self._is_whole or key in self._absent else self._fetch(key)

    def _fetch(self, key: str) -> Any:
        sql = self.statements.select
        found = self._query(lambda db: db.execute(sql, (key,)).fetchall())
        if not found:
            if len(self._absent) >= ABSENT_MAX:
                self._absent.clear()
            self._absent.add(key)
            return None
        record = self.shelf.decode(key, found[0][0])
        self._keep(key, record)
        return record

    def body(self, key: str) -> bytes | None:
        """Return the body as it is or will be stored."""
        row = self.pending.get(key) or self.sealed.get(key)
        if row is not None:
            return row.body
        sql = self.statements.select
        found = self._query(lambda db: db.execute(sql, (key,)).fetchall())
        return bytes(found[0][0]) if found else None

    def put(self, row: Row, *, is_new: bool = False) -> None:
        """Take in a decided row; ``is_new`` if it may not exist yet."""
        key = row.key
        if is_new:
            self.added.add(key)
        elif self.shelf.indexes and key not in self.moved and key not in self.added:
            old = self._latest.get(key)
            if old is None or self.shelf.columns(old) != row.columns:
                self.moved.add(key)
        self.pending[key] = row
        for name, known in self._occurring.items():
            known.add(row.columns[self.shelf.indexes.index(name)])
        self._absent.discard(key)
        self._keep(key, row.record)

    def drop(self, row: Row) -> None:
        """Let a record go: its row without a record stands for it until the commit."""
        key = row.key
        self.pending[key] = row
        self.dropped.add(key)
        self.added.discard(key)
        self.moved.discard(key)
        self._latest.pop(key, None)

    def find(self, limit: int, where: list[tuple[str, Value]]) -> list[Any]:
        """Return up to ``limit`` records that equal ``where`` as flows see them, in key order."""
        if self.lacks(where):
            return []
        shelf, waiting = self.shelf, {**self.sealed, **self.pending}
        most = limit + len(waiting)  # each of those may hide one that is committed
        rows = self._query(lambda db: list(find_rows(db, shelf, most, "", where)))
        if not waiting:
            return [self._known(key, body) for key, body in rows]
        wanted = [(shelf.indexes.index(name), value) for name, value in where]
        found = {key: self._known(key, body) for key, body in rows if key not in waiting}
        for key, row in waiting.items():
            columns = row.columns
            if row.record is not None and all(columns[at] == value for at, value in wanted):
                found[key] = row.record
        return [found[key] for key in sorted(found)[: max(limit, 0)]]

    def _known(self, key: str, body: bytes) -> Any:
        record = self._latest.get(key)
        return record if record is not None else self.shelf.decode(key, body)

    def committed(self, key: str) -> Record | None:
        """Return the record if it is committed and at hand: for any thread."""
        record = self._latest.get(key)
        # In this order: a decision enters ``pending`` before the cache, and leaves it after that.
        if key in self.pending or key in self.sealed:
            return None
        return record if self._latest.get(key) is record else None

    def settled(self, key: str) -> tuple[bool, Any]:
        """Return whether the record is as it is committed, and the record, or None."""
        if key in self.pending or key in self.sealed:
            return False, None
        return True, self.load(key)

    def seal(self) -> Taken:
        """Hand over what is pending."""
        taken = Taken(self.pending, self.added, self.moved, self.dropped)
        self.sealed, self.pending = self.pending, {}
        self.added, self.moved, self.dropped = set(), set(), set()
        return taken

    def forget(self) -> None:
        """The disk refused: only what is committed is so."""
        self._latest.clear()  # first, see ``committed``
        self.pending, self.sealed = {}, {}
        self.added, self.moved, self.dropped = set(), set(), set()
        self._absent.clear()
        self._occurring.clear()
        self._is_whole = False

    def _keep(self, key: str, record: Record | None) -> None:
        assert record is not None  # only a row that goes has none
        latest = self._latest
        latest[key] = record
        latest.move_to_end(key)
        if len(latest) > self._size:
            latest.popitem(last=False)
            self._is_whole = False

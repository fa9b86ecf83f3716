"""The SQLite store with somebody who looks at each decision before it is applied.

Whoever watches may add to a decision, so that what it adds is in the same commit; it must not
raise for a decision that is right. And it can look into the part of the outbox that is told to
others, by lane.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from ohmstead.adapters.store.sql import JOB_BY_ID
from ohmstead.adapters.store.sqlite import SqliteStore
from ohmstead.adapters.store.tables import JobRow
from ohmstead.frozen import Frozen
from ohmstead.ports import A, C, Decision, Flow, Job, State

Watch = Callable[[State, Decision[Any], int], Decision[Any]]

_DUE = """
SELECT id, lane, kind, payload, due_ms, attempts FROM jobs
WHERE seq IN (SELECT min(seq) FROM jobs WHERE state <> 'done' AND lane >= ? AND lane < ?
GROUP BY lane) AND state = 'open' AND due_ms <= ? ORDER BY seq LIMIT ?"""
_OF_LANE = """
SELECT id, lane, kind, payload, due_ms, attempts, state, error, done_ms FROM jobs
WHERE lane = ? ORDER BY seq DESC LIMIT ?"""
_WAITING = "SELECT count(*) FROM (SELECT 1 FROM jobs WHERE state <> 'done' AND lane = ? LIMIT ?)"


class Attempted(Frozen):
    """A job and how often it was tried; ``done_ms`` is None until it is done."""

    job: Job
    attempts: int
    state: str = "open"
    error: str = ""
    done_ms: int | None = None


class WatchedStore(SqliteStore):
    """A :class:`SqliteStore` whose decisions are shown to ``watch``, while there is one."""

    watch: Watch | None = None

    def run(self, flow: Flow[C, A], command: C) -> Coroutine[Any, Any, A]:
        """Run one flow; what the watcher adds is part of its commit."""
        return super().run(flow if self.watch is None else _shown(flow, self.watch), command)

    def due_in(self, lanes: str, now_ms: int, limit: int) -> list[Attempted]:
        """Return the oldest unfinished job of each lane whose name begins so, where it is due."""
        beyond = lanes[:-1] + chr(ord(lanes[-1]) + 1)
        rows = self._read(lambda db: db.execute(_DUE, (lanes, beyond, now_ms, limit)).fetchall())
        return [Attempted(JobRow(*row[:5]).job(), row[5]) for row in rows]

    def jobs_of(self, lane: str, limit: int) -> Sequence[Attempted]:
        """Return the newest jobs of a lane, done or not; done ones are kept for 30 days."""
        rows = self._read(lambda db: db.execute(_OF_LANE, (lane, limit)).fetchall())
        return [Attempted(JobRow(*row[:5]).job(), *row[5:]) for row in rows]

    def waiting_in(self, lane: str, most: int) -> int:
        """Return how many jobs of a lane are not done, counting up to ``most``."""
        return int(self._read(lambda db: db.execute(_WAITING, (lane, most)).fetchall())[0][0])

    def job(self, job_id: str) -> Job | None:
        """Return a job, done or not."""
        rows = self._read(lambda db: db.execute(JOB_BY_ID, (job_id,)).fetchall())
        return JobRow(*rows[0]).job() if rows else None


def _shown(flow: Flow[C, A], watch: Watch) -> Flow[C, A]:
    def shown(state: State, command: C, now_ms: int) -> Decision[A]:
        return watch(state, flow(state, command, now_ms), now_ms)

    return shown

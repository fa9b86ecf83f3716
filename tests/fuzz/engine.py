"""Runs a decoder on many inputs, and says which one it did not bear.

A *finding* is an exception the decoder does not document, an answer that contradicts itself, more
than ``SLOW_S`` of this process's time for one input, more memory for one input than its size
explains, or memory that grows. A finding carries its
input, so it is replayed without the generator: ``python -m tests.fuzz --replay NAME HEX``.
"""

from __future__ import annotations

import contextlib
import gc
import resource
import signal
import time
import traceback
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

SLOW_S = 2.0  # of CPU for one input, whatever it is; a message of 64 kB takes about a millisecond
HANG_S = 20.0
GROWN_BYTES_MAX = 300 << 20  # of a whole run of one decoder, over what the process had before
CASE_BYTES_MAX = 4 << 20  # for one input, beside what it takes to hold what was read of it
CASE_BYTES_EACH = 200  # for each byte of the input
CASE_RESIDENT_MAX = 64 << 20  # that the process's peak rises by one input, native code included
MEASURE_EVERY = 7  # cases: counting allocations takes three times as long; odd and even come
FINDINGS_MAX = 5  # kept of one decoder and kind; the rest is counted
LOOK_EVERY = 500

Run = Callable[[bytes], None]
Make = Callable[[Random], bytes]


class Contradiction(AssertionError):
    """The decoder answered, but not what it has to."""


class Hang(BaseException):
    """An input that does not come to an end; no ``except Exception`` may swallow it."""


@dataclass(slots=True)
class Target:
    """One decoder.

    Attributes:
        name: as it is printed.
        run: feeds one input; returns or raises one of ``allowed``.
        raw, shaped: make an input, from random bytes and from the structure of real ones.
        allowed: the exceptions the decoder documents.
        share: how many cases of a run it gets beside the others.
        close: ends what it keeps from case to case.
    """

    name: str
    run: Run
    raw: Make
    shaped: Make
    allowed: tuple[type[BaseException], ...] = ()
    share: int = 10
    close: Callable[[], None] = lambda: None


@dataclass(slots=True)
class Tally:
    """What a run of one decoder came to; ``findings`` are (input, what happened)."""

    cases: int = 0
    refused: int = 0
    seconds: float = 0.0
    slowest_s: float = 0.0
    largest_bytes: int = 0  # that one input took while it was read
    found: int = 0
    findings: list[tuple[bytes, str]] = field(default_factory=list)

    def note(self, data: bytes, what: str) -> None:
        """Keep a finding unless one of its kind is kept."""
        self.found += 1
        head = what.splitlines()[-1][:60]
        known = any(other.splitlines()[-1][:60] == head for _, other in self.findings)
        if not known and len(self.findings) < FINDINGS_MAX:
            self.findings.append((data, what))


def case(target: Target, seed: int, number: int) -> bytes:
    """The input of this number: even ones are raw, odd ones are made after the structure."""
    rng = Random(f"{target.name}/{seed}/{number}")
    return (target.shaped if number % 2 else target.raw)(rng)


def fuzz(target: Target, cases: int, seed: int, first: int = 0) -> Tally:
    """Run ``cases`` inputs, from number ``first``."""
    tally = Tally()
    begun, memory = time.perf_counter(), _peak_bytes()
    old = signal.signal(signal.SIGALRM, _ring)
    try:
        for number in range(first, first + cases):
            data, resident = case(target, seed, number), _peak_bytes()
            try_one(target, data, tally)
            if _peak_bytes() - resident > CASE_RESIDENT_MAX:
                tally.note(data, f"one input took {(_peak_bytes() - resident) >> 20} MB")
            if number % MEASURE_EVERY == 0:
                weigh(target, data, tally)
            if number % LOOK_EVERY == 0 and _peak_bytes() - memory > GROWN_BYTES_MAX:
                tally.note(b"", f"memory grew to {_peak_bytes() >> 20} MB by case {number}")
                memory = _peak_bytes()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    tally.seconds = time.perf_counter() - begun
    gc.collect()
    return tally


def try_one(target: Target, data: bytes, tally: Tally) -> None:
    """Feed one input and judge what came of it."""
    tally.cases += 1
    signal.setitimer(signal.ITIMER_REAL, HANG_S)
    begun = time.process_time()
    try:
        target.run(data)
    except target.allowed:
        tally.refused += 1
    except Hang:
        tally.note(data, f"no end after {HANG_S} s")
    except Exception:
        tally.note(data, traceback.format_exc(limit=-4))
    spent = time.process_time() - begun
    tally.slowest_s = max(tally.slowest_s, spent)
    if spent > SLOW_S:
        tally.note(data, f"slow: {spent:.1f} s of CPU")


def weigh(target: Target, data: bytes, tally: Tally) -> None:
    """Feed one input again, counting what is allocated; a first time may fill a cache."""
    limit, took = CASE_BYTES_MAX + CASE_BYTES_EACH * len(data), 0
    for _ in range(2):
        took = _allocated(target, data)
        if took <= limit:
            break
    tally.largest_bytes = max(tally.largest_bytes, took)
    if took > limit:
        tally.note(data, f"{len(data)} bytes took more memory than they explain: {took >> 10} kB")


def _allocated(target: Target, data: bytes) -> int:
    """The most that was held at once while an input was read."""
    tracemalloc.start(1)
    try:
        before, _ = tracemalloc.get_traced_memory()
        with contextlib.suppress(Exception, Hang):  # try_one has judged it
            target.run(data)
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def _ring(_signal: int, _frame: object) -> None:
    raise Hang


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10

"""Runs a decoder on many inputs, and says which one it did not bear.

A *finding* is an exception the decoder does not document, an answer that contradicts itself, more
than ``SLOW_S`` of this process's time for one input, or memory that grows. A finding carries its
input, so it is replayed without the generator: ``python -m tests.fuzz --replay NAME HEX``.
"""

from __future__ import annotations

import gc
import resource
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

SLOW_S = 2.0  # of CPU for one input, whatever it is; a message of 64 kB takes about a millisecond
HANG_S = 20.0
GROWN_BYTES_MAX = 300 << 20  # of a whole run of one decoder, over what the process had before
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
            try_one(target, case(target, seed, number), tally)
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


def _ring(_signal: int, _frame: object) -> None:
    raise Hang


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10

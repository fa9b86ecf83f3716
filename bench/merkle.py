"""A tree of 1,000,000 leaves with every proof, against bare hashing and sorting in the same run.

Prints one JSON line. ``bare`` is what no builder can avoid: one keccak-256 of 64 bytes for each
inner node, called straight from the hash library, nothing kept; the StandardTree adds one sort of
its leaves. ``ratio`` is the builder's CPU time over that, best of ``--rounds`` each, the two taking
turns. ``proofs`` makes the proof of every leaf and hands it on (640 MB in all, never held at once).
``rss_mb`` is the peak of the whole process: leaves, builder and the bare run.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import random
import resource
import time
from collections import deque
from collections.abc import Callable, Iterable

from sha3 import keccak_256

from ohmstead.core.merkle import PositionalTree, StandardTree

RATIO_GOAL = 1.3
RSS_GOAL_MB = 400


def timed(work: Callable[[], object]) -> float:
    """CPU seconds of one call; its result is dropped before the next."""
    gc.collect()
    begin = time.process_time()
    work()
    return time.process_time() - begin


def drain(rows: Iterable[object]) -> None:
    """Consume an iterator and keep nothing."""
    deque(rows, maxlen=0)


def bare_hashing(leaves: list[bytes]) -> None:
    """One hash of 64 bytes for each inner node."""
    right = leaves[-1]
    for left in leaves[1:]:
        keccak_256(left + right).digest()


def bare_sorting_and_hashing(leaves: list[bytes]) -> None:
    """The same after one sort."""
    bare_hashing(sorted(leaves))


def main() -> None:
    """Run and print one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leaves", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rng = random.Random(2)
    leaves = [rng.randbytes(32) for _ in range(options.leaves)]
    works: dict[str, Callable[[], object]] = {
        "bare_hash": lambda: bare_hashing(leaves),
        "positional_build": lambda: PositionalTree(leaves),
        "positional_with_proofs": lambda: drain(PositionalTree(leaves).proofs()),
        "bare_sort_hash": lambda: bare_sorting_and_hashing(leaves),
        "standard_build": lambda: StandardTree(leaves),
        "standard_with_proofs": lambda: drain(StandardTree(leaves).proofs()),
    }
    best = dict.fromkeys(works, float("inf"))
    for _ in range(options.rounds):
        for name, work in works.items():
            best[name] = min(best[name], timed(work))
    rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    ratio = best["standard_with_proofs"] / best["bare_sort_hash"]
    line: dict[str, object] = {
        "bench": "merkle",
        "leaves": options.leaves,
        "python": platform.python_version(),
        "ratio_standard_build": round(best["standard_build"] / best["bare_sort_hash"], 3),
        "ratio_standard_with_proofs": round(ratio, 3),
        "ratio_positional_build": round(best["positional_build"] / best["bare_hash"], 3),
        "ratio_positional_with_proofs": round(
            best["positional_with_proofs"] / best["bare_hash"], 3
        ),
        "rss_mb": round(rss_mb),
        "goal": {"ratio": RATIO_GOAL, "rss_mb": RSS_GOAL_MB},
        "reached": ratio <= RATIO_GOAL and rss_mb <= RSS_GOAL_MB,
    }
    line |= {f"{name}_cpu_s": round(seconds, 3) for name, seconds in best.items()}
    print(json.dumps(line))


if __name__ == "__main__":
    main()

"""Trees of 1,000,000 leaves with proofs, against bare hashing and sorting in the same run.

Prints one JSON line. ``bare`` is what no builder can avoid: one keccak-256 of 64 bytes for each
inner node, called straight from the hash library, nothing kept; for the StandardTree one sort of
its leaves more. ``ratio`` is CPU time over that, best of ``--rounds`` each, the two taking turns:
of a tree that keeps every level, with 1,000 proofs cut and verified. ``ratio_every_proof`` goes
further: it makes the proof of every leaf, its 20 siblings in one ``bytes``, and drops it (640 MB in
all); the goal is judged by it. After the clock has stopped a thousand of those are verified.
``rss_mb`` is the peak of the whole process: leaves, builders and the bare runs.
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
from collections.abc import Callable, Iterable, Sequence

from sha3 import keccak_256

from ohmstead.core.merkle import PositionalTree, StandardTree, split_proof

RATIO_GOAL = 1.3
RSS_GOAL_MB = 400
PROOFS = 1_000


def timed(work: Callable[[], object]) -> float:
    """CPU seconds of one call; its result is dropped before the next."""
    gc.collect()
    begin = time.process_time()
    work()
    return time.process_time() - begin


def drain(rows: Iterable[object]) -> None:
    """Consume an iterator and keep nothing."""
    deque(rows, maxlen=0)


def bare_hashing(leaves: Sequence[bytes]) -> None:
    """One hash of 64 bytes for each inner node."""
    right = leaves[-1]
    for left in leaves[1:]:
        keccak_256(left + right).digest()


def bare_sorting_and_hashing(leaves: Sequence[bytes]) -> None:
    """The same after one sort."""
    bare_hashing(sorted(leaves))


def positional(leaves: Sequence[bytes]) -> None:
    """Build, then cut and verify some proofs."""
    tree = PositionalTree(leaves)
    for index in range(0, len(leaves), max(1, len(leaves) // PROOFS)):
        leaf, proof = leaves[index], tree.proof(index)
        assert tree.verify(tree.root, tree.count, index, leaf, proof)


def standard(leaves: Sequence[bytes]) -> None:
    """Build, then cut and verify some proofs."""
    tree = StandardTree(leaves)
    for leaf in leaves[:: max(1, len(leaves) // PROOFS)]:
        assert tree.verify(tree.root, leaf, tree.proof(leaf))


def verify_positional(leaves: Sequence[bytes]) -> None:
    """What ``proofs()`` yields for every leaf is there, and some of it is verified."""
    tree, count = PositionalTree(leaves), 0
    for index, proof in enumerate(tree.proofs()):
        count += 1
        if index % max(1, len(leaves) // PROOFS) == 0:
            siblings = split_proof(proof)
            assert tree.verify(tree.root, len(leaves), index, leaves[index], siblings)
    assert count == len(leaves)


def verify_standard(leaves: Sequence[bytes]) -> None:
    """The same of the other tree."""
    tree, count = StandardTree(leaves), 0
    for rank, (leaf, proof) in enumerate(tree.proofs()):
        count += 1
        if rank % max(1, len(leaves) // PROOFS) == 0:
            assert tree.verify(tree.root, leaf, split_proof(proof))
    assert count == len(leaves)


def main() -> None:
    """Run and print one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leaves", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rng = random.Random(2)
    leaves = tuple(rng.randbytes(32) for _ in range(options.leaves))
    works: dict[str, Callable[[], object]] = {
        "bare_hash": lambda: bare_hashing(leaves),
        "positional": lambda: positional(leaves),
        "positional_every_proof": lambda: drain(PositionalTree(leaves).proofs()),
        "bare_sort_hash": lambda: bare_sorting_and_hashing(leaves),
        "standard": lambda: standard(leaves),
        "standard_every_proof": lambda: drain(StandardTree(leaves).proofs()),
    }
    best = dict.fromkeys(works, float("inf"))
    for _ in range(options.rounds):
        for name, work in works.items():
            best[name] = min(best[name], timed(work))
    verify_positional(leaves)
    verify_standard(leaves)
    rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    bare_of = {"positional": best["bare_hash"], "standard": best["bare_sort_hash"]}
    ratio = {tree: best[tree] / bare for tree, bare in bare_of.items()}
    every = {tree: best[f"{tree}_every_proof"] / bare for tree, bare in bare_of.items()}
    line: dict[str, object] = {
        "bench": "merkle",
        "leaves": options.leaves,
        "python": platform.python_version(),
        "proofs": PROOFS,
        "ratio": {tree: round(value, 3) for tree, value in ratio.items()},
        "ratio_every_proof": {tree: round(value, 3) for tree, value in every.items()},
        "rss_mb": round(rss_mb),
        "goal": {"ratio": RATIO_GOAL, "rss_mb": RSS_GOAL_MB},
        "reached": max(every.values()) <= RATIO_GOAL and rss_mb <= RSS_GOAL_MB,
    }
    line |= {f"{name}_cpu_s": round(seconds, 3) for name, seconds in best.items()}
    print(json.dumps(line))


if __name__ == "__main__":
    main()

"""``python -m tests.fuzz``: every decoder, a counted number of cases, one line each.

python -m tests.fuzz --cases 1000000            all of them, as `make deep` does
python -m tests.fuzz --only ocmf,time --seed 7  some, with other random numbers
python -m tests.fuzz --replay ocmf 4f434d46...  one input again, with its traceback
"""

from __future__ import annotations

import argparse
import sys
import warnings

import structlog

from tests.fuzz.engine import Tally, Target, case, fuzz
from tests.fuzz.targets import targets

CASES = 1_000_000


def main(arguments: list[str]) -> int:
    """Return 1 if anything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--cases", type=int, default=CASES, help="of all decoders together")
    parser.add_argument("--only", default="", help="names, with commas; a part of one is enough")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--replay", nargs=2, metavar=("NAME", "HEX"))
    parser.add_argument("--show", nargs=2, metavar=("NAME", "NUMBER"), help="print a case as hex")
    given = parser.parse_args(arguments)
    wanted = given.only.split(",")
    if given.replay or given.show:
        name, value = given.replay or given.show
        target = next(one for one in targets() if one.name == name)
        if given.show:
            print(case(target, given.seed, int(value)).hex())
        else:
            target.run(bytes.fromhex(value))
        return 0
    chosen = [one for one in targets() if any(part in one.name for part in wanted)]
    shares = sum(target.share for target in chosen)
    total = found = 0
    for target in chosen:
        structlog.configure(processors=[_silent])
        warnings.simplefilter("ignore")  # of libraries, about certificates that are not to be
        tally = fuzz(target, -(-given.cases * target.share // shares), given.seed, given.first)
        target.close()
        report(target, tally)
        total += tally.cases
        found += tally.found
    print(f"all: {total} cases, {found} findings, seed {given.seed}", flush=True)
    return 1 if found else 0


def _silent(*_event: object) -> str:
    raise structlog.DropEvent


def report(target: Target, tally: Tally) -> None:
    """One line, and what was found below it."""
    print(
        f"{target.name:<18} {tally.cases:>8} cases {tally.seconds:>8.1f} s "
        f"{tally.refused:>8} refused  slowest {tally.slowest_s * 1_000:>6.1f} ms  "
        f"largest {tally.largest_bytes >> 10:>6} kB "
        f"{tally.found:>4} findings",
        flush=True,
    )
    for data, what in tally.findings:
        print(f"    {what.strip()}".replace("\n", "\n    "))
        print(f"    python -m tests.fuzz --replay {target.name} {data.hex() or '-'}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

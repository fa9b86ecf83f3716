"""Write vectors/split.json: amounts and shares with the parts they must give, read by Foundry too.

The parts are computed here with exact fractions, not with core.split, so that the vectors can
disagree with the code. Run with ``--check`` to compare instead of write.
"""

from __future__ import annotations

import json
import random
import sys
from fractions import Fraction
from pathlib import Path

VECTORS = Path(__file__).resolve().parent.parent / "vectors" / "split.json"
SEED = 20261120
Case = dict[str, object]


def case(amount: int, shares_bps: dict[str, int], rest: str = "host") -> Case:
    parts = {payee: Fraction(amount * bps, 10_000) for payee, bps in shares_bps.items()}
    whole = {payee: part.numerator // part.denominator for payee, part in parts.items()}
    whole[rest] = amount - sum(whole.values())
    return {
        "amount": str(amount),
        "shares_bps": shares_bps,
        "rest": rest,
        "parts": {payee: str(part) for payee, part in whole.items()},
    }


def cases() -> list[Case]:
    usual = {"protocol": 1_500, "referrer": 500}
    amounts = [0, 1, 2, 3, 7, 9_999, 10_000, 10_001, 12_345_678, 2**64 - 1, 2**128 - 1]
    found = [case(amount, usual) for amount in amounts]
    found += [case(amount, {}) for amount in (0, 1, 2**128 - 1)]
    found += [case(amount, {"protocol": 10_000}) for amount in (0, 1, 2**128 - 1)]
    found += [case(amount, {"a": 3_333, "b": 3_333, "c": 3_334}) for amount in (1, 2, 3, 10_000)]
    found += [case(99, {"nobody": 0, "one": 1, "most": 9_999})]
    chance = random.Random(SEED)
    for _ in range(40):
        left, shares = 10_000, {}
        for n in range(chance.randint(0, 6)):
            shares[f"p{n}"] = chance.randint(0, left)
            left -= shares[f"p{n}"]
        found.append(case(chance.getrandbits(chance.randint(1, 128)), shares))
    return found


def text() -> str:
    """The file: one case a line; amounts are strings because JSON readers round large numbers."""
    lines = ",\n".join(json.dumps(one) for one in cases())
    return f'{{"cases": [\n{lines}\n]}}\n'


def main() -> int:
    if "--check" in sys.argv[1:]:
        fresh = VECTORS.exists() and VECTORS.read_text() == text()
        print(
            "vectors/split.json is fresh" if fresh else "vectors/split.json is stale: run this tool"
        )
        return 0 if fresh else 1
    VECTORS.write_text(text())
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Gas of what the network pays for again and again, as the contracts' tests measured it.

`make forge-test` measures whole transactions, holds the two goals and fails when a figure differs
from the committed snapshot; this only says what stands there. Prints one JSON line.
"""

from __future__ import annotations

import json

from bench._network import ROOT

SNAPSHOT = ROOT / "contracts" / "snapshots" / "ohmstead.json"
ANCHOR = "anchor a later epoch, 1,000 receipts"
CLAIMS = ("later claim by balance, 1,000 receipts", "later claim by entry, 1,000 receipts")
GOAL_ANCHOR, GOAL_CLAIM = 100_000, 70_000


def main() -> None:
    """Read the snapshot and print the line."""
    gas = {name: int(value) for name, value in json.loads(SNAPSHOT.read_text()).items()}
    claim = max(gas[name] for name in CLAIMS)
    line: dict[str, object] = {
        "bench": "gas",
        "value": gas[ANCHOR],
        "unit": "gas to anchor an epoch of 1,000 receipts, without a quorum",
        "later_claim": claim,
        "first_epoch_of_all": gas["anchor the first epoch, 1,000 receipts"],
        "goal": {"anchor": GOAL_ANCHOR, "later_claim": GOAL_CLAIM},
        "reached": gas[ANCHOR] <= GOAL_ANCHOR and claim <= GOAL_CLAIM,
        "notes": "calldata and the 21,000 of a transaction included; from the committed snapshot",
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()

"""Unsigned OCPP 1.6 MeterValues: validated, durable, answered, per CPU-second of the server.

Beside a central system on the `ocpp` package that stores nothing (:mod:`bench._beside`). Every
message belongs to a transaction that is held and charging. Prints one JSON line.
"""

from __future__ import annotations

import json

from bench._beside import measured

GOAL_RATIO = 6


def main() -> None:
    """Measure, and print the line."""
    line = measured("meter_values", __doc__)
    goal = {"goal": {"ratio": GOAL_RATIO}, "reached": float(str(line["ratio"])) >= GOAL_RATIO}
    print(json.dumps(line | goal))


if __name__ == "__main__":
    main()

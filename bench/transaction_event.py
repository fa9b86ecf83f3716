"""Unsigned OCPP 2.0.1 TransactionEvents: validated, durable, answered, per server CPU-second.

Beside a central system on the `ocpp` package that stores nothing (:mod:`bench._beside`). Every
event is an Updated of a transaction that is held and charging; its Started was answered before the
clock ran. Prints one JSON line.
"""

from __future__ import annotations

import json

from bench._beside import measured

GOAL_PER_CPU_S = 10_000


def main() -> None:
    """Measure, and print the line."""
    line = measured("transaction_event", __doc__)
    reached = int(str(line["value"])) >= GOAL_PER_CPU_S
    print(json.dumps(line | {"goal": {"per_cpu_s": GOAL_PER_CPU_S}, "reached": reached}))


if __name__ == "__main__":
    main()

"""docs/internals/INVARIANTS.md says which test holds what: it must not say so in vain."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TABLE = (ROOT / "docs" / "internals" / "INVARIANTS.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (\d+) \| [^|]+ \| ([^|]+) \| (held|pending|not built) \|$", re.M)
NAMED = re.compile(r"`([^`]+?)::(\w+)`")
ROWS = [(int(n), NAMED.findall(tests), state) for n, tests, state in ROW.findall(TABLE)]


def has_test(path: Path, name: str) -> bool:
    return path.exists() and re.search(rf"\b(def|function) {name}\(", path.read_text()) is not None


def test_the_table_has_all_thirteen() -> None:
    assert [number for number, *_ in ROWS] == list(range(1, 14))


@pytest.mark.parametrize(("number", "tests", "state"), ROWS)
def test_a_row_says_what_is_there(number, tests, state) -> None:
    assert bool(tests) == (state != "not built")
    for file, name in tests:
        assert has_test(ROOT / file, name) == (state == "held"), f"{name}: is the row still true?"


def test_every_test_named_after_an_invariant_is_in_its_row() -> None:
    places = [*(ROOT / "tests").rglob("test_*.py"), *(ROOT / "contracts" / "test").rglob("*.sol")]
    for path in places:
        found = re.findall(r"(?:def|function) ((?:test_)?invariant_(\d+)_\w+)\(", path.read_text())
        for name, number in found:
            here = str(path.relative_to(ROOT))
            held = [test for n, tests, state in ROWS if n == int(number) for test in tests]
            assert (here, name) in held, f"{here}::{name} holds {number}: say so in its row"

"""Write docs/reference/conformance.md from the tests: what holds which behaviour and case.

python tools/gen_conformance.py           write the page
python tools/gen_conformance.py --check   only say whether it is fresh
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]
octt = importlib.import_module("tests.stories.octt")
octt_16 = importlib.import_module("tests.stories.octt_16")
octt_201 = importlib.import_module("tests.stories.octt_201")

PAGE = ROOT / "docs" / "reference" / "conformance.md"
BEHAVIOURS = {
    1: "one reply per CALL, with its id",
    2: "one CALL in flight per direction, and the directions independent",
    3: "a late CALLRESULT is stored on its command, an unknown one ignored",
    4: "a repeated message has the same answer and no second effect",
    5: "the same payload under a new id is the same thing",
    6: "a stop of an unknown or foreign transaction is accepted and quarantined",
    7: "a stop with transactionId -1 or 0",
    8: "messages before the start's answer, or out of order",
    9: "missing updates, missing stops",
    10: "reordered, repeated and restarted seqNo, events after the end",
    11: "an offline event keeps its own time",
    12: "pending and rejected stations: nothing but boot and what was triggered, evidence kept",
    13: "intervals honoured, times in UTC",
    14: "unknown and unsupported actions told apart",
    15: "the right error code for each version",
    16: "malformed JSON loses no socket",
    17: "oversize frames end with 1009",
    18: "binary frames, integer ids and long ids refused",
    19: "a client that does not read holds up no other",
    20: "the new socket of a station wins",
    21: "no common subprotocol, no connection",
    22: "a wrong password is refused before the upgrade",
    23: "our CALL times out; a disconnect fails what was queued",
    24: "no answer before the reading is durable",
    25: "signed values are checked against the registered key",
}
INTRO = """# Conformance

Generated from the tests by `python tools/gen_conformance.py`; a test holds that each test named
here exists and that this page is fresh. No certificate was ever issued for this software, and the
Open Charge Alliance's own tool has not been run against it: the cases below are told again, in our
words, from the station's side over a real socket, and every answer and request of ours is checked
against the official schemas. What a case demands of its operator's screens is not part of them.
The behaviours run for each version they apply to, 1.6, 2.0.1 and 2.1; the cases for the version
they are of. Those of blocks B, C, E, F and J were compared with part 6 step by step; the official
text of the cases of OCPP 1.6 was not.

Two words stand beside a case where they apply:

* `relayed`: all that is tried is that an operator's command gets out as it was written and that the
  station's answer comes back. Nothing of ours decides or remembers anything in it.
* `later`: the number is not among a CSMS's cases in part 6 of 2023-06-30, the newest we could read,
  whose blocks D, H, I, K and O are blank. It is of a later list: part 5 of OCPP 2.1 (2025-12-03)
  has most of them, for a station, a CSMS or both, with no more than a title. What is played is that
  title by what part 2 says, so the official steps may differ. A case of a later list that is not
  named below is not played.

"""


def tests_of(folder: Path) -> dict[str, list[str]]:
    """The names of the tests in each file, by its path from the root."""
    found = {}
    for path in sorted(folder.rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        names = re.findall(r"^(?:async )?def (test_\w+)\(", text, re.MULTILINE)
        found[path.relative_to(ROOT).as_posix()] = names
    return found


def page() -> str:
    """The page as the tests say it now."""
    tests = tests_of(ROOT / "tests")
    parts = [INTRO, "## The behaviours of a CSMS\n\n| | Behaviour | Tests |\n|---|---|---|\n"]
    for number, what in BEHAVIOURS.items():
        prefix = f"test_behaviour_{number:02d}_"
        held = [
            f"`{path}`"
            for path, names in tests.items()
            if any(name.startswith(prefix) for name in names)
        ]
        parts.append(f"| {number} | {what} | {', '.join(held)} |\n")
    for title, module, test in (
        ("OCPP 2.0.1, blocks A to P", octt_201, "test_octt_201"),
        ("OCPP 1.6, TC_001 to TC_088", octt_16, "test_octt_16"),
    ):
        parts.append(f"\n## {title}\n\n")
        relayed = sum(map(octt.is_relayed, module.CASES.values()))
        counts = f"{len(numbers(module.CASES))} played ({relayed} of them relayed)"
        counts += f", {len(numbers(module.ELSEWHERE))} held elsewhere, {len(module.GAPS)} gaps"
        is_later = getattr(module, "is_later", lambda _: False)
        named = numbers([*module.CASES, *module.ELSEWHERE, *module.GAPS])
        if later := sum(map(is_later, named)):
            counts += f"; {later} of the {len(named)} numbers are later"
        parts.append(f"{counts}. Run them with `pytest -k {test}`.\n\n")
        parts.append(rows(module.CASES, module.ELSEWHERE, module.GAPS, test, is_later))
    return "".join(parts)


def numbers(names: Iterable[str]) -> set[str]:
    """The numbers of cases; one that several tests hold counts once."""
    return {name.split()[0] for name in names}


def rows(
    cases: Mapping[str, Any],
    elsewhere: Mapping[str, str],
    gaps: Mapping[str, str],
    test: str,
    is_later: Callable[[str], bool],
) -> str:
    """A line for each case, in their order."""
    lines = {name: (case.what, f"`{test}[{name}]`") for name, case in cases.items()}
    lines |= {name: ("", f"`{where}`") for name, where in elsewhere.items()}
    lines |= {name: (f"**gap**: {why}", "") for name, why in gaps.items()}
    body = []
    for name, (what, held) in sorted(lines.items()):
        relayed = name in cases and octt.is_relayed(cases[name])
        signs = ", ".join(["relayed"] * relayed + ["later"] * is_later(name))
        body.append(f"| {name} | {what} | {signs} | {held} |\n")
    return "| Case | What happens | | Test |\n|---|---|---|---|\n" + "".join(body)


def main() -> int:
    """Write the page, or say that it is stale."""
    text = page()
    if "--check" in sys.argv:
        fresh = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
        if not fresh:
            print("stale: conformance.md; run python tools/gen_conformance.py")
        return 0 if fresh else 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

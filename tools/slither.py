"""Run slither over the contracts; fail on a finding that docs/internals/SLITHER.md leaves open.

Slither lives in an environment of its own, `.venv-slither` (in the same lock it would silently
downgrade web3): `python tools/bootstrap.py --slither` makes it. Standard library only.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = ROOT / "contracts"
EXPLAINED = ROOT / "docs/internals/SLITHER.md"
ROW = re.compile(r"^\| ([a-z0-9-]+) \| `([A-Za-z0-9_.]+)` \| (\S.*) \|$", re.MULTILINE)

# A finding is its detector and the function or variable it names first.
Finding = tuple[str, str]


class Failed(Exception):
    """Slither could not look at the contracts; the message says what to do."""


def explained(text: str) -> set[Finding]:
    """Return what the table of SLITHER.md explains."""
    return {(row[1], row[2]) for row in ROW.finditer(text)}


def finding(detector: dict[str, Any]) -> Finding:
    """Return one result of slither's JSON as a finding."""
    names = [place(element) for element in detector["elements"]]
    return detector["check"], next((name for name in names if name), "?")


def place(element: dict[str, Any]) -> str:
    """Return ``Contract.member`` of the function or variable an element is or lies in, or ""."""
    while element:
        parent = element.get("type_specific_fields", {}).get("parent", {})
        if parent.get("type") == "contract":
            return f"{parent['name']}.{element['name']}"
        element = parent
    return ""


def run_slither() -> list[dict[str, Any]]:
    """Return slither's results; raises :class:`Failed` when it cannot run."""
    slither = ROOT / ".venv-slither/bin/slither"
    forges = sorted(CONTRACTS.glob("node_modules/@foundry-rs/forge-*/bin"))
    if not slither.exists() or not forges:
        raise Failed("slither or forge is missing: python3 tools/bootstrap.py --slither")
    with tempfile.TemporaryDirectory() as folder:
        # It cleans and rebuilds what it looks at: not the folder the tests build in.
        environment = os.environ | {
            "PATH": f"{forges[0]}{os.pathsep}{os.environ['PATH']}",
            "FOUNDRY_OUT": f"{folder}/out",
            "FOUNDRY_CACHE_PATH": f"{folder}/cache",
        }
        report = Path(folder) / "report.json"
        command = [str(slither), ".", "--compile-force-framework", "foundry"]
        command += ["--config-file", "slither.config.json", "--json", str(report)]
        done = subprocess.run(
            command, cwd=CONTRACTS, env=environment, capture_output=True, text=True
        )
        if not report.exists():
            raise Failed(f"slither failed:\n{done.stderr[-2000:]}")
        answer = json.loads(report.read_text())
    if not answer["success"]:
        raise Failed(f"slither failed:\n{answer['error']}")
    results: list[dict[str, Any]] = answer["results"].get("detectors", [])
    return results


def main() -> int:
    """Print what is unexplained or explained in vain; return the exit code."""
    try:
        results = run_slither()
    except Failed as failure:
        print(failure, file=sys.stderr)
        return 1
    known = explained(EXPLAINED.read_text())
    found = {finding(detector) for detector in results}
    for detector in results:
        if finding(detector) not in known:
            check, where = finding(detector)
            print(f"unexplained: {check} at {where}\n{detector['description']}", file=sys.stderr)
    for check, where in sorted(known - found):
        print(f"explained in vain: {check} at {where}", file=sys.stderr)
    print(f"slither: {len(results)} findings, {len(found - known)} unexplained")
    return 0 if found == known else 1


if __name__ == "__main__":
    sys.exit(main())

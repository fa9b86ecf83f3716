"""Compile the contracts and keep their ABI and bytecode inside the package.

    python tools/artifacts.py            write the artifacts
    python tools/artifacts.py --check    write nothing; exit 1 and name what is stale

Standard library only: it runs before anything is installed but Node's modules. Whoever installs
the package needs neither Node nor a compiler (docs/internals/decisions/0003).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = ROOT / "contracts"
BUILT = CONTRACTS / "out/shipped"  # where profile.shipped of foundry.toml puts it
ARTIFACTS = ROOT / "src/ohmstead/adapters/chain/evm/artifacts"
# What is deployed; interfaces have no code and their errors stand in these ABIs too.
NAMES = ("ChargingEscrow", "Settlement", "StationRegistry", "TestStablecoin")


class Failed(Exception):
    """The contracts could not be compiled; the message says what to do."""


def forge() -> Path:
    """Return the forge of contracts/node_modules; raises :class:`Failed` when there is none."""
    found = sorted(CONTRACTS.glob("node_modules/@foundry-rs/forge-*/bin/forge"))
    if not found:
        raise Failed("forge is missing: run `make setup` (npm ci in contracts/) first")
    return found[0]


def compile_contracts() -> None:
    """Compile contracts/src; raises :class:`Failed` with what the compiler said."""
    command = [str(forge()), "build", "src", "--quiet"]
    environment = os.environ | {"FOUNDRY_PROFILE": "shipped"}
    done = subprocess.run(command, cwd=CONTRACTS, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(f"forge build failed:\n{done.stdout}{done.stderr}")


def artifact(name: str) -> str:
    """Return the artifact of one contract as JSON text, one ABI entry a line.

    ``deployedBytecodeSha256`` is of the runtime code before immutables are filled in.
    """
    built = json.loads((BUILT / f"{name}.sol" / f"{name}.json").read_text())
    runtime = bytes.fromhex(built["deployedBytecode"]["object"].removeprefix("0x"))
    head = {
        "generated": f"generated from contracts/src/{name}.sol by tools/artifacts.py",
        "contractName": name,
        "deployedBytecodeSha256": hashlib.sha256(runtime).hexdigest(),
        "bytecode": built["bytecode"]["object"],
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value)}," for key, value in head.items()]
    entries = [json.dumps(entry, separators=(",", ":")) for entry in built["abi"]]
    return "\n".join(["{", *lines, '"abi": [', ",\n".join(entries), "]", "}"]) + "\n"


def stale(wanted: dict[Path, str]) -> list[str]:
    """Return what differs between ``wanted`` and the artifacts that lie there, sorted."""
    lying = {path: path.read_text() for path in ARTIFACTS.glob("*.json")}
    differing = {
        path for path in lying.keys() | wanted.keys() if lying.get(path) != wanted.get(path)
    }
    return sorted(path.relative_to(ROOT).as_posix() for path in differing)


def main(arguments: list[str]) -> int:
    """Write or check the artifacts; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail when stale")
    only_check = parser.parse_args(arguments).check
    try:
        compile_contracts()
    except Failed as failure:
        print(failure, file=sys.stderr)
        return 1
    wanted = {ARTIFACTS / f"{name}.json": artifact(name) for name in NAMES}
    old = stale(wanted)
    if not old:
        print("artifacts: fresh")
        return 0
    if only_check:
        print("stale, run `python tools/artifacts.py`: " + ", ".join(old), file=sys.stderr)
        return 1
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    for path in ARTIFACTS.glob("*.json"):
        if path not in wanted:
            path.unlink()
    for path, text in wanted.items():
        path.write_text(text)
    print("artifacts: wrote " + ", ".join(old))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

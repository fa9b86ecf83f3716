"""Set up everything `make demo` and `make test` need, inside this clone; safe to repeat.

Standard library only, and written so that an old Python still reads it far enough to be refused.
Each step leaves a stamp (a digest of the files it follows from) beside what it made, so a second
run takes seconds, and deleting what was made also deletes the stamp.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

OLDEST, NEWEST = (3, 11), (3, 13)
NODE_MAJOR_MIN = 20


def unsupported(major: int, minor: int) -> str:
    """Return why this Python cannot be used and what to do, or "" when it can."""
    found = (major, minor)
    if OLDEST <= found <= NEWEST:
        return ""
    reason = "is too old" if found < OLDEST else "has no wheels of some compiled packages yet"
    return (
        f"Python {major}.{minor} {reason}: ohmstead needs Python 3.11, 3.12 or 3.13.\n"
        "Install one of them and name it, for example: make setup PYTHON=python3.12"
    )


if unsupported(*sys.version_info[:2]):
    sys.exit(unsupported(*sys.version_info[:2]))

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
SLITHER_VENV = ROOT / ".venv-slither"
CONTRACTS = ROOT / "contracts"
LOG_TAIL_LINES = 25
QUIET_S = 10.0
# Program that must be there, and the Debian packages that bring it. Only tests need them.
SYSTEM_PACKAGES = {"gcc": ["gcc", "libc6-dev"]}


class Failed(Exception):
    """A step failed; the message says what to do."""


def say(text: str) -> None:
    """Print one line at once, also into a pipe."""
    print(text, flush=True)


def run(name: str, command: list[str], advice: str, cwd: Path = ROOT) -> None:
    """Run one step with its progress on one line (a line every ten seconds into a pipe).

    Raises :class:`Failed` with the end of what the command printed, and the advice.
    """
    say(f"  {name} ...")
    started = shown = time.monotonic()
    tail: deque[str] = deque(maxlen=LOG_TAIL_LINES)
    try:
        process = subprocess.Popen(
            command, cwd=cwd, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
    except OSError as error:
        raise Failed(f"{name}: {error}\n{advice}") from error
    assert process.stdout is not None
    width = shutil.get_terminal_size().columns - 12
    for line in process.stdout:
        tail.append(line.rstrip())
        now = time.monotonic()
        text = f"{now - started:5.0f} s  {line.split(' (from ')[0].strip()[:width]}"
        if sys.stdout.isatty():
            print(f"\r\033[K  {text}", end="", flush=True)
        elif now - shown >= QUIET_S:
            say(f"  {text}")
            shown = now
    if sys.stdout.isatty():
        print("\r\033[K", end="")
    if process.wait() != 0:
        raise Failed("\n".join([*tail, f"{name}: exit code {process.returncode}.", advice]))
    say(f"  {name}: done in {time.monotonic() - started:.0f} s")


def digest(files: list[Path], *words: str) -> str:
    """Return a digest of these words and the content of these files."""
    state = hashlib.sha256()
    for word in words:
        state.update(word.encode() + b"\0")
    for file in files:
        state.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes() + b"\0")
    return state.hexdigest()


def is_stamped(stamp: Path, mark: str) -> bool:
    """Say whether the step that leaves this stamp has already been done for this digest."""
    return stamp.is_file() and stamp.read_text() == mark


def output_of(command: list[str]) -> str:
    """Return what a command prints, or "" when it cannot be run."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def check_tools() -> None:
    """Check make, Node and npm; raises :class:`Failed` that names all that is missing at once."""
    wrong = []
    if not shutil.which("make"):
        wrong.append("make is missing: install it (Debian, Ubuntu: apt install make)")
    node = re.match(r"v(\d+)", output_of(["node", "--version"]))
    if node is None:
        wrong.append(f"Node is missing: install Node {NODE_MAJOR_MIN} or newer with npm")
    elif int(node[1]) < NODE_MAJOR_MIN:
        wrong.append(f"Node {node[1]} is too old: install Node {NODE_MAJOR_MIN} or newer")
    if node is not None and not output_of(["npm", "--version"]):
        wrong.append("npm is missing: install the npm that belongs to your Node")
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        wrong.append(
            "this Python cannot make virtual environments: install its venv package "
            f"(Debian, Ubuntu: apt install python{sys.version_info[0]}.{sys.version_info[1]}-venv)"
        )
    if wrong:
        raise Failed("\n".join(wrong))


def install_system_packages() -> None:
    """Install what single tests need, when root on Debian; otherwise say what will not run."""
    missing = [program for program in SYSTEM_PACKAGES if not shutil.which(program)]
    if not missing:
        return
    packages = [package for program in missing for package in SYSTEM_PACKAGES[program]]
    by_hand = f"apt install {' '.join(packages)}"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        say(f"  system packages: not installed, tests that need them say so ({by_hand})")
        return
    install = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    try:
        run("apt-get update", ["apt-get", "update"], "")
        run("system packages", install, "")
    except Failed as failure:
        say(f"{failure}\n  system packages: failed, going on without; by hand: {by_hand}")


def needs_new_venv(venv: Path) -> bool:
    """Say whether there is no usable environment here: none, another Python's, or a moved one."""
    config = venv / "pyvenv.cfg"
    if not config.is_file():
        return True
    lines = dict(line.split(" = ", 1) for line in config.read_text().splitlines() if " = " in line)
    ours = f"{sys.version_info[0]}.{sys.version_info[1]}."
    if not lines.get("version", "").startswith(ours):
        return True
    if not lines.get("command", "").endswith(str(venv)):
        return True
    return not output_of([str(venv / "bin" / "python"), "-m", "pip", "--version"])


def install_locked(venv: Path, lock: Path, itself: bool) -> None:
    """Fill an environment with exactly the wheels of a lock, then add this package, editable.

    Without ``--no-deps`` pip would resolve again what the lock already says.
    """
    stamp = venv / "stamp"
    sources = [lock, ROOT / "pyproject.toml"] if itself else [lock]
    mark = digest(sources, sys.version, str(venv))
    is_new = needs_new_venv(venv)
    if not is_new and is_stamped(stamp, mark):
        return
    if is_new:
        run(
            f"{venv.name} (Python {sys.version.split()[0]})",
            [sys.executable, "-m", "venv", "--clear", str(venv)],
            f"Delete {venv.name} and try again.",
        )
    stamp.unlink(missing_ok=True)
    pip = [str(venv / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install"]
    locked = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", str(lock)]
    run(
        f"{lock.name} -> {venv.name}",
        [*pip, *locked],
        "Check the connection to your package index (pip config list) and run make setup again; "
        "what was downloaded is kept.",
    )
    if itself:
        run(
            "ohmstead, editable",
            [*pip, "--no-deps", "--no-build-isolation", "-e", str(ROOT)],
            "This is a defect of pyproject.toml: please report it with the lines above.",
        )
    stamp.write_text(mark)


def install_node_packages() -> None:
    """Install the contracts' npm packages exactly as locked."""
    lock, npmrc = CONTRACTS / "package-lock.json", CONTRACTS / ".npmrc"
    if not lock.is_file():
        return
    if not npmrc.is_file():
        raise Failed("contracts/.npmrc is missing: restore it (git checkout contracts/.npmrc)")
    stamp = CONTRACTS / "node_modules" / ".ohmstead-stamp"
    mark = digest([lock, npmrc])
    if is_stamped(stamp, mark):
        return
    run(
        "contracts: npm ci",
        ["npm", "ci", "--no-fund", "--no-audit"],
        "Check the connection to your npm registry (npm config list) and run make setup again.",
        CONTRACTS,
    )
    stamp.write_text(mark)


def compile_contracts() -> None:
    """Compile the contracts when their sources changed; without forge, say what will not run."""
    if not (CONTRACTS / "foundry.toml").is_file():
        return
    forges = sorted(CONTRACTS.glob("node_modules/@foundry-rs/forge-*/bin/forge"))
    if not forges:
        say("  contracts: no forge for this platform, the committed ABI and bytecode are used")
        return
    rooms = ("src", "test", "script")
    sources = sorted(file for room in rooms for file in (CONTRACTS / room).rglob("*.sol"))
    stamp = CONTRACTS / "out" / ".ohmstead-stamp"
    settings = ["foundry.toml", "package-lock.json", "solc-wrapper"]
    mark = digest(
        [*(CONTRACTS / name for name in settings if (CONTRACTS / name).exists()), *sources]
    )
    if is_stamped(stamp, mark):
        return
    run(
        "contracts: forge build",
        [str(forges[0]), "build"],
        "Mend the contract named above, or delete contracts/out and contracts/cache and try again.",
        CONTRACTS,
    )
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(mark)


def main() -> int:
    """Run the steps in order; return 0, or 1 after saying which step failed and what to do."""
    parser = argparse.ArgumentParser(description="Set up this clone; safe to repeat.")
    parser.add_argument("--slither", action="store_true", help="also .venv-slither")
    wants = parser.parse_args()
    started = time.monotonic()
    say("setup: .venv from requirements-dev.lock, npm packages, contracts")
    try:
        check_tools()
        install_system_packages()
        install_locked(VENV, ROOT / "requirements-dev.lock", itself=True)
        install_node_packages()
        compile_contracts()
        if wants.slither:
            install_locked(SLITHER_VENV, ROOT / "requirements-slither.lock", itself=False)
    except Failed as failure:
        say(f"\nsetup failed\n{failure}")
        return 1
    say(f"setup: ready in {time.monotonic() - started:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The set-up keeps its promises: hashed locks without addresses, a wheel that is whole."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tools import bootstrap

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ["requirements.lock", "requirements-dev.lock", "requirements-slither.lock"]
# Any address at all, a direct reference (name @ where), or an option other than the hash.
ADDRESS = re.compile(r"://|\s@\s|--(?!hash=)")


def requirements_in(name: str) -> list[str]:
    """Return the lines of a list of requirements that ask for a package."""
    lines = (line.strip() for line in (ROOT / name).read_text().splitlines())
    return [line for line in lines if line and not line.startswith(("#", "-"))]


def pinned(name: str) -> dict[str, set[str]]:
    """Return the versions of each package in a lock; markers may make more than one."""
    versions: dict[str, set[str]] = {}
    for package, version in re.findall(r"(?m)^([\w.-]+)==([^\s;\\]+)", (ROOT / name).read_text()):
        versions.setdefault(package, set()).add(version)
    return versions


def bootstrap_under(version: tuple[int, int, int]) -> subprocess.CompletedProcess[str]:
    """Run the bootstrap in a process that believes it is this Python."""
    program = (
        f"import runpy, sys; sys.version_info = {(*version, 'final', 0)}; "
        "runpy.run_path('tools/bootstrap.py', run_name='__main__')"
    )
    return subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_a_hash_for_every_package_and_no_address(name):
    text = (ROOT / name).read_text()
    requirements = re.split(r"(?m)^(?=\S)", text.replace("\\\n", " "))
    wanted = [line for line in requirements if line.strip() and not line.startswith("#")]
    assert len(wanted) > 20
    for line in wanted:
        assert re.match(r"[\w.-]+==\S+ ", line), line[:80]
        assert "--hash=sha256:" in line, line[:80]
    assert not ADDRESS.search(text)


@pytest.mark.parametrize(
    ("lock", "lists"),
    [
        ("requirements.lock", ["requirements.in"]),
        ("requirements-dev.lock", ["requirements.in", "requirements-dev.in"]),
        ("requirements-slither.lock", ["requirements-slither.in"]),
    ],
)
def test_what_is_asked_for_is_locked(lock, lists):
    asked = {re.split(r"[<>=\[; ]", line)[0] for name in lists for line in requirements_in(name)}
    assert asked <= set(pinned(lock))


def test_the_tests_run_with_the_versions_that_users_get():
    users, ours = pinned("requirements.lock"), pinned("requirements-dev.lock")
    assert {name: ours.get(name) for name in users} == users


def test_the_package_asks_for_what_the_lock_was_made_from():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["dependencies"] == requirements_in("requirements.in")


def test_web3_stays_out_of_the_service_and_slither_is_kept_apart():
    """Decision 0004: importing eth_account, as web3 does, lifts Python's recursion limit for the
    whole process, and then deep JSON from a peer ends the process instead of raising."""
    assert not {"web3", "eth-account"} & set(pinned("requirements.lock"))
    assert "slither-analyzer" not in pinned("requirements-dev.lock")


@pytest.mark.parametrize("version", [(3, 8, 18), (3, 10, 13), (3, 14, 0)])
def test_an_unsupported_python_is_refused_by_name(version):
    result = bootstrap_under(version)
    assert result.returncode != 0
    assert f"Python {version[0]}.{version[1]} " in result.stderr
    assert "make setup PYTHON=" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_missing_program_is_named_with_what_to_do(tmp_path):
    result = subprocess.run(
        [sys.executable, "tools/bootstrap.py"],
        cwd=ROOT,
        env={**os.environ, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 1
    assert "Node is missing: install Node 20" in result.stdout
    assert "make is missing: install it" in result.stdout


def test_npm_locks_keep_no_addresses():
    assert "omit-lockfile-registry-resolved=true" in (
        (ROOT / "contracts" / ".npmrc").read_text().splitlines()
    )
    assert '"resolved"' not in (ROOT / "contracts" / "package-lock.json").read_text()


def test_the_wheel_holds_all_that_the_package_needs(tmp_path):
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    result = subprocess.run(
        [*build, "--no-index", "--wheel-dir", str(tmp_path), "."],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    (wheel,) = tmp_path.glob("ohmstead-*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    listed = subprocess.run(
        ["git", "ls-files", "src/ohmstead"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    wanted = {name.removeprefix("src/") for name in listed.stdout.splitlines()}
    assert "ohmstead/py.typed" in wanted
    assert wanted <= held, sorted(wanted - held)
    assert any(name.endswith("/licenses/LICENSE") for name in held)
    abis = {name for name in held if "/artifacts/" in name and name.endswith(".json")}
    assert abis, "no compiled contract in the wheel: pip install users have neither node nor solc"


def test_a_failed_step_ends_with_what_to_do():
    command = [sys.executable, "-c", "print('no space left'); raise SystemExit(3)"]
    with pytest.raises(bootstrap.Failed) as failure:
        bootstrap.run("a step", command, "Make room and try again.")
    assert str(failure.value).splitlines() == [
        "no space left",
        "a step: exit code 3.",
        "Make room and try again.",
    ]


def test_a_step_is_repeated_only_when_what_it_follows_from_changed(tmp_path, monkeypatch):
    steps = []
    contracts = tmp_path / "contracts"
    (contracts / "node_modules").mkdir(parents=True)
    (contracts / "package-lock.json").write_text("{}")
    (contracts / ".npmrc").write_text("fund=false")
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "CONTRACTS", contracts)
    monkeypatch.setattr(bootstrap, "run", lambda name, *_: steps.append(name))
    bootstrap.install_node_packages()
    bootstrap.install_node_packages()
    assert len(steps) == 1
    (contracts / "package-lock.json").write_text("{ }")
    bootstrap.install_node_packages()
    assert len(steps) == 2


def test_an_environment_of_another_python_or_place_is_built_again(tmp_path):
    venv = tmp_path / ".venv"
    assert bootstrap.needs_new_venv(venv)
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    config = (venv / "pyvenv.cfg").read_text()
    assert not bootstrap.needs_new_venv(venv)
    (venv / "pyvenv.cfg").write_text(re.sub("version = 3.*", "version = 3.9.1", config))
    assert bootstrap.needs_new_venv(venv)
    (venv / "pyvenv.cfg").write_text(config)
    venv.rename(tmp_path / ".venv-moved")
    assert bootstrap.needs_new_venv(tmp_path / ".venv-moved")

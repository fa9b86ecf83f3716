"""Who may import whom: the stairs of the house, by import-linter and by lists of what may be."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "ohmstead"
GROUND = {"ohmstead.units", "ohmstead.hashing", "ohmstead.errors", "ohmstead.frozen"}

# Beside the standard library, and beside modules of the same room.
MAY_IMPORT = {
    "core": GROUND,
    "wire": GROUND | {"msgspec", "cryptography", "coincurve"},
    "flows": GROUND | {"ohmstead.core", "ohmstead.ports", "ohmstead.wire"},
}
FILES = [(room, file) for room in MAY_IMPORT for file in sorted((PACKAGE / room).rglob("*.py"))]


def imported_modules(tree: ast.AST) -> list[str]:
    """Return the full name of each imported module; ``from ohmstead import x`` gives ohmstead.x."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports are written in full"
            module = node.module or ""
            if module == "ohmstead":
                names += [f"ohmstead.{alias.name}" for alias in node.names]
            else:
                names.append(module)
    return names


def is_allowed(module: str, room: str) -> bool:
    """Say whether a module of this room may import that one."""
    if module.split(".")[0] in sys.stdlib_module_names:
        return True  # the clock, chance and sockets among it are refused by the linter
    allowed = MAY_IMPORT[room] | {f"ohmstead.{room}"}
    return any(module == name or module.startswith(f"{name}.") for name in allowed)


def lint_imports(folder: Path, source: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter with the configuration in this folder on the package in ``source``."""
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache", "--no-logo"]
    environment = {**os.environ, "PYTHONPATH": str(source)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_every_import_goes_down_the_stairs():
    result = lint_imports(ROOT, ROOT / "src")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("core", "import ohmstead.wire.b"),
        ("wire", "import ohmstead.core.b"),
        ("core", "import time"),
        ("flows", "import ohmstead.adapters.b"),
        ("adapters", "import ohmstead.flows.b"),
        ("ports", "import ohmstead.apps.b"),
        ("attic", ""),
    ],
)
def test_an_import_up_the_stairs_is_caught(room, line, tmp_path):
    house = tmp_path / "ohmstead"
    rooms = [
        "apps",
        "flows",
        "adapters",
        "ports",
        "wire",
        "core",
        "units",
        "hashing",
        "errors",
        "frozen",
    ]
    for name in {*rooms, room}:
        (house / name).mkdir(parents=True)
        (house / name / "__init__.py").touch()
        (house / name / "b.py").touch()
    (house / "__init__.py").touch()
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    before = lint_imports(tmp_path, tmp_path)
    assert (before.returncode == 0) == (room in rooms), before.stdout
    (house / room / "a.py").write_text(line)
    after = lint_imports(tmp_path, tmp_path)
    assert after.returncode == 1
    assert room in after.stdout
    assert "Could not find" not in after.stdout


@pytest.mark.parametrize(
    ("room", "path"), FILES, ids=[str(file.relative_to(PACKAGE)) for _, file in FILES]
)
def test_a_room_imports_only_what_is_on_its_list(room, path):
    for module in imported_modules(ast.parse(path.read_text())):
        assert is_allowed(module, room), f"{path.relative_to(ROOT)} imports {module}"


def test_the_lists_refuse_what_they_should():
    assert not is_allowed("sha3", "core")
    assert not is_allowed("msgspec", "core")
    assert not is_allowed("ohmstead.wire.ocmf", "core")
    assert not is_allowed("ohmstead.corex", "core")
    assert not is_allowed("ohmstead.core.ledger", "wire")
    assert is_allowed("ohmstead.core.ledger", "core")
    assert imported_modules(ast.parse("from ohmstead import wire")) == ["ohmstead.wire"]

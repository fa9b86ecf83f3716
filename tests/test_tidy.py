"""The house rules a formatter does not know: sizes, whole numbers, docstrings, no machine's paths.

A file is measured as it stands in the working tree; which files exist is git's answer, so what is
ignored (environments, caches) is not judged.
"""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# The first entry whose prefix fits decides. None: no limit.
LINES_MAX = [
    ("src/ohmstead/core/", 250),
    ("src/ohmstead/wire/", 400),
    ("src/ohmstead/flows/", 200),
    ("src/ohmstead/apps/stations/v16/", 80),
    ("src/ohmstead/apps/stations/v201/", 80),
    ("src/", 400),
    ("tools/bootstrap.py", 400),
    ("tools/", 500),
    ("bench/", 400),
    ("contracts/test/", None),
    ("contracts/", 300),
    ("tests/", None),
]
HANDLER_LINES_MEDIAN_MAX = 45
FUNCTION_LINES_MAX = 69
COLUMNS_MAX = 100
WHOLE_NUMBERS_ONLY = ("src/ohmstead/core/", "src/ohmstead/flows/", "src/ohmstead/units.py")

# Written in pieces, so that this file does not contain what it forbids.
MACHINE_PATH = re.compile(r"(?<![\w.$}])/(?:" + "tmp|work|root|home|farm|Users" + r")/")
REGISTRIES = ["pypi" + ".org", "python" + "hosted.org", "registry." + "npmjs", "npmmirror" + ".com"]
ADDRESS = re.compile(
    "|".join(map(re.escape, REGISTRIES)) + "|" + '"' + 'resolved":|(?<!-)--' + "(?:index-url|find-"
    "links)"
)
GENERATED = re.compile(r"generated from \S.* by \S+", re.IGNORECASE)
GENERATED_HEADER_LINES = 6
TEXT_SUFFIXES_SKIPPED = {".png", ".jpg", ".ico", ".gz", ".bin", ".woff2", ".pdf", ".der"}


def tracked_files() -> list[str]:
    """Return the paths git tracks that exist, relative to the root."""
    command = ["git", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return sorted(name for name in listed.split("\0") if name and (ROOT / name).is_file())


@cache
def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@cache
def tree_of(name: str) -> ast.Module:
    return ast.parse(text_of(name))


def is_generated(text: str) -> bool:
    """Generated files are exempt from sizes; their header says from what and by what."""
    return bool(GENERATED.search(" ".join(text.splitlines()[:GENERATED_HEADER_LINES])))


def lines_max(name: str) -> int | None:
    return next((limit for prefix, limit in LINES_MAX if name.startswith(prefix)), None)


def long_functions(tree: ast.Module) -> list[str]:
    return [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES_MAX
    ]


def fractions(tree: ast.Module) -> list[int]:
    """Return the lines on which a number could stop being whole."""
    found = []
    for node in ast.walk(tree):
        is_float = isinstance(node, ast.Constant) and isinstance(node.value, float | complex)
        divides = isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div)
        names = isinstance(node, ast.Name) and node.id in {"float", "round", "complex"}
        if is_float or divides or names:
            found.append(node.lineno)
    return sorted(found)


FILES = tracked_files()
PYTHON = [name for name in FILES if name.endswith(".py")]
WRITTEN = [
    name
    for name in FILES
    if name.endswith((".py", ".sol")) and "node_modules" not in name
    if not is_generated(text_of(name))
]


@pytest.mark.parametrize("name", WRITTEN)
def test_a_file_fits_in_the_head(name):
    lines = text_of(name).splitlines()
    limit = lines_max(name)
    assert limit is None or len(lines) <= limit, f"{len(lines)} lines, at most {limit}"
    wide = [
        number
        for number, line in enumerate(lines, 1)
        if len(line) > COLUMNS_MAX and len(line.split()) > 1  # a long number cannot be broken
    ]
    assert not wide, f"lines wider than {COLUMNS_MAX} columns: {wide}"


@pytest.mark.parametrize("name", [name for name in WRITTEN if name.endswith(".py")])
def test_a_function_fits_on_a_screen(name):
    assert not long_functions(tree_of(name)), f"more than {FUNCTION_LINES_MAX} lines"


def test_most_handlers_are_about_forty_lines():
    handlers = [
        len(text_of(name).splitlines())
        for name in WRITTEN
        if re.match(r"src/ohmstead/apps/stations/v\d+/(?!_)", name)
    ]
    assert not handlers or statistics.median(handlers) <= HANDLER_LINES_MEDIAN_MAX


@pytest.mark.parametrize("name", [name for name in PYTHON if name.startswith(WHOLE_NUMBERS_ONLY)])
def test_money_and_energy_are_whole_numbers(name):
    assert not fractions(tree_of(name)), "float, round or / on these lines"


@pytest.mark.parametrize("name", [name for name in WRITTEN if name.startswith("src/")])
def test_no_cancellation_is_lost(name):
    # Until Python 3.12 wait_for forgets that it was cancelled when what it waited for has just
    # come (bpo-37658): a task that loops over it then never ends. asyncio.timeout does not.
    assert "asyncio.wait_for(" not in text_of(name)


@pytest.mark.parametrize("name", PYTHON)
def test_a_module_says_what_it_is_for(name):
    assert ast.get_docstring(tree_of(name))


def test_no_file_knows_this_machine_or_an_address_of_a_registry():
    found = []
    for name in FILES:
        if Path(name).suffix in TEXT_SUFFIXES_SKIPPED:
            continue
        for number, line in enumerate(text_of(name).splitlines(), 1):
            if MACHINE_PATH.search(line) or ADDRESS.search(line):
                found.append(f"{name}:{number}: {line.strip()[:100]}")
    assert not found, "\n".join(found)


def test_the_measures_measure():
    long_one = "def f():\n" + "    pass\n" * FUNCTION_LINES_MAX
    assert long_functions(ast.parse(long_one)) == ["f"]
    assert not long_functions(ast.parse(long_one.removesuffix("    pass\n")))
    assert fractions(ast.parse("a = 1\nb = a / 2\nc = round(a)\nd = 0.5\na /= 2")) == [2, 3, 4, 5]
    assert not fractions(ast.parse("b = a // 2"))
    assert is_generated('"""Generated from x.json by tools/gen.py."""')
    assert not is_generated('"""Generates keys."""')
    assert MACHINE_PATH.search('open("' + "/tmp" + '/x")')
    assert not MACHINE_PATH.search("/api/" + "work/x")
    assert ADDRESS.search("https://" + REGISTRIES[0] + "/simple")
    assert ADDRESS.search("pip --" + "index-url x")
    assert not ADDRESS.search("--no-emit-" + "index-url")
    assert lines_max("src/ohmstead/core/ledger.py") == 250
    assert {"src/ohmstead/units.py", "tests/test_tidy.py"} <= set(WRITTEN)

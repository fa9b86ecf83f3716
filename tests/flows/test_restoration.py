"""A restore raises every counter there is, and none that only counts."""

from __future__ import annotations

import ast
import asyncio
import importlib
from pathlib import Path

import pytest

from ohmstead.adapters.clock import ManualClock
from ohmstead.adapters.store.memory import MemoryStore
from ohmstead.adapters.store.schema import TABLES
from ohmstead.core.network import Counter
from ohmstead.core.restoration import (
    AS_THEY_WERE,
    COUNTER_STEP,
    GIVEN_OUT,
    Restoration,
    raised,
)
from ohmstead.flows.operations.freezing import freeze
from ohmstead.ports import Decision

SOURCE = Path(__file__).parents[2] / "src"


def counter_names():
    """The name, or the prefix up to its slash, of every Counter that the code makes or reads."""
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "Counter" not in text or "core.network import" not in text:
            continue
        name = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        module = importlib.import_module(name.removesuffix(".__init__"))
        if getattr(module, "Counter", None) is not Counter:
            continue
        for function in ast.walk(ast.parse(text)):
            if isinstance(function, ast.FunctionDef):
                for node in made_in(function):
                    found[named(node, module, function)] = f"{path.name}:{node.lineno}"
    return found


def made_in(function):
    """The first argument of each Counter(...)."""
    calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
    return [call.args[0] for call in calls if getattr(call.func, "id", "") == "Counter"]


def named(node, module, function):
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name) and isinstance(getattr(module, node.id, None), str):
        return getattr(module, node.id)
    if isinstance(node, ast.Name):
        assigned = [one for one in ast.walk(function) if isinstance(one, ast.Assign)]
        (node,) = [one.value for one in assigned if getattr(one.targets[0], "id", "") == node.id]
    assert isinstance(node, ast.JoinedStr), ast.dump(node)
    first = node.values[0]
    assert isinstance(first, ast.Constant) and first.value.endswith("/"), ast.dump(node)
    return first.value


def test_every_counter_of_the_code_is_known_to_the_restore_with_a_reason():
    found = counter_names()
    known = GIVEN_OUT.keys() | AS_THEY_WERE.keys()
    unknown = {name: place for name, place in found.items() if name not in known}
    assert not unknown, f"say in core/restoration.py whether these are raised: {unknown}"
    assert known - found.keys() == set(), "these counters are gone"
    assert not GIVEN_OUT.keys() & AS_THEY_WERE.keys()


def restored(*counters):
    store = MemoryStore(TABLES, ManualClock(1_790_000_000_000))

    async def scenario():
        await store.run(lambda _state, puts, _now: Decision(None, puts), counters)
        await store.run(freeze, Restoration(2, 1, "aa"))
        again = await store.run(freeze, Restoration(2, 1, "aa"))
        assert again.restored_ms == 2
        return {counter.name: counter.value for counter in store.find(Counter, 100_000)}

    return asyncio.run(scenario())


@pytest.mark.parametrize("name", GIVEN_OUT)
def test_a_counter_that_gives_numbers_out_is_raised_once(name):
    name += "CP1" if name.endswith("/") else ""
    assert restored(Counter(name, 7)) == {name: 7 + COUNTER_STEP}


@pytest.mark.parametrize("name", AS_THEY_WERE)
def test_a_counter_that_gives_nothing_out_is_left(name):
    name += "CP1" if name.endswith("/") else ""
    assert restored(Counter(name, 7)) == {name: 7}


def test_a_counter_that_nobody_thought_of_is_raised():
    assert raised(Counter("invoice", 3)).value == 3 + COUNTER_STEP


def test_a_fleets_own_counters_leave_none_behind():
    many = [Counter(f"certificate/S{number:05}", 1) for number in range(11_000)]
    found = restored(*many, Counter("transaction", 5))
    assert found.pop("transaction") == 5 + COUNTER_STEP
    assert set(found.values()) == {1 + COUNTER_STEP}

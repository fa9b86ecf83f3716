"""What every test may use: the shared folder, and how hard Hypothesis tries."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvloop
from hypothesis import HealthCheck, settings

from ohmstead.adapters.chain.evm.anvil import Anvil, find_anvil
from ohmstead.errors import OperatorError

ROOT = Path(__file__).resolve().parent.parent

# No deadline: a test never fails because the machine is busy.
_QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("default", max_examples=60, deadline=None, suppress_health_check=_QUIET)
settings.register_profile("deep", max_examples=5_000, deadline=None, suppress_health_check=_QUIET)
DEEP = os.environ.get("OHMSTEAD_DEEP") == "1"
settings.load_profile("deep" if DEEP else "default")


def find_shared() -> Path | None:
    """Return the folder of real data and vectors: $OHMSTEAD_SHARED, else beside the clone."""
    folder = Path(os.environ.get("OHMSTEAD_SHARED") or ROOT.parent / "shared")
    return folder if (folder / "data").is_dir() else None


@pytest.fixture(scope="session")
def shared() -> Path:
    """The shared folder; the test is skipped only where there is none."""
    folder = find_shared()
    if folder is None:
        pytest.skip("no shared folder: set OHMSTEAD_SHARED, or put it beside the clone")
    return folder


@pytest.fixture(scope="session")
def anvil_binary() -> Path:
    """The embedded chain itself, which `npm ci` in contracts/ brings; skipped without it."""
    try:
        return find_anvil()
    except OperatorError as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def anvil(anvil_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Anvil]:
    """One real chain for a module of tests; it dumps only when asked."""
    folder = tmp_path_factory.mktemp("chain")
    with Anvil(anvil_binary, folder, dump_every_s=3600, idle_dump_every_s=3600) as chain:
        yield chain


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run an ``async def`` test to its end, on the loop the product uses."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    uvloop.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep what is marked deep out of the everyday run."""
    if DEEP:
        return
    for item in items:
        if item.get_closest_marker("deep"):
            item.add_marker(pytest.mark.skip(reason="deep: make deep runs it"))


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Say last of all, below pytest's own closing line, whether the shared folder was there."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and not hasattr(config, "workerinput"):
        reporter.write_line(f"shared: {'found' if find_shared() else 'absent'}")

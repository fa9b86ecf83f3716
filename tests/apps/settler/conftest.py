"""One real anvil for the settler's tests; without one they are skipped, saying why."""

from __future__ import annotations

import pytest

from ohmstead.adapters.chain.evm.anvil import Anvil, find_anvil
from ohmstead.errors import OperatorError


@pytest.fixture(scope="session")
def anvil_binary():
    try:
        return find_anvil()
    except OperatorError as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def anvil(anvil_binary, tmp_path_factory):
    folder = tmp_path_factory.mktemp("chain")
    with Anvil(anvil_binary, folder, dump_every_s=3600, idle_dump_every_s=3600) as chain:
        yield chain

"""A real anvil for the tests of this folder; without one they are skipped, saying why."""

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
    with Anvil(anvil_binary, tmp_path_factory.mktemp("chain"), dump_every_s=1.0) as chain:
        yield chain

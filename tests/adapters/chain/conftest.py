"""A real anvil for the tests of this folder, which dumps every second."""

from __future__ import annotations

import pytest

from ohmstead.adapters.chain.evm.anvil import Anvil


@pytest.fixture(scope="module")
def anvil(anvil_binary, tmp_path_factory):
    with Anvil(anvil_binary, tmp_path_factory.mktemp("chain"), dump_every_s=1.0) as chain:
        yield chain

"""The certification cases of the station's side, each played over a real socket."""

from __future__ import annotations

import pytest

from tests.apps.stations.field import V16, V201
from tests.stories import octt_16, octt_201
from tests.stories.octt import play


@pytest.mark.parametrize("case", octt_16.CASES)
async def test_octt_16(case, tmp_path):
    await play(octt_16.CASES[case], V16, tmp_path)


@pytest.mark.parametrize("case", octt_201.CASES)
async def test_octt_201(case, tmp_path):
    await play(octt_201.CASES[case], V201, tmp_path)

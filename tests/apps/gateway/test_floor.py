"""What the tests themselves stand on: waiting ends, and says what did not come about."""

from __future__ import annotations

import pytest

from tests.apps.gateway import floor


async def test_waiting_for_what_never_comes_about_names_it(monkeypatch):
    monkeypatch.setattr(floor, "UNTIL_S", 0)
    arrived = []
    with pytest.raises(AssertionError, match=r"not within 0 s: .*lambda: len\(arrived\) == 2"):
        await floor.until(lambda: len(arrived) == 2)


async def test_waiting_for_what_is_so_does_not_wait(monkeypatch):
    monkeypatch.setattr(floor, "UNTIL_S", 0)
    await floor.until(lambda: True)

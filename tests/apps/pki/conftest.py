"""Fixtures of the PKI's tests."""

from __future__ import annotations

import pytest

from ohmstead.adapters.pki import pool
from tests.apps.pki.pool import Server
from tests.flows.world import NOON


@pytest.fixture
def server():
    """A pool and its responder."""
    with Server(NOON) as made:
        yield made


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    """A pool that failed is asked again at once: what is tested is that, not the pause."""
    monkeypatch.setattr(pool, "PAUSE_S", 0.005)

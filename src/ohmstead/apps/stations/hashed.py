"""Passwords of which another CSMS left only a bcrypt hash: learnt when the station says them.

A hash takes a tenth of a second to check, by design, so it is checked in a thread while the station
is told to try again; every station does, within its retry interval. From then on it has a MAC like
all others.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import bcrypt
import structlog

from ohmstead.apps.stations.passwords import normal
from ohmstead.apps.stations.services import Registry
from ohmstead.core.network import Station
from ohmstead.errors import OhmsteadError
from ohmstead.flows.passwords import NextPassword, learn_password
from ohmstead.ports import Store

WAITING_MAX = 64  # stations; the others are asked again when they try again
PASSWORD_BYTES_MAX = 72  # of bcrypt

_log = structlog.get_logger()


class Hashed:
    """Checks one password after the other, beside the event loop."""

    def __init__(self, store: Store, registry: Registry) -> None:
        self._store = store
        self._registry = registry
        self._waiting: dict[str, asyncio.Task[None]] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="bcrypt")

    def ask(self, station: Station, password: bytes) -> None:
        """A station said a password: have it checked, unless one of its is being checked."""
        if station.id not in self._waiting and len(self._waiting) < WAITING_MAX:
            self._waiting[station.id] = asyncio.create_task(self._check(station, password))

    async def _check(self, station: Station, password: bytes) -> None:
        try:
            loop = asyncio.get_running_loop()
            text = await loop.run_in_executor(self._thread, matching, station.secret_hash, password)
            if text is not None:
                mac = self._registry.mac(station.id, normal(text))
                await self._store.run(learn_password, NextPassword(station.id, mac))
                self._registry.forget(station.id)
        except OhmsteadError as error:
            _log.warning("a password is not learnt", station=station.id, reason=str(error))
        finally:
            del self._waiting[station.id]

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def matching(hashed: str, password: bytes) -> str | None:
    """The spelling of a password that has this hash: itself, or its hexadecimal digits."""
    digits = password.hex()
    for said in (password, digits.encode(), digits.upper().encode()):
        try:
            if len(said) <= PASSWORD_BYTES_MAX and bcrypt.checkpw(said, hashed.encode()):
                return said.decode("latin-1")
        except ValueError:  # no hash at all, or bytes that bcrypt refuses
            continue
    return None

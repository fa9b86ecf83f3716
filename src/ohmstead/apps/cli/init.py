"""``ohmstead init``: a folder becomes a network."""

from __future__ import annotations

from pathlib import Path

from ohmstead.apps import config as configuration
from ohmstead.apps.api.keys import fresh_key
from ohmstead.apps.boot import House
from ohmstead.apps.cli.client import ADMIN_KEY
from ohmstead.apps.profiles import profile_text
from ohmstead.apps.trust import write_whole
from ohmstead.core.access import Scope
from ohmstead.errors import OperatorError
from ohmstead.flows.access import add_key

PRIVATE = 0o600
PRIVATE_FOLDER = 0o700


async def begin(directory: Path, profile: str) -> str:
    """Make a network in a folder that has none, and return its admin key.

    network.toml is written last, so an init that died before it can simply be repeated.
    """
    path = directory / configuration.FILE_NAME
    if path.exists():
        raise OperatorError(
            f"{path.absolute()} exists: this folder is a network already; name another with --dir"
        )
    raw = profile_text(profile)
    config = configuration.parse(raw, f"profile {profile}")
    try:
        directory.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        (directory / "keys").mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        house = await House.open(directory, config=config)
        try:
            now_ms = house.clock.now_ms()
            record, text = fresh_key(house.pepper, (Scope.ADMIN,), "made by init", now_ms)
            await house.store.run(add_key, record)
        finally:
            await house.stop()
        write_whole(directory / "keys" / ADMIN_KEY, text.encode() + b"\n", PRIVATE)
        write_whole(path, raw)
    except OSError as error:
        raise OperatorError(f"cannot write to {directory}: {error.strerror or error}") from None
    return text

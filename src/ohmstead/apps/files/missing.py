"""Which files a restored house knows of and does not have: a backup holds records, not files."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ohmstead.adapters.clock import SystemClock
from ohmstead.adapters.store.schema import TABLES
from ohmstead.adapters.store.sqlite import SqliteStore
from ohmstead.apps.files.folders import FIRMWARE, UPLOADS, upload_name
from ohmstead.apps.operations.archive import DATABASE
from ohmstead.apps.settler.journal import SETTLER_TABLES
from ohmstead.core.files import Firmware, Upload
from ohmstead.frozen import Frozen

PAGE = 1_000


class Missing(Frozen):
    """Firmware on the shelf whose bytes are not here, and how many logs of stations are not."""

    firmware: tuple[Firmware, ...]
    logs: int


def missing_files(directory: Path) -> Missing:
    """Look through the records of a house that does not run; raises StoreUnavailable."""
    return asyncio.run(_look(directory))


async def _look(directory: Path) -> Missing:
    store = SqliteStore.open(directory / DATABASE, (*TABLES, *SETTLER_TABLES), SystemClock())
    try:
        shelf = store.find(Firmware, PAGE)
        gone = tuple(
            one
            for one in shelf
            if not one.removed_ms and not (directory / FIRMWARE / one.sha256).is_file()
        )
        logs, after = 0, ""
        while page := store.find(Upload, PAGE, after):
            for one in page:
                has_file = bool(one.sha256) and not one.removed_ms
                path = directory / UPLOADS / upload_name(one.number)
                logs += has_file and not path.is_file()
            after = page[-1].key
        return Missing(gone, logs)
    finally:
        await store.close()

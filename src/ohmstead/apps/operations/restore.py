"""``ohmstead restore``: a backup becomes a folder that is frozen until a person resumes it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import sqlite3
from pathlib import Path

from ohmstead.adapters.clock import SystemClock
from ohmstead.adapters.store.schema import TABLES
from ohmstead.adapters.store.sql import LAYOUT_VERSION
from ohmstead.adapters.store.sqlite import SqliteStore
from ohmstead.apps import config as configuration
from ohmstead.apps.operations import archive
from ohmstead.apps.operations.archive import DATABASE, PRIVATE, Manifest
from ohmstead.apps.operations.backup import PEPPER, fingerprint
from ohmstead.apps.settler.journal import SETTLER_TABLES
from ohmstead.core.restoration import Restoration
from ohmstead.errors import OhmsteadError, OperatorError
from ohmstead.flows.operations.freezing import freeze


def restore(file: Path, directory: Path, keys: Path | None = None) -> Manifest:
    """Restore ``file`` into an empty or new folder; raises OperatorError and leaves it empty.

    ``keys`` is the keys folder that was kept apart, for a backup made without keys.
    """
    directory = directory.absolute()
    existed = directory.is_dir()
    if directory.exists() and (not existed or any(directory.iterdir())):
        raise OperatorError(f"{directory} is not empty: restore into a folder of its own")
    work = directory / f".restoring-{secrets.token_hex(4)}"
    try:
        work.mkdir(mode=0o700, parents=True)
        manifest, digest = archive.unpack(file, work)
        _check(file, manifest)
        _take_keys(file, manifest, work, keys)
        _check_database(file, work / DATABASE)
        asyncio.run(_freeze(work / DATABASE, manifest, digest))
        _move_in(work, directory)
    except OSError as error:
        _clear(work, directory, existed)
        raise OperatorError(f"cannot write to {directory}: {error.strerror or error}") from None
    except BaseException:
        _clear(work, directory, existed)
        raise
    return manifest


def _check(file: Path, manifest: Manifest) -> None:
    names = {part.name for part in manifest.parts}
    for needed in (DATABASE, configuration.FILE_NAME):
        if needed not in names:
            raise OperatorError(f"{file} is damaged: {needed} is missing")
    if manifest.layout > LAYOUT_VERSION:
        raise OperatorError(
            f"{file} was made by ohmstead {manifest.ohmstead} with layout {manifest.layout}, and "
            f"this version knows {LAYOUT_VERSION}: restore it with that version or a newer one"
        )


def _take_keys(file: Path, manifest: Manifest, work: Path, keys: Path | None) -> None:
    """Without its keys a house would know neither its stations nor its people."""
    if keys is None and not manifest.has_keys:
        raise OperatorError(
            f"{file} was made without keys: name the keys folder that was kept apart, with --keys"
        )
    if keys is not None and manifest.has_keys:
        raise OperatorError(f"{file} holds its keys already: leave --keys out")
    if keys is not None:
        (work / "keys").mkdir(mode=0o700)
        for key in keys.iterdir():
            if key.is_file():
                shutil.copyfile(key, work / "keys" / key.name)
                (work / "keys" / key.name).chmod(PRIVATE)
    try:
        found = fingerprint(work / PEPPER)
    except OSError:
        raise OperatorError(
            f"the keys for {file} hold no {PEPPER.name}: they are not whole"
        ) from None
    if found != manifest.pepper:
        raise OperatorError(f"the keys in {keys or file} are those of another network")


def _check_database(file: Path, path: Path) -> None:
    try:
        db = sqlite3.connect(path)
        try:
            said = db.execute("PRAGMA quick_check(1)").fetchone()[0]
        finally:
            db.close()
    except sqlite3.Error as error:
        said = str(error)
    if said != "ok":
        raise OperatorError(f"{file} is damaged: {DATABASE} says {said}")


async def _freeze(path: Path, manifest: Manifest, digest: str) -> None:
    clock = SystemClock()
    try:
        store = SqliteStore.open(path, (*TABLES, *SETTLER_TABLES), clock)
    except OhmsteadError as error:
        raise OperatorError(str(error)) from None
    try:
        await store.run(freeze, Restoration(clock.now_ms(), manifest.made_ms, digest))
    finally:
        await store.close()
    Path(f"{path}.lock").unlink(missing_ok=True)


def _move_in(work: Path, directory: Path) -> None:
    """network.toml comes last: without it the folder is no network, so a part is never run."""
    last = configuration.FILE_NAME
    for entry in sorted(work.iterdir(), key=lambda one: one.name == last):
        os.rename(entry, directory / entry.name)
    work.rmdir()
    folder = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _clear(work: Path, directory: Path, existed: bool) -> None:
    """Leave what was found: an empty folder, or none."""
    shutil.rmtree(work, ignore_errors=True)
    if not existed:
        with contextlib.suppress(OSError):
            directory.rmdir()

"""Files on disk: written to a temporary file, bounded, digested, synced and renamed.

Nothing here holds a file in memory, and no name of a station's or a person's becomes a path.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import shutil
from pathlib import Path
from typing import BinaryIO

from ohmstead.errors import OhmsteadError

FIRMWARE, UPLOADS = "firmware", "uploads"
DISK_FREE_MIN = 256 << 20  # bytes left for the database that shares the disk
LOOK_EVERY = 16 << 20  # bytes between two looks at the disk
PART = ".part"
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class TooLarge(OhmsteadError):
    """More bytes than this file may have."""


class DiskFull(OhmsteadError):
    """There is no room for it; what was written of it is gone."""


class Incoming:
    """One file on its way in. Exactly one of :meth:`keep` and :meth:`drop` ends it.

    Args:
        folder: where it will stand; made when it is not there.
        bytes_max: what it may have at most.
    """

    def __init__(self, folder: Path, bytes_max: int) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self._bytes_max = bytes_max
        self._folder = folder
        self._path = folder / f"{secrets.token_hex(8)}{PART}"
        self._check_room()
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file: BinaryIO | None = os.fdopen(handle, "wb", buffering=0)
        self._digest = hashlib.sha256()
        self._next_look = LOOK_EVERY
        self.bytes = 0

    @property
    def sha256(self) -> str:
        """Of what came so far, in hex."""
        return self._digest.hexdigest()

    def write(self, data: bytes | memoryview) -> None:
        """Append; raises TooLarge or DiskFull, after which the file is gone."""
        assert self._file is not None
        self.bytes += len(data)
        if self.bytes > self._bytes_max:
            self.drop()
            raise TooLarge(f"at most {self._bytes_max} bytes are taken")
        if self.bytes >= self._next_look:
            self._next_look = self.bytes + LOOK_EVERY
            self._check_room()
        self._digest.update(data)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            self._fail(error)

    def keep(self, name: str) -> Path:
        """Make it durable under ``name``, in place of what was there; raises DiskFull."""
        assert self._file is not None
        to = self._folder / name
        try:
            os.fsync(self._file.fileno())
            self._file.close()
            self._file = None
            os.replace(self._path, to)
            sync_folder(self._folder)
        except OSError as error:
            self._fail(error)
        return to

    def drop(self) -> None:
        """Leave nothing of it; harmless when it was kept or dropped already."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _check_room(self) -> None:
        if free_bytes(self._folder) < DISK_FREE_MIN:
            self._path.unlink(missing_ok=True)
            raise DiskFull(f"less than {DISK_FREE_MIN >> 20} MiB are free on this disk")

    def _fail(self, error: OSError) -> None:
        self.drop()
        if error.errno in NO_ROOM:
            raise DiskFull(error.strerror or "there is no room") from None
        raise error


def free_bytes(folder: Path) -> int:
    """What is free on the disk of a folder."""
    return shutil.disk_usage(folder).free


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sweep_parts(directory: Path) -> None:
    """Remove what was on its way in when the house ended."""
    for name in (FIRMWARE, UPLOADS):
        for part in (directory / name).glob(f"*{PART}"):
            part.unlink(missing_ok=True)


def upload_name(number: int) -> str:
    """The file of an upload."""
    return f"{number:010d}"

"""Files with people's names and secrets in them are for their owner only."""

from __future__ import annotations

import contextlib
import logging
import os
import stat
from pathlib import Path

FILE_MODE = 0o600
OTHERS = 0o077

log = logging.getLogger("ohmstead.private")


def keep_private(*paths: Path) -> None:
    """Take every right of others from what is there of these; what cannot be is warned of."""
    for path in paths:
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
            if mode & OTHERS:
                path.chmod(mode & ~OTHERS)
                log.warning("%s was mode %o: others have no right to it now", path, mode)
        except FileNotFoundError:
            continue
        except OSError as error:
            log.warning("%s can be read by others, and cannot be kept: %s", path, error.strerror)


def make_private(path: Path) -> None:
    """Make an empty file that only its owner can read, where there is none; raises OSError."""
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE))

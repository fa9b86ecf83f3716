"""``ohmstead backup``: one file from which the house can begin again; the house may be running.

The embedded chain's dump is chosen from before the copy of the database: a chain that lost its
newest blocks is what the settler recovers from anyway, by sending again what its outbox holds. One
that knows more than the database could hold epochs that the database has never heard of.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import tempfile
import time
from pathlib import Path

import msgspec

import ohmstead
from ohmstead.adapters.chain.evm import dumps
from ohmstead.adapters.store.sql import APPLICATION_ID, LAYOUT_VERSION, connect_reader
from ohmstead.apps import config as configuration
from ohmstead.apps.operations import archive
from ohmstead.apps.operations.archive import DATABASE, Manifest
from ohmstead.apps.settler.opening import DEPLOYMENT_FILE
from ohmstead.apps.stations.authority import CERTIFICATE_FILE
from ohmstead.core.onchain import ChainCursor
from ohmstead.core.receipt_session import utc_text
from ohmstead.errors import OperatorError
from ohmstead.frozen import Frozen

BUSY_MS = 5_000
TRIES = 5  # that the chain's dump and the database's copy may miss each other
PEPPER = Path("keys") / "pepper"


class Backup(Frozen):
    """What was written."""

    file: Path
    manifest: Manifest
    bytes: int


def back_up(directory: Path, to: Path, *, with_keys: bool = False) -> Backup:
    """Write a backup of the house in ``directory``, running or not, to the file ``to``.

    Raises ConfigError for a folder that is no network, and OperatorError saying what failed.
    """
    config = configuration.load(directory / configuration.FILE_NAME)
    try:
        with tempfile.TemporaryDirectory(prefix=f".{to.name}.", dir=to.parent) as work:
            files = _gather(directory, Path(work))
            if with_keys:
                for key in sorted((directory / "keys").iterdir()):
                    if key.is_file():
                        files[f"keys/{key.name}"] = key
            made_ms = time.time_ns() // 1_000_000
            manifest = Manifest(
                archive.FORMAT,
                utc_text(made_ms),
                made_ms,
                ohmstead.__version__,
                LAYOUT_VERSION,
                config.network.name,
                fingerprint(directory / PEPPER),
                tuple(archive.measure(name, path) for name, path in files.items()),
            )
            archive.pack(to, manifest, files)
    except (sqlite3.Error, OSError) as error:
        raise OperatorError(f"no backup of {directory} to {to}: {error}") from None
    return Backup(to, manifest, to.stat().st_size)


def fingerprint(pepper: Path) -> str:
    """Tells these keys from other keys, and gives nothing of 256 random bits away."""
    return hashlib.sha256(b"ohmstead backup\0" + pepper.read_bytes().strip()).hexdigest()


def _gather(directory: Path, work: Path) -> dict[str, Path]:
    files = {
        DATABASE: work / DATABASE,
        configuration.FILE_NAME: directory / configuration.FILE_NAME,
    }
    beside = [directory / name for name in (DEPLOYMENT_FILE, CERTIFICATE_FILE)]
    has_chain = (directory / "chain").is_dir()
    for _ in range(TRIES):
        dump = _newest_dump(directory / "chain", work) if has_chain else None
        (work / DATABASE).unlink(missing_ok=True)
        booked = copy_database(directory / DATABASE, work / DATABASE)
        if dump is None and booked >= 0 and has_chain:
            raise OperatorError(f"{directory / 'chain'} holds no dump of the chain; is it intact?")
        if dump is None or dump[1] >= booked:
            if dump is not None:
                files[f"chain/{dump[0].name}"] = dump[0]
            return files | {path.name: path for path in beside if path.exists()}
    raise OperatorError("the chain went on faster than it could be copied; try again")


def _newest_dump(folder: Path, work: Path) -> tuple[Path, int] | None:
    """A copy of the newest whole dump and the block it ends with; None where there is none."""
    for generation in dumps.generations(folder):
        copy = work / generation.path.name
        try:
            shutil.copyfile(generation.path, copy)
            dumps.inspect(copy.read_bytes())
        except (FileNotFoundError, dumps.DumpBroken):
            continue  # it was dropped for a newer one meanwhile, or never got whole
        return copy, generation.number
    return None


def copy_database(source: Path, to: Path) -> int:
    """Copy a database that may be in use; returns the last block it has booked, or -1.

    The copy is one moment, and reading it never writes to the original.
    """
    if not source.exists():
        raise OperatorError(f"{source} does not exist: {source.parent} is no network")
    db = connect_reader(source, BUSY_MS)
    try:
        if db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            raise OperatorError(f"{source} is a database of another program")
        db.execute("VACUUM INTO ?", (str(to),))
    finally:
        db.close()
    to.chmod(archive.PRIVATE)
    copy = sqlite3.connect(to)
    try:
        rows = copy.execute("SELECT body FROM chain_cursors").fetchall()
    finally:
        copy.close()
    return max(
        (msgspec.json.decode(body, type=ChainCursor).block_number for (body,) in rows), default=-1
    )

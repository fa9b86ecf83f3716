"""The file of a backup: a plain tar whose first member says what the others have to be.

manifest.json    this format, when it was made, the database's layout, and of every part its
                 length and SHA-256
ohmstead.db      a consistent, compact copy of the database
network.toml     what this network is
deployment.json  where the contracts are, if there are any
ca.pem           the certificate of our own authority, if there is one
chain/gen-*      a durable dump of the embedded chain, not newer than the database
keys/*           only when asked for
"""

from __future__ import annotations

import hashlib
import os
import re
import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import IO, Annotated

import msgspec

from ohmstead.errors import OperatorError

FORMAT = "ohmstead-backup/1"
MANIFEST = "manifest.json"
DATABASE = "ohmstead.db"
PRIVATE = 0o600
PARTS_MAX = 1_000
MANIFEST_BYTES_MAX = 1 << 20
BLOCK = 1 << 20
NAME = re.compile(
    r"ohmstead\.db|network\.toml|deployment\.json|ca\.pem|keys/[A-Za-z0-9_.-]{1,80}"
    r"|chain/gen-\d{8}-\d+-0x[0-9a-f]{64}\.json\.gz"
)


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of the backup."""

    name: str
    bytes: Annotated[int, msgspec.Meta(ge=0)]
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a backup says of itself; ``pepper`` tells the keys that belong to it from others."""

    format: str
    made: str  # RFC 3339
    made_ms: int
    ohmstead: str
    layout: int
    network: str
    pepper: str
    parts: tuple[Part, ...]

    @property
    def has_keys(self) -> bool:
        return any(part.name.startswith("keys/") for part in self.parts)


def measure(name: str, path: Path) -> Part:
    """Length and digest of a file."""
    digest, length = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
            length += len(block)
    return Part(name, length, digest.hexdigest())


def pack(to: Path, manifest: Manifest, files: dict[str, Path]) -> None:
    """Write the archive whole or not at all, readable by its owner only; raises OSError."""
    temporary = to.with_name(to.name + ".part")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE)
    try:
        with os.fdopen(handle, "wb") as out:
            os.fchmod(out.fileno(), PRIVATE)
            with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
                raw = msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
                tar.addfile(_member(MANIFEST, len(raw), manifest), BytesIO(raw))
                for part in manifest.parts:
                    with files[part.name].open("rb") as file:
                        tar.addfile(_member(part.name, part.bytes, manifest), file)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(to)
        folder = os.open(to.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _member(name: str, length: int, manifest: Manifest) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = length, PRIVATE, manifest.made_ms // 1_000
    return member


def unpack(archive: Path, folder: Path) -> tuple[Manifest, str]:
    """Write every part into ``folder``; returns the manifest and its SHA-256.

    Raises OperatorError that names the part which is damaged, missing or not ours to write. No
    name but those above is ever written, whatever the archive says.
    """
    try:
        with archive.open("rb") as file, tarfile.open(fileobj=file, mode="r:") as tar:
            members = _members(archive, tar)
            manifest, digest = _manifest(archive, tar, members)
            wanted = {part.name: part for part in manifest.parts}
            for member in members:
                part = wanted.pop(member.name, None)
                if part is None:
                    raise OperatorError(f"{archive}: {member.name!r} is not in its manifest")
                stream = tar.extractfile(member)
                assert stream is not None  # only regular files are let through
                _write(archive, part, stream, folder / part.name)
    except tarfile.TarError as error:
        raise OperatorError(f"{archive} is no backup, or is damaged: {error}") from None
    except OSError as error:
        reason = error.strerror or error
        raise OperatorError(f"{archive} cannot be restored: {reason}") from None
    if wanted:
        raise OperatorError(f"{archive} is damaged: {min(wanted)} is missing")
    return manifest, digest


def _members(archive: Path, tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    for count, member in enumerate(tar):
        if count > PARTS_MAX or not member.isreg():
            raise OperatorError(f"{archive}: {member.name[:80]!r} is no part of a backup")
        yield member


def _manifest(
    archive: Path, tar: tarfile.TarFile, members: Iterator[tarfile.TarInfo]
) -> tuple[Manifest, str]:
    first = next(members, None)
    if first is None or first.name != MANIFEST or first.size > MANIFEST_BYTES_MAX:
        raise OperatorError(f"{archive} is no backup: it does not begin with a manifest")
    stream = tar.extractfile(first)
    assert stream is not None
    raw = stream.read()
    try:
        manifest = msgspec.json.decode(raw, type=Manifest)
    except (ValueError, RecursionError) as error:
        raise OperatorError(f"{archive}: {MANIFEST} is damaged: {error}") from None
    if manifest.format != FORMAT:
        raise OperatorError(
            f"{archive}: its format is {manifest.format!r}, and this version reads {FORMAT}"
        )
    for part in manifest.parts:
        if not NAME.fullmatch(part.name):
            raise OperatorError(f"{archive}: {part.name[:80]!r} is no part of a backup")
    return manifest, hashlib.sha256(raw).hexdigest()


def _write(archive: Path, part: Part, stream: IO[bytes], to: Path) -> None:
    to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest, length = hashlib.sha256(), 0
    with os.fdopen(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "wb") as out:
        while block := stream.read(BLOCK):
            digest.update(block)
            length += len(block)
            out.write(block)
        out.flush()
        os.fsync(out.fileno())
    if (length, digest.hexdigest()) != (part.bytes, part.sha256):
        raise OperatorError(f"{archive} is damaged: {part.name} is not what its manifest says")

"""Firmware on the shelf: the bytes come as a stream, the words are checked first."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol as Shape

from cryptography import x509

from ohmstead.apps.files.desk import Files
from ohmstead.apps.files.folders import FIRMWARE, Incoming
from ohmstead.core.files import Firmware
from ohmstead.errors import OhmsteadError, OperatorError
from ohmstead.flows.firmware_shelf import shelve, unshelve
from ohmstead.frozen import Frozen
from ohmstead.ports import Clock, Store

IMAGE_BYTES_MAX = 4 << 30
BLOCK = 1 << 20
ID_DIGITS = 12
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")  # it is a part of a URL
_UNTYPED = re.compile(r"[^A-Za-z0-9._+-]+")  # what a person would have to put in quotes
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+-]{0,63}")
SIGNATURE_MAX = 800  # base64 characters, as both versions bound it
CERTIFICATE_MAX = 5_500


class NotStored(OhmsteadError):
    """What came is not what was announced, or is nothing."""


class House(Shape):
    """What is needed of a house."""

    @property
    def directory(self) -> Path: ...
    @property
    def store(self) -> Store: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def files(self) -> Files: ...


class Words(Frozen):
    """What a person says of an image. ``signature`` is base64, ``signing_certificate`` PEM."""

    version: str
    vendor: str = ""
    model: str = ""
    name: str = ""  # else the file's, with the version
    file_name: str = ""
    signature: str = ""
    signing_certificate: str = ""

    def check(self) -> None:
        """Raise OperatorError naming what is wrong and what to do."""
        if self.file_name and not FILE_NAME.fullmatch(self.file_name):
            raise OperatorError(
                f"file_name: {self.file_name[:80]!r} cannot end a URL; use letters, digits, dots, "
                "dashes and underscores"
            )
        if self.name and not NAME.fullmatch(self.name):
            raise OperatorError(f"name: {self.name[:64]!r} is no name; begin with a letter")
        if bool(self.signature) != bool(self.signing_certificate):
            raise OperatorError("signature and signing_certificate belong together: give both")
        if len(self.signature) > SIGNATURE_MAX or len(self.signing_certificate) > CERTIFICATE_MAX:
            raise OperatorError(
                f"OCPP carries at most {SIGNATURE_MAX} characters of signature and "
                f"{CERTIFICATE_MAX} of certificate"
            )
        try:
            base64.b64decode(self.signature, validate=True)
        except (binascii.Error, ValueError):
            raise OperatorError("signature: is base64 of the signature's bytes") from None
        if self.signing_certificate:
            try:
                x509.load_pem_x509_certificate(self.signing_certificate.encode())
            except ValueError:
                raise OperatorError("signing_certificate: is no PEM certificate") from None


async def put_on_shelf(
    house: House, words: Words, body: AsyncIterator[bytes], sha256: str = ""
) -> Firmware:
    """Store an image; returns it once bytes and record are durable.

    Raises NotStored, TooLarge, DiskFull and OperatorError; then nothing of it is left.
    """
    incoming = await asyncio.to_thread(Incoming, house.directory / FIRMWARE, IMAGE_BYTES_MAX)
    try:
        held: list[bytes] = []
        async for data in body:
            held.append(data)
            if sum(map(len, held)) >= BLOCK:
                await asyncio.to_thread(incoming.write, b"".join(held))
                held.clear()
        await asyncio.to_thread(incoming.write, b"".join(held))
        found = incoming.sha256
        if not incoming.bytes:
            raise NotStored("the body is empty: send the image itself")
        if sha256 and sha256 != found:
            raise NotStored(f"what came has SHA-256 {found}: it was changed on its way; try again")
        made = firmware_of(words, found, incoming.bytes, house.clock.now_ms())
        path = house.files.firmware_path(made)
        was_there = path.exists()
        await asyncio.to_thread(incoming.keep, path.name)
        try:
            return await house.store.run(shelve, made)
        except BaseException:
            if not was_there:
                path.unlink(missing_ok=True)
            raise
    finally:
        await asyncio.to_thread(incoming.drop)


async def take_off(house: House, firmware: Firmware) -> Firmware:
    """Take an image off the shelf; the record says so before the bytes go."""
    removed = await house.store.run(unshelve, firmware.id)
    await asyncio.to_thread(house.files.firmware_path(firmware).unlink, missing_ok=True)
    return removed


def firmware_of(words: Words, sha256: str, bytes_: int, now_ms: int) -> Firmware:
    """The record of an image."""
    file_name = words.file_name or f"{sha256[:ID_DIGITS]}.bin"
    return Firmware(
        id=f"fw-{sha256[:ID_DIGITS]}",
        name=words.name or _UNTYPED.sub("-", f"{file_name}-{words.version}")[:64],
        version=words.version,
        vendor=words.vendor,
        model=words.model,
        file_name=file_name,
        bytes=bytes_,
        sha256=sha256,
        added_ms=now_ms,
        signature=words.signature,
        signing_certificate=words.signing_certificate,
    )

"""``/firmware``: images for stations, added as a stream and never held in memory."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from litestar import Request, Response, delete, get, post
from litestar.params import FromPath, QueryParameter

from ohmstead.apps.api import shapes, views
from ohmstead.apps.api.given import TheHouse
from ohmstead.apps.api.guard import scopes
from ohmstead.apps.api.paging import LIMIT_DEFAULT, Cursor, Limit, find_page
from ohmstead.apps.api.problems import Problem, bad_request, not_found
from ohmstead.apps.boot import House
from ohmstead.apps.files.folders import DiskFull, TooLarge
from ohmstead.apps.files.shelf import IMAGE_BYTES_MAX, NotStored, Words, put_on_shelf, take_off
from ohmstead.core.access import Scope
from ohmstead.core.files import Firmware
from ohmstead.errors import OperatorError

SEES = scopes(Scope.HOST, Scope.READ)
Text = Annotated[str, QueryParameter(max_length=64, required=False)]
Word = Annotated[str, QueryParameter(min_length=1, max_length=64)]
Long = Annotated[str, QueryParameter(max_length=8_000, required=False)]
Digest = Annotated[str, QueryParameter(pattern="^([0-9a-f]{64})?$", required=False)]
AnyRequest = Request[Any, Any, Any]


class FirmwareView(shapes.View, frozen=True):
    """A firmware image; ``has_file`` is false after a restore until its file is added again."""

    id: str
    name: str
    version: str
    vendor: str
    model: str
    file_name: str
    bytes: int
    sha256: str
    is_signed: bool
    has_file: bool
    added: str | None
    removed: str | None


def view(house: House, one: Firmware) -> FirmwareView:
    """A firmware as the API shows it."""
    return FirmwareView(
        id=one.id,
        name=one.name,
        version=one.version,
        vendor=one.vendor,
        model=one.model,
        file_name=one.file_name,
        bytes=one.bytes,
        sha256=one.sha256,
        is_signed=bool(one.signature),
        has_file=not one.removed_ms and house.files.firmware_path(one).is_file(),
        added=views.moment(one.added_ms),
        removed=views.moment(one.removed_ms),
    )


@post("/firmware", opt=scopes(Scope.HOST), request_max_body_size=None)
async def add_firmware(
    house: TheHouse,
    request: AnyRequest,
    version: Word,
    vendor: Text = "",
    model: Text = "",
    name: Text = "",
    file_name: Annotated[str, QueryParameter(max_length=100, required=False)] = "",
    signature: Long = "",
    signing_certificate: Long = "",
    sha256: Digest = "",
) -> Response[FirmwareView]:
    """Put a firmware image on the shelf: the body is the image, `sha256` what it has to be.

    The same image with the same words is there already, and its file is put back if it is missing.
    413 for one that is too large, 507 when the disk is full.
    """
    words = Words(version, vendor, model, name, file_name, signature, signing_certificate)
    try:
        with bad_request():
            words.check()
        made = await put_on_shelf(house, words, request.stream(), sha256)
    except TooLarge:
        detail = f"a firmware image has at most {IMAGE_BYTES_MAX >> 20} MiB"
        raise Problem(413, detail, "too-large") from None
    except DiskFull as error:
        raise Problem(507, f"there is no room for it: {error}", "disk-full") from None
    except NotStored as error:
        raise Problem(400, str(error), "bad-request") from None
    return Response(view(house, made), status_code=201)


@get("/firmware", opt=SEES)
async def list_firmware(
    house: TheHouse, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = ""
) -> shapes.Page:
    """The firmware images, those that were removed too."""
    return find_page(house.store, Firmware, limit, cursor, lambda one: view(house, one))


@get("/firmware/{name_or_id:str}", opt=SEES)
async def show_firmware(house: TheHouse, name_or_id: FromPath[str]) -> FirmwareView:
    """One firmware image on the shelf, by its id or its name."""
    return view(house, _firmware(house, name_or_id))


@delete("/firmware/{name_or_id:str}", opt=scopes(Scope.HOST), status_code=200)
async def remove_firmware(house: TheHouse, name_or_id: FromPath[str]) -> FirmwareView:
    """Take a firmware off the shelf: its file goes, and its links fetch nothing more."""
    removed = await take_off(house, _firmware(house, name_or_id))
    return await asyncio.to_thread(view, house, removed)


def _firmware(house: House, name_or_id: str) -> Firmware:
    try:
        return house.files.firmware(name_or_id)
    except OperatorError:
        raise not_found(f"firmware {name_or_id[:60]}") from None


HANDLERS: tuple[Any, ...] = (add_firmware, list_firmware, show_firmware, remove_firmware)
